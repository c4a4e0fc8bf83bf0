//! The part of a recording that is here so far, in a file that outlives the run.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::import::recording::HEAD;

/// How much is read at once to be hashed.
const PIECE: usize = 1 << 20;

/// The part that is here, and what its host said of the whole.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    len: u64,
    facts: Facts,
}

/// What its host said: kept beside the file, so that the next run can tell whether it goes on with the same.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Facts {
    content_type: String,
    whole: Option<u64>,
    etag: Option<String>,
}

impl Partial {
    /// The part of what these words name, empty where there is none. Only we may read it.
    pub(super) fn open(folder: &Path, named: [&str; 3]) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let name = hex::encode(Sha256::digest(named.join("\n")));
        let path = folder.join(&name[..32]);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)?;
        let facts = fs::read(facts_of(&path)).unwrap_or_default();
        let facts = serde_json::from_slice(&facts);
        if facts.is_err() {
            // What it is a part of is not known.
            file.set_len(0)?;
        }
        Ok(Self {
            len: file.seek(SeekFrom::End(0))?,
            path,
            file,
            facts: facts.unwrap_or_default(),
        })
    }

    /// Bytes that are here.
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// Length of the whole, if it is known.
    pub(super) const fn whole(&self) -> Option<u64> {
        self.facts.whole
    }

    pub(super) fn is_whole(&self) -> bool {
        self.len > 0 && self.facts.whole == Some(self.len)
    }

    pub(super) fn etag(&self) -> Option<&str> {
        self.facts.etag.as_deref()
    }

    pub(super) fn content_type(&self) -> &str {
        &self.facts.content_type
    }

    /// Whether this is a part of something of that length, as far as is known.
    pub(super) fn suits(&self, whole: Option<u64>) -> bool {
        self.facts.whole.is_none() || whole.is_none() || self.facts.whole == whole
    }

    /// Forgets what is here.
    pub(super) fn begin_again(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.len = self.file.seek(SeekFrom::Start(0))?;
        self.facts = Facts::default();
        Ok(())
    }

    /// Keeps what its host says, before anything of it is written.
    pub(super) fn note(
        &mut self,
        content_type: &str,
        whole: Option<u64>,
        etag: Option<String>,
    ) -> io::Result<()> {
        self.facts = Facts {
            content_type: content_type.to_owned(),
            whole: whole.or(self.facts.whole),
            etag,
        };
        self.keep_facts()
    }

    fn keep_facts(&self) -> io::Result<()> {
        let facts = serde_json::to_vec(&self.facts)?;
        fs::write(facts_of(&self.path), facts)
    }

    pub(super) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)?;
        self.len += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// What is here is the whole: its host did not tell a length, but ended it well.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.facts.whole = Some(self.len);
        self.keep_facts()
    }

    /// The first bytes, and the hash of all.
    pub(super) fn sums(&self) -> io::Result<([u8; HEAD], String)> {
        let mut file = self.reader()?;
        let mut hash = Sha256::new();
        let mut head = [0; HEAD];
        let mut piece = vec![0; PIECE];
        let mut is_first = true;
        loop {
            let read = file.read(&mut piece)?;
            if read == 0 {
                return Ok((head, hex::encode(hash.finalize())));
            }
            if is_first {
                let known = read.min(HEAD);
                head[..known].copy_from_slice(&piece[..known]);
                is_first = false;
            }
            hash.update(&piece[..read]);
        }
    }

    /// Opens it from its beginning.
    pub(super) fn reader(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// Removes it. What cannot be removed is overwritten, should it be wanted again.
    pub(super) fn remove(self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(facts_of(&self.path));
        if let Some(folder) = self.path.parent() {
            // Only the last one finds it empty.
            let _ = fs::remove_dir(folder);
        }
    }
}

fn facts_of(path: &Path) -> PathBuf {
    path.with_extension("json")
}
