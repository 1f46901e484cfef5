//! "Did you mean": the known name that is nearest to an unknown one.

use super::{global_keys, service, services};

/// The nearest of `known` to `name`, without regard to case: the fewest letters to add,
/// remove, change or swap, and no more than a third of the name.
pub fn closest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let name: Vec<u8> = name
        .bytes()
        .take(128)
        .map(|byte| byte.to_ascii_lowercase())
        .collect();
    let limit = (name.len() / 3).clamp(1, 6);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let within = best.map_or(limit, |(distance, _)| distance.saturating_sub(1));
        if candidate.len().abs_diff(name.len()) <= within
            && let Some(distance) = distance(&name, candidate.as_bytes(), within)
        {
            best = Some((distance, candidate));
            if distance == 0 {
                break;
            }
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The action of the service that was probably meant; else the same action of another
/// service. Both are answered with prefix.
#[must_use]
pub fn suggest_action(prefix: &str, action: &str) -> Option<String> {
    let known = service(prefix)?;
    let near = closest(
        action,
        known
            .actions()
            .filter(|action| action.retired().is_none())
            .map(|action| action.name()),
    )?;
    Some(format!("{}:{near}", known.prefix()))
}

/// The service that was probably meant.
#[must_use]
pub fn suggest_service(prefix: &str) -> Option<&'static str> {
    closest(
        prefix,
        services()
            .iter()
            .filter(|s| s.retired().is_none())
            .map(|s| s.prefix()),
    )
}

/// The global condition key that was probably meant.
#[must_use]
pub fn suggest_global_key(key: &str) -> Option<&'static str> {
    closest(key, global_keys().iter().map(|key| key.name()))
}

/// The distance between two names when it is within the limit.
fn distance(name: &[u8], other: &[u8], limit: usize) -> Option<usize> {
    let width = other.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    let mut previous = 0;
    for (row, &sign) in name.iter().enumerate() {
        let mut line = Vec::with_capacity(width);
        line.push(row + 1);
        let mut left = row + 1;
        let mut behind = 0;
        for (column, &letter) in other.iter().enumerate() {
            let letter = letter.to_ascii_lowercase();
            let get = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(usize::MAX / 2);
            let change = get(&last, column) + usize::from(sign != letter);
            let mut best = change.min(left + 1).min(get(&last, column + 1) + 1);
            if column > 0 && row > 0 && sign == behind && previous == letter {
                best = best.min(get(&before, column - 1) + 1);
            }
            line.push(best);
            (left, behind) = (best, letter);
        }
        if line.iter().all(|distance| *distance > limit) {
            return None;
        }
        before = std::mem::replace(&mut last, line);
        previous = sign;
    }
    last.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        assert_eq!(
            suggest_action("s3", "GetObjcet").as_deref(),
            Some("s3:GetObject")
        );
        assert_eq!(
            suggest_action("iam", "PasRole").as_deref(),
            Some("iam:PassRole")
        );
        assert_eq!(suggest_action("iam", "Xyzzy"), None);
        assert_eq!(suggest_service("dynamdb"), Some("dynamodb"));
        assert_eq!(suggest_global_key("aws:SourceIP4"), Some("aws:SourceIp"));
        assert_eq!(closest("abcd", ["abdc", "abc"]), Some("abdc"));
    }
}
