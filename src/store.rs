//! The record in DuckDB. One writer thread owns the connection; a bounded channel stands in front of it.

use jiff::Timestamp;

use crate::model::{
    ApiUsage, Call, Checkpoint, FailureClass, ImportRecord, Notification, Phase, Transcript,
};
use crate::platforms::RecordFailure;

/// One page of an import: everything in it is committed in one transaction, or nothing.
#[derive(Debug, Clone)]
pub struct PageCommit {
    /// The run.
    pub run_id: String,
    /// Whose page it is.
    pub request_id: String,
    /// Generation of the request.
    pub digest: String,
    /// Key of the support matrix.
    pub platform: String,
    /// The account.
    pub account: String,
    /// Time of the commit.
    pub now: Timestamp,
    /// Calls listed; ids are unique within the page.
    pub calls: Vec<Call>,
    /// Transcripts fetched for recorded calls, by external id.
    pub transcripts: Vec<(String, Transcript)>,
    /// Records that could not be read.
    pub failures: Vec<RecordFailure>,
    /// How far the window has come; `None` for transcripts and settling.
    pub checkpoint: Option<Checkpoint>,
    /// Requests sent since the last commit of this import: added to `imports.requests_sent` and `runs.requests_sent`.
    pub requests_sent: i64,
    /// The same by account, class and hour: added to `api_usage`.
    pub usage: Vec<ApiUsage>,
}

/// What a page changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageReceipt {
    /// Calls recorded for the first time.
    pub new: usize,
    /// Calls whose record changed.
    pub updated: usize,
    /// Calls that were recorded like this before.
    pub unchanged: usize,
    /// Transcripts recorded.
    pub transcripts: usize,
    /// Ids of the page's listed calls whose transcript is now `pending`.
    pub pending: Vec<String>,
}

/// Exact counts of one import, read from the tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sum of the checkpoints' `listed` for the digest.
    pub calls_listed: i64,
    /// Listed calls less those that failed.
    pub calls_imported: i64,
    /// Unresolved rows of `call_failures`.
    pub calls_failed: i64,
    /// Calls of the request with state `imported`.
    pub transcripts_imported: i64,
    /// Calls of the request with state `pending`.
    pub transcripts_pending: i64,
}

/// The end of one attempt: the import's new row, committed with everything that follows from it.
#[derive(Debug, Clone)]
pub struct AttemptEnd {
    /// The row of `imports` to write (`calls_*`, `transcripts_*` as given; `requests_sent` is kept and added to).
    pub record: ImportRecord,
    /// The run.
    pub run_id: String,
    /// When the attempt began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// The phase reached.
    pub outcome: Phase,
    /// Why it failed, if it did.
    pub failure_class: Option<FailureClass>,
    /// For engineers.
    pub detail: Option<String>,
    /// Calls recorded by this attempt.
    pub calls_imported: i64,
    /// Requests sent by this attempt in all (goes into `attempts.requests_sent`).
    pub attempt_requests: i64,
    /// Requests not yet added by a page (goes to `imports.requests_sent` and `runs.requests_sent`).
    pub requests_sent: i64,
    /// The same by class and hour: added to `api_usage`.
    pub usage: Vec<ApiUsage>,
    /// Turn the request's pending transcripts into `unavailable`.
    pub expire_pending: bool,
    /// What people must be told.
    pub notifications: Vec<Notification>,
}

/// How a run ended: `runs.outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// All work was done.
    Completed,
    /// The deadline came first.
    Deadline,
    /// Somebody stopped it.
    Interrupted,
    /// It could not go on.
    Failed,
}
