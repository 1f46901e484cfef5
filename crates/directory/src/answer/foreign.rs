//! Requests of other clients are named nowhere, whatever is named after them.

use snowgate_core::id::RequestId;

/// How long the digits of a request id are.
const DIGITS: usize = 32;

/// What stands before them.
const PREFIX: &str = "req-";

/// What is written for an id that is not shown.
const HIDDEN: &str = "req-…";

/// A text without the ids of requests that are not the client's: names of inline policies and values of tags
/// hold them.
pub(crate) fn without_foreign(text: &str, is_own: impl Fn(&RequestId) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(PREFIX) {
        let (before, from) = rest.split_at(at);
        shown.push_str(before);
        let id = from.get(..PREFIX.len() + DIGITS);
        match id.and_then(|id| Some((id, id.parse::<RequestId>().ok()?))) {
            Some((id, request)) => {
                shown.push_str(if is_own(&request) { id } else { HIDDEN });
                rest = from.get(id.len()..).unwrap_or_default();
            }
            None => {
                shown.push_str(PREFIX);
                rest = from.get(PREFIX.len()..).unwrap_or_default();
            }
        }
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_others_are_hidden_wherever_they_stand() {
        let (own, other) = (
            RequestId::from_random([1; 16]),
            RequestId::from_random([2; 16]),
        );
        let shown = |text: &str| without_foreign(text, |id| *id == own);
        let (mine, theirs) = (format!("snowgate-{own}"), format!("snowgate-{other}"));
        assert_eq!(shown(&mine), mine);
        assert_eq!(shown(&theirs), "snowgate-req-…");
        assert_eq!(
            shown(&format!("{other}{own}, {other}.")),
            format!("req-…{own}, req-….")
        );
        for plain in ["", "req-", "req-1", "freq-uency", "req-req-x", "ü req-é"] {
            assert_eq!(shown(plain), plain);
        }
    }
}
