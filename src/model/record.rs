//! Observed state: what DuckDB records about imports. The words here are those of `design.md` section 6.

use std::ops::AddAssign;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Window, call::words};

words! {
    /// How the calls reach us.
    Method { Api = "api", Oauth = "oauth", File = "file" }
}
words! {
    /// Where an import stands.
    Phase {
        Queued = "queued", Importing = "importing", Retrying = "retrying", Delayed = "delayed",
        NeedsCredentials = "needs_credentials", NeedsAttention = "needs_attention",
        Completed = "completed", CompletedWithFailures = "completed_with_failures",
        NoCallsFound = "no_calls_found", Unsupported = "unsupported",
        Suspended = "suspended", Cancelled = "cancelled",
    }
}
words! {
    /// Who must act next.
    WhoseTurn {
        Cs = "cs", Customer = "customer", Platform = "platform", Engineering = "engineering", Nobody = "nobody",
    }
}
words! {
    /// Why something failed. Operational, not a finding about a file that somebody wrote.
    FailureClass {
        Credentials = "credentials", Throttled = "throttled", Unavailable = "unavailable",
        Network = "network", BrokenReply = "broken_reply", File = "file", Internal = "internal",
    }
}
words! {
    /// What somebody must be told.
    NotificationKind {
        NeedsCredentials = "needs_credentials", NeedsAttention = "needs_attention", Delayed = "delayed",
        Recovered = "recovered", DateSlipped = "date_slipped", Completed = "completed",
        CompletedWithFailures = "completed_with_failures", NoCallsFound = "no_calls_found",
        Unsupported = "unsupported", Status = "status", Answer = "answer",
    }
}

words! {
    /// How a run ended: `runs.outcome`: all work was done; the deadline came first; somebody stopped it;
    /// it could not go on.
    RunOutcome { Completed = "completed", Deadline = "deadline", Interrupted = "interrupted", Failed = "failed" }
}

impl Phase {
    /// Whether work is left: neither an end (`completed`, ...) nor a stop that only people can lift.
    pub const fn is_unfinished(self) -> bool {
        match self {
            Self::Queued
            | Self::Importing
            | Self::Retrying
            | Self::Delayed
            | Self::NeedsCredentials
            | Self::NeedsAttention
            | Self::Suspended => true,
            Self::Completed
            | Self::CompletedWithFailures
            | Self::NoCallsFound
            | Self::Unsupported
            | Self::Cancelled => false,
        }
    }

    /// Whether a run that leaves a declared import here ends with exit code 1.
    pub const fn needs_somebody(self) -> bool {
        matches!(
            self,
            Self::NeedsCredentials
                | Self::NeedsAttention
                | Self::Delayed
                | Self::CompletedWithFailures
        )
    }
}

/// A row of table `imports`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// File stem of the request.
    pub request_id: String,
    /// Generation of the request that the row speaks of.
    pub digest: String,
    /// Customer as written in the request.
    pub customer: String,
    /// Key of the support matrix.
    pub platform: String,
    /// Label of the customer's workspace on the platform.
    pub account: String,
    /// How the calls reach us.
    pub method: Method,
    /// Where the import stands.
    pub phase: Phase,
    /// Who must act next.
    pub whose_turn: WhoseTurn,
    /// One plain sentence for CS.
    pub reason: Option<String>,
    /// Calls that the platform offered in the period so far.
    pub calls_listed: i64,
    /// Listed calls that are recorded.
    pub calls_imported: i64,
    /// Listed calls that are not, see `call_failures`. One of which only the recording failed is imported.
    pub calls_failed: i64,
    /// Calls with a recorded transcript.
    pub transcripts_imported: i64,
    /// Calls whose transcript is still asked for.
    pub transcripts_pending: i64,
    /// What has become of recordings, if they are wanted.
    #[serde(flatten)]
    pub media: MediaCounts,
    /// Requests sent to the platform, in all runs.
    pub requests_sent: i64,
    /// When the customer wants it.
    pub requested_completion: Option<Date>,
    /// The date told to CS first.
    pub promised_completion: Option<Date>,
    /// The date expected today.
    pub expected_completion: Option<Date>,
    /// SHA-256 of the sealed block or of the secret's name.
    pub credential_fingerprint: Option<String>,
    /// Pull request of the request file.
    pub pull_request: Option<i64>,
    /// When a run first saw the request.
    pub first_seen_at: Timestamp,
    /// When work began.
    pub started_at: Option<Timestamp>,
    /// When every call of the period was recorded.
    pub finished_at: Option<Timestamp>,
    /// First failure of the present series.
    pub failing_since: Option<Timestamp>,
    /// Nothing is sent before this moment.
    pub next_attempt_at: Option<Timestamp>,
    /// Last change of the row.
    pub updated_at: Timestamp,
}

impl ImportRecord {
    /// Whether it needs attention, and goes on by itself in the first night after it got that: what stands in
    /// the way is outside of it. An attempt that ends otherwise with a person's turn leaves no moment.
    pub const fn tries_again_by_itself(&self) -> bool {
        matches!(
            (self.phase, self.whose_turn, self.next_attempt_at),
            (Phase::NeedsAttention, WhoseTurn::Engineering, Some(_))
        )
    }

    /// Calls that are not imported, or not with their recording.
    pub const fn failed(&self) -> i64 {
        self.calls_failed.saturating_add(self.media.failed)
    }
}

/// The columns of table `imports` about recordings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaCounts {
    /// Recordings that we have a copy of.
    #[serde(rename = "media_stored")]
    pub stored: i64,
    /// Recordings that are still asked for.
    #[serde(rename = "media_pending")]
    pub pending: i64,
    /// Recordings that could not be copied, see `call_failures`.
    #[serde(rename = "media_failed")]
    pub failed: i64,
    /// Calls without a recording for us, as the end of an attempt leaves them.
    #[serde(rename = "media_unavailable")]
    pub unavailable: i64,
}

