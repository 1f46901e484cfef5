//! What each function is given: its environment, and the event that it is asked again and again.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::endpoint::Endpoint;
use crate::place::Place;

/// The key of the clients' secret in these runs.
const KEY: [u8; 64] = [7; 64];
const CLIENT: &str = "servicenow";
const PASSWORD: &str = "correct horse battery staple";

/// Why there is no event.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkloadError {
    /// The recorded event cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The recorded event is no JSON.
    #[error("`{path}` is no JSON")]
    Json {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: serde_json::Error,
    },
}

/// A function and its work.
#[derive(Debug)]
pub(crate) struct Workload {
    /// The binary.
    pub(crate) name: &'static str,
    /// How many services of AWS and others it has clients for.
    pub(crate) clients: usize,
    /// How many secrets it fetches before it asks for events.
    pub(crate) fetches: u64,
    /// The recorded event in `events/`.
    event: &'static str,
    /// What one warm call does, in words.
    pub(crate) does: &'static str,
    /// What one warm call calls, and how often.
    pub(crate) calls: &'static [(&'static str, u64)],
    /// How many warm calls a series has.
    pub(crate) series: u64,
    /// What it must not cost more than.
    pub(crate) limits: Limits,
}

/// What must not be crossed: the aim of the design where it is reached, else what was measured and some
/// tenth more, so that what is reached is kept (docs/performance.md).
#[derive(Debug)]
pub(crate) struct Limits {
    /// The zip, in megabytes.
    pub(crate) zip: f64,
    /// Instructions until the first call is answered.
    pub(crate) start: f64,
    /// Instructions of a warm call.
    pub(crate) warm: f64,
    /// Memory after all calls, in megabytes.
    pub(crate) memory: f64,
}

const GET: (&str, u64) = ("DynamoDB.GetItem", 1);

/// All functions. Those behind queues are woken for a request of which nothing is to be done by
/// them; what they do besides is ServiceNow's and IAM's time, not theirs.
pub(crate) const WORKLOADS: [Workload; 8] = [
    Workload {
        name: "authorizer",
        clients: 1,
        fetches: 1,
        event: "authorizer/01-unknown-client.json",
        does: "lets a client in",
        calls: &[],
        series: 3_000,
        limits: Limits {
            zip: 2.7,
            start: 5_200_000.0,
            warm: 190_000.0,
            memory: 8.0,
        },
    },
    Workload {
        name: "intake",
        clients: 2,
        fetches: 0,
        event: "intake/02-create-request.json",
        does: "takes a request in",
        calls: &[
            ("AmazonSQS.SendMessage", 1),
            ("DynamoDB.TransactWriteItems", 1),
        ],
        series: 300,
        limits: Limits {
            zip: 3.4,
            start: 9_400_000.0,
            warm: 2_500_000.0,
            memory: 10.0,
        },
    },
    Workload {
        name: "directory",
        clients: 3,
        fetches: 0,
        event: "directory/13-list-users.json",
        does: "lists no users",
        calls: &[("DynamoDB.Query", 2)],
        series: 300,
        limits: Limits {
            zip: 3.7,
            start: 9_800_000.0,
            warm: 1_000_000.0,
            memory: 10.0,
        },
    },
    Workload {
        name: "dispatcher",
        clients: 6,
        fetches: 1,
        event: "dispatcher/06-request-received.json",
        does: "is woken for nothing",
        calls: &[GET],
        series: 300,
        limits: Limits {
            zip: 4.0,
            start: 10_100_000.0,
            warm: 700_000.0,
            memory: 11.0,
        },
    },
    Workload {
        name: "approval",
        clients: 5,
        fetches: 1,
        event: "approval/07-open-link.json",
        does: "shows that a link is unknown",
        calls: &[GET],
        series: 300,
        limits: Limits {
            zip: 3.7,
            start: 9_800_000.0,
            warm: 1_180_000.0,
            memory: 10.0,
        },
    },
    Workload {
        name: "provisioner",
        clients: 5,
        fetches: 0,
        event: "provisioner/10-work-due.json",
        does: "is woken for nothing",
        calls: &[GET],
        series: 300,
        limits: Limits {
            zip: 4.0,
            start: 9_000_000.0,
            warm: 815_000.0,
            memory: 11.0,
        },
    },
    Workload {
        name: "reporter",
        clients: 4,
        fetches: 2,
        event: "reporter/11-outcome.json",
        does: "is woken for nothing",
        calls: &[GET],
        series: 300,
        limits: Limits {
            zip: 3.2,
            start: 9_400_000.0,
            warm: 705_000.0,
            memory: 10.0,
        },
    },
    Workload {
        name: "sweeper",
        clients: 2,
        fetches: 0,
        event: "sweeper/12-every-minute.json",
        does: "finds nothing due",
        calls: &[("DynamoDB.Query", 8)],
        series: 100,
        limits: Limits {
            zip: 3.2,
            start: 9_700_000.0,
            warm: 4_200_000.0,
            memory: 10.0,
        },
    },
];

