//! From bytes to rows: tables as CSV, TSV or XLSX.
//!
//! A cell of a workbook becomes the text that people see in it, with dates in ISO form, so that everything
//! behind this module reads text only.

mod separated;
mod workbook;
mod written;

pub use written::{failures_csv, template_csv};

use std::collections::BTreeMap;

use super::{
    columns,
    notice::{Code, Notice, Notices, TableCode},
    options::Options,
    refusal::{self, FileProblem},
    text,
};

/// What a table may have at most. The limits are told in the message of whoever passes one.
struct Limits {
    /// Bytes of the file.
    bytes: usize,
    /// Rows below the headings.
    rows: usize,
    /// Cells of all rows.
    cells: usize,
    /// Bytes of one cell, in UTF-8.
    cell: usize,
    /// Bytes of a workbook's worksheets when unpacked, and of the texts of its cells.
    unpacked: u64,
    /// Bytes of any other member of a workbook when unpacked.
    member: u64,
}

const LIMITS: Limits = Limits {
    bytes: 64 << 20,
    rows: 200_000,
    cells: 2_000_000,
    cell: 1_000_000,
    unpacked: 128 << 20,
    member: 32 << 20,
};

/// Where Excel cuts the text of a cell (Excel specifications and limits).
const EXCEL_CELL: usize = 32_767;

/// Lines that may stand above the headings, the headings included.
const HEAD: usize = 10;

/// The columns that [`failures_csv`] puts in front of the original ones.
const FAILURE_COLUMNS: [&str; 7] = [
    "file",
    "line",
    "column",
    "code",
    "value",
    "message",
    "what to do",
];

/// A table as text, before anything is made of what its columns mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Where it comes from.
    pub format: TableFormat,
    /// How it was read: the separator in words, or the name of the sheet.
    pub layout: String,
    /// The headings, in the file's order.
    pub headings: Vec<String>,
    /// 1-based line of the headings.
    pub heading_line: usize,
    /// Rows that are not blank.
    pub rows: Vec<Row>,
    /// What was assumed or mended, in order of line.
    pub notices: Vec<Notice>,
    /// What stands between the cells of text; `None` for a workbook.
    pub(super) separator: Option<char>,
    /// Columns in front of `headings` that are our own and not read: those of a list of failures.
    pub(super) own_columns: usize,
    /// In a list of failures, by line: file and line of the row that failed.
    pub(super) corrects: BTreeMap<usize, (String, usize)>,
    /// Whether day numbers count from 1904, as in workbooks of old Macs.
    pub(super) from_1904: bool,
}

/// A kind of file that holds a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Text with a separator between cells.
    Csv,
    /// Excel workbook (ECMA-376).
    Xlsx,
}

impl TableFormat {
    /// The word in `Transcript::source`.
    pub const fn source(self) -> &'static str {
        match self {
            Self::Csv => "file:csv",
            Self::Xlsx => "file:xlsx",
        }
    }
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// 1-based line on which it begins; the row's number in a workbook.
    pub line: usize,
    /// May be fewer than there are headings, or more.
    pub cells: Vec<String>,
}

impl Row {
    fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| text::is_blank(cell))
    }
}

impl Table {
    /// A row with its headings, so that it can be given back.
    pub(super) fn original(&self, row: &Row) -> Vec<(String, String)> {
        let width = row.cells.len().max(self.headings.len());
        let at = |cells: &[String], index: usize| cells.get(index).cloned().unwrap_or_default();
        (0..width)
            .map(|index| (at(&self.headings, index), at(&row.cells, index)))
            .collect()
    }

    /// Whether it is a table of failures without rows to correct: it names only whole files.
    pub fn names_files_only(&self) -> bool {
        self.own_columns > 0 && self.headings.is_empty()
    }

    /// Number of a cell in the file, 1-based, for messages.
    pub(super) const fn number(&self, index: usize) -> usize {
        self.own_columns + index + 1
    }

    /// A problem if a row has more cells than there are headings, and they are not blank.
    pub(super) fn beyond(&self, row: &Row) -> Option<FileProblem> {
        let extra = row.cells.iter().enumerate().skip(self.headings.len());
        let (index, cell) = extra.into_iter().find(|(_, cell)| !text::is_blank(cell))?;
        let help = match self.format {
            TableFormat::Csv => {
                "Put texts that hold the separator in quotation marks, or take the extra cells out."
            }
            TableFormat::Xlsx => "Give the column a heading, or take the cell out.",
        };
        let problem = FileProblem::new(
            "too-many-cells",
            format!(
                "The row has more cells than the list has headings, which are {}.",
                self.headings.len()
            ),
            help,
        );
        Some(
            problem
                .at(row.line)
                .with_value(self.number(index), cell.trim()),
        )
    }
}

