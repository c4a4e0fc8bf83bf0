//! The files of a request in memory.
//!
//! One input holds them all: `=== NAME` on a line of its own, and below it the bytes of that file. Files with names
//! such as `calls.zip/kick-off.vtt` are packed into `calls.zip`.

use std::{borrow::Cow, collections::BTreeMap, io::Cursor, path::PathBuf};

use bytes::Bytes;
use call_import_engine::files::{
    self, Archive, FileProblem, Got, HEAD_BYTES, SourceFile, What, Wish,
};
use sha2::{Digest, Sha256};

use super::super::packed;

const MARK: &[u8] = b"=== ";

/// Files of one input; more would only take time.
const MOST_FILES: usize = 64;

/// Largest file, or member of one, that is read.
const LARGEST: u64 = 1_000_000;

/// Files by their names.
pub(super) struct Memory {
    files: BTreeMap<String, Bytes>,
}

impl Memory {
    /// The files in an input.
    pub(super) fn of(input: &[u8]) -> Self {
        let mut files = BTreeMap::new();
        let mut bundles: BTreeMap<String, Vec<(String, &[u8])>> = BTreeMap::new();
        for (name, bytes) in sections(input).into_iter().take(MOST_FILES) {
            match name.split_once(".zip/") {
                Some((bundle, member)) => {
                    let members = bundles.entry(format!("files/{bundle}.zip")).or_default();
                    members.push((member.to_owned(), bytes));
                }
                None => {
                    files.insert(format!("files/{name}"), Bytes::copy_from_slice(bytes));
                }
            }
        }
        for (bundle, members) in bundles {
            files.insert(bundle, packed::zipped(&members).into());
        }
        Self { files }
    }

    /// The same, and one more.
    pub(super) fn with(mut self, name: &str, bytes: &[u8]) -> Self {
        self.files
            .insert(name.to_owned(), Bytes::copy_from_slice(bytes));
        self
    }

    /// What a request would list.
    pub(super) fn listed(&self) -> Vec<SourceFile> {
        let listed = self.files.iter().map(|(name, bytes)| SourceFile {
            name: name.clone(),
            path: PathBuf::from(name),
            bytes: bytes.len() as u64,
            member: None,
        });
        listed.collect()
    }

    /// Reads what is wished, as the shelf does on a disk.
    pub(super) fn read(&self, wish: &Wish) -> Result<Got, FileProblem> {
        let file = &wish.file;
        Ok(match &wish.what {
            What::Head => match file.member {
                Some(index) => Got::Bytes(self.open(file)?.head(index, HEAD_BYTES)?.into()),
                None => Got::Bytes(part(&self.whole(file)?, 0, HEAD_BYTES)),
            },
            What::Whole => Got::Bytes(self.whole(file)?),
            What::Part(range) => Got::Bytes(part(&self.whole(file)?, range.start, range.end)),
            What::Members => Got::Members(self.open(file)?.directory().clone()),
            What::Hash => Got::Hash(hash(&self.whole(file)?)),
            What::Recording => {
                let bytes = self.whole(file)?;
                Got::Recording {
                    facts: files::facts(Cursor::new(&bytes), file.bytes)?,
                    sha256: hash(&bytes),
                }
            }
        })
    }

    fn whole(&self, file: &SourceFile) -> Result<Bytes, FileProblem> {
        match file.member {
            Some(index) => self.open(file)?.read(index, LARGEST).map(Bytes::from),
            None => Ok(self.bytes(file)),
        }
    }

    fn open(&self, file: &SourceFile) -> Result<Archive<Cursor<Bytes>>, FileProblem> {
        Archive::open(Cursor::new(self.bytes(file)))
    }

    fn bytes(&self, file: &SourceFile) -> Bytes {
        let name = file.path.to_str().expect("paths are names");
        self.files
            .get(name)
            .cloned()
            .expect("only what is listed is wished")
    }
}

/// The first line as a text, and what is below it.
pub(super) fn first_line(bytes: &[u8]) -> (Cow<'_, str>, &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (line, below) = bytes.split_at(end.unwrap_or(bytes.len()));
    (
        String::from_utf8_lossy(line),
        below.get(1..).unwrap_or_default(),
    )
}

/// SHA-256, hexadecimal.
pub(super) fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn part(bytes: &Bytes, begin: u64, end: u64) -> Bytes {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(place(begin)..place(end))
}

/// Each name with its bytes; what stands above the first name is of no file.
fn sections(input: &[u8]) -> Vec<(Cow<'_, str>, &[u8])> {
    let begins = |at: &usize| {
        let line = *at == 0 || input[at - 1] == b'\n';
        line && input[*at..].starts_with(MARK)
    };
    let starts: Vec<usize> = (0..input.len()).filter(begins).collect();
    let ends = starts.iter().skip(1).copied().chain([input.len()]);
    let sections = starts.iter().zip(ends);
    sections
        .map(|(start, end)| first_line(&input[start + MARK.len()..end]))
        .collect()
}
