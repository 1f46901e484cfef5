//! The applications above items.

use std::collections::BTreeMap;

use futures_util::future::join;
use ports::cmdb::Found;
use snowgate_core::entitlement::{ApplicationRule, Fact, FieldName, Parent, RelatedBy};
use snowgate_core::id::SysId;

use super::complete::{Lookup, Lookups, read};
use super::items::{contents, state};
use super::key::Key;
use crate::error::ServiceNowError;
use crate::row::Row;

/// Where applications are looked for.
struct Way {
    by: RelatedBy,
    operation: &'static str,
    child: &'static str,
    parent: &'static str,
    conditions: Vec<(&'static str, Vec<String>)>,
}

/// Applications one relation up, by the relations and, where the rule says so, by service associations.
pub(super) async fn parents(
    lookups: &Lookups<'_>,
    items: &[SysId],
    rule: &ApplicationRule,
) -> Found<SysId, Vec<Parent>> {
    let types = rule.relation_types.iter().map(|id| id.as_str().to_owned());
    let relations = (!rule.relation_types.is_empty()).then(|| Way {
        by: RelatedBy::Relation,
        operation: "servicenow:ReadRelations",
        child: "child",
        parent: "parent",
        conditions: vec![("type", types.collect())],
    });
    let services = rule.service_associations.then(|| Way {
        by: RelatedBy::ServiceAssociation,
        operation: "servicenow:ReadServiceAssociations",
        child: "ci_id",
        parent: "service_id",
        conditions: Vec::new(),
    });
    let (relations, services) = join(
        by_way(lookups, items, rule, relations),
        by_way(lookups, items, rule, services),
    )
    .await;
    let mut services: BTreeMap<SysId, Fact<Vec<Parent>>> = services.into_iter().collect();
    match relations.is_empty() {
        true => services.into_iter().collect(),
        false => relations
            .into_iter()
            .map(|(item, fact)| {
                let more = services.remove(&item);
                (item, both(fact, more))
            })
            .collect(),
    }
}

/// Two facts as one, which is known only where both are.
fn both(fact: Fact<Vec<Parent>>, more: Option<Fact<Vec<Parent>>>) -> Fact<Vec<Parent>> {
    match (fact, more) {
        (fact, None) => fact,
        (Fact::Unread(a), Some(Fact::Unread(b))) => Fact::Unread(a.min(b)),
        (Fact::Unread(why), Some(_)) | (_, Some(Fact::Unread(why))) => Fact::Unread(why),
        (
            Fact::Known {
                mut value,
                freshness,
            },
            Some(Fact::Known {
                value: more,
                freshness: other,
            }),
        ) => {
            value.extend(more);
            Fact::Known {
                value,
                freshness: freshness.and(other),
            }
        }
    }
}

async fn by_way(
    lookups: &Lookups<'_>,
    items: &[SysId],
    rule: &ApplicationRule,
    way: Option<Way>,
) -> Found<SysId, Vec<Parent>> {
    let Some(way) = way else {
        return Vec::new();
    };
    let named = rule.fields();
    let before = format!("{}.", way.parent);
    let walked = named.iter().map(|field| field.as_str());
    let walked = walked.chain(["install_status", "operational_status"]);
    let mut fields = vec![way.parent.to_owned()];
    fields.extend(walked.map(|field| format!("{before}{field}")));
    let lookup = Lookup {
        operation: way.operation,
        table: way.by.table(),
        key: way.child,
        conditions: way.conditions,
        fields,
    };
    let keys: Vec<Key> = items.iter().map(Key::from).collect();
    let rows = lookups.rows(&lookup, &keys).await;
    read(items, rows, |rows| {
        let parents = rows
            .iter()
            .map(|row| parent(row, way.by, way.parent, &before, &named));
        let parents: Result<Vec<_>, _> = parents.collect();
        Ok(parents?.into_iter().flatten().collect())
    })
}

/// The application at the end of one row; none where it leads nowhere.
fn parent(
    row: &Row,
    by: RelatedBy,
    field: &str,
    before: &str,
    named: &[&FieldName],
) -> Result<Option<Parent>, ServiceNowError> {
    let record = row.sys_id()?;
    Ok(row.reference(field)?.map(|sys_id| Parent {
        sys_id,
        record,
        by,
        fields: contents(row, named, before),
        install_status: state(row, &format!("{before}install_status")),
        operational_status: state(row, &format!("{before}operational_status")),
    }))
}
