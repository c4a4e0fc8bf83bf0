//! From rows to what was said: transcripts as tables, one row for each time that somebody speaks.

use std::{collections::HashMap, sync::Arc};

use super::{
    cells::{self, dates, durations},
    column::Column,
    columns::{self, Columns, Words},
    listed::RowFailure,
    notice::{Code, Notice, Notices, TableCode},
    options::{DurationUnit, Options},
    refusal::{self, FileProblem},
    table::{Row, Table},
    text, time,
};
use crate::model::{Granularity, Segment, Transcript};

/// How far back a time may go before it begins another call.
const BACK_MS: i64 = 60_000;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What a table of transcripts holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spoken {
    /// Calls, in the order in which they begin in the table.
    pub calls: Vec<SpokenCall>,
    /// Rows that belong to no call.
    pub failures: Vec<RowFailure>,
    /// What was assumed or mended, in order of line.
    pub notices: Vec<Notice>,
    /// Which heading was taken for what, in the table's order.
    pub columns: Vec<(Column, String)>,
}

/// What was said in one call.
#[derive(Debug, Clone, PartialEq)]
pub struct SpokenCall {
    /// The call's id; `None` where the table has none and so is one call.
    pub external_id: Option<String>,
    /// 1-based line of its first row.
    pub line: usize,
    /// What was said, in order of time.
    pub transcript: Transcript,
}

/// Reads a table in which each row is something that was said.
///
/// # Errors
/// A [`FileProblem`] when the whole table leaves open how it is to be read, or when a row cannot be read: a
/// transcript with a gap that nobody sees is worse than none.
pub fn transcripts(table: &Table, options: &Options) -> Result<Spoken, FileProblem> {
    let columns = columns::columns(table, Words::Transcript, options)?;
    let mut notices = Notices::default();
    let mut reading = Reading {
        table,
        columns: &columns,
        units: Units::of(table, &columns, options, &mut notices)?,
        notices,
        labels: HashMap::new(),
        calls: Vec::new(),
        places: HashMap::new(),
        failures: Vec::new(),
    };
    for row in &table.rows {
        reading.row(row)?;
    }
    reading.finish()
}

/// A segment before its call is known to its end.
struct Said {
    line: usize,
    speaker: Option<Arc<str>>,
    start: Option<At>,
    end: Option<At>,
    text: String,
}

#[derive(Debug, Clone, Copy)]
enum At {
    /// Milliseconds from the start of the call.
    Offset(i64),
    /// Milliseconds from a zero of its own.
    Clock(i64),
}

/// What plain numbers of the two columns with times are.
struct Units {
    start: Option<DurationUnit>,
    end: Option<DurationUnit>,
}

impl Units {
    fn of(
        table: &Table,
        columns: &Columns,
        options: &Options,
        notices: &mut Notices,
    ) -> Result<Self, FileProblem> {
        let start = columns.unit(Column::Start, options);
        let end = columns.unit(Column::End, options).or(start);
        let mut units = Self {
            start: start.or(end),
            end,
        };
        if units.start.is_some() {
            return Ok(units);
        }
        let mut whole = None;
        for row in &table.rows {
            for column in [Column::Start, Column::End] {
                let Some(text) = columns.value(row, column) else {
                    continue;
                };
                if !durations::is_plain_number(text) {
                    continue;
                }
                // Nobody writes parts of milliseconds.
                if text.contains(['.', ',']) {
                    notices.add(Code::Table(TableCode::SecondsAssumed), row.line);
                    units = Self {
                        start: Some(DurationUnit::Seconds),
                        end: Some(DurationUnit::Seconds),
                    };
                    return Ok(units);
                }
                whole.get_or_insert((row.line, columns.place(column).unwrap_or_default(), text));
            }
        }
        match whole {
            Some((line, place, text)) => Err(FileProblem::new(
                "no-unit",
                "The times are plain numbers, and nothing says whether they are seconds or milliseconds.",
                "Write `options: {duration_unit: seconds}` or `milliseconds`.",
            )
            .at(line)
            .with_value(table.number(place), text)),
            None => Ok(units),
        }
    }
}

struct Reading<'t> {
    table: &'t Table,
    columns: &'t Columns,
    units: Units,
    notices: Notices,
    labels: HashMap<&'t str, Arc<str>>,
    calls: Vec<(Option<&'t str>, Vec<Said>)>,
    places: HashMap<Option<&'t str>, usize>,
    failures: Vec<RowFailure>,
}

impl<'t> Reading<'t> {
    fn row(&mut self, row: &'t Row) -> Result<(), FileProblem> {
        let id = match self.id(row) {
            Ok(id) => id,
            Err(problem) => {
                self.failures.push(RowFailure {
                    problem,
                    original: self.table.original(row),
                });
                return Ok(());
            }
        };
        let text = self.text(row)?;
        if text.is_empty() {
            self.notices.add(Code::EmptyCue, row.line);
            return Ok(());
        }
        let said = Said {
            line: row.line,
            speaker: self
                .columns
                .value(row, Column::Speaker)
                .map(|label| self.label(label)),
            start: self.time(row, Column::Start),
            end: self.time(row, Column::End),
            text,
        };
        let place = *self.places.entry(id).or_insert_with(|| {
            self.calls.push((id, Vec::new()));
            self.calls.len() - 1
        });
        self.calls[place].1.push(said);
        Ok(())
    }

    fn label(&mut self, label: &'t str) -> Arc<str> {
        Arc::clone(self.labels.entry(label).or_insert_with(|| label.into()))
    }

