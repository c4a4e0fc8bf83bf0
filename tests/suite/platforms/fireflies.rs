//! Fireflies' fixtures and night, and what only it does: errors inside a 200, moments to wait for, pages that are
//! too heavy.

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use call_import_engine::{
    model::Phase,
    platforms::{CallRef, Exchange, HttpExchange, HttpReply, Page, Rejection, Reply, Step, Work},
};
use jiff::civil::date;
use serde_json::{Value, json};
use simulator::{
    company::{Call, Party, Population},
    faults::{Fault, Rule},
    limits::Limits,
};

use crate::record;

use super::{
    fixtures::{Fact, Fixtures, answer, can, cannot},
    nights::{Night, Person, Said, Told, lower_domain, scene},
    replay::{Replay, reply},
};

super::laws::hold!();

fn fixtures() -> Vec<Fixtures> {
    vec![Fixtures {
        answers: vec![
            answer(&["POST /graphql", "query Links("], "fireflies/links.json"),
            answer(&["POST /graphql", "query Link("], "fireflies/link.json"),
            answer(
                &["POST /graphql", "transcripts(", r#""skip":49"#],
                "fireflies/list-2.json",
            ),
            answer(&["POST /graphql", "transcripts("], "fireflies/list-1.json"),
        ],
        calls: &CALLS,
        transcripts: &[
            "01KMADEUP0FIREFLIES0000001",
            "oldIdTen10",
            "01KMADEUP0FIREFLIES0000005",
            "01KMADEUP0FIREFLIES0000101",
        ],
        // One is asked for by itself, because the list leaves it out.
        media: &[
            (
                "01KMADEUP0FIREFLIES0000001",
                "https://media.made-up.example/a.mp4?Signature=SECRET",
            ),
            (
                "01KMADEUP0FIREFLIES0000005",
                "https://media.made-up.example/e.mp3?Signature=SECRET",
            ),
        ],
        without_media: &["w08"],
        unreadable: &[
            "unreadable-74234e98afe7498f",
            "01KMADEUP0FIREFLIES0000007",
            "unreadable-c4539b66fe10a6d5",
        ],
        promises: vec![
            can("with its title", Fact::Title),
            can("date", Fact::Start),
            can("length", Fact::Duration),
            can("participants", Fact::Participants),
            can("with the speaker", Fact::Speakers),
            can("the times of each sentence", Fact::StartTimes),
            can("the times of each sentence", Fact::EndTimes),
            can("See who came", Fact::Attendance),
            can("Tell your own people", Fact::Affiliation),
            can("through the link on each call", Fact::Link),
            can("a copy of each recording", Fact::Recording),
            cannot("Summaries", Fact::Summary),
            cannot("The language of a call", Fact::Language),
        ],
        ..Fixtures::new("fireflies", date(2026, 3, 1), date(2026, 3, 31))
    }]
}

/// The first ones have all the variety, the weekly ones fill the page.
static CALLS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let ids = "01KMADEUP0FIREFLIES0000001 oldIdTen10 98765432109876543 01KMADEUP0FIREFLIES0000004 \
     01KMADEUP0FIREFLIES0000005 01KMADEUP0FIREFLIES0000101 01KMADEUP0FIREFLIES0000103 \
     w08 w09 w10 w11 w12 w13 w14 w15 w16 w17 w18 w19 w20 w21 w22 w23 w24 w25 w26 w27 w28 w29 w30 w31 w32 w33 w34 \
     w35 w36 w37 w38 w39 w40 w41 w42 w43 w44 w45 w46 w47 w48 w49 w50";
    ids.split_whitespace().collect()
});

super::nights::spend!();

fn night() -> Night {
    Night {
        demo: simulator::fireflies::DEMO,
        lines: "",
        // others.md section 2.9: 50 calls with their text in one request, of which one is the last of the page before.
        planned: |listed, _| {
            let pages = listed.windows.iter().map(|calls| calls.div_ceil(49).max(1));
            pages.sum()
        },
        told,
        // A page takes too long.
        mishap: || Rule::new(Fault::status(408)).at(10),
        // It comes in smaller pieces that grow again.
        mishap_costs: 2,
        refused_after: 1,
    }
}

