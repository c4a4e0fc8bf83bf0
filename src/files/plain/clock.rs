//! Times as people and page copies write them: `0:15`, `[00:15]`, `1:02:03.5`, `1h 02m 03s`, `9:05 AM`.

use crate::files::{text::trim, time};

/// One point in time, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Milliseconds, from zero or from midnight.
    pub(super) ms: i64,
    /// How it is written, which tells whether it can be a time of day.
    pub(super) form: Form,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `9:05`: minutes and seconds, unless it is a time of day.
    TwoParts,
    /// `9:05:12`
    ThreeParts,
    /// `1h 02m 03s`, or plain seconds.
    Length,
    /// `9:05 AM`
    HalfDay,
}

/// When a turn begins and, if it is written, when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) start: Stamp,
    pub(super) end: Option<Stamp>,
}

/// A line that times stand on together with something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beside<'a> {
    pub(super) times: Times,
    /// Whether more than one space parts them from the rest; a sentence has no more.
    pub(super) firm: bool,
    /// What stands before or behind them.
    pub(super) rest: &'a str,
}

/// Longest text that is looked at for a time, in bytes: `[100:00:00.000000 --> 100:00:01.000000]`.
const LONGEST: usize = 48;

/// What may stand between a time and a name or a text.
const SEPARATORS: [char; 6] = ['-', '–', '—', '|', '·', '•'];

/// The whole text as a time, or as a start and an end.
pub(super) fn times(text: &str) -> Option<Times> {
    let text = trim(text);
    if text.len() > LONGEST {
        return None;
    }
    let text = without_brackets(text).unwrap_or(text);
    if let Some(start) = stamp(text) {
        return Some(Times { start, end: None });
    }
    if let Some((start, end)) = text.split_once("-->") {
        // Teams writes one-digit parts, which are no times without the arrow.
        let written = |text| stamp(text).or_else(|| loose(text));
        return Some(Times {
            start: written(start)?,
            end: Some(written(end)?),
        });
    }
    ["–", "—", "-", " to "].iter().find_map(|separator| {
        let (start, end) = text.split_once(separator)?;
        Some(Times {
            start: stamp(start)?,
            end: Some(stamp(end)?),
        })
    })
}

/// A number of seconds, which is a time only where nothing else can stand.
pub(super) fn seconds(text: &str) -> Option<Stamp> {
    let text = trim(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    (is_digits(whole, 1..=6) && is_digits(fraction, 1..=9)).then_some(())?;
    let ms = time::milliseconds(&format!("0:{text}"))?;
    Some(Stamp {
        ms,
        form: Form::Length,
    })
}

/// Times that a line begins with.
pub(super) fn leading(line: &str) -> Option<Beside<'_>> {
    let (times, after) = if let Some(inner) = line.strip_prefix(['[', '(']) {
        let end = inner
            .bytes()
            .take(LONGEST)
            .position(|byte| matches!(byte, b']' | b')'))?;
        (times(&inner[..end])?, &inner[end + 1..])
    } else {
        let (start, after) = bare(line)?;
        (Times { start, end: None }, after)
    };
    let rest = after.trim_start();
    let separated = rest
        .strip_prefix(SEPARATORS)
        .or_else(|| rest.strip_prefix(':'))
        .filter(|behind| behind.is_empty() || behind.starts_with(char::is_whitespace));
    let gap = &after[..after.len() - rest.len()];
    Some(Beside {
        times,
        firm: separated.is_some() || is_wide(gap),
        rest: trim(separated.unwrap_or(rest)),
    })
}

