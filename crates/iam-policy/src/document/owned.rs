//! Documents that outlive the text they were read from.

use std::borrow::Cow;

use super::{
    Actions, Condition, ConditionEntry, Document, List, PrincipalEntry, PrincipalSet, Principals,
    Resources, Statement, Value,
};

impl Document<'_> {
    /// The same document with copies of all its texts.
    #[must_use]
    pub fn into_owned(self) -> Document<'static> {
        Document {
            text: Cow::Owned(self.text.into_owned()),
            policy_type: self.policy_type,
            version: self.version,
            id: self.id.map(Value::into_owned),
            statements: self
                .statements
                .into_iter()
                .map(Statement::into_owned)
                .collect(),
        }
    }
}

impl Statement<'_> {
    /// The same statement with copies of all its texts.
    #[must_use]
    pub fn into_owned(self) -> Statement<'static> {
        Statement {
            index: self.index,
            span: self.span,
            sid: self.sid.map(Value::into_owned),
            effect: self.effect,
            principals: self.principals.map(Principals::into_owned),
            actions: match self.actions {
                Actions::Action(list) => Actions::Action(list.into_owned()),
                Actions::NotAction(list) => Actions::NotAction(list.into_owned()),
            },
            resources: self.resources.map(|resources| match resources {
                Resources::Resource(list) => Resources::Resource(list.into_owned()),
                Resources::NotResource(list) => Resources::NotResource(list.into_owned()),
            }),
            conditions: self
                .conditions
                .into_iter()
                .map(Condition::into_owned)
                .collect(),
        }
    }
}

impl Value<'_> {
    fn into_owned(self) -> Value<'static> {
        Value {
            text: Cow::Owned(self.text.into_owned()),
            span: self.span,
            kind: self.kind,
        }
    }
}

impl List<'_> {
    fn into_owned(self) -> List<'static> {
        let values = self.values.into_iter().map(Value::into_owned).collect();
        List {
            values,
            span: self.span,
            array: self.array,
        }
    }
}

impl Principals<'_> {
    fn into_owned(self) -> Principals<'static> {
        match self {
            Principals::Principal(set) => Principals::Principal(set.into_owned()),
            Principals::NotPrincipal(set) => Principals::NotPrincipal(set.into_owned()),
        }
    }
}

impl PrincipalSet<'_> {
    fn into_owned(self) -> PrincipalSet<'static> {
        match self {
            PrincipalSet::Everyone(span) => PrincipalSet::Everyone(span),
            PrincipalSet::Named(entries) => PrincipalSet::Named(
                entries
                    .into_iter()
                    .map(|entry| PrincipalEntry {
                        kind: entry.kind,
                        key_span: entry.key_span,
                        values: entry.values.into_owned(),
                    })
                    .collect(),
            ),
        }
    }
}

impl Condition<'_> {
    fn into_owned(self) -> Condition<'static> {
        let entries = self.entries.into_iter().map(|entry| ConditionEntry {
            key: entry.key.into_owned(),
            values: entry.values.into_owned(),
        });
        Condition {
            operator: self.operator.into_owned(),
            entries: entries.collect(),
        }
    }
}
