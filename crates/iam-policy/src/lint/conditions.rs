//! Condition blocks: operators, and what they hold.

use super::{Checker, Code};
use crate::catalogue;
use crate::condition::{Clause, OPERATORS};
use crate::document::{Condition, ConditionEntry, DraftStatement, Element, Path, Value};
use crate::foreign;

/// What an operator compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compares {
    Text,
    Arn,
    Number,
    Date,
    Bool,
    Binary,
    Address,
    Existence,
}

impl Compares {
    /// The beginning of the operators' names.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "String",
            Self::Arn => "Arn",
            Self::Number => "Numeric",
            Self::Date => "Date",
            Self::Bool => "Bool",
            Self::Binary => "Binary",
            Self::Address => "IpAddress",
            Self::Existence => "Null",
        }
    }
}

/// How an operator deals with several values of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Qualifier {
    ForAllValues,
    ForAnyValue,
}

/// A condition operator, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) qualifier: Option<Qualifier>,
    pub(super) compares: Compares,
    pub(super) negated: bool,
    pub(super) wildcards: bool,
    /// Less than or greater than: of several values one decides.
    pub(super) ordered: bool,
    pub(super) if_exists: bool,
}

impl Operator {
    /// Reads an operator as it is written, in the exact capitals.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (qualifier, text) = if let Some(rest) = text.strip_prefix("ForAllValues:") {
            (Some(Qualifier::ForAllValues), rest)
        } else if let Some(rest) = text.strip_prefix("ForAnyValue:") {
            (Some(Qualifier::ForAnyValue), rest)
        } else {
            (None, text)
        };
        let (text, if_exists) = match text.strip_suffix("IfExists") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (compares, rest) = [
            (Compares::Text, "String"),
            (Compares::Arn, "Arn"),
            (Compares::Number, "Numeric"),
            (Compares::Date, "Date"),
            (Compares::Bool, "Bool"),
            (Compares::Binary, "BinaryEquals"),
            (Compares::Address, "IpAddress"),
            (Compares::Address, "NotIpAddress"),
            (Compares::Existence, "Null"),
        ]
        .into_iter()
        .find_map(|(compares, name)| Some((compares, text.strip_prefix(name)?)))?;
        let known = match compares {
            Compares::Text => matches!(
                rest,
                "Equals"
                    | "NotEquals"
                    | "EqualsIgnoreCase"
                    | "NotEqualsIgnoreCase"
                    | "Like"
                    | "NotLike"
            ),
            Compares::Arn => matches!(rest, "Equals" | "NotEquals" | "Like" | "NotLike"),
            Compares::Number | Compares::Date => matches!(
                rest,
                "Equals"
                    | "NotEquals"
                    | "LessThan"
                    | "LessThanEquals"
                    | "GreaterThan"
                    | "GreaterThanEquals"
            ),
            Compares::Bool | Compares::Binary | Compares::Address | Compares::Existence => {
                rest.is_empty()
            }
        };
        known.then(|| Self {
            qualifier,
            compares,
            negated: rest.starts_with("Not") || text.starts_with("Not"),
            wildcards: rest.ends_with("Like") || compares == Compares::Arn,
            ordered: rest.contains("Than"),
            if_exists,
        })
    }
}

/// The operator that was probably meant, with the qualifier and the end that stand there.
fn nearest_operator(text: &str) -> Option<String> {
    let (qualifier, rest) = match text.split_once(':') {
        Some((qualifier, rest)) => {
            let near = catalogue::closest(qualifier, ["ForAllValues", "ForAnyValue"])?;
            (format!("{near}:"), rest)
        }
        None => (String::new(), text),
    };
    let lower = rest.to_ascii_lowercase();
    let optional = lower.ends_with("ifexists");
    let base = rest.get(..rest.len() - if optional { 8 } else { 0 })?;
    let near = catalogue::closest(base, OPERATORS)?;
    let end = if optional { "IfExists" } else { "" };
    Some(format!("{qualifier}{near}{end}"))
}

/// Where a condition entry stands and what it is compared with.
pub(super) struct Entry<'s, 'a> {
    pub(super) statement: &'s DraftStatement<'a>,
    pub(super) operator_text: &'s Value<'a>,
    pub(super) operator: Operator,
    pub(super) entry: &'s ConditionEntry<'a>,
}

impl Entry<'_, '_> {
    pub(super) fn path(&self) -> Path {
        operator_path(self.statement, self.operator_text).key(self.entry.key().text())
    }

    pub(super) fn value_path(&self, nth: usize) -> Path {
        self.entry.values().path(self.path(), nth)
    }

    pub(super) fn is_about(&self, key: &str) -> bool {
        self.entry.key().text().eq_ignore_ascii_case(key)
    }

    pub(super) fn allows(&self) -> bool {
        self.statement
            .effect
            .as_ref()
            .is_some_and(|effect| effect.text() == "Allow")
    }
}

pub(super) fn operator_path(statement: &DraftStatement<'_>, operator: &Value<'_>) -> Path {
    statement.path().key("Condition").key(operator.text())
}

