//! A user that is to be created or given more time, as an approver reads it.

use super::ReviewGrant;
use crate::binding::Binding;
use crate::markup::{Text, code};
use crate::record::RequestRecord;

/// What becomes of it.
const END: &str = "When this access ends, it is denied everything and its access keys stop working; \
                   later it is deleted.";

/// A user that is to be created, or given more time: what it is, and what becomes of it.
pub(super) fn new_user(record: &RequestRecord, binding: &Binding) -> ReviewGrant {
    let name = record.request().target.name.as_str();
    let tags = binding.tags().map(|(key, value)| {
        Text::new(format!("Tag {} with the value {}.", code(key), code(value)))
    });
    let path = Text::new(format!("It has the path {}.", code(binding.path())));
    let boundary = binding.boundary().map(|boundary| {
        let boundary = code(boundary);
        Text::new(format!(
            "It never has more than its permissions boundary {boundary} allows."
        ))
    });
    if record.request().extends.is_some() {
        return ReviewGrant {
            title: Text::new(format!("Give IAM user {} more time", code(name))),
            arn: None,
            kind: "The user exists, and ends later: it keeps what else it has as long as that lasts.",
            allows: std::iter::once(path).chain(boundary).collect(),
            notes: vec![Text::new(END)],
            lists: Vec::new(),
            policies: Vec::new(),
        };
    }
    ReviewGrant {
        title: Text::new(format!("Create IAM user {}", code(name))),
        arn: None,
        kind: "By itself it can do nothing: it has what else this request grants, and no password or access key.",
        allows: std::iter::once(path).chain(boundary).chain(tags).collect(),
        notes: vec![Text::new(END)],
        lists: Vec::new(),
        policies: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RequestId;
    use crate::record::tests::{asked_for_a_new_user, at, request_for_a_new_user};
    use crate::request::Extension;

    /// Whoever approves more time reads that, and not that a user is created.
    #[test]
    fn an_extension_is_told_from_a_new_user() {
        let round = asked_for_a_new_user();
        let mut request = request_for_a_new_user();
        let mut titles = Vec::new();
        for extends in [
            None,
            Some(Extension {
                request: RequestId::from_random([9; 16]),
                since: at(0),
                before: request.duration,
            }),
        ] {
            request.extends = extends;
            let (id, client) = (RequestId::from_random([1; 16]), "servicenow".parse());
            let received = RequestRecord::receive(id, client.unwrap(), request.clone(), at(0));
            let grant = new_user(&received.unwrap().record, &round.binding);
            titles.push((grant.title.to_string(), grant.kind));
        }
        let [created, extended] = &titles[..] else {
            panic!("{titles:?}");
        };
        assert_eq!(created.0, "Create IAM user `ci-billing`");
        assert_eq!(extended.0, "Give IAM user `ci-billing` more time");
        assert!(extended.1.contains("ends later"), "{}", extended.1);
    }
}
