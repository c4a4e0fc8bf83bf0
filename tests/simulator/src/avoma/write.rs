//! The JSON of meetings and transcripts, as Avoma tells them.

use jiff::Timestamp;

use super::respond::QUARTER;
use crate::{
    company::{Account, Call, Party, Population, TranscriptFate, Turn},
    json::{self, Object},
    media,
};

/// An element of `GET /v1/meetings/`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Listed {
    /// A recorded call, by index.
    Call(u32),
    /// An appointment at the same time that nobody recorded.
    Appointment(u32),
}

/// An element of `GET /v1/meetings/`.
pub(super) fn meeting(object: &mut Object<'_>, account: &Account, listed: Listed, with_crm: bool) {
    let (index, is_recorded) = match listed {
        Listed::Call(index) => (index, true),
        Listed::Appointment(index) => (index, false),
    };
    let call = account.population().call(index);
    let is_ready = is_recorded && account.has_transcript(&call);
    let is_late = is_recorded && !is_ready && call.transcript != TranscriptFate::Never;
    let has_media = is_recorded && has_media(account, &call);
    let id = if is_recorded {
        call.id.clone()
    } else {
        format!("appointment-{}", call.id)
    };
    object.text("uuid", id.as_str());
    object.text("subject", call.title.as_deref());
    times(object, &call, is_recorded);
    people(object, &call);
    object.plain("is_private", call.is_private);
    let is_call = call.direction != Some("Conference");
    object.plain("is_call", is_call);
    object.member("call_details", |out| out.push_str("null"));
    object.text(
        "state",
        if is_recorded {
            "completed"
        } else {
            "not_recorded"
        },
    );
    object.text(
        "processing_status",
        match (is_recorded, is_ready, is_late) {
            (false, ..) => None,
            (true, true, _) => Some("notes_available"),
            (true, false, true) => Some("processing"),
            (true, false, false) if index.is_multiple_of(2) => Some("no_transcript"),
            (true, false, false) => Some("silent_recording"),
        },
    );
    object.plain("audio_ready", has_media);
    object.plain("video_ready", has_media && media::kind(&call) == "video");
    object.plain("transcript_ready", is_ready);
    object.plain("notes_ready", is_ready);
    let transcription = is_ready.then(|| format!("transcription-{}", call.id));
    object.text("transcription_uuid", transcription.as_deref());
    object.text("url", call.meeting_url.as_deref());
    if with_crm {
        object.objects("crm_associations", &call.crm, |object, link| {
            object.text("crm_obj_id", link.object_id.as_str());
            object.text("crm_obj_type", link.object_type);
        });
    }
}

/// Whether a call has a recording, as far as Avoma has come with it. Nothing has neither that nor a transcript.
pub(super) fn has_media(account: &Account, call: &Call) -> bool {
    let is_never = call.transcript == TranscriptFate::Never;
    is_never || media::is_recorded(call) && account.has_transcript(call)
}

fn times(object: &mut Object<'_>, call: &Call, is_recorded: bool) {
    let start = scheduled(call.start);
    object.text("created", start.to_string().as_str());
    object.text("modified", start.to_string().as_str());
    object.text("start_at", start.to_string().as_str());
    object.text("end_at", (start + QUARTER).to_string().as_str());
    match call.duration_s.filter(|_| is_recorded) {
        Some(seconds) => object.plain("duration", format!("{seconds}.0")),
        None => object.text("duration", None),
    }
}

fn people(object: &mut Object<'_>, call: &Call) {
    let organizer = call.parties.first();
    let organizer = organizer.and_then(|party| party.email.as_deref());
    object.text("organizer_email", organizer);
    object.objects("attendees", attendees(call), |object, party| {
        object.text("uuid", party.id.as_str());
        object.text("email", party.email.as_deref());
        object.text("name", party.name.as_deref());
        object.text("response_status", "accepted");
    });
    object.plain("is_internal", is_internal(call));
}

/// Those with an e-mail address. In every other meeting the organizer is not among them.
fn attendees(call: &Call) -> impl Iterator<Item = &Party> {
    let without_organizer = usize::from(call.index % 2 == 1);
    call.parties
        .iter()
        .skip(without_organizer)
        .filter(|party| party.email.is_some())
}

fn is_internal(call: &Call) -> bool {
    !call.parties.is_empty()
        && call
            .parties
            .iter()
            .all(|party| party.affiliation == "Internal")
}

/// An element of `GET /v1/transcriptions/`: a paragraph for each turn.
pub(super) fn transcription(object: &mut Object<'_>, population: &Population, index: u32) {
    let call = population.call(index);
    let turns = population.turns(&call);
    let mut voices: Vec<&str> = Vec::new();
    for speaker in turns.iter().filter_map(|turn| turn.speaker_id.as_deref()) {
        if !voices.contains(&speaker) {
            voices.push(speaker);
        }
    }
    object.text("uuid", format!("transcription-{}", call.id).as_str());
    object.text("meeting_uuid", call.id.as_str());
    object.objects(
        "speakers",
        voices.iter().enumerate(),
        |object, (id, voice)| {
            let mut parties = call.parties.iter();
            let party = parties.find(|party| party.speaker_id.as_deref() == Some(voice));
            object.plain("id", id);
            object.text("email", party.and_then(|party| party.email.as_deref()));
            object.text("name", party.and_then(|party| party.name.as_deref()));
            object.plain(
                "is_rep",
                party.is_some_and(|party| party.affiliation == "Internal"),
            );
        },
    );
    object.objects("transcript", &turns, |object, turn| {
        let speaker = turn.speaker_id.as_deref();
        let id = speaker.and_then(|speaker| voices.iter().position(|voice| *voice == speaker));
        match id {
            Some(id) => object.plain("speaker_id", id),
            None => object.text("speaker_id", None),
        }
        object.text("transcript", paragraph(turn).as_str());
        object.member("timestamps", |out| {
            json::list(out, words(turn), json::display)
        });
    });
    object.text(
        "transcription_vtt_url",
        "https://media.example/transcript.vtt?Signature=simulated",
    );
}

fn paragraph(turn: &Turn) -> String {
    let sentences = turn.sentences.iter();
    let texts: Vec<&str> = sentences.map(|sentence| sentence.text.as_str()).collect();
    texts.join(" ")
}

/// When each word begins, in seconds.
fn words(turn: &Turn) -> impl Iterator<Item = String> {
    turn.sentences.iter().flat_map(|sentence| {
        let count = sentence.text.split_whitespace().count().max(1) as i64;
        let length = sentence.end_ms - sentence.start_ms;
        (0..count).map(move |word| {
            let at = sentence.start_ms + length * word / count;
            format!("{}.{:03}", at / 1000, at % 1000)
        })
    })
}

/// The quarter of an hour in which a call starts.
fn scheduled(start: Timestamp) -> Timestamp {
    let second = start.as_second();
    let slot = QUARTER.as_secs();
    Timestamp::from_second(second - second.rem_euclid(slot)).expect("a start is within range")
}
