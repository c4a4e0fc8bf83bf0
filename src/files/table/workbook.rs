//! Tables as Excel workbooks.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read as _},
};

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError};

use super::{HEAD, LIMITS, Raw, Row, Table, TableFormat};
use crate::files::{
    cells::dates,
    columns,
    contained::contained,
    notice::{Code, Notices, TableCode},
    options::Options,
    refusal::{self, FileProblem},
    text,
};

/// Sheets that are looked at.
const SHEETS: usize = 50;

/// Columns of a sheet (Excel specifications and limits). Letters for more run over the numbers of the library.
const MOST_COLUMNS: u32 = 16_384;

/// From where on Excel has lost digits of a number, because it keeps 15.
const EXACT: f64 = 1e15;

const DAY_MS: f64 = 86_400_000.0;

type Workbook<'b> = Xlsx<Cursor<&'b [u8]>>;

pub(super) fn read(bytes: &[u8], options: &Options) -> Result<Table, FileProblem> {
    check_size(bytes)?;
    contained(|| unpacked(bytes, options)).unwrap_or_else(|| Err(damaged()))
}

fn unpacked(bytes: &[u8], options: &Options) -> Result<Table, FileProblem> {
    let mut workbook: Workbook<'_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    let from_1904 = workbook.has_1904_epoch();
    let mut notices = Notices::default();
    let names = sheets(&workbook);
    let mut chosen = None;
    for name in names.iter().take(SHEETS) {
        let head = match rows(&mut workbook, name, HEAD) {
            Ok(head) if head.is_empty() => continue,
            Ok(head) => head,
            Err(Failure::NoTable) => continue,
            Err(Failure::Problem(problem)) => return Err(problem),
        };
        let (_, known) = columns::find_headings(&head, options);
        if known > 0 {
            chosen = Some(name);
            break;
        }
        // If no sheet has a known heading, the first one is shown.
        chosen.get_or_insert(name);
    }
    let name = chosen.ok_or_else(refusal::empty)?;
    if names.len() > 1 {
        notices.add(Code::Table(TableCode::OtherSheets), 1);
    }
    let rows = rows(&mut workbook, name, usize::MAX).map_err(|failure| match failure {
        Failure::NoTable => damaged(),
        Failure::Problem(problem) => problem,
    })?;
    let raw = Raw {
        format: TableFormat::Xlsx,
        layout: format!("sheet `{name}`"),
        separator: None,
        rows,
        from_1904,
    };
    super::assemble(raw, options, notices)
}

/// Unpacks everything once without keeping it, because what a ZIP file declares about itself may be wrong.
fn check_size(bytes: &[u8]) -> Result<(), FileProblem> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    let mut left = LIMITS.unpacked;
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|_| damaged())?;
        let sheet = member
            .name()
            .map_err(|_| damaged())?
            .starts_with("xl/worksheets/");
        let most = if sheet { left } else { LIMITS.member.min(left) };
        let unpacked = io::copy(&mut member.take(most + 1), &mut io::sink());
        let unpacked = unpacked.map_err(|_| damaged())?;
        if unpacked > most {
            return Err(unpacks_too_large());
        }
        left -= unpacked;
    }
    Ok(())
}

/// Names of the sheets that hold cells, those that people see first.
fn sheets(workbook: &Workbook<'_>) -> Vec<String> {
    let sheets = workbook.sheets_metadata();
    let mut sheets: Vec<_> = sheets
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .collect();
    sheets.sort_by_key(|sheet| sheet.visible != SheetVisible::Visible);
    sheets.iter().map(|sheet| sheet.name.clone()).collect()
}

enum Failure {
    /// A chart or the like.
    NoTable,
    Problem(FileProblem),
}

impl From<XlsxError> for Failure {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::NotAWorksheet(_) => Self::NoTable,
            _ => Self::Problem(damaged()),
        }
    }
}

