//! What is erased, and what stays where this program cannot reach it.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{phase::platform, text::inline};
use crate::{
    model::words::{counted, day, moment, number, unsigned, utc_date},
    model::{Erasure, Holdings},
};

/// Names that are shown; the others are counted, and programs get all.
const SHOWN: usize = 10;

/// A saved record from before the erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bundle {
    /// Its number.
    pub generation: i64,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// The first save after this moment deletes it.
    pub kept_until: Timestamp,
}

/// What stays after an erasure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Remains {
    /// Requests whose rows stay, by id.
    pub requests: Vec<String>,
    /// Whether the record is kept elsewhere and was erased there.
    pub is_saved: bool,
    /// Bundles that still hold what was erased.
    pub bundles: Vec<Bundle>,
    /// Older records on this machine.
    pub files: Vec<String>,
    /// Copies of recordings that were left where they are.
    pub recordings: Vec<String>,
}

/// What is recorded of an account, before it is erased.
pub fn plan(key: &str, account: &str, holdings: &Holdings) -> String {
    let whose = whose(key, account);
    let mut text = format!("Recorded of {whose}:\n\n");
    let recordings = match holdings.recordings {
        0 => "recordings".to_owned(),
        _ => format!("recordings ({} MB)", megabytes(holdings.recording_bytes)),
    };
    for (count, what) in [
        (holdings.calls, "calls"),
        (holdings.transcripts, "transcripts"),
        (holdings.segments, "transcript segments"),
        (holdings.recordings, recordings.as_str()),
        (holdings.failures, "failures"),
        (holdings.left_out, "left out"),
    ] {
        let _ = writeln!(text, "{:>12}  {what}", number(unsigned(count)));
    }
    let _ = writeln!(text, "\nImports: {}.", names(&holdings.requests));
    text
}

/// What was erased, and what stays.
pub fn done(erasure: &Erasure, is_news: bool, remains: &Remains) -> String {
    let whose = whose(&erasure.platform, &erasure.account);
    let calls = counted(unsigned(erasure.calls), "call");
    let mut text = if is_news {
        format!("Erased: {calls} of {whose} and all that belongs to them.\n")
    } else {
        let when = day(utc_date(erasure.erased_at));
        format!("Nothing is left to erase of {whose}: {calls} were erased on {when}.\n")
    };
    text.push_str("No run imports anything of it again.\n\nWhat stays:\n");
    for line in remaining(remains) {
        let _ = writeln!(text, "  - {line}");
    }
    text
}

/// The same for programs; `erasure` is `None` where nothing was erased yet.
pub fn json(holdings: &Holdings, erasure: Option<&Erasure>, remains: &Remains) -> Value {
    json!({"held": holdings, "erased": erasure, "remains": remains})
}

/// The erased accounts, for whoever looks at what is recorded; empty without any.
pub fn list(erasures: &[Erasure]) -> String {
    if erasures.is_empty() {
        return String::new();
    }
    let lines: String = erasures
        .iter()
        .map(|erasure| {
            let whose = whose(&erasure.platform, &erasure.account);
            let calls = counted(unsigned(erasure.calls), "call");
            format!(
                "  - {whose}: {calls}, on {}\n",
                day(utc_date(erasure.erased_at))
            )
        })
        .collect();
    format!("\nErased for good:\n{lines}")
}

fn remaining(remains: &Remains) -> Vec<String> {
    let mut lines = vec![format!(
        "The rows of its imports, with customer, dates and counts: {}. Where a request file still names the account, its import is held: delete that file.",
        names(&remains.requests)
    )];
    lines.extend(saved(remains));
    lines.extend(remains.files.iter().map(|file| {
        let file = inline(file);
        format!("An older record on this machine, which still holds it: {file}. Delete it.")
    }));
    if !remains.recordings.is_empty() {
        lines.push(format!(
            "Recordings that were left where they are: {}. Delete them there.",
            names(&remains.recordings)
        ));
    }
    lines.push(
        "What left the record before: exported files, tables of failures, comments, messages. And the customer's own files. Delete them where they are."
            .to_owned(),
    );
    lines
}

/// What is saved of the record elsewhere.
fn saved(remains: &Remains) -> Option<String> {
    if !remains.is_saved {
        let text = "What is saved of this record elsewhere: erase there as well, with `--state`. Artifacts on GitHub stay for up to 90 days.";
        return Some(text.to_owned());
    }
    let bundles = remains.bundles.iter().map(|bundle| {
        let Bundle {
            generation,
            saved_at,
            kept_until,
        } = *bundle;
        let (saved_at, until) = (moment(saved_at), day(utc_date(kept_until)));
        format!("generation {generation} of {saved_at}, until {until}")
    });
    let bundles = bundles.collect::<Vec<_>>().join("; ");
    (!bundles.is_empty()).then(|| {
        format!(
            "Saved records that still hold it: {bundles}. The first save after that day deletes each; `--drop-bundles` deletes all now. Whoever restores one of them must erase again."
        )
    })
}

fn whose(key: &str, account: &str) -> String {
    format!("account {} on {}", inline(account), inline(&platform(key)))
}

/// The first of many names, and how many more there are.
fn names(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN).map(|name| inline(name));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 if names.is_empty() => "none".to_owned(),
        0 => shown,
        more => format!("{shown} and {} more", number(more as u64)),
    }
}

/// Begun megabytes.
fn megabytes(bytes: i64) -> String {
    number(unsigned(bytes).div_ceil(1_000_000))
}
