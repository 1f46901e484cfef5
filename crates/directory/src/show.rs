//! `GET /v1/users/{name}?account_id=…`: one user, as the ledger and IAM have it.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::Timestamp;
use ports::user_records::UserRecords as _;
use shell::answer::{Problem, json_answer};
use snowgate_core::id::{ClientId, RequestId};
use snowgate_core::identity::{IdentityRecord, RecordedUser, drift};
use snowgate_core::principal::{Principal, PrincipalName, PrincipalType};
use tracing::error;

use crate::answer::{IamReading, UserAnswer};
use crate::list::account;
use crate::look::Look;
use crate::{DirectoryPorts, UserDirectory, parameter, unavailable};

impl<P: DirectoryPorts> UserDirectory<P> {
    pub(crate) async fn show(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let record = self.visible_user(event, client).await?;
        if record.trail_fault().is_some() {
            error!(identity = %record.id(), "the audit trail of a user is broken");
            return Err(broken_trail());
        }
        let recorded = self.records.recorded_on(&record.principal_key()).await;
        let recorded = recorded.map_err(|error| unavailable(&error))?;
        let mut requests: Vec<RequestId> = record.requests().to_vec();
        requests.extend(recorded.effects.iter().map(|effect| effect.request.clone()));
        let clients = self.clients_of(&requests).await?;
        let reading = self.reading(&record, now).await;
        let differences = match &reading {
            IamReading::Unread(_) | IamReading::NotCreated => None,
            IamReading::Absent | IamReading::Another(_) | IamReading::Read(_) => {
                let recorded = RecordedUser {
                    record: &record,
                    effects: &recorded.effects,
                    removals: &recorded.removals,
                };
                Some(drift(recorded, reading.found(), now))
            }
        };
        let is_own = |id: &RequestId| clients.get(id) == Some(client);
        let answer = UserAnswer::new(now, &record, &recorded.effects, is_own);
        let answer = answer.with_iam(&reading, differences, is_own);
        Ok(json_answer(200, &answer))
    }

    /// The user that the call names, if the client sees its account. Any other answers as one that does
    /// not exist.
    async fn visible_user(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
    ) -> Result<IdentityRecord, Problem> {
        let missing = || Problem::new(404, "Not found").detail("No user of this name.");
        let account_id = parameter(event, "account_id", &["account_id"])?;
        let account_id = account(account_id.unwrap_or_default())?;
        let name = event.path_parameters.get("name");
        let name = name.and_then(|name| named(name)).ok_or_else(missing)?;
        let seen = self.guardrails.accounts_seen_by(client);
        if !seen.contains(&&account_id) {
            return Err(missing());
        }
        let user = Principal {
            account_id,
            kind: PrincipalType::User,
            name,
        };
        let found = self.records.user_named(&user).await;
        let found = found.map_err(|error| unavailable(&error))?;
        let found = found.filter(|found| found.state().may_be_in_iam());
        found.ok_or_else(missing)
    }

    /// What IAM has of a user. One without a unique id was not seen there as ours, so nobody is shown in its
    /// place.
    async fn reading(&self, record: &IdentityRecord, now: Timestamp) -> IamReading {
        if record.unique_id().is_none() {
            return IamReading::NotCreated;
        }
        match self.look(&record.user().principal(), now).await {
            Err(why) => IamReading::Unread(why),
            Ok(Look { found: None, .. }) => IamReading::Absent,
            Ok(Look {
                at,
                found: Some(user),
            }) if record.may_be(&user.made) => IamReading::Read(Box::new((at, user))),
            Ok(Look {
                found: Some(user), ..
            }) => IamReading::Another(Box::new(user)),
        }
    }
}

/// The name in a path, which clients may percent-encode (RFC 3986, 2.1). No name has a `%`.
fn named(text: &str) -> Option<PrincipalName> {
    let mut name = String::new();
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        name.push(match char {
            '%' => {
                let mut digit = || rest.next().and_then(|digit| digit.to_digit(16));
                char::from_u32(digit()? * 16 + digit()?).filter(char::is_ascii)?
            }
            plain => plain,
        });
    }
    name.parse().ok()
}

/// The audit trail does not bear the user out: nothing is said of it.
fn broken_trail() -> Problem {
    let detail = "The audit trail of this user doesn't match its record, so nothing is shown of it. The \
                  operators are alerted.";
    Problem::new(500, "Audit trail broken").detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_once() {
        let name = |text| named(text).map(String::from);
        for text in ["ci-a+b", "ci-a%2Bb", "%63i%2da%2bb"] {
            assert_eq!(name(text).as_deref(), Some("ci-a+b"), "{text}");
        }
        for bad in [
            "", "ci%", "ci%2", "ci%2g", "ci%252B", "ci%2Fa", "ci/a", "ci%00", "c%C3%BC", "ü",
        ] {
            assert_eq!(name(bad), None, "{bad}");
        }
    }
}
