//! From a file to its records: one object, a list of them, JSON Lines, or objects one after another.
//!
//! A broken record does not stop the file. The next one is looked for at the beginning of a line, and there no
//! farther to the right than the broken one began, so that what is nested in it is not taken for a record.

use std::{borrow::Cow, ops::Range};

use super::{
    super::{FileProblem, Options, RowFailure, notice::Notices},
    bytes::{self, Bytes},
    fault,
    shape::Shape,
};

/// Largest record, in bytes of UTF-8: a call of a whole day, every word with its times, has less.
pub const LARGEST_RECORD: usize = 64 * 1024 * 1024;

/// Deepest nesting of a record.
pub const DEEPEST_RECORD: usize = 64;

/// Most of a broken record that is given back, in characters.
const LONGEST_ORIGINAL: usize = 1_000;

/// One record of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// 1-based line on which it begins.
    pub line: usize,
    /// Its bytes in the file, by which it can be read again without the rest. `None` if the file is neither UTF-8
    /// nor UTF-16.
    pub range: Option<Range<usize>>,
    /// A JSON object.
    pub text: Cow<'a, str>,
}

/// Cuts a file into records, in its order; a stretch that holds none is a failure.
///
/// # Errors
/// A [`FileProblem`] when the bytes make no text.
pub fn records<'a>(bytes: &'a [u8], options: &Options) -> Result<Records<'a>, FileProblem> {
    Records::new(bytes, options, &mut Notices::default())
}

/// The records of a file.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    text: Cow<'a, str>,
    encoding: &'static str,
    bytes: Bytes,
    /// What is read next.
    place: Place,
    /// Whether a list was opened and not closed.
    in_list: bool,
}

/// A place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// In bytes.
    offset: usize,
    /// 1-based.
    line: usize,
    /// 1-based, in characters.
    column: usize,
}

impl Place {
    /// Behind a stretch of text that begins here.
    fn behind(self, stretch: &str) -> Self {
        let last = stretch.rfind('\n');
        let column = stretch[last.map_or(0, |at| at + 1)..].chars().count();
        Self {
            offset: self.offset + stretch.len(),
            line: self.line + stretch.matches('\n').count(),
            column: column + if last.is_none() { self.column } else { 1 },
        }
    }
}

impl<'a> Records<'a> {
    pub(super) fn new(
        bytes: &'a [u8],
        options: &Options,
        notices: &mut Notices,
    ) -> Result<Self, FileProblem> {
        let (text, encoding, bytes) = bytes::decode(bytes, options, notices)?;
        Ok(Self {
            text,
            encoding,
            bytes,
            place: Place {
                offset: 0,
                line: 1,
                column: 1,
            },
            in_list: false,
        })
    }

    /// The whole text.
    pub(super) fn whole(&self) -> &str {
        &self.text
    }

    /// The name of its encoding.
    pub(super) const fn encoding(&self) -> &'static str {
        self.encoding
    }

    fn rest(&self) -> &str {
        &self.text[self.place.offset..]
    }

    fn skip(&mut self, bytes: usize) {
        self.place = self.place.behind(&self.rest()[..bytes]);
    }

    /// Goes to what is to be read next, and tells its first character.
    fn next_character(&mut self) -> Option<char> {
        loop {
            let rest = self.rest();
            // A mark in the middle comes from files put together, U+001E from JSON text sequences (RFC 7464).
            let blank =
                |c: char| matches!(c, ' ' | '\t' | '\r' | '\n' | ',' | '\u{feff}' | '\u{1e}');
            let begins = rest.find(|c| !blank(c)).unwrap_or(rest.len());
            self.skip(begins);
            match self.rest().chars().next() {
                Some('[') if !self.in_list => self.in_list = true,
                Some(']') if self.in_list => self.in_list = false,
                other => return other,
            }
            self.skip(1);
        }
    }

    /// A list that has no end is told once.
    fn end(&mut self) -> Option<Box<RowFailure>> {
        std::mem::take(&mut self.in_list).then(|| {
            let problem = FileProblem::new(
                "unfinished-list",
                "The list of calls has no end, so the file may have been cut off.",
                "Check whether calls are missing at its end, and export it again.",
            );
            failure(problem, self.place, self.place, "")
        })
    }

    fn value(&mut self) -> Result<Record<'a>, Box<RowFailure>> {
        let start = self.place;
        let window = self.rest();
        let window = &window[..window.floor_char_boundary(LARGEST_RECORD)];
        let is_cut = window.len() < self.rest().len();
        let mut stream = serde_json::Deserializer::from_str(window).into_iter::<Shape>();
        let found = match stream.next() {
            Some(Ok(shape)) => Ok((shape, stream.byte_offset())),
            Some(Err(error)) if window.starts_with(['{', '[', '"']) => {
                Err(Fault::of(&error, window, is_cut))
            }
            Some(Err(_)) | None => Err(Fault::default()),
        };
        match found {
            Ok((shape, length)) => {
                self.skip(length);
                let range = start.offset..self.place.offset;
                if shape.is_object && shape.depth <= DEEPEST_RECORD {
                    return Ok(self.record(start.line, range));
                }
                let problem = if shape.is_object {
                    too_deep()
                } else {
                    no_record(
                        "What stands here is no record of a call, which begins with { and ends with }.",
                    )
                };
                Err(failure(problem, start, start, &self.text[range]))
            }
            Err(fault) => Err(self.broken(start, fault)),
        }
    }

    fn record(&mut self, line: usize, range: Range<usize>) -> Record<'a> {
        Record {
            line,
            range: self.bytes.of(&self.text, range.clone()),
            text: match &self.text {
                Cow::Borrowed(text) => Cow::Borrowed(&text[range]),
                Cow::Owned(text) => Cow::Owned(text[range].to_owned()),
            },
        }
    }

    /// Goes on where the next record may begin.
    fn broken(&mut self, start: Place, fault: Fault) -> Box<RowFailure> {
        let rest = self.rest();
        let at = start.behind(&rest[..fault.offset]);
        let resumed = resume(rest, start.column, self.in_list);
        let original = rest[..resumed.unwrap_or(rest.len())].to_owned();
        self.skip(original.len());
        let mut problem = fault.problem;
        let told = if resumed.is_some() {
            format!("Reading went on at line {}.", self.place.line)
        } else {
            // The end of the list was not seen, but that is no news any more.
            self.in_list = false;
            "No further record was found behind it.".to_owned()
        };
        problem.message = format!("{} {told}", problem.message);
        failure(problem, start, at, &original)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Box<RowFailure>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_character() {
            Some(_) => Some(self.value()),
            None => self.end().map(Err),
        }
    }
}

