//! From times as they are written to milliseconds from the start of the call.

use super::{
    clock::{Form, Stamp},
    layouts::{Row, Start},
};
use crate::files::{
    FileProblem, Moment,
    notice::{Code, Notices},
    refusal,
};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The times of all turns.
///
/// # Errors
/// When the time goes back by more than a minute: then two calls were joined, and no order is right.
pub(super) fn moments(
    rows: &[Row<'_>],
    starts: &[Start<'_>],
    notices: &mut Notices,
) -> Result<Vec<Moment>, FileProblem> {
    let clock = Clock::of(rows, starts, notices);
    let mut latest: Option<(i64, usize)> = None;
    let mut days = 0;
    let mut moments = Vec::with_capacity(starts.len());
    for start in starts {
        let line = rows[start.first].number;
        let mut moment = Moment {
            line,
            start_ms: None,
            end_ms: None,
        };
        if let Some(times) = start.times {
            let mut start_ms = clock.read(times.start).saturating_add(days);
            if let Some((before, at)) = latest
                && before.saturating_sub(start_ms) > MINUTE_MS
            {
                if clock.zero.is_none() || before.saturating_sub(start_ms) < DAY_MS / 2 {
                    return Err(refusal::time_goes_back(at, line));
                }
                days += DAY_MS;
                start_ms += DAY_MS;
            }
            if latest.is_none_or(|(before, _)| before <= start_ms) {
                latest = Some((start_ms, line));
            }
            moment.start_ms = Some(start_ms);
            moment.end_ms = times.end.map(|end| clock.read(end).saturating_add(days));
            check(&mut moment, notices);
        }
        moments.push(moment);
    }
    Ok(moments)
}

fn check(moment: &mut Moment, notices: &mut Notices) {
    if moment.end_ms.is_some() && moment.end_ms < moment.start_ms {
        notices.add(Code::EndBeforeStart, moment.line);
        moment.end_ms = None;
    }
    if moment.start_ms.max(moment.end_ms) > Some(DAY_MS) {
        notices.add(Code::BeyondOneDay, moment.line);
    }
}

/// What the times of a text count from.
struct Clock {
    /// The first time, if they are times of day.
    zero: Option<i64>,
    /// Whether `9:05` is five past nine.
    hours_first: bool,
}

impl Clock {
    fn of(rows: &[Row<'_>], starts: &[Start<'_>], notices: &mut Notices) -> Self {
        let mut clock = Self {
            zero: None,
            hours_first: false,
        };
        let stamps = || starts.iter().filter_map(|start| Some(start.times?.start));
        let timed = starts.iter().find(|start| start.times.is_some());
        let Some((start, first)) = timed.and_then(|start| Some((start, start.times?.start))) else {
            return clock;
        };
        let half_days = stamps().any(|stamp| stamp.form == Form::HalfDay);
        let of_day = match first.form {
            Form::HalfDay => true,
            Form::ThreeParts => half_days || first.ms >= 5 * HOUR_MS && first.ms < DAY_MS,
            Form::TwoParts => half_days || is_time_of_day(rows, starts, first),
            Form::Length => false,
        };
        let line = rows[start.first].number;
        if of_day {
            clock.hours_first = true;
            clock.zero = Some(clock.read(first));
            notices.add(Code::TimesOfDay, line);
        } else if first.ms >= 6 * MINUTE_MS {
            notices.add(Code::LateStart, line);
        }
        clock
    }

    fn read(&self, stamp: Stamp) -> i64 {
        let written = match stamp.form {
            Form::TwoParts if self.hours_first => stamp.ms.saturating_mul(60),
            Form::TwoParts | Form::ThreeParts | Form::Length | Form::HalfDay => stamp.ms,
        };
        written.saturating_sub(self.zero.unwrap_or_default())
    }
}

/// Whether times such as 09:05 are five past nine: they can be, and read as minutes and seconds, people would
/// speak faster than anybody can.
fn is_time_of_day(rows: &[Row<'_>], starts: &[Start<'_>], first: Stamp) -> bool {
    const WORDS_PER_SECOND: i64 = 5;
    let stamps = || starts.iter().filter_map(|start| Some(start.times?.start));
    let can_be = |stamp: Stamp| stamp.form == Form::TwoParts && stamp.ms < 24 * MINUTE_MS;
    if first.ms < 6 * MINUTE_MS || !stamps().all(can_be) {
        return false;
    }
    let last = stamps().map(|stamp| stamp.ms).max().unwrap_or(first.ms);
    let Some(final_turn) = starts.iter().rfind(|start| start.times.is_some()) else {
        return false;
    };
    // The last words are spoken behind the last time.
    let begin = starts.first().map_or(0, |start| start.first);
    let spoken = rows[begin..final_turn.first].iter();
    let words: usize = spoken.map(|row| row.text.split_whitespace().count()).sum();
    let seconds = (last - first.ms) / SECOND_MS;
    i64::try_from(words).unwrap_or(i64::MAX) > seconds.saturating_mul(WORDS_PER_SECOND)
}
