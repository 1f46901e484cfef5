//! The Table API's front door: headers, credentials and faults.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, Response, StatusCode, header};

use crate::answer::Answer;
use crate::call::Call;
use crate::calls::CallRecord;
use crate::config::random_token;
use crate::fault::{self, Aim, FaultKind};
use crate::identity::{self, Identity};
use crate::world::{App, Shared, World};
use crate::{clock, oauth, read, schema, write};

/// Ends and remembers a call when it is dropped: answered, or given up by a caller who did not
/// wait (status 0).
struct UnderWay<'app> {
    app: &'app App,
    session: Option<String>,
    record: Option<CallRecord>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut world = self.app.world();
        world.calls.end(self.session.as_deref());
        if let Some(record) = self.record.take() {
            world.calls.remember(record);
        }
    }
}

/// Serves the Table API and the token endpoint.
pub(crate) async fn serve(State(app): State<Shared>, request: Request) -> Response<Body> {
    let started = Instant::now();
    let call = match Call::read(request, &app.base_url).await {
        Ok(call) => call,
        Err(answer) => return answer.into_response(),
    };
    let session = identity::session_cookie(&call.headers).map(str::to_owned);
    let (in_flight, shared) = app.world().calls.begin(session.as_deref());
    let mut under_way = UnderWay {
        app: &app,
        session,
        record: Some(CallRecord::of(&call)),
    };
    let who = {
        let world = app.world();
        identity::identify(
            &call.headers,
            &app.accounts,
            &world.tokens,
            &world.store,
            clock::now(),
        )
    };
    let fault = take_fault(&app, &call, who.as_ref());
    let kind = fault.as_ref().map(|(kind, _)| kind.clone());
    if let Some(record) = &mut under_way.record {
        record.user = who.as_ref().map(|who| who.user_name.clone());
        record.scheme = who.as_ref().map(|who| who.scheme);
        record.fault = kind.as_ref().map(FaultKind::name);
    }
    let answer = if app
        .config
        .api_threads
        .is_some_and(|threads| in_flight > threads)
    {
        fault::too_many(None)
    } else if shared {
        fault::accepted()
    } else {
        spoiled(fault, || dispatch(&app, &call, who.as_ref(), kind.as_ref())).await
    };
    if let Some(record) = &mut under_way.record {
        record.status = answer.status.as_u16();
        record.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    }
    with_platform_headers(answer, under_way.session.as_deref(), who.is_some()).into_response()
}

fn take_fault(app: &App, call: &Call, who: Option<&Identity>) -> Option<(FaultKind, bool)> {
    app.world().faults.take(&Aim {
        table: &call.target.table,
        method: &call.method,
        user: who.map(|who| who.user_name.as_str()),
        sys_id: call.target.sys_id.as_deref(),
        query: call.parameter("sysparm_query"),
    })
}

/// Runs the real call around a fault: before it, after it, or not at all.
async fn spoiled(fault: Option<(FaultKind, bool)>, real: impl FnOnce() -> Answer) -> Answer {
    let Some((kind, after)) = fault else {
        return real();
    };
    if let FaultKind::Slow { millis } = kind {
        let pause = Duration::from_millis(millis);
        if after {
            let answer = real();
            tokio::time::sleep(pause).await;
            return answer;
        }
        tokio::time::sleep(pause).await;
        return real();
    }
    match kind.replacement() {
        Some(replacement) => {
            if after {
                drop(real());
            }
            replacement
        }
        None => {
            let mut answer = real();
            kind.spoil(&mut answer);
            answer
        }
    }
}

/// Checks the call as an instance does, in its order, and runs it.
fn dispatch(app: &App, call: &Call, who: Option<&Identity>, fault: Option<&FaultKind>) -> Answer {
    if call.is_for_token() {
        let tokens = &mut app.world().tokens;
        let (life, now) = (app.config.token_life, clock::now());
        return oauth::token(call, &app.accounts, tokens, life, now);
    }
    let Some(who) = who else {
        return Answer::unauthenticated();
    };
    if let Some(refusal) = unacceptable(call) {
        return refusal;
    }
    let name = &call.target.table;
    let Some(table) = schema::table(name) else {
        return Answer::failure(
            StatusCode::BAD_REQUEST,
            &format!("Invalid table {name}"),
            None,
        );
    };
    let mut world = app.world();
    let World { store, .. } = &mut *world;
    match (call.method.as_str(), &call.target.sys_id) {
        ("GET", None) => read::list(store, call, table, who, fault),
        ("GET", Some(_)) => read::one(store, call, table, who, fault),
        ("POST", None) => write::create(store, call, table, who, fault),
        ("PATCH" | "PUT", Some(_)) => write::modify(store, call, table, who, fault),
        ("DELETE", Some(_)) => write::remove(store, call, table, who),
        _ => Answer::failure(StatusCode::METHOD_NOT_ALLOWED, "Method not supported", None),
    }
}

/// Missing or wrong `Accept` and `Content-Type`.
fn unacceptable(call: &Call) -> Option<Answer> {
    let json = |value: &str| {
        let lower = value.to_ascii_lowercase();
        lower.contains("application/json")
            || lower.contains("*/*")
            || lower.contains("application/*")
    };
    match call.header(&header::ACCEPT) {
        None => {
            let detail = Some("The Accept header is required");
            return Some(Answer::failure(
                StatusCode::BAD_REQUEST,
                "Invalid headers",
                detail,
            ));
        }
        Some(value) if !json(value) => {
            let message = "Requested response format is not supported";
            return Some(Answer::failure(StatusCode::NOT_ACCEPTABLE, message, None));
        }
        Some(_) => {}
    }
    if !matches!(call.method.as_str(), "POST" | "PATCH" | "PUT") {
        return None;
    }
    match call.header(&header::CONTENT_TYPE) {
        None => {
            let detail = Some("The Content-Type header is required");
            Some(Answer::failure(
                StatusCode::BAD_REQUEST,
                "Invalid headers",
                detail,
            ))
        }
        Some(value) if !value.to_ascii_lowercase().starts_with("application/json") => {
            let message = "Media type is not supported";
            Some(Answer::failure(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                message,
                None,
            ))
        }
        Some(_) => None,
    }
}

/// Cookies and marks that every answer of an instance carries.
fn with_platform_headers(answer: Answer, session: Option<&str>, logged_in: bool) -> Answer {
    let answer = answer
        .with(
            HeaderName::from_static("x-is-logged-in"),
            logged_in.to_string(),
        )
        .with(
            header::CACHE_CONTROL,
            "no-cache,no-store,must-revalidate,max-age=-1",
        );
    match (session, random_token()) {
        (None, Ok(new)) => identity::cookies(&new)
            .into_iter()
            .fold(answer, |answer, cookie| {
                answer.with(header::SET_COOKIE, cookie)
            }),
        _ => answer,
    }
}
