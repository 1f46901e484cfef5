use std::borrow::Cow;
use std::fmt;

use crate::foreign::visible;

/// One step into a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// Into the value of a key.
    Key(Cow<'static, str>),
    /// Into an element of an array, from 0.
    Index(usize),
}

/// The way from the top of a document to one of its values.
///
/// Written as `Statement[0].Action[2]`; a scalar in the place of an array has no index, and keys
/// are [`visible`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path(Vec<Segment>);

impl Path {
    /// The document itself.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The steps from the top.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// One step on, into a key.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.0.push(Segment::Key(Cow::Owned(key.to_owned())));
        self
    }

    /// One step on, into an element of policies.
    #[must_use]
    pub(crate) fn element(mut self, name: &'static str) -> Self {
        self.0.push(Segment::Key(Cow::Borrowed(name)));
        self
    }

    /// One step on, into an element of an array.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Segment::Index(index));
        self
    }

    /// One step on when there is an array, else the same.
    #[must_use]
    pub fn maybe_index(self, index: Option<usize>) -> Self {
        match index {
            Some(index) => self.index(index),
            None => self,
        }
    }
}

impl Path {
    /// The way as it stands in a sentence, quoted.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self.0.as_slice() {
            [] => "the document".to_owned(),
            // What is written is visible and has no backtick.
            _ => format!("`{self}`"),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if nth == 0 => f.write_str(&visible(key))?,
                Segment::Key(key) => write!(f, ".{}", visible(key))?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
