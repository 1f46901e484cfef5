/// How grave a finding is, in the words of Access Analyzer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingType {
    /// The policy does not work as it is.
    Error,
    /// The policy allows more than it should.
    SecurityWarning,
    /// The policy does probably not do what is meant.
    Warning,
    /// The policy could be written better.
    Suggestion,
}

impl FindingType {
    /// The name Access Analyzer uses: `ERROR`, `SECURITY_WARNING`, `WARNING`, `SUGGESTION`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::SecurityWarning => "SECURITY_WARNING",
            Self::Warning => "WARNING",
            Self::Suggestion => "SUGGESTION",
        }
    }
}

macro_rules! codes {
    ($($kind:ident { $($code:ident $name:literal,)* })*) => {
        /// What a finding is about. Codes beginning with `IAM_POLICY_` are our own; all
        /// others are those of Access Analyzer's `ValidatePolicy`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each code says what it is; docs/policy-engine.md explains them")]
        #[non_exhaustive]
        pub enum Code {
            $($($code,)*)*
        }

        impl Code {
            /// All codes.
            pub const ALL: &[Self] = &[$($(Self::$code,)*)*];

            /// The code as it is written in answers.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Self::$code => $name,)*)*
                }
            }

            /// How grave it is.
            #[must_use]
            pub const fn finding_type(self) -> FindingType {
                match self {
                    $($(Self::$code)|* => FindingType::$kind,)*
                }
            }
        }
    };
}

