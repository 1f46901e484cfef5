//! The policy engine: times beside its peers, and instructions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::instructions;
use crate::place::{Place, PlaceError};
use crate::report::{Report, figure};

/// Most instructions of one job on one thing: what was measured, and a tenth for what compilers and
/// processors differ in.
const JOBS: [(&str, &str, f64); 7] = [
    ("parse", "parse a policy", 45_000.0),
    ("lint", "parse and lint a policy", 165_000.0),
    ("classify", "parse and classify a policy", 150_000.0),
    ("evaluate", "evaluate one request, 20 statements", 14_600.0),
    (
        "actions",
        "prove 20 statements, 50 denied actions",
        360_000.0,
    ),
    (
        "resources",
        "prove 20 statements, 50 denied resources",
        250_000.0,
    ),
    ("minimise", "parse and minimise 20 statements", 5_300_000.0),
];

/// How much more instructions a statement may cost in a policy of twice, or ten times, as many, in
/// percent.
const TOLERANCE: f64 = 5.0;

/// How many statements the policies have in which a statement is measured.
const SIZES: [u32; 5] = [10, 20, 40, 100, 400];

/// Jobs that are measured in policies of these sizes. What was proved for one statement helps to
/// prove the next, so that `prove` is measured up to 40 only.
const GROWING: [(&str, usize); 4] = [("parse", 5), ("lint", 5), ("classify", 5), ("prove", 3)];

