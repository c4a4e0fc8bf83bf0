//! Dates and numbers as people read them.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// A date with its weekday: `Fri 4 Dec 2026`.
pub fn day(date: Date) -> String {
    date.strftime("%a %-d %b %Y").to_string()
}

/// A moment in UTC: `Fri 4 Dec 2026, 01:17 UTC`.
pub fn moment(time: Timestamp) -> String {
    let time = TimeZone::UTC.to_datetime(time);
    time.strftime("%a %-d %b %Y, %H:%M UTC").to_string()
}

/// The UTC date of a moment.
pub fn utc_date(time: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(time).date()
}

/// A number with thousands separators: `5,000`.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and what it counts: `1 call`, `5,000 calls`. For nouns that take an `s`.
pub fn counted(value: u64, noun: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(value))
}

/// Counts of transcripts and recordings, each only if there are any: `12 late transcripts and 1 late recording`
/// with the adjective `late `.
pub fn transcripts_and_recordings(transcripts: u64, recordings: u64, adjective: &str) -> String {
    let counts = [(transcripts, "transcript"), (recordings, "recording")];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let texts: Vec<String> = counts
        .map(|(count, noun)| counted(*count, &format!("{adjective}{noun}")))
        .collect();
    texts.join(" and ")
}

/// A count of the record, which is never negative, as the unsigned number that it is.
pub fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// The number of a month by its English name in small letters, or its first three letters or more.
pub(crate) fn month(word: &str) -> Option<i8> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let fits = |name: &str| word.len() >= 3 && name.starts_with(word);
    let index = NAMES.iter().position(|name| fits(name))?;
    i8::try_from(index + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::{counted, day, moment, number, transcripts_and_recordings};

    #[test]
    fn numbers_have_separators() {
        for (value, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345_678, "12,345,678"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(number(value), expected);
        }
        assert_eq!(counted(1, "call"), "1 call");
        assert_eq!(counted(5_000, "call"), "5,000 calls");
        let late =
            |transcripts, recordings| transcripts_and_recordings(transcripts, recordings, "late ");
        assert_eq!(late(1, 0), "1 late transcript");
        assert_eq!(late(1, 2), "1 late transcript and 2 late recordings");
        assert_eq!(late(0, 0), "");
    }

    #[test]
    fn dates_have_weekdays() {
        assert_eq!(day(jiff::civil::date(2026, 12, 4)), "Fri 4 Dec 2026");
        let time = "2026-12-04T01:17:59Z".parse().unwrap();
        assert_eq!(moment(time), "Fri 4 Dec 2026, 01:17 UTC");
    }
}
