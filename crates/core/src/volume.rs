//! How much is asked for: grants of each kind, and of each requester, in a window of time. More than
//! the guardrails call usual is alarmed, and refused nowhere.
//!
//! Windows begin at whole multiples of their length since 1970, so that every function counts in the
//! same one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::id::SysId;
use crate::kind::GrantKind;
use crate::request::{AccessDuration, AccessRequest};

/// What is counted for itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum VolumeOf {
    /// Grants of a kind, whoever asks.
    Kind(GrantKind),
    /// Grants of any kind that this person asks for.
    Requester(SysId),
}

impl VolumeOf {
    /// The kind of grant, or `requester`; never who that is.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Kind(kind) => kind.row().wire,
            Self::Requester(_) => "requester",
        }
    }

    /// What it is counted under: `kind#group_membership`, `requester#<sys_id>`.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Kind(kind) => format!("kind#{}", kind.row().wire),
            Self::Requester(sys_id) => format!("requester#{sys_id}"),
        }
    }
}

/// What was counted of something: how many grants, by the second in which each window began.
pub type VolumeWindows = BTreeMap<i64, u32>;

/// How many grants are usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeLimits {
    window: AccessDuration,
    per_kind: BTreeMap<GrantKind, u32>,
    per_requester: Option<u32>,
}

/// The table `[volume]` of the guardrails.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VolumeRow {
    window: AccessDuration,
    #[serde(default)]
    per_kind: BTreeMap<String, u32>,
    per_requester: Option<u32>,
}

/// The longest window, in seconds: a day.
const LONGEST_WINDOW: u32 = 86_400;

impl VolumeLimits {
    /// Reads the table.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn new(row: &VolumeRow) -> Result<Self, Vec<String>> {
        let mut found = Vec::new();
        if row.window.seconds() > LONGEST_WINDOW {
            found.push("`volume.window` is longer than a day".to_owned());
        }
        let mut per_kind = BTreeMap::new();
        for (name, limit) in &row.per_kind {
            match name.parse::<GrantKind>() {
                Ok(kind) => {
                    per_kind.insert(kind, *limit);
                }
                Err(known) => found.push(format!("`volume.per_kind` names no grant: {known}")),
            }
        }
        if row.per_kind.is_empty() && row.per_requester.is_none() {
            found.push("`volume` has no limit".to_owned());
        }
        let mut limits = row.per_kind.values().chain(&row.per_requester);
        if limits.any(|limit| *limit == 0) {
            found.push(
                "a limit of `volume` is 0, so that every request would be unusual".to_owned(),
            );
        }
        match found.is_empty() {
            true => Ok(Self {
                window: row.window,
                per_kind,
                per_requester: row.per_requester,
            }),
            false => Err(found),
        }
    }

    /// The length of a window.
    #[must_use]
    pub const fn window(&self) -> AccessDuration {
        self.window
    }

    /// Every limit, by what the file calls it.
    pub(crate) fn settings(&self) -> BTreeMap<String, u32> {
        let kinds = self.per_kind.iter();
        let kinds = kinds.map(|(kind, limit)| (format!("per_kind.{}", kind.row().wire), *limit));
        let requester = self
            .per_requester
            .map(|limit| ("per_requester".to_owned(), limit));
        kinds.chain(requester).collect()
    }

    /// What a request adds to, as far as there are limits, with how many grants and what is usual.
    #[must_use]
    pub fn of(&self, request: &AccessRequest) -> Vec<VolumeShare> {
        let count = |of_kind: &dyn Fn(GrantKind) -> bool| {
            let grants = request.grants.iter();
            u32::try_from(grants.filter(|grant| of_kind(grant.kind())).count()).unwrap_or(u32::MAX)
        };
        let kinds = self.per_kind.iter().map(|(kind, limit)| VolumeShare {
            of: VolumeOf::Kind(*kind),
            grants: count(&|other| other == *kind),
            limit: *limit,
        });
        let requester = self.per_requester.map(|limit| VolumeShare {
            of: VolumeOf::Requester(request.requested_by.clone()),
            grants: count(&|_| true),
            limit,
        });
        kinds
            .chain(requester)
            .filter(|share| share.grants > 0)
            .collect()
    }
}

/// What one request adds to something that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeShare {
    /// What is counted.
    pub of: VolumeOf,
    /// How many grants of it the request asks for.
    pub grants: u32,
    /// How many are usual in a window.
    pub limit: u32,
}

