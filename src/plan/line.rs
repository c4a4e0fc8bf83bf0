//! The line of the plan that people and programs see.

use jiff::{Timestamp, ToSpan, civil::Date};

use super::{
    Action, JobKind, PlannedImport,
    decide::Next,
    draft::{Draft, Source},
    schedule::{Effort, Slot},
    words::{self, counted},
};
use crate::{
    model::{ImportRecord, Method, Phase},
    spec::Basics,
};

/// Describes what happens to an import.
pub(super) fn line(
    draft: &Draft<'_>,
    effort: &Effort,
    slot: Option<&Slot>,
    night: Timestamp,
) -> PlannedImport {
    let Basics {
        customer,
        platform,
        account,
        method,
    } = basics(draft).unwrap_or(UNREADABLE);
    let record = draft.decision.record.as_ref();
    let expected = expected_completion(record, slot, night);
    let requested = match draft.source {
        Source::Valid(request) => Some(request.requested_completion),
        Source::Invalid(_) | Source::Gone => record.and_then(|record| record.requested_completion),
    };
    let (action, reason) = match &draft.decision.next {
        Next::Work(_, reason) => (Action::Import, reason),
        Next::Wait(_, reason) | Next::Hold(reason) | Next::LeaveOut(reason) => {
            (Action::Hold, reason)
        }
        Next::Nothing(reason) => (Action::None, reason),
    };
    PlannedImport {
        request_id: draft.id.to_owned(),
        path: draft.path().map(str::to_owned),
        method: (!platform.is_empty()).then_some(method),
        customer,
        platform,
        account,
        action,
        reason: with_queue(reason, slot),
        phase: record.map_or(phase_without_row(draft.source), |record| record.phase),
        left_out: matches!(draft.decision.next, Next::LeaveOut(_)),
        needs_credential: false,
        calls: effort.calls,
        requests: effort.requests,
        files: None,
        media_bytes: effort.media_bytes,
        nights: match slot {
            Some(slot) => slot
                .last_night
                .map_or(effort.nights_alone, |night| night + 1),
            None => effort.nights_alone,
        },
        expected_start: expected_start(record, slot, night),
        expected_completion: expected,
        requested_completion: requested,
        in_time: expected.zip(requested).map(|(is, wanted)| is <= wanted),
    }
}

/// Stands where the file tells nothing. The method is not shown then.
const UNREADABLE: Basics = Basics {
    customer: String::new(),
    platform: String::new(),
    account: String::new(),
    method: Method::Api,
};

/// What is known of an import: by its file, else by its row.
fn basics(draft: &Draft<'_>) -> Option<Basics> {
    let recorded = draft.recorded.map(|record| Basics {
        customer: record.customer.clone(),
        platform: record.platform.clone(),
        account: record.account.clone(),
        method: record.method,
    });
    match draft.source {
        Source::Valid(request) => Some(Basics {
            customer: request.customer.clone(),
            platform: request.platform.clone(),
            account: request.account.clone(),
            method: request.method,
        }),
        Source::Invalid(invalid) => invalid.basics.clone().or(recorded),
        Source::Gone => recorded,
    }
}

/// The phase to show for an import that has no row yet.
const fn phase_without_row(source: Source<'_>) -> Phase {
    match source {
        Source::Valid(_) => Phase::Queued,
        Source::Invalid(_) => Phase::NeedsAttention,
        Source::Gone => Phase::Cancelled,
    }
}

/// The date of the night in which the import ends, or ended.
fn expected_completion(
    record: Option<&ImportRecord>,
    slot: Option<&Slot>,
    night: Timestamp,
) -> Option<Date> {
    let record = record?;
    match record.phase {
        Phase::Completed | Phase::CompletedWithFailures | Phase::NoCallsFound => {
            record.finished_at.map(words::utc_date)
        }
        Phase::Queued | Phase::Importing | Phase::Retrying => date_of(slot?.last_night?, night),
        // It depends on when the platform answers again or somebody acts.
        Phase::Delayed
        | Phase::NeedsCredentials
        | Phase::NeedsAttention
        | Phase::Unsupported
        | Phase::Suspended
        | Phase::Cancelled => None,
    }
}

/// The date of the night in which work on the import begins, or goes on.
fn expected_start(
    record: Option<&ImportRecord>,
    slot: Option<&Slot>,
    night: Timestamp,
) -> Option<Date> {
    let is_due = record.is_some_and(|record| record.phase.is_unfinished());
    let slot = slot.filter(|_| is_due)?;
    date_of(slot.first_night?, night)
}

/// The date of a night, 0 for the one that begins at `night`.
fn date_of(number: u64, night: Timestamp) -> Option<Date> {
    let nights = i64::try_from(number).ok()?;
    words::utc_date(night).checked_add(nights.days()).ok()
}

/// The reason, and how many imports stand in front.
fn with_queue(reason: &str, slot: Option<&Slot>) -> String {
    match slot {
        Some(slot) if slot.ahead > 0 && slot.kind == JobKind::Import => {
            let verb = if slot.ahead == 1 { "comes" } else { "come" };
            let imports = counted(slot.ahead, "import");
            format!("{reason} {imports} of the same account {verb} first.")
        }
        _ => reason.to_owned(),
    }
}
