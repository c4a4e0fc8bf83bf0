//! From bytes to text: which encoding a file is in, and where its lines end.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{
    Options,
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

/// The text and the name of its encoding: the one that a mark of byte order tells, for no mark is there by
/// chance; else the one that the request names; else the one that the bytes fit. Nothing is replaced without a notice.
///
/// # Errors
/// A [`FileProblem`] when the bytes fit no encoding well enough, or not the one that the request names.
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    options: &Options,
    notices: &mut Notices,
) -> Result<(Cow<'a, str>, &'static str), FileProblem> {
    let (text, encoding) = match (options.encoding, Encoding::for_bom(bytes)) {
        (_, Some((encoding, mark))) => (decode_as(encoding, &bytes[mark..]), encoding),
        (Some(encoding), None) => (decode_as_told(encoding, bytes)?, encoding),
        (None, None) => decode_unmarked(bytes, notices)?,
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
    let (text, encoding) = decode_legacy(bytes).ok_or_else(refusal::unknown_encoding)?;
    let code = if encoding == WINDOWS_1252 {
        Code::Windows1252Assumed
    } else {
        Code::OtherEncodingAssumed
    };
    let read = match non_ascii(&text) {
        1 => "1 character was".to_owned(),
        count => format!("{count} characters were"),
    };
    notices.add(code, 1);
    notices.tell(code, &format!("{read} read as {}", encoding.name()));
    Ok((text, encoding))
}

/// Nothing, if more than one character in ten is damaged: then the request is wrong about the encoding.
fn decode_as_told<'a>(
    encoding: &'static Encoding,
    bytes: &'a [u8],
) -> Result<Cow<'a, str>, FileProblem> {
    let text = decode_as(encoding, bytes);
    let damaged = text.matches(['\u{fffd}', '\0']).count();
    if damaged * 10 > text.chars().count() {
        return Err(refusal::wrong_encoding(encoding.name()));
    }
    Ok(text)
}

/// The encodings from before Unicode. The guess is `chardetng`'s, as in browsers; it never says UTF-16 rightly,
/// so that was looked for before. What comes out must look like a text, for bytes always make some letters.
fn decode_legacy(bytes: &[u8]) -> Option<Decoded<'_>> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let guessed = decode_as(guess, bytes);
    if guess != WINDOWS_1252 && is_foreign(&guessed) {
        return Some((guessed, guess));
    }
    let western = decode_as(WINDOWS_1252, bytes);
    is_western(&western).then_some((western, WINDOWS_1252))
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

/// Whether bytes read as Windows-1252 make Western European text: accents on few of the letters. Cyrillic,
/// Greek or Japanese text fails, which is better than to import nonsense.
fn is_western(text: &str) -> bool {
    let letters = text.chars().filter(char::is_ascii_alphabetic).count();
    let accented = non_ascii(text);
    accented * 10 <= (accented + letters) * 3 && !text.contains(is_no_character)
}

/// Whether bytes read in another encoding make text: what is not ASCII is mostly letters.
fn is_foreign(text: &str) -> bool {
    let foreign = text.chars().filter(|character| !character.is_ascii());
    let letters = foreign.filter(|character| character.is_alphabetic());
    letters.count() * 10 >= non_ascii(text) * 6 && !text.contains(is_no_character)
}

/// Controls that no text has, characters for private use, and the sign of a damaged one.
pub(super) const fn is_no_character(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{8}'
            | '\u{e}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fffd}'..='\u{ffff}'
    )
}