/// What an import has brought, in figures that customers ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Harvest {
    /// Length of all calls together, as far as it is known, in milliseconds.
    pub duration_ms: i64,
    /// People in the calls, each counted once: by e-mail, else by name or number.
    pub people: i64,
    /// UTC day of the first call, if its day is known.
    pub first_day: Option<Date>,
    /// UTC day of the last.
    pub last_day: Option<Date>,
    /// Why calls are missing, and how many for each reason, the most frequent first; only the first few.
    pub causes: Vec<(String, i64)>,
}

/// What is told of an open row of table `call_failures`: a call or file that could not be imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFailure {
    /// The call's id on the platform, or the path of the file.
    pub external_id: String,
    /// Where it happened: `list`, `transcript` or `file`.
    pub stage: String,
    /// What went wrong.
    pub detail: String,
}

/// Something in a file that makes no call, with what it takes to mend it: a row of table `call_failures`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFailure {
    /// The path of the file as the request knows it.
    pub file: String,
    /// 1-based line, where one is to blame.
    pub line: Option<i64>,
    /// 1-based column on it; in a table the number of the cell.
    pub column: Option<i64>,
    /// Stable kebab-case name.
    pub code: String,
    /// What stands there.
    pub value: Option<String>,
    /// One plain sentence: what is wrong.
    pub message: String,
    /// One plain sentence: what to do.
    pub help: String,
    /// The row as it stands, heading and cell; empty where a whole file fails.
    pub original: Vec<(String, String)>,
}

impl FileFailure {
    /// Stands for it where the id of a call would stand.
    pub fn id(&self) -> String {
        let row = self.line.filter(|_| !self.original.is_empty());
        match (row, self.line, &self.value) {
            (Some(line), ..) => format!("{}:{line}", self.file),
            // One of several calls in a file without lines.
            (None, None, Some(call)) => format!("{}:{call}", self.file),
            (None, ..) => self.file.clone(),
        }
    }

    /// What is wrong and what to do, with the place.
    pub fn detail(&self) -> String {
        let Self { message, help, .. } = self;
        match self.line {
            Some(line) => format!("Line {line}: {message} {help}"),
            None => format!("{message} {help}"),
        }
    }
}

/// Something that was found and is no call of its own, with the reason: a row of table `left_out`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The file, or the call in it.
    pub name: String,
    /// One plain sentence.
    pub reason: String,
    /// Whether it is a call that is there already under another name.
    pub is_duplicate: bool,
}

/// What became of everything that an attempt found; columns of table `attempts`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Calls, and files that make none.
    pub found: i64,
    /// Recorded for the first time.
    pub imported: i64,
    /// Recorded before, and otherwise than now.
    pub changed: i64,
    /// Recorded before just like this.
    pub unchanged: i64,
    /// Found twice in this attempt.
    pub duplicate: i64,
    /// Left out, each with a reason.
    pub skipped: i64,
    /// Not to be read.
    pub failed: i64,
}

impl Tally {
    /// Whether everything that was found is accounted for.
    pub const fn adds_up(&self) -> bool {
        let Self {
            found,
            imported,
            changed,
            unchanged,
            duplicate,
            skipped,
            failed,
        } = *self;
        found == imported + changed + unchanged + duplicate + skipped + failed
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self {
            found,
            imported,
            changed,
            unchanged,
            duplicate,
            skipped,
            failed,
        } = other;
        self.found += found;
        self.imported += imported;
        self.changed += changed;
        self.unchanged += unchanged;
        self.duplicate += duplicate;
        self.skipped += skipped;
        self.failed += failed;
    }
}

/// A row of table `checkpoints`: how far the listing of one window has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The window.
    pub window: Window,
    /// Where the next page begins; `None` once `done`.
    pub cursor: Option<String>,
    /// Calls listed in the window so far.
    pub listed: i64,
    /// Whether the window is listed to its end.
    pub done: bool,
}

/// A row of table `api_usage`: requests of one account in one UTC hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiUsage {
    /// Key of the support matrix.
    pub platform: String,
    /// The account.
    pub account: String,
    /// Request class: `all`, `light` or `heavy`.
    pub class: String,
    /// Begin of the UTC hour.
    pub bucket_start: Timestamp,
    /// Requests sent in it.
    pub requests: i64,
}

/// A row of table `notifications` before it is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Derived from what caused it, so that the same event never makes a second row.
    pub notification_id: String,
    /// Whose import it is about.
    pub request_id: String,
    /// What happened.
    pub kind: NotificationKind,
    /// Markdown for CS.
    pub body: String,
}

/// A row of table `runs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunRow {
    /// The run.
    pub run_id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs, or when it was killed.
    pub finished_at: Option<Timestamp>,
    /// How it ended; `None` while it runs.
    pub outcome: Option<RunOutcome>,
    /// Requests sent to platforms.
    pub requests_sent: i64,
    /// Calls recorded for the first time.
    pub calls_imported: i64,
    /// Records that could not be read.
    pub calls_failed: i64,
    /// Version of this program.
    pub version: String,
}

/// A row of `credential_state`: the tokens that an account's credential was renewed to last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialState {
    /// Key of the support matrix.
    pub platform: String,
    /// The account.
    pub account: String,
    /// Fingerprint of the credential that they go back to.
    pub credential_fingerprint: String,
    /// The tokens, encrypted to the recipients, as an armored age file.
    pub sealed: String,
    /// When they were renewed.
    pub updated_at: Timestamp,
}
