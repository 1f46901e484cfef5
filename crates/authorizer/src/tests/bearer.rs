//! Tokens, right and wrong in every way that is known to have worked somewhere.

use std::sync::LazyLock;

use proptest::prelude::*;
use testkit::token_issuer::{SigningKey, key_set, unsigned, with_secret};

use super::*;
use crate::jwks::Algorithm;

const ISSUER: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Clients";
/// The moment of all these tests, in seconds since 1970.
const SECOND: i64 = 1_800_000_000;

static RSA: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::rsa("rsa"));
static EC: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::ec("ec"));
/// Of another issuer, with a key id of ours.
static FOREIGN: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::rsa("rsa"));

struct Published(Value);

impl KeySource for Published {
    async fn read(&self) -> Result<Vec<u8>, KeySourceError> {
        Ok(self.0.to_string().into_bytes())
    }
}

fn rules() -> TokenRules {
    TokenRules {
        issuer: ISSUER.to_owned(),
        audience: None,
        algorithms: vec![Algorithm::Rs256],
        scope_prefix: "snowgate/".to_owned(),
    }
}

/// What Cognito puts into an access token of the client credentials grant.
fn claims() -> Value {
    json!({
        "sub": "4servicenow", "token_use": "access", "version": 2, "jti": "1", "iss": ISSUER,
        "scope": "snowgate/requests.read snowgate/requests.write", "client_id": "4servicenow",
        "auth_time": SECOND - 10, "iat": SECOND - 10, "exp": SECOND + 3590,
    })
}

fn with(change: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    claims
}

fn authorizer(rules: TokenRules) -> Authorizer<Secret, Published> {
    let keys = Published(key_set(&[&RSA, &EC]));
    let secret = Secret(RefCell::new(Ok(secret())));
    Authorizer::new(secret, Some(Issuer::new(rules, keys)))
}

/// The answer to a token under these rules.
fn ask(rules: TokenRules, token: &str) -> Result<ApiGatewayCustomAuthorizerResponse, Unauthorized> {
    let header = format!("Bearer {token}");
    run(authorizer(rules).authorize(&call(&[&header]), NOW))
}

fn accepted(rules: &TokenRules, claims: &Value) -> bool {
    ask(rules.clone(), &RSA.token(claims)).is_ok()
}

#[test]
fn a_token_stands_for_its_client_with_the_same_name_and_routes() {
    let by_token = ask(rules(), &RSA.token(&claims())).unwrap();
    let call = call(&[&basic("servicenow:open sesame")]);
    let by_secret = run(authorizer(rules()).authorize(&call, NOW)).unwrap();
    assert_eq!(by_token, by_secret);
    assert_eq!(by_token.context["client"], "servicenow");
}

#[test]
fn scopes_narrow_the_routes_and_never_widen_them() {
    let routes = |scope: Value| {
        let answer = ask(rules(), &RSA.token(&with(&json!({"scope": scope})))).unwrap();
        let allows = answer.policy_document.statement[0].effect == IamPolicyEffect::Allow;
        allows.then(|| allowed(&answer))
    };
    let reading = routes(json!("snowgate/requests.read")).unwrap();
    assert!(reading.iter().all(|route| !route.starts_with("POST")));
    assert_eq!(reading[..2], ["GET/v1/requests", "GET/v1/requests/*"]);
    let writing = routes(json!("snowgate/requests.write")).unwrap();
    assert_eq!(writing[0], "POST/v1/requests");
    assert!(!writing.contains(&"GET/v1/requests".to_owned()));
    for none in [
        json!(""),
        json!("requests.read"),
        json!("other/requests.read"),
        json!("snowgate/requests.reader"),
        json!(["snowgate/requests.read"]),
        Value::Null,
    ] {
        assert_eq!(routes(none.clone()), None, "{none}");
    }
    // The client has no routes, whatever its token's scopes.
    let powerless = RSA.token(&with(&json!({"client_id": "5powerless"})));
    let answer = ask(rules(), &powerless).unwrap();
    let effect = &answer.policy_document.statement[0].effect;
    assert_eq!(*effect, IamPolicyEffect::Deny);
}

