//! Phases and turns in the words of customer success.

use super::text::grouped;
use crate::{
    model::words::unsigned,
    model::{ImportRecord, Method, Phase, WhoseTurn},
};

/// The row of the matrix for files of any origin.
const OTHER: &str = "other";

/// A phase as the end of "the import ...".
pub(super) const fn words(phase: Phase) -> &'static str {
    match phase {
        Phase::Queued => "has not begun yet",
        Phase::Importing => "is under way",
        Phase::Retrying => "is tried again",
        Phase::Delayed => "is delayed",
        Phase::NeedsCredentials => "needs a new credential",
        Phase::NeedsAttention => "needs attention",
        Phase::Completed => "is done",
        Phase::CompletedWithFailures => "is done except for a few calls",
        Phase::NoCallsFound => "found no calls",
        Phase::Unsupported => "is not possible this way",
        Phase::Suspended => "is suspended",
        Phase::Cancelled => "is cancelled",
    }
}

/// How loudly an import calls for people, in the order of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// Somebody must act.
    NeedsSomebody,
    /// The platform fails; we try again.
    Failing,
    /// It goes on by itself.
    Working,
    /// The calls are here.
    Done,
    /// Its file says that it waits.
    Suspended,
    /// Its file is gone.
    Cancelled,
}

/// The group of an import.
pub(super) const fn group(phase: Phase) -> Group {
    match phase {
        Phase::NeedsCredentials
        | Phase::NeedsAttention
        | Phase::CompletedWithFailures
        | Phase::NoCallsFound
        | Phase::Unsupported => Group::NeedsSomebody,
        Phase::Delayed | Phase::Retrying => Group::Failing,
        Phase::Importing | Phase::Queued => Group::Working,
        Phase::Completed => Group::Done,
        Phase::Suspended => Group::Suspended,
        Phase::Cancelled => Group::Cancelled,
    }
}

/// Whose turn it is, in words.
pub(super) const fn turn(turn: WhoseTurn) -> &'static str {
    match turn {
        WhoseTurn::Cs => "customer success",
        WhoseTurn::Customer => "the customer",
        WhoseTurn::Platform => "the platform",
        WhoseTurn::Engineering => "engineering",
        WhoseTurn::Nobody => "nobody",
    }
}

/// What somebody should do now, in one or two sentences of our own; quotes nothing from outside.
pub(super) fn next_step(record: &ImportRecord) -> String {
    let id = &record.request_id;
    match record.phase {
        Phase::Queued | Phase::Importing => "Nothing: the next night goes on by itself.".into(),
        Phase::Retrying => "Nothing: we try again by ourselves.".into(),
        Phase::Delayed => {
            "Tell the customer that it takes longer. We go on trying by ourselves.".into()
        }
        Phase::NeedsCredentials => match record.whose_turn {
            WhoseTurn::Customer => format!(
                "Get a new credential from the customer. An engineer can put it into the secret that the request names; `call-import retry {id}` then lets the import go on where it stopped."
            ),
            WhoseTurn::Cs | WhoseTurn::Platform | WhoseTurn::Engineering | WhoseTurn::Nobody => {
                format!(
                    "Once that is done, `call-import retry {id}` lets the import go on where it stopped."
                )
            }
        },
        Phase::NeedsAttention => match record.whose_turn {
            WhoseTurn::Engineering => format!(
                "Ask engineering to look at it. Once it is mended, `call-import retry {id}` starts it again."
            ),
            WhoseTurn::Cs | WhoseTurn::Customer | WhoseTurn::Platform | WhoseTurn::Nobody => {
                if record.method == Method::File && record.calls_failed > 0 {
                    correct_the_files(id)
                } else {
                    "Correct the request file or what it brings, and merge.".into()
                }
            }
        },
        Phase::Completed => "Tell the customer that the calls are here.".into(),
        Phase::CompletedWithFailures => match record.method {
            Method::File => correct_the_files(id),
            Method::Api | Method::Oauth => format!(
                "`call-import retry {id}` tries the calls again that could not be imported; `call-import status {id}` names them."
            ),
        },
        Phase::NoCallsFound => {
            match record.method {
                Method::File => "Check with the customer whether these are the right files. Replace them or correct the request, and merge.".into(),
                Method::Api | Method::Oauth => format!(
                    "Check with the customer: the dates, the options, and whether the owner of the key may see the calls ({} answers the same if not). Correct the request and merge.",
                    platform(&record.platform)
                ),
            }
        }
        Phase::Unsupported => "Offer the customer the alternative.".into(),
        Phase::Suspended => "Nothing, until `suspended` is taken out of the request file.".into(),
        Phase::Cancelled => "Nothing. If the request file comes back, the import goes on.".into(),
    }
}

/// A file that could not be read fails again until it is another file: `retry` would not help.
fn correct_the_files(id: &str) -> String {
    format!("Correct or replace the files named by `call-import status {id}`, and merge.")
}

/// What has become of the calls: `5,012 found, 5,009 imported, 3 failed`.
pub(super) fn calls(record: &ImportRecord) -> String {
    let [listed, imported, failed] = [
        record.calls_listed,
        record.calls_imported,
        record.calls_failed,
    ]
    .map(|count| grouped(unsigned(count)));
    let failures = if record.calls_failed > 0 {
        format!(", {failed} failed")
    } else {
        String::new()
    };
    format!("{listed} found, {imported} imported{failures}")
}

/// Where calls come from, in words: `Gong`, `Zoom files`, and `exported files` for the row without a platform.
pub(super) fn source(key: &str, name: &str, method: Option<Method>) -> String {
    match method {
        Some(Method::File) if key == OTHER => "exported files".into(),
        Some(Method::File) => format!("{name} files"),
        Some(Method::Api | Method::Oauth) | None => name.into(),
    }
}

/// A platform by the name that people use, as far as its key tells: `google-meet` is `Google Meet`.
pub(super) fn platform(key: &str) -> String {
    let words = key.split(['-', '_']).filter(|word| !word.is_empty());
    let capitalized = words.map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    capitalized.collect::<Vec<_>>().join(" ")
}
