//! Avoma's fixtures and night.

use call_import_engine::platforms::{self, CallRef, Reply, Step, Work};
use jiff::civil::date;
use serde_json::{Value, json};
use simulator::{
    company::{Call, Party, Population, TranscriptFate},
    faults::{Fault, Rule},
};

use super::{
    fixtures::{Fact, Fixtures, answer, can, cannot, refusal},
    nights::{Night, Person, Said, Told, lower_domain},
    replay::{Replay, line, reply},
};

super::laws::hold!();

fn fixtures() -> Vec<Fixtures> {
    vec![Fixtures {
        answers: vec![
            answer(&["GET /v1/meetings/?", "&page=2&"], "avoma/meetings-2.json"),
            answer(&["GET /v1/meetings/?"], "avoma/meetings.json"),
            answer(
                &["GET /v1/transcriptions/?", "&page=2&"],
                "avoma/transcriptions-2.json",
            ),
            answer(
                &[
                    "GET /v1/transcriptions/?from_date=2026-03-01T00:00:00Z&to_date=2026-03-30T15:00:01Z&",
                ],
                "avoma/transcriptions.json",
            ),
            answer(
                &["GET /v1/recordings/?meeting_uuid=", "00a001"],
                "avoma/recording.json",
            ),
            refusal(
                &["GET /v1/recordings/?meeting_uuid=", "00a006"],
                202,
                "avoma/recording-being-made.json",
            ),
            refusal(
                &["GET /v1/recordings/?meeting_uuid=", "00a007"],
                404,
                "avoma/no-recording.json",
            ),
        ],
        calls: &[
            "7d5f0c1e-0000-4000-8000-00000000a001",
            "9007199254740993",
            "7d5f0c1e-0000-4000-8000-00000000a005",
            "7d5f0c1e-0000-4000-8000-00000000a006",
            "7d5f0c1e-0000-4000-8000-00000000a007",
        ],
        transcripts: &["7d5f0c1e-0000-4000-8000-00000000a001", "9007199254740993"],
        media: &[(
            "7d5f0c1e-0000-4000-8000-00000000a001",
            "https://media.example/a1.mp4?signature=SECRET",
        )],
        // One more is still being made, and two are listed without sound and pictures.
        without_media: &["7d5f0c1e-0000-4000-8000-00000000a007"],
        unreadable: &[
            "7d5f0c1e-0000-4000-8000-00000000a004",
            "unreadable-e2b29be8a2dde401",
            "7d5f0c1e-0000-4000-8000-00000000a007",
        ],
        promises: vec![
            can("with its title", Fact::Title),
            can("date", Fact::Start),
            can("length", Fact::Duration),
            can("the people invited", Fact::Participants),
            can(
                "with the speaker of each paragraph",
                Fact::SpeakingParticipants,
            ),
            can("the time at which it begins", Fact::StartTimes),
            can("opportunities and contacts of your CRM", Fact::CrmLinks),
            cannot("end of each paragraph", Fact::EndTimes),
            cannot("really came", Fact::Attendance),
            cannot("link back to Avoma", Fact::Link),
            can("a copy of each recording", Fact::Recording),
        ],
        ..Fixtures::new("avoma", date(2026, 3, 1), date(2026, 3, 31))
    }]
}

#[test]
fn what_is_imported_is_what_avoma_tells() {
    let fixtures = fixtures().remove(0);
    let imported = Replay::new(&fixtures).import().1;
    insta::assert_json_snapshot!("avoma_calls", imported.calls);
    insta::assert_json_snapshot!("avoma_transcripts", imported.transcripts);
    insta::assert_debug_snapshot!("avoma_failures", imported.failures);
}

#[test]
fn a_link_to_the_next_page_leads_nowhere_else() {
    let fixtures = fixtures().remove(0);
    let replay = Replay::new(&fixtures);
    for (_, _, asked) in replay.listing(None) {
        let path = asked.unwrap().exchange.path;
        assert!(path.starts_with("/v1/meetings/?"), "{path}");
    }
}

/// What a batch asks for, when the bulk says this and each single meeting that.
fn asked(calls: &[CallRef], mut answer: impl FnMut(&str) -> Value) -> (Vec<String>, Vec<String>) {
    let fixtures = fixtures().remove(0);
    let replay = Replay::new(&fixtures);
    let work = Work::Transcripts(calls.to_vec());
    let mut lines = Vec::new();
    let mut step = replay.connector.begin(&work, &replay.setup);
    loop {
        match step {
            Step::Page(page) => {
                let found = page.transcripts.into_iter().map(|(id, _)| id);
                return (lines, found.collect());
            }
            Step::Send(platforms::Exchange::Http(exchange), progress) => {
                let line = line(&exchange);
                let body = answer(&line).to_string();
                let reply = Reply::Http(reply(200, "application/json", body.as_bytes()));
                let next = replay
                    .connector
                    .next(&work, &replay.setup, &progress, &reply);
                step = next.unwrap();
                lines.push(line);
            }
            Step::Send(platforms::Exchange::Files(_), _) | Step::Later(..) => {
                panic!("neither files nor waits")
            }
        }
    }
}

fn listed(id: &str, start_at: &str, is_ready: bool) -> CallRef {
    let raw = json!({"uuid": id, "start_at": start_at, "transcript_ready": is_ready});
    CallRef {
        external_id: id.into(),
        raw: Some(raw.to_string()),
    }
}

