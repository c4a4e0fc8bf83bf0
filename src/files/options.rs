//! What a request says about its files, where they do not say it themselves: `options:` with method `file`.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

use super::{column::Column, dialect::Dialect};

/// How files are to be read. Nothing set means: by what they say themselves, and where that leaves a doubt,
/// it is told and not guessed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How the files are encoded, if they look wrong: a name such as `windows-1252` or `utf-16le`.
    #[schemars(with = "Option<String>", example = &"windows-1252")]
    #[serde(deserialize_with = "encoding")]
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// The time zone of dates that name none, such as `Europe/Madrid`.
    #[schemars(with = "Option<String>", example = &"Europe/Madrid")]
    #[serde(deserialize_with = "timezone")]
    pub timezone: Option<TimeZone>,
    /// What stands first in dates such as 03/04/2026.
    pub date_format: Option<DateOrder>,
    /// What plain numbers of a column with lengths are.
    pub duration_unit: Option<DurationUnit>,
    /// Which column of a list holds what: the engine's word, then the heading as it stands in the list.
    pub columns: BTreeMap<Column, String>,
    /// How plain-text transcripts are laid out, if they are taken for another kind.
    pub dialect: Option<Dialect>,
    /// `true` leaves out what a caption repeats of the one before it.
    pub collapse_rolling: bool,
    /// The list that decides which files belong together, as a path relative to the requests folder. Without it a file called manifest does, and without that their names.
    #[schemars(example = &"files/northwind/calls.csv")]
    pub manifest: Option<String>,
    /// Import only so many calls, to try it out. Take it out later: what is imported is not imported again.
    #[schemars(range(min = 1))]
    pub limit: Option<u64>,
}

/// What stands first in a date of three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// 31/12/2026
    DayFirst,
    /// 12/31/2026
    MonthFirst,
}

/// What a plain number means as the length of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DurationUnit {
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes, which may have decimals.
    Minutes,
    /// Hours, which may have decimals.
    Hours,
}

impl Options {
    /// From what a request says under `options:`.
    ///
    /// # Errors
    /// Each name whose value does not fit, with the reason.
    pub fn read(options: &Map<String, Value>) -> Result<Self, Vec<(String, String)>> {
        let whole = Self::deserialize(Value::Object(options.clone()));
        whole.map_err(|error| {
            let alone = options.iter().filter_map(|(name, value)| {
                let alone = Map::from_iter([(name.clone(), value.clone())]);
                let error = Self::deserialize(Value::Object(alone)).err()?;
                Some((name.clone(), error.to_string()))
            });
            let mut flaws: Vec<_> = alone.collect();
            if flaws.is_empty() {
                flaws.push((String::new(), error.to_string()));
            }
            flaws
        })
    }
}

fn encoding<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'static encoding_rs::Encoding>, D::Error> {
    let Some(label) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let found = encoding_rs::Encoding::for_label(label.as_bytes());
    found.map(Some).ok_or_else(|| {
        de::Error::custom("`encoding` needs the name of an encoding, for example `windows-1252`")
    })
}

fn timezone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TimeZone>, D::Error> {
    let Some(name) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let found = TimeZone::get(&name);
    found.map(Some).map_err(|_| {
        de::Error::custom("`timezone` needs the name of a time zone, for example `Europe/Madrid`")
    })
}
