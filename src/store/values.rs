//! How our values stand in columns: times and dates as DuckDB's own types, words as text.

use std::str::FromStr;

use duckdb::{
    Row,
    types::{FromSql, FromSqlError, FromSqlResult, TimeUnit, ToSql, ToSqlOutput, Value, ValueRef},
};
use jiff::{Timestamp, ToSpan, civil::Date};

/// The first day of DuckDB's `DATE`, which counts days from it.
const EPOCH: Date = Date::constant(1970, 1, 1);

/// An instant in a `TIMESTAMP` column: microseconds in UTC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Utc(pub(super) Timestamp);

impl ToSql for Utc {
    fn to_sql(&self) -> duckdb::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Timestamp(
            TimeUnit::Microsecond,
            self.0.as_microsecond(),
        )))
    }
}

impl FromSql for Utc {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let ValueRef::Timestamp(unit, count) = value else {
            return Err(FromSqlError::InvalidType);
        };
        Timestamp::from_microsecond(unit.to_micros(count))
            .map(Self)
            .map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// A day in a `DATE` column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day(pub(super) Date);

/// Days since 1970-01-01.
fn day_number(date: Date) -> i32 {
    (date - EPOCH).get_days()
}

impl ToSql for Day {
    fn to_sql(&self) -> duckdb::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Date32(day_number(self.0))))
    }
}

impl FromSql for Day {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let ValueRef::Date32(days) = value else {
            return Err(FromSqlError::InvalidType);
        };
        EPOCH
            .checked_add(days.days())
            .map(Self)
            .map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// Reads the columns of a row one after another, so that no column is counted by hand.
pub(super) struct Cells<'row, 'statement> {
    row: &'row Row<'statement>,
    next: usize,
}

impl<'row, 'statement> Cells<'row, 'statement> {
    /// Begins with the first column.
    pub(super) const fn of(row: &'row Row<'statement>) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    pub(super) fn take<T: FromSql>(&mut self) -> duckdb::Result<T> {
        let column = self.next;
        self.next += 1;
        self.row.get(column)
    }

    /// The next column, an instant.
    pub(super) fn time(&mut self) -> duckdb::Result<Timestamp> {
        self.take::<Utc>().map(|utc| utc.0)
    }

    /// The next column, an instant or NULL.
    pub(super) fn optional_time(&mut self) -> duckdb::Result<Option<Timestamp>> {
        Ok(self.take::<Option<Utc>>()?.map(|utc| utc.0))
    }

    /// The next column, a day.
    pub(super) fn day(&mut self) -> duckdb::Result<Date> {
        self.take::<Day>().map(|day| day.0)
    }

    /// The next column, a day or NULL.
    pub(super) fn optional_day(&mut self) -> duckdb::Result<Option<Date>> {
        Ok(self.take::<Option<Day>>()?.map(|day| day.0))
    }

    /// The next column, one of our words.
    pub(super) fn word<T: FromStr<Err = String>>(&mut self) -> duckdb::Result<T> {
        let text: String = self.take()?;
        text.parse().map_err(|error| self.unreadable(error))
    }

    /// The next column, one of our words or NULL.
    pub(super) fn optional_word<T: FromStr<Err = String>>(&mut self) -> duckdb::Result<Option<T>> {
        let text: Option<String> = self.take()?;
        text.map(|text| text.parse().map_err(|error| self.unreadable(error)))
            .transpose()
    }

    /// The next column, a list as JSON text; NULL is an empty list.
    pub(super) fn list<T: serde::de::DeserializeOwned>(&mut self) -> duckdb::Result<Vec<T>> {
        match self.take::<Option<String>>()? {
            Some(text) => {
                serde_json::from_str(&text).map_err(|error| self.unreadable(error.to_string()))
            }
            None => Ok(Vec::new()),
        }
    }

    /// The error for the column read last.
    fn unreadable(&self, error: String) -> duckdb::Error {
        duckdb::Error::FromSqlConversionFailure(
            self.next - 1,
            duckdb::types::Type::Text,
            error.into(),
        )
    }
}
