//! What an attempt asks for, and what it does not.

mod order;

use super::*;
use crate::{
    model::{Checkpoint, Granularity, Period, Segment, Spoken, Transcript, Window},
    platforms::{Page, connector},
};
use jiff::civil::date;

fn attempt() -> Attempt {
    let period = Period {
        from: date(2026, 1, 1),
        to: date(2026, 1, 31),
    };
    let setup = Setup {
        base_url: String::new(),
        options: serde_json::Map::new(),
        internal_domains: Vec::new(),
        period,
        method: crate::model::Method::Api,
        as_of: Timestamp::UNIX_EPOCH,
        keys: 1,
        gathered: Arc::default(),
    };
    let window = Window {
        from: period.from,
        to: date(2026, 2, 1),
    };
    let scope = Scope {
        request_id: "northwind".into(),
        period: Some(period),
        checkpoints: vec![Checkpoint {
            window,
            cursor: None,
            listed: 1_001,
            done: true,
        }],
        keep_checkpoints: true,
        transcripts: true,
        media: false,
    };
    Attempt::new(connector("gong").unwrap(), Arc::new(setup), scope)
}

fn call(number: usize) -> CallRef {
    CallRef {
        external_id: format!("{number:04}"),
        raw: None,
    }
}

/// What a listing tells of is not asked for by itself, what it does not tell of is; and nothing is, while
/// days are listed for the first time.
#[test]
fn what_comes_with_the_listing_is_not_asked_for() {
    for keep_checkpoints in [false, true] {
        let fireflies = connector("fireflies").unwrap();
        let Attempt { setup, scope, .. } = attempt();
        let scope = Scope {
            checkpoints: Vec::new(),
            keep_checkpoints,
            ..scope
        };
        let mut attempt = Attempt::new(fireflies, setup, scope);
        let mut access = Access::constant();
        let mut limiter = RateLimiter::new("fireflies", "northwind", None, &[]);
        let now = Timestamp::UNIX_EPOCH;
        let mut asked: Vec<CallRef> = Vec::new();
        loop {
            match attempt.poll(now, &mut limiter, &mut access) {
                Command::LoadPending { what, .. } => {
                    attempt.pending(what, (1..=3).map(call).collect());
                }
                Command::Send { ticket, work, .. } => {
                    let mut page = Page::default();
                    match &*work {
                        Work::Transcripts(calls) => asked.extend(calls.iter().cloned()),
                        _ => page.calls = vec![Call::new("0001"), Call::new("0003")],
                    }
                    attempt.answered(ticket, Ok(Step::Page(page)), now, &mut limiter, &mut access);
                }
                Command::Commit(_) => attempt.committed(&["0003".to_owned()], now),
                Command::Done(end) => break assert_eq!(end, End::Complete),
                other => panic!("nothing is under way: {other:?}"),
            }
        }
        let expected = if keep_checkpoints {
            vec![]
        } else {
            vec![call(2)]
        };
        assert_eq!(asked, expected);
    }
}

/// A call that a listing has just recorded comes again with the next piece of the backlog.
#[test]
fn no_transcript_is_asked_for_twice() {
    let mut attempt = attempt();
    let mut limiter = RateLimiter::new("gong", "northwind", None, &[]);
    let mut access = Access::constant();
    let now = Timestamp::UNIX_EPOCH;
    let mut asked: Vec<String> = Vec::new();
    let mut loaded = 0;
    loop {
        match attempt.poll(now, &mut limiter, &mut access) {
            Command::LoadPending { what, after: None } => {
                attempt.committing = Some(vec![call(1_000)]);
                attempt.committed(&["1000".to_owned()], now);
                attempt.pending(what, (0..1_000).map(call).collect());
                loaded += 1;
            }
            Command::LoadPending {
                what,
                after: Some(after),
            } => {
                assert_eq!(after, "0999");
                attempt.pending(what, vec![call(1_000)]);
                loaded += 1;
            }
            Command::Send { ticket, work, .. } => {
                let Work::Transcripts(calls) = &*work else {
                    panic!("all is listed: {work:?}")
                };
                asked.extend(calls.iter().map(|call| call.external_id.clone()));
                attempt.answered(
                    ticket,
                    Ok(Step::Page(Default::default())),
                    now,
                    &mut limiter,
                    &mut access,
                );
            }
            Command::Done(end) => {
                assert_eq!(end, End::Complete);
                break;
            }
            other => panic!("nothing is under way: {other:?}"),
        }
    }
    asked.sort();
    assert_eq!(
        asked,
        (0..=1_000)
            .map(|number| format!("{number:04}"))
            .collect::<Vec<_>>()
    );
    assert_eq!(loaded, 2);
}

