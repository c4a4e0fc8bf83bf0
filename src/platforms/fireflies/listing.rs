//! Calls as Fireflies lists them, and what was said in them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::NAME;
use crate::{
    model::{
        Affiliation, Call, CallKind, DurationSource, Granularity, Media, MediaKind, Participant,
        Precision, Role, Segment, Transcript, TranscriptContent,
    },
    platforms::{CallRef, Page, Setup, fields},
};

/// Members of a call's JSON that are not kept: what was said, and links that let anybody in.
const NOT_KEPT: &[&str] = &["sentences", "audio_url", "video_url", "meeting_link"];

/// The calls of a page.
pub(super) fn page(records: Vec<&RawValue>, setup: &Setup) -> Page {
    let mut page = Page::default();
    for record in records {
        match call(record, setup) {
            Ok(call) if fields::in_window(call.started_at, setup.period.window()) => {
                page.calls.push(call)
            }
            // Whether the end of the range belongs to it is not documented.
            Ok(_) => {}
            Err(error) => {
                let failure = fields::unreadable(NAME, "list", record, &error);
                page.failures.push(failure);
            }
        }
    }
    page
}

/// What was said in a call that was listed before.
pub(super) fn content(
    call: &CallRef,
    spoken: &RawValue,
) -> Result<TranscriptContent, serde_json::Error> {
    let listed = call
        .raw
        .as_deref()
        .and_then(|raw| serde_json::from_str::<Record>(raw).ok());
    let participants = listed.map_or_else(Vec::new, |record| record.participants(&[]));
    let spoken: Spoken = serde_json::from_str(spoken.get())?;
    Ok(spoken.content(&participants))
}

/// When a call that was listed before began.
pub(super) fn start(call: &CallRef) -> Option<Timestamp> {
    let listed: Record = serde_json::from_str(call.raw.as_deref()?).ok()?;
    fields::milliseconds_since_1970(listed.date?)
}

fn call(source: &RawValue, setup: &Setup) -> Result<Call, serde_json::Error> {
    let record: Record = serde_json::from_str(source.get())?;
    let spoken: Spoken = serde_json::from_str(source.get())?;
    let mut call = Call::new(record.id.clone());
    call.participants = record.participants(&setup.internal_domains);
    call.title = fields::text(record.title);
    call.kind = if record.meeting_link.is_some() {
        CallKind::Meeting
    } else {
        CallKind::Unknown
    };
    call.started_at = record.date.and_then(fields::milliseconds_since_1970);
    call.started_at_precision = if call.started_at.is_some() {
        Precision::Exact
    } else {
        Precision::Unknown
    };
    call.transcript = spoken.content(&call.participants);
    (call.duration_ms, call.duration_source) = duration(record.duration, &call.transcript);
    call.source_url = fields::text(record.transcript_url);
    let link = record.meeting_link.as_deref();
    call.meeting_url = link.and_then(fields::link_without_password);
    call.host = host(record.organizer_email, &call.participants);
    call.media = Vec::from_iter(recording(record.video_url, record.audio_url));
    call.raw = Some(fields::raw_without(source, NOT_KEPT));
    Ok(call)
}

