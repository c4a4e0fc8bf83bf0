//! How findings speak: what may be quoted, and what was probably meant.

use crate::model::slug;

/// The value in backticks if it certainly holds no secret, else words for it.
///
/// Whoever writes a key into the wrong field must not find it again in a public comment.
pub(super) fn quoted(value: &str) -> String {
    if is_harmless(value) {
        format!("`{value}`")
    } else {
        "this value".to_owned()
    }
}

/// Short, on one line, and made of words and numbers as people write them: no run that mixes letters
/// and digits, as keys and passwords do.
pub(crate) fn is_harmless(value: &str) -> bool {
    let words = || value.split(|character: char| !character.is_alphanumeric());
    value.chars().count() <= 60
        && !value.chars().any(|c| c.is_control() || c == '`')
        && !value.trim().is_empty()
        && words().all(|word| {
            let length = word.chars().count();
            let digits = word.chars().filter(char::is_ascii_digit).count();
            length <= 4 || (digits == length && length <= 8) || (digits == 0 && length <= 20)
        })
}

/// A path in backticks, unless it may be a secret: paths mix letters and digits freely.
pub(super) fn quoted_path(path: &str) -> String {
    let tame = path.chars().count() <= 120 && !path.chars().any(|c| c.is_control() || c == '`');
    if tame && super::leak::in_text(path).is_none() {
        format!("`{path}`")
    } else {
        "this entry".to_owned()
    }
}

/// The name that was probably meant: at most one slip for each three letters.
pub(super) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > 60 {
        return None;
    }
    let word = word.to_lowercase();
    names
        .into_iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&word, &name.to_lowercase()),
                name,
            )
        })
        .filter(|(slips, name)| *slips <= (length.max(name.chars().count()) / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

/// The platform meant by a name that has more or less than its key: `gong.io`, `https://app.gong.io`,
/// `Zoom Phone`, `fireflies`.
pub(super) fn nearest_platform<'a>(word: &str, keys: &[&'a str]) -> Option<&'a str> {
    let written = slug(word);
    let holds = |key: &&&str| format!("-{written}-").contains(&format!("-{key}-"));
    let longest = keys.iter().filter(holds).max_by_key(|key| key.len());
    let longest = longest.copied();
    longest
        .or_else(|| nearest(word, keys.iter().copied()))
        .or_else(|| {
            let begins = |key: &&&str| {
                let (key, written) = (key.replace('-', ""), written.replace('-', ""));
                key.len().min(written.len()) >= 3
                    && (key.starts_with(&written) || written.starts_with(&key))
            };
            let mut fitting = keys.iter().filter(begins);
            let first = fitting.next().copied();
            first.filter(|_| fitting.next().is_none())
        })
}

/// `a`, `b` or `c`.
pub(super) fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_values_are_repeated() {
        for value in [
            "gnog",
            "Acme, Inc.",
            "5,000",
            "2026-02-31",
            "5k",
            "Büro Süd",
        ] {
            assert_eq!(quoted(value), format!("`{value}`"));
        }
        for value in [
            "Tr0ub4dor3",
            "gk_9f8e7d6c5b4a",
            "abcdefghijklmnopqrstuvwxyz",
            "123456789012",
            "two\nlines",
            "`",
            " ",
        ] {
            assert_eq!(quoted(value), "this value");
        }
    }

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["gong", "grain", "fathom"];
        assert_eq!(nearest("gnog", names), Some("gong"));
        assert_eq!(nearest("Fathon", names), Some("fathom"));
        assert_eq!(nearest("zoom", names), None);
        assert_eq!(nearest("", names), None);
        for (written, expected) in [
            ("gong.io", Some("gong")),
            ("https://app.gong.io/settings", Some("gong")),
            ("Gong API", Some("gong")),
            ("gongio", Some("gong")),
            ("fath", Some("fathom")),
            ("gr", None),
            ("g", None),
            ("aircall", None),
        ] {
            assert_eq!(nearest_platform(written, &names), expected, "{written}");
        }
        assert_eq!(one_of(names), "`gong`, `grain` or `fathom`");
    }
}