/// Times that a line ends with.
pub(super) fn trailing(line: &str) -> Option<Beside<'_>> {
    if let Some(open) = line
        .strip_suffix([']', ')'])
        .and_then(|inner| inner.rfind(['[', '(']))
    {
        let times = times(&line[open + 1..line.len() - 1])?;
        let rest = trim(line[..open].trim_end_matches([',', ':']));
        return Some(Beside {
            times,
            firm: true,
            rest,
        });
    }
    // `1h 02m 03s`, `9:05:12 AM` and `00:01:23 --> 00:01:45` hold spaces themselves.
    let spaces = line.char_indices().rev().filter(|(_, c)| c.is_whitespace());
    let split = |(position, space): (usize, char)| {
        let behind = &line[position + space.len_utf8()..];
        (behind.len() <= LONGEST).then(|| (&line[..position], times(behind), behind))
    };
    let (before, times, behind) = spaces
        .map_while(split)
        .filter(|(_, times, _)| times.is_some())
        .last()?;
    let name = before.trim_end();
    let gap = &line[name.len()..line.len() - behind.trim_start().len()];
    let bare_name = name.trim_end_matches(SEPARATORS);
    let separated = bare_name.len() < name.len() && bare_name.ends_with(char::is_whitespace);
    Some(Beside {
        times: times?,
        firm: separated || is_wide(gap),
        rest: trim(if separated {
            bare_name
        } else {
            name.trim_end_matches([',', ':'])
        }),
    })
}

/// A time without brackets at the beginning of a line, and what stands behind it.
fn bare(line: &str) -> Option<(Stamp, &str)> {
    let clock = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | ',');
    let end = line.find(|c| !clock(c)).unwrap_or(line.len());
    let token = line[..end].trim_end_matches([':', '.', ',']);
    let time = clock_time(token)?;
    let after = &line[token.len()..];
    let half = after.trim_start();
    // "0:05 am I late?" is no time of day.
    let marks: &[&str] = if half.len() == after.len() {
        &["AM", "PM", "am", "pm", "a.m.", "p.m."]
    } else {
        &["AM", "PM", "pm", "a.m.", "p.m."]
    };
    let marked = marks.iter().find_map(|mark| {
        let behind = half.strip_prefix(mark)?;
        let time = half_day(&line[..line.len() - behind.len()])?;
        (!behind.starts_with(char::is_alphanumeric)).then_some((time, behind))
    });
    if marked.is_some() {
        return marked;
    }
    let ends = after.is_empty()
        || after.starts_with(char::is_whitespace)
        || after.starts_with(SEPARATORS)
        || after.starts_with(": ");
    ends.then_some((time, after))
}

fn is_wide(gap: &str) -> bool {
    gap.contains('\t') || gap.chars().count() > 1
}

fn without_brackets(text: &str) -> Option<&str> {
    let square = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    square.or_else(|| text.strip_prefix('(').and_then(|t| t.strip_suffix(')')))
}

fn stamp(text: &str) -> Option<Stamp> {
    let text = trim(text);
    clock_time(text)
        .or_else(|| half_day(text))
        .or_else(|| length(text))
}

/// `M:SS` or `H:MM:SS`, with a fraction if need be. Minutes may exceed 59 where there are no hours.
fn clock_time(text: &str) -> Option<Stamp> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let (first, rest) = whole.split_once(':')?;
    let form = if rest.contains(':') {
        Form::ThreeParts
    } else {
        Form::TwoParts
    };
    let sixtieth = |part: &str| is_digits(part, 2..=2) && part < "60";
    let plain =
        is_digits(first, 1..=3) && is_digits(fraction, 1..=9) && rest.split(':').all(sixtieth);
    let ms = plain.then(|| time::milliseconds(text)).flatten()?;
    Some(Stamp { ms, form })
}

/// `0:0:2.75` and `-0:0:1.5`, as Teams writes them around an arrow.
fn loose(text: &str) -> Option<Stamp> {
    let ms = time::milliseconds(trim(text))?;
    Some(Stamp {
        ms,
        form: Form::Length,
    })
}

/// `9:05 AM`, `12:30:15 p.m.`
fn half_day(text: &str) -> Option<Stamp> {
    const HOUR_MS: i64 = 3_600_000;
    let lower = text.to_ascii_lowercase().replace('.', "");
    let (clock, noon) = match lower.strip_suffix("am") {
        Some(clock) => (clock, 0),
        None => (lower.strip_suffix("pm")?, 12 * HOUR_MS),
    };
    let time = clock_time(trim(clock))?;
    let hours = match time.form {
        Form::TwoParts => time.ms.checked_mul(60)?,
        Form::ThreeParts | Form::Length | Form::HalfDay => time.ms,
    };
    let in_range = (HOUR_MS..13 * HOUR_MS).contains(&hours);
    in_range.then(|| Stamp {
        ms: hours % (12 * HOUR_MS) + noon,
        form: Form::HalfDay,
    })
}

