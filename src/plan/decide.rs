//! What becomes of one import: its row as it ought to be, and what is next for it.

use jiff::Timestamp;

use super::{
    Inputs, JobKind, Observed, erased, media,
    settle::settling,
    transition::{
        first_seen, first_seen_unsupported, is_stopped_by_file, moved, restarted, resumed,
        stopped_by_file, unsupported_digest,
    },
    words::{self, counted, number, unsigned},
};
use crate::{
    model::{ImportRecord, Method, NotificationKind, Phase},
    spec::{ImportRequest, InvalidRequest},
};

/// The decision about one import.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decision {
    /// The row as it ought to be; `None` where too little is known for a row.
    pub(super) record: Option<ImportRecord>,
    /// What is next.
    pub(super) next: Next,
    /// What people must be told.
    pub(super) notice: Option<NotificationKind>,
}

/// What is next for an import. The text says why, in plain sentences.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// The next run works on it.
    Work(JobKind, String),
    /// A later run imports it.
    Wait(Timestamp, String),
    /// Somebody must do something first.
    Hold(String),
    /// This run leaves it alone, however it stands.
    LeaveOut(String),
    /// There is nothing to do.
    Nothing(String),
}

impl Decision {
    fn silent(record: ImportRecord, next: Next) -> Self {
        Self {
            record: Some(record),
            next,
            notice: None,
        }
    }

    /// The row as it is recorded, if it is.
    pub(super) fn unchanged(recorded: Option<&ImportRecord>, next: Next) -> Self {
        Self {
            record: recorded.cloned(),
            next,
            notice: None,
        }
    }
}

/// Decides about a valid request.
pub(super) fn declared(
    request: &ImportRequest,
    recorded: Option<&ImportRecord>,
    inputs: &Inputs<'_>,
) -> Decision {
    if let Some(recorded) = recorded
        && recorded.account != request.account
    {
        return stopped(recorded, account_changed(recorded, request), inputs.now);
    }
    if let Some(erasure) = inputs.observed.erasure(&request.platform, &request.account) {
        let first = || first_seen(request, inputs.now);
        let recorded = recorded.cloned().unwrap_or_else(first);
        return stopped(&recorded, erased::still_wanted(erasure), inputs.now);
    }
    let mut record = match recorded {
        Some(recorded) => brought_up_to_date(recorded, request, inputs.now),
        None => started_or_suspended(first_seen(request, inputs.now), request),
    };
    let next = next(&record, recorded, request, inputs);
    if let Next::Hold(reason) = &next
        && waits_for_a_place(&record, request, inputs)
    {
        // The status tells it as well.
        record.reason = Some(reason.clone());
    }
    Decision::silent(record, next)
}

/// Decides about a file with an error: held, never cancelled.
pub(super) fn invalid(
    invalid: &InvalidRequest,
    recorded: Option<&ImportRecord>,
    now: Timestamp,
) -> Decision {
    match (&invalid.unsupported, recorded) {
        (_, Some(recorded)) if is_finished(recorded.phase) => Decision::unchanged(
            Some(recorded),
            Next::Hold(format!(
                "Its calls are imported, but its file has an error: {}",
                invalid.error
            )),
        ),
        (Some(alternative), recorded) => unsupported(invalid, alternative, recorded, now),
        (None, Some(recorded)) => stopped(recorded, invalid.error.clone(), now),
        (None, None) => Decision::unchanged(None, Next::Hold(invalid.error.clone())),
    }
}

/// Decides about a recorded import whose file is gone.
pub(super) fn gone(recorded: &ImportRecord, observed: &Observed) -> Decision {
    if recorded.phase.is_unfinished() {
        let reason = match observed.erasure(&recorded.platform, &recorded.account) {
            Some(erasure) => erased::erased(erasure),
            None => "Its request file was deleted. Calls that are here stay.".to_owned(),
        };
        let record = moved(recorded, Phase::Cancelled, Some(reason.clone()));
        return Decision::silent(record, Next::Nothing(reason));
    }
    let reason = "Its request file is gone, and there is nothing left to do.".to_owned();
    Decision::unchanged(Some(recorded), Next::Nothing(reason))
}

/// The row after everything that the file says now, except work.
fn brought_up_to_date(
    recorded: &ImportRecord,
    request: &ImportRequest,
    now: Timestamp,
) -> ImportRecord {
    let mut record = if recorded.digest == request.digest() {
        recorded.clone()
    } else {
        restarted(recorded, request)
    };
    let fingerprint = request.credential_fingerprint();
    let goes_on = match record.phase {
        Phase::Suspended | Phase::Cancelled | Phase::Unsupported => true,
        Phase::NeedsCredentials => record.credential_fingerprint != fingerprint,
        Phase::NeedsAttention => is_stopped_by_file(&record),
        Phase::Queued
        | Phase::Importing
        | Phase::Retrying
        | Phase::Delayed
        | Phase::Completed
        | Phase::CompletedWithFailures
        | Phase::NoCallsFound => false,
    };
    if goes_on && !request.suspended {
        record = resumed(&record, now);
    }
    // Wishes, names and credentials change without a new digest.
    record.customer.clone_from(&request.customer);
    record.requested_completion = Some(request.requested_completion);
    record.credential_fingerprint = fingerprint;
    started_or_suspended(record, request)
}

