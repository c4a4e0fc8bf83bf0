//! A stretch of time: `from January to October 2026`, `since March 2025`, `in 2025`, `last 12 months`.
//! Calls lie in the past, so a month without a year is the latest one.

use jiff::civil::Date;

use super::{
    Said,
    day::{self, Part},
};

/// First and last day, as far as they are said.
pub(in crate::spec) type Stretch = (Option<Date>, Option<Date>);

/// The stretch of time with which `words` (in small letters) begin, and of how many words it is made.
pub(in crate::spec) fn at_start(words: &[&str], today: Date) -> Option<(usize, Said<Stretch>)> {
    match words {
        ["from" | "between", rest @ ..] => between(rest, today).or_else(|| since(rest, today)),
        ["since", rest @ ..] => since(rest, today),
        ["last" | "past", number, unit, ..] => last(number, unit, today).map(|said| (3, said)),
        ["the", "last" | "past", number, unit, ..] => {
            last(number, unit, today).map(|said| (4, said))
        }
        ["in" | "of" | "during", rest @ ..] => whole(rest, today, true, true),
        ["until" | "till", rest @ ..] | ["up", "to", rest @ ..] => whole(rest, today, false, true),
        _ => None,
    }
    // The words in front.
    .map(|(length, said)| match words {
        ["up", ..] => (length + 2, said),
        ["last" | "past" | "the", ..] => (length, said),
        _ => (length + 1, said),
    })
}

/// An end of a stretch: a day, a month or a year.
enum Edge {
    Part(Part),
    Year(i16),
}

impl Edge {
    fn year(&self) -> Option<i16> {
        match self {
            Self::Part(part) => part.year,
            Self::Year(year) => Some(*year),
        }
    }

    fn first(&self, year: i16) -> Option<Date> {
        match self {
            Self::Part(part) => part.first(year),
            Self::Year(year) => Date::new(*year, 1, 1).ok(),
        }
    }

    fn last(&self, year: i16) -> Option<Date> {
        match self {
            Self::Part(part) => part.last(year),
            Self::Year(year) => Date::new(*year, 12, 31).ok(),
        }
    }

    /// Its own year, or the latest in which it has begun by `day`.
    fn latest(&self, day: Date) -> Option<i16> {
        self.year().or_else(|| {
            let mut years = [day.year(), day.year().saturating_sub(1)].into_iter();
            years.find(|year| self.first(*year).is_some_and(|first| first <= day))
        })
    }
}

fn edge(words: &[&str]) -> Option<(usize, Said<Edge>)> {
    if let Some(year) = words.first().and_then(|word| day::year(word)) {
        return Some((1, Said::Clear(Edge::Year(year))));
    }
    let (length, said) = day::part_at_start(words)?;
    Some((
        length,
        match said {
            Said::Clear(part) => Said::Clear(Edge::Part(part)),
            Said::Unclear(why) => Said::Unclear(why),
        },
    ))
}

fn between(words: &[&str], today: Date) -> Option<(usize, Said<Stretch>)> {
    let (before, from) = edge(words)?;
    let is_link = |word: &&&str| {
        matches!(
            **word,
            "to" | "until" | "till" | "through" | "and" | "-" | "–"
        )
    };
    words.get(before).filter(is_link)?;
    let (after, to) = edge(&words[before + 1..])?;
    let length = before + 1 + after;
    let (from, to) = match (from, to) {
        (Said::Clear(from), Said::Clear(to)) => (from, to),
        (Said::Unclear(why), _) | (_, Said::Unclear(why)) => {
            return Some((length, Said::Unclear(why)));
        }
    };
    // `from January to October 2026` and `from January 2026 to October` name one year for both.
    let to_year = to.year().or_else(|| {
        let start = from.first(from.year()?)?;
        let years = start.year()..=start.year().saturating_add(1);
        years
            .into_iter()
            .find(|year| to.last(*year).is_some_and(|last| last >= start))
    });
    let last = to.last(to_year.or_else(|| to.latest(today))?)?;
    let first = from.first(from.latest(last)?)?;
    Some((length, Said::Clear((Some(first), Some(last)))))
}

fn since(words: &[&str], today: Date) -> Option<(usize, Said<Stretch>)> {
    whole(words, today, true, false).map(|(length, said)| {
        let tail = usize::from(matches!(words.get(length), Some(&("on" | "onwards"))));
        (length + tail, said)
    })
}

/// One edge, and which of its ends are meant. `until` needs a month or a year: a day is a wish for the
/// import to be done.
fn whole(words: &[&str], today: Date, begins: bool, ends: bool) -> Option<(usize, Said<Stretch>)> {
    let (length, said) = edge(words)?;
    let edge = match said {
        Said::Clear(edge) => edge,
        Said::Unclear(_) if ends => return None,
        Said::Unclear(why) => return Some((length, Said::Unclear(why))),
    };
    if ends && matches!(edge, Edge::Part(Part { day: Some(_), .. })) {
        return None;
    }
    let year = if ends {
        edge.year()?
    } else {
        edge.latest(today)?
    };
    let from = if begins {
        Some(edge.first(year)?)
    } else {
        None
    };
    let to = if ends { Some(edge.last(year)?) } else { None };
    // Calls that are to come cannot be meant.
    if from.or(to).is_some_and(|day| day > today) {
        return None;
    }
    Some((length, Said::Clear((from, to))))
}

fn last(number: &str, unit: &str, today: Date) -> Option<Said<Stretch>> {
    let from = day::moved(today, -day::small(number)?, unit)?;
    Some(Said::Clear((Some(from), None)))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{Said, at_start};

    #[test]
    fn stretches_are_read() {
        let today = date(2026, 11, 25);
        for (text, length, from, to) in [
            (
                "from january to october 2026",
                5,
                "2026-01-01",
                "2026-10-31",
            ),
            (
                "from january 2024 to october",
                5,
                "2024-01-01",
                "2024-10-31",
            ),
            ("from november to february", 4, "2025-11-01", "2026-02-28"),
            (
                "between 1 march and 4 april 2026",
                7,
                "2026-03-01",
                "2026-04-04",
            ),
            (
                "from 2024-01-01 to 2026-10-31",
                4,
                "2024-01-01",
                "2026-10-31",
            ),
            ("from 2024 - 2025", 4, "2024-01-01", "2025-12-31"),
            ("since march", 2, "2026-03-01", ""),
            ("from march 2025 on", 4, "2025-03-01", ""),
            ("in 2025", 2, "2025-01-01", "2025-12-31"),
            ("until october 2026", 3, "", "2026-10-31"),
            ("up to 2025", 3, "", "2025-12-31"),
            ("last 12 months", 3, "2025-11-25", ""),
            ("the last two years", 4, "2024-11-25", ""),
        ] {
            let words: Vec<&str> = text.split_whitespace().collect();
            let Some((taken, Said::Clear((first, last)))) = at_start(&words, today) else {
                panic!("{text}");
            };
            let shown = |day: Option<jiff::civil::Date>| {
                day.map_or_else(String::new, |day| day.to_string())
            };
            assert_eq!(
                (taken, &*shown(first), &*shown(last)),
                (length, from, to),
                "{text}"
            );
        }
        for text in ["from gong", "until 4 december", "in two weeks", "from"] {
            let words: Vec<&str> = text.split_whitespace().collect();
            assert_eq!(at_start(&words, today), None, "{text}");
        }
    }
}
