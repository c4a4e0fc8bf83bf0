//! `POST /v2/calls/extensive`: calls by date, with their parties.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use sha2::{Digest, Sha256};

use super::{NAME, Records};
use crate::{
    model::{
        Affiliation, Call, CallKind, CrmLink, Direction, DurationSource, Media, MediaKind,
        Participant, Precision, Role, Scope, TranscriptContent, Window,
    },
    platforms::{HttpReply, Page, RecordFailure, Rejection, Setup, fields, replies},
};

/// The request. The cursor is a key of the body: in the query of a POST Gong ignores it.
pub(super) fn body(window: Window, cursor: Option<&str>, setup: &Setup) -> Value {
    // `fromDateTime` is inclusive, `toDateTime` exclusive.
    let mut filter = json!({
        "fromDateTime": window.start().to_string(),
        "toDateTime": window.end().to_string(),
    });
    if let Some(workspace) = setup.options.get("workspace_id") {
        filter["workspaceId"] = workspace.clone();
    }
    let mut body = json!({
        "filter": filter,
        "contentSelector": {
            // `Basic` brings the links to CRM records without their field values.
            "context": "Basic",
            "exposedFields": {"parties": true, "content": {"brief": true, "keyPoints": true}, "media": false},
        },
    });
    if let Some(cursor) = cursor {
        body["cursor"] = cursor.into();
    }
    body
}

/// The answer.
pub(super) fn page(reply: &HttpReply, setup: &Setup) -> Result<Page, Rejection> {
    let answer: Answer<'_> = replies::parse(NAME, reply)?;
    let skip_private = setup.options.get("skip_private") == Some(&Value::Bool(true));
    let mut page = Page {
        total: answer.records.total_records,
        ..Page::default()
    };
    for record in answer.calls {
        match serde_json::from_str::<Record>(record.get()) {
            Ok(call) if skip_private && call.meta_data.is_private == Some(true) => {}
            Ok(call) => page.calls.push(call.into_call(record, setup)),
            Err(error) => page.failures.push(failure(record, &error)),
        }
    }
    page.next = answer.records.next();
    Ok(page)
}

