//! The laws of design.md section 7. Each is a function that fails with the platform's name and the request.

use std::collections::BTreeSet;

use call_import_engine::{
    import::End,
    model::{FailureClass, Method},
    platforms::{self, HttpExchange, Page, Rejection, Step, Verb, Work},
    spec::{Metadata, PlatformRow},
};
use jiff::tz::TimeZone;
use jsonschema::Validator;
use serde_json::{Map, Value};

use super::{
    fixtures::{Fact, Fixtures},
    replay::{Asked, Imported, Replay, reply},
};
use crate::support;

/// Declares a platform's fixtures, which `fixtures()` of the same file gives, and holds them to every law.
macro_rules! hold {
    () => {
        pub(super) mod held {
            /// The fixtures, reachable only where the laws are tests.
            pub(in crate::platforms) fn fixtures() -> Vec<$crate::platforms::fixtures::Fixtures> {
                super::fixtures()
            }

            $crate::platforms::laws::hold! {
                a_listing_ends,
                an_import_brings_what_is_expected,
                every_cursor_goes_on_where_it_stands,
                progress_survives_json,
                each_status_has_its_meaning,
                what_cannot_be_read_says_where,
                a_platform_that_walks_in_circles_is_stopped,
                no_secret_is_asked_with_or_recorded,
                what_the_matrix_claims_is_filled,
                what_the_matrix_promises_is_true,
                requests_are_as_described,
            }
        }
    };
    ($($law:ident),+ $(,)?) => {
        $(#[test]
        fn $law() {
            for fixtures in fixtures() {
                $crate::platforms::laws::$law(&fixtures);
            }
        })+
    };
}
pub(super) use hold;

/// What stands for a secret in recorded answers.
const SECRET: &str = "SECRET";

/// The methods of the matrix that need a connector, and those that fixtures speak of, are the same.
pub(super) fn every_method_of_the_matrix_is_there(platform: &str, fixtures: &[Fixtures]) {
    let claimed = row(platform).methods;
    let by_connector = claimed.iter().filter(|method| **method != Method::File);
    let by_connector: BTreeSet<Method> = by_connector.copied().collect();
    let shown: BTreeSet<Method> = fixtures.iter().map(|fixtures| fixtures.method).collect();
    assert_eq!(
        by_connector, shown,
        "{platform}: methods of matrix.yaml, and those of the fixtures"
    );
    let traits = platforms::connector(platform).unwrap().traits();
    assert_eq!(
        claimed.contains(&Method::Oauth),
        traits.oauth.is_some(),
        "{platform}: oauth in matrix.yaml, and in the connector"
    );
}

/// Recorded pages drain in finitely many steps, and there is more than one.
pub(super) fn a_listing_ends(fixtures: &Fixtures) {
    let pages = Replay::new(fixtures).listing(None);
    let name = fixtures.name();
    assert!(
        pages.len() > 1,
        "{name}: record at least two pages of the listing"
    );
    let mut cursors: Vec<_> = pages.iter().map(|(cursor, ..)| cursor.clone()).collect();
    cursors.sort();
    cursors.dedup();
    assert_eq!(cursors.len(), pages.len(), "{name}: a cursor comes twice");
}

/// A whole import ends well, with each expected call once and within the period, and with the expected transcripts.
pub(super) fn an_import_brings_what_is_expected(fixtures: &Fixtures) {
    let name = fixtures.name();
    let replay = Replay::new(fixtures);
    let (end, imported) = replay.import();
    assert_eq!(end, End::Complete, "{name}");

    let ids = imported.calls.iter().map(|call| call.external_id.as_str());
    assert_eq!(
        sorted(ids),
        sorted(fixtures.calls.iter().copied()),
        "{name}: calls"
    );
    let transcripts = imported.transcripts.keys().map(String::as_str);
    assert_eq!(
        sorted(transcripts),
        sorted(fixtures.transcripts.iter().copied()),
        "{name}: transcripts"
    );
    let without = imported.without_transcript.iter().map(String::as_str);
    assert_eq!(
        sorted(without),
        sorted(fixtures.without_transcript.iter().copied()),
        "{name}: given up"
    );
    let media = imported.media.iter();
    let media: BTreeSet<(&str, &str)> = media
        .map(|file| (file.external_id.as_str(), file.address()))
        .collect();
    assert_eq!(
        media,
        fixtures.media.iter().copied().collect(),
        "{name}: recordings"
    );
    let without = imported.without_media.iter().map(String::as_str);
    assert_eq!(
        sorted(without),
        sorted(fixtures.without_media.iter().copied()),
        "{name}: calls without recording"
    );
    let unreadable = imported
        .failures
        .iter()
        .map(|failure| failure.external_id.as_str());
    assert_eq!(
        sorted(unreadable),
        sorted(fixtures.unreadable.iter().copied()),
        "{name}: unreadable"
    );

    let window = replay.window();
    for call in &imported.calls {
        let id = &call.external_id;
        if let Some(start) = call.started_at {
            let day = TimeZone::UTC.to_datetime(start).date();
            assert!(
                window.from <= day && day < window.to,
                "{name}: call {id} began on {day}"
            );
        }
        assert!(call.raw.is_some(), "{name}: call {id} has no raw");
    }
    for (id, transcript) in &imported.transcripts {
        assert!(
            !transcript.segments.is_empty(),
            "{name}: the transcript of {id} says nothing"
        );
    }
}

