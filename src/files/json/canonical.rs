//! A call in the engine's own form, as `schemas/call.schema.json` describes it.

use std::{collections::HashMap, sync::Arc};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    super::{
        FileProblem, Options,
        notice::{Code, Notices},
    },
    forms::{anything, id, instant, text, text_or_number, time, whole},
    words,
};
use crate::model::{
    Affiliation, Call, CallKind, CrmLink, Direction, DurationSource, Granularity, Media, MediaKind,
    MediaState, Participant, Precision, Role, Scope, Segment, Transcript, TranscriptContent,
    TranscriptState, words::counted,
};

/// One recorded call. What is not known is left out or null, never 0 or an empty text.
///
/// Write each call on a line of its own (JSON Lines), or all of them in one list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(title = "Call", extend("minProperties" = 1))]
pub(super) struct CallRecord<'a> {
    /// The id under which the call's platform knows it, so that it meets the same call imported through the API.
    /// Best as a text. Without one, a call is known by what was said in it, and an edited one is a new call.
    #[schemars(schema_with = "text_or_number", example = &"7782342274025937895")]
    #[serde(deserialize_with = "id")]
    external_id: Option<String>,
    /// The title as people see it.
    #[schemars(example = &"Northwind renewal")]
    title: Option<String>,
    /// What sort of conversation it was. If left out, `unknown`.
    #[schemars(schema_with = "words::kind")]
    kind: Option<CallKind>,
    /// Who called whom.
    #[schemars(schema_with = "words::direction")]
    direction: Option<Direction>,
    /// Whether anybody from outside the customer's company took part.
    #[schemars(schema_with = "words::scope")]
    scope: Option<Scope>,
    /// When it should have begun, by the calendar.
    #[schemars(schema_with = "time")]
    scheduled_start: Option<String>,
    /// When it began: the zero point of the transcript's times. A time without `Z` or an offset needs the
    /// request's `options: {timezone: ...}`.
    #[schemars(schema_with = "time", example = &"2026-03-02T16:00:00+01:00")]
    started_at: Option<String>,
    /// How well `started_at` is known. If left out, `exact`.
    #[schemars(schema_with = "words::precision")]
    started_at_precision: Option<Precision>,
    /// How long it was, in milliseconds.
    #[schemars(with = "Option<i64>", range(min = 0))]
    #[serde(deserialize_with = "whole")]
    duration_ms: Option<i64>,
    /// Where `duration_ms` comes from. If left out, `platform_ms`.
    #[schemars(schema_with = "words::duration_source")]
    duration_source: Option<DurationSource>,
    /// The language spoken, as a tag such as `en` or `de-AT`.
    #[schemars(example = &"en")]
    language: Option<String>,
    /// Whether the platform shows it to few people only.
    is_private: Option<bool>,
    /// The call's page on the platform, without signed parameters.
    source_url: Option<String>,
    /// The link of the meeting room, without passwords.
    meeting_url: Option<String>,
    /// Name or e-mail address of the host.
    host: Option<String>,
    /// The platform's own summary.
    summary: Option<String>,
    /// Who was invited or came.
    participants: Option<Vec<PersonRecord>>,
    /// Records of a CRM that the call belongs to.
    crm_links: Option<Vec<LinkRecord>>,
    /// What was said.
    transcript: Option<TranscriptRecord>,
    /// Audio and video of the call, as far as anything is known of them.
    media: Option<Vec<MediaRecord>>,
    /// Name of the file with the transcript, if it lies beside this one.
    #[schemars(example = &"northwind-renewal.vtt")]
    transcript_file: Option<String>,
    /// Name of the file with the recording, if it lies beside this one.
    #[schemars(example = &"northwind-renewal.mp4")]
    media_file: Option<String>,
    /// What the platform said of the call, in its own form, without the transcript and signed links. Keys that are
    /// not described here are kept with it.
    #[schemars(schema_with = "anything")]
    #[serde(borrow)]
    raw: Option<&'a RawValue>,
    /// Written by `call-import export`, and not read: the request tells the platform.
    #[serde(rename = "platform")]
    _platform: Option<String>,
    /// Written by `call-import export`, and not read: the request tells the account.
    #[serde(rename = "account")]
    _account: Option<String>,
    /// Written by `call-import export`, and not read: how far the import of the transcript was.
    #[schemars(schema_with = "words::transcript_state")]
    #[serde(rename = "transcript_state")]
    _transcript_state: Option<TranscriptState>,
}

