//! From the bytes of a file to its text, and back to the places of its records.

use std::{borrow::Cow, ops::Range};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::super::{FileProblem, Options, notice::Notices, text};

const MARK: &str = "\u{feff}";

/// Where a text stands in its file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bytes {
    /// As it is, behind a mark of so many bytes.
    Utf8 { mark: usize },
    /// In two bytes a unit. The last place that was looked up, in the text and in the file, from where the next
    /// one is counted.
    Utf16 { text: usize, file: usize },
    /// Not to be told.
    Unknown,
}

impl Bytes {
    /// Where a stretch of the text stands in the file. Later ones are asked for later.
    pub(super) fn of(&mut self, whole: &str, range: Range<usize>) -> Option<Range<usize>> {
        match self {
            Self::Utf8 { mark } => Some(range.start + *mark..range.end + *mark),
            Self::Utf16 { text, file } => {
                let mut place = |offset: usize| {
                    *file += 2 * whole[*text..offset].encode_utf16().count();
                    *text = offset;
                    *file
                };
                Some(place(range.start)..place(range.end))
            }
            Self::Unknown => None,
        }
    }
}

/// JSON is UTF-8 (RFC 8259); editors and Windows PowerShell write UTF-16. Anything else is read as other files are.
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    options: &Options,
    notices: &mut Notices,
) -> Result<(Cow<'a, str>, &'static str, Bytes), FileProblem> {
    let unmarked = bytes.strip_prefix(MARK.as_bytes()).unwrap_or(bytes);
    let is_same_in_utf_8 =
        |told: &'static Encoding| told == UTF_8 || told.is_ascii_compatible() && bytes.is_ascii();
    let may_be_utf_8 = options.encoding.is_none_or(is_same_in_utf_8) && !bytes.contains(&0);
    if may_be_utf_8 && let Ok(text) = std::str::from_utf8(unmarked) {
        let mark = bytes.len() - unmarked.len();
        return Ok((Cow::Borrowed(text), UTF_8.name(), Bytes::Utf8 { mark }));
    }
    let (text, name) = match (options.encoding, bytes) {
        // A single record of a file in UTF-16: it has no mark of its own, but a brace.
        (None, [b'{', 0, ..]) => utf_16(UTF_16LE, bytes),
        (None, [0, b'{', ..]) => utf_16(UTF_16BE, bytes),
        _ => text::decode(bytes, options, notices)?,
    };
    let is_utf_16 = [UTF_16LE.name(), UTF_16BE.name()].contains(&name);
    let places = if is_utf_16 {
        let mark = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
        Bytes::Utf16 {
            text: 0,
            file: if mark { 2 } else { 0 },
        }
    } else {
        Bytes::Unknown
    };
    Ok((text, name, places))
}

/// A NUL is a damaged character here too, so that a record is the same alone as in its file.
fn utf_16(encoding: &'static Encoding, bytes: &[u8]) -> (Cow<'static, str>, &'static str) {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    (text.replace('\0', "\u{fffd}").into(), encoding.name())
}