#[test]
fn claims_that_are_not_as_they_should_be() {
    for wrong in [
        json!({"iss": format!("{ISSUER}/")}),
        json!({"iss": ISSUER.to_uppercase()}),
        json!({"iss": [ISSUER]}),
        json!({"iss": null}),
        json!({"token_use": "id"}),
        json!({"token_use": null}),
        json!({"aud": "4servicenow"}),
        json!({"client_id": "stranger"}),
        json!({"client_id": "servicenow"}),
        json!({"client_id": null}),
        json!({"client_id": ["4servicenow"]}),
        json!({"azp": "5powerless"}),
        json!({"exp": null}),
        json!({"exp": "1900000000"}),
        json!({"exp": true}),
        json!({"exp": -1}),
        json!({"exp": 1e300}),
        json!({"iat": null}),
        json!({"iat": "now"}),
        json!({"nbf": SECOND + 31}),
        json!({"nbf": "now"}),
    ] {
        assert!(!accepted(&rules(), &with(&wrong)), "{wrong}");
    }
    for right in [
        json!({"azp": "4servicenow"}),
        json!({"nbf": SECOND - 10}),
        json!({"iat": null, "nbf": SECOND - 10}),
        json!({"exp": f64::from(1_800_000_100) + 0.5}),
        json!({"sub": "anybody"}),
    ] {
        assert!(accepted(&rules(), &with(&right)), "{right}");
    }
}

#[test]
fn clocks_may_differ_by_half_a_minute() {
    for (change, good) in [
        (json!({"exp": SECOND - 29}), true),
        (json!({"exp": SECOND - 30}), false),
        (json!({"iat": SECOND + 30}), true),
        (json!({"iat": SECOND + 31}), false),
        (json!({"nbf": SECOND + 30}), true),
        // However it is written, a token is not good for more than a day.
        (json!({"iat": SECOND, "exp": SECOND + 86_400}), true),
        (json!({"iat": SECOND, "exp": SECOND + 86_401}), false),
        (json!({"iat": SECOND - 86_400, "exp": SECOND + 10}), false),
    ] {
        assert_eq!(accepted(&rules(), &with(&change)), good, "{change}");
    }
}

#[test]
fn an_audience_that_is_configured_must_be_there() {
    let rules = TokenRules {
        audience: Some("https://snowgate.example".to_owned()),
        ..rules()
    };
    for (aud, good) in [
        (json!("https://snowgate.example"), true),
        (json!(["other", "https://snowgate.example"]), true),
        (json!("https://snowgate.example/"), false),
        (json!(["other"]), false),
        (json!([["https://snowgate.example"]]), false),
        (json!({"https://snowgate.example": 1}), false),
        (Value::Null, false),
    ] {
        let change = json!({"aud": aud, "token_use": null});
        assert_eq!(accepted(&rules, &with(&change)), good, "{aud}");
    }
    let change = json!({"aud": "https://snowgate.example", "token_use": "id"});
    assert!(!accepted(&rules, &with(&change)), "an identity token");
}

#[test]
fn algorithms_are_those_configured_with_keys_of_their_own() {
    let only = |algorithms: &[Algorithm]| TokenRules {
        algorithms: algorithms.to_vec(),
        ..rules()
    };
    let both = only(&[Algorithm::Rs256, Algorithm::Es256]);
    let (rsa, ec) = (RSA.token(&claims()), EC.token(&claims()));
    assert!(ask(only(&[Algorithm::Rs256]), &ec).is_err());
    assert!(ask(only(&[Algorithm::Es256]), &rsa).is_err());
    assert!(ask(both.clone(), &rsa).is_ok() && ask(both.clone(), &ec).is_ok());
    let named = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid, "typ": "JWT"});
    for confused in [
        // One key's id with the other's algorithm.
        EC.token_with(&named("RS256", "ec"), &claims()),
        EC.token_with(&named("ES256", "rsa"), &claims()),
        RSA.token_with(&named("ES256", "rsa"), &claims()),
        RSA.token_with(&named("RS256", "ec"), &claims()),
        RSA.token_with(&named("PS256", "rsa"), &claims()),
        RSA.token_with(&named("RS512", "rsa"), &claims()),
        RSA.token_with(&named("rs256", "rsa"), &claims()),
        unsigned(&named("none", "rsa"), &claims()),
        unsigned(&named("None", "rsa"), &claims()),
        unsigned(&named("RS256", "rsa"), &claims()),
        // The public key, which everybody knows, as the secret.
        with_secret(
            &named("HS256", "rsa"),
            &claims(),
            RSA.public()["n"].as_str().unwrap().as_bytes(),
        ),
        with_secret(
            &named("RS256", "rsa"),
            &claims(),
            RSA.public().to_string().as_bytes(),
        ),
    ] {
        assert_eq!(
            ask(both.clone(), &confused),
            Err(Unauthorized),
            "{confused}"
        );
    }
    for text in [
        "",
        "none",
        "HS256",
        "RS256,",
        "RS256,none",
        "rs256",
        "RS256, ES256",
    ] {
        assert!(Algorithm::list(text).is_err(), "{text}");
    }
    let list = Algorithm::list("RS256,ES256");
    assert_eq!(list, Ok(vec![Algorithm::Rs256, Algorithm::Es256]));
}

