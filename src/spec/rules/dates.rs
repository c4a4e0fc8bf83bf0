//! Dates that are fine in the calendar and not in this request. What time alone makes wrong is a
//! warning: a file that was fine yesterday is fine today.

use jiff::civil::Date;

use crate::spec::{codes, file_report::FileReport, raw::RawRequest};

/// Checks the requested date and the period.
pub(super) fn check(raw: &RawRequest, today: Date, report: &mut FileReport) {
    if raw.requested_completion.is_some_and(|date| date < today) {
        report.value(
            codes::DATE_PASSED,
            "/requested_completion",
            "The requested date has passed.",
            "Agree on a new date with the customer, or leave it: the import is done as soon as possible.",
        );
    }
    let Some(period) = &raw.period else {
        return;
    };
    match (period.from, period.to) {
        (Some(from), Some(to)) if from > to => report.value(
            codes::PERIOD_REVERSED,
            "/period/to",
            format!("The period ends on {to}, before it begins on {from}."),
            format!("Write `from: {to}` and `to: {from}` if they were exchanged."),
        ),
        (Some(from), _) if from > today => report.value(
            codes::PERIOD_IN_FUTURE,
            "/period/from",
            "The period begins in the future, so there is nothing to import yet.",
            "Look at the year.",
        ),
        (_, Some(to)) if to > today => report.value(
            codes::PERIOD_IN_FUTURE,
            "/period/to",
            "The period ends in the future; calls of the days to come are imported only while the import settles.",
            "Write the last day of which calls are wanted, or leave `to` out for everything up to now.",
        ),
        _ => {}
    }
}
