//! What is granted, as an approver reads it: in English, and as the policies themselves.
//!
//! Only texts are shown whose digests are bound, and so signed with the decision.

use iam_policy::catalogue::AccessLevel;
use iam_policy::classify::{PrincipalPolicies, classify};
use iam_policy::document::{Document, PolicyType};
use iam_policy::explain::explain;
use serde_json::Value;

use crate::binding::{BoundInline, BoundPolicy};
use crate::id::Digest;
use crate::record::{ApprovalRound, RequestRecord};
use crate::request::Grant;

/// One grant, as an approver reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewGrant {
    /// What it is, in a few words.
    pub title: String,
    /// Its ARN, where it has one.
    pub arn: Option<String>,
    /// The kind of access that it is, in a sentence: whether it only looks, or changes things.
    pub kind: &'static str,
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
    asked: &ApprovalRound,
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
    record.request().grants.iter().map(of).collect()
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
            kind: kind(texts),
            allows: texts.iter().flat_map(|(_, text)| sentences(text)).collect(),
            notes: Vec::new(),
            policies: policies.collect(),
        }
    }
}

/// The kind of access that policies give together. What cannot be read counts as the worst.
fn kind(texts: &[(String, &str)]) -> &'static str {
    let documents: Result<Vec<Document<'_>>, _> = texts
        .iter()
        .map(|(_, text)| Document::parse(text, PolicyType::Identity))
        .collect();
    let levels = match &documents {
        Ok(policies) => {
            let subject = PrincipalPolicies {
                policies,
                ..PrincipalPolicies::default()
            };
            classify(subject).access_levels
        }
        Err(_) => AccessLevel::ALL.to_vec(),
    };
    let has = |level| levels.contains(&level);
    if has(AccessLevel::PermissionsManagement) {
        "It can change who may do what. Please look at it closely."
    } else if has(AccessLevel::Write) || has(AccessLevel::Tagging) {
        "It can add, change or delete things."
    } else if has(AccessLevel::Read) {
        "It only looks: it reads, and changes nothing."
    } else {
        "It only looks: it sees what there is, and changes nothing."
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
    let many = |n: u32, one: &str| match n {
        1 => format!("1 {one}"),
        n => format!("{n} {one}s"),
    };
    match (seconds / 3600, seconds % 3600 / 60) {
        (hours, 0) => many(hours, "hour"),
        (0, minutes) => many(minutes, "minute"),
        (hours, minutes) => format!("{} and {}", many(hours, "hour"), many(minutes, "minute")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binding::{BoundGroup, BoundRole};
    use crate::record::tests::{DOCUMENT, pending, slot};
    use serde_json::json;

    fn allowing(action: &str) -> String {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::archive/*"}]})
        .to_string()
    }

    /// A request for a policy of its own, a role and a group, with what was bound.
    fn of_three_kinds() -> (RequestRecord, ApprovalRound, Vec<String>) {
        let mut record = pending(vec![slot("210987654321", &[2])]);
        let grants = json!([
            {"type": "inline_policy", "document": serde_json::from_str::<Value>(DOCUMENT).unwrap()},
            {"type": "assume_role", "role_arn": "arn:aws:iam::320987654321:role/assumable/reader"},
            {"type": "group_membership", "group": "analysts"}
        ]);
        record.request_mut().grants = serde_json::from_value(grants).unwrap();
        let (writes, manages) = (allowing("s3:PutObject"), allowing("s3:PutObjectAcl"));
        let inline = |name: &str, text: &str| BoundInline {
            name: name.to_owned(),
            document: Digest::of(text.as_bytes()),
        };
        let mut asked = record.round().cloned().unwrap();
        asked.binding.policies = Vec::new();
        asked.binding.roles = vec![BoundRole {
            arn: "arn:aws:iam::320987654321:role/assumable/reader"
                .parse()
                .unwrap(),
            unique_id: "AROAEXAMPLE".to_owned(),
            boundary: None,
            trust: Digest::of(b"trust"),
            longest_session: 5400,
            policies: Vec::new(),
            inline: vec![inline("write", &writes)],
        }];
        asked.binding.groups = vec![BoundGroup {
            arn: "arn:aws:iam::210987654321:group/granted/analysts"
                .parse()
                .unwrap(),
            unique_id: "AGPAEXAMPLE".to_owned(),
            policies: Vec::new(),
            inline: vec![inline("manage", &manages)],
        }];
        (record, asked, vec![writes, manages])
    }

    #[test]
    fn each_grant_is_told_in_words_and_as_it_is() {
        let (record, asked, documents) = of_three_kinds();
        let shown = grants(&record, &asked, &documents).unwrap();
        let reported: Vec<String> = shown
            .iter()
            .map(|grant| {
                let names: Vec<&str> = grant.policies.iter().map(|p| p.name.as_str()).collect();
                format!(
                    "{}\n  {}\n  {}\n  {:?}\n  {:?}",
                    grant.title,
                    grant.kind,
                    grant.allows.join("\n  "),
                    grant.notes,
                    names
                )
            })
            .collect();
        insta::assert_snapshot!(reported.join("\n"));
        let json: Value = serde_json::from_str(&shown[0].policies[0].json).unwrap();
        assert_eq!(json, serde_json::from_str::<Value>(DOCUMENT).unwrap());
    }

    #[test]
    fn without_the_text_that_is_bound_nothing_is_shown() {
        let (record, asked, documents) = of_three_kinds();
        for missing in 0..documents.len() {
            let mut tampered = documents.clone();
            tampered[missing].push(' ');
            assert_eq!(grants(&record, &asked, &tampered), Err(MissingDocument));
            tampered.remove(missing);
            assert_eq!(grants(&record, &asked, &tampered), Err(MissingDocument));
        }
    }
}
