//! How a row of `imports` moves from one phase to another before any work is done.

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    import::what_is_imported,
    model::{ImportRecord, MediaCounts, Phase, WhoseTurn},
    spec::{Basics, ImportRequest},
};

/// The row that goes on where it was before somebody or something stopped it: completed if it was,
/// importing if it had begun, else queued.
///
/// A wait that the platform asked for and that is not over yet is kept.
pub fn resumed(record: &ImportRecord, now: Timestamp) -> ImportRecord {
    let phase = match (record.finished_at, record.started_at) {
        (Some(_), _) if record.failed() > 0 => Phase::CompletedWithFailures,
        (Some(_), _) if record.calls_listed == 0 => Phase::NoCallsFound,
        (Some(_), _) => Phase::Completed,
        (None, Some(_)) => Phase::Importing,
        (None, None) => Phase::Queued,
    };
    ImportRecord {
        // The stop is no failure of the platform: its series of failures ends here.
        failing_since: None,
        next_attempt_at: record.next_attempt_at.filter(|moment| *moment > now),
        ..moved(record, phase, finished_reason(record, phase))
    }
}

/// The reason of a finished row, whose own was replaced by that of the stop; `None` while work is left.
fn finished_reason(record: &ImportRecord, phase: Phase) -> Option<String> {
    let reason = match phase {
        Phase::Completed | Phase::CompletedWithFailures => what_is_imported(record),
        Phase::NoCallsFound => "No calls were found in the period.".to_owned(),
        Phase::Queued
        | Phase::Importing
        | Phase::Retrying
        | Phase::Delayed
        | Phase::NeedsCredentials
        | Phase::NeedsAttention
        | Phase::Unsupported
        | Phase::Suspended
        | Phase::Cancelled => return None,
    };
    Some(reason)
}

/// The row of a request that no run has seen before.
pub(super) fn first_seen(request: &ImportRequest, now: Timestamp) -> ImportRecord {
    let basics = Basics {
        customer: request.customer.clone(),
        platform: request.platform.clone(),
        account: request.account.clone(),
        method: request.method,
    };
    ImportRecord {
        digest: request.digest(),
        requested_completion: Some(request.requested_completion),
        credential_fingerprint: request.credential_fingerprint(),
        ..blank(&request.id, &basics, now)
    }
}

/// The row of a request that we cannot fulfil and that no run has seen before.
pub(super) fn first_seen_unsupported(
    id: &str,
    basics: &Basics,
    reason: String,
    now: Timestamp,
) -> ImportRecord {
    ImportRecord {
        phase: Phase::Unsupported,
        whose_turn: turn(Phase::Unsupported),
        reason: Some(reason),
        digest: unsupported_digest(basics),
        ..blank(id, basics, now)
    }
}

/// The row after the request's digest changed: listing starts over, and the date is promised anew.
pub(super) fn restarted(record: &ImportRecord, request: &ImportRequest) -> ImportRecord {
    ImportRecord {
        digest: request.digest(),
        platform: request.platform.clone(),
        method: request.method,
        calls_listed: 0,
        calls_imported: 0,
        calls_failed: 0,
        transcripts_imported: 0,
        transcripts_pending: 0,
        media: MediaCounts::default(),
        promised_completion: None,
        expected_completion: None,
        finished_at: None,
        failing_since: None,
        next_attempt_at: None,
        ..moved(record, Phase::Queued, None)
    }
}

/// The row stopped by what stands in its file, until the file is mended.
pub(super) fn stopped_by_file(
    record: &ImportRecord,
    reason: String,
    now: Timestamp,
) -> ImportRecord {
    ImportRecord {
        next_attempt_at: record.next_attempt_at.or(Some(now)),
        ..moved(record, Phase::NeedsAttention, Some(reason))
    }
}

/// Whether the row was stopped by its file, so that it goes on once the file is mended, and not by an
/// attempt, after which only a new digest or `retry` helps.
///
/// The two differ in `next_attempt_at`: an attempt that ends with a person's turn leaves none.
pub(super) fn is_stopped_by_file(record: &ImportRecord) -> bool {
    record.phase == Phase::NeedsAttention
        && record.whose_turn == WhoseTurn::Cs
        && record.next_attempt_at.is_some()
}

/// The row in another phase, with the turn that the phase implies. Everything else stays.
pub(super) fn moved(record: &ImportRecord, phase: Phase, reason: Option<String>) -> ImportRecord {
    ImportRecord {
        phase,
        whose_turn: turn(phase),
        reason,
        ..record.clone()
    }
}

/// Stands for the digest of a request that was never valid: another platform is another request.
pub(super) fn unsupported_digest(basics: &Basics) -> String {
    let Basics {
        customer: _,
        platform,
        account,
        method,
    } = basics;
    hex::encode(Sha256::digest(
        json!([platform, account, method]).to_string(),
    ))
}

/// Who acts next in a phase, where the cause says nothing else.
const fn turn(phase: Phase) -> WhoseTurn {
    match phase {
        Phase::Queued | Phase::Importing | Phase::Suspended | Phase::Cancelled => WhoseTurn::Nobody,
        Phase::Retrying | Phase::Delayed => WhoseTurn::Platform,
        Phase::NeedsCredentials => WhoseTurn::Customer,
        Phase::NeedsAttention
        | Phase::Completed
        | Phase::CompletedWithFailures
        | Phase::NoCallsFound
        | Phase::Unsupported => WhoseTurn::Cs,
    }
}

/// A queued row with nothing done.
fn blank(id: &str, basics: &Basics, now: Timestamp) -> ImportRecord {
    ImportRecord {
        request_id: id.to_owned(),
        digest: String::new(),
        customer: basics.customer.clone(),
        platform: basics.platform.clone(),
        account: basics.account.clone(),
        method: basics.method,
        phase: Phase::Queued,
        whose_turn: turn(Phase::Queued),
        reason: None,
        calls_listed: 0,
        calls_imported: 0,
        calls_failed: 0,
        transcripts_imported: 0,
        transcripts_pending: 0,
        media: MediaCounts::default(),
        requests_sent: 0,
        requested_completion: None,
        promised_completion: None,
        expected_completion: None,
        credential_fingerprint: None,
        pull_request: None,
        first_seen_at: now,
        started_at: None,
        finished_at: None,
        failing_since: None,
        next_attempt_at: None,
        updated_at: now,
    }
}
