//! The job summary of a run: how all imports stand, worst first, and what somebody must do.

use jiff::Timestamp;

use super::{
    customer, phase,
    status::{calls_for_people, done_by, still_to_come, tally, worst_first},
    text::{capped, code_span, count, prose},
};
use crate::{
    model::words::{day, moment, number, unsigned, utc_date},
    model::{ImportRecord, Notification, RunOutcome, RunRow},
};

/// Longest parts in bytes. Together they stay below 900 kB; GitHub takes 1 MiB a step (GitHub Docs, "Adding
/// a job summary").
const TABLE: usize = 450_000;
const TO_DO: usize = 200_000;
const UNDELIVERED: usize = 200_000;

/// The summary in Markdown. `skipped` are planned nights without a run, the earliest first;
/// `undelivered` are events whose comment could not be placed, and `waiting` counts those that the next run
/// tells: these are not told here, so that nobody hears of them twice.
pub fn markdown(
    run: &RunRow,
    imports: &[ImportRecord],
    skipped: &[Timestamp],
    undelivered: &[Notification],
    waiting: usize,
) -> String {
    let imports = worst_first(imports);
    let parts = [
        headline(&imports),
        skipped_nights(skipped),
        table(&imports),
        to_do(&imports),
        not_delivered(undelivered),
        told_later(waiting),
        counts(run),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
}

fn headline(imports: &[&ImportRecord]) -> String {
    if imports.is_empty() {
        return "## No import is recorded yet.".into();
    }
    format!("## {}", tally(imports))
}

fn skipped_nights(skipped: &[Timestamp]) -> String {
    match skipped {
        [] => String::new(),
        [night] => format!(
            "**No run in the night of {}: 1 night was skipped.** This run does what it left.",
            day(utc_date(*night))
        ),
        [first, .., last] => format!(
            "**No run between {} and {}: {} were skipped.** This run does what they left.",
            day(utc_date(*first)),
            day(utc_date(*last)),
            count(skipped.len() as u64, "night")
        ),
    }
}

fn table(imports: &[&ImportRecord]) -> String {
    let header = "| Phase | Request | Customer | From | Calls | Transcripts | Done by | Asked for | Whose turn | Pull request |\n|---|---|---|---|---|--:|---|---|---|---|";
    let rows = imports.iter().map(|record| row(record));
    capped(header, rows, TABLE, |left| {
        format!("\n\nand {} without room here.", count(left, "more import"))
    })
}

fn row(record: &ImportRecord) -> String {
    let dash = || "–".to_owned();
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        record.phase.as_str().replace('_', " "),
        code_span(&record.request_id),
        code_span(&record.customer),
        customer::source(record),
        phase::calls(record),
        number(unsigned(record.transcripts_imported)),
        done_by(record).unwrap_or_else(dash),
        record.requested_completion.map_or_else(dash, day),
        phase::turn(record.whose_turn),
        record
            .pull_request
            .map_or_else(dash, |number| format!("#{number}")),
    )
}

fn to_do(imports: &[&ImportRecord]) -> String {
    let waiting = imports
        .iter()
        .filter(|record| calls_for_people(record.phase));
    let lines = waiting.map(|record| {
        let reason = record.reason.as_deref().map(prose);
        let reason = reason.map(|reason| reason + " ").unwrap_or_default();
        format!(
            "- {} ({}): {reason}{}",
            code_span(&record.request_id),
            phase::turn(record.whose_turn),
            phase::next_step(record)
        )
    });
    let list = capped("### Who must act\n", lines, TO_DO, |left| {
        format!("\n- and {}", count(left, "more import"))
    });
    let pending = still_to_come(imports);
    let parts = [list, pending.trim_end().to_owned()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n")
}

/// What could not be told on a pull request is told here, each quoted as a whole.
fn not_delivered(undelivered: &[Notification]) -> String {
    let events = undelivered.iter().map(|notification| {
        let quoted = notification.body.lines().map(|line| format!("> {line}\n"));
        format!(
            "\n{} ({}):\n\n{}",
            code_span(&notification.request_id),
            notification.kind.as_str().replace('_', " "),
            quoted.collect::<String>().trim_end()
        )
    });
    let header =
        "### Not delivered\n\nThese could not be placed on a pull request. Please pass them on.";
    capped(header, events, UNDELIVERED, |left| {
        format!("\n\nand {} without room here.", count(left, "more message"))
    })
}

fn told_later(waiting: usize) -> String {
    match waiting {
        0 => String::new(),
        1 => "1 message could not be told on GitHub tonight. The next run tells it; nobody needs to do anything.".into(),
        several => format!(
            "{several} messages could not be told on GitHub tonight. The next run tells them; nobody needs to do anything."
        ),
    }
}

/// What the run itself did.
fn counts(run: &RunRow) -> String {
    let took = match run.finished_at {
        Some(finished) => format!(" and took {}", duration(run.started_at, finished)),
        None => String::new(),
    };
    let outcome = match run.outcome {
        Some(RunOutcome::Completed) => "All work was done.",
        Some(RunOutcome::Deadline) => "The night ended first; the rest goes on next night.",
        Some(RunOutcome::Interrupted) => "It was stopped; the rest goes on in the next run.",
        Some(RunOutcome::Failed) => "It could not go on; the log says why.",
        None => "It has not ended.",
    };
    let failed = match unsigned(run.calls_failed) {
        0 => String::new(),
        failed => format!("; {} could not be read", number(failed)),
    };
    format!(
        "### This run\n\nIt sent {} and recorded {}{failed}. It began on {}{took}. {outcome}",
        count(unsigned(run.requests_sent), "request"),
        count(unsigned(run.calls_imported), "new call"),
        moment(run.started_at),
    )
}

/// `2 h 13 min`, by whole minutes.
fn duration(from: Timestamp, to: Timestamp) -> String {
    match to.duration_since(from).as_mins() {
        ..=0 => "less than a minute".into(),
        minutes @ 1..60 => format!("{minutes} min"),
        minutes => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}
