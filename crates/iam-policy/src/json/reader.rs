use super::{Kind, Node, Position, Span, text};

/// Levels of arrays and objects that are read; a policy needs six.
pub const MAX_DEPTH: usize = 128;

/// Bytes of text that are read: far above every quota of AWS.
pub const MAX_TEXT: usize = 16 << 20;

/// Why a text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// The text ends inside a value.
    #[error("the text ends too early")]
    UnexpectedEnd,
    /// Something else than a value stands where a value must be.
    #[error("expected a value")]
    ExpectedValue,
    /// An object's key is missing or is not a string.
    #[error("expected a key in double quotes")]
    ExpectedKey,
    /// No colon after a key.
    #[error("expected `:`")]
    ExpectedColon,
    /// Neither a comma nor the end of the array or object.
    #[error("expected `,` or the closing bracket")]
    ExpectedCommaOrEnd,
    /// A comma with nothing after it.
    #[error("trailing comma")]
    TrailingComma,
    /// Something follows after the outermost value.
    #[error("unexpected text after the end")]
    TrailingText,
    /// A control character inside a string.
    #[error("control character in a string")]
    ControlCharacter,
    /// An escape sequence that JSON does not know, or half of a surrogate pair.
    #[error("invalid escape sequence")]
    InvalidEscape,
    /// A number that is not written as JSON wants it.
    #[error("invalid number")]
    InvalidNumber,
    /// More than [`MAX_DEPTH`] levels.
    #[error("nested too deeply")]
    TooDeep,
    /// More than [`MAX_TEXT`] bytes.
    #[error("text too large")]
    TooLarge,
}

/// The first place where a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at line {} column {}", position.line, position.column)]
pub struct SyntaxError {
    kind: SyntaxErrorKind,
    offset: usize,
    position: Position,
}

impl SyntaxError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> SyntaxErrorKind {
        self.kind
    }

    /// Where, in bytes.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Where, as people count.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }
}

pub(super) fn read(text: &str, depth: usize) -> Result<Vec<Node>, SyntaxError> {
    let mut reader = Reader {
        bytes: text.as_bytes(),
        at: 0,
        nodes: Vec::with_capacity(text.len().min(MAX_TEXT) / 20 + 4),
        open: Vec::with_capacity(8),
        depth,
    };
    let done = if text.len() > MAX_TEXT {
        Err(SyntaxErrorKind::TooLarge)
    } else {
        reader.document()
    };
    match done {
        Ok(()) => Ok(reader.nodes),
        Err(kind) => {
            let offset = reader.at.min(text.len());
            Err(SyntaxError {
                kind,
                offset,
                position: Position::of(text, offset),
            })
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    /// The arrays and objects that are not closed yet: node, and whether it is an object.
    open: Vec<(u32, bool)>,
    depth: usize,
}

type Step<T = ()> = Result<T, SyntaxErrorKind>;

impl Reader<'_> {
    fn document(&mut self) -> Step {
        loop {
            if self.value()? {
                continue;
            }
            if !self.after_value()? {
                break;
            }
        }
        self.blank();
        if self.at < self.bytes.len() {
            Err(SyntaxErrorKind::TrailingText)
        } else {
            Ok(())
        }
    }

    /// Reads a value, or the opening of one; answers whether another value must follow at once.
    fn value(&mut self) -> Step<bool> {
        self.blank();
        match self.peek() {
            Some(b'"') => self.string()?,
            Some(b'{') => {
                self.open(Kind::Object)?;
                if self.peek() == Some(b'}') {
                    self.close();
                } else {
                    self.key()?;
                    return Ok(true);
                }
            }
            Some(b'[') => {
                self.open(Kind::Array)?;
                if self.peek() != Some(b']') {
                    return Ok(true);
                }
                self.close();
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word(b"true", Kind::Bool)?,
            Some(b'f') => self.word(b"false", Kind::Bool)?,
            Some(b'n') => self.word(b"null", Kind::Null)?,
            Some(_) => return Err(SyntaxErrorKind::ExpectedValue),
            None => return Err(SyntaxErrorKind::UnexpectedEnd),
        }
        Ok(false)
    }

    /// Closes what ends here; answers whether a further value must follow.
    fn after_value(&mut self) -> Step<bool> {
        while let Some(&(_, object)) = self.open.last() {
            self.blank();
            match self.peek() {
                Some(b',') => {
                    let comma = self.at;
                    self.at += 1;
                    self.blank();
                    if matches!(self.peek(), Some(b'}' | b']')) {
                        self.at = comma;
                        return Err(SyntaxErrorKind::TrailingComma);
                    }
                    if object {
                        self.key()?;
                    }
                    return Ok(true);
                }
                Some(b'}') if object => self.close(),
                Some(b']') if !object => self.close(),
                Some(_) => return Err(SyntaxErrorKind::ExpectedCommaOrEnd),
                None => return Err(SyntaxErrorKind::UnexpectedEnd),
            }
        }
        Ok(false)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn push(&mut self, kind: Kind, start: usize, escaped: bool) {
        // Texts are at most MAX_TEXT long, so every offset and every count of nodes fits.
        let next = self.nodes.len() as u32 + 1;
        let span = Span {
            start: start as u32,
            end: self.at as u32,
        };
        self.nodes.push(Node {
            span,
            next,
            kind,
            escaped,
        });
    }

    fn open(&mut self, kind: Kind) -> Step {
        if self.open.len() >= self.depth {
            return Err(SyntaxErrorKind::TooDeep);
        }
        self.open
            .push((self.nodes.len() as u32, kind == Kind::Object));
        self.push(kind, self.at, false);
        self.at += 1;
        self.blank();
        Ok(())
    }

    fn close(&mut self) {
        self.at += 1;
        let next = self.nodes.len() as u32;
        if let Some(node) = self
            .open
            .pop()
            .and_then(|(at, _)| self.nodes.get_mut(at as usize))
        {
            node.span.end = self.at as u32;
            node.next = next;
        }
    }

    fn key(&mut self) -> Step {
        match self.peek() {
            Some(b'"') => self.string()?,
            Some(_) => return Err(SyntaxErrorKind::ExpectedKey),
            None => return Err(SyntaxErrorKind::UnexpectedEnd),
        }
        self.blank();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return Err(SyntaxErrorKind::ExpectedColon),
            None => return Err(SyntaxErrorKind::UnexpectedEnd),
        }
        Ok(())
    }

    fn string(&mut self) -> Step {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at += text::plain_run(self.bytes, self.at);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    let length = text::escape_length(self.bytes, self.at + 1);
                    self.at += 1 + length.ok_or(SyntaxErrorKind::InvalidEscape)?;
                }
                Some(_) => return Err(SyntaxErrorKind::ControlCharacter),
                None => return Err(SyntaxErrorKind::UnexpectedEnd),
            }
        }
        self.at += 1;
        self.push(Kind::String, start, escaped);
        Ok(())
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Step {
        if self.bytes.get(self.at..self.at + word.len()) != Some(word) {
            return Err(SyntaxErrorKind::ExpectedValue);
        }
        let start = self.at;
        self.at += word.len();
        self.push(kind, start, false);
        Ok(())
    }

    fn number(&mut self) -> Step {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.push(Kind::Number, start, false);
        Ok(())
    }

    fn digits(&mut self) -> Step {
        let run = self
            .bytes
            .iter()
            .skip(self.at)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        self.at += run;
        if run == 0 {
            Err(SyntaxErrorKind::InvalidNumber)
        } else {
            Ok(())
        }
    }
}
