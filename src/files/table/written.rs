//! Tables that we write: rows that failed, to be corrected and used again, and a template for a list.

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};

use super::FAILURE_COLUMNS;
use crate::{
    files::{column::Column, columns::word},
    model::FileFailure,
};

/// Mark of UTF-8, without which Excel takes a CSV file for another encoding.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What failed, as CSV: what is wrong, then the row as it stood. Corrected, and put beside the other files, a row
/// stands in the place of the one that failed.
///
/// There is one table for each set of headings, in the order in which they come; whole files, which have no row,
/// stand in the first. None where nothing failed.
pub fn failures_csv(failures: &[FileFailure]) -> Vec<Vec<u8>> {
    let mut tables: Vec<Written<'_>> = Vec::new();
    for failure in failures {
        let mut headings: Vec<&str> = failure
            .original
            .iter()
            .map(|(heading, _)| &**heading)
            .collect();
        let width = headings.len();
        // A row may have more cells than its list has headings.
        while headings.last().is_some_and(|heading| heading.is_empty()) {
            headings.pop();
        }
        let known = tables.iter_mut().find(|table| {
            headings.is_empty() || table.headings.is_empty() || table.headings == headings
        });
        match known {
            Some(table) => {
                if table.headings.is_empty() {
                    table.headings = headings;
                }
                table.width = table.width.max(width);
                table.rows.push(failure);
            }
            None => tables.push(Written {
                headings,
                width,
                rows: vec![failure],
            }),
        }
    }
    let written = tables.into_iter().map(|mut table| {
        table.headings.resize(table.width, "");
        let rows = table.rows.into_iter();
        let rows = rows.map(|failure| failure_row(failure, table.width));
        let rows: Vec<_> = std::iter::once(heading_row(&table.headings))
            .chain(rows)
            .collect();
        csv(&rows)
    });
    written.collect()
}

/// A table of failures while it is put together.
struct Written<'a> {
    headings: Vec<&'a str>,
    width: usize,
    rows: Vec<&'a FileFailure>,
}

fn heading_row<'a>(headings: &[&'a str]) -> Vec<Cow<'a, str>> {
    let front = FAILURE_COLUMNS.into_iter().map(Cow::Borrowed);
    front
        .chain(headings.iter().map(|heading| guarded(heading)))
        .collect()
}

fn failure_row(failure: &FileFailure, width: usize) -> Vec<Cow<'_, str>> {
    let FileFailure {
        file,
        line,
        column,
        code,
        value,
        message,
        help,
        original,
    } = failure;
    let number = |number: &Option<i64>| {
        Cow::Owned(number.map_or_else(String::new, |number| number.to_string()))
    };
    let mut row = vec![
        guarded(file),
        number(line),
        number(column),
        guarded(code),
        guarded(value.as_deref().unwrap_or_default()),
        guarded(message),
        guarded(help),
    ];
    row.extend(original.iter().map(|(_, cell)| guarded(cell)));
    row.resize(FAILURE_COLUMNS.len() + width, Cow::Borrowed(""));
    row
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
