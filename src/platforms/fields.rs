//! Reading the fields that every platform has, each in its own way.

use isolang::Language;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::Rejection;
use crate::model::{Affiliation, Participant};

/// Text as shown: trimmed, and `None` when nothing is left.
pub(super) fn text(value: Option<String>) -> Option<String> {
    value
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// An instant in RFC 3339, with an offset or `Z`.
pub(super) fn instant(value: &str) -> Option<Timestamp> {
    value.parse().ok()
}

/// Seconds as milliseconds, rounded half to even once, so that the same answer gives the same number each night.
pub(super) fn seconds(value: f64) -> Option<i64> {
    let milliseconds = (value * 1_000.0).round_ties_even();
    // 2^53 is where f64 stops telling whole numbers apart.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked first"
    )]
    (milliseconds.is_finite() && milliseconds.abs() < 9.0e15).then_some(milliseconds as i64)
}

/// E-mail address, trimmed, domain in lower case.
pub(super) fn email(value: &str) -> Option<String> {
    let value = value.trim();
    let (local, domain) = value.rsplit_once('@')?;
    Some(format!("{local}@{}", domain.to_lowercase()))
}

/// What the platform tells, else what the e-mail's domain tells.
pub(super) fn affiliation(
    told: Affiliation,
    email: Option<&str>,
    internal_domains: &[String],
) -> Affiliation {
    match (told, email.and_then(|email| email.rsplit_once('@'))) {
        (Affiliation::Unknown, Some((_, domain))) if !internal_domains.is_empty() => {
            if internal_domains.iter().any(|internal| internal == domain) {
                Affiliation::Internal
            } else {
                Affiliation::External
            }
        }
        _ => told,
    }
}

/// A three-letter ISO 639-2 code, bibliographic or terminological, as a BCP 47 tag. `und` is unknown.
pub(super) fn language(code: &str) -> Option<String> {
    let code = code.trim().to_ascii_lowercase();
    if code.is_empty() || code == "und" {
        return None;
    }
    let short = bibliographic(&code)
        .or_else(|| Language::from_639_3(&code).and_then(|language| language.to_639_1()));
    Some(short.map_or(code, str::to_owned))
}

/// The codes whose bibliographic form, which Gong uses, differs from ISO 639-3.
fn bibliographic(code: &str) -> Option<&'static str> {
    Some(match code {
        "alb" => "sq",
        "arm" => "hy",
        "baq" => "eu",
        "bur" => "my",
        "chi" => "zh",
        "cze" => "cs",
        "dut" => "nl",
        "fre" => "fr",
        "geo" => "ka",
        "ger" => "de",
        "gre" => "el",
        "ice" => "is",
        "mac" => "mk",
        "mao" => "mi",
        "may" => "ms",
        "per" => "fa",
        "rum" => "ro",
        "slo" => "sk",
        "tib" => "bo",
        "wel" => "cy",
        _ => return None,
    })
}

/// A link without the parameters that let anybody in (`pwd=`).
pub(super) fn link_without_password(link: &str) -> Option<String> {
    let link = link.trim();
    if link.is_empty() {
        return None;
    }
    let Some((address, query)) = link.split_once('?') else {
        return Some(link.to_owned());
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|parameter| !parameter.starts_with("pwd="))
        .collect();
    Some(if kept.is_empty() {
        address.to_owned()
    } else {
        format!("{address}?{}", kept.join("&"))
    })
}

/// An id: text, or a whole number that is kept as its digits.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    optional_id(deserializer)?.ok_or_else(|| serde::de::Error::custom("the id is missing"))
}

/// Like [`id`], where it may be missing, null or empty.
pub(super) fn optional_id<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Text(String),
        Number(u64),
    }
    Ok(match Option::<Id>::deserialize(deserializer)? {
        Some(Id::Text(text)) if !text.trim().is_empty() => Some(text),
        Some(Id::Number(number)) => Some(number.to_string()),
        Some(Id::Text(_)) | None => None,
    })
}

/// A text as one segment of a path: all but RFC 3986's unreserved characters percent-encoded.
pub(super) fn path_segment(text: &str) -> String {
    text.bytes().fold(String::new(), |mut segment, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
        segment
    })
}

/// A number, or a text that is one; anything else is unknown.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Plain(f64),
        Text(String),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Option::<Number>::deserialize(deserializer)? {
        Some(Number::Plain(number)) => Some(number),
        Some(Number::Text(text)) => text.trim().parse().ok(),
        Some(Number::Other(_)) | None => None,
    })
}

/// For what a platform sends as null where nothing is set.
pub(super) fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// An answer that is not the JSON expected of a platform. Only its type is told, not what it says.
pub(super) fn broken(platform: &str, content_type: &str, error: &serde_json::Error) -> Rejection {
    let kind = if content_type.is_empty() {
        "an answer without a type"
    } else {
        content_type
    };
    Rejection::Broken {
        detail: format!("expected {platform}'s JSON, got {kind}: {error}"),
    }
}

/// What a platform says about a failure, short: it is for the log, and may hold anything.
pub(super) fn answered(platform: &str, status: u16, text: &str) -> String {
    let excerpt: String = text.chars().take(200).collect();
    match excerpt.trim() {
        "" => format!("{platform} answered {status}"),
        excerpt => format!("{platform} answered {status}: {excerpt}"),
    }
}

/// Where in the list the only participant of that name is.
pub(super) fn position(participants: &[Participant], name: &str) -> Option<usize> {
    let name = name.trim().to_lowercase();
    let named = |(position, participant): (usize, &Participant)| {
        let own = participant.name.as_ref()?;
        (own.to_lowercase() == name).then_some(position)
    };
    let mut found = participants.iter().enumerate().filter_map(named);
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_become_tags() {
        for (code, tag) in [
            ("eng", Some("en")),
            ("ger", Some("de")),
            ("deu", Some("de")),
            ("fil", Some("fil")),
            ("und", None),
            ("zxx", Some("zxx")),
        ] {
            assert_eq!(language(code).as_deref(), tag, "{code}");
        }
    }

    #[test]
    fn numbers_may_be_texts() {
        #[derive(Deserialize)]
        struct Holder {
            #[serde(default, deserialize_with = "number")]
            value: Option<f64>,
        }
        for (json, expected) in [
            (r#"{"value": 1.5}"#, Some(1.5)),
            (r#"{"value": 7}"#, Some(7.0)),
            (r#"{"value": " 1.5 "}"#, Some(1.5)),
            (r#"{"value": "soon"}"#, None),
            (r#"{"value": {}}"#, None),
            (r#"{"value": null}"#, None),
            ("{}", None),
        ] {
            let holder: Holder = serde_json::from_str(json).unwrap();
            assert_eq!(holder.value, expected, "{json}");
        }
    }

    #[test]
    fn passwords_leave_links() {
        let open = "https://zoom.example/j/1?pwd=a&x=1";
        assert_eq!(
            link_without_password(open).as_deref(),
            Some("https://zoom.example/j/1?x=1")
        );
        assert_eq!(
            link_without_password("https://zoom.example/j/1?pwd=a").as_deref(),
            Some("https://zoom.example/j/1")
        );
    }

    #[test]
    fn seconds_are_rounded_once() {
        assert_eq!(seconds(1_865.0), Some(1_865_000));
        assert_eq!(seconds(0.0005), Some(0));
        assert_eq!(seconds(f64::NAN), None);
    }
}
