//! Notifications in words for customer success: what happened, whose turn it is, what to do, what is
//! known, and what to tell the customer.

use jiff::civil::Date;

use super::{
    customer,
    facts::{self, Fact},
    phase,
    shortfall::{Shortfall, shortfall},
    text::{code_span, count, prose},
};
use crate::{
    model::words::{day, unsigned},
    model::{Harvest, ImportRecord, Notification, NotificationKind, Period, Tally},
};

/// What a notification may say beyond the row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Occasion<'a> {
    /// The date told before, where a later one is told now.
    pub told: Option<Date>,
    /// The days wanted.
    pub period: Option<Period>,
    /// Calls that the request expects.
    pub estimated_calls: Option<u64>,
    /// What the import has brought, where it is done.
    pub harvest: Option<&'a Harvest>,
    /// What became of everything that the attempt found, if it found anything.
    pub tally: Option<Tally>,
}

/// The Markdown text of a notification about an import as it stands now.
///
/// The hidden first line by which a comment is found again and the mention of the requester are not part
/// of it: only GitHub knows them.
pub fn body(record: &ImportRecord, kind: NotificationKind, occasion: Occasion<'_>) -> String {
    let parts = [
        format!("**{}**", headline(record, kind, occasion)),
        what_happened(record, kind),
        list(record, kind, occasion),
        to_the_customer(record, kind, occasion),
        hidden(kind, occasion),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
}

/// The text about a date that slipped, as it holds now: from all that was written of it and never told.
/// `None` where it does not slip any more, or nothing is expected any more.
pub fn slipped(record: &ImportRecord, untold: &[Notification]) -> Option<String> {
    let told = untold.iter().filter_map(|event| told_before(&event.body));
    let told = told.min()?;
    (facts::expected(record)? > told).then(|| {
        let occasion = Occasion {
            told: Some(told),
            ..Occasion::default()
        };
        body(record, NotificationKind::DateSlipped, occasion)
    })
}

/// What stands before the date that people were told, unseen at the end of the text.
const TOLD: &str = "<!-- told: ";

fn hidden(kind: NotificationKind, occasion: Occasion<'_>) -> String {
    match (kind, occasion.told) {
        (NotificationKind::DateSlipped, Some(told)) => format!("{TOLD}{told} -->"),
        _ => String::new(),
    }
}

fn told_before(body: &str) -> Option<Date> {
    let line = body
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix(TOLD))?;
    line.trim_end_matches(" -->").parse().ok()
}

/// The import by customer and platform, with which every headline begins.
pub(super) fn subject(record: &ImportRecord) -> String {
    format!(
        "The import for {} from {}",
        code_span(&record.customer),
        customer::source(record)
    )
}

/// Sentences that can be sent as they are, as a quotation. Empty without any.
pub(super) fn quotation(sentences: Option<String>) -> String {
    sentences.map_or_else(String::new, |text| {
        format!("To tell the customer:\n\n> {text}")
    })
}

fn headline(record: &ImportRecord, kind: NotificationKind, occasion: Occasion<'_>) -> String {
    let import = subject(record);
    match kind {
        NotificationKind::Recovered => format!("{import} goes on again."),
        NotificationKind::DateSlipped => match (record.expected_completion, occasion.told) {
            (Some(date), Some(told)) => format!(
                "{import} will be done later: {} instead of {}.",
                day(date),
                day(told)
            ),
            (Some(date), None) => format!("{import} will be done later: {}.", day(date)),
            (None, _) => format!("{import} will be done later than told."),
        },
        NotificationKind::NeedsCredentials
        | NotificationKind::NeedsAttention
        | NotificationKind::Delayed
        | NotificationKind::Completed
        | NotificationKind::CompletedWithFailures
        | NotificationKind::NoCallsFound
        | NotificationKind::Unsupported
        | NotificationKind::Status
        | NotificationKind::Answer => {
            let shortfall = shortfall(record, occasion.estimated_calls);
            let beside = shortfall.map(Shortfall::beside).unwrap_or_default();
            format!("{import} {}{beside}.", phase::words(record))
        }
    }
}

