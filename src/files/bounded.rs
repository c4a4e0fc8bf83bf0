//! A reader that ends the patience of the libraries behind it.

use std::io::{self, Read, Seek, SeekFrom};

/// Reads at most so many bytes in all, wherever they lie; then it fails. A hostile file can make a library
/// read and keep much; this bounds both.
#[derive(Debug)]
pub(super) struct Bounded<R> {
    reader: R,
    left: u64,
}

impl<R> Bounded<R> {
    pub(super) const fn new(reader: R, bytes: u64) -> Self {
        Self {
            reader,
            left: bytes,
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

impl<R: Seek> Seek for Bounded<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.reader.seek(position)
    }
}
