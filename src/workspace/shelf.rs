//! Reads what is asked for of files: of those on this disk, and of the members of bundles.

use std::{
    collections::{HashMap, hash_map::Entry},
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::files::{self, Archive, FileProblem, Got, SourceFile, What, Wish};

/// Largest file, or member of one, that is held in memory. What asks for files keeps below.
const LARGEST: u64 = 256_000_000;

/// Largest recording.
const LARGEST_RECORDING: u64 = 20_000_000_000;

/// Files to read. Bundles stay open from one wish to the next.
#[derive(Debug, Default)]
pub struct Shelf {
    bundles: HashMap<PathBuf, Archive<BufReader<File>>>,
}

impl Shelf {
    /// Reads what is asked for.
    ///
    /// # Errors
    /// A [`FileProblem`] if the file cannot be read, or is not what it was taken for.
    pub fn read(&mut self, wish: &Wish) -> Result<Got, FileProblem> {
        let file = &wish.file;
        match &wish.what {
            What::Head => self.bytes(file, 0, files::HEAD_BYTES).map(Got::Bytes),
            What::Whole if file.bytes > LARGEST => Err(too_large()),
            What::Whole => self.bytes(file, 0, LARGEST).map(Got::Bytes),
            What::Part(range) => {
                let length = range.end.saturating_sub(range.start);
                self.bytes(file, range.start, length).map(Got::Bytes)
            }
            What::Members => Ok(Got::Members(self.bundle(&file.path)?.directory().clone())),
            What::Hash => self.copy(file, &mut io::sink()).map(Got::Hash),
            What::Recording => self.recording(file),
        }
    }

    /// Copies a file to a writer and gives its SHA-256, hexadecimal.
    ///
    /// # Errors
    /// As [`Shelf::read`], and when it cannot be written.
    pub fn copy(
        &mut self,
        file: &SourceFile,
        writer: &mut impl Write,
    ) -> Result<String, FileProblem> {
        let mut hashed = Hashed {
            writer,
            hash: Sha256::new(),
        };
        match file.member {
            Some(index) => {
                let bundle = self.bundle(&file.path)?;
                bundle.copy(index, LARGEST_RECORDING, &mut hashed)?;
            }
            None => {
                let mut source = open(&file.path)?;
                io::copy(&mut source, &mut hashed).map_err(|error| unreadable(&error))?;
            }
        }
        Ok(hex::encode(hashed.hash.finalize()))
    }

    fn bundle(&mut self, path: &Path) -> Result<&mut Archive<BufReader<File>>, FileProblem> {
        Ok(match self.bundles.entry(path.to_owned()) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => place.insert(Archive::open(BufReader::new(open(path)?))?),
        })
    }

    fn bytes(&mut self, file: &SourceFile, from: u64, length: u64) -> Result<Bytes, FileProblem> {
        let mut bytes = Vec::new();
        match file.member {
            Some(index) if from == 0 && length == files::HEAD_BYTES => {
                return self
                    .bundle(&file.path)?
                    .head(index, files::HEAD_BYTES)
                    .map(Bytes::from);
            }
            Some(index) => {
                let whole = Bytes::from(self.bundle(&file.path)?.read(index, LARGEST)?);
                let begin = usize::try_from(from).unwrap_or(usize::MAX).min(whole.len());
                let end = from.saturating_add(length);
                let end = usize::try_from(end).unwrap_or(usize::MAX).min(whole.len());
                return Ok(whole.slice(begin..end));
            }
            None => {
                let mut source = open(&file.path)?;
                source
                    .seek(SeekFrom::Start(from))
                    .and_then(|_| source.take(length).read_to_end(&mut bytes))
                    .map_err(|error| unreadable(&error))?;
            }
        }
        Ok(bytes.into())
    }

    fn recording(&mut self, file: &SourceFile) -> Result<Got, FileProblem> {
        let (mut source, sha256) = match file.member {
            // Lengths are found by leaps, which a packed file allows none of.
            Some(_) => {
                let mut unpacked = tempfile::tempfile().map_err(|error| unreadable(&error))?;
                let sha256 = self.copy(file, &mut unpacked)?;
                (unpacked, sha256)
            }
            None => {
                let sha256 = self.copy(file, &mut io::sink())?;
                (open(&file.path)?, sha256)
            }
        };
        source.rewind().map_err(|error| unreadable(&error))?;
        let facts = files::facts(BufReader::new(source), file.bytes)?;
        Ok(Got::Recording { facts, sha256 })
    }
}

/// Hashes what it hands on.
struct Hashed<W> {
    writer: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn open(path: &Path) -> Result<File, FileProblem> {
    File::open(path).map_err(|error| unreadable(&error))
}

fn unreadable(error: &io::Error) -> FileProblem {
    let message = match error.kind() {
        io::ErrorKind::NotFound => "The file is not there any more.".to_owned(),
        // The kind says it in words, without the number that the system puts behind it.
        kind => format!("The file cannot be read: {kind}."),
    };
    let help = "Add it again; if that does not help, ask an engineer to look at the disk.";
    FileProblem::new("unreadable", message, help)
}

fn too_large() -> FileProblem {
    FileProblem::new(
        "too-large",
        format!("The file is larger than {} MB.", LARGEST / 1_000_000),
        "Split it into several files.",
    )
}
