//! What contradicts itself in a guardrails file.

use iam_policy::catalogue;

use super::{File, Grants, reported};
use crate::arn::{PARTITIONS, PolicyArn, RoleArn, is_path};
use crate::guardrails::ManagerPart;
use crate::guardrails::items::MappedItem;
use crate::guardrails::seen::SeenAccounts;
use crate::id::AccountId;
use crate::markup::code;

impl File {
    /// All that does not hold together, in the order of the file.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut unless = |holds: bool, what: String| {
            if !holds {
                found.push(what);
            }
        };
        let known = PARTITIONS.contains(&self.partition.as_str());
        unless(
            known,
            format!("partition {} is none that AWS has", code(&self.partition)),
        );
        let total = self.maximum_total;
        unless(
            total.is_none_or(|total| total >= self.maximum_duration),
            "`maximum_total` is shorter than `maximum_duration`".to_owned(),
        );
        unless(
            !self.servicenow.tables.is_empty(),
            "no table may ask for access".to_owned(),
        );
        unless(
            (1..=20).contains(&self.approvers.per_slot),
            "`per_slot` is 1 to 20".to_owned(),
        );
        let request = self.approvers.per_slot..=100;
        unless(
            request.contains(&self.approvers.per_request),
            "`per_request` is `per_slot` to 100".to_owned(),
        );
        unless(
            !self.approvers.mail_domains.is_empty(),
            "no mail domain is allowed".to_owned(),
        );
        for domain in &self.approvers.mail_domains {
            let plain = domain.contains('.')
                && domain
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'));
            unless(
                plain,
                format!("{} is not a mail domain in lowercase", code(domain)),
            );
        }
        unless(
            !self.principals.paths.is_empty(),
            "no path of principals is enrolled".to_owned(),
        );
        for path in &self.principals.paths {
            let narrow = is_path(path) && path != "/" && !path.contains(['*', '?']);
            unless(
                narrow,
                format!(
                    "{} is not a path of enrolled principals, such as `/enrolled/`",
                    code(path)
                ),
            );
        }
        let boundary = format!(
            "arn:{}:iam::000000000000:policy/{}",
            self.partition, self.principals.boundary
        );
        unless(
            boundary.parse::<PolicyArn>().is_ok(),
            "the boundary is not the name of a policy".to_owned(),
        );
        unless(
            !self.never.actions.is_empty(),
            "no action is denied".to_owned(),
        );
        let covers_iam = |action: &String| action == "*" || action.eq_ignore_ascii_case("iam:*");
        unless(
            self.never.actions.iter().any(covers_iam),
            "`never` does not deny `iam:*`: with it a principal could change what it may do itself"
                .to_owned(),
        );
        for action in &self.never.actions {
            unless(
                is_known(action),
                format!("{} in `never` matches no action that AWS has", code(action)),
            );
        }
        for (index, reference) in self.reference.iter().enumerate() {
            unless(
                !reference.accounts.is_empty(),
                format!("reference[{index}] names no account"),
            );
            let earlier = self.reference.iter().take(index);
            for account in earlier.flat_map(|other| {
                let here = &reference.accounts;
                other.accounts.iter().filter(move |one| here.contains(one))
            }) {
                unless(
                    false,
                    format!("reference[{index}]: account {account} has a reference above"),
                );
            }
        }
        for wrong in SeenAccounts::contradictions(&self.directory) {
            unless(false, wrong);
        }
        if let Some(users) = &self.users {
            for wrong in users.contradictions(&self.principals.paths) {
                unless(false, wrong);
            }
        }
        for (index, grant) in self.grants.iter().enumerate() {
            self.check_grant(index, grant, &mut unless);
            self.check_arns(index, grant, &mut unless);
        }
        for (index, row) in self.reference.iter().enumerate() {
            let read = row.read(&self.never.actions);
            let usable = read.and_then(|reference| reference.lint());
            found.extend(usable.err().map(|error| reported(index, &error)));
        }
        self.mapped(&mut found);
        self.usual(&mut found);
        found
    }

    /// The items, and what is wrong with them: each is mapped once, in accounts that something is
    /// granted in, and nothing belongs to two. Else whoever asks could choose between two owners.
    pub(super) fn mapped(&self, found: &mut Vec<String>) -> Vec<MappedItem> {
        let mut items: Vec<MappedItem> = Vec::new();
        for (index, row) in self.items.iter().enumerate() {
            let here = format!("items[{index}]");
            let item = match MappedItem::new(row, &self.partition) {
                Ok(item) => item,
                Err(wrong) => {
                    found.extend(wrong.iter().map(|wrong| format!("{here}: {wrong}")));
                    continue;
                }
            };
            let granted = self.grants.iter().flat_map(|grant| &grant.accounts);
            let granted: Vec<&AccountId> = granted.collect();
            let strange = item.accounts().iter().filter(|id| !granted.contains(id));
            found.extend(strange.map(|id| format!("{here}: nothing is granted in account {id}")));
            for other in &items {
                if other.sys_id() == item.sys_id() {
                    found.push(format!(
                        "{here}: {} is mapped above",
                        code(item.sys_id().as_str())
                    ));
                } else if let Some(resource) = item.common_with(other) {
                    found.push(format!(
                        "{here}: {} belongs to an item above",
                        code(resource)
                    ));
                }
            }
            items.push(item);
        }
        items
    }

    /// What a role or group must be, and that every account has its reference policy.
    fn check_arns(&self, index: usize, grant: &Grants, unless: &mut impl FnMut(bool, String)) {
        let here = format!("grants[{index}]");
        let referred = |account: &AccountId| {
            let mut all = self.reference.iter();
            all.any(|reference| reference.accounts.contains(account))
        };
        let of_roles = grant.roles.iter().map(RoleArn::account);
        for account in grant.accounts.iter().chain(of_roles) {
            unless(
                referred(account),
                format!("{here}: account {account} has no reference policy"),
            );
        }
        for role in &grant.roles {
            let same = role.partition() == self.partition;
            unless(
                same,
                format!("{here}: {} is of another partition", code(role.as_str())),
            );
        }
        for group in &grant.groups {
            let own = group.partition() == self.partition
                && grant
                    .accounts
                    .iter()
                    .all(|account| account == group.account());
            unless(
                own,
                format!(
                    "{here}: {} can only be joined in its own account",
                    code(group.as_str())
                ),
            );
        }
        for action in &grant.accepted_exposures {
            let plain = is_known(action) && !action.contains(['*', '?']);
            unless(
                plain,
                format!("{here}: {} is not the name of one action", code(action)),
            );
        }
        let bounded = grant.roles.is_empty() || grant.longest_session.is_some();
        unless(
            bounded,
            format!("{here} has roles and no `longest_session`"),
        );
    }

    fn check_grant(&self, index: usize, grant: &Grants, unless: &mut impl FnMut(bool, String)) {
        let here = format!("grants[{index}]");
        unless(
            !grant.accounts.is_empty(),
            format!("{here} names no account"),
        );
        unless(
            !grant.permits().is_empty(),
            format!("{here} grants nothing"),
        );
        unless(
            !grant.users || self.users.is_some(),
            format!("{here} has `users` and there is no `[users]` that says what they are to be"),
        );
        let within = grant.maximum_duration <= self.maximum_duration;
        unless(
            within,
            format!("{here} lasts longer than `maximum_duration`"),
        );
        let meant = grant.without_manager.is_none() || grant.manager != ManagerPart::None;
        unless(
            meant,
            format!("{here} has `without_manager` and no `manager` who is notified or approves"),
        );
        for policy in &grant.policies {
            let never = self.never.policies.contains(policy);
            unless(
                !never,
                format!("{here}: {} is in `never.policies`", code(policy.as_str())),
            );
            let same = policy.partition() == self.partition;
            unless(
                same,
                format!("{here}: {} is of another partition", code(policy.as_str())),
            );
            let boundary = policy.account().is_some() && policy.name() == self.principals.boundary;
            unless(
                !boundary,
                format!("{here}: {} is the boundary itself", code(policy.as_str())),
            );
            if let Some(owner) = policy.account() {
                let reachable = grant.accounts.iter().all(|account| account == owner);
                unless(
                    reachable,
                    format!(
                        "{here}: {} can only be attached in its own account",
                        code(policy.as_str())
                    ),
                );
            }
        }
        self.check_once(index, grant, unless);
    }

    /// That nothing is allowed twice in an account: which of the two would count?
    fn check_once(&self, index: usize, grant: &Grants, unless: &mut impl FnMut(bool, String)) {
        for other in self.grants.iter().take(index) {
            let mut common = grant
                .accounts
                .iter()
                .filter(|one| other.accounts.contains(one));
            let Some(account) = common.next() else {
                continue;
            };
            let (permits, above) = (grant.permits(), other.permits());
            for again in permits.iter().filter(|one| above.contains(one)) {
                let reported = format!(
                    "grants[{index}]: {} is already allowed in {account} above",
                    code(again.setting())
                );
                unless(false, reported);
            }
        }
    }
}

/// Whether a pattern matches any action that AWS has or had.
fn is_known(pattern: &str) -> bool {
    pattern == "*" || catalogue::actions_matching(pattern).next().is_some()
}
