//! What an attempt does about replies that are no page, and about replies that do not come.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{Attempt, Commit, Ticket, our_bug};
use crate::{
    import::{
        End, Failure, RateLimiter,
        retry::{MAX_TOLD, MAX_TRIES, MAX_WAIT},
    },
    model::{FailureClass, WhoseTurn},
    platforms::{Exchange, RecordFailure, Rejection, Work},
};

/// Tries of a request whose answers cannot be read.
const MAX_BROKEN: u32 = 3;

/// How long a platform may tell us to wait.
pub(super) fn wait(after: Option<Duration>) -> Option<SignedDuration> {
    after
        .and_then(|after| SignedDuration::try_from(after).ok())
        .map(|after| after.min(MAX_TOLD))
}

impl Attempt {
    /// The answer is larger than what is read. Half of the transcripts may not be; one that is fails alone.
    pub fn too_large(&mut self, ticket: u64, detail: String, now: Timestamp) {
        let work = self
            .in_flight
            .get(&ticket)
            .map(|asked| Arc::clone(&asked.work));
        let Some(Work::Transcripts(calls)) = work.as_deref() else {
            return self.lost(ticket, FailureClass::BrokenReply, detail, now);
        };
        self.in_flight.remove(&ticket);
        self.breaker.success();
        if let [call] = calls.as_slice() {
            let failure = RecordFailure {
                external_id: call.external_id.clone(),
                stage: "transcript",
                detail,
            };
            self.keep(Commit {
                failures: vec![failure],
                ..Commit::default()
            });
        } else if self.end.is_none() {
            let (some, others) = calls.split_at(calls.len() / 2);
            self.begin(Work::Transcripts(some.to_vec()));
            self.begin(Work::Transcripts(others.to_vec()));
        }
    }

    /// New tokens are there.
    pub fn renewed(&mut self) {
        self.renewals = 0;
        self.breaker.success();
    }

    /// No new tokens came. What a person must mend is not tried again; `after` is what the platform says about
    /// when to ask again.
    pub fn not_renewed(&mut self, failure: Failure, after: Option<Duration>, now: Timestamp) {
        self.renewals += 1;
        let wait = wait(after);
        let most = if failure.class == FailureClass::BrokenReply {
            MAX_BROKEN
        } else {
            MAX_TRIES
        };
        let until = wait.and_then(|wait| now.saturating_add(wait).ok());
        let is_hopeful = failure.advice.is_none()
            && self.renewals < most
            && self.breaker.failure(now, now, wait, &self.scope.request_id);
        match until.filter(|until| until.duration_since(now) > MAX_WAIT) {
            Some(until) if failure.advice.is_none() => self.stop(End::Waiting { until }),
            _ if is_hopeful => {}
            _ => self.stop(End::Failed(failure)),
        }
    }

    pub(super) fn rejected(
        &mut self,
        ticket: Ticket,
        rejection: Rejection,
        now: Timestamp,
        limiter: &mut RateLimiter,
    ) {
        match rejection {
            Rejection::Throttled { after } => self.throttled(ticket, wait(after), now, limiter),
            Rejection::TooMuch {
                instead,
                after,
                detail,
            } => {
                let (exchange, progress) = *instead;
                let ticket = Ticket {
                    exchange,
                    progress: Arc::new(progress),
                    ..ticket
                };
                let class = FailureClass::Unavailable;
                self.retry(ticket, class, detail, wait(after), MAX_TRIES, now);
            }
            Rejection::Unavailable { after, detail } => {
                self.retry(
                    ticket,
                    FailureClass::Unavailable,
                    detail,
                    wait(after),
                    MAX_TRIES,
                    now,
                );
            }
            Rejection::Broken { detail } => {
                self.retry(
                    ticket,
                    FailureClass::BrokenReply,
                    detail,
                    None,
                    MAX_BROKEN,
                    now,
                );
            }
            Rejection::RestartWindow => self.restart(&ticket.work),
            Rejection::Credentials { advice } => self.stop(End::Failed(Failure {
                class: FailureClass::Credentials,
                detail: advice.clone(),
                advice: Some((WhoseTurn::Customer, advice)),
            })),
            Rejection::Refused { detail } => {
                self.stop(End::Failed(our_bug(FailureClass::BrokenReply, detail)))
            }
        }
    }

    fn throttled(
        &mut self,
        ticket: Ticket,
        after: Option<SignedDuration>,
        now: Timestamp,
        limiter: &mut RateLimiter,
    ) {
        if let Exchange::Http(exchange) = &ticket.exchange {
            limiter.slow_down(exchange.class, ticket.sent, now);
        }
        if let Some(until) = after.and_then(|after| now.saturating_add(after).ok()) {
            limiter.block(until);
            if until.duration_since(now) > MAX_WAIT {
                return self.stop(End::Waiting { until });
            }
        }
        let detail = "the platform answers 429 to every request".to_owned();
        let class = FailureClass::Throttled;
        self.retry(ticket, class, detail, after, MAX_TRIES, now);
    }

    pub(super) fn retry(
        &mut self,
        ticket: Ticket,
        class: FailureClass,
        detail: String,
        wait: Option<SignedDuration>,
        max_tries: u32,
        now: Timestamp,
    ) {
        let tries = ticket.tries + 1;
        let hopeful = self
            .breaker
            .failure(ticket.sent, now, wait, &self.scope.request_id);
        if hopeful && tries < max_tries {
            if self.end.is_none() {
                self.ready.push_front(Ticket { tries, ..ticket });
            }
        } else {
            self.stop(End::Failed(Failure {
                class,
                detail,
                advice: None,
            }));
        }
    }

    fn restart(&mut self, work: &Work) {
        let Work::List { window, .. } = work else {
            return self.stop(End::Failed(our_bug(
                FailureClass::BrokenReply,
                "a cursor died where there is none".into(),
            )));
        };
        let window = *window;
        let Some(walk) = self.walks.iter_mut().find(|walk| walk.window == window) else {
            return;
        };
        if walk.restart() {
            self.begin(Work::List {
                window,
                cursor: None,
            });
        } else {
            let detail = format!(
                "the cursor of the window from {} to {} keeps dying",
                window.from, window.to
            );
            self.stop(End::Failed(Failure {
                class: FailureClass::BrokenReply,
                detail,
                advice: None,
            }));
        }
    }
}
