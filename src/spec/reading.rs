//! How words were understood that could have been meant otherwise.

use jiff::civil::Date;

use super::{Field, said::day};
use crate::model::words;

/// Words that were taken for something, and are shown to whoever wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The field that they fill.
    pub field: Field,
    /// As they stand there: `Fathm`, `next Friday`.
    pub written: String,
    /// What they were taken for, as people read it: `Fathom`, `Fri 27 Nov 2026`.
    pub taken: String,
    /// What they can mean as well: `Fri 4 Dec 2026`.
    pub other: Option<String>,
}

impl Reading {
    /// Which day was taken of a text that names two, such as `next Friday` in a week whose Friday is to come.
    pub(super) fn of_day(field: Field, written: &str, today: Date) -> Option<Self> {
        let (taken, other) = day::of_two(written, today)?;
        Some(Self {
            field,
            written: written.to_owned(),
            taken: words::day(taken),
            other: Some(words::day(other)),
        })
    }
}
