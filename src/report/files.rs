//! What files hold and what would come of them, for whoever has a folder of them in hand.

use std::fmt::Write as _;

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::{
    plan::files::{Where, began, first_words, length, sentences},
    text::{clean, defuse, grouped, inline, is_hidden, sentence},
};
use crate::{
    import::{FileNotice, Shown, Survey},
    model::{FileFailure, LeftOut},
};

/// Entries of a list that are shown to people; programs get all.
const SHOWN: usize = 50;

/// Files that were looked into.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Id of the request that brings them, if one does.
    pub request: Option<&'a str>,
    /// Calls that the request expects, or 0.
    pub expected: u64,
    /// What was found.
    pub survey: &'a Survey,
}

impl View<'_> {
    /// Whether a night would import anything, as far as that can be seen from here.
    pub fn can_be_imported(&self) -> bool {
        let found = &self.survey.found;
        self.survey.problem.is_none() && (found.calls > 0 || found.remote > 0)
    }
}

/// For a terminal: figures, the first calls, what fails and why, what is left out, what was assumed.
pub fn plain(view: &View<'_>) -> String {
    let Survey {
        found,
        failures,
        left_out,
        notices,
        problem,
        manifest,
    } = view.survey;
    let mut text = match view.request {
        Some(id) => format!("In the files of {}: ", inline(id)),
        None => "In these files: ".to_owned(),
    };
    match problem {
        Some(problem) => {
            let _ = writeln!(
                text,
                "a question is open, and nothing can be imported before it is settled.\n\n  - {}",
                failure(problem)
            );
        }
        None => {
            let sentences = sentences(found, view.expected, Where::Below);
            let _ = writeln!(text, "{}", sentences.join(" "));
        }
    }
    if !found.shown.is_empty() {
        let _ = write!(text, "\nThe first calls:\n\n{}", table(&found.shown));
    }
    text += &list("Not imported", failures, failure);
    let (twice, left_out): (Vec<&LeftOut>, Vec<&LeftOut>) =
        left_out.iter().partition(|file| file.is_duplicate);
    text += &list("Left out", &left_out, |file| apart(file));
    text += &list("There twice", &twice, |file| apart(file));
    text += &list(
        "Assumed or mended; nothing needs to be done if that is right",
        notices,
        notice,
    );
    for (list, yaml) in &found.columns {
        let _ = writeln!(
            text,
            "\nThe columns of {}. If one is wrong, put this below `options:` in the request and correct it:\n",
            clean(list)
        );
        for line in yaml.lines() {
            let seen: String = line.chars().filter(|letter| !is_hidden(*letter)).collect();
            let _ = writeln!(text, "{}", defuse(&seen));
        }
    }
    text + &hints(failures, manifest)
}

/// What else the command can do.
fn hints(failures: &[FileFailure], manifest: &[u8]) -> String {
    let mut text = String::new();
    if !failures.is_empty() {
        text += "\n`--failures FILE` writes what is not imported as a table. Correct its rows and put it beside the other files: a \
                 corrected row counts instead of the one that failed.\n";
    }
    if !manifest.is_empty() {
        text += "\n`--manifest FILE` writes a list of these calls. Correct it and put it beside the files, to add what they do \
                 not say.\n";
    }
    text
}

/// For programs: figures, and everything that is to be said.
pub fn json(view: &View<'_>) -> Value {
    let Survey {
        found,
        failures,
        left_out,
        notices,
        problem,
        manifest: _,
    } = view.survey;
    let notices = notices.iter().map(|notice| {
        let FileNotice {
            file,
            line,
            column,
            message,
        } = notice;
        json!({"file": file, "line": line, "column": column, "message": message})
    });
    json!({
        "request_id": view.request,
        "can_be_imported": view.can_be_imported(),
        "found": found,
        "problem": problem,
        "failures": failures,
        "left_out": left_out,
        "notices": notices.collect::<Vec<_>>(),
    })
}

/// The day comes first, so that nothing from outside begins a line.
fn table(calls: &[Shown]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["BEGAN", "LENGTH", "CALL", "WITH", "FIRST WORDS"]);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    for call in calls {
        table.add_row([
            or_dash(began(call)),
            or_dash(length(call)),
            or_dash(call.title.as_deref().map(inline)),
            or_dash(Some(inline(&call.participants.join(", "))).filter(|names| !names.is_empty())),
            or_dash(first_words(call).map(|words| inline(&words))),
        ]);
    }
    let lines = table.lines();
    lines
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// A heading with its number, and the first entries below it.
fn list<T>(heading: &str, entries: &[T], line: impl Fn(&T) -> String) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{heading} ({}):\n", grouped(entries.len() as u64));
    for entry in entries.iter().take(SHOWN) {
        let _ = writeln!(text, "  - {}", line(entry));
    }
    if let Some(more @ 1..) = entries.len().checked_sub(SHOWN) {
        let _ = writeln!(
            text,
            "  and {} more: `--format json` has all.",
            grouped(more as u64)
        );
    }
    text
}

/// Place, what is wrong, and what to do.
fn failure(failure: &FileFailure) -> String {
    let FileFailure {
        file,
        line,
        column,
        value,
        message,
        help,
        original,
        ..
    } = failure;
    let line = line.map_or_else(String::new, |line| format!(", line {line}"));
    let unit = if original.is_empty() {
        "column"
    } else {
        "cell"
    };
    let column = column.map_or_else(String::new, |column| format!(", {unit} {column}"));
    let value = value.as_deref().map(inline);
    let value = value.map_or_else(String::new, |value| format!(" (here: {value})"));
    format!(
        "{}{line}{column}: {}{value} {}",
        clean(file),
        sentence(message),
        sentence(help)
    )
}

fn apart(LeftOut { name, reason, .. }: &LeftOut) -> String {
    format!("{}: {}", clean(name), sentence(reason))
}

fn notice(notice: &FileNotice) -> String {
    let FileNotice {
        file,
        line,
        column: _,
        message,
    } = notice;
    format!("{}, line {line}: {}", clean(file), sentence(message))
}
