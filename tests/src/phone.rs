//! A real Chromium at the size of a phone, driven through WebDriver (W3C Recommendation, 2018).

use std::process::Stdio;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Names the program `chromedriver`; Debian has it in the package `chromium-driver`.
const VARIABLE: &str = "SNOWGATE_CHROMEDRIVER";
/// What an element's id is called (WebDriver, 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// The smallest screen that is still sold, in CSS pixels.
const SCREEN: (u32, u32) = (360, 640);

/// A browser with a screen.
pub struct Phone {
    http: reqwest::Client,
    session: String,
    _driver: Child,
}

impl Phone {
    /// A new browser without history; none where no driver is named.
    pub async fn start() -> Option<Self> {
        let program = std::env::var_os(VARIABLE)?;
        let mut driver = Command::new(program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver can be run");
        let output = driver.stdout.take().expect("its output is a pipe");
        let mut lines = BufReader::new(output).lines();
        let port = loop {
            let line = lines.next_line().await.expect("its output is text");
            let line = line.expect("it says its port before it ends");
            if let Some((_, port)) = line.rsplit_once("successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("the HTTP client can be made");
        let base = format!("http://127.0.0.1:{port}");
        let mut phone = Self {
            http,
            session: base,
            _driver: driver,
        };
        let (width, height) = SCREEN;
        let made = phone
            .ask(
                Method::POST,
                "/session",
                &json!({ "capabilities": { "alwaysMatch": {
                "goog:loggingPrefs": { "browser": "ALL" },
                "goog:chromeOptions": {
                    // The sandbox does not start for root, and only our own pages are opened.
                    "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"],
                    "mobileEmulation": { "deviceMetrics": {
                        "width": width, "height": height, "pixelRatio": 2.0, "touch": true,
                    } },
                },
            } } }),
            )
            .await;
        let id = crate::stack::text(&made, "sessionId");
        phone.session = format!("{}/session/{id}", phone.session);
        Some(phone)
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        let mut sent = self
            .http
            .request(method.clone(), format!("{}{path}", self.session));
        if method == Method::POST {
            sent = sent.json(body);
        }
        let answer = sent.send().await.expect("the browser answers");
        let status = answer.status();
        let text = answer.text().await.expect("an answer is text");
        assert!(status.is_success(), "{method} {path}: {text}");
        let mut answer: Value = serde_json::from_str(&text).expect("it answers with JSON");
        answer["value"].take()
    }

    /// Opens an address and waits until it is loaded.
    pub async fn open(&self, address: &str) {
        let body = json!({ "url": address });
        self.ask(Method::POST, "/url", &body).await;
    }

    async fn element(&self, selector: &str) -> String {
        let body = json!({ "using": "css selector", "value": selector });
        let found = self.ask(Method::POST, "/element", &body).await;
        format!("/element/{}", crate::stack::text(&found, ELEMENT))
    }

    /// Taps an element, scrolling to it as a person does; fails where something covers it.
    pub async fn tap(&self, selector: &str) {
        let element = self.element(selector).await;
        let path = format!("{element}/click");
        self.ask(Method::POST, &path, &json!({})).await;
    }

    /// Types into an element.
    pub async fn type_into(&self, selector: &str, words: &str) {
        let element = self.element(selector).await;
        let body = json!({ "text": words });
        self.ask(Method::POST, &format!("{element}/value"), &body)
            .await;
    }

    /// What an element shows.
    pub async fn text(&self, selector: &str) -> String {
        let element = self.element(selector).await;
        let shown = self
            .ask(Method::GET, &format!("{element}/text"), &Value::Null)
            .await;
        shown.as_str().expect("a text").to_owned()
    }

    /// Waits until the page has this heading.
    pub async fn shows(&self, heading: &str) {
        let script = "return document.querySelector('h1')?.textContent ?? ''";
        crate::stack::eventually(&format!("a page `{heading}`"), || async {
            (self.ask_page(script).await == heading).then_some(())
        })
        .await;
    }

    /// What a script in the page returns.
    pub async fn ask_page(&self, script: &str) -> Value {
        let body = json!({ "script": script, "args": [] });
        self.ask(Method::POST, "/execute/sync", &body).await
    }

    /// What the browser complained about so far: refused styles and scripts, failed loads.
    pub async fn complaints(&self) -> Vec<Value> {
        let body = json!({ "type": "browser" });
        let log = self.ask(Method::POST, "/se/log", &body).await;
        log.as_array().expect("a list").clone()
    }

    /// Closes the browser.
    pub async fn close(self) {
        self.ask(Method::DELETE, "", &Value::Null).await;
    }
}