fn started_or_suspended(record: ImportRecord, request: &ImportRequest) -> ImportRecord {
    if request.suspended {
        let reason = "It is suspended in its request file.".to_owned();
        moved(&record, Phase::Suspended, Some(reason))
    } else {
        record
    }
}

/// Whether an import that could go on wants recordings, and there is no place for them.
fn waits_for_a_place(record: &ImportRecord, request: &ImportRequest, inputs: &Inputs<'_>) -> bool {
    match record.phase {
        Phase::Queued | Phase::Importing | Phase::Retrying | Phase::Delayed => {
            !inputs.media && media::batch(request).is_some()
        }
        Phase::NeedsAttention if record.tries_again_by_itself() => {
            !inputs.media && media::batch(request).is_some()
        }
        Phase::NeedsCredentials
        | Phase::NeedsAttention
        | Phase::Completed
        | Phase::CompletedWithFailures
        | Phase::NoCallsFound
        | Phase::Unsupported
        | Phase::Suspended
        | Phase::Cancelled => false,
    }
}

/// What is next for an import, from its phase.
fn next(
    record: &ImportRecord,
    recorded: Option<&ImportRecord>,
    request: &ImportRequest,
    inputs: &Inputs<'_>,
) -> Next {
    let waiting = record.next_attempt_at.filter(|time| *time > inputs.night);
    match record.phase {
        Phase::Queued | Phase::Importing | Phase::Retrying | Phase::Delayed => match waiting {
            Some(until) => Next::Wait(until, waiting_reason(record, until)),
            None if waits_for_a_place(record, request, inputs) => Next::Hold(media::NO_PLACE.to_owned()),
            None => Next::Work(JobKind::Import, work_reason(record, recorded, request)),
        },
        Phase::NeedsCredentials => Next::Hold(with_reason(
            record,
            "The customer must give us a new credential.",
        )),
        Phase::NeedsAttention
            if record.tries_again_by_itself() && !waits_for_a_place(record, request, inputs) =>
        {
            Next::Work(JobKind::Import, work_reason(record, recorded, request))
        }
        Phase::NeedsAttention => Next::Hold(with_reason(record, "Somebody must look at it.")),
        Phase::Suspended => Next::Hold(with_reason(record, "It is suspended.")),
        Phase::Completed | Phase::CompletedWithFailures => {
            next_settling(record, request, inputs)
        }
        Phase::NoCallsFound => Next::Nothing(
            "No calls were found in the period. A request with other dates or options is looked through again.".to_owned(),
        ),
        Phase::Unsupported | Phase::Cancelled => {
            Next::Nothing(with_reason(record, "There is nothing to do."))
        }
    }
}

fn next_settling(record: &ImportRecord, request: &ImportRequest, inputs: &Inputs<'_>) -> Next {
    let period = request.period(words::utc_date(record.first_seen_at));
    let today = words::utc_date(inputs.night);
    let done = completed_reason(record);
    let transcripts = unsigned(record.transcripts_pending);
    let recordings = unsigned(record.media.pending);
    let nightly = &inputs.matrix.nightly;
    let kind = match settling(record, period, nightly, today, inputs.media) {
        None => return Next::Nothing(done),
        Some(JobKind::Expire) => {
            let given_up = words::transcripts_and_recordings(transcripts, recordings, "");
            let reason = format!("{done} {given_up} never came and are given up.");
            return Next::Work(JobKind::Expire, reason);
        }
        Some(kind) => kind,
    };
    // Once a UTC day is enough.
    let last = inputs.observed.attempted.get(&record.request_id);
    if last.is_some_and(|last| words::utc_date(*last) >= today) {
        let what = match recordings {
            0 => "calls and transcripts",
            _ => "calls, transcripts and recordings",
        };
        return Next::Nothing(format!("{done} Late {what} are looked for again tomorrow."));
    }
    let recordings = if inputs.media { recordings } else { 0 };
    let late = words::transcripts_and_recordings(transcripts, recordings, "late ");
    let late = match kind {
        JobKind::Settle { window: Some(_) } if late.is_empty() => "late calls".to_owned(),
        JobKind::Settle { window: Some(_) } => format!("late calls and {late}"),
        JobKind::Settle { window: None } | JobKind::Import | JobKind::Expire => late,
    };
    Next::Work(kind, format!("{done} Looks once more for {late}."))
}