fn spoken(id: &str) -> Value {
    json!({"meeting_uuid": id, "transcript": [{"transcript": "Hello.", "timestamps": [1]}]})
}

#[test]
fn what_the_bulk_leaves_out_is_asked_for_singly() {
    let calls = [
        listed("a", "2026-03-04T09:00:00Z", true),
        listed("b", "2026-03-03T09:00:00Z", true),
        listed("c", "2026-03-02T09:00:00Z", false),
        listed("d", "2026-03-01T09:00:00Z", true),
    ];
    let (asked, found) = asked(&calls, |line| {
        match line.split_once("meeting_uuid=").map(|(_, id)| id) {
            None => json!({"count": 1, "next": null, "results": [spoken("b")]}),
            // It is said to be ready and is not.
            Some("a") => json!([]),
            Some(id) => json!([spoken(id)]),
        }
    });
    assert_eq!(
        asked,
        [
            "GET /v1/transcriptions/?from_date=2026-03-01T09:00:00Z&to_date=2026-03-04T09:00:01Z&page_size=100",
            "GET /v1/transcriptions/?meeting_uuid=a",
            "GET /v1/transcriptions/?meeting_uuid=d",
        ]
    );
    assert_eq!(found, ["b", "d"]);
}

/// Calls that lie far apart: the bulk would answer for all the meetings between them.
#[test]
fn a_bulk_that_is_longer_than_its_use_is_left() {
    let calls = [
        listed("a", "2026-03-04T09:00:00Z", true),
        listed("b", "2024-03-03T09:00:00Z", false),
        listed("c", "2023-03-03T09:00:00Z", true),
    ];
    let (asked, found) = asked(&calls, |line| {
        match line.split_once("meeting_uuid=").map(|(_, id)| id) {
            None => {
                let next = "https://api.avoma.com/v1/transcriptions?page=2";
                json!({"count": 4, "next": next, "results": [spoken("a")]})
            }
            Some(id) => json!([spoken(id)]),
        }
    });
    assert_eq!(
        asked[1..],
        [
            "GET /v1/transcriptions/?meeting_uuid=b",
            "GET /v1/transcriptions/?meeting_uuid=c",
        ]
    );
    assert_eq!(found, ["a", "b", "c"]);
}

#[test]
fn a_single_call_needs_no_bulk() {
    let calls = [listed("a", "2026-03-04T09:00:00Z", false)];
    let (asked, found) = asked(&calls, |_| json!([]));
    assert_eq!(asked, ["GET /v1/transcriptions/?meeting_uuid=a"]);
    assert_eq!(found, [""; 0]);
}

super::nights::spend!();

fn night() -> Night {
    Night {
        demo: simulator::avoma::DEMO,
        lines: "",
        // others.md section 3.9, with 95 meetings a bulk request, and one page at least in each window.
        planned: |listed, population| {
            let pages: usize = listed
                .windows
                .iter()
                .map(|calls| calls.div_ceil(100).max(1))
                .sum();
            let expected = population
                .calls()
                .filter(|call| call.transcript != TranscriptFate::Never);
            pages + expected.count().div_ceil(95)
        },
        told,
        // A request that runs for longer than a minute ends in a time-out.
        mishap: || {
            Rule::new(Fault::status(504))
                .on(simulator::avoma::TRANSCRIPTIONS)
                .skip(2)
                .once()
        },
        mishap_costs: 0,
        refused_after: 1,
    }
}

/// A simulated call as Avoma's API tells it: with its scheduled time, and without those who have no address.
fn told(population: &Population, call: &Call) -> Told {
    let quarter = 15 * 60 * 1_000;
    let start = call.start.as_millisecond();
    let is_internal = call
        .parties
        .iter()
        .all(|party| party.affiliation == "Internal");
    let organizer_is_left_out = call.index % 2 == 1;
    let person = |(position, party): (usize, &Party)| Person {
        name: party
            .name
            .clone()
            .filter(|_| position > 0 || !organizer_is_left_out),
        email: party.email.as_deref().map(lower_domain),
        phone: None,
        affiliation: if is_internal { "internal" } else { "unknown" }.into(),
        attended: None,
    };
    let mut told = Told {
        started_at: Some(start - start.rem_euclid(quarter)),
        participants: call
            .parties
            .iter()
            .enumerate()
            .filter(|(_, party)| party.email.is_some())
            .map(person)
            .collect(),
        ..Told::of(call)
    };
    let turns = population.turns(call);
    let mut voices: Vec<&str> = Vec::new();
    for speaker in turns.iter().filter_map(|turn| turn.speaker_id.as_deref()) {
        if !voices.contains(&speaker) {
            voices.push(speaker);
        }
    }
    for turn in turns.iter().filter(|_| Told::is_transcribed(call)) {
        let label = |speaker: &str| {
            let mut parties = call.parties.iter();
            let party = parties.find(|party| party.speaker_id.as_deref() == Some(speaker));
            let number = voices.iter().position(|voice| *voice == speaker);
            party
                .and_then(|party| {
                    let email = party.email.as_deref().map(lower_domain);
                    party.name.clone().or(email)
                })
                .or(number.map(|number| number.to_string()))
        };
        let texts: Vec<&str> = turn
            .sentences
            .iter()
            .map(|sentence| sentence.text.as_str())
            .collect();
        told.segments.push(Said {
            speaker: turn.speaker_id.as_deref().and_then(label),
            start_ms: Some(turn.sentences[0].start_ms),
            end_ms: None,
            text: texts.join(" "),
        });
    }
    told
}
