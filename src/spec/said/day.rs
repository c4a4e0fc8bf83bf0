//! A day: `2026-12-04`, `4 December`, `Dec 4th`, `next Friday`, `in two weeks`, `end of November`.
//!
//! A day without a year is the next such day, today included. A date that can be read in two orders is
//! unclear.

use jiff::{ToSpan as _, civil::Date, civil::Weekday};

use super::Said;
use crate::model::words::{day, month};

/// The day with which `words` (in small letters) begin, and of how many words it is made.
pub(in crate::spec) fn at_start(words: &[&str], today: Date) -> Option<(usize, Said<Date>)> {
    on_a_weekday(words, today)
        .or_else(|| dated(words, today))
        .or_else(|| counted(words, today).map(clear))
        .or_else(|| end_of(words, today).map(clear))
        .or_else(|| match words {
            ["today", ..] => Some((1, Said::Clear(today))),
            ["tomorrow", ..] => Some((1, Said::Clear(later(today, 1)))),
            ["day", "after", "tomorrow", ..] => Some((3, Said::Clear(later(today, 2)))),
            _ => None,
        })
}

/// The day taken, and the other one meant by some, where a text says `next Friday` in a week whose Friday is
/// still to come.
pub(in crate::spec) fn of_two(text: &str, today: Date) -> Option<(Date, Date)> {
    let words = super::words(text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["next", name] = without_lead(&words) else {
        return None;
    };
    let Said::Clear(taken) = read(text, today) else {
        return None;
    };
    let is_this_week =
        weekday(name)?.to_monday_zero_offset() > today.weekday().to_monday_zero_offset();
    is_this_week.then(|| (taken, later(taken, 7)))
}

/// The day that a whole text names.
pub(in crate::spec) fn read(text: &str, today: Date) -> Said<Date> {
    let words = super::words(text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let rest = without_lead(&words);
    match at_start(rest, today) {
        Some((length, said)) if length == rest.len() => said,
        _ => Said::Unclear("It needs a day, for example 2026-12-04 or 4 December.".to_owned()),
    }
}

/// The words behind `by`, `needed by the` and the like.
fn without_lead<'a, 'w>(words: &'a [&'w str]) -> &'a [&'w str] {
    let is_before = |word: &&&str| {
        matches!(
            **word,
            "by" | "until" | "till" | "before" | "on" | "the" | "due" | "needed"
        )
    };
    &words[words.iter().take_while(is_before).count()..]
}

/// A part of the calendar as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) year: Option<i16>,
    pub(super) month: i8,
    /// `None` for the whole month.
    pub(super) day: Option<i8>,
}

impl Part {
    /// Its first day in a year.
    pub(super) fn first(self, year: i16) -> Option<Date> {
        Date::new(year, self.month, self.day.unwrap_or(1)).ok()
    }

    /// Its last day in a year.
    pub(super) fn last(self, year: i16) -> Option<Date> {
        let first = self.first(year)?;
        Some(self.day.map_or(first.last_of_month(), |_| first))
    }
}

/// A date in figures, or with the name of its month.
pub(super) fn part_at_start(words: &[&str]) -> Option<(usize, Said<Part>)> {
    let first = words.first()?;
    figures(first)
        .map(|said| (1, said))
        .or_else(|| with_month(words).map(|(length, part)| (length, Said::Clear(part))))
}

/// A year of our time.
pub(super) fn year(word: &str) -> Option<i16> {
    let is_year = word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let year = is_year.then(|| word.parse().ok())??;
    (1990..=2100).contains(&year).then_some(year)
}

/// A small number in figures or letters.
pub(super) fn small(word: &str) -> Option<i32> {
    const NAMES: [&str; 12] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    if matches!(word, "a" | "an") {
        return Some(1);
    }
    let named = NAMES.iter().position(|name| *name == word);
    named
        .and_then(|index| i32::try_from(index + 1).ok())
        .or_else(|| {
            word.parse()
                .ok()
                .filter(|number| (1..=999).contains(number))
        })
}

/// `days`, `weeks`, `months` or `years` before or after a day.
pub(super) fn moved(from: Date, number: i32, unit: &str) -> Option<Date> {
    let span = match unit.strip_suffix('s').unwrap_or(unit) {
        "day" => number.days(),
        "week" => number.weeks(),
        "month" => number.months(),
        "year" => number.years(),
        _ => return None,
    };
    from.checked_add(span).ok()
}

fn clear((length, day): (usize, Date)) -> (usize, Said<Date>) {
    (length, Said::Clear(day))
}

fn later(today: Date, days: i32) -> Date {
    today.saturating_add(days.days())
}