/// Why the engine could not be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PoliciesError {
    /// A program could not be run.
    #[error("`{program}` could not be run")]
    Run {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A program failed and has said why.
    #[error("`{0}` failed")]
    Failed(PathBuf),
    /// What a program or file says cannot be read.
    #[error("`{0}` does not say what it should")]
    Unreadable(PathBuf),
    /// No folder for what is made.
    #[error(transparent)]
    Place(#[from] PlaceError),
}

/// Measures the engine.
pub(crate) fn measure(
    place: &Place,
    corpora: Option<&Path>,
    report: &mut Report,
) -> Result<(), PoliciesError> {
    let engine = Engine {
        program: build(place)?,
        corpora: corpora.map(Path::to_owned),
        scratch: place.scratch("policies")?,
    };
    let file = engine.scratch.join("policies.json");
    let said = engine.run(&["write", &file.display().to_string()])?;
    let name = if corpora.is_some() {
        "recorded"
    } else {
        "generated"
    };
    report.heading(&format!("policy engine ({name}: {})", said.trim()));
    if instructions::are_counted() {
        count(&engine, report)?;
    } else {
        report.note(
            "valgrind is not here (local/packages.sh installs it): no instructions are counted",
        );
    }
    let policies = said
        .split(' ')
        .next()
        .and_then(|word| word.parse::<f64>().ok());
    let policies = policies.ok_or_else(|| PoliciesError::Unreadable(engine.program.clone()))?;
    times(place, &engine, policies, &file, report)
}

/// The engine's benchmark as a program.
struct Engine {
    program: PathBuf,
    corpora: Option<PathBuf>,
    scratch: PathBuf,
}

impl Engine {
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).env_remove("CORPORA");
        if let Some(corpora) = &self.corpora {
            command.env("CORPORA", corpora);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<String, PoliciesError> {
        let mut command = self.command(&self.program);
        command.args(arguments).stderr(Stdio::inherit());
        output(command, &self.program)
    }

    /// Instructions of a job on one thing: what three times cost more than once, halved.
    fn count(&self, job: &str) -> Result<f64, PoliciesError> {
        let (once, things) = self.counted(job, 1)?;
        let (thrice, _) = self.counted(job, 3)?;
        Ok((thrice - once) / 2.0 / things)
    }

    fn counted(&self, job: &str, times: u32) -> Result<(f64, f64), PoliciesError> {
        let counter = instructions::counter(&self.scratch.join("out.callgrind"));
        let (program, arguments) = counter.split_first().unwrap_or((&self.program, &[]));
        let mut command = self.command(program);
        command.args(arguments).arg(&self.program);
        command.args(["count", job, &times.to_string()]);
        let output = command.output().map_err(|source| PoliciesError::Run {
            program: program.clone(),
            source,
        })?;
        let said = String::from_utf8_lossy(&output.stderr);
        let things = String::from_utf8_lossy(&output.stdout);
        instructions::read(&said)
            .zip(things.trim().parse().ok())
            .ok_or_else(|| PoliciesError::Unreadable(self.program.clone()))
    }
}

fn output(mut command: Command, program: &Path) -> Result<String, PoliciesError> {
    let output = command.output().map_err(|source| PoliciesError::Run {
        program: program.to_owned(),
        source,
    })?;
    if !output.status.success() {
        return Err(PoliciesError::Failed(program.to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn build(place: &Place) -> Result<PathBuf, PoliciesError> {
    let cargo = Place::cargo();
    let mut command = Command::new(&cargo);
    command
        .args([
            "bench",
            "--package",
            "iam-policy",
            "--bench",
            "engine",
            "--no-run",
        ])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(place.root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let said = output(command, &cargo)?;
    let mut found = said.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_ours = message.pointer("/target/name")?.as_str()? == "engine";
        let path = message.get("executable")?.as_str()?;
        is_ours.then(|| PathBuf::from(path))
    });
    found.next_back().ok_or(PoliciesError::Unreadable(cargo))
}

fn count(engine: &Engine, report: &mut Report) -> Result<(), PoliciesError> {
    for (job, name, most) in JOBS {
        report.at_most(name, engine.count(job)?, most, "instructions");
    }
    for (job, sizes) in GROWING {
        let sizes = SIZES.iter().take(sizes);
        let each: Vec<f64> = sizes
            .clone()
            .map(|size| Ok(engine.count(&format!("{job}-{size}"))? / f64::from(*size)))
            .collect::<Result<_, PoliciesError>>()?;
        let shown: Vec<String> = each.iter().copied().map(figure).collect();
        let sizes: Vec<String> = sizes.map(u32::to_string).collect();
        report.note(&format!(
            "{job}: {} instructions a statement, of {}",
            shown.join(" / "),
            sizes.join(" / ")
        ));
        // Ten statements are of ten services; of twenty on, each service is there more than once.
        let Some((twenty, larger)) = each.get(1..).and_then(<[f64]>::split_first) else {
            continue;
        };
        let most = larger.iter().copied().fold(*twenty, f64::max);
        report.at_most(
            &format!("{job}: a statement of more than 20 costs more by"),
            (most / twenty - 1.0) * 100.0,
            TOLERANCE,
            "%",
        );
    }
    Ok(())
}

/// Times of all peers, as numbers of things in a second.
fn times(
    place: &Place,
    engine: &Engine,
    policies: f64,
    file: &Path,
    report: &mut Report,
) -> Result<(), PoliciesError> {
    let home = engine.scratch.join("criterion");
    let mut command = engine.command(&engine.program);
    command
        .args([
            "--bench",
            "--noplot",
            "--warm-up-time",
            "0.5",
            "--measurement-time",
            "2",
        ])
        .env("CRITERION_HOME", &home)
        .stderr(Stdio::null());
    output(command, &engine.program)?;
    let python = place.python();
    let mut command = Command::new(&python);
    command
        .arg(place.path("dev/bench/peer/policies.py"))
        .arg(file)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stderr(Stdio::null());
    let said = output(command, &python)?;
    let peers: BTreeMap<String, f64> =
        serde_json::from_str(&said).map_err(|_| PoliciesError::Unreadable(python))?;
    let peer = |name: &str| peers.get(name).copied().unwrap_or(f64::NAN);
    let all = |name: &str| Ok::<_, PoliciesError>(policies * rate(&home, "policies", name)?);
    let (parse, lint, classify) = (all("parse")?, all("parse and lint")?, all("classify")?);
    let evaluate = rate(&home, "evaluate", "iam-policy")?;
    let theirs = rate(&home, "evaluate", "iam-rs")?;
    let parsed = all("parse, iam-rs")?;
    for (name, rate, aim) in [
        ("parse", parse, "60,000"),
        ("parse and lint", lint, "30,000"),
        ("evaluate", evaluate, "200,000"),
    ] {
        report.note(&format!(
            "{name:<16} {:>10} /s on one core here; the aim is {aim}",
            figure(rate)
        ));
    }
    report.note(&format!("{:<16} {:>10} /s", "classify", figure(classify)));
    for (name, prove) in [
        ("50 denied actions", "actions"),
        ("50 denied resources", "resources"),
        ("itself", "itself"),
    ] {
        let seconds = 1.0 / rate(&home, "prove", name)?;
        report.note(&format!(
            "prove, {prove:<10} {:>10} µs",
            figure(seconds * 1e6)
        ));
    }
    report.at_least("evaluate, beside iam-rs", evaluate / theirs, 10.0, "times");
    report.at_least("parse, beside iam-rs", parse / parsed, 1.0, "times");
    report.at_least(
        "lint, beside parliament",
        lint / peer("parliament"),
        50.0,
        "times",
    );
    // Not the same work: it looks for fewer ways to more power, and proves nothing.
    report.aims_above(
        "classify, beside cloudsplaining",
        classify / peer("cloudsplaining"),
        [10.0, 4.0],
        "times",
    );
    report.note(&format!(
        "peers: iam-rs parses {} and evaluates {} /s, parliament lints {} /s, cloudsplaining judges {} /s",
        figure(parsed),
        figure(theirs),
        figure(peer("parliament")),
        figure(peer("cloudsplaining")),
    ));
    Ok(())
}

/// How often a benchmark's work is done in a second, by criterion's mean.
fn rate(home: &Path, group: &str, name: &str) -> Result<f64, PoliciesError> {
    let path = home.join(group).join(name).join("new/estimates.json");
    let nanoseconds = std::fs::read_to_string(&path)
        .ok()
        .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .and_then(|estimates| estimates.pointer("/median/point_estimate")?.as_f64());
    let nanoseconds = nanoseconds.ok_or(PoliciesError::Unreadable(path))?;
    Ok(1e9 / nanoseconds)
}
