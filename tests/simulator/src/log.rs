//! Every request that came, and what can be proved from it.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

/// A method and a path of a platform's API, with placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Endpoint(pub(crate) &'static str);

impl Endpoint {
    /// What the platform does not have.
    pub const UNKNOWN: Self = Self("unknown");
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

/// What a request asks for, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Beginning of the window, as sent.
    pub from: Option<String>,
    /// End of the window, as sent.
    pub to: Option<String>,
    /// Whether it goes on from a cursor.
    pub cursor: bool,
    /// How many ids it names.
    pub ids: usize,
}

/// A request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1, in the order of arrival.
    pub number: usize,
    /// When it came, by the simulator's clock.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query without the question mark.
    pub query: Option<String>,
    /// Which endpoint it is for.
    pub endpoint: Endpoint,
    /// Whether it had a header that some platform takes credentials in, right or wrong.
    pub authorization: bool,
    /// The account whose credential it had; `None` where there was none or a wrong one.
    pub caller: Option<String>,
    /// What it asks for.
    pub summary: Summary,
    /// The status answered; `None` while no answer has been given.
    pub status: Option<u16>,
    /// Seconds told in `Retry-After`.
    pub retry_after: Option<u64>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// Size of the body before any fault was done to it.
    pub bytes: usize,
}

impl Entry {
    /// Whether it had a right credential.
    pub fn authenticated(&self) -> bool {
        self.caller.is_some()
    }
}

/// The log of a simulator. Clones share the entries.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<Entry>>>);

impl Log {
    /// Every request so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// How many requests came.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether none came.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// How many came for an endpoint.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.count_where(|entry| entry.endpoint == endpoint)
    }

    /// How many were answered with a status, for example 429.
    pub fn count_status(&self, status: u16) -> usize {
        self.count_where(|entry| entry.status == Some(status))
    }

    /// How many are as the test says.
    pub fn count_where(&self, test: impl Fn(&Entry) -> bool) -> usize {
        self.lock().iter().filter(|entry| test(entry)).count()
    }

    /// The most requests that came in any stretch of that length, both kept and refused ones.
    pub fn most_within(&self, window: Duration) -> usize {
        let window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
        let mut recent: VecDeque<Timestamp> = VecDeque::new();
        let mut most = 0;
        for entry in self.lock().iter() {
            recent.push_back(entry.at);
            while recent
                .front()
                .is_some_and(|first| entry.at.duration_since(*first) >= window)
            {
                recent.pop_front();
            }
            most = most.max(recent.len());
        }
        most
    }

    /// Numbers of the requests of a caller that came before the time which an earlier answer to it had
    /// told in `Retry-After`. Requests that were already under way when the answer was given do not count.
    pub fn too_early(&self) -> Vec<usize> {
        let entries = self.lock();
        let told_to_wait = |entry: &Entry, earlier: &Entry| {
            let (Some(seconds), Some(answered)) = (earlier.retry_after, earlier.answered_at) else {
                return false;
            };
            let until =
                answered + SignedDuration::from_secs(seconds.try_into().unwrap_or(i64::MAX));
            earlier.number < entry.number
                && earlier.caller == entry.caller
                && entry.at > answered
                && entry.at < until
        };
        entries
            .iter()
            .filter(|entry| entries.iter().any(|earlier| told_to_wait(entry, earlier)))
            .map(|entry| entry.number)
            .collect()
    }

    /// Adds a request. The function is told its number, under the lock: numbers are in the order of time.
    pub(crate) fn begin<T>(&self, entry: impl FnOnce(usize) -> (Entry, T)) -> (Entry, T) {
        let mut entries = self.lock();
        let (entry, more) = entry(entries.len() + 1);
        entries.push(entry.clone());
        (entry, more)
    }

    /// Completes a request's entry.
    pub(crate) fn finish(&self, number: usize, complete: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.lock().get_mut(number - 1) {
            complete(entry);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    fn log(entries: &[(i64, u16, Option<u64>)]) -> Log {
        let log = Log::default();
        for &(milliseconds, status, retry_after) in entries {
            log.begin(|number| {
                let entry = Entry {
                    number,
                    at: at(milliseconds),
                    method: "GET".into(),
                    path: "/".into(),
                    query: None,
                    endpoint: Endpoint::UNKNOWN,
                    authorization: true,
                    caller: Some("demo".into()),
                    summary: Summary::default(),
                    status: Some(status),
                    retry_after,
                    answered_at: Some(at(milliseconds)),
                    bytes: 0,
                };
                (entry, ())
            });
        }
        log
    }

    #[test]
    fn the_busiest_second_need_not_begin_on_the_clock() {
        let log = log(&[
            (0, 200, None),
            (600, 200, None),
            (900, 200, None),
            (1550, 200, None),
        ]);
        assert_eq!(log.most_within(Duration::from_secs(1)), 3);
        assert_eq!(log.most_within(Duration::from_millis(500)), 2);
    }

    #[test]
    fn a_request_before_the_time_told_is_too_early() {
        let log = log(&[(0, 429, Some(2)), (1000, 200, None), (2000, 200, None)]);
        assert_eq!(log.too_early(), [2]);
        assert_eq!(log.count_status(429), 1);
    }
}
