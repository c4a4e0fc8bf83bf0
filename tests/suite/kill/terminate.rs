//! SIGTERM at any moment: the program ends by itself, with its summary, and lets go of the record.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use simulator::faults::{Fault, Rule};

use super::{
    Reference, each,
    oracle::{Committed, flaws},
    seeds::Dice,
    world::{Stop, Story, World},
};
use crate::record;

/// How often it is asked to end.
const SEEDS: u64 = 30;

/// Requests that may come after the signal: those under way, eight at most, and one that is written at that moment.
const UNDER_WAY: usize = 9;

/// Counts the requests that come once the first run has been asked to end.
fn late(world: &World, visit: usize) -> Arc<AtomicUsize> {
    let late = Arc::new(AtomicUsize::new(0));
    for server in [&world.gong, &world.host, &world.github, &world.slack] {
        let late = Arc::clone(&late);
        let trace = world.folder().join("trace-1");
        let is_asked = move || {
            let visits = fs::read_to_string(&trace).unwrap_or_default();
            visits.lines().count() >= visit
        };
        server.faults().add(Rule::new(Fault::effect(move || {
            if is_asked() {
                late.fetch_add(1, Ordering::SeqCst);
            }
        })));
    }
    late
}

fn terminated(reference: &Reference, visit: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let world = World::new(reference.story);
    let late = late(&world, visit);
    let run = world.run(Some(Stop {
        visit,
        delay: 0,
        politely: true,
    }));
    let late = late.load(Ordering::SeqCst);
    if late > UNDER_WAY {
        wrong.push(format!("{late} requests came after the signal"));
    }
    if !matches!(run.output.status.code(), Some(0 | 1)) {
        wrong.push(run.said());
    }
    let database = world.database();
    let ends = "SELECT coalesce(outcome, 'none') FROM runs";
    let end = record::query(&database, ends);
    if !matches!(end.as_slice(), [end] if end == "interrupted" || end == "completed") {
        wrong.push(format!("the run ended as {end:?}: {}", run.said()));
    }
    let holder = record::value(&database, "SELECT holder FROM record");
    if holder != "NULL" {
        wrong.push(format!("the record is still held by {holder}"));
    }
    let summary = fs::read_to_string(world.summary()).unwrap_or_default();
    if !summary.starts_with("## 1 import: ") {
        wrong.push(format!("the summary is {summary:?}"));
    }
    let committed = Committed::of(&world);
    let run = world.run(None);
    if run.output.status.code() != reference.code {
        wrong.push(run.said());
    }
    wrong.extend(flaws(&world, &reference.outcome, 1));
    wrong.extend(committed.fetched_again(&world, false));
    wrong
}

#[test]
#[cfg_attr(
    not(debug_assertions),
    ignore = "a release program cannot be stopped at a point"
)]
fn asked_to_end_at_any_moment_the_program_ends_with_its_summary_and_the_next_run_goes_on() {
    let stories = [Story::Night, Story::Kept, Story::Files];
    let references: Vec<Reference> = stories.into_iter().map(Reference::of).collect();
    let work: Vec<(&Reference, usize)> = (0..SEEDS)
        .map(|seed| {
            let mut dice = Dice::of(seed);
            let reference = &references[dice.index(references.len())];
            (reference, dice.visit(&reference.visits))
        })
        .collect();
    let name = |(reference, visit): &(&Reference, usize)| {
        format!(
            "{:?}, asked to end at visit {visit} ({})",
            reference.story,
            reference.point(*visit)
        )
    };
    each(&work, name, |(reference, visit)| {
        terminated(reference, *visit)
    });
}
