//! One recorded meeting, as the list of a person's recordings and the meeting itself tell it.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, value::RawValue};
use sha2::{Digest, Sha256};

use super::{NAME, Verdict, judge, uuid_segment, walk::User};
use crate::{
    model::{
        Affiliation, Call, CallKind, Direction, DurationSource, Media, MediaKind, MediaState,
        Participant, Precision, Role, TranscriptContent,
    },
    platforms::{
        CallRef, HttpExchange, HttpReply, Page, RecordFailure, Rejection, Setup, fields, replies,
    },
};

/// A transcript that is not there so long after the call will not come: audio transcripts were switched off, or
/// nothing was said. Zoom promises one within twice the length of the meeting, and a day when it is busy.
const TRANSCRIBED_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Members of a recording that let people in, or name files that are not read.
const SECRETS: &[&str] = &[
    "password",
    "recording_play_passcode",
    "download_access_token",
    "participant_audio_files",
];

/// Kinds of video of one meeting, the best first. Zoom makes several of the same talk.
const VIDEOS: &[&str] = &[
    "shared_screen_with_speaker_view",
    "shared_screen_with_gallery_view",
    "active_speaker",
    "speaker_view",
    "gallery_view",
    "shared_screen",
];

/// What is kept of a record while it is listed and afterwards, with the person whose recording it is. Passcodes
/// are left out, and the addresses of all files but those that we fetch; these ask for our token.
pub(super) fn kept(meeting: &RawValue, user: &Value) -> Value {
    let mut kept: Value = serde_json::from_str(meeting.get()).unwrap_or_default();
    let Some(members) = kept.as_object_mut() else {
        return kept;
    };
    for secret in SECRETS {
        members.remove(*secret);
    }
    if let Some(Value::String(link)) = members.get_mut("share_url") {
        *link = fields::link_without_password(link).unwrap_or_default();
    }
    let files = members
        .get_mut("recording_files")
        .and_then(Value::as_array_mut);
    let files = files.map_or(&mut [][..], Vec::as_mut_slice);
    let wanted = wanted(files);
    for (file, is_wanted) in files.iter_mut().zip(wanted) {
        let Some(file) = file.as_object_mut() else {
            continue;
        };
        file.remove("play_url");
        match file.get_mut("download_url") {
            // What stands behind the question mark may be a token.
            Some(Value::String(url)) if is_wanted => {
                url.truncate(url.find('?').unwrap_or(url.len()));
            }
            _ => {
                file.remove("download_url");
            }
        }
    }
    members.insert("user".into(), user.clone());
    kept
}

/// Which files are fetched: the transcripts, and one that is to be seen or heard.
fn wanted(files: &[Value]) -> Vec<bool> {
    let read: Result<Vec<File>, _> = files.iter().map(File::deserialize).collect();
    // What cannot be read becomes no call.
    let read = read.unwrap_or_default();
    let best = best(&read).map(|(position, ..)| position);
    let mut wanted: Vec<bool> = read.iter().map(File::is_transcript).collect();
    wanted.resize(files.len(), false);
    if let Some(position) = best {
        wanted[position] = true;
    }
    wanted
}

/// The calls of these records.
pub(super) fn page(found: Vec<Value>, setup: &Setup) -> Page {
    let mut page = Page::default();
    for record in found {
        match Recording::deserialize(&record) {
            Ok(recording) => page.calls.push(recording.into_call(&record, setup)),
            Err(error) => page.failures.push(failure(&record, &error)),
        }
    }
    page
}

/// What the listing said of a call.
pub(super) fn listed(call: &CallRef) -> Option<Recording> {
    serde_json::from_str(call.raw.as_deref()?).ok()
}

/// `GET /meetings/{meetingId}/recordings`: the recording as it is now.
pub(super) fn request(call: &CallRef) -> HttpExchange {
    let id = uuid_segment(&call.external_id);
    HttpExchange::get(format!("/v2/meetings/{id}/recordings"))
}

/// The answer; `None` where the recording is gone.
pub(super) fn answer(reply: &HttpReply) -> Result<Option<Recording>, Rejection> {
    #[derive(Deserialize)]
    struct Answer {
        /// Without it the answer is another one.
        #[serde(rename = "recording_files")]
        _files: IgnoredAny,
    }
    if judge(reply)? == Verdict::Gone {
        return Ok(None);
    }
    replies::parse::<Answer>(NAME, reply)?;
    replies::parse(NAME, reply).map(Some)
}