impl VolumeShare {
    /// The share as it is written, beside what was counted before.
    #[must_use]
    pub fn counted(
        self,
        limits: &VolumeLimits,
        before: &VolumeWindows,
        now: Timestamp,
    ) -> VolumeCount {
        let length = i64::from(limits.window.seconds());
        let window = now.as_second().div_euclid(length) * length;
        let so_far = before.get(&window).copied().unwrap_or_default();
        // A clock that is behind takes no window away that others count in.
        let over = before.keys().filter(|begun| **begun < window - length);
        VolumeCount {
            window,
            over: over.copied().collect(),
            total: so_far.saturating_add(self.grants),
            share: self,
        }
    }
}

/// What is added when approvers are asked, in the transaction in which that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeCount {
    /// What is added, to what.
    pub share: VolumeShare,
    /// The second in which the window began.
    pub window: i64,
    /// Windows that are over, and forgotten.
    pub over: Vec<i64>,
    /// How many grants the window has with these.
    pub total: u32,
}

impl VolumeCount {
    /// Whether that is more than is usual.
    #[must_use]
    pub const fn is_unusual(&self) -> bool {
        self.total > self.share.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{at, request, request_of_all_kinds};

    fn row(text: &str) -> VolumeRow {
        toml::from_str(text).unwrap()
    }

    fn limits(text: &str) -> VolumeLimits {
        VolumeLimits::new(&row(text)).unwrap()
    }

    const ALL: &str = "window = \"PT1H\"\nper_requester = 10\n\
        [per_kind]\ngroup_membership = 2\ninline_policy = 3\n";

    #[test]
    fn a_request_adds_to_its_kinds_and_to_its_requester() {
        let shares = |request: &AccessRequest| -> Vec<(String, u32, u32)> {
            let shares = limits(ALL).of(request).into_iter();
            shares
                .map(|one| (one.of.key(), one.grants, one.limit))
                .collect()
        };
        let requester = format!("requester#{}", request().requested_by);
        assert_eq!(
            shares(&request_of_all_kinds()),
            [
                ("kind#inline_policy".to_owned(), 1, 3),
                ("kind#group_membership".to_owned(), 1, 2),
                (requester.clone(), 4, 10),
            ]
        );
        // A kind without a limit is not counted.
        assert_eq!(shares(&request()), [(requester, 1, 10)]);
        let of_kinds = limits("window = \"PT1H\"\n[per_kind]\nassume_role = 1\n");
        assert_eq!(of_kinds.of(&request()), []);
    }

    #[test]
    fn more_than_the_limit_in_one_window_is_unusual() {
        let limits = limits(ALL);
        let share = limits.of(&request()).remove(0);
        let begun = at(0).as_second().div_euclid(3_600) * 3_600;
        let counted = |before: &[(i64, u32)], second: i64| {
            let before = before.iter().copied().collect();
            let count = share.clone().counted(&limits, &before, at(second));
            (count.window, count.total, count.is_unusual())
        };
        assert_eq!(counted(&[], 0), (begun, 1, false));
        assert_eq!(counted(&[(begun, 9)], 0), (begun, 10, false));
        assert_eq!(counted(&[(begun, 10)], 0), (begun, 11, true));
        assert_eq!(counted(&[(begun, u32::MAX)], 0), (begun, u32::MAX, true));
        let next = begun + 3_600;
        assert_eq!(counted(&[(begun, 10)], 3_600), (next, 1, false));
    }

    #[test]
    fn windows_that_are_over_are_forgotten_but_the_last() {
        let limits = limits(ALL);
        let share = limits.of(&request()).remove(0);
        let begun = at(0).as_second().div_euclid(3_600) * 3_600;
        let before = [begun - 7_200, begun - 3_600, begun, begun + 3_600, 7];
        let before = before.map(|window| (window, 1)).into_iter().collect();
        let count = share.counted(&limits, &before, at(0));
        assert_eq!(count.over, [7, begun - 7_200]);
    }

    #[test]
    fn what_limits_nothing_or_everything_is_a_contradiction() {
        for (text, wrong) in [
            ("window = \"PT1H\"", 1),
            ("window = \"P1DT15M\"\nper_requester = 1", 1),
            ("window = \"PT1H\"\nper_requester = 0", 1),
            ("window = \"PT1H\"\n[per_kind]\ncreate_role = 1", 1),
            ("window = \"P2D\"\n[per_kind]\nassume_role = 0\nx = 1", 3),
        ] {
            let found = VolumeLimits::new(&row(text)).unwrap_err();
            assert_eq!(found.len(), wrong, "{text}: {found:?}");
        }
        for text in ["per_requester = 1", "window = \"PT1M\"\nper_requester = 1"] {
            assert!(toml::from_str::<VolumeRow>(text).is_err(), "{text}");
        }
    }
}
