//! Credentials, and the secret that holds the clients.

use super::*;

fn mac_of(key: &Hmac<Sha256>, user: &str, password: &str) -> [u8; 32] {
    InConstantTime.mac(key, &[user.as_bytes(), &[0], password.as_bytes()])
}

fn secret(clients: &[(&str, &[&str])]) -> String {
    let key = [9; 32];
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let clients = clients.iter().map(|(id, secrets)| serde_json::json!({
        "id": id,
        "hashes": secrets.iter().map(|s| STANDARD.encode(mac_of(&mac, id, s))).collect::<Vec<_>>(),
        "routes": ["POST /v1/requests", "GET /v1/requests/*"],
    }));
    serde_json::json!({"key": STANDARD.encode(key), "clients": clients.collect::<Vec<_>>()})
        .to_string()
}

fn basic(user_password: &str) -> BasicCredentials {
    BasicCredentials::parse(&format!("Basic {}", STANDARD.encode(user_password))).unwrap()
}

#[test]
fn headers_are_read_as_rfc_7617_says() {
    let read = |header: &str| BasicCredentials::parse(header).map(|c| (c.user, c.password));
    // The example of RFC 7617, section 2.
    assert_eq!(
        read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        Ok(("Aladdin".into(), "open sesame".into()))
    );
    // Section 2.1: UTF-8.
    assert_eq!(
        read("bAsIc dGVzdDoxMjPCow=="),
        Ok(("test".into(), "123£".into()))
    );
    // The first colon divides.
    assert_eq!(
        read(&format!("Basic {}", STANDARD.encode("a:b:c"))),
        Ok(("a".into(), "b:c".into()))
    );
    for bad in [
        "",
        "Basic",
        "Bearer abc",
        "Basic !!!",
        "Basic QWxhZGRpbg==",
        "Basic /w==",
        "Basic YTpiCg==",
    ] {
        assert_eq!(read(bad), Err(BasicCredentialsError), "{bad}");
    }
}

#[test]
fn each_of_two_secrets_proves_its_client_and_no_other() {
    let clients =
        Clients::parse(&secret(&[("prod", &["old", "new"]), ("test", &["new"])])).unwrap();
    let caller = |text: &str| {
        clients
            .authenticate(&basic(text))
            .map(|caller| caller.id.to_string())
    };
    assert_eq!(caller("prod:old").as_deref(), Some("prod"));
    assert_eq!(caller("prod:new").as_deref(), Some("prod"));
    assert_eq!(caller("test:new").as_deref(), Some("test"));
    for bad in [
        "test:old",
        "prod:",
        ":",
        "Prod:old",
        "prod :old",
        "prod\u{fb01}:old",
        "other:old",
        "prod:old ",
    ] {
        assert_eq!(caller(bad), None, "{bad}");
    }
}

#[test]
fn a_client_of_the_token_issuer_has_the_name_and_routes_of_its_entry() {
    let mut file: serde_json::Value =
        serde_json::from_str(&secret(&[("prod", &["one"]), ("test", &[])])).unwrap();
    file["clients"][0]["oauth_client_ids"] = serde_json::json!(["4abc", "5def"]);
    file["clients"][1]["oauth_client_ids"] = serde_json::json!(["6ghi"]);
    let clients = Clients::parse(&file.to_string()).unwrap();
    let found = |id: &str| {
        clients
            .by_oauth_client_id(id)
            .map(|caller| caller.id.to_string())
    };
    assert_eq!(found("4abc").as_deref(), Some("prod"));
    assert_eq!(found("5def").as_deref(), Some("prod"));
    assert_eq!(found("6ghi").as_deref(), Some("test"));
    assert_eq!(
        clients.by_oauth_client_id("4abc"),
        clients.authenticate(&basic("prod:one"))
    );
    for none in ["", "prod", "4ABC", "4abc "] {
        assert_eq!(found(none), None, "{none}");
    }
    // Without a secret there are no Basic credentials that prove it.
    for guess in ["test:", "test:one", "test:6ghi"] {
        assert_eq!(clients.authenticate(&basic(guess)), None, "{guess}");
    }
}

#[test]
fn ids_at_the_token_issuer_belong_to_one_client() {
    let with = |one: &[&str], two: &[&str]| {
        let mut file: serde_json::Value =
            serde_json::from_str(&secret(&[("a", &["1"]), ("b", &["2"])])).unwrap();
        file["clients"][0]["oauth_client_ids"] = serde_json::json!(one);
        file["clients"][1]["oauth_client_ids"] = serde_json::json!(two);
        Clients::parse(&file.to_string()).err()
    };
    assert_eq!(with(&["x"], &["y"]), None);
    assert_eq!(with(&["x"], &["x"]), Some(ClientsError::Duplicate));
    assert_eq!(with(&["x", "y", "z"], &[]), Some(ClientsError::OauthIds));
    assert_eq!(with(&[""], &[]), Some(ClientsError::OauthIds));
    assert_eq!(with(&["a b"], &[]), Some(ClientsError::OauthIds));
}

