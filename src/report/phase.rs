//! Phases and turns in the words of customer success.

use std::{collections::BTreeMap, sync::LazyLock};

use super::text::{code_span, prose};
use crate::{
    model::words::{counted, number, unsigned},
    model::{ImportRecord, Method, Phase, WhoseTurn},
    platforms::{self, Auth, connector, hand_in},
    spec::{Credentials, load_matrix, secret_name},
};

/// The row of the matrix for files of any origin.
const OTHER: &str = "other";

/// The artifact of the nightly run with the tables of what failed in files, as `nightly.yml` calls it.
const FAILURES: &str = "file-failures";

/// Where an import stands, as the end of "the import ..."; quotes nothing from outside.
pub(super) fn words(record: &ImportRecord) -> String {
    let calls = |count: i64| counted(unsigned(count), "call");
    match (record.phase, record.whose_turn) {
        (Phase::Queued, _) => "has not begun yet".into(),
        (Phase::Importing, _) => "is under way".into(),
        (Phase::Retrying, _) => "is held up by the platform".into(),
        (Phase::Delayed, _) => {
            "is delayed: the platform has not let us work for a day or longer".into()
        }
        (Phase::NeedsCredentials, WhoseTurn::Customer) => {
            "needs a new credential from the customer".into()
        }
        (Phase::NeedsCredentials, WhoseTurn::Engineering) => {
            "cannot open its credential: engineering must help".into()
        }
        (Phase::NeedsCredentials, WhoseTurn::Cs | WhoseTurn::Platform | WhoseTurn::Nobody) => {
            "has no credential that we can use".into()
        }
        (Phase::NeedsAttention, WhoseTurn::Engineering) => {
            "has stopped and needs engineering".into()
        }
        (
            Phase::NeedsAttention,
            WhoseTurn::Cs | WhoseTurn::Customer | WhoseTurn::Platform | WhoseTurn::Nobody,
        ) => "has stopped and needs attention".into(),
        (Phase::Completed, _) => {
            let but = if has_no_recordings(record) {
                ", but no recordings"
            } else {
                ""
            };
            format!("is done: {} imported{but}", calls(record.calls_imported))
        }
        (Phase::CompletedWithFailures, _) => {
            let of_calls = || {
                let failed = number(unsigned(record.calls_failed));
                format!("{failed} of {}", calls(record.calls_listed))
            };
            let recordings = counted(unsigned(record.media.failed), "recording");
            match (record.calls_failed, record.media.failed) {
                (_, ..=0) => format!("is done, except for {}", of_calls()),
                (..=0, _) => format!("is done, except for {recordings}"),
                _ => format!("is done, except for {} and {recordings}", of_calls()),
            }
        }
        (Phase::NoCallsFound, _) => "found no calls".into(),
        (Phase::Unsupported, _) => "is not possible this way".into(),
        (Phase::Suspended, _) => "is suspended".into(),
        (Phase::Cancelled, _) => "is cancelled".into(),
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

/// What somebody should do now, in a few sentences that are fit for Markdown and for a terminal.
pub(super) fn next_step(record: &ImportRecord) -> String {
    let id = &record.request_id;
    match record.phase {
        Phase::Queued => {
            "Nothing: it begins by itself.".into()
        }
        Phase::Importing => "Nothing: the next night goes on by itself.".into(),
        Phase::Retrying => "Nothing: we try again by ourselves.".into(),
        Phase::Delayed => {
            "Tell the customer that it takes longer. We go on trying by ourselves.".into()
        }
        Phase::NeedsCredentials => credential_step(record),
        Phase::NeedsAttention => attention_step(record),
        Phase::Completed => completed_step(record),
        Phase::CompletedWithFailures => match record.method {
            Method::File => format!("Tell the customer. {}", correct_the_files(id)),
            Method::Api | Method::Oauth => format!(
                "Tell the customer what is here and what is missing. `call-import status {id}` names the missing {}; {} tries them once more.",
                match (record.calls_failed, record.media.failed) {
                    (_, ..=0) => "calls",
                    (..=0, _) => "recordings",
                    _ => "calls and recordings",
                },
                retry(id)
            ),
        },
        Phase::NoCallsFound => match record.method {
            Method::File => "Check with the customer whether these are the right files. Replace them or correct the request, and merge.".into(),
            Method::Api | Method::Oauth => format!(
                "Check with the customer: the dates, the options, and whether the owner of the key may see the calls ({} answers the same if not). Correct the request and merge.",
                prose(&platform(&record.platform))
            ),
        },
        Phase::Unsupported => "Offer the customer the alternative.".into(),
        Phase::Suspended => "Nothing, until `suspended` is taken out of the request file.".into(),
        Phase::Cancelled => "Nothing. If the request file comes back, the next night looks at it again.".into(),
    }
}

/// Whether recordings are wanted, and not one is here or will be.
const fn has_no_recordings(record: &ImportRecord) -> bool {
    let media = record.media;
    media.unavailable > 0 && media.stored == 0 && media.pending == 0 && media.failed == 0
}

fn completed_step(record: &ImportRecord) -> String {
    let source = prose(&platform(&record.platform));
    match unsigned(record.media.unavailable) {
        0 => "Tell the customer that the calls are here.".into(),
        _ if has_no_recordings(record) => format!(
            "Tell the customer that the calls are here, but no recordings: {source} has none for us. If the customer sees recordings there, check whether the key may read them."
        ),
        1 => format!(
            "Tell the customer that the calls are here, and that {source} has no recording of one of them."
        ),
        without => format!(
            "Tell the customer that the calls are here, and that {source} has no recordings of {} of them.",
            number(without)
        ),
    }
}

fn credential_step(record: &ImportRecord) -> String {
    let id = &record.request_id;
    let hand_in = hand_in(&record.platform, record.method, id);
    let go_on = "Merge that, and the next night goes on where it stopped.";
    match (record.whose_turn, secret(record).as_deref()) {
        (WhoseTurn::Customer, _) if asks_for_consent(record) => format!(
            "Ask the customer's administrator to consent once more. `{hand_in}` prints the address to open, and writes what comes of it, sealed, into the request file. {go_on}"
        ),
        (WhoseTurn::Customer, None) => format!(
            "Ask the customer for {}. Hand it in with `{hand_in}`, which asks for it without showing it and writes it, sealed, into the request file. {go_on} Never paste a credential into a comment.",
            credential(record),
        ),
        (WhoseTurn::Customer, Some(name)) => format!(
            "Ask the customer for {}. An engineer puts it into the secret {}; then {} lets the import go on. Never paste a credential into a comment.",
            credential(record),
            code_span(name),
            retry(id)
        ),
        (WhoseTurn::Engineering, _) => format!(
            "Ask engineering to let the nightly run open the credential. Once that is done, {} lets the import go on.",
            retry(id)
        ),
        (WhoseTurn::Cs | WhoseTurn::Platform | WhoseTurn::Nobody, Some(name)) => format!(
            "Ask an engineer to set the secret {} in the repository's Actions secrets; then {} lets the import go on.",
            code_span(name),
            retry(id)
        ),
        (WhoseTurn::Cs | WhoseTurn::Platform | WhoseTurn::Nobody, None) => {
            format!("Hand the credential in once more with `{hand_in}`, and merge.")
        }
    }
}

/// The secret that the request names, if it has the usual name: what is recorded of it is a hash.
fn secret(record: &ImportRecord) -> Option<String> {
    let name = secret_name(&record.account, &record.platform);
    let fingerprint = Credentials::Secret(name.clone()).fingerprint();
    (record.credential_fingerprint == Some(fingerprint)).then_some(name)
}

/// What the customer must give us: `a new API credential for Gong (`access_key` and `access_key_secret`)`.
fn credential(record: &ImportRecord) -> String {
    let platform = prose(&platform(&record.platform));
    let parts = credential_parts(record);
    let parts: Vec<String> = parts.iter().map(|part| format!("`{part}`")).collect();
    match parts.as_slice() {
        [] => format!("a new credential for {platform}"),
        parts => format!("a new credential for {platform}: {}", parts.join(" and ")),
    }
}

/// Names of the parts that a customer gives us, where the platform is known; none where it is a consent.
pub(super) fn credential_parts(record: &ImportRecord) -> Vec<&'static str> {
    sign_in(record)
        .filter(|_| !asks_for_consent(record))
        .map(Auth::fields)
        .unwrap_or_default()
}

/// Whether the customer consents in a browser instead of giving us a key.
pub(super) fn asks_for_consent(record: &ImportRecord) -> bool {
    platforms::asks_for_consent(&record.platform, record.method)
}

fn sign_in(record: &ImportRecord) -> Option<Auth> {
    let connector = connector(&record.platform)?;
    connector.traits().sign_in(record.method)
}

fn attention_step(record: &ImportRecord) -> String {
    let id = &record.request_id;
    match record.whose_turn {
        WhoseTurn::Engineering if record.tries_again_by_itself() => {
            "Ask engineering to mend it. The next night tries again by itself.".into()
        }
        WhoseTurn::Engineering => format!(
            "Ask engineering to look at it. Once it is mended, {} lets the import go on.",
            retry(id)
        ),
        WhoseTurn::Cs | WhoseTurn::Customer | WhoseTurn::Platform | WhoseTurn::Nobody
            if record.method == Method::File && record.calls_failed > 0 =>
        {
            correct_the_files(id)
        }
        WhoseTurn::Cs | WhoseTurn::Customer | WhoseTurn::Platform | WhoseTurn::Nobody => {
            "Correct the request file or what it brings, and merge.".into()
        }
    }
}

/// What lets a held import go on, for those who have no terminal and for those who have one.
fn retry(id: &str) -> String {
    format!("a comment `/import retry` on the pull request (or `call-import retry {id}`)")
}

/// What could not be read fails again until it is corrected: `retry` would not help.
fn correct_the_files(id: &str) -> String {
    format!(
        "What failed stands in a table: the artifact `{FAILURES}` of the nightly run holds it, and `call-import status {id} --failures {id}.csv` writes it. Correct its rows, put it beside the other files, and merge: a corrected row counts instead of the one that failed. A file that cannot be read at all is replaced by a new export."
    )
}

/// What has become of the calls: `5,012 found, 5,009 imported, 3 failed`.
pub(super) fn calls(record: &ImportRecord) -> String {
    let [listed, imported, failed] = [
        record.calls_listed,
        record.calls_imported,
        record.calls_failed,
    ]
    .map(|count| number(unsigned(count)));
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

/// The names in `matrix.yaml` as the program was built with it, by key. The record does not hold them, and a request
/// whose platform left the matrix still has one.
static NAMES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let rows = load_matrix("matrix.yaml", include_bytes!("../../matrix.yaml"))
        .map_or_else(|_| BTreeMap::new(), |matrix| matrix.platforms);
    rows.into_iter().map(|(key, row)| (key, row.name)).collect()
});

/// A platform by the name that people use; of one that is not known, as far as its key tells: `google-meet` is
/// `Google Meet`.
pub(super) fn platform(key: &str) -> String {
    if let Some(name) = NAMES.get(key) {
        return name.clone();
    }
    let words = key.split(['-', '_']).filter(|word| !word.is_empty());
    let capitalized = words.map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    capitalized.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::platform;

    #[test]
    fn platforms_are_called_as_in_the_matrix() {
        assert_eq!(platform("tldv"), "tl;dv");
        assert_eq!(platform("zoom"), "Zoom cloud recordings");
        assert_eq!(platform("not-known"), "Not Known");
    }
}
