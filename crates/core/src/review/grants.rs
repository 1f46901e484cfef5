//! What is granted, as an approver reads it: in English, and as the policies themselves.
//!
//! Only texts are shown whose digests are bound, and so signed with the decision.

use iam_policy::document::PolicyType;

use super::ReviewContext;
use super::explained::{ReviewList, kind, long_lists, sentences};
use super::json::indented;
use super::new_user::new_user;
use crate::binding::{BoundInline, BoundPolicy, BoundRole};
use crate::id::Digest;
use crate::markup::{Text, code, whole};
use crate::policy_digest::policy_digest;
use crate::record::{ApprovalRound, RequestRecord};
use crate::request::Grant;
use crate::slots::OwnedResource;
use crate::wording::duration_of;

/// One grant, as an approver reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewGrant {
    /// What is done: ``Attach policy `reports-read`, version v1``.
    pub title: Text,
    /// Its ARN, where it has one.
    pub arn: Option<Text>,
    /// The kind of access that it is, in a sentence: whether it reads, or changes things.
    pub kind: &'static str,
    /// What it allows: sentences for people who own resources.
    pub allows: Vec<Text>,
    /// What becomes possible with it beyond that: how long sessions last, for a role.
    pub notes: Vec<Text>,
    /// The lists that are long for a sentence, one entry a line.
    pub lists: Vec<ReviewList>,
    /// The policies that say so.
    pub policies: Vec<ReviewPolicy>,
}

/// A policy that is part of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewPolicy {
    /// Its name, with its version where it has one.
    pub name: Text,
    /// Its document as indented JSON, in AWS's order.
    pub json: String,
}

/// A policy text whose digest is bound is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text of a policy that is bound is not there")]
pub struct MissingDocument;

/// The grants of a request with their policies. Texts other than those that are bound are not
/// looked at.
///
/// # Errors
/// Where a text that is bound is not among those that were kept.
pub(super) fn grants(
    record: &RequestRecord,
    round: &ApprovalRound,
    context: &ReviewContext<'_>,
) -> Result<Vec<ReviewGrant>, MissingDocument> {
    let texts = Texts::new(context.documents);
    let binding = &round.binding;
    let mut policies = binding.policies.iter();
    let (mut roles, mut groups) = (binding.roles.iter(), binding.groups.iter());
    let of = |grant: &Grant| match grant {
        Grant::AttachManagedPolicy { policy_arn } => {
            let bound = policies.next().ok_or(MissingDocument)?;
            let name = code(policy_arn.name());
            let title = format!("Attach policy {name}, version {}", code(&bound.version));
            let texts = vec![texts.managed(bound)?];
            Ok(ReviewGrant::new(title, Some(policy_arn.as_str()), &texts))
        }
        Grant::InlinePolicy { document } => {
            let text = ("the inline policy".to_owned(), document.as_str());
            let title = "Inline policy written for this request".to_owned();
            Ok(ReviewGrant::new(title, None, &[text]))
        }
        Grant::AssumeRole { .. } => {
            let bound = roles.next().ok_or(MissingDocument)?;
            role(bound, &texts, &account_name(record, round, context, bound))
        }
        Grant::CreateUser { .. } => Ok(new_user(record, binding)),
        Grant::GroupMembership { group } => {
            let bound = groups.next().ok_or(MissingDocument)?;
            let texts = texts.all(&bound.policies, &bound.inline)?;
            let title = format!("Join group {}", code(group.as_str()));
            Ok(ReviewGrant::new(title, Some(bound.arn.as_str()), &texts))
        }
    };
    record.request().grants.iter().map(of).collect()
}

fn role(
    bound: &BoundRole,
    texts: &Texts<'_>,
    account: &str,
) -> Result<ReviewGrant, MissingDocument> {
    let texts = texts.all(&bound.policies, &bound.inline)?;
    let title = format!("Assume role {} in {account}", code(bound.arn.name()));
    let mut grant = ReviewGrant::new(title, Some(bound.arn.as_str()), &texts);
    grant.notes.push(Text::new(format!(
        "A session opened before the access ends can continue for up to {} afterwards.",
        duration_of(bound.longest_session)
    )));
    Ok(grant)
}

