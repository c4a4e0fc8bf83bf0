//! How far the record had come, written beside it for as long as it has a log.
//!
//! DuckDB 1.5.5 replays a log up to the first entry that its checksums refuse; measured, one flipped byte in
//! seven makes it take the rest for a torn tail and open the file short, without a word. The mark is a
//! witness outside of the log: it is written after each commit, and removed when everything is in the file.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::error::StoreError;

/// The open mark of a record that is written to.
#[derive(Debug)]
pub(super) struct Mark(File);

impl Mark {
    /// Begins to mark how far a record has come.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn begin(record: &Path, sequence: i64) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path(record))?;
        let mark = Self(file);
        mark.set(sequence)?;
        Ok(mark)
    }

    /// Writes down a commit. One write of a fixed length: a process that is killed leaves the old number or the new
    /// one. It is not forced to the disk: after a power cut an older mark only says less.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn set(&self, sequence: i64) -> io::Result<()> {
        self.0
            .write_all_at(format!("{sequence:020}\n").as_bytes(), 0)
    }
}

/// Checks that a record holds at least what it held once.
///
/// # Errors
/// [`StoreError::Short`] when it does not.
pub(super) fn check(record: &Path, found: i64) -> Result<(), StoreError> {
    match read(record) {
        Some(marked) if found < marked => Err(StoreError::Short {
            path: record.to_owned(),
            mark: path(record),
            found,
            marked,
        }),
        Some(_) | None => Ok(()),
    }
}

/// Ends the marking of a record that has everything in its file, or is gone.
///
/// # Errors
/// What the system says.
pub(super) fn remove(record: &Path) -> io::Result<()> {
    match fs::remove_file(path(record)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What was marked last. A mark that cannot be read says nothing.
fn read(record: &Path) -> Option<i64> {
    let text = fs::read_to_string(path(record)).ok()?;
    text.trim_end().parse().ok()
}

/// What belongs to a record besides its file, and is there for as long as not everything is in that: DuckDB's log, and
/// the mark. With another file neither means anything.
pub fn companions(record: &Path) -> [PathBuf; 2] {
    [beside(record, ".wal"), path(record)]
}

fn path(record: &Path) -> PathBuf {
    beside(record, ".sequence")
}

fn beside(record: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(record.file_name().unwrap_or_default());
    name.push(ending);
    record.with_file_name(name)
}
