//! `matrix.yaml`: what we can import from which platform, how, and how fast.

use std::collections::BTreeMap;

use jiff::{SignedDuration, civil::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Method;

/// The support matrix: what can be imported from which platform, how, and how fast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupportMatrix {
    /// When the nightly run starts and how long it may take.
    pub nightly: Nightly,
    /// Prefixes under which remote files of requests may lie, for example `s3://imports/{account}/`.
    #[serde(default)]
    pub uploads: Vec<String>,
    /// One row a platform, by the key that requests use.
    pub platforms: BTreeMap<String, PlatformRow>,
}

/// When the nightly run starts and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nightly {
    /// Start in UTC, `HH:MM`; equal to the cron line of the nightly workflow.
    #[schemars(with = "String", regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    #[serde(with = "clock_time")]
    pub at: Time,
    /// Longest run, for example `5h`.
    #[schemars(with = "String", regex(pattern = r"^[1-9][0-9]{0,3}(h|m)$"))]
    #[serde(with = "friendly_duration")]
    pub deadline: SignedDuration,
    /// Days after the end of an import in which late calls and transcripts are still looked for.
    pub settle_days: u16,
}

/// What we can do for one platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlatformRow {
    /// The platform's name as people write it.
    pub name: String,
    /// Whether imports are possible today.
    pub status: SupportStatus,
    /// Import methods offered; the first is the default.
    #[schemars(with = "Vec<MethodName>")]
    pub methods: Vec<Method>,
    /// What an imported call carries.
    #[serde(default)]
    pub metadata: Vec<Metadata>,
    /// Limits of the customer's account as the platform documents them.
    #[serde(default)]
    pub rate_limits: Vec<RateLimit>,
    /// Share of the limits that we may use; the customer's other tools need the rest.
    #[serde(default = "default_share")]
    #[schemars(range(min = 0.01, max = 1.0))]
    pub budget_share: f64,
    /// What the customer can do with imported calls, in sentences ready to send.
    #[serde(default)]
    pub can: Vec<String>,
    /// What does not come along.
    #[serde(default)]
    pub cannot: Vec<String>,
    /// What to do where the status is not `supported`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternative: Option<String>,
    /// Anything else worth knowing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

const fn default_share() -> f64 {
    0.5
}

/// Whether imports from a platform are possible today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportStatus {
    /// Calls are imported by every method of the row.
    Supported,
    /// Planned; until then only files.
    InProgress,
    /// Not possible.
    NotSupported,
    /// Only files that somebody exported by hand.
    ManualUpload,
}

impl SupportStatus {
    /// The word used in `matrix.yaml`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::InProgress => "in_progress",
            Self::NotSupported => "not_supported",
            Self::ManualUpload => "manual_upload",
        }
    }
}

/// For the schema of `methods`.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum MethodName {
    Api,
    Oauth,
    File,
}

/// A part of a call that a platform gives.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Metadata {
    /// The call's title.
    Title,
    /// Who took part.
    Participants,
    /// How long it was.
    Duration,
    /// What was said.
    Transcript,
    /// The recording.
    Media,
}

impl Metadata {
    /// The word used in `matrix.yaml`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Participants => "participants",
            Self::Duration => "duration",
            Self::Transcript => "transcript",
            Self::Media => "media",
        }
    }
}

/// So many requests in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Requests allowed.
    #[schemars(range(min = 1))]
    pub requests: u32,
    /// In how long.
    pub per: Per,
    /// Which requests count.
    #[serde(default)]
    pub applies_to: AppliesTo,
}

/// Length of a rate limit's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// One second.
    Second,
    /// Sixty seconds.
    Minute,
    /// Sixty minutes.
    Hour,
    /// A rolling 24 hours.
    Day,
}

impl Per {
    /// Length in seconds.
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// Which requests count in a bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AppliesTo {
    /// Ordinary requests.
    Light,
    /// Requests that the platform calls heavy.
    Heavy,
    /// Every request.
    #[default]
    All,
}

mod clock_time {
    use jiff::civil::Time;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&time.strftime("%H:%M"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        Time::strptime("%H:%M", &text)
            .map_err(|_| D::Error::custom("expected a time such as 01:17"))
    }
}

mod friendly_duration {
    use jiff::SignedDuration;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        duration: &SignedDuration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}m", duration.as_mins()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SignedDuration, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|_| D::Error::custom("expected a duration such as 5h"))
    }
}
