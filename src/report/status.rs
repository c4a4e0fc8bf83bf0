//! What is recorded about the imports, as people and programs read it.

use std::fmt::Write as _;

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::{
    facts,
    phase::{self, Group},
    text::{count, inline, sentence},
};
use crate::{
    model::words::{day, moment, number, transcripts_and_recordings, unsigned, utc_date},
    model::{CallFailure, ImportRecord, LeftOut, Method, Phase, Tally, WhoseTurn},
    plan::PlannedImport,
};

/// Failures shown to people; programs get all.
const MAX_FAILURES: usize = 20;

/// A table of all imports, worst first, then who must do what.
pub fn plain(records: &[ImportRecord]) -> String {
    if records.is_empty() {
        return "Nothing is recorded yet.\n".into();
    }
    let records = worst_first(records);
    table(&records) + &who_must_act(&records, &[])
}

/// How many imports stand where, and who must do what: the end of a run. `held` are requests of which nothing
/// is recorded, because their files do not validate.
pub fn run_summary(records: &[ImportRecord], held: &[&PlannedImport]) -> String {
    let records = worst_first(records);
    tally(&records) + "\n" + &who_must_act(&records, held)
}

/// What is told of one import beyond its row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Details<'a> {
    /// Its open failures.
    pub failures: &'a [CallFailure],
    /// What of its files makes no call of its own.
    pub left_out: &'a [LeftOut],
    /// What became of everything that the last attempt found, if one found anything.
    pub tally: Option<Tally>,
}

/// Everything about one import, and the first of its calls or files that could not be imported or were left out.
pub fn detail(record: &ImportRecord, details: &Details<'_>) -> String {
    let mut text = format!(
        "The import {} {}.\n\n",
        inline(&record.request_id),
        phase::words(record)
    );
    for (label, value) in facts(record, details.tally) {
        let _ = writeln!(text, "  {label:<18}{value}");
    }
    text + &not_imported(record, details.failures) + &left_out(record, details.left_out)
}

/// Which calls or files failed, and why; a count of those without room.
fn not_imported(record: &ImportRecord, failures: &[CallFailure]) -> String {
    if failures.is_empty() {
        return String::new();
    }
    let mut text = "\nNot imported:\n".to_owned();
    let shown = &failures[..failures.len().min(MAX_FAILURES)];
    for failure in shown {
        let (id, detail) = (inline(&failure.external_id), sentence(&failure.detail));
        let _ = match failure.stage.as_str() {
            "transcript" => writeln!(text, "  - {id} (its transcript): {detail}"),
            "media" => writeln!(text, "  - {id} (its recording): {detail}"),
            _ => writeln!(text, "  - {id}: {detail}"),
        };
    }
    let all = unsigned(record.failed()).max(failures.len() as u64);
    let more = all - shown.len() as u64;
    if more > 0 {
        let id = &record.request_id;
        let all = match record.method {
            Method::File => format!("`call-import status {id} --failures {id}.csv` writes all."),
            Method::Api | Method::Oauth => {
                format!("`call-import status {id} --format json` has all.")
            }
        };
        let _ = writeln!(text, "  and {} more: {all}", number(more));
    }
    text
}

/// What makes no call of its own, and why; a count of the rest.
fn left_out(record: &ImportRecord, left_out: &[LeftOut]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let mut text = "\nLeft out, or there twice:\n".to_owned();
    for LeftOut { name, reason, .. } in left_out.iter().take(MAX_FAILURES) {
        let _ = writeln!(text, "  - {}: {}", inline(name), sentence(reason));
    }
    let more = left_out.len().saturating_sub(MAX_FAILURES);
    if more > 0 {
        let _ = writeln!(
            text,
            "  and {} more: `call-import status {} --format json` has all.",
            number(more as u64),
            record.request_id
        );
    }
    text
}

