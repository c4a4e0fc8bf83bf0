//! When a call began: dates and times as lists write them.
//!
//! Whether 03/04/2026 is in March or in April is decided for a whole column, by the dates in it that can be read
//! in one way only. If there is none, it is asked and not guessed.

mod written;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time, date},
    tz::{AmbiguousOffset, Offset, TimeZone},
};

use self::written::{Day, Zone};
use crate::{
    files::{
        notice::TableCode,
        options::{DateOrder, Options},
        refusal::FileProblem,
    },
    model::Precision,
};

/// Years that a call can be of.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

/// Calls before are read and doubted.
const DOUBTED_BEFORE: i16 = 2000;

/// A cell with its place.
#[derive(Debug, Clone, Copy)]
pub(in crate::files) struct Placed<'t> {
    /// 1-based line.
    pub(in crate::files) line: usize,
    /// 1-based number of the cell.
    pub(in crate::files) column: usize,
    /// What stands in it.
    pub(in crate::files) text: &'t str,
}

/// How the dates of one column are read.
#[derive(Debug)]
pub(in crate::files) struct Dates<'o> {
    order: Option<DateOrder>,
    zone: Option<&'o TimeZone>,
    from_1904: bool,
}

/// A moment of a list.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::files) struct Start {
    /// Begin of the day (UTC) where only the day is known.
    pub(in crate::files) time: Timestamp,
    /// How well it is known.
    pub(in crate::files) precision: Precision,
    /// What was assumed.
    pub(in crate::files) remarks: Vec<TableCode>,
}

impl<'o> Dates<'o> {
    /// Looks through a column.
    ///
    /// # Errors
    /// A [`FileProblem`] when the whole column leaves open what stands first in a date, or in which zone its
    /// times are.
    pub(in crate::files) fn of_column<'t>(
        cells: impl Iterator<Item = Placed<'t>>,
        options: &'o Options,
        from_1904: bool,
    ) -> Result<Self, FileProblem> {
        let mut evidence = Evidence::default();
        for cell in cells {
            evidence.add(cell, from_1904);
        }
        let zone = options.timezone.as_ref();
        if let (None, Some(cell)) = (zone, evidence.without_zone) {
            return Err(zone_needed()
                .at(cell.line)
                .with_value(cell.column, cell.text));
        }
        Ok(Self {
            order: match options.date_format {
                Some(order) => Some(order),
                None => evidence.order()?,
            },
            zone,
            from_1904,
        })
    }

    /// Reads one cell of the column.
    pub(in crate::files) fn read(&self, text: &str) -> Result<Start, FileProblem> {
        let moment = written::moment(text, self.from_1904).ok_or_else(not_a_date)?;
        let mut remarks = Vec::new();
        if moment.short_year {
            remarks.push(TableCode::ShortYear);
        }
        let day = match moment.day {
            Day::Known(day) => day,
            Day::Numbers {
                first,
                second,
                year,
            } => {
                let (month, day) = match self.order {
                    Some(DateOrder::MonthFirst) => (first, second),
                    // Without an order, all dates of the column have the same number twice.
                    Some(DateOrder::DayFirst) | None => (second, first),
                };
                Date::new(year, month, day).map_err(|_| not_in_order())?
            }
        };
        if !YEARS.contains(&day.year()) {
            return Err(not_a_date());
        }
        if day.year() < DOUBTED_BEFORE {
            remarks.push(TableCode::Before2000);
        }
        let Some((time, precision)) = moment.time else {
            remarks.push(TableCode::DayOnly);
            let start = TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight()));
            let time = start.map_err(|_| not_a_date())?;
            return Ok(Start {
                time,
                precision: Precision::Day,
                remarks,
            });
        };
        let local = day.to_datetime(time);
        let time = self.instant(local, moment.zone.as_ref(), &mut remarks)?;
        Ok(Start {
            time,
            precision,
            remarks,
        })
    }

    fn instant(
        &self,
        local: DateTime,
        zone: Option<&Zone>,
        remarks: &mut Vec<TableCode>,
    ) -> Result<Timestamp, FileProblem> {
        let zone = match zone {
            Some(Zone::Offset(offset)) => {
                return offset.to_timestamp(local).map_err(|_| not_a_date());
            }
            Some(Zone::Named(zone)) => zone,
            Some(Zone::Short(short)) => {
                return self.with_short_zone(local, short);
            }
            None => self.zone.ok_or_else(zone_needed)?,
        };
        let ambiguous = zone.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => {}
            AmbiguousOffset::Gap { .. } => remarks.push(TableCode::ClockGap),
            AmbiguousOffset::Fold { .. } => remarks.push(TableCode::ClockFold),
        }
        ambiguous.compatible().map_err(|_| not_a_date())
    }

    /// Letters such as CST are used by several zones, so they count only if the zone of the request uses them
    /// at that time. They also tell which of two equal times is meant when clocks are set back.
    fn with_short_zone(&self, local: DateTime, short: &str) -> Result<Timestamp, FileProblem> {
        let zone = self.zone.ok_or_else(zone_needed)?;
        let ambiguous = zone.to_ambiguous_timestamp(local);
        let (earlier, later) = (ambiguous.earlier(), ambiguous.later());
        let fitting = [earlier, later].into_iter().flatten().find(|time| {
            zone.to_offset_info(*time)
                .abbreviation()
                .eq_ignore_ascii_case(short)
        });
        fitting.ok_or_else(|| {
            FileProblem::new(
                "unclear-time-zone",
                format!("The time names the zone {short}, which is not the time of the zone given with `timezone`."),
                "Write the difference from UTC behind the time, for example 2026-03-02 15:00 -05:00.",
            )
        })
    }
}

