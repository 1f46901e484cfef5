//! Writing: create, change and delete, with the business rules that surprise.

use axum::http::{StatusCode, header};
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::call::Call;
use crate::clock;
use crate::fault::FaultKind;
use crate::identity::Identity;
use crate::read::{hide, no_record};
use crate::schema::{self, Kind, Table};
use crate::seed::is_sys_id;
use crate::store::{Row, Store, Values};

/// Fields that the platform keeps itself.
const PROTECTED: &[&str] = &[
    "sys_id",
    "sys_created_on",
    "sys_created_by",
    "sys_updated_on",
    "sys_updated_by",
    "sys_mod_count",
    "sys_class_name",
];

/// `POST /table/{table}`.
pub(crate) fn create(
    store: &mut Store,
    call: &Call,
    table: &'static Table,
    who: &Identity,
    fault: Option<&FaultKind>,
) -> Answer {
    if !who.access.creates(table) {
        return forbidden("Insert");
    }
    let sent = match fields(call, table) {
        Ok(sent) => sent,
        Err(answer) => return *answer,
    };
    let wanted = sent.get("sys_id").filter(|id| is_sys_id(id)).cloned();
    let sys_id = match wanted.map_or_else(new_sys_id, Some) {
        Some(sys_id) if store.get(table.name, &sys_id).is_none() => sys_id,
        _ => return forbidden("Insert"),
    };
    store.put(table, defaults(store, table, &sys_id, who));
    if let Err(answer) = apply(store, table, &sys_id, sent, who, fault, true) {
        store.remove(table.name, &sys_id);
        return *answer;
    }
    let place = format!("{}/{}/{sys_id}", call.shape().root, table.name);
    show(store, call, table, &sys_id, who, StatusCode::CREATED).with(header::LOCATION, place)
}

/// `PATCH` and `PUT /table/{table}/{sys_id}`: both change only what is sent.
pub(crate) fn modify(
    store: &mut Store,
    call: &Call,
    table: &'static Table,
    who: &Identity,
    fault: Option<&FaultKind>,
) -> Answer {
    let sys_id = call.target.sys_id.clone().unwrap_or_default();
    let visible = store
        .get(table.name, &sys_id)
        .is_some_and(|row| who.access.sees_row(store, row));
    if !visible {
        return if who.access.reads(table) {
            no_record()
        } else {
            forbidden("Update")
        };
    }
    if !who.access.writes(table) {
        return forbidden("Update");
    }
    let sent = match fields(call, table) {
        Ok(sent) => sent,
        Err(answer) => return *answer,
    };
    if let Err(answer) = apply(store, table, &sys_id, sent.clone(), who, fault, false) {
        return *answer;
    }
    let answer = show(store, call, table, &sys_id, who, StatusCode::OK);
    match fault {
        Some(FaultKind::NotSaved { claims: true, .. }) => claim(answer, &sent),
        Some(FaultKind::HiddenField { .. }) => without(answer, fault),
        _ => answer,
    }
}

/// `DELETE /table/{table}/{sys_id}`.
pub(crate) fn remove(
    store: &mut Store,
    call: &Call,
    table: &'static Table,
    who: &Identity,
) -> Answer {
    let sys_id = call.target.sys_id.clone().unwrap_or_default();
    if !who.access.deletes(table) {
        return forbidden("Delete");
    }
    if store.remove(table.name, &sys_id) {
        Answer::empty(StatusCode::NO_CONTENT)
    } else {
        no_record()
    }
}

fn forbidden(what: &str) -> Answer {
    let detail = format!("ACL Exception {what} Failed due to security constraints");
    Answer::failure(StatusCode::FORBIDDEN, "Operation Failed", Some(&detail))
}

/// The known fields of the body as strings; unknown ones are ignored.
fn fields(call: &Call, table: &'static Table) -> Result<Values, Box<Answer>> {
    let Ok(Value::Object(body)) = serde_json::from_slice(&call.body) else {
        return Err(Box::new(Answer::failure(
            StatusCode::BAD_REQUEST,
            "Exception while reading request",
            Some("The payload is not valid JSON."),
        )));
    };
    let known = body
        .into_iter()
        .filter(|(name, _)| table.field(name).is_some());
    Ok(known
        .filter_map(|(name, value)| Some((name, as_text(value)?)))
        .collect())
}

fn as_text(value: Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Object(mut members) => as_text(members.remove("value")?),
        Value::Array(_) => None,
    }
}

fn new_sys_id() -> Option<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What a new record holds before anything is set.
fn defaults(store: &Store, table: &'static Table, sys_id: &str, who: &Identity) -> Values {
    let mut values = Values::new();
    let mut set = |name: &str, value: &str| {
        if table.field(name).is_some() {
            values.insert(name.to_owned(), value.to_owned());
        }
    };
    let at = clock::stored_now();
    set("sys_id", sys_id);
    set("sys_created_on", &at);
    set("sys_created_by", &who.user_name);
    set("sys_updated_on", &at);
    set("sys_updated_by", &who.user_name);
    set("sys_mod_count", "0");
    set("sys_class_name", table.name);
    set("active", "true");
    if table.is_a("task") {
        set("state", "1");
        set("priority", "4");
        set("opened_at", &at);
        set("opened_by", &who.sys_id);
        set("number", &store.next_number(table));
    }
    values
}

