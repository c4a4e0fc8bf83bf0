//! What an attempt is told to do, and what it says is next.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    import::End,
    model::{Call, Checkpoint, FileFailure, LeftOut, MediaOutcome, Period, Spoken, Tally},
    platforms::{Exchange, MediaFile, Progress, RecordFailure, Work},
};

/// Recorded calls without transcript or media that are read at once.
pub const PENDING_AT_ONCE: usize = 1_000;

/// What an attempt is to do.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Whose import it is; jitter is derived from it.
    pub request_id: String,
    /// Days to list; `None` to look for transcripts and media only.
    pub period: Option<Period>,
    /// Listing done before.
    pub checkpoints: Vec<Checkpoint>,
    /// Whether progress is recorded in checkpoints. Not when days are listed a second time.
    pub keep_checkpoints: bool,
    /// Whether transcripts are wanted.
    pub transcripts: bool,
    /// Whether audio and video are wanted, and there is a place for them.
    pub media: bool,
}

/// What recorded calls may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pending {
    /// Their transcripts.
    Transcripts,
    /// Their audio or video.
    Media,
}

/// What to do next.
#[derive(Debug)]
pub enum Command {
    /// Carry this out, give the reply to the connector, and the result to [`Attempt::answered`].
    Send {
        /// Names the exchange.
        ticket: u64,
        /// For the connector.
        work: Arc<Work>,
        /// For the connector.
        progress: Arc<Progress>,
        /// What to ask.
        exchange: Exchange,
    },
    /// Get new tokens, then call [`Access::renewed`], or [`Attempt::not_renewed`] with what went wrong.
    Renew,
    /// Commit this in one transaction, then call [`Attempt::committed`]. One at a time.
    Commit(Commit),
    /// Read recorded calls that lack something, at most [`PENDING_AT_ONCE`], then call [`Attempt::pending`].
    LoadPending {
        /// What they lack.
        what: Pending,
        /// Only those that come behind this call in the record's order.
        after: Option<String>,
    },
    /// Copy this recording, then call [`Attempt::copied`].
    Copy {
        /// Names the copy.
        ticket: u64,
        /// What to copy.
        file: MediaFile,
    },
    /// Nothing until then, unless something comes in before.
    Wait(Timestamp),
    /// Nothing until something comes in.
    Idle,
    /// It is over.
    Done(End),
}

/// What is committed together: a page, or several that came in while the record was busy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Commit {
    /// Calls listed.
    pub calls: Vec<Call>,
    /// Transcripts fetched.
    pub transcripts: Vec<(String, Spoken)>,
    /// Calls that will never have a transcript for us.
    pub without_transcript: Vec<String>,
    /// What became of calls' media.
    pub media: Vec<(String, MediaOutcome)>,
    /// Records that could not be read.
    pub failures: Vec<RecordFailure>,
    /// Rows of files, and whole files, that make no call.
    pub file_failures: Vec<FileFailure>,
    /// Files that are no call of their own.
    pub skipped: Vec<LeftOut>,
    /// What it counts for, but for what the record makes of its calls.
    pub tally: Tally,
    /// How far the windows have come, each once.
    pub checkpoints: Vec<Checkpoint>,
}
