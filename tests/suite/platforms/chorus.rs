//! Chorus' fixtures and night.

use call_import_engine::platforms::{Rejection, Work};
use jiff::civil::date;
use simulator::{
    chorus,
    company::{Call, Population},
    faults::{Fault, Rule},
};

use super::{
    fixtures::{Fact, Fixtures, answer, can, cannot, redirect, refusal},
    nights::{Night, Person, Said, Told, lower_domain},
    replay::{Replay, reply},
};

super::laws::hold!();

fn fixtures() -> Vec<Fixtures> {
    vec![Fixtures {
        answers: vec![
            answer(
                &["/v3/engagements?engagement_type=dialer"],
                "chorus/dialed.json",
            ),
            answer(
                &["continuation_key=1774882812.0%200A1B2C3D4E5F60718293A4B5C6D7E8F9"],
                "chorus/engagements-2.json",
            ),
            answer(
                &["continuation_key=1774000000.0%20UNSEEN"],
                "chorus/engagements-end.json",
            ),
            answer(
                &[
                    "/v3/engagements?engagement_type=meeting&min_date=2026-03-01T00:00:00Z&max_date=2026-04-01T00:00:00Z",
                ],
                "chorus/engagements.json",
            ),
            redirect(
                &["/api/v1/conversations/0A1B2C3D4E5F60718293A4B5C6D7E8F9/media"],
                "https://media.example/a.mp4?Signature=SECRET",
            ),
            refusal(
                &["/api/v1/conversations/9007199254740993/media"],
                404,
                "chorus/not-found.json",
            ),
            answer(&["/api/v1/conversations/D1/media"], "chorus/media.json"),
            refusal(
                &["/api/v1/conversations/HIDDEN%2F1/media"],
                404,
                "chorus/not-found.json",
            ),
            answer(
                &["/api/v1/conversations/0A1B2C3D4E5F60718293A4B5C6D7E8F9"],
                "chorus/conversation.json",
            ),
            answer(
                &["/api/v1/conversations/9007199254740993"],
                "chorus/conversation-processing.json",
            ),
            answer(
                &["/api/v1/conversations/D1"],
                "chorus/conversation-dialed.json",
            ),
            refusal(
                &["/api/v1/conversations/HIDDEN%2F1"],
                404,
                "chorus/not-found.json",
            ),
        ],
        calls: &[
            "0A1B2C3D4E5F60718293A4B5C6D7E8F9",
            "9007199254740993",
            "HIDDEN/1",
            "D1",
        ],
        transcripts: &["0A1B2C3D4E5F60718293A4B5C6D7E8F9", "D1"],
        without_transcript: &["HIDDEN/1"],
        media: &[
            (
                "0A1B2C3D4E5F60718293A4B5C6D7E8F9",
                "https://media.example/a.mp4?Signature=SECRET",
            ),
            ("D1", "https://media.example/d1.mp3?Signature=SECRET"),
        ],
        // One more is listed as still being worked on, and stays pending.
        without_media: &["HIDDEN/1"],
        unreadable: &["BROKEN", "unreadable-a4f14cf4b688620f"],
        promises: vec![
            can("with its title", Fact::Title),
            can("date", Fact::Start),
            can("length", Fact::Duration),
            can("participants", Fact::Participants),
            can("with the speaker", Fact::Speakers),
            can("the times of each passage", Fact::EndTimes),
            can("Tell your own people", Fact::Affiliation),
            can("through the link on each call", Fact::Link),
            cannot("Phone numbers", Fact::Phones),
            cannot("really came", Fact::Attendance),
            cannot("Summaries", Fact::Summary),
            can("a copy of each recording", Fact::Recording),
        ],
        ..Fixtures::new("chorus", date(2026, 3, 1), date(2026, 3, 31))
    }]
}

#[test]
fn what_is_imported_is_what_chorus_tells() {
    let fixtures = fixtures().remove(0);
    let imported = Replay::new(&fixtures).import().1;
    insta::assert_json_snapshot!("chorus_calls", imported.calls);
    insta::assert_json_snapshot!("chorus_transcripts", imported.transcripts);
}

/// What Chorus says of a dead key is not documented.
#[test]
fn a_key_that_is_refused_begins_the_window_again() {
    let fixtures = fixtures().remove(0);
    let replay = Replay::new(&fixtures);
    for asked in replay.import().1.asked {
        let Work::List { cursor, .. } = &asked.work else {
            continue;
        };
        let has_key = cursor.as_deref().is_some_and(|cursor| cursor.contains(' '));
        for status in [400, 404, 409, 410] {
            let rejection = asked.answered(&replay, reply(status, "application/json", b"{}"));
            match rejection {
                Err(Rejection::RestartWindow) => assert!(has_key, "{status}: {cursor:?}"),
                Err(Rejection::Refused { detail }) => {
                    assert!(!has_key && detail.contains(&status.to_string()), "{detail}");
                }
                other => panic!("{status}: {other:?}"),
            }
        }
    }
}

super::nights::spend!();

fn night() -> Night {
    Night {
        demo: chorus::DEMO,
        lines: "",
        // others.md section 6.7: pages, an empty one at the end of each kind of call, and every detail.
        planned: |listed, population| {
            assert!(listed.windows.len() <= 1, "half a year is one window");
            let dialed = population.calls().filter(chorus::is_dialed).count();
            let meetings = population.len() as usize - dialed;
            let pages: usize = [meetings, dialed]
                .into_iter()
                .map(|calls| calls.div_ceil(chorus::PAGE_SIZE) + 1)
                .sum();
            pages + listed.calls
        },
        told,
        mishap: || {
            Rule::new(Fault::CursorExpired)
                .on(chorus::ENGAGEMENTS)
                .when(|entry| entry.summary.cursor)
                .skip(2)
                .once()
        },
        // The pages before are listed again.
        mishap_costs: 4,
        refused_after: 1,
    }
}

/// A simulated call as Chorus' API tells it.
fn told(population: &Population, call: &Call) -> Told {
    let mut told = Told {
        participants: call
            .parties
            .iter()
            .map(|party| Person {
                name: party.name.clone(),
                email: party.email.as_deref().map(lower_domain),
                phone: None,
                affiliation: party.affiliation.to_lowercase(),
                attended: None,
            })
            .collect(),
        ..Told::of(call)
    };
    let mut voices: Vec<String> = Vec::new();
    for turn in population
        .turns(call)
        .into_iter()
        .filter(|_| Told::is_transcribed(call))
    {
        let speaker = turn.speaker_id.map(|id| {
            let known = voices.iter().position(|voice| *voice == id);
            let number = known.unwrap_or_else(|| {
                voices.push(id.clone());
                voices.len() - 1
            });
            let mut parties = call.parties.iter();
            let party = parties.find(|party| party.speaker_id.as_deref() == Some(&id));
            party
                .and_then(|party| party.name.clone())
                .unwrap_or_else(|| (number + 1).to_string())
        });
        told.segments
            .extend(turn.sentences.into_iter().map(|sentence| Said {
                speaker: speaker.clone(),
                start_ms: Some(sentence.start_ms),
                end_ms: Some(sentence.end_ms),
                text: sentence.text,
            }));
    }
    told
}