/// Saves what may be saved, then applies the business rules of tasks.
fn apply(
    store: &mut Store,
    table: &'static Table,
    sys_id: &str,
    sent: Values,
    who: &Identity,
    fault: Option<&FaultKind>,
    new: bool,
) -> Result<(), Box<Answer>> {
    let Some(before) = store.get(table.name, sys_id).cloned() else {
        return Ok(());
    };
    let (mut changes, notes) = allowed(&before, sent, fault, |name| {
        new || who.access.writes_field(before.table, name)
    });
    require_closure_fields(before.table, &before, &changes)?;
    close(before.table, &mut changes, who);
    let at = clock::stored_now();
    let changed = !changes.is_empty() || !notes.is_empty();
    for (element, value) in notes {
        let place = (before.table.name, sys_id);
        add_note(store, place, (&element, &value), (&at, &who.user_name));
    }
    if let Some(row) = store.get_mut(table.name, sys_id) {
        for (name, value) in changes {
            row.set(&name, value);
        }
        if changed && !new {
            row.touch(&at, &who.user_name);
        }
    }
    Ok(())
}

/// The values that differ and may be written, and the notes to append.
fn allowed(
    before: &Row,
    sent: Values,
    fault: Option<&FaultKind>,
    writes: impl Fn(&str) -> bool,
) -> (Values, Vec<(String, String)>) {
    let lost = |name: &str| match fault {
        Some(FaultKind::NotSaved { fields, .. }) => {
            fields.is_empty() || fields.iter().any(|field| field == name)
        }
        _ => false,
    };
    let (mut changes, mut notes) = (Values::new(), Vec::new());
    for (name, value) in sent {
        if !writes(&name) || lost(&name) || PROTECTED.contains(&name.as_str()) {
            continue;
        }
        match before.table.field(&name).map(|field| field.kind) {
            Some(Kind::Journal) if !value.is_empty() => notes.push((name, value)),
            Some(Kind::Journal) | None => {}
            Some(_) if before.value(&name) != value => drop(changes.insert(name, value)),
            Some(_) => {}
        }
    }
    (changes, notes)
}

/// The data policy of incidents: no resolution without code and notes.
fn require_closure_fields(
    class: &Table,
    before: &Row,
    changes: &Values,
) -> Result<(), Box<Answer>> {
    let closing = changes
        .get("state")
        .is_some_and(|state| state == "6" || state == "7");
    if class.name != "incident" || !closing {
        return Ok(());
    }
    let empty = |name: &str| {
        changes
            .get(name)
            .map_or_else(|| before.value(name), String::as_str)
            .is_empty()
    };
    let missing: Vec<_> = [
        ("close_code", "Resolution code"),
        ("close_notes", "Resolution notes"),
    ]
    .into_iter()
    .filter_map(|(name, label)| empty(name).then_some(label))
    .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "Data Policy Exception: The following fields are mandatory: {}",
        missing.join(", ")
    );
    let answer = Answer::failure(StatusCode::FORBIDDEN, "Operation Failed", Some(&detail));
    Err(Box::new(answer))
}

/// A task that reaches a closed state stops being active.
fn close(class: &Table, changes: &mut Values, who: &Identity) {
    let closed: &[&str] = match class.name {
        "incident" => &["7", "8"],
        "sc_req_item" | "sc_task" | "sc_request" => &["3", "4", "7"],
        _ => return,
    };
    if changes
        .get("state")
        .is_some_and(|state| closed.contains(&state.as_str()))
    {
        changes.insert("active".to_owned(), "false".to_owned());
        changes.insert("closed_at".to_owned(), clock::stored_now());
        changes.insert("closed_by".to_owned(), who.sys_id.clone());
    }
}

/// Appends a journal entry; nothing ever overwrites one.
fn add_note(
    store: &mut Store,
    (table, record): (&str, &str),
    (element, value): (&str, &str),
    (at, by): (&str, &str),
) {
    let (Some(journal), Some(sys_id)) = (schema::table("sys_journal_field"), new_sys_id()) else {
        return;
    };
    let entry = [
        ("sys_id", sys_id.as_str()),
        ("element_id", record),
        ("element", element),
        ("name", table),
        ("value", value),
        ("sys_created_on", at),
        ("sys_created_by", by),
        ("sys_updated_on", at),
        ("sys_updated_by", by),
        ("sys_mod_count", "0"),
    ];
    let values = entry.map(|(name, value)| (name.to_owned(), value.to_owned()));
    store.put(journal, Values::from(values));
}

fn show(
    store: &Store,
    call: &Call,
    table: &Table,
    sys_id: &str,
    who: &Identity,
    status: StatusCode,
) -> Answer {
    let record = store
        .get(table.name, sys_id)
        .map_or_else(Map::new, |row| call.shape().record(store, &who.access, row));
    Answer::result(status, Value::Object(record))
}

/// Makes the answer show what was sent, although it was not saved.
fn claim(mut answer: Answer, sent: &Values) -> Answer {
    edit(&mut answer, |record| {
        let stored = |name: &String| name != "work_notes" && name != "comments";
        for (name, value) in record.iter_mut().filter(|(name, _)| stored(name)) {
            if let (Some(text), Value::String(shown)) = (sent.get(name), value) {
                shown.clone_from(text);
            }
        }
    });
    answer
}

fn without(mut answer: Answer, fault: Option<&FaultKind>) -> Answer {
    edit(&mut answer, |record| {
        *record = hide(std::mem::take(record), fault)
    });
    answer
}

fn edit(answer: &mut Answer, change: impl FnOnce(&mut Map<String, Value>)) {
    if let Ok(mut body) = serde_json::from_str::<Value>(&answer.body) {
        if let Some(record) = body.get_mut("result").and_then(Value::as_object_mut) {
            change(record);
        }
        answer.body = body.to_string();
    }
}
