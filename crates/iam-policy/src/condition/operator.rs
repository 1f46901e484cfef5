use std::str::FromStr;

use crate::foreign;

/// How a condition looks at a key with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// `ForAllValues:` every value of the request must match; true when there is none.
    All,
    /// `ForAnyValue:` one value of the request must match; false when there is none.
    Any,
}

/// What is compared, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Test {
    /// `StringEquals`, `StringNotEquals`, and with `fold` those that end in `IgnoreCase`.
    Text {
        /// Case does not matter.
        fold: bool,
    },
    /// `StringLike`, `StringNotLike`
    Like,
    /// `NumericEquals`, `NumericLessThan` and so on.
    Number(Order),
    /// `DateEquals`, `DateLessThan` and so on.
    Date(Order),
    /// `Bool`
    Bool,
    /// `BinaryEquals`
    Binary,
    /// `IpAddress`, `NotIpAddress`
    Ip,
    /// `ArnEquals`, `ArnLike` and their negations: the two behave alike.
    Arn,
    /// `Null`
    Null,
}

/// How numbers and dates are compared; the value of the request stands on the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// The value equals the bound.
    Equal,
    /// The value is less than the bound.
    Less,
    /// The value is the bound or less.
    AtMost,
    /// The value is greater than the bound.
    Greater,
    /// The value is the bound or greater.
    AtLeast,
}

impl Order {
    /// Whether `left` stands in this order to `right`.
    #[must_use]
    pub fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

/// A condition operator, for example `ForAnyValue:StringNotLikeIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operator {
    pub(super) quantifier: Option<Quantifier>,
    pub(super) test: Test,
    pub(super) negated: bool,
    pub(super) if_exists: bool,
}

impl Operator {
    /// `ForAllValues` or `ForAnyValue`.
    #[must_use]
    pub const fn quantifier(&self) -> Option<Quantifier> {
        self.quantifier
    }

    /// What is compared.
    #[must_use]
    pub const fn test(&self) -> Test {
        self.test
    }

    /// Whether no value of the policy may match, as in `StringNotEquals`.
    #[must_use]
    pub const fn is_negated(&self) -> bool {
        self.negated
    }

    /// Whether a missing key counts as a match.
    #[must_use]
    pub const fn if_exists(&self) -> bool {
        self.if_exists
    }
}

/// The names of all operators, without qualifier and `IfExists`.
pub(crate) const OPERATORS: [&str; 27] = [
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "BinaryEquals",
    "Bool",
    "DateEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateNotEquals",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "NumericEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericNotEquals",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
];

/// A name that is no condition operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown condition operator {}", foreign::code(.0))]
pub struct UnknownOperator(String);

impl FromStr for Operator {
    type Err = UnknownOperator;

    /// Reads the name of an operator, in any case.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let lower = name.to_ascii_lowercase();
        let (quantifier, rest) = match lower.split_once(':') {
            Some(("forallvalues", rest)) => (Some(Quantifier::All), rest),
            Some(("foranyvalue", rest)) => (Some(Quantifier::Any), rest),
            Some(_) => return Err(UnknownOperator(name.to_owned())),
            None => (None, lower.as_str()),
        };
        let (base, if_exists) = match rest.strip_suffix("ifexists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (test, negated) = test_of(base).ok_or_else(|| UnknownOperator(name.to_owned()))?;
        if test == Test::Null && (if_exists || quantifier.is_some()) {
            return Err(UnknownOperator(name.to_owned()));
        }
        Ok(Self {
            quantifier,
            test,
            negated,
            if_exists,
        })
    }
}

fn test_of(base: &str) -> Option<(Test, bool)> {
    Some(match base {
        "stringequals" => (Test::Text { fold: false }, false),
        "stringnotequals" => (Test::Text { fold: false }, true),
        "stringequalsignorecase" => (Test::Text { fold: true }, false),
        "stringnotequalsignorecase" => (Test::Text { fold: true }, true),
        "stringlike" => (Test::Like, false),
        "stringnotlike" => (Test::Like, true),
        "bool" => (Test::Bool, false),
        "binaryequals" => (Test::Binary, false),
        "ipaddress" => (Test::Ip, false),
        "notipaddress" => (Test::Ip, true),
        "arnequals" | "arnlike" => (Test::Arn, false),
        "arnnotequals" | "arnnotlike" => (Test::Arn, true),
        "null" => (Test::Null, false),
        _ => {
            let (build, order): (fn(Order) -> Test, _) = match base.strip_prefix("numeric") {
                Some(order) => (Test::Number, order),
                None => (Test::Date, base.strip_prefix("date")?),
            };
            let (order, negated) = match order {
                "equals" => (Order::Equal, false),
                "notequals" => (Order::Equal, true),
                "lessthan" => (Order::Less, false),
                "lessthanequals" => (Order::AtMost, false),
                "greaterthan" => (Order::Greater, false),
                "greaterthanequals" => (Order::AtLeast, false),
                _ => return None,
            };
            (build(order), negated)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let operator: Operator = "ForAnyValue:StringNotLikeIfExists".parse().unwrap();
        assert_eq!(operator.quantifier(), Some(Quantifier::Any));
        assert_eq!(operator.test(), Test::Like);
        assert!(operator.is_negated() && operator.if_exists());
        let operator: Operator = "DateGreaterThanEquals".parse().unwrap();
        assert_eq!(operator.test(), Test::Date(Order::AtLeast));
        for name in [
            "StringEqual",
            "ForEach:Bool",
            "NullIfExists",
            "BoolNotEquals",
            "",
            "Numeric",
        ] {
            assert!(name.parse::<Operator>().is_err(), "{name}");
        }
    }
}
