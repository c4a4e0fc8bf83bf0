//! `GET /meetings`: meetings by the time at which Fathom made them, in pages that are counted.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};
use sha2::{Digest, Sha256};

use super::{
    NAME, ROOT, judge,
    people::{People, Person},
    told,
    transcripts::{Line, transcript},
};
use crate::{
    model::{
        Call, CallKind, CrmLink, DurationSource, Media, MediaKind, Method, Precision, Scope,
        TranscriptContent, Window,
    },
    platforms::{
        Exchange, HttpExchange, HttpReply, Page, Progress, RecordFailure, Rejection, RequestClass,
        Setup, Step, fields, replies,
    },
};

/// Fathom filters by when it made a meeting, which is minutes after the recording ended. A recording that began
/// in the window was made at most so long after the window's end, ...
const LATE: SignedDuration = SignedDuration::from_hours(24);

/// ... and, if a meeting is made when its recording begins, not much before the window's beginning.
const EARLY: SignedDuration = SignedDuration::from_hours(1);

/// Where a listing stands: the cursor of ours. It holds everything that must stay the same from page to page.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Place {
    /// Which key lists.
    key: usize,
    /// Fathom's own cursor; without one the key's first page comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    /// Meetings made later are not listed: each of them would push another one to the next page.
    before: Timestamp,
    /// Whether transcripts are left out, because Fathom refuses to list them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    bare: bool,
}

impl Place {
    /// Where a cursor says, or the beginning of a window. `None` if no meeting of the window can exist yet.
    pub(super) fn new(window: Window, cursor: Option<&str>, setup: &Setup) -> Option<Self> {
        let place = cursor.and_then(|cursor| serde_json::from_str::<Self>(cursor).ok());
        // A credential may have been replaced by one with fewer keys: then all of them list from the beginning.
        if let Some(place) = place.filter(|place| place.key < setup.keys) {
            return Some(place);
        }
        let as_of = Timestamp::from_second(setup.as_of.as_second()).unwrap_or(setup.as_of);
        let before = later(window.end(), LATE).min(as_of);
        let place = Self {
            key: 0,
            cursor: None,
            before,
            bare: setup.method == Method::Oauth,
        };
        (before > after(window)).then_some(place)
    }

    /// The request for the page.
    pub(super) fn request(&self, window: Window) -> Step {
        let (after, before) = (after(window).to_string(), self.before.to_string());
        let mut query = vec![
            ("created_after", after.as_str()),
            ("created_before", before.as_str()),
            ("include_crm_matches", "true"),
        ];
        if !self.bare {
            query.extend([("include_summary", "true"), ("include_transcript", "true")]);
        }
        if let Some(cursor) = &self.cursor {
            query.push(("cursor", cursor));
        }
        let exchange = HttpExchange {
            class: if self.bare {
                RequestClass::Light
            } else {
                RequestClass::Heavy
            },
            key: self.key,
            ..HttpExchange::get(fields::with_query(&format!("{ROOT}/meetings"), &query))
        };
        Step::Send(Exchange::Http(exchange), json!({ "bare": self.bare }))
    }

    /// Where it goes on after a page that named this cursor: with the next key after the last page of one.
    fn next(self, cursor: Option<String>, setup: &Setup) -> Option<Self> {
        match cursor.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => Some(Self {
                cursor: Some(cursor),
                ..self
            }),
            None if self.key + 1 < setup.keys => Some(Self {
                key: self.key + 1,
                cursor: None,
                ..self
            }),
            None => None,
        }
    }
}

