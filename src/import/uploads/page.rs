//! From the drafts of one page, and what was read for them, to calls.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{answers::Answers, gather::file_failure};
use crate::{
    files::{
        self, Content, Draft, FileProblem, Gathered, Got, ListedCall, Options, ReadFile, Recording,
        SourceFile, What, Wish,
    },
    import::merge::merged,
    model::{
        Affiliation, Call, CallKind, DurationSource, FileFailure, Media, Participant, Role,
        Transcript, TranscriptContent,
    },
    platforms::affiliation,
};

/// A transcript of a whole day has about 5 MB, so a file above this is something else.
const LARGEST_TRANSCRIPT: u64 = 64_000_000;

/// A transcript may end so much later than its recording, in milliseconds: clocks differ.
const LATER_END_MS: i64 = 5_000;

/// What is to be read for some drafts, each file once.
pub(super) fn wishes(drafts: &[Draft]) -> Vec<Wish> {
    let mut wishes: Vec<Wish> = Vec::new();
    for wish in drafts.iter().flat_map(wishes_of) {
        if !wishes.contains(&wish) {
            wishes.push(wish);
        }
    }
    wishes
}

/// Bytes that are held in memory for a draft.
pub(super) fn bytes(draft: &Draft) -> u64 {
    match &draft.content {
        Content::Record(_, range) => range.end - range.start,
        Content::Nothing | Content::File(_) | Content::Rows(..) | Content::Saved { .. } => {
            let readable = draft.content.files();
            readable
                .filter(|file| !is_too_large(draft, file))
                .map(|file| file.bytes)
                .sum()
        }
    }
}

fn wishes_of(draft: &Draft) -> Vec<Wish> {
    let part = match &draft.content {
        Content::Record(_, range) => What::Part(range.clone()),
        Content::Nothing | Content::File(_) | Content::Rows(..) | Content::Saved { .. } => {
            What::Whole
        }
    };
    let readable = |file: &&SourceFile| !is_too_large(draft, file);
    let mut wishes: Vec<Wish> = draft
        .content
        .files()
        .filter(readable)
        .map(|file| Wish {
            file: file.clone(),
            what: part.clone(),
        })
        .collect();
    wishes.extend(draft.recording.iter().map(|file| Wish {
        file: file.clone(),
        what: What::Recording,
    }));
    wishes
}

fn is_too_large(draft: &Draft, file: &SourceFile) -> bool {
    matches!(draft.content, Content::File(_)) && file.bytes > LARGEST_TRANSCRIPT
}

/// A file above the limit, which nobody asks for.
pub(super) fn too_large() -> FileProblem {
    FileProblem::new(
        "too-large",
        format!(
            "The file is larger than {} MB, and no transcript is.",
            LARGEST_TRANSCRIPT / 1_000_000
        ),
        "Bring the transcript of the call, not something else.",
    )
}

/// The call of a draft.
///
/// # Errors
/// What is wrong, with the file to blame.
pub(super) fn call(
    draft: &Draft,
    gathered: &Gathered,
    internal_domains: &[String],
    answers: &Answers<'_>,
) -> Result<Call, Box<FileFailure>> {
    if let Content::Saved {
        id,
        call,
        transcript,
    } = &draft.content
    {
        let files = [call.as_ref(), transcript.as_ref()];
        let found = answered(id, files, answers)?;
        // What the platform says counts more than what a list says of the same call.
        return Ok(match &draft.listed {
            Some((_, listed)) => merged(&listed.call, found),
            None => found,
        });
    }
    let mut facts = Facts::default();
    let mut call = told(draft, &gathered.options, answers, &mut facts)?;
    if let Some(file) = &draft.recording {
        match answers.of(file, |what| *what == What::Recording) {
            Ok(Got::Recording {
                facts: found,
                sha256,
            }) => facts.recorded(&mut call, file, found, sha256),
            Ok(_) => {}
            Err(problem) if has_text(&call) => facts.damaged(file, &problem),
            Err(problem) => return Err(failed(file, problem)),
        }
    }
    if call.external_id.is_empty() {
        call.external_id = content_id(&call, facts.sha256.as_deref());
    }
    if call.title.is_none() && draft.listed.is_none() {
        call.title = facts.title.take().or_else(|| files::title(&draft.name));
    }
    if call.kind == CallKind::Unknown {
        call.kind = CallKind::Upload;
    }
    for participant in &mut call.participants {
        let email = participant.email.as_deref();
        participant.affiliation = affiliation(participant.affiliation, email, internal_domains);
    }
    call.raw = Some(facts.raw(draft, call.raw.as_deref()));
    Ok(call)
}

