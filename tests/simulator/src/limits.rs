//! Rate limits: no more than so many requests in any stretch of so much time.

use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp};

/// Limits of an account. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests in any second.
    pub per_second: Option<usize>,
    /// Requests in any minute.
    pub per_minute: Option<usize>,
    /// Requests in any 24 hours.
    pub per_day: Option<usize>,
}

impl Limits {
    /// As many requests as the machine can serve.
    pub const NONE: Self = Self {
        per_second: None,
        per_minute: None,
        per_day: None,
    };
}

/// Holds an account to its limits.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Vec<(usize, Duration)>,
    /// When the newest requests came, oldest first: as many as the largest limit.
    admitted: VecDeque<Timestamp>,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        let windows = [
            (limits.per_second, Duration::from_secs(1)),
            (limits.per_minute, Duration::from_secs(60)),
            (limits.per_day, Duration::from_secs(24 * 3600)),
        ];
        Self {
            limits: windows
                .into_iter()
                .filter_map(|(count, window)| Some((count?, window)))
                .collect(),
            admitted: VecDeque::new(),
        }
    }

    /// So many requests in any 20 seconds.
    pub(crate) fn of_20_seconds(requests: usize) -> Self {
        Self {
            limits: vec![(requests, Duration::from_secs(20))],
            admitted: VecDeque::new(),
        }
    }

    /// Other limits from now on.
    pub(crate) fn change(&mut self, limits: Limits) {
        let admitted = std::mem::take(&mut self.admitted);
        *self = Self {
            admitted,
            ..Self::new(limits)
        };
    }

    /// How its tightest limit stands: requests a window, how many are left of them, and in how many seconds
    /// there will be one more.
    pub(crate) fn standing(&self, now: Timestamp) -> Option<(usize, usize, u64)> {
        let standing = |&(count, window): &(usize, Duration)| {
            let length = SignedDuration::try_from(window).expect("windows are a day at most");
            let age = |at: &Timestamp| now.duration_since(*at);
            let recent: Vec<_> = self
                .admitted
                .iter()
                .map(age)
                .filter(|age| *age < length)
                .collect();
            let oldest = recent.first().copied().unwrap_or(SignedDuration::ZERO);
            let seconds = (length - oldest).as_millis().max(0) as u64;
            (
                count,
                count.saturating_sub(recent.len()),
                seconds.div_ceil(1000),
            )
        };
        self.limits
            .iter()
            .map(standing)
            .min_by_key(|(_, left, _)| *left)
    }

    /// Lets a request in, or says in how many seconds to come again. What is refused does not count.
    pub(crate) fn admit(&mut self, now: Timestamp) -> Result<(), u64> {
        let wait = self
            .limits
            .iter()
            .filter_map(|&(count, window)| self.wait(now, count, window))
            .max();
        if let Some(seconds) = wait {
            return Err(seconds);
        }
        let kept = self.limits.iter().map(|(count, _)| *count).max();
        if let Some(kept) = kept {
            self.admitted.push_back(now);
            if self.admitted.len() > kept {
                self.admitted.pop_front();
            }
        }
        Ok(())
    }

    /// Whole seconds until one of the newest `count` requests is older than `window`.
    fn wait(&self, now: Timestamp, count: usize, window: Duration) -> Option<u64> {
        let position = self.admitted.len().checked_sub(count)?;
        // A limit of zero has no oldest request to wait for: come again after a whole window.
        let oldest = self.admitted.get(position).copied().unwrap_or(now);
        let window = SignedDuration::try_from(window).expect("windows are a day at most");
        let left = window - now.duration_since(oldest);
        let seconds = left.as_millis().max(0) as u64;
        (seconds > 0).then(|| seconds.div_ceil(1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    #[test]
    fn the_window_slides() {
        let mut limiter = Limiter::new(Limits {
            per_second: Some(2),
            ..Limits::NONE
        });
        assert_eq!(limiter.admit(at(0)), Ok(()));
        assert_eq!(limiter.admit(at(900)), Ok(()));
        assert_eq!(limiter.admit(at(950)), Err(1));
        assert_eq!(limiter.admit(at(1000)), Ok(()));
        assert_eq!(limiter.admit(at(1001)), Err(1));
        assert_eq!(limiter.admit(at(1900)), Ok(()));
    }

    #[test]
    fn a_spent_day_asks_for_hours() {
        let mut limiter = Limiter::new(Limits {
            per_day: Some(1),
            ..Limits::NONE
        });
        assert_eq!(limiter.admit(at(0)), Ok(()));
        assert_eq!(limiter.admit(at(3_600_000)), Err(23 * 3600));
        assert_eq!(limiter.admit(at(86_400_000)), Ok(()));
    }

    #[test]
    fn no_limit_remembers_nothing() {
        let mut limiter = Limiter::new(Limits::NONE);
        for _ in 0..10 {
            assert_eq!(limiter.admit(at(0)), Ok(()));
        }
        assert!(limiter.admitted.is_empty());
    }
}
