//! The JSON of engagements and conversations, as Chorus tells them.

use super::is_dialed;
use crate::{
    company::{Call, Party, Sentence, Turn},
    json::Object,
};

/// The media type of JSON:API.
pub(super) const JSON_API: &str = "application/vnd.api+json";

/// An element of `GET /v3/engagements`.
pub(super) fn engagement(object: &mut Object<'_>, call: &Call, is_processed: bool) {
    let host = call.parties.first();
    let kind = if is_dialed(call) { "dialer" } else { "meeting" };
    object.text("engagement_id", call.id.as_str());
    object.text("engagement_type", kind);
    object.plain("date_time", seconds(call.start.as_millisecond()));
    match call.duration_s {
        Some(duration) => object.plain("duration", format!("{duration}.0")),
        None => object.text("duration", None),
    }
    object.text("subject", call.title.as_deref());
    let url = format!("https://chorus.example/meeting/{}", call.id);
    object.text("url", url.as_str());
    object.text("user_id", call.primary_user_id.as_deref());
    object.text("user_name", host.and_then(|party| party.name.as_deref()));
    object.text("user_email", host.and_then(|party| party.email.as_deref()));
    for (name, object_type) in [("account_id", "Account"), ("opportunity_id", "Opportunity")] {
        let mut links = call.crm.iter();
        let link = links.find(|link| link.object_type == object_type);
        object.text(name, link.map(|link| link.object_id.as_str()));
    }
    object.text("language", call.language.map(|_| "en"));
    let state = if is_processed { "done" } else { "processing" };
    object.text("processing_state", state);
    object.plain("no_show", false);
    object.objects("participants", &call.parties, participant);
}

fn participant(object: &mut Object<'_>, party: &Party) {
    object.text("name", party.name.as_deref());
    object.text("email", party.email.as_deref());
    object.text("title", party.title);
    object.text("company_name", None);
    object.text("person_id", party.id.as_str());
    object.text("user_id", party.user_id.as_deref());
    object.text("type", side(party));
}

/// The member `data` of `GET /api/v1/conversations/{id}`.
pub(super) fn conversation(
    object: &mut Object<'_>,
    call: &Call,
    turns: &[Turn],
    is_processed: bool,
) {
    object.text("type", "recording");
    object.text("id", call.id.as_str());
    object.object("attributes", |object| {
        object.text("name", call.title.as_deref());
        object.text("status", if is_processed { "done" } else { "processing" });
        object.text("language", call.language.map(|_| "en"));
        object.plain("private", false);
        object.object("recording", |object| {
            object.text("start_time", call.start.to_string().as_str());
            match call.duration_s {
                Some(duration) => object.plain("duration", format!("{duration}.0")),
                None => object.text("duration", None),
            }
            object.plain("audio_only", is_dialed(call));
            let spoken = turns
                .iter()
                .flat_map(|turn| turn.sentences.iter().map(move |sentence| (turn, sentence)));
            let voices = voices(turns);
            object.objects("utterances", spoken.enumerate(), |object, (index, said)| {
                utterance(object, call, &voices, index, said);
            });
        });
    });
}

fn utterance(
    object: &mut Object<'_>,
    call: &Call,
    voices: &[&str],
    index: usize,
    (turn, sentence): (&Turn, &Sentence),
) {
    let speaker = turn.speaker_id.as_deref();
    let mut parties = call.parties.iter();
    let party = speaker
        .and_then(|speaker| parties.find(|party| party.speaker_id.as_deref() == Some(speaker)));
    object.text("id", format!("u{index}").as_str());
    object.plain("index", index);
    object.text("snippet", sentence.text.as_str());
    object.plain("snippet_time", seconds(sentence.start_ms));
    let length = sentence.end_ms - sentence.start_ms;
    object.plain("snippet_length", seconds(length));
    object.text(
        "speaker_name",
        party.and_then(|party| party.name.as_deref()),
    );
    object.text("speaker_type", party.map_or("unknown", side));
    let id = speaker.and_then(|speaker| voices.iter().position(|voice| *voice == speaker));
    match id {
        Some(id) => object.plain("speaker_id", id + 1),
        None => object.text("speaker_id", None),
    }
}

/// Who speaks, by first appearance: `speaker_id` counts them from 1.
fn voices(turns: &[Turn]) -> Vec<&str> {
    let mut voices: Vec<&str> = Vec::new();
    for speaker in turns.iter().filter_map(|turn| turn.speaker_id.as_deref()) {
        if !voices.contains(&speaker) {
            voices.push(speaker);
        }
    }
    voices
}

fn side(party: &Party) -> &'static str {
    match party.affiliation {
        "Internal" => "rep",
        "External" => "cust",
        _ => "unknown",
    }
}

/// Milliseconds as seconds.
pub(super) fn seconds(milliseconds: i64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}
