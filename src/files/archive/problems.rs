//! What is said of archives that are not opened.

use std::io::{self, ErrorKind};

use zip::result::ZipError;

use super::MOST_MEMBERS;
use crate::files::FileProblem;

const PACK_AGAIN: &str =
    "Pack the files again with the ZIP function of Windows or macOS, or bring them unpacked.";

pub(super) fn problem(error: &ZipError) -> FileProblem {
    match error {
        ZipError::UnsupportedArchive(reason) if *reason == ZipError::PASSWORD_REQUIRED => {
            encrypted()
        }
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            unknown_method()
        }
        ZipError::Io(error) => unreadable(error),
        _ => damaged(),
    }
}

/// What unpacking says of bytes that make no sense has one of a few kinds; the others are of the disk.
pub(super) fn unreadable(error: &io::Error) -> FileProblem {
    match error.kind() {
        ErrorKind::InvalidData
        | ErrorKind::InvalidInput
        | ErrorKind::UnexpectedEof
        | ErrorKind::FileTooLarge
        | ErrorKind::Other => damaged(),
        _ => interrupted(error),
    }
}

pub(super) fn interrupted(error: &io::Error) -> FileProblem {
    FileProblem::new(
        "archive-unreadable",
        format!("The ZIP file could not be unpacked: {error}."),
        "The next run tries again.",
    )
}

pub(super) fn unknown_method() -> FileProblem {
    FileProblem::new(
        "archive-method",
        "The ZIP file is packed in a way that cannot be read here.",
        PACK_AGAIN,
    )
}

pub(super) fn damaged() -> FileProblem {
    FileProblem::new(
        "archive-damaged",
        "The ZIP file is damaged: perhaps it was cut off when it was uploaded.",
        "Upload it again; if that does not help, pack the files again.",
    )
}

pub(super) fn encrypted() -> FileProblem {
    FileProblem::new(
        "archive-encrypted",
        "The ZIP file is protected with a password.",
        "Unpack it with the password, and pack the files again without one.",
    )
}

pub(super) fn unsafe_name(name: &str, reason: &str) -> FileProblem {
    FileProblem::new(
        "archive-unsafe",
        format!(
            "The ZIP file is not opened, because \"{}\" in it {reason}.",
            shown(name)
        ),
        PACK_AGAIN,
    )
}

/// A name as it can be shown on one line.
fn shown(name: &str) -> String {
    let shown = name.chars().take(80);
    shown
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

pub(super) fn twins(name: Option<&str>) -> FileProblem {
    let which = name.map_or_else(String::new, |name| format!(", \"{}\"", shown(name)));
    FileProblem::new(
        "archive-twins",
        format!(
            "Two files in the ZIP file have the same name{which}, if case and the spelling of accents do not count."
        ),
        "Rename one of them, and pack the files again.",
    )
}

pub(super) fn too_many() -> FileProblem {
    FileProblem::new(
        "archive-too-many",
        format!(
            "The ZIP file holds more than {},000 files.",
            MOST_MEMBERS / 1000
        ),
        "Pack them into several ZIP files.",
    )
}

pub(super) fn bomb() -> FileProblem {
    FileProblem::new(
        "archive-bomb",
        "The ZIP file would unpack to far more than calls take up, so it is not opened.",
        "Take out what is no transcript, list or recording, and pack the files again.",
    )
}

pub(super) fn too_large(longest: u64) -> FileProblem {
    FileProblem::new(
        "archive-member-too-large",
        format!(
            "The file in the ZIP file is larger than {} MB when it is unpacked.",
            longest / 1_000_000
        ),
        "No transcript or list is that large. Take it out of the ZIP file, or bring it in parts.",
    )
}
