//! How many people are asked about one request.

use crate::id::SysId;

use super::Slot;

/// More people would have to be asked than the guardrails allow: there are more slots that need
/// somebody of their own than people who may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more people would have to be asked than the guardrails allow")]
pub struct TooManyPeople;

/// Leaves people out, the last of the fullest slot first, until no more than `cap` people are
/// asked in all. Somebody who may fill several slots counts once. Every slot keeps the person it
/// lists first.
///
/// # Errors
/// Where even one person for each slot is too many.
pub fn fit(slots: &mut [Slot], cap: usize) -> Result<(), TooManyPeople> {
    while people(slots) > cap {
        let fullest = slots
            .iter_mut()
            .filter(|slot| slot.approvers.len() > 1)
            .max_by_key(|slot| slot.approvers.len())
            .ok_or(TooManyPeople)?;
        fullest.approvers.pop();
    }
    Ok(())
}

fn people(slots: &[Slot]) -> usize {
    let mut people: Vec<&SysId> = slots
        .iter()
        .flat_map(|slot| &slot.approvers)
        .map(|approver| &approver.sys_id)
        .collect();
    people.sort();
    people.dedup();
    people.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::{Approver, ApproverRole, OwnedResource};

    fn slot(account: &str, people: &[u8]) -> Slot {
        let resource = OwnedResource::Account {
            account_id: account.parse().unwrap(),
        };
        let approver =
            |n: &u8| Approver::own(format!("{n:032x}").parse().unwrap(), ApproverRole::Owner);
        Slot::new(resource, people.iter().map(approver).collect())
    }

    fn fitted(first: &[u8], second: &[u8], cap: usize) -> Result<[usize; 2], TooManyPeople> {
        let mut slots = [slot("210987654321", first), slot("320987654321", second)];
        fit(&mut slots, cap)?;
        Ok([0, 1].map(|n: usize| slots[n].approvers.len()))
    }

    #[test]
    fn the_fullest_slot_gives_way_and_none_is_emptied() {
        assert_eq!(fitted(&[1, 2, 3, 4], &[5], 5), Ok([4, 1]));
        assert_eq!(fitted(&[1, 2, 3, 4], &[5], 3), Ok([2, 1]));
        assert_eq!(fitted(&[1, 2, 3, 4], &[5, 6], 2), Ok([1, 1]));
        assert_eq!(fitted(&[1], &[2], 1), Err(TooManyPeople));
    }

    #[test]
    fn one_person_in_two_slots_counts_once() {
        assert_eq!(fitted(&[1], &[1], 1), Ok([1, 1]));
        assert_eq!(fitted(&[1, 2], &[1, 2], 2), Ok([2, 2]));
    }
}
