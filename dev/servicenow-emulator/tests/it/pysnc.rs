use std::process::Command;

use crate::instance::Instance;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pysnc_check.py");

/// Lets ServiceNow's own Python client judge the emulator. Runs where
/// `SNOWGATE_PYSNC_PYTHON` names a Python that has `pysnc`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_independent_client_agrees() {
    let Ok(python) = std::env::var("SNOWGATE_PYSNC_PYTHON") else {
        eprintln!("not run: SNOWGATE_PYSNC_PYTHON names no python with pysnc");
        return;
    };
    let instance = Instance::start().await;
    let admin = instance.config.admin.as_ref().unwrap();
    let read = &instance.config.read;
    let output = Command::new(python)
        .arg(SCRIPT)
        .env("EMULATOR_URL", &instance.running.base_url)
        .env("ADMIN_USER", &admin.user)
        .env("ADMIN_PASSWORD", admin.password.expose())
        .env("READ_USER", &read.user)
        .env("READ_PASSWORD", read.password.expose())
        .env("READ_CLIENT_ID", &read.client_id)
        .env("READ_CLIENT_SECRET", read.client_secret.expose())
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("pysnc agrees: 11 checks"), "{out}");
}
