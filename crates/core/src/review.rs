//! What an approver is shown of a request, in e-mail and page alike.

mod approvals;
mod email;
mod explained;
mod grants;
mod json;
mod new_user;
mod title;

pub use approvals::{PastDecision, ReviewSlot, approval_lines};
pub use explained::ReviewList;
pub use grants::{MissingDocument, ReviewGrant, ReviewPolicy};

use jiff::Timestamp;

use crate::finding::{Finding, FindingCode};
use crate::id::SysId;
use crate::installation::Installation;
use crate::markup::{Text, code};
use crate::quotation::Quotation;
use crate::record::{ApprovalRound, RequestRecord};
use crate::request::AccessRequest;
use crate::ticket::{Person, PersonName};
use crate::wording;

/// What an approver is shown.
#[derive(Debug, Clone)]
pub struct Review {
    /// What the requester wants, from the reader's own slots: `Diego Santos wants to assume
    /// reports-reader in data-lake`.
    pub title: Text,
    /// Who wants what for how long, for the subject of the e-mail: `Rita Chen, payments-production,
    /// 4 hours (RITM0010001)`.
    pub subject: Text,
    /// Who writes.
    pub heading: String,
    /// The number of the ServiceNow record.
    pub number: String,
    /// The page of that record.
    pub record_url: String,
    /// Who requested it.
    pub requester: ReviewPerson,
    /// Who receives it: user or role, the person it belongs to, and the account.
    pub target: Text,
    /// What is granted.
    pub grants: Vec<ReviewGrant>,
    /// What an approver should know: what was found about the policies.
    pub findings: Vec<Text>,
    /// The duration in words.
    pub duration: String,
    /// What it extends, where it does.
    pub extends: Option<String>,
    /// Why, as the requester wrote it.
    pub justification: Quotation,
    /// Why this person is asked, in words that follow "because you are".
    pub role: Text,
    /// The approvals that are needed, and what was decided so far.
    pub slots: Vec<ReviewSlot>,
    /// Until when the decision is awaited.
    pub decide_by: String,
}

/// A person, as ServiceNow has them.
#[derive(Debug, Clone)]
pub struct ReviewPerson {
    /// The name.
    pub name: Text,
    /// The title and the e-mail address, as far as ServiceNow has them: `` `Data Analyst` ·
    /// `rita.chen@brightwater.example` ``.
    pub details: Option<Text>,
}

impl ReviewPerson {
    fn new(person: &Person) -> Self {
        let address = person
            .email
            .address()
            .map(crate::email::EmailAddress::expose);
        let details = [person.title.in_words(), address.map(code)];
        let details: Vec<String> = details.into_iter().flatten().collect();
        Self {
            name: Text::new(person.name.in_words()),
            details: (!details.is_empty()).then(|| Text::new(details.join(" · "))),
        }
    }
}

/// What a review is made of beside the record. People and names come from ServiceNow each time and
/// are never stored.
#[derive(Debug, Clone)]
pub struct ReviewContext<'a> {
    /// Whose installation it is.
    pub installation: &'a Installation,
    /// Who requested it.
    pub requester: Person,
    /// Whom the principal belongs to, where that is somebody else.
    pub beneficiary: Option<PersonName>,
    /// The name of the target account.
    pub account: String,
    /// The names that the CMDB has for what the slots stand for, in the order of the slots; empty
    /// for a person.
    pub slots: Vec<String>,
    /// The policy texts that were kept when the owners were found.
    pub documents: &'a [String],
    /// The time, from which others are counted.
    pub now: Timestamp,
}

