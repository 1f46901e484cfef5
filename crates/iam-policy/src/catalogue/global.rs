//! The condition keys that every service has, from the IAM user guide,
//! "AWS global condition context keys".

use super::ValueType;

/// A condition key that begins with `aws:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GlobalKey {
    name: &'static str,
    value_type: ValueType,
    multi_valued: bool,
}

impl GlobalKey {
    /// Its name; keys that go on with the name of a tag end in `/`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The kind of its values.
    #[must_use]
    pub const fn value_type(&self) -> ValueType {
        self.value_type
    }

    /// Whether a request may hold several values.
    #[must_use]
    pub const fn is_multi_valued(&self) -> bool {
        self.multi_valued
    }

    /// Whether the name of a tag must follow.
    #[must_use]
    pub fn wants_tag(&self) -> bool {
        self.name.ends_with('/')
    }
}

const fn one(name: &'static str, value_type: ValueType) -> GlobalKey {
    GlobalKey {
        name,
        value_type,
        multi_valued: false,
    }
}

const fn text(name: &'static str) -> GlobalKey {
    one(name, ValueType::String)
}

const fn many(name: &'static str) -> GlobalKey {
    GlobalKey {
        name,
        value_type: ValueType::String,
        multi_valued: true,
    }
}

static KEYS: [GlobalKey; 54] = [
    many("aws:CalledVia"),
    one("aws:AssumedRoot", ValueType::Bool),
    text("aws:CalledViaAWSMCP"),
    text("aws:CalledViaFirst"),
    text("aws:CalledViaLast"),
    one("aws:ChatbotSourceArn", ValueType::Arn),
    one("aws:CurrentTime", ValueType::Date),
    one("aws:Ec2InstanceSourcePrivateIPv4", ValueType::IpAddress),
    text("aws:Ec2InstanceSourceVpc"),
    one("aws:EpochTime", ValueType::Date),
    text("aws:FederatedProvider"),
    one("aws:IsMcpServiceAction", ValueType::Bool),
    one("aws:MultiFactorAuthAge", ValueType::Numeric),
    one("aws:MultiFactorAuthPresent", ValueType::Bool),
    text("aws:PrincipalAccount"),
    one("aws:PrincipalArn", ValueType::Arn),
    one("aws:PrincipalIsAWSService", ValueType::Bool),
    text("aws:PrincipalOrgID"),
    text("aws:PrincipalOrgMasterAccountId"),
    many("aws:PrincipalOrgPaths"),
    text("aws:PrincipalServiceName"),
    many("aws:PrincipalServiceNamesList"),
    text("aws:PrincipalTag/"),
    text("aws:PrincipalType"),
    text("aws:Referer"),
    text("aws:RequestTag/"),
    text("aws:RequestedRegion"),
    text("aws:ResourceAccount"),
    text("aws:ResourceOrgID"),
    many("aws:ResourceOrgPaths"),
    text("aws:ResourceTag/"),
    one("aws:SecureTransport", ValueType::Bool),
    one("aws:SignInSessionArn", ValueType::Arn),
    text("aws:SourceAccount"),
    one("aws:SourceArn", ValueType::Arn),
    text("aws:SourceIdentity"),
    one("aws:SourceIp", ValueType::IpAddress),
    text("aws:SourceOrgID"),
    many("aws:SourceOrgPaths"),
    text("aws:SourceVpc"),
    one("aws:SourceVpcArn", ValueType::Arn),
    text("aws:SourceVpce"),
    many("aws:TagKeys"),
    one("aws:TokenIssueTime", ValueType::Date),
    text("aws:UserAgent"),
    one("aws:ViaAWSMCPService", ValueType::Bool),
    one("aws:ViaAWSService", ValueType::Bool),
    text("aws:VpceAccount"),
    text("aws:VpceOrgID"),
    many("aws:VpceOrgPaths"),
    one("aws:VpcSourceIp", ValueType::IpAddress),
    text("aws:userid"),
    text("aws:username"),
    one("aws:ARN", ValueType::Arn),
];

/// All global keys.
#[must_use]
pub fn global_keys() -> &'static [GlobalKey] {
    &KEYS
}

/// The global key that a name in a policy means, in any case.
#[must_use]
pub fn global_key(name: &str) -> Option<&'static GlobalKey> {
    KEYS.iter().find(|key| {
        if key.wants_tag() {
            name.len() > key.name.len()
                && name
                    .get(..key.name.len())
                    .is_some_and(|begin| begin.eq_ignore_ascii_case(key.name))
        } else {
            key.name.eq_ignore_ascii_case(name)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_any_case() {
        assert!(global_key("AWS:sourceip").is_some());
        assert!(global_key("aws:PrincipalTag/team").is_some());
        assert!(global_key("aws:PrincipalTag/").is_none());
        assert!(global_key("aws:TagKeys").is_some_and(GlobalKey::is_multi_valued));
    }
}
