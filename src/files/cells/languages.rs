//! Languages, as BCP 47 tags.

use isolang::Language;

/// `en`, `en_us`, `eng`, `English` or `English (US)` as a BCP 47 tag; `None` for what names no language.
pub(in crate::files) fn tag(text: &str) -> Option<String> {
    by_code(text).or_else(|| by_name(text))
}

fn by_code(text: &str) -> Option<String> {
    let mut parts = text.split(['-', '_']);
    let language = parts.next()?.to_ascii_lowercase();
    let language = match language.len() {
        2 => Language::from_639_1(&language)?,
        3 => Language::from_639_3(&language)?,
        _ => return None,
    };
    let mut tag = shortest(language).to_owned();
    for part in parts {
        tag.push('-');
        tag.push_str(&subtag(part)?);
    }
    Some(tag)
}

/// The name in English; what stands in brackets behind it is the country.
fn by_name(text: &str) -> Option<String> {
    let (name, country) = match text.split_once('(') {
        Some((name, country)) => (name.trim(), Some(country.trim_end_matches(')').trim())),
        None => (text, None),
    };
    let mut letters = name.chars();
    let first = letters.next()?;
    let name: String = first
        .to_uppercase()
        .chain(letters.flat_map(char::to_lowercase))
        .collect();
    let tag = shortest(Language::from_name(&name)?);
    // Countries in full are left out: they are no part of what was understood.
    let country = country
        .filter(|country| country.len() == 2)
        .and_then(subtag);
    Some(country.map_or_else(|| tag.to_owned(), |country| format!("{tag}-{country}")))
}

fn shortest(language: Language) -> &'static str {
    language.to_639_1().unwrap_or_else(|| language.to_639_3())
}

/// A script (`Latn`), a country (`US`) or a region (`419`).
fn subtag(part: &str) -> Option<String> {
    let letters = part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let digits = part.bytes().all(|byte| byte.is_ascii_digit());
    match part.len() {
        2 if letters => Some(part.to_ascii_uppercase()),
        3 if digits => Some(part.to_owned()),
        4 if letters => Some(format!(
            "{}{}",
            part[..1].to_ascii_uppercase(),
            part[1..].to_ascii_lowercase()
        )),
        _ => None,
    }
}
