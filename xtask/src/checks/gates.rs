//! The static checks.

use std::path::PathBuf;

use local_stack::checkout::Checkout;
use local_stack::environments::Environment;

use super::layout::{self, Look};
use super::{cargo, features, kinds, privileges};

/// Versions of the checkers that cargo installs into `.tools/`, without optimisation and debug
/// information: they are built more often than their speed matters.
const DENY: &str = "cargo-deny@0.20.2";
const MACHETE: &str = "cargo-machete@0.9.2";

/// A named check.
pub(super) struct Gate {
    /// Its name.
    pub(super) name: &'static str,
    /// What it does.
    pub(super) work: GateWork,
}

/// What a check does.
pub(super) enum GateWork {
    /// Runs these in order; all must end as they should.
    Commands(Vec<Wanted>),
    /// Looks itself; nothing may be found.
    Look(Look),
}

/// A command that must succeed.
pub(super) struct Wanted {
    /// The program.
    pub(super) program: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// No line of its output may begin with one of these.
    pub(super) absent: Vec<String>,
}

impl Wanted {
    /// Whether the output holds nothing that must be absent.
    pub(super) fn accepts(&self, output: &str) -> bool {
        let found = |line: &str| {
            self.absent
                .iter()
                .any(|name| line.starts_with(name.as_str()))
        };
        !output.lines().any(found)
    }
}

/// The running service API, compared with what docs/openapi.json says of it.
pub(super) fn described(checkout: &Checkout) -> Gate {
    let python = Environment::Api.program(checkout, "python");
    gate(
        "service API as described",
        vec![run(python, "local/api.py .local/stack.json")],
    )
}

/// A release build's way for one function, with little weight beside what waits.
pub(super) fn sam_build() -> Gate {
    gate(
        "sam build",
        vec![run(PathBuf::from("nice"), "-n 5 sh local/sam_build.sh")],
    )
}

/// What the roles of the running stack may do, compared with the golden matrix.
pub(super) fn rights(checkout: &Checkout) -> Gate {
    let python = Environment::MiniStack.program(checkout, "python");
    gate(
        "rights of the roles",
        vec![run(python, "local/rights.py .local/stack.json")],
    )
}

fn run(program: PathBuf, arguments: &str) -> Wanted {
    let arguments = arguments.split_whitespace().map(str::to_owned).collect();
    Wanted {
        program,
        arguments,
        absent: Vec::new(),
    }
}

/// A dependency tree, as a list of names and versions, that must lack some packages. Normal
/// dependencies only: tests may use what they like.
fn tree_without(of: &str, absent: &[&str]) -> Wanted {
    let mut wanted = run(
        cargo(),
        &format!("tree {of} --edges normal --prefix none --format {{p}}"),
    );
    wanted.absent = absent.iter().map(|name| format!("{name} v")).collect();
    wanted
}

fn gate(name: &'static str, commands: Vec<Wanted>) -> Gate {
    let work = GateWork::Commands(commands);
    Gate { name, work }
}

/// The static checks that need the project's Python environments, the quick ones first.
pub(super) fn with_environments(checkout: &Checkout) -> Vec<Gate> {
    texts(checkout)
}

/// The other static checks, the quick ones first: they look, or run cargo.
pub(super) fn without_environments(checkout: &Checkout) -> Vec<Gate> {
    let mut gates = layouts();
    gates.extend(trees());
    gates.extend(dependencies(checkout));
    gates.extend(rust());
    gates
}

fn layouts() -> Vec<Gate> {
    let look = |name, look| Gate {
        name,
        work: GateWork::Look(look),
    };
    vec![
        look("layers", layout::layers as Look),
        look("code map", layout::code_map as Look),
        look("no code in comments", layout::code_in_comments as Look),
        look("places of a kind of grant", kinds::kinds as Look),
        look("one set of features", features::features as Look),
    ]
}