/// On small plans 50 requests a day are allowed, here 10. Fireflies tells the moment at which it goes on.
#[tokio::test]
async fn a_spent_day_goes_on_the_next_night() {
    let limits = Limits {
        per_minute: None,
        per_day: Some(10),
        ..simulator::fireflies::LIMITS
    };
    let (scene, running) = scene(&night(), 1_000, limits);
    for (at, phase) in [
        ("2026-12-01T01:17:00Z", Phase::Importing),
        ("2026-12-02T01:20:00Z", Phase::Importing),
        ("2026-12-03T01:23:00Z", Phase::Completed),
    ] {
        scene.clock.set(at);
        let report = scene.run(at).await;
        assert_eq!(
            report.imports[0].phase, phase,
            "{at}: {:?}",
            report.imports[0].reason
        );
    }
    let refused = running.log().count_status(429);
    assert!(
        (1..=4).contains(&refused),
        "what was under way on two nights: {refused}"
    );
    let recorded = record::query(
        &scene.database(),
        "SELECT external_id FROM calls ORDER BY external_id",
    );
    let population = running.account().population();
    let mut listed: Vec<String> = population.calls().map(|call| call.id).collect();
    listed.sort();
    assert_eq!(
        recorded, listed,
        "every call once, in spite of the spent days"
    );
}

/// A simulated call as Fireflies tells it: those who were invited, then other addresses, then other names.
fn told(population: &Population, call: &Call) -> Told {
    let mut people: Vec<Person> = Vec::new();
    let invited = call.parties.iter().filter(|party| party.invited);
    let addresses = call.parties.iter().filter(|party| party.email.is_some());
    let named = invited.map(|party| (party, party.name.clone()));
    for (party, name) in named.chain(addresses.map(|party| (party, None))) {
        let email = party.email.as_deref().map(lower_domain);
        let lower = |email: &Option<String>| email.as_ref().map(|email| email.to_lowercase());
        let same = |person: &&mut Person| email.is_some() && lower(&person.email) == lower(&email);
        match people.iter_mut().find(same) {
            Some(known) => known.name = known.name.take().or(name),
            None => people.push(Person {
                name,
                affiliation: affiliation(call, email.as_ref()),
                email,
                ..Person::default()
            }),
        }
    }
    for name in call
        .parties
        .iter()
        .filter(|party| party.attended)
        .filter_map(|party| party.name.as_ref())
    {
        let mut same = people.iter_mut().filter(|person| {
            person
                .name
                .as_ref()
                .is_some_and(|own| own.eq_ignore_ascii_case(name))
        });
        match (same.next(), same.next()) {
            (Some(known), None) => known.attended = Some(true),
            (Some(_), Some(_)) => {}
            (None, _) => people.push(Person {
                name: Some(name.clone()),
                affiliation: "unknown".into(),
                attended: Some(true),
                ..Person::default()
            }),
        }
    }
    let segments = said(population, call);
    Told {
        participants: people,
        duration_ms: call
            .duration_s
            .map(|seconds| seconds * 1_000)
            .or_else(|| segments.iter().filter_map(|said| said.end_ms).max()),
        segments,
        ..Told::of(call)
    }
}

/// Fireflies lists the addresses of the company's own people.
fn affiliation(call: &Call, email: Option<&String>) -> String {
    let own = call.parties.iter().any(|party| {
        let address = party.email.as_deref().map(lower_domain);
        party.affiliation == "Internal" && address.is_some() && address.as_ref() == email
    });
    if own { "internal" } else { "unknown" }.into()
}

/// Speakers without a name are numbered from 1.
fn said(population: &Population, call: &Call) -> Vec<Said> {
    if !Told::is_transcribed(call) {
        return Vec::new();
    }
    let speaking = call
        .parties
        .iter()
        .filter(|party| party.speaker_id.is_some());
    let label = |(number, party): (usize, &Party)| {
        let label = party
            .name
            .clone()
            .unwrap_or_else(|| format!("Speaker {number}"));
        (party.speaker_id.clone(), label)
    };
    let labels: BTreeMap<Option<String>, String> = (1..).zip(speaking).map(label).collect();
    let turns = population.turns(call).into_iter().flat_map(|turn| {
        let stranger = turn.speaker_id.as_ref().map(|_| "Speaker 1".to_owned());
        let speaker = labels.get(&turn.speaker_id).cloned().or(stranger);
        turn.sentences.into_iter().map(move |sentence| Said {
            speaker: speaker.clone(),
            start_ms: Some(sentence.start_ms),
            end_ms: Some(sentence.end_ms),
            text: sentence.text,
        })
    });
    turns.collect()
}

/// What the connector makes of an answer to some work.
fn next(work: &Work, status: u16, body: &Value) -> Result<Step, Rejection> {
    let body = body.to_string();
    answered(work, reply(status, "application/json", body.as_bytes()))
}

