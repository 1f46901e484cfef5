//! Values of conditions: whether they are of the operator's kind and say what is meant.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::conditions::{Compares, Entry, Qualifier};
use super::{Checker, Code, arn, dates};
use crate::catalogue::wildcard;
use crate::document::Value;
use crate::foreign;

impl Checker<'_, '_> {
    pub(super) fn condition_values(&mut self, entry: &Entry<'_, '_>) {
        let values = entry.entry.values().values();
        let operator = entry.operator;
        self.shape_of_values(entry);
        for (nth, value) in values.iter().enumerate() {
            if self.is_full() {
                return;
            }
            let textual = matches!(operator.compares, Compares::Text | Compares::Arn);
            let variable = wildcard::has_variable(value.text());
            if textual {
                self.variables(value, || entry.value_path(nth));
            } else if variable {
                let message = "variables work only with String and Arn operators".to_owned();
                self.add(
                    Code::InvalidVariableForOperator,
                    entry.value_path(nth),
                    value.span(),
                    message,
                );
            }
            if !variable {
                if let Some((code, message)) = self.kind_fault(entry, value) {
                    self.add(code, entry.value_path(nth), value.span(), message);
                }
                if let Some((code, message)) = meaning_fault(entry, value.text()) {
                    self.add(code, entry.value_path(nth), value.span(), message);
                }
            }
            self.wildcards(entry, nth, value);
        }
        if operator.compares == Compares::Address {
            self.addresses(entry);
        }
    }

    fn shape_of_values(&mut self, entry: &Entry<'_, '_>) {
        let list = entry.entry.values();
        let operator = entry.operator;
        let add = |this: &mut Self, code, message: &str| {
            this.add(code, entry.path(), list.span(), message.to_owned());
        };
        match list.values() {
            [] => {
                let (code, message) = match operator.qualifier {
                    Some(Qualifier::ForAllValues) => (
                        Code::EmptyArrayConditionForAllValues,
                        "without values this holds only when the key is missing; use `Null`",
                    ),
                    Some(Qualifier::ForAnyValue) => (
                        Code::EmptyArrayConditionForAnyValue,
                        "without values this never holds",
                    ),
                    None if operator.if_exists => (
                        Code::EmptyArrayConditionIfExists,
                        "without values this holds only when the key is missing; use `Null`",
                    ),
                    None => (Code::EmptyArrayCondition, "the key has no values"),
                };
                add(self, code, message);
            }
            [_] => {}
            [first, rest @ ..] => {
                if rest.iter().any(|value| value.kind() != first.kind()) {
                    add(
                        self,
                        Code::InvalidConditionDataType,
                        "use values of one JSON type",
                    );
                }
                if matches!(operator.compares, Compares::Bool | Compares::Existence) {
                    add(
                        self,
                        Code::InvalidConditionMultipleBoolean,
                        "use one boolean value",
                    );
                }
                if operator.compares == Compares::Number && operator.ordered {
                    add(
                        self,
                        Code::RedundantConditionValueNum,
                        "of several bounds only one counts",
                    );
                }
            }
        }
    }

