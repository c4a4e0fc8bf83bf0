//! From one row to one call.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    files::{
        self, cells,
        cells::{dates::Dates, durations, languages, links, people},
        column::Column,
        columns::Columns,
        listed::ListedCall,
        notice::{Code, Notice, Notices, TableCode},
        options::{DurationUnit, Options},
        refusal::FileProblem,
        table::{Row, Table},
    },
    model::{Call, CallKind, Direction, Transcript, TranscriptContent},
};

/// Digits that Excel keeps of a number.
const EXCEL_DIGITS: usize = 15;

/// How the rows of a list are read.
pub(super) struct Reading<'t> {
    pub(super) table: &'t Table,
    pub(super) columns: &'t Columns,
    pub(super) dates: Dates<'t>,
    pub(super) unit: Option<DurationUnit>,
    pub(super) options: &'t Options,
    pub(super) notices: Notices,
    pub(super) transcripts: Transcripts,
}

/// A cell of the row that is read.
#[derive(Clone, Copy)]
struct Cell<'r> {
    line: usize,
    /// 1-based number of the cell.
    column: usize,
    text: &'r str,
}

impl Cell<'_> {
    fn place(self, problem: FileProblem) -> FileProblem {
        problem.at(self.line).with_value(self.column, self.text)
    }
}

impl<'t> Reading<'t> {
    /// Reads a row.
    pub(super) fn call(&mut self, row: &'t Row) -> Result<ListedCall, FileProblem> {
        if let Some(problem) = self.table.beyond(row) {
            return Err(problem);
        }
        let mut call = Call::new(self.id(row)?.unwrap_or_default());
        call.title = self.text(row, Column::Title)?.map(on_one_line);
        self.start(row, &mut call)?;
        self.length(row, &mut call)?;
        self.people(row, &mut call)?;
        call.language = self.language(row)?;
        (call.kind, call.direction) = self.direction(row)?;
        call.source_url = self.link(row)?;
        call.transcript = match self.transcript(row)? {
            Some(transcript) => TranscriptContent::Here(transcript),
            None => TranscriptContent::Absent,
        };
        call.raw = Some(self.raw(row));
        Ok(ListedCall {
            range: None,
            line: row.line,
            call,
            transcript_file: self.text(row, Column::TranscriptFile)?.map(str::to_owned),
            media_file: self.text(row, Column::MediaFile)?.map(str::to_owned),
            original: self.table.original(row),
        })
    }