/// The row stopped by its file. A row that waits for people already keeps what it waits for.
fn stopped(recorded: &ImportRecord, reason: String, now: Timestamp) -> Decision {
    let waits_for_people = matches!(
        recorded.phase,
        Phase::NeedsCredentials | Phase::NeedsAttention
    );
    if waits_for_people && !is_stopped_by_file(recorded) {
        return Decision::unchanged(Some(recorded), Next::Hold(reason));
    }
    let is_news = recorded.phase != Phase::NeedsAttention;
    Decision {
        record: Some(stopped_by_file(recorded, reason.clone(), now)),
        next: Next::Hold(reason),
        notice: is_news.then_some(NotificationKind::NeedsAttention),
    }
}

fn unsupported(
    invalid: &InvalidRequest,
    alternative: &str,
    recorded: Option<&ImportRecord>,
    now: Timestamp,
) -> Decision {
    let reason = format!("{} {alternative}", invalid.error).trim().to_owned();
    let record = match (recorded, &invalid.basics) {
        (None, None) => return Decision::unchanged(None, Next::Hold(reason)),
        (None, Some(basics)) => first_seen_unsupported(&invalid.id, basics, reason.clone(), now),
        (Some(recorded), basics) => {
            let mut record = moved(recorded, Phase::Unsupported, Some(reason.clone()));
            // Nothing depends yet on what the row says, so it follows the file.
            if let (Some(basics), None) = (basics, record.started_at) {
                record.customer.clone_from(&basics.customer);
                record.platform.clone_from(&basics.platform);
                record.account.clone_from(&basics.account);
                record.method = basics.method;
                record.digest = unsupported_digest(basics);
            }
            record
        }
    };
    let is_news = recorded.is_none_or(|recorded| {
        recorded.phase != Phase::Unsupported || recorded.platform != record.platform
    });
    Decision {
        record: Some(record),
        next: Next::Hold(reason),
        notice: is_news.then_some(NotificationKind::Unsupported),
    }
}

/// Whether every call of the period has been dealt with, so that an error in the file harms nothing.
const fn is_finished(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Completed | Phase::CompletedWithFailures | Phase::NoCallsFound
    )
}

fn account_changed(recorded: &ImportRecord, request: &ImportRequest) -> String {
    format!(
        "The account was `{}` when the import was accepted and cannot become `{}`: write the old one back, or make a new request file for the other account.",
        recorded.account, request.account
    )
}

fn with_reason(record: &ImportRecord, otherwise: &str) -> String {
    record
        .reason
        .clone()
        .unwrap_or_else(|| otherwise.to_owned())
}

fn waiting_reason(record: &ImportRecord, until: Timestamp) -> String {
    let reason = record.reason.as_deref().unwrap_or_default();
    format!("Waits until {}. {reason}", words::moment(until))
        .trim()
        .to_owned()
}

fn work_reason(
    record: &ImportRecord,
    recorded: Option<&ImportRecord>,
    request: &ImportRequest,
) -> String {
    let imported = unsigned(record.calls_imported);
    let expected = request.estimated_calls.max(unsigned(record.calls_listed));
    match recorded {
        None => "The import begins.".to_owned(),
        Some(recorded) if recorded.digest != record.digest => {
            "The request was changed: its calls are listed again, and those that are here are not fetched twice.".to_owned()
        }
        Some(recorded) if recorded.phase == Phase::NeedsCredentials => {
            "There is a new credential: the import goes on where it stopped.".to_owned()
        }
        Some(_) if record.started_at.is_none() => "The import begins.".to_owned(),
        Some(recorded) if recorded.phase != record.phase => {
            "The import goes on where it stopped.".to_owned()
        }
        Some(_) if matches!(record.phase, Phase::Retrying | Phase::Delayed) => {
            format!("The platform is asked again. {}", with_reason(record, ""))
                .trim()
                .to_owned()
        }
        Some(_) if imported > 0 => format!(
            "The import goes on: {} of about {} are imported.",
            number(imported),
            counted(expected, "call")
        ),
        Some(_) => "The import begins.".to_owned(),
    }
}

fn completed_reason(record: &ImportRecord) -> String {
    let imported = counted(unsigned(record.calls_imported), "call");
    let id = &record.request_id;
    let step = match record.method {
        Method::File => format!("`call-import status {id}` names the files"),
        Method::Api | Method::Oauth => format!("`call-import retry {id}` tries again"),
    };
    let recordings = counted(unsigned(record.media.failed), "recording");
    match (unsigned(record.calls_failed), record.media.failed) {
        (0, ..=0) => format!("Done: {imported} imported."),
        (0, _) => format!("Done: {imported} imported, {recordings} could not be copied; {step}."),
        (failed, ..=0) => format!(
            "Done: {imported} imported, {} could not be; {step}.",
            number(failed)
        ),
        (failed, _) => format!(
            "Done: {imported} imported, {} could not be, and {recordings} could not be copied; {step}.",
            number(failed)
        ),
    }
}
