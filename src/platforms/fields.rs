//! Reading the fields that every platform has, each in its own way.

use std::collections::BTreeMap;

use isolang::Language;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, value::RawValue};
use sha2::{Digest, Sha256};

use super::RecordFailure;
use crate::model::{Affiliation, Participant, Role, Window};

/// Text as shown: trimmed, and `None` when nothing is left.
pub(super) fn text(value: Option<String>) -> Option<String> {
    value
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// The names of the things of a list, of those that have one.
pub(super) fn names(things: &[Value]) -> Vec<String> {
    let name = |thing: &Value| text(Some(thing.get("name")?.as_str()?.to_owned()));
    things.iter().filter_map(name).collect()
}

/// An instant in RFC 3339, with an offset or `Z`.
pub(super) fn instant(value: &str) -> Option<Timestamp> {
    value.parse().ok()
}

/// Seconds as milliseconds, rounded half to even once, so that the same answer gives the same number each night.
pub(super) fn seconds(value: f64) -> Option<i64> {
    milliseconds(value * 1_000.0)
}

/// Milliseconds, whole or not.
pub(super) fn milliseconds(value: f64) -> Option<i64> {
    let milliseconds = value.round_ties_even();
    // 2^53 is where f64 stops telling whole numbers apart.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked first"
    )]
    (milliseconds.is_finite() && milliseconds.abs() < 9.0e15).then_some(milliseconds as i64)
}

/// The instant so many milliseconds after 1970 began.
pub(super) fn milliseconds_since_1970(value: f64) -> Option<Timestamp> {
    // Within 2^53 a float tells whole numbers apart.
    let milliseconds = seconds(value / 1_000.0)?;
    Timestamp::from_millisecond(milliseconds).ok()
}

/// Whether a call that begins then is of the window. Where the platform does not tell, it chose the call itself.
pub(super) fn in_window(start: Option<Timestamp>, window: Window) -> bool {
    start.is_none_or(|start| window.start() <= start && start < window.end())
}

/// E-mail address, trimmed, domain in lower case.
pub(super) fn email(value: &str) -> Option<String> {
    let value = value.trim();
    let (local, domain) = value.rsplit_once('@')?;
    Some(format!("{local}@{}", domain.to_lowercase()))
}

/// What the platform tells, else what the e-mail's domain tells.
pub(crate) fn affiliation(
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

/// Gives programs that record calls their role, by their names.
pub(super) fn mark_recorders(participants: &mut [Participant]) {
    const PATTERNS: &[&str] = &["notetaker", "fireflies.ai", "otterpilot", "otter.ai"];
    for participant in participants {
        let name = participant
            .name
            .as_deref()
            .unwrap_or_default()
            .to_lowercase();
        if PATTERNS.iter().any(|pattern| name.contains(pattern)) {
            participant.role = Role::Bot;
        }
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

/// A path with a query. Names are taken as they are.
pub(super) fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    for (position, (name, value)) in query.iter().enumerate() {
        address.push(if position == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        address.push_str(&percent_encoded(value));
    }
    address
}

/// A text as one part of a path or as a value of a query (RFC 3986, section 2).
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// An id: text, or a whole number that is kept as its digits.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    optional_id(deserializer)?.ok_or_else(|| serde::de::Error::custom("the id is missing"))
}

/// Like [`id`], where it may be missing, null or empty.
pub(super) fn optional_id<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Option::<Id>::deserialize(deserializer)?.and_then(Id::told))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(u64),
}

impl Id {
    fn told(self) -> Option<String> {
        match self {
            Self::Text(text) => (!text.trim().is_empty()).then_some(text),
            Self::Number(number) => Some(number.to_string()),
        }
    }
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

/// A list of ids, without those that are null or empty.
pub(super) fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Listed(#[serde(deserialize_with = "optional_id")] Option<String>);
    let ids = Option::<Vec<Listed>>::deserialize(deserializer)?;
    Ok(ids.into_iter().flatten().filter_map(|id| id.0).collect())
}

/// For what a platform sends as null where nothing is set.
pub(super) fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The JSON object as it came, without the members that hold text of the transcript or signed links.
pub(super) fn raw_without(source: &RawValue, names: &[&str]) -> String {
    let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(source.get());
    let kept = members.and_then(|mut members| {
        members.retain(|name, _| !names.contains(&name.as_str()));
        serde_json::to_string(&members)
    });
    kept.unwrap_or_else(|_| "{}".into())
}

/// A record that cannot be read, under its [`name`].
pub(super) fn unreadable(
    platform: &str,
    stage: &'static str,
    record: &RawValue,
    error: &serde_json::Error,
) -> RecordFailure {
    RecordFailure {
        external_id: name(record),
        stage,
        detail: format!("{platform}'s record of the call cannot be read: {error}"),
    }
}

/// What a record is called: its id, and where that cannot be read a name that is the same each time.
pub(super) fn name(record: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Named {
        #[serde(alias = "uuid", alias = "engagement_id", deserialize_with = "id")]
        id: String,
    }
    let named = serde_json::from_str::<Named>(record.get());
    named.map_or_else(
        |_| {
            let digest = hex::encode(Sha256::digest(record.get()));
            format!("unreadable-{}", &digest[..16])
        },
        |named| named.id,
    )
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
    fn signed_links_leave_the_json() {
        let source = r#"{"b": {"url": 1.50}, "url": "https://media.example/?sig=x", "a": null}"#;
        let source: &RawValue = serde_json::from_str(source).unwrap();
        assert_eq!(
            raw_without(source, &["url"]),
            r#"{"a":null,"b":{"url": 1.50}}"#
        );
    }

    #[test]
    fn seconds_are_rounded_once() {
        assert_eq!(seconds(1_865.0), Some(1_865_000));
        assert_eq!(seconds(0.0005), Some(0));
        assert_eq!(seconds(f64::NAN), None);
    }
}
