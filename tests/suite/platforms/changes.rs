//! Platforms whose calls come, go and move while they are listed: nothing lost, nothing doubled, on any platform.

use std::{collections::BTreeSet, sync::Arc};

use call_import_engine::model::Phase;
use serde_json::Value;
use simulator::{
    Running,
    faults::{Fault, Rule},
    limits::Limits,
};

use super::{
    NIGHTS,
    drift::LISTS,
    nights::{self, Night},
};
use crate::{record, support::Scene};

/// Three pages where a page holds most, and many where it holds few.
const CALLS: u32 = 210;

/// Two such pages.
const FEWER: u32 = 120;

/// A month that is over, but not settled yet.
const PERIOD: [&str; 2] = ["2026-11-01", "2026-11-30"];

/// Those of the first and of the last pages, whichever end a listing begins at.
const ENDS: [u32; 6] = [0, 1, 5, CALLS - 9, CALLS - 3, CALLS - 1];

/// Those of the middle.
const MIDDLE: [u32; 4] = [60, 101, CALLS / 2, 150];

/// Many that vanish between two nights.
const VANISHING: std::ops::Range<u32> = 70..FEWER - 10;

/// A call that is deleted draws the ones behind it to places that were read already; one that comes pushes them on.
#[tokio::test]
async fn calls_that_come_and_go_while_paging_are_neither_lost_nor_doubled() {
    for (key, night) in NIGHTS {
        let (scene, running) = scene(&night(), CALLS);
        let account = running.account();
        account.hide(MIDDLE);
        let population = account.population().clone();
        for (skip, calls, hide) in [(0, ENDS.to_vec(), true), (1, MIDDLE.to_vec(), false)] {
            let there = Arc::downgrade(&running);
            let change = Fault::effect(move || {
                let there = there.upgrade().expect("it answers");
                match hide {
                    true => there.account().hide(calls.iter().copied()),
                    false => there.account().reveal(calls.iter().copied()),
                }
            });
            let rule = Rule::new(change).when(|entry| entry.summary.cursor || entry.number > 6);
            running.faults().add(rule.skip(skip).once());
        }
        let report = scene.run("night-1").await;
        let import = &report.imports[0];
        assert_eq!(import.phase, Phase::Completed, "{key}: {:?}", import.reason);
        let recorded = ids(&scene);
        let distinct: BTreeSet<&String> = recorded.iter().collect();
        assert_eq!(distinct.len(), recorded.len(), "{key}: a call is doubled");
        let came_or_went = BTreeSet::from_iter(ENDS.into_iter().chain(MIDDLE));
        let lost: Vec<u32> = (0..CALLS)
            .filter(|index| !came_or_went.contains(index))
            .filter(|index| !distinct.contains(&population.id(*index)))
            .collect();
        // Fathom counts pages, says neither how many calls there are nor in which order, and so hides as many as go.
        let hidden = if *key == "fathom" { ENDS.len() } else { 0 };
        assert!(
            lost.len() <= hidden,
            "{key}: {lost:?} were there all the time"
        );
        // A list that was read again counts what it holds then; what went meanwhile is kept.
        assert!(import.calls_listed <= recorded.len() as i64, "{key}");
    }
}

/// What is no longer listed stays as it was and is not asked for; what is listed late, with an old date, is found.
#[tokio::test]
async fn what_vanishes_stays_and_what_comes_late_is_found() {
    for (key, night) in NIGHTS {
        let (scene, running) = scene(&night(), FEWER);
        let late = [FEWER - 2, FEWER - 4, FEWER - 5];
        running.account().hide(late);
        scene.run("night-1").await;
        assert_eq!(ids(&scene).len(), FEWER as usize - late.len(), "{key}");
        let (before, before_ids) = (vanishing(&scene, &running, "t::VARCHAR"), ids(&scene));
        let known = vanishing(&scene, &running, "external_id");

        running.account().hide(VANISHING);
        running.account().reveal(late);
        scene.clock.set("2026-12-02T01:17:00Z");
        let sent = running.log().len();
        let report = scene.run("night-2").await;
        let import = &report.imports[0];
        assert_eq!(import.phase, Phase::Completed, "{key}: {:?}", import.reason);
        assert_eq!(import.calls_imported, i64::from(FEWER), "{key}");
        let still = vanishing(&scene, &running, "t::VARCHAR");
        let changed: Vec<&String> = before.iter().filter(|row| !still.contains(row)).collect();
        assert!(changed.is_empty(), "{key}: {changed:?}");
        let after = BTreeSet::from_iter(ids(&scene));
        assert!(before_ids.iter().all(|id| after.contains(id)), "{key}");
        let asked = running.log().entries().split_off(sent);
        let names = |id: &String| asked.iter().any(|entry| entry.path.contains(id));
        assert!(!known.iter().any(names), "{key}: what is here is asked for");
    }
}

/// Nobody relies on the order of a page.
#[tokio::test]
async fn records_in_any_order_are_the_same_calls() {
    for (key, night) in NIGHTS {
        let (scene, running) = scene(&night(), FEWER);
        let rule = Rule::new(Fault::rewrite(|answer| {
            if let Some(records) = records(answer) {
                records.reverse();
                let middle = records.len() / 3;
                records.rotate_left(middle);
            }
        }));
        let rule = rule.when(|entry| !entry.path.contains("transcript"));
        let shuffling = running.faults().add(rule);
        let report = scene.run("night-1").await;
        assert!(shuffling.hits() > 0);
        let import = &report.imports[0];
        assert_eq!(import.phase, Phase::Completed, "{key}: {:?}", import.reason);
        nights::assert_recorded(&scene, running.account().population(), night().told);
    }
}

/// The list of calls in an answer, if it is one of calls.
fn records(answer: &mut Value) -> Option<&mut Vec<Value>> {
    let members = answer.as_object_mut()?;
    let members = match members.contains_key("data") {
        true => members.get_mut("data")?.as_object_mut()?,
        false => members,
    };
    let mut lists = members
        .iter_mut()
        .filter(|(name, _)| LISTS.contains(&name.as_str()));
    lists.next()?.1.as_array_mut()
}

/// What is recorded of the calls that vanish, and that nothing was to come of.
fn vanishing(scene: &Scene, running: &Running, column: &str) -> Vec<String> {
    let population = running.account().population();
    let ids = VANISHING.map(|index| format!("'{}'", population.id(index)));
    let ids = Vec::from_iter(ids).join(", ");
    let sql = format!(
        "SELECT {column} FROM calls t WHERE transcript_state <> 'pending' AND external_id IN ({ids})"
    );
    record::query(&scene.database(), &sql)
}

fn ids(scene: &Scene) -> Vec<String> {
    record::query(&scene.database(), "SELECT external_id FROM calls")
}

fn scene(night: &Night, calls: u32) -> (Scene, Arc<Running>) {
    let (scene, running) = nights::scene_of(night, calls, PERIOD, Limits::NONE);
    (scene, Arc::new(running))
}
