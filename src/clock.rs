//! The time, as a port: the only place where the wall clock is read and where anything waits.

use std::{future::Future, pin::Pin, time::Duration};

use jiff::Timestamp;

/// What the engine asks the time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Ends at `until`. `outstanding` is how many operations the caller still has under way: a
    /// simulated clock may only move on when all of them wait for it too.
    fn wait(
        &self,
        until: Timestamp,
        outstanding: usize,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
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

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that waits"
    )]
    fn wait(
        &self,
        until: Timestamp,
        _outstanding: usize,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let left = Duration::try_from(until.duration_since(self.now())).unwrap_or_default();
        Box::pin(tokio::time::sleep(left))
    }
}