/// From any recorded cursor on, the listing brings the rest of the same calls.
pub(super) fn every_cursor_goes_on_where_it_stands(fixtures: &Fixtures) {
    let replay = Replay::new(fixtures);
    let whole = replay.listing(None);
    for (position, (cursor, ..)) in whole.iter().enumerate() {
        let rest: Vec<Page> = replay
            .listing(cursor.clone())
            .into_iter()
            .map(|(_, page, _)| page)
            .collect();
        let expected: Vec<Page> = whole[position..]
            .iter()
            .map(|(_, page, _)| page.clone())
            .collect();
        assert_eq!(
            rest,
            expected,
            "{}: from cursor {cursor:?}",
            fixtures.name()
        );
    }
}

/// What a connector remembers between two requests is the same after it was written and read.
pub(super) fn progress_survives_json(fixtures: &Fixtures) {
    let replay = Replay::new(fixtures);
    for asked in replay.import().1.asked {
        let stored = Asked {
            progress: serde_json::from_str(&asked.progress.to_string()).unwrap(),
            ..asked.clone()
        };
        assert_eq!(
            stored.answered(&replay, asked.reply.clone()),
            asked.answered(&replay, asked.reply.clone()),
            "{}: {}",
            fixtures.name(),
            asked.line()
        );
    }
}

/// 401 is a matter of credentials, 429 waits as told, 5xx may be asked again: for every request.
pub(super) fn each_status_has_its_meaning(fixtures: &Fixtures) {
    let replay = Replay::new(fixtures);
    for asked in replay.import().1.asked {
        let context = format!("{}: {}", fixtures.name(), asked.line());
        let rejection = |status: u16| {
            let reply = reply(status, "application/json", b"{}");
            let after = reply.retry_after;
            let step = asked.answered(&replay, reply);
            (
                step.expect_err(&format!("{context}: {status} is no answer")),
                after,
            )
        };
        let (credentials, _) = rejection(401);
        let Rejection::Credentials { advice } = &credentials else {
            panic!("{context}: 401 is {credentials:?}")
        };
        assert!(
            advice.ends_with('.'),
            "{context}: not a sentence for people: {advice}"
        );
        let (throttled, after) = rejection(429);
        assert_eq!(throttled, Rejection::Throttled { after }, "{context}: 429");
        for status in [500, 502, 503, 504] {
            let (unavailable, told) = rejection(status);
            let (Rejection::Unavailable { after, detail }
            | Rejection::TooMuch { after, detail, .. }) = &unavailable
            else {
                panic!("{context}: {status} is {unavailable:?}")
            };
            assert_eq!(*after, told, "{context}: {status}");
            assert!(detail.contains(&status.to_string()), "{context}: {detail}");
        }
    }
}

/// A body that is no JSON, is cut off anywhere, has the wrong shape, or is a log-in page is never taken for an
/// answer, and what is said about it tells where.
pub(super) fn what_cannot_be_read_says_where(fixtures: &Fixtures) {
    let replay = Replay::new(fixtures);
    for asked in replay.import().1.asked {
        let page = b"<!DOCTYPE html><title>Sign in</title><form method=post></form>";
        refuse(&replay, &asked, "text/html; charset=utf-8", page);
        if asked.reply.status != 200 || asked.reply.content_type != "application/json" {
            continue;
        }
        for body in ["", "oops", "[]", "{}", "null", "42", "\"text\""] {
            refuse(&replay, &asked, "application/json", body.as_bytes());
        }
        let body = asked.reply.body.trim_ascii();
        for length in (50..body.len()).step_by(50) {
            refuse(&replay, &asked, "application/json", &body[..length]);
        }
    }
}

