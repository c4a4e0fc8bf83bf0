//! Pages of a hundred records by keyset: a cursor names the last record, so calls that come and go do
//! not shift the pages.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};

use super::{PAGE_SIZE, cursor::Place};
use crate::{company::Population, json::Object, server::CursorFault};

/// A page to answer with.
pub(super) struct Page {
    /// Indices of its records.
    pub(super) records: Vec<u32>,
    total: usize,
    number: usize,
    cursor: Option<String>,
}

/// Where and how to look for records.
pub(super) struct Walk<'a> {
    /// Indices that come into question, in order.
    pub(super) candidates: Candidates,
    /// Id of a record's index.
    pub(super) id: &'a dyn Fn(u32) -> String,
    /// Index of a record's id.
    pub(super) index: &'a dyn Fn(&str) -> Option<u32>,
    /// What is asked for, as a number.
    pub(super) query: u64,
    /// How long cursors live.
    pub(super) cursor_life: SignedDuration,
}

/// Records in their order.
pub(super) enum Candidates {
    /// A stretch of the population.
    Range(Range<u32>),
    /// Single ones, ascending.
    Single(Vec<u32>),
}

impl Candidates {
    /// The calls of that index, if ids were given, else those of the range.
    pub(super) fn of(population: &Population, ids: Option<&[String]>, range: Range<u32>) -> Self {
        let Some(ids) = ids else {
            return Self::Range(range);
        };
        let mut indices: Vec<u32> = ids.iter().filter_map(|id| population.index(id)).collect();
        indices.sort_unstable();
        Self::Single(indices)
    }

    fn from(&self, first: u32) -> Box<dyn Iterator<Item = u32> + '_> {
        match self {
            Self::Range(range) => Box::new(range.start.max(first)..range.end),
            Self::Single(indices) => {
                let begin = indices.partition_point(|index| *index < first);
                Box::new(indices[begin..].iter().copied())
            }
        }
    }
}

impl Walk<'_> {
    /// The page after a cursor, or the first one; an error is the text for status 400.
    pub(super) fn page(
        &self,
        cursor: Option<&str>,
        fault: CursorFault,
        now: Timestamp,
        matches: impl Fn(u32) -> bool,
    ) -> Result<Page, &'static str> {
        let place = match (cursor, fault) {
            (None, _) | (_, CursorFault::Ignored) => None,
            (Some(_), CursorFault::Expired) => return Err("cursor has expired"),
            (Some(cursor), CursorFault::None) => Some(Place::open(cursor, self.query, now)?),
        };
        let first = match &place {
            None => 0,
            Some(place) => (self.index)(&place.last_id).ok_or("Failed to verify cursor")? + 1,
        };
        let mut found = self.candidates.from(first).filter(|index| matches(*index));
        let records: Vec<u32> = found.by_ref().take(PAGE_SIZE).collect();
        let more = found.next();
        let total = match &place {
            Some(place) => place.total,
            None => records.len() + usize::from(more.is_some()) + found.count(),
        };
        let number = place.as_ref().map_or(0, |place| place.page);
        let cursor = more.and(records.last()).map(|last| {
            let life = || (now + self.cursor_life).as_second();
            let next = Place {
                last_id: (self.id)(*last),
                total,
                page: number + 1,
                // An hour from the first request: later cursors do not prolong it.
                expires: place.as_ref().map_or_else(life, |place| place.expires),
                query: self.query,
            };
            next.seal()
        });
        Ok(Page {
            records,
            total,
            number,
            cursor,
        })
    }
}

impl Page {
    /// The member `records`.
    pub(super) fn write(&self, object: &mut Object<'_>) {
        object.object("records", |records| {
            records.plain("totalRecords", self.total);
            records.plain("currentPageSize", self.records.len());
            records.plain("currentPageNumber", self.number);
            if let Some(cursor) = &self.cursor {
                records.text("cursor", cursor.as_str());
            }
        });
    }
}
