//! Codes: enums without members, as strings.

use super::schema::stored_codes;
use crate::approval::Verdict;
use crate::audit::TrailFault;
use crate::bounce::BounceKind;
use crate::finding::FindingCode;
use crate::lifecycle::State;
use crate::preview::PassedOverBecause;
use crate::principal::PrincipalType;
use crate::record::{BlockedBecause, FailureCode, RefusalCode, RetainedBecause, SkipCode};
use crate::slots::{ApproverRole, OwnedResourceKind};

stored_codes!(StateV1 for State {
    "Received" = Received,
    "Pending" = Pending,
    "Approved" = Approved,
    "Provisioning" = Provisioning,
    "Active" = Active,
    "Revoking" = Revoking,
    "Revoked" = Revoked,
    "Abandoned" = Abandoned,
    "Refused" = Refused,
    "Undeliverable" = Undeliverable,
    "Denied" = Denied,
    "Expired" = Expired,
    "Withdrawn" = Withdrawn,
    "Failed" = Failed,
    "Previewed" = Previewed,
});

stored_codes!(VerdictV1 for Verdict {
    "approve" = Approve,
    "deny" = Deny,
});

stored_codes!(PrincipalTypeV1 for PrincipalType {
    "user" = User,
    "role" = Role,
});

stored_codes!(ApproverRoleV1 for ApproverRole {
    "owner" = Owner,
    "manager" = Manager,
    "group_manager" = GroupManager,
    "group_member" = GroupMember,
    "security_group" = SecurityGroup,
    "line_manager" = LineManager,
});

stored_codes!(OwnedResourceKindV1 for OwnedResourceKind {
    "account" = Account,
    "item" = Item,
    "beneficiary" = Beneficiary,
});

stored_codes!(BounceKindV1 for BounceKind {
    "bounced" = Bounced,
    "complained" = Complained,
});

stored_codes!(RetainedBecauseV1 for RetainedBecause {
    "there_before" = ThereBefore,
    "still_granted" = StillGranted,
});

stored_codes!(BlockedBecauseV1 for BlockedBecause {
    "moved" = Moved,
    "group_renamed" = GroupRenamed,
    "denied" = Denied,
    "not_prepared" = NotPrepared,
    "unproven" = Unproven,
    "keys_stay_active" = KeysStayActive,
    "user_left" = UserLeft,
});

stored_codes!(SkipCodeV1 for SkipCode {
    "no_such_person" = NoSuchPerson,
    "inactive" = Inactive,
    "locked" = Locked,
    "no_mail" = NoMail,
    "foreign_mail" = ForeignMail,
    "not_an_approver" = NotAnApprover,
    "mail_refused" = MailRefused,
    "too_late" = TooLate,
});

stored_codes!(PassedOverBecauseV1 for PassedOverBecause {
    "inactive" = Inactive,
    "locked" = Locked,
    "no_mail" = NoMail,
    "foreign_mail" = ForeignMail,
    "involved" = Involved,
    "ticket_names_approver" = TicketNamesApprover,
    "same_person" = SamePerson,
    "enough" = Enough,
    "missing" = Missing,
});

stored_codes!(FailureCodeV1 for FailureCode {
    "unproven_decision" = UnprovenDecision,
    "content_changed" = ContentChanged,
    "outside_guardrails" = OutsideGuardrails,
    "iam_refused" = IamRefused,
    "timed_out" = TimedOut,
    "broken_trail" = BrokenTrail,
    "name_taken" = NameTaken,
    "user_ended" = UserEnded,
    "outlives_user" = OutlivesUser,
});

stored_codes!(TrailFaultV1 for TrailFault {
    "head" = Head,
    "order" = Order,
    "changed" = Changed,
    "unreadable" = Unreadable,
    "in_the_way" = InTheWay,
    "too_long" = TooLong,
    "disagrees" = Disagrees,
});

stored_codes!(RefusalCodeV1 for RefusalCode {
    "table_not_allowed" = TableNotAllowed,
    "no_such_ticket" = NoSuchTicket,
    "ticket_mismatch" = TicketMismatch,
    "requester_inactive" = RequesterInactive,
    "account_not_prepared" = AccountNotPrepared,
    "beneficiary_inactive" = BeneficiaryInactive,
    "unreadable_identity" = UnreadableIdentity,
    "no_such_principal" = NoSuchPrincipal,
    "not_enrolled" = NotEnrolled,
    "no_such_policy" = NoSuchPolicy,
    "quota_reached" = QuotaReached,
    "no_such_role" = NoSuchRole,
    "no_such_group" = NoSuchGroup,
    "role_does_not_trust" = RoleDoesNotTrust,
    "trusts_already" = TrustsAlready,
    "session_too_long" = SessionTooLong,
    "not_extendable" = NotExtendable,
    "outside_guardrails" = OutsideGuardrails,
    "too_many_approvers" = TooManyApprovers,
    "too_many_policies" = TooManyPolicies,
    "unreadable_policy" = UnreadablePolicy,
    "denied_action" = DeniedAction,
    "exceeds_reference" = ExceedsReference,
    "escalates" = Escalates,
    "exposes" = Exposes,
    "no_manager" = NoManager,
    "name_taken" = NameTaken,
    "owner_not_allowed" = OwnerNotAllowed,
    "user_ended" = UserEnded,
    "outlives_user" = OutlivesUser,
});

stored_codes!(FindingCodeV1 for FindingCode {
    "table_not_allowed" = TableNotAllowed,
    "account_not_allowed" = AccountNotAllowed,
    "grant_not_allowed" = GrantNotAllowed,
    "needs_sign_in" = NeedsSignIn,
    "too_long" = TooLong,
    "too_long_in_total" = TooLongInTotal,
    "only_users" = OnlyUsers,
    "cannot_end" = CannotEnd,
    "partition_not_allowed" = PartitionNotAllowed,
    "unreadable" = Unreadable,
    "denied_action" = DeniedAction,
    "exceeds_reference" = ExceedsReference,
    "not_proven" = NotProven,
    "escalates" = Escalates,
    "exposes_resources" = ExposesResources,
    "exposes_credentials" = ExposesCredentials,
    "not_enrolled" = NotEnrolled,
    "quota_reached" = QuotaReached,
    "too_many_policies" = TooManyPolicies,
    "role_does_not_trust" = RoleDoesNotTrust,
    "trusts_already" = TrustsAlready,
    "session_too_long" = SessionTooLong,
    "trust_depends" = TrustDepends,
    "may_escalate" = MayEscalate,
    "reads_data" = ReadsData,
    "whole_service" = WholeService,
    "every_resource" = EveryResource,
    "permits_nothing" = PermitsNothing,
    "probably_wrong" = ProbablyWrong,
    "reads_secrets" = ReadsSecrets,
    "opens_resources" = OpensResources,
    "account_not_named" = AccountNotNamed,
    "name_not_allowed" = NameNotAllowed,
    "tag_not_allowed" = TagNotAllowed,
    "no_boundary" = NoBoundary,
    "limited_to_accounts" = LimitedToAccounts,
    "names_other_accounts" = NamesOtherAccounts,
    "no_manager" = NoManager,
    "without_manager" = WithoutManager,
});
