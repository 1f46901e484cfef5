//! What the actions that a pattern stands for amount to, looked up once for all that asks.

use super::grants::{Grants, each_matching};
use crate::catalogue::{AccessLevel, Action};

/// What the actions that a pattern stands for amount to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    /// A bit for each level that one of them has.
    levels: u8,
    changes: bool,
    /// Whether one of them can be limited to resources.
    limitable: bool,
}

impl Meaning {
    /// What anything may amount to.
    const ALL: Self = Self {
        levels: 0b1_1111,
        changes: true,
        limitable: true,
    };

    fn add(&mut self, action: Action) {
        let level = action.access_level();
        self.levels |= 1 << level as u8;
        self.changes |= changes_something(level, action);
        self.limitable |= action.has_resource_types();
    }

    /// Adds what another pattern amounts to.
    pub(super) const fn join(&mut self, other: Self) {
        self.levels |= other.levels;
        self.changes |= other.changes;
        self.limitable |= other.limitable;
    }

    /// Whether the catalogue knows one of the actions.
    pub(super) const fn is_known(self) -> bool {
        self.levels != 0
    }

    /// Whether one of the actions changes something.
    pub(super) const fn changes(self) -> bool {
        self.changes
    }

    /// Whether one of the actions can be limited to resources.
    pub(super) const fn is_limitable(self) -> bool {
        self.limitable
    }

    /// The levels of the actions.
    pub(super) fn levels(self) -> impl Iterator<Item = AccessLevel> {
        let all = AccessLevel::ALL.into_iter();
        all.filter(move |level| self.levels >> *level as u8 & 1 == 1)
    }
}

/// The meaning of each of [`Grants::patterns`]; all that there is for those that there is no work left
/// to look up.
pub(super) fn meanings(grants: &Grants<'_>) -> Vec<Meaning> {
    let mut latest = None;
    let of_pattern = |text: &str, latest: &mut _| {
        let mut meaning = Meaning::default();
        let looked = each_matching(text, latest, &grants.work, |action| {
            meaning.add(action);
            meaning != Meaning::ALL
        });
        if looked || meaning == Meaning::ALL {
            meaning
        } else {
            Meaning::ALL
        }
    };
    grants
        .patterns()
        .map(|pattern| of_pattern(pattern.text, &mut latest))
        .collect()
}

/// Whether an action of this level changes something. AWS counts `kms:Decrypt` as Write; with it people read.
pub(super) fn changes_something(level: AccessLevel, action: Action) -> bool {
    match level {
        AccessLevel::List | AccessLevel::Read => false,
        AccessLevel::Write => action.name() != "Decrypt" || action.service().prefix() != "kms",
        AccessLevel::Tagging | AccessLevel::PermissionsManagement => true,
    }
}
