//! Grain's fixtures and nights.

use call_import_engine::model::Method;
use jiff::civil::date;
use simulator::{
    Demo,
    company::{Call, Party, Population},
    faults::{Fault, Rule},
    grain::{self, is_forgotten, is_locked},
};

use super::{
    fixtures::{Fact, Fixtures, answer, can, cannot, recording, redirect, refusal},
    nights::{self, Night, Person, Said, Told, lower_domain},
};

super::laws::hold!();

/// By OAuth the same answers come.
fn fixtures() -> Vec<Fixtures> {
    [Method::Api, Method::Oauth].map(by).into()
}

fn by(method: Method) -> Fixtures {
    let page = |needles, file: &str| answer(needles, &format!("grain/{file}"));
    Fixtures {
        method,
        answers: vec![
            page(&["POST /_/public-api/v2/teams {}"], "teams.json"),
            page(
                &["/v2/recordings {", r#""cursor":"cGFnZS0y""#],
                "recordings-2.json",
            ),
            page(
                &["/v2/recordings {", r#""cursor":"cGFnZS0z""#],
                "recordings-3.json",
            ),
            page(
                &["/v2/recordings {", r#""cursor":"cGFnZS00""#],
                "recordings-4.json",
            ),
            page(&["/v2/recordings {"], "recordings.json"),
            page(
                &["POST /_/public-api/v2/recordings/", "bb05 {"],
                "recording.json",
            ),
            refusal(
                &["POST /_/public-api/v2/recordings/", "bb06 {"],
                404,
                "grain/not-found.json",
            ),
            page(&["bb01/transcript"], "transcript.json"),
            page(&["/9007199254740993/transcript"], "transcript-empty.json"),
            refusal(&["bb03/transcript"], 404, "grain/not-found.json"),
            page(&["bb04/transcript"], "transcript-unreadable.json"),
            refusal(&["bb05/transcript"], 403, "grain/forbidden.json"),
            refusal(&["bb06/transcript"], 404, "grain/not-found.json"),
            redirect(
                &["bb01/download"],
                "https://media.example/01.mp4?signature=SECRET",
            ),
            recording(&["/9007199254740993/download"]),
            refusal(&["bb05/download"], 403, "grain/forbidden.json"),
            refusal(&["bb06/download"], 404, "grain/not-found.json"),
        ],
        calls: &[
            "aaaaaaaa-1111-4222-8333-bbbbbbbbbb01",
            "9007199254740993",
            "aaaaaaaa-1111-4222-8333-bbbbbbbbbb03",
            "aaaaaaaa-1111-4222-8333-bbbbbbbbbb04",
            "aaaaaaaa-1111-4222-8333-bbbbbbbbbb05",
            "aaaaaaaa-1111-4222-8333-bbbbbbbbbb06",
        ],
        transcripts: &["aaaaaaaa-1111-4222-8333-bbbbbbbbbb01"],
        without_transcript: &["aaaaaaaa-1111-4222-8333-bbbbbbbbbb05"],
        // Two more are listed without sound and pictures.
        media: &[(
            "aaaaaaaa-1111-4222-8333-bbbbbbbbbb01",
            "https://media.example/01.mp4?signature=SECRET",
        )],
        without_media: &[
            "aaaaaaaa-1111-4222-8333-bbbbbbbbbb05",
            "aaaaaaaa-1111-4222-8333-bbbbbbbbbb06",
        ],
        unreadable: &[
            "aaaaaaaa-1111-4222-8333-bbbbbbbbbb12",
            "unreadable-a4f14cf4b688620f",
            // Its transcript.
            "aaaaaaaa-1111-4222-8333-bbbbbbbbbb04",
            // Its recording.
            "9007199254740993",
        ],
        promises: vec![
            can("with its title", Fact::Title),
            can("date", Fact::Start),
            can("length", Fact::Duration),
            can("participants", Fact::Participants),
            can("with the speaker", Fact::SpeakingParticipants),
            can("beginning", Fact::StartTimes),
            can("end of each passage", Fact::EndTimes),
            can("Tell your own people", Fact::Affiliation),
            can("see who came", Fact::Attendance),
            can("the summary that Grain wrote", Fact::Summary),
            can("through the link on each call", Fact::Link),
            can("a copy of each recording", Fact::Recording),
            cannot("Phone numbers", Fact::Phones),
            cannot("which language", Fact::Language),
        ],
        ..Fixtures::new("grain", date(2026, 3, 1), date(2026, 3, 31))
    }
}

super::nights::spend!();

fn night() -> Night {
    Night {
        demo: grain::DEMO,
        lines: "",
        // grain.md section 9: a page for 50 recordings, a transcript for one. Besides, participants that the
        // list leaves out, and whether the token still works where a transcript is refused.
        planned: |listed, population| {
            let pages = listed.windows.iter().map(|calls| calls.div_ceil(50).max(1));
            let forgotten = population.calls().filter(is_forgotten).count();
            let locked = population.calls().filter(is_locked).count();
            1 + pages.sum::<usize>() + forgotten + listed.calls + locked
        },
        told,
        mishap: || {
            Rule::new(Fault::CursorExpired)
                .when(|entry| entry.summary.cursor)
                .skip(2)
                .once()
        },
        // The window is listed again: three pages with their forgotten participants.
        mishap_costs: 3 + 4,
        refused_after: 1,
    }
}

/// One public client says that Grain refuses to filter. Then everything is listed, for one request more.
#[tokio::test]
async fn a_refused_filter_costs_one_request() {
    let night = Night {
        demo: Demo {
            config: |population, limits, media| {
                let config = grain::Config {
                    limits,
                    refuses_filter: true,
                    ..grain::Config::new(population)
                };
                let (_, credential) =
                    (grain::DEMO.config)(config.population.clone(), limits, media);
                (simulator::Config::grain(config), credential)
            },
            ..grain::DEMO
        },
        planned: |listed, population| 1 + (night().planned)(listed, population),
        ..night()
    };
    nights::quiet(&night).await;
}

/// A simulated call as Grain's API tells it. It has no phone numbers; a caller's stands in place of the name.
fn told(population: &Population, call: &Call) -> Told {
    let mut told = Told {
        participants: call
            .parties
            .iter()
            .map(|party| Person {
                name: party.name.clone().or(party.phone.clone()),
                email: party.email.as_deref().map(lower_domain),
                phone: None,
                affiliation: party.affiliation.to_lowercase(),
                attended: Some(party.attended),
            })
            .collect(),
        ..Told::of(call)
    };
    let label = |id: String| {
        let has_id = |party: &&Party| party.speaker_id.as_deref() == Some(&id);
        let party = call.parties.iter().find(has_id);
        let named = party.and_then(|party| {
            let name = party.name.clone().or(party.phone.clone());
            name.or(party.email.clone())
        });
        named.unwrap_or(id)
    };
    if Told::is_transcribed(call) {
        for turn in population.turns(call) {
            let speaker = turn.speaker_id.map(label);
            told.segments
                .extend(turn.sentences.into_iter().map(|sentence| Said {
                    speaker: speaker.clone(),
                    start_ms: Some(sentence.start_ms),
                    end_ms: Some(sentence.end_ms),
                    text: sentence.text,
                }));
        }
    }
    told
}
