//! `GET /v1/meetings/`: meetings by their scheduled start, recorded ones only.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Envelope, NAME, answer};
use crate::{
    model::{
        Affiliation, Call, CallKind, CrmLink, DurationSource, Media, MediaKind, Participant,
        Precision, Role, Scope, TranscriptContent, Window,
    },
    platforms::{HttpReply, Page, Rejection, Setup, fields},
};

/// Values of `processing_status` after which no transcript will come.
const NEVER: &[&str] = &[
    "no_transcript",
    "silent_recording",
    "recording_error",
    "download_failed",
    "bot_denied_entry",
];

/// The cheapest list: one meeting of the period.
pub(super) fn probe(setup: &Setup) -> String {
    let whole = setup.period.window();
    format!(
        "/v1/meetings/?from_date={}&to_date={}&page_size=1",
        whole.start(),
        whole.end()
    )
}

/// A page of a window. The cursor is how many meetings there were, and behind a blank the query of the link that
/// Avoma gave for the page.
pub(super) fn path(window: Window, cursor: Option<&str>, setup: &Setup) -> String {
    let query = cursor.map_or_else(|| first(window, setup), |cursor| read(cursor).1.to_owned());
    format!("/v1/meetings/?{query}")
}

/// The answer.
pub(super) fn page(
    reply: &HttpReply,
    window: Window,
    cursor: Option<&str>,
    setup: &Setup,
) -> Result<Page, Rejection> {
    let envelope: Envelope<'_> = answer(reply)?;
    let before = cursor.and_then(|cursor| read(cursor).0);
    // A meeting that was deleted meanwhile has drawn another one from this page to one that was read.
    if before
        .zip(envelope.count)
        .is_some_and(|(before, now)| now < before)
    {
        return Err(Rejection::RestartWindow);
    }
    let mut page = Page {
        next: envelope.next_query().map(|query| match envelope.count {
            Some(count) => format!("{count} {query}"),
            None => query.to_owned(),
        }),
        total: envelope.count,
        ..Page::default()
    };
    for record in envelope.results {
        match serde_json::from_str::<Meeting>(record.get()) {
            Ok(meeting) if meeting.is_recorded() => {
                let call = meeting.into_call(record, setup);
                // Whether Avoma counts the end of the range in is not documented.
                page.calls
                    .extend(Some(call).filter(|call| fields::in_window(call.started_at, window)));
            }
            Ok(_) => {}
            Err(error) => page
                .failures
                .push(fields::unreadable(NAME, "list", record, &error)),
        }
    }
    Ok(page)
}

/// What a cursor holds.
fn read(cursor: &str) -> (Option<u64>, &str) {
    let parts = cursor.split_once(' ');
    let counted = parts.and_then(|(count, query)| Some((count.parse().ok()?, query)));
    match counted {
        Some((count, query)) => (Some(count), query),
        None => (None, cursor),
    }
}

/// A meeting, as listed and as kept in `calls.raw`.
#[derive(Deserialize)]
pub(super) struct Meeting {
    #[serde(deserialize_with = "fields::id")]
    uuid: String,
    subject: Option<String>,
    /// Scheduled. When it really began is not told.
    pub(super) start_at: Option<String>,
    /// Seconds that were recorded.
    #[serde(default, deserialize_with = "fields::number")]
    duration: Option<f64>,
    organizer_email: Option<String>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    attendees: Vec<Attendee>,
    is_private: Option<bool>,
    is_internal: Option<bool>,
    is_call: Option<bool>,
    state: Option<String>,
    processing_status: Option<String>,
    audio_ready: Option<bool>,
    video_ready: Option<bool>,
    pub(super) transcript_ready: Option<bool>,
    /// The conference room, not a page of Avoma.
    url: Option<String>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    crm_associations: Vec<Association>,
}

