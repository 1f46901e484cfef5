//! The static checks.

use std::path::PathBuf;

use crate::checkout::Checkout;
use crate::environments::Environment;

/// Versions of the checkers that cargo installs into `.tools/`.
const DENY: &str = "cargo-deny@0.20.2";
const MACHETE: &str = "cargo-machete@0.9.1";

/// A named check: all its commands must end as they should.
pub(super) struct Gate {
    /// Its name.
    pub(super) name: &'static str,
    /// What it runs, in order.
    pub(super) commands: Vec<Wanted>,
}

/// A command, and whether it should succeed.
pub(super) struct Wanted {
    /// The program.
    pub(super) program: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// False where success would be the failure.
    pub(super) succeeds: bool,
}

/// Cargo, the one that runs this.
pub(super) fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

fn run(program: PathBuf, arguments: &str) -> Wanted {
    let arguments = arguments.split_whitespace().map(str::to_owned).collect();
    Wanted {
        program,
        arguments,
        succeeds: true,
    }
}

fn refuse(program: PathBuf, arguments: &str) -> Wanted {
    Wanted {
        succeeds: false,
        ..run(program, arguments)
    }
}

fn gate(name: &'static str, commands: Vec<Wanted>) -> Gate {
    Gate { name, commands }
}

/// All static checks, the quick ones first.
pub(super) fn all(checkout: &Checkout) -> Vec<Gate> {
    let mut gates = texts(checkout);
    gates.extend(trees());
    gates.extend(dependencies(checkout));
    gates.extend(rust());
    gates
}

fn texts(checkout: &Checkout) -> Vec<Gate> {
    let sam = |program| Environment::Sam.program(checkout, program);
    let typos = Environment::Checks.program(checkout, "typos");
    vec![
        gate("formatting", vec![run(cargo(), "fmt --all --check")]),
        gate("typos", vec![run(typos, "--config typos.toml")]),
        gate(
            "cfn-lint",
            vec![run(sam("cfn-lint"), "template.yaml templates/*.yaml")],
        ),
        gate(
            "sam validate",
            vec![run(
                sam("sam"),
                "validate --lint --region eu-west-1 --template-file template.yaml",
            )],
        ),
    ]
}

/// What must not be in a dependency tree: asking for it must fail.
fn trees() -> Vec<Gate> {
    let absent = |package: &str, of: &str| refuse(cargo(), &format!("tree -p {of} -i {package}"));
    let pure = |package: &str| {
        // Normal dependencies only: tests may use what they like.
        ["tokio", "reqwest", "lambda_runtime", "aws-config"]
            .iter()
            .map(|dependency| {
                refuse(
                    cargo(),
                    &format!("tree -p {package} -e normal -i {dependency}"),
                )
            })
            .collect::<Vec<_>>()
    };
    let functions = crate::binaries::FUNCTIONS;
    let only_provisioner_and_reader = functions
        .iter()
        .filter(|function| !["provisioner", "dispatcher"].contains(function))
        .map(|function| absent("aws-sdk-iam", function))
        .collect();
    vec![
        gate("snowgate-core is pure", pure("snowgate-core")),
        gate("iam-policy is pure", pure("iam-policy")),
        gate(
            "no IAM client where none is needed",
            only_provisioner_and_reader,
        ),
    ]
}

fn dependencies(checkout: &Checkout) -> Vec<Gate> {
    let root = checkout.tools("cargo");
    let root_words = root.display().to_string();
    let install = |tool: &str| {
        run(
            cargo(),
            &format!("install {tool} --locked --no-default-features --root {root_words}"),
        )
    };
    let deny = root.join("bin/cargo-deny");
    let machete = root.join("bin/cargo-machete");
    vec![
        // Advisories need RustSec's database from the network; see deny.toml.
        gate(
            "bans, licences and sources",
            vec![
                install(DENY),
                run(deny, "--offline check bans licenses sources"),
            ],
        ),
        gate(
            "unused dependencies",
            vec![install(MACHETE), run(machete, "--with-metadata .")],
        ),
    ]
}

fn rust() -> Vec<Gate> {
    vec![
        gate(
            "clippy",
            vec![run(
                cargo(),
                "clippy --workspace --all-targets -- -D warnings",
            )],
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
