//! The company's calls in Fathom's form. Times are whole seconds here.

use jiff::{SignedDuration, Timestamp};

use super::{MADE_AFTER, is_impromptu, query::Meetings, shared_with};
use crate::{
    company::{Account, Call, CrmObject, Party, TranscriptFate},
    json::{self, Object},
};

/// An element of `GET /meetings`.
pub(super) fn meeting(object: &mut Object<'_>, account: &Account, call: &Call, query: &Meetings) {
    let title = call.title.as_deref().unwrap_or_default();
    let start = second(call.start);
    object.text("title", title);
    let event = (!is_impromptu(call)).then_some(title);
    object.text("meeting_title", event.filter(|title| !title.is_empty()));
    object.text("meeting_type", None);
    object.plain("recording_id", &call.id);
    // The number in the address is another one.
    object.text("url", address("calls", call.index + 800_000).as_str());
    object.text("share_url", address("share", call.index).as_str());
    object.text("meeting_url", call.meeting_url.as_deref());
    time(object, "created_at", Some(start + MADE_AFTER));
    time(object, "scheduled_start_time", call.scheduled.map(second));
    time(object, "scheduled_end_time", None);
    time(
        object,
        "recording_start_time",
        call.tells_start.then_some(start),
    );
    let end = call
        .duration_s
        .map(|length| start + SignedDuration::from_secs(length));
    time(object, "recording_end_time", end);
    let parties = invited(call);
    let is_internal = parties.iter().all(|party| party.affiliation == "Internal");
    let domains = if is_internal {
        "only_internal"
    } else {
        "one_or_more_external"
    };
    object.text("calendar_invitees_domains_type", domains);
    object.text("shared_with", shared_with(call));
    object.text("transcript_language", language(call));
    object.objects("calendar_invitees", parties, |object, party| {
        let speaks = query.include_transcript && party.speaker_id.is_some();
        person(object, party);
        object.plain("is_external", party.affiliation == "External");
        let voice = label(party).filter(|_| speaks);
        object.text("matched_speaker_display_name", voice);
    });
    object.object("recorded_by", |object| recorder(object, call));
    if query.include_transcript {
        transcript(object, account, call);
    }
    if query.include_summary {
        object.object("default_summary", |object| summary(object, call));
    }
    if query.include_crm_matches {
        object.object("crm_matches", |object| crm_matches(object, &call.crm));
    }
    for (asked, name) in [
        (query.include_action_items, "action_items"),
        (query.include_highlights, "highlights"),
    ] {
        if asked {
            object.member(name, |out| out.push_str("[]"));
        }
    }
}

/// The member `transcript`: null while it is not ready, empty where nothing was said.
pub(super) fn transcript(object: &mut Object<'_>, account: &Account, call: &Call) {
    if !account.has_transcript(call) {
        let nothing = match call.transcript {
            TranscriptFate::Never => "[]",
            TranscriptFate::There | TranscriptFate::Late(_) => "null",
        };
        return object.member("transcript", |out| out.push_str(nothing));
    }
    let turns = account.population().turns(call);
    object.objects("transcript", turns, |object, turn| {
        let is_theirs =
            |party: &&Party| party.speaker_id.is_some() && party.speaker_id == turn.speaker_id;
        let party = call.parties.iter().find(is_theirs);
        let was_invited =
            party.is_some_and(|party| invited(call).iter().any(|invited| invited.id == party.id));
        let stranger = turn.speaker_id.as_ref().map_or("", |_| "Speaker 1");
        object.object("speaker", |object| {
            let name = party.and_then(label).unwrap_or(stranger);
            object.text("display_name", name);
            let email = party.and_then(|party| party.email.as_deref());
            object.text(
                "matched_calendar_invitee_email",
                email.filter(|_| was_invited),
            );
        });
        let texts: Vec<&str> = turn
            .sentences
            .iter()
            .map(|said| said.text.as_str())
            .collect();
        object.text("text", texts.join(" ").as_str());
        let start = turn
            .sentences
            .first()
            .map_or(0, |said| said.start_ms / 1000);
        let (minutes, seconds) = (start / 60, start % 60);
        let clock = format!("{:02}:{:02}:{seconds:02}", minutes / 60, minutes % 60);
        object.text("timestamp", clock.as_str());
    });
}

pub(super) fn summary(object: &mut Object<'_>, call: &Call) {
    object.text("template_name", "general");
    object.text("markdown_formatted", call.brief().as_str());
}

/// Who was invited by the calendar; a phone is not.
fn invited(call: &Call) -> Vec<&Party> {
    let parties = call.parties.iter().filter(|_| !is_impromptu(call));
    parties
        .filter(|party| party.invited && (party.name.is_some() || party.email.is_some()))
        .collect()
}

/// Under what name somebody speaks.
fn label(party: &Party) -> Option<&str> {
    let name = party.name.as_deref().or(party.email.as_deref());
    name.or(party.phone.as_deref())
}

fn person(object: &mut Object<'_>, party: &Party) {
    object.text("name", party.name.as_deref());
    object.text("email", party.email.as_deref());
    let domain = party
        .email
        .as_deref()
        .and_then(|email| email.rsplit_once('@'));
    object.text("email_domain", domain.map(|(_, domain)| domain));
}

/// The first of the company's own people, or somebody who records and says nothing.
fn recorder(object: &mut Object<'_>, call: &Call) {
    match call.parties.first() {
        Some(party) => person(object, party),
        None => {
            object.text("name", "Robin Recorder");
            object.text("email", "robin@demo.example");
            object.text("email_domain", "demo.example");
        }
    }
    object.text("team", None);
}

fn crm_matches(object: &mut Object<'_>, records: &[CrmObject]) {
    for (name, object_type) in [
        ("contacts", ""),
        ("companies", "Account"),
        ("deals", "Opportunity"),
    ] {
        let of_type = records
            .iter()
            .filter(|record| record.object_type == object_type);
        object.member(name, |out| {
            json::list(out, of_type, |out, record| {
                Object::write(out, |object| {
                    object.text("name", record.object_type);
                    let address = format!("https://crm.example/{name}/{}", record.object_id);
                    object.text("record_url", address.as_str());
                });
            });
        });
    }
    let error = records.is_empty().then_some("No CRM is connected");
    object.text("error", error);
}

/// Fathom knows two letters, and transcribes nothing without a language.
fn language(call: &Call) -> Option<&'static str> {
    Some(match call.language? {
        "eng" => "en",
        "deu" => "de",
        "fra" => "fr",
        "jpn" => "ja",
        _ => return None,
    })
}

fn address(kind: &str, number: u32) -> String {
    format!("https://fathom.example/{kind}/{number}")
}

fn time(object: &mut Object<'_>, name: &str, time: Option<Timestamp>) {
    let text = time.map(|time| time.to_string());
    object.text(name, text.as_deref());
}

fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).expect("a whole second of a time is a time")
}
