//! The forms in which a moment is written. What a form leaves open, stays open here.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    fmt::temporal::Pieces,
    tz::{Offset, TimeZone},
};

use super::of_serial;
use crate::model::{Precision, words};

/// A moment as far as the text tells it.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) day: Day,
    /// Time of day, and whether it is told to the second or to the minute.
    pub(super) time: Option<(Time, Precision)>,
    pub(super) zone: Option<Zone>,
    /// Whether the year has two digits.
    pub(super) short_year: bool,
}

/// A day as far as the text tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    Known(Date),
    /// Day and month, in an order that only the whole column tells.
    Numbers {
        first: i8,
        second: i8,
        year: i16,
    },
}

/// What a text says about the zone of its time.
#[derive(Debug, Clone)]
pub(super) enum Zone {
    Offset(Offset),
    Named(TimeZone),
    /// Letters such as EST.
    Short(String),
}

/// Day numbers from 1970 to 2099, in both ways of counting.
const SERIALS: std::ops::Range<f64> = 24_000.0..73_051.0;

pub(super) fn moment(text: &str, from_1904: bool) -> Option<Moment> {
    let digits = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',');
    if digits && let Some(moment) = number(text, from_1904) {
        return Some(moment);
    }
    iso(text).or_else(|| free(text))
}

/// Day numbers of spreadsheets (46083.625) and seconds or milliseconds since 1970, which are told apart by their
/// length.
fn number(text: &str, from_1904: bool) -> Option<Moment> {
    let whole = text.find(['.', ',']).unwrap_or(text.len());
    if !matches!(whole, 5 | 10 | 13) {
        return None;
    }
    let number: f64 = text.replace(',', ".").parse().ok()?;
    if whole == 5 {
        let moment = SERIALS
            .contains(&number)
            .then(|| of_serial(number, from_1904))??;
        let time = moment.time();
        return Some(Moment {
            day: Day::Known(moment.date()),
            time: (number.fract() != 0.0).then(|| (time, precision(time))),
            zone: None,
            short_year: false,
        });
    }
    let milliseconds = if whole == 10 { number * 1000.0 } else { number };
    #[expect(clippy::cast_possible_truncation, reason = "it has 13 digits at most")]
    let milliseconds = milliseconds.round_ties_even() as i64;
    let time = Timestamp::from_millisecond(milliseconds).ok()?;
    let moment = Offset::UTC.to_datetime(time);
    Some(Moment {
        day: Day::Known(moment.date()),
        time: Some((moment.time(), Precision::Exact)),
        zone: Some(Zone::Offset(Offset::UTC)),
        short_year: false,
    })
}

/// A spreadsheet does not tell seconds that it does not have.
fn precision(time: Time) -> Precision {
    if time.second() == 0 && time.subsec_nanosecond() == 0 {
        Precision::Minute
    } else {
        Precision::Exact
    }
}

/// ISO 8601 with an offset, `Z`, or a zone in brackets (RFC 9557), if any.
fn iso(text: &str) -> Option<Moment> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let pieces = Pieces::parse(text).ok()?;
    let zone = match (pieces.to_numeric_offset(), pieces.to_time_zone()) {
        // Where both are told, the offset says which of two equal times is meant.
        (Some(offset), _) => Some(Zone::Offset(offset)),
        (None, Ok(Some(zone))) => Some(Zone::Named(zone)),
        (None, Ok(None)) => None,
        (None, Err(_)) => return None,
    };
    let clock = text
        .split_once(['T', 't', ' '])
        .map_or("", |(_, clock)| clock);
    let clock_digits = clock
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b':')
        .filter(u8::is_ascii_digit);
    let precision = if clock_digits.count() > 4 {
        Precision::Exact
    } else {
        Precision::Minute
    };
    Some(Moment {
        day: Day::Known(pieces.date()),
        time: pieces.time().map(|time| (time, precision)),
        zone,
        short_year: false,
    })
}

