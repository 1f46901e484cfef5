//! Fuzzing on the stable compiler: every target for a few seconds with each run of the tests,
//! for longer with `FUZZ_SECONDS=…` (see `make fuzz`).

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests"
)]

mod driver;
mod policies;
mod targets;

use driver::drive;

/// Texts to begin with: policies of all kinds, and lines with all kinds of values.
const SEEDS: [&str; 10] = [
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":["arn:aws:s3:::reports","arn:aws:s3:::reports/*"],"Condition":{"DateLessThan":{"aws:CurrentTime":"2027-05-02T00:00:00Z"},"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","NotAction":"iam:*","NotResource":"arn:aws:iam::*:user/${aws:username}","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111111111111:root","222222222222"],"Service":"lambda.amazonaws.com"},"Action":"kms:Decrypt","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]},"NumericLessThanEquals":{"s3:max-keys":"10"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:o/r:*"}}}]}"#,
    r#"{"Version":"2008-10-17","Id":"x","Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":"*"},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}]}"#,
    "2026-05-02T10:00:00.5+01:30\n2026-05-02\n1777680000\n-292275055-01-01\n9999999999999999999",
    "203.0.113.7/24\n::ffff:10.0.0.1\n2001:db8::/129\n0.0.0.0/0\n::",
    "1e308\n-0\n0x10\n.5\n1_000\n99999999999999999999999",
    "arn:aws:s3:::a/*\narn:*:iam::111111111111:role/a?b\narn:aws:sqs\narn:aws:ec2:*:*:*/i-1",
    "s3:GetObject\niam:*\nS3:getobjcet\n*:*\nec2:Desc?ibe*\nsns",
];

macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let seeds = SEEDS.map(str::as_bytes);
                drive(stringify!($name), &seeds, targets::$name);
            }
        )*
    };
}

targets! { json document lint values prove evaluate minimise classify explain names }
