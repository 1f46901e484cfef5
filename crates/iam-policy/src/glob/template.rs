use super::{ANY, Glob, STAR, SYMBOL};

/// How a text of a policy is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// `${…}` is a variable, or `${*}`, `${?}`, `${$}` the character itself.
    pub variables: bool,
    /// Case does not matter.
    pub fold: bool,
}

/// A policy variable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Variable {
    name: Box<str>,
    default: Option<Box<str>>,
}

impl Variable {
    /// The context key, in lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands in when the key is missing: `x` in `${aws:username, 'x'}`.
    #[must_use]
    pub fn default(&self) -> Option<&str> {
        self.default.as_deref()
    }

    /// The length of the shortest value that begins a text: a character, unless the default is
    /// empty.
    fn shortest(&self, text: &str) -> usize {
        if self.default() == Some("") {
            return 0;
        }
        text.chars().next().map_or(0, char::len_utf8)
    }

    fn read(inner: &str) -> Self {
        let (name, default) = match inner.split_once(',') {
            Some((name, default)) => (name, Some(default.trim())),
            None => (inner, None),
        };
        let default = default.map(|text| {
            let quoted = text
                .strip_prefix('\'')
                .and_then(|text| text.strip_suffix('\''));
            quoted.unwrap_or(text).into()
        });
        Self {
            name: name.trim().to_lowercase().into_boxed_str(),
            default,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Code(Box<[u8]>),
    Variable(Variable),
}

/// A pattern with policy variables.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Template {
    parts: Vec<Part>,
    fold: bool,
}

impl Template {
    /// Reads a text of a policy. A `${` that is not closed stands for itself.
    #[must_use]
    pub fn new(text: &str, syntax: Syntax) -> Self {
        let folded;
        let mut rest = text;
        if syntax.fold {
            folded = text.to_ascii_lowercase();
            rest = &folded;
        }
        let mut parts = Vec::new();
        let mut code = Vec::new();
        while let Some((before, inner, after)) = next_variable(rest, syntax.variables) {
            super::encode(before, syntax.wildcards, &mut code);
            match inner {
                "*" | "?" | "$" => code.extend(inner.bytes()),
                _ => {
                    parts.push(Part::Code(std::mem::take(&mut code).into_boxed_slice()));
                    parts.push(Part::Variable(Variable::read(inner)));
                }
            }
            rest = after;
        }
        super::encode(rest, syntax.wildcards, &mut code);
        parts.push(Part::Code(code.into_boxed_slice()));
        Self {
            parts,
            fold: syntax.fold,
        }
    }

    /// The same template with wildcards that stop at `:` in front of the fifth colon.
    pub(crate) fn segmented(mut self) -> Self {
        let mut colons = 0;
        for part in &mut self.parts {
            if let Part::Code(code) = part {
                let mut normal = code.to_vec();
                super::normalise(&mut normal);
                super::segment(&mut normal, &mut colons);
                *code = normal.into_boxed_slice();
            }
        }
        self
    }

    /// The variables in order.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(variable) => Some(variable),
            Part::Code(_) => None,
        })
    }

    /// The pattern, when there are no variables.
    #[must_use]
    pub fn fixed(&self) -> Option<Glob> {
        self.resolve(|_| None)
    }

    /// The pattern with every variable replaced by its value, in which wildcards are plain
    /// characters. `None` when one has neither value nor default. Values beyond
    /// 16,384 bytes are left out: the pattern matches no text up to that length
    /// with them or without.
    #[must_use]
    pub fn resolve<'v>(&self, mut value: impl FnMut(&Variable) -> Option<&'v str>) -> Option<Glob> {
        let mut code = Vec::new();
        let mut replaced = 0;
        for part in &self.parts {
            match part {
                Part::Code(bytes) => code.extend_from_slice(bytes),
                Part::Variable(variable) => {
                    let value = value(variable).or(variable.default())?;
                    if replaced > super::LONGEST {
                        continue;
                    }
                    replaced += value.len();
                    if self.fold {
                        code.extend(value.to_ascii_lowercase().bytes());
                    } else {
                        code.extend(value.bytes());
                    }
                }
            }
        }
        Some(Glob::from_code(code))
    }

    /// The pattern with any text for every variable, empty only where its default is: matches
    /// whatever the template may match.
    #[must_use]
    pub fn widest(&self) -> Glob {
        let mut code = Vec::new();
        for part in &self.parts {
            match part {
                Part::Code(bytes) => code.extend_from_slice(bytes),
                Part::Variable(variable) if variable.default() == Some("") => code.push(STAR),
                Part::Variable(_) => code.extend([ANY, STAR]),
            }
        }
        Glob::from_code(code)
    }

    /// Values of the variables with which `word` could be matched, for a word that
    /// [`Template::widest`] matches. A guess: the caller checks it.
    pub(crate) fn capture(&self, word: &str) -> Option<Vec<(&Variable, String)>> {
        let mut values = Vec::new();
        let mut rest = word;
        let mut open: Option<&Variable> = None;
        for part in &self.parts {
            match part {
                Part::Variable(variable) => {
                    if let Some(before) = open.replace(variable) {
                        let (value, after) = rest.split_at_checked(before.shortest(rest))?;
                        values.push((before, value.to_owned()));
                        rest = after;
                    }
                }
                Part::Code(code) if code.is_empty() => {}
                Part::Code(code) => {
                    let glob = Glob::from_code(code.to_vec());
                    let literal = glob.literal_prefix();
                    let ends = glob.as_literal().is_some();
                    let at = match open {
                        None => 0,
                        Some(variable) => {
                            let least = variable.shortest(rest);
                            least + rest.get(least..)?.find(literal)?
                        }
                    };
                    let (value, after) = rest.split_at_checked(at)?;
                    values.extend(open.take().map(|variable| (variable, value.to_owned())));
                    rest = after.strip_prefix(literal)?;
                    if !ends {
                        rest = rest.get(1..).unwrap_or_default();
                    }
                }
            }
        }
        values.extend(open.map(|variable| (variable, rest.to_owned())));
        Some(values)
    }

    /// The pattern with a letter of its own for every variable. When one such pattern plainly
    /// includes another, it does so whatever the values are.
    pub(crate) fn symbolic(&self) -> Glob {
        self.with_symbols(|variable| variable.default())
    }

    /// The same without defaults, for when all variables have values.
    pub(crate) fn symbolic_without_defaults(&self) -> Glob {
        self.with_symbols(|_| None)
    }

    fn with_symbols<'v>(&'v self, default: impl Fn(&'v Variable) -> Option<&'v str>) -> Glob {
        let mut code = Vec::new();
        for part in &self.parts {
            match part {
                Part::Code(bytes) => code.extend_from_slice(bytes),
                Part::Variable(variable) => symbol(&variable.name, default(variable), &mut code),
            }
        }
        Glob::from_code(code)
    }
}

