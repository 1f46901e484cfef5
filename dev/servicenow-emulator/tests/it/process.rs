use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_servicenow-emulator");

fn start(ready: &Path) -> Child {
    Command::new(BINARY)
        .args(["--port", "0", "--ready-file"])
        .arg(ready)
        .env_clear()
        .env("SERVICENOW_READ_PASSWORD", "read-password")
        .env("SERVICENOW_WRITE_PASSWORD", "write-password")
        .env("SERVICENOW_CONTROL_TOKEN", "control-token")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn ready_file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("emulator-{name}-{}.json", std::process::id()))
}

async fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < end, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_binary_tells_its_address_serves_and_stops_on_both_signals() {
    for signal in ["TERM", "INT"] {
        let ready = ready_file(signal);
        let mut child = start(&ready);
        let text = wait_for("the address", || std::fs::read_to_string(&ready).ok()).await;
        let url = serde_json::from_str::<Value>(&text).unwrap()["url"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let call = client
            .get(format!("{url}/api/now/v2/table/sys_user?sysparm_limit=1"))
            .basic_auth("snowgate.read", Some("read-password"));
        assert_eq!(call.send().await.unwrap().status(), 200);
        let pid = child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let status = wait_for("the end", || child.try_wait().unwrap()).await;
        assert!(status.success(), "{signal}: {status}");
        assert!(!ready.exists(), "the address is gone");
        let output = child.wait_with_output().unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(
            !log.contains("password") && !log.contains("control-token"),
            "{log}"
        );
    }
}

#[test]
fn without_passwords_it_does_not_start() {
    let output = Command::new(BINARY).env_clear().output().unwrap();
    assert!(!output.status.success());
}
