//! Whole days, and the half-open stretches of them that are listed one at a time.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Whole UTC days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Period {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

impl Period {
    /// Number of days, 0 if reversed.
    pub fn days(self) -> i64 {
        days_between(self.from, self.to) + i64::from(self.from <= self.to)
    }

    /// The same stretch as a half-open window.
    pub fn window(self) -> Window {
        Window {
            from: self.from,
            to: self.to.saturating_add(1.day()),
        }
    }
}

/// A half-open stretch of UTC days: `from` belongs to it, `to` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// First day of the window.
    pub from: Date,
    /// The day after the last.
    pub to: Date,
}

impl Window {
    /// Number of days, 0 if reversed.
    pub fn days(self) -> i64 {
        days_between(self.from, self.to)
    }

    /// The same stretch with its last day included.
    pub fn period(self) -> Period {
        Period {
            from: self.from,
            to: self.to.saturating_sub(1.day()),
        }
    }

    /// Midnight at the beginning of the window.
    pub fn start(self) -> Timestamp {
        midnight(self.from)
    }

    /// Midnight at the end of the window, not part of it.
    pub fn end(self) -> Timestamp {
        midnight(self.to)
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    i64::from((to - from).get_days()).max(0)
}

fn midnight(date: Date) -> Timestamp {
    TimeZone::UTC
        .to_timestamp(date.at(0, 0, 0, 0))
        .unwrap_or(Timestamp::MAX)
}
