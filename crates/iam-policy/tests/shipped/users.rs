//! The member role where Snowgate makes users: what it may with them, and nothing else.

use iam_policy::condition::{Context, ContextValue};
use iam_policy::document::PolicyType;
use iam_policy::evaluate::{Outcome, Policies, Request, evaluate};
use serde_json::Value;

use super::{EVERYTHING, MEMBER, ruleset, shipped};

const OWNER: &str = "0123456789abcdef0123456789abcdef";
const REQUEST: &str = "req-0123456789abcdef0123456789abcdef";
/// What a user is made with.
const TAGS: [(&str, &str); 4] = [
    ("snowgate:made", "yes"),
    ("snowgate:owner", OWNER),
    ("snowgate:request", REQUEST),
    ("team", "billing"),
];

/// What ends a user and everything that it has, but for inline policies and groups.
const ENDS: [&str; 9] = [
    "DeactivateMFADevice",
    "DeleteAccessKey",
    "DeleteLoginProfile",
    "DeleteSSHPublicKey",
    "DeleteServiceSpecificCredential",
    "DeleteSigningCertificate",
    "DeleteUser",
    "DetachUserPolicy",
    "UpdateAccessKey",
];
/// What is read of a user besides what is read of everybody.
const READS: [&str; 6] = [
    "GetLoginProfile",
    "ListAccessKeys",
    "ListMFADevices",
    "ListSSHPublicKeys",
    "ListServiceSpecificCredentials",
    "ListSigningCertificates",
];

/// A call of the member role to a user.
#[derive(Clone)]
struct Call {
    what: String,
    action: String,
    user: String,
    context: Context,
    /// Whether somebody allowed the role everything besides.
    is_loosened: bool,
    is_allowed: bool,
}

fn call(action: &str, user: &str, is_allowed: bool) -> Call {
    Call {
        what: action.to_owned(),
        action: format!("iam:{action}"),
        user: format!("arn:aws:iam::{MEMBER}:user{user}"),
        context: Context::new(),
        is_loosened: false,
        is_allowed,
    }
}

impl Call {
    fn named(mut self, what: &str) -> Self {
        self.what = format!("{}: {what}", self.what);
        self
    }

    /// With these tags in the request.
    fn bringing(mut self, tags: &[(&str, &str)]) -> Self {
        for (key, value) in tags {
            self.context = self.context.with(&format!("aws:RequestTag/{key}"), value);
        }
        let keys = tags.iter().map(|(key, _)| (*key).to_owned()).collect();
        self.context.set("aws:TagKeys", ContextValue::Many(keys));
        self
    }

    /// To a user with these tags.
    fn tagged(mut self, tags: &[(&str, &str)]) -> Self {
        for (key, value) in tags {
            self.context = self.context.with(&format!("aws:ResourceTag/{key}"), value);
        }
        self
    }

    /// With this boundary, of the user or in the request.
    fn within(mut self, boundary: &str) -> Self {
        let arn = format!("arn:aws:iam::{MEMBER}:policy/{boundary}");
        self.context = self.context.with("iam:PermissionsBoundary", &arn);
        self
    }

    fn outcome(&self, users: &str) -> Outcome {
        let own = shipped("member-role");
        let mut identity = vec![
            ruleset(&own, PolicyType::Identity),
            ruleset(users, PolicyType::Identity),
        ];
        if self.is_loosened {
            identity.push(ruleset(EVERYTHING, PolicyType::Identity));
        }
        let policies = Policies {
            identity,
            ..Policies::default()
        };
        let session = format!("arn:aws:sts::{MEMBER}:assumed-role/SnowgateMember/{REQUEST}");
        let principal = session.parse().expect("a principal");
        let request = Request::new(&self.action, &self.user, principal, self.context.clone());
        evaluate(&request, &policies).outcome
    }
}

/// The tags without one, or with another value of one.
fn tags_but(key: &str, value: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
    let others = TAGS.into_iter().filter(|(other, _)| *other != key);
    let changed = TAGS.into_iter().filter(|(other, _)| *other == key);
    let changed = changed.filter_map(|(key, _)| Some((key, value?)));
    others.chain(changed).collect()
}

