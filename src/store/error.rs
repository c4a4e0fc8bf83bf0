//! What can go wrong with the record, in sentences for the people who have to act.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why the record cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process has the file open.
    #[error(
        "another run is using the record ({holder}); wait until it has ended, then start again"
    )]
    Held {
        /// Program and process id, as DuckDB names them.
        holder: String,
    },
    /// The file is not what we wrote.
    #[error(
        "the record {path} is damaged ({detail}); put back the last good copy of this file",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What DuckDB found.
        detail: String,
    },
    /// Commits that were there are gone.
    #[error(
        "the record {path} has lost its last commits (sequence {found}, it had come to {marked}): its log was damaged. Put \
         back the last good copy of this file, or delete {mark} to go on without them: what they held is imported again",
        path = path.display(),
        mark = mark.display()
    )]
    Short {
        /// The file.
        path: PathBuf,
        /// The file that says how far it had come.
        mark: PathBuf,
        /// Its `record.sequence`.
        found: i64,
        /// What that was once.
        marked: i64,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "the record was written by a newer version of this program (layout {found}, this one knows \
         layouts up to {supported}); update call-import, the record was left as it is"
    )]
    Newer {
        /// `record.schema_version` of the file.
        found: i64,
        /// The newest layout that this program knows.
        supported: i64,
    },
    /// The file was written by an older version and is only to be read.
    #[error(
        "the record has the older layout {found} (this version uses {supported}); the next \
         `call-import reconcile` brings it up to date"
    )]
    Older {
        /// `record.schema_version` of the file.
        found: i64,
        /// The layout that this program reads.
        supported: i64,
    },
    /// The file system refuses: disk full, no such folder, no permission.
    #[error(
        "the record {path} cannot be read or written: is the disk full, or is its folder missing or protected?",
        path = path.display()
    )]
    Disk {
        /// The file.
        path: PathBuf,
        /// What DuckDB says.
        source: duckdb::Error,
    },
    /// The folder of an export cannot be written.
    #[error(
        "the folder {folder} cannot be written: is its disk full, or is it protected?",
        folder = folder.display()
    )]
    Export {
        /// The folder.
        folder: PathBuf,
        /// What DuckDB says.
        source: duckdb::Error,
    },
    /// The system refuses something else.
    #[error("the system refuses to work on {path}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// DuckDB answered OK to a commit that is not there.
    #[error(
        "the last commit is not in the record (sequence {found} instead of {expected}); nothing of it is kept"
    )]
    NotCommitted {
        /// What `record.sequence` must be.
        expected: i64,
        /// What it is.
        found: i64,
    },
    /// A row that must be there is not.
    #[error("the record has no {what} {id:?}")]
    Missing {
        /// What was looked for.
        what: &'static str,
        /// Its key.
        id: String,
    },
    /// The writer thread has ended.
    #[error("the record was closed by an earlier error")]
    Stopped,
    /// A statement failed.
    #[error("the record cannot answer or take a change")]
    Sql(#[from] duckdb::Error),
}

impl StoreError {
    /// The exit code of a program that ends with this error: 4 held, 5 damaged, short or newer, else 3.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Held { .. } => 4,
            Self::Damaged { .. } | Self::Short { .. } | Self::Newer { .. } => 5,
            Self::Older { .. }
            | Self::Disk { .. }
            | Self::Export { .. }
            | Self::File { .. }
            | Self::NotCommitted { .. }
            | Self::Missing { .. }
            | Self::Stopped
            | Self::Sql(_) => 3,
        }
    }

    /// Gives an error of DuckDB while it wrote to `folder` its meaning.
    pub(super) fn explained_export(self, record: &Path, folder: &Path) -> Self {
        match self.explained(record) {
            Self::Disk { source, .. } => Self::Export {
                folder: folder.to_owned(),
                source,
            },
            other => other,
        }
    }

    /// Gives an error of DuckDB its meaning. DuckDB 1.5.5 has no error numbers, only sentences.
    pub(super) fn explained(self, path: &Path) -> Self {
        let Self::Sql(error) = self else { return self };
        let text = error.to_string();
        if let Some((_, after)) = text.split_once("Conflicting lock is held in ") {
            let holder = after.split(". See also").next().unwrap_or(after);
            return Self::Held {
                holder: named(holder),
            };
        }
        if text.contains("Could not set lock on file") {
            return Self::Held { holder: text };
        }
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
        if says(DAMAGE) {
            return Self::Damaged {
                path: path.to_owned(),
                detail: first_line(&text),
            };
        }
        if says(REFUSED) {
            return Self::Disk {
                path: path.to_owned(),
                source: error,
            };
        }
        Self::Sql(error)
    }
}

/// What the system refused to do with a file.
pub(super) fn file_error(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::File {
        path: path.to_owned(),
        source,
    }
}

/// `/usr/bin/call-import (PID 12)` as it is. Where the system hides the program's name, as for a process
/// of somebody else, DuckDB names it `` or `.`: then the process alone.
fn named(holder: &str) -> String {
    let holder = holder.trim();
    let anonymous = holder.strip_prefix('.').unwrap_or(holder).trim_start();
    match anonymous.strip_prefix("(PID ") {
        Some(rest) => format!("process {}", rest.replacen(')', "", 1)),
        None => holder.to_owned(),
    }
}

/// What DuckDB 1.5.5 says of files that are cut, overwritten or rotten, and of such logs.
const DAMAGE: &[&str] = &[
    "not a valid DuckDB database file",
    "Corrupt database file",
    "Could not read enough bytes",
    "Corrupt WAL file",
    "Failure while replaying WAL",
    "This WAL was created for",
];

/// What DuckDB 1.5.5 says when the file system refuses; a failed COMMIT does not begin with `IO Error`.
const REFUSED: &[&str] = &[
    "IO Error",
    "Could not write file",
    "No space left on device",
];

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or(text)
        .trim_start_matches("IO Error: ")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{StoreError, named};

    fn failed(says: &str) -> StoreError {
        let code = duckdb::ffi::Error::new(1);
        duckdb::Error::DuckDBFailure(code, Some(says.to_owned())).into()
    }

    #[test]
    fn who_holds_the_record_is_never_nameless() {
        for (holder, expected) in [
            ("/usr/bin/duckdb (PID 12)", "/usr/bin/duckdb (PID 12)"),
            (" (PID 12)", "process 12"),
            (". (PID 12) by user ines", "process 12 by user ines"),
            ("./call-import (PID 12)", "./call-import (PID 12)"),
        ] {
            assert_eq!(named(holder), expected, "{holder:?}");
        }
    }

    #[test]
    fn an_export_blames_the_place_that_failed() {
        let (record, folder) = (Path::new("record.duckdb"), Path::new("out/gong"));
        let full = failed("IO Error: Could not write file: No space left on device");
        let text = full.explained_export(record, folder).to_string();
        assert!(
            text.contains("out/gong") && !text.contains("record"),
            "{text}"
        );
        let rotten = failed("IO Error: Corrupt database file").explained_export(record, folder);
        assert!(matches!(rotten, StoreError::Damaged { path, .. } if path == record));
    }
}
