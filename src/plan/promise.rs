//! The dates that people were told, and when and why they slip.

use jiff::civil::Date;

use super::{
    JobKind, PlannedImport,
    draft::{Draft, Source},
    schedule::Slot,
    words::{counted, number, unsigned},
};
use crate::model::{ImportRecord, Phase};

/// Writes the expected date into the row, and with the first one the promise. Gives back the date that
/// was told last if the new one is later; then the row's reason says why.
pub(super) fn with_dates(
    record: &mut ImportRecord,
    draft: &Draft<'_>,
    line: &PlannedImport,
    slot: Option<&Slot>,
) -> Option<Date> {
    let (slot, expected) = slot.zip(line.expected_completion)?;
    if slot.kind != JobKind::Import {
        return None;
    }
    record.promised_completion.get_or_insert(expected);
    let told = record.expected_completion.replace(expected);
    let slipped = told.filter(|told| *told < expected);
    if slipped.is_some() {
        record.reason = Some(cause(record, draft, slot));
    }
    slipped
}

/// Why a date slips, in one plain sentence.
fn cause(record: &ImportRecord, draft: &Draft<'_>, slot: &Slot) -> String {
    let before = draft.recorded.map(|recorded| recorded.phase);
    match before {
        Some(Phase::NeedsCredentials) => return "The import waited for a new credential.".into(),
        Some(Phase::NeedsAttention) => {
            return "The import waited for its request file to be mended.".into();
        }
        Some(Phase::Suspended) => return "The import was suspended.".into(),
        Some(Phase::Cancelled) => return "The request file had been deleted.".into(),
        Some(Phase::Unsupported) => return "The platform was not supported for a while.".into(),
        _ => {}
    }
    // The attempt that has just ended said why.
    if matches!(
        record.phase,
        Phase::Importing | Phase::Retrying | Phase::Delayed
    ) && slot.ahead == 0
        && let Some(reason) = &record.reason
    {
        return reason.clone();
    }
    let listed = unsigned(record.calls_listed);
    match (draft.source, slot.ahead, &record.reason) {
        // The platform made it wait, and the attempt said how.
        (_, _, Some(reason)) if record.next_attempt_at.is_some() => reason.clone(),
        _ if slot.tonight_is_short => {
            "Our share of the account's daily rate limit is partly used up already.".into()
        }
        (_, 1, _) => "Another import of the same account comes first.".into(),
        (_, 2.., _) => {
            let others = number(slot.ahead);
            format!("{others} other imports of the same account come first.")
        }
        (Source::Valid(request), ..) if listed > request.estimated_calls => format!(
            "There are more calls than expected: {} so far instead of {}.",
            counted(listed, "call"),
            number(request.estimated_calls)
        ),
        (_, _, Some(reason)) => reason.clone(),
        (_, _, None) => "The last night ended before everything was imported.".into(),
    }
}