fn texts(checkout: &Checkout) -> Vec<Gate> {
    let ministack = || Environment::MiniStack.program(checkout, "python");
    let sam = |program| Environment::Sam.program(checkout, program);
    let typos = Environment::Checks.program(checkout, "typos");
    vec![
        gate("typos", vec![run(typos, "--config typos.toml")]),
        gate(
            "guards of the local AWS",
            vec![
                run(ministack(), "local/launcher_test.py"),
                run(ministack(), "local/users_test.py"),
                run(ministack(), "local/users_rights_test.py"),
                run(ministack(), "local/iam_hooks_test.py"),
            ],
        ),
        gate(
            "cfn-lint",
            vec![run(
                sam("cfn-lint"),
                "template.yaml templates/*.yaml templates/organization/*.yaml",
            )],
        ),
        gate(
            "promises of the templates",
            vec![
                run(sam("python"), "local/template_test.py"),
                run(sam("python"), "local/alarms_test.py"),
                run(sam("python"), "local/front_door_test.py"),
                run(sam("python"), "local/mail_test.py"),
                run(sam("python"), "local/deploy_test.py"),
                run(sam("python"), "local/deployer_test.py"),
                run(sam("python"), "local/policies_test.py"),
                run(sam("python"), "local/used_rights_test.py"),
                run(sam("python"), "local/preflight_test.py"),
            ],
        ),
        gate(
            "documents against code",
            vec![
                run(sam("python"), "local/manual_test.py"),
                run(sam("python"), "local/documents_test.py"),
            ],
        ),
        gate(
            "sam validate",
            vec![run(
                sam("sam"),
                "validate --lint --region eu-west-1 --template-file template.yaml",
            )],
        ),
        gate(
            "rehearsal of a deployment",
            vec![run(sam("python"), "local/rehearsal_test.py")],
        ),
    ]
}

/// What must not be in a dependency tree.
fn trees() -> Vec<Gate> {
    let impure = [
        "tokio",
        "reqwest",
        "lambda_runtime",
        "aws-config",
        "getrandom",
        "tracing-subscriber",
    ];
    let pure = |package: &str| vec![tree_without(&format!("--package {package}"), &impure)];
    let clients = privileges::forbidden()
        .map(|(function, clients)| tree_without(&format!("--package {function}"), &clients))
        .collect();
    let mut current = tree_without("--workspace", &[]);
    current.absent = ["hyper v0.", "rustls v0.21", "rustls v0.22"]
        .map(str::to_owned)
        .into();
    // One HTTPS client, on one library for cryptography, in all that ships; what never ships may have
    // others.
    let others = [
        "aws-lc-sys",
        "aws-smithy-http-client",
        "h2",
        "jsonwebtoken",
        "reqwest",
    ];
    let ships = privileges::forbidden().map(|(function, _)| function);
    let https = ships
        .chain(["snowgate"])
        .map(|package| tree_without(&format!("--package {package}"), &others))
        .collect();
    // Credentials come from the environment alone: nothing that could fetch others is built in.
    let mut chain = tree_without("--workspace", &[]);
    chain.absent = ["aws-sdk-sso v", "aws-sdk-ssooidc v", "aws-sdk-signin v"]
        .map(str::to_owned)
        .into();
    vec![
        gate("snowgate-core is pure", pure("snowgate-core")),
        gate("iam-policy is pure", pure("iam-policy")),
        gate("no legacy HTTP stack", vec![current]),
        gate("no chain of credentials", vec![chain]),
        gate("one HTTPS client", https),
        gate("clients of AWS", clients),
    ]
}

fn dependencies(checkout: &Checkout) -> Vec<Gate> {
    let root = checkout.tools("cargo");
    let root_words = root.display().to_string();
    let install = |tool: &str| {
        run(
            cargo(),
            &format!(
                "install {tool} --debug --config profile.dev.debug=0 --locked --no-default-features --root {root_words} --target-dir {root_words}/target"
            ),
        )
    };
    let deny = root.join("bin/cargo-deny");
    let machete = root.join("bin/cargo-machete");
    vec![
        // Advisories need RustSec's database from the network; see deny.toml.
        gate(
            "bans, licences and sources",
            vec![install(DENY), run(deny, "check bans licenses sources")],
        ),
        gate(
            "unused dependencies",
            vec![install(MACHETE), run(machete, "--with-metadata .")],
        ),
    ]
}

fn rust() -> Vec<Gate> {
    vec![
        gate("formatting", vec![run(cargo(), "fmt --all --check")]),
        gate(
            "clippy",
            vec![run(
                cargo(),
                "clippy --workspace --all-targets -- -D warnings",
            )],
        ),
        gate(
            "policy engine as WebAssembly",
            vec![run(PathBuf::from("sh"), "local/wasm.sh")],
        ),
        gate(
            "rustdoc",
            vec![run(
                cargo(),
                "doc --workspace --no-deps --document-private-items",
            )],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_known_by_its_whole_name() {
        let wanted = tree_without("--workspace", &["tokio"]);
        assert!(wanted.accepts("tokio-util v0.7.1\nmytokio v1.0.0"));
        assert!(!wanted.accepts("serde v1.0.0\ntokio v1.2.3 (*)"));
    }
}