/// Other forms: `02/03/2026 15:00`, `Mon, 2 Mar 2026 15:00:12 +0100`, `March 2nd, 2026 at 3:00 PM`.
fn free(text: &str) -> Option<Moment> {
    let (days, clock) = text.split_at(clock_start(text));
    let (day, short_year) = day(days)?;
    if clock.is_empty() {
        return Some(Moment {
            day,
            time: None,
            zone: None,
            short_year,
        });
    }
    let (time, rest) = time(clock)?;
    let zone = zone(rest)?;
    Some(Moment {
        day,
        time: Some(time),
        zone,
        short_year,
    })
}

/// Where the time of day begins: at the digits before the first colon, or before `PM`.
fn clock_start(text: &str) -> usize {
    let before = match text.find(':') {
        Some(colon) => &text[..colon],
        None => match half_of_day(text.trim_end_matches('.')) {
            Some((before, _)) => before.trim_end(),
            None => return text.len(),
        },
    };
    before.trim_end_matches(|c: char| c.is_ascii_digit()).len()
}

/// Cuts `AM`, `pm` or `p.m` from the end; whether it is the afternoon.
fn half_of_day(text: &str) -> Option<(&str, bool)> {
    [("am", false), ("pm", true), ("a.m", false), ("p.m", true)]
        .into_iter()
        .find_map(|(word, afternoon)| {
            let cut = text.len().checked_sub(word.len())?;
            let (before, end) = (text.get(..cut)?, text.get(cut..)?);
            let apart = before.ends_with(|c: char| c.is_ascii_digit() || c.is_whitespace());
            (apart && end.eq_ignore_ascii_case(word)).then_some((before, afternoon))
        })
}

type Clock = (Time, Precision);

/// `15:00`, `15:00:12.5`, `3:00 PM`, `3 PM`, and what stands behind.
fn time(text: &str) -> Option<(Clock, &str)> {
    let (hour, mut rest) = digits(text, 2)?;
    let (mut minute, mut second, mut nanosecond) = (0, 0, 0);
    let mut precision = Precision::Minute;
    if let Some(behind) = rest.strip_prefix(':') {
        (minute, rest) = digits(behind, 2)?;
        if let Some(behind) = rest.strip_prefix(':') {
            (second, rest) = digits(behind, 2)?;
            precision = Precision::Exact;
            if let Some(fraction) = rest.strip_prefix(['.', ',']) {
                let length = fraction.len()
                    - fraction
                        .trim_start_matches(|c: char| c.is_ascii_digit())
                        .len();
                let kept: String = fraction[..length]
                    .chars()
                    .chain("000000000".chars())
                    .take(9)
                    .collect();
                nanosecond = kept.parse().ok()?;
                rest = &fraction[length..];
            }
        }
    }
    let (hour, rest) = match in_half(hour, rest) {
        Some(found) => found?,
        None => (hour, rest),
    };
    let time = Time::new(hour, minute, second, nanosecond).ok()?;
    Some(((time, precision), rest))
}

/// A time of day with `AM` or `PM`, and nothing else.
pub(super) fn half_day_time(text: &str) -> Option<Time> {
    half_of_day(text.trim_end_matches('.'))?;
    let ((time, _), rest) = time(text)?;
    rest.trim().is_empty().then_some(time)
}

/// If `AM` or `PM` follows: the hour of the day, if there is such an hour, and the rest.
#[expect(
    clippy::option_option,
    reason = "no half of the day, or one that the hour does not fit"
)]
fn in_half(hour: i8, text: &str) -> Option<Option<(i8, &str)>> {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let word: String = text[..end]
        .chars()
        .filter(|c| *c != '.')
        .collect::<String>()
        .to_ascii_lowercase();
    let afternoon = match word.as_str() {
        "am" => 0,
        "pm" => 12,
        _ => return None,
    };
    Some(
        (1..=12)
            .contains(&hour)
            .then(|| (hour % 12 + afternoon, &text[end..])),
    )
}

fn digits(text: &str, most: usize) -> Option<(i8, &str)> {
    let length = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if length > most {
        return None;
    }
    Some((text[..length].parse().ok()?, &text[length..]))
}