#[derive(Deserialize)]
struct Record {
    #[serde(deserialize_with = "fields::id")]
    id: String,
    title: Option<String>,
    /// Start, in milliseconds since 1970.
    #[serde(default, deserialize_with = "fields::number")]
    date: Option<f64>,
    /// Minutes, with the noise of a 32-bit float.
    #[serde(default, deserialize_with = "fields::number")]
    duration: Option<f64>,
    organizer_email: Option<String>,
    /// E-mail addresses.
    participants: Option<Vec<Option<String>>>,
    /// E-mail addresses of the customer's own people.
    fireflies_users: Option<Vec<Option<String>>>,
    workspace_users: Option<Vec<Option<String>>>,
    /// Who is in the calendar.
    meeting_attendees: Option<Vec<Attendee>>,
    /// Who came, once for each time.
    meeting_attendance: Option<Vec<Presence>>,
    transcript_url: Option<String>,
    meeting_link: Option<String>,
    audio_url: Option<String>,
    video_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attendee {
    display_name: Option<String>,
    name: Option<String>,
    email: Option<String>,
    phone_number: Option<String>,
}

#[derive(Deserialize)]
struct Presence {
    name: Option<String>,
}

/// What was said. `sentences` is null while a call is processed, and for a meeting in which nobody spoke.
#[derive(Deserialize)]
struct Spoken {
    sentences: Option<Vec<Sentence>>,
    speakers: Option<Vec<Speaker>>,
    meeting_info: Option<MeetingInfo>,
}

#[derive(Deserialize)]
struct Sentence {
    #[serde(default, deserialize_with = "fields::optional_id")]
    speaker_id: Option<String>,
    speaker_name: Option<String>,
    text: Option<String>,
    /// Seconds. The documentation has them as texts, the schema as numbers.
    #[serde(default, deserialize_with = "fields::number")]
    start_time: Option<f64>,
    #[serde(default, deserialize_with = "fields::number")]
    end_time: Option<f64>,
}

#[derive(Deserialize)]
struct Speaker {
    #[serde(default, deserialize_with = "fields::optional_id")]
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct MeetingInfo {
    silent_meeting: Option<bool>,
}

impl Record {
    /// Who was invited, then who came besides. Two entries are one person only by their e-mail address;
    /// presence is told by name.
    fn participants(&self, internal_domains: &[String]) -> Vec<Participant> {
        let own: HashSet<String> = [&self.fireflies_users, &self.workspace_users]
            .into_iter()
            .flat_map(addresses)
            .map(|email| email.to_lowercase())
            .collect();
        let organizer = self.organizer_email.as_deref().and_then(fields::email);
        let mut people: Vec<Participant> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let attendees = self.meeting_attendees.iter().flatten().map(|attendee| {
            let name = attendee.display_name.clone().or(attendee.name.clone());
            let email = attendee.email.as_deref().and_then(fields::email);
            (name, email, attendee.phone_number.clone())
        });
        let bare = addresses(&self.participants).chain(organizer.clone());
        for (name, email, phone) in attendees.chain(bare.map(|email| (None, Some(email), None))) {
            let (name, phone) = (fields::text(name), fields::text(phone));
            if name.is_none() && email.is_none() && phone.is_none() {
                continue;
            }
            let key = email.as_ref().map(|email| email.to_lowercase());
            if let Some(place) = key.as_ref().and_then(|key| places.get(key)) {
                let known: &mut Participant = &mut people[*place];
                known.name = known.name.take().or(name);
                known.phone = known.phone.take().or(phone);
                continue;
            }
            let told = match &key {
                Some(key) if own.contains(key) => Affiliation::Internal,
                _ => Affiliation::Unknown,
            };
            let organizes = organizer.as_ref().map(|email| email.to_lowercase()) == key;
            places.extend(key.map(|key| (key, people.len())));
            people.push(Participant {
                role: if organizes && email.is_some() {
                    Role::Organizer
                } else {
                    Role::Attendee
                },
                affiliation: fields::affiliation(told, email.as_deref(), internal_domains),
                name,
                email,
                phone,
                title: None,
                attended: None,
            });
        }
        self.add_presence(&mut people);
        fields::mark_recorders(&mut people);
        people
    }

    /// Presence is told by name only: a name that two have tells of neither.
    fn add_presence(&self, people: &mut Vec<Participant>) {
        let names = self.meeting_attendance.iter().flatten();
        for name in names.filter_map(|presence| fields::text(presence.name.clone())) {
            let lower = name.to_lowercase();
            let named = |person: &&mut Participant| {
                let own = person.name.as_ref();
                own.is_some_and(|own| own.to_lowercase() == lower)
            };
            let mut known = people.iter_mut().filter(named);
            match (known.next(), known.next()) {
                (Some(known), None) => known.attended = Some(true),
                (Some(_), Some(_)) => {}
                (None, _) => people.push(Participant {
                    name: Some(name),
                    email: None,
                    phone: None,
                    title: None,
                    role: Role::Attendee,
                    affiliation: Affiliation::Unknown,
                    attended: Some(true),
                }),
            }
        }
    }
}

impl Spoken {
    fn content(self, participants: &[Participant]) -> TranscriptContent {
        let silent = self
            .meeting_info
            .is_some_and(|info| info.silent_meeting == Some(true));
        match self.sentences {
            Some(sentences) if !sentences.is_empty() => {
                let speakers = Speakers::new(self.speakers.unwrap_or_default(), participants);
                TranscriptContent::Here(transcript(sentences, speakers))
            }
            _ if silent => TranscriptContent::Absent,
            _ => TranscriptContent::Pending,
        }
    }
}

/// Labels by what a sentence says of its speaker.
struct Speakers<'a> {
    names: HashMap<String, String>,
    participants: &'a [Participant],
    labels: HashMap<String, (Arc<str>, Option<i64>)>,
}

impl<'a> Speakers<'a> {
    fn new(speakers: Vec<Speaker>, participants: &'a [Participant]) -> Self {
        let named = |speaker: Speaker| Some((speaker.id?, fields::text(speaker.name)?));
        Self {
            names: speakers.into_iter().filter_map(named).collect(),
            participants,
            labels: HashMap::new(),
        }
    }

