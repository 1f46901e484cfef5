//! The client as the AWS SDK wants it.

use std::error::Error as _;
use std::io;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};

use crate::client::{HttpsClient, HttpsSettings, cause};
use crate::dial::ConnectTimedOut;
use crate::tls::TlsError;

/// A client that all clients of the SDK share. The time for a connection is that of the settings;
/// what the SDK's own configuration says of it is not asked. Time limits on operations and
/// attempts are the SDK's and hold as they are configured there.
///
/// # Errors
/// As for [`HttpsClient::new`].
pub fn for_sdk(settings: &HttpsSettings) -> Result<SharedHttpClient, TlsError> {
    let connector = SharedHttpConnector::new(Sdk(HttpsClient::new(settings)?));
    Ok(http_client_fn(move |_, _| connector.clone()))
}

#[derive(Debug)]
struct Sdk(HttpsClient);

impl HttpConnector for Sdk {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        let connection = capture_connection(&mut request);
        if let Some(wanted) = request.extensions().get::<CaptureSmithyConnection>() {
            wanted.set_connection_retriever(move || Some(used(&connection)));
        }
        let answer = self.0.send(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(unanswered)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// What the SDK may do with the connection of a call that went wrong in passing: have it not used
/// again.
fn used(connection: &CaptureConnection) -> ConnectionMetadata {
    let connection = connection.clone();
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    ConnectionMetadata::builder()
        .proxied(false)
        .poison_fn(poison)
        .build()
}

/// What the SDK makes its decision to try again from.
fn unanswered(error: legacy::Error) -> ConnectorError {
    if cause::<ConnectTimedOut>(&error).is_some() {
        return ConnectorError::timeout(error.into());
    }
    if error.is_connect() {
        return ConnectorError::io(error.into());
    }
    let http = error.source().and_then(cause::<hyper::Error>);
    let (timeout, misuse, cut, closed) = http.map_or((false, false, false, false), |http| {
        (
            http.is_timeout(),
            http.is_user(),
            http.is_incomplete_message(),
            http.is_closed() || http.is_canceled(),
        )
    });
    if timeout {
        ConnectorError::timeout(error.into())
    } else if misuse {
        ConnectorError::user(error.into())
    } else if cut {
        ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
    } else if closed || cause::<io::Error>(&error).is_some() {
        ConnectorError::io(error.into())
    } else {
        ConnectorError::other(error.into(), None)
    }
}
