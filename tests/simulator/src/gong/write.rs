//! The JSON of calls, transcripts, users and workspaces, as the Gong API v2 tells them.

use jiff::{Timestamp, tz::Offset};

use super::query::{Content, Context, ContextTiming, Interaction, Selector};
use crate::{
    company::{Call, CrmObject, Party, Population, Turn, User, names, stream},
    json::{self, Object},
    media::{is_recorded, kind},
    random::Random,
};

/// A text, or null or nothing at all where it is not known.
fn known<'t>(object: &mut Object<'_>, call: &Call, name: &str, value: impl Into<Option<&'t str>>) {
    let value = value.into();
    if value.is_some() || call.nulls {
        object.text(name, value);
    }
}

/// The basic facts of a call: `metaData` of `/v2/calls/extensive`, an element of `GET /v2/calls`.
pub(super) fn facts(object: &mut Object<'_>, call: &Call) {
    object.text("id", call.id.as_str());
    object.text("url", call.url.as_str());
    known(object, call, "title", call.title.as_deref());
    let scheduled = call.scheduled.map(|time| time.to_string());
    known(object, call, "scheduled", scheduled.as_deref());
    let started = call.tells_start.then(|| started(call));
    known(object, call, "started", started.as_deref());
    match call.duration_s {
        Some(seconds) => object.plain("duration", seconds),
        None => known(object, call, "duration", None),
    }
    known(
        object,
        call,
        "primaryUserId",
        call.primary_user_id.as_deref(),
    );
    known(object, call, "direction", call.direction);
    known(object, call, "system", call.system);
    known(object, call, "scope", call.scope);
    known(object, call, "media", call.media);
    known(object, call, "language", call.language);
    object.text("workspaceId", call.workspace_id.as_str());
    for name in ["sdrDisposition", "clientUniqueId", "customData", "purpose"] {
        known(object, call, name, None);
    }
    known(object, call, "meetingUrl", call.meeting_url.as_deref());
    object.plain("isPrivate", call.is_private);
    known(object, call, "calendarEventId", None);
    // Gong may add fields without warning.
    object.object("simulatedNewField", |new| new.plain("version", 1));
}

/// The start in one of the forms that ISO 8601 has for the same instant.
fn started(call: &Call) -> String {
    let time: Timestamp = call.start;
    match call.index % 4 {
        0 => format!("{}", time.display_with_offset(Offset::constant(-8))),
        1 => format!("{}", time.display_with_offset(Offset::constant(2))),
        _ => time.to_string(),
    }
}

/// An element of `/v2/calls/extensive`.
pub(super) fn detailed(
    object: &mut Object<'_>,
    population: &Population,
    call: &Call,
    selector: &Selector,
) {
    object.object("metaData", |object| facts(object, call));
    let exposed = &selector.exposed_fields;
    if selector.context != Context::None {
        context(object, &call.crm, selector);
    }
    // For imported calls without parties both forms occur.
    if exposed.parties && !(call.parties.is_empty() && call.nulls) {
        object.objects("parties", &call.parties, |object, member| {
            party(object, call, member, selector);
        });
    }
    let mut random = Random::new([population.seed, stream::CONTENT, u64::from(call.index)]);
    if exposed.content != Content::default() {
        object.object("content", |object| {
            content(object, call, &exposed.content, &mut random)
        });
    }
    if exposed.interaction != Interaction::default() {
        object.object("interaction", |object| {
            interaction(object, call, &exposed.interaction)
        });
    }
    if exposed.collaboration.public_comments {
        object.object("collaboration", |object| {
            object.objects("publicComments", [()], |object, ()| {
                object.text("id", "55001");
                object.plain("audioStartTime", "12.5");
                object.plain("audioEndTime", "20.0");
                object.text("commenterUserId", population.user_id(0).as_str());
                object.text("comment", "Good question here");
                object.text("posted", call.start.to_string().as_str());
                object.text("inReplyTo", None);
                object.plain("duringCall", false);
            });
        });
    }
}

/// Where the recording of a call is. Some calls have none.
pub(super) fn media(object: &mut Object<'_>, call: &Call, link: impl Fn(&str) -> String) {
    if !is_recorded(call) {
        return;
    }
    object.object("media", |object| {
        object.text("audioUrl", link("audio").as_str());
        let video = (kind(call) == "video").then(|| link("video"));
        object.text("videoUrl", video.as_deref());
    });
}

fn context(object: &mut Object<'_>, objects: &[CrmObject], selector: &Selector) {
    let system = objects.first().map(|first| first.system);
    object.objects("context", system, |object, system| {
        object.text("system", system);
        object.objects("objects", objects, |object, link| {
            object.text("objectType", link.object_type);
            object.text("objectId", link.object_id.as_str());
            if selector.context == Context::Extended {
                extended(object, selector, link.object_type == "Opportunity");
            }
        });
    });
}

fn extended(object: &mut Object<'_>, selector: &Selector, opportunity: bool) {
    let timing = match selector.context_timing.as_deref().and_then(<[_]>::first) {
        Some(ContextTiming::TimeOfCall) => "TimeOfCall",
        Some(ContextTiming::Now) | None => "Now",
    };
    object.text("timing", timing);
    object.objects("fields", opportunity.then_some(()), |object, ()| {
        object.text("name", "Amount");
        object.plain("value", 48_000);
    });
}

