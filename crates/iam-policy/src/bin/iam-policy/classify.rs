//! `iam-policy classify` for people and for programs.

use std::io::Write;

use iam_policy::catalogue::AccessLevel;
use iam_policy::classify::{Certainty, Classification, GrantedAction, PrincipalPolicies, classify};
use iam_policy::document::{Document, PolicyType};
use iam_policy::foreign::code;

use crate::arguments::Classify;
use crate::input::{self, Input};
use crate::{Error, Outcome, batch};

pub(crate) fn run(options: &Classify, out: &mut dyn Write) -> Result<Outcome, Error> {
    let mut inputs = input::read_each(&options.paths)?;
    let texts = std::mem::take(&mut inputs.read);
    let mut read: Vec<&Input> = Vec::new();
    let mut policies: Vec<Document<'_>> = Vec::new();
    for input in &texts {
        if let Some(policy) = inputs.note(document(input))? {
            read.push(input);
            policies.push(policy);
        }
    }
    let found = classify(PrincipalPolicies {
        policies: &policies,
        ..PrincipalPolicies::default()
    });
    if options.json {
        serde_json::to_writer_pretty(&mut *out, &batch::ClassifyOutput::of(&found))
            .map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        write(out, &read, &found)?;
    }
    let escalates = found
        .privilege_escalation
        .iter()
        .any(|way| way.certainty != Certainty::Contributes);
    Ok(inputs.outcome(escalates))
}

fn document(input: &Input) -> Result<Document<'_>, Error> {
    Document::parse(&input.text, PolicyType::Identity).map_err(|source| Error::Policy {
        name: input.name.clone(),
        source,
    })
}

fn write(out: &mut dyn Write, inputs: &[&Input], found: &Classification) -> std::io::Result<()> {
    let place = |evidence: &GrantedAction| {
        let file = inputs.get(evidence.policy).map(|input| input.shown());
        let file = file.unwrap_or_default();
        let condition = if evidence.conditional {
            ", under a condition"
        } else {
            ""
        };
        let unmatched = if evidence.unmatched {
            ", but on no resource it can be used on"
        } else {
            ""
        };
        format!(
            "{} ({file} {}{condition}{unmatched})",
            code(&evidence.action),
            evidence.path.in_words()
        )
    };
    let administrator = found.resource_wildcards.iter().find(|granted| {
        let stars = |text: &str| text.bytes().all(|byte| matches!(byte, b'*' | b':'));
        stars(&granted.action) && !granted.conditional
    });
    if let Some(granted) = administrator {
        writeln!(
            out,
            "full administrator: every action on every resource, by {}\n",
            place(granted)
        )?;
    }
    let levels: Vec<&str> = found
        .access_levels
        .iter()
        .map(|level| level.name())
        .collect();
    // AWS counts `kms:Decrypt` as Write, with which people read.
    let reads = !found.changes && found.access_levels.contains(&AccessLevel::Write);
    writeln!(
        out,
        "access levels: {}{}",
        if levels.is_empty() {
            "none".to_owned()
        } else {
            levels.join(", ")
        },
        if reads {
            " (kms:Decrypt; nothing can be changed)"
        } else {
            ""
        }
    )?;
    if !found.privilege_escalation.is_empty() {
        writeln!(out, "\nprivilege escalation:")?;
    }
    for way in &found.privilege_escalation {
        let certainty = match way.certainty {
            Certainty::Proved => "proved by these policies",
            Certainty::DependsOnTarget => "depends on what is taken over",
            Certainty::Contributes => "takes part in escalations",
        };
        writeln!(out, "  {} — {certainty}", code(&way.path))?;
        for evidence in &way.actions {
            writeln!(out, "    {}", place(evidence))?;
        }
    }
    for (title, all) in [
        ("can open resources to others", &found.resource_exposure),
        ("hands out credentials", &found.credentials_exposure),
        (
            "reads data that may be confidential",
            &found.data_exfiltration,
        ),
        ("all actions of a service", &found.service_wildcards),
        (
            "on every resource, although they could be limited",
            &found.resource_wildcards,
        ),
        (
            "actions that the catalogue does not know",
            &found.unknown_actions,
        ),
    ] {
        if !all.is_empty() {
            writeln!(out, "\n{title}:")?;
        }
        for evidence in all {
            writeln!(out, "  {}", place(evidence))?;
        }
    }
    Ok(())
}
