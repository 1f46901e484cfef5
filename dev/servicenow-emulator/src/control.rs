//! `/_emulator`: faults, recent calls, records and actions, guarded by a token.

use std::path::PathBuf;

use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::ServiceCredentials;
use crate::control_error::problem;
use crate::fault::{FaultKind, FaultRule};
use crate::seed::{self, Records};
use crate::world::{Shared, World};
use crate::{raise, tickets};

/// The routes, all behind the token. Without a token there are none.
pub(crate) fn router(app: &Shared) -> Router<Shared> {
    if app.config.control_token.is_none() {
        return Router::new();
    }
    Router::new()
        .route(
            "/_emulator/faults",
            get(faults).post(add_faults).delete(clear_faults),
        )
        .route("/_emulator/faults/kinds", get(kinds))
        .route("/_emulator/faults/{id}", delete(remove_fault))
        .route("/_emulator/requests", get(requests))
        .route("/_emulator/reset", post(reset))
        .route("/_emulator/records", post(add_records))
        .route(
            "/_emulator/records/{table}/{sys_id}",
            get(record).delete(remove_record),
        )
        .route("/_emulator/tokens", delete(revoke_tokens))
        .route("/_emulator/credentials", post(credentials))
        .route("/_emulator/actions/raise", post(raise::serve))
        .route("/_emulator/tickets", get(all_tickets))
        .route("/_emulator/tickets/{sys_id}", get(one_ticket))
        .layer(middleware::from_fn_with_state(app.clone(), guard))
}

/// Lets a request through if it carries the control token as a bearer token.
async fn guard(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let sent = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let allowed = match (&app.config.control_token, sent) {
        (Some(token), Some(sent)) => token.is(sent),
        _ => false,
    };
    if allowed {
        next.run(request).await
    } else {
        problem(
            StatusCode::UNAUTHORIZED,
            "the control token is missing or wrong",
        )
    }
}

async fn faults(State(app): State<Shared>) -> Response {
    Json(json!({ "faults": app.world().faults.list() })).into_response()
}

async fn kinds() -> Response {
    Json(json!({ "kinds": FaultKind::samples() })).into_response()
}

/// One fault or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

async fn add_faults(State(app): State<Shared>, Json(body): Json<OneOrMany>) -> Response {
    let values = match body {
        OneOrMany::Many(values) => values,
        OneOrMany::One(value) => vec![value],
    };
    let faults: Result<Vec<FaultRule>, _> =
        values.into_iter().map(serde_json::from_value).collect();
    match faults {
        Ok(faults) => {
            let mut world = app.world();
            let ids: Vec<u64> = faults
                .into_iter()
                .map(|fault| world.faults.add(fault))
                .collect();
            (StatusCode::CREATED, Json(json!({ "ids": ids }))).into_response()
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, error),
    }
}

async fn clear_faults(State(app): State<Shared>) -> StatusCode {
    app.world().faults.clear();
    StatusCode::NO_CONTENT
}

async fn remove_fault(State(app): State<Shared>, Path(id): Path<u64>) -> Response {
    if app.world().faults.remove(id) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        problem(StatusCode::NOT_FOUND, "no such fault is in force")
    }
}

/// `?after=N` leaves out the calls up to number N.
#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    after: u64,
}

async fn requests(State(app): State<Shared>, Query(since): Query<Since>) -> Response {
    let world = app.world();
    let recent: Vec<_> = world
        .calls
        .recent()
        .filter(|call| call.n > since.after)
        .collect();
    Json(json!({
        "requests": recent,
        "total": world.calls.total,
        "peak_in_flight": world.calls.peak_in_flight,
    }))
    .into_response()
}

async fn reset(State(app): State<Shared>) -> Response {
    match app.reset() {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

async fn add_records(State(app): State<Shared>, Json(records): Json<Records>) -> Response {
    let World { store, .. } = &mut *app.world();
    match seed::add(store, records) {
        Ok(count) => Json(json!({ "stored": count })).into_response(),
        Err(error) => problem(StatusCode::BAD_REQUEST, error),
    }
}

/// The stored values of a record with its notes, whatever the ACLs say.
async fn record(
    State(app): State<Shared>,
    Path((table, sys_id)): Path<(String, String)>,
) -> Response {
    let world = app.world();
    match world.store.get(&table, &sys_id) {
        Some(row) => Json(json!({
            "table": row.table.name,
            "values": row.values(),
            "notes": tickets::notes(&world.store, &sys_id),
        }))
        .into_response(),
        None => problem(StatusCode::NOT_FOUND, "no such record"),
    }
}

async fn remove_record(
    State(app): State<Shared>,
    Path((table, sys_id)): Path<(String, String)>,
) -> Response {
    if app.world().store.remove(&table, &sys_id) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        problem(StatusCode::NOT_FOUND, "no such record")
    }
}

async fn revoke_tokens(State(app): State<Shared>) -> Response {
    Json(json!({ "revoked": app.world().tokens.revoke_access() })).into_response()
}

/// Where to read credentials for the service API, and under which name to keep them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialsFrom {
    #[serde(default = "default_name")]
    name: String,
    file: PathBuf,
}

fn default_name() -> String {
    "default".to_owned()
}

async fn credentials(State(app): State<Shared>, Json(from): Json<CredentialsFrom>) -> Response {
    match ServiceCredentials::read(&from.file) {
        Ok(credentials) => {
            app.set_credentials(&from.name, credentials);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, error),
    }
}

async fn all_tickets(State(app): State<Shared>) -> Response {
    Json(json!({ "tickets": tickets::all(&app.world().store) })).into_response()
}

async fn one_ticket(State(app): State<Shared>, Path(sys_id): Path<String>) -> Response {
    match tickets::one(&app.world().store, &sys_id) {
        Some(ticket) => Json(ticket).into_response(),
        None => problem(StatusCode::NOT_FOUND, "no such ticket"),
    }
}