#[derive(Deserialize)]
struct Attendee {
    email: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Association {
    crm_obj_type: Option<String>,
    #[serde(default, deserialize_with = "fields::optional_id")]
    crm_obj_id: Option<String>,
}

impl Meeting {
    /// Who was invited: the organizer first, unless among the attendees. Who came is not told.
    pub(super) fn participants(&self, setup: &Setup) -> Vec<Participant> {
        let told = match self.is_internal {
            Some(true) => Affiliation::Internal,
            Some(false) | None => Affiliation::Unknown,
        };
        let invited = |name: Option<String>, email: Option<String>, role| Participant {
            affiliation: fields::affiliation(told, email.as_deref(), &setup.internal_domains),
            name: fields::text(name),
            email,
            phone: None,
            title: None,
            role,
            attended: None,
        };
        let organizer = self.organizer_email.as_deref().and_then(fields::email);
        let mut participants: Vec<Participant> = self
            .attendees
            .iter()
            .map(|attendee| {
                let email = attendee.email.as_deref().and_then(fields::email);
                let addresses = email.as_deref().zip(organizer.as_deref());
                let role = match addresses {
                    Some((own, theirs)) if own.eq_ignore_ascii_case(theirs) => Role::Organizer,
                    Some(_) | None => Role::Attendee,
                };
                invited(attendee.name.clone(), email, role)
            })
            .collect();
        let is_listed = participants
            .iter()
            .any(|participant| participant.role == Role::Organizer);
        if organizer.is_some() && !is_listed {
            participants.insert(0, invited(None, organizer, Role::Organizer));
        }
        participants
    }

    /// Appointments that nobody recorded are in the list too.
    fn is_recorded(&self) -> bool {
        let is_over = self
            .state
            .as_deref()
            .is_none_or(|state| state == "completed");
        let parts = [self.transcript_ready, self.audio_ready, self.video_ready];
        // What is not told may be there: it is listed rather than lost.
        let is_ready = parts != [Some(false); 3];
        is_over && (is_ready || self.processing_status.as_deref() == Some("processing"))
    }

    fn into_call(self, source: &RawValue, setup: &Setup) -> Call {
        let mut call = Call::new(self.uuid.clone());
        call.participants = self.participants(setup);
        call.transcript = self.transcript();
        call.media = Vec::from_iter(self.recording());
        call.title = fields::text(self.subject);
        call.kind = match self.is_call {
            Some(true) => CallKind::Phone,
            Some(false) | None => CallKind::Meeting,
        };
        call.scope = self.is_internal.map(|is_internal| match is_internal {
            true => Scope::Internal,
            false => Scope::External,
        });
        call.scheduled_start = self.start_at.as_deref().and_then(fields::instant);
        call.started_at = call.scheduled_start;
        call.started_at_precision = match call.started_at {
            Some(_) => Precision::Scheduled,
            None => Precision::Unknown,
        };
        call.duration_ms = self.duration.and_then(fields::seconds);
        call.duration_source = match call.duration_ms {
            Some(_) => DurationSource::PlatformS,
            None => DurationSource::None,
        };
        call.is_private = self.is_private;
        call.meeting_url = self.url.as_deref().and_then(fields::link_without_password);
        call.host = self.organizer_email.as_deref().and_then(fields::email);
        call.crm_links = self
            .crm_associations
            .into_iter()
            .map(|association| CrmLink {
                system: None,
                object_type: association.crm_obj_type,
                object_id: association.crm_obj_id,
            })
            .collect();
        call.raw = Some(source.get().to_owned());
        call
    }

    fn transcript(&self) -> TranscriptContent {
        let status = self.processing_status.as_deref();
        let is_never = status.is_some_and(|status| NEVER.contains(&status));
        match self.transcript_ready {
            Some(true) => TranscriptContent::Pending,
            Some(false) | None if is_never => TranscriptContent::Absent,
            Some(false) | None => TranscriptContent::Pending,
        }
    }

    /// The video, else the sound. What is not ready yet is listed in a later night.
    fn recording(&self) -> Option<Media> {
        let kind = match (self.video_ready, self.audio_ready) {
            (Some(true), _) => MediaKind::Video,
            (Some(false) | None, Some(true)) => MediaKind::Audio,
            (Some(false) | None, Some(false) | None) => return None,
        };
        Some(Media::listed(kind))
    }
}

/// Newest first, as windows are: transcripts are then asked for in the order of time, and close together.
/// What begins after the run did would push meetings from one page to the next, so it is left out.
fn first(window: Window, setup: &Setup) -> String {
    let to = window.end().min(setup.as_of).max(window.start());
    format!(
        // Any value of `recording_duration__gte` leaves out what was not recorded.
        "from_date={}&to_date={to}&page_size=100&o=-start_at&recording_duration__gte=0\
         &include_crm_associations=true",
        window.start()
    )
}
