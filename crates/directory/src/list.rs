//! `GET /v1/users`: the users of the accounts that the client sees, from the ledger alone.

use std::collections::BTreeMap;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::Timestamp;
use ports::ledger::PEEKED;
use ports::user_records::{UserPlace, UserRecords as _};
use shell::answer::{Problem, json_answer};
use snowgate_core::id::{AccountId, ClientId, RequestId};
use snowgate_core::identity::IdentityRecord;

use crate::answer::UserListAnswer;
use crate::cursor::Cursor;
use crate::{DirectoryPorts, UserDirectory, parameter, unavailable};

/// How many users a page has at most.
const PAGE: usize = PEEKED;

/// How many accounts are looked into for one page: each costs a query, whether or not it has users.
const ACCOUNTS: usize = 10;

const PARAMETERS: [&str; 2] = ["account_id", "after"];

/// What was found for a page.
struct Found {
    users: Vec<IdentityRecord>,
    next: Option<Cursor>,
}

impl<P: DirectoryPorts> UserDirectory<P> {
    pub(crate) async fn list(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let accounts = self.accounts_asked_for(event, client)?;
        let begins = match parameter(event, "after", &PARAMETERS)? {
            None => None,
            Some(text) => Some(Cursor::read(text).ok_or_else(not_ours)?),
        };
        // A list of one account goes on in that account.
        if let ([only], Some(begins)) = (accounts.as_slice(), &begins)
            && parameter(event, "account_id", &PARAMETERS)?.is_some()
            && begins.account != **only
        {
            return Err(not_ours());
        }
        let Found { users, next } = self.page(&accounts, begins).await?;
        let created_by: Vec<_> = users.iter().map(|user| user.created_by().clone()).collect();
        let clients = self.clients_of(&created_by).await?;
        let next = next.map(|next| next.written());
        let answer = UserListAnswer::new(now, &users, next, |id| clients.get(id) == Some(client));
        Ok(json_answer(200, &answer))
    }

    /// Whose requests these are.
    pub(crate) async fn clients_of(
        &self,
        requests: &[RequestId],
    ) -> Result<BTreeMap<RequestId, ClientId>, Problem> {
        let clients = self.records.clients_of(requests).await;
        clients.map_err(|error| unavailable(&error))
    }

    /// The accounts that are listed, in order: the one that the call names, if the client sees it, else all
    /// that it sees.
    fn accounts_asked_for(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
    ) -> Result<Vec<&AccountId>, Problem> {
        let mut seen = self.guardrails.accounts_seen_by(client);
        if let Some(text) = parameter(event, "account_id", &PARAMETERS)? {
            let account = account(text)?;
            seen.retain(|one| **one == account);
            if seen.is_empty() {
                return Err(Problem::new(404, "Not found").detail("No account with this id."));
            }
        }
        Ok(seen)
    }

    /// As much of the list as one page has, from this place on.
    async fn page(
        &self,
        accounts: &[&AccountId],
        begins: Option<Cursor>,
    ) -> Result<Found, Problem> {
        let (mut users, mut queries) = (Vec::new(), 0);
        let (first, mut after) = match begins {
            None => (None, None),
            Some(cursor) => (Some(cursor.account), cursor.after),
        };
        let left = |account: &&&AccountId| first.as_ref().is_none_or(|first| first <= *account);
        for account in accounts.iter().filter(left) {
            // A place is one of its own account, which the client may not see any more.
            let mut place = after.take().filter(|_| first.as_ref() == Some(*account));
            loop {
                let wanted = PAGE.saturating_sub(users.len());
                if wanted == 0 || queries == ACCOUNTS {
                    let account = (*account).clone();
                    let next = Some(Cursor {
                        account,
                        after: place,
                    });
                    return Ok(Found { users, next });
                }
                queries += 1;
                let (found, next) = self.some_of(account, place.as_ref(), wanted).await?;
                users.extend(found);
                place = next;
                if place.is_none() {
                    break;
                }
            }
        }
        Ok(Found { users, next: None })
    }

    async fn some_of(
        &self,
        account: &AccountId,
        after: Option<&UserPlace>,
        wanted: usize,
    ) -> Result<(Vec<IdentityRecord>, Option<UserPlace>), Problem> {
        let wanted = u16::try_from(wanted).unwrap_or(u16::MAX);
        let page = self.records.users(account, after, wanted).await;
        let page = page.map_err(|error| unavailable(&error))?;
        Ok((page.users, page.next))
    }
}

/// The account that a parameter names.
///
/// # Errors
/// 400 where it is no id of an account.
pub(crate) fn account(text: &str) -> Result<AccountId, Problem> {
    text.parse().map_err(|_| {
        Problem::new(400, "Bad request").detail("`account_id` is the 12 digits of an AWS account.")
    })
}

fn not_ours() -> Problem {
    Problem::new(400, "Bad request")
        .detail("`after` is `next` of an earlier page, as it stands there.")
}