/// The account of a role, by name where the CMDB has one: `` `data-lake` (320987654321)``.
fn account_name(
    record: &RequestRecord,
    round: &ApprovalRound,
    context: &ReviewContext<'_>,
    bound: &BoundRole,
) -> String {
    let account_id = bound.arn.account();
    let resource = OwnedResource::Account {
        account_id: account_id.clone(),
    };
    let slot = round
        .slots
        .iter()
        .position(|slot| slot.resource == resource);
    let of_slot = slot.and_then(|index| context.slots.get(index));
    let of_target = (record.request().target.account_id == *account_id).then_some(&context.account);
    match of_slot.or(of_target) {
        Some(name) if !name.is_empty() && name != account_id.as_str() => {
            format!("{} ({account_id})", code(name))
        }
        _ => format!("AWS account {account_id}"),
    }
}

/// The digest by which a policy of a principal is bound.
fn identity(text: &str) -> Digest {
    policy_digest(text, PolicyType::Identity)
}

/// Policy texts by their digests.
struct Texts<'a>(Vec<(Digest, &'a str)>);

impl<'a> Texts<'a> {
    fn new(documents: &'a [String]) -> Self {
        let documents = documents.iter();
        Self(
            documents
                .map(|text| (identity(text), text.as_str()))
                .collect(),
        )
    }

    fn of(&self, digest: &Digest) -> Result<&'a str, MissingDocument> {
        let found = self.0.iter().find(|(known, _)| known == digest);
        found.map(|(_, text)| *text).ok_or(MissingDocument)
    }

    fn managed(&self, bound: &BoundPolicy) -> Result<(String, &'a str), MissingDocument> {
        let (name, version) = (code(bound.arn.name()), code(&bound.version));
        let name = format!("policy {name}, version {version}");
        Ok((name, self.of(&bound.document)?))
    }

    fn all(
        &self,
        policies: &[BoundPolicy],
        inline: &[BoundInline],
    ) -> Result<Vec<(String, &'a str)>, MissingDocument> {
        let managed = policies.iter().map(|bound| self.managed(bound));
        let inline = inline.iter().map(|bound| {
            Ok((
                format!("inline policy {}", code(&bound.name)),
                self.of(&bound.document)?,
            ))
        });
        managed.chain(inline).collect()
    }
}