/// The type of the files that hold transcripts.
const TRANSCRIPT: &str = "TRANSCRIPT";

/// A recorded meeting.
#[derive(Deserialize)]
pub(super) struct Recording {
    /// Of this occurrence; `id` is the meeting's number, which all occurrences share.
    #[serde(deserialize_with = "fields::id")]
    uuid: String,
    topic: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "fields::optional_id")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "fields::optional_id")]
    host_id: Option<String>,
    host_email: Option<String>,
    start_time: Option<String>,
    /// Whole minutes.
    #[serde(default, deserialize_with = "fields::number")]
    duration: Option<f64>,
    share_url: Option<String>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    recording_files: Vec<File>,
    /// Ours: see [`kept`].
    user: Option<User>,
}

/// A file of a recording. Where something is not known yet, Zoom writes an empty text.
#[derive(Deserialize)]
struct File {
    file_type: Option<String>,
    status: Option<String>,
    recording_type: Option<String>,
    recording_start: Option<String>,
    recording_end: Option<String>,
    file_size: Option<Value>,
    download_url: Option<String>,
}

/// A file that holds a part of the transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it lies.
    pub(super) url: String,
    /// How long after the start of the call it begins.
    pub(super) shift_ms: i64,
}

impl Recording {
    /// The parts of the transcript in order: more than one where the host stopped and began again.
    pub(super) fn parts(&self) -> Vec<Part> {
        let start = self.start();
        let mut parts: Vec<Part> = self
            .recording_files
            .iter()
            .filter(|file| file.is_transcript() && !file.is_unfinished())
            .filter_map(|file| {
                let begins = file.start().or(start);
                let shift = begins
                    .zip(start)
                    .map(|(begins, start)| begins.duration_since(start));
                Some(Part {
                    url: fields::text(file.download_url.clone())?,
                    shift_ms: shift.map_or(0, milliseconds),
                })
            })
            .collect();
        parts.sort_by_key(|part| part.shift_ms);
        parts
    }

    /// Whose recording it is, as far as anything is known of them.
    pub(super) fn participants(&self, setup: &Setup) -> Vec<Participant> {
        let user = self.host_user();
        let email = user.and_then(|user| user.email.clone());
        let email = email.or_else(|| self.host_email.as_deref().and_then(fields::email));
        let name = user.and_then(|user| user.name.clone());
        if name.is_none() && email.is_none() {
            return Vec::new();
        }
        vec![Participant {
            affiliation: fields::affiliation(
                Affiliation::Unknown,
                email.as_deref(),
                &setup.internal_domains,
            ),
            name,
            email,
            phone: None,
            title: None,
            role: Role::Host,
            attended: None,
        }]
    }

    /// The listed person, unless the recording was handed over by somebody else.
    fn host_user(&self) -> Option<&User> {
        let is_host = |user: &&User| self.host_id.as_ref().is_none_or(|host| *host == user.id);
        self.user.as_ref().filter(is_host)
    }

    /// When the first file begins: the zero of the transcript's times.
    fn start(&self) -> Option<Timestamp> {
        let first = self.recording_files.iter().filter_map(File::start).min();
        first.or_else(|| self.start_time.as_deref().and_then(fields::instant))
    }

    /// From the first file's beginning to the last one's end, else the minutes.
    fn duration(&self) -> (Option<i64>, DurationSource) {
        let last = self.recording_files.iter().filter_map(File::end).max();
        if let Some((start, end)) = self.start().zip(last).filter(|(start, end)| start < end) {
            let length = end.duration_since(start);
            return (Some(milliseconds(length)), DurationSource::PlatformS);
        }
        let minutes = self
            .duration
            .and_then(|minutes| fields::seconds(minutes * 60.0));
        let source = minutes.map_or(DurationSource::None, |_| DurationSource::PlatformMin);
        (minutes, source)
    }

    fn into_call(self, record: &Value, setup: &Setup) -> Call {
        let mut call = Call::new(self.uuid.clone());
        // 99: a recording that somebody uploaded to Zoom.
        (call.kind, call.direction) = match self.kind.as_deref() {
            Some("99") => (CallKind::Upload, None),
            Some(_) | None => (CallKind::Meeting, Some(Direction::Conference)),
        };
        call.started_at = self.start();
        call.started_at_precision = match call.started_at {
            Some(_) => Precision::Exact,
            None => Precision::Unknown,
        };
        (call.duration_ms, call.duration_source) = self.duration();
        call.source_url = self
            .share_url
            .as_deref()
            .and_then(fields::link_without_password);
        call.participants = self.participants(setup);
        let host = call.participants.first();
        let host = host.and_then(|host| host.name.clone().or_else(|| host.email.clone()));
        call.host = host.or_else(|| self.host_id.clone());
        call.transcript = self.transcript(setup.as_of);
        call.media = Vec::from_iter(self.media());
        call.title = fields::text(self.topic);
        call.raw = Some(record.to_string());
        call
    }

