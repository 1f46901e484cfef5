//! What is measured, and by what it is broken down.

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Requests that were accepted.
    Requests,
    /// Requests that came to a state.
    States,
    /// Decisions of owners, one for each slot.
    Decisions,
    /// Approval e-mails that the mail service accepted.
    ApprovalEmails,
    /// Updates of tickets.
    TicketUpdates,
    /// Requests put off, to be looked at again.
    Retries,
    /// Errors in a function's log, whatever became of the call.
    LoggedErrors,
    /// Decisions whose signature did not verify.
    UnprovenDecisions,
    /// From acceptance to the decision that settled the request.
    TimeToDecision,
    /// From the last decision to the access.
    TimeToAccess,
    /// From acceptance to the access.
    TotalTimeToAccess,
    /// From the end of an access to its removal, once it is removed.
    RemovalDelay,
    /// How long an access that is still there should have been gone.
    RemovalOverdue,
    /// Reads of a request whose removal is parked: it has not worked for a day.
    ParkedRemovals,
    /// Removals that were abandoned: the access may remain.
    AbandonedRemovals,
    /// Reads of a request whose audit trail does not bear it out.
    BrokenTrails,
    /// How long what is due has waited, at the beginning of a run of the sweeper: the oldest.
    OldestDue,
    /// Buckets of which the sweeper left something for the next run.
    SweepsCut,
    /// Items that are due and cannot be read, or are of no known kind.
    UnreadableDue,
    /// Effects whose access should be over and that nothing due led to.
    MissedEnds,
    /// Inline policies named like ours that the ledger does not know.
    UnknownPolicies,
    /// Requests with which more is asked for of a kind of grant, or by a requester, than the guardrails
    /// call usual.
    UnusualVolume,
}

/// What a metric is broken down by, besides the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// The state of the request.
    State,
    /// `approve` or `deny`.
    Verdict,
    /// The function that measured.
    Function,
}

impl Dimension {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::State => "State",
            Self::Verdict => "Verdict",
            Self::Function => "Function",
        }
    }
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Requests,
        Self::States,
        Self::Decisions,
        Self::ApprovalEmails,
        Self::TicketUpdates,
        Self::Retries,
        Self::LoggedErrors,
        Self::UnprovenDecisions,
        Self::TimeToDecision,
        Self::TimeToAccess,
        Self::TotalTimeToAccess,
        Self::RemovalDelay,
        Self::RemovalOverdue,
        Self::ParkedRemovals,
        Self::AbandonedRemovals,
        Self::BrokenTrails,
        Self::OldestDue,
        Self::SweepsCut,
        Self::UnreadableDue,
        Self::MissedEnds,
        Self::UnknownPolicies,
        Self::UnusualVolume,
    ];

    /// Its name in CloudWatch.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "Requests",
            Self::States => "States",
            Self::Decisions => "Decisions",
            Self::ApprovalEmails => "ApprovalEmails",
            Self::TicketUpdates => "TicketUpdates",
            Self::Retries => "Retries",
            Self::LoggedErrors => "LoggedErrors",
            Self::UnprovenDecisions => "UnprovenDecisions",
            Self::TimeToDecision => "TimeToDecision",
            Self::TimeToAccess => "TimeToAccess",
            Self::TotalTimeToAccess => "TotalTimeToAccess",
            Self::RemovalDelay => "RemovalDelay",
            Self::RemovalOverdue => "RemovalOverdue",
            Self::ParkedRemovals => "ParkedRemovals",
            Self::AbandonedRemovals => "AbandonedRemovals",
            Self::BrokenTrails => "BrokenTrails",
            Self::OldestDue => "OldestDue",
            Self::SweepsCut => "SweepsCut",
            Self::UnreadableDue => "UnreadableDue",
            Self::MissedEnds => "MissedEnds",
            Self::UnknownPolicies => "UnknownPolicies",
            Self::UnusualVolume => "UnusualVolume",
        }
    }

    /// Its unit: `Count` or `Seconds` (CloudWatch API, MetricDatum).
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::TimeToDecision
            | Self::TimeToAccess
            | Self::TotalTimeToAccess
            | Self::RemovalDelay
            | Self::RemovalOverdue
            | Self::OldestDue => "Seconds",
            _ => "Count",
        }
    }

    /// What it is broken down by.
    #[must_use]
    pub const fn dimension(self) -> Option<Dimension> {
        match self {
            Self::States => Some(Dimension::State),
            Self::Decisions => Some(Dimension::Verdict),
            Self::Retries | Self::LoggedErrors => Some(Dimension::Function),
            _ => None,
        }
    }
}