impl ReviewGrant {
    /// Its sentences.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Text> {
        let titles = std::iter::once(&self.title).chain(&self.arn);
        titles.chain(&self.allows).chain(&self.notes)
    }

    fn new(title: String, arn: Option<&str>, texts: &[(String, &str)]) -> Self {
        let policies = texts.iter().map(|(name, text)| ReviewPolicy {
            name: Text::new(name.as_str()),
            json: indented(text),
        });
        Self {
            title: Text::new(title),
            arn: arn.map(|arn| Text::new(whole(arn))),
            kind: kind(texts),
            allows: texts.iter().flat_map(|(_, text)| sentences(text)).collect(),
            notes: Vec::new(),
            lists: texts
                .iter()
                .flat_map(|(name, text)| long_lists(name, text))
                .collect(),
            policies: policies.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binding::{BoundGroup, BoundRole};
    use crate::installation::tests::installation;
    use crate::record::tests::{DOCUMENT, pending, slot};
    use crate::ticket::{JobTitle, Person, PersonName};
    use serde_json::{Value, json};

    fn allowing(action: &str) -> String {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::archive/*"}]})
        .to_string()
    }

    /// A request for an inline policy, a role and a group, with what was bound.
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
            document: identity(text),
        };
        let mut round = record.round().cloned().unwrap();
        round.binding.policies = Vec::new();
        round.binding.roles = vec![BoundRole {
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
        round.binding.groups = vec![BoundGroup {
            arn: "arn:aws:iam::210987654321:group/granted/analysts"
                .parse()
                .unwrap(),
            unique_id: "AGPAEXAMPLE".to_owned(),
            policies: Vec::new(),
            inline: vec![inline("manage", &manages)],
        }];
        (record, round, vec![writes, manages])
    }

    fn grants_of(
        record: &RequestRecord,
        round: &ApprovalRound,
        documents: &[String],
    ) -> Result<Vec<ReviewGrant>, MissingDocument> {
        let person = Person {
            sys_id: crate::record::tests::person(1),
            name: PersonName::new("Rita Chen"),
            title: JobTitle::default(),
            active: true,
            locked_out: false,
            email: crate::email::MailField::Empty,
            account: crate::ticket::UserAccount::default(),
        };
        let context = ReviewContext {
            installation: &installation(),
            requester: person,
            beneficiary: None,
            account: "payments".to_owned(),
            slots: vec!["payments".to_owned()],
            documents,
            now: crate::record::tests::at(0),
        };
        grants(record, round, &context)
    }

    fn in_words(grant: &ReviewGrant) -> String {
        let texts = |texts: &[Text]| -> Vec<String> { texts.iter().map(Text::to_string).collect() };
        let names = grant.policies.iter().map(|policy| policy.name.to_string());
        format!(
            "{}\n  {}\n  {}\n  {:?}\n  {:?}",
            grant.title,
            grant.kind,
            texts(&grant.allows).join("\n  "),
            texts(&grant.notes),
            names.collect::<Vec<_>>()
        )
    }

    #[test]
    fn each_grant_is_shown_in_words_and_as_it_is() {
        let (record, round, documents) = of_three_kinds();
        let shown = grants_of(&record, &round, &documents).unwrap();
        let all: Vec<String> = shown.iter().map(in_words).collect();
        insta::assert_snapshot!(all.join("\n"));
        let json: Value = serde_json::from_str(&shown[0].policies[0].json).unwrap();
        assert_eq!(json, serde_json::from_str::<Value>(DOCUMENT).unwrap());
        assert!(shown.iter().all(|grant| grant.lists.is_empty()));
    }

    #[test]
    fn what_is_not_known_is_no_list_only() {
        let kind = |texts: &[&str]| {
            let texts: Vec<(String, &str)> =
                texts.iter().map(|text| (String::new(), *text)).collect();
            super::super::explained::kind(&texts)
        };
        const UNKNOWN: &str = "Can do things that Snowgate doesn't know. Review closely.";
        const NOTHING: &str = "Its own policies allow nothing; other policies may name it.";
        let of = |statements: Value| {
            json!({"Version": "2012-10-17", "Statement": statements}).to_string()
        };
        let action = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        for unknown in [
            "newsvc:*",
            "newsvc:Get",
            "s3:ZapObject",
            "s3:Zap*",
            "new*:*",
        ] {
            let beside = |other: &str| of(json!([action(other), action(unknown)]));
            assert_eq!(kind(&[&of(json!([action(unknown)]))]), UNKNOWN, "{unknown}");
            assert_eq!(kind(&[&beside("s3:GetObject")]), UNKNOWN, "{unknown}");
            assert_eq!(kind(&[&beside("s3:PutObject")]), UNKNOWN, "{unknown}");
            let managing = kind(&[&beside("s3:PutObjectAcl")]);
            assert_eq!(managing, "Can change permissions. Review closely.");
            let denied =
                json!([action(unknown), {"Effect": "Deny", "Action": "*", "Resource": "*"}]);
            assert_eq!(kind(&[&of(denied)]), NOTHING, "{unknown}");
        }
        assert_eq!(kind(&[]), NOTHING);
        assert_eq!(kind(&[&of(json!([]))]), NOTHING);
        let denying = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
        assert_eq!(kind(&[&of(json!([denying]))]), NOTHING);
        let list = of(json!([action("s3:ListBucket")]));
        assert_eq!(
            kind(&[&list]),
            "List-only: names and settings, not contents."
        );
    }

    #[test]
    fn a_long_list_is_shown_in_full_in_numeric_order() {
        let folders: Vec<String> = (1..=30)
            .rev()
            .map(|n| format!("arn:aws:s3:::archive/{n}/*"))
            .collect();
        let text = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": folders}]})
        .to_string();
        let grant = ReviewGrant::new("X".to_owned(), None, &[("policy `x`".to_owned(), &text)]);
        let first: Vec<String> = (1..30).map(|n| format!("`{n}`")).collect();
        let all = format!("{} and `30`", first.join(", "));
        assert_eq!(
            grant.allows[0].to_string(),
            format!("May read objects in 30 folders of the bucket `archive`: {all}.")
        );
        let [list] = grant.lists.as_slice() else {
            panic!("one list: {:?}", grant.lists);
        };
        assert_eq!(list.title.to_string(), "All 30 resources of policy `x`");
        let entries: Vec<String> = list.entries.iter().map(Text::to_string).collect();
        let expected: Vec<String> = (1..=30)
            .map(|n| format!("`arn:aws:s3:::archive/{n}/*`"))
            .collect();
        assert_eq!(entries, expected);
    }

    #[test]
    fn without_the_text_that_is_bound_nothing_is_shown() {
        let (record, round, documents) = of_three_kinds();
        for missing in 0..documents.len() {
            let mut tampered = documents.clone();
            tampered[missing] = tampered[missing].replace("archive", "archives");
            assert_eq!(grants_of(&record, &round, &tampered), Err(MissingDocument));
            tampered.remove(missing);
            assert_eq!(grants_of(&record, &round, &tampered), Err(MissingDocument));
        }
    }
}
