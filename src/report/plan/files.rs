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

/// Where the sentences stand, and so where the rest is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Where {
    /// In a plan, beside the findings.
    InPlan,
    /// Above lists of everything.
    Below,
}

/// One paragraph, and what goes with it, for each import that was looked into.
pub(super) fn markdown(import: &PlannedImport) -> Option<String> {
    let found = import.files.as_ref()?;
    let id = code_span(&import.request_id);
    let mut text = format!(
        "**In the files of {id}**\n\n{}",
        sentences(found, import.calls, Where::InPlan).join(" ")
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
    Some(sentences(found, import.calls, Where::InPlan).join(" "))
}

/// What there is, then what is missing.
pub(in crate::report) fn sentences(found: &Found, expected: u64, place: Where) -> Vec<String> {
    let expects_more = falls_short(found.calls, expected) && found.remote == 0;
    let expected = expects_more.then(|| {
        let expected = number(expected);
        format!("The request expects about {expected}: are these all the files?")
    });
    let some = |count: u64, sentence: String| (count > 0).then_some(sentence);
    let calls = |number| count(number, "call");
    let (see, as_told) = match place {
        Where::InPlan => (", see the findings", ", as `call-import files` tells"),
        Where::Below => ("", ""),
    };
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
            format!("{} no call{see}.", makes(found.failed)),
        ),
        some(
            found.left_out,
            format!("{} left out{as_told}.", are(found.left_out)),
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
    format!("{} {verb}", files_or_rows(rows))
}

fn are(rows: u64) -> String {
    let verb = if rows == 1 { "is" } else { "are" };
    format!("{} {verb}", files_or_rows(rows))
}

fn files_or_rows(number: u64) -> String {
    match number {
        1 => "1 file or row".to_owned(),
        more => format!("{} files or rows", self::number(more)),
    }
}

fn addresses(number: u64) -> String {
    match number {
        1 => "1 address lies".to_owned(),
        more => format!("{more} addresses lie"),
    }
}

fn row(shown: &Shown) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let with = Some(shown.participants.join(", ")).filter(|names| !names.is_empty());
    format!(
        "| {} | {} | {} | {} | {} |",
        or_dash(shown.title.as_deref().map(code_span)),
        or_dash(began(shown)),
        or_dash(length(shown)),
        or_dash(with.as_deref().map(code_span)),
        or_dash(first_words(shown).as_deref().map(code_span)),
    )
}

/// When a call began: `2026-03-02 14:00 UTC`, or its day.
pub(in crate::report) fn began(shown: &Shown) -> Option<String> {
    let start = shown.started_at?;
    Some(if shown.day_only {
        day(utc_date(start))
    } else {
        format!("{} UTC", start.strftime("%Y-%m-%d %H:%M"))
    })
}

/// `0:31:20`.
pub(in crate::report) fn length(shown: &Shown) -> Option<String> {
    let seconds = shown.duration_ms?.max(0) / 1000;
    Some(format!(
        "{}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    ))
}

/// The first passages of a call, each with its speaker.
pub(in crate::report) fn first_words(shown: &Shown) -> Option<String> {
    let opening = shown.opening.iter();
    let words: Vec<String> = opening
        .map(|(speaker, text)| match speaker {
            Some(speaker) => format!("{speaker}: {text}"),
            None => text.clone(),
        })
        .collect();
    Some(words.join(" / ")).filter(|words| !words.is_empty())
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
    let lines: Vec<String> = text
        .lines()
        .map(|line| without_command(&defuse(&seen(line))))
        .collect();
    format!("{fence}{language}\n{}\n{fence}", lines.join("\n"))
}

/// GitHub Actions takes a printed line that begins with `::` for a command.
fn without_command(line: &str) -> String {
    let blanks = line.len() - line.trim_start().len();
    match line.split_at(blanks) {
        (blanks, text) if text.starts_with("::") => format!("{blanks}: {}", &text[1..]),
        _ => line.to_owned(),
    }
}
