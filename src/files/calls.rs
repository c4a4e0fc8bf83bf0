//! From rows to calls: what a call list says.

mod checks;
mod row;

use self::row::Reading;
use super::{
    cells::{
        dates::{Dates, Placed},
        durations,
    },
    column::Column,
    columns::{self, Columns, Words},
    listed::{CallList, ListedCall, RowFailure},
    notice::{Notice, Notices},
    options::{DurationUnit, Options},
    refusal::FileProblem,
    table::{Row, Table},
};
use crate::model::Call;

/// Length from which on a cell can be no file name.
const LONGEST_FILE_NAME: usize = 255;

/// Makes a call of each row. A row that makes none is a failure and does not harm the others.
///
/// # Errors
/// A [`FileProblem`] when the whole list leaves open how it is to be read: which column is which, what stands first
/// in its dates, in which time zone or unit it is.
pub fn call_list(table: &Table, options: &Options) -> Result<CallList, FileProblem> {
    let mut columns = columns::columns(table, Words::Calls, options)?;
    if holds_transcripts(table, &columns) {
        columns.rename(Column::TranscriptFile, Column::Text);
    }
    let dates = Dates::of_column(
        cells(table, &columns, Column::StartedAt),
        options,
        table.from_1904,
    )?;
    let mut reading = Reading {
        table,
        columns: &columns,
        dates,
        unit: unit(table, &columns, options)?,
        options,
        notices: Notices::default(),
        transcripts: row::Transcripts::default(),
    };
    let mut list = CallList {
        columns: columns.named(table),
        corrects: table.corrects.clone(),
        ..CallList::default()
    };
    for row in &table.rows {
        match reading.call(row) {
            Ok(call) => list.calls.push(call),
            Err(problem) => {
                let original = table.original(row);
                list.unread.push(outline(row, &columns, &original));
                list.failures.push(RowFailure { problem, original });
            }
        }
    }
    checks::check(&list.calls, &mut reading.notices);
    list.notices.clone_from(&table.notices);
    list.notices.extend(unread(table, &columns));
    list.notices.extend(reading.transcripts.into_notices());
    list.notices.extend(reading.notices.into_list());
    list.notices.sort_by_key(|notice| notice.line);
    Ok(list)
}

/// What a row that makes no call says of the files that belong to it.
fn outline(row: &Row, columns: &Columns, original: &[(String, String)]) -> ListedCall {
    let value = |column| columns.value(row, column).map(str::to_owned);
    let mut call = Call::new(value(Column::ExternalId).unwrap_or_default());
    call.title = value(Column::Title);
    ListedCall {
        line: row.line,
        range: None,
        call,
        transcript_file: value(Column::TranscriptFile),
        media_file: value(Column::MediaFile),
        original: original.to_vec(),
    }
}

/// Whether the column headed `transcript` holds what was said, not the names of files.
fn holds_transcripts(table: &Table, columns: &Columns) -> bool {
    columns.place(Column::Text).is_none()
        && cells(table, columns, Column::TranscriptFile)
            .any(|cell| cell.text.len() > LONGEST_FILE_NAME || cell.text.contains('\n'))
}

/// The cells of a column in which something stands.
fn cells<'t>(
    table: &'t Table,
    columns: &'t Columns,
    column: Column,
) -> impl Iterator<Item = Placed<'t>> {
    let place = columns.place(column).unwrap_or_default();
    table.rows.iter().filter_map(move |row| {
        Some(Placed {
            line: row.line,
            column: table.number(place),
            text: columns.value(row, column)?,
        })
    })
}

/// What plain numbers of the lengths are; `None` where there are no plain numbers.
fn unit(
    table: &Table,
    columns: &Columns,
    options: &Options,
) -> Result<Option<DurationUnit>, FileProblem> {
    let unit = columns.unit(Column::Duration, options);
    let mut lengths = cells(table, columns, Column::Duration);
    match lengths.find(|cell| durations::is_plain_number(cell.text)) {
        Some(cell) if unit.is_none() => Err(FileProblem::new(
            "no-unit",
            "The lengths of the calls are plain numbers, and nothing says whether they are seconds or minutes.",
            "Write `options: {duration_unit: minutes}`, or `seconds`, `hours` or `milliseconds`.",
        )
        .at(cell.line)
        .with_value(cell.column, cell.text)),
        Some(_) | None => Ok(unit),
    }
}

/// Columns that are kept as they stand.
fn unread(table: &Table, columns: &Columns) -> Option<Notice> {
    const MOST: usize = 20;
    let headings = columns.unread(table);
    let named: Vec<String> = headings
        .iter()
        .take(MOST)
        .map(|heading| format!("`{}`", heading.chars().take(40).collect::<String>()))
        .collect();
    let more = if headings.len() > MOST { ", …" } else { "" };
    (!named.is_empty()).then(|| Notice {
        line: table.heading_line,
        column: 1,
        code: "unread-columns",
        message: format!(
            "Columns that the import does not know are kept with the call as they stand: {}{more}.",
            named.join(", ")
        ),
    })
}
