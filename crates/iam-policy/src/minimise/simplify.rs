//! Steps that make statements fewer and shorter. Each keeps what is allowed and what is denied.

use std::collections::HashMap;

use super::piece::{Piece, ruleset};
use crate::condition::Pattern;
use crate::document::{Effect, PolicyType, Version};
use crate::evaluate::ResourcePattern;
use crate::glob::{Budget, Coverage, Glob, covered};
use crate::prove::check_no_new_access;

/// Above this many statements and actions, those that others cover are not looked for.
const MANY: usize = 400;

/// Takes out of each list what the rest of the list covers, and sorts it.
pub(super) fn tidy_lists(pieces: &mut [Piece], version: Option<Version>, policy_type: PolicyType) {
    let variables = version.is_some_and(Version::has_variables);
    let short = matches!(
        policy_type,
        PolicyType::Identity | PolicyType::Session | PolicyType::Boundary
    );
    for piece in pieces {
        tidy(&mut piece.actions, |text| Some(Glob::lowercase(text)));
        if let Some(resources) = &mut piece.resources {
            tidy(resources, |text| {
                let compiled = ResourcePattern::compile(text, variables, short);
                match compiled.pattern {
                    Pattern::Fixed(glob) if !compiled.wild_type => Some(glob),
                    _ => None,
                }
            });
        }
    }
}

/// Patterns that `read` refuses are kept and cover nothing but themselves.
fn tidy(list: &mut Vec<String>, read: impl Fn(&str) -> Option<Glob>) {
    list.sort_unstable_by(|one, other| {
        let stars = |text: &String| !text.contains(['*', '?']);
        stars(one)
            .cmp(&stars(other))
            .then_with(|| one.len().cmp(&other.len()))
            .then_with(|| one.cmp(other))
    });
    list.dedup();
    let mut kept: Vec<(String, Option<Glob>)> = Vec::new();
    let mut plain: std::collections::HashSet<Glob> = std::collections::HashSet::new();
    let mut wild: Vec<Glob> = Vec::new();
    for text in list.drain(..) {
        let glob = read(&text);
        if let Some(glob) = &glob {
            let known = !plain.insert(glob.clone());
            if known || wild.iter().any(|wide| wide.plainly_includes(glob)) {
                continue;
            }
            if glob.as_literal().is_none() {
                wild.push(glob.clone());
            }
        }
        kept.push((text, glob));
    }
    // A union may cover what none of its members covers.
    let mut at = kept.len();
    while at > 0 && wild.len() > 1 && kept.len() <= MANY {
        at -= 1;
        let Some((_, Some(glob))) = kept.get(at) else {
            continue;
        };
        let others = kept.iter().enumerate().filter(|(nth, _)| *nth != at);
        let others: Vec<Glob> = others
            .filter_map(|(_, (_, other))| other.clone())
            .filter(|other| !other.plainly_disjoint(glob))
            .collect();
        let mut budget = Budget::of(20_000);
        if others.len() > 1 && covered(glob, &others, &mut budget) == Coverage::Covered {
            kept.remove(at);
        }
    }
    list.extend(kept.into_iter().map(|(text, _)| text));
    list.sort_unstable();
}

/// Joins statements that differ in their actions only, or in their resources only.
pub(super) fn join(pieces: &mut Vec<Piece>) -> bool {
    let before = pieces.len();
    join_by(pieces, Piece::key_without_actions, |into, from| {
        let fits = !into.not_actions && !from.not_actions;
        if fits {
            into.actions.extend_from_slice(&from.actions);
        }
        fits
    });
    join_by(pieces, Piece::key_without_resources, |into, from| {
        match (&mut into.resources, &from.resources) {
            (Some(list), Some(more)) if !into.not_resources && !from.not_resources => {
                list.extend_from_slice(more);
                true
            }
            _ => false,
        }
    });
    pieces.len() < before
}

fn join_by(
    pieces: &mut Vec<Piece>,
    key: impl Fn(&Piece) -> (Effect, String),
    take_in: impl Fn(&mut Piece, &Piece) -> bool,
) {
    let mut places: HashMap<(Effect, String), usize> = HashMap::new();
    let mut kept: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces.drain(..) {
        let key = key(&piece);
        let place = places.get(&key).copied();
        if let Some(into) = place.and_then(|place| kept.get_mut(place))
            && (*into == piece || take_in(into, &piece))
        {
            continue;
        }
        places.insert(key, kept.len());
        kept.push(piece);
    }
    *pieces = kept;
}

/// Takes out statements, and actions of statements, that the rest of the document covers.
pub(super) fn drop_covered(
    pieces: &mut Vec<Piece>,
    from_end: bool,
    version: Option<Version>,
    policy_type: PolicyType,
) {
    let actions: usize = pieces.iter().map(|piece| piece.actions.len()).sum();
    if pieces.len() > MANY || actions > MANY {
        return;
    }
    let mut visited = 0;
    let mut at = if from_end { pieces.len() } else { 0 };
    for _ in 0..pieces.len() {
        at = if from_end {
            at.saturating_sub(1)
        } else {
            visited
        };
        let Some(piece) = pieces.get(at).cloned() else {
            continue;
        };
        visited += 1;
        let others: Vec<Piece> = pieces
            .iter()
            .enumerate()
            .filter(|(nth, other)| *nth != at && overlaps(&piece, other))
            .map(|(_, other)| other.clone())
            .collect();
        if others.is_empty() {
            continue;
        }
        if is_covered(&piece, &others, version, policy_type) {
            pieces.remove(at);
            visited -= 1;
        } else if !piece.not_actions && piece.actions.len() > 1 {
            let mut left = piece.clone();
            left.actions.retain(|action| {
                let alone = Piece {
                    actions: vec![action.clone()],
                    ..piece.clone()
                };
                !is_covered(&alone, &others, version, policy_type)
            });
            if let Some(slot) = pieces.get_mut(at)
                && !left.actions.is_empty()
            {
                *slot = left;
            }
        }
    }
}

/// Whether another statement might make this one needless.
fn overlaps(piece: &Piece, other: &Piece) -> bool {
    if piece.effect == Effect::Deny && other.effect == Effect::Allow {
        return false;
    }
    if piece.not_actions || other.not_actions {
        return true;
    }
    let globs: Vec<Glob> = other
        .actions
        .iter()
        .map(|text| Glob::lowercase(text))
        .collect();
    let own = piece.actions.iter().map(|text| Glob::lowercase(text));
    own.into_iter()
        .any(|own| globs.iter().any(|glob| !glob.plainly_disjoint(&own)))
}

/// Whether a statement changes nothing beside others. What is denied is compared with what else
/// is denied, for other documents may allow it.
fn is_covered(
    piece: &Piece,
    others: &[Piece],
    version: Option<Version>,
    policy_type: PolicyType,
) -> bool {
    let mut candidate = vec![piece.clone()];
    let mut reference: Vec<Piece> = others.to_vec();
    if piece.effect == Effect::Deny {
        reference.retain(|other| other.effect == Effect::Deny);
        for piece in candidate.iter_mut().chain(&mut reference) {
            piece.effect = Effect::Allow;
        }
    } else {
        candidate.extend(
            others
                .iter()
                .filter(|other| other.effect == Effect::Deny)
                .cloned(),
        );
    }
    let rulesets = (
        ruleset(version, &reference, policy_type),
        ruleset(version, &candidate, policy_type),
    );
    match rulesets {
        (Some(reference), Some(candidate)) => check_no_new_access(&reference, &candidate).is_pass(),
        _ => false,
    }
}
