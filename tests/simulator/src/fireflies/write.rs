//! A call of the company as Fireflies tells of it: people by name and e-mail address only, lengths in minutes.

use super::query::Body;
use crate::{
    company::{Account, Call, Party},
    json::{self, Object},
    media,
};

/// A call with the fields asked for.
pub(super) fn call(
    object: &mut Object<'_>,
    account: &Account,
    call: &Call,
    body: &Body,
    link: impl Fn(&str) -> String,
) {
    object.text("id", call.id.as_str());
    if body.wants("title") {
        facts(object, call);
        people(object, call);
    }
    if body.wants("audio_url") {
        recording(object, call, link);
    }
    if body.wants("sentences") {
        text(object, account, call);
    }
}

/// Signed links.
fn recording(object: &mut Object<'_>, call: &Call, link: impl Fn(&str) -> String) {
    let is_recorded = media::is_recorded(call);
    let sound = is_recorded.then(|| link("audio"));
    object.text("audio_url", sound.as_deref());
    let is_video = is_recorded && media::kind(call) == "video";
    let video = is_video.then(|| link("video"));
    object.text("video_url", video.as_deref());
}

fn text(object: &mut Object<'_>, account: &Account, call: &Call) {
    let speaking: Vec<&Party> = speaking(call).collect();
    object.objects(
        "speakers",
        (0..).zip(&speaking),
        |object, (id, party): (usize, _)| {
            object.plain("id", id);
            object.text("name", party.name.as_deref());
        },
    );
    let transcribed = account.has_transcript(call);
    if transcribed {
        sentences(object, account, call, &speaking);
    } else {
        object.text("sentences", None);
    }
    object.object("meeting_info", |object| {
        // Nobody says of the others why they have no text.
        object.plain(
            "silent_meeting",
            !transcribed && call.index.is_multiple_of(2),
        );
        object.text("summary_status", "processed");
    });
}

/// Who speaks, in the order of their numbers.
fn speaking(call: &Call) -> impl Iterator<Item = &Party> {
    call.parties
        .iter()
        .filter(|party| party.speaker_id.is_some())
}

fn facts(object: &mut Object<'_>, call: &Call) {
    object.text("title", call.title.as_deref());
    object.plain("date", format_args!("{}.0", call.start.as_millisecond()));
    object.member("duration", |out| match call.duration_s {
        // A 32-bit float that has become a 64-bit one.
        Some(seconds) => json::display(out, f64::from(seconds as f32 / 60.0)),
        None => out.push_str("null"),
    });
    let page = format!("https://app.fireflies.example/view/{}", call.id);
    object.text("transcript_url", page.as_str());
    object.text("meeting_link", call.meeting_url.as_deref());
}

fn people(object: &mut Object<'_>, call: &Call) {
    let emails = |out: &mut String, wanted: &dyn Fn(&Party) -> bool| {
        let emails = call.parties.iter().filter(|party| wanted(party));
        let emails = emails.filter_map(|party| party.email.as_deref());
        json::list(out, emails, json::string);
    };
    let own = |party: &Party| party.affiliation == "Internal";
    let host = call
        .parties
        .iter()
        .find(|party| party.user_id.is_some() && party.user_id == call.primary_user_id);
    object.text(
        "organizer_email",
        host.and_then(|host| host.email.as_deref()),
    );
    object.member("participants", |out| emails(out, &|_| true));
    object.member("fireflies_users", |out| out.push_str("null"));
    object.member("workspace_users", |out| emails(out, &own));
    let invited = call.parties.iter().filter(|party| party.invited);
    object.objects("meeting_attendees", invited, |object, party| {
        object.text("displayName", party.name.as_deref());
        object.text("name", None);
        object.text("email", party.email.as_deref());
        object.text("phoneNumber", party.phone.as_deref());
    });
    let came = call.parties.iter().filter(|party| party.attended);
    let names = came.filter_map(|party| party.name.as_deref());
    object.objects("meeting_attendance", names, |object, name| {
        object.text("name", name);
        object.text("join_time", None);
    });
}

fn sentences(object: &mut Object<'_>, account: &Account, call: &Call, speaking: &[&Party]) {
    let turns = account.population().turns(call);
    let said = turns.iter().flat_map(|turn| {
        let id = turn.speaker_id.as_deref();
        let number = id.map(|id| {
            let known = speaking
                .iter()
                .position(|party| party.speaker_id.as_deref() == Some(id));
            known.unwrap_or(0)
        });
        turn.sentences
            .iter()
            .map(move |sentence| (number, sentence))
    });
    object.objects(
        "sentences",
        (0..).zip(said),
        |object, (index, (number, sentence)): (usize, _)| {
            object.plain("index", index);
            object.member("speaker_id", |out| match number {
                Some(number) => json::display(out, number),
                None => out.push_str("null"),
            });
            // The name is with every other sentence only.
            let party = number.and_then(|number| speaking.get(number));
            let name = party.and_then(|party| party.name.as_deref());
            object.text("speaker_name", name.filter(|_| index.is_multiple_of(2)));
            object.text("text", sentence.text.as_str());
            object.plain("start_time", seconds(sentence.start_ms));
            object.plain("end_time", seconds(sentence.end_ms));
        },
    );
}

fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1_000.0
}