/// The first rows of a sheet in which something stands.
fn rows(workbook: &mut Workbook<'_>, name: &str, most: usize) -> Result<Vec<Row>, Failure> {
    let from_1904 = workbook.has_1904_epoch();
    let mut reader = workbook.worksheet_cells_reader(name)?;
    // A damaged workbook may have its rows in any order.
    let mut rows: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let (mut cells, mut bytes) = (0, 0_u64);
    while let Some(cell) = reader.next_cell()? {
        let (row, column) = cell.get_position();
        let text = shown(cell.get_value(), from_1904);
        if text::is_blank(&text) {
            continue;
        }
        // XML has no such character, and what is written as CSV could not give it back.
        if text.contains('\0') || column >= MOST_COLUMNS {
            return Err(Failure::Problem(damaged()));
        }
        let line = row as usize + 1;
        let column = column as usize;
        if text.len() > LIMITS.cell {
            let problem = super::cell_too_long(line, column + 1, &text);
            return Err(Failure::Problem(problem));
        }
        if !rows.contains_key(&row) && rows.len() == most {
            break;
        }
        let own = rows.entry(row).or_default();
        // What was typed far to the right of the others takes room for all cells in between.
        cells += (column + 1).saturating_sub(own.len());
        bytes += text.len() as u64;
        if cells > LIMITS.cells {
            return Err(Failure::Problem(super::too_many_cells()));
        }
        if bytes > LIMITS.unpacked {
            return Err(Failure::Problem(unpacks_too_large()));
        }
        if own.len() <= column {
            own.resize(column + 1, String::new());
        }
        own[column] = text;
        if rows.len() > LIMITS.rows + HEAD {
            return Err(Failure::Problem(super::too_many_rows()));
        }
    }
    let row = |(row, cells): (u32, Vec<String>)| Row {
        line: row as usize + 1,
        cells,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// A cell as text. Dates are in ISO form, lengths of time and times of day as `h:mm:ss`.
fn shown(value: &DataRef<'_>, from_1904: bool) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => self::number(*number),
        DataRef::Bool(yes) => if *yes { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(time) => self::time(*time, from_1904),
        DataRef::Error(error) => error.to_string(),
    }
}

/// As people see it; a number that lost digits in Excel's own form for that, so that it is not taken for an id.
fn number(number: f64) -> String {
    if number.abs() < EXACT {
        return number.to_string();
    }
    let text = format!("{number:E}");
    match text.split_once('E') {
        Some((digits, power)) if !power.starts_with('-') => format!("{digits}E+{power}"),
        _ => text,
    }
}

fn time(time: ExcelDateTime, from_1904: bool) -> String {
    let days = time.as_f64();
    let text = if time.is_duration() || (0.0..1.0).contains(&days) {
        clock(days)
    } else {
        dates::of_serial(days, from_1904).map(dates::iso)
    };
    text.unwrap_or_else(|| number(days))
}

/// Days as `h:mm:ss` or `h:mm:ss.mmm`.
fn clock(days: f64) -> Option<String> {
    let milliseconds = (days * DAY_MS).round_ties_even();
    if !(0.0..9e15).contains(&milliseconds) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked first"
    )]
    let milliseconds = milliseconds as i64;
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let fraction = if rest == 0 {
        String::new()
    } else {
        format!(".{rest:03}")
    };
    Some(format!(
        "{}:{:02}:{:02}{fraction}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    ))
}

fn damaged() -> FileProblem {
    FileProblem::new(
        "damaged-workbook",
        "The file looks like an Excel workbook, but it cannot be read as one: it is damaged, or was made by \
         something else.",
        "Open it in Excel and save it as CSV UTF-8 (.csv) or as a new workbook (.xlsx).",
    )
}

fn unpacks_too_large() -> FileProblem {
    FileProblem::new(
        "table-too-large",
        format!(
            "The workbook unpacks to more than {} MB, which is the most that is read of one list.",
            LIMITS.unpacked >> 20
        ),
        "Keep only the sheet with the list and save it as CSV UTF-8 (.csv), or split it into several files.",
    )
}
