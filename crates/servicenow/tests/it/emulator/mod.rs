//! The crate against the project's own ServiceNow: the seeded organisation, and every fault it
//! knows at every step.

mod reading;
mod writing;

use serde_json::{Value, json};
use servicenow::{Limits, Reader, Session, Writer};
use servicenow_emulator::{Config, Emulator, Login, Running};
use snowgate_core::id::SysId;
use snowgate_core::request::TableName;

use crate::server::{quick, stopped};

const ITEM: &str = "eeee0000000000000000000000000001";

fn sys_id(letter: &str, number: u8) -> SysId {
    format!("{}{number:028}", letter.repeat(4)).parse().unwrap()
}

/// How to sign in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    Basic,
    Client,
    Password,
}

pub(crate) struct Stage {
    pub(crate) config: Config,
    running: Running,
    control: reqwest::Client,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::with(Config::generated().unwrap()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let running = Emulator::start(config.clone()).await.unwrap();
        let control = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            config,
            running,
            control,
        }
    }

    pub(crate) fn session(&self, login: &Login, way: Way, limits: Limits) -> Session {
        let (user, password) = (&login.user, login.password.expose());
        let (client, secret) = (&login.client_id, login.client_secret.expose());
        let credentials = match way {
            Way::Basic => json!({"username": user, "password": password}),
            Way::Client => json!({
                "client_id": client, "client_secret": secret, "grant_type": "client_credentials"
            }),
            Way::Password => json!({
                "username": user, "password": password,
                "client_id": client, "client_secret": secret
            }),
        };
        let instance = self.running.base_url.parse().unwrap();
        let credentials = credentials.to_string().parse().unwrap();
        Session::with_limits(instance, credentials, limits, stopped()).unwrap()
    }

    fn reader(&self) -> Reader {
        Reader::new(self.session(&self.config.read, Way::Basic, quick()))
    }

    fn writer(&self) -> Writer {
        Writer::new(self.session(&self.config.write, Way::Basic, quick()))
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let method = method.parse().unwrap();
        let url = format!("{}/_emulator/{path}", self.running.base_url);
        let token = self.config.control_token.as_ref().unwrap().expose();
        let request = self.control.request(method, url).bearer_auth(token);
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_string()),
            None => request,
        };
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub(crate) async fn fault(&self, fault: Value) {
        self.control("POST", "faults", Some(fault)).await;
    }

    pub(crate) async fn mend(&self) {
        self.control("DELETE", "faults", None).await;
    }
}

fn table(name: &str) -> TableName {
    TableName::try_from(name.to_owned()).unwrap()
}
