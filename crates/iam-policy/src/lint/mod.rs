//! Findings about a policy, in the codes, types and paths of Access Analyzer's
//! `ValidatePolicy`, and whether `iam:CreatePolicy` would take it.
//!
//! Unlike [`Document::parse`](crate::document::Document::parse) this reads on after
//! the first mistake and reports all of them. Codes of our own begin with
//! `IAM_POLICY_`; most are answered only with [`Options::own_codes`].

mod actions;
mod arn;
mod code;
mod condition_keys;
mod condition_values;
mod conditions;
mod dates;
mod grammar;
mod grants;
mod never;
mod principals;
mod redundancy;
mod resources;
mod size;
mod structure;
mod tag_keys;
mod trust;
mod variables;

pub use code::{Code, FindingType};
pub use grammar::{GrammarError, check_grammar};

use crate::catalogue::{self, Service};
use crate::document::{Draft, DraftStatement, List, Path, PolicyType};
use crate::json::{Json, LineIndex, Position, Span};

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Also answer our own codes, beyond what Access Analyzer would say.
    pub own_codes: bool,
}

/// One part of the policy that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The way to it.
    pub path: Path,
    /// Where it stands.
    pub span: Span,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintFinding {
    code: Code,
    locations: Vec<Location>,
    message: String,
}

impl LintFinding {
    /// What it is about.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// How grave it is.
    #[must_use]
    pub const fn finding_type(&self) -> FindingType {
        self.code.finding_type()
    }

    /// The parts it is about; the first one is where to look first.
    #[must_use]
    pub fn locations(&self) -> &[Location] {
        &self.locations
    }

    /// The way to the first place; empty for the whole document.
    #[must_use]
    pub fn path(&self) -> Path {
        self.locations
            .first()
            .map_or_else(Path::root, |place| place.path.clone())
    }

    /// Where the first place stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.locations
            .first()
            .map_or(Span::EMPTY, |place| place.span)
    }

    /// What is wrong and how to better it, in a sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Everything there is to say about one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    grammar: Result<(), GrammarError>,
    findings: Vec<LintFinding>,
}

impl Report {
    /// Whether `iam:CreatePolicy` would take the policy, else why not. For other types
    /// than identity policies: whether AWS would take it as such, as far as that can be
    /// told without knowing the resource.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub const fn grammar(&self) -> Result<(), &GrammarError> {
        match &self.grammar {
            Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The findings in the order of the text.
    #[must_use]
    pub fn findings(&self) -> &[LintFinding] {
        &self.findings
    }
}

/// The most findings about one policy: no policy within the quotas has as many, and
/// nobody reads more.
pub const MOST_FINDINGS: usize = 10_000;

/// Looks at a policy from all sides. After [`MOST_FINDINGS`] it looks no further.
#[must_use]
pub fn lint(text: &str, policy_type: PolicyType, options: Options) -> Report {
    let json = match Json::parse(text) {
        Ok(json) => json,
        Err(error) => {
            let at = u32::try_from(error.offset()).unwrap_or(u32::MAX);
            let span = Span {
                start: at,
                end: at.saturating_add(1),
            };
            let finding = LintFinding {
                code: Code::JsonSyntaxError,
                locations: vec![Location {
                    path: Path::root(),
                    span,
                }],
                message: format!("fix the JSON syntax error: {error}"),
            };
            let grammar = Err(GrammarError::Syntax(
                crate::document::DocumentError::Syntax(error),
            ));
            return Report {
                grammar,
                findings: vec![finding],
            };
        }
    };
    let draft = Draft::read(&json);
    let grammar = grammar::check(&draft, policy_type);
    let mut checker = Checker {
        draft: &draft,
        policy_type,
        options,
        findings: Vec::new(),
        hints: HINTS,
        of_actions: Latest::default(),
        of_resources: Latest::default(),
    };
    checker.document();
    let mut findings = checker.findings;
    findings.sort_by_key(|finding| (finding.span().start, finding.code));
    Report { grammar, findings }
}

/// Line and column of every finding's first place, in the order of the findings.
#[must_use]
pub fn positions(text: &str, findings: &[LintFinding]) -> Vec<Position> {
    let index = LineIndex::new(text);
    findings
        .iter()
        .map(|finding| index.position(finding.span()))
        .collect()
}

/// Collects findings about one draft.
struct Checker<'d, 'a> {
    draft: &'d Draft<'a>,
    policy_type: PolicyType,
    options: Options,
    findings: Vec<LintFinding>,
    /// How many more unknown names are compared with all known ones.
    hints: u32,
    of_actions: Latest,
    of_resources: Latest,
}

/// The service that was asked for last: the next one is mostly the same.
#[derive(Clone, Copy, Default)]
struct Latest(Option<&'static Service>);

impl Latest {
    fn service(&mut self, prefix: &str) -> Option<&'static Service> {
        if let Some(latest) = self.0.filter(|latest| latest.prefix() == prefix) {
            return Some(latest);
        }
        self.0 = catalogue::service(prefix);
        self.0
    }
}

/// More "did you mean" than anybody reads; keeps broken policies of any size cheap.
const HINTS: u32 = 100;

impl Checker<'_, '_> {
    fn document(&mut self) {
        self.structure();
        self.size();
        for statement in self.draft.statements.iter().flatten() {
            if self.is_full() {
                return;
            }
            self.statement(statement);
        }
        self.redundant_statements();
    }

    fn statement(&mut self, statement: &DraftStatement<'_>) {
        self.actions(statement);
        self.resources(statement);
        self.principals(statement);
        self.conditions(statement);
        self.grants(statement);
        self.redundancy(statement);
        if self.policy_type == PolicyType::Trust {
            self.trust(statement);
        }
    }

    /// What is probably meant, as long as not too much was asked.
    fn hint<T>(&mut self, find: impl FnOnce() -> Option<T>) -> Option<T> {
        self.hints = self.hints.checked_sub(1)?;
        find()
    }

    /// Whether nothing at all stands in the list.
    fn is_empty_list(&self, list: &List<'_>) -> bool {
        if !list.values().is_empty() {
            return false;
        }
        let inside = list.span().of(self.draft.text).trim_matches(['[', ']']);
        inside.trim().is_empty()
    }

    /// Whether enough was found.
    const fn is_full(&self) -> bool {
        self.findings.len() >= MOST_FINDINGS
    }

    fn add(&mut self, code: Code, path: Path, span: Span, message: String) {
        self.add_many(code, vec![Location { path, span }], message);
    }

    fn add_many(&mut self, code: Code, locations: Vec<Location>, message: String) {
        if !self.is_full() && (self.options.own_codes || !code.is_optional()) {
            self.findings.push(LintFinding {
                code,
                locations,
                message,
            });
        }
    }
}

#[cfg(test)]
mod tests;