/// A day of the calendar; without a year the next one.
fn dated(words: &[&str], today: Date) -> Option<(usize, Said<Date>)> {
    let (length, said) = part_at_start(words)?;
    let part = match said {
        Said::Clear(part) => part,
        Said::Unclear(why) => return Some((length, Said::Unclear(why))),
    };
    // A month alone is no day.
    part.day?;
    let years = match part.year {
        Some(year) => year..=year,
        // A 29 February can be eight years away.
        None => today.year()..=today.year().saturating_add(8),
    };
    let earliest = part.year.map_or(today, |_| Date::MIN);
    let next = years
        .filter_map(|year| part.first(year))
        .find(|day| *day >= earliest);
    Some((length, next.map_or_else(no_such_day, Said::Clear)))
}

fn no_such_day<T>() -> Said<T> {
    Said::Unclear("There is no such day in the calendar.".to_owned())
}

/// `2026-12-04`, `4.12.2026`, `25/12/2026`, `25/12`. Two orders are in use with `/` and `-`, so `04/12/2026`
/// is unclear.
fn figures(word: &str) -> Option<Said<Part>> {
    let separator = word.chars().find(|c| !c.is_ascii_digit())?;
    if !matches!(separator, '-' | '/' | '.') {
        return None;
    }
    let parts: Vec<&str> = word.split(separator).collect();
    let number = |text: &str| -> Option<i16> {
        let is_figure = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_figure.then(|| text.parse().ok())?
    };
    let part = |year: Option<i16>, month: i16, day: i16| {
        let found = i8::try_from(month).ok().zip(i8::try_from(day).ok());
        let part = found.map(|(month, day)| Part {
            year,
            month,
            day: Some(day),
        });
        part.filter(|part| part.first(year.unwrap_or(2024)).is_some())
    };
    let said = |part: Option<Part>| part.map_or_else(no_such_day, Said::Clear);
    match parts.as_slice() {
        [first, second, third] if first.len() == 4 => {
            let year = number(first)?;
            Some(said(part(Some(year), number(second)?, number(third)?)))
        }
        [first, second, third] if third.len() == 4 => {
            let (first, second) = (number(first)?, number(second)?);
            let year = Some(number(third)?);
            let by_day = part(year, second, first);
            let by_month = part(year, first, second).filter(|_| separator != '.');
            Some(either(by_day, by_month).unwrap_or_else(no_such_day))
        }
        [first, second, third] if third.len() == 2 => {
            let parts = [number(first)?, number(second)?, number(third)?];
            Some(two_digit_year(parts, separator))
        }
        [first, second] if separator == '/' => {
            let (first, second) = (number(first)?, number(second)?);
            either(part(None, second, first), part(None, first, second))
        }
        _ => None,
    }
}

/// A date whose year has two digits can always be another one: `25/12/26`.
fn two_digit_year([first, second, third]: [i16; 3], separator: char) -> Said<Part> {
    let orders = [
        (third, second, first),
        (third, first, second),
        (first, second, third),
    ];
    let mut shown: Vec<String> = Vec::new();
    for (index, (year, month, day)) in orders.into_iter().enumerate() {
        let month = i8::try_from(month).ok();
        let date = month.zip(i8::try_from(day).ok());
        let date = date.and_then(|(month, day)| Date::new(2000 + year, month, day).ok());
        // The month comes first with `/` and `-` only, and nobody asks for what is long past.
        let is_usual = |date: &Date| (index != 1 || separator != '.') && date.year() >= 2010;
        let text = date
            .filter(is_usual)
            .map(|date| date.strftime("%-d %B %Y").to_string());
        shown.extend(text.filter(|text| !shown.contains(text)));
    }
    match shown.as_slice() {
        [] => no_such_day(),
        shown => Said::Unclear(format!(
            "It can be {}. Write the name of the month, or year-month-day.",
            shown.join(" or ")
        )),
    }
}

/// The one reading there is; both, if they mean the same day.
fn either(by_day: Option<Part>, by_month: Option<Part>) -> Option<Said<Part>> {
    match (by_day, by_month) {
        (Some(one), Some(other)) if one != other => {
            let shown = |part: Part| {
                let date = part.first(part.year.unwrap_or(2024));
                let form = if part.year.is_some() {
                    "%-d %B %Y"
                } else {
                    "%-d %B"
                };
                date.map_or_else(String::new, |date| date.strftime(form).to_string())
            };
            Some(Said::Unclear(format!(
                "It can be {} or {}. Write the name of the month, or year-month-day.",
                shown(one),
                shown(other)
            )))
        }
        (Some(part), _) | (None, Some(part)) => Some(Said::Clear(part)),
        (None, None) => None,
    }
}

