//! The plan in three sentences: what happens and when, how that fits to what was asked, what is next.

use jiff::civil::Date;

use super::View;
use crate::{
    model::Phase,
    model::words::day,
    plan::{Accident, Action, BYTES_OF_A_CALL, Plan, PlannedImport},
    report::text::{count, grouped},
    spec::{Finding, Severity},
};

/// How the sentences quote what comes from outside.
#[derive(Clone, Copy)]
pub(super) struct Quote {
    /// A name.
    pub(super) name: fn(&str) -> String,
    /// A sentence.
    pub(super) sentence: fn(&str) -> String,
}

/// The sentences with which a plan begins, the most important one first.
pub(super) fn sentences(
    plan: &Plan,
    imports: &[&PlannedImport],
    view: &View<'_>,
    quote: Quote,
) -> Vec<String> {
    if let Some(accident) = plan.accident() {
        // What the plan says else does not happen.
        return vec![refusal(accident)];
    }
    let dates = dates(imports, view, quote);
    dates.into_iter().chain(next_step(imports, view)).collect()
}

/// What happens and when, and how that fits to what was asked.
pub(super) fn dates(imports: &[&PlannedImport], view: &View<'_>, quote: Quote) -> Vec<String> {
    let first = outcome(imports, view, quote);
    let more = [gap(imports, quote), media(imports)];
    std::iter::once(first)
        .chain(more.into_iter().flatten())
        .collect()
}

/// That the next run stops, and what to do about it.
pub(super) fn refusal(accident: Accident) -> String {
    match accident {
        Accident::NoRequests { unfinished } => format!(
            "The next run will stop with exit code 3 and do nothing: there are no request files, but {} not finished. This looks like a wrong folder.",
            are(unfinished)
        ),
        Accident::TooManyCancels {
            cancels,
            unfinished,
        } => format!(
            "The next run will stop with exit code 3 and do nothing, unless `--allow-cancel {cancels}` is given: the request files of {cancels} of {} are gone. If that is not meant, bring the files back.",
            count(unfinished as u64, "unfinished import")
        ),
    }
}

fn are(imports: usize) -> String {
    let verb = if imports == 1 { "is" } else { "are" };
    format!("{} {verb}", count(imports as u64, "import"))
}

/// Why an import is held; of a file with several errors, also where the others are.
pub(super) fn held_reason(import: &PlannedImport, view: &View<'_>, quote: Quote) -> String {
    let reason = (quote.sentence)(&import.reason);
    let from = (quote.sentence)(&view.source(import));
    if let Some(condition) = with_credential(import, &from, view) {
        return format!("{reason} {condition}");
    }
    let of_the_file = |finding: &&Finding| {
        finding.severity == Severity::Error && import.path.as_ref() == Some(&finding.path)
    };
    match view.findings().filter(of_the_file).count() {
        0 | 1 => reason,
        errors => {
            format!("{reason} The first of {errors} errors; `call-import validate` shows all.")
        }
    }
}

/// What happens, and until when.
fn outcome(imports: &[&PlannedImport], view: &View<'_>, quote: Quote) -> String {
    match imports {
        [] if view.changed.is_some() => "No import request is changed here.".into(),
        [] => "There are no import requests.".into(),
        [import] => outcome_of_one(import, view, quote),
        imports => outcome_of_many(imports),
    }
}

/// How the dates fit to the dates that were asked for.
pub(super) fn gap(imports: &[&PlannedImport], quote: Quote) -> Option<String> {
    if let [import] = imports {
        if import.action == Action::None {
            return None;
        }
        let (expected, requested) = import
            .expected_completion
            .zip(import.requested_completion)?;
        return Some(gap_of_one(expected, requested));
    }
    let late: Vec<&str> = imports
        .iter()
        .filter(|import| import.action != Action::None && import.in_time == Some(false))
        .map(|import| import.request_id.as_str())
        .collect();
    match late.as_slice() {
        [] if imports.iter().any(|import| import.in_time.is_some()) => {
            Some("Every date that can be told is in time.".into())
        }
        [] => None,
        late => {
            let (named, rest) = late.split_at(late.len().min(3));
            let mut names = named.iter().map(|id| (quote.name)(id)).collect::<Vec<_>>();
            if !rest.is_empty() {
                names.push(format!("{} more", rest.len()));
            }
            let late = count(late.len() as u64, "import");
            Some(format!(
                "Later than asked for: {late} ({}).",
                names.join(", ")
            ))
        }
    }
}

/// How much audio and video there is to copy.
pub(super) fn media(imports: &[&PlannedImport]) -> Option<String> {
    let bytes: u64 = imports.iter().map(|import| import.media_bytes).sum();
    (bytes > 0).then(|| {
        format!(
            "About {} GB of audio and video are to be copied, at {} MB a call.",
            grouped(bytes.div_ceil(1_000_000_000)),
            BYTES_OF_A_CALL / 1_000_000,
        )
    })
}

/// What somebody should do now.
fn next_step(imports: &[&PlannedImport], view: &View<'_>) -> Option<String> {
    if let [import] = imports
        && let Some(step) = step_of_one(import)
    {
        return Some(step.into());
    }
    let (stuck, late) = attention(imports);
    let works = imports
        .iter()
        .any(|import| import.action == Action::Import || import.expected_completion.is_some());
    if imports.is_empty() {
        None
    } else if works && stuck == 0 && view.changed.is_some() {
        Some("Merge, and the next night begins with it.".into())
    } else if stuck > 0 {
        let verb = if stuck == 1 { "needs" } else { "need" };
        let imports = count(stuck as u64, "import");
        let late = (late > 0).then(|| format!(" {}", agree(late)));
        Some(format!(
            "{imports} {verb} somebody: the reasons are below.{}",
            late.unwrap_or_default()
        ))
    } else if late > 0 {
        Some(agree(late))
    } else {
        Some("Nothing needs attention.".into())
    }
}

