//! The issuer's keys over time: rotated, away, back again, and asked for in vain.

use std::cell::Cell;

use testkit::token_issuer::{SigningKey, key_set};

use super::*;
use crate::https::{HttpsKeySource, KeysUrl};
use crate::jwks::{Algorithm, KeySet};

/// An issuer whose keys change, or that is away.
#[derive(Default)]
struct Changing {
    keys: RefCell<Option<Value>>,
    asked: Cell<u32>,
}

impl KeySource for &Changing {
    async fn read(&self) -> Result<Vec<u8>, KeySourceError> {
        self.asked.set(self.asked.get() + 1);
        tokio::task::yield_now().await;
        let keys = self.keys.borrow();
        let keys = keys.as_ref().ok_or(KeySourceError::Unreachable)?;
        Ok(keys.to_string().into_bytes())
    }
}

struct Setup<'a> {
    authorizer: Authorizer<Secret, &'a Changing>,
}

fn setup(source: &Changing) -> Setup<'_> {
    let rules = TokenRules {
        issuer: "https://issuer.example".to_owned(),
        audience: None,
        algorithms: vec![Algorithm::Es256],
        scope_prefix: String::new(),
    };
    let secret = Secret(RefCell::new(Ok(secret())));
    Setup {
        authorizer: Authorizer::new(secret, Some(Issuer::new(rules, source))),
    }
}

impl Setup<'_> {
    /// Whether a new token of this key is believed so many seconds after the beginning.
    fn believes(&self, key: &SigningKey, seconds: i64) -> bool {
        run(self.asks(key, seconds)).is_ok()
    }

    async fn asks(
        &self,
        key: &SigningKey,
        seconds: i64,
    ) -> Result<ApiGatewayCustomAuthorizerResponse, Unauthorized> {
        let now = NOW + SignedDuration::from_secs(seconds);
        let second = now.as_second();
        let claims = json!({
            "iss": "https://issuer.example", "token_use": "access", "client_id": "4servicenow",
            "scope": "requests.read", "iat": second, "exp": second + 60,
        });
        let header = format!("Bearer {}", key.token(&claims));
        self.authorizer.authorize(&call(&[&header]), now).await
    }
}

#[test]
fn a_new_key_is_found_and_an_old_one_forgotten() {
    let (old, new) = (SigningKey::ec("old"), SigningKey::ec("new"));
    let source = Changing::default();
    *source.keys.borrow_mut() = Some(key_set(&[&old]));
    let setup = setup(&source);
    assert!(setup.believes(&old, 0));
    assert!(setup.believes(&old, 200));
    assert_eq!(source.asked.get(), 1, "kept for a while");
    // Both for a time, as issuers rotate: the unknown id makes us look.
    *source.keys.borrow_mut() = Some(key_set(&[&old, &new]));
    assert!(setup.believes(&new, 201) && setup.believes(&old, 202));
    assert_eq!(source.asked.get(), 2);
    *source.keys.borrow_mut() = Some(key_set(&[&new]));
    assert!(setup.believes(&old, 203), "not yet known to be gone");
    assert!(!setup.believes(&old, 502), "after five minutes it is");
    assert!(setup.believes(&new, 503));
}

#[test]
fn while_the_issuer_is_away_tokens_prove_nothing_and_secrets_do() {
    let key = SigningKey::ec("key");
    let source = Changing::default();
    let setup = setup(&source);
    assert!(!setup.believes(&key, 0));
    let basic = call(&[&basic("servicenow:open sesame")]);
    assert!(run(setup.authorizer.authorize(&basic, NOW)).is_ok());
    *source.keys.borrow_mut() = Some(key_set(&[&key]));
    assert!(!setup.believes(&key, 9), "not asked again at once");
    assert!(setup.believes(&key, 10), "and then it is back");
    assert_eq!(source.asked.get(), 2);
}

#[test]
fn keys_are_believed_for_half_an_hour_without_the_issuer() {
    let key = SigningKey::ec("key");
    let source = Changing::default();
    *source.keys.borrow_mut() = Some(key_set(&[&key]));
    let setup = setup(&source);
    assert!(setup.believes(&key, 0));
    *source.keys.borrow_mut() = None;
    assert!(setup.believes(&key, 1799));
    assert!(!setup.believes(&key, 1800));
    *source.keys.borrow_mut() = Some(json!({"keys": "none"}));
    assert!(!setup.believes(&key, 1820), "an answer that is no key set");
    *source.keys.borrow_mut() = Some(key_set(&[&key]));
    assert!(setup.believes(&key, 1840));
}

