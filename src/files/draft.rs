//! What a request's files come to: the calls they will make, before what was said in them is read.

use std::ops::Range;

use super::{Column, ListedCall, Notice, Options, SourceFile};
use crate::model::{FileFailure, LeftOut};

/// Everything that lies in the files of a request, each in exactly one place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gathered {
    /// The platform that the request names, by its key in the matrix.
    pub platform: String,
    /// How the request has them read.
    pub options: Options,
    /// The calls, in the order of the lists, then of the names.
    pub drafts: Vec<Draft>,
    /// Rows and files that make no call.
    pub failures: Vec<FileFailure>,
    /// Files that are no call of their own, and why.
    pub left_out: Vec<LeftOut>,
    /// What was assumed about lists, with the list.
    pub notices: Vec<(String, Notice)>,
    /// Which headings of which list were taken for what.
    pub columns: Vec<(String, Vec<(Column, String)>)>,
    /// What must be settled first: with it, nothing can be imported without a guess.
    pub problem: Option<FileFailure>,
}

/// A call to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The file that stands for it when something is wrong.
    pub name: String,
    /// What a list says of it, and the list's name. What was said in it is not held here.
    pub listed: Option<(String, ListedCall)>,
    /// Where it says what was said.
    pub content: Content,
    /// Its recording.
    pub recording: Option<SourceFile>,
    /// Further files of the call, of which nothing is read.
    pub others: Vec<String>,
}

/// Where a call says what was said in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nowhere.
    Nothing,
    /// In a transcript file.
    File(SourceFile),
    /// In a part of a JSON file that holds the whole call.
    Record(SourceFile, Range<u64>),
    /// In the rows of a table that bear the call's id, or in all of them.
    Rows(SourceFile, Option<String>),
    /// In the answers of a platform, saved as they came: the one with the call, if it is there, and the one with
    /// its transcript, if it is in another.
    Saved {
        /// The platform's id.
        id: String,
        /// The answer that lists the call.
        call: Option<SourceFile>,
        /// The answer that holds the transcript.
        transcript: Option<SourceFile>,
    },
}

impl Content {
    /// The files to read for it.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        let [first, second] = match self {
            Self::Nothing => [None, None],
            Self::File(file) | Self::Record(file, _) | Self::Rows(file, _) => [Some(file), None],
            Self::Saved {
                call, transcript, ..
            } => [call.as_ref(), transcript.as_ref()],
        };
        first.into_iter().chain(second)
    }
}
