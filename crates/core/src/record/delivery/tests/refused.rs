//! What is refused again and again.

use super::*;

/// ServiceNow refuses a note for a year: it is claimed at once, about every hour on the first day, then less
/// and less often, and each claim is a row of the trail.
#[test]
fn what_is_refused_for_ever_fills_no_trail() {
    let year = 366 * 86_400;
    let denied = decided(&pending(&[2]), 2, Verdict::Deny);
    for mut record in [denied, active(&pending(&[2]), 2 * year)] {
        let state = record.state();
        let note = Message::TicketNote { state };
        let (mut claims, mut second) = (Vec::new(), 100);
        while second < year {
            if record.due_deliveries(at(second)).contains(&note) {
                record = apply(&record, claim(note.clone()), second);
                claims.push(second);
            }
            // As the sweeper puts it off.
            let (again, attempts) = (record.next_try(at(second)), record.attempts() + 1);
            record = record.rescheduled(Some(again), attempts);
            second = again.as_second() - at(0).as_second();
        }
        assert!(claims.len() < 500, "{state}: {} claims", claims.len());
        let waited = claims.windows(2).map(|two| two[1] - two[0]);
        assert!(
            waited.clone().all(|waited| waited <= 86_400 + 3_600),
            "{state}"
        );
        let first_day = claims.iter().filter(|at| **at < 86_400).count();
        assert!(first_day > 24, "{state}: {first_day}");
        let first: Vec<i64> = waited.take(4).collect();
        assert_eq!(first, [120, 240, 480, 960], "{state}");
    }
}
