//! What is counted with a change: with it, once, or not at all.

use ports::ledger::{Commit, Requests};
use snowgate_core::volume::{VolumeCount, VolumeOf, VolumeShare, VolumeWindows};

use super::{conflicts, held};
use crate::samples::{self, at, sys_id};

fn of_window(of: &VolumeOf, grants: u32, window: i64, over: &[i64]) -> VolumeCount {
    VolumeCount {
        share: VolumeShare {
            of: of.clone(),
            grants,
            limit: 1,
        },
        window,
        over: over.to_vec(),
        total: grants,
    }
}

/// Counts of several requests add up, whatever was read before; one that is not written counts
/// nothing, and one that is written again fails.
pub async fn what_is_asked_for_is_counted_once(ledger: &impl Requests) {
    let [one, other] = [sys_id(), sys_id()].map(VolumeOf::Requester);
    let counted = async |of: &VolumeOf| ledger.counted(of).await.unwrap();
    assert_eq!(counted(&one).await, VolumeWindows::new());
    let mut last = None;
    for second in [1, 2, 3] {
        let record = held(ledger, &sys_id(), at(second)).await;
        let commit = Commit {
            volume: vec![
                of_window(&one, 4, 3_600, &[]),
                of_window(&other, 1, 3_600, &[]),
            ],
            ..Commit::from(samples::withdraw(&record, at(second)))
        };
        ledger.commit(&commit).await.unwrap();
        last = Some(commit);
    }
    // A message that comes again finds the request changed.
    conflicts(ledger, &last.unwrap()).await;
    assert_eq!(counted(&one).await, VolumeWindows::from([(3_600, 12)]));
    assert_eq!(counted(&other).await, VolumeWindows::from([(3_600, 3)]));

    let record = held(ledger, &sys_id(), at(4)).await;
    let commit = Commit {
        volume: vec![of_window(&one, 2, 7_200, &[0, 3_600])],
        ..Commit::from(samples::withdraw(&record, at(4)))
    };
    ledger.commit(&commit).await.unwrap();
    assert_eq!(counted(&one).await, VolumeWindows::from([(7_200, 2)]));
    assert_eq!(counted(&other).await, VolumeWindows::from([(3_600, 3)]));
}
