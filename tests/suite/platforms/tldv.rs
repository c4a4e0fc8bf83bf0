//! tl;dv's fixtures and night, and what only it does: lists that end at 10,000 results.

use call_import_engine::platforms::{Rejection, Reply, Step, Work};
use jiff::civil::date;
use simulator::{
    company::{Call, Population},
    faults::{Fault, Rule},
};

use super::{
    fixtures::{Fact, Fixtures, answer, can, cannot, recording, redirect, refusal},
    nights::{Night, Person, Said, Told, lower_domain},
    replay::{Replay, reply},
};

super::laws::hold!();

fn fixtures() -> Vec<Fixtures> {
    vec![Fixtures {
        answers: vec![
            answer(
                &[
                    "GET /v1alpha1/meetings?",
                    "&from=2026-03-01T",
                    "&to=2026-04-01T",
                ],
                "tldv/too-many.json",
            ),
            answer(
                &["GET /v1alpha1/meetings?page=2&", "&from=2026-03-16T12:"],
                "tldv/newer-2.json",
            ),
            answer(
                &["GET /v1alpha1/meetings?page=1&", "&from=2026-03-16T12:"],
                "tldv/newer-1.json",
            ),
            answer(
                &["GET /v1alpha1/meetings?page=1&", "&to=2026-03-16T12:"],
                "tldv/older.json",
            ),
            answer(
                &["/65f0c0ffee00000000000001/transcript"],
                "tldv/transcript-1.json",
            ),
            answer(&["/65/transcript"], "tldv/transcript-65.json"),
            answer(
                &["/65f0c0ffee00000000000006/transcript"],
                "tldv/transcript-empty.json",
            ),
            refusal(
                &["/65f0c0ffee00000000000003/transcript"],
                403,
                "tldv/forbidden.json",
            ),
            refusal(&["/transcript"], 404, "tldv/not-ready.json"),
            redirect(
                &["/65f0c0ffee00000000000001/download"],
                "https://media.example/1.mp4?token=SECRET",
            ),
            redirect(
                &["/65/download"],
                "https://media.example/65.mp4?token=SECRET",
            ),
            refusal(
                &["/65f0c0ffee00000000000003/download"],
                403,
                "tldv/forbidden.json",
            ),
            recording(&["/65f0c0ffee00000000000004/download"]),
            refusal(&["/download"], 404, "tldv/no-recording.json"),
        ],
        calls: &[
            "65f0c0ffee00000000000001",
            "65",
            "65f0c0ffee00000000000003",
            "65f0c0ffee00000000000004",
            "65f0c0ffee00000000000006",
            "65f0c0ffee00000000000007",
        ],
        transcripts: &["65f0c0ffee00000000000001", "65"],
        without_transcript: &["65f0c0ffee00000000000003"],
        media: &[
            (
                "65f0c0ffee00000000000001",
                "https://media.example/1.mp4?token=SECRET",
            ),
            ("65", "https://media.example/65.mp4?token=SECRET"),
        ],
        // One more is listed as still being worked on, and stays pending.
        without_media: &["65f0c0ffee00000000000003", "65f0c0ffee00000000000007"],
        unreadable: &[
            "unreadable-df32700e4179eed2",
            "unreadable-a4f14cf4b688620f",
            // Its recording.
            "65f0c0ffee00000000000004",
        ],
        promises: vec![
            can("with its title", Fact::Title),
            can("date", Fact::Start),
            can("length", Fact::Duration),
            can("invited people", Fact::Participants),
            can("invited people", Fact::Emails),
            can(
                "with the speaker of each passage",
                Fact::SpeakingParticipants,
            ),
            can("times to the second", Fact::EndTimes),
            can("through the link on each call", Fact::Link),
            can("a copy of the video of each meeting", Fact::Recording),
            cannot("Who really came", Fact::Attendance),
            cannot("Summaries", Fact::Summary),
            cannot("The language of a call", Fact::Language),
        ],
        ..Fixtures::new("tldv", date(2026, 3, 1), date(2026, 3, 31))
    }]
}

super::nights::spend!();

fn night() -> Night {
    Night {
        demo: simulator::tldv::DEMO,
        lines: "",
        // others.md section 4.8.
        planned: |listed, _| {
            let pages = listed
                .windows
                .iter()
                .map(|calls| calls.div_ceil(100).max(1));
            pages.sum::<usize>() + listed.calls
        },
        told,
        // A meeting is deleted while the list is read, in a request that nothing else befalls.
        mishap: || {
            Rule::new(Fault::rewrite(|json| json["total"] = 1.into()))
                .when(|entry| entry.summary.cursor && ![3, 5, 7, 23, 43].contains(&entry.number))
                .skip(3)
                .once()
        },
        // The window is listed again: at most 10 pages, of 1,000 calls.
        mishap_costs: 10,
        refused_after: 1,
    }
}

