use crate::foreign;

/// What a policy is attached to; decides which elements it may and must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyType {
    /// Attached to a user, group or role.
    Identity,
    /// Attached to a resource such as a bucket or a queue.
    Resource,
    /// The trust policy of a role.
    Trust,
    /// A service control policy of an organisation.
    ServiceControl,
    /// A resource control policy of an organisation.
    ResourceControl,
    /// A permissions boundary.
    Boundary,
    /// Given along when a session is made.
    Session,
}

impl PolicyType {
    /// All types.
    pub const ALL: [Self; 7] = [
        Self::Identity,
        Self::Resource,
        Self::Trust,
        Self::ServiceControl,
        Self::ResourceControl,
        Self::Boundary,
        Self::Session,
    ];

    /// The short name: `identity`, `resource`, `trust`, `scp`, `rcp`, `boundary`, `session`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Resource => "resource",
            Self::Trust => "trust",
            Self::ServiceControl => "scp",
            Self::ResourceControl => "rcp",
            Self::Boundary => "boundary",
            Self::Session => "session",
        }
    }

    /// Whether statements name principals: resource, trust and resource control policies.
    #[must_use]
    pub const fn has_principal(self) -> bool {
        matches!(self, Self::Resource | Self::Trust | Self::ResourceControl)
    }

    /// Whether statements must name resources. A resource or trust policy may leave
    /// them out: it then speaks of what it is attached to.
    #[must_use]
    pub const fn needs_resource(self) -> bool {
        !matches!(self, Self::Resource | Self::Trust)
    }
}

/// A name that is no policy type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown policy type {}", foreign::code(.0))]
pub struct UnknownPolicyType(String);

impl std::str::FromStr for PolicyType {
    type Err = UnknownPolicyType;

    /// Reads the short names and those of Access Analyzer (`IDENTITY_POLICY`, …), in any case.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let plain = name.to_ascii_lowercase().replace(['-', ' '], "_");
        Ok(match plain.trim_end_matches("_policy") {
            "identity" | "managed" | "inline" => Self::Identity,
            "resource" => Self::Resource,
            "trust" | "role_trust" | "assume_role" => Self::Trust,
            "scp" | "service_control" => Self::ServiceControl,
            "rcp" | "resource_control" => Self::ResourceControl,
            "boundary" | "permissions_boundary" | "permission_boundary" => Self::Boundary,
            "session" => Self::Session,
            _ => return Err(UnknownPolicyType(name.to_owned())),
        })
    }
}

/// The language version. Without a `Version` element AWS reads the document as the older one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Version {
    /// `2008-10-17`: no policy variables, `${…}` stands for itself.
    #[default]
    V2008,
    /// `2012-10-17`
    V2012,
}

impl Version {
    /// The version as it is written in a document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2008 => "2008-10-17",
            Self::V2012 => "2012-10-17",
        }
    }

    /// Reads a version as it is written in a document.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::V2008, Self::V2012]
            .into_iter()
            .find(|version| version.as_str() == text)
    }

    /// Whether `${…}` is a variable.
    #[must_use]
    pub const fn has_variables(self) -> bool {
        matches!(self, Self::V2012)
    }
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Permits, unless some statement denies.
    Allow,
    /// Forbids, and wins over every permission.
    Deny,
}

impl Effect {
    /// The effect as it is written in a document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }

    /// Reads an effect as it is written in a document; case matters.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Allow, Self::Deny]
            .into_iter()
            .find(|effect| effect.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_types_have_their_names() {
        for policy_type in PolicyType::ALL {
            assert_eq!(policy_type.name().parse(), Ok(policy_type));
        }
        assert_eq!(
            "SERVICE_CONTROL_POLICY".parse(),
            Ok(PolicyType::ServiceControl)
        );
        assert!("group".parse::<PolicyType>().is_err());
    }
}
