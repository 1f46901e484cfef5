//! What policies are made of.

use iam_policy::document::PolicyType;

pub(crate) const TYPES: [PolicyType; 7] = [
    PolicyType::Identity,
    PolicyType::Identity,
    PolicyType::Identity,
    PolicyType::Resource,
    PolicyType::Resource,
    PolicyType::Trust,
    PolicyType::ServiceControl,
];

pub(crate) const ACTIONS: [&str; 12] = [
    "s3:GetObject",
    "s3:Get*",
    "s3:*",
    "S3:getobject",
    "s3:ListBucket",
    "*",
    "sqs:SendMessage",
    "sqs:*Message",
    "dynamodb:?etItem",
    "ec2:RunInstances",
    "*:*Object",
    "s3:PutObject",
];

pub(crate) const TRUST_ACTIONS: [&str; 4] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithWebIdentity",
    "sts:*",
    "sts:AssumeRole*",
];

pub(crate) const RESOURCES: [&str; 22] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::*/x",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:username, 'all'}/*",
    "arn:aws:s3:::b/${aws:username,''}*",
    "arn:aws:s3:::b/${k:a}${k:b}",
    "arn:aws:s3:::b/${k:a}*",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::b/${*}",
    "arn:*:s3:*:*:b/*",
    "arn:aws:sqs:*:*:q",
    "arn:aws:sqs:eu-west-1:111111111111:q*",
    "arn:aws:sqs:${aws:PrincipalTag/r}:111111111111:q",
    "arn:aws:sqs:*:111111111111:q",
    "arn:aws:sqs:eu-west-1:${k:a}:q",
    "arn:aws:sqs:eu-*:q",
    "arn:aws:sqs",
    "arn:aws:ec2:*:*:*/i-1",
    "arn:aws:ec2:*:*:instance/*",
    "arn:aws:s3:::B/*",
];

pub(crate) const KEYS: [&str; 12] = [
    "aws:username",
    "AWS:UserName",
    "aws:PrincipalTag/team",
    "aws:TagKeys",
    "aws:CurrentTime",
    "aws:SourceIp",
    "aws:PrincipalArn",
    "s3:prefix",
    "s3:max-keys",
    "k:a",
    "k:b",
    "aws:MultiFactorAuthPresent",
];

pub(crate) const TEXTS: [&str; 16] = [
    "a",
    "A",
    "ab",
    "a*",
    "*",
    "?",
    "*b",
    "",
    "${aws:username}",
    "${aws:username}/*",
    "${k:b}",
    "${k:b, 'a'}",
    "${*}",
    "a/${aws:username}",
    "${k:a}",
    "true",
];

pub(crate) const NUMBERS: [&str; 9] = [
    "5", "5.0", "0", "-1", "1e3", "1.7e308", "-1.7e308", "5e-324", "ten",
];

pub(crate) const DATES: [&str; 8] = [
    "2026-05-02T00:00:00Z",
    "2026-05-02",
    "1777680000",
    "999999999999",
    "-999999999999",
    "9999-12-31T23:59:59.999Z",
    "0000-01-01T00:00:00Z",
    "tomorrow",
];

pub(crate) const ADDRESSES: [&str; 8] = [
    "10.0.0.0/8",
    "10.0.0.0/9",
    "10.128.0.0/9",
    "0.0.0.0/0",
    "::/0",
    "2001:db8::/32",
    "10.1.2.3",
    "255.255.255.255/32",
];

pub(crate) const ARNS: [&str; 7] = [
    "arn:aws:iam::111111111111:role/*",
    "arn:aws:iam::*:role/a",
    "arn:aws:iam::111111111111:user/${aws:username}",
    "arn:aws:iam::${k:a}:role/a",
    "*",
    "arn:*:*:*:*:*",
    "arn:aws:iam::1*1:role/a",
];

pub(crate) const PRINCIPALS: [&str; 9] = [
    "*",
    "111111111111",
    "arn:aws:iam::111111111111:root",
    "222222222222",
    "arn:aws:iam::111111111111:user/a",
    "arn:aws:iam::111111111111:role/p/r",
    "arn:aws:sts::111111111111:assumed-role/r/s",
    "arn:aws:iam::111111111111:role/r",
    "arn:aws:iam::222222222222:user/a",
];
