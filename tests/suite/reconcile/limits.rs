//! The fewest requests, and no idle slot in the limit: told by the log of the platform, on a clock that nobody waits for.

use std::{collections::BTreeMap, time::Duration};

use call_import_engine::model::{ImportRecord, Phase};
use jiff::{SignedDuration, Timestamp};
use simulator::{
    faults::{Fault, Rule},
    gong::Population,
    log::Entry,
};

use super::{NIGHT, date, gong, gong_with, population};
use crate::{record, support::Scene};

/// Requests that one window would cost: one for the key, a page for each 100 calls, as many batches of transcripts.
const fn in_one_window(calls: u32) -> usize {
    1 + 2 * calls.div_ceil(100) as usize
}

/// One night of so many calls of a year, each answer after `latency`: what came at the platform.
async fn night(calls: u32, latency: Duration) -> Vec<Entry> {
    let mut scene = Scene::new(NIGHT);
    let running = gong(&mut scene, population(calls, "2025-11-01", "2026-10-31"));
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2025-11-01, to: 2026-10-31}\n",
    );
    let delay = Rule::new(Fault::Delay(latency));
    running.gong().faults().add(delay);
    let report = scene.run("night").await;
    assert_eq!(report.imports[0].phase, Phase::Completed);
    assert_eq!(report.imports[0].calls_imported, i64::from(calls));
    assert_eq!(running.gong().log().count_status(429), 0);
    running.gong().log().entries()
}

#[tokio::test]
async fn windows_cost_at_most_a_twentieth_more_than_one() {
    for calls in [5_000, 9_000] {
        let sent = night(calls, Duration::ZERO).await.len();
        let one = in_one_window(calls);
        assert!(sent * 20 <= one * 21, "{sent} requests instead of {one}");
    }
}

/// Of the slots between the first and the last request, which we may use every two thirds of a second, the used ones.
fn used(entries: &[Entry]) -> f64 {
    let first = entries.first().map(|entry| entry.at).expect("requests");
    let last = entries.last().map(|entry| entry.at).expect("requests");
    let slots = last.duration_since(first).as_secs_f64() * 1.5 + 1.0;
    entries.len() as f64 / slots
}

#[tokio::test]
async fn however_slow_the_answers_are_the_limit_is_kept_busy() {
    // Until the key is proved and the first page has told how much there is, nothing else can be asked: the slower the
    // answers, the more calls it takes until that counts little.
    for (latency, calls) in [(50, 2_000), (500, 4_000), (3_000, 20_000)] {
        let entries = night(calls, Duration::from_millis(latency)).await;
        let used = used(&entries);
        assert!(used >= 0.97, "{latency} ms: {used:.3} of the slots");
        let within = SignedDuration::from_millis(1_999);
        for pair in entries.windows(4) {
            let took = pair[3].at.duration_since(pair[0].at);
            assert!(took >= within, "never faster than our share: {took}");
        }
    }
}

/// A number that the record tells.
fn number(scene: &Scene, sql: &str) -> usize {
    let number = record::value(&scene.database(), sql);
    number.parse().expect("a number")
}

#[tokio::test]
async fn settling_lists_the_last_days_and_asks_for_what_is_missing_and_for_nothing_else() {
    let mut scene = Scene::new(NIGHT);
    let running = gong(&mut scene, population(9_000, "2024-11-30", "2026-11-29"));
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2024-11-30, to: 2026-11-29}\n",
    );
    scene.run("night-1").await;
    for (night, day) in [(2, "2026-12-02"), (3, "2026-12-03")] {
        let pending = "SELECT count(*)::VARCHAR FROM calls WHERE transcript_state = 'pending'";
        let late = "SELECT count(*)::VARCHAR FROM calls WHERE started_at >= DATE '2026-11-15'";
        let (pending, late) = (number(&scene, pending), number(&scene, late));
        let before = running.gong().log().len();
        scene.clock.set(&format!("{day}T01:17:00Z"));
        scene.run(&format!("night-{night}")).await;
        let sent = running.gong().log().len() - before;
        assert!(sent <= late.div_ceil(100) + pending.div_ceil(100), "{sent}");
        // A fiftieth of the import, but for the tenth of all transcripts that this platform never makes.
        assert!(
            sent - pending.div_ceil(100) <= in_one_window(9_000) / 50,
            "{sent}"
        );
    }
}

/// Each account that is worked on holds a few pages, so their number bounds the memory.
#[tokio::test]
async fn of_five_hundred_accounts_sixteen_are_worked_on_at_a_time() {
    let mut scene = Scene::new(NIGHT);
    let mut config = gong::Config::new(population(2, "2026-10-01", "2026-10-31"));
    let company = config.companies.remove(0);
    for number in 0..500 {
        let mut company = company.clone();
        company.access_key = format!("key-{number}");
        company.population = Population::new(number, 2, date("2026-10-01"), date("2026-10-31"), 2);
        config.companies.push(company);
        let credential =
            format!(r#"{{"access_key": "key-{number}", "access_key_secret": "demo-secret"}}"#);
        let secret = format!("IMPORT_CUSTOMER_{number}_GONG");
        scene.secrets.insert(secret, credential);
        scene.request(
            &format!("customer-{number}"),
            &format!("Customer {number}"),
            "period: {from: 2026-10-01, to: 2026-10-31}\n",
        );
    }
    let running = gong_with(&mut scene, config, Duration::from_secs(1));
    let report = scene.run("night").await;
    let is_done = |import: &ImportRecord| import.phase == Phase::Completed;
    assert!(report.imports.iter().all(is_done), "{:?}", report.imports);
    assert_eq!(number(&scene, "SELECT count(*)::VARCHAR FROM calls"), 1_000);

    let entries = running.gong().log().entries();
    assert_eq!(entries.len(), 1_500, "three requests each");
    let mut first_and_last: BTreeMap<&str, (Timestamp, Timestamp)> = BTreeMap::new();
    for entry in &entries {
        let caller = entry.caller.as_deref().expect("a right key");
        let answered = entry.answered_at.expect("an answer");
        first_and_last
            .entry(caller)
            .or_insert((entry.at, answered))
            .1 = answered;
    }
    let at_once = |moment: Timestamp| {
        let is_on = |(first, last): &&(Timestamp, Timestamp)| *first <= moment && moment < *last;
        first_and_last.values().filter(is_on).count()
    };
    let most = entries.iter().map(|entry| at_once(entry.at)).max();
    assert_eq!(most, Some(16));
}
