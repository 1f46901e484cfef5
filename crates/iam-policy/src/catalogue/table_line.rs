//! A line of the table, and how names in it stand for names in policies.

/// A line of the table: a name and the fields behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableLine {
    pub(super) name: &'static str,
    rest: &'static str,
    /// Where the fields end, counted from the beginning of the first.
    ends: [u16; FIELDS],
}

/// The most fields that a line has behind the name.
const FIELDS: usize = 5;

impl TableLine {
    pub(super) fn new(line: &'static str) -> Self {
        let (name, rest) = line.split_once('\t').unwrap_or((line, ""));
        let length = u16::try_from(rest.len()).unwrap_or(u16::MAX);
        let mut ends = [length; FIELDS];
        let tabs = (0..length)
            .zip(rest.bytes())
            .filter(|(_, byte)| *byte == b'\t');
        for (end, (at, _)) in ends.iter_mut().zip(tabs) {
            *end = at;
        }
        Self { name, rest, ends }
    }

    /// The field `nth` behind the name, from 0.
    pub(super) fn field(&self, nth: usize) -> &'static str {
        let before = nth.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = before.map_or(0, |end| usize::from(*end) + 1);
        let end = self.ends.get(nth).map_or(0, |end| usize::from(*end));
        self.rest.get(start..end).unwrap_or_default()
    }
}

pub(super) fn some(text: &'static str) -> Option<&'static str> {
    (!text.is_empty()).then_some(text)
}

/// Whether `name` is `pattern` with something in the place of each `${…}` or `<…>`; in any case.
pub(super) fn covers(pattern: &str, name: &str) -> bool {
    let variable = pattern.find("${").or_else(|| pattern.find('<'));
    let Some(literal) = variable else {
        return pattern.eq_ignore_ascii_case(name);
    };
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let begins = name.get(..literal).zip(pattern.get(..literal));
    if name.len() <= literal || !begins.is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
    {
        return false;
    }
    let end = pattern
        .iter()
        .skip(literal)
        .position(|byte| matches!(byte, b'}' | b'>'));
    let rest = pattern
        .get(literal + end.unwrap_or(0) + 1..)
        .unwrap_or_default();
    if rest.is_empty() {
        return true;
    }
    // A name that AWS takes is short; longer ones are not worth the search.
    if name.len() > 1024 {
        return false;
    }
    // Something must follow: the rest has to fit somewhere behind the variable's value.
    let Ok(rest) = std::str::from_utf8(rest) else {
        return false;
    };
    (literal + 1..=name.len())
        .filter_map(|at| std::str::from_utf8(name.get(at..)?).ok())
        .any(|behind| covers(rest, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_a_variable_covers_concrete_names() {
        for (pattern, name, expected) in [
            ("aws:ResourceTag/${TagKey}", "AWS:resourcetag/team", true),
            ("aws:ResourceTag/${TagKey}", "aws:ResourceTag/", false),
            (
                "s3:ExistingObjectTag/<key>",
                "s3:ExistingObjectTag/a/b",
                true,
            ),
            ("codebuild:x/${name}.value", "codebuild:x/a.value", true),
            ("codebuild:x/${name}.value", "codebuild:x/a.type", false),
            ("ec2:Region", "EC2:region", true),
            ("ec2:Region", "ec2:Region/x", false),
        ] {
            assert_eq!(covers(pattern, name), expected, "{pattern} {name}");
        }
    }
}
