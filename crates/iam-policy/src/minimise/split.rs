use super::statement_parts::{StatementParts, write_document};
use crate::document::Version;

/// Distributes statements over documents of at most `quota` characters each.
///
/// Statements that are too long are cut by their lists first. `None` when one cannot be cut
/// short enough: a single pattern, or a list that is negated and must stay whole.
pub(super) fn split(
    version: Option<Version>,
    parts: Vec<StatementParts>,
    quota: usize,
) -> Option<Vec<String>> {
    let frame = write_document(version, &[]).chars().count();
    let room = quota.checked_sub(frame)?;
    let mut cut = Vec::new();
    for part in parts {
        cut_to(part, room, &mut cut)?;
    }
    // The longest first, each into the first document that has room.
    let mut sized: Vec<(usize, StatementParts)> = cut
        .into_iter()
        .map(|part| (part.write().chars().count(), part))
        .collect();
    sized.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    let mut documents: Vec<(usize, Vec<StatementParts>)> = Vec::new();
    for (size, part) in sized {
        let fitting = documents
            .iter_mut()
            .find(|(used, _)| used + 1 + size <= room);
        match fitting {
            Some((used, list)) => {
                *used += 1 + size;
                list.push(part);
            }
            None => documents.push((size, vec![part])),
        }
    }
    Some(
        documents
            .iter()
            .map(|(_, list)| write_document(version, list))
            .collect(),
    )
}

/// Halves the longer list until the statement fits.
fn cut_to(part: StatementParts, room: usize, out: &mut Vec<StatementParts>) -> Option<()> {
    if part.write().chars().count() <= room {
        out.push(part);
        return Some(());
    }
    let length = |list: &[String]| list.iter().map(|text| text.len() + 3).sum::<usize>();
    let actions = if part.not_actions || part.actions.len() < 2 {
        0
    } else {
        length(&part.actions)
    };
    let resources = match &part.resources {
        Some(list) if !part.not_resources && list.len() > 1 => length(list),
        _ => 0,
    };
    let (mut one, mut other) = (part.clone(), part);
    if actions == 0 && resources == 0 {
        return None;
    } else if actions >= resources {
        one.actions = other.actions.split_off(other.actions.len() / 2);
    } else {
        let half = other
            .resources
            .as_mut()
            .map(|list| list.split_off(list.len() / 2));
        one.resources = half;
    }
    cut_to(other, room, out)?;
    cut_to(one, room, out)
}
