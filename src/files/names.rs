//! What the names of files tell: the call's title, which files are of one call, and when it began.

use jiff::{Timestamp, civil, tz::Offset};
use unicode_normalization::UnicodeNormalization;

/// When a call began, as the name of its file has it. Good enough to propose, not to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedStart {
    /// The name tells the time zone.
    Instant(Timestamp),
    /// It does not.
    Local(civil::DateTime),
}

/// The file's name without its folder, its ending, and what exporters and browsers append:
/// `a/Kick-off.transcript.vtt`, `Kick-off_1920x1080.mp4`, `Kick-off.en.srt` and `Kick-off (1).txt` are all
/// `Kick-off`.
pub fn stem(name: &str) -> &str {
    let file = file_name(name);
    let mut stem = match file.rsplit_once('.') {
        Some((stem, _)) if !stem.trim().is_empty() => stem.trim(),
        _ => file,
    };
    while let Some(shorter) = without_suffix(stem) {
        stem = shorter.trim_end();
    }
    stem
}

/// The call's title, as far as its file's name tells one.
pub fn title(name: &str) -> Option<String> {
    let words = stem(name).split(|c: char| c == '_' || c.is_whitespace());
    let title = words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    (!title.is_empty()).then_some(title)
}

/// The start that Zoom (`GMT20260302-150012_Recording`), Teams (`Title-20260302_150012-Meeting Recording`)
/// and Meet (`Title (2026-03-02 at 15:00 GMT)`) put into the names of their files.
pub fn started_at(name: &str) -> Option<NamedStart> {
    let file = file_name(name);
    let starts = file
        .bytes()
        .enumerate()
        .filter(|(index, byte)| {
            let after_digit = *index > 0 && file.as_bytes()[index - 1].is_ascii_digit();
            byte.is_ascii_digit() && !after_digit
        })
        .map(|(index, _)| index);
    let mut found = starts.filter_map(|index| {
        let (local, behind) = date_and_time(&file[index..])?;
        let offset = if file[..index].ends_with("GMT") {
            Some(Offset::UTC)
        } else {
            named_offset(behind)
        };
        match offset {
            Some(offset) => offset.to_timestamp(local).ok().map(NamedStart::Instant),
            None => Some(NamedStart::Local(local)),
        }
    });
    found.next()
}

