//! The JSON of recordings and transcripts, as the Grain API tells them.

use jiff::SignedDuration;

use super::query::Include;
use crate::{
    company::{Call, Party, Turn},
    json::{self, Object},
    media::{is_recorded, kind},
};

/// A recording; `forgotten` leaves out its participants, whatever is asked for.
pub(super) fn recording(object: &mut Object<'_>, call: &Call, include: Include, forgotten: bool) {
    object.text("id", call.id.as_str());
    known(object, call, "title", call.title.as_deref());
    let phone = call.media == Some("Audio");
    let source = match (call.system, phone) {
        (None, _) => "other",
        (Some(_), true) => "aircall",
        (Some(_), false) => "zoom",
    };
    object.text("source", source);
    let url = format!("https://grain.example/share/recording/{}", call.id);
    // As one user reports.
    let name = if call.index.is_multiple_of(3) {
        "recording_url"
    } else {
        "url"
    };
    object.text(name, url.as_str());
    let media_type = if is_recorded(call) {
        kind(call)
    } else {
        "transcript"
    };
    object.text("media_type", media_type);
    object.text("start_datetime", call.start.to_string().as_str());
    let end = call.start + SignedDuration::from_secs(call.length_s);
    object.text("end_datetime", end.to_string().as_str());
    match call.duration_s {
        Some(seconds) => object.plain("duration_ms", seconds * 1_000),
        None => known(object, call, "duration_ms", None),
    }
    let preview = format!("https://media.example/{}?signature=simulated", call.id);
    object.text("thumbnail_url", preview.as_str());
    object.member("tags", |out| out.push_str("[]"));
    object.member("teams", |out| out.push_str("[]"));
    meeting_type(object, call);
    if include.participants && !forgotten {
        object.objects("participants", &call.parties, |object, party| {
            participant(object, call, party, include);
        });
    }
    if include.ai_summary {
        let text = call.brief();
        object.object("ai_summary", |object| object.text("text", text.as_str()));
    }
    if include.calendar_event {
        object.text("calendar_event", None);
    }
    if include.hubspot {
        hubspot(object, call);
    }
    // Fields come without warning.
    object.object("simulated_new_field", |new| new.plain("version", 1));
}

/// A text, or null or nothing at all where it is not known.
fn known<'t>(object: &mut Object<'_>, call: &Call, name: &str, value: impl Into<Option<&'t str>>) {
    let value = value.into();
    if value.is_some() || call.nulls {
        object.text(name, value);
    }
}

fn meeting_type(object: &mut Object<'_>, call: &Call) {
    let scope = match call.scope {
        Some("Internal") => "internal",
        Some("External") => "external",
        _ => return object.text("meeting_type", None),
    };
    object.object("meeting_type", |object| {
        object.text("id", format!("type-{scope}").as_str());
        object.text("name", scope);
        object.text("scope", scope);
    });
}

fn participant(object: &mut Object<'_>, call: &Call, party: &Party, include: Include) {
    object.text("id", party.id.as_str());
    object.text("name", party.name.as_deref().or(party.phone.as_deref()));
    known(object, call, "email", party.email.as_deref());
    object.text("scope", party.affiliation.to_lowercase().as_str());
    object.plain("confirmed_attendee", party.attended);
    if include.hubspot {
        known(object, call, "hs_contact_id", party.crm_contact.as_deref());
    }
}

fn hubspot(object: &mut Object<'_>, call: &Call) {
    let ids = |object_type| {
        let links = call.crm.iter().filter(|link| link.system == "HubSpot");
        links
            .filter(move |link| link.object_type == object_type)
            .map(|link| link.object_id.as_str())
    };
    object.object("hubspot", |object| {
        object.member("hubspot_company_ids", |out| {
            json::list(out, ids("Account"), json::string)
        });
        // Spelt so in the reference.
        object.member("husbpot_deal_ids", |out| {
            json::list(out, ids("Opportunity"), json::string)
        });
    });
}

/// A bare list with one section for each sentence.
pub(super) fn transcript(out: &mut String, call: &Call, turns: &[Turn]) {
    let sections = turns.iter().flat_map(|turn| {
        let speaker = turn.speaker_id.as_deref();
        let has_spoken =
            |party: &&Party| speaker.is_some() && party.speaker_id.as_deref() == speaker;
        let party = call.parties.iter().find(has_spoken);
        turn.sentences
            .iter()
            .map(move |sentence| (speaker, party, sentence))
    });
    json::list(out, sections, |out, (speaker, party, sentence)| {
        Object::write(out, |object| {
            object.text("participant_id", party.map(|party| party.id.as_str()));
            let named = party.and_then(|party| {
                let label = party.name.as_deref().or(party.phone.as_deref());
                label.or(party.email.as_deref())
            });
            // Whoever is no participant has a label, too.
            object.text("speaker", named.or(speaker));
            object.plain("start", sentence.start_ms);
            object.plain("end", sentence.end_ms);
            object.text("text", sentence.text.as_str());
        });
    });
}
