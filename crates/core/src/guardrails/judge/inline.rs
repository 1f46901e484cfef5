//! What a policy that is asked for can be judged by without IAM.

use iam_policy::classify::{self, PrincipalPolicies};
use iam_policy::document::{Document, PolicyType};
use iam_policy::lint::{self, Code, LintFinding};

use super::accounts::judge_accounts;
use super::power::{Granted, tell};
use crate::finding::{Evidence, Finding, FindingCode};
use crate::guardrails::reference::Judged;
use crate::guardrails::{AllowedGrant, Guardrails};
use crate::id::AccountId;
use crate::markup::code;
use crate::request::InlineDocument;

impl Guardrails {
    /// Judges a policy that is asked for: by the reference policy, by its partition, by the
    /// accounts that it names, by what is probably wrong in it, and by what it leads to.
    pub(in crate::guardrails) fn judge_inline(
        &self,
        account: &AccountId,
        pointer: &str,
        document: &InlineDocument,
        allowed: &AllowedGrant,
        findings: &mut Vec<Finding>,
    ) {
        let judged = Judged {
            pointer: pointer.to_owned(),
            name: Evidence::INLINE_POLICY,
            text: document.as_str(),
        };
        findings.extend(self.judge_policy(account, &judged));
        let options = lint::Options { own_codes: true };
        let report = lint::lint(judged.text, PolicyType::Identity, options);
        findings.extend(report.findings().iter().map(|found| told(&judged, found)));
        let Ok(document) = document.read() else {
            return;
        };
        self.judge_partition(&judged, &document, findings);
        judge_accounts(&judged, &document, account, findings);
        let documents = [document];
        let power = classify::classify(PrincipalPolicies {
            policies: &documents,
            ..PrincipalPolicies::default()
        });
        let allowed = Some(allowed);
        tell(&power, &[Granted { judged, allowed }], findings);
    }

    /// All accounts are in one partition, and so is everything that can be granted: an ARN of another
    /// one, or of a pattern of partitions, was written for other accounts than these.
    fn judge_partition(
        &self,
        judged: &Judged<'_>,
        document: &Document<'_>,
        findings: &mut Vec<Finding>,
    ) {
        for statement in document.statements() {
            let Some(resources) = statement.resources() else {
                continue;
            };
            for (nth, text) in resources.list().texts().enumerate() {
                let partition = text.split(':').nth(1).unwrap_or_default();
                if text == "*" || partition == self.partition {
                    continue;
                }
                let detail = format!(
                    "{} is in partition {}; the guardrails permit resources in partition {} only",
                    code(text),
                    code(partition),
                    code(&self.partition)
                );
                let place = statement.resource_path(nth).to_string();
                let code = FindingCode::PartitionNotAllowed;
                findings.push(judged.finding(code, detail, &place, None));
            }
        }
    }
}

/// What lint found. That something permits nothing is said apart: nobody should wait for access, or
/// decide on it, that does not come.
fn told(judged: &Judged<'_>, found: &LintFinding) -> Finding {
    let never = matches!(
        found.code(),
        Code::OwnResourceNeverMatches | Code::OwnConditionNeverHolds
    );
    let (code, detail) = if never {
        let detail = format!("part of the policy permits nothing: {}", found.message());
        (FindingCode::PermitsNothing, detail)
    } else {
        let detail = format!("{}: {}", found.code().name(), found.message());
        (FindingCode::ProbablyWrong, detail)
    };
    judged.finding(code, detail, &found.path().to_string(), None)
}
