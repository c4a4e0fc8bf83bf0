//! Notifications and the status comment, in words for customer success: what happened, whose turn it is,
//! what to do, and what to tell the customer.

use super::{
    phase,
    text::{code_span, grouped, prose},
};
use crate::{
    model::words::{day, number, unsigned, utc_date},
    model::{ImportRecord, Method, NotificationKind, WhoseTurn},
};

/// The Markdown text of a notification about an import as it stands now.
///
/// The hidden first line by which a comment is found again and the mention of the requester are not part
/// of it: only GitHub knows them.
pub fn body(record: &ImportRecord, kind: NotificationKind) -> String {
    let parts = [
        format!("**{}**", headline(record, kind)),
        what_happened(record, kind),
        whose_turn(record),
        to_the_customer(record, kind),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
}

fn headline(record: &ImportRecord, kind: NotificationKind) -> String {
    let import = format!(
        "The import for {} from {}",
        code_span(&record.customer),
        source(record)
    );
    match kind {
        NotificationKind::NeedsCredentials => format!("{import} needs a new credential."),
        NotificationKind::NeedsAttention => format!("{import} needs attention."),
        NotificationKind::Delayed => {
            format!("{import} is delayed: the platform has not let us work for a day.")
        }
        NotificationKind::Recovered => format!("{import} goes on again."),
        NotificationKind::DateSlipped => match record.expected_completion {
            Some(date) => format!("{import} will be done later: {}.", day(date)),
            None => format!("{import} will be done later than told."),
        },
        NotificationKind::Completed => {
            let calls = counted_calls(record.calls_imported);
            format!("{import} is done: {calls} imported.")
        }
        NotificationKind::CompletedWithFailures => format!(
            "{import} is done, except for {}.",
            counted_calls(record.calls_failed)
        ),
        NotificationKind::NoCallsFound => format!("{import} found no calls."),
        NotificationKind::Unsupported => format!("{import} is not possible this way."),
        NotificationKind::Status => format!("{import} {}.", phase::words(record.phase)),
    }
}

/// The reason as recorded, and what has become of calls and dates.
fn what_happened(record: &ImportRecord, kind: NotificationKind) -> String {
    let mut sentences: Vec<String> = record.reason.as_deref().map(prose).into_iter().collect();
    match kind {
        NotificationKind::NeedsCredentials
        | NotificationKind::NeedsAttention
        | NotificationKind::Delayed => sentences.extend(nothing_is_lost(record)),
        NotificationKind::DateSlipped => sentences.extend(dates(record)),
        NotificationKind::Recovered | NotificationKind::Status => {
            sentences.extend(receipt(record));
            sentences.extend(dates(record));
        }
        NotificationKind::Completed | NotificationKind::CompletedWithFailures => {
            sentences.extend(receipt(record));
            sentences.extend(promise(record));
        }
        NotificationKind::NoCallsFound | NotificationKind::Unsupported => {}
    }
    sentences.join(" ")
}

fn whose_turn(record: &ImportRecord) -> String {
    format!(
        "- Whose turn: **{}**\n- What to do: {}",
        phase::turn(record.whose_turn),
        phase::next_step(record)
    )
}

/// Sentences that can be sent as they are.
fn to_the_customer(record: &ImportRecord, kind: NotificationKind) -> String {
    let source = source(record);
    let imported = counted_calls(record.calls_imported);
    let text = match kind {
        // Where the secret is missing on our side, the customer has nothing to do with it.
        NotificationKind::NeedsCredentials if record.whose_turn != WhoseTurn::Customer => {
            return String::new();
        }
        NotificationKind::NeedsCredentials => format!(
            "The access to your {source} account that you gave us does not work any more, or not for everything we need. Please make a new one and send it to us in a safe way. We have lost nothing, and the import goes on where it stopped."
        ),
        NotificationKind::Delayed => format!(
            "The import of your calls takes longer: {source} has not been available to us since yesterday. We try again by ourselves, and tell you a date as soon as it works."
        ),
        NotificationKind::Recovered => {
            format!("{source} is available to us again, and the import of your calls goes on.")
        }
        NotificationKind::DateSlipped => {
            let date = record.expected_completion.map(day);
            let date = date.map(|date| format!(" We now expect it to be done by {date}."));
            format!(
                "The import of your calls takes longer than we said.{}",
                date.unwrap_or_default()
            )
        }
        NotificationKind::Completed => {
            format!("Your calls from {source} are here: {imported}, ready to read and search.")
        }
        NotificationKind::CompletedWithFailures => {
            let failed = counted_calls(record.calls_failed);
            let please = match record.method {
                Method::File => " Please send us the files of these once more.",
                Method::Api | Method::Oauth => "",
            };
            format!(
                "Your calls from {source} are here: {imported}. {failed} could not be read.{please}"
            )
        }
        NotificationKind::NoCallsFound if record.method == Method::File => {
            "We read your files, but found no calls in them. Are they the right ones?".into()
        }
        NotificationKind::NoCallsFound => format!(
            "We could sign in to {source}, but saw no calls between the days you named. Are the days right, and may the owner of the key see the calls?"
        ),
        NotificationKind::NeedsAttention
        | NotificationKind::Unsupported
        | NotificationKind::Status => return String::new(),
    };
    format!("To tell the customer:\n\n> {text}")
}

/// The platform, or that the calls come from files.
fn source(record: &ImportRecord) -> String {
    let name = phase::platform(&record.platform);
    prose(&phase::source(&record.platform, &name, Some(record.method)))
}

fn counted_calls(count: i64) -> String {
    match unsigned(count) {
        1 => "1 call".into(),
        count => format!("{} calls", number(count)),
    }
}

fn nothing_is_lost(record: &ImportRecord) -> Option<String> {
    (record.calls_imported > 0).then(|| {
        let calls = counted_calls(record.calls_imported);
        format!("Nothing is lost: {calls} imported so far, and the import goes on from there.")
    })
}

/// What was found and what became of it. Shown as a sum only if it is one.
fn receipt(record: &ImportRecord) -> Option<String> {
    let ImportRecord {
        calls_listed: listed,
        calls_imported: imported,
        calls_failed: failed,
        ..
    } = record;
    if *listed == 0 {
        return None;
    }
    let [found, here, lost] = [listed, imported, failed].map(|count| grouped(unsigned(*count)));
    Some(if listed - imported == *failed {
        format!("{found} found = {here} imported + {lost} failed.")
    } else {
        format!("{} so far.", phase::calls(record))
    })
}

fn dates(record: &ImportRecord) -> Option<String> {
    let expected = record.expected_completion?;
    let promised = record.promised_completion.filter(|date| *date != expected);
    let promised = promised.map(|date| format!(", first told: {}", day(date)));
    let asked = record.requested_completion;
    let asked = asked.map(|date| format!(", asked for: {}", day(date)));
    Some(format!(
        "Expected: {}{}{}.",
        day(expected),
        promised.unwrap_or_default(),
        asked.unwrap_or_default()
    ))
}

/// The day on which it was done, beside the first date told.
fn promise(record: &ImportRecord) -> Option<String> {
    let finished = day(utc_date(record.finished_at?));
    let promised = record.promised_completion.map(day)?;
    Some(format!("Done on {finished}, promised for {promised}."))
}
