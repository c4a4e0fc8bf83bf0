//! What a query asks for. Only the names are checked, not the grammar: a name that the schema does not have is
//! refused, as GraphQL demands.

use jiff::Timestamp;
use serde::Deserialize;

use super::{PAGE_SIZE, TRANSCRIPT, TRANSCRIPTS, USER};
use crate::log::{Endpoint, Summary};

/// Fields and arguments of the schema that an importer may name.
const NAMES: &[&str] = &[
    "user",
    "user_id",
    "email",
    "is_admin",
    "transcripts",
    "transcript",
    "fromDate",
    "toDate",
    "limit",
    "skip",
    "id",
    "title",
    "date",
    "dateString",
    "duration",
    "organizer_email",
    "participants",
    "fireflies_users",
    "workspace_users",
    "meeting_attendees",
    "displayName",
    "name",
    "phoneNumber",
    "location",
    "meeting_attendance",
    "join_time",
    "leave_time",
    "transcript_url",
    "meeting_link",
    "audio_url",
    "video_url",
    "speakers",
    "sentences",
    "index",
    "speaker_id",
    "speaker_name",
    "text",
    "raw_text",
    "start_time",
    "end_time",
    "meeting_info",
    "silent_meeting",
    "summary_status",
    "fred_joined",
    "privacy",
    "calendar_id",
];

/// The body of a request.
#[derive(Debug, Deserialize)]
pub(super) struct Body {
    query: String,
    #[serde(default)]
    pub(super) variables: Variables,
}

/// The variables in use. Their names are the importer's own; these are what the arguments are called, shortened.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Variables {
    from: Option<String>,
    to: Option<String>,
    limit: Option<usize>,
    skip: Option<usize>,
    pub(super) id: Option<String>,
}

/// A stretch of a list.
pub(super) struct Stretch {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) limit: usize,
    pub(super) skip: usize,
}

impl Body {
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(body).map_err(|error| format!("Malformed request: {error}"))
    }

    /// The field at the root.
    pub(super) fn endpoint(&self) -> Result<Endpoint, String> {
        let selection = self
            .query
            .split_once('{')
            .ok_or("Syntax Error: no selection")?
            .1;
        let mut names = words(selection).filter(|word| !word.starts_with('$'));
        let root = names.next().unwrap_or_default();
        if let Some(unknown) = names.find(|name| !NAMES.contains(name)) {
            return Err(format!("Cannot query field \"{unknown}\""));
        }
        match root {
            "user" => Ok(USER),
            "transcripts" => Ok(TRANSCRIPTS),
            "transcript" => Ok(TRANSCRIPT),
            _ => Err(format!("Cannot query field \"{root}\" on type \"Query\"")),
        }
    }

    /// Whether a field is asked for.
    pub(super) fn wants(&self, field: &str) -> bool {
        words(&self.query).any(|word| word == field)
    }

    pub(super) fn stretch(&self) -> Result<Stretch, String> {
        let Variables {
            from,
            to,
            limit,
            skip,
            ..
        } = &self.variables;
        let limit = limit.unwrap_or(PAGE_SIZE);
        if !(1..=PAGE_SIZE).contains(&limit) {
            return Err(format!("limit must be between 1 and {PAGE_SIZE}"));
        }
        let time = |text: &Option<String>| {
            let text = text.as_ref();
            let read = text.map(|text| text.parse().map_err(|_| format!("not a DateTime: {text}")));
            read.transpose()
        };
        Ok(Stretch {
            from: time(from)?,
            to: time(to)?,
            limit,
            skip: skip.unwrap_or(0),
        })
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            from: self.variables.from.clone(),
            to: self.variables.to.clone(),
            cursor: self.variables.skip.is_some_and(|skip| skip > 0),
            ids: usize::from(self.variables.id.is_some()),
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let breaks = |letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$';
    text.split(breaks).filter(|word| !word.is_empty())
}
