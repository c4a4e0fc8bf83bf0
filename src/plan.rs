//! Desired and observed state become a plan: what the next run does, when each import will be done,
//! and what is held back and why. Pure: the time is an argument.
//!
//! Each import is decided alone (`decide`), then the imports of one account share its nights
//! (`schedule`, `timeline`), and only then is it known which dates slip (`promise`).

mod accident;
mod decide;
mod draft;
mod erased;
mod line;
mod media;
mod notice;
mod promise;
mod schedule;
mod settle;
mod skipped;
mod timeline;
mod transition;

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    import::{Found, Survey},
    model::{ApiUsage, Checkpoint, Erasure, ImportRecord, Method, Period, Phase, Window, words},
    spec::{Declared, ImportRequest, SupportMatrix},
};

pub use accident::Accident;
pub use erased::erased;
pub use media::BYTES_OF_A_CALL;
pub use notice::{Notice, notification_id};
pub use skipped::skipped_nights;
pub use timeline::{Capacity, capacity, estimate_requests, next_night};
pub use transition::resumed;

/// Plans the next run.
///
/// The same inputs give the same plan, and a plan made after `Plan::changes` are recorded proposes no
/// further change.
pub fn plan(inputs: &Inputs<'_>) -> Plan {
    schedule::schedule(draft::drafts(inputs), inputs)
}

/// Everything that is recorded and matters for a plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// Rows of `imports` by request id.
    pub imports: BTreeMap<String, ImportRecord>,
    /// Checkpoints of each request's recorded digest, by request id.
    #[serde(default)]
    pub checkpoints: BTreeMap<String, Vec<Checkpoint>>,
    /// Use of the accounts' quotas in the last 24 hours.
    #[serde(default)]
    pub usage: Vec<ApiUsage>,
    /// End of each request's last attempt, by request id.
    #[serde(default)]
    pub attempted: BTreeMap<String, Timestamp>,
    /// Recordings that need no more copying, by request id.
    #[serde(default)]
    pub copied: BTreeMap<String, i64>,
    /// What was erased and is not to come back.
    #[serde(default)]
    pub erasures: Vec<Erasure>,
}

/// Rows alone, as `status --format json` shows them: no checkpoints, no use of quotas.
impl FromIterator<ImportRecord> for Observed {
    fn from_iter<I: IntoIterator<Item = ImportRecord>>(records: I) -> Self {
        let records = records.into_iter();
        Self {
            imports: records
                .map(|record| (record.request_id.clone(), record))
                .collect(),
            ..Self::default()
        }
    }
}

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What is declared.
    pub declared: &'a Declared,
    /// What we can do.
    pub matrix: &'a SupportMatrix,
    /// What is recorded.
    pub observed: &'a Observed,
    /// The moment the plan is for.
    pub now: Timestamp,
    /// Start of the night that would do the work: `now` in a run, else the next nightly start.
    pub night: Timestamp,
    /// Work on this request alone; nothing else is cancelled or changed.
    pub only: Option<&'a str>,
    /// Ids that are not worked on here: the example, when a real night runs.
    pub skip: &'a [&'a str],
    /// Whether there is a place for audio and video.
    pub media: bool,
}

/// What the next run does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Rows of `imports` to write before any work: new, changed, suspended, cancelled.
    pub changes: Vec<ImportRecord>,
    /// How many of `changes` cancel an unfinished import because its file is gone.
    pub cancels: usize,
    /// How many unfinished imports are recorded.
    pub unfinished: usize,
    /// What people must be told about `changes`. The caller writes the text: the words for people are
    /// ranked above the plan.
    pub notices: Vec<Notice>,
    /// Work, by account. Lanes run side by side, the jobs of one lane one after another.
    pub lanes: Vec<Lane>,
    /// Every declared import in order of work, then every recorded one whose file is gone.
    pub imports: Vec<PlannedImport>,
}

/// The imports that share one platform account and so one rate limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// Key of the support matrix.
    pub platform: String,
    /// The account.
    pub account: String,
    /// In order of work.
    pub jobs: Vec<Job>,
}

/// One import to work on.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// What is wanted.
    pub request: ImportRequest,
    /// The row of `imports` as it stands after `Plan::changes`.
    pub record: ImportRecord,
    /// What to do.
    pub kind: JobKind,
    /// The days wanted.
    pub period: Period,
    /// Listing done before, of the same digest.
    pub checkpoints: Vec<Checkpoint>,
}

/// What to do for an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// List what is not listed, fetch what is not fetched.
    Import,
    /// Look once more for late calls (in the window, if any) and late transcripts.
    Settle {
        /// What to list again.
        window: Option<Window>,
    },
    /// Settling is over: pending transcripts become `unavailable`. Sends no request.
    Expire,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What happens to an import, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The next run works on it.
    Import,
    /// It is held back; `reason` says why.
    Hold,
    /// There is nothing to do.
    None,
}

impl PlannedImport {
    /// Takes in what its files hold. A question that they leave open holds the import, as it will at night.
    pub fn looked_into(&mut self, survey: &Survey) {
        let Survey { found, problem, .. } = survey;
        let hold = match problem {
            Some(problem) => Some(format!(
                "Its files leave a question open. `{}`: {}",
                problem.file,
                problem.detail()
            )),
            None if found.calls == 0 && found.remote == 0 => {
                Some("No file of it holds a call.".to_owned())
            }
            None => None,
        };
        match hold {
            Some(reason) if self.action == Action::Import => {
                self.action = Action::Hold;
                self.reason = reason;
                (self.expected_start, self.expected_completion) = (None, None);
                (self.nights, self.in_time) = (0, None);
            }
            Some(_) => {}
            None => self.files = Some(found.clone()),
        }
    }
}

/// One line of the plan, as people and programs see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedImport {
    /// File stem.
    pub request_id: String,
    /// Path of the request file; `None` when it is gone.
    pub path: Option<String>,
    /// Customer as written; empty when the file cannot be read.
    pub customer: String,
    /// Key of the support matrix; empty when the file cannot be read.
    pub platform: String,
    /// The account.
    pub account: String,
    /// How the calls reach us.
    pub method: Option<Method>,
    /// What happens.
    pub action: Action,
    /// Why, in one plain sentence.
    pub reason: String,
    /// Phase that is or will be recorded.
    pub phase: Phase,
    /// Whether the run leaves it alone, however it stands: it works on another one alone, or this is the example.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_out: bool,
    /// Whether a credential is all that it lacks. The dates are those that it has if one is handed in at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_credential: bool,
    /// Calls that are still expected.
    pub calls: u64,
    /// API requests still needed.
    pub requests: u64,
    /// What its files hold, if they were looked into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Found>,
    /// Bytes of audio and video still to be copied, by a rule of thumb.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub media_bytes: u64,
    /// Nights still needed, the next one included; 0 with nothing to do.
    pub nights: u64,
    /// The date of the night in which work on it begins or goes on, if that can be said.
    #[serde(default)]
    pub expected_start: Option<Date>,
    /// The date on which it will be done, if that can be said.
    pub expected_completion: Option<Date>,
    /// The date the customer wants.
    pub requested_completion: Option<Date>,
    /// Whether that is in time, if both are known.
    pub in_time: Option<bool>,
}
