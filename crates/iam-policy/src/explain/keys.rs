//! Condition keys in words. Words are of keys that AWS has, or an identity provider that signs people
//! in; any other key is told by its name.

use super::wording::{list, words};
use crate::catalogue;
use crate::condition::Clause;
use crate::foreign::code;
use crate::prove::is_shared_provider;

/// Keys with a saying of their own.
pub(super) fn known(key: &str, written: &str, not: bool, values: &[String]) -> Option<String> {
    let tag = written.split_once('/').map_or(written, |(_, tag)| tag);
    let tag = code(tag);
    let described = list(values, "or");
    let negation = if not { "not " } else { "" };
    Some(match key {
        "aws:sourceip" | "aws:vpcsourceip" if not => {
            format!("only from other addresses than {described}")
        }
        "aws:sourceip" => format!("only from the addresses {described}"),
        "aws:vpcsourceip" => format!("only from the private addresses {described}"),
        "aws:requestedregion" if not => {
            format!("only outside {}", list(values, "and"))
        }
        "aws:requestedregion" => format!("only in {described}"),
        "aws:resourceaccount" if not => format!("only in other accounts than {described}"),
        "aws:resourceaccount" => format!("only in the account {described}"),
        "aws:resourceorgid" if !not => format!("only in the organisation {described}"),
        "aws:username" => format!("only for the user name {negation}{described}"),
        "aws:principalarn" => format!(
            "only for {}{described}",
            if not { "others than " } else { "" }
        ),
        "aws:principalorgid" if not => {
            format!("only for others than members of the organisation {described}")
        }
        "aws:principalorgid" => format!("only for members of the organisation {described}"),
        "aws:principalaccount" => format!(
            "only for {}account {described}",
            if not { "others than " } else { "" }
        ),
        "aws:sourceaccount" => format!(
            "only on behalf of {}account {described}",
            if not { "others than " } else { "" }
        ),
        "aws:sourcearn" => format!(
            "only on behalf of {}{described}",
            if not { "others than " } else { "" }
        ),
        "aws:sourcevpc" | "aws:sourcevpce" => {
            format!("only {negation}from the private network {described}")
        }
        "iam:passedtoservice" if not => format!("only to others than {described}"),
        "iam:passedtoservice" => format!("only to {described}"),
        "iam:awsservicename" if !not => format!("only for {described}"),
        "kms:viaservice" if not => format!("only when not used through {described}"),
        "kms:viaservice" => format!("only through {described}"),
        "aws:calledviafirst" | "aws:calledvialast" if !not => format!("only through {described}"),
        "s3:prefix" if not => format!("only for names other than {described}"),
        "s3:prefix" => format!("only for names such as {described}"),
        _ if key.starts_with("aws:principaltag/") => {
            format!("only for people whose tag {tag} is {negation}{described}")
        }
        _ if key.contains(":resourcetag/") && is_known(key) => {
            format!("only where the tag {tag} is {negation}{described}")
        }
        _ if key.starts_with("aws:requesttag/") => format!(
            "only when setting the tag {tag} to {}{described}",
            if not { "something else than " } else { "" }
        ),
        _ => return None,
    })
}

/// A key in words. `providers` are the identity providers that the statement names.
pub(super) fn subject(clause: &Clause, providers: &[&str]) -> String {
    let (key, written) = (clause.key_lower(), clause.key());
    match key {
        "aws:tagkeys" => "the names of the tags that are set".to_owned(),
        "aws:multifactorauthpresent" => "the sign of a second factor".to_owned(),
        "aws:multifactorauthage" => "the time since signing in with a second factor".to_owned(),
        "sts:durationseconds" => "the length of the session".to_owned(),
        "aws:calledvia" => "the services it goes through".to_owned(),
        "aws:resourceorgid" => "the organisation of the resource".to_owned(),
        _ => {
            if let Some(claim) = claim(key, providers) {
                return claim.to_owned();
            }
            if !is_known(key) {
                return format!("the key {}", code(written));
            }
            let name = written.split_once(':').map_or(written, |(_, name)| name);
            let (name, tag) = name.split_once('/').unwrap_or((name, ""));
            let words = words(name).join(" ");
            let tagged = ["resourcetag", "requesttag", "principaltag"];
            if tagged.iter().any(|kind| name.eq_ignore_ascii_case(kind)) && !tag.is_empty() {
                let whose = words.split(' ').next().unwrap_or_default();
                let tag = code(tag);
                return match whose {
                    "resource" => format!("the tag {tag} of the resource"),
                    "request" => format!("the tag {tag} in the request"),
                    _ => format!("the tag {tag} of the person or role"),
                };
            }
            if tag.is_empty() {
                format!("the {words}")
            } else {
                format!("the {words} {}", code(tag))
            }
        }
    }
}

/// Whether AWS has a key of this name, so that its words are AWS's.
fn is_known(key: &str) -> bool {
    let service = key.split_once(':').map_or("", |(prefix, _)| prefix);
    catalogue::global_key(key).is_some()
        || catalogue::service(service).is_some_and(|found| found.condition_key(key).is_some())
}

/// What a claim of an identity provider is called, for a key in lower case: of one that the statement
/// names, or that AWS and others run for everybody.
fn claim(key: &str, providers: &[&str]) -> Option<&'static str> {
    let (provider, claim) = key.rsplit_once(':')?;
    let named = || {
        providers
            .iter()
            .any(|name| name.eq_ignore_ascii_case(provider))
    };
    let signs_in = provider == "saml" || is_shared_provider(provider) || named();
    match claim {
        "aud" if signs_in => Some("the audience (aud) of the sign-in"),
        "sub" if signs_in => Some("the subject (sub) of the sign-in"),
        _ => None,
    }
}
