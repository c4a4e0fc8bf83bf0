//! The promise, at every point where it could break: the real program is stopped by a real signal before and after
//! each commit and each effect that others see, started again until it ends, and what is left is compared with an
//! undisturbed night and with what the platform had.

mod migrations;
mod oracle;
mod seeds;
mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use call_import_engine::kill::Point;

use oracle::{Committed, Outcome, flaws};
use world::{Run, Stop, Story, World};

/// Stories that go on at once. They wait for most of their time: for GitHub's pace, for each other's processes.
const AT_ONCE: usize = 10;

/// An undisturbed story: what it visits, and what is left of it.
struct Reference {
    visits: Vec<String>,
    code: Option<i32>,
    outcome: Outcome,
}

impl Reference {
    fn of(story: Story) -> Self {
        let world = World::new(story);
        if story == Story::LostMachine {
            // Its second night begins with what the first has saved.
            world.run(None);
            world.lose_the_machine();
        }
        let Run { visits, output } = world.run(None);
        Self {
            visits,
            code: output.status.code(),
            outcome: Outcome::of(&world),
        }
    }
}

/// Does each piece of work, several at once, and fails with all that went wrong.
fn each<T: Sync>(
    work: &[T],
    name: impl Fn(&T) -> String + Sync,
    job: impl Fn(&T) -> Vec<String> + Sync,
) {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(work.len()) {
            scope.spawn(|| {
                while let Some(one) = work.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let flaws = catch_unwind(AssertUnwindSafe(|| job(one)))
                        .unwrap_or_else(|_| vec!["it panicked, as said above".to_owned()]);
                    let flaws = flaws
                        .into_iter()
                        .map(|flaw| format!("{}: {flaw}", name(one)));
                    wrong.lock().expect("nobody panics here").extend(flaws);
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("nobody panics here");
    assert!(
        wrong.is_empty(),
        "{} flaws\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

/// The first, a middle and the last visit to each point.
fn chosen(visits: &[String]) -> BTreeSet<usize> {
    let mut by_point: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, point) in visits.iter().enumerate() {
        by_point.entry(point).or_default().push(index + 1);
    }
    let chosen = by_point.values();
    chosen
        .flat_map(|visits| {
            [
                visits[0],
                visits[visits.len() / 2],
                visits[visits.len() - 1],
            ]
        })
        .collect()
}

/// Stops the program there, starts it again until it ends, and tells what is wrong.
fn killed(reference: &Reference, story: Story, visit: usize) -> Vec<String> {
    let world = World::new(story);
    let run = world.run(Some(Stop::kill_at(visit)));
    let mut wrong = Vec::new();
    if run.output.status.code().is_some() || run.visits.len() != visit {
        wrong.push(format!("it was not killed there: {}", run.said()));
    }
    let mut committed = None;
    if story == Story::LostMachine {
        world.lose_the_machine();
    } else {
        committed = Some(Committed::of(&world));
    }
    let run = world.run(None);
    if run.output.status.code() != reference.code {
        wrong.push(run.said());
    }
    wrong.extend(flaws(&world, &reference.outcome, 1));
    if let Some(committed) = committed {
        wrong.extend(committed.fetched_again(&world, false));
    }
    wrong
}

#[test]
fn stopped_at_every_point_the_program_loses_nothing_and_repeats_nothing() {
    let mut visited = BTreeSet::new();
    let mut work = Vec::new();
    let references: Vec<Reference> = Story::ALL.into_iter().map(Reference::of).collect();
    for (index, reference) in references.iter().enumerate() {
        assert!(!reference.outcome.is_empty());
        visited.extend(reference.visits.iter().cloned());
        let visits = chosen(&reference.visits);
        work.extend(visits.into_iter().map(|visit| (index, visit)));
    }
    let name = |(index, visit): &(usize, usize)| {
        let point = &references[*index].visits[*visit - 1];
        format!(
            "{:?}, killed at visit {visit} ({point})",
            Story::ALL[*index]
        )
    };
    each(&work, name, |(index, visit)| {
        killed(&references[*index], Story::ALL[*index], *visit)
    });
    let all: BTreeSet<String> = Point::ALL
        .iter()
        .map(|point| format!("{point:?}"))
        .collect();
    assert_eq!(visited, all, "every point is visited");
}