/// Somebody who was invited to the call or took part in it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct PersonRecord {
    /// The full name.
    name: Option<String>,
    /// The e-mail address.
    email: Option<String>,
    /// The telephone number.
    phone: Option<String>,
    /// The job title.
    title: Option<String>,
    /// What they did in the call. If left out, `unknown`.
    #[schemars(schema_with = "words::role")]
    role: Option<Role>,
    /// The customer's own people, or not. If left out, `unknown`.
    #[schemars(schema_with = "words::affiliation")]
    affiliation: Option<Affiliation>,
    /// Whether they came.
    attended: Option<bool>,
}

/// A record of a CRM.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct LinkRecord {
    /// The CRM, such as `Salesforce`.
    system: Option<String>,
    /// The kind of record, such as `Opportunity`.
    object_type: Option<String>,
    /// The CRM's id of the record.
    #[schemars(schema_with = "text_or_number")]
    #[serde(deserialize_with = "id")]
    object_id: Option<String>,
}

/// What was said in the call.
#[derive(Debug, Deserialize, JsonSchema)]
struct TranscriptRecord {
    /// Where it comes from, such as `platform` or `file:vtt`. If left out, `file:json`.
    #[serde(default)]
    source: Option<String>,
    /// What one segment is. If left out, `turn`: what one person says without being interrupted.
    #[schemars(schema_with = "words::granularity")]
    #[serde(default)]
    granularity: Option<Granularity>,
    /// The language, where the transcript itself tells.
    #[serde(default)]
    language: Option<String>,
    /// In the order in which they were said.
    segments: Vec<SegmentRecord>,
}

/// A piece of the transcript.
#[derive(Debug, Deserialize, JsonSchema)]
struct SegmentRecord {
    /// Who speaks, as the source shows it.
    #[serde(default)]
    speaker: Option<String>,
    /// Which of the participants that is: 1 for the first.
    #[schemars(with = "Option<i64>", range(min = 1))]
    #[serde(default, deserialize_with = "whole")]
    participant: Option<i64>,
    /// Where it begins, in milliseconds from the start of the call.
    #[schemars(with = "Option<i64>")]
    #[serde(default, deserialize_with = "whole")]
    start_ms: Option<i64>,
    /// Where it ends, in milliseconds from the start of the call.
    #[schemars(with = "Option<i64>")]
    #[serde(default, deserialize_with = "whole")]
    end_ms: Option<i64>,
    /// What was said.
    text: String,
}

/// A recording of the call.
#[derive(Debug, Deserialize, JsonSchema)]
struct MediaRecord {
    /// What it holds.
    #[schemars(schema_with = "words::media_kind")]
    kind: MediaKind,
    /// Its MIME type.
    #[serde(default)]
    #[schemars(example = &"video/mp4")]
    mime: Option<String>,
    /// Its size.
    #[schemars(with = "Option<i64>", range(min = 0))]
    #[serde(default, deserialize_with = "whole")]
    bytes: Option<i64>,
    /// Its length in milliseconds.
    #[schemars(with = "Option<i64>", range(min = 0))]
    #[serde(default, deserialize_with = "whole")]
    duration_ms: Option<i64>,
    /// How far our copy is. If left out, `listed`.
    #[schemars(schema_with = "words::media_state")]
    #[serde(default)]
    state: Option<MediaState>,
}

/// A call, and the files that belong to it by name.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) call: Call,
    pub(super) transcript_file: Option<String>,
    pub(super) media_file: Option<String>,
}

impl CallRecord<'_> {
    /// The call that a record tells of, without `raw`.
    pub(super) fn told(
        self,
        line: usize,
        options: &Options,
        notices: &mut Notices,
    ) -> Result<Told, FileProblem> {
        let started_at = instant("started_at", self.started_at, options)?;
        let participants = self.participants.unwrap_or_default();
        let participants: Vec<Participant> = participants
            .into_iter()
            .map(|person| person.participant(line, notices))
            .collect();
        let transcript = match self.transcript {
            Some(transcript) => transcript.content(participants.len(), line, notices)?,
            None => TranscriptContent::Absent,
        };
        let media = self.media.unwrap_or_default();
        let call = Call {
            external_id: text(self.external_id).unwrap_or_default(),
            title: text(self.title),
            kind: self.kind.unwrap_or(CallKind::Unknown),
            direction: self.direction,
            scope: self.scope,
            scheduled_start: instant("scheduled_start", self.scheduled_start, options)?,
            started_at,
            started_at_precision: self.started_at_precision.unwrap_or(match started_at {
                Some(_) => Precision::Exact,
                None => Precision::Unknown,
            }),
            duration_ms: not_negative("duration_ms", self.duration_ms)?,
            duration_source: self.duration_source.unwrap_or(match self.duration_ms {
                Some(_) => DurationSource::PlatformMs,
                None => DurationSource::None,
            }),
            language: text(self.language),
            is_private: self.is_private,
            source_url: text(self.source_url),
            meeting_url: text(self.meeting_url),
            host: text(self.host),
            summary: text(self.summary),
            participants,
            crm_links: self
                .crm_links
                .unwrap_or_default()
                .into_iter()
                .map(LinkRecord::link)
                .collect(),
            transcript,
            media: media
                .into_iter()
                .map(MediaRecord::media)
                .collect::<Result<_, _>>()?,
            raw: None,
        };
        Ok(Told {
            call,
            transcript_file: text(self.transcript_file),
            media_file: text(self.media_file),
        })
    }

    /// What stands under `raw`.
    pub(super) const fn raw(&self) -> Option<&RawValue> {
        self.raw
    }
}

