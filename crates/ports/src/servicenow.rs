//! ServiceNow: reading people, tickets and owners, and, for the reporter alone, writing.

use std::future::Future;

use snowgate_core::account::AccountItem;
use snowgate_core::id::{AccountId, SysId};
use snowgate_core::request::{Source, TableName};
use snowgate_core::slots::Delegation;
use snowgate_core::ticket::{Person, Ticket};
use snowgate_core::ticket_note::TicketUpdate;

use crate::CallError;

/// Reads ServiceNow. Every answer is checked: what does not echo the key that was asked for, or
/// lacks a field, is an error and never an owner.
pub trait ServiceNow: Send + Sync {
    /// The record behind a request; none if it does not exist.
    fn ticket(
        &self,
        source: &Source,
    ) -> impl Future<Output = Result<Option<Ticket>, CallError>> + Send;

    /// The people with these ids (at most 50), in any order. Those that do not exist are missing.
    fn people(&self, ids: &[SysId]) -> impl Future<Output = Result<Vec<Person>, CallError>> + Send;

    /// Who manages a person (`manager`); none where there is no such person or manager, or where who it
    /// is may not be seen.
    fn manager(
        &self,
        person: &SysId,
    ) -> impl Future<Output = Result<Option<SysId>, CallError>> + Send;

    /// The configuration item of an AWS account; none unless there is exactly one.
    fn account(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<Option<AccountItem>, CallError>> + Send;

    /// A configuration item of any class; none unless there is exactly one.
    fn item(
        &self,
        sys_id: &SysId,
    ) -> impl Future<Output = Result<Option<AccountItem>, CallError>> + Send;

    /// The delegations of approvals by these people (at most 50), whatever their dates, the
    /// latest to begin first; at most 200.
    fn delegations(
        &self,
        of: &[SysId],
    ) -> impl Future<Output = Result<Vec<Delegation>, CallError>> + Send;

    /// The manager of an active group; none where the group is missing or inactive, or has no
    /// manager.
    fn group_manager(
        &self,
        group: &SysId,
    ) -> impl Future<Output = Result<Option<SysId>, CallError>> + Send;

    /// The members of an active group, ordered by `sys_id`, at most 50; none where the group is
    /// missing or inactive.
    fn group_members(
        &self,
        group: &SysId,
    ) -> impl Future<Output = Result<Vec<SysId>, CallError>> + Send;
}

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is there, read back.
    Now,
    /// It was there already.
    Before,
}

/// Writes to tickets.
pub trait Tickets: Send + Sync {
    /// Brings an update into a record: looks for the marker first, writes, reads back. Fields
    /// that were not saved are an error.
    fn update(
        &self,
        table: &TableName,
        sys_id: &SysId,
        update: &TicketUpdate,
    ) -> impl Future<Output = Result<Written, CallError>> + Send;
}