/// `4 December 2026`, `4th of Dec`, `December 4`, `October 2026`, `October`.
fn with_month(words: &[&str]) -> Option<(usize, Part)> {
    let (mut length, number, month) = match words {
        [number, "of", name, ..] if ordinal(number).is_some() => (3, ordinal(number), month(name)?),
        [number, name, ..] if ordinal(number).is_some() && month(name).is_some() => {
            (2, ordinal(number), month(name)?)
        }
        [name, number, ..] if ordinal(number).is_some() => (2, ordinal(number), month(name)?),
        [name, ..] => (1, None, month(name)?),
        [] => return None,
    };
    let year = words.get(length).and_then(|word| year(word));
    length += usize::from(year.is_some());
    Some((
        length,
        Part {
            year,
            month,
            day: number,
        },
    ))
}

/// `4`, `4th`, `22nd`.
fn ordinal(word: &str) -> Option<i8> {
    let endings = ["st", "nd", "rd", "th"];
    let number = endings
        .iter()
        .find_map(|ending| word.strip_suffix(ending))
        .unwrap_or(word);
    let is_short = (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    let number = is_short.then(|| number.parse().ok())??;
    (1..=31).contains(&number).then_some(number)
}

/// `Friday`, `this Friday`, `next Friday`, `Friday next week`, `Fri 4 December`.
fn on_a_weekday(words: &[&str], today: Date) -> Option<(usize, Said<Date>)> {
    let (lead, is_this) = match words {
        ["this" | "coming", ..] => (1, true),
        ["next", ..] => (1, false),
        _ => (0, false),
    };
    let word = words.get(lead)?;
    let weekday = weekday(word)?;
    let rest = &words[lead + 1..];
    if lead == 0
        && let Some((length, said)) = dated(rest, today)
    {
        return Some((length + 1, fitting(said, weekday)));
    }
    if rest.starts_with(&["next", "week"]) {
        let monday =
            today.saturating_sub(i64::from(today.weekday().to_monday_zero_offset()).days());
        let days = 7 + i64::from(weekday.to_monday_zero_offset());
        let date = monday.saturating_add(days.days());
        return Some((lead + 3, Said::Clear(date)));
    }
    // `Sun` alone is rather a name.
    if lead == 0 && word.len() < 6 {
        return None;
    }
    if is_this && today.weekday() == weekday {
        return Some((lead + 1, Said::Clear(today)));
    }
    let next = today.nth_weekday(1, weekday).unwrap_or(today);
    Some((lead + 1, Said::Clear(next)))
}

/// A date that was said with its weekday, if they fit.
fn fitting(said: Said<Date>, weekday: Weekday) -> Said<Date> {
    match said {
        Said::Clear(date) if date.weekday() != weekday => {
            Said::Unclear(format!("That is another weekday: {}.", day(date)))
        }
        said => said,
    }
}

fn weekday(word: &str) -> Option<Weekday> {
    let (weekday, name) = match word.get(..3)? {
        "mon" => (Weekday::Monday, "monday"),
        "tue" => (Weekday::Tuesday, "tuesday"),
        "wed" => (Weekday::Wednesday, "wednesday"),
        "thu" => (Weekday::Thursday, "thursday"),
        "fri" => (Weekday::Friday, "friday"),
        "sat" => (Weekday::Saturday, "saturday"),
        "sun" => (Weekday::Sunday, "sunday"),
        _ => return None,
    };
    name.starts_with(word).then_some(weekday)
}

/// `in two weeks`, `within 10 days`, `two weeks from now`.
fn counted(words: &[&str], today: Date) -> Option<(usize, Date)> {
    match words {
        ["in" | "within", number, unit, ..] => Some((3, moved(today, small(number)?, unit)?)),
        [number, unit, "from", "now" | "today", ..] => {
            Some((4, moved(today, small(number)?, unit)?))
        }
        _ => None,
    }
}

/// `end of November`, `end of the month`, `end of next week`. A week ends on Friday.
fn end_of(words: &[&str], today: Date) -> Option<(usize, Date)> {
    let lead = usize::from(words.first() == Some(&"the"));
    let ["end", "of", rest @ ..] = &words[lead..] else {
        return None;
    };
    let friday = |date: Date| {
        let days = 4 - i64::from(date.weekday().to_monday_zero_offset());
        date.saturating_add(days.days())
    };
    let (length, end) = match rest {
        ["next", "week", ..] => (2, friday(later(today, 7))),
        ["next", "month", ..] => (2, moved(today, 1, "month")?.last_of_month()),
        ["next", "year", ..] => (2, moved(today, 1, "year")?.last_of_year()),
        ["the" | "this", "week", ..] => (2, friday(today)),
        ["week", ..] => (1, friday(today)),
        ["the" | "this", "month", ..] => (2, today.last_of_month()),
        ["month", ..] => (1, today.last_of_month()),
        ["the" | "this", "year", ..] => (2, today.last_of_year()),
        ["year", ..] => (1, today.last_of_year()),
        rest => {
            let (length, part) = with_month(rest)?;
            part.day.is_none().then_some(())?;
            let year = part.year.or_else(|| {
                let this = part.last(today.year())?;
                Some(today.year() + i16::from(this < today))
            });
            (length, part.last(year?)?)
        }
    };
    // A week that is over does not end again.
    let end = if end < today { later(end, 7) } else { end };
    Some((lead + 2 + length, end))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{Said, at_start, of_two, read};

    /// A Wednesday.
    const TODAY: jiff::civil::Date = date(2026, 11, 25);

    fn day(text: &str) -> Option<String> {
        match read(text, TODAY) {
            Said::Clear(day) => Some(day.to_string()),
            Said::Unclear(_) => None,
        }
    }

    #[test]
    fn days_are_read() {
        for (text, expected) in [
            ("2026-12-04", "2026-12-04"),
            ("2026/12/4", "2026-12-04"),
            ("4.12.2026", "2026-12-04"),
            ("25/12/2026", "2026-12-25"),
            ("12/25/2026", "2026-12-25"),
            ("12/12/2026", "2026-12-12"),
            ("25/12", "2026-12-25"),
            ("4 December", "2026-12-04"),
            ("4 December 2027", "2027-12-04"),
            ("4th of December, 2026", "2026-12-04"),
            ("Dec 4th", "2026-12-04"),
            ("December 4, 2026", "2026-12-04"),
            ("by the 4th Dec.", "2026-12-04"),
            ("Fri 4 Dec", "2026-12-04"),
            ("25 November", "2026-11-25"),
            ("24 November", "2027-11-24"),
            ("29 February", "2028-02-29"),
            ("today", "2026-11-25"),
            ("tomorrow", "2026-11-26"),
            ("the day after tomorrow", "2026-11-27"),
            ("Friday", "2026-11-27"),
            ("next Friday", "2026-11-27"),
            ("Wednesday", "2026-12-02"),
            ("this Wednesday", "2026-11-25"),
            ("next Wed", "2026-12-02"),
            ("Friday next week", "2026-12-04"),
            ("in two weeks", "2026-12-09"),
            ("within 10 days", "2026-12-05"),
            ("in a month", "2026-12-25"),
            ("two weeks from now", "2026-12-09"),
            ("end of November", "2026-11-30"),
            ("the end of the month", "2026-11-30"),
            ("end of October", "2027-10-31"),
            ("end of the week", "2026-11-27"),
            ("end of next week", "2026-12-04"),
            ("end of year", "2026-12-31"),
        ] {
            assert_eq!(day(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not_read() {
        for text in [
            "04/12/2026",
            "4-12-2026",
            "4/12",
            "04/12/26",
            "25/12/26",
            "4.12.26",
            "31 November",
            "2026-02-30",
            "Thu 4 December",
            "December",
            "next week",
            "soon",
            "4 December at five",
            "",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
        for (text, days) in [
            ("04/12/2026", "4 December 2026 or 12 April 2026"),
            ("4/12/26", "4 December 2026 or 12 April 2026"),
            ("25/12/26", "25 December 2026 or 26 December 2025"),
            ("4.12.26", "4 December 2026"),
            ("26-12-04", "4 December 2026"),
        ] {
            let Said::Unclear(why) = read(text, TODAY) else {
                panic!("{text} is guessed");
            };
            let expected =
                format!("It can be {days}. Write the name of the month, or year-month-day.");
            assert_eq!(why, expected, "{text}");
        }
    }

    #[test]
    fn next_friday_is_two_days_while_this_one_is_to_come() {
        let (taken, other) = (date(2026, 11, 27), date(2026, 12, 4));
        for text in ["next Friday", "by next Fri."] {
            assert_eq!(of_two(text, TODAY), Some((taken, other)), "{text}");
        }
        for text in [
            "Friday",
            "this Friday",
            "next Wednesday",
            "next Monday",
            "next week",
        ] {
            assert_eq!(of_two(text, TODAY), None, "{text}");
        }
    }

    #[test]
    fn names_are_no_days() {
        for words in [
            &["sun", "microsystems"][..],
            &["may", "stores"],
            &["24"],
            &["march"],
        ] {
            assert_eq!(at_start(words, TODAY), None, "{words:?}");
        }
    }
}