#[test]
fn routes_are_those_of_the_api_and_no_pattern_of_them() {
    let route = |text: &str| Route::try_from(text.to_owned());
    for good in Route::ALL {
        assert_eq!(route(good).map(String::from).as_deref(), Ok(good));
    }
    let head = |text: &str| route(text).unwrap().head_in_arn();
    assert_eq!(
        head("GET /v1/requests/*").as_deref(),
        Some("HEAD/v1/requests/*")
    );
    assert_eq!(head("POST /v1/requests"), None);
    // A `*` in an ARN matches nothing, and slashes: `POST /v1/requests/*` would be all of them.
    for bad in [
        "",
        "GET",
        "GET /",
        "GET *",
        "GET /v1/",
        "GET /v1/*",
        "GET /v1/*/*",
        "GET /v1//requests",
        "GET /v1/req*",
        "GET /v1/requests/",
        "GET /v2/requests",
        "HEAD /v1/requests",
        "GET /v1/requests/**",
        "GET /v1/requests/*/*",
        "GET /v1/requests/*/withdraw",
        "GET /v1/requests?",
        "POST /v1/requests/*",
        "POST /v1/*",
        "POST /v1/*/*/revoke",
        "POST /v1/requests/*/*",
        "POST /v1/requests/*/*/revoke",
        "POST /v1/requests/revoke",
        "POST /v1/requests/*/approve",
        "POST  /v1/requests",
        " POST /v1/requests",
        "post /v1/requests",
        "* /v1/requests",
        "GET /v1/users/",
        "GET /v1/users*",
        "GET /v1/users/*/*",
        "POST /v1/users",
        "DELETE /v1/users/*",
    ] {
        assert_eq!(route(bad), Err(RouteError), "{bad}");
        let good = secret(&[("prod", &["one"])]);
        let file = good.replace("POST /v1/requests", bad);
        assert_eq!(Clients::parse(&file).err(), Some(ClientsError::Routes));
    }
}

#[test]
fn credentials_longer_than_any_are_not_read() {
    let header = |secret: usize| {
        let pair = format!("{}:{}", "c".repeat(64), "s".repeat(secret));
        BasicCredentials::parse(&format!("Basic {}", STANDARD.encode(pair)))
    };
    assert!(header(256).is_ok());
    assert_eq!(header(257).err(), Some(BasicCredentialsError));
    assert_eq!(header(100_000).err(), Some(BasicCredentialsError));
}

/// Every user-id and password takes as much hashing as any other, and is compared in as many bytes.
#[test]
fn all_credentials_take_the_same_work() {
    let blocks = |bytes: usize| (bytes + 9).div_ceil(64);
    let of = |bytes: usize| blocks(bytes) + blocks(filler(bytes));
    for bytes in 0..=LONGEST_CREDENTIALS {
        assert_eq!(of(bytes), of(0), "{bytes} bytes");
        assert!(filler(bytes) <= ZEROS.len());
    }
    let longest = (LONGEST_HEADER - "Basic ".len()) / 4 * 4;
    let decoded = STANDARD.decode("x".repeat(longest)).unwrap();
    assert!(decoded.len() <= LONGEST_CREDENTIALS);
    let id: crate::id::ClientId = "a".repeat(64).parse().unwrap();
    assert_eq!(padded(id.as_str()), padded(id.as_str()));
    for other in ["", "a", &"a".repeat(63), &"a".repeat(65), &"a".repeat(1000)] {
        assert_ne!(padded(id.as_str()), padded(other));
    }
    assert_ne!(padded("a"), padded("a\0"));
}

/// Counts what is hashed, in blocks of SHA-256, and what is compared, in bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counted {
    blocks: usize,
    compared: usize,
}

impl Work for Counted {
    fn mac(&mut self, key: &Hmac<Sha256>, message: &[&[u8]]) -> [u8; 32] {
        let bytes: usize = message.iter().map(|part| part.len()).sum();
        self.blocks += (bytes + 9).div_ceil(64);
        InConstantTime.mac(key, message)
    }

    fn are_equal(&mut self, one: &[u8], other: &[u8]) -> Choice {
        assert_eq!(one.len(), other.len());
        self.compared += one.len();
        InConstantTime.are_equal(one, other)
    }
}

/// Whether or not there is such a client, and whatever it may call itself.
#[test]
fn who_is_unknown_takes_the_work_of_who_is_known() {
    let file = secret(&[("two", &["old", "new"]), ("one", &["only"]), ("none", &[])]);
    let mut file: serde_json::Value = serde_json::from_str(&file).unwrap();
    file["clients"][2]["oauth_client_ids"] = serde_json::json!(["4abc"]);
    let clients = Clients::parse(&file.to_string()).unwrap();
    let (long, longest) = ("u".repeat(64), "s".repeat(256));
    for (user, password, known) in [
        ("two", "old", true),
        ("two", "new", true),
        ("one", "only", true),
        ("one", "old", false),
        ("one", "", false),
        ("none", "only", false),
        ("None", "only", false),
        ("unknown", "only", false),
        ("", "", false),
        (&long, &longest, false),
        ("unknown", &longest, false),
    ] {
        let mut work = Counted::default();
        let credentials = basic(&format!("{user}:{password}"));
        let found = clients.authenticate_by(&mut work, &credentials);
        assert_eq!(found.is_some(), known, "{user}:{password}");
        let all = Counted {
            blocks: BLOCKS,
            compared: 3 * (2 * 32 + 65),
        };
        assert_eq!(work, all, "{user}:{password}");
    }
}

#[test]
fn secrets_that_cannot_be_used_say_why_and_not_what() {
    let good = secret(&[("prod", &["one"])]);
    assert!(Clients::parse(&good).is_ok());
    let error = |text: &str| Clients::parse(text).err();
    assert_eq!(error("{}"), Some(ClientsError::Shape));
    assert_eq!(
        error(&good.replace("POST ", "DELETE ")),
        Some(ClientsError::Routes)
    );
    assert_eq!(
        error(&good.replace(&STANDARD.encode([9; 32]), "AAAA")),
        Some(ClientsError::Key)
    );
    assert_eq!(error(&secret(&[("prod", &[])])), Some(ClientsError::Hashes));
    assert_eq!(
        error(&secret(&[("prod", &["1", "2", "3"])])),
        Some(ClientsError::Hashes)
    );
    assert_eq!(
        error(&secret(&[("a", &["1"]), ("a", &["2"])])),
        Some(ClientsError::Duplicate)
    );
}
