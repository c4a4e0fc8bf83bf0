//! In whatever order answers come, and however long the record takes, an attempt ends, and then nothing is missing.

use std::{ops::ControlFlow, sync::LazyLock};

use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::*;

/// Of so many calls of a day, the last one has no transcript.
const SILENT: usize = 10;

/// More than any case takes.
const STEPS: usize = 10_000;

/// Transcripts of a sentence, of half a row group and of more than one.
static SPOKEN: LazyLock<[Spoken; 3]> = LazyLock::new(|| [1, 60_000, 130_000].map(spoken));

/// A platform that answers in the order it is told, beside a record that takes the time it is told.
struct World {
    attempt: Attempt,
    limiter: RateLimiter,
    access: Access,
    now: Timestamp,
    calls_a_day: usize,
    /// What is under way, with its ticket.
    asked: Vec<(u64, Arc<Work>)>,
    committing: Option<Commit>,
    recorded: Vec<String>,
    spoken: Vec<String>,
}

impl World {
    fn new(days: i64, calls_a_day: usize) -> Self {
        let Attempt { setup, scope, .. } = attempt();
        let from = date(2026, 1, 1);
        let to = from.saturating_add((days - 1).days());
        let scope = Scope {
            period: Some(Period { from, to }),
            checkpoints: Vec::new(),
            ..scope
        };
        Self {
            attempt: Attempt::new(connector("gong").unwrap(), setup, scope),
            limiter: RateLimiter::new("gong", "northwind", None, &[]),
            access: Access::constant(),
            now: Timestamp::UNIX_EPOCH,
            calls_a_day,
            asked: Vec::new(),
            committing: None,
            recorded: Vec::new(),
            spoken: Vec::new(),
        }
    }

    /// All calls of some days.
    fn calls(&self, window: Window) -> Vec<Call> {
        let days = window
            .from
            .series(1.day())
            .take_while(|day| *day < window.to);
        let numbers = || 0..self.calls_a_day;
        let of_day = days.flat_map(|day| numbers().map(move |number| (day, number)));
        let call = |(day, number)| {
            let mut call = Call::new(format!("{day} {number}"));
            if number % SILENT < SILENT - 1 {
                call.transcript = TranscriptContent::Pending;
            }
            call
        };
        of_day.map(call).collect()
    }

    /// Does what the attempt says, until it waits for an answer, for the record, or for the time that is given.
    fn obey(&mut self) -> ControlFlow<End, Option<Timestamp>> {
        loop {
            let Self { attempt, now, .. } = self;
            match attempt.poll(*now, &mut self.limiter, &mut self.access) {
                Command::LoadPending { what, .. } => attempt.pending(what, Vec::new()),
                Command::Send { ticket, work, .. } => self.asked.push((ticket, work)),
                Command::Commit(commit) => {
                    assert!(self.committing.is_none(), "one commit at a time");
                    self.committing = Some(commit);
                }
                Command::Wait(until) => return ControlFlow::Continue(Some(until)),
                Command::Idle => return ControlFlow::Continue(None),
                Command::Done(end) => return ControlFlow::Break(end),
                other => panic!("there is nothing of the kind: {other:?}"),
            }
        }
    }

    fn answer(&mut self, index: usize, length: usize) {
        let (ticket, work) = self.asked.swap_remove(index);
        let page = match &*work {
            Work::List { window, cursor } => {
                let calls = self.calls(*window);
                let begin = cursor
                    .as_deref()
                    .map_or(0, |cursor| cursor.parse().unwrap());
                let end = calls.len().min(begin + 100);
                Page {
                    next: (end < calls.len()).then(|| end.to_string()),
                    total: Some(calls.len() as u64),
                    calls: calls[begin..end].to_vec(),
                    ..Page::default()
                }
            }
            Work::Transcripts(calls) => Page {
                transcripts: calls
                    .iter()
                    .enumerate()
                    .map(|(position, call)| {
                        // One in a page may be long.
                        let length = if position == 0 { length } else { 0 };
                        (call.external_id.clone(), SPOKEN[length].clone())
                    })
                    .collect(),
                ..Page::default()
            },
            Work::Verify | Work::Media(_) => Page::default(),
        };
        let step = Ok(Step::Page(page));
        self.attempt
            .answered(ticket, step, self.now, &mut self.limiter, &mut self.access);
    }

    fn commit(&mut self) {
        let commit = self.committing.take().expect("a commit under way");
        let waits = |call: &&Call| call.transcript == TranscriptContent::Pending;
        let pending = commit.calls.iter().filter(waits);
        let pending: Vec<String> = pending.map(|call| call.external_id.clone()).collect();
        self.recorded
            .extend(commit.calls.into_iter().map(|call| call.external_id));
        self.spoken
            .extend(commit.transcripts.into_iter().map(|(id, _)| id));
        self.attempt.committed(&pending, self.now);
    }

    /// Goes on as the numbers choose, each among what may happen next.
    fn run(&mut self, choices: &[u8]) -> End {
        for number in choices.iter().copied().cycle().take(STEPS) {
            let until = match self.obey() {
                ControlFlow::Continue(until) => until,
                ControlFlow::Break(end) => return end,
            };
            let waiting = self.attempt.commits.len();
            assert!(
                waiting < MAX_TOGETHER + MAX_IN_FLIGHT,
                "{waiting} pages wait"
            );
            let answers = self.asked.len();
            let commits = usize::from(self.committing.is_some());
            let events = answers + commits + usize::from(until.is_some());
            assert!(events > 0, "nothing is under way, and it is not over");
            let choice = usize::from(number);
            match choice % events {
                index if index < answers => self.answer(index, choice % SPOKEN.len()),
                index if index < answers + commits => self.commit(),
                _ => self.now = until.unwrap_or(self.now),
            }
            let passes = SignedDuration::from_millis(i64::from(number) / 2);
            self.now = self.now.saturating_add(passes).unwrap();
        }
        panic!("it goes on for ever");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn in_any_order_each_call_is_recorded_once(
        days in 1_i64..200,
        calls_a_day in 0_usize..12,
        choices in prop::collection::vec(any::<u8>(), 1..300),
    ) {
        let mut world = World::new(days, calls_a_day);
        prop_assert_eq!(world.run(&choices), End::Complete);
        let period = world.attempt.scope.period.unwrap();
        let calls = world.calls(period.window());
        let waits = |call: &&Call| call.transcript == TranscriptContent::Pending;
        let ids = |calls: Vec<&Call>| -> Vec<String> {
            let mut ids: Vec<String> = calls.iter().map(|call| call.external_id.clone()).collect();
            ids.sort();
            ids
        };
        world.recorded.sort();
        world.spoken.sort();
        prop_assert_eq!(&world.recorded, &ids(calls.iter().collect()));
        prop_assert_eq!(&world.spoken, &ids(calls.iter().filter(waits).collect()));
    }
}
