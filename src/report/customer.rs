//! Sentences for the customer, ready to send as they are.

use jiff::civil::Date;

use super::{
    facts,
    phase::{self, platform},
    text::prose,
};
use crate::{
    model::words::{counted, day, number, transcripts_and_recordings, unsigned},
    model::{Harvest, ImportRecord, Method, Phase, WhoseTurn},
};

/// The platform, or that the calls come from files; fit for Markdown.
pub(super) fn source(record: &ImportRecord) -> String {
    let name = platform(&record.platform);
    prose(&phase::source(&record.platform, &name, Some(record.method)))
}

/// What the customer may be told of an import that stands so. `None` where there is nothing to tell.
pub(super) fn where_it_stands(record: &ImportRecord) -> Option<String> {
    let source = source(record);
    let imported = calls(record.calls_imported);
    let text = match record.phase {
        Phase::Queued => {
            let date = day(facts::expected(record)?);
            format!(
                "The import of your calls from {source} is planned. We expect it to be done by {date}."
            )
        }
        Phase::Importing => {
            let date = day(facts::expected(record)?);
            let here = match record.calls_imported {
                ..=0 => "has begun".to_owned(),
                _ => format!("is under way: {imported} so far"),
            };
            format!(
                "The import of your calls from {source} {here}. We expect it to be done by {date}."
            )
        }
        Phase::Delayed => format!(
            "The import of your calls takes longer: {source} has not given us everything for a day or longer. We try again by ourselves, and tell you a date as soon as it works."
        ),
        Phase::NeedsCredentials => new_credential(record, &source)?,
        Phase::NeedsAttention => attention(record)?,
        Phase::Completed | Phase::CompletedWithFailures => sentences(&[
            format!("Your calls from {source} are here: {imported}, ready to read and search."),
            what_failed(record),
            still_to_come(record),
            recordings(record),
        ]),
        Phase::NoCallsFound if record.method == Method::File => {
            "We read your files, but found no calls in them. Are they the right ones?".into()
        }
        Phase::NoCallsFound => format!(
            "We could sign in to {source}, but saw no calls between the days you named. Are the days right, and may the owner of the key see the calls?"
        ),
        Phase::Unsupported if record.method != Method::File => format!(
            "We cannot fetch your calls from {source} by ourselves yet. If you export their transcripts as files, we can import those."
        ),
        Phase::Retrying | Phase::Unsupported | Phase::Suspended | Phase::Cancelled => return None,
    };
    Some(text)
}

/// What the customer may be told of an import that is done: what is here and what is not.
pub(super) fn done(record: &ImportRecord, harvest: Option<&Harvest>) -> Option<String> {
    let Some(harvest) = harvest else {
        return where_it_stands(record);
    };
    let source = source(record);
    let days = harvest.first_day.zip(harvest.last_day);
    let days = days.map(|(first, last)| format!(" from {} to {}", day(first), day(last)));
    let length = (harvest.duration_ms > 0).then(|| facts::length(harvest.duration_ms));
    let people = (harvest.people > 0).then(|| match harvest.people {
        1 => "1 participant".to_owned(),
        people => format!("{} participants", number(unsigned(people))),
    });
    let more: Vec<String> = length.into_iter().chain(people).collect();
    let more = match more.as_slice() {
        [] => String::new(),
        more => format!(" ({})", more.join(", ")),
    };
    let here = format!(
        "Your calls from {source} are here: {}{}{more}, ready to read and search.",
        calls(record.calls_imported),
        days.unwrap_or_default()
    );
    Some(sentences(&[
        here,
        transcripts(record),
        still_to_come(record),
        without_transcript(record),
        recordings(record),
        what_failed(record),
    ]))
}

/// One text of those that say something.
fn sentences(texts: &[String]) -> String {
    let texts = texts.iter().map(|text| text.trim());
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    texts.join(" ")
}

fn transcripts(record: &ImportRecord) -> String {
    match unsigned(record.transcripts_imported) {
        0 => String::new(),
        all if all >= unsigned(record.calls_imported) => {
            "All of them have their transcript.".into()
        }
        1 => "1 of them has its transcript.".into(),
        some => format!("{} of them have their transcript.", number(some)),
    }
}

/// Calls whose transcript will not come. Where none came at all, none were wanted.
fn without_transcript(record: &ImportRecord) -> String {
    let [all, imported, pending] = [
        record.calls_imported,
        record.transcripts_imported,
        record.transcripts_pending,
    ]
    .map(unsigned);
    if imported + pending == 0 {
        return String::new();
    }
    match all.saturating_sub(imported.saturating_add(pending)) {
        0 => String::new(),
        1 => format!("1 call has no transcript in {}.", source(record)),
        more => format!(
            "{} calls have no transcript in {}.",
            number(more),
            source(record)
        ),
    }
}

