//! Keys that tell whose a request is or where it comes from, and which of their values are fixed.

use std::collections::BTreeSet;

use crate::condition::{AddressRange, Clause, Test, Values};

/// How the values of a key can be limited to some that no stranger has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// The value as a whole: an account, an organisation, a network.
    Whole,
    /// An ARN, by its account; without one as a whole.
    Arn,
    /// A unique id, perhaps with the name of a session behind it.
    UniqueId,
    /// A path in an organisation, by its organisation; there may be several.
    OrganisationPath,
    /// An address.
    Address,
    /// Some of several values.
    Several,
    /// Whether the way leads through a network of the account.
    OwnNetwork,
    /// A text that begins with one of these and goes on with a fixed name up to a separator.
    Named(&'static [(&'static str, char)]),
}

/// Keys that strangers cannot choose.
const KEYS: [(&str, Limit); 27] = [
    ("aws:ec2instancesourcevpc", Limit::Whole),
    ("aws:principalaccount", Limit::Whole),
    ("aws:principalarn", Limit::Arn),
    ("aws:principalorgid", Limit::Whole),
    ("aws:principalorgpaths", Limit::OrganisationPath),
    ("aws:principalservicename", Limit::Whole),
    ("aws:principalservicenameslist", Limit::Several),
    ("aws:sourceaccount", Limit::Whole),
    ("aws:sourcearn", Limit::Arn),
    ("aws:sourceip", Limit::Address),
    ("aws:sourceorgid", Limit::Whole),
    ("aws:sourceorgpaths", Limit::OrganisationPath),
    ("aws:sourceowner", Limit::Whole),
    ("aws:sourcevpc", Limit::Whole),
    ("aws:sourcevpcarn", Limit::Arn),
    ("aws:sourcevpce", Limit::Whole),
    ("aws:userid", Limit::UniqueId),
    ("aws:vpceaccount", Limit::Whole),
    ("aws:vpceorgid", Limit::Whole),
    ("aws:vpceorgpaths", Limit::OrganisationPath),
    ("ec2:sourceinstancearn", Limit::Arn),
    (
        "elasticfilesystem:accessedviamounttarget",
        Limit::OwnNetwork,
    ),
    ("kms:calleraccount", Limit::Whole),
    ("lambda:sourcefunctionarn", Limit::Arn),
    ("s3:dataaccesspointaccount", Limit::Whole),
    ("s3:dataaccesspointarn", Limit::Arn),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", Limit::Arn),
];

/// How a key, in lower case, limits access; `None` when strangers choose its value.
pub(super) fn limit(key: &str) -> Option<Limit> {
    let known = KEYS.iter().find(|(name, _)| *name == key);
    known.map(|(_, limit)| *limit)
}

impl Limit {
    /// What strangers have for the key, as a condition: anything but the fixed values that these
    /// conditions name, or nothing. `None` when no value is fixed.
    pub(super) fn strangers(self, key: &str, clauses: &[&Clause]) -> Option<Clause> {
        match self {
            Self::Address => return outside(key, clauses),
            Self::OwnNetwork => return Some(Clause::new("BoolIfExists", key, ["false"], false)),
            _ => {}
        }
        let texts = clauses.iter().flat_map(|clause| fixed_texts(clause));
        let mut fixed: BTreeSet<String> = BTreeSet::new();
        for text in texts {
            self.fix(text, &mut fixed);
        }
        let operator = match self {
            Self::Arn => "ArnNotLikeIfExists",
            Self::OrganisationPath => "ForAllValues:StringNotLike",
            Self::UniqueId | Self::Named(_) => "StringNotLikeIfExists",
            Self::Several => "ForAllValues:StringNotEqualsIgnoreCase",
            Self::Whole | Self::Address | Self::OwnNetwork => "StringNotEqualsIgnoreCaseIfExists",
        };
        let fixed: Vec<&str> = fixed.iter().map(String::as_str).collect();
        (!fixed.is_empty()).then(|| Clause::new(operator, key, fixed, false))
    }

    /// Adds what a value fixes, as patterns that only those match who are no strangers.
    fn fix(self, text: &str, fixed: &mut BTreeSet<String>) {
        let is_wild = |text: &str| text.contains(['*', '?']);
        match self {
            Self::Arn => {
                let parts: Vec<&str> = text.splitn(6, ':').collect();
                match parts.as_slice() {
                    ["arn", _, _, _, account, _] if is_account(account) => {
                        fixed.insert(format!("arn:*:*:*:{account}:*"));
                    }
                    ["arn", _, _, _, "", _] if !is_wild(text) => {
                        fixed.insert(text.to_owned());
                    }
                    _ => {}
                }
            }
            Self::UniqueId => {
                let id = text.split(':').next().unwrap_or_default();
                if !id.is_empty() && !is_wild(id) {
                    fixed.extend([id.to_owned(), format!("{id}:*")]);
                }
            }
            Self::OrganisationPath => match text.split_once('/') {
                Some((organisation, _)) if !is_wild(organisation) => {
                    fixed.insert(format!("{organisation}/*"));
                }
                _ => {}
            },
            Self::Named(forms) => {
                for (prefix, end) in forms {
                    let name = text.strip_prefix(prefix);
                    let name = name.and_then(|rest| rest.split_once(*end));
                    if let Some((name, _)) = name.filter(|(name, _)| !name.is_empty())
                        && !is_wild(name)
                    {
                        fixed.insert(format!("{prefix}{name}{end}*"));
                    }
                }
            }
            Self::Whole | Self::Several | Self::Address | Self::OwnNetwork => {
                if !is_wild(text) {
                    fixed.insert(text.to_owned());
                }
            }
        }
    }
}

/// The values of a condition that are no variables, as patterns: what is no wildcard for the operator
/// and looks like one is left out.
fn fixed_texts(clause: &Clause) -> impl Iterator<Item = &str> {
    let test = clause.operator().map(|operator| operator.test());
    let compared = matches!(clause.values(), Values::Text(_) | Values::Arn(_))
        && test.is_some_and(|test| test != Test::Null);
    let variables = clause.has_variables();
    let texts = clause.texts();
    texts.filter(move |text| compared && !(variables && text.contains("${")))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The widest ranges of addresses that S3 takes for a limit: `/8`, and `/32` in version 6.
const WIDEST: [(bool, u32); 2] = [(false, 24), (true, 96)];

/// Addresses outside the ranges that are narrow enough to be a limit. Ranges that together
/// hold a quarter of all addresses of version 4 limit nothing.
fn outside(key: &str, clauses: &[&Clause]) -> Option<Clause> {
    let mut ranges: BTreeSet<&str> = BTreeSet::new();
    let mut held = 0_u128;
    for clause in clauses {
        let Values::Ip(_) = clause.values() else {
            continue;
        };
        for text in clause.texts() {
            let Some(range) = AddressRange::read(text).filter(is_narrow) else {
                continue;
            };
            if ranges.insert(text) && !range.six {
                held += range.last - range.first + 1;
            }
        }
    }
    let few = held < 1 << 30;
    (few && !ranges.is_empty()).then(|| Clause::new("NotIpAddressIfExists", key, ranges, false))
}

fn is_narrow(range: &AddressRange) -> bool {
    let widest = WIDEST.iter().find(|(six, _)| *six == range.six);
    widest.is_some_and(|(_, bits)| range.last - range.first < 1 << bits)
}