/// Who speaks under which id in a transcript: position in the participants (from 1) and name.
#[derive(Deserialize)]
pub(super) struct Speakers {
    #[serde(default, deserialize_with = "fields::null_is_default")]
    pub(super) parties: Vec<Party>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    records: Records,
    #[serde(borrow)]
    calls: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    meta_data: MetaData,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    context: Vec<Context>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    parties: Vec<Party>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    content: Content,
    media: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetaData {
    #[serde(deserialize_with = "fields::id")]
    id: String,
    url: Option<String>,
    title: Option<String>,
    scheduled: Option<String>,
    started: Option<String>,
    /// Seconds.
    duration: Option<f64>,
    #[serde(default, deserialize_with = "fields::optional_id")]
    primary_user_id: Option<String>,
    direction: Option<String>,
    scope: Option<String>,
    /// `Video` or `Audio`: the kind, not a URL.
    media: Option<String>,
    language: Option<String>,
    meeting_url: Option<String>,
    is_private: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Party {
    pub(super) name: Option<String>,
    pub(super) email_address: Option<String>,
    pub(super) phone_number: Option<String>,
    title: Option<String>,
    #[serde(default, deserialize_with = "fields::optional_id")]
    user_id: Option<String>,
    #[serde(default, deserialize_with = "fields::optional_id")]
    pub(super) speaker_id: Option<String>,
    affiliation: Option<String>,
    methods: Option<Vec<String>>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    context: Vec<Context>,
}

#[derive(Deserialize)]
struct Context {
    system: Option<String>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    objects: Vec<Object>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    object_type: Option<String>,
    #[serde(default, deserialize_with = "fields::optional_id")]
    object_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Content {
    brief: Option<String>,
    #[serde(deserialize_with = "fields::null_is_default")]
    key_points: Vec<KeyPoint>,
}

#[derive(Deserialize)]
struct KeyPoint {
    text: Option<String>,
}

impl Record {
    fn into_call(self, source: &RawValue, setup: &Setup) -> Call {
        let raw = self.raw(source);
        let Self {
            meta_data: meta,
            context,
            parties,
            content,
            media: _,
        } = self;
        let started = meta.started.as_deref().and_then(fields::instant);
        let scheduled = meta.scheduled.as_deref().and_then(fields::instant);
        let (started_at, started_at_precision) = start(started, scheduled);
        let mut call = Call::new(meta.id);
        call.title = fields::text(meta.title);
        call.kind = kind(meta.direction.as_deref(), meta.media.as_deref());
        call.direction = direction(meta.direction.as_deref());
        call.scope = scope(meta.scope.as_deref());
        call.scheduled_start = scheduled;
        call.started_at = started_at;
        call.started_at_precision = started_at_precision;
        call.duration_ms = meta.duration.and_then(fields::seconds);
        call.duration_source = if call.duration_ms.is_some() {
            DurationSource::PlatformS
        } else {
            DurationSource::None
        };
        call.language = meta.language.as_deref().and_then(fields::language);
        call.is_private = meta.is_private;
        call.source_url = fields::text(meta.url);
        call.meeting_url = meta
            .meeting_url
            .as_deref()
            .and_then(fields::link_without_password);
        call.host = host(meta.primary_user_id.as_deref(), &parties);
        call.summary = summary(content);
        call.media = recording(meta.media.as_deref());
        call.crm_links = crm_links(&context, &parties);
        call.participants = parties
            .into_iter()
            .map(|party| party.into_participant(meta.primary_user_id.as_deref(), setup))
            .collect();
        call.transcript = TranscriptContent::Pending;
        call.raw = Some(raw);
        call
    }

    /// The JSON as it came, without links to media, which are signed.
    fn raw(&self, source: &RawValue) -> String {
        if self.media.is_some()
            && let Ok(Value::Object(mut object)) = serde_json::from_str(source.get())
        {
            object.remove("media");
            return Value::Object(object).to_string();
        }
        source.get().to_owned()
    }
}

impl Party {
    fn into_participant(self, host: Option<&str>, setup: &Setup) -> Participant {
        let email = self.email_address.as_deref().and_then(fields::email);
        let told = match self.affiliation.as_deref() {
            Some("Internal") => Affiliation::Internal,
            Some("External") => Affiliation::External,
            _ => Affiliation::Unknown,
        };
        let is_host = host.is_some() && self.user_id.as_deref() == host;
        Participant {
            affiliation: fields::affiliation(told, email.as_deref(), &setup.internal_domains),
            name: fields::text(self.name),
            phone: fields::text(self.phone_number),
            title: fields::text(self.title),
            role: if is_host { Role::Host } else { Role::Attendee },
            attended: self
                .methods
                .map(|methods| methods.iter().any(|method| method == "Attendee")),
            email,
        }
    }
}

/// A record that is not a call is kept as a failure, with a stable name where its id cannot be read.
fn failure(record: &RawValue, error: &serde_json::Error) -> RecordFailure {
    let id = serde_json::from_str::<Value>(record.get())
        .ok()
        .and_then(|value| {
            value
                .pointer("/metaData/id")
                .and_then(Value::as_str)
                .filter(|id| !id.trim().is_empty())
                .map(str::to_owned)
        });
    let external_id = id.unwrap_or_else(|| {
        format!(
            "unreadable-{}",
            &hex::encode(Sha256::digest(record.get()))[..16]
        )
    });
    RecordFailure {
        external_id,
        stage: "list",
        detail: format!("Gong's record of the call cannot be read: {error}"),
    }
}

fn start(
    started: Option<Timestamp>,
    scheduled: Option<Timestamp>,
) -> (Option<Timestamp>, Precision) {
    match (started, scheduled) {
        (Some(started), _) => (Some(started), Precision::Exact),
        (None, Some(scheduled)) => (Some(scheduled), Precision::Scheduled),
        (None, None) => (None, Precision::Unknown),
    }
}

fn kind(direction: Option<&str>, media: Option<&str>) -> CallKind {
    match (direction, media) {
        (Some("Conference"), _) => CallKind::Meeting,
        (Some("Inbound" | "Outbound"), _) => CallKind::Phone,
        (_, Some("Video")) => CallKind::Meeting,
        _ => CallKind::Unknown,
    }
}

fn direction(word: Option<&str>) -> Option<Direction> {
    match word? {
        "Inbound" => Some(Direction::Inbound),
        "Outbound" => Some(Direction::Outbound),
        "Conference" => Some(Direction::Conference),
        _ => None,
    }
}

fn scope(word: Option<&str>) -> Option<Scope> {
    match word? {
        "Internal" => Some(Scope::Internal),
        "External" => Some(Scope::External),
        _ => Some(Scope::Unknown),
    }
}

fn recording(word: Option<&str>) -> Vec<Media> {
    let kind = match word {
        Some("Video") => MediaKind::Video,
        Some("Audio") => MediaKind::Audio,
        _ => return Vec::new(),
    };
    vec![Media::listed(kind)]
}

fn host(primary_user: Option<&str>, parties: &[Party]) -> Option<String> {
    let id = primary_user?;
    let party = parties
        .iter()
        .find(|party| party.user_id.as_deref() == Some(id));
    party
        .and_then(|party| party.name.clone().or_else(|| party.email_address.clone()))
        .or_else(|| Some(id.to_owned()))
}

fn summary(content: Content) -> Option<String> {
    fields::text(content.brief).or_else(|| {
        let points: Vec<String> = content
            .key_points
            .into_iter()
            .filter_map(|point| point.text)
            .collect();
        fields::text(Some(points.join("\n")))
    })
}

fn crm_links(call: &[Context], parties: &[Party]) -> Vec<CrmLink> {
    let mut links: Vec<CrmLink> = Vec::new();
    for context in call
        .iter()
        .chain(parties.iter().flat_map(|party| &party.context))
    {
        for object in &context.objects {
            let link = CrmLink {
                system: context.system.clone(),
                object_type: object.object_type.clone(),
                object_id: object.object_id.clone(),
            };
            if !links.contains(&link) {
                links.push(link);
            }
        }
    }
    links
}