/// The folder of a path, without the last `/`; empty for a name alone.
pub(super) fn folder(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub(super) fn file_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// What stands behind the last dot of a file's name, in lower case; empty where there is none.
pub(super) fn ending(name: &str) -> String {
    let ending = file_name(name).rsplit_once('.');
    ending.map_or_else(String::new, |(_, ending)| ending.to_ascii_lowercase())
}

/// The same for two paths that some file systems cannot hold side by side: case does not count, nor
/// whether an accent is a character of its own (as on macOS).
pub(super) fn path_key(name: &str) -> String {
    name.nfc()
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .nfc()
        .collect()
}

/// The same for two texts that people take for one: beside case and accents, neither the kind and number of
/// spaces counts nor characters without width.
pub(crate) fn text_key(text: &str) -> String {
    let shown: String = text
        .chars()
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'))
        .collect();
    let words = shown.split(|c: char| c == '_' || c.is_whitespace());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    path_key(&words.join(" "))
}

/// A stem without one thing that exporters or browsers append.
fn without_suffix(stem: &str) -> Option<&str> {
    const KNOWN: &[&str] = &[
        ".transcript",
        "_transcript",
        "-transcript",
        ".cc",
        "_audio",
        "_video",
        ".vtt",
        ".srt",
    ];
    let known = KNOWN.iter().find_map(|known| {
        let (before, ending) = stem.split_at_checked(stem.len().checked_sub(known.len())?)?;
        ending.eq_ignore_ascii_case(known).then_some(before)
    });
    let copy = || {
        let (before, number) = stem.strip_suffix(')')?.rsplit_once(" (")?;
        (number.len() < 3 && digits_only(number)).then_some(before)
    };
    let size = || {
        let (before, size) = stem.rsplit_once('_')?;
        let (width, height) = size.split_once('x')?;
        (digits_only(width) && digits_only(height)).then_some(before)
    };
    let language = || {
        let (before, tag) = stem.rsplit_once('.')?;
        is_language(tag).then_some(before)
    };
    let shorter = known.or_else(copy).or_else(size).or_else(language)?;
    (!shorter.is_empty()).then_some(shorter)
}

fn digits_only(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `en` or `en-US`; capitals alone would be an abbreviation, as in `Plan.QA`.
fn is_language(tag: &str) -> bool {
    let (language, region) = tag.split_once('-').unwrap_or((tag, "us"));
    language.len() == 2
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && region.len() == 2
        && region.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Year, month, day, hour, minute and perhaps second at the beginning of a text, and what follows.
fn date_and_time(text: &str) -> Option<(civil::DateTime, &str)> {
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(after_separator(rest), 2)?;
    let (day, rest) = number(after_separator(rest), 2)?;
    let between = rest.find(|c: char| c.is_ascii_digit())?;
    if !matches!(
        &rest[..between],
        " at " | " " | "-" | "_" | "T" | " - " | ", "
    ) {
        return None;
    }
    let (hour, rest) = number(&rest[between..], 2)?;
    let (minute, rest) = number(after_separator(rest), 2)?;
    let (second, rest) = number(after_separator(rest), 2).unwrap_or((0, rest));
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let small = |number: i16| i8::try_from(number).ok();
    let date = civil::Date::new(year, small(month)?, small(day)?).ok()?;
    let time = civil::Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    Some((date.to_datetime(time), rest))
}

fn number(text: &str, digits: usize) -> Option<(i16, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    let number = digits_only(number).then(|| number.parse().ok()).flatten()?;
    Some((number, rest))
}

fn after_separator(text: &str) -> &str {
    text.strip_prefix(['-', '_', ':', '.', '/']).unwrap_or(text)
}

/// `GMT`, `UTC` or `Z`, perhaps with hours as in `GMT-05:00` or `GMT+1`. Other abbreviations are not unique.
fn named_offset(text: &str) -> Option<Offset> {
    let text = text.trim_start();
    let rest = ["GMT", "UTC", "Z"]
        .iter()
        .find_map(|zone| text.strip_prefix(zone))?;
    let sign = match rest.chars().next() {
        Some('+') => 1,
        Some('-' | '\u{2212}') if rest[1..].contains(|c: char| c.is_ascii_digit()) => -1,
        _ => return Some(Offset::UTC),
    };
    let digits: String = rest
        .chars()
        .skip(1)
        .take_while(|c| c.is_ascii_digit() || matches!(c, ':' | '_'))
        .filter(char::is_ascii_digit)
        .collect();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "0"),
        3 | 4 => digits.split_at(digits.len() - 2),
        _ => return None,
    };
    let hours: i32 = hours.parse().ok()?;
    let minutes: i32 = minutes.parse().ok()?;
    Offset::from_seconds(sign * (hours * 60 + minutes) * 60).ok()
}

#[cfg(test)]
mod tests {
    use super::{NamedStart, started_at, stem, title};

    #[test]
    fn titles_come_from_the_stem() {
        for (name, expected) in [
            ("files/northwind/Kick-off call.vtt", Some("Kick-off call")),
            (
                "GMT20260302-150012_Recording.transcript.vtt",
                Some("GMT20260302-150012 Recording"),
            ),
            (
                "Weekly_sync_2026-03-02.cc.en-US.vtt",
                Some("Weekly sync 2026-03-02"),
            ),
            ("Demo_1920x1080.vtt", Some("Demo")),
            ("Demo (1).srt", Some("Demo")),
            ("Review (2026).srt", Some("Review (2026)")),
            ("Plan.QA.SRT", Some("Plan.QA")),
            ("a.b/no-ending", Some("no-ending")),
            (".transcript.vtt", Some(".transcript")),
            ("_.vtt", None),
            ("Zoë – Ü.vtt", Some("Zoë – Ü")),
        ] {
            assert_eq!(title(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn files_of_one_call_have_one_stem() {
        for name in [
            "Kick-off.vtt",
            "a/b.zip/Kick-off.mp4",
            "Kick-off.transcript.vtt",
            "Kick-off_transcript.docx",
            "Kick-off-Transcript.txt",
            "Kick-off.cc.vtt",
            "Kick-off_audio.m4a",
            "Kick-off_1920x1080.mp4",
            "Kick-off (1).srt",
            "Kick-off.en.srt",
        ] {
            assert_eq!(stem(name), "Kick-off", "{name}");
        }
        assert_eq!(stem(".vtt"), ".vtt");
        assert_eq!(stem(""), "");
    }

    #[test]
    fn recorders_put_the_start_into_names() {
        for (name, expected) in [
            (
                "GMT20260302-150012_Recording_1920x1080.mp4",
                "2026-03-02T15:00:12Z",
            ),
            (
                "Kick-off-20260302_150012-Meeting Recording.mp4",
                "2026-03-02T15:00:12",
            ),
            (
                "Kick-off (2026-03-02 at 15:00 GMT).docx",
                "2026-03-02T15:00:00Z",
            ),
            (
                "Kick-off (2026-03-02 at 15_00 GMT-5).docx",
                "2026-03-02T20:00:00Z",
            ),
            (
                "Kick-off (2026-03-02 at 15:00 GMT+05:30).mp4",
                "2026-03-02T09:30:00Z",
            ),
            (
                "Kick-off - 2026_03_02 15_00 EST - Recording.mp4",
                "2026-03-02T15:00:00",
            ),
            ("2026-03-02T15:00:12Z.vtt", "2026-03-02T15:00:12Z"),
        ] {
            let found = started_at(name).map(|start| match start {
                NamedStart::Instant(instant) => instant.to_string(),
                NamedStart::Local(local) => local.to_string(),
            });
            assert_eq!(found.as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn other_numbers_are_no_start() {
        for name in [
            "Kick-off 2026-03-02.vtt",
            "20261302-150012.mp4",
            "20260302-250012.mp4",
            "4120260302-150012.mp4",
            "20260302-1500123.mp4",
            "Room 1234 at 5.vtt",
            "Zoë – Ü.vtt",
            "12345678 at 2026.vtt",
        ] {
            assert_eq!(started_at(name), None, "{name}");
        }
    }
}
