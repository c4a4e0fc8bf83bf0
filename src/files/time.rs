//! Times and time lines of WebVTT and SRT, in every form that was seen.

use super::text::trim;

/// A line with a start and an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeLine<'a> {
    /// Milliseconds; `None` when it cannot be read.
    pub(super) start_ms: Option<i64>,
    /// Milliseconds; `None` when it is missing or cannot be read.
    pub(super) end_ms: Option<i64>,
    /// Whether a comma is the decimal mark, as in SRT.
    pub(super) comma: bool,
    /// What stands behind the times and is no cue setting: text on the wrong line.
    pub(super) text: &'a str,
}

/// Reads a line as `start --> end [settings]`; `None` when it is something else, such as a sentence
/// with an arrow in it.
pub(super) fn time_line(line: &str) -> Option<TimeLine<'_>> {
    let (left, right) = line.split_once("-->")?;
    let (left, right) = (trim(left), trim(right));
    if !left.contains(':') || left.contains(char::is_whitespace) {
        return None;
    }
    let (end, behind) = right.split_once(char::is_whitespace).unwrap_or((right, ""));
    let (start_ms, end_ms) = (milliseconds(left), milliseconds(end));
    if start_ms.is_none() && end_ms.is_none() && !looks_like_time(left) {
        return None;
    }
    let behind = if end_ms.is_some() || looks_like_time(end) {
        behind
    } else {
        right
    };
    Some(TimeLine {
        start_ms,
        end_ms,
        comma: left.contains(',') || end_ms.is_some() && end.contains(','),
        text: if behind.split_whitespace().all(is_setting) {
            ""
        } else {
            behind
        },
    })
}

/// `[-][hours:]minutes:seconds[.fraction]` in milliseconds. Parts may have any number of digits, the
/// fraction is a decimal part of a second (`0:0:2.75` is 2,750 ms) after a dot or a comma, hours have
/// no upper end. Teams through Graph writes one-digit parts and times before zero.
pub(super) fn milliseconds(time: &str) -> Option<i64> {
    let unsigned = time.strip_prefix('-').unwrap_or(time);
    let (clock, fraction) = unsigned.split_once(['.', ',']).unwrap_or((unsigned, ""));
    let mut seconds = 0_i64;
    let mut parts = 0;
    for part in clock.split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(digits(part)?)?;
        parts += 1;
    }
    if !(2..=3).contains(&parts) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let magnitude = seconds
        .checked_mul(1000)?
        .checked_add(thousandths(fraction))?;
    Some(if unsigned.len() < time.len() {
        -magnitude
    } else {
        magnitude
    })
}

fn digits(part: &str) -> Option<i64> {
    // `parse` alone would take a sign.
    let plain = part.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| part.parse().ok()).flatten()
}

/// Digits behind a decimal mark as thousandths, rounded half to even.
fn thousandths(fraction: &str) -> i64 {
    let digit = |index| {
        fraction
            .as_bytes()
            .get(index)
            .map_or(0, |byte| i64::from(byte - b'0'))
    };
    let value = (0..3).fold(0, |value, index| value * 10 + digit(index));
    let beyond = fraction.get(4..).unwrap_or_default();
    let exactly_half = beyond.bytes().all(|byte| byte == b'0');
    let up = match digit(3) {
        5 if exactly_half => value % 2,
        5.. => 1,
        _ => 0,
    };
    value + up
}

fn looks_like_time(text: &str) -> bool {
    let time_characters = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | ',' | '-');
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text.chars().all(time_characters)
}

/// `align:start`, `line:84%` (WebVTT) or `X1:120` (SRT).
fn is_setting(word: &str) -> bool {
    word.split_once(':').is_some_and(|(key, value)| {
        !key.is_empty() && !value.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::{milliseconds, time_line};

    #[test]
    fn times_in_every_form() {
        for (time, expected) in [
            ("00:00:01.500", Some(1_500)),
            ("00:00:01,500", Some(1_500)),
            ("0:0:2.75", Some(2_750)),
            ("0:00:01,5", Some(1_500)),
            ("01:02.500", Some(62_500)),
            ("01:02", Some(62_000)),
            ("75:00.000", Some(4_500_000)),
            ("-00:00:03.250", Some(-3_250)),
            ("100:00:00.000", Some(360_000_000)),
            ("300:00:00,000", Some(1_080_000_000)),
            ("00:00:01.0004999", Some(1_000)),
            ("00:00:01.0005", Some(1_000)),
            ("00:00:01.0015", Some(1_002)),
            ("00:00:01.00050001", Some(1_001)),
            ("00:00:59.9999999", Some(60_000)),
            ("9999999999999999999:00:00.000", None),
            ("2562047788015215:00:00.000", None),
            ("00:00:01:12", None),
            ("12.500", None),
            ("00:+1:00.000", None),
            ("00::01.000", None),
            ("--00:01.000", None),
            ("", None),
        ] {
            assert_eq!(milliseconds(time), expected, "{time}");
        }
    }

    #[test]
    fn an_arrow_alone_makes_no_time_line() {
        for line in [
            "Click File --> Save",
            "see: this --> that",
            "a --> 0:01",
            "-->",
            "x:y --> z",
        ] {
            assert_eq!(time_line(line), None, "{line}");
        }
    }

    #[test]
    fn what_stands_behind_the_times_is_settings_or_text() {
        for (line, text) in [
            ("00:01.000 --> 00:02.000 align:start line:84%", ""),
            (
                "00:00:01,000 --> 00:00:02,000 X1:100 X2:200 Y1:10 Y2:20",
                "",
            ),
            ("00:01.000 --> 00:02.000 Bo: yes", "Bo: yes"),
            ("00:01.000 --> yes, that is it", "yes, that is it"),
            ("00:01.000 -->", ""),
        ] {
            assert_eq!(time_line(line).map(|time| time.text), Some(text), "{line}");
        }
    }
}
