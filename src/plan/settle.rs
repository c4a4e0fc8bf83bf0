//! Settling: late calls and late transcripts are looked for some days after an import is completed.

use jiff::{ToSpan, civil::Date};

use super::{JobKind, words};
use crate::{
    model::{ImportRecord, Method, Period, Window},
    spec::Nightly,
};

/// What a completed import still asks for on a day, if anything.
///
/// Until `finished_at` + `settle_days` the last days of the period are listed again, as long as they are
/// recent enough for late calls, and pending transcripts are asked for. After that they are given up.
pub(super) fn settling(
    record: &ImportRecord,
    period: Period,
    nightly: &Nightly,
    today: Date,
) -> Option<JobKind> {
    let days = i64::from(nightly.settle_days).days();
    let finished = words::utc_date(record.finished_at?);
    let pending = record.transcripts_pending > 0;
    if today > finished.saturating_add(days) {
        return pending.then_some(JobKind::Expire);
    }
    // Files hold what they hold: nothing arrives late in them.
    let late_calls = record.method != Method::File
        && today <= period.to.saturating_add(days).saturating_add(1.day());
    let window = late_calls.then(|| Window {
        from: period.from.max(period.to.saturating_sub(days)),
        ..period.window()
    });
    (window.is_some() || pending).then_some(JobKind::Settle { window })
}