/// What follows from trying an import again, from its row after that.
pub fn retried(record: &ImportRecord) -> String {
    let id = inline(&record.request_id);
    match record.phase {
        Phase::Queued
        | Phase::Importing
        | Phase::Retrying
        | Phase::Delayed
        | Phase::NeedsCredentials
        | Phase::NeedsAttention
        | Phase::CompletedWithFailures => format!("{id} goes again in the next run.\n"),
        Phase::Completed => format!("There is nothing to try again: the import {id} is done.\n"),
        Phase::NoCallsFound | Phase::Unsupported | Phase::Suspended | Phase::Cancelled => format!(
            "There is nothing to try again: the import {id} {}. {}\n",
            phase::words(record),
            phase::next_step(record)
        ),
    }
}

/// The rows for programs: `{"imports": [{the columns of table imports}]}`.
pub fn json(records: &[ImportRecord]) -> Value {
    json!({"imports": records})
}

/// The same for one import, with its open failures, `"failures": [{external_id, stage, detail}]`, what was left out,
/// `"left_out": [{name, reason, is_duplicate}]`, and what became of all that the last attempt found, `"last_attempt"`.
pub fn detail_json(record: &ImportRecord, details: &Details<'_>) -> Value {
    let mut document = json(std::slice::from_ref(record));
    let import = &mut document["imports"][0];
    import["failures"] = json!(details.failures);
    import["left_out"] = json!(details.left_out);
    import["last_attempt"] = json!(details.tally);
    document
}

/// Needs somebody, failing, working, done; within a group by requested date.
pub(super) fn worst_first(records: &[ImportRecord]) -> Vec<&ImportRecord> {
    let mut sorted: Vec<&ImportRecord> = records.iter().collect();
    sorted.sort_by_key(|record| {
        let asked = record.requested_completion;
        (
            phase::group(record.phase),
            asked.is_none(),
            asked,
            &record.request_id,
        )
    });
    sorted
}