impl Review {
    /// Gathers what an approver is shown.
    ///
    /// # Errors
    /// Where a text is missing that the approval would be for: then nothing is shown at all.
    pub fn new(
        record: &RequestRecord,
        round: &ApprovalRound,
        reader: &SysId,
        context: &ReviewContext<'_>,
    ) -> Result<Self, MissingDocument> {
        let slots = approvals::slots(record, round, reader, &context.slots);
        let request = &record.request();
        let requester = ReviewPerson::new(&context.requester);
        let number = request.source.number.as_str().to_owned();
        let yours: Vec<&ReviewSlot> = slots.iter().filter(|slot| slot.yours).collect();
        Ok(Self {
            title: title::title(
                request,
                &context.requester.name,
                context.beneficiary.as_ref(),
                (&context.account, &yours),
            ),
            subject: title::subject(request, &context.requester.name, (&context.account, &yours)),
            heading: context.installation.heading(),
            record_url: context.installation.record_url(&request.source),
            target: target(record, context),
            grants: theirs_first(request, &yours, grants::grants(record, round, context)?),
            findings: findings(&round.findings),
            duration: request.duration.in_words(),
            extends: wording::extension(request),
            justification: Quotation::new(request.justification.as_str()),
            role: approvals::role(record, reader, &slots),
            decide_by: wording::date_time_from(round.expires_at, context.now),
            number,
            requester,
            slots,
        })
    }

    /// The names and other strings of which a sentence shows beginning and end only.
    #[must_use]
    pub fn shortened(&self) -> Vec<Text> {
        let grants = self.grants.iter().flat_map(ReviewGrant::texts);
        let others = [&self.title, &self.target, &self.role, &self.requester.name];
        let slots = self.slots.iter().map(|slot| &slot.what);
        let all = others
            .into_iter()
            .chain(&self.requester.details)
            .chain(grants)
            .chain(&self.findings)
            .chain(slots);
        let mut found: Vec<Text> = Vec::new();
        for text in all.flat_map(Text::shortened) {
            if !found.contains(&text) {
                found.push(text);
            }
        }
        found
    }

    /// The approvals that the reader's answer decides.
    pub fn yours(&self) -> impl Iterator<Item = &ReviewSlot> {
        self.slots.iter().filter(|slot| slot.yours)
    }

    /// Whether anybody else is asked, for this approval or for another one.
    #[must_use]
    pub fn others_are_asked(&self) -> bool {
        self.slots.len() > 1 || self.slots.iter().any(|slot| slot.asked > 1)
    }
}

/// The grants that touch what the reader decides on, and then the others.
fn theirs_first(
    request: &AccessRequest,
    yours: &[&ReviewSlot],
    grants: Vec<ReviewGrant>,
) -> Vec<ReviewGrant> {
    let touches = |grant| {
        yours
            .iter()
            .any(|slot| title::touches(request, grant, slot))
    };
    let (mut theirs, mut others) = (Vec::new(), Vec::new());
    for (grant, shown) in request.grants.iter().zip(grants) {
        match touches(grant) {
            true => theirs.push(shown),
            false => others.push(shown),
        }
    }
    theirs.append(&mut others);
    theirs
}

/// What was found, each in a sentence: secrets first, what is only a matter of style last.
fn findings(found: &[Finding]) -> Vec<Text> {
    let mut found: Vec<&Finding> = found.iter().collect();
    found.sort_by_key(|finding| match finding.code {
        FindingCode::ReadsSecrets => 0,
        FindingCode::ProbablyWrong => 2,
        _ => 1,
    });
    found.into_iter().map(wording::finding).collect()
}

/// Who receives it: ``IAM user `rita.chen`, which belongs to Tom Weber, in payments-production
/// (210987654321)``.
fn target(record: &RequestRecord, context: &ReviewContext<'_>) -> Text {
    let target = &record.request().target;
    let owner = match &context.beneficiary {
        Some(person) => format!("belongs to {}", person.in_words()),
        None => "belongs to the requester".to_owned(),
    };
    let account = match context.account.as_str() {
        "" => format!("AWS account {}", target.account_id),
        known if known == target.account_id.as_str() => format!("AWS account {known}"),
        known => format!("{} ({})", code(known), target.account_id),
    };
    Text::new(format!(
        "{} in {account}; {owner}",
        wording::principal(target)
    ))
}

#[cfg(test)]
pub(crate) mod tests;
