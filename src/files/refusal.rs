//! Files that are not read, and what to tell the person who brought them.

/// What can be read, for people.
const ACCEPTED: &str = "WebVTT (.vtt) or SRT (.srt)";

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

/// First bytes (at an offset) of kinds of files that people bring instead, their name, and whether they
/// are recordings.
const OTHER_KINDS: &[(usize, &[u8], &str, Instead)] = &[
    (0, b"%PDF", "a PDF document", Instead::Export),
    (
        0,
        b"PK\x03\x04",
        "a Word document, an Excel sheet or a ZIP file",
        Instead::Export,
    ),
    (0, b"PK\x05\x06", "an empty ZIP file", Instead::Export),
    (
        0,
        b"\xd0\xcf\x11\xe0",
        "an old Word or Excel document",
        Instead::Export,
    ),
    (0, b"{\\rtf", "an RTF document", Instead::Export),
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
    Some(FileProblem {
        line: None,
        column: None,
        value: None,
        code: "not-a-transcript",
        message: format!("This is {kind}; only transcripts as {ACCEPTED} can be read."),
        help: match instead {
            Instead::Export => export_again(),
            Instead::Recording => {
                format!("Ask for the transcript that belongs to the recording, as {ACCEPTED}.")
            }
        },
    })
}

/// Nothing in it.
pub(super) fn empty() -> FileProblem {
    FileProblem {
        line: None,
        column: None,
        value: None,
        code: "empty-file",
        message: "The file is empty.".into(),
        help: "Export the transcript again, or take the file out of the request.".into(),
    }
}

/// Text without a single time.
pub(super) fn unknown(ending: &str) -> FileProblem {
    let fitting = if matches!(ending, "vtt" | "srt") {
        "The file has no line with a start and an end time, so it is no transcript in the format that \
         its name promises."
            .into()
    } else {
        format!("This is no transcript in a format that can be read, which is {ACCEPTED}.")
    };
    FileProblem {
        line: None,
        column: None,
        value: None,
        code: "unknown-format",
        message: fitting,
        help: export_again(),
    }
}

/// Times, but no sign of which format they belong to.
pub(super) fn undecided(line: usize) -> FileProblem {
    FileProblem {
        line: Some(line),
        column: None,
        value: None,
        code: "undecided-format",
        message: "The file has times like a transcript, but neither its first line (WEBVTT) nor the ending \
                  of its name tells the format."
            .into(),
        help: format!("If it was exported as {ACCEPTED}, give its name that ending; else export it so."),
    }
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
    FileProblem {
        line: Some(line),
        column: None,
        value: None,
        code: "joined-transcripts",
        message: format!(
            "A second transcript begins on line {line} and its times start again, so this may be two calls in one file."
        ),
        help: "Split the file there, one call in each file.".into(),
    }
}

fn export_again() -> String {
    format!("Export the transcript again as {ACCEPTED}.")
}