impl PersonRecord {
    fn participant(self, line: usize, notices: &mut Notices) -> Participant {
        let email = text(self.email);
        let address = email.as_deref().and_then(|email| {
            let (local, domain) = email.rsplit_once('@')?;
            Some(format!("{local}@{}", domain.to_lowercase()))
        });
        if email.is_some() && address.is_none() {
            notices.add(Code::UnreadableEmail, line);
        }
        Participant {
            name: text(self.name),
            email: address,
            phone: text(self.phone),
            title: text(self.title),
            role: self.role.unwrap_or(Role::Unknown),
            affiliation: self.affiliation.unwrap_or(Affiliation::Unknown),
            attended: self.attended,
        }
    }
}

impl LinkRecord {
    fn link(self) -> CrmLink {
        CrmLink {
            system: text(self.system),
            object_type: text(self.object_type),
            object_id: text(self.object_id),
        }
    }
}

impl TranscriptRecord {
    fn content(
        self,
        participants: usize,
        line: usize,
        notices: &mut Notices,
    ) -> Result<TranscriptContent, FileProblem> {
        if self.segments.is_empty() {
            notices.add(Code::EmptyTranscript, line);
            return Ok(TranscriptContent::Absent);
        }
        let mut labels: HashMap<String, Arc<str>> = HashMap::new();
        let mut segments = Vec::with_capacity(self.segments.len());
        for (index, segment) in self.segments.into_iter().enumerate() {
            let speaker = text(segment.speaker).map(|label| {
                let known = labels.entry(label);
                Arc::clone(known.or_insert_with_key(|label| Arc::from(label.as_str())))
            });
            let is_there = |position: i64| {
                usize::try_from(position)
                    .is_ok_and(|position| (1..=participants).contains(&position))
            };
            if let Some(position) = segment.participant.filter(|position| !is_there(*position)) {
                return Err(nobody(index, position, participants));
            }
            let end_ms = segment
                .end_ms
                .filter(|end| segment.start_ms.is_none_or(|start| start <= *end));
            if end_ms != segment.end_ms {
                notices.add(Code::EndBeforeStart, line);
            }
            segments.push(Segment {
                speaker,
                participant: segment.participant,
                start_ms: segment.start_ms,
                end_ms,
                text: segment.text,
            });
        }
        Ok(TranscriptContent::Here(Transcript {
            source: text(self.source).unwrap_or_else(|| "file:json".into()),
            granularity: self.granularity.unwrap_or(Granularity::Turn),
            language: text(self.language),
            segments,
        }))
    }
}

impl MediaRecord {
    fn media(self) -> Result<Media, FileProblem> {
        Ok(Media {
            kind: self.kind,
            mime: text(self.mime),
            bytes: not_negative("media[].bytes", self.bytes)?,
            duration_ms: not_negative("media[].duration_ms", self.duration_ms)?,
            state: self.state.unwrap_or(MediaState::Listed),
        })
    }
}

/// One wrong position makes all of them doubtful: lists are often counted from 0.
fn nobody(index: usize, position: i64, participants: usize) -> FileProblem {
    FileProblem::new(
        "no-such-participant",
        format!(
            "`transcript.segments[{index}].participant` is {position}, but the call has {}, counted from 1.",
            counted(participants as u64, "participant")
        ),
        "Count them from 1 in every segment, or leave `participant` out.",
    )
}

fn not_negative(key: &str, value: Option<i64>) -> Result<Option<i64>, FileProblem> {
    match value {
        Some(value @ ..0) => Err(FileProblem::new(
            "negative-number",
            format!("`{key}` is {value}, and that cannot be less than 0."),
            "Correct it, or leave it out if it is not known.",
        )),
        value => Ok(value),
    }
}
