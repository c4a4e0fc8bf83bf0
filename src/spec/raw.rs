//! A request file as written, before any rule. Its doc comments are what editors show.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Include, Urgency, matrix::MethodName};
use crate::model::Method;

// Every field is optional here, so that a file with one wrong line has all its other lines checked. The
// schema says which are required.
/// One import request: whose calls to import, from where and by when.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Import request")]
pub(super) struct RawRequest {
    /// The customer's name as people write it.
    #[schemars(
        required,
        length(min = 1, max = 200),
        regex(pattern = r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*\s*$"),
        example = &"Northwind Robotics"
    )]
    pub(super) customer: Option<String>,
    /// The call-recording platform.
    #[schemars(required, example = &"gong")]
    pub(super) platform: Option<String>,
    /// About how many calls there are, in plain digits. The plan computes nights and dates from it.
    #[schemars(required, range(min = 1, max = 100_000_000), example = 5000)]
    pub(super) estimated_calls: Option<u64>,
    /// What depends on the import.
    #[schemars(required, example = &"onboarding")]
    pub(super) urgency: Option<Urgency>,
    /// The day on which the customer wants all calls imported, as year-month-day.
    #[schemars(required, with = "String", extend("format" = "date"), example = &"2026-12-04")]
    pub(super) requested_completion: Option<Date>,
    /// How the calls reach us. If left out, the first method that the platform offers.
    #[schemars(with = "Option<MethodName>", example = &"api")]
    pub(super) method: Option<Method>,
    /// The customer's credential for the platform, never in clear text. Only for methods `api` and `oauth`: exactly one of `sealed` and `secret`.
    pub(super) credentials: Option<RawCredentials>,
    /// Only for method `file`: paths relative to the requests folder, of files or of whole folders, with `*` for any part of a name, or `s3://`, `gs://` or `az://` addresses.
    #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 1000)), extend("uniqueItems" = true), example = ["files/northwind/*.vtt"])]
    pub(super) files: Option<Vec<Option<String>>>,
    /// The days whose calls are wanted, both included. If left out, from 2010 to the day before the request was first seen.
    #[schemars(extend("minProperties" = 1))]
    pub(super) period: Option<RawPeriod>,
    /// What to import of each call. If left out, the transcript.
    #[schemars(length(min = 1), extend("uniqueItems" = true), example = ["transcript"])]
    pub(super) include: Option<Vec<Option<Include>>>,
    /// Settings of the platform; which ones there are depends on `platform`.
    pub(super) options: Option<Map<String, Value>>,
    /// Label of the customer's workspace on the platform, in small letters, digits and hyphens. If left out, it is made from the customer's name. Write it where one customer has two workspaces, or two customers share one.
    #[schemars(
        regex(pattern = r"^[a-z0-9][a-z0-9-]{0,62}$"),
        example = &"northwind-robotics"
    )]
    pub(super) account: Option<String>,
    /// The customer's own e-mail domains: who counts as internal.
    #[schemars(
        length(min = 1, max = 100),
        inner(length(max = 253), regex(pattern = r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$")),
        extend("uniqueItems" = true),
        example = ["northwind-robotics.example"]
    )]
    pub(super) internal_domains: Option<Vec<Option<String>>>,
    /// GitHub login of the person to tell how it goes. If left out, the author of the pull request.
    #[schemars(
        regex(pattern = r"^[A-Za-z0-9]([A-Za-z0-9-]{0,37}[A-Za-z0-9])?(_[A-Za-z0-9]{1,10})?$"),
        example = &"jane-doe"
    )]
    pub(super) requested_by: Option<String>,
    /// `true` holds the import back until it is `false` again or deleted.
    pub(super) suspended: Option<bool>,
    /// Anything that people should know. The engine does not read it.
    #[schemars(length(max = 10_000), example = &"Kick-off is on Monday.")]
    pub(super) notes: Option<String>,
}

/// Where the credential is: exactly one of the two.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCredentials {
    /// The block that `call-import seal` writes, or the program `age` with `--armor`: behind `|` and indented.
    #[schemars(length(min = 1), regex(pattern = "-----BEGIN AGE ENCRYPTED FILE-----"))]
    pub(super) sealed: Option<String>,
    /// Name of an environment variable or Actions secret: `IMPORT_<ACCOUNT>_<PLATFORM>`, if needed with `_` and a suffix.
    #[schemars(
        regex(pattern = r"^IMPORT_[A-Z0-9_]+$"),
        example = &"IMPORT_NORTHWIND_ROBOTICS_GONG"
    )]
    pub(super) secret: Option<String>,
}

/// Whole days in UTC, both ends included.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPeriod {
    /// First day, as year-month-day.
    #[schemars(with = "Option<String>", extend("format" = "date"), example = &"2024-01-01")]
    pub(super) from: Option<Date>,
    /// Last day, as year-month-day.
    #[schemars(with = "Option<String>", extend("format" = "date"), example = &"2026-10-31")]
    pub(super) to: Option<Date>,
}