/// A simulated call as tl;dv tells it: the organizer, then who was invited; names of speakers; whole seconds.
fn told(population: &Population, call: &Call) -> Told {
    let host = call
        .parties
        .iter()
        .filter(|party| party.user_id.is_some() && party.user_id == call.primary_user_id);
    let invited = call.parties.iter().filter(|party| party.invited);
    let mut participants: Vec<Person> = Vec::new();
    for party in host.chain(invited) {
        let email = party.email.as_deref().map(lower_domain);
        let lower = |email: &Option<String>| email.as_ref().map(|email| email.to_lowercase());
        let same = |person: &&mut Person| email.is_some() && lower(&person.email) == lower(&email);
        match participants.iter_mut().find(same) {
            Some(known) => known.name = known.name.take().or(party.name.clone()),
            None => participants.push(Person {
                name: party.name.clone(),
                email,
                affiliation: "unknown".into(),
                ..Person::default()
            }),
        }
    }
    let mut told = Told {
        participants,
        ..Told::of(call)
    };
    if !Told::is_transcribed(call) {
        return told;
    }
    for turn in population.turns(call) {
        let speaks = |id: &String| {
            let party = call
                .parties
                .iter()
                .find(|party| party.speaker_id.as_ref() == Some(id));
            party.and_then(|party| party.name.clone())
        };
        let speaker = turn.speaker_id.as_ref().and_then(speaks);
        told.segments
            .extend(turn.sentences.into_iter().map(|sentence| Said {
                speaker: speaker.clone(),
                start_ms: Some(sentence.start_ms.div_euclid(1_000) * 1_000),
                end_ms: Some((sentence.end_ms + 999).div_euclid(1_000) * 1_000),
                text: sentence.text,
            }));
    }
    told
}

/// Where a query tells of all that it can, there may be more: the newer half of the days is asked for.
#[test]
fn a_list_that_is_too_long_is_halved() {
    let fixtures = fixtures().remove(0);
    let replay = Replay::new(&fixtures);
    let asked: Vec<String> = replay
        .import()
        .1
        .asked
        .iter()
        .map(|asked| asked.exchange.path.clone())
        .filter(|path| path.contains("/meetings?"))
        .collect();
    let (first, middle, last) = (
        "2026-03-01T00:00:00.000Z",
        "2026-03-16T12:00:00.000Z",
        "2026-04-01T00:00:00.000Z",
    );
    let path =
        |page, from, to| format!("/v1alpha1/meetings?page={page}&limit=100&from={from}&to={to}");
    assert_eq!(
        asked,
        [
            path(1, first, last),
            path(1, middle, last),
            path(2, middle, last),
            path(1, first, middle),
        ]
    );
}

/// A meeting that goes draws others to pages that were read already.
#[test]
fn a_list_that_shrinks_is_read_again() {
    let fixtures = fixtures().remove(0);
    let replay = Replay::new(&fixtures);
    let pages = replay.listing(None);
    let (_, _, Some(second)) = &pages[1] else {
        panic!("the second page was asked for")
    };
    let shrunk =
        String::from_utf8_lossy(&second.reply.body).replace(r#""total": 7"#, r#""total": 6"#);
    let reply = reply(200, "application/json", shrunk.as_bytes());
    assert_eq!(
        second.answered(&replay, reply),
        Err(Rejection::RestartWindow)
    );
}

/// The key is right, but one meeting's organizer has no paid plan.
#[test]
fn a_refused_transcript_is_given_up_and_a_refused_list_is_not() {
    let fixtures = fixtures().remove(0);
    let replay = Replay::new(&fixtures);
    let work = Work::List {
        window: fixtures.period.window(),
        cursor: None,
    };
    let Step::Send(_, progress) = replay.connector.begin(&work, &replay.setup) else {
        panic!("a list is asked for")
    };
    let refused = Reply::Http(reply(403, "application/json", b"{}"));
    let rejection = replay
        .connector
        .next(&work, &replay.setup, &progress, &refused);
    assert!(
        matches!(rejection, Err(Rejection::Credentials { .. })),
        "{rejection:?}"
    );
}

#[test]
fn a_listing_becomes_calls() {
    let fixtures = fixtures().remove(0);
    let (_, imported) = Replay::new(&fixtures).import();
    insta::assert_json_snapshot!("tldv_calls", imported.calls);
    insta::assert_json_snapshot!("tldv_transcripts", imported.transcripts);
}
