//! Files that are not read, and what to tell the person who brought them.

use super::Dialect;

/// What can be read as a transcript, and at all, for people.
const TRANSCRIPTS: &str = "WebVTT (.vtt), SRT (.srt), text (.txt) or Word (.docx)";
const ACCEPTED: &str = "transcripts as WebVTT (.vtt), SRT (.srt), text (.txt) or Word (.docx), lists of calls as \
                        CSV, Excel (.xlsx) or JSON, or a ZIP file of these";

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} {help}")]
pub struct FileProblem {
    /// 1-based line, where one is to blame.
    pub line: Option<usize>,
    /// 1-based column on it, in characters; in a table the number of the cell.
    pub column: Option<usize>,
    /// What stands there, at most 80 characters of it.
    pub value: Option<String>,
    /// Stable kebab-case name.
    pub code: &'static str,
    /// One plain sentence: what is wrong.
    pub message: String,
    /// One plain sentence: what to do.
    pub help: String,
}

impl FileProblem {
    /// A problem of a whole file.
    pub fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            line: None,
            column: None,
            value: None,
            code,
            message: message.into(),
            help: help.into(),
        }
    }

    /// The same at a line, 1-based.
    pub fn at(self, line: usize) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }

    /// The same at a cell or character of the line, 1-based, with what stands there.
    pub fn with_value(self, column: usize, value: &str) -> Self {
        Self {
            column: Some(column),
            value: Some(value.chars().take(80).collect()),
            ..self
        }
    }
}

/// First bytes (at an offset) of kinds of files that people bring instead, their name, and what to do.
const OTHER_KINDS: &[(usize, &[u8], &str, Instead)] = &[
    (0, b"%PDF", "a PDF document", Instead::Export),
    (
        0,
        b"\xd0\xcf\x11\xe0",
        "an old Word or Excel document (.doc, .xls), or one with a password",
        Instead::Save,
    ),
    (0, b"{\\rtf", "an RTF document", Instead::Save),
    (0, b"\x1f\x8b", "a compressed file", Instead::Export),
    (
        4,
        b"ftyp",
        "an audio or video recording",
        Instead::Recording,
    ),
    (0, b"ID3", "an audio recording", Instead::Recording),
    (
        0,
        b"RIFF",
        "an audio or video recording",
        Instead::Recording,
    ),
    (0, b"OggS", "an audio recording", Instead::Recording),
    (0, b"fLaC", "an audio recording", Instead::Recording),
    (
        0,
        b"\x1a\x45\xdf\xa3",
        "a video recording",
        Instead::Recording,
    ),
    (0, b"\x89PNG", "a picture", Instead::Export),
    (0, b"\xff\xd8\xff", "a picture", Instead::Export),
];

#[derive(Clone, Copy)]
enum Instead {
    Export,
    Save,
    Recording,
}

/// A problem if the first bytes show a kind of file that holds no text to read.
pub(super) fn of_other_kind(bytes: &[u8]) -> Option<FileProblem> {
    let begins = |offset: usize, magic: &[u8]| {
        bytes
            .get(offset..)
            .is_some_and(|rest| rest.starts_with(magic))
    };
    let (_, _, kind, instead) = OTHER_KINDS
        .iter()
        .find(|(offset, magic, _, _)| begins(*offset, magic))?;
    let help = match instead {
        Instead::Export => export_again(),
        Instead::Save => "Open it and save it as .docx or .xlsx, without a password.".into(),
        Instead::Recording => {
            format!("Ask for the transcript that belongs to the recording, as {TRANSCRIPTS}.")
        }
    };
    Some(not_a_transcript(kind, help))
}

/// Text that programs read, by its first characters: nobody speaks so.
pub(super) fn of_other_text(text: &str) -> Option<FileProblem> {
    let mut characters = text.chars().filter(|character| !character.is_whitespace());
    let begins = (characters.next(), characters.next());
    let (kind, help) = match begins {
        (Some('{'), Some('"' | '}')) | (Some('['), Some('{')) => (
            "JSON",
            "If it is a list of calls, give its name the ending .json or .jsonl.".into(),
        ),
        (Some('<'), Some('!' | '?' | 'h' | 'H')) => ("a web page or XML", export_again()),
        _ => return None,
    };
    Some(not_a_transcript(kind, help))
}

