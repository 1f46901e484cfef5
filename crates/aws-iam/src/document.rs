//! Policy documents as IAM returns them: percent-encoded (IAM API reference, GetPolicyVersion:
//! "URL-encoded compliant with RFC 3986"), so `+` stands for itself.

/// Why a document cannot be read. Never shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DocumentError {
    /// A `%` without two hexadecimal digits.
    #[error("a percent sign without two hexadecimal digits")]
    Escape,
    /// The bytes are not UTF-8.
    #[error("not UTF-8")]
    Utf8,
}

/// Decodes percent-encoding (RFC 3986, 2.1).
pub(crate) fn percent_decoded(text: &str) -> Result<String, DocumentError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
            let (Some(high), Some(low)) = (digit(), digit()) else {
                return Err(DocumentError::Escape);
            };
            decoded.push(u8::try_from(high * 16 + low).map_err(|_| DocumentError::Escape)?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).map_err(|_| DocumentError::Utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded() {
        assert_eq!(
            percent_decoded("%7B%22Action%22%3a%22s3:Get+%2B%25%22%7D"),
            Ok(r#"{"Action":"s3:Get++%"}"#.to_owned())
        );
        assert_eq!(percent_decoded("%C3%BC"), Ok("ü".to_owned()));
        assert_eq!(percent_decoded(""), Ok(String::new()));
    }

    #[test]
    fn what_is_not_encoded_so_is_refused() {
        for bad in ["%", "%4", "%4g", "%%41", "%+1", "%é"] {
            assert_eq!(percent_decoded(bad), Err(DocumentError::Escape), "{bad}");
        }
        assert_eq!(percent_decoded("%ff"), Err(DocumentError::Utf8));
    }
}
