//! What a file is: by its first bytes, and by the ending of its name only among texts.

use super::{FileProblem, names, refusal};
use crate::model::MediaKind;

/// Bytes from the beginning of a file that [`kind`] wants to see, if the file has as many.
pub const HEAD_BYTES: u64 = 8_192;

/// Why an archive within an archive is left out.
pub const PACKED_TWICE: &str = "A ZIP file within a ZIP file is not opened; unpack it first.";

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// What was said: WebVTT, SRT, plain text or Word.
    Transcript,
    /// CSV, tab-separated values or Excel: a list of calls, or a transcript in columns.
    Table,
    /// JSON or JSON Lines.
    Json,
    /// A ZIP file.
    Archive,
    /// Sound or picture, as far as the first bytes tell.
    Recording {
        /// Which of both.
        kind: MediaKind,
        /// Media type, e.g. `video/mp4`.
        mime: &'static str,
    },
    /// What computers add to folders, and why it does not count: a sentence.
    Ignored(&'static str),
    /// What cannot be read.
    Refused(FileProblem),
}

/// What a file is, from its name and its first bytes ([`HEAD_BYTES`] of them).
pub fn kind(name: &str, head: &[u8]) -> Kind {
    if let Some(reason) = ignored(name) {
        return Kind::Ignored(reason);
    }
    if head.is_empty() {
        return Kind::Refused(refusal::empty());
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return packed(name, head);
    }
    // Some recordings begin with letters, and a text may begin with the same.
    let mime = recording(head).filter(|_| head.contains(&0) || !is_text(head));
    if let Some(mime) = mime {
        return Kind::Recording {
            kind: media_kind(mime),
            mime,
        };
    }
    match refusal::of_other_kind(head) {
        Some(problem) => Kind::Refused(problem),
        None if is_text(head) => text(name, head),
        None => Kind::Refused(unknown()),
    }
}

/// What computers put into folders by themselves, and what to say of it.
pub(super) fn ignored(name: &str) -> Option<&'static str> {
    let file = names::file_name(name);
    let of_mac = name.split('/').any(|part| part == "__MACOSX");
    if of_mac || file.starts_with("._") || file == ".DS_Store" {
        Some("macOS adds this file to folders; it holds nothing of a call.")
    } else if file.eq_ignore_ascii_case("Thumbs.db") || file.eq_ignore_ascii_case("desktop.ini") {
        Some("Windows adds this file to folders; it holds nothing of a call.")
    } else {
        None
    }
}

/// Whether a name ends as those of recordings do, for where the bytes are not known yet.
pub(super) fn sounds_recorded(name: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "mp4", "m4v", "mov", "m4a", "mp3", "wav", "webm", "mkv", "ogg", "oga", "opus", "flac",
        "aac", "avi", "wmv", "aif", "aiff",
    ];
    ENDINGS.contains(&names::ending(name).as_str())
}

/// Media type of a recording, from its first bytes.
pub(super) fn recording(head: &[u8]) -> Option<&'static str> {
    let found = infer::get(head);
    let recorded = found.filter(|kind| {
        let media = matches!(
            kind.matcher_type(),
            infer::MatcherType::Audio | infer::MatcherType::Video
        );
        media && kind.mime_type() != "audio/midi"
    });
    match recorded {
        Some(kind) => Some(kind.mime_type()),
        // Brands of MP4 are many, and new ones appear; some of them are pictures.
        None if found.is_none() && head.get(4..8) == Some(b"ftyp") => Some("video/mp4"),
        None if found.is_none() && head.starts_with(b"\x1a\x45\xdf\xa3") => {
            Some("video/x-matroska")
        }
        None => None,
    }
}

/// Sound or picture, by media type.
pub(super) fn media_kind(mime: &str) -> MediaKind {
    if mime.starts_with("audio/") {
        MediaKind::Audio
    } else {
        MediaKind::Video
    }
}

/// Word and Excel documents are ZIP files: their ending tells, else what they hold first.
fn packed(name: &str, head: &[u8]) -> Kind {
    let holds = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
    let office = || holds(b"[Content_Types].xml") || holds(b"_rels/.rels");
    match names::ending(name).as_str() {
        "docx" => Kind::Transcript,
        "xlsx" | "xlsm" => Kind::Table,
        "zip" => Kind::Archive,
        "pptx" | "odt" | "ods" | "odp" | "epub" | "jar" | "pages" | "numbers" | "key" => {
            Kind::Refused(refusal::of_other_kind(head).unwrap_or_else(unknown))
        }
        _ if office() && holds(b"word/") => Kind::Transcript,
        _ if office() && holds(b"xl/") => Kind::Table,
        _ if office() => Kind::Refused(refusal::of_other_kind(head).unwrap_or_else(unknown)),
        _ => Kind::Archive,
    }
}

fn text(name: &str, head: &[u8]) -> Kind {
    match names::ending(name).as_str() {
        "csv" | "tsv" => Kind::Table,
        "json" | "jsonl" | "ndjson" => Kind::Json,
        "html" | "htm" | "mhtml" | "xml" | "eml" | "ics" => Kind::Refused(unknown()),
        _ if infer::get(head).is_some_and(|kind| kind.mime_type() == "text/html") => {
            Kind::Refused(unknown())
        }
        _ => Kind::Transcript,
    }
}

/// Whether bytes can be text in any encoding. UTF-16 has NULs at one side, and no other text has any.
fn is_text(head: &[u8]) -> bool {
    const MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
    if MARKS.iter().any(|mark| head.starts_with(mark)) {
        return true;
    }
    let nuls = |offset: usize| {
        let bytes = head.iter().skip(offset).step_by(2);
        bytes.filter(|byte| **byte == 0).count() * 10
    };
    let half = head.len().div_ceil(2);
    match (nuls(0), nuls(1)) {
        (0, 0) => {
            let control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t'..=b'\r' | 0x1b);
            // Other kinds have such bytes everywhere, a damaged text here and there.
            head.iter().filter(|byte| control(**byte)).count() * 20 <= head.len()
        }
        (even, odd) => even.max(odd) > half * 3 && even.min(odd) <= half,
    }
}

fn unknown() -> FileProblem {
    FileProblem::new(
        "unknown-kind",
        "This is neither a transcript, nor a list of calls, nor a recording.",
        "Take it out of the request, or export it in one of the formats that the guide names.",
    )
}
