//! `GET /v3/engagements`: first the meetings of a window, then the dialed calls. E-mails are engagements too, and
//! one request asks for one type only.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{NAME, answer};
use crate::{
    model::{
        Affiliation, Call, CallKind, CrmLink, DurationSource, Media, MediaKind, Participant,
        Precision, Role, TranscriptContent, Window,
    },
    platforms::{CallRef, HttpExchange, HttpReply, Page, Rejection, Setup, fields},
};

/// A page of a window.
pub(super) fn request(window: Window, cursor: Option<&str>) -> HttpExchange {
    let place = Place::of(cursor);
    let mut path = format!(
        "/v3/engagements?engagement_type={}&min_date={}&max_date={}",
        place.kind.as_str(),
        window.start(),
        window.end()
    );
    if let Some(key) = place.key {
        path = format!("{path}&continuation_key={}", fields::percent_encoded(key));
    }
    HttpExchange::get(path)
}

/// The answer.
pub(super) fn page(
    reply: &HttpReply,
    window: Window,
    cursor: Option<&str>,
    setup: &Setup,
) -> Result<Page, Rejection> {
    let place = Place::of(cursor);
    if place.key.is_some() && matches!(reply.status, 400 | 404 | 409 | 410) {
        // All but the key was right when the page before was asked for.
        return Err(Rejection::RestartWindow);
    }
    let answer: Answer<'_> = answer(reply)?;
    let mut page = Page {
        next: place.next(answer.continuation_key, answer.engagements.is_empty()),
        ..Page::default()
    };
    for record in answer.engagements {
        match serde_json::from_str::<Engagement>(record.get()) {
            // Nobody came, so nothing was recorded.
            Ok(engagement) if engagement.no_show == Some(true) => {}
            Ok(engagement) => {
                let call = engagement.into_call(record, place.kind, setup);
                // Whether Chorus counts the end of the range in is not documented.
                page.calls
                    .extend(Some(call).filter(|call| fields::in_window(call.started_at, window)));
            }
            Err(error) => page
                .failures
                .push(fields::unreadable(NAME, "list", record, &error)),
        }
    }
    Ok(page)
}

/// What is listed at present.
#[derive(Clone, Copy)]
enum Kind {
    Meeting,
    Dialer,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Meeting => "meeting",
            Self::Dialer => "dialer",
        }
    }
}

/// Where a listing stands. Written as the kind, and behind a blank the key of the page, which is Chorus' own.
struct Place<'c> {
    kind: Kind,
    key: Option<&'c str>,
}

impl<'c> Place<'c> {
    fn of(cursor: Option<&'c str>) -> Self {
        let cursor = cursor.unwrap_or(Kind::Meeting.as_str());
        let (kind, key) = match cursor.split_once(' ') {
            Some((kind, key)) => (kind, Some(key)),
            None => (cursor, None),
        };
        let kind = match kind == Kind::Dialer.as_str() {
            true => Kind::Dialer,
            false => Kind::Meeting,
        };
        Self { kind, key }
    }

    /// A kind ends where a page is empty, whatever key it has, or has no key.
    fn next(&self, key: Option<String>, is_empty: bool) -> Option<String> {
        match (key.filter(|_| !is_empty), self.kind) {
            (Some(key), kind) => Some(format!("{} {key}", kind.as_str())),
            (None, Kind::Meeting) => Some(Kind::Dialer.as_str().into()),
            (None, Kind::Dialer) => None,
        }
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default, deserialize_with = "fields::optional_id")]
    continuation_key: Option<String>,
    #[serde(borrow)]
    engagements: Vec<&'a RawValue>,
}

/// A call, as listed and as kept in `calls.raw`.
#[derive(Deserialize)]
pub(super) struct Engagement {
    #[serde(deserialize_with = "fields::id")]
    engagement_id: String,
    /// Seconds since 1970.
    #[serde(default, deserialize_with = "fields::number")]
    date_time: Option<f64>,
    /// Seconds.
    #[serde(default, deserialize_with = "fields::number")]
    pub(super) duration: Option<f64>,
    subject: Option<String>,
    url: Option<String>,
    #[serde(default, deserialize_with = "fields::optional_id")]
    user_id: Option<String>,
    user_name: Option<String>,
    user_email: Option<String>,
    #[serde(default, deserialize_with = "fields::optional_id")]
    account_id: Option<String>,
    #[serde(default, deserialize_with = "fields::optional_id")]
    opportunity_id: Option<String>,
    language: Option<String>,
    /// `done` when Chorus has worked it off; the other words are not documented.
    processing_state: Option<String>,
    no_show: Option<bool>,
    /// Documented for a conversation only.
    audio_only: Option<bool>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    participants: Vec<Person>,
}