fn party(object: &mut Object<'_>, call: &Call, party: &Party, selector: &Selector) {
    object.text("id", party.id.as_str());
    known(object, call, "emailAddress", party.email.as_deref());
    known(object, call, "name", party.name.as_deref());
    known(object, call, "title", party.title);
    known(object, call, "userId", party.user_id.as_deref());
    known(object, call, "speakerId", party.speaker_id.as_deref());
    object.objects(
        "context",
        party
            .crm_contact
            .as_deref()
            .filter(|_| selector.context != Context::None),
        |object, contact| {
            object.text("system", "Salesforce");
            object.objects("objects", [contact], |object, contact| {
                object.text("objectType", "Contact");
                object.text("objectId", contact);
                if selector.context == Context::Extended {
                    extended(object, selector, false);
                }
            });
        },
    );
    object.text("affiliation", party.affiliation);
    known(object, call, "phoneNumber", party.phone.as_deref());
    let methods = [("Invitee", party.invited), ("Attendee", party.attended)];
    object.member("methods", |out| {
        let true_ones = methods.into_iter().filter(|(_, is_so)| *is_so);
        json::list(out, true_ones, |out, (method, _)| json::string(out, method));
    });
}

fn content(object: &mut Object<'_>, call: &Call, wanted: &Content, random: &mut Random) {
    let timed = |object: &mut Object<'_>, random: &mut Random| {
        object.text("name", random.pick(names::TOPICS));
        object.plain("duration", 10 + random.below(200));
    };
    if wanted.structure {
        object.objects("structure", [()], |object, ()| timed(object, random));
    }
    if wanted.topics {
        object.objects("topics", [()], |object, ()| timed(object, random));
    }
    if wanted.trackers {
        object.objects("trackers", [()], |object, ()| {
            object.text("id", "71000001");
            object.text("name", "Competitors");
            object.plain("count", 1);
            object.text("type", "KEYWORD");
            if wanted.tracker_occurrences {
                object.objects("occurrences", [()], |object, ()| {
                    object.plain("startTime", "11.4");
                    object.text("speakerId", None);
                });
            }
        });
    }
    let company = call.title.as_deref().unwrap_or("A call");
    if wanted.brief {
        object.text("brief", call.brief().as_str());
    }
    if wanted.outline {
        object.objects("outline", [()], |object, ()| {
            object.text("section", "Pilot");
            object.plain("startTime", "30.0");
            object.plain("duration", "20.0");
            object.objects("items", [()], |object, ()| {
                object.text("text", company);
                object.plain("startTime", "32.5");
            });
        });
    }
    if wanted.highlights {
        object.objects("highlights", [()], |object, ()| {
            object.text("title", "Next steps");
            object.objects("items", [()], |object, ()| {
                object.text("text", "Send a quote by Friday");
                object.member("startTimes", |out| json::list(out, [41.2], json::display));
            });
        });
    }
    if wanted.call_outcome {
        object.object("callOutcome", |object| {
            object.text("id", "1");
            object.text("category", "Answered");
            object.text("name", "Meeting held");
        });
    }
    if wanted.key_points {
        object.objects("keyPoints", [()], |object, ()| {
            object.text("text", "Budget is open until June");
        });
    }
}

fn interaction(object: &mut Object<'_>, call: &Call, wanted: &Interaction) {
    if wanted.speakers {
        let spoke = call
            .parties
            .iter()
            .filter(|party| party.speaker_id.is_some());
        object.objects("speakers", spoke, |object, party| {
            // The party's id, not its speaker id.
            object.text("id", party.id.as_str());
            object.text("userId", party.user_id.as_deref());
            object.plain("talkTime", "40.4");
        });
    }
    if wanted.person_interaction_stats {
        object.objects("interactionStats", [()], |object, ()| {
            object.text("name", "Talk Ratio");
            object.plain("value", "0.47");
        });
    }
    if wanted.video {
        object.objects("video", [()], |object, ()| {
            object.text("name", "Presentation");
            object.plain("duration", "10.5");
        });
    }
    if wanted.questions {
        object.object("questions", |object| {
            object.plain("companyCount", 14);
            object.plain("nonCompanyCount", 9);
        });
    }
}

/// An element of `/v2/calls/transcript`.
pub(super) fn transcript(object: &mut Object<'_>, call: &Call, turns: &[Turn]) {
    object.text("callId", call.id.as_str());
    object.objects("transcript", turns, |object, turn| {
        known(object, call, "speakerId", turn.speaker_id.as_deref());
        known(object, call, "topic", turn.topic);
        object.objects("sentences", &turn.sentences, |object, sentence| {
            object.plain("start", sentence.start_ms);
            object.plain("end", sentence.end_ms);
            object.text("text", sentence.text.as_str());
        });
    });
}

/// An element of `/v2/users`.
pub(super) fn user(object: &mut Object<'_>, user: &User) {
    object.text("id", user.id.as_str());
    object.text("emailAddress", user.email.as_str());
    object.text("created", "2024-05-06T09:00:00Z");
    object.plain("active", user.active);
    object.member("emailAliases", |out| out.push_str("[]"));
    object.text("trustedEmailAddress", None);
    object.text("firstName", user.first_name);
    object.text("lastName", user.last_name);
    object.text("title", user.title);
    object.text("phoneNumber", None);
    object.text("extension", None);
    object.member("personalMeetingUrls", |out| out.push_str("[]"));
    object.object("settings", |object| {
        object.plain("webConferencesRecorded", true)
    });
    object.text("managerId", None);
    object.text("meetingConsentPageUrl", None);
    object.objects("spokenLanguages", [()], |object, ()| {
        object.text("language", "en-US");
        object.plain("primary", true);
    });
}
