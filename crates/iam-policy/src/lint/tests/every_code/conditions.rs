//! Findings about conditions.

use super::*;

pub(super) fn rows() -> Vec<Row> {
    let h = HOSTILE;
    let tag = format!("aws:PrincipalTag/{h}");
    let key = |code, operator: &str, key: &str, values| condition(code, h, operator, key, values);
    let words = "StringEquals";
    vec![
        key(
            Code::InvalidConditionOperator,
            h,
            "aws:PrincipalArn",
            json!("x"),
        ),
        key(Code::InvalidConditionKeyFormat, words, h, json!("x")),
        key(
            Code::InvalidGlobalConditionKey,
            words,
            &format!("aws:{h}"),
            json!("x"),
        ),
        key(
            Code::InvalidServiceConditionKey,
            words,
            &format!("s3:{h}"),
            json!("x"),
        ),
        key(
            Code::MissingTagKeyInCondition,
            words,
            &format!("{h}:ResourceTag/"),
            json!("x"),
        ),
        key(
            Code::OwnUnknownKey,
            words,
            &format!("x.{h}:sub"),
            json!("x"),
        ),
        key(Code::TypeMismatch, "Bool", &tag, json!("true")),
        key(
            Code::ForAllValuesWithSingleValuedKey,
            "ForAllValues:StringEquals",
            &tag,
            json!("x"),
        ),
        key(
            Code::OwnAllowForAllValues,
            "ForAllValues:StringEquals",
            &tag,
            json!("x"),
        ),
        condition(
            Code::OwnConditionNeverHolds,
            "S3:Delimiter",
            words,
            "S3:Delimiter",
            json!("x"),
        ),
        key(Code::EquivalentToNullFalse, "StringLike", &tag, json!("*")),
        key(
            Code::EquivalentToNullTrue,
            "StringNotLike",
            &tag,
            json!("*"),
        ),
        condition(
            Code::MissingQualifier,
            "AWS:tagkeys",
            words,
            "AWS:tagkeys",
            json!("x"),
        ),
        condition(
            Code::StringLikeOperatorWithArnKeys,
            "AWS:principalarn",
            "StringLike",
            "AWS:principalarn",
            json!("arn:x"),
        ),
        condition(
            Code::MissingPairedConditionKeys,
            "aws:SourceVpc",
            "IpAddress",
            "aws:VpcSourceIp",
            json!("10.0.0.0/8"),
        ),
        value(Code::TypeMismatchBoolean, "Bool", "aws:SecureTransport"),
        value(Code::TypeMismatchNumber, "NumericEquals", "s3:max-keys"),
        value(Code::TypeMismatchDate, "DateEquals", "aws:CurrentTime"),
        value(Code::TypeMismatchIpRange, "IpAddress", "aws:SourceIp"),
        value(Code::TypeMismatchString, "BinaryEquals", "aws:PrincipalArn"),
        value(Code::InvalidRegion, words, "aws:RequestedRegion"),
        value(Code::InvalidVpcFormat, words, "aws:SourceVpc"),
        value(Code::InvalidVpceFormat, words, "aws:SourceVpce"),
        value(
            Code::InvalidServicePrincipalFormat,
            "ForAnyValue:StringEquals",
            "aws:CalledVia",
        ),
        condition(
            Code::InvalidDateValue,
            "2026-02-30",
            "DateEquals",
            "aws:CurrentTime",
            json!("2026-02-30"),
        ),
        condition(
            Code::InvalidDateValue,
            "1777680000",
            "DateEquals",
            "aws:CurrentTime",
            json!("1777680000"),
        ),
        condition(
            Code::ImproveIpRange,
            "203.0.113.0/24",
            "IpAddress",
            "aws:SourceIp",
            json!("203.0.113.7/24"),
        ),
        identity_row(
            Code::AllowUnsupportedTag,
            "cloudshell",
            json!({"Action": "cloudshell:CreateEnvironment",
                "Condition": {words: {"aws:ResourceTag/a": "b"}}}),
        ),
        identity_row(
            Code::DenyUnsupportedTag,
            "cloudshell",
            json!({"Effect": "Deny", "Action": "cloudshell:CreateEnvironment",
                "Condition": {words: {"aws:ResourceTag/a": "b"}}}),
        ),
    ]
}