/// What the list and the transcript of a draft say.
fn told(
    draft: &Draft,
    options: &Options,
    answers: &Answers<'_>,
    facts: &mut Facts,
) -> Result<Call, Box<FileFailure>> {
    match &draft.content {
        Content::Nothing | Content::Saved { .. } => Ok(listed(draft)),
        Content::File(file) => {
            let read = answers
                .bytes(file, &What::Whole)
                .and_then(|bytes| files::read(&file.name, bytes, options))
                .and_then(spoken)
                .map_err(|problem| failed(file, problem))?;
            facts.spoken(file, &read);
            facts.title.clone_from(&read.reading.title);
            Ok(with_transcript(listed(draft), read.transcript))
        }
        Content::Rows(file, id) => {
            let transcript = answers
                .rows(file, id.as_deref())
                .map_err(|problem| failed(file, problem))?;
            facts.rows(file, &transcript);
            let mut call = listed(draft);
            if let Some(id) = id {
                call.external_id.clone_from(id);
            }
            Ok(with_transcript(call, transcript))
        }
        Content::Record(file, range) => {
            let read = answers.bytes(file, &What::Part(range.clone()));
            let read = read.and_then(|bytes| files::json::call(bytes, options));
            let call = read.map_err(|problem| failed(file, problem))?.call;
            Ok(linked(call))
        }
    }
}

fn failed(file: &SourceFile, problem: FileProblem) -> Box<FileFailure> {
    Box::new(file_failure(&file.name, problem))
}

/// What the list says of it.
fn listed(draft: &Draft) -> Call {
    match &draft.listed {
        Some((_, ListedCall { call, .. })) => linked(call.clone()),
        None => Call::new(""),
    }
}

/// The same, and who speaks in the transcript that came along, where that is not said.
fn linked(mut call: Call) -> Call {
    match std::mem::replace(&mut call.transcript, TranscriptContent::Absent) {
        TranscriptContent::Here(transcript) => with_transcript(call, transcript),
        TranscriptContent::Absent | TranscriptContent::Pending => call,
    }
}

fn has_text(call: &Call) -> bool {
    matches!(call.transcript, TranscriptContent::Here(_))
}

/// A transcript with something in it.
fn spoken(read: ReadFile) -> Result<ReadFile, FileProblem> {
    if read.transcript.segments.is_empty() {
        return Err(FileProblem::new(
            "no-text",
            "The transcript holds no text.",
            "Nothing was said, or the export went wrong: export it again, or take it out.",
        ));
    }
    Ok(read)
}

/// A call as the platform told it, in answers that somebody saved.
fn answered(
    id: &str,
    [call, transcript]: [Option<&SourceFile>; 2],
    answers: &Answers<'_>,
) -> Result<Call, Box<FileFailure>> {
    let mut found = Call::new(id);
    if let Some(file) = call {
        let listed = answers.listed(id, file);
        let listed = listed.map_err(|problem| failed(file, problem))?;
        found = listed.unwrap_or(found);
    }
    if let Some(file) = transcript {
        let spoken = answers.transcript(id, file);
        if let Some(spoken) = spoken.map_err(|problem| failed(file, problem))? {
            found.transcript = TranscriptContent::Here(spoken);
        }
    }
    // Nobody can be asked for it: what the answers do not hold is not there.
    if found.transcript == TranscriptContent::Pending {
        found.transcript = TranscriptContent::Absent;
    }
    Ok(found)
}

fn with_transcript(mut call: Call, mut transcript: Transcript) -> Call {
    link_speakers(&mut call.participants, &mut transcript);
    call.language = call.language.or_else(|| transcript.language.clone());
    if call.duration_ms.is_none()
        && let Some(end) = last_end(&transcript)
    {
        call.duration_ms = Some(end);
        call.duration_source = DurationSource::Transcript;
    }
    call.transcript = TranscriptContent::Here(transcript);
    call
}

/// Gives each segment the participant who speaks. A name that exactly one participant bears is that one; where
/// nobody is listed, each who speaks becomes a participant, in the order in which they first speak.
fn link_speakers(participants: &mut Vec<Participant>, transcript: &mut Transcript) {
    let nobody_listed = participants.is_empty();
    let mut positions: HashMap<Arc<str>, Option<i64>> = HashMap::new();
    for segment in &mut transcript.segments {
        let Some(speaker) = segment
            .speaker
            .as_ref()
            .filter(|_| segment.participant.is_none())
        else {
            continue;
        };
        segment.participant = *positions.entry(Arc::clone(speaker)).or_insert_with(|| {
            if nobody_listed {
                participants.push(who_spoke(speaker));
                return i64::try_from(participants.len()).ok();
            }
            only_of_name(participants, speaker)
        });
    }
}

fn only_of_name(participants: &[Participant], speaker: &str) -> Option<i64> {
    let wanted = files::text_key(speaker);
    let mut bearers = participants.iter().zip(1..).filter(|(participant, _)| {
        let name = participant.name.as_deref();
        name.is_some_and(|name| files::text_key(name) == wanted)
    });
    let (_, position) = bearers.next()?;
    bearers.next().is_none().then_some(position)
}

fn who_spoke(speaker: &Arc<str>) -> Participant {
    Participant {
        name: Some(speaker.to_string()),
        email: None,
        phone: None,
        title: None,
        role: Role::Unknown,
        affiliation: Affiliation::Unknown,
        // Who speaks was there.
        attended: Some(true),
    }
}