/// How many imports are held until somebody does something, and how many others will be done later than asked.
fn attention(imports: &[&PlannedImport]) -> (usize, usize) {
    let is_stuck = |import: &PlannedImport| needs_somebody(import);
    let is_late = |import: &PlannedImport| {
        import.action != Action::None && import.in_time == Some(false) && !is_stuck(import)
    };
    let stuck = imports.iter().filter(|import| is_stuck(import)).count();
    let late = imports.iter().filter(|import| is_late(import)).count();
    (stuck, late)
}

fn agree(late: usize) -> String {
    let (imports, it, verb) = match late {
        1 => ("1 import".to_owned(), "it", "is"),
        late => (count(late as u64, "import"), "them", "are"),
    };
    format!(
        "{imports} {verb} late: agree on another day with the customer, or on fewer days of calls to import for {it}."
    )
}

/// Whether the import is held until somebody does something: not by its own file's will, and not because its
/// platform is to be left alone for a while.
fn needs_somebody(import: &PlannedImport) -> bool {
    let goes_on_by_itself = matches!(
        import.phase,
        Phase::Queued | Phase::Importing | Phase::Retrying
    ) && import.expected_completion.is_some();
    let is_meant = import.left_out || import.phase == Phase::Suspended;
    import.action == Action::Hold && !goes_on_by_itself && !is_meant
}

/// What somebody should do about a held import.
fn step_of_one(import: &PlannedImport) -> Option<&'static str> {
    match (import.action, import.phase) {
        (Action::Hold, _) if import.needs_credential => {
            Some("Hand in its credential; `call-import validate` says how.")
        }
        (Action::Hold, Phase::NeedsCredentials) => Some("Ask the customer for a new credential."),
        (Action::Hold, Phase::NeedsAttention) => Some("Somebody must look at it."),
        (Action::Hold, Phase::Unsupported) => Some("Offer the customer the alternative."),
        _ => None,
    }
}

fn outcome_of_one(import: &PlannedImport, view: &View<'_>, quote: Quote) -> String {
    let customer = (quote.name)(&import.customer);
    let from = (quote.sentence)(&view.source(import));
    let reason = (quote.sentence)(&import.reason);
    match (import.action, import.expected_completion) {
        (Action::None, _) => format!("Nothing to do for {customer}. {reason}"),
        (Action::Import | Action::Hold, _) if import.needs_credential => {
            let reason = held_reason(import, view, quote);
            format!("Nothing is imported for {customer} now: {reason}")
        }
        (Action::Import | Action::Hold, Some(date)) if import.calls > 0 => {
            let calls = count(import.calls, "call");
            let date = day(date);
            format!("About {calls} of {customer} will be imported from {from} by {date}.")
        }
        (Action::Import, _) => format!("Import for {customer}: {reason}"),
        (Action::Hold, _) if import.customer.is_empty() => format!("Held: {reason}"),
        (Action::Hold, _) => format!("Nothing is imported for {customer} now: {reason}"),
    }
}

/// When an import is done that lacks nothing but its credential.
pub(super) fn with_credential(
    import: &PlannedImport,
    from: &str,
    view: &View<'_>,
) -> Option<String> {
    let dates = import.expected_start.zip(import.expected_completion);
    let (start, end) = dates.filter(|_| import.needs_credential)?;
    Some(format!(
        "If it is handed in and merged before {}, {} UTC, about {} from {from} will be imported by {}, in {}.",
        day(start),
        view.matrix.nightly.at.strftime("%H:%M"),
        count(import.calls, "call"),
        day(end),
        count(import.nights, "night"),
    ))
}

fn outcome_of_many(imports: &[&PlannedImport]) -> String {
    let mut counts = [0_usize; VERBS.len()];
    for import in imports {
        counts[verb(import)] += 1;
    }
    let parts: Vec<String> = counts
        .iter()
        .zip(VERBS)
        .filter(|(number, _)| **number > 0)
        .map(|(number, (one, many))| format!("{number} {}", if *number == 1 { one } else { many }))
        .collect();
    let last = imports
        .iter()
        .filter(|import| import.action != Action::None && !import.needs_credential)
        .filter_map(|import| import.expected_completion)
        .max();
    let last = last.map(|date| format!(" The last date that can be told is {}.", day(date)));
    let all = count(imports.len() as u64, "import");
    format!("{all}: {}.{}", parts.join(", "), last.unwrap_or_default())
}

/// What happens to one import and to several.
const VERBS: &[(&str, &str)] = &[
    ("begins in the next night", "begin in the next night"),
    ("goes on in the next night", "go on in the next night"),
    (
        "is done and looked through once more",
        "are done and looked through once more",
    ),
    ("is held", "are held"),
    ("has nothing to do", "have nothing to do"),
];

/// The place in [`VERBS`] of what happens to an import.
const fn verb(import: &PlannedImport) -> usize {
    match (import.action, import.phase) {
        (Action::Import, Phase::Queued) => 0,
        (Action::Import, Phase::Completed | Phase::CompletedWithFailures | Phase::NoCallsFound) => {
            2
        }
        (Action::Import, _) => 1,
        (Action::Hold, _) => 3,
        (Action::None, _) => 4,
    }
}

fn gap_of_one(expected: Date, requested: Date) -> String {
    let days = (requested - expected).get_days();
    let apart = count(u64::from(days.unsigned_abs()), "day");
    let requested = day(requested);
    match days {
        0 => "That is the day that was asked for.".into(),
        1.. => format!("That is {apart} before the day that was asked for, {requested}."),
        ..0 => format!("That is {apart} after the day that was asked for, {requested}."),
    }
}
