//! Identity providers that anybody can sign in with, and their claims that tell who somebody is.
//!
//! After *Identity-provider controls for shared OIDC providers* (IAM User Guide) and the forms of
//! claims that the providers document. Whatever else a provider says, an audience that the
//! asking side chooses, a branch, an environment, how somebody signed in, strangers can have too.

use super::keys::Limit;

/// The owner in `repo:owner/name:…`.
const GITHUB: Limit = Limit::Named(&[("repo:", '/')]);
/// The group in `project_path:group/name:…`.
const GITLAB: Limit = Limit::Named(&[("project_path:", '/')]);
/// The organisation in `organization:name:…`.
const ORGANIZATION: Limit = Limit::Named(&[("organization:", ':')]);
/// The name before the first `/`.
const FIRST: Limit = Limit::Named(&[("", '/')]);

/// Providers with their claims that limit access.
const PROVIDERS: [(&str, &[(&str, Limit)]); 23] = [
    (
        "accounts.google.com",
        &[
            ("aud", Limit::Whole),
            ("oaud", Limit::Whole),
            ("sub", Limit::Whole),
        ],
    ),
    ("agent.buildkite.com", &[("sub", ORGANIZATION)]),
    ("api.pulumi.com/oidc", &[("aud", Limit::Whole)]),
    (
        "app.terraform.io",
        &[
            ("sub", ORGANIZATION),
            ("terraform_organization_id", Limit::Whole),
        ],
    ),
    (
        "appleid.apple.com",
        &[("aud", Limit::Whole), ("sub", Limit::Whole)],
    ),
    (
        "cognito-identity.amazonaws.com",
        &[("aud", Limit::Whole), ("sub", Limit::Whole)],
    ),
    (
        "gitlab.com",
        &[
            ("sub", GITLAB),
            ("namespace_id", Limit::Whole),
            ("project_id", Limit::Whole),
            ("project_path", FIRST),
        ],
    ),
    (
        "graph.facebook.com",
        &[("app_id", Limit::Whole), ("id", Limit::Whole)],
    ),
    (
        "id.twitch.tv/oauth2",
        &[("aud", Limit::Whole), ("sub", Limit::Whole)],
    ),
    (
        "login.salesforce.com",
        &[("aud", Limit::Whole), ("sub", Limit::Whole)],
    ),
    (
        "oidc.circleci.com",
        &[("sub", Limit::Named(&[("org/", '/')]))],
    ),
    ("oidc.codefresh.io", &[("sub", Limit::Whole)]),
    ("oidc.vercel.com", &[("aud", Limit::Whole)]),
    (
        "oidc-configuration.audit-log.githubusercontent.com",
        &[("sub", Limit::Whole)],
    ),
    ("proidc.upbound.io", &[("sub", Limit::Whole)]),
    ("sandboxes.cloud", &[("aud", Limit::Whole)]),
    ("scalr.io", &[("sub", Limit::Whole)]),
    ("studio.datachain.ai/api", &[("sub", Limit::Whole)]),
    (
        "token.actions.githubusercontent.com",
        &[
            ("sub", GITHUB),
            ("repository", FIRST),
            ("repository_id", Limit::Whole),
            ("repository_owner", Limit::Whole),
            ("repository_owner_id", Limit::Whole),
            ("enterprise_id", Limit::Whole),
        ],
    ),
    ("tokens.cloud.shisho.dev", &[("sub", Limit::Whole)]),
    ("vstoken.actions.githubusercontent.com", &[("sub", GITHUB)]),
    (
        "www.amazon.com",
        &[("app_id", Limit::Whole), ("user_id", Limit::Whole)],
    ),
    (
        "www.linkedin.com/oauth",
        &[("aud", Limit::Whole), ("sub", Limit::Whole)],
    ),
];

/// How a claim of such a provider, a key in lower case, limits access; `None` for other keys and
/// for claims that strangers can have.
pub(super) fn limit(key: &str) -> Option<Limit> {
    let (provider, claim) = key.rsplit_once(':')?;
    let (_, claims) = PROVIDERS.iter().find(|(name, _)| *name == provider)?;
    let known = claims.iter().find(|(name, _)| *name == claim);
    known.map(|(_, limit)| *limit)
}

/// Whether a provider, by its name or ARN, is open to all.
pub(crate) fn is_shared(name: &str) -> bool {
    let host = name
        .split_once(":oidc-provider/")
        .map_or(name, |(_, host)| host);
    PROVIDERS
        .iter()
        .any(|(known, _)| known.eq_ignore_ascii_case(host))
}
