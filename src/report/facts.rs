//! What the row of an import says, in short facts for the comments: counts that add up, dates beside
//! what was asked for and promised.

use jiff::{ToSpan, civil::Date};

use super::{
    phase,
    text::{count, prose},
};
use crate::{
    model::words::{day, number, unsigned, utc_date},
    model::{Harvest, ImportRecord, MediaCounts, Method, Phase, Tally},
};

/// A fact: its name and what it is.
pub(super) type Fact = (&'static str, String);

/// Name of the fact that [`accounting`] gives.
pub(super) const IN_THE_FILES: &str = "In the files";

/// What was found and what became of it, as a sum if it is one:
/// `5,012 found = 4,998 imported + 14 failed`. `None` where nothing was looked for.
pub(super) fn calls(record: &ImportRecord) -> Option<String> {
    let [found, imported, failed] = [
        record.calls_listed,
        record.calls_imported,
        record.calls_failed,
    ]
    .map(unsigned);
    let so_far = if record.phase.is_unfinished() {
        " so far"
    } else {
        ""
    };
    if found == 0 {
        let looked = record.started_at.is_some() || record.phase.is_unfinished();
        return looked.then(|| format!("none found{so_far}"));
    }
    let known = imported.saturating_add(failed);
    let Some(rest) = found.checked_sub(known) else {
        return Some(phase::calls(record));
    };
    if rest == 0 && failed == 0 {
        return Some(format!("{} found{so_far}, all imported", number(found)));
    }
    let part = |count: u64, word| (count > 0).then(|| format!(" + {} {word}", number(count)));
    let parts = [part(failed, "failed"), part(rest, "to come")];
    Some(format!(
        "{} found{so_far} = {} imported{}",
        number(found),
        number(imported),
        parts.into_iter().flatten().collect::<String>()
    ))
}

/// What became of everything in the files that were brought:
/// `2,000 files and rows: 1,961 calls imported, 20 came twice, 12 left out, 7 failed`. `None` for other imports.
pub(super) fn accounting(record: &ImportRecord, tally: Option<Tally>) -> Option<String> {
    let tally = tally.filter(|tally| record.method == Method::File && tally.adds_up())?;
    let accounted = tally.imported + tally.changed + tally.unchanged + tally.failed;
    // A night that was broken off began it, and another one ended it.
    let partly = if accounted < record.calls_listed {
        " in the last night"
    } else {
        ""
    };
    Some(format!(
        "{}{partly}: {}",
        everything(record.method, tally),
        parts(tally).join(", ")
    ))
}

/// The same as a sum, of any import: `2,000 calls = 1,961 calls imported + 39 calls unchanged`.
pub(super) fn sum(record: &ImportRecord, tally: Option<Tally>) -> Option<String> {
    let tally = tally.filter(Tally::adds_up)?;
    Some(format!(
        "{} = {}",
        everything(record.method, tally),
        parts(tally).join(" + ")
    ))
}

fn everything(method: Method, tally: Tally) -> String {
    let found = unsigned(tally.found);
    match (method, found) {
        (Method::Api | Method::Oauth, found) => count(found, "call"),
        (Method::File, 1) => "1 file or row".to_owned(),
        (Method::File, found) => format!("{} files and rows", number(found)),
    }
}

/// The parts of a tally, but for those that are nothing.
fn parts(tally: Tally) -> Vec<String> {
    let Tally {
        found: _,
        imported,
        changed,
        unchanged,
        duplicate,
        skipped,
        failed,
    } = tally;
    let calls = |calls: i64, word| format!("{} {word}", count(unsigned(calls), "call"));
    let others = |others: i64, word| format!("{} {word}", number(unsigned(others)));
    let parts = [
        (imported, calls(imported, "imported")),
        (changed, calls(changed, "changed")),
        (unchanged, calls(unchanged, "unchanged")),
        (duplicate, others(duplicate, "came twice")),
        (skipped, others(skipped, "left out")),
        (failed, others(failed, "failed")),
    ];
    let some = parts.into_iter().filter(|(count, _)| *count > 0);
    some.map(|(_, part)| part).collect()
}

/// How many calls have their transcript: `4,986 imported, 12 still expected`. `None` where none is known of.
///
/// `settle_days` says until when those of a finished import are looked for.
pub(super) fn transcripts(record: &ImportRecord, settle_days: Option<u16>) -> Option<String> {
    let [calls, imported, pending] = [
        record.calls_imported,
        record.transcripts_imported,
        record.transcripts_pending,
    ]
    .map(unsigned);
    if imported == 0 && pending == 0 {
        return None;
    }
    let mut text = format!("{} imported", number(imported));
    if pending > 0 && record.phase != Phase::Cancelled {
        text += &format!(", {} still expected", number(pending));
        let until = settle_end(record, settle_days);
        text += &until.map_or_else(String::new, |date| {
            format!(" (we look for them until {})", day(date))
        });
    }
    let without = calls.saturating_sub(imported.saturating_add(pending));
    if without > 0 && is_finished(record) {
        text += &format!(", {} without one", count(without, "call"));
    }
    Some(text)
}

/// How many calls have their recording here: `4,986 copied, 3 could not be copied, 12 still expected, 11 calls without
/// one`. `None` where none is known of, or none is wanted. `settle_days` as for transcripts.
pub(super) fn recordings(record: &ImportRecord, settle_days: Option<u16>) -> Option<String> {
    let MediaCounts {
        stored,
        pending,
        failed,
        unavailable,
    } = record.media;
    let [stored, pending, failed, without] = [stored, pending, failed, unavailable].map(unsigned);
    if stored == 0 && pending == 0 && failed == 0 && without == 0 {
        return None;
    }
    let mut text = format!("{} copied", number(stored));
    if failed > 0 {
        text += &format!(", {} could not be copied", number(failed));
    }
    if pending > 0 && record.phase != Phase::Cancelled {
        text += &format!(", {} still expected", number(pending));
        let until = settle_end(record, settle_days);
        text += &until.map_or_else(String::new, |date| {
            format!(" (we look for them until {})", day(date))
        });
    }
    if without > 0 {
        text += &format!(", {} without one", count(without, "call"));
    }
    Some(text)
}

/// What the calls hold, and why some are missing.
pub(super) fn harvest(record: &ImportRecord, harvest: &Harvest) -> Vec<Fact> {
    let days = harvest.first_day.zip(harvest.last_day);
    let days = days.map(|(first, last)| match first == last {
        true => day(first),
        false => format!("{} to {}", day(first), day(last)),
    });
    let hours = (harvest.duration_ms > 0).then(|| length(harvest.duration_ms));
    let people = (harvest.people > 0).then(|| number(unsigned(harvest.people)));
    let causes =
        (record.calls_failed > 0 && !harvest.causes.is_empty()).then(|| causes(record, harvest));
    let facts = [
        ("Not imported", causes),
        ("First and last call", days),
        ("Length of all calls", hours),
        ("Participants", people),
    ];
    let facts = facts.into_iter();
    facts
        .filter_map(|(name, fact)| Some((name, fact?)))
        .collect()
}

/// `12 calls: The call has no start time.; 2 calls for other reasons`.
fn causes(record: &ImportRecord, harvest: &Harvest) -> String {
    let named: i64 = harvest.causes.iter().map(|(_, calls)| calls).sum();
    let others = unsigned(record.calls_failed.saturating_sub(named));
    let named = harvest.causes.iter().map(|(cause, calls)| {
        let cause = prose(cause.trim_end_matches('.'));
        format!("{}: {cause}", count(unsigned(*calls), "call"))
    });
    let others = (others > 0).then(|| format!("{} for other reasons", count(others, "call")));
    named.chain(others).collect::<Vec<_>>().join("; ")
}

/// `2,104 hours`, `1 hour`, `38 minutes`: to the nearest.
pub(super) fn length(milliseconds: i64) -> String {
    const MINUTE: u64 = 60_000;
    const HOUR: u64 = 60 * MINUTE;
    let all = unsigned(milliseconds);
    match (all + HOUR / 2) / HOUR {
        0 => count((all + MINUTE / 2) / MINUTE, "minute"),
        hours => count(hours, "hour"),
    }
}

/// When it is or will be done, beside the day asked for, and whether the first promise is kept.
pub(super) fn dates(record: &ImportRecord) -> Vec<Fact> {
    let done = done_on(record);
    let date = done.or_else(|| expected(record));
    let asked = record.requested_completion;
    let verdict = date.zip(asked).map(|(date, asked)| against(date, asked));
    let verdict = verdict.map(|verdict| format!(", {verdict}"));
    let verdict = verdict.unwrap_or_default();
    let outcome = match (done, date) {
        (Some(done), _) => Some(("Done on", day(done) + &verdict)),
        (None, Some(date)) => Some(("Expected to be done", day(date) + &verdict)),
        (None, None) if waits(record.phase) => Some((
            "Expected to be done",
            "no date can be told until it goes on".into(),
        )),
        (None, None) => None,
    };
    let promised = record.promised_completion.map(|promised| {
        let kept = match (done, date) {
            (Some(done), _) if done > promised => format!(" ({})", against(done, promised)),
            (Some(_), _) => " (kept)".into(),
            (None, Some(date)) if date > promised => {
                let later = u64::try_from((date - promised).get_days()).unwrap_or(0);
                format!(" (now {} later)", count(later, "day"))
            }
            (None, _) => String::new(),
        };
        ("First promised", day(promised) + &kept)
    });
    let asked = asked.map(|asked| ("Asked for", day(asked)));
    [outcome, asked, promised].into_iter().flatten().collect()
}

/// The date on which work that goes on by itself will be done, if it can be told.
pub(super) fn expected(record: &ImportRecord) -> Option<Date> {
    match record.phase {
        Phase::Queued | Phase::Importing | Phase::Retrying => record.expected_completion,
        Phase::Delayed
        | Phase::NeedsCredentials
        | Phase::NeedsAttention
        | Phase::Completed
        | Phase::CompletedWithFailures
        | Phase::NoCallsFound
        | Phase::Unsupported
        | Phase::Suspended
        | Phase::Cancelled => None,
    }
}

/// The day on which every call of the period had been dealt with.
pub(super) fn done_on(record: &ImportRecord) -> Option<Date> {
    let finished = record.finished_at.filter(|_| is_finished(record));
    finished.map(utc_date)
}

/// A date beside a wanted one: `in time`, `3 days late`.
pub(super) fn against(date: Date, wanted: Date) -> String {
    match u64::try_from((date - wanted).get_days()) {
        Ok(late @ 1..) => format!("{} late", count(late, "day")),
        Ok(0) | Err(_) => "in time".into(),
    }
}

/// Whether every call of the period has been dealt with.
pub(super) const fn is_finished(record: &ImportRecord) -> bool {
    matches!(
        record.phase,
        Phase::Completed | Phase::CompletedWithFailures | Phase::NoCallsFound
    )
}

/// Whether work is left that does not go on before something happens.
const fn waits(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Delayed | Phase::NeedsCredentials | Phase::NeedsAttention
    )
}

/// The last day on which pending transcripts and recordings of a finished import are looked for.
fn settle_end(record: &ImportRecord, settle_days: Option<u16>) -> Option<Date> {
    let days = i64::from(settle_days?).days();
    done_on(record).map(|done| done.saturating_add(days))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::against;

    #[test]
    fn dates_are_in_time_or_late() {
        let wanted = date(2026, 12, 4);
        for (done, expected) in [
            (date(2026, 11, 1), "in time"),
            (date(2026, 12, 4), "in time"),
            (date(2026, 12, 5), "1 day late"),
            (date(2027, 1, 4), "31 days late"),
        ] {
            assert_eq!(against(done, wanted), expected);
        }
    }
}