/// What stands behind the time: `Z`, `UTC`, `+02:00`, `GMT+2`, `Europe/Madrid`, `EST`, or nothing.
#[expect(
    clippy::option_option,
    reason = "something that is no zone, or no zone"
)]
fn zone(text: &str) -> Option<Option<Zone>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    let text = text
        .trim_start_matches(['(', '['])
        .trim_end_matches([')', ']']);
    // `+0000 (UTC)` says the same twice.
    let text = text.split_once(" (").map_or(text, |(offset, _)| offset);
    let without_name = ["UTC", "GMT"].into_iter().find_map(|name| {
        let head = text.get(..3)?;
        head.eq_ignore_ascii_case(name).then(|| &text[3..])
    });
    let found = match without_name {
        Some("") => Zone::Offset(Offset::UTC),
        Some(rest) => Zone::Offset(offset(rest)?),
        None if text.eq_ignore_ascii_case("z") => Zone::Offset(Offset::UTC),
        None if text.starts_with(['+', '-', '\u{2212}']) => Zone::Offset(offset(text)?),
        None if text.contains('/') => Zone::Named(TimeZone::get(text).ok()?),
        None => {
            let short =
                (2..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase());
            Zone::Short(short.then(|| text.to_owned())?)
        }
    };
    Some(Some(found))
}

/// `+2`, `+02`, `+0200` or `+02:00`.
fn offset(text: &str) -> Option<Offset> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix(['-', '\u{2212}'])?),
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() == 4 && rest.is_ascii() => rest.split_at(2),
        None => (rest, "0"),
    };
    let number = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse::<i32>().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// Three parts of a date in any order that tells itself; and whether the year has two digits.
fn day(text: &str) -> Option<(Day, bool)> {
    let text = text.trim_end();
    let text = match text.strip_suffix(['T', 't']) {
        Some(before) if before.ends_with(|c: char| c.is_ascii_digit()) => before,
        Some(_) | None => text,
    };
    let parts = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '-' | '/' | '.'));
    let parts = parts.filter(|part| !part.is_empty() && !is_filler(part));
    let parts: Vec<&str> = parts.take(4).collect();
    let [first, second, third] = parts[..] else {
        return None;
    };
    let small = |text: &str| {
        let text = ["st", "nd", "rd", "th"]
            .into_iter()
            .find_map(|end| text.strip_suffix(end))
            .unwrap_or(text);
        digits(text, 2)
            .filter(|(_, rest)| rest.is_empty())
            .map(|(number, _)| number)
    };
    if let Some(year) = long_year(first) {
        let month = words::month(&second.to_lowercase()).or_else(|| small(second))?;
        return Some((
            Day::Known(Date::new(year, month, small(third)?).ok()?),
            false,
        ));
    }
    let (year, short) = match long_year(third) {
        Some(year) => (year, false),
        None if third.len() == 2 => (2000 + i16::from(small(third)?), true),
        None => return None,
    };
    let day = match (
        words::month(&first.to_lowercase()),
        words::month(&second.to_lowercase()),
    ) {
        (Some(month), None) => Day::Known(Date::new(year, month, small(second)?).ok()?),
        (None, Some(month)) => Day::Known(Date::new(year, month, small(first)?).ok()?),
        (None, None) => {
            let (first, second) = (small(first)?, small(second)?);
            let fits = |number: i8| (1..=31).contains(&number);
            let either = fits(first) && fits(second) && first.min(second) <= 12;
            either.then_some(Day::Numbers {
                first,
                second,
                year,
            })?
        }
        (Some(_), Some(_)) => return None,
    };
    Some((day, short))
}

fn long_year(text: &str) -> Option<i16> {
    let plain = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

/// Weekdays in English, and words between the parts.
fn is_filler(word: &str) -> bool {
    const WEEKDAYS: &[&str] = &[
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let word = word.to_lowercase();
    matches!(word.as_str(), "of" | "at" | "the")
        || word.len() >= 3 && WEEKDAYS.iter().any(|day| day.starts_with(&word))
}
