//! What the Grain API lets one ask for. Keys that the API does not have are refused, which is ours.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use jiff::{Timestamp, civil::Date, tz::Offset};
use serde::Deserialize;

use crate::log::Summary;

/// Body of `POST /v2/recordings`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Body {
    pub(super) cursor: Option<String>,
    pub(super) filter: Option<Filter>,
    pub(super) include: Include,
}

/// Body of `POST /v2/recordings/{id}`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Single {
    pub(super) include: Include,
}

/// Which recordings, as far as importers ask.
#[derive(Debug, Default, Deserialize, Hash)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Filter {
    pub(super) after_datetime: Option<String>,
    pub(super) before_datetime: Option<String>,
}

/// What to tell of each, as far as importers ask.
#[derive(Debug, Default, Clone, Copy, Deserialize, Hash)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Include {
    pub(super) participants: bool,
    pub(super) ai_summary: bool,
    pub(super) calendar_event: bool,
    pub(super) hubspot: bool,
}

/// Days of a workspace: the first belongs to them, the second does not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

impl Filter {
    /// The days that the filter names, whatever its times of day.
    pub(super) fn days(&self, zone: i8) -> Result<Days, String> {
        let midnight = |name: &str, text: Option<&str>| {
            let instant = text.map(|text| text.parse::<Timestamp>().map_err(|_| name.to_owned()));
            let midnight = |instant: Timestamp| {
                let day: Date = Offset::UTC.to_datetime(instant).date();
                let midnight = Offset::constant(zone).to_timestamp(day.at(0, 0, 0, 0));
                midnight.map_err(|_| name.to_owned())
            };
            instant.transpose()?.map(midnight).transpose()
        };
        Ok(Days {
            from: midnight("after_datetime", self.after_datetime.as_deref())?,
            to: midnight("before_datetime", self.before_datetime.as_deref())?,
        })
    }
}

/// A place in a list: the last recording before it, and what the list is of. Grain's cursors are base64 of
/// a form of its own, too.
pub(super) struct Place {
    pub(super) last_id: String,
    pub(super) query: u64,
}

impl Place {
    pub(super) fn seal(&self) -> String {
        BASE64.encode(format!(
            "v2 chronological desc {} {}",
            self.query, self.last_id
        ))
    }

    pub(super) fn open(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64.decode(cursor).ok()?).ok()?;
        let place = text.strip_prefix("v2 chronological desc ")?;
        let (query, last_id) = place.split_once(' ')?;
        Some(Self {
            last_id: last_id.to_owned(),
            query: query.parse().ok()?,
        })
    }
}

/// A number for what a list is of. That it must stay the same for each cursor is ours.
pub(super) fn fingerprint(body: &Body) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&body.filter, body.include).hash(&mut hasher);
    hasher.finish()
}

/// What a request asks for, as far as it can be read: for the log.
pub(super) fn summarize(body: &[u8]) -> Summary {
    let body: Body = serde_json::from_slice(body).unwrap_or_default();
    let filter = body.filter.unwrap_or_default();
    Summary {
        from: filter.after_datetime,
        to: filter.before_datetime,
        cursor: body.cursor.is_some(),
        ids: 0,
    }
}
