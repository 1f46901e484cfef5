//! What new guardrails permit that the old ones did not.

use std::collections::{BTreeMap, BTreeSet};

use iam_policy::prove::CheckResult;

use super::permit::Permit;
use super::{AllowedGrant, Guardrails, ManagerRule, Risk};
use crate::finding::Witness;
use crate::id::{AccountId, SysId};
use crate::request::AccessDuration;

/// Something that is newly permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Widening {
    /// An account's reference policy allows more. The witness is a request to AWS that was not
    /// allowed; where none could be found, it could not be proved that there is none.
    Reference {
        /// In which account.
        account: AccountId,
        /// A request to AWS that is newly allowed.
        witness: Option<Witness>,
    },
    /// Something may be granted that was not listed: an ARN, or `inline policies`.
    Grant {
        /// To principals of which account.
        account: AccountId,
        /// The grant, as `guardrails.toml` names it.
        what: String,
    },
    /// Something may be granted for longer.
    Longer {
        /// To principals of which account.
        account: AccountId,
        /// The grant, as `guardrails.toml` names it.
        what: String,
        /// For how long before.
        before: AccessDuration,
        /// For how long now.
        now: AccessDuration,
    },
    /// Something that needed an approver who signs in is decided from an e-mail.
    LowerRisk {
        /// To principals of which account.
        account: AccountId,
        /// The grant, as `guardrails.toml` names it.
        what: String,
    },
    /// The beneficiary's manager has a smaller part than before.
    Manager {
        /// To principals of which account.
        account: AccountId,
        /// The grant, as `guardrails.toml` names it.
        what: String,
        /// What was wanted of the manager before.
        before: ManagerRule,
        /// What is wanted now.
        now: ManagerRule,
    },
    /// An exposure is accepted that was refused.
    Exposure {
        /// To principals of which account.
        account: AccountId,
        /// The action.
        action: String,
    },
    /// The owner of an item of the CMDB may decide in place of the owner of an account.
    Item {
        /// Whose owner is not asked.
        account: AccountId,
        /// The item whose owner decides instead.
        item: SysId,
        /// The ARN pattern.
        resource: String,
    },
    /// More than before is usual, and not alarmed.
    Volume {
        /// What the guardrails call the limit: `per_requester`.
        limit: String,
        /// How many grants were usual, in which time.
        before: (u32, AccessDuration),
        /// How many are now; none where there is no limit any more.
        now: Option<(u32, AccessDuration)>,
    },
    /// Somebody else may ask, decide or receive: a table, a mail domain, a path, or another
    /// security group or boundary.
    People {
        /// What the guardrails call it.
        setting: &'static str,
        /// What is new.
        value: String,
    },
}

impl Guardrails {
    /// Everything that these guardrails permit and the old ones did not.
    #[must_use]
    pub fn widened_from(&self, old: &Self) -> Vec<Widening> {
        let mut found = self.references_widened(old);
        let accounts: BTreeSet<&AccountId> = self
            .grants
            .iter()
            .flat_map(|grant| &grant.accounts)
            .collect();
        for account in accounts {
            for grant in self.in_account(account) {
                for what in grant.names() {
                    found.extend(manager_widened(old, account, grant, &what));
                    found.extend(self.grant_widened(old, account, grant, what));
                }
                let accepted = old
                    .in_account(account)
                    .flat_map(|old| &old.accepted_exposures);
                let accepted: Vec<&String> = accepted.collect();
                let new = grant.accepted_exposures.iter();
                found.extend(
                    new.filter(|action| !accepted.contains(action))
                        .map(|action| Widening::Exposure {
                            account: account.clone(),
                            action: action.clone(),
                        }),
                );
            }
        }
        found.extend(self.items_widened(old));
        found.extend(self.people_widened(old));
        found.extend(self.volume_widened(old));
        found
    }

    /// Limits that are gone or higher, or hold for a shorter time.
    fn volume_widened(&self, old: &Self) -> Vec<Widening> {
        let limits = |of: &Self| {
            let volume = of
                .volume()
                .map(|volume| (volume.settings(), volume.window()));
            let of_window = |(limits, window): (BTreeMap<String, u32>, AccessDuration)| {
                limits
                    .into_iter()
                    .map(move |(name, limit)| (name, (limit, window)))
            };
            volume
                .into_iter()
                .flat_map(of_window)
                .collect::<BTreeMap<_, _>>()
        };
        let new = limits(self);
        let widened = limits(old).into_iter().filter_map(|(limit, before)| {
            let now = new.get(&limit).copied();
            let laxer = now.is_none_or(|(grants, window)| grants > before.0 || window < before.1);
            laxer.then_some(Widening::Volume { limit, before, now })
        });
        widened.collect()
    }

    fn items_widened(&self, old: &Self) -> Vec<Widening> {
        let mut found = Vec::new();
        for item in &self.items {
            let before = old.items.iter().find(|old| old.sys_id() == item.sys_id());
            for account in item.accounts() {
                let before = before.filter(|before| before.accounts().contains(account));
                let known = before.map_or(&[][..], |before| before.resources());
                let new = item.resources().iter();
                found.extend(new.filter(|one| !known.contains(one)).map(|resource| {
                    Widening::Item {
                        account: account.clone(),
                        item: item.sys_id().clone(),
                        resource: resource.clone(),
                    }
                }));
            }
        }
        found
    }

