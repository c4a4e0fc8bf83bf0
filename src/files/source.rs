//! Files as they lie somewhere, and what is asked of whoever can read them.

use std::{ops::Range, path::PathBuf};

use bytes::Bytes;

use super::{Directory, Recording};

/// A file that a request brings, or a member of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// As written below `requests/`, with `/`; an address, if it lies elsewhere. A member of a bundle has the
    /// bundle's name in front: `files/northwind/calls.zip/kick-off.vtt`.
    pub name: String,
    /// Where it, or the bundle that it lies in, can be read.
    pub path: PathBuf,
    /// Size in bytes, unpacked.
    pub bytes: u64,
    /// Which member of the bundle it is; `None` for a file of its own.
    pub member: Option<usize>,
}

/// Something to read of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The file.
    pub file: SourceFile,
    /// What of it.
    pub what: What,
}

/// What to read of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Its first bytes, at most [`super::HEAD_BYTES`].
    Head,
    /// All of it.
    Whole,
    /// A part of it, in bytes.
    Part(Range<u64>),
    /// Which files it holds, if it is a bundle.
    Members,
    /// Its hash.
    Hash,
    /// What kind of recording it is, and its hash.
    Recording,
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Got {
    /// For [`What::Head`], [`What::Whole`] and [`What::Part`].
    Bytes(Bytes),
    /// For [`What::Members`].
    Members(Directory),
    /// For [`What::Hash`]: SHA-256, hexadecimal.
    Hash(String),
    /// For [`What::Recording`].
    Recording {
        /// What it is.
        facts: Recording,
        /// SHA-256 of all of it, hexadecimal.
        sha256: String,
    },
}

impl Wish {
    /// To read all of a file.
    pub fn whole(file: &SourceFile) -> Self {
        Self {
            file: file.clone(),
            what: What::Whole,
        }
    }
}