    /// Values that are not of the kind that the operator compares.
    fn kind_fault(&self, entry: &Entry<'_, '_>, value: &Value<'_>) -> Option<(Code, String)> {
        let text = value.text();
        let (code, wanted) = match entry.operator.compares {
            Compares::Bool | Compares::Existence
                if !text.eq_ignore_ascii_case("true") && !text.eq_ignore_ascii_case("false") =>
            {
                (Code::TypeMismatchBoolean, "`true` or `false`")
            }
            Compares::Number if text.parse::<f64>().is_err() => {
                (Code::TypeMismatchNumber, "a number")
            }
            Compares::Date if !dates::is_date(text) => (
                Code::TypeMismatchDate,
                "a date such as `2026-05-02T00:00:00Z`",
            ),
            Compares::Date if dates::is_impossible(text) => {
                let message = format!(
                    "{} is a day that its month does not have",
                    foreign::code(text)
                );
                return Some((Code::InvalidDateValue, message));
            }
            // Seconds since 1970 leave out leap seconds.
            Compares::Date if is_epoch(text) && !entry.is_about("aws:EpochTime") => {
                let message = format!(
                    "write {} as a date such as `2026-05-02T00:00:00Z`",
                    foreign::code(text)
                );
                return Some((Code::InvalidDateValue, message));
            }
            Compares::Address if Range::read(text).is_none() => (
                Code::TypeMismatchIpRange,
                "an address or a range such as `203.0.113.0/24`",
            ),
            Compares::Binary if !is_base64(text) => (Code::TypeMismatchString, "text in base64"),
            _ => return None,
        };
        Some((code, format!("{} is not {wanted}", foreign::code(text))))
    }

    fn wildcards(&mut self, entry: &Entry<'_, '_>, nth: usize, value: &Value<'_>) {
        let operator = entry.operator;
        if operator.compares != Compares::Text {
            return;
        }
        let text = value.text();
        if !operator.wildcards {
            let plain = text.replace("${*}", "").replace("${?}", "");
            if wildcard::has_wildcard(&plain) {
                let message = "`*` and `?` are wildcards only with `StringLike`".to_owned();
                self.add(
                    Code::WildcardWithoutLikeOperator,
                    entry.value_path(nth),
                    value.span(),
                    message,
                );
            }
            return;
        }
        let everything = !text.is_empty() && text.bytes().all(|byte| byte == b'*');
        if everything && operator.qualifier.is_none() && !operator.if_exists {
            let (code, wanted) = if operator.negated {
                (Code::EquivalentToNullTrue, "true")
            } else {
                (Code::EquivalentToNullFalse, "false")
            };
            let key = serde_json::Value::from(entry.entry.key().text());
            let better = foreign::code(&format!("\"Null\": {{{key}: \"{wanted}\"}}"));
            let message = format!("this only asks whether the key is there; say so: {better}");
            self.add(code, entry.value_path(nth), value.span(), message);
        }
    }

    fn addresses(&mut self, entry: &Entry<'_, '_>) {
        let values = entry.entry.values().values();
        let ranges: Vec<Range> = values
            .iter()
            .filter_map(|value| Range::read(value.text()))
            .collect();
        for (nth, value) in values.iter().enumerate() {
            if let Some(better) =
                Range::read(value.text()).and_then(|range| range.without_host_bits())
            {
                let message = format!(
                    "the bits after the prefix do not count: write {}",
                    foreign::code(&better)
                );
                self.add(
                    Code::ImproveIpRange,
                    entry.value_path(nth),
                    value.span(),
                    message,
                );
            }
        }
        let private = ranges.iter().filter(|range| range.is_private()).count();
        if private == 0
            || !entry
                .entry
                .key()
                .text()
                .eq_ignore_ascii_case("aws:SourceIp")
        {
            return;
        }
        let code = match (private == values.len(), entry.operator.negated) {
            (true, false) => Code::PrivateIpAddress,
            (true, true) => Code::PrivateNotIpAddress,
            (false, false) => Code::PrivateIpAddressSubset,
            (false, true) => Code::PrivateNotIpAddressSubset,
        };
        let message = "`aws:SourceIp` is always a public address; use `aws:VpcSourceIp`".to_owned();
        self.add(code, entry.path(), entry.entry.values().span(), message);
    }
}