fn refuse(replay: &Replay<'_>, asked: &Asked, content_type: &str, body: &[u8]) {
    let end = &body[body.len().saturating_sub(30)..];
    let context = format!(
        "{}: {} answered with {} bytes of {content_type} that end in {:?}",
        replay.fixtures.name(),
        asked.line(),
        body.len(),
        String::from_utf8_lossy(end)
    );
    match asked.answered(replay, reply(200, content_type, body)) {
        Err(Rejection::Broken { detail }) => {
            let says_where = detail.contains("line ") || detail.contains(content_type);
            assert!(says_where, "{context}: {detail}");
        }
        Ok(Step::Page(Page {
            transcripts,
            media,
            failures,
            ..
        })) if matches!(asked.work, Work::Transcripts(_) | Work::Media(_)) => {
            // A transcript or recording that is not ready, or that is recorded as unreadable, stops nothing.
            assert!(
                transcripts.is_empty() && media.is_empty(),
                "{context}: it is taken for a transcript or a recording"
            );
            let only = failures.iter().all(|failure| !failure.detail.is_empty());
            assert!(only, "{context}: {failures:?}");
        }
        other => panic!("{context}: {other:?}"),
    }
}

/// A platform that sends the same page again and again is stopped, by its cursor or by its calls.
pub(super) fn a_platform_that_walks_in_circles_is_stopped(fixtures: &Fixtures) {
    let name = fixtures.name();
    let replay = Replay::new(fixtures);
    let pages = replay.listing(None);
    let (first, second) = pages
        .windows(2)
        .filter_map(|pair| match (&pair[0], &pair[1]) {
            ((_, page, Some(first)), (_, _, Some(second))) if !page.calls.is_empty() => {
                Some((first, second))
            }
            _ => None,
        })
        .find(|(first, second)| first.path() == second.path())
        .unwrap_or_else(|| panic!("{name}: record two pages of calls that follow each other"));
    let (end, imported) = replay.import_with(|work, exchange| {
        let goes_on =
            work == &second.work || matches!(work, Work::List { cursor, .. } if cursor.is_some());
        let same = exchange.path.split('?').next() == Some(second.path());
        if goes_on && same {
            first.reply.clone()
        } else {
            replay.recorded(exchange)
        }
    });
    let End::Failed(failure) = end else {
        panic!("{name}: {end:?} after {} requests", imported.asked.len())
    };
    assert_eq!(failure.class, FailureClass::BrokenReply, "{name}");
    assert!(
        failure.detail.starts_with("the platform sent"),
        "{name}: {}",
        failure.detail
    );
    assert!(
        imported.asked.len() < 100,
        "{name}: {} requests",
        imported.asked.len()
    );
}

/// No exchange holds a credential, and nothing that is recorded holds what the answers mark as secret.
pub(super) fn no_secret_is_asked_with_or_recorded(fixtures: &Fixtures) {
    let name = fixtures.name();
    let replay = Replay::new(fixtures);
    let (_, imported) = replay.import();
    for asked in &imported.asked {
        for (header, value) in asked.exchange.headers {
            let words = ["auth", "key", "token", "secret", "cookie"];
            let harmless = !words.iter().any(|word| header.contains(word));
            assert!(harmless, "{name}: {} with {header}: {value}", asked.line());
        }
        if let Work::List {
            cursor: Some(cursor),
            ..
        } = &asked.work
        {
            assert!(!cursor.contains(SECRET), "{name}: cursor {cursor}");
        }
    }
    let Imported {
        calls,
        transcripts,
        media,
        failures,
        ..
    } = imported;
    for call in calls {
        let recorded = format!("{call:?}");
        assert!(!recorded.contains(SECRET), "{name}: {recorded}");
    }
    for recorded in [
        format!("{transcripts:?}"),
        format!("{media:?}"),
        format!("{failures:?}"),
    ] {
        assert!(!recorded.contains(SECRET), "{name}: {recorded}");
    }
}

/// What `metadata` in the matrix claims is filled in at least one recorded call.
pub(super) fn what_the_matrix_claims_is_filled(fixtures: &Fixtures) {
    let imported = Replay::new(fixtures).import().1;
    let metadata = row(fixtures.platform).metadata;
    // What is in the fixtures comes: `an_import_brings_what_is_expected`.
    assert_eq!(
        metadata.contains(&Metadata::Media),
        !fixtures.media.is_empty(),
        "{}: media in metadata, and recordings in the fixtures",
        fixtures.name()
    );
    for claim in metadata {
        let fact = match claim {
            Metadata::Title => Fact::Title,
            Metadata::Participants => Fact::Participants,
            Metadata::Duration => Fact::Duration,
            Metadata::Transcript => Fact::Transcript,
            Metadata::Media => Fact::Recording,
        };
        let filled = having(fact, &imported);
        assert!(
            !filled.is_empty(),
            "{}: no call has what metadata claims: {}",
            fixtures.name(),
            claim.as_str()
        );
    }
}

