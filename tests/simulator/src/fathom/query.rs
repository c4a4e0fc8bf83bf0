//! What the Fathom API lets one ask for. Names that it does not have are refused.

use axum::{extract::Query, http::Uri};
use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::log::Summary;

/// Query of `GET /meetings`, as far as importers use it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Meetings {
    created_after: Option<String>,
    created_before: Option<String>,
    pub(super) cursor: Option<String>,
    pub(super) include_transcript: bool,
    pub(super) include_summary: bool,
    pub(super) include_action_items: bool,
    pub(super) include_highlights: bool,
    pub(super) include_crm_matches: bool,
}

impl Meetings {
    pub(super) fn parse(uri: &Uri) -> Result<Self, String> {
        match Query::try_from_uri(uri) {
            Ok(Query(query)) => Ok(query),
            Err(error) => Err(format!("Invalid query: {error}")),
        }
    }

    pub(super) fn is_heavy(&self) -> bool {
        self.include_transcript || self.include_summary
    }

    /// Between which instants the meetings were made.
    pub(super) fn dates(&self) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
        let time = |name: &str, text: &Option<String>| match text {
            Some(text) => match text.parse::<Timestamp>() {
                Ok(time) => Ok(Some(time)),
                Err(_) => Err(format!("{name} is no time")),
            },
            None => Ok(None),
        };
        Ok((
            time("created_after", &self.created_after)?,
            time("created_before", &self.created_before)?,
        ))
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            from: self.created_after.clone(),
            to: self.created_before.clone(),
            cursor: self.cursor.is_some(),
            ids: 0,
        }
    }
}

/// The number of a page, from 1.
pub(super) fn page_number(cursor: &str) -> Option<usize> {
    let json: Value = serde_json::from_slice(&BASE64.decode(cursor).ok()?).ok()?;
    let number = json.get("page_num")?.as_u64()?;
    usize::try_from(number).ok().filter(|number| *number > 0)
}

/// The cursor of a page.
pub(super) fn cursor(page_number: usize) -> String {
    BASE64.encode(json!({"page_num": page_number}).to_string())
}
