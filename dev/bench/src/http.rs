//! As much of HTTP/1.1 (RFC 9112) as a server needs whose callers are known: bodies with a length
//! or in chunks, connections that stay open.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    /// Its path with the query.
    pub(crate) path: String,
    /// Its fields, with names in lowercase.
    pub(crate) fields: BTreeMap<String, String>,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Whether the caller ends the connection after the answer.
    pub(crate) fn closes(&self) -> bool {
        self.fields
            .get("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn read_line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end().to_owned()))
}

/// Reads the next request; none where the caller has ended the connection.
///
/// # Errors
/// Where the connection breaks or what comes is not HTTP.
pub(crate) fn read(from: &mut (impl BufRead + Write)) -> io::Result<Option<Request>> {
    let Some(first) = read_line(from)? else {
        return Ok(None);
    };
    let mut words = first.split(' ');
    let (Some(_), Some(path)) = (words.next(), words.next()) else {
        return Err(bad("no request line"));
    };
    let path = path.to_owned();
    let mut fields = BTreeMap::new();
    loop {
        let line = read_line(from)?.ok_or_else(|| bad("the head has no end"))?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad("no field"))?;
        fields.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    if fields
        .get("expect")
        .is_some_and(|value| value.starts_with("100"))
    {
        from.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        from.flush()?;
    }
    let chunked = fields
        .get("transfer-encoding")
        .is_some_and(|value| value.contains("chunked"));
    let body = match chunked {
        true => read_chunks(from)?,
        false => {
            let length = fields
                .get("content-length")
                .map_or(Ok(0), |text| text.parse());
            let mut body = vec![0; length.map_err(|_| bad("no length"))?];
            from.read_exact(&mut body)?;
            body
        }
    };
    Ok(Some(Request { path, fields, body }))
}

fn read_chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = read_line(from)?.ok_or_else(|| bad("no chunk"))?;
        let size = size.split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).map_err(|_| bad("no size of a chunk"))?;
        from.by_ref().take(size).read_to_end(&mut body)?;
        read_line(from)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

/// Writes an answer.
///
/// # Errors
/// Where the connection breaks.
pub(crate) fn write(
    to: &mut impl Write,
    status: u16,
    fields: &[(&str, &str)],
    body: &[u8],
) -> io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {status} Answer\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut whole = head.into_bytes();
    whole.extend_from_slice(body);
    to.write_all(&whole)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads from one text and keeps what is written.
    struct Wire<'a>(&'a [u8], Vec<u8>);

    impl Read for Wire<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            self.0.read(to)
        }
    }

    impl BufRead for Wire<'_> {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            Ok(self.0)
        }
        fn consume(&mut self, count: usize) {
            self.0.consume(count);
        }
    }

    impl Write for Wire<'_> {
        fn write(&mut self, from: &[u8]) -> io::Result<usize> {
            self.1.write(from)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn requests_follow_each_other() {
        let text = "POST /a?b HTTP/1.1\r\nContent-Length: 3\r\nX-Y: Z \r\n\r\nabc\
                    POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n\
                    GET /c HTTP/1.1\r\nConnection: close\r\n\r\n";
        let mut wire = Wire(text.as_bytes(), Vec::new());
        let first = read(&mut wire).unwrap().unwrap();
        assert_eq!(first.path, "/a?b");
        assert_eq!(
            (first.fields["x-y"].as_str(), first.body.as_slice()),
            ("Z", &b"abc"[..])
        );
        assert_eq!(read(&mut wire).unwrap().unwrap().body, b"def");
        assert!(read(&mut wire).unwrap().unwrap().closes());
        assert!(read(&mut wire).unwrap().is_none());
    }

    #[test]
    fn who_waits_to_be_asked_for_the_body_is_asked() {
        let text = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx";
        let mut wire = Wire(text, Vec::new());
        assert_eq!(read(&mut wire).unwrap().unwrap().body, b"x");
        assert!(wire.1.starts_with(b"HTTP/1.1 100 "));
    }
}
