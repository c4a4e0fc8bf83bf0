//! Tables as text: CSV, TSV and what else spreadsheets write under these names.

use std::io::Read as _;

use csv::{ReaderBuilder, StringRecord};

use super::{HEAD, LIMITS, Raw, Row, Table, TableFormat};
use crate::files::{
    columns,
    notice::Notices,
    options::Options,
    refusal::{self, FileProblem},
    text,
};

/// What stands between cells, the most usual first.
const SEPARATORS: &[(u8, &str)] = &[
    (b',', "comma"),
    (b';', "semicolon"),
    (b'\t', "tab"),
    (b'|', "vertical bar"),
];

/// Rows that a guess of the separator is tried on.
const TRIED: usize = 50;

/// A row that is put behind the text. If it does not come out again, a quotation mark was left open.
const END: &str = "\u{1}";

pub(super) fn read(bytes: &[u8], options: &Options) -> Result<Table, FileProblem> {
    let mut notices = Notices::default();
    let (text, encoding) = text::decode(bytes, options, &mut notices)?;
    if text::is_blank(&text) {
        return Err(refusal::empty());
    }
    // One form of line end, so that lines are counted alike and cells hold no other.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (text, first_line, told) = hint(&text);
    let separator = told.unwrap_or_else(|| guess(text, options));
    let rows = all_rows(text, separator, first_line)?;
    let known = SEPARATORS.iter().find(|(byte, _)| *byte == separator);
    let name = known.map_or_else(
        || format!("`{}`", char::from(separator)),
        |(_, name)| (*name).to_owned(),
    );
    let raw = Raw {
        format: TableFormat::Csv,
        layout: format!("{encoding}, separated by {name}"),
        separator: Some(char::from(separator)),
        rows,
        from_1904: false,
    };
    super::assemble(raw, options, notices)
}

/// The text behind a first line such as `sep=;`, which Excel writes and which is no data; the number of the line
/// on which it begins; and the separator.
fn hint(text: &str) -> (&str, usize, Option<u8>) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let line = line.trim_matches(['"', '\u{feff}']);
    match line.as_bytes() {
        [s, e, p, b'=', separator]
            if [s, e, p].map(u8::to_ascii_lowercase) == *b"sep" && separator.is_ascii() =>
        {
            (rest, 2, Some(*separator))
        }
        _ => (text, 1, None),
    }
}

/// The separator with which most headings are known. Among equals the one with which rows have as many cells as
/// there are headings, then the one that makes more cells.
fn guess(text: &str, options: &Options) -> u8 {
    let score = |separator: u8| {
        let mut rows = Vec::new();
        let mut records = Records::new(text, separator, 1);
        while rows.len() < TRIED
            && let Some(row) = records.next()
        {
            rows.push(row);
        }
        rows.retain(|row| row.cells != [END]);
        let (found, known) = columns::find_headings(&rows[..rows.len().min(HEAD)], options);
        let below = rows.get(found..).unwrap_or_default();
        let width = below.first().map_or(0, |row| row.cells.len());
        let even = below.iter().filter(|row| row.cells.len() == width).count();
        (known, even * 100 >= below.len() * 95, width)
    };
    let mut best = (SEPARATORS[0].0, score(SEPARATORS[0].0));
    for (separator, _) in &SEPARATORS[1..] {
        let score = score(*separator);
        if score > best.1 {
            best = (*separator, score);
        }
    }
    best.0
}

fn all_rows(text: &str, separator: u8, first_line: usize) -> Result<Vec<Row>, FileProblem> {
    let mut rows: Vec<Row> = Vec::new();
    let mut cells = 0;
    for row in Records::new(text, separator, first_line) {
        cells += row.cells.len();
        if cells > LIMITS.cells {
            return Err(super::too_many_cells());
        }
        if rows.len() > LIMITS.rows + HEAD {
            return Err(super::too_many_rows());
        }
        rows.push(row);
    }
    match rows.pop() {
        Some(row) if row.cells == [END] => {}
        Some(row) => return Err(open_quote(row.line)),
        None => return Err(refusal::empty()),
    }
    let long = |row: &Row| row.cells.iter().position(|cell| cell.len() > LIMITS.cell);
    match rows.iter().find_map(|row| Some((row, long(row)?))) {
        Some((row, index)) => Err(super::cell_too_long(row.line, index + 1, &row.cells[index])),
        None => Ok(rows),
    }
}

fn open_quote(line: usize) -> FileProblem {
    FileProblem::new(
        "open-quotation-mark",
        "A quotation mark opens a cell in this row and is never closed, so that all lines below would belong to \
         the cell.",
        "Close it, or write two quotation marks where one is part of the text.",
    )
    .at(line)
}

/// The rows of a text and then the row [`END`].
struct Records<'t> {
    text: &'t str,
    reader: csv::Reader<std::io::Chain<&'t [u8], &'static [u8]>>,
    record: StringRecord,
    /// Line on which the text begins, and up to which byte of it lines are counted.
    line: usize,
    counted: usize,
}

impl<'t> Records<'t> {
    fn new(text: &'t str, separator: u8, first_line: usize) -> Self {
        let end: &'static [u8] = b"\n\x01";
        Self {
            text,
            reader: ReaderBuilder::new()
                .delimiter(separator)
                .has_headers(false)
                .flexible(true)
                .from_reader(text.as_bytes().chain(end)),
            record: StringRecord::new(),
            line: first_line,
            counted: 0,
        }
    }

    /// Line of the byte, which lies behind the one asked for before.
    fn line_of(&mut self, byte: usize) -> usize {
        let bytes = self.text.as_bytes();
        let byte = byte.min(bytes.len());
        // The reader says where it began to look, which is above the empty lines that it skips.
        let empty = bytes[byte..].iter().take_while(|byte| **byte == b'\n');
        let byte = byte + empty.count();
        let between = bytes.get(self.counted..byte).unwrap_or_default();
        self.line += between.iter().filter(|byte| **byte == b'\n').count();
        self.counted = byte;
        self.line
    }
}

impl Iterator for Records<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let start = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX);
        // The text is UTF-8 and rows may be uneven, so there is nothing left that could fail.
        if !self.reader.read_record(&mut self.record).ok()? {
            return None;
        }
        let line = self.line_of(start);
        // Files that were joined have a mark of byte order within them.
        let cells = self.record.iter().enumerate().map(|(index, cell)| {
            let cell = if index == 0 {
                cell.trim_start_matches('\u{feff}')
            } else {
                cell
            };
            cell.to_owned()
        });
        Some(Row {
            line,
            cells: cells.collect(),
        })
    }
}
