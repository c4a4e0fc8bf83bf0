//! What the Gong API lets one ask for. Keys that the API does not have are refused, as are the mistakes
//! that Gong refuses.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use axum::{extract::Query, http::Uri};
use jiff::Timestamp;
use serde::Deserialize;

use crate::log::Summary;

/// Body of `POST /v2/calls/extensive`; `POST /v2/calls/transcript` has all but the selector.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Body {
    pub(super) cursor: Option<String>,
    pub(super) filter: Option<Filter>,
    pub(super) content_selector: Option<Selector>,
}

/// Which calls.
#[derive(Debug, Clone, Default, Deserialize, Hash)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Filter {
    pub(super) from_date_time: Option<String>,
    pub(super) to_date_time: Option<String>,
    pub(super) workspace_id: Option<String>,
    pub(super) call_ids: Option<Vec<String>>,
    pub(super) primary_user_ids: Option<Vec<String>>,
}

/// What to tell of each call.
#[derive(Debug, Default, Deserialize, Hash)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Selector {
    pub(super) context: Context,
    pub(super) context_timing: Option<Vec<ContextTiming>>,
    pub(super) exposed_fields: ExposedFields,
}

#[derive(Debug, Default, Deserialize, Hash, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    #[default]
    None,
    Basic,
    Extended,
}

#[derive(Debug, Deserialize, Hash, Clone, Copy)]
pub(super) enum ContextTiming {
    Now,
    TimeOfCall,
}

#[derive(Debug, Default, Deserialize, Hash)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct ExposedFields {
    pub(super) parties: bool,
    pub(super) content: Content,
    pub(super) interaction: Interaction,
    pub(super) collaboration: Collaboration,
    pub(super) media: bool,
}

#[derive(Debug, Default, Deserialize, Hash, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Content {
    pub(super) structure: bool,
    pub(super) topics: bool,
    pub(super) trackers: bool,
    pub(super) tracker_occurrences: bool,
    /// Deprecated: no answer holds them any more.
    points_of_interest: bool,
    pub(super) brief: bool,
    pub(super) outline: bool,
    pub(super) highlights: bool,
    pub(super) call_outcome: bool,
    pub(super) key_points: bool,
}

#[derive(Debug, Default, Deserialize, Hash, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Interaction {
    pub(super) speakers: bool,
    pub(super) video: bool,
    pub(super) person_interaction_stats: bool,
    pub(super) questions: bool,
}

#[derive(Debug, Default, Deserialize, Hash, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Collaboration {
    pub(super) public_comments: bool,
}

/// Query of `GET /v2/calls`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct ListQuery {
    pub(super) cursor: Option<String>,
    from_date_time: Option<String>,
    to_date_time: Option<String>,
    workspace_id: Option<String>,
}

/// Query of `GET /v2/users`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct UsersQuery {
    pub(super) cursor: Option<String>,
    #[serde(rename = "includeAvatars")]
    _include_avatars: bool,
}

/// The instants of a filter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dates {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

impl Dates {
    pub(super) fn include(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time < to)
    }
}

impl Body {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let body: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("Malformed request: {error}"))?;
        if body.filter.is_none() {
            return Err("filter: must not be null".into());
        }
        if let Some(selector) = &body.content_selector
            && selector.context_timing.is_some()
            && selector.context != Context::Extended
        {
            return Err(
                "contentSelector.contextTiming: only together with context Extended".into(),
            );
        }
        Ok(body)
    }
}

impl Filter {
    /// The dates, if nothing in the filter is wrong. `strict` refuses more ids than Gong is known to take.
    pub(super) fn check(&self, strict: bool) -> Result<Dates, String> {
        let dates = Dates {
            from: time("filter.fromDateTime", self.from_date_time.as_deref())?,
            to: time("filter.toDateTime", self.to_date_time.as_deref())?,
        };
        if let (Some(from), Some(to)) = (dates.from, dates.to)
            && from >= to
        {
            return Err("filter.fromDateTime: must be before toDateTime".into());
        }
        if let Some(ids) = &self.call_ids {
            if ids.is_empty() {
                return Err("filter.callIds: must not be empty".into());
            }
            if ids.iter().collect::<HashSet<_>>().len() < ids.len() {
                return Err("filter.callIds: must be distinct".into());
            }
            if strict && ids.len() > super::PAGE_SIZE {
                return Err("filter.callIds: more than 100 ids".into());
            }
        }
        Ok(dates)
    }
}

impl ListQuery {
    pub(super) fn parse(uri: &Uri) -> Result<(Self, Filter), String> {
        let query: Self = parse_query(uri)?;
        let filter = Filter {
            from_date_time: query.from_date_time.clone(),
            to_date_time: query.to_date_time.clone(),
            workspace_id: query.workspace_id.clone(),
            ..Filter::default()
        };
        for (name, value) in [
            ("fromDateTime", &query.from_date_time),
            ("toDateTime", &query.to_date_time),
        ] {
            if value.is_none() {
                return Err(format!("{name}: is required"));
            }
        }
        Ok((query, filter))
    }
}

impl UsersQuery {
    pub(super) fn parse(uri: &Uri) -> Result<Self, String> {
        parse_query(uri)
    }
}

/// A number for what a sequence of pages asks for.
pub(super) fn fingerprint(asked: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    asked.hash(&mut hasher);
    hasher.finish()
}

/// What a request asks for, as far as it can be read: for the log.
pub(super) fn summarize(uri: &Uri, body: &[u8]) -> Summary {
    if let Ok(body) = serde_json::from_slice::<Body>(body) {
        let filter = body.filter.unwrap_or_default();
        return Summary {
            from: filter.from_date_time,
            to: filter.to_date_time,
            cursor: body.cursor.is_some(),
            ids: filter.call_ids.map_or(0, |ids| ids.len()),
        };
    }
    let query: ListQuery = parse_query(uri).unwrap_or_default();
    Summary {
        from: query.from_date_time,
        to: query.to_date_time,
        cursor: query.cursor.is_some(),
        ids: 0,
    }
}

fn parse_query<T: serde::de::DeserializeOwned>(uri: &Uri) -> Result<T, String> {
    match Query::try_from_uri(uri) {
        Ok(Query(query)) => Ok(query),
        Err(error) => Err(format!("Malformed request: {error}")),
    }
}

/// ISO 8601 with an offset or `Z`.
fn time(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, String> {
    text.map(|text| {
        text.parse()
            .map_err(|_| format!("{name}: not an ISO 8601 date and time with an offset: {text}"))
    })
    .transpose()
}