fn answered(work: &Work, reply: HttpReply) -> Result<Step, Rejection> {
    let fixtures = fixtures().remove(0);
    let replay = Replay::new(&fixtures);
    let Step::Send(_, progress) = replay.connector.begin(work, &replay.setup) else {
        panic!("{work:?} asks")
    };
    replay
        .connector
        .next(work, &replay.setup, &progress, &Reply::Http(reply))
}

fn list() -> Work {
    let fixtures = fixtures().remove(0);
    Work::List {
        window: fixtures.period.window(),
        cursor: None,
    }
}

fn text() -> Work {
    Work::Transcripts(vec![CallRef {
        external_id: "01KMADEUP".into(),
        raw: None,
    }])
}

fn error(code: &str, status: u16) -> Value {
    json!({"data": null, "errors": [{"message": "No", "code": code, "extensions": {"code": code, "status": status}}]})
}

#[test]
fn errors_inside_a_200_have_their_meaning() {
    for (code, status, expected) in [
        ("auth_failed", 401, "Credentials"),
        ("paid_required", 403, "Credentials"),
        ("account_cancelled", 403, "Credentials"),
        ("forbidden", 403, "Credentials"),
        ("object_not_found", 404, "Refused"),
        ("invalid_arguments", 400, "Refused"),
        ("too_many_requests", 429, "Throttled"),
        ("request_timeout", 408, "TooMuch"),
        ("invariant_violation", 500, "TooMuch"),
    ] {
        let rejection = next(&list(), 200, &error(code, status)).expect_err("no answer");
        let rejection = format!("{rejection:?}");
        assert!(rejection.starts_with(expected), "{code}: {rejection}");
    }
    let empty = json!({"data": {"transcripts": []}});
    assert_eq!(next(&list(), 200, &empty), Ok(Step::Page(Page::default())));
    let both =
        json!({"data": {"transcripts": []}, "errors": [{"message": "No", "code": "auth_failed"}]});
    let rejection = next(&list(), 200, &both).expect_err("an empty list beside an error is none");
    assert!(
        matches!(rejection, Rejection::Credentials { .. }),
        "{rejection:?}"
    );
}

/// The moment is of Fireflies' clock, so it is counted from when Fireflies says it answered.
#[test]
fn a_moment_to_wait_for_is_counted_from_the_date_of_the_answer() {
    let mut body = error("too_many_requests", 429);
    // 2026-12-01T00:00:00Z
    body["errors"][0]["extensions"]["metadata"] = json!({"retryAfter": 1_796_083_200_000_u64});
    for (date, seconds) in [
        (Some("2026-11-30T23:00:00Z"), Some(3_600)),
        (Some("2026-12-01T03:00:00Z"), Some(0)),
        // A moment of an unknown clock says nothing.
        (None, None),
    ] {
        let reply = HttpReply {
            date: date.map(|date| date.parse().unwrap()),
            ..reply(200, "application/json", body.to_string().as_bytes())
        };
        let rejection = answered(&list(), reply).expect_err("no answer");
        let after = seconds.map(Duration::from_secs);
        assert_eq!(rejection, Rejection::Throttled { after });
    }
    let told = next(&list(), 429, &json!({})).expect_err("no answer");
    let after = Some(Duration::from_secs(7));
    assert_eq!(told, Rejection::Throttled { after });
}

/// One call that will not come is given up; the others, and the import, go on.
#[test]
fn a_call_that_is_gone_or_silent_is_given_up() {
    let gone = |status: u16, body: &Value| match next(&text(), status, body) {
        Ok(Step::Page(page)) => page,
        other => panic!("{other:?}"),
    };
    let silent = json!({"data": {"transcript": {"sentences": null, "meeting_info": {"silent_meeting": true}}}});
    for body in [
        error("object_not_found", 404),
        error("forbidden", 403),
        silent,
    ] {
        assert_eq!(gone(200, &body).without_transcript, ["01KMADEUP"], "{body}");
    }
    let pending = json!({"data": {"transcript": {"sentences": null, "meeting_info": null}}});
    assert_eq!(
        gone(200, &pending),
        Page::default(),
        "it is asked for again"
    );
}