/// What differs from a user as Snowgate makes it, in the tags.
fn wrong_tags() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let mut more = TAGS.to_vec();
    more.push(("cost-center", "1"));
    vec![
        ("no tags", Vec::new()),
        ("not made", tags_but("snowgate:made", None)),
        ("made otherwise", tags_but("snowgate:made", Some("no"))),
        ("no owner", tags_but("snowgate:owner", None)),
        ("no owner's id", tags_but("snowgate:owner", Some("rita"))),
        ("no request", tags_but("snowgate:request", None)),
        ("no request's id", tags_but("snowgate:request", Some("x"))),
        ("a key too many", more),
    ]
}

fn making() -> Vec<Call> {
    let create = |user: &str, allowed| call("CreateUser", user, allowed).bringing(&TAGS);
    let tag = |user: &str, allowed| call("TagUser", user, allowed).bringing(&TAGS);
    let frame = "SnowgateBoundary";
    let mut all = vec![
        create("/snowgate/ci", true).within(frame),
        // IAM asks for this of the same call, of a user that is not there yet.
        tag("/snowgate/ci", true),
        call("CreateUser", "/snowgate/ci", true)
            .bringing(&TAGS.map(|(key, value)| {
                if key == "team" {
                    ("Team", value)
                } else {
                    (key, value)
                }
            }))
            .within(frame)
            .named("another case of a key"),
        create("/snowgate/ci", false).named("no boundary"),
        create("/snowgate/ci", false)
            .within("Other")
            .named("another boundary"),
    ];
    for path in ["/ci", "/enrolled/ci", "/other/snowgate/ci", "/snowgate"] {
        all.push(create(path, false).within(frame).named(path));
        all.push(tag(path, false).named(path));
    }
    for (what, tags) in wrong_tags() {
        let create = call("CreateUser", "/snowgate/ci", false).bringing(&tags);
        all.push(create.within(frame).named(what));
        let tag = call("TagUser", "/snowgate/ci", false).bringing(&tags);
        all.push(tag.named(what));
    }
    // Whoever has an owner keeps it, whoever made them.
    let owned = [("snowgate:owner", "f".repeat(32))];
    let owned: Vec<_> = owned
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    for tags in [TAGS.as_slice(), &owned] {
        all.push(
            tag("/snowgate/ci", false)
                .tagged(tags)
                .named("has an owner"),
        );
    }
    all
}

fn ending() -> Vec<Call> {
    let mut all = Vec::new();
    for action in ENDS {
        all.push(call(action, "/snowgate/ci", true).tagged(&TAGS));
        // Whatever became of the boundary meanwhile.
        let bare = call(action, "/snowgate/ci", true).tagged(&TAGS[..1]);
        all.push(bare.within("Other").named("another boundary"));
        for (what, user, tags) in [
            (
                "not made here",
                "/snowgate/ci",
                tags_but("snowgate:made", None),
            ),
            (
                "made otherwise",
                "/snowgate/ci",
                tags_but("snowgate:made", Some("no")),
            ),
            ("without tags", "/snowgate/ci", Vec::new()),
            ("elsewhere", "/enrolled/ci", TAGS.to_vec()),
            ("a path below another", "/other/snowgate/ci", TAGS.to_vec()),
        ] {
            all.push(call(action, user, false).tagged(&tags).named(what));
        }
    }
    for action in READS {
        all.push(call(action, "/snowgate/ci", true));
        all.push(call(action, "/enrolled/ci", false));
    }
    let life = |user: &str, allowed| call("PutUserPolicy", user, allowed).tagged(&TAGS);
    all.push(life("/snowgate/ci", true).within("SnowgateBoundary"));
    all.push(life("/snowgate/ci", false).named("no boundary"));
    all.push(
        life("/snowgate/ci", false)
            .within("Other")
            .named("another boundary"),
    );
    all.push(life("/other/ci", false).within("SnowgateBoundary"));
    let others = call("PutUserPolicy", "/snowgate/ci", false).within("SnowgateBoundary");
    all.push(others.named("not made here"));
    all
}

