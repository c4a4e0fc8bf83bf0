//! Times in requests: platforms that read a time without an offset in a zone of their own would lose hours.

use std::sync::Arc;

use call_import_engine::{model::Phase, platforms::HttpExchange};
use serde_json::Value;
use simulator::{Config, Simulator, grain};

use super::{HELD, grain as held, nights::assert_recorded, replay::Replay};
use crate::{reconcile::date, support::Scene};

/// Platforms that take whole days, and of which zone: Zoom says UTC; Grain does not say, so a day more is asked for
/// on each side.
const BY_DAY: [&str; 1] = ["zoom"];

#[test]
fn no_request_carries_a_time_without_an_offset() {
    for (key, fixtures) in HELD {
        let mut times = 0;
        for fixtures in fixtures() {
            for asked in Replay::new(&fixtures).import().1.asked {
                for text in texts(&asked.exchange) {
                    let Some(rest) = after_the_day(&text) else {
                        continue;
                    };
                    times += 1;
                    let has_offset = rest.starts_with('T') && rest.ends_with('Z');
                    let is_day = rest.is_empty() && BY_DAY.contains(key);
                    assert!(has_offset || is_day, "{}: {text}", asked.line());
                }
            }
        }
        // Chorus takes numbers of seconds since 1970.
        assert!(
            times > 0 || *key == "chorus",
            "{key}: no time was asked for"
        );
    }
}

/// Texts of the query, and those of the body at any depth.
fn texts(exchange: &HttpExchange) -> Vec<String> {
    fn walk(value: &Value, texts: &mut Vec<String>) {
        match value {
            Value::String(text) => texts.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| walk(item, texts)),
            Value::Object(members) => members.values().for_each(|item| walk(item, texts)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let address = format!("https://platform.example{}", exchange.path);
    let address = reqwest::Url::parse(&address).unwrap();
    let mut texts: Vec<String> = address
        .query_pairs()
        .flat_map(|(_, value)| {
            let parts = value.split(['/', ',']).map(str::to_owned);
            // A stretch of time may be two times with something between them.
            parts
                .chain([value.clone().into_owned()])
                .collect::<Vec<_>>()
        })
        .collect();
    exchange.body.iter().for_each(|body| walk(body, &mut texts));
    texts
}

/// What stands behind a day, if the text begins with one.
fn after_the_day(text: &str) -> Option<&str> {
    let (day, rest) = text.split_at_checked(10)?;
    day.parse::<jiff::civil::Date>().ok()?;
    day.starts_with("20").then_some(rest)
}

/// The days of a workspace are not those of UTC, and no call of the first or of the last day is missed.
#[tokio::test]
async fn the_zone_of_the_account_changes_no_call() {
    for zone in [-8, 13] {
        let mut scene = Scene::new("2026-12-01T01:17:00Z");
        let [from, to] = ["2026-10-01", "2026-10-31"].map(date);
        let calls = simulator::company::Population::new(1, 90, from, to, 2);
        let config = grain::Config {
            zone,
            ..grain::Config::new(calls.clone())
        };
        let running = Simulator::start(Config {
            clock: Arc::new(scene.clock.clone()),
            ..Config::grain(config)
        })
        .expect("the simulator starts");
        scene.connect("grain", &running.url, r#"{"token": "demo-token"}"#);
        scene.write(
            "northwind.yaml",
            "customer: Northwind\nplatform: grain\nestimated_calls: 90\nurgency: deal\n\
             requested_completion: 2030-12-31\nperiod: {from: 2026-10-01, to: 2026-10-31}\n\
             credentials:\n  secret: IMPORT_NORTHWIND_GRAIN\n",
        );
        let report = scene.run("night-1").await;
        let import = &report.imports[0];
        assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
        assert_recorded(&scene, &calls, held::spent::night().told);
    }
}