/// The phase comes first, so that nothing from outside begins a line.
fn table(records: &[&ImportRecord]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "PHASE",
        "REQUEST",
        "CUSTOMER",
        "FROM",
        "CALLS",
        "TRANSCRIPTS",
        "DONE BY",
        "ASKED FOR",
    ]);
    for record in records {
        table.add_row([
            record.phase.as_str().replace('_', " "),
            inline(&record.request_id),
            inline(&record.customer),
            inline(&phase::platform(&record.platform)),
            phase::calls(record),
            number(unsigned(record.transcripts_imported)),
            done_by(record).unwrap_or_else(|| "–".into()),
            record.requested_completion.map_or_else(|| "–".into(), day),
        ]);
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

pub(super) fn done_by(record: &ImportRecord) -> Option<String> {
    let finished = record.finished_at.map(utc_date);
    match record.phase {
        Phase::Completed | Phase::CompletedWithFailures | Phase::NoCallsFound => finished.map(day),
        Phase::Queued | Phase::Importing | Phase::Retrying => record.expected_completion.map(day),
        Phase::Delayed
        | Phase::NeedsCredentials
        | Phase::NeedsAttention
        | Phase::Unsupported
        | Phase::Suspended
        | Phase::Cancelled => None,
    }
}

fn who_must_act(records: &[&ImportRecord], held: &[&PlannedImport]) -> String {
    let held = held.iter().map(|import| {
        let (id, turn) = (inline(&import.request_id), phase::turn(WhoseTurn::Cs));
        let reason = sentence(&import.reason);
        format!("  - {id} ({turn}): {reason} `call-import validate` says where.\n")
    });
    let lines: String = records
        .iter()
        .filter(|record| calls_for_people(record.phase))
        .map(|record| {
            let id = inline(&record.request_id);
            let turn = phase::turn(record.whose_turn);
            let reason = record.reason.as_deref().map(sentence);
            let reason = reason.map(|reason| reason + " ").unwrap_or_default();
            format!("  - {id} ({turn}): {reason}{}\n", phase::next_step(record))
        })
        .chain(held)
        .collect();
    let pending = still_to_come(records);
    if lines.is_empty() {
        format!("\nNothing needs attention.\n{pending}")
    } else if pending.is_empty() {
        format!("\nWho must act:\n{lines}")
    } else {
        format!("\nWho must act:\n{lines}\n{pending}")
    }
}

/// A delayed import is tried again by itself, but the customer must be told.
pub(super) fn calls_for_people(phase: Phase) -> bool {
    phase == Phase::Delayed || phase::group(phase) == Group::NeedsSomebody
}

/// One line about finished imports that still wait for transcripts or recordings.
pub(super) fn still_to_come(records: &[&ImportRecord]) -> String {
    let waiting = records.iter().filter(|record| {
        matches!(
            record.phase,
            Phase::Completed | Phase::CompletedWithFailures
        ) && (record.transcripts_pending > 0 || record.media.pending > 0)
    });
    let (mut imports, mut transcripts, mut recordings) = (0, 0, 0);
    for record in waiting {
        imports += 1;
        transcripts += unsigned(record.transcripts_pending);
        recordings += unsigned(record.media.pending);
    }
    if imports == 0 {
        return String::new();
    }
    format!(
        "{} of {} still to come; the next runs look for them.\n",
        transcripts_and_recordings(transcripts, recordings, ""),
        count(imports, "completed import"),
    )
}

pub(super) fn tally(records: &[&ImportRecord]) -> String {
    let groups = [
        (Group::NeedsSomebody, "needs somebody", "need somebody"),
        (
            Group::Failing,
            "fails and is tried again",
            "fail and are tried again",
        ),
        (Group::Working, "goes on", "go on"),
        (Group::Done, "is done", "are done"),
        (Group::Suspended, "is suspended", "are suspended"),
        (Group::Cancelled, "is cancelled", "are cancelled"),
    ];
    let parts: Vec<String> = groups
        .iter()
        .filter_map(|(group, one, many)| {
            let same = |record: &&&ImportRecord| phase::group(record.phase) == *group;
            match records.iter().filter(same).count() {
                0 => None,
                1 => Some(format!("1 {one}")),
                several => Some(format!("{several} {many}")),
            }
        })
        .collect();
    let all = count(records.len() as u64, "import");
    if parts.is_empty() {
        format!("{all}.")
    } else {
        format!("{all}: {}.", parts.join(", "))
    }
}

fn facts(record: &ImportRecord, tally: Option<Tally>) -> Vec<(&'static str, String)> {
    let platform = inline(&phase::platform(&record.platform));
    let account = inline(&record.account);
    let transcripts = format!(
        "{} imported, {} still expected",
        number(unsigned(record.transcripts_imported)),
        number(unsigned(record.transcripts_pending))
    );
    let facts = [
        ("Customer", Some(inline(&record.customer))),
        (
            "From",
            Some(format!(
                "{platform} ({}), account {account}",
                record.method.as_str()
            )),
        ),
        (
            "Whose turn",
            Some(phase::turn(record.whose_turn).to_owned()),
        ),
        ("Why", record.reason.as_deref().map(sentence)),
        ("What to do", Some(phase::next_step(record))),
        ("Calls", Some(phase::calls(record))),
        ("Last attempt", facts::sum(record, tally)),
        ("Transcripts", Some(transcripts)),
        ("Recordings", facts::recordings(record, None)),
        (
            "Requests sent",
            Some(number(unsigned(record.requests_sent))),
        ),
        ("Asked for", record.requested_completion.map(day)),
        ("First promised", record.promised_completion.map(day)),
        ("Expected", record.expected_completion.map(day)),
        ("First seen", Some(moment(record.first_seen_at))),
        ("Begun", record.started_at.map(moment)),
        ("Finished", record.finished_at.map(moment)),
        ("Failing since", record.failing_since.map(moment)),
        ("Next attempt", record.next_attempt_at.map(moment)),
        ("Last change", Some(moment(record.updated_at))),
        (
            "Pull request",
            record.pull_request.map(|number| format!("#{number}")),
        ),
    ];
    facts
        .into_iter()
        .filter_map(|(label, value)| Some((label, value?)))
        .collect()
}