fn last_end(transcript: &Transcript) -> Option<i64> {
    let ends = transcript
        .segments
        .iter()
        .filter_map(|segment| segment.end_ms);
    ends.max().filter(|end| *end > 0)
}

/// SHA-256 over what makes a call that bears no id: start to the minute, title, and the hash of what was said
/// and when; without a transcript, that of the recording.
///
/// A bare file knows no start, and its title is only a guess from its name; both stay out, so that a renamed
/// file, or the same one in two folders, is the same call. An edited transcript is a new call.
fn content_id(call: &Call, recording: Option<&str>) -> String {
    let minute = call.started_at.map(|start| start.as_second() / 60);
    let mut content = json!({"started_at": minute, "title": call.title, "text_sha256": null});
    match (&call.transcript, recording) {
        (TranscriptContent::Here(transcript), _) => {
            let mut text = Sha256::new();
            for segment in &transcript.segments {
                text.update(segment.start_ms.unwrap_or(i64::MIN).to_le_bytes());
                text.update((segment.text.len() as u64).to_le_bytes());
                text.update(segment.text.as_bytes());
            }
            content["text_sha256"] = hex::encode(text.finalize()).into();
        }
        (TranscriptContent::Absent | TranscriptContent::Pending, Some(sha256)) => {
            content["media_sha256"] = sha256.into();
        }
        // A row without an id and without files: who was there tells two calls at one time apart.
        (TranscriptContent::Absent | TranscriptContent::Pending, None) => {
            content["participants"] = json!(call.participants);
        }
    }
    hex::encode(Sha256::digest(content.to_string()))
}

/// How the files of a call were read, for whoever doubts the result. No text of the transcript.
#[derive(Default)]
struct Facts {
    /// What a text says that it is called.
    title: Option<String>,
    transcript: Option<Value>,
    recording: Option<Value>,
    notices: Vec<Value>,
    sha256: Option<String>,
    last_end: Option<i64>,
}

impl Facts {
    fn spoken(&mut self, file: &SourceFile, read: &ReadFile) {
        self.last_end = last_end(&read.transcript);
        self.notices = read.notices.iter().map(|notice| json!(notice)).collect();
        self.transcript = Some(json!({
            "file": file.name,
            "source": read.transcript.source,
            "encoding": read.reading.encoding,
            "header": read.reading.header,
            "notes": read.reading.notes,
            "time_lines": read.reading.time_lines,
            "empty_cues": read.reading.empty_cues,
            "segments": read.transcript.segments.len(),
        }));
    }

    fn rows(&mut self, file: &SourceFile, transcript: &Transcript) {
        self.last_end = last_end(transcript);
        self.transcript = Some(json!({
            "file": file.name,
            "source": transcript.source,
            "segments": transcript.segments.len(),
        }));
    }

    fn recorded(&mut self, call: &mut Call, file: &SourceFile, found: &Recording, sha256: &str) {
        self.sha256 = Some(sha256.to_owned());
        self.recording = Some(json!({
            "file": file.name,
            "mime": found.mime,
            "duration_ms": found.duration_ms,
            "sha256": sha256,
        }));
        if let (Some(end), Some(duration)) = (self.last_end, found.duration_ms)
            && end > duration.saturating_add(LATER_END_MS)
        {
            self.notices.push(json!({
                "code": "longer-than-recording",
                "message": "The transcript goes on after the end of the recording; they may not belong together.",
            }));
        }
        // What was measured on the recording counts more than where its transcript happens to end.
        if let Some(duration) = found.duration_ms
            && matches!(
                call.duration_source,
                DurationSource::None | DurationSource::Transcript
            )
        {
            call.duration_ms = Some(duration);
            call.duration_source = DurationSource::Media;
        }
        call.media = vec![Media {
            mime: Some(found.mime.to_owned()),
            bytes: i64::try_from(file.bytes).ok(),
            duration_ms: found.duration_ms,
            ..Media::listed(found.kind)
        }];
    }

    /// The transcript is worth having without it.
    fn damaged(&mut self, file: &SourceFile, problem: &FileProblem) {
        self.notices.push(json!({
            "code": problem.code,
            "file": file.name,
            "message": problem.to_string(),
        }));
    }

    fn raw(self, draft: &Draft, told: Option<&str>) -> String {
        let told: Option<Value> = told.and_then(|told| serde_json::from_str(told).ok());
        let list = draft.listed.as_ref().map(|(list, listed)| {
            json!({"file": list, "line": listed.line, "row": listed.original, "record": told})
        });
        json!({
            "transcript": self.transcript,
            "recording": self.recording,
            "list": list,
            "others": draft.others,
            "notices": self.notices,
        })
        .to_string()
    }
}

/// Where the recording of a call lies that was read before, from its `raw`.
pub(super) fn recording_of(raw: &str) -> Option<String> {
    let raw: Value = serde_json::from_str(raw).ok()?;
    let name = raw.pointer("/recording/file")?.as_str()?;
    Some(name.to_owned())
}

/// Whether an id was made by [`content_id`].
pub(super) fn is_content_id(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}
