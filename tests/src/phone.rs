//! A real Chromium at the size of a phone, driven through WebDriver (W3C Recommendation, 2018).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Names the program `chromedriver`; Debian has it in the package `chromium-driver`.
const VARIABLE: &str = "SNOWGATE_CHROMEDRIVER";
/// Names axe-core, one file of JavaScript; `cargo xtask test` installs it.
const AXE: &str = "SNOWGATE_AXE";
/// Names a folder that takes pictures of what the tests show.
const PICTURES: &str = "SNOWGATE_PICTURES";
/// What axe-core looks for: all of WCAG 2.2 up to AA.
const RULES: [&str; 5] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
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
        Self::with_screen(SCREEN).await
    }

    /// The same with another screen, width and height in CSS pixels.
    pub async fn with_screen(screen: (u32, u32)) -> Option<Self> {
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
        let (width, height) = screen;
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
                        "width": width, "height": height, "touch": true,
                        "pixelRatio": if width < 600 { 1.5 } else { 1.0 },
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
        self.says("h1", heading).await;
    }

    /// Waits until an element's text holds these words.
    pub async fn says(&self, selector: &str, words: &str) {
        let script = format!(
            "return document.querySelector({})?.textContent ?? ''",
            json!(selector)
        );
        let end = Instant::now() + crate::stack::PATIENCE;
        loop {
            let text = self.ask_page(&script).await;
            if text.as_str().is_some_and(|text| text.contains(words)) {
                return;
            }
            if Instant::now() > end {
                self.picture("failed").await;
                let page = self.text("main").await;
                panic!("waited in vain for `{words}`: {page}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Shows an e-mail's HTML part as the page, without its own frame.
    pub async fn read_letter(&self, html: &str) {
        self.open("about:blank").await;
        let script = format!(
            "document.open(); document.write({}); document.close()",
            json!(html)
        );
        self.ask_page(&script).await;
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

    /// Switches between light and dark, as the system's setting does.
    pub async fn scheme(&self, scheme: &str) {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.protocol("Emulation.setEmulatedMedia", &media).await;
    }

    /// Lets no page run scripts any more.
    pub async fn without_scripts(&self) {
        let order = json!({ "value": true });
        self.protocol("Emulation.setScriptExecutionDisabled", &order)
            .await;
    }

    /// A command of the `DevTools` protocol.
    async fn protocol(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.ask(Method::POST, "/goog/cdp/execute", &body).await
    }

    /// Presses keys one after the other, wherever the focus is (WebDriver, 17.4.2 for the codes).
    pub async fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
            })
            .collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.ask(Method::POST, "/actions", &body).await;
    }

    /// Checks the page against WCAG 2.2 AA, in light and in dark. What axe-core cannot judge counts
    /// as a fault, too.
    pub async fn is_accessible(&self) {
        let file = std::env::var_os(AXE)
            .unwrap_or_else(|| panic!("{AXE} names no axe.min.js: `cargo xtask test` installs it"));
        let axe = std::fs::read_to_string(file).expect("axe-core can be read");
        self.ask_page(&axe).await;
        for scheme in ["light", "dark"] {
            self.scheme(scheme).await;
            let script = format!(
                "const reported = found => found.map(rule => [rule.id,
                     ...rule.nodes.map(node => node.html + ' ' + (node.failureSummary ?? ''))]);
                 return axe.run(document, {{runOnly: {rules}}}).then(found => ({{
                     scheme: matchMedia('(prefers-color-scheme: {scheme})').matches,
                     looked: ['color-contrast', 'document-title', 'html-has-lang'].every(
                         id => found.passes.some(rule => rule.id == id)),
                     faults: reported(found.violations), undecided: reported(found.incomplete)}}));",
                rules = json!(RULES),
            );
            let found = self.ask_page(&script).await;
            let good = json!({ "scheme": true, "looked": true, "faults": [], "undecided": [] });
            assert_eq!(found, good, "in {scheme}");
        }
        self.scheme("light").await;
    }

    /// Takes a picture of what the screen shows, where a folder for pictures is named.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os(PICTURES) else {
            return;
        };
        let shot = self.ask(Method::GET, "/screenshot", &Value::Null).await;
        let shot = shot.as_str().expect("a picture is text");
        let bytes = STANDARD.decode(shot).expect("a picture is base64");
        let path = Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(path, bytes).expect("the folder takes pictures");
    }
}

impl Drop for Phone {
    /// Ends the browser, also where a test has failed: only its driver ends it wholly.
    fn drop(&mut self) {
        let session = self.session.trim_start_matches("http://");
        let Some((host, path)) = session.split_once('/') else {
            return;
        };
        let Ok(mut driver) = TcpStream::connect(host) else {
            return;
        };
        let order = format!("DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let sent = driver
            .set_read_timeout(Some(Duration::from_secs(10)))
            .and_then(|()| driver.write_all(order.as_bytes()))
            // It answers once the browser has ended.
            .and_then(|()| driver.read_exact(&mut [0; 12]));
        if let Err(error) = sent {
            let said = writeln!(std::io::stderr(), "the browser was not ended: {error}");
            drop(said);
        }
    }
}