/// The answer.
pub(super) fn page(
    reply: &HttpReply,
    window: Window,
    place: Place,
    progress: &Progress,
    setup: &Setup,
) -> Result<Step, Rejection> {
    let place = Place {
        bare: place.bare || progress.get("bare") == Some(&Value::Bool(true)),
        ..place
    };
    if reply.status == 400 && place.cursor.is_some() && told(reply).contains("cursor") {
        return Err(Rejection::RestartWindow);
    }
    // Since June 2026 not everybody may have transcripts listed; which status says so is not documented.
    if !place.bare && matches!(reply.status, 400 | 403) {
        return Ok(Place {
            bare: true,
            ..place
        }
        .request(window));
    }
    judge(reply, place.key, setup)?;
    let answer: Answer<'_> = replies::parse(NAME, reply)?;
    let mut page = Page {
        pass: place.key,
        ..Page::default()
    };
    for record in answer.items {
        match serde_json::from_str::<Meeting>(record.get()) {
            Ok(meeting) if meeting.is_in(window) => {
                page.calls.push(meeting.into_call(record, setup))
            }
            Ok(meeting) => page.left_out.push(meeting.recording_id),
            Err(error) => page.failures.push(failure(record, &error)),
        }
    }
    page.next = place
        .next(answer.next_cursor, setup)
        .map(|place| json!(place).to_string());
    Ok(Step::Page(page))
}

fn after(window: Window) -> Timestamp {
    window
        .start()
        .saturating_sub(EARLY)
        .unwrap_or(Timestamp::MIN)
}