/// `1h 02m 03s`, `2 min 5 sec`, `45s`: the larger unit first.
fn length(text: &str) -> Option<Stamp> {
    let mut rest = text;
    let mut ms = 0_i64;
    let mut largest = i64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let behind = rest[digits..].trim_start();
        let end = behind
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(behind.len());
        let unit = match &behind[..end].to_ascii_lowercase()[..] {
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
            "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
            "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
            _ => return None,
        };
        if unit >= largest {
            return None;
        }
        largest = unit;
        ms = ms.checked_add(number.checked_mul(unit)?)?;
        rest = behind[end..].trim_start();
    }
    (largest < i64::MAX).then_some(Stamp {
        ms,
        form: Form::Length,
    })
}

fn is_digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Form, leading, times, trailing};

    #[test]
    fn times_in_every_form() {
        for (text, ms, form) in [
            ("0:05", 5_000, Form::TwoParts),
            ("75:00", 4_500_000, Form::TwoParts),
            ("[00:15]", 15_000, Form::TwoParts),
            ("(01:02:03.5)", 3_723_500, Form::ThreeParts),
            ("1h 02m 03s", 3_723_000, Form::Length),
            ("2 min 5 sec", 125_000, Form::Length),
            ("9:05 AM", 32_700_000, Form::HalfDay),
            ("12:00:30 a.m.", 30_000, Form::HalfDay),
            ("1:30 pm", 48_600_000, Form::HalfDay),
        ] {
            let found = times(text).map(|times| (times.start.ms, times.start.form, times.end));
            assert_eq!(found, Some((ms, form, None)), "{text}");
        }
        for text in [
            "", "15", "1:5", "1:60", "0:05.", "1:60:00", "16:90", "13:00 PM", "0:30 AM", "3s 1m",
            "h", "5 apples", "0:05 x",
        ] {
            assert_eq!(times(text), None, "{text}");
        }
    }

    #[test]
    fn a_range_has_an_end() {
        for (text, start, end) in [
            ("00:01:23 --> 00:01:45", 83_000, 105_000),
            ("0:0:0.0 --> 0:0:2.75", 0, 2_750),
            ("[0:05 - 0:10]", 5_000, 10_000),
            ("0:05–0:10", 5_000, 10_000),
        ] {
            let found = times(text).and_then(|times| Some((times.start.ms, times.end?.ms)));
            assert_eq!(found, Some((start, end)), "{text}");
        }
    }

    #[test]
    fn times_beside_something_else() {
        for (line, rest, firm) in [
            ("Bo Lind  0:05", "Bo Lind", true),
            ("Bo Lind\t0:05", "Bo Lind", true),
            ("Bo Lind 0:05", "Bo Lind", false),
            ("Bo Lind (0:05)", "Bo Lind", true),
            ("Bo Lind | 0:05", "Bo Lind", true),
            ("Bo Lind   9:05:12 AM", "Bo Lind", true),
            ("Bo Lind  1h 02m 03s", "Bo Lind", true),
            ("Bo Lind   00:01:23 --> 00:01:45", "Bo Lind", true),
        ] {
            let found = trailing(line).map(|beside| (beside.rest, beside.firm));
            assert_eq!(found, Some((rest, firm)), "{line}");
        }
        for (line, rest, firm) in [
            ("[00:15] Bo: yes", "Bo: yes", false),
            ("00:00:15 Bo: yes", "Bo: yes", false),
            ("0:00 - Bo (Northwind)", "Bo (Northwind)", true),
            ("0:15: yes", "yes", true),
            ("9:05 AM  Bo: yes", "Bo: yes", true),
            ("[0:05 --> 0:10]  yes", "yes", true),
            ("0:15", "", false),
        ] {
            let found = leading(line).map(|beside| (beside.rest, beside.firm));
            assert_eq!(found, Some((rest, firm)), "{line}");
        }
        for line in ["10:30, yes", "0:15a", "12:5 yes", "yes 0:15"] {
            assert_eq!(leading(line), None, "{line}");
        }
        assert_eq!(trailing("See you at 9"), None);
    }
}