#[test]
fn headers_cannot_bring_keys_or_ask_for_more() {
    let own = FOREIGN.public();
    for header in [
        json!({"alg": "RS256", "typ": "JWT"}),
        json!({"alg": "RS256", "kid": "unknown"}),
        json!({"alg": "RS256", "kid": ""}),
        json!({"alg": "RS256", "kid": 1}),
        json!({"alg": "RS256", "kid": "rsa", "typ": "at+jws"}),
        json!({"alg": "RS256", "kid": "rsa", "crit": ["exp"]}),
        json!({"alg": "RS256", "kid": "rsa", "crit": []}),
        json!({"alg": ["RS256"], "kid": "rsa"}),
        json!({"kid": "rsa"}),
    ] {
        let token = RSA.token_with(&header, &claims());
        assert_eq!(ask(rules(), &token), Err(Unauthorized), "{header}");
    }
    for header in [
        json!({"alg": "RS256", "kid": "rsa"}),
        json!({"alg": "RS256", "kid": "rsa", "jwk": own}),
        json!({"alg": "RS256", "kid": "rsa", "jku": "https://attacker.example/jwks.json"}),
        json!({"alg": "RS256", "kid": "rsa", "x5u": "http://127.0.0.1/"}),
    ] {
        let forged = FOREIGN.token_with(&header, &claims());
        assert_eq!(ask(rules(), &forged), Err(Unauthorized), "{header}");
    }
    let typed = json!({"alg": "RS256", "kid": "rsa", "typ": "application/AT+JWT"});
    assert!(ask(rules(), &RSA.token_with(&typed, &claims())).is_ok());
}

#[test]
fn texts_that_are_no_tokens() {
    let good = RSA.token(&claims());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let twice = format!("{}.{good}", "e30");
    let padded = format!("{good}==");
    let long = format!("{head}.{}", "A".repeat(9000));
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "e30.e30.",
        head,
        signature,
        &twice,
        &padded,
        &long,
        &format!("{good}."),
        &format!("{good} {good}"),
        &format!("{good},{good}"),
    ] {
        assert_eq!(ask(rules(), text), Err(Unauthorized), "{text}");
    }
    // A member that stands twice: which one was meant?
    let claims = claims().to_string();
    let doubled = claims.replacen('{', "{\"client_id\":\"5powerless\",", 1);
    let header = json!({"alg": "RS256", "kid": "rsa"});
    assert!(ask(rules(), &RSA.token_text(&header.to_string(), &doubled)).is_err());
    assert!(ask(rules(), &RSA.token_text(&header.to_string(), &claims)).is_ok());
}

#[test]
fn without_an_issuer_no_token_is_believed() {
    let authorizer = without_issuer(Ok(secret()));
    let header = format!("Bearer {}", RSA.token(&claims()));
    let answer = run(authorizer.authorize(&call(&[&header]), NOW));
    assert_eq!(answer, Err(Unauthorized));
    // With one, Basic goes on working, and two headers prove nothing.
    let both = super::bearer::authorizer(rules());
    let basic = basic("servicenow:open sesame");
    assert!(run(both.authorize(&call(&[&basic]), NOW)).is_ok());
    let answer = run(both.authorize(&call(&[&basic, &header]), NOW));
    assert_eq!(answer, Err(Unauthorized));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Any other character anywhere, and the token is worth nothing.
    #[test]
    fn a_token_that_was_touched_is_worth_nothing(place in any::<prop::sample::Index>(), put in "[A-Za-z0-9_-]") {
        let good = RSA.token(&claims());
        let place = place.index(good.len());
        let mut bad = good.clone();
        bad.replace_range(place..=place, &put);
        prop_assume!(bad != good);
        prop_assert_eq!(ask(rules(), &bad), Err(Unauthorized));
    }

    /// Whatever is sent, the answer is 401 and nothing breaks.
    #[test]
    fn texts_of_any_kind_are_answered(text in "\\PC{0,200}") {
        prop_assert_eq!(ask(rules(), &text), Err(Unauthorized));
    }

    /// Parts of good tokens in any order make no good token.
    #[test]
    fn parts_of_two_tokens_do_not_mix(which in prop::array::uniform3(0_usize..3)) {
        let tokens = [
            RSA.token(&claims()),
            EC.token(&with(&json!({"exp": SECOND + 1000}))),
            FOREIGN.token(&with(&json!({"client_id": "5powerless"}))),
        ];
        let part = |slot: usize| tokens[which[slot]].split('.').nth(slot).unwrap();
        let mixed = [part(0), part(1), part(2)].join(".");
        let both = TokenRules { algorithms: vec![Algorithm::Rs256, Algorithm::Es256], ..rules() };
        let whole = tokens[..2].contains(&mixed);
        prop_assert_eq!(ask(both, &mixed).is_ok(), whole);
    }
}
