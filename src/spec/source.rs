//! What the file system gave, and the first look at it: bytes become text, or a finding says why not.

use super::{codes, document::Position, file_report::FileReport};

/// Largest request file, in bytes. A sealed credential needs about 12 kB at most.
pub const MAX_REQUEST_BYTES: u64 = 64 * 1024;

/// Largest `matrix.yaml`, in bytes.
pub(super) const MAX_MATRIX_BYTES: u64 = 512 * 1024;

/// One file that may be a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Path as shown to people, with `/`.
    pub path: String,
    /// What the file system gave for it.
    pub content: SourceContent,
}

/// What the file system gave for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceContent {
    /// The file, whole.
    Bytes(Vec<u8>),
    /// Why it was not read: a folder, a link that leads nowhere or out of the folder, too large.
    Problem {
        /// One of [`super::CODES`].
        code: &'static str,
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
}

/// The text of a file without its byte-order mark, or a finding.
pub(super) fn decode<'a>(bytes: &'a [u8], limit: u64, report: &mut FileReport) -> Option<&'a str> {
    if bytes.len() as u64 > limit {
        let (message, help) = too_large(limit);
        report.whole(codes::TOO_LARGE, message, help);
        return None;
    }
    if is_utf_16(bytes) {
        report.whole(
            codes::UTF_16,
            "The file is saved as UTF-16 (some Windows programs call it \"Unicode\").",
            "Save it again with the encoding UTF-8.",
        );
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            report.at(
                codes::INVALID_UTF_8,
                position_after(&bytes[..error.valid_up_to()]),
                "Here stands a byte that is not UTF-8: the file was saved in an older encoding, such as Windows-1252.",
                "Save the file again with the encoding UTF-8 and look at its accented letters.",
            );
            None
        }
    }
}

/// The two sentences for a file above the limit.
pub(crate) fn too_large(limit: u64) -> (String, String) {
    (
        format!("The file is larger than {} kB, so it was not read.", limit / 1024),
        "Keep the request short; exported calls belong under `requests/files/`, as files of their own.".to_owned(),
    )
}

/// A byte-order mark, or NULs at every other place, as ASCII text has in UTF-16.
fn is_utf_16(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(512)];
    let nuls_at = |parity: usize| {
        let places = sample.iter().skip(parity).step_by(2);
        places.filter(|byte| **byte == 0).count()
    };
    bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xfe, 0xff])
        || (sample.len() >= 4 && nuls_at(0).max(nuls_at(1)) * 3 > sample.len())
}

/// The place of the first byte after a text.
fn position_after(valid: &[u8]) -> Position {
    let text = String::from_utf8_lossy(valid);
    let line = text.matches('\n').count() + 1;
    let last = text.rsplit('\n').next().unwrap_or_default();
    Position {
        line,
        column: last.chars().count() + 1,
    }
}
