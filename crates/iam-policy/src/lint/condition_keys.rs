//! Condition keys: whether they exist, and whether the operator fits them.

use super::conditions::{Compares, Entry, Qualifier, names_key};
use super::{Checker, Code};
use crate::catalogue::{self, ValueType, wildcard};
use crate::document::{PrincipalKind, PrincipalSet};
use crate::foreign;
use crate::prove::is_shared_provider;

/// What is known of a key.
struct Known {
    value_type: ValueType,
    multi_valued: bool,
    global: bool,
}

enum Lookup {
    Known(Known),
    /// A key of an identity provider or of something else that has no catalogue.
    Foreign,
    Fault(Code, String),
}

/// Prefixes of keys that are no services.
const FOREIGN_PREFIXES: [&str; 5] = [
    "saml",
    "identitycenter",
    "catalog",
    "cognito-identity-auth",
    "cognito-identity-unauth",
];

fn look_up(key: &str, hints: bool) -> Lookup {
    let Some((prefix, name)) = key.split_once(':') else {
        let message = format!(
            "{} is no condition key: these are written `service:key`",
            foreign::code(key)
        );
        return Lookup::Fault(Code::InvalidConditionKeyFormat, message);
    };
    if let Some(code) = tag_key_missing(key, name) {
        return code;
    }
    if prefix.eq_ignore_ascii_case("aws") {
        return match catalogue::global_key(key) {
            Some(_) if name.eq_ignore_ascii_case("ARN") => Lookup::Fault(
                Code::UnsupportedGlobalConditionKey,
                "use `aws:PrincipalArn` or `aws:SourceArn` in the place of `aws:ARN`".to_owned(),
            ),
            Some(known) => Lookup::Known(Known {
                value_type: known.value_type(),
                multi_valued: known.is_multi_valued(),
                global: true,
            }),
            None => {
                let near = hints.then(|| catalogue::suggest_global_key(key)).flatten();
                Lookup::Fault(
                    Code::InvalidGlobalConditionKey,
                    super::actions::unknown("condition key", key, near),
                )
            }
        };
    }
    if prefix.contains(['.', '/'])
        || FOREIGN_PREFIXES
            .iter()
            .any(|foreign| foreign.eq_ignore_ascii_case(prefix))
    {
        return Lookup::Foreign;
    }
    let service = catalogue::service(prefix);
    match service.and_then(|service| service.condition_key(key)) {
        Some(known) => Lookup::Known(Known {
            value_type: known.value_type(),
            multi_valued: known.is_multi_valued(),
            global: false,
        }),
        None => {
            let near = service.filter(|_| hints).and_then(|service| {
                catalogue::closest(key, service.condition_keys().map(|known| known.name()))
            });
            let message = super::actions::unknown("condition key", key, near);
            Lookup::Fault(Code::InvalidServiceConditionKey, message)
        }
    }
}

fn tag_key_missing(key: &str, name: &str) -> Option<Lookup> {
    let bare = name.strip_suffix('/').unwrap_or(name);
    let tags = ["RequestTag", "ResourceTag", "PrincipalTag"];
    tags.iter()
        .any(|tag| tag.eq_ignore_ascii_case(bare))
        .then(|| {
            let example = format!("{}/…", key.trim_end_matches('/'));
            let message = format!("name the tag: {}", foreign::code(&example));
            Lookup::Fault(Code::MissingTagKeyInCondition, message)
        })
}

/// Whether the operator can compare values of this type. Strings and ARNs stand for
/// each other: AWS compares an ARN key with `StringEquals` and takes `Arn` operators on
/// keys that hold ARNs as text.
const fn fits(compares: Compares, value_type: ValueType) -> bool {
    match compares {
        Compares::Existence | Compares::Binary => true,
        Compares::Text | Compares::Arn => {
            matches!(
                value_type,
                ValueType::String | ValueType::Arn | ValueType::Binary
            )
        }
        Compares::Number => matches!(value_type, ValueType::Numeric | ValueType::Date),
        Compares::Date => matches!(value_type, ValueType::Date),
        Compares::Bool => matches!(value_type, ValueType::Bool),
        Compares::Address => matches!(value_type, ValueType::IpAddress),
    }
}

const fn operator_type(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::String => "String",
        ValueType::Arn => "Arn",
        ValueType::Bool => "Bool",
        ValueType::Numeric => "Numeric",
        ValueType::Date => "Date",
        ValueType::IpAddress => "IpAddress",
        ValueType::Binary => "Binary",
    }
}

