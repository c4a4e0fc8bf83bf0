//! Notifications in words for customer success: what happened, whose turn it is, what to do, what is
//! known, and what to tell the customer.

use jiff::civil::Date;

use super::{
    customer,
    facts::{self, Fact},
    phase,
    text::{code_span, count, prose},
};
use crate::{
    model::words::{day, unsigned},
    model::{ImportRecord, NotificationKind, Period},
};

/// What a notification may say beyond the row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Occasion {
    /// The date told before, where a later one is told now.
    pub told: Option<Date>,
    /// The days wanted.
    pub period: Option<Period>,
}

/// The Markdown text of a notification about an import as it stands now.
///
/// The hidden first line by which a comment is found again and the mention of the requester are not part
/// of it: only GitHub knows them.
pub fn body(record: &ImportRecord, kind: NotificationKind, occasion: Occasion) -> String {
    let parts = [
        format!("**{}**", headline(record, kind, occasion)),
        what_happened(record, kind),
        list(record, kind, occasion),
        to_the_customer(record, kind, occasion),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
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

fn headline(record: &ImportRecord, kind: NotificationKind, occasion: Occasion) -> String {
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
        | NotificationKind::Status => format!("{import} {}.", phase::words(record)),
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
        | NotificationKind::Status => None,
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
fn list(record: &ImportRecord, kind: NotificationKind, occasion: Occasion) -> String {
    let turn = format!("**{}**", phase::turn(record.whose_turn));
    let mut facts: Vec<Fact> = vec![
        ("Whose turn", turn),
        ("What to do", what_to_do(record, kind)),
    ];
    let period = |Period { from, to }| ("Period", format!("{} to {}", day(from), day(to)));
    let counts = || {
        let calls = facts::calls(record).map(|text| ("Calls", text));
        let transcripts = facts::transcripts(record, None);
        let transcripts = transcripts.map(|text| ("Transcripts", text));
        let recordings = facts::recordings(record, None).map(|text| ("Recordings", text));
        [calls, transcripts, recordings].into_iter().flatten()
    };
    match kind {
        NotificationKind::Completed | NotificationKind::CompletedWithFailures => {
            facts.extend(counts());
            facts.extend(occasion.period.map(period));
            facts.extend(facts::dates(record));
            let command = format!("`call-import status {}`", record.request_id);
            facts.push(("Details for engineers", command));
        }
        NotificationKind::Recovered | NotificationKind::Status => {
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
fn what_to_do(record: &ImportRecord, kind: NotificationKind) -> String {
    let dates = record.expected_completion.zip(record.requested_completion);
    match (kind, dates) {
        (NotificationKind::DateSlipped, Some((expected, asked))) if expected <= asked => {
            "Nothing: it is still in time for the day asked for. If the customer knows of the earlier date, tell them the new one.".into()
        }
        (NotificationKind::DateSlipped, _) => {
            "Tell the customer the new date. The import goes on by itself.".into()
        }
        _ => phase::next_step(record),
    }
}

fn to_the_customer(record: &ImportRecord, kind: NotificationKind, occasion: Occasion) -> String {
    quotation(match kind {
        NotificationKind::Recovered => Some(customer::recovered(record)),
        NotificationKind::DateSlipped => Some(customer::slipped(record, occasion.told)),
        NotificationKind::NeedsCredentials
        | NotificationKind::NeedsAttention
        | NotificationKind::Delayed
        | NotificationKind::Completed
        | NotificationKind::CompletedWithFailures
        | NotificationKind::NoCallsFound
        | NotificationKind::Unsupported
        | NotificationKind::Status => customer::where_it_stands(record),
    })
}
