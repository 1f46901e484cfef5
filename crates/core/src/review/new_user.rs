//! A user that is to be created, as an approver reads it.

use super::ReviewGrant;
use crate::binding::Binding;
use crate::markup::{Text, code};
use crate::record::RequestRecord;

/// A user that is to be created: what it is, and what becomes of it.
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
    let end = "When this access ends, it is denied everything and its access keys stop working; \
               later it is deleted.";
    ReviewGrant {
        title: Text::new(format!("Create IAM user {}", code(name))),
        arn: None,
        kind: "By itself it can do nothing: it has what else this request grants, and no password or access key.",
        allows: std::iter::once(path).chain(boundary).chain(tags).collect(),
        notes: vec![Text::new(end)],
        lists: Vec::new(),
        policies: Vec::new(),
    }
}