impl Checker<'_, '_> {
    pub(super) fn conditions(&mut self, statement: &DraftStatement<'_>) {
        let empty = "the condition is empty and has no effect";
        if statement.conditions.is_empty()
            && let Some(span) = statement.place(Element::Condition)
            && !self.draft.problems.iter().any(|problem| {
                problem.span.start > span.start && problem.span.start < statement.span.end
            })
        {
            self.add(
                Code::EmptyObjectCondition,
                statement.path().key("Condition"),
                span,
                empty.to_owned(),
            );
        }
        for condition in &statement.conditions {
            self.condition(statement, condition, empty);
        }
        self.paired_keys(statement);
        self.tag_keys(statement);
    }

    fn condition(
        &mut self,
        statement: &DraftStatement<'_>,
        condition: &Condition<'_>,
        empty: &str,
    ) {
        let text = condition.operator();
        let path = || operator_path(statement, text);
        if condition.entries().is_empty() {
            self.add(
                Code::EmptyObjectCondition,
                path(),
                text.span(),
                empty.to_owned(),
            );
        }
        let Some(operator) = Operator::read(text.text()) else {
            let near = self.hint(|| nearest_operator(text.text()));
            let hint = near.map_or(String::new(), |near| {
                format!("; did you mean {}?", foreign::code(&near))
            });
            let message = format!(
                "there is no condition operator {}{hint}",
                foreign::code(text.text())
            );
            self.add(Code::InvalidConditionOperator, path(), text.span(), message);
            return;
        };
        if operator.compares == Compares::Existence {
            if operator.if_exists {
                let message =
                    "`Null` asks for existence: `IfExists` makes no sense with it".to_owned();
                self.add(Code::NullWithIfExists, path(), text.span(), message);
            }
            if operator.qualifier.is_some() {
                let message = "`Null` with a qualifier is always true or always false".to_owned();
                self.add(Code::NullWithQualifier, path(), text.span(), message);
            }
        }
        for entry in condition.entries() {
            if self.is_full() {
                return;
            }
            let entry = Entry {
                statement,
                operator_text: text,
                operator,
                entry,
            };
            self.condition_key(&entry);
            self.condition_values(&entry);
            self.doubtful_values(&entry);
        }
    }

    /// A condition that a proof does not rely on.
    fn doubtful_values(&mut self, entry: &Entry<'_, '_>) {
        let (operator, key) = (entry.operator_text.text(), entry.entry.key());
        let texts = entry.entry.values().texts();
        if !self.options.own_codes || Clause::new(operator, key.text(), texts, true).is_certain() {
            return;
        }
        let message =
            "AWS may read this condition otherwise, or not at all: it may limit nothing".to_owned();
        self.add(
            Code::OwnConditionMayLimitNothing,
            entry.path(),
            key.span(),
            message,
        );
    }

    /// Keys that say something only beside another one.
    fn paired_keys(&mut self, statement: &DraftStatement<'_>) {
        const PAIRS: [(&str, &[&str]); 2] = [
            (
                "aws:Ec2InstanceSourcePrivateIPv4",
                &["aws:Ec2InstanceSourceVpc"],
            ),
            ("aws:VpcSourceIp", &["aws:SourceVpc", "aws:SourceVpce"]),
        ];
        for condition in &statement.conditions {
            for entry in condition.entries() {
                let key = entry.key();
                let Some((_, partners)) = PAIRS
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(key.text()))
                else {
                    continue;
                };
                let given = |name: &&str| names_key(statement, name);
                if Operator::read(condition.operator().text())
                    .is_some_and(|operator| !operator.negated)
                    && !partners.iter().any(given)
                {
                    let path = operator_path(statement, condition.operator()).key(key.text());
                    let partners: Vec<String> =
                        partners.iter().map(|key| foreign::code(key)).collect();
                    let message = format!(
                        "private addresses repeat: also name {}",
                        partners.join(" or ")
                    );
                    self.add(Code::MissingPairedConditionKeys, path, key.span(), message);
                }
            }
        }
    }
}

/// Whether one of the statement's conditions is about this key.
pub(super) fn names_key(statement: &DraftStatement<'_>, key: &str) -> bool {
    let mut entries = statement.conditions.iter().flat_map(Condition::entries);
    entries.any(|entry| entry.key().text().eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_taken_apart() {
        let read = |text| Operator::read(text).unwrap();
        let like = read("ForAnyValue:StringNotLikeIfExists");
        assert_eq!(like.qualifier, Some(Qualifier::ForAnyValue));
        assert!(like.negated && like.wildcards && like.if_exists && !like.ordered);
        assert!(read("NotIpAddress").negated && read("NumericLessThanEquals").ordered);
        assert_eq!(read("Null").compares, Compares::Existence);
        for text in [
            "stringequals",
            "StringLikes",
            "ForAnyValue::Bool",
            "BoolEquals",
            "IfExists",
            "",
        ] {
            assert_eq!(Operator::read(text), None, "{text}");
        }
    }
}
