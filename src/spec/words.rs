//! How findings speak: what may be quoted, and what was probably meant.

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

/// The id that was probably meant by another name: the only one that begins with it (`northwind` for
/// `northwind-gong`), or the nearest.
pub(crate) fn meant_id<'a>(
    named: &str,
    ids: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let begin = format!("{named}-");
    let mut begun = ids.clone().filter(|id| id.starts_with(&begin));
    let first = begun.next().filter(|_| begun.next().is_none());
    first.or_else(|| nearest(named, ids))
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
        let ids = ["northwind-gong", "whitlock-gong", "whitlock-grain"];
        for (named, expected) in [
            ("northwind", Some("northwind-gong")),
            ("nortwind-gong", Some("northwind-gong")),
            ("whitlock", None),
            ("whitlock-gain", Some("whitlock-grain")),
            ("brandt", None),
        ] {
            assert_eq!(meant_id(named, ids.into_iter()), expected, "{named}");
        }
        assert_eq!(one_of(names), "`gong`, `grain` or `fathom`");
    }
}