    fn references_widened(&self, old: &Self) -> Vec<Widening> {
        let mut found = Vec::new();
        for reference in &self.references {
            for account in reference.accounts() {
                let verdict = match old.reference(account) {
                    Some(before) => reference.beyond(before),
                    None => CheckResult::Undecided { statement: None },
                };
                let witness = match verdict {
                    CheckResult::Pass => continue,
                    CheckResult::Fail { witness, .. } => Some(Witness::from(&*witness)),
                    CheckResult::Undecided { .. } => None,
                };
                let account = account.clone();
                found.push(Widening::Reference { account, witness });
            }
        }
        found
    }

    fn grant_widened(
        &self,
        old: &Self,
        account: &AccountId,
        grant: &AllowedGrant,
        what: String,
    ) -> Option<Widening> {
        let account = account.clone();
        let Some(before) = old
            .in_account(&account)
            .find(|old| old.names().contains(&what))
        else {
            return Some(Widening::Grant { account, what });
        };
        let (was, is) = (
            before.maximum_duration.min(old.maximum_duration),
            grant.maximum_duration.min(self.maximum_duration),
        );
        if before.risk == Risk::High && grant.risk == Risk::Low {
            Some(Widening::LowerRisk { account, what })
        } else if is > was {
            Some(Widening::Longer {
                account,
                what,
                before: was,
                now: is,
            })
        } else {
            None
        }
    }

    fn people_widened(&self, old: &Self) -> Vec<Widening> {
        let new = |setting, now: Vec<String>, before: Vec<String>| {
            now.into_iter()
                .filter(move |value| !before.contains(value))
                .map(move |value| Widening::People { setting, value })
        };
        let tables = |of: &Self| {
            of.tables
                .iter()
                .map(|table| table.as_str().to_owned())
                .collect()
        };
        let longer = self
            .maximum_total
            .filter(|now| Some(*now) > old.maximum_total);
        let watching = |of: &Self| {
            let clients = of.security_clients.iter();
            clients.map(|client| client.as_str().to_owned()).collect()
        };
        let rules = |of: &Self| of.users.clone().into_iter();
        let paths_of_users = |of: &Self| rules(of).map(|users| users.path).collect();
        let tags_of_users = |of: &Self| {
            let tags = rules(of).flat_map(|users| users.tags);
            tags.map(|key| key.to_ascii_lowercase()).collect()
        };
        // A prefix that the one before begins with is asked of fewer names.
        let prefix = |of: &Self| of.users.as_ref().map(|users| users.prefix.clone());
        let shorter = prefix(self).filter(|now| {
            let before = prefix(old);
            before.is_some_and(|before| !now.starts_with(&before))
        });
        let sessions = |of: &Self| {
            let grants = of.grants.iter();
            grants
                .flat_map(|grant| {
                    let longest = grant.longest_session.map(|longest| longest.to_string());
                    let of = |role: &crate::arn::RoleArn| {
                        format!("{role} {}", longest.clone().unwrap_or_default())
                    };
                    grant.roles().map(of).collect::<Vec<_>>()
                })
                .collect()
        };
        new("servicenow.tables", tables(self), tables(old))
            .chain(new(
                "approvers.mail_domains",
                self.mail_domains.clone(),
                old.mail_domains.clone(),
            ))
            .chain(new(
                "principals.paths",
                self.principal_paths.clone(),
                old.principal_paths.clone(),
            ))
            .chain(new(
                "principals.boundary",
                vec![self.boundary.clone()],
                vec![old.boundary.clone()],
            ))
            .chain(new(
                "servicenow.security_group",
                vec![self.security_group.to_string()],
                vec![old.security_group.to_string()],
            ))
            .chain(longer.map(|value| Widening::People {
                setting: "maximum_total",
                value: value.to_string(),
            }))
            .chain(new("security.clients", watching(self), watching(old)))
            .chain(new("users.path", paths_of_users(self), paths_of_users(old)))
            .chain(new("users.tags", tags_of_users(self), tags_of_users(old)))
            .chain(shorter.map(|value| Widening::People {
                setting: "users.prefix",
                value,
            }))
            .chain(new("grants.longest_session", sessions(self), sessions(old)))
            .chain(new("directory", self.seen_in_words(), old.seen_in_words()))
            .collect()
    }
}

/// Where less is wanted of the beneficiary's manager for something that could be granted before.
fn manager_widened(
    old: &Guardrails,
    account: &AccountId,
    grant: &AllowedGrant,
    what: &str,
) -> Option<Widening> {
    let mut before = old.in_account(account);
    let before = before
        .find(|old| old.names().iter().any(|one| one == what))?
        .manager;
    let now = grant.manager;
    now.is_laxer_than(before).then(|| Widening::Manager {
        account: account.clone(),
        what: what.to_owned(),
        before,
        now,
    })
}

impl AllowedGrant {
    /// Everything that it lists, by ARN.
    fn names(&self) -> Vec<String> {
        self.permits.iter().map(Permit::in_words).collect()
    }
}