/// What an attempt does until it has nothing to do: exchanges it sends, and transcripts that it commits together. There are
/// 8 batches of calls that wait for theirs.
fn work(attempt: &mut Attempt, now: Timestamp) -> (Vec<u64>, Vec<usize>) {
    let mut limiter = RateLimiter::new("gong", "northwind", None, &[]);
    let mut access = Access::constant();
    let (mut sent, mut committed) = (Vec::new(), Vec::new());
    loop {
        match attempt.poll(now, &mut limiter, &mut access) {
            Command::LoadPending { what, after } => {
                let calls = after.is_none().then(|| (0..800).map(call).collect());
                attempt.pending(what, calls.unwrap_or_default());
            }
            Command::Send { ticket, .. } => sent.push(ticket),
            Command::Commit(commit) => committed.push(commit.transcripts.len()),
            Command::Idle => return (sent, committed),
            Command::Wait(until) => {
                assert_eq!(until, now + PROMPT);
                return (sent, committed);
            }
            other => panic!("nothing to wait for: {other:?}"),
        }
    }
}

/// A transcript of so many segments.
pub(super) fn spoken(segments: usize) -> Spoken {
    let segment = Segment {
        speaker: None,
        participant: None,
        start_ms: None,
        end_ms: None,
        text: "Hello.".to_owned(),
    };
    let transcript = Transcript {
        source: "platform".into(),
        granularity: Granularity::Sentence,
        language: None,
        segments: vec![segment; segments],
    };
    transcript.into()
}

fn answer(attempt: &mut Attempt, ticket: u64, segments: usize) {
    let page = Page {
        transcripts: vec![(ticket.to_string(), spoken(segments))],
        ..Page::default()
    };
    let mut limiter = RateLimiter::new("gong", "northwind", None, &[]);
    let now = Timestamp::UNIX_EPOCH;
    let access = &mut Access::constant();
    attempt.answered(ticket, Ok(Step::Page(page)), now, &mut limiter, access);
}

/// While the record keeps up, each page is committed at once. Pages that wait for it are committed together: when there are
/// enough of them, or when no more is on its way.
#[test]
fn only_pages_that_had_to_wait_are_committed_together() {
    let now = Timestamp::UNIX_EPOCH;
    let mut attempt = attempt();
    let (sent, _) = work(&mut attempt, now);
    assert_eq!(sent.len(), MAX_IN_FLIGHT);
    answer(&mut attempt, sent[0], 1);
    assert_eq!(work(&mut attempt, now).1, [1], "at once");
    answer(&mut attempt, sent[1], 1);
    answer(&mut attempt, sent[2], 1);
    assert!(work(&mut attempt, now).1.is_empty(), "one commit at a time");
    attempt.committed(&[], now);
    assert!(work(&mut attempt, now).1.is_empty(), "more is on its way");
    answer(&mut attempt, sent[3], 122_880);
    assert_eq!(work(&mut attempt, now).1, [3], "enough");
    for ticket in &sent[4..] {
        answer(&mut attempt, *ticket, 1);
    }
    attempt.committed(&[], now);
    assert_eq!(work(&mut attempt, now).1, [4], "no more comes");
}

/// Where the record is behind, no more answers are under way than it can take, and calls that were listed are recorded before
/// anything else: without them there would be nothing to ask for in the meantime.
#[test]
fn while_the_record_writes_there_is_something_to_ask_for() {
    let now = Timestamp::UNIX_EPOCH;
    let mut attempt = attempt();
    let (sent, _) = work(&mut attempt, now);
    answer(&mut attempt, sent[0], 1);
    assert_eq!(work(&mut attempt, now).1, [1]);
    for ticket in &sent[1..] {
        answer(&mut attempt, *ticket, 122_880);
    }
    attempt.keep(Commit {
        calls: vec![Call::new("0900")],
        ..Commit::default()
    });
    attempt.committed(&[], now);
    assert_eq!(work(&mut attempt, now).1, [0], "calls alone");
    attempt.transcripts.take((800..1_800).map(call));
    attempt.keep(Commit {
        calls: vec![Call::new("0901")],
        ..Commit::default()
    });
    for _ in &sent[2..] {
        attempt.committed(&[], now);
        assert_eq!(work(&mut attempt, now), (vec![], vec![1]), "enough waits");
    }
    attempt.committed(&[], now);
    let (asked, committed) = work(&mut attempt, now);
    assert_eq!((asked.len(), committed), (choice::MAX_SPOKEN, vec![1]));
}

/// An answer that hangs holds up nothing but itself.
#[test]
fn what_came_is_committed_without_an_answer_that_takes_long() {
    let now = Timestamp::UNIX_EPOCH;
    let mut attempt = attempt();
    let (sent, _) = work(&mut attempt, now);
    answer(&mut attempt, sent[0], 1);
    assert_eq!(work(&mut attempt, now).1, [1]);
    answer(&mut attempt, sent[1], 1);
    attempt.committed(&[], now);
    assert!(
        work(&mut attempt, now).1.is_empty(),
        "others are on their way"
    );
    let later = now + PROMPT;
    assert_eq!(work(&mut attempt, later).1, [1], "they take long");
    attempt.committed(&[], later);
    answer(&mut attempt, sent[2], 1);
    assert_eq!(
        work(&mut attempt, later).1,
        [1],
        "the record keeps up again"
    );
}
