//! A recording, as `POST /v2/recordings` and `POST /v2/recordings/{id}` tell it.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::NAME;
use crate::{
    model::{
        Affiliation, Call, CallKind, CrmLink, DurationSource, Media, MediaKind, Participant,
        Precision, Role, Scope, TranscriptContent,
    },
    platforms::{RecordFailure, Setup, fields},
};

/// The call of a recording.
///
/// # Errors
/// A failure that names the recording, where it cannot be read.
pub(super) fn call(source: &RawValue, setup: &Setup) -> Result<Call, RecordFailure> {
    match serde_json::from_str::<Record>(source.get()) {
        Ok(record) => Ok(record.into_call(source, setup)),
        Err(error) => Err(fields::unreadable(NAME, "list", source, &error)),
    }
}

/// Who was there, from what the listing said.
#[derive(Default, Deserialize)]
pub(super) struct Attendance {
    #[serde(default, deserialize_with = "fields::null_is_default")]
    pub(super) participants: Vec<Attendee>,
}

/// Somebody who was invited or came.
#[derive(Deserialize)]
pub(super) struct Attendee {
    #[serde(default, deserialize_with = "fields::optional_id")]
    pub(super) id: Option<String>,
    name: Option<String>,
    email: Option<String>,
    scope: Option<String>,
    confirmed_attendee: Option<bool>,
    #[serde(default, deserialize_with = "fields::optional_id")]
    hs_contact_id: Option<String>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(deserialize_with = "fields::id")]
    id: String,
    title: Option<String>,
    source: Option<String>,
    url: Option<String>,
    /// In place of `url`, as a user reports.
    recording_url: Option<String>,
    media_type: Option<String>,
    start_datetime: Option<String>,
    #[serde(default, deserialize_with = "fields::number")]
    duration_ms: Option<f64>,
    meeting_type: Option<MeetingType>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    participants: Vec<Attendee>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    ai_summary: Summary,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    hubspot: HubSpot,
}

#[derive(Deserialize)]
struct MeetingType {
    scope: Option<String>,
}

/// Markdown.
#[derive(Default, Deserialize)]
struct Summary {
    text: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HubSpot {
    #[serde(deserialize_with = "fields::ids")]
    hubspot_company_ids: Vec<String>,
    /// Spelt so in the reference.
    #[serde(deserialize_with = "fields::ids")]
    husbpot_deal_ids: Vec<String>,
    #[serde(deserialize_with = "fields::ids")]
    hubspot_deal_ids: Vec<String>,
}

impl Record {
    fn into_call(self, source: &RawValue, setup: &Setup) -> Call {
        let mut call = Call::new(self.id);
        call.title = fields::text(self.title);
        call.kind = kind(self.source.as_deref());
        call.scope = self
            .meeting_type
            .and_then(|meeting| scope(meeting.scope.as_deref()));
        call.started_at = self.start_datetime.as_deref().and_then(fields::instant);
        call.started_at_precision = match call.started_at {
            Some(_) => Precision::Exact,
            None => Precision::Unknown,
        };
        call.duration_ms = self.duration_ms.and_then(fields::milliseconds);
        call.duration_source = match call.duration_ms {
            Some(_) => DurationSource::PlatformMs,
            None => DurationSource::None,
        };
        call.source_url = fields::text(self.url).or_else(|| fields::text(self.recording_url));
        call.summary = fields::text(self.ai_summary.text);
        call.media = media(self.media_type.as_deref());
        call.crm_links = crm_links(self.hubspot, &self.participants);
        call.participants = self
            .participants
            .into_iter()
            .map(|attendee| attendee.into_participant(setup))
            .collect();
        call.transcript = TranscriptContent::Pending;
        // Whether the address of the preview is signed is not known.
        call.raw = Some(fields::raw_without(source, &["thumbnail_url"]));
        call
    }
}

impl Attendee {
    pub(super) fn into_participant(self, setup: &Setup) -> Participant {
        let email = self.email.as_deref().and_then(fields::email);
        let told = match self.scope.as_deref() {
            Some("internal") => Affiliation::Internal,
            Some("external") => Affiliation::External,
            _ => Affiliation::Unknown,
        };
        Participant {
            affiliation: fields::affiliation(told, email.as_deref(), &setup.internal_domains),
            name: fields::text(self.name),
            phone: None,
            title: None,
            role: Role::Attendee,
            attended: self.confirmed_attendee,
            email,
        }
    }
}

fn kind(source: Option<&str>) -> CallKind {
    match source {
        Some("local_capture" | "meet" | "teams" | "webex" | "zoom") => CallKind::Meeting,
        Some("aircall") => CallKind::Phone,
        Some("upload") => CallKind::Upload,
        _ => CallKind::Unknown,
    }
}

fn scope(word: Option<&str>) -> Option<Scope> {
    match word? {
        "internal" => Some(Scope::Internal),
        "external" => Some(Scope::External),
        _ => Some(Scope::Unknown),
    }
}

/// `transcript` is the third media type: there is neither sound nor picture.
fn media(media_type: Option<&str>) -> Vec<Media> {
    let kind = match media_type {
        Some("video") => MediaKind::Video,
        Some("audio") => MediaKind::Audio,
        _ => return Vec::new(),
    };
    vec![Media::listed(kind)]
}

fn crm_links(hubspot: HubSpot, attendees: &[Attendee]) -> Vec<CrmLink> {
    let companies = hubspot.hubspot_company_ids.into_iter();
    let deals = hubspot.husbpot_deal_ids.into_iter();
    let deals = deals.chain(hubspot.hubspot_deal_ids);
    let contacts = attendees
        .iter()
        .filter_map(|attendee| attendee.hs_contact_id.clone());
    let objects = companies
        .map(|id| ("Company", id))
        .chain(deals.map(|id| ("Deal", id)))
        .chain(contacts.map(|id| ("Contact", id)));
    let mut links: Vec<CrmLink> = Vec::new();
    for (object_type, id) in objects {
        let link = CrmLink {
            system: Some("HubSpot".into()),
            object_type: Some(object_type.into()),
            object_id: Some(id),
        };
        if !links.contains(&link) {
            links.push(link);
        }
    }
    links
}
