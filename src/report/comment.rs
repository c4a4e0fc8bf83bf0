//! Comments on a merged pull request: one that says where its import stands and is edited in place, and
//! one for each event, because edits notify nobody.
//!
//! All are below GitHub's 65,536 characters: what comes from outside is cut where it is quoted.

use super::{
    customer,
    facts::{self, Fact},
    notice::{quotation, subject},
    phase,
    shortfall::{Shortfall, shortfall},
    text::{capped, code_span, count, prose},
};
use crate::{
    model::words::{day, moment, number, unsigned},
    model::{CallFailure, ImportRecord, Notification, Period, Phase, Tally},
};

/// Failures that a comment names. The others are counted.
const MAX_FAILURES: usize = 5;

/// Longest body of an event in bytes.
const MAX_BODY: usize = 60_000;

/// Width of the progress bar in characters.
const BAR: usize = 20;

/// What a status comment says beyond the row.
#[derive(Debug, Clone, Copy, Default)]
pub struct StatusFacts<'a> {
    /// Path of the request file, if it is there.
    pub path: Option<&'a str>,
    /// Calls that the request expects, if it can be read.
    pub estimated_calls: Option<u64>,
    /// Days after the end in which late transcripts are looked for.
    pub settle_days: u16,
    /// The first of the open failures; the row says how many there are.
    pub failures: &'a [CallFailure],
    /// What became of everything that the last attempt found, if one found anything.
    pub tally: Option<Tally>,
    /// The days that the request names, if it does.
    pub period: Option<Period>,
    /// Calls that it brought when it named other days.
    pub outside: i64,
}

