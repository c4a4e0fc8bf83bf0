//! The promise, at every point where it could break: the real program is stopped by a real signal before and after
//! each commit and each effect that others see, started again until it ends, and what is left is compared with an
//! undisturbed night and with what the platform had.

mod migrations;
mod oracle;
mod seeds;
mod terminate;
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
use world::{CALLS, Run, Stop, Story, WINDOWS, World};

/// Pieces of work that go on at once. They wait for most of their time: for GitHub's pace, and for processes.
const AT_ONCE: usize = 10;

/// An undisturbed story: what it visits, how it ends, and what is left of it.
struct Reference {
    story: Story,
    visits: Vec<String>,
    code: Option<i32>,
    outcome: Outcome,
}

impl Reference {
    fn of(story: Story) -> Self {
        let world = World::new(story);
        let Run { visits, output } = world.run(None);
        let outcome = Outcome::of(&world);
        assert!(!outcome.is_empty(), "{story:?}");
        if story.is_night() {
            // Who forgets what is committed at the end sees each window, recording and transcript fetched again.
            let seen = Committed::of(&world).since_the_start();
            let again = seen.fetched_again(&world, false);
            assert_eq!(again.len(), WINDOWS + CALLS + 1, "{again:#?}");
        }
        Self {
            story,
            visits,
            code: output.status.code(),
            outcome,
        }
    }

    /// The point at a visit, counted from 1.
    fn point(&self, visit: usize) -> &str {
        &self.visits[visit - 1]
    }

    /// Whether a run that is stopped at a visit has written down that it tells Slack, and has not done it yet.
    fn is_about_to_tell_slack(&self, visit: usize) -> bool {
        let message = "BeforeMessage";
        self.point(visit) == message || self.visits.get(visit).is_some_and(|next| next == message)
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

/// The first, a middle and the last visit to each of the points.
fn chosen(visits: &[String], wanted: impl Fn(&str) -> bool) -> BTreeSet<usize> {
    let mut by_point: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, point) in visits.iter().enumerate() {
        if wanted(point) {
            by_point.entry(point).or_default().push(index + 1);
        }
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

/// Which points of a story are worth a process: what another story has shown is not shown again.
fn is_of_interest(story: Story, point: &str) -> bool {
    let ends = |names: &[&str]| names.iter().any(|name| point.ends_with(name));
    match story {
        Story::Night | Story::Form | Story::New => true,
        Story::Kept => ends(&["Object", "Deletion", "Note", "Checkpoint"]),
        Story::LostMachine => ends(&["Object", "Deletion", "Renewal", "GitHubWrite", "Message"]),
        Story::Files => ends(&["Fetch", "File", "Commit"]),
    }
}

/// Kills the program at a visit, starts it again, and tells what is wrong.
fn killed(reference: &Reference, visit: usize) -> Vec<String> {
    let (world, run) = killed_world(reference, visit);
    let mut wrong = Vec::new();
    if run.output.status.code().is_some() || run.visits.len() != visit {
        wrong.push(format!("it was not killed there: {}", run.said()));
    }
    let committed = if reference.story == Story::LostMachine {
        world.lose_the_machine();
        None
    } else {
        Some(Committed::of(&world))
    };
    let run = world.run(None);
    // A file that is there is not written over.
    let is_refused = reference.story == Story::New && reference.point(visit) == "AfterFile";
    if run.output.status.code() != reference.code.filter(|_| !is_refused).or(Some(2)) {
        wrong.push(run.said());
    }
    wrong.extend(flaws(&world, &reference.outcome, 1));
    if reference.story.is_night()
        && world.slack.slack().messages().is_empty()
        && !reference.is_about_to_tell_slack(visit)
    {
        wrong.push("Slack was told nothing".to_owned());
    }
    if let Some(committed) = committed {
        wrong.extend(committed.fetched_again(&world, false));
    }
    wrong
}

/// Pages that wait for the record are committed together, so a run may end after fewer visits than the undisturbed one.
/// Then another one is tried.
fn killed_world(reference: &Reference, visit: usize) -> (World, Run) {
    let attempt = || {
        let world = World::new(reference.story);
        let run = world.run(Some(Stop::kill_at(visit)));
        (world, run)
    };
    (1..10)
        .map(|_| attempt())
        .find(|(_, run)| run.output.status.code().is_none())
        .unwrap_or_else(attempt)
}

/// Whole nights, the machine lost after each; on the next one the program is killed while it takes the record
/// back, and on the one after it must find it all.
fn killed_while_restoring(expected: &Outcome) -> Vec<String> {
    let world = World::new(Story::LostMachine);
    let mut wrong = Vec::new();
    world.run(None);
    world.lose_the_machine();
    let visits = world.run(None).visits;
    let restoring = chosen(&visits, |point| point.ends_with("Restored"));
    assert_eq!(restoring.len(), 2, "{visits:?}");
    for visit in restoring {
        world.lose_the_machine();
        let run = world.run(Some(Stop::kill_at(visit)));
        if run.output.status.code().is_some() {
            wrong.push(run.said());
        }
        let run = world.run(None);
        if run.output.status.code() != Some(0) {
            wrong.push(run.said());
        }
        wrong.extend(flaws(&world, expected, 0));
    }
    wrong
}

/// The names of those points that are wanted, sorted.
fn points_of(wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let names = Point::ALL.iter().map(|point| format!("{point:?}"));
    names.filter(|name| wanted(name)).collect()
}

#[test]
#[cfg_attr(
    not(debug_assertions),
    ignore = "a release program cannot be stopped at a point"
)]
fn killed_at_every_point_the_program_loses_nothing_and_repeats_nothing() {
    let references: Vec<Reference> = Story::ALL.into_iter().map(Reference::of).collect();
    let mut work = Vec::new();
    let mut points = BTreeSet::new();
    for reference in &references {
        let visits = chosen(&reference.visits, |point| {
            is_of_interest(reference.story, point)
        });
        points.extend(visits.iter().map(|visit| reference.point(*visit)));
        work.extend(visits.into_iter().map(|visit| (reference, Some(visit))));
    }
    let kept = &references[1];
    work.push((kept, None));
    points.extend(["BeforeRestored", "AfterRestored"]);
    let all = points_of(|point| !point.contains("Migration"));
    assert!(points.iter().eq(&all), "{points:?} of {all:?}");

    let name = |(reference, visit): &(&Reference, Option<usize>)| match visit {
        Some(visit) => format!(
            "{:?}, killed at visit {visit} ({})",
            reference.story,
            reference.point(*visit)
        ),
        None => "killed while restoring".to_owned(),
    };
    each(&work, name, |(reference, visit)| match visit {
        Some(visit) => killed(reference, *visit),
        None => killed_while_restoring(&reference.outcome),
    });
}