impl Workload {
    /// The event.
    pub(crate) fn event(&self, place: &Place) -> Result<Vec<u8>, WorkloadError> {
        let path = place.path(&format!("events/{}", self.event));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) => return Err(WorkloadError::Read { path, source }),
        };
        let mut event: Value = match serde_json::from_str(&text) {
            Ok(event) => event,
            Err(source) => return Err(WorkloadError::Json { path, source }),
        };
        if self.name == "authorizer" {
            let header = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{PASSWORD}")));
            if let Some(field) = event.pointer_mut("/headers/Authorization") {
                *field = json!(header);
            }
            if let Some(field) = event.pointer_mut("/multiValueHeaders/Authorization") {
                *field = json!([header]);
            }
        }
        Ok(event.to_string().into_bytes())
    }
}

/// Puts the secrets of all functions where they are fetched.
pub(crate) fn fill(endpoint: &Endpoint) {
    let mut mac = Hmac::<Sha256>::new(&KEY.into());
    mac.update(format!("{CLIENT}\0{PASSWORD}").as_bytes());
    let clients = json!({"key": STANDARD.encode(KEY), "clients": [{
        "id": CLIENT, "hashes": [STANDARD.encode(mac.finalize().into_bytes())],
        "routes": ["POST /v1/requests", "GET /v1/requests", "GET /v1/requests/*"],
    }]});
    let servicenow = json!({"client_id": "snowgate", "client_secret": "not a secret",
                            "grant_type": "client_credentials"});
    let mut held = endpoint.held();
    held.secrets
        .insert("clients-AbCdEf".to_owned(), clients.to_string());
    held.secrets
        .insert("servicenow-AbCdEf".to_owned(), servicenow.to_string());
}

/// The environment of all functions. What one does not read does no harm.
pub(crate) fn environment(endpoint: &Endpoint) -> Vec<(String, String)> {
    let roots = endpoint.roots().display().to_string();
    let queue = |name: &str| format!("https://sqs.eu-west-1.amazonaws.com/123456789012/{name}");
    let secret =
        |name: &str| format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}");
    let fixed = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        (
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        ),
        ("AWS_SESSION_TOKEN", "session"),
        ("STACK", "bench"),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        // The certificate of the local endpoint; see certificate.rs.
        ("TRUST_ROOTS", "system"),
        ("REQUESTS_TABLE", "requests"),
        ("TOKENS_TABLE", "tokens"),
        ("SERVICENOW_URL", "https://bench.service-now.example"),
        ("READ_ROLE_NAME", "snowgate-read"),
        ("MEMBER_ROLE_NAME", "snowgate-member"),
        ("EXTERNAL_ID", "bench-external-id"),
        ("SENDER", "access@brightwater.example"),
        ("APPROVAL_URL", "https://approve.brightwater.example"),
        ("APPROVAL_KEY_ID", "alias/bench"),
        ("PENDING_FOR", "PT72H"),
        ("REMIND_BEFORE", "PT24H"),
        ("NOTICE_BEFORE_END", "PT24H"),
        ("HOLD", "false"),
        (
            "OUTCOME_FIELDS",
            r#"{"granted":{"state":"3"},"denied":{"state":"4"},"expired":{"state":"4"},"undeliverable":{"state":"4"},"withdrawn":{"state":"4"},"failed":{"state":"4"}}"#,
        ),
    ];
    let mut all: Vec<(String, String)> = fixed
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", endpoint.url().to_owned()),
        ("SSL_CERT_FILE", roots.clone()),
        ("AWS_CA_BUNDLE", roots),
        ("CLIENTS_SECRET_ARN", secret("clients-AbCdEf")),
        ("SERVICENOW_SECRET_ARN", secret("servicenow-AbCdEf")),
        ("SERVICENOW_READ_SECRET_ARN", secret("servicenow-AbCdEf")),
        ("REQUESTS_QUEUE_URL", queue("requests")),
        ("WORK_QUEUE_URL", queue("work.fifo")),
        ("OUTCOMES_QUEUE_URL", queue("outcomes")),
    ] {
        all.push((name.to_owned(), value));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate;

    #[test]
    fn every_variable_that_a_function_needs_is_in_its_environment() {
        let place = Place::find().unwrap();
        let endpoint = Endpoint::start(certificate::make(&place).unwrap()).unwrap();
        let given = environment(&endpoint);
        for workload in &WORKLOADS {
            let main = place.path(&format!("crates/{}/src/main.rs", workload.name));
            let text = std::fs::read_to_string(main).unwrap();
            for asked in ["required(\"", "parsed(\""] {
                for rest in text.split(asked).skip(1) {
                    let (name, _) = rest.split_once('"').unwrap();
                    // Only read where an issuer is configured, which none is.
                    let known =
                        name == "TOKEN_ALGORITHMS" || given.iter().any(|(held, _)| held == name);
                    assert!(known, "{}: {name}", workload.name);
                }
            }
        }
    }
}