/// The recordings that were copied, and the calls that have none.
fn recordings(record: &ImportRecord) -> String {
    let here = match unsigned(record.media.stored) {
        0 => None,
        1 => Some("1 recording is copied.".to_owned()),
        copied => Some(format!("{} recordings are copied.", number(copied))),
    };
    let without = match unsigned(record.media.unavailable) {
        0 => None,
        all if all == unsigned(record.calls_imported) => Some(format!(
            "No recordings are here: {} has none of these calls for us.",
            source(record)
        )),
        1 => Some(format!("1 call has no recording in {}.", source(record))),
        more => Some(format!(
            "{} calls have no recording in {}.",
            number(more),
            source(record)
        )),
    };
    let sentences: Vec<String> = here.into_iter().chain(without).collect();
    sentences.join(" ")
}

/// That it goes on after a delay.
pub(super) fn recovered(record: &ImportRecord) -> String {
    let source = source(record);
    let date =
        facts::expected(record).map(|date| format!(" We expect it to be done by {}.", day(date)));
    format!(
        "{source} is available to us again, and the import of your calls goes on.{}",
        date.unwrap_or_default()
    )
}

/// That it will be done later than `told`.
pub(super) fn slipped(record: &ImportRecord, told: Option<Date>) -> String {
    let instead = told.map(|told| format!(" instead of {}", day(told)));
    let date = record.expected_completion.map(|date| {
        format!(
            " We now expect it to be done by {}{}.",
            day(date),
            instead.unwrap_or_default()
        )
    });
    format!(
        "The import of your calls takes longer than we said.{}",
        date.unwrap_or_default()
    )
}

/// Where the credential is missing on our side, the customer has nothing to do with it.
fn new_credential(record: &ImportRecord, source: &str) -> Option<String> {
    if record.whose_turn != WhoseTurn::Customer {
        return None;
    }
    let parts = phase::credential_parts(record);
    let parts: Vec<String> = parts.iter().map(|part| part.replace('_', " ")).collect();
    let parts = match parts.as_slice() {
        [] => String::new(),
        parts => format!(" ({})", parts.join(" and ")),
    };
    let please = if phase::asks_for_consent(record) {
        format!(
            "We send you an address: please open it as an administrator of your {source} account, and agree once more."
        )
    } else {
        format!("Please make a new key for us{parts} and send it in a safe way, not by e-mail.")
    };
    // Where nothing was ever seen with it, it may never have worked.
    let any_more = if record.calls_listed > 0 {
        " any more"
    } else {
        ""
    };
    Some(format!(
        "The access to your {source} account that you gave us does not work{any_more}, or not for everything we need. {please} Nothing is lost, and the import goes on where it stopped."
    ))
}

fn attention(record: &ImportRecord) -> Option<String> {
    let is_ours = record.whose_turn == WhoseTurn::Engineering;
    let unreadable_files = record.method == Method::File && record.calls_failed > 0;
    if is_ours {
        Some("The import of your calls has stopped because of a problem on our side. Our engineers look at it, and you need not do anything.".into())
    } else if unreadable_files {
        Some("We could not read the files that you sent. Please export them once more and send them again.".into())
    } else {
        None
    }
}

fn what_failed(record: &ImportRecord) -> String {
    let please = match record.method {
        Method::File => " Please send us the files of these once more.",
        Method::Api | Method::Oauth => "",
    };
    let unread = match record.calls_failed {
        ..=0 => String::new(),
        failed => format!(" {} could not be read.{please}", calls(failed)),
    };
    let not_copied = match record.media.failed {
        ..=0 => String::new(),
        failed => {
            let failed = counted(unsigned(failed), "recording");
            format!(" {failed} could not be copied.")
        }
    };
    unread + &not_copied
}

fn still_to_come(record: &ImportRecord) -> String {
    let (transcripts, recordings) = (
        unsigned(record.transcripts_pending),
        unsigned(record.media.pending),
    );
    match (transcripts, recordings) {
        (0, 0) => String::new(),
        (1, 0) => " One transcript is still to come; we go on looking for it.".into(),
        (0, 1) => " One recording is still to come; we go on looking for it.".into(),
        _ => format!(
            " {} are still to come; we go on looking for them.",
            transcripts_and_recordings(transcripts, recordings, "")
        ),
    }
}

fn calls(count: i64) -> String {
    counted(unsigned(count), "call")
}
