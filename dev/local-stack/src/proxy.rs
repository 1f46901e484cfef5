//! The approval page's own origin: locally all APIs share one, and a page that checks `Origin`
//! needs one of its own. Passes everything through, and adds nothing.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// Bodies beyond this are refused, as API Gateway refuses them.
const MOST_BYTES: usize = 10 * 1024 * 1024;
/// Headers that belong to one connection (RFC 9110, section 7.6.1) or are computed anew.
const OF_CONNECTION: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

#[derive(Clone)]
struct Upstream {
    base: String,
    client: reqwest::Client,
}

/// Forwards every request to the approval API, Host and Origin included.
pub(crate) fn router(base: &str, client: reqwest::Client) -> Router {
    Router::new().fallback(forward).with_state(Upstream {
        base: base.to_owned(),
        client,
    })
}

async fn forward(State(upstream): State<Upstream>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts
        .uri
        .path_and_query()
        .map_or("/", |whole| whole.as_str());
    let sent = upstream
        .client
        .request(parts.method, format!("{}{path}", upstream.base))
        .headers(of_message(&parts.headers))
        .body(body)
        .send()
        .await;
    let Ok(answer) = sent else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let (status, headers) = (answer.status(), of_message(answer.headers()));
    let Ok(body) = answer.bytes().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The headers without those of the connection.
fn of_message(headers: &HeaderMap) -> HeaderMap {
    let mut retained = headers.clone();
    for name in OF_CONNECTION {
        retained.remove(name);
    }
    retained
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_origin_pass_and_the_connection_does_not() {
        let mut headers = HeaderMap::new();
        for name in [
            header::HOST,
            header::ORIGIN,
            header::CONNECTION,
            header::CONTENT_LENGTH,
        ] {
            headers.insert(name, "x".parse().unwrap());
        }
        let retained = of_message(&headers);
        assert!(retained.contains_key(header::HOST) && retained.contains_key(header::ORIGIN));
        assert_eq!(retained.len(), 2);
    }
}
