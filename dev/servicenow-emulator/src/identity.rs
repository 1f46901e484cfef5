//! Who calls: HTTP Basic or an opaque bearer token, and the session cookies that
//! an instance hands out to everybody.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::access::{Access, Rules};
use crate::config::{Config, ConfigError, Login, Secret, random_token};
use crate::store::{Store, Values};

/// A user who may call, with what the user may do.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) login: Login,
    pub(crate) access: Access,
}

/// A caller whose credentials were right.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) user_name: String,
    pub(crate) sys_id: String,
    pub(crate) access: Access,
    /// `basic` or `bearer`.
    pub(crate) scheme: &'static str,
}

/// The accounts of the configuration with their roles' rules.
pub(crate) fn accounts(config: &Config, rules: &Rules) -> Vec<Account> {
    let of = |login: &Login, role: &str| Account {
        login: login.clone(),
        access: rules.of_role(role),
    };
    let mut accounts = vec![
        of(&config.read, "snowgate_read"),
        of(&config.write, "snowgate_write"),
    ];
    accounts.extend(config.admin.as_ref().map(|login| of(login, "admin")));
    accounts
}

/// Gives every account a `sys_user` record if the seed has none for it.
pub(crate) fn enrol(store: &mut Store, accounts: &[Account]) {
    let Some(table) = crate::schema::table("sys_user") else {
        return;
    };
    for (at, account) in accounts.iter().enumerate() {
        let name = &account.login.user;
        if store.find("sys_user", "user_name", name).is_some() {
            continue;
        }
        let mut values = Values::new();
        for (field, value) in [
            ("sys_id", format!("aaaa{:028}", 900 + at)),
            ("user_name", name.clone()),
            ("name", name.clone()),
            ("active", "true".to_owned()),
            ("locked_out", "false".to_owned()),
            ("web_service_access_only", "true".to_owned()),
        ] {
            values.insert(field.to_owned(), value);
        }
        store.put(table, values);
    }
}

/// Issued tokens. They are opaque and live only here.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    issued: HashMap<String, Token>,
}

#[derive(Debug)]
struct Token {
    user: String,
    ends: Timestamp,
    /// Refresh tokens are good at the token endpoint only.
    refresh: bool,
}

impl Tokens {
    /// Issues a token for a user.
    pub(crate) fn issue(
        &mut self,
        user: &str,
        life: Duration,
        refresh: bool,
        now: Timestamp,
    ) -> Result<String, ConfigError> {
        let text = random_token()?;
        let token = Token {
            user: user.to_owned(),
            ends: now + life,
            refresh,
        };
        self.issued.insert(text.clone(), token);
        Ok(text)
    }

    /// Whose token this is, if it still lives.
    pub(crate) fn holder(&self, text: &str, refresh: bool, now: Timestamp) -> Option<&str> {
        let token = self.issued.get(text)?;
        (token.refresh == refresh && token.ends > now).then_some(token.user.as_str())
    }

    /// Ends all access tokens; refresh tokens stay. Gives how many ended.
    pub(crate) fn revoke_access(&mut self) -> usize {
        let before = self.issued.len();
        self.issued.retain(|_, token| token.refresh);
        before - self.issued.len()
    }
}

/// Finds the caller; `None` for missing, wrong or expired credentials and for users who are
/// inactive or locked out.
pub(crate) fn identify(
    headers: &HeaderMap,
    accounts: &[Account],
    tokens: &Tokens,
    store: &Store,
    now: Timestamp,
) -> Option<Identity> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = text.split_once(' ')?;
    let (account, scheme) = if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        (by_password(accounts, user, password)?, "basic")
    } else if scheme.eq_ignore_ascii_case("bearer") {
        let holder = tokens.holder(credentials.trim(), false, now)?;
        (
            accounts
                .iter()
                .find(|account| account.login.user == holder)?,
            "bearer",
        )
    } else {
        return None;
    };
    let row = store.find("sys_user", "user_name", &account.login.user)?;
    (row.is_true("active") && !row.is_true("locked_out")).then(|| Identity {
        user_name: account.login.user.clone(),
        sys_id: row.sys_id().to_owned(),
        access: account.access.clone(),
        scheme,
    })
}

/// The account with this user name and password.
pub(crate) fn by_password<'a>(
    accounts: &'a [Account],
    user: &str,
    password: &str,
) -> Option<&'a Account> {
    let matching = |secret: &Secret| secret.is(password);
    accounts
        .iter()
        .find(|each| each.login.user == user && matching(&each.login.password))
}

/// The account with this OAuth client.
pub(crate) fn by_client<'a>(
    accounts: &'a [Account],
    client_id: &str,
    client_secret: &str,
) -> Option<&'a Account> {
    accounts.iter().find(|each| {
        each.login.client_id == client_id && each.login.client_secret.is(client_secret)
    })
}

/// The session of a request that brought our cookie back.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix("JSESSIONID="))
}

/// The cookies that an answer sets, as an instance behind a load balancer does.
pub(crate) fn cookies(session: &str) -> [String; 3] {
    [
        format!("JSESSIONID={session}; Path=/; HttpOnly; SameSite=None"),
        format!("glide_user_route=glide.{session}; Path=/; HttpOnly"),
        "BIGipServerpool_local=127000000001; Path=/".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed;
    use axum::http::HeaderValue;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn basic(text: &str) -> HeaderMap {
        let value = format!("Basic {}", STANDARD.encode(text));
        HeaderMap::from_iter([(
            header::AUTHORIZATION,
            HeaderValue::from_str(&value).unwrap(),
        )])
    }

    #[test]
    fn passwords_may_contain_colons_and_must_be_right() {
        let mut config = Config::generated().unwrap();
        config.read.password = Secret::from("a:b".to_owned());
        let accounts = accounts(&config, &Rules::load().unwrap());
        let mut store = seed::load().unwrap();
        enrol(&mut store, &accounts);
        let who = |text| identify(&basic(text), &accounts, &Tokens::default(), &store, NOW);
        assert_eq!(who("snowgate.read:a:b").unwrap().user_name, "snowgate.read");
        assert!(who("snowgate.read:a").is_none() && who("nobody:a:b").is_none());
        let read = "aaaa0000000000000000000000000021";
        store
            .get_mut("sys_user", read)
            .unwrap()
            .set("locked_out", "true");
        let who = |text| identify(&basic(text), &accounts, &Tokens::default(), &store, NOW);
        assert!(who("snowgate.read:a:b").is_none(), "locked out");
    }

    #[test]
    fn tokens_end_and_refresh_tokens_do_not_open_tables() {
        let mut tokens = Tokens::default();
        let life = Duration::from_secs(60);
        let access = tokens.issue("u", life, false, NOW).unwrap();
        let refresh = tokens.issue("u", life, true, NOW).unwrap();
        for (second, holder) in [(0, Some("u")), (59, Some("u")), (60, None)] {
            let now = NOW + Duration::from_secs(second);
            assert_eq!(tokens.holder(&access, false, now), holder, "{second}");
            assert_eq!(tokens.holder(&refresh, true, now), holder, "{second}");
            assert_eq!(tokens.holder(&refresh, false, now), None);
        }
        assert_eq!(tokens.revoke_access(), 1);
        assert_eq!(tokens.holder(&access, false, NOW), None);
        assert_eq!(tokens.holder(&refresh, true, NOW), Some("u"));
    }
}