/// What nobody asked for, of a user that was made here.
fn never() -> Vec<Call> {
    let mut all = Vec::new();
    for action in [
        "ChangePassword",
        "CreateAccessKey",
        "CreateLoginProfile",
        "CreateServiceSpecificCredential",
        "CreateVirtualMFADevice",
        "DeleteUserPermissionsBoundary",
        "DeleteVirtualMFADevice",
        "EnableMFADevice",
        "PutUserPermissionsBoundary",
        "ResetServiceSpecificCredential",
        "UntagUser",
        "UpdateLoginProfile",
        "UpdateSSHPublicKey",
        "UpdateServiceSpecificCredential",
        "UpdateSigningCertificate",
        "UpdateUser",
        "UploadSSHPublicKey",
        "UploadSigningCertificate",
    ] {
        let of_ours = call(action, "/snowgate/ci", false).tagged(&TAGS);
        all.push(of_ours.within("SnowgateBoundary"));
    }
    for action in ["UntagUser", "UpdateUser"] {
        for user in ["/snowgate/ci", "/enrolled/rita"] {
            let mut loosened = call(action, user, false).tagged(&TAGS);
            loosened.is_loosened = true;
            all.push(loosened.named("by a role that may everything besides"));
        }
    }
    all
}

/// The calls that do not end as they must.
fn wrong(users: &str) -> Vec<String> {
    let calls = [making(), ending(), never()].into_iter().flatten();
    let wrong = calls.filter(|call| (call.outcome(users) == Outcome::Allowed) != call.is_allowed);
    wrong
        .map(|call| format!("{} {}", call.what, call.user))
        .collect()
}

#[test]
fn users_are_made_and_ended_and_nothing_else_is_done_to_them() {
    assert_eq!(wrong(&shipped("member-role-users")), [""; 0]);
}

/// Every statement with one line less, or one that reaches further.
fn with_a_line_less(text: &str) -> Vec<(String, String)> {
    let whole: Value = serde_json::from_str(text).expect("JSON");
    let statements = whole["Statement"].as_array().expect("statements");
    let mut all = Vec::new();
    let mut changed = |what: String, nth: usize, change: &dyn Fn(&mut Value)| {
        let mut less = whole.clone();
        change(&mut less["Statement"][nth]);
        all.push((what, less.to_string()));
    };
    for (nth, statement) in statements.iter().enumerate() {
        let sid = statement["Sid"].as_str().expect("a Sid");
        for item in 0..statement["Action"].as_array().map_or(0, Vec::len) {
            let what = format!("{sid}, {}", statement["Action"][item]);
            changed(what, nth, &|statement| {
                statement["Action"]
                    .as_array_mut()
                    .expect("a list")
                    .remove(item);
            });
        }
        changed(format!("{sid} of nothing"), nth, &|statement| {
            statement["Resource"] = "arn:aws:iam::000000000000:user/nobody".into();
        });
        if statement["Resource"] != "*" {
            changed(format!("{sid} anywhere"), nth, &|statement| {
                statement["Resource"] = "*".into();
            });
        }
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            for key in keys.as_object().expect("keys").keys() {
                changed(format!("{sid}, {key}"), nth, &|statement| {
                    let keys = statement["Condition"][operator].as_object_mut();
                    keys.expect("keys").remove(key);
                });
            }
        }
    }
    all
}

#[test]
fn no_line_of_it_is_there_for_nothing() {
    let users = shipped("member-role-users");
    let less = with_a_line_less(&users);
    assert!(less.len() > 35, "{}", less.len());
    for (what, less) in less {
        assert_ne!(wrong(&less), [""; 0], "{what}");
    }
}

/// Where Snowgate makes no users, the role may nothing of it.
#[test]
fn without_a_path_for_them_nothing_of_it_may_be_done() {
    let nothing = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let calls = [making(), ending(), never()].into_iter().flatten();
    for call in calls.filter(|call| !call.is_loosened) {
        assert_ne!(call.outcome(nothing), Outcome::Allowed, "{}", call.what);
    }
}
