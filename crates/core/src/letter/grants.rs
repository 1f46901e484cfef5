//! What is granted, as an approver reads it: in English, and as the policies themselves.
//!
//! Only texts are shown whose digests are bound, and so signed with the decision.

use iam_policy::document::{Document, PolicyType};
use iam_policy::explain::explain;
use serde_json::Value;

use crate::binding::{BoundInline, BoundPolicy};
use crate::id::Digest;
use crate::record::{Asked, RequestRecord};
use crate::request::Grant;

/// One grant, as an approver reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewGrant {
    /// What it is, in a few words.
    pub title: String,
    /// Its ARN, where it has one.
    pub arn: Option<String>,
    /// What it allows: sentences for people who own resources.
    pub allows: Vec<String>,
    /// What becomes possible with it beyond that: how long sessions last, for a role.
    pub notes: Vec<String>,
    /// The policies that say so.
    pub policies: Vec<ReviewPolicy>,
}

/// A policy that is part of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewPolicy {
    /// Its name, with its version where it has one.
    pub name: String,
    /// Its document as indented JSON.
    pub json: String,
}

/// A policy text whose digest is bound is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text of a policy that is bound is not there")]
pub struct MissingDocument;

/// The grants of a request with their policies. `documents` are the texts that were kept when the
/// owners were asked, in any order; others than those that are bound are not looked at.
///
/// # Errors
/// Where a text that is bound is not among them.
pub(super) fn grants(
    record: &RequestRecord,
    asked: &Asked,
    documents: &[String],
) -> Result<Vec<ReviewGrant>, MissingDocument> {
    let texts = Texts(
        documents
            .iter()
            .map(|text| (Digest::of(text.as_bytes()), text.as_str()))
            .collect(),
    );
    let binding = &asked.binding;
    let (mut policies, mut roles, mut groups) = (
        binding.policies.iter(),
        binding.roles.iter(),
        binding.groups.iter(),
    );
    let of = |grant: &Grant| {
        Ok(match grant {
            Grant::AttachManagedPolicy { policy_arn } => {
                let bound = policies.next().ok_or(MissingDocument)?;
                let title = format!(
                    "The policy {}, version {}",
                    policy_arn.name(),
                    bound.version
                );
                let texts = vec![texts.managed(bound)?];
                ReviewGrant::new(title, Some(policy_arn.to_string()), &texts)
            }
            Grant::InlinePolicy { document } => {
                let text = ("a policy of its own".to_owned(), document.as_str());
                ReviewGrant::new("A policy of its own".to_owned(), None, &[text])
            }
            Grant::AssumeRole { role_arn } => {
                let bound = roles.next().ok_or(MissingDocument)?;
                let title = format!(
                    "To act as the role {} of account {}",
                    role_arn.name(),
                    role_arn.account()
                );
                let texts = texts.all(&bound.policies, &bound.inline)?;
                let mut grant = ReviewGrant::new(title, Some(role_arn.to_string()), &texts);
                grant.notes.push(format!(
                    "A session of this role that was opened before the end may go on for {} after it.",
                    in_hours(bound.longest_session)
                ));
                grant
            }
            Grant::GroupMembership { group } => {
                let bound = groups.next().ok_or(MissingDocument)?;
                let texts = texts.all(&bound.policies, &bound.inline)?;
                let title = format!("To be a member of the group {group}");
                ReviewGrant::new(title, Some(bound.arn.to_string()), &texts)
            }
        })
    };
    record.request.grants.iter().map(of).collect()
}

/// Policy texts by their digests.
struct Texts<'a>(Vec<(Digest, &'a str)>);

impl<'a> Texts<'a> {
    fn of(&self, digest: &Digest) -> Result<&'a str, MissingDocument> {
        let found = self.0.iter().find(|(known, _)| known == digest);
        found.map(|(_, text)| *text).ok_or(MissingDocument)
    }

    fn managed(&self, bound: &BoundPolicy) -> Result<(String, &'a str), MissingDocument> {
        let name = format!("{}, version {}", bound.arn.name(), bound.version);
        Ok((name, self.of(&bound.document)?))
    }

    fn all(
        &self,
        policies: &[BoundPolicy],
        inline: &[BoundInline],
    ) -> Result<Vec<(String, &'a str)>, MissingDocument> {
        let managed = policies.iter().map(|bound| self.managed(bound));
        let inline = inline
            .iter()
            .map(|bound| Ok((bound.name.clone(), self.of(&bound.document)?)));
        managed.chain(inline).collect()
    }
}

impl ReviewGrant {
    fn new(title: String, arn: Option<String>, texts: &[(String, &str)]) -> Self {
        let policies = texts.iter().map(|(name, text)| ReviewPolicy {
            name: name.clone(),
            json: indented(text),
        });
        Self {
            title,
            arn,
            allows: texts.iter().flat_map(|(_, text)| sentences(text)).collect(),
            notes: Vec::new(),
            policies: policies.collect(),
        }
    }
}

fn sentences(text: &str) -> Vec<String> {
    match Document::parse(text, PolicyType::Identity) {
        Ok(document) => explain(&document)
            .into_iter()
            .map(|sentence| sentence.text)
            .collect(),
        Err(_) => vec!["This policy cannot be put into words; please read it below.".to_owned()],
    }
}

/// The text with two spaces for each level, or as it is where it is no JSON.
fn indented(text: &str) -> String {
    let value = serde_json::from_str::<Value>(text);
    let indented = value.and_then(|value| serde_json::to_string_pretty(&value));
    indented.unwrap_or_else(|_| text.to_owned())
}

fn in_hours(seconds: u32) -> String {
    match (seconds / 3600, seconds % 3600 / 60) {
        (1, 0) => "an hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (0, minutes) => format!("{minutes} minutes"),
        (hours, minutes) => format!("{hours} hours and {minutes} minutes"),
    }
}
