//! Tables that we write: rows that failed, to be corrected and used again, and a template for a list.

use std::{borrow::Cow, collections::HashMap};

use csv::{Terminator, WriterBuilder};

use super::FAILURE_COLUMNS;
use crate::files::{column::Column, columns::word, listed::RowFailure};

/// Mark of UTF-8, without which Excel takes a CSV file for another encoding.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Rows that failed, each with the name of its file, as CSV: what is wrong, then the row as it stood. Corrected,
/// it can be used in place of the list. Lists with different headings belong into different files.
pub fn failures_csv(rows: &[(String, RowFailure)]) -> Vec<u8> {
    let mut headings: Vec<&str> = Vec::new();
    // A heading may stand in a list more than once; then it is the same one at the same occurrence.
    let mut places: HashMap<(&str, usize), usize> = HashMap::new();
    let mut lines = Vec::with_capacity(rows.len());
    for (_, failure) in rows {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let mut line: Vec<&str> = Vec::new();
        for (heading, cell) in &failure.original {
            let occurrence = seen.entry(heading).or_default();
            let place = *places.entry((heading, *occurrence)).or_insert_with(|| {
                headings.push(heading);
                headings.len() - 1
            });
            *occurrence += 1;
            line.resize(line.len().max(place + 1), "");
            line[place] = cell;
        }
        lines.push(line);
    }
    let front = FAILURE_COLUMNS.into_iter().map(Cow::Borrowed);
    let mut table = vec![
        front
            .chain(headings.iter().map(|heading| guarded(heading)))
            .collect(),
    ];
    for ((file, failure), mut line) in rows.iter().zip(lines) {
        line.resize(headings.len(), "");
        let problem = &failure.problem;
        let number = |number: Option<usize>| {
            Cow::Owned(number.map(|number| number.to_string()).unwrap_or_default())
        };
        let mut row: Vec<Cow<'_, str>> = vec![
            guarded(file),
            number(problem.line),
            number(problem.column),
            guarded(problem.code),
            guarded(problem.value.as_deref().unwrap_or_default()),
            guarded(&problem.message),
            guarded(&problem.help),
        ];
        row.extend(line.into_iter().map(guarded));
        table.push(row);
    }
    csv(&table)
}

/// A list of calls to fill in, with two rows that show how.
pub fn template_csv() -> Vec<u8> {
    const COLUMNS: [(Column, &str, &str); 11] = [
        (Column::ExternalId, "call-0001", "call-0002"),
        (Column::Title, "Kick-off with Northwind", "Renewal call"),
        (
            Column::StartedAt,
            "2026-03-02T15:00:00+01:00",
            "2026-03-03T09:30:00+01:00",
        ),
        (Column::Duration, "0:31:20", "45 min"),
        (
            Column::Participants,
            "Bo Lind <bo@northwind.example>; Ines Duarte <ines@oursidelta.example>",
            "Bo Lind <bo@northwind.example>",
        ),
        (
            Column::Host,
            "ines@oursidelta.example",
            "Ines Duarte <ines@oursidelta.example>",
        ),
        (Column::Language, "en", "pt-BR"),
        (Column::TranscriptFile, "kick-off.vtt", "renewal.txt"),
        (Column::MediaFile, "kick-off.mp4", ""),
        (Column::SourceUrl, "https://calls.example/call-0001", ""),
        (Column::Direction, "outbound", "inbound"),
    ];
    csv(&[
        COLUMNS
            .map(|(column, _, _)| Cow::Borrowed(word(column)))
            .to_vec(),
        COLUMNS.map(|(_, cell, _)| Cow::Borrowed(cell)).to_vec(),
        COLUMNS.map(|(_, _, cell)| Cow::Borrowed(cell)).to_vec(),
    ])
}

/// Takes away the apostrophe that [`failures_csv`] put before a cell.
pub(super) fn bare(cell: &mut String) {
    if cell.starts_with('\'') && is_formula(cell) {
        cell.remove(0);
    }
}

/// With an apostrophe in front where a spreadsheet would take the text for a formula (OWASP, "CSV Injection"); also
/// where it has one already, so that taking one away gives back what was there.
fn guarded(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn is_formula(text: &str) -> bool {
    let text = text.trim_start_matches('\'');
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

fn csv(rows: &[Vec<Cow<'_, str>>]) -> Vec<u8> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(MARK.to_vec());
    for row in rows {
        let row = row.iter().map(|cell| cell.as_bytes());
        writer
            .write_record(row)
            .expect("memory takes every row, and all have as many cells");
    }
    writer.into_inner().expect("memory takes everything")
}