#[test]
fn tokens_of_unknown_keys_do_not_make_us_ask_more_often() {
    let (key, unknown) = (SigningKey::ec("key"), SigningKey::ec("unknown"));
    let source = Changing::default();
    *source.keys.borrow_mut() = Some(key_set(&[&key]));
    let setup = setup(&source);
    for second in 0..60 {
        assert!(!setup.believes(&unknown, second));
        assert!(setup.believes(&key, second));
    }
    assert_eq!(source.asked.get(), 6, "once in ten seconds");
}

#[test]
fn many_at_once_make_one_reading() {
    let key = SigningKey::ec("key");
    let source = Changing::default();
    *source.keys.borrow_mut() = Some(key_set(&[&key]));
    let setup = setup(&source);
    let keys = &setup.authorizer.issuer.as_ref().unwrap().keys;
    let found = run(async {
        let (a, b, c) = tokio::join!(
            keys.get("key", NOW),
            keys.get("key", NOW),
            keys.get("other", NOW)
        );
        [a.is_some(), b.is_some(), c.is_some()]
    });
    assert_eq!((found, source.asked.get()), ([true, true, false], 1));
}

#[test]
fn keys_that_cannot_be_used_are_left_out() {
    let good = SigningKey::rsa("good").public();
    let other = SigningKey::ec("other").public();
    let changed = |name: &str, value: Value| {
        let mut key = good.clone();
        key["kid"] = json!("bad");
        key[name] = value;
        key
    };
    for bad in [
        changed("kty", json!("oct")),
        changed("use", json!("enc")),
        changed("alg", json!("RS512")),
        changed("n", json!("AQAB")),
        changed("n", json!("not base64!")),
        changed("e", Value::Null),
        json!("no key"),
    ] {
        let document = json!({"keys": [good, bad, other]}).to_string();
        let set = KeySet::parse(document.as_bytes()).unwrap();
        let has = ["good", "bad", "other"].map(|id| set.get(id).is_some());
        assert_eq!(has, [true, false, true], "{bad}");
    }
    // Two keys with one id: neither.
    let mut twin = other.clone();
    twin["kid"] = json!("good");
    let document = json!({"keys": [good, twin, other]}).to_string();
    let set = KeySet::parse(document.as_bytes()).unwrap();
    assert!(set.get("good").is_none() && set.get("other").is_some());
    let many = json!({"keys": vec![good; 33]}).to_string();
    for bad in ["", "[]", "{}", r#"{"keys":{}}"#, &many] {
        assert!(KeySet::parse(bad.as_bytes()).is_err());
    }
}

#[test]
fn keys_come_over_https_or_from_this_machine() {
    for good in [
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_X/.well-known/jwks.json",
        "https://issuer.example:8443/keys",
        "http://127.0.0.1:4566/keys",
    ] {
        assert!(good.parse::<KeysUrl>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "issuer.example/keys",
        "http://issuer.example/keys",
        "http://localhost/keys",
        "http://127.0.0.1.attacker.example/keys",
        "http://127.0.0.1@attacker.example/keys",
        "https://user:secret@issuer.example/keys",
        "https://issuer.example/keys?a=b",
        "https://issuer.example/keys#a",
        "ftp://issuer.example/keys",
        "file:///etc/passwd",
    ] {
        assert!(bad.parse::<KeysUrl>().is_err(), "{bad}");
    }
}

/// Answers each connection with this text, and what comes of it.
fn served(answer: String) -> Result<Vec<u8>, KeySourceError> {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(answer.as_bytes());
    });
    let keys = HttpsKeySource::new(url.parse().unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let read = runtime.block_on(keys.read());
    server.join().unwrap();
    read
}

#[test]
fn answers_of_the_issuer_are_small_and_direct() {
    let with = |status: &str, headers: &str, body: &str| {
        let length = body.len();
        served(format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        ))
    };
    assert_eq!(with("200 OK", "", "{}").unwrap(), b"{}");
    let elsewhere = "Location: http://127.0.0.1:1/\r\n";
    let moved = with("302 Found", elsewhere, "").unwrap_err();
    assert!(matches!(moved, KeySourceError::Status(302)));
    let large = with("200 OK", "", &"x".repeat(65 * 1024)).unwrap_err();
    assert!(matches!(large, KeySourceError::Body));
    let broken = served("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}".to_owned()).unwrap_err();
    assert!(matches!(broken, KeySourceError::Body));
}
