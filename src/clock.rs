//! The time, as a port: the only place where the wall clock is read and where anything waits.

use std::{
    future::Future,
    pin::Pin,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

/// What the engine asks the time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Ends at `until`. `outstanding` is how many operations the caller still has under way: a
    /// simulated clock may only move on when all of them wait for it too.
    ///
    /// A real clock waits as long as it takes, which `tokio` does by the time that really passes.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that waits"
    )]
    fn wait(
        &self,
        until: Timestamp,
        outstanding: usize,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let _ = outstanding;
        let left = Duration::try_from(until.duration_since(self.now()));
        Box::pin(tokio::time::sleep(left.unwrap_or_default()))
    }
}

/// The clock of one run: the machine's when it began, and then as much later as time has really passed. Whoever sets
/// the machine's clock meanwhile moves no deadline and no limit.
#[derive(Debug, Clone, Copy)]
pub struct SteadyClock {
    began: Timestamp,
    counted_from: Instant,
}

impl SteadyClock {
    /// A clock that begins now.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clocks"
    )]
    pub fn start() -> Self {
        Self {
            began: Timestamp::now(),
            counted_from: Instant::now(),
        }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.counted_from.elapsed());
        self.began
            .saturating_add(passed.unwrap_or(SignedDuration::MAX))
            .unwrap_or(Timestamp::MAX)
    }
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the wall clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_asks_the_machine_for_the_time_once() {
        let began: Timestamp = "2001-02-03T04:05:06Z".parse().expect("an instant");
        let clock = SteadyClock {
            began,
            ..SteadyClock::start()
        };
        let passed = clock.now().duration_since(began);
        let an_hour = SignedDuration::from_hours(1);
        assert!(
            (SignedDuration::ZERO..an_hour).contains(&passed),
            "{passed:?}"
        );
    }
}