impl Checker<'_, '_> {
    pub(super) fn condition_key(&mut self, entry: &Entry<'_, '_>) {
        let key = entry.entry.key();
        let known = match look_up(key.text(), self.hints > 0) {
            Lookup::Known(known) => known,
            Lookup::Foreign => return self.provider_key(entry),
            Lookup::Fault(code, message) => {
                self.hints = self.hints.saturating_sub(1);
                self.add(code, entry.path(), key.span(), message);
                return;
            }
        };
        let operator = entry.operator;
        let existence = operator.compares == Compares::Existence;
        if known.multi_valued && operator.qualifier.is_none() && !existence {
            let message = format!(
                "{} holds several values: use `ForAnyValue` or `ForAllValues`",
                foreign::code(key.text())
            );
            self.add(Code::MissingQualifier, entry.path(), key.span(), message);
        }
        if operator.qualifier == Some(Qualifier::ForAllValues) && !existence {
            if known.global && !known.multi_valued {
                let message = format!(
                    "{} holds one value: `ForAllValues` also holds when it is missing",
                    foreign::code(key.text())
                );
                self.add(
                    Code::ForAllValuesWithSingleValuedKey,
                    entry.path(),
                    key.span(),
                    message,
                );
            }
            if entry.allows() && !operator.if_exists && !requires(entry, key.text()) {
                let message = format!(
                    "`ForAllValues` also holds when {} is missing: add `Null` with `false`",
                    foreign::code(key.text())
                );
                self.add(
                    Code::OwnAllowForAllValues,
                    entry.path(),
                    key.span(),
                    message,
                );
            }
        }
        if operator.compares == Compares::Text
            && operator.wildcards
            && known.value_type == ValueType::Arn
        {
            let message = format!(
                "use `ArnLike` for {}: it compares the parts of an ARN",
                foreign::code(key.text())
            );
            self.add(
                Code::StringLikeOperatorWithArnKeys,
                entry.path(),
                key.span(),
                message,
            );
        } else if !fits(operator.compares, known.value_type) && !compares_keys(entry) {
            let message = format!(
                "use a {} operator and not a {} operator for {}",
                operator_type(known.value_type),
                operator.compares.name(),
                foreign::code(key.text())
            );
            self.add(Code::TypeMismatch, entry.path(), key.span(), message);
        }
    }
}

impl Checker<'_, '_> {
    /// A key of an identity provider: of one that the statement names, or that is open to all.
    fn provider_key(&mut self, entry: &Entry<'_, '_>) {
        let key = entry.entry.key();
        let provider = key.text().rsplit_once(':').map_or("", |(name, _)| name);
        let is_host = provider.contains(['.', '/']);
        if !is_host || is_shared_provider(provider) || names_provider(entry, provider) {
            return;
        }
        let message = format!(
            "{} is a key of no AWS service and of no identity provider that the statement names",
            foreign::code(key.text())
        );
        self.add(Code::OwnUnknownKey, entry.path(), key.span(), message);
    }
}

/// Whether the statement is about people whom this identity provider signs in.
fn names_provider(entry: &Entry<'_, '_>, provider: &str) -> bool {
    let Some(PrincipalSet::Named(entries)) = &entry.statement.principal else {
        return false;
    };
    let federated = entries
        .iter()
        .filter(|entry| entry.kind() == PrincipalKind::Federated);
    let mut names = federated.flat_map(|entry| entry.values().texts());
    names.any(|name| {
        let name = name
            .rsplit_once("-provider/")
            .map_or(name, |(_, name)| name);
        name.eq_ignore_ascii_case(provider)
    })
}

/// Whether the key is compared with another one, which only String and Arn operators can.
fn compares_keys(entry: &Entry<'_, '_>) -> bool {
    let mut texts = entry.entry.values().texts();
    entry.operator.compares == Compares::Text && texts.all(wildcard::has_variable)
}

/// Whether the statement also wants the key to be there.
fn requires(entry: &Entry<'_, '_>, key: &str) -> bool {
    names_key(entry.statement, key)
        && entry.statement.conditions.iter().any(|condition| {
            condition.operator().text() == "Null"
                && condition.entries().iter().any(|other| {
                    other.key().text().eq_ignore_ascii_case(key)
                        && other.values().texts().eq(["false"])
                })
        })
}
