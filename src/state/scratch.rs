//! Files beside the database that are gone in the end, whatever happens, and bytes that are counted and
//! hashed on their way.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use bytes::{Bytes, BytesMut};
use sha2::{Digest as _, Sha256};

use super::{Part, StateError};
use crate::store;

/// Pieces in which an object is held.
const PIECE: usize = 4 << 20;

/// A file that only we may read and that is removed when it is dropped, with the log that DuckDB may have
/// put beside it.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    /// Holds the lock.
    lock: File,
    stays: bool,
}

impl Scratch {
    /// Makes an empty one beside `database`: on the same file system, so that it can take its place. What a
    /// killed process left there is overwritten.
    pub(super) fn beside(database: &Path, purpose: &str) -> Result<Self, StateError> {
        let name = database.file_name().unwrap_or_default().to_string_lossy();
        let path = database.with_file_name(format!(".{name}.{purpose}"));
        let refused = |source| StateError::File {
            path: path.clone(),
            source,
        };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(refused)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StateError::Busy {
                    path: database.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(refused(source)),
        }
        let scratch = Self {
            path,
            lock: file,
            stays: false,
        };
        remove_companions(&scratch.path).map_err(|source| scratch.refused(source))?;
        scratch
            .lock
            .set_len(0)
            .map_err(|source| scratch.refused(source))?;
        Ok(scratch)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it to write.
    pub(super) fn writer(&self) -> Result<File, StateError> {
        let opened = OpenOptions::new().write(true).open(&self.path);
        opened.map_err(|source| self.refused(source))
    }

    /// Opens it to read.
    pub(super) fn reader(&self) -> Result<File, StateError> {
        File::open(&self.path).map_err(|source| self.refused(source))
    }

    /// Takes the place of another file and stays.
    pub(super) fn become_file(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.stays = true;
        Ok(())
    }

    pub(super) fn refused(&self, source: io::Error) -> StateError {
        StateError::File {
            path: self.path.clone(),
            source,
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.stays {
            return;
        }
        // What cannot be removed now is overwritten the next time.
        let _ = remove_companions(&self.path);
        let _ = remove(&self.path);
    }
}

/// Removes the log and the mark of a database, if they are there.
pub(super) fn remove_companions(database: &Path) -> io::Result<()> {
    store::companions(database)
        .iter()
        .try_for_each(|path| remove(path))
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Counts and hashes what goes through it.
pub(super) struct Hashed<W> {
    inner: W,
    bytes: u64,
    hash: Sha256,
}

impl<W> Hashed<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            bytes: 0,
            hash: Sha256::new(),
        }
    }

    fn take(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        self.hash.update(piece);
    }

    /// What went through, under this name, and where it went.
    pub(super) fn finish(self, name: String) -> (Part, W) {
        let part = Part {
            name,
            bytes: self.bytes,
            sha256: hex::encode(self.hash.finalize()),
        };
        (part, self.inner)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.inner.write(bytes)?;
        self.take(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: io::Read> io::Read for Hashed<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(bytes)?;
        self.take(&bytes[..length]);
        Ok(length)
    }
}

/// An object in memory, in pieces that need not be moved when it grows.
#[derive(Default)]
pub(super) struct Pieces {
    full: Vec<Bytes>,
    current: BytesMut,
}

impl Pieces {
    pub(super) fn finish(mut self) -> Vec<Bytes> {
        if !self.current.is_empty() {
            self.full.push(self.current.freeze());
        }
        self.full
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.current.capacity() == 0 {
            self.current.reserve(PIECE);
        }
        let length = bytes.len().min(PIECE - self.current.len());
        self.current.extend_from_slice(&bytes[..length]);
        if self.current.len() == PIECE {
            self.full.push(std::mem::take(&mut self.current).freeze());
        }
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
