//! The six parts of an ARN.

use std::borrow::Cow;

use crate::catalogue::wildcard;
use crate::scan;

/// An ARN or a pattern for ARNs, cut at its first five colons outside of variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arn<'t> {
    pub(super) prefix: &'t str,
    pub(super) partition: &'t str,
    pub(super) service: &'t str,
    pub(super) region: &'t str,
    pub(super) account: &'t str,
    pub(super) resource: &'t str,
}

/// The parts of the text, at most six, and how many there are. Colons in variables do not cut.
pub(super) fn parts(text: &str) -> ([&str; 6], usize) {
    let cut = if scan::find(text, b'$').is_some() {
        cut_outside
    } else {
        cut
    };
    let mut parts = [""; 6];
    let mut count = 0;
    let mut rest = text;
    while let Some((part, behind)) = cut(rest).filter(|_| count < 5) {
        if let Some(slot) = parts.get_mut(count) {
            *slot = part;
        }
        rest = behind;
        count += 1;
    }
    if let Some(part) = parts.get_mut(count) {
        *part = rest;
    }
    (parts, count + 1)
}

/// Cuts a text at its first colon outside of variables.
fn cut_outside(text: &str) -> Option<(&str, &str)> {
    let (mut before, mut variable) = (0, false);
    let at = text.bytes().position(|byte| {
        match byte {
            b':' if !variable => return true,
            b'{' => variable = variable || before == b'$',
            b'}' => variable = false,
            _ => {}
        }
        before = byte;
        false
    })?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

impl<'t> Arn<'t> {
    pub(super) fn read(text: &'t str) -> Option<Self> {
        match parts(text) {
            ([prefix, partition, service, region, account, resource], 6) => Some(Self {
                prefix,
                partition,
                service,
                region,
                account,
                resource,
            }),
            _ => None,
        }
    }
}

/// Cuts a text at its first colon.
#[inline]
pub(super) fn cut(text: &str) -> Option<(&str, &str)> {
    let at = scan::find(text, b':')?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Whether a part stands for more than itself.
pub(super) fn is_open(part: &str) -> bool {
    scan::is_open(part) && (wildcard::has_wildcard(part) || wildcard::has_variable(part))
}

pub(super) const PARTITIONS: [&str; 8] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
];

/// Whether this is how AWS names regions: `eu-central-1`, `us-gov-west-1`, `us-isob-east-1`.
/// New regions come often, so the form is judged and not a list.
pub(super) fn is_region(region: &str) -> bool {
    const AREAS: [&str; 12] = [
        "us", "eu", "ap", "sa", "ca", "cn", "me", "af", "il", "mx", "eusc", "us-gov",
    ];
    const SIDES: [&str; 9] = [
        "north",
        "south",
        "east",
        "west",
        "central",
        "northeast",
        "northwest",
        "southeast",
        "southwest",
    ];
    let mut parts: Vec<&str> = region.split('-').collect();
    let (Some(number), Some(side)) = (parts.pop(), parts.pop()) else {
        return false;
    };
    let area: Cow<'_, str> = parts.join("-").into();
    let known = AREAS.contains(&&*area)
        || area.starts_with("us-iso")
        || area.starts_with("eu-iso")
        || area.starts_with("eusc-");
    matches!(number.len(), 1 | 2)
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && SIDES.contains(&side)
        && known
        || region.starts_with("eusc-de-east-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_in_variables_do_not_cut() {
        let arn = Arn::read("arn:aws:iam::${aws:PrincipalAccount}:role/a:b").unwrap();
        assert_eq!(
            (arn.account, arn.resource),
            ("${aws:PrincipalAccount}", "role/a:b")
        );
        assert_eq!(Arn::read("arn:aws:s3::bucket"), None);
    }

    #[test]
    fn regions_have_a_form() {
        for region in [
            "eu-central-1",
            "us-gov-west-1",
            "us-isob-east-1",
            "eusc-de-east-1",
            "ap-southeast-5",
        ] {
            assert!(is_region(region), "{region}");
        }
        for region in ["region", "us-east", "us-eest-1", "xx-east-1", "us-east-1a"] {
            assert!(!is_region(region), "{region}");
        }
    }
}
