//! How long a call was, as lists write it.

use jiff::SignedDuration;

use crate::{
    files::{options::DurationUnit, refusal::FileProblem, time},
    model::DurationSource,
};

/// A length, and how exactly it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::files) struct Length {
    pub(in crate::files) milliseconds: i64,
    pub(in crate::files) source: DurationSource,
    /// Whether it was read as minutes and seconds and could be hours and minutes.
    pub(in crate::files) two_parts: bool,
}

/// Whether only a unit makes a length of it.
pub(in crate::files) fn is_plain_number(text: &str) -> bool {
    decimal(text).is_some_and(|number| number != 0.0)
}

/// Reads `1:02:03`, `31:00`, `31 min`, `1h 2m`, `PT31M`, or a number of `unit`.
pub(in crate::files) fn length(
    text: &str,
    unit: Option<DurationUnit>,
) -> Result<Length, FileProblem> {
    let found = if text.contains(':') {
        clock(text, unit)
    } else if let Some(number) = decimal(text) {
        plain(number, unit)
    } else {
        words(text)
    };
    found
        .filter(|length| length.milliseconds >= 0)
        .ok_or_else(|| {
            FileProblem::new(
                "not-a-length",
                "This is no length of time that can be read.",
                "Write it as 0:31:00 or 31 min, or leave it empty if it is not known.",
            )
        })
}

fn clock(text: &str, unit: Option<DurationUnit>) -> Option<Length> {
    let milliseconds = time::milliseconds(text)?;
    let two_parts = text.matches(':').count() == 1;
    let told_in_hours = two_parts && unit == Some(DurationUnit::Hours);
    Some(if told_in_hours {
        Length {
            milliseconds: milliseconds.checked_mul(60)?,
            source: DurationSource::PlatformMin,
            two_parts: false,
        }
    } else {
        Length {
            milliseconds,
            source: exactness(milliseconds, DurationSource::PlatformS),
            two_parts: two_parts && unit.is_none(),
        }
    })
}

fn plain(number: f64, unit: Option<DurationUnit>) -> Option<Length> {
    let (factor, source) = match unit {
        Some(DurationUnit::Milliseconds) => (1.0, DurationSource::PlatformMs),
        Some(DurationUnit::Seconds) => (1_000.0, DurationSource::PlatformS),
        Some(DurationUnit::Minutes) => (60_000.0, DurationSource::PlatformMin),
        Some(DurationUnit::Hours) => (3_600_000.0, DurationSource::PlatformMin),
        None if number == 0.0 => (1.0, DurationSource::PlatformS),
        None => return None,
    };
    let milliseconds = (number * factor).round_ties_even();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked first"
    )]
    (milliseconds.abs() < 9.0e15).then_some(Length {
        milliseconds: milliseconds as i64,
        source,
        two_parts: false,
    })
}

/// A number with a point or a comma as decimal mark. Where a comma may as well part thousands, it is none.
fn decimal(text: &str) -> Option<f64> {
    let allowed = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b',');
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit()) || !unsigned.bytes().all(allowed) {
        return None;
    }
    if unsigned
        .split_once(',')
        .is_some_and(|(_, behind)| behind.len() == 3)
    {
        return None;
    }
    text.replacen(',', ".", 1).parse().ok()
}

/// Units in words, and ISO 8601.
fn words(text: &str) -> Option<Length> {
    let text = text.to_ascii_lowercase().replace(" and ", " ");
    let text = text.trim_end_matches('.').replace("p0dt", "pt");
    let duration: SignedDuration = text.parse().ok()?;
    let milliseconds = i64::try_from(duration.as_millis()).ok()?;
    let source = if milliseconds % 60_000 == 0 {
        DurationSource::PlatformMin
    } else {
        exactness(milliseconds, DurationSource::PlatformS)
    };
    Some(Length {
        milliseconds,
        source,
        two_parts: false,
    })
}

fn exactness(milliseconds: i64, told: DurationSource) -> DurationSource {
    if milliseconds % 1_000 == 0 {
        told
    } else {
        DurationSource::PlatformMs
    }
}
