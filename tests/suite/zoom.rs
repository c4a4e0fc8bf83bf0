//! Zoom's connector where the laws do not reach: months, many people, tokens that die, files that are late or
//! gone.

use std::sync::Arc;

use bytes::Bytes;
use call_import_engine::{
    model::{Method, Period, Phase, Window},
    platforms::{
        CallRef, Connector, Exchange, HttpReply, Page, Progress, Rejection, Reply, Setup, Step,
        Work, connector,
    },
};
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use serde_json::{Value, json};
use simulator::{
    Config, Running, Simulator,
    company::TranscriptFate,
    faults::{Fault, Rule},
    media::NOWHERE,
    oauth, zoom,
};

use crate::{reconcile::population, record, support::Scene};

fn zoom_connector() -> &'static dyn Connector {
    connector("zoom").expect("Zoom is in the catalog")
}

fn setup() -> Setup {
    Setup {
        base_url: "https://api.zoom.us".into(),
        options: serde_json::Map::new(),
        internal_domains: vec!["fabrikam.example".into()],
        period: Period {
            from: date(2026, 3, 1),
            to: date(2026, 3, 31),
        },
        method: Method::Oauth,
        as_of: "2026-12-01T01:17:00Z".parse().expect("an instant"),
        keys: 1,
        gathered: Default::default(),
    }
}

fn list(from: Date, to: Date) -> Work {
    Work::List {
        window: Window { from, to },
        cursor: None,
    }
}

fn reply(status: u16, body: &[u8]) -> Reply {
    Reply::Http(HttpReply {
        status,
        date: None,
        retry_after: None,
        allowance: None,
        content_type: "application/json".into(),
        location: None,
        body: Bytes::copy_from_slice(body),
    })
}

fn sent(step: Step) -> (String, Progress) {
    match step {
        Step::Send(Exchange::Http(exchange), progress) => (exchange.path, progress),
        other => panic!("expected a request, got {other:?}"),
    }
}

fn fixture(name: &str) -> Vec<u8> {
    let path = crate::support::root()
        .join("tests/fixtures/zoom")
        .join(name);
    std::fs::read(path).expect("a fixture")
}

/// Every request of a listing, and every page, with these people (0 to `active`, then one who has left).
fn walk(from: Date, to: Date, active: usize) -> (Vec<String>, Vec<Page>) {
    let (mut work, mut paths, mut pages) = (list(from, to), Vec::new(), Vec::new());
    loop {
        let mut step = zoom_connector().begin(&work, &setup());
        let page = loop {
            let (path, progress) = match step {
                Step::Page(page) => break page,
                step => sent(step),
            };
            let body = answer(&path, active);
            paths.push(path);
            let reply = reply(200, body.to_string().as_bytes());
            step = zoom_connector()
                .next(&work, &setup(), &progress, &reply)
                .expect("an answer");
        };
        let next = page.next.clone();
        pages.push(page);
        let Work::List { window, .. } = work else {
            unreachable!("only lists are walked")
        };
        match next {
            None => return (paths, pages),
            cursor => work = Work::List { window, cursor },
        }
    }
}

fn answer(path: &str, active: usize) -> Value {
    if path.contains("/recordings?") {
        return json!({"meetings": [], "next_page_token": ""});
    }
    let people = |numbers: std::ops::Range<usize>| -> Vec<Value> {
        numbers
            .map(|number| json!({"id": format!("u{number}")}))
            .collect()
    };
    if path.contains("status=inactive") {
        return json!({"users": people(active..active + 1)});
    }
    let first = path
        .split_once("next_page_token=")
        .map_or(0, |(_, token)| token.parse().expect("a token of ours"));
    let end = active.min(first + 300);
    let token = match end < active {
        true => end.to_string(),
        false => String::new(),
    };
    json!({"users": people(first..end), "next_page_token": token})
}

#[test]
fn a_window_is_listed_month_by_month_and_person_by_person() {
    let (paths, pages) = walk(date(2026, 1, 20), date(2026, 4, 2), 2);
    let user = |number: usize, from: &str, to: &str| {
        format!("/v2/users/u{number}/recordings?from={from}&to={to}&page_size=300")
    };
    let people =
        ["active", "inactive"].map(|status| format!("/v2/users?status={status}&page_size=300"));
    let mut expected = vec![people[0].clone()];
    let months = [
        ("2026-04-01", "2026-04-01"),
        ("2026-03-01", "2026-03-31"),
        ("2026-02-01", "2026-02-28"),
        ("2026-01-20", "2026-01-31"),
    ];
    for (position, (from, to)) in months.into_iter().enumerate() {
        expected.extend([user(0, from, to), user(1, from, to)]);
        // The people who have left are asked for when those who are there are done.
        expected.extend((position == 0).then(|| people[1].clone()));
        expected.push(user(2, from, to));
    }
    assert_eq!(paths, expected);
    assert_eq!(pages.len(), 4, "a page a month, although nothing is found");
}