/// Reads a table; its first bytes decide whether it is a workbook or text. `name` is for messages only.
///
/// # Errors
/// A [`FileProblem`] when it is no table, is damaged, or is larger than what is read at once.
pub fn table(name: &str, bytes: &[u8], options: &Options) -> Result<Table, FileProblem> {
    if bytes.len() > LIMITS.bytes {
        return Err(too_large(name));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return workbook::read(bytes, options);
    }
    match refusal::of_other_kind(bytes) {
        Some(problem) => Err(problem),
        None => separated::read(bytes, options),
    }
}

/// What the two readers find, before the headings are looked for.
struct Raw {
    format: TableFormat,
    layout: String,
    separator: Option<char>,
    rows: Vec<Row>,
    from_1904: bool,
}

/// Finds the headings among the first rows and checks the others.
fn assemble(raw: Raw, options: &Options, mut notices: Notices) -> Result<Table, FileProblem> {
    let mut rows = raw.rows;
    rows.retain(|row| !row.is_blank());
    if rows.is_empty() {
        return Err(refusal::empty());
    }
    let (found, _) = columns::find_headings(&rows[..rows.len().min(HEAD)], options);
    for title in &rows[..found] {
        notices.add(Code::Table(TableCode::TitleLine), title.line);
    }
    let mut rows = rows.split_off(found);
    let Row { line, cells } = rows.remove(0);
    if rows.len() > LIMITS.rows {
        return Err(too_many_rows());
    }
    let mut headings: Vec<String> = cells.iter().map(|cell| tidy(cell)).collect();
    // Excel leaves columns without a name behind what was once there.
    while headings.last().is_some_and(String::is_empty) {
        headings.pop();
    }
    let own_columns = if is_list_of_failures(&headings) {
        FAILURE_COLUMNS.len()
    } else {
        0
    };
    headings.drain(..own_columns);
    if own_columns > 0 {
        headings.iter_mut().for_each(written::bare);
    }
    let mut table = Table {
        format: raw.format,
        layout: raw.layout,
        headings,
        heading_line: line,
        rows,
        notices: Vec::new(),
        separator: raw.separator,
        own_columns,
        corrects: BTreeMap::new(),
        from_1904: raw.from_1904,
    };
    check_rows(&mut table, &mut notices);
    table.notices = notices.into_list();
    Ok(table)
}

/// Whether these are the headings that [`failures_csv`] writes.
pub(super) fn is_list_of_failures(headings: &[String]) -> bool {
    let same = |(heading, own): (&String, &str)| heading.trim() == own;
    headings.len() >= FAILURE_COLUMNS.len() && headings.iter().zip(FAILURE_COLUMNS).all(same)
}

fn check_rows(table: &mut Table, notices: &mut Notices) {
    let (own, width) = (table.own_columns, table.headings.len());
    for row in &mut table.rows {
        let mut own_cells = row.cells.drain(..own.min(row.cells.len()));
        if let Some(mut file) = own_cells.next()
            && let Some(line) = own_cells.next().and_then(|line| line.trim().parse().ok())
        {
            written::bare(&mut file);
            table.corrects.insert(row.line, (file, line));
        }
        drop(own_cells);
        if own > 0 {
            for cell in &mut row.cells {
                written::bare(cell);
            }
        }
        // A workbook has no cells at the end of a row where nothing stands.
        if row.cells.len() < width && table.format == TableFormat::Csv {
            notices.add(Code::Table(TableCode::ShortRow), row.line);
        }
        for (index, cell) in row.cells.iter().enumerate() {
            let length = || cell.chars().map(char::len_utf16).sum::<usize>();
            if cell.len() >= EXCEL_CELL && length() == EXCEL_CELL {
                notices.add_at(
                    Code::Table(TableCode::CellMayBeCut),
                    row.line,
                    own + index + 1,
                );
            }
        }
    }
    table.rows.retain(|row| !row.is_blank());
}

/// Without white space at its ends, and on one line.
fn tidy(heading: &str) -> String {
    text::trim(heading)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn too_large(name: &str) -> FileProblem {
    FileProblem::new(
        "table-too-large",
        format!(
            "The list {name} is larger than {} MB, which is the most that is read of one list.",
            LIMITS.bytes >> 20
        ),
        "Split it into several files.",
    )
}

fn too_many_rows() -> FileProblem {
    FileProblem::new(
        "too-many-rows",
        format!("The list has more than {} rows.", LIMITS.rows),
        "Split it into several files with the same headings.",
    )
}

fn too_many_cells() -> FileProblem {
    FileProblem::new(
        "too-many-rows",
        format!("The list has more than {} cells.", LIMITS.cells),
        "Take out columns that are not needed, or split it into several files with the same headings.",
    )
}

fn cell_too_long(line: usize, column: usize, cell: &str) -> FileProblem {
    FileProblem::new(
        "cell-too-long",
        format!(
            "A cell holds more than {} bytes of text, which is the most that is read.",
            LIMITS.cell
        ),
        "If it is a transcript, save it as a file of its own and name the file in the list; else look for a \
         quotation mark that is not closed.",
    )
    .at(line)
    .with_value(column, cell)
}
