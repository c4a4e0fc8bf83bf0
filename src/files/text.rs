//! From bytes to text: which encoding a file is in, and where its lines end.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{
    notice::{Code, Notices},
    refusal::{self, FileProblem},
};

/// One line of a file, without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// 1-based.
    pub(super) number: usize,
    /// What stands on it.
    pub(super) text: &'a str,
}

/// The text and the name of its encoding. Nothing is replaced without a notice.
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    notices: &mut Notices,
) -> Result<(Cow<'a, str>, &'static str), FileProblem> {
    let (text, encoding) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (decode_as(encoding, &bytes[mark..]), encoding),
        None => decode_unmarked(bytes, notices)?,
    };
    // WebVTT reads a NUL as U+FFFD; so a broken character has one look whatever broke it.
    let text = if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        text
    };
    if text.contains('\u{fffd}') {
        for line in lines(&text) {
            let broken = line.text.matches('\u{fffd}').count();
            if let Some(before) = line.text.split('\u{fffd}').next().filter(|_| broken > 0) {
                let column = before.chars().count() + 1;
                notices.add_many_at(Code::DamagedCharacter, line.number, column, broken);
            }
        }
    }
    Ok((text, encoding.name()))
}

/// The lines of a text; they end with LF, CR LF or CR. A mark of byte order that a join of files left
/// at the beginning of a line is no part of it.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut rest = text;
    let mut number = 0;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after
            .strip_prefix("\r\n")
            .or_else(|| after.get(1..))
            .unwrap_or_default();
        number += 1;
        let text = line.trim_start_matches('\u{feff}');
        Some(Line { number, text })
    })
}

/// Without white space, zero-width characters and marks of direction at both ends. Teams and copied
/// names carry them.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|character: char| character.is_whitespace() || is_invisible(character))
}

/// Whether nothing can be seen on a line.
pub(super) fn is_blank(text: &str) -> bool {
    trim(text).is_empty()
}

/// Zero-width characters and marks of direction.
pub(super) const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

type Decoded<'a> = (Cow<'a, str>, &'static Encoding);

fn decode_as<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Cow<'a, str> {
    encoding.decode_without_bom_handling(bytes).0
}

fn decode_unmarked<'a>(bytes: &'a [u8], notices: &mut Notices) -> Result<Decoded<'a>, FileProblem> {
    if let Some(encoding) = utf_16_by_zeros(bytes) {
        notices.add(Code::Utf16Assumed, 1);
        return Ok((decode_as(encoding, bytes), encoding));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok((Cow::Borrowed(text), UTF_8));
    }
    let text = decode_as(UTF_8, bytes);
    let broken = text.matches('\u{fffd}').count();
    // Text of another encoding hardly ever looks like UTF-8, so this is UTF-8 with a few bad bytes.
    if non_ascii(&text) > 2 * broken {
        return Ok((text, UTF_8));
    }
    let text = decode_as(WINDOWS_1252, bytes);
    if is_western(&text) {
        notices.add_many_at(Code::Windows1252Assumed, 1, 1, non_ascii(&text));
        return Ok((text, WINDOWS_1252));
    }
    Err(refusal::unknown_encoding())
}

/// UTF-16 text without a mark has a zero in every second byte, as far as it is Latin: times always are.
fn utf_16_by_zeros(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(4096)];
    let many = |parity: usize| {
        let places = head.iter().skip(parity).step_by(2);
        let zeros = places.clone().filter(|byte| **byte == 0).count();
        zeros * 10 > places.count() * 3
    };
    match (many(0), many(1)) {
        (false, true) => Some(UTF_16LE),
        (true, false) => Some(UTF_16BE),
        (true, true) | (false, false) => None,
    }
}

fn non_ascii(text: &str) -> usize {
    text.chars()
        .filter(|character| !character.is_ascii())
        .count()
}

/// Whether bytes read as Windows-1252 make Western European text: no byte without a meaning, and
/// accents on few of the letters. Cyrillic, Greek or Japanese text fails, which is better than to
/// import nonsense.
fn is_western(text: &str) -> bool {
    let letters = text.chars().filter(char::is_ascii_alphabetic).count();
    let accented = non_ascii(text);
    let undefined = text.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c));
    !undefined && accented * 10 <= (accented + letters) * 3
}
