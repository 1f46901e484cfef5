/// What an action does, as AWS classes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Sees that things exist.
    List,
    /// Reads what is in them.
    Read,
    /// Makes, changes or removes them.
    Write,
    /// Grants or changes permissions.
    PermissionsManagement,
    /// Changes tags only.
    Tagging,
}

impl AccessLevel {
    /// All levels.
    pub const ALL: [Self; 5] = [
        Self::List,
        Self::Read,
        Self::Write,
        Self::PermissionsManagement,
        Self::Tagging,
    ];

    /// The name AWS uses: `List`, `Read`, `Write`, `Permissions management`, `Tagging`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::PermissionsManagement => "Permissions management",
            Self::Tagging => "Tagging",
        }
    }

    pub(super) fn from_letter(letter: &str) -> Self {
        match letter {
            "L" => Self::List,
            "R" => Self::Read,
            "P" => Self::PermissionsManagement,
            "T" => Self::Tagging,
            _ => Self::Write,
        }
    }
}

/// The kind of values a condition key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Any text, as `String` operators compare it.
    String,
    /// An ARN.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A number.
    Numeric,
    /// A point in time.
    Date,
    /// An address or a range of addresses.
    IpAddress,
    /// Base64.
    Binary,
}
