//! Whatever comes together: a story, one to three kills in a row, each after some microseconds more, and a platform,
//! a host of recordings and a GitHub that fail meanwhile. All of it follows from a number, so that what went wrong
//! can be seen again.

use std::{env, ops::Range};

use simulator::{
    Running,
    faults::{Fault, Rule},
};

use super::{
    Reference, each,
    oracle::{Committed, flaws},
    world::{Stop, Story, World},
};

/// `FROM..TO`: other seeds, or more.
const SEEDS: &str = "CALL_IMPORT_TEST_SEEDS";

/// Those that every run of the tests goes through.
const USUAL: Range<u64> = 0..200;

/// Which stories are told how often, by position.
const STORIES: [Story; 4] = [Story::Night, Story::Files, Story::Kept, Story::LostMachine];
const SHARES: [usize; 7] = [0, 0, 0, 1, 1, 2, 3];

/// Longest time between a point and the kill, in microseconds.
const LONGEST_DELAY: u64 = 5_000;

/// Numbers that follow from a seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next one, below a limit (`SplitMix64`).
    pub(super) const fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        let limit = length.try_into().expect("a short list");
        self.below(limit).try_into().expect("below a length")
    }

    /// One of these visits, counted from 1.
    pub(super) fn visit(&mut self, visits: &[String]) -> usize {
        1 + self.index(visits.len())
    }
}

/// Something fails once on the way: an answer that says so, one that breaks off, one that never comes.
fn fail_once(dice: &mut Dice, server: &Running, requests: usize) {
    let fault = match dice.below(4) {
        0 => Fault::status(503),
        1 => Fault::status(500),
        2 => Fault::Cut {
            after: dice.index(300),
        },
        _ => Fault::Lost,
    };
    let number = 1 + dice.index(requests);
    server.faults().add(Rule::new(fault).at(number));
}

/// What is wrong at the end of what follows from a seed.
fn played(seed: u64, references: &[Reference]) -> Vec<String> {
    let mut dice = Dice::of(seed);
    let reference = &references[SHARES[dice.index(SHARES.len())]];
    let world = World::new(reference.story);
    let fails = dice.below(3) > 0;
    if fails {
        fail_once(&mut dice, &world.gong, 12);
        fail_once(&mut dice, &world.host, 6);
    }
    if dice.below(8) == 0 {
        let rule = Rule::new(Fault::Lost).on_writes().skip(dice.below(3));
        world.github.faults().add(rule.once());
    }
    let mut wrong = Vec::new();
    let mut stops = 0;
    for _ in 0..=dice.below(3) {
        let stop = Stop {
            visit: dice.visit(&reference.visits),
            delay: dice.below(LONGEST_DELAY),
            politely: false,
        };
        let run = world.run(Some(stop));
        if run.output.status.code().is_some() {
            // It had less to do than an undisturbed one.
            continue;
        }
        stops += 1;
        if reference.story == Story::LostMachine {
            world.lose_the_machine();
        }
    }
    let committed = Committed::of(&world);
    let run = world.run(None);
    if run.output.status.code() != reference.code {
        wrong.push(run.said());
    }
    wrong.extend(flaws(&world, &reference.outcome, stops));
    wrong.extend(committed.fetched_again(&world, fails));
    if !wrong.is_empty() {
        wrong.push(run.said());
    }
    wrong
}

fn seeds() -> Range<u64> {
    let Ok(named) = env::var(SEEDS) else {
        return USUAL;
    };
    let bounds = named.split_once("..");
    let bounds = bounds.and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    bounds.expect("two numbers with `..` between them")
}

#[test]
#[cfg_attr(
    not(debug_assertions),
    ignore = "a release program cannot be stopped at a point"
)]
fn killed_at_random_among_failures_the_program_loses_nothing_and_repeats_nothing() {
    let references: Vec<Reference> = STORIES.into_iter().map(Reference::of).collect();
    let seeds: Vec<u64> = seeds().collect();
    let name = |seed: &u64| {
        let next = seed + 1;
        format!("seed {seed} (alone: {SEEDS}={seed}..{next} cargo test --test suite kill::seeds)")
    };
    each(&seeds, name, |seed| played(*seed, &references));
}