/// Where an import stands, for the comment that is edited in place.
///
/// Depends on nothing but what a reader cares for: a night without news gives the same bytes.
pub fn status(record: &ImportRecord, facts: &StatusFacts<'_>) -> String {
    let parts = [
        format!(
            "{}\n**{}**",
            status_marker(&record.request_id),
            headline(record, facts)
        ),
        progress(record, facts),
        table(record, facts),
        quotation(match shortfall(record, facts.estimated_calls) {
            Some(shortfall) => Some(shortfall.to_the_customer(record)),
            None => customer::where_it_stands(record),
        }),
        failures(record, facts),
        format!(
            "<sub>This comment is kept up to date by the nightly run. Engineers find details with `call-import status {}`.</sub>",
            record.request_id
        ),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
}

/// The hidden first line by which a status comment is found again.
pub fn status_marker(request_id: &str) -> String {
    format!("<!-- call-import:status:{request_id} -->")
}

/// What an older status comment says once a later merged pull request took over.
pub fn moved(request_id: &str, new_pull_request: i64) -> String {
    format!(
        "{}\n**The import {} goes on in #{new_pull_request}.**\n\nA later pull request changed the request file. Where the import stands is told there.\n",
        status_marker(request_id),
        code_span(request_id)
    )
}

/// A comment of its own about an event. `mention` is the login of whoever asked for the import.
pub fn event(notification: &Notification, mention: Option<&str>) -> String {
    let marker = event_marker(&notification.notification_id);
    let mention = mention.filter(|login| is_login(login));
    let mention = mention.map(|login| format!("@{login}\n\n"));
    let body = capped(
        "",
        notification.body.lines().map(str::to_owned),
        MAX_BODY,
        |_| {
            format!(
                "\n\nThis was cut: `call-import status {}`.",
                notification.request_id
            )
        },
    );
    format!("{marker}\n{}{}\n", mention.unwrap_or_default(), body.trim())
}

/// The hidden first line by which the comment of an event is found again.
pub fn event_marker(notification_id: &str) -> String {
    format!("<!-- call-import:event:{notification_id} -->")
}

/// Whether a text is the login of a person on GitHub (letters, digits and inner hyphens, at most 39). Bots
/// have brackets in theirs.
pub fn is_login(text: &str) -> bool {
    text.len() <= 39
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn headline(record: &ImportRecord, facts: &StatusFacts<'_>) -> String {
    let date = facts::expected(record).map(|expected| {
        let asked = record.requested_completion;
        let verdict = asked.map(|asked| format!(", {}", facts::against(expected, asked)));
        let verdict = verdict.unwrap_or_default();
        format!(" and should be done by {}{verdict}", day(expected))
    });
    let shortfall = shortfall(record, facts.estimated_calls);
    format!(
        "{} {}{}{}.",
        subject(record),
        phase::words(record),
        shortfall.map(Shortfall::beside).unwrap_or_default(),
        date.unwrap_or_default()
    )
}

/// Bars in text, once it has begun and until it is done.
fn progress(record: &ImportRecord, facts: &StatusFacts<'_>) -> String {
    if !record.phase.is_unfinished() || record.started_at.is_none() {
        return String::new();
    }
    let [
        listed,
        imported,
        transcripts,
        pending,
        recordings,
        recordings_pending,
    ] = [
        record.calls_listed,
        record.calls_imported,
        record.transcripts_imported,
        record.transcripts_pending,
        record.media.stored,
        record.media.pending + record.media.failed,
    ]
    .map(unsigned);
    let expected = facts.estimated_calls.unwrap_or(0);
    let calls = if listed < expected {
        bar("Calls", imported, expected, "about ")
    } else {
        bar("Calls", imported, listed, "")
    };
    let transcripts = bar(
        "Transcripts",
        transcripts,
        transcripts.saturating_add(pending),
        "",
    );
    let recordings = bar(
        "Recordings",
        recordings,
        recordings.saturating_add(recordings_pending),
        "",
    );
    let bars: String = [calls, transcripts, recordings]
        .into_iter()
        .flatten()
        .collect();
    if bars.is_empty() {
        return bars;
    }
    format!("```text\n{bars}```")
}

/// `Calls        ████████████░░░░░░░░  64 %  3,200 of about 5,000`; full only when everything is there.
fn bar(name: &str, done: u64, all: u64, about: &str) -> Option<String> {
    let share = |whole: usize| {
        let done = u128::from(done.min(all)) * whole as u128;
        usize::try_from(done.checked_div(u128::from(all))?).ok()
    };
    let full = share(BAR)?;
    Some(format!(
        "{name:<12} {}{} {:>3} %  {} of {about}{}\n",
        "█".repeat(full),
        "░".repeat(BAR - full),
        share(100)?,
        number(done),
        number(all)
    ))
}

fn table(record: &ImportRecord, facts: &StatusFacts<'_>) -> String {
    let rows = rows(record, facts);
    let rows = rows
        .iter()
        .map(|(name, fact)| format!("| {name} | {fact} |"));
    let header = "| | |\n|---|---|".to_owned();
    let lines: Vec<String> = std::iter::once(header).chain(rows).collect();
    lines.join("\n")
}

fn rows(record: &ImportRecord, facts: &StatusFacts<'_>) -> Vec<Fact> {
    let turn = format!("**{}**", phase::turn(record.whose_turn));
    let reason = record.reason.as_deref().map(prose);
    let transcripts = facts::transcripts(record, Some(facts.settle_days));
    let recordings = facts::recordings(record, Some(facts.settle_days));
    let account = code_span(&record.account);
    let request = match facts.path {
        Some(path) => ("Request", format!("{}, account {account}", code_span(path))),
        None => ("Account", account),
    };
    let next_step = match shortfall(record, facts.estimated_calls) {
        Some(shortfall) => shortfall.next_step(record),
        None => phase::next_step(record),
    };
    let row = |name, fact: Option<String>| fact.map(|fact| (name, fact));
    let before = [
        row("Whose turn", Some(turn)),
        row("What to do", Some(next_step)),
        row("Why", reason),
        row("Period", period(facts)),
        row("Calls", calls(record, facts)),
        row(facts::IN_THE_FILES, facts::accounting(record, facts.tally)),
        row("Transcripts", transcripts),
        row("Recordings", recordings),
    ];
    let after = [
        row("Failing since", failing_since(record)),
        next_attempt(record),
        Some(request),
    ];
    let before = before.into_iter().flatten();
    let after = after.into_iter().flatten();
    before.chain(facts::dates(record)).chain(after).collect()
}

/// The days of which calls are wanted, and what is here of others: a request that wants less takes nothing back.
fn period(facts: &StatusFacts<'_>) -> Option<String> {
    let Period { from, to } = facts.period?;
    let more = match unsigned(facts.outside) {
        0 => String::new(),
        1 => "; 1 call of other days, from before the request was changed, stays here".to_owned(),
        outside => format!(
            "; {} of other days, from before the request was changed, stay here",
            count(outside, "call")
        ),
    };
    Some(format!("{} to {}{more}", day(from), day(to)))
}

fn calls(record: &ImportRecord, facts: &StatusFacts<'_>) -> Option<String> {
    match facts.estimated_calls {
        Some(expected) if record.calls_listed == 0 && record.phase.is_unfinished() => Some(
            format!("none found so far, about {} expected", number(expected)),
        ),
        _ => facts::calls(record),
    }
}

fn failing_since(record: &ImportRecord) -> Option<String> {
    let failing = matches!(record.phase, Phase::Retrying | Phase::Delayed);
    record.failing_since.filter(|_| failing).map(moment)
}

/// When work begins or goes on, for imports that do so by themselves.
fn next_attempt(record: &ImportRecord) -> Option<Fact> {
    let (name, next) = match record.phase {
        Phase::Queued => ("Begins", "next night, or the first that has room for it"),
        Phase::Importing => ("Goes on", "next night"),
        Phase::Retrying | Phase::Delayed => ("Next attempt", "next night"),
        Phase::NeedsAttention if record.tries_again_by_itself() => {
            return Some(("Next attempt", "next night".into()));
        }
        Phase::NeedsCredentials
        | Phase::NeedsAttention
        | Phase::Completed
        | Phase::CompletedWithFailures
        | Phase::NoCallsFound
        | Phase::Unsupported
        | Phase::Suspended
        | Phase::Cancelled => return None,
    };
    let after = |time| format!("in the first night after {}", moment(time));
    let when = record.next_attempt_at.map_or_else(|| next.into(), after);
    Some((name, when))
}

/// Which calls or files failed first, and why; a count of the others.
fn failures(record: &ImportRecord, facts: &StatusFacts<'_>) -> String {
    let shown = &facts.failures[..facts.failures.len().min(MAX_FAILURES)];
    if shown.is_empty() {
        return String::new();
    }
    let lines = shown.iter().map(|failure| {
        let part = match failure.stage.as_str() {
            "transcript" => " (its transcript)",
            "media" => " (its recording)",
            _ => "",
        };
        let id = code_span(&failure.external_id);
        format!("- {id}{part}: {}", prose(&failure.detail))
    });
    let all = unsigned(record.failed()).max(facts.failures.len() as u64);
    let more = all - shown.len() as u64;
    let more = (more > 0).then(|| {
        let id = &record.request_id;
        format!("- and {} more: `call-import status {id}`", number(more))
    });
    let lines: Vec<String> = lines.chain(more).collect();
    format!("Not imported:\n\n{}", lines.join("\n"))
}