    /// The name with the sentence, else that of the list of speakers, else a number as Fireflies shows it.
    fn label(&mut self, name: Option<String>, id: Option<&str>) -> Option<(Arc<str>, Option<i64>)> {
        let listed = || self.names.get(id?).cloned();
        let numbered = || Some(format!("Speaker {}", id?.parse::<u64>().ok()? + 1));
        let label = fields::text(name).or_else(listed).or_else(numbered)?;
        if let Some(known) = self.labels.get(&label) {
            return Some(known.clone());
        }
        let position = fields::position(self.participants, &label);
        let position = position.and_then(|position| i64::try_from(position + 1).ok());
        let entry = (Arc::from(label.as_str()), position);
        self.labels.insert(label, entry.clone());
        Some(entry)
    }
}

fn transcript(sentences: Vec<Sentence>, mut speakers: Speakers<'_>) -> Transcript {
    let segments = sentences.into_iter().map(|sentence| {
        let label = speakers.label(sentence.speaker_name, sentence.speaker_id.as_deref());
        let (speaker, participant) = label.unzip();
        Segment {
            speaker,
            participant: participant.flatten(),
            start_ms: sentence.start_time.and_then(fields::seconds),
            end_ms: sentence.end_time.and_then(fields::seconds),
            // Blanks that do not break lines occur in the middle of sentences.
            text: sentence.text.unwrap_or_default().replace('\u{a0}', " "),
        }
    });
    Transcript {
        source: "platform".into(),
        granularity: Granularity::Sentence,
        language: None,
        segments: segments.collect(),
    }
}

/// The platform's minutes, unless somebody speaks later.
fn duration(minutes: Option<f64>, content: &TranscriptContent) -> (Option<i64>, DurationSource) {
    let told = minutes.and_then(|minutes| fields::seconds(minutes * 60.0));
    let spoken = match content {
        TranscriptContent::Here(transcript) => transcript
            .segments
            .iter()
            .filter_map(|segment| segment.end_ms)
            .max(),
        TranscriptContent::Absent | TranscriptContent::Pending => None,
    };
    match (told, spoken) {
        (told, Some(spoken)) if told.is_none_or(|told| told < spoken) => {
            (Some(spoken), DurationSource::Transcript)
        }
        (Some(told), _) => (Some(told), DurationSource::PlatformMin),
        (None, _) => (None, DurationSource::None),
    }
}

fn addresses(list: &Option<Vec<Option<String>>>) -> impl Iterator<Item = String> {
    let texts = list.iter().flatten().flatten();
    texts.filter_map(|text| fields::email(text))
}

fn host(organizer: Option<String>, participants: &[Participant]) -> Option<String> {
    let named = participants
        .iter()
        .find(|participant| participant.role == Role::Organizer)
        .and_then(|participant| participant.name.clone());
    named.or_else(|| fields::text(organizer))
}

/// The video, where one was recorded and the customer's plan has it; else the sound.
fn recording(video: Option<String>, sound: Option<String>) -> Option<Media> {
    let is_there = |url| fields::text(url).is_some();
    let kind = match (is_there(video), is_there(sound)) {
        (true, _) => MediaKind::Video,
        (false, true) => MediaKind::Audio,
        (false, false) => return None,
    };
    Some(Media::listed(kind))
}
