//! Reading: lists with paging, and single records.

use axum::http::{HeaderName, StatusCode, header};
use serde_json::Value;

use crate::answer::Answer;
use crate::call::Call;
use crate::fault::FaultKind;
use crate::identity::Identity;
use crate::query::Query;
use crate::render::Shape;
use crate::schema::Table;
use crate::store::{Row, Store};

/// An instance gives at most this many rows unless asked otherwise.
const DEFAULT_LIMIT: usize = 10_000;

/// `GET /table/{table}`. The limit is applied before the ACLs, so a page may be short or
/// empty although more follow.
pub(crate) fn list(
    store: &Store,
    call: &Call,
    table: &'static Table,
    who: &Identity,
    fault: Option<&FaultKind>,
) -> Answer {
    if !who.access.reads(table) {
        return forbidden_read();
    }
    let query = Query::parse(table, call.parameter("sysparm_query"), &who.sys_id);
    if query.dropped > 0 {
        tracing::debug!(
            dropped = query.dropped,
            "invalid parts of a query were dropped"
        );
    }
    if !who.access.queries(table, &query) {
        return forbidden_read();
    }
    let mut rows: Vec<&Row> = store
        .rows(table.name)
        .filter(|row| query.matches(store, row))
        .collect();
    query.sort(store, &mut rows);
    let total = rows.len();
    if total == 0 && !call.target.version.empty_list_is_found() {
        return no_record();
    }
    let limit = call.number("sysparm_limit").unwrap_or(DEFAULT_LIMIT);
    let offset = call.number("sysparm_offset").unwrap_or(0);
    let page: Vec<&Row> = rows.iter().skip(offset).take(limit).copied().collect();
    let page = misdirect(store, table, page, &rows, fault);
    let mut shape = call.shape();
    // A table does not show what the classes that extend it add.
    if let Some(fields) = &mut shape.fields {
        fields.retain(|field| table.path(field).is_some());
    }
    let results = page
        .into_iter()
        .filter(|row| who.access.sees_row(store, row))
        .map(|row| Value::Object(hide(shape.record(store, &who.access, row), fault)))
        .collect();
    let mut answer = Answer::result(StatusCode::OK, Value::Array(results));
    if call.parameter("sysparm_no_count") != "true" {
        answer = answer.with(HeaderName::from_static("x-total-count"), total.to_string());
    }
    if call.parameter("sysparm_suppress_pagination_header") != "true"
        && let Some(links) = page_links(call, &shape, table, (offset, limit, total))
    {
        answer = answer.with(header::LINK, links);
    }
    answer
}

/// `GET /table/{table}/{sys_id}`.
pub(crate) fn one(
    store: &Store,
    call: &Call,
    table: &'static Table,
    who: &Identity,
    fault: Option<&FaultKind>,
) -> Answer {
    if !who.access.reads(table) {
        return forbidden_read();
    }
    let sys_id = call.target.sys_id.as_deref().unwrap_or_default();
    let right: Vec<&Row> = store.get(table.name, sys_id).into_iter().collect();
    let rows = misdirect(store, table, right.clone(), &right, fault);
    match rows.first().filter(|row| who.access.sees_row(store, row)) {
        Some(row) => {
            let record = call.shape().record(store, &who.access, row);
            Answer::result(StatusCode::OK, Value::Object(hide(record, fault)))
        }
        None => no_record(),
    }
}

/// 404: there is no such record, or an ACL hides it.
pub(crate) fn no_record() -> Answer {
    Answer::failure(
        StatusCode::NOT_FOUND,
        "No Record found",
        Some("Record doesn't exist or ACL restricts the record retrieval"),
    )
}

fn forbidden_read() -> Answer {
    Answer::failure(
        StatusCode::FORBIDDEN,
        "User Not Authorized",
        Some("Failed API level ACL Validation"),
    )
}

/// Replaces, adds or drops rows where a fault asks for it.
fn misdirect<'s>(
    store: &'s Store,
    table: &Table,
    page: Vec<&'s Row>,
    matching: &[&Row],
    fault: Option<&FaultKind>,
) -> Vec<&'s Row> {
    let other = |wanted: &Option<String>| match wanted {
        Some(sys_id) => store.get(table.name, sys_id),
        None => store
            .rows(table.name)
            .find(|row| !matching.iter().any(|right| right.sys_id() == row.sys_id())),
    };
    match fault {
        Some(FaultKind::WrongRow { sys_id }) => other(sys_id).into_iter().collect(),
        Some(FaultKind::ExtraRow { sys_id }) => page.into_iter().chain(other(sys_id)).collect(),
        Some(FaultKind::NoRow {}) => Vec::new(),
        _ => page,
    }
}

/// Leaves out the fields that a fault names.
pub(crate) fn hide(
    mut record: serde_json::Map<String, Value>,
    fault: Option<&FaultKind>,
) -> serde_json::Map<String, Value> {
    if let Some(FaultKind::HiddenField { fields }) = fault {
        record.retain(|name, _| !fields.contains(name));
    }
    record
}

/// The `Link` header: first, prev, next and last, as far as there is such a page.
fn page_links(
    call: &Call,
    shape: &Shape,
    table: &Table,
    (offset, limit, total): (usize, usize, usize),
) -> Option<String> {
    if limit == 0 || total <= limit {
        return None;
    }
    let last = (total - 1) / limit * limit;
    let pages = [
        ("first", Some(0)),
        ("prev", (offset > 0).then(|| offset.saturating_sub(limit))),
        ("next", (offset + limit < total).then_some(offset + limit)),
        ("last", Some(last)),
    ];
    let links = pages.into_iter().filter_map(|(relation, offset)| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &call.parameters {
            if name != "sysparm_offset" && name != "sysparm_limit" {
                query.append_pair(name, value);
            }
        }
        query.append_pair("sysparm_limit", &limit.to_string());
        query.append_pair("sysparm_offset", &offset?.to_string());
        Some(format!(
            "<{}/{}?{}>;rel=\"{relation}\"",
            shape.root,
            table.name,
            query.finish()
        ))
    });
    Some(links.collect::<Vec<_>>().join(","))
}
