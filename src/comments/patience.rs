//! One request to GitHub after another, at the pace that GitHub allows, for as long as the run may last.

use std::{collections::VecDeque, fmt, future::Future};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::{
    clock::Clock,
    github::{GitHub, GitHubError, Pause},
};

/// Between two writes (GitHub REST API, best practices: pause between mutative requests).
const BETWEEN_WRITES: SignedDuration = SignedDuration::from_secs(1);

/// Writes in an hour; GitHub's secondary limit is 500 for all that uses the same token.
const WRITES_AN_HOUR: usize = 400;

/// How often a request is sent again that brought no answer and may be repeated.
const REPEATS: u32 = 3;

/// First wait after no answer; doubled each time.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// First wait after a limit without a word on how long it lasts; doubled each time.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// A request for as long as it is worth waiting.
pub struct Patience<'a> {
    github: &'a GitHub,
    clock: &'a dyn Clock,
    interrupt: watch::Receiver<bool>,
    /// Nothing is waited for beyond this moment.
    give_up: Timestamp,
    /// When the writes of the last hour were sent.
    writes: VecDeque<Timestamp>,
}

/// What may be done about a request without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Changes nothing.
    Read,
    /// Changes something, and nothing more when it is sent twice.
    Edit,
    /// Makes something new each time it is sent.
    Post,
}

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// No further request will do now: the next run delivers the rest.
    Later(String),
    /// The token may do nothing of this kind.
    Forbidden(String),
    /// This one will not do.
    Refused(GitHubError),
    /// It may have been carried out.
    Unknown(String),
}

/// What GitHub said, or why nothing could be asked.
impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Later(reason) | Self::Forbidden(reason) | Self::Unknown(reason) => {
                f.write_str(reason)
            }
            Self::Refused(error) => error.fmt(f),
        }
    }
}

impl<'a> Patience<'a> {
    /// Patience until `give_up`, or until the interrupt becomes true.
    pub fn new(
        github: &'a GitHub,
        clock: &'a dyn Clock,
        interrupt: watch::Receiver<bool>,
        give_up: Timestamp,
    ) -> Self {
        Self {
            github,
            clock,
            interrupt,
            give_up,
            writes: VecDeque::new(),
        }
    }

    /// The repository that is asked.
    pub const fn github(&self) -> &'a GitHub {
        self.github
    }

    /// Sends a request until there is an answer to go by.
    ///
    /// # Errors
    /// When there is none; the [`Halt`] says what else may be tried.
    pub async fn send<T, F>(
        &mut self,
        kind: Kind,
        request: impl Fn(&'a GitHub) -> F,
    ) -> Result<T, Halt>
    where
        F: Future<Output = Result<T, GitHubError>>,
    {
        let (mut limited, mut lost) = (0, 0);
        loop {
            self.wait_for_turn(kind).await?;
            match request(self.github).await {
                Ok(value) => return Ok(value),
                Err(GitHubError::Limited(pause)) => {
                    self.wait(self.end_of(pause, limited)).await?;
                    limited += 1;
                }
                Err(GitHubError::Unknown(reason)) if kind == Kind::Post => {
                    return Err(Halt::Unknown(reason));
                }
                Err(GitHubError::Unknown(reason)) if lost == REPEATS => {
                    return Err(Halt::Later(reason));
                }
                Err(GitHubError::Unknown(_)) => {
                    self.wait_after_loss(lost).await?;
                    lost += 1;
                }
                Err(error) if error.is_about_the_token() => {
                    return Err(Halt::Forbidden(error.to_string()));
                }
                Err(error) => return Err(Halt::Refused(error)),
            }
        }
    }

    /// Waits before something that brought no answer is tried again, for the `lost`-th time, from 0.
    ///
    /// # Errors
    /// [`Halt::Later`] when that would take too long.
    pub async fn wait_after_loss(&mut self, lost: u32) -> Result<(), Halt> {
        self.wait(self.after(FIRST_WAIT, lost)).await
    }

    async fn wait_for_turn(&mut self, kind: Kind) -> Result<(), Halt> {
        if let Some(reset) = self.github.exhausted_until() {
            self.wait(reset).await?;
        }
        if kind != Kind::Read {
            let turn = self.next_write();
            self.wait(turn).await?;
            self.writes.push_back(self.clock.now());
        }
        if *self.interrupt.borrow() {
            return Err(interrupted());
        }
        Ok(())
    }

    /// When the next write may be sent.
    fn next_write(&mut self) -> Timestamp {
        let now = self.clock.now();
        let hour = SignedDuration::from_hours(1);
        self.writes
            .retain(|write| now.duration_since(*write) < hour);
        let after_last = self.writes.back().map(|last| later(*last, BETWEEN_WRITES));
        let full = self.writes.len() >= WRITES_AN_HOUR;
        let after_first = self.writes.front().filter(|_| full);
        let after_first = after_first.map(|first| later(*first, hour));
        [after_last, after_first]
            .into_iter()
            .flatten()
            .fold(now, Timestamp::max)
    }

    fn end_of(&self, pause: Pause, limited: u32) -> Timestamp {
        // Limits are told in whole seconds.
        let now = later(self.clock.now(), SignedDuration::from_secs(1));
        match pause {
            Pause::For(duration) => later(now, duration),
            Pause::Until(moment) => later(moment, SignedDuration::from_secs(1)).max(now),
            Pause::Unsaid => self.after(FIRST_PAUSE, limited),
        }
    }

    fn after(&self, first: SignedDuration, doublings: u32) -> Timestamp {
        later(
            self.clock.now(),
            first.saturating_mul(1 << doublings.min(10)),
        )
    }

    async fn wait(&mut self, until: Timestamp) -> Result<(), Halt> {
        if until <= self.clock.now() {
            return Ok(());
        }
        if until > self.give_up {
            let limit = crate::model::words::moment(until);
            return Err(Halt::Later(format!("GitHub lets us go on at {limit}")));
        }
        tokio::select! {
            biased;
            _ = self.interrupt.changed() => Err(interrupted()),
            () = self.clock.wait(until, 0) => Ok(()),
        }
    }
}

fn interrupted() -> Halt {
    Halt::Later("the run was stopped".into())
}

fn later(moment: Timestamp, duration: SignedDuration) -> Timestamp {
    moment.saturating_add(duration).unwrap_or(Timestamp::MAX)
}
