//! What lies in the files of a request, before it is merged: how many calls of which days, what is missing,
//! and the first few as they would be imported.

use crate::{
    import::{Found, Shown, falls_short},
    model::words::{day, number, utc_date},
    plan::PlannedImport,
    report::text::{code_span, count, defuse, is_hidden},
};

/// What is shown at most. The figures come from a check of a pull request, which is not believed to keep bounds.
const SHOWN: usize = 3;
const LISTS: usize = 3;
const LONGEST_BLOCK: usize = 6_000;

/// One paragraph, and what goes with it, for each import that was looked into.
pub(super) fn markdown(import: &PlannedImport) -> Option<String> {
    let found = import.files.as_ref()?;
    let id = code_span(&import.request_id);
    let mut text = format!(
        "**In the files of {id}**\n\n{}",
        sentences(found, import.calls).join(" ")
    );
    let shown = found.shown.iter().take(SHOWN);
    if shown.len() > 0 {
        text.push_str("\n\n| Call | Began | Length | With | First words |\n|---|---|--:|---|---|");
        for shown in shown {
            text.push('\n');
            text.push_str(&row(shown));
        }
    }
    let short = |text: &&(String, String)| text.1.len() <= LONGEST_BLOCK;
    for (list, yaml) in found.columns.iter().filter(short).take(LISTS) {
        text.push_str(&format!(
            "\n\n<details><summary>How the columns of a list were read</summary>\n\nThe list is {}. If one is wrong, put this below `options:` in the request and correct it.\n\n{}\n</details>",
            code_span(list),
            block("yaml", yaml)
        ));
    }
    let manifest = found.manifest.as_ref();
    if let Some(manifest) = manifest.filter(|text| text.len() <= LONGEST_BLOCK) {
        text.push_str(&format!(
            "\n\n<details><summary>A list to add what the files do not say</summary>\n\nPut it beside the files as `manifest.csv`, correct it, and name it under `files`. `call-import files` writes it too.\n\n{}\n</details>",
            block("csv", manifest)
        ));
    }
    Some(text)
}

/// The same in one paragraph for a terminal.
pub(super) fn plain(import: &PlannedImport) -> Option<String> {
    let found = import.files.as_ref()?;
    Some(sentences(found, import.calls).join(" "))
}

/// What there is, then what is missing.
pub(in crate::report) fn sentences(found: &Found, expected: u64) -> Vec<String> {
    let expects_more = falls_short(found.calls, expected) && found.remote == 0;
    let expected = expects_more.then(|| {
        let expected = number(expected);
        format!("The request expects about {expected}: are these all the files?")
    });
    let some = |count: u64, sentence: String| (count > 0).then_some(sentence);
    let calls = |number| count(number, "call");
    let sentences = [
        there(found),
        expected,
        some(
            found.recordings,
            format!("{}.", count(found.recordings, "recording")),
        ),
        some(
            found.without_transcript,
            format!("{} without a transcript.", calls(found.without_transcript)),
        ),
        some(
            found.without_start,
            format!(
                "{} without a date: a list of the calls can add it.",
                calls(found.without_start)
            ),
        ),
        some(
            found.without_id,
            format!(
                "{} without an id: should its text be edited later, it comes as a new call.",
                calls(found.without_id)
            ),
        ),
        some(
            found.duplicates,
            format!("{}.", comes_twice(found.duplicates)),
        ),
        some(
            found.failed,
            format!("{} no call, see the findings.", makes(found.failed)),
        ),
        some(
            found.left_out,
            format!(
                "{} left out, as `call-import files` tells.",
                are(found.left_out)
            ),
        ),
        some(
            found.remote,
            format!(
                "{} elsewhere; what lies there is read at night.",
                addresses(found.remote)
            ),
        ),
    ];
    sentences.into_iter().flatten().collect()
}

/// How many calls, of which days, how long. Nothing where all is elsewhere.
fn there(found: &Found) -> Option<String> {
    if found.calls == 0 && found.remote > 0 {
        return None;
    }
    let days = match (found.first_day, found.last_day) {
        (Some(first), Some(last)) if first == last => format!(", all of {}", day(first)),
        (Some(first), Some(last)) => format!(", from {} to {}", day(first), day(last)),
        _ => String::new(),
    };
    let length = match u64::try_from(found.duration_ms).unwrap_or_default() / 360_000 {
        0 => String::new(),
        tenths => format!(", {}.{} hours together", number(tenths / 10), tenths % 10),
    };
    Some(format!("{}{days}{length}.", count(found.calls, "call")))
}

fn comes_twice(calls: u64) -> String {
    let verbs = if calls == 1 {
        "comes twice and counts once"
    } else {
        "come twice and count once each"
    };
    format!("{} {verbs}", count(calls, "call"))
}

fn makes(rows: u64) -> String {
    let verb = if rows == 1 { "makes" } else { "make" };
    let noun = if rows == 1 {
        "file or row"
    } else {
        "files or rows"
    };
    format!("{} {noun} {verb}", number(rows))
}

fn are(files: u64) -> String {
    let verb = if files == 1 { "is" } else { "are" };
    format!("{} {verb}", count(files, "file"))
}

fn addresses(number: u64) -> String {
    match number {
        1 => "1 address lies".to_owned(),
        more => format!("{more} addresses lie"),
    }
}

fn row(shown: &Shown) -> String {
    let dash = || "–".to_owned();
    let began = shown.started_at.map_or_else(dash, |start| {
        if shown.day_only {
            day(utc_date(start))
        } else {
            format!("{} UTC", start.strftime("%Y-%m-%d %H:%M"))
        }
    });
    let length = shown.duration_ms.map_or_else(dash, |duration| {
        let seconds = duration.max(0) / 1000;
        format!(
            "{}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    });
    let with = match shown.participants.as_slice() {
        [] => dash(),
        names => code_span(&names.join(", ")),
    };
    let words: Vec<String> = shown
        .opening
        .iter()
        .map(|(speaker, text)| match speaker {
            Some(speaker) => format!("{speaker}: {text}"),
            None => text.clone(),
        })
        .collect();
    let words = words.join(" / ");
    format!(
        "| {} | {began} | {length} | {with} | {} |",
        shown.title.as_deref().map_or_else(dash, code_span),
        if words.is_empty() {
            dash()
        } else {
            code_span(&words)
        },
    )
}

/// A block of code that its text cannot end.
fn block(language: &str, text: &str) -> String {
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let seen = |line: &str| {
        line.chars()
            .filter(|letter| !is_hidden(*letter))
            .collect::<String>()
    };
    let lines: Vec<String> = text.lines().map(|line| defuse(&seen(line))).collect();
    format!("{fence}{language}\n{}\n{fence}", lines.join("\n"))
}
