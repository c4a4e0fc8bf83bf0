//! What is removed for good when a customer asks for it, and what is remembered of that.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A row of table `erased`: everything of an account was removed, and no run brings it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Key of the support matrix.
    pub platform: String,
    /// The account.
    pub account: String,
    /// When.
    pub erased_at: Timestamp,
    /// How many calls were recorded of it.
    pub calls: i64,
    /// The run or command that did it.
    pub by_run: String,
}

/// What is recorded of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Holdings {
    /// Calls.
    pub calls: i64,
    /// Transcripts.
    pub transcripts: i64,
    /// Their segments.
    pub segments: i64,
    /// Copies of recordings.
    pub recordings: i64,
    /// Their length together, in bytes.
    pub recording_bytes: i64,
    /// Failures of its requests, open or settled.
    pub failures: i64,
    /// What its requests left out.
    pub left_out: i64,
    /// Requests of the account that ever ran, by id.
    pub requests: Vec<String>,
    /// Where its recordings are.
    #[serde(skip)]
    pub stored: Vec<String>,
    /// Its last erasure, if there was one.
    pub erased: Option<Erasure>,
}

impl Holdings {
    /// Whether nothing was ever recorded of the account: its name is probably not spelled so.
    pub const fn is_unknown(&self) -> bool {
        self.requests.is_empty() && self.erased.is_none() && self.is_empty()
    }

    /// Whether nothing is recorded of it that could be erased, but for the rows of its imports.
    pub const fn is_empty(&self) -> bool {
        let Self {
            calls,
            transcripts,
            segments,
            recordings,
            recording_bytes: _,
            failures,
            left_out,
            requests: _,
            stored: _,
            erased: _,
        } = self;
        *calls + *transcripts + *segments + *recordings + *failures + *left_out == 0
    }
}