/// A page that never comes in time is asked for in smaller pieces, down to one call, and the next ones grow again.
#[test]
fn heavy_pages_are_asked_for_smaller() {
    let fixtures = fixtures().remove(0);
    let replay = Replay::new(&fixtures);
    let mut work = list();
    let (mut limits, mut listed) = (Vec::new(), 0);
    let mut step = replay.connector.begin(&work, &replay.setup);
    while listed < 20 {
        let (exchange, progress) = match step {
            Step::Send(Exchange::Http(exchange), progress) => (exchange, progress),
            Step::Page(page) => {
                listed += page.calls.len();
                work = Work::List {
                    window: fixtures.period.window(),
                    cursor: page.next,
                };
                step = replay.connector.begin(&work, &replay.setup);
                continue;
            }
            other => panic!("{other:?}"),
        };
        let (skip, limit) = asked(&exchange);
        let overlap = usize::from(listed > 0 && limit > 1);
        assert_eq!(skip + overlap, listed, "no call is left out");
        limits.push(limit);
        let body = if limit > 10 {
            error("request_timeout", 408)
        } else {
            let call = |number| json!({"id": format!("c{number}"), "date": 1_772_463_600_000_u64});
            let calls: Vec<Value> = (skip..skip + limit).map(call).collect();
            json!({"data": {"transcripts": calls}})
        };
        let reply = Reply::Http(reply(200, "application/json", body.to_string().as_bytes()));
        step = match replay
            .connector
            .next(&work, &replay.setup, &progress, &reply)
        {
            Ok(step) => step,
            Err(Rejection::TooMuch { instead, .. }) => Step::Send(instead.0, instead.1),
            Err(other) => panic!("{other:?}"),
        };
    }
    assert_eq!(limits, [50, 12, 3, 6, 12, 3, 6, 12, 3, 6]);
}

/// A burst of failures is waited for first.
#[test]
fn the_first_failure_does_not_make_pages_smaller() {
    let Err(Rejection::TooMuch { instead, .. }) = next(&list(), 503, &json!({})) else {
        panic!("a 503 is a failure")
    };
    let (Exchange::Http(exchange), _) = *instead else {
        panic!("Fireflies is asked by HTTP")
    };
    assert_eq!(asked(&exchange), (0, 50));
}

fn asked(exchange: &HttpExchange) -> (usize, usize) {
    let variables = &exchange.body.as_ref().unwrap()["variables"];
    let number = |name: &str| usize::try_from(variables[name].as_u64().unwrap()).unwrap();
    (number("skip"), number("limit"))
}

#[test]
fn a_listing_becomes_calls() {
    let fixtures = fixtures().remove(0);
    let (_, imported) = Replay::new(&fixtures).import();
    let (weekly, others): (Vec<_>, Vec<_>) = imported
        .calls
        .iter()
        .partition(|call| call.external_id.starts_with('w'));
    insta::assert_json_snapshot!("fireflies_calls", others);
    assert_eq!(weekly.len(), 43);
    insta::assert_json_snapshot!("fireflies_transcripts", imported.transcripts);
}

/// A list in which something has gone is read again; one in which something has come is not, and neither is one
/// that has a record without an id where two pages meet.
#[test]
fn two_pages_meet_in_a_call_that_both_have() {
    let fixtures = fixtures().remove(0);
    let replay = Replay::new(&fixtures);
    let record = |number: usize| match number {
        49 => json!({"title": "a record without an id"}),
        number => json!({"id": format!("c{number}"), "date": 1_772_463_600_000_u64}),
    };
    let take = |work: &Work, numbers: &mut dyn Iterator<Item = usize>| {
        let records: Vec<Value> = numbers.map(record).collect();
        let Step::Send(_, progress) = replay.connector.begin(work, &replay.setup) else {
            panic!("{work:?} asks")
        };
        let body = json!({"data": {"transcripts": records}}).to_string();
        let reply = Reply::Http(reply(200, "application/json", body.as_bytes()));
        replay
            .connector
            .next(work, &replay.setup, &progress, &reply)
    };
    let Ok(Step::Page(first)) = take(&list(), &mut (0..50)) else {
        panic!("a page")
    };
    assert_eq!((first.calls.len(), first.failures.len()), (49, 1));
    let work = Work::List {
        window: fixtures.period.window(),
        cursor: first.next,
    };
    let brings = |numbers: &mut dyn Iterator<Item = usize>| match take(&work, numbers) {
        Ok(Step::Page(page)) => Some((page.calls.len(), page.failures.len())),
        Err(Rejection::RestartWindow) => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(brings(&mut (49..60)), Some((10, 0)), "as it was");
    assert_eq!(brings(&mut (47..60)), Some((10, 0)), "two have come");
    assert_eq!(brings(&mut (50..60)), None, "one has gone");
    assert_eq!(brings(&mut (0..0)), None, "all have gone");
}