/// What `can` and `cannot` say holds for the recorded calls, and the sentences are really there.
pub(super) fn what_the_matrix_promises_is_true(fixtures: &Fixtures) {
    let name = fixtures.name();
    assert!(
        !fixtures.promises.is_empty(),
        "{name}: say what can and cannot mean"
    );
    let row = row(fixtures.platform);
    let imported = Replay::new(fixtures).import().1;
    for promise in &fixtures.promises {
        let sentences = if promise.kept { &row.can } else { &row.cannot };
        let said = sentences
            .iter()
            .any(|sentence| sentence.contains(promise.words));
        assert!(
            said,
            "{name}: no sentence of the matrix says {:?}",
            promise.words
        );
        let having = having(promise.fact, &imported);
        assert_eq!(
            !having.is_empty(),
            promise.kept,
            "{name}: {:?} is promised, and {:?} have {:?}",
            promise.words,
            having,
            promise.fact
        );
    }
}

/// Requests are what the platform's own description allows, where `requests.json` holds a reduced copy of it.
///
/// The file is one object. Its keys are verbs with paths (`"GET /v2/calls/{id}"`), beside `about`, which says
/// where the facts come from. The value may have two JSON schemas: `query`, for an object of the query's texts
/// (of lists of texts for names that end in `[]`), and `body`. Without `query` there is no query, without `body`
/// no body.
pub(super) fn requests_are_as_described(fixtures: &Fixtures) {
    let path = support::root()
        .join("tests/fixtures")
        .join(fixtures.platform)
        .join("requests.json");
    let Ok(text) = std::fs::read(&path) else {
        let described = ["gong", "grain", "fathom"];
        assert!(
            !described.contains(&fixtures.platform),
            "{} has an OpenAPI description",
            fixtures.platform
        );
        return;
    };
    let described: Map<String, Value> = serde_json::from_slice(&text).unwrap();
    let asked = Replay::new(fixtures).import().1.asked;
    for asked in &asked {
        let context = format!("{}: {}", fixtures.name(), asked.line());
        let entry = described
            .iter()
            .find(|(endpoint, _)| is_for(endpoint, asked));
        let (_, rules) = entry.unwrap_or_else(|| panic!("{context}: not described"));
        let query = query(&asked.exchange);
        match rules.get("query") {
            Some(schema) => follow(schema, &query, &context),
            None => assert_eq!(query, Value::Object(Map::new()), "{context}: a query"),
        }
        match (rules.get("body"), &asked.exchange.body) {
            (Some(schema), Some(body)) => follow(schema, body, &context),
            (expected, body) => assert_eq!(expected.is_some(), body.is_some(), "{context}: a body"),
        }
    }
}

fn is_for(endpoint: &str, asked: &Asked) -> bool {
    let verb = match asked.exchange.verb {
        Verb::Get => "GET ",
        Verb::Post => "POST ",
    };
    let Some(template) = endpoint.strip_prefix(verb) else {
        return false;
    };
    let (mut template, mut path) = (template.split('/'), asked.path().split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == found || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
}

fn query(exchange: &HttpExchange) -> Value {
    let address = match exchange.path.starts_with('/') {
        true => format!("https://platform.example{}", exchange.path),
        false => exchange.path.clone(),
    };
    let address = reqwest::Url::parse(&address).expect("a path of an address");
    let mut query = Map::new();
    for (name, value) in address.query_pairs() {
        if name.ends_with("[]") {
            let values = query
                .entry(name)
                .or_insert_with(|| Value::Array(Vec::new()));
            values.as_array_mut().unwrap().push(value.into());
        } else {
            let earlier = query.insert(name.clone().into_owned(), value.into());
            assert_eq!(earlier, None, "{name} comes twice in {}", exchange.path);
        }
    }
    Value::Object(query)
}

fn follow(schema: &Value, value: &Value, context: &str) {
    let schema: Validator =
        jsonschema::validator_for(schema).unwrap_or_else(|error| panic!("{context}: {error}"));
    let wrong: Vec<String> = schema
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{context}: {wrong:?}");
}

/// Ids of the calls that have something.
fn having(fact: Fact, imported: &Imported) -> Vec<&str> {
    imported
        .calls
        .iter()
        .filter(|call| fact.holds(call, imported.transcripts.get(&call.external_id)))
        .map(|call| call.external_id.as_str())
        .collect()
}

fn row(platform: &str) -> PlatformRow {
    let row = support::matrix().platforms.remove(platform);
    row.unwrap_or_else(|| panic!("{platform} has no row in matrix.yaml"))
}

fn sorted<'t>(ids: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    ids
}