/// The reason as recorded, and that nothing is lost where somebody might fear it.
fn what_happened(record: &ImportRecord, kind: NotificationKind) -> String {
    let reason = record.reason.as_deref().map(prose);
    let comfort = match kind {
        NotificationKind::NeedsCredentials
        | NotificationKind::NeedsAttention
        | NotificationKind::Delayed => nothing_is_lost(record),
        NotificationKind::Recovered
        | NotificationKind::DateSlipped
        | NotificationKind::Completed
        | NotificationKind::CompletedWithFailures
        | NotificationKind::NoCallsFound
        | NotificationKind::Unsupported
        | NotificationKind::Status
        | NotificationKind::Answer => None,
    };
    let sentences: Vec<String> = reason.into_iter().chain(comfort).collect();
    sentences.join(" ")
}

fn nothing_is_lost(record: &ImportRecord) -> Option<String> {
    (record.calls_imported > 0).then(|| {
        let calls = count(unsigned(record.calls_imported), "call");
        format!("Nothing is lost: {calls} imported so far, and the import goes on from there.")
    })
}

/// Whose turn it is, what to do, and the facts that belong to the event.
fn list(record: &ImportRecord, kind: NotificationKind, occasion: Occasion<'_>) -> String {
    let turn = format!("**{}**", phase::turn(record.whose_turn));
    let mut facts: Vec<Fact> = vec![
        ("Whose turn", turn),
        ("What to do", what_to_do(record, kind, occasion)),
    ];
    let period = |Period { from, to }| ("Period", format!("{} to {}", day(from), day(to)));
    let counts = || {
        let calls = facts::calls(record).map(|text| ("Calls", text));
        let transcripts = facts::transcripts(record, None);
        let transcripts = transcripts.map(|text| ("Transcripts", text));
        let recordings = facts::recordings(record, None).map(|text| ("Recordings", text));
        let accounting = facts::accounting(record, occasion.tally);
        let accounting = accounting.map(|text| (facts::IN_THE_FILES, text));
        [calls, accounting, transcripts, recordings]
            .into_iter()
            .flatten()
    };
    match kind {
        NotificationKind::Completed | NotificationKind::CompletedWithFailures => {
            facts.extend(counts());
            let harvest = occasion.harvest;
            facts.extend(
                harvest
                    .into_iter()
                    .flat_map(|harvest| facts::harvest(record, harvest)),
            );
            facts.extend(occasion.period.map(period));
            facts.extend(facts::dates(record));
            let command = format!("`call-import status {}`", record.request_id);
            facts.push(("Details for engineers", command));
        }
        NotificationKind::Recovered | NotificationKind::Status | NotificationKind::Answer => {
            facts.extend(counts());
            facts.extend(facts::dates(record));
        }
        NotificationKind::DateSlipped => facts.extend(facts::dates(record)),
        NotificationKind::NoCallsFound => facts.extend(occasion.period.map(period)),
        NotificationKind::NeedsCredentials
        | NotificationKind::NeedsAttention
        | NotificationKind::Delayed
        | NotificationKind::Unsupported => {}
    }
    let lines = facts.iter().map(|(name, fact)| format!("- {name}: {fact}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// A date that slips asks for nothing but words, and for those only if the customer wanted it earlier.
fn what_to_do(record: &ImportRecord, kind: NotificationKind, occasion: Occasion<'_>) -> String {
    let dates = record.expected_completion.zip(record.requested_completion);
    match (kind, dates) {
        (NotificationKind::DateSlipped, Some((expected, asked))) if expected <= asked => {
            "Nothing: it is still in time for the day asked for. If the customer knows of the earlier date, tell them the new one.".into()
        }
        (NotificationKind::DateSlipped, _) => {
            "Tell the customer the new date. The import goes on by itself.".into()
        }
        _ => match shortfall(record, occasion.estimated_calls) {
            Some(shortfall) => shortfall.next_step(record),
            None => phase::next_step(record),
        },
    }
}

fn to_the_customer(
    record: &ImportRecord,
    kind: NotificationKind,
    occasion: Occasion<'_>,
) -> String {
    if let Some(shortfall) = shortfall(record, occasion.estimated_calls) {
        return quotation(Some(shortfall.to_the_customer(record)));
    }
    quotation(match kind {
        NotificationKind::Recovered => Some(customer::recovered(record)),
        NotificationKind::DateSlipped => Some(customer::slipped(record, occasion.told)),
        NotificationKind::Completed | NotificationKind::CompletedWithFailures => {
            customer::done(record, occasion.harvest)
        }
        NotificationKind::NeedsCredentials
        | NotificationKind::NeedsAttention
        | NotificationKind::Delayed
        | NotificationKind::NoCallsFound
        | NotificationKind::Unsupported
        | NotificationKind::Status
        | NotificationKind::Answer => customer::where_it_stands(record),
    })
}
