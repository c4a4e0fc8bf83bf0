//! Tables: lists of calls and transcripts as CSV and XLSX.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

mod lists;
mod properties;
mod spoken;
pub(super) mod workbooks;
mod written;

use std::fmt::Write as _;

use call_import_engine::{
    files::{self, CallList, Column, FileProblem, ListedCall, Notice, Options, Table, TableKind},
    model::Participant,
};

fn options(yaml: &str) -> Options {
    serde_yaml::from_str(yaml).unwrap()
}

fn table(text: &str) -> Table {
    files::table("calls.csv", text.as_bytes(), &Options::default()).unwrap()
}

fn list_with(text: &str, options: &Options) -> Result<CallList, FileProblem> {
    files::call_list(
        &files::table("calls.csv", text.as_bytes(), options)?,
        options,
    )
}

fn list(text: &str) -> CallList {
    list_with(text, &Options::default()).unwrap()
}

/// The only call of a list with these headings.
fn one(headings: &str, row: &str) -> ListedCall {
    let mut list = list(&format!("{headings}\n{row}\n"));
    assert_eq!(list.failures, []);
    assert_eq!(list.calls.len(), 1);
    list.calls.remove(0)
}

/// What is wrong with the only row of a list.
fn failure(headings: &str, row: &str) -> FileProblem {
    let mut list = list(&format!("{headings}\n{row}\n"));
    assert_eq!(list.calls, []);
    assert_eq!(list.failures.len(), 1);
    list.failures.remove(0).problem
}

fn codes(notices: &[Notice]) -> Vec<(&str, usize)> {
    notices
        .iter()
        .map(|notice| (notice.code, notice.line))
        .collect()
}

fn start(call: &ListedCall) -> String {
    let call = &call.call;
    let time = call.started_at.map(|time| time.to_string());
    format!("{} {}", time.unwrap_or_default(), call.started_at_precision)
}

fn person(participant: &Participant) -> String {
    let parts = [
        &participant.name,
        &participant.email,
        &participant.phone,
        &Some(participant.role.to_string()),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    parts.join(" / ")
}

/// A list as people are told of it.
fn render(list: &CallList) -> String {
    let mut text = files::columns_as_yaml(&list.columns);
    for listed in &list.calls {
        let call = &listed.call;
        writeln!(
            text,
            "\nline {}: {:?}",
            listed.line,
            call.title.as_deref().unwrap_or("-")
        )
        .unwrap();
        writeln!(text, "  id {:?}, {}", call.external_id, start(listed)).unwrap();
        writeln!(
            text,
            "  {:?} ms ({})",
            call.duration_ms, call.duration_source
        )
        .unwrap();
        for participant in &call.participants {
            writeln!(text, "  {}", person(participant)).unwrap();
        }
        let files = (&listed.transcript_file, &listed.media_file);
        writeln!(
            text,
            "  files {files:?}, {:?}, {:?}",
            call.language, call.direction
        )
        .unwrap();
        writeln!(text, "  raw {}", call.raw.as_deref().unwrap_or("-")).unwrap();
    }
    for failure in &list.failures {
        let problem = &failure.problem;
        writeln!(
            text,
            "\nfailed: line {:?}, column {:?}, value {:?}, {}: {problem}",
            problem.line, problem.column, problem.value, problem.code
        )
        .unwrap();
    }
    for notice in &list.notices {
        writeln!(
            text,
            "\nnotice: line {}, column {}, {}: {}",
            notice.line, notice.column, notice.code, notice.message
        )
        .unwrap();
    }
    text
}

#[test]
fn headings_tell_what_a_table_is() {
    for (headings, expected) in [
        ("id,title,start,duration", "calls"),
        ("Call Date,Rep,Recording URL", "calls"),
        ("title,start,duration,transcript", "calls"),
        ("speaker,start,end,text", "transcript"),
        ("Call ID;Who;From;To;Sentence", "transcript"),
        ("id,text", "transcript"),
        ("name,start,transcript", "list-or-transcript"),
        ("name,notes", "unknown-headings"),
        ("foo,bar", "unknown-headings"),
    ] {
        let table = table(&format!("{headings}\n1,2,3,4\n"));
        let kind = match files::table_kind(&table, &Options::default()) {
            TableKind::Calls => "calls",
            TableKind::Transcript => "transcript",
            TableKind::Neither(problem) => problem.code,
        };
        assert_eq!(kind, expected, "{headings}");
    }
    let unclear = table("name,start,transcript\n1,2,3\n");
    for (columns, expected) in [
        ("{title: name}", TableKind::Calls),
        ("{text: transcript}", TableKind::Transcript),
    ] {
        let options = options(&format!("columns: {columns}"));
        assert_eq!(files::table_kind(&unclear, &options), expected);
    }
}

#[test]
fn the_guess_of_columns_can_be_pasted_and_means_the_same() {
    let headings = [
        (Column::ExternalId, "Call: \"ID\" #1"),
        (Column::Title, "- title"),
        (Column::StartedAt, "yes"),
        (Column::Host, "2026"),
        (Column::Duration, "Dauer in Minuten"),
    ];
    let headings = headings.map(|(column, heading)| (column, heading.to_owned()));
    let yaml = files::columns_as_yaml(&headings);
    insta::assert_snapshot!(yaml);
    let pasted = format!("options:\n  timezone: Europe/Madrid\n{yaml}");
    let read: std::collections::BTreeMap<String, Options> = serde_yaml::from_str(&pasted).unwrap();
    assert_eq!(read["options"].columns, headings.into_iter().collect());
}