    fn transcript(&self, as_of: Timestamp) -> TranscriptContent {
        let files = &self.recording_files;
        let is_coming = files
            .iter()
            .any(|file| file.is_transcript() || file.is_unfinished());
        let is_young = self
            .start()
            .is_none_or(|start| as_of.duration_since(start) < TRANSCRIBED_WITHIN);
        if is_coming || is_young {
            TranscriptContent::Pending
        } else {
            TranscriptContent::Absent
        }
    }

    /// The recording to copy: there, or to come.
    fn media(&self) -> Option<Media> {
        match best(&self.recording_files) {
            Some((position, kind, mime)) => Some(Media {
                mime: Some(mime.to_owned()),
                bytes: self.recording_files[position].bytes(),
                ..Media::listed(kind)
            }),
            None => self.is_unfinished().then(|| Media {
                state: MediaState::Pending,
                ..Media::listed(MediaKind::Video)
            }),
        }
    }

    /// Where the recording to copy is.
    pub(super) fn address(&self) -> Option<String> {
        let (position, ..) = best(&self.recording_files)?;
        fields::text(self.recording_files[position].download_url.clone())
    }

    /// Whether Zoom still works on any of its files.
    pub(super) fn is_unfinished(&self) -> bool {
        self.recording_files.iter().any(File::is_unfinished)
    }
}

/// The file to copy, by its place, and what it holds: a video of the best kind, else the sound. Where the host
/// stopped and began again, it is the longest part.
fn best(files: &[File]) -> Option<(usize, MediaKind, &'static str)> {
    let finished = |file_type: &'static str| {
        let files = files.iter().enumerate();
        files.filter(move |(_, file)| {
            !file.is_unfinished() && file.file_type.as_deref() == Some(file_type)
        })
    };
    let video = finished("MP4").min_by_key(|(_, file)| (file.rank(), Reverse(file.length())));
    if let Some((position, _)) = video {
        return Some((position, MediaKind::Video, "video/mp4"));
    }
    // A video may still come: what is being worked on has no type yet.
    if files.iter().any(File::is_unfinished) {
        return None;
    }
    let sound = finished("M4A").min_by_key(|(_, file)| Reverse(file.length()));
    sound.map(|(position, _)| (position, MediaKind::Audio, "audio/mp4"))
}

impl File {
    fn is_transcript(&self) -> bool {
        self.file_type.as_deref() == Some(TRANSCRIPT)
    }

    /// Whether Zoom still works on it.
    fn is_unfinished(&self) -> bool {
        self.status.as_deref() == Some("processing")
    }

    fn start(&self) -> Option<Timestamp> {
        self.recording_start.as_deref().and_then(fields::instant)
    }

    fn end(&self) -> Option<Timestamp> {
        self.recording_end.as_deref().and_then(fields::instant)
    }

    fn length(&self) -> Option<SignedDuration> {
        let (start, end) = self.start().zip(self.end())?;
        Some(end.duration_since(start))
    }

    /// Its place among the kinds of video, the best first.
    fn rank(&self) -> usize {
        let kind = self.recording_type.as_deref().unwrap_or_default();
        let known = VIDEOS.iter().position(|video| *video == kind);
        known.unwrap_or(VIDEOS.len())
    }

    fn bytes(&self) -> Option<i64> {
        let bytes = self.file_size.as_ref()?.as_i64();
        bytes.filter(|bytes| *bytes > 0)
    }
}

fn milliseconds(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A record that is no recording is kept as a failure, with a stable name where its id cannot be read.
fn failure(record: &Value, error: &serde_json::Error) -> RecordFailure {
    let id = record.get("uuid").and_then(Value::as_str);
    let id = id.map(str::trim).filter(|id| !id.is_empty());
    let unnamed = || {
        let digest = hex::encode(Sha256::digest(record.to_string()));
        format!("unreadable-{}", &digest[..16])
    };
    RecordFailure {
        external_id: id.map_or_else(unnamed, str::to_owned),
        stage: "list",
        detail: format!("Zoom's record of the recording cannot be read: {error}"),
    }
}