#[test]
fn more_people_than_a_page_are_asked_for_each_month() {
    let (paths, pages) = walk(date(2026, 2, 1), date(2026, 4, 1), 700);
    let lists = paths.iter().filter(|path| path.starts_with("/v2/users?"));
    assert_eq!(lists.count(), 2 * 4, "three pages and those who have left");
    assert_eq!(paths.len(), 2 * (4 + 701));
    let longest = pages.iter().filter_map(|page| page.next.as_ref());
    assert!(longest.map(String::len).max() < Some(1_000), "no people");
    for user in 0..=700 {
        let own = format!("/v2/users/u{user}/");
        let asked = paths.iter().filter(|path| path.starts_with(&own)).count();
        assert_eq!(asked, 2, "u{user}");
    }
}

#[test]
fn an_empty_account_is_asked_for_its_people_once() {
    let (mut work, setup) = (list(date(2025, 4, 1), date(2026, 4, 1)), setup());
    let (mut requests, mut pages) = (0, 0);
    loop {
        let mut step = zoom_connector().begin(&work, &setup);
        while let Step::Send(_, progress) = &step {
            requests += 1;
            let reply = reply(200, br#"{"users": []}"#);
            step = zoom_connector()
                .next(&work, &setup, progress, &reply)
                .expect("an answer");
        }
        let Step::Page(page) = step else { break };
        pages += 1;
        let (Work::List { window, .. }, Some(_)) = (&work, &page.next) else {
            break;
        };
        work = Work::List {
            window: *window,
            cursor: page.next,
        };
    }
    assert_eq!((requests, pages), (2, 12));
}

#[test]
fn a_listing_becomes_calls() {
    let work = list(date(2026, 3, 1), date(2026, 4, 1));
    let mut step = zoom_connector().begin(&work, &setup());
    let page = loop {
        let (path, progress) = match step {
            Step::Page(page) => break page,
            step => sent(step),
        };
        let (status, file) = match path.as_str() {
            path if path.contains("token=people-2") => (200, "users-2.json"),
            path if path.contains("status=active") => (200, "users.json"),
            path if path.contains("status=inactive") => (200, "users-inactive.json"),
            path if path.contains("token=ada-2") => (200, "march-ada-2.json"),
            path if path.contains("Ada001") => (200, "march-ada.json"),
            path if path.contains("Ines02") => (200, "march-ines.json"),
            _ => (404, "no-user.json"),
        };
        let reply = reply(status, &fixture(file));
        step = zoom_connector()
            .next(&work, &setup(), &progress, &reply)
            .expect("an answer");
    };
    insta::assert_json_snapshot!("zoom_listing", page.calls);
    insta::assert_debug_snapshot!("zoom_listing_failures", page.failures);
    let raw: Vec<Value> = page
        .calls
        .iter()
        .map(|call| serde_json::from_str(call.raw.as_deref().expect("JSON")).expect("JSON"))
        .collect();
    insta::assert_json_snapshot!("zoom_listing_raw", raw[0]);

    let calls = page.calls.iter().take(2);
    let calls: Vec<CallRef> = calls
        .map(|call| CallRef {
            external_id: call.external_id.clone(),
            raw: call.raw.clone(),
        })
        .collect();
    let transcripts = calls.into_iter().map(|call| {
        let work = Work::Transcripts(vec![call]);
        let mut step = zoom_connector().begin(&work, &setup());
        loop {
            let (path, progress) = match step {
                Step::Page(page) => return page.transcripts,
                step => sent(step),
            };
            let file = match path.rsplit('/').next() {
                Some("made-up-ada-1") => "ada.vtt",
                Some("made-up-part-1") => "part-1.vtt",
                _ => "part-2.vtt",
            };
            let reply = reply(200, &fixture(file));
            step = zoom_connector()
                .next(&work, &setup(), &progress, &reply)
                .expect("an answer");
        }
    });
    insta::assert_json_snapshot!("zoom_transcripts", transcripts.collect::<Vec<_>>());
}

#[test]
fn every_status_has_its_meaning() {
    let work = list(date(2026, 3, 1), date(2026, 4, 1));
    let (_, progress) = sent(zoom_connector().begin(&work, &setup()));
    let rejection = |progress: &Progress, status: u16, body: &str| {
        zoom_connector()
            .next(&work, &setup(), progress, &reply(status, body.as_bytes()))
            .expect_err("a rejection")
    };
    for (status, body, expected) in [
        (
            401,
            r#"{"code": 124, "message": "Invalid access token."}"#,
            "Credentials",
        ),
        (
            400,
            r#"{"code": 4711, "message": "Invalid access token, does not contain scopes:[x]."}"#,
            "Credentials",
        ),
        (403, "", "Credentials"),
        (429, "", "Throttled"),
        (500, "", "Unavailable"),
        (503, "<html>", "Unavailable"),
        (
            400,
            r#"{"code": 300, "message": "Validation Failed."}"#,
            "Refused",
        ),
        (404, "", "Refused"),
        (302, "", "Refused"),
    ] {
        let rejection = format!("{:?}", rejection(&progress, status, body));
        assert!(
            rejection.starts_with(expected),
            "{status} {body}: {rejection}"
        );
    }
    // With a token the same 400 means that the token is dead.
    let first = reply(200, &fixture("users.json"));
    let step = zoom_connector().next(&work, &setup(), &progress, &first);
    let (_, progress) = sent(step.expect("an answer"));
    let first = reply(200, &fixture("march-ada.json"));
    let step = zoom_connector().next(&work, &setup(), &progress, &first);
    let (path, progress) = sent(step.expect("an answer"));
    assert!(path.ends_with("&next_page_token=ada-2"), "{path}");
    let dead = r#"{"code": 300, "message": "The next page token is invalid or expired."}"#;
    assert_eq!(rejection(&progress, 400, dead), Rejection::RestartWindow);
    // A page that names itself as the next one.
    let same = fixture("march-ada.json");
    let same = String::from_utf8(same).expect("JSON");
    let Rejection::Broken { detail } = rejection(&progress, 200, &same) else {
        panic!("it would go on for ever")
    };
    assert!(detail.contains("token"), "{detail}");
}

#[test]
fn a_uuid_with_slashes_is_asked_for_with_two_layers_of_encoding() {
    for (uuid, expected) in [
        ("aB3==", "/v2/meetings/aB3%3D%3D/recordings"),
        ("/aB3==", "/v2/meetings/%252FaB3%253D%253D/recordings"),
    ] {
        let call = CallRef {
            external_id: uuid.into(),
            raw: None,
        };
        let work = Work::Transcripts(vec![call]);
        let (path, _) = sent(zoom_connector().begin(&work, &setup()));
        assert_eq!(path, expected);
    }
}

/// A Zoom with 200 calls in two months, and a request for them.
fn scene(page_size: usize) -> (Scene, Running) {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let config = zoom::Config {
        page_size,
        ..zoom::Config::new(population(200, "2026-10-01", "2026-11-20"))
    };
    let running = Simulator::start(Config {
        clock: Arc::new(scene.clock.clone()),
        ..Config::zoom(config)
    })
    .expect("the simulator starts");
    scene
        .platform_urls
        .insert("zoom".into(), running.url.clone());
    let (_, credential) = (zoom::DEMO.config)(
        population(1, "2026-10-01", "2026-10-02"),
        zoom::LIMITS,
        NOWHERE,
    );
    scene
        .secrets
        .insert("IMPORT_NORTHWIND_ZOOM".into(), credential.to_string());
    scene.write(
        "northwind.yaml",
        "customer: Northwind\nplatform: zoom\nestimated_calls: 200\nurgency: onboarding\n\
         requested_completion: 2030-12-31\ncredentials:\n  secret: IMPORT_NORTHWIND_ZOOM\n\
         period: {from: 2026-10-01, to: 2026-11-20}\n",
    );
    (scene, running)
}

fn count(scene: &Scene, state: &str) -> usize {
    let sql = format!("SELECT count(*)::VARCHAR FROM calls WHERE transcript_state = '{state}'");
    record::value(&scene.database(), &sql)
        .parse()
        .expect("a number")
}

#[tokio::test]
async fn tokens_that_expire_in_the_middle_cost_one_renewal() {
    let (scene, running) = scene(300);
    let authority = running.oauth().clone();
    let expires = running.faults().add(
        Rule::new(Fault::effect(move || authority.expire()))
            .on(zoom::DOWNLOAD)
            .skip(20)
            .once(),
    );
    let report = scene.run("first").await;
    let import = &report.imports[0];
    assert_eq!(
        (import.phase, import.calls_imported),
        (Phase::Completed, 200)
    );
    assert_eq!(expires.hits(), 1);
    let log = running.log();
    assert_eq!(
        log.count(oauth::TOKEN),
        2,
        "one token, and one in its place"
    );
    let refused = log.count_status(401);
    assert!((1..=8).contains(&refused), "{refused} were under way");
}

#[tokio::test]
async fn a_dead_page_token_lists_the_window_again() {
    let (scene, running) = scene(2);
    let dead = running.faults().add(
        Rule::new(Fault::CursorExpired)
            .on(zoom::RECORDINGS)
            .when(|entry| entry.summary.cursor)
            .once(),
    );
    let report = scene.run("first").await;
    let import = &report.imports[0];
    assert_eq!(
        (import.phase, import.calls_imported),
        (Phase::Completed, 200)
    );
    assert_eq!(dead.hits(), 1);
    assert_eq!(
        record::value(&scene.database(), "SELECT count(*)::VARCHAR FROM calls"),
        "200"
    );
}

#[tokio::test]
async fn a_recording_that_is_deleted_before_its_file_is_fetched_is_given_up() {
    let (scene, running) = scene(300);
    let account = running.account();
    let there = |fate: TranscriptFate| fate == TranscriptFate::There;
    let victim = account
        .calls()
        .find(|call| there(call.transcript))
        .expect("most have a transcript");
    let (zoom, path) = (
        running.zoom().clone(),
        format!("/rec/download/{}", victim.id),
    );
    let index = victim.index;
    running.faults().add(
        Rule::new(Fault::effect(move || zoom.account().hide([index])))
            .when(move |entry| entry.path == path)
            .once(),
    );
    let report = scene.run("first").await;
    assert_eq!(report.imports[0].phase, Phase::Completed);
    let state = format!(
        "SELECT transcript_state FROM calls WHERE external_id = '{}'",
        victim.id
    );
    assert_eq!(record::value(&scene.database(), &state), "unavailable");
    assert_eq!(
        count(&scene, "unavailable"),
        1,
        "the others are not touched"
    );
    assert_eq!(
        running.log().count(zoom::RECORDING),
        1 + processed(&running)
    );
}

/// Late transcripts whose files are listed as being processed: where they are is asked for.
fn processed(running: &Running) -> usize {
    let calls = running.account().population().calls();
    calls.filter(zoom::is_processed).count()
}

#[tokio::test]
async fn files_that_are_empty_or_processed_are_asked_for_again_the_next_nights() {
    let (scene, running) = scene(300);
    scene.run("night-1").await;
    let population = running.account().population();
    let late = |call: &simulator::company::Call| matches!(call.transcript, TranscriptFate::Late(_));
    let late = population.calls().filter(late).count();
    assert!(late > processed(&running) && processed(&running) > 0);
    assert_eq!(count(&scene, "pending"), late);
    assert_eq!(running.log().count(zoom::RECORDING), processed(&running));
    for night in 2..=4 {
        scene.clock.set(&format!("2026-12-0{night}T01:17:00Z"));
        scene.run(&format!("night-{night}")).await;
    }
    assert_eq!(count(&scene, "pending"), 0);
    let report = scene.run("same-day").await;
    assert_eq!(report.imports[0].phase, Phase::Completed);
}

#[test]
fn a_month_is_never_longer_than_a_month() {
    for days in [1, 27, 28, 31, 59, 365] {
        let from = date(2028, 2, 10);
        let to = from.saturating_add(days.days());
        let (paths, _) = walk(from, to, 1);
        let mut covered = 0;
        for path in paths.iter().filter(|path| path.contains("/u0/recordings?")) {
            let value = |name: &str| -> Date {
                let (_, rest) = path.split_once(name).expect("a date");
                rest[..10].parse().expect("a date")
            };
            let (first, last) = (value("from="), value("to="));
            assert!(last < first.saturating_add(1.month()), "{path}");
            covered += (last - first).get_days() + 1;
        }
        assert_eq!(i64::from(covered), days, "each day once");
    }
}