#[derive(Clone, Deserialize)]
struct Person {
    name: Option<String>,
    email: Option<String>,
    title: Option<String>,
    #[serde(default, deserialize_with = "fields::optional_id")]
    user_id: Option<String>,
    /// `rep` for the customer's own people, `cust` for others.
    #[serde(rename = "type")]
    side: Option<String>,
}

/// What the listing said of a call.
pub(super) fn listed(call: &CallRef) -> Option<Engagement> {
    serde_json::from_str(call.raw.as_deref()?).ok()
}

impl Engagement {
    /// Whether Chorus had worked it off when it was listed, by all that it said.
    pub(super) fn is_processed(&self) -> bool {
        self.processing_state
            .as_deref()
            .is_none_or(|state| state == "done")
    }

    /// Who took part, in Chorus' order.
    pub(super) fn participants(&self, setup: &Setup) -> Vec<Participant> {
        let host = self.user_id.as_deref();
        self.participants
            .iter()
            .cloned()
            .map(|person| person.into_participant(host, setup))
            .collect()
    }

    fn into_call(self, source: &RawValue, kind: Kind, setup: &Setup) -> Call {
        let mut call = Call::new(self.engagement_id.clone());
        call.participants = self.participants(setup);
        call.crm_links = [
            ("Account", self.account_id),
            ("Opportunity", self.opportunity_id),
        ]
        .into_iter()
        .filter_map(|(object_type, id)| {
            Some(CrmLink {
                system: None,
                object_type: Some(object_type.into()),
                object_id: Some(id?),
            })
        })
        .collect();
        call.title = fields::text(self.subject);
        call.kind = match kind {
            Kind::Meeting => CallKind::Meeting,
            Kind::Dialer => CallKind::Phone,
        };
        call.started_at = self
            .date_time
            .and_then(|seconds| fields::milliseconds_since_1970(seconds * 1_000.0));
        call.started_at_precision = match call.started_at {
            Some(_) => Precision::Exact,
            None => Precision::Unknown,
        };
        call.duration_ms = self.duration.and_then(fields::seconds);
        call.duration_source = match call.duration_ms {
            Some(_) => DurationSource::PlatformS,
            None => DurationSource::None,
        };
        call.language = self
            .language
            .and_then(|code| fields::language(&code.replace('_', "-")));
        call.source_url = fields::text(self.url);
        call.host = fields::text(self.user_name)
            .or_else(|| self.user_email.as_deref().and_then(fields::email));
        call.media = vec![recording(kind, self.audio_only)];
        call.transcript = TranscriptContent::Pending;
        call.raw = Some(source.get().to_owned());
        call
    }
}

/// By all that a listing is known to tell, meetings have pictures and dialed calls have none. Whether it was recorded
/// shows when it is asked for.
fn recording(kind: Kind, audio_only: Option<bool>) -> Media {
    Media::listed(match (kind, audio_only) {
        (Kind::Dialer, _) | (Kind::Meeting, Some(true)) => MediaKind::Audio,
        (Kind::Meeting, Some(false) | None) => MediaKind::Video,
    })
}

impl Person {
    fn into_participant(self, host: Option<&str>, setup: &Setup) -> Participant {
        let email = self.email.as_deref().and_then(fields::email);
        let told = match self.side.as_deref() {
            Some("rep") => Affiliation::Internal,
            Some("cust") => Affiliation::External,
            _ => Affiliation::Unknown,
        };
        let is_host = host.is_some() && self.user_id.as_deref() == host;
        Participant {
            affiliation: fields::affiliation(told, email.as_deref(), &setup.internal_domains),
            name: fields::text(self.name),
            email,
            phone: None,
            title: fields::text(self.title),
            role: if is_host { Role::Host } else { Role::Attendee },
            attended: None,
        }
    }
}