codes! {
    Error {
        ArnAccountNotAllowed "ARN_ACCOUNT_NOT_ALLOWED",
        ArnRegionNotAllowed "ARN_REGION_NOT_ALLOWED",
        DataTypeMismatch "DATA_TYPE_MISMATCH",
        DuplicateKeysWithDifferentCase "DUPLICATE_KEYS_WITH_DIFFERENT_CASE",
        EmptyVariable "EMPTY_VARIABLE",
        FederatedPrincipalNotSupported "FEDERATED_PRINCIPAL_NOT_SUPPORTED",
        InvalidAction "INVALID_ACTION",
        InvalidArnAccount "INVALID_ARN_ACCOUNT",
        InvalidArnPrefix "INVALID_ARN_PREFIX",
        InvalidArnRegion "INVALID_ARN_REGION",
        InvalidArnResource "INVALID_ARN_RESOURCE",
        InvalidArnServiceCase "INVALID_ARN_SERVICE_CASE",
        InvalidConditionDataType "INVALID_CONDITION_DATA_TYPE",
        InvalidConditionKeyFormat "INVALID_CONDITION_KEY_FORMAT",
        InvalidConditionMultipleBoolean "INVALID_CONDITION_MULTIPLE_BOOLEAN",
        InvalidConditionOperator "INVALID_CONDITION_OPERATOR",
        InvalidEffect "INVALID_EFFECT",
        InvalidFederatedPrincipalSyntax "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY",
        InvalidGlobalConditionKey "INVALID_GLOBAL_CONDITION_KEY",
        InvalidPartition "INVALID_PARTITION",
        InvalidPolicyElement "INVALID_POLICY_ELEMENT",
        InvalidPrincipalFormat "INVALID_PRINCIPAL_FORMAT",
        InvalidPrincipalKey "INVALID_PRINCIPAL_KEY",
        InvalidRegion "INVALID_REGION",
        InvalidService "INVALID_SERVICE",
        InvalidServiceConditionKey "INVALID_SERVICE_CONDITION_KEY",
        InvalidServiceInAction "INVALID_SERVICE_IN_ACTION",
        InvalidServicePrincipalFormat "INVALID_SERVICE_PRINCIPAL_FORMAT",
        InvalidVariableForOperator "INVALID_VARIABLE_FOR_OPERATOR",
        InvalidVersion "INVALID_VERSION",
        InvalidVpcFormat "INVALID_VPC_FORMAT",
        InvalidVpceFormat "INVALID_VPCE_FORMAT",
        JsonSyntaxError "JSON_SYNTAX_ERROR",
        MismatchedActionForPrincipal "MISMATCHED_ACTION_FOR_PRINCIPAL",
        MissingAction "MISSING_ACTION",
        MissingActionForConditionKey "MISSING_ACTION_FOR_CONDITION_KEY",
        MissingActionForRolesAnywhere "MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY",
        MissingArnField "MISSING_ARN_FIELD",
        MissingArnRegion "MISSING_ARN_REGION",
        MissingBraceInVariable "MISSING_BRACE_IN_VARIABLE",
        MissingEffect "MISSING_EFFECT",
        MissingPrincipal "MISSING_PRINCIPAL",
        MissingQualifier "MISSING_QUALIFIER",
        MissingQuoteInVariable "MISSING_QUOTE_IN_VARIABLE",
        MissingResource "MISSING_RESOURCE",
        MissingStatement "MISSING_STATEMENT",
        MissingTagKeyInCondition "MISSING_TAG_KEY_IN_CONDITION",
        NullWithIfExists "NULL_WITH_IF_EXISTS",
        PolicySizeExceedsRcpQuota "POLICY_SIZE_EXCEEDS_RCP_QUOTA",
        PolicySizeExceedsScpQuota "POLICY_SIZE_EXCEEDS_SCP_QUOTA",
        PrivateIpAddress "PRIVATE_IP_ADDRESS",
        PrivateNotIpAddress "PRIVATE_NOTIPADDRESS",
        RcpSyntaxErrorAllow "RCP_SYNTAX_ERROR_ALLOW",
        RcpSyntaxErrorNotAction "RCP_SYNTAX_ERROR_NOTACTION",
        RcpSyntaxErrorNotPrincipal "RCP_SYNTAX_ERROR_NOTPRINCIPAL",
        RcpSyntaxErrorPrincipal "RCP_SYNTAX_ERROR_PRINCIPAL",
        TrustNotPrincipal "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL",
        TrustResource "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
        TrustWildcardPrincipal "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        ScpSyntaxErrorPrincipal "SCP_SYNTAX_ERROR_PRINCIPAL",
        UniqueSidsRequired "UNIQUE_SIDS_REQUIRED",
        UnsupportedConditionKeyForServicePrincipal "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL",
        UnsupportedElementCombination "UNSUPPORTED_ELEMENT_COMBINATION",
        UnsupportedGlobalConditionKey "UNSUPPORTED_GLOBAL_CONDITION_KEY",
        UnsupportedPrincipal "UNSUPPORTED_PRINCIPAL",
        UnsupportedSid "UNSUPPORTED_SID",
        UnsupportedSpaceInVariable "UNSUPPORTED_SPACE_IN_VARIABLE",
        UnsupportedWildcardInPrincipal "UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        VariableUnsupportedInElement "VARIABLE_UNSUPPORTED_IN_ELEMENT",
        VariableUnsupportedInVersion "VARIABLE_UNSUPPORTED_IN_VERSION",
        OwnActionNotOfSts "IAM_POLICY_ACTION_NOT_OF_STS",
        OwnDuplicateKey "IAM_POLICY_DUPLICATE_KEY",
    }
    SecurityWarning {
        AllowWithNotPrincipal "ALLOW_WITH_NOTPRINCIPAL",
        DenyNotActionUnsupportedTag "DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        DenyUnsupportedTag "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        ForAllValuesWithSingleValuedKey "FORALLVALUES_WITH_SINGLE_VALUED_KEY",
        MissingConditionKeyForOidc "MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL",
        MissingGithubRepoConditionKey "MISSING_GITHUB_REPO_CONDITION_KEY",
        MissingPairedConditionKeys "MISSING_PAIRED_CONDITION_KEYS",
        PassRoleWithNotActionAndNotResource "PASS_ROLE_WITH_NOTACTION_AND_NOTRESOURCE",
        PassRoleWithNotResource "PASS_ROLE_WITH_NOTRESOURCE",
        PassRoleWithStarInActionAndNotResource "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOTRESOURCE",
        PassRoleWithStarInActionAndResource "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE",
        PassRoleWithStarInResource "PASS_ROLE_WITH_STAR_IN_RESOURCE",
        PassRoleWithStarInResourceAndNotAction "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOTACTION",
        RestrictAccessToServicePrincipal "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL",
        StringLikeOperatorWithArnKeys "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS",
        OwnAllowForAllValues "IAM_POLICY_ALLOW_FORALLVALUES_WITHOUT_NULL",
        OwnConditionMayLimitNothing "IAM_POLICY_CONDITION_MAY_LIMIT_NOTHING",
        OwnAllowNotAction "IAM_POLICY_ALLOW_NOTACTION",
    }
    Warning {
        CreateSlrWithNotActionAndNotResource "CREATE_SLR_WITH_NOTACTION_AND_NOTRESOURCE",
        CreateSlrWithNotResource "CREATE_SLR_WITH_NOTRESOURCE",
        CreateSlrWithStarInActionAndNotResource "CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOTRESOURCE",
        CreateSlrWithStarInActionAndResource "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE",
        CreateSlrWithStarInResource "CREATE_SLR_WITH_STAR_IN_RESOURCE",
        CreateSlrWithStarInResourceAndNotAction "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOTACTION",
        InvalidDateValue "INVALID_DATE_VALUE",
        InvalidRoleReference "INVALID_ROLE_REFERENCE",
        InvalidUserReference "INVALID_USER_REFERENCE",
        MissingVersion "MISSING_VERSION",
        PolicySizeExceedsIdentityQuota "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
        PolicySizeExceedsResourceQuota "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA",
        PolicySizeExceedsTrustQuota "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA",
        SpecificGithubRepo "SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED",
        TypeMismatch "TYPE_MISMATCH",
        TypeMismatchBoolean "TYPE_MISMATCH_BOOLEAN",
        TypeMismatchDate "TYPE_MISMATCH_DATE",
        TypeMismatchIpRange "TYPE_MISMATCH_IP_RANGE",
        TypeMismatchNumber "TYPE_MISMATCH_NUMBER",
        TypeMismatchString "TYPE_MISMATCH_STRING",
        UniqueSidsRecommended "UNIQUE_SIDS_RECOMMENDED",
        WildcardWithoutLikeOperator "WILDCARD_WITHOUT_LIKE_OPERATOR",
        OwnConditionNeverHolds "IAM_POLICY_CONDITION_NEVER_HOLDS",
        OwnUnknownKey "IAM_POLICY_UNKNOWN_CONDITION_KEY",
        OwnResourceNeverMatches "IAM_POLICY_RESOURCE_NEVER_MATCHES",
    }
    Suggestion {
        AllowNotActionUnsupportedTag "ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        AllowUnsupportedTag "ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        EmptyArrayAction "EMPTY_ARRAY_ACTION",
        EmptyArrayCondition "EMPTY_ARRAY_CONDITION",
        EmptyArrayConditionForAllValues "EMPTY_ARRAY_CONDITION_FORALLVALUES",
        EmptyArrayConditionForAnyValue "EMPTY_ARRAY_CONDITION_FORANYVALUE",
        EmptyArrayConditionIfExists "EMPTY_ARRAY_CONDITION_IFEXISTS",
        EmptyArrayPrincipal "EMPTY_ARRAY_PRINCIPAL",
        EmptyArrayResource "EMPTY_ARRAY_RESOURCE",
        EmptyObjectCondition "EMPTY_OBJECT_CONDITION",
        EmptyObjectPrincipal "EMPTY_OBJECT_PRINCIPAL",
        EmptySidValue "EMPTY_SID_VALUE",
        EquivalentToNullFalse "EQUIVALENT_TO_NULL_FALSE",
        EquivalentToNullTrue "EQUIVALENT_TO_NULL_TRUE",
        ImproveIpRange "IMPROVE_IP_RANGE",
        NullWithQualifier "NULL_WITH_QUALIFIER",
        PrivateIpAddressSubset "PRIVATE_IP_ADDRESS_SUBSET",
        PrivateNotIpAddressSubset "PRIVATE_NOTIPADDRESS_SUBSET",
        RedundantAction "REDUNDANT_ACTION",
        RedundantConditionValueNum "REDUNDANT_CONDITION_VALUE_NUM",
        RedundantPrincipalInTrust "REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY",
        RedundantResource "REDUNDANT_RESOURCE",
        RedundantStatement "REDUNDANT_STATEMENT",
        WildcardInServiceName "WILDCARD_IN_SERVICE_NAME",
        OwnRetired "IAM_POLICY_RETIRED",
        OwnTooManyToCompare "IAM_POLICY_TOO_MANY_TO_COMPARE",
    }
}

impl Code {
    /// Own codes that are answered only when asked for.
    pub(super) const fn is_optional(self) -> bool {
        matches!(
            self,
            Self::OwnActionNotOfSts
                | Self::OwnAllowForAllValues
                | Self::OwnAllowNotAction
                | Self::OwnConditionMayLimitNothing
                | Self::OwnConditionNeverHolds
                | Self::OwnResourceNeverMatches
                | Self::OwnRetired
                | Self::OwnTooManyToCompare
                | Self::OwnUnknownKey
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