/// An archive that is no Word document.
pub(super) fn archive() -> FileProblem {
    let help = "If it is a bundle of transcripts, give its name the ending .zip.".into();
    not_a_transcript("a ZIP file or a document of another kind", help)
}

/// An Excel sheet.
pub(super) fn workbook() -> FileProblem {
    let help = "If it is a list of calls, give its name the ending .xlsx.".into();
    not_a_transcript("an Excel workbook", help)
}

fn not_a_transcript(kind: &str, help: String) -> FileProblem {
    FileProblem::new(
        "not-a-transcript",
        format!("This is {kind}, not a transcript that can be read."),
        help,
    )
}

/// A Word document of which not all is there.
pub(super) fn damaged_document() -> FileProblem {
    FileProblem::new(
        "damaged-document",
        "This Word document or ZIP file is damaged, has a password, or was cut off on its way.",
        "If it opens, save it again without a password; else ask for it once more.",
    )
}

/// A Word document with more text than a call can have.
pub(super) fn document_too_large(most: u64) -> FileProblem {
    FileProblem::new(
        "document-too-large",
        format!(
            "The text of this Word document is larger than {} MB, and no transcript is.",
            most >> 20
        ),
        export_again(),
    )
}

/// A text with more lines than a call can have.
pub(super) fn too_many_lines(most: usize) -> FileProblem {
    FileProblem::new(
        "too-many-lines",
        format!("The file has more than {most} lines, and no transcript has."),
        "Split it, one call in each file.",
    )
}

/// Nothing in it.
pub(super) fn empty() -> FileProblem {
    FileProblem::new(
        "empty-file",
        "The file is empty.",
        "Export the transcript again, or take the file out of the request.",
    )
}

/// Text of a format that is not read, or without a single time where its name promises them.
pub(super) fn unknown(ending: &str) -> FileProblem {
    let message = if matches!(ending, "vtt" | "srt") {
        "The file has no line with a start and an end time, so it is no transcript in the format that its name \
         promises."
    } else {
        "The ending of the file's name is not one of a transcript."
    };
    FileProblem::new("unknown-format", message, export_again())
}

/// Text that is not laid out as the request says.
pub(super) fn other_dialect(dialect: Dialect) -> FileProblem {
    FileProblem::new(
        "other-dialect",
        format!(
            "The request says dialect: {}, but no line of the file is laid out so.",
            dialect.as_str()
        ),
        "Take `dialect` out of the options, so that the layout is looked for, or name another one.",
    )
}

/// Bytes that make no text.
pub(super) fn unknown_encoding() -> FileProblem {
    FileProblem::new(
        "unknown-encoding",
        "The letters of this file cannot be read for sure: it is neither UTF-8 nor UTF-16, and in no older \
         encoding does it make a text.",
        "Open it in a text editor and save it as UTF-8, or name its encoding, for example \
         options: {encoding: windows-1252}.",
    )
}

/// Bytes that make no text in the encoding that the request names.
pub(super) fn wrong_encoding(name: &str) -> FileProblem {
    FileProblem::new(
        "wrong-encoding",
        format!("The request says encoding: {name}, but the file cannot be read so."),
        "Take `encoding` out of the options, or name the right one.",
    )
}

/// Two transcripts in one file: sorting them by time would mix two calls.
pub(super) fn joined(line: usize) -> FileProblem {
    let message = format!(
        "A second transcript begins on line {line} and its times start again, so this may be two calls in one file."
    );
    FileProblem::new("joined-transcripts", message, SPLIT).at(line)
}

/// The same, where only the times show it.
pub(super) fn time_goes_back(before: usize, line: usize) -> FileProblem {
    let message = format!(
        "The time on line {line} is more than a minute before the one on line {before}, so this may be two calls \
         in one file."
    );
    FileProblem::new("joined-transcripts", message, SPLIT).at(line)
}

const SPLIT: &str = "Split the file there, one call in each file.";

fn export_again() -> String {
    format!("Export it again in a format that can be read: {ACCEPTED}.")
}