/// How far away the next record may begin, or the list may end.
fn resume(rest: &str, column: usize, in_list: bool) -> Option<usize> {
    let mut offset = 0;
    for line in rest.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t', '\u{feff}']).len();
        let begins = match line.as_bytes().get(indent) {
            Some(b'{') => true,
            Some(b']') => in_list,
            _ => false,
        };
        if offset > 0 && begins && line[..indent].chars().count() < column {
            return Some(offset + indent);
        }
        offset += line.len();
    }
    None
}

/// Why what stands at a place is no record.
#[derive(Debug)]
struct Fault {
    problem: FileProblem,
    /// How far behind the beginning it shows.
    offset: usize,
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            problem: no_record("What stands here is no JSON."),
            offset: 0,
        }
    }
}

impl Fault {
    fn of(error: &serde_json::Error, window: &str, is_cut: bool) -> Self {
        let problem = if error.is_eof() && is_cut {
            let megabytes = LARGEST_RECORD / (1024 * 1024);
            FileProblem::new(
                "record-too-large",
                format!("The record is larger than {megabytes} MB, and no call is."),
                "Write each call as a record of its own, and recordings as files beside them.",
            )
        } else if error.is_eof() {
            FileProblem::new(
                "unfinished-record",
                "The record has no end, so the file may have been cut off.",
                "Check whether calls are missing at its end, and export it again.",
            )
        } else if fault::said(error) == "recursion limit exceeded" {
            too_deep()
        } else {
            FileProblem::new(
                "broken-record",
                format!("The record is no JSON: {}.", fault::of_json(error)),
                "Correct it there, or export it again with a program that writes JSON.",
            )
        };
        Self {
            problem,
            offset: fault::offset(error, window),
        }
    }
}

fn no_record(message: &str) -> FileProblem {
    FileProblem::new(
        "no-record",
        message,
        "Take it out, or export the file again as JSON Lines: one call on each line.",
    )
}

fn too_deep() -> FileProblem {
    FileProblem::new(
        "record-too-deep",
        format!("The record is nested deeper than {DEEPEST_RECORD} levels, and no call is."),
        "Write each call as a record of its own.",
    )
}

/// A failure that begins at one place and shows at another.
fn failure(mut problem: FileProblem, start: Place, at: Place, original: &str) -> Box<RowFailure> {
    let Place {
        offset,
        line,
        column,
    } = at;
    problem.message = format!(
        "{} (Line {line}, column {column}, byte {offset}.)",
        problem.message
    );
    // What begins on another line is found by its beginning.
    let shown = if line == start.line { at } else { start };
    let rest = original.get(shown.offset - start.offset..);
    let value = rest
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    Box::new(RowFailure {
        problem: problem.at(start.line).with_value(shown.column, value),
        original: original_of(original.trim_end()),
    })
}

/// A record as it is given back to be corrected.
pub(super) fn original_of(text: &str) -> Vec<(String, String)> {
    let text = text.chars().take(LONGEST_ORIGINAL).collect();
    vec![("record".to_owned(), text)]
}
