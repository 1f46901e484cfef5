//! A running emulator and short ways to call it.

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use servicenow_emulator::{Config, Emulator, Login, Running};

pub(crate) const RITA: &str = "aaaa0000000000000000000000000002";
pub(crate) const ADA: &str = "aaaa0000000000000000000000000001";
pub(crate) const ITEM: &str = "eeee0000000000000000000000000001";
pub(crate) const HIDDEN_ITEM: &str = "eeee0000000000000000000000000099";
pub(crate) const INCIDENT: &str = "22220000000000000000000000000001";

pub(crate) struct Instance {
    pub(crate) running: Running,
    pub(crate) config: Config,
    pub(crate) client: Client,
}

impl Instance {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::generated().unwrap();
        change(&mut config);
        let running = Emulator::start(config.clone()).await.unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        Self {
            running,
            config,
            client,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.base_url)
    }

    fn as_login(&self, login: &Login, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, self.url(path))
            .basic_auth(&login.user, Some(login.password.expose()))
            .header("Accept", "application/json")
    }

    /// A GET by the user that reads.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.as_login(&self.config.read, Method::GET, path)
    }

    /// A PATCH by the user that writes.
    pub(crate) fn patch(&self, path: &str, body: &Value) -> RequestBuilder {
        self.as_login(&self.config.write, Method::PATCH, path)
            .json(body)
    }

    /// Any call by the administrator.
    pub(crate) fn admin(&self, method: Method, path: &str) -> RequestBuilder {
        self.as_login(self.config.admin.as_ref().unwrap(), method, path)
    }

    /// Rows of a v2 list, with links excluded.
    pub(crate) async fn rows(&self, table: &str, query: &[(&str, &str)]) -> Vec<Value> {
        let response = self
            .get(&format!("/api/now/v2/table/{table}"))
            .query(query)
            .query(&[("sysparm_exclude_reference_link", "true")])
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        json(response).await["result"].as_array().unwrap().clone()
    }

    pub(crate) fn control(&self, method: Method, path: &str) -> RequestBuilder {
        let token = self.config.control_token.as_ref().unwrap();
        self.client
            .request(method, self.url(&format!("/_emulator/{path}")))
            .bearer_auth(token.expose())
    }

    pub(crate) async fn fault(&self, fault: Value) {
        let response = self
            .control(Method::POST, "faults")
            .json(&fault)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 201, "{fault}");
    }

    /// The stored values and notes of a record, whatever the ACLs say.
    pub(crate) async fn stored(&self, table: &str, sys_id: &str) -> Value {
        let path = format!("records/{table}/{sys_id}");
        json(self.control(Method::GET, &path).send().await.unwrap()).await
    }

    pub(crate) async fn calls(&self) -> Value {
        json(self.control(Method::GET, "requests").send().await.unwrap()).await
    }
}

pub(crate) async fn json(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

pub(crate) fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}