/// Values of keys that have a form of their own.
fn meaning_fault(entry: &Entry<'_, '_>, text: &str) -> Option<(Code, String)> {
    let key = entry.entry.key().text();
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    if entry.operator.compares != Compares::Text || wildcard::has_wildcard(text) {
        return None;
    }
    if ["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"]
        .iter()
        .any(|name| is(name))
        && !is_service_principal(text)
    {
        let message = format!(
            "{} is no service principal such as `ec2.amazonaws.com`",
            foreign::code(text)
        );
        return Some((Code::InvalidServicePrincipalFormat, message));
    }
    if is("aws:RequestedRegion") && !arn::is_region(text) && text != "aws-global" {
        return Some((
            Code::InvalidRegion,
            format!("there is no region {}", foreign::code(text)),
        ));
    }
    if is("aws:SourceVpc") && !is_id(text, "vpc-") {
        return Some((
            Code::InvalidVpcFormat,
            format!(
                "{} is no VPC such as `vpc-0123456789abcdef0`",
                foreign::code(text)
            ),
        ));
    }
    if is("aws:SourceVpce") && !is_id(text, "vpce-") {
        let message = format!(
            "{} is no VPC endpoint such as `vpce-0123456789abcdef0`",
            foreign::code(text)
        );
        return Some((Code::InvalidVpceFormat, message));
    }
    None
}

/// `service.amazonaws.com`, also with a region before the domain or with the domain of
/// China, or `service.amazon.com`. A service with two labels, of which the second is no
/// region, is taken for a mistake, as Access Analyzer does.
pub(super) fn is_service_principal(text: &str) -> bool {
    let name = [".amazonaws.com.cn", ".amazonaws.com", ".amazon.com"]
        .iter()
        .find_map(|domain| text.strip_suffix(domain));
    let Some(name) = name else { return false };
    let plain = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    match name.split_once('.') {
        None => plain(name),
        Some((service, region)) => plain(service) && arn::is_region(region),
    }
}

fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|id| {
        matches!(id.len(), 8 | 17) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Whether a date is written as seconds since 1970; four digits are a year.
fn is_epoch(text: &str) -> bool {
    text.len() > 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_base64(text: &str) -> bool {
    let plain = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - plain.len() <= 2
        && plain
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// A range of addresses as 128 bits and the number of bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    address: IpAddr,
    prefix: u32,
}

impl Range {
    fn read(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { address, prefix })
    }

    /// The same range written properly, when it is not.
    fn without_host_bits(self) -> Option<String> {
        let cut = match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        };
        (cut != self.address).then(|| format!("{cut}/{}", self.prefix))
    }

    /// Whether all of it is for private use.
    fn is_private(self) -> bool {
        match self.address {
            IpAddr::V4(address) => {
                let within = |block: Ipv4Addr, bits: u32| {
                    let shift = 32 - bits;
                    self.prefix >= bits && address.to_bits() >> shift == block.to_bits() >> shift
                };
                within(Ipv4Addr::new(10, 0, 0, 0), 8)
                    || within(Ipv4Addr::new(172, 16, 0, 0), 12)
                    || within(Ipv4Addr::new(192, 168, 0, 0), 16)
            }
            IpAddr::V6(address) => self.prefix >= 7 && address.is_unique_local(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_principals_have_a_form() {
        for (text, good) in [
            ("ec2.amazonaws.com", true),
            ("ec2.amazonaws.com.cn", true),
            ("ecs.eu-west-1.amazonaws.com", true),
            ("config-multi.amazon.com", true),
            ("signals.cloudwatch.amazonaws.com", false),
            ("EC2.amazonaws.com", false),
            ("ec2.example.com", false),
            (".amazonaws.com", false),
        ] {
            assert_eq!(is_service_principal(text), good, "{text}");
        }
    }

    #[test]
    fn ranges_are_read() {
        let better = |text| Range::read(text).unwrap().without_host_bits();
        assert_eq!(better("203.0.113.7/24").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(better("0.0.0.0/0"), None);
        assert_eq!(better("2001:db8::1/32").as_deref(), Some("2001:db8::/32"));
        assert!(Range::read("10.1.0.0/16").unwrap().is_private());
        assert!(!Range::read("10.0.0.0/7").unwrap().is_private());
        assert_eq!(Range::read("10.0.0.0/33"), None);
    }
}