    /// The call that a row belongs to.
    fn id(&self, row: &'t Row) -> Result<Option<&'t str>, FileProblem> {
        let Some(place) = self.columns.place(Column::ExternalId) else {
            return Ok(None);
        };
        let Some(id) = self.columns.value(row, Column::ExternalId) else {
            return Err(FileProblem::new(
                "no-id",
                "The row has no id, so that it belongs to no call.",
                "Put in the id of its call.",
            )
            .at(row.line)
            .with_value(self.table.number(place), ""));
        };
        match cells::damage(id).or_else(|| cells::damaged_id(id)) {
            Some(problem) => Err(problem
                .at(row.line)
                .with_value(self.table.number(place), id)),
            None => Ok(Some(id)),
        }
    }

    /// What was said, on one line. Text that stands in no quotation marks goes on in the cells behind the last
    /// column.
    fn text(&mut self, row: &Row) -> Result<String, FileProblem> {
        let place = self.columns.place(Column::Text).unwrap_or_default();
        let last = place + 1 == self.table.headings.len();
        let text = match (self.table.beyond(row), self.table.separator) {
            (None, _) => row.cells.get(place).cloned().unwrap_or_default(),
            (Some(_), Some(separator)) if last => {
                self.notices
                    .add(Code::Table(TableCode::UnquotedSeparator), row.line);
                row.cells[place..].join(&separator.to_string())
            }
            (Some(problem), _) => return Err(problem),
        };
        let lines = text.lines().map(text::trim).filter(|line| !line.is_empty());
        Ok(lines.collect::<Vec<_>>().join(" "))
    }

    fn time(&mut self, row: &Row, column: Column) -> Option<At> {
        let text = self.columns.value(row, column)?;
        let unit = if column == Column::Start {
            self.units.start
        } else {
            self.units.end
        };
        let offset = || {
            let length = durations::length(text, unit).ok();
            time::milliseconds(text).or_else(|| length.map(|length| length.milliseconds))
        };
        let found = match dates::on_the_clock(text) {
            // Ten digits may be a moment or an offset; whoever names the unit means an offset.
            Some(clock) if unit.is_none() || !durations::is_plain_number(text) => {
                Some(At::Clock(clock))
            }
            Some(_) | None => offset().map(At::Offset),
        };
        if found.is_none() {
            let number = self
                .table
                .number(self.columns.place(column).unwrap_or_default());
            self.notices.add_at(Code::UnreadableTime, row.line, number);
        }
        found
    }

    fn finish(mut self) -> Result<Spoken, FileProblem> {
        let mut spoken = Spoken {
            columns: self.columns.named(self.table),
            failures: self.failures,
            ..Spoken::default()
        };
        let heading = self
            .columns
            .place(Column::Text)
            .map(|place| &self.table.headings[place]);
        let granularity = match heading {
            Some(heading) if heading.eq_ignore_ascii_case("sentence") => Granularity::Sentence,
            Some(_) | None => Granularity::Turn,
        };
        for (id, said) in self.calls {
            let line = said
                .first()
                .map_or(self.table.heading_line, |said| said.line);
            let segments = segments(said, &mut self.notices);
            if id.is_none()
                && let Some(line) = restart(&segments)
            {
                return Err(refusal::joined(line));
            }
            let segments = super::in_order(segments, &mut self.notices);
            spoken.calls.push(SpokenCall {
                external_id: id.map(str::to_owned),
                line,
                transcript: Transcript {
                    source: self.table.format.source().to_owned(),
                    granularity,
                    language: None,
                    segments: segments.into_iter().map(|(_, segment)| segment).collect(),
                },
            });
        }
        spoken.notices.clone_from(&self.table.notices);
        spoken.notices.extend(self.notices.into_list());
        spoken.notices.sort_by_key(|notice| notice.line);
        Ok(spoken)
    }
}

fn segments(said: Vec<Said>, notices: &mut Notices) -> Vec<(usize, Segment)> {
    let clock = said.iter().filter_map(|said| match said.start {
        Some(At::Clock(clock)) => Some((clock, said.line)),
        Some(At::Offset(_)) | None => None,
    });
    let zero = clock.min();
    if let Some((_, line)) = zero {
        notices.add(Code::Table(TableCode::ClockTimes), line);
    }
    let offset = |at: At| match at {
        At::Offset(offset) => offset,
        At::Clock(clock) => clock - zero.map_or(clock, |(zero, _)| zero),
    };
    let segment = |said: Said| {
        let (start, end) = (said.start.map(offset), said.end.map(offset));
        let end = end.filter(|end| start.is_none_or(|start| start <= *end));
        if end.is_none() && said.end.is_some() {
            notices.add(Code::EndBeforeStart, said.line);
        }
        if start.max(end).is_some_and(|time| time > DAY_MS) {
            notices.add(Code::BeyondOneDay, said.line);
        }
        let segment = Segment {
            speaker: said.speaker,
            participant: None,
            start_ms: start,
            end_ms: end,
            text: said.text,
        };
        (said.line, segment)
    };
    said.into_iter().map(segment).collect()
}

/// Line on which the times begin again, as where two transcripts were put into one file.
fn restart(segments: &[(usize, Segment)]) -> Option<usize> {
    let mut starts = segments
        .iter()
        .filter_map(|(line, segment)| Some((*line, segment.start_ms?)));
    let (_, first) = starts.next()?;
    let mut latest = first;
    for (line, start) in starts {
        if latest.saturating_sub(start) > BACK_MS && start <= first.saturating_add(BACK_MS) {
            return Some(line);
        }
        latest = latest.max(start);
    }
    None
}
