//! Forms of values that a record may have: what is read, and what the schema says of it.

use std::fmt;

use jiff::{Timestamp, civil::DateTime};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{
    Deserializer,
    de::{self, Unexpected, Visitor},
};

use super::super::{FileProblem, Options, text::trim};

/// Text as shown: trimmed, and `None` when nothing is left.
pub(super) fn text(value: Option<String>) -> Option<String> {
    value
        .map(|value| trim(&value).to_owned())
        .filter(|value| !value.is_empty())
}

/// A time of RFC 3339; without an offset it is one of the request's time zone.
pub(super) fn instant(
    key: &str,
    value: Option<String>,
    options: &Options,
) -> Result<Option<Timestamp>, FileProblem> {
    let Some(value) = text(value) else {
        return Ok(None);
    };
    if let Ok(instant) = value.parse() {
        return Ok(Some(instant));
    }
    let problem = |code, message: String, help: &str| {
        let problem = FileProblem::new(code, message, help);
        Err(FileProblem {
            value: Some(value.chars().take(80).collect()),
            ..problem
        })
    };
    // A bare date would be read as midnight.
    let has_time = value.contains(['T', 't', ' ']);
    let Some(civil) = has_time.then(|| value.parse::<DateTime>().ok()).flatten() else {
        return problem(
            "unreadable-time",
            format!("`{key}` is no time such as 2026-03-02T16:00:00+01:00."),
            "Write times so, with the offset from UTC or a Z at the end.",
        );
    };
    let Some(timezone) = &options.timezone else {
        return problem(
            "time-without-zone",
            format!("`{key}` does not tell its time zone."),
            "Write times with the offset from UTC or a Z at the end, or name the time zone in the request, for \
             example `options: {timezone: Europe/Madrid}`.",
        );
    };
    match timezone.to_ambiguous_timestamp(civil).unambiguous() {
        Ok(instant) => Ok(Some(instant)),
        Err(_) => problem(
            "doubtful-time",
            format!(
                "`{key}` lies in the hour that comes twice or never when the clocks are changed in that time zone."
            ),
            "Write this time with its offset from UTC.",
        ),
    }
}

/// An id: text, or a whole number that is kept as its digits.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Id;
    impl Visitor<'_> for Id {
        type Value = String;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an id as a text")
        }

        fn visit_str<E>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_i64<E>(self, number: i64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_u64<E>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }
    }
    optional(deserializer, Id)
}

/// A whole number, which some programs write as `1200.0`.
pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    struct Whole;
    impl Visitor<'_> for Whole {
        type Value = i64;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a whole number")
        }

        fn visit_i64<E>(self, number: i64) -> Result<i64, E> {
            Ok(number)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
            i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
        }

        fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "within 2^53 whole numbers are exact"
            )]
            if number.fract() == 0.0 && number.abs() < 9.0e15 {
                return Ok(number as i64);
            }
            Err(E::invalid_value(Unexpected::Float(number), &self))
        }
    }
    optional(deserializer, Whole)
}

/// What a visitor reads, or null.
fn optional<'de, D: Deserializer<'de>, V: Visitor<'de>>(
    deserializer: D,
    visitor: V,
) -> Result<Option<V::Value>, D::Error> {
    struct OrNull<V>(V);
    impl<'de, V: Visitor<'de>> Visitor<'de> for OrNull<V> {
        type Value = Option<V::Value>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.expecting(formatter)
        }

        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(
            self,
            deserializer: D,
        ) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self.0).map(Some)
        }
    }
    deserializer.deserialize_option(OrNull(visitor))
}

pub(super) fn text_or_number(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "integer", "null"]})
}

pub(super) fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["string", "null"],
        "pattern": r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$",
    })
}

pub(super) fn anything(_: &mut SchemaGenerator) -> Schema {
    json_schema!({})
}
