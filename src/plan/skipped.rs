//! The nights in which nothing ran.

use jiff::{SignedDuration, Timestamp};

use super::next_night;
use crate::spec::Nightly;

/// A run that begins this long after the planned start is still that night's run: GitHub starts scheduled
/// jobs late when it is busy (GitHub Docs, "Events that trigger workflows", `schedule`).
const LATEST_START: SignedDuration = SignedDuration::from_hours(12);

/// The planned nights after the last recorded run that passed without one, the earliest first. The night
/// of the run that asks, which begins at `now`, is none of them, and runs by day make no difference.
pub fn skipped_nights(
    nightly: &Nightly,
    last_started_at: Option<Timestamp>,
    now: Timestamp,
) -> Vec<Timestamp> {
    let after = |time| Some(next_night(nightly, time)).filter(|night| *night > time);
    std::iter::successors(last_started_at, |time| after(*time))
        .skip(1)
        .take_while(|night| now.duration_since(*night) > LATEST_START)
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, ToSpan, civil::time};

    use super::*;

    fn skipped(last: Option<&str>, now: &str) -> Vec<String> {
        let nightly = Nightly {
            at: time(1, 17, 0, 0),
            deadline: SignedDuration::from_hours(5),
            settle_days: 14,
        };
        let instant = |text: &str| text.parse::<Timestamp>().unwrap();
        let nights = skipped_nights(&nightly, last.map(instant), instant(now));
        nights.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_night_with_a_run_is_none_that_was_skipped() {
        for (last, now, why) in [
            (
                "2026-12-01T01:17:00Z",
                "2026-12-02T01:17:00Z",
                "to the minute",
            ),
            (
                "2026-12-01T01:20:31Z",
                "2026-12-02T01:18:02Z",
                "a little late",
            ),
            ("2026-12-01T01:17:00Z", "2026-12-02T07:40:00Z", "hours late"),
            (
                "2026-12-01T07:40:00Z",
                "2026-12-02T01:17:00Z",
                "late before",
            ),
            (
                "2026-12-01T01:17:00Z",
                "2026-12-02T13:17:00Z",
                "as late as it may be",
            ),
            (
                "2026-12-01T01:17:00Z",
                "2026-12-01T15:00:00Z",
                "by hand, by day",
            ),
            (
                "2026-12-01T15:00:00Z",
                "2026-12-02T01:17:00Z",
                "by hand before",
            ),
            (
                "2026-12-01T15:00:00Z",
                "2026-12-01T15:05:00Z",
                "twice by hand",
            ),
            (
                "2026-12-02T01:17:00Z",
                "2026-12-01T01:17:00Z",
                "a clock set back",
            ),
        ] {
            assert_eq!(skipped(Some(last), now), Vec::<String>::new(), "{why}");
        }
        assert_eq!(skipped(None, "2026-12-02T01:17:00Z"), Vec::<String>::new());
    }

    #[test]
    fn nights_without_a_run_are_named() {
        assert_eq!(
            skipped(Some("2026-11-29T01:18:00Z"), "2026-12-02T03:00:00Z"),
            ["2026-11-30T01:17:00Z", "2026-12-01T01:17:00Z"]
        );
        // A run by hand before the planned start does not stand for the night after it.
        assert_eq!(
            skipped(Some("2026-11-30T16:00:00Z"), "2026-12-02T01:17:00Z"),
            ["2026-12-01T01:17:00Z"]
        );
        // By hand, long after a night whose run never came.
        assert_eq!(
            skipped(Some("2026-11-30T01:17:00Z"), "2026-12-01T15:00:00Z"),
            ["2026-12-01T01:17:00Z"]
        );
    }

    #[test]
    fn the_end_of_time_is_no_endless_loop() {
        let nightly = Nightly {
            at: time(1, 17, 0, 0),
            deadline: SignedDuration::from_hours(5),
            settle_days: 14,
        };
        let last = Timestamp::MAX - 30.hours();
        assert!(skipped_nights(&nightly, Some(last), Timestamp::MAX).len() < 3);
    }
}