/// What the dates of a column tell about its order.
#[derive(Debug, Default)]
struct Evidence<'t> {
    day_first: Option<Placed<'t>>,
    month_first: Option<Placed<'t>>,
    either: Option<Placed<'t>>,
    without_zone: Option<Placed<'t>>,
}

impl<'t> Evidence<'t> {
    fn add(&mut self, cell: Placed<'t>, from_1904: bool) {
        let Some(moment) = written::moment(cell.text, from_1904) else {
            return;
        };
        if moment.time.is_some() && matches!(moment.zone, None | Some(Zone::Short(_))) {
            self.without_zone.get_or_insert(cell);
        }
        let Day::Numbers { first, second, .. } = moment.day else {
            return;
        };
        let seen = match (first > 12, second > 12) {
            (true, false) => &mut self.day_first,
            (false, true) => &mut self.month_first,
            (false, false) if first != second => &mut self.either,
            // The same in both orders, or no date in either.
            (false, false) | (true, true) => return,
        };
        seen.get_or_insert(cell);
    }

    fn order(&self) -> Result<Option<DateOrder>, FileProblem> {
        match (self.day_first, self.month_first, self.either) {
            (Some(day_first), Some(month_first), _) => Err(FileProblem::new(
                "mixed-dates",
                format!(
                    "Some dates of the list have the day first (line {}), others the month (line {}).",
                    day_first.line, month_first.line
                ),
                "Write all of them as 2026-03-31. If one order is right and the others are mistakes, write \
                 `options: {date_format: day_first}` or `month_first`.",
            )
            .at(month_first.line)
            .with_value(month_first.column, month_first.text)),
            (Some(_), None, _) => Ok(Some(DateOrder::DayFirst)),
            (None, Some(_), _) => Ok(Some(DateOrder::MonthFirst)),
            (None, None, Some(cell)) => Err(FileProblem::new(
                "ambiguous-dates",
                "No date of the list tells whether the day or the month stands first.",
                "Write `options: {date_format: day_first}` if 31/12/2026 is how the list writes the last day of \
                 the year, or `month_first` if it is 12/31/2026.",
            )
            .at(cell.line)
            .with_value(cell.column, cell.text)),
            (None, None, None) => Ok(None),
        }
    }
}

/// A time of day, with or without its date, in milliseconds from a zero that all such times share: `3:00:12 PM` or
/// `2026-03-02T15:00:12Z`. `None` for anything else, also for `15:00:12`, which may be a time within a call.
pub(in crate::files) fn on_the_clock(text: &str) -> Option<i64> {
    let Some(moment) = written::moment(text, false) else {
        return written::half_day_time(text).map(|time| milliseconds_of(Date::default(), time));
    };
    let (Day::Known(day), Some((time, _))) = (moment.day, moment.time) else {
        return None;
    };
    let local = milliseconds_of(day, time);
    match moment.zone {
        Some(Zone::Offset(offset)) => Some(local - i64::from(offset.seconds()) * 1000),
        Some(Zone::Named(zone)) => {
            let time = zone.to_timestamp(day.to_datetime(time)).ok()?;
            Some(time.as_millisecond())
        }
        Some(Zone::Short(_)) | None => Some(local),
    }
}

fn milliseconds_of(day: Date, time: Time) -> i64 {
    let moment = Offset::UTC.to_timestamp(day.to_datetime(time));
    moment.map_or(0, Timestamp::as_millisecond)
}

/// A day number of a spreadsheet, to the millisecond. Days count from 30 December 1899, which makes up for a
/// 29 February 1900 that Excel believes in, or from 1904 (Microsoft support, "Date systems in Excel").
pub(in crate::files) fn of_serial(days: f64, from_1904: bool) -> Option<DateTime> {
    const DAY_MS: f64 = 86_400_000.0;
    let epoch = if from_1904 {
        date(1904, 1, 1)
    } else {
        date(1899, 12, 30)
    };
    let milliseconds = (days * DAY_MS).round_ties_even();
    // Beyond the year 9999 nothing is a date.
    if !(0.0..3.0e6 * DAY_MS).contains(&milliseconds) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked first"
    )]
    let since = SignedDuration::from_millis(milliseconds as i64);
    epoch.at(0, 0, 0, 0).checked_add(since).ok()
}

/// A moment of a spreadsheet in ISO form, as exact as it is there: `2026-03-02`, `2026-03-02T15:00` or
/// `2026-03-02T15:00:12.5`.
pub(in crate::files) fn iso(moment: DateTime) -> String {
    let (date, time) = (moment.date(), moment.time());
    if time == Time::midnight() {
        date.to_string()
    } else if time.second() == 0 && time.subsec_nanosecond() == 0 {
        format!("{date}T{:02}:{:02}", time.hour(), time.minute())
    } else {
        format!("{date}T{time}")
    }
}

fn not_a_date() -> FileProblem {
    FileProblem::new(
        "not-a-date",
        "This is no date that can be read.",
        "Write it as 2026-03-31 15:00, or leave it empty if it is not known.",
    )
}

fn not_in_order() -> FileProblem {
    FileProblem::new(
        "not-a-date",
        "There is no such day, if day and month stand in the order of the other dates.",
        "Write it as 2026-03-31 15:00.",
    )
}

fn zone_needed() -> FileProblem {
    FileProblem::new(
        "no-time-zone",
        "The times of the list do not say in which time zone they are.",
        "Write `options: {timezone: Europe/Madrid}` with the zone that the list was made in.",
    )
}