fn later(moment: Timestamp, wait: SignedDuration) -> Timestamp {
    moment.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[derive(Deserialize)]
struct Answer<'a> {
    next_cursor: Option<String>,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// A meeting, as far as it is read.
#[derive(Deserialize)]
pub(super) struct Meeting {
    #[serde(deserialize_with = "fields::id")]
    recording_id: String,
    title: Option<String>,
    meeting_title: Option<String>,
    url: Option<String>,
    meeting_url: Option<String>,
    created_at: Option<String>,
    scheduled_start_time: Option<String>,
    recording_start_time: Option<String>,
    recording_end_time: Option<String>,
    calendar_invitees_domains_type: Option<String>,
    shared_with: Option<String>,
    transcript_language: Option<String>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    transcript: Vec<Line>,
    default_summary: Option<Summary>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    pub(super) calendar_invitees: Vec<Person>,
    pub(super) recorded_by: Option<Person>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    crm_matches: CrmMatches,
}

#[derive(Deserialize)]
struct Summary {
    markdown_formatted: Option<String>,
}

#[derive(Default, Deserialize)]
struct CrmMatches {
    #[serde(default, deserialize_with = "fields::null_is_default")]
    contacts: Vec<CrmMatch>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    companies: Vec<CrmMatch>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    deals: Vec<CrmMatch>,
}

#[derive(Deserialize)]
struct CrmMatch {
    record_url: Option<String>,
}

impl Meeting {
    /// Whether it began in the window. What tells no time belongs to the window that lists it.
    fn is_in(&self, window: Window) -> bool {
        let began = self
            .start()
            .0
            .or_else(|| instant(self.created_at.as_deref()));
        began.is_none_or(|began| window.start() <= began && began < window.end())
    }

    fn start(&self) -> (Option<Timestamp>, Precision) {
        let recorded = instant(self.recording_start_time.as_deref());
        let scheduled = instant(self.scheduled_start_time.as_deref());
        match (recorded, scheduled) {
            (Some(recorded), _) => (Some(recorded), Precision::Exact),
            (None, Some(scheduled)) => (Some(scheduled), Precision::Scheduled),
            (None, None) => (None, Precision::Unknown),
        }
    }

    /// Milliseconds from the beginning to the end of the recording.
    pub(super) fn duration_ms(&self) -> Option<i64> {
        let start = instant(self.recording_start_time.as_deref())?;
        let end = instant(self.recording_end_time.as_deref())?;
        let length = end.duration_since(start);
        let length = i64::try_from(length.as_millis()).ok()?;
        (length >= 0).then_some(length)
    }

    fn into_call(mut self, source: &RawValue, setup: &Setup) -> Call {
        let lines = std::mem::take(&mut self.transcript);
        let duration_ms = self.duration_ms();
        let mut people = People::of(&self, setup);
        people.hear(&lines);
        let transcript = transcript(lines, &people, duration_ms);
        let (started_at, started_at_precision) = self.start();
        let mut call = Call::new(self.recording_id);
        call.title = fields::text(self.title).or_else(|| fields::text(self.meeting_title));
        call.kind = CallKind::Meeting;
        call.scope = scope(
            self.calendar_invitees_domains_type.as_deref(),
            self.calendar_invitees.is_empty(),
        );
        call.scheduled_start = instant(self.scheduled_start_time.as_deref());
        call.started_at = started_at;
        call.started_at_precision = started_at_precision;
        call.duration_ms = duration_ms;
        if duration_ms.is_some() {
            call.duration_source = DurationSource::PlatformS;
        }
        call.language = self
            .transcript_language
            .as_deref()
            .and_then(fields::language);
        call.is_private = self.shared_with.map(|teams| teams == "no_teams");
        call.source_url = fields::text(self.url);
        call.meeting_url = self
            .meeting_url
            .as_deref()
            .and_then(fields::link_without_password);
        call.host = self
            .recorded_by
            .and_then(|host| fields::text(host.name).or_else(|| fields::text(host.email)));
        call.summary = self
            .default_summary
            .and_then(|summary| fields::text(summary.markdown_formatted));
        call.crm_links = crm_links(self.crm_matches);
        call.participants = people.participants;
        call.transcript = transcript.map_or(TranscriptContent::Pending, TranscriptContent::Here);
        // A listing does not tell; that a recording is none, or has no pictures, shows when it is asked for.
        call.media = vec![Media {
            duration_ms,
            ..Media::listed(MediaKind::Video)
        }];
        call.raw = Some(raw(source));
        call
    }
}

/// The JSON as it came, without the transcript, and without links that let anybody in.
fn raw(source: &RawValue) -> String {
    match serde_json::from_str(source.get()) {
        Ok(Value::Object(mut object)) => {
            object.remove("transcript");
            object.remove("share_url");
            if let Some(Value::String(link)) = object.get_mut("meeting_url") {
                *link = fields::link_without_password(link).unwrap_or_default();
            }
            Value::Object(object).to_string()
        }
        _ => source.get().to_owned(),
    }
}

/// A record that is not a meeting is kept as a failure, with a stable name where its id cannot be read.
fn failure(record: &RawValue, error: &serde_json::Error) -> RecordFailure {
    #[derive(Deserialize)]
    struct Id {
        #[serde(deserialize_with = "fields::id")]
        recording_id: String,
    }
    let external_id = serde_json::from_str::<Id>(record.get()).map_or_else(
        |_| {
            let digest = hex::encode(Sha256::digest(record.get()));
            format!("unreadable-{}", &digest[..16])
        },
        |id| id.recording_id,
    );
    RecordFailure {
        external_id,
        stage: "list",
        detail: format!("Fathom's record of the call cannot be read: {error}"),
    }
}

/// A meeting without invitations is told as internal, whoever was there.
fn scope(word: Option<&str>, nobody_was_invited: bool) -> Option<Scope> {
    Some(match word? {
        "one_or_more_external" => Scope::External,
        "only_internal" if !nobody_was_invited => Scope::Internal,
        _ => Scope::Unknown,
    })
}

/// The address of a record is all that Fathom tells of its id.
fn crm_links(matches: CrmMatches) -> Vec<CrmLink> {
    let CrmMatches {
        contacts,
        companies,
        deals,
    } = matches;
    [
        ("contact", contacts),
        ("company", companies),
        ("deal", deals),
    ]
    .into_iter()
    .flat_map(|(kind, records)| records.into_iter().map(move |record| (kind, record)))
    .filter_map(|(kind, record)| {
        Some(CrmLink {
            system: None,
            object_type: Some(kind.to_owned()),
            object_id: Some(fields::text(record.record_url)?),
        })
    })
    .collect()
}

fn instant(value: Option<&str>) -> Option<Timestamp> {
    value.and_then(fields::instant)
}
