//! `iam-policy minimise` for people and for programs.

use std::io::Write;

use iam_policy::minimise::{MANAGED_POLICY_QUOTA, minimise};

use crate::arguments::Minimise;
use crate::explain::document;
use crate::input::{self, Input};
use crate::{Error, Outcome};

/// Writes the shorter policies, one after the other, or into their files.
pub(crate) fn run(options: &Minimise, out: &mut dyn Write) -> Result<Outcome, Error> {
    let mut inputs = input::read_each(&options.paths)?;
    let mut found = false;
    for input in std::mem::take(&mut inputs.read) {
        let Some(shorter) = inputs.note(shorten(&input, options))? else {
            continue;
        };
        let size = |text: &str| text.chars().filter(|sign| !sign.is_whitespace()).count();
        let before = size(&input.text);
        let after: usize = shorter.iter().map(|text| size(text)).sum();
        if options.check {
            if after < before {
                found = true;
                writeln!(
                    out,
                    "{}: {after} characters instead of {before}",
                    input.shown()
                )?;
            }
            continue;
        }
        let texts: Result<Vec<String>, Error> = shorter
            .iter()
            .map(|text| {
                if options.pretty {
                    pretty(text)
                } else {
                    Ok(text.clone())
                }
            })
            .collect();
        match (options.write, input.path.as_deref(), texts?.as_slice()) {
            (true, Some(path), [only]) if after < before => {
                std::fs::write(path, format!("{only}\n"))?;
                writeln!(
                    out,
                    "{}: {after} characters instead of {before}",
                    input.shown()
                )?;
            }
            (true, Some(_), [_]) => {}
            (_, _, texts) => {
                for text in texts {
                    writeln!(out, "{text}")?;
                }
            }
        }
    }
    Ok(inputs.outcome(found))
}

fn shorten(input: &Input, options: &Minimise) -> Result<Vec<String>, Error> {
    let document = document(input, options.policy_type)?;
    let quota = options.quota.unwrap_or(MANAGED_POLICY_QUOTA);
    minimise(&document, quota).map_err(|source| Error::Minimise {
        name: input.name.clone(),
        source,
    })
}

/// The same with line ends and indentation, its members in their order.
fn pretty(text: &str) -> Result<String, Error> {
    let json = iam_policy::json::Json::parse(text);
    let json = json.map_err(|error| std::io::Error::other(error.to_string()))?;
    let mut out = String::with_capacity(2 * text.len());
    indent(json.root(), 0, &mut out);
    Ok(out)
}

fn indent(item: iam_policy::json::Item<'_, '_>, depth: usize, out: &mut String) {
    use iam_policy::json::Kind;
    let line = |depth: usize, out: &mut String| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    match item.kind() {
        Kind::Object => {
            out.push('{');
            for (nth, (key, value)) in item.members().enumerate() {
                out.push_str(if nth > 0 { "," } else { "" });
                line(depth + 1, out);
                out.push_str(key.raw());
                out.push_str(": ");
                indent(value, depth + 1, out);
            }
            line(depth, out);
            out.push('}');
        }
        Kind::Array => {
            out.push('[');
            for (nth, value) in item.elements().enumerate() {
                out.push_str(if nth > 0 { "," } else { "" });
                line(depth + 1, out);
                indent(value, depth + 1, out);
            }
            line(depth, out);
            out.push(']');
        }
        _ => out.push_str(item.raw()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order() {
        let text =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a:b","a:c"]}]}"#;
        let expected = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": [\n        \"a:b\",\n        \"a:c\"\n      ]\n    }\n  ]\n}";
        assert_eq!(pretty(text).unwrap(), expected);
    }
}