    /// What stands in the column, unless a spreadsheet damaged it.
    fn cell(&self, row: &'t Row, column: Column) -> Result<Option<Cell<'t>>, FileProblem> {
        let Some(text) = self.columns.value(row, column) else {
            return Ok(None);
        };
        let place = self.columns.place(column).unwrap_or_default();
        let cell = Cell {
            line: row.line,
            column: self.table.number(place),
            text,
        };
        cells::damage(text).map_or(Ok(Some(cell)), |problem| Err(cell.place(problem)))
    }

    fn text(&self, row: &'t Row, column: Column) -> Result<Option<&'t str>, FileProblem> {
        Ok(self.cell(row, column)?.map(|cell| cell.text))
    }

    /// What stands in a column of which words such as `n/a` say that there is nothing.
    fn told(&self, row: &'t Row, column: Column) -> Result<Option<Cell<'t>>, FileProblem> {
        let cell = self.cell(row, column)?;
        Ok(cell.filter(|cell| !cells::is_absent(cell.text)))
    }

    fn note(&mut self, code: TableCode, cell: Cell<'_>) {
        self.notices
            .add_at(Code::Table(code), cell.line, cell.column);
    }

    fn id(&mut self, row: &'t Row) -> Result<Option<&'t str>, FileProblem> {
        let Some(cell) = self.cell(row, Column::ExternalId)? else {
            return Ok(None);
        };
        if let Some(problem) = cells::damaged_id(cell.text) {
            return Err(cell.place(problem));
        }
        let digits = cell.text.bytes().all(|byte| byte.is_ascii_digit());
        let behind = cell.text.get(EXCEL_DIGITS..).unwrap_or_default();
        if digits && behind.len() > 1 && behind.bytes().all(|byte| byte == b'0') {
            self.note(TableCode::IdEndsInZeros, cell);
        }
        Ok(Some(cell.text))
    }

    fn start(&mut self, row: &'t Row, call: &mut Call) -> Result<(), FileProblem> {
        let Some(cell) = self.told(row, Column::StartedAt)? else {
            return Ok(());
        };
        let start = self
            .dates
            .read(cell.text)
            .map_err(|problem| cell.place(problem))?;
        call.started_at = Some(start.time);
        call.started_at_precision = start.precision;
        for remark in start.remarks {
            self.note(remark, cell);
        }
        Ok(())
    }

    fn length(&mut self, row: &'t Row, call: &mut Call) -> Result<(), FileProblem> {
        let Some(cell) = self.told(row, Column::Duration)? else {
            return Ok(());
        };
        let length =
            durations::length(cell.text, self.unit).map_err(|problem| cell.place(problem))?;
        call.duration_ms = Some(length.milliseconds);
        call.duration_source = length.source;
        if length.two_parts {
            self.note(TableCode::TwoPartLength, cell);
        }
        Ok(())
    }

    fn people(&mut self, row: &'t Row, call: &mut Call) -> Result<(), FileProblem> {
        if let Some(cell) = self.told(row, Column::Participants)? {
            let people = people::people(cell.text);
            if people.doubtful {
                self.note(TableCode::CommasInNames, cell);
            }
            call.participants = people.list;
        }
        let Some(cell) = self.told(row, Column::Host)? else {
            return Ok(());
        };
        // Digits alone are the platform's id of the host.
        if cell.text.bytes().all(|byte| byte.is_ascii_digit()) {
            call.host = Some(cell.text.to_owned());
            return Ok(());
        }
        // A host is one person, so a comma in it is part of the name.
        if let Some(host) = people::one(cell.text) {
            call.host = host
                .name
                .clone()
                .or_else(|| host.email.clone())
                .or_else(|| host.phone.clone());
            people::add_host(&mut call.participants, host);
        }
        Ok(())
    }

    fn language(&mut self, row: &'t Row) -> Result<Option<String>, FileProblem> {
        let Some(cell) = self.told(row, Column::Language)? else {
            return Ok(None);
        };
        let tag = languages::tag(cell.text);
        if tag.is_none() {
            self.note(TableCode::UnknownLanguage, cell);
        }
        Ok(tag)
    }

    fn direction(&mut self, row: &'t Row) -> Result<(CallKind, Option<Direction>), FileProblem> {
        let Some(cell) = self.told(row, Column::Direction)? else {
            return Ok((CallKind::Unknown, None));
        };
        let word = cell.text.to_lowercase();
        let word: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
        Ok(match word.as_str() {
            "inbound" | "in" | "incoming" | "received" | "inboundcall" | "incomingcall" => {
                (CallKind::Unknown, Some(Direction::Inbound))
            }
            "outbound" | "out" | "outgoing" | "dialed" | "dialled" | "placed" | "outboundcall"
            | "outgoingcall" => (CallKind::Unknown, Some(Direction::Outbound)),
            "conference" | "conferencecall" => (CallKind::Unknown, Some(Direction::Conference)),
            "meeting" | "video" | "videocall" | "videomeeting" | "webmeeting" => {
                (CallKind::Meeting, None)
            }
            "phone" | "phonecall" | "call" | "telephone" => (CallKind::Phone, None),
            "voicemail" => (CallKind::Voicemail, None),
            _ => {
                self.note(TableCode::UnknownDirection, cell);
                (CallKind::Unknown, None)
            }
        })
    }

    fn link(&mut self, row: &'t Row) -> Result<Option<String>, FileProblem> {
        let Some(cell) = self.told(row, Column::SourceUrl)? else {
            return Ok(None);
        };
        let link = links::link(cell.text);
        match &link {
            None => self.note(TableCode::NoLink, cell),
            Some(link) if link.cut => self.note(TableCode::SecretInLink, cell),
            Some(_) => {}
        }
        Ok(link.map(|link| link.text))
    }

    /// What was said, where the list itself holds it.
    fn transcript(&mut self, row: &'t Row) -> Result<Option<Transcript>, FileProblem> {
        let Some(cell) = self.cell(row, Column::Text)? else {
            return Ok(None);
        };
        // The cell is text by now, however the file was encoded.
        let options = Options {
            encoding: None,
            ..self.options.clone()
        };
        let read = files::read("transcript.txt", cell.text.as_bytes(), &options);
        let read = read.map_err(|problem| {
            let first = cell.text.lines().next().unwrap_or_default();
            problem.at(cell.line).with_value(cell.column, first)
        })?;
        self.transcripts.add(cell.line, cell.column, read.notices);
        let source = self.table.format.source().to_owned();
        Ok(Some(Transcript {
            source,
            ..read.transcript
        }))
    }

    /// The row as JSON, without what was said and without what lets anybody in.
    fn raw(&self, row: &Row) -> String {
        let said = self.columns.place(Column::Text);
        let mut raw = Map::new();
        for (index, (heading, cell)) in self.table.original(row).into_iter().enumerate() {
            if Some(index) == said || cell.trim().is_empty() {
                continue;
            }
            let mut name = heading.clone();
            let mut number = 2;
            while raw.contains_key(&name) {
                name = format!("{heading} ({number})");
                number += 1;
            }
            let clean = links::link(cell.trim()).map_or(cell, |link| link.text);
            raw.insert(name, Value::String(clean));
        }
        Value::Object(raw).to_string()
    }
}

/// Notices of transcripts in cells: the first of each kind, and in how many rows it is.
#[derive(Debug, Default)]
pub(super) struct Transcripts(BTreeMap<&'static str, (Notice, usize)>);

impl Transcripts {
    fn add(&mut self, line: usize, column: usize, notices: Vec<Notice>) {
        for notice in notices {
            let notice = Notice {
                line,
                column,
                ..notice
            };
            self.0.entry(notice.code).or_insert((notice, 0)).1 += 1;
        }
    }

    pub(super) fn into_notices(self) -> impl Iterator<Item = Notice> {
        self.0.into_values().map(|(notice, rows)| match rows {
            1 => notice,
            _ => Notice {
                message: format!(
                    "{} The same in {rows} transcripts of the list.",
                    notice.message
                ),
                ..notice
            },
        })
    }
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
