//! Settling: late calls, late transcripts and late recordings are looked for some days after an import is completed.

use jiff::{ToSpan, civil::Date};

use super::{JobKind, words};
use crate::{
    model::{ImportRecord, Method, Period, Window},
    spec::Nightly,
};

/// What a completed import still asks for on a day, if anything.
///
/// Until `finished_at` + `settle_days` the last days of the period are listed again, as long as they are
/// recent enough for late calls, and pending transcripts and recordings are asked for. After that they are
/// given up. Recordings are asked for only where there is a place for them.
pub(super) fn settling(
    record: &ImportRecord,
    period: Period,
    nightly: &Nightly,
    today: Date,
    has_place: bool,
) -> Option<JobKind> {
    let days = i64::from(nightly.settle_days).days();
    let finished = words::utc_date(record.finished_at?);
    let (transcripts, recordings) = (record.transcripts_pending > 0, record.media.pending > 0);
    if today > finished.saturating_add(days) {
        return (transcripts || recordings).then_some(JobKind::Expire);
    }
    // Files hold what they hold: nothing arrives late in them.
    let late_calls = record.method != Method::File
        && today <= period.to.saturating_add(days).saturating_add(1.day());
    let window = late_calls.then(|| Window {
        from: period.from.max(period.to.saturating_sub(days)),
        ..period.window()
    });
    let pending = transcripts || (recordings && has_place);
    (window.is_some() || pending).then_some(JobKind::Settle { window })
}