/// Writes the identity of a variable in bytes that no text and no wildcard uses, with a
/// beginning and an end, so that no part of it can be taken for another.
fn symbol(name: &str, default: Option<&str>, code: &mut Vec<u8>) {
    code.push(SYMBOL);
    let default = default.map(|text| ["\0", text].concat());
    for byte in name.bytes().chain(default.unwrap_or_default().bytes()) {
        code.extend([6, 4, 2, 0].map(|shift| 0xf5 + (byte >> shift & 3)));
    }
    code.push(0xfa);
}

/// The text before the next `${…}`, what is inside, and the text after.
fn next_variable(text: &str, variables: bool) -> Option<(&str, &str, &str)> {
    if !variables {
        return None;
    }
    let (before, rest) = text.split_once("${")?;
    let (inner, after) = rest.split_once('}')?;
    Some((before, inner, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Syntax = Syntax {
        wildcards: true,
        variables: true,
        fold: false,
    };

    #[test]
    fn variables_are_replaced_by_plain_text() {
        let template = Template::new("home/${aws:UserName}/*", ALL);
        assert_eq!(template.fixed(), None);
        let glob = template.resolve(|variable| (variable.name() == "aws:username").then_some("a*"));
        let glob = glob.unwrap();
        assert!(glob.matches("home/a*/x") && !glob.matches("home/ab/x"));
    }

    #[test]
    fn defaults_and_escapes() {
        let template = Template::new("${aws:PrincipalTag/team, 'all'}/${*}${?}${$}?", ALL);
        assert_eq!(template.fixed().unwrap().to_string(), "all/*?$?");
        assert!(template.fixed().unwrap().matches("all/*?$x"));
        let literal = Syntax {
            variables: false,
            ..ALL
        };
        assert!(
            Template::new("${a}", literal)
                .fixed()
                .unwrap()
                .matches("${a}")
        );
        assert!(Template::new("x${a", ALL).fixed().unwrap().matches("x${a"));
    }

    #[test]
    fn captured_values_are_not_empty() {
        let captured = |text: &str, word: &str| {
            let template = Template::new(text, ALL);
            let values = template.capture(word).unwrap();
            values
                .into_iter()
                .map(|(_, value)| value)
                .collect::<Vec<_>>()
        };
        assert_eq!(captured("b/${a}*", "b/xy"), ["x"]);
        assert_eq!(captured("b/${a}${b}", "b/xyz"), ["x", "yz"]);
        assert_eq!(captured("${a}/x", "//x"), ["/"]);
        assert_eq!(captured("b/${a, ''}*", "b/"), [""]);
    }

    #[test]
    fn symbols_keep_variables_apart() {
        let symbolic = |text| Template::new(text, ALL).symbolic();
        assert!(symbolic("b/*").plainly_includes(&symbolic("b/${a}/x")));
        assert!(symbolic("b/${a}*").plainly_includes(&symbolic("b/${A}/x")));
        for (wide, narrow) in [
            ("b/?", "b/${a}"),
            ("b/${a}", "b/${b}"),
            ("b/${a}*", "b/${ab}"),
            ("*${b}", "${ab}"),
            ("${a,'x'}", "${a}"),
            ("b/a", "b/${a}"),
        ] {
            assert!(
                !symbolic(wide).plainly_includes(&symbolic(narrow)),
                "{wide} {narrow}"
            );
        }
        let bare = |text| Template::new(text, ALL).symbolic_without_defaults();
        assert!(bare("${a,'x'}").plainly_includes(&symbolic("${a}")));
        assert!(!bare("${a,'x'}").plainly_includes(&symbolic("${a,'x'}")));
    }
}
