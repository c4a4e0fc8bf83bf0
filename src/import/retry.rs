//! When a failing platform is asked again, and when the attempt is given up for tonight.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// Tries of one request before the attempt is given up.
pub(super) const MAX_TRIES: u32 = 6;

/// Longest series of failures before the attempt is given up.
const MAX_SERIES: SignedDuration = SignedDuration::from_mins(5);

/// Longest wait inside an attempt. A longer one ends it, and the next run goes on.
pub(super) const MAX_WAIT: SignedDuration = SignedDuration::from_mins(5);

/// Longest time that a platform may tell us to wait. What is longer is a mistake, and is asked about again.
pub(super) const MAX_TOLD: SignedDuration = SignedDuration::from_hours(24);

/// Counts the failures of one attempt in a row. While it counts any, one request at a time is sent:
/// a platform that is down is not asked eight times at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Breaker {
    series: Option<Series>,
}

#[derive(Debug, Clone, Copy)]
struct Series {
    began: Timestamp,
    tries: u32,
    paused_until: Timestamp,
}

impl Breaker {
    /// An answer came: the series is over.
    pub(super) fn success(&mut self) {
        self.series = None;
    }

    /// A request that was sent at `sent` failed. Requests that were under way together count once.
    /// Returns whether to go on trying.
    pub(super) fn failure(
        &mut self,
        sent: Timestamp,
        now: Timestamp,
        wait: Option<SignedDuration>,
        seed: &str,
    ) -> bool {
        let series = match self.series {
            Some(series) if sent < series.paused_until => series,
            Some(series) => Series {
                tries: series.tries + 1,
                ..series
            },
            None => Series {
                began: now,
                tries: 1,
                paused_until: now,
            },
        };
        let pause = backoff(series.tries, seed).max(wait.unwrap_or_default());
        let paused_until = now
            .saturating_add(pause)
            .unwrap_or(Timestamp::MAX)
            .max(series.paused_until);
        self.series = Some(Series {
            paused_until,
            ..series
        });
        series.tries < MAX_TRIES && paused_until.duration_since(series.began) <= MAX_SERIES
    }

    /// Nothing is to be sent before this.
    pub(super) fn paused_until(&self) -> Option<Timestamp> {
        self.series.map(|series| series.paused_until)
    }
}

/// 1, 2, 4, ... 32 seconds, up to a quarter more: derived from a hash, so that two imports do not knock in step.
fn backoff(tries: u32, seed: &str) -> SignedDuration {
    let base = 1_000_i64 << tries.saturating_sub(1).min(5);
    let hash = Sha256::digest(format!("{seed}/{tries}"));
    SignedDuration::from_millis(base + base * i64::from(hash[0]) / 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_that_is_down_is_asked_six_times() {
        let mut breaker = Breaker::default();
        let mut now: Timestamp = "2026-12-01T00:00:00Z".parse().expect("an instant");
        let mut asked = 0;
        loop {
            asked += 1;
            if !breaker.failure(now, now, None, "northwind") {
                break;
            }
            now = breaker.paused_until().expect("a pause");
        }
        assert_eq!(asked, 6);
    }

    #[test]
    fn requests_that_fail_together_count_once_and_success_ends_the_series() {
        let now: Timestamp = "2026-12-01T00:00:00Z".parse().expect("an instant");
        let mut breaker = Breaker::default();
        for _ in 0..20 {
            assert!(breaker.failure(now, now, None, "northwind"));
        }
        breaker.success();
        assert_eq!(breaker.paused_until(), None);
    }
}
