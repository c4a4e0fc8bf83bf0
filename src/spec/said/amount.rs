//! How many calls: `5,000`, `5 000`, `~5k`, `2.5 thousand`.

use crate::spec::numbers;

/// The number with which `words` begin, and of how many words it is made.
pub(in crate::spec) fn at_start(words: &[&str]) -> Option<(usize, u64)> {
    let first = number_like(words.first()?)?;
    // `5 000`: groups of three digits, as they are written in France and by the SI.
    let is_group = |word: &&&str| word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit());
    let short = first.len() <= 3 && first.bytes().all(|byte| byte.is_ascii_digit());
    let groups = if short {
        words[1..].iter().take_while(is_group).count()
    } else {
        0
    };
    let mut length = 1 + groups;
    let mut text = [&[first], &words[1..length]].concat().join(" ");
    if let Some(unit @ ("k" | "thousand" | "million")) = words.get(length).copied() {
        text = format!("{text} {unit}");
        length += 1;
    }
    let number = numbers::meant(&text).filter(|number| *number > 0)?;
    Some((length, number))
}

/// The number that a whole text names, with or without words such as `about` and `calls`.
pub(in crate::spec) fn read(text: &str) -> Option<u64> {
    // Not `super::words`, which would split at the commas that group digits.
    let words = text.split_whitespace().map(super::bare);
    let words: Vec<String> = words.map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let before = words.iter().take_while(|word| is_about(word)).count();
    let rest = &words[before..];
    let (length, number) = at_start(rest)?;
    let is_whole = rest[length..].iter().all(|word| is_noun(word));
    is_whole.then_some(number)
}

/// Words in front of a rough number.
pub(in crate::spec) fn is_about(word: &str) -> bool {
    matches!(
        word,
        "about"
            | "approx"
            | "approximately"
            | "around"
            | "ca"
            | "circa"
            | "roughly"
            | "some"
            | "almost"
            | "nearly"
            | "over"
            | "~"
    )
}

/// What an import is counted in.
pub(in crate::spec) fn is_noun(word: &str) -> bool {
    matches!(
        word,
        "call"
            | "calls"
            | "recording"
            | "recordings"
            | "meeting"
            | "meetings"
            | "conversation"
            | "conversations"
            | "transcript"
            | "transcripts"
    )
}

/// The word from its first digit on, if it is a number with at most a sign of roughness before it and `k`,
/// `m` or `+` behind it.
fn number_like(word: &str) -> Option<&str> {
    let number = word.trim_start_matches(['~', '≈', '>', '<']);
    let number = number.strip_suffix('+').unwrap_or(number);
    let digits = number.strip_suffix(['k', 'm']).unwrap_or(number);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || ",._'’".contains(c));
    is_number.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::{at_start, read};

    #[test]
    fn numbers_are_read_from_the_beginning() {
        for (text, expected) in [
            ("5,000 calls", Some((1, 5_000))),
            ("5 000 calls", Some((2, 5_000))),
            ("1 250 000 calls", Some((3, 1_250_000))),
            ("~5k", Some((1, 5_000))),
            ("2.5 thousand", Some((2, 2_500))),
            ("1500+ calls", Some((1, 1_500))),
            ("300 100 calls", Some((2, 300_100))),
            ("0 calls", None),
            ("q4", None),
            ("5-6", None),
            ("5th", None),
            ("", None),
        ] {
            let words: Vec<&str> = text.split_whitespace().collect();
            assert_eq!(at_start(&words), expected, "{text}");
        }
    }

    #[test]
    fn a_whole_text_is_a_number_or_not() {
        for (text, expected) in [
            ("5000", Some(5_000)),
            ("5,000", Some(5_000)),
            ("about 5,000 calls", Some(5_000)),
            ("~2k.", Some(2_000)),
            ("5,000 hours", None),
            ("many", None),
            ("", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
