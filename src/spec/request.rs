//! A valid import request, after every check.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{
    files::SourceFile,
    model::{Method, Period},
};

/// How much depends on the import. Order of work: deal, onboarding, retention.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// A sale waits for it.
    Deal,
    /// A new customer is being set up.
    Onboarding,
    /// A customer may leave.
    Retention,
}

/// What to import of each call.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Include {
    /// What was said.
    Transcript,
    /// The recording.
    Media,
}

/// Where the credential is. Neither form holds it in clear text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// An armored age file, encrypted to the recipients.
    Sealed(String),
    /// Name of an environment variable.
    Secret(String),
}

impl Credentials {
    /// SHA-256 of the sealed block or of the secret's name: a new one means a new credential.
    pub fn fingerprint(&self) -> String {
        let (Self::Sealed(text) | Self::Secret(text)) = self;
        hex::encode(Sha256::digest(text.as_bytes()))
    }

    /// The sealed block, if it is sealed.
    pub fn block(&self) -> Option<&str> {
        match self {
            Self::Sealed(block) => Some(block),
            Self::Secret(_) => None,
        }
    }
}

/// One file under `requests/`, valid.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportRequest {
    /// File stem.
    pub id: String,
    /// Path of the file as shown to people.
    pub path: String,
    /// Customer as written.
    pub customer: String,
    /// Key of the support matrix.
    pub platform: String,
    /// Slug of the customer's workspace on the platform.
    pub account: String,
    /// How the calls reach us.
    pub method: Method,
    /// How many calls CS expects.
    pub estimated_calls: u64,
    /// How much depends on it.
    pub urgency: Urgency,
    /// When the customer wants it.
    pub requested_completion: Date,
    /// Where the credential is; `None` with method `file`.
    pub credentials: Option<Credentials>,
    /// Files of the repository, in order of name, with the hash of each; only with method `file`.
    pub files: Vec<RequestFile>,
    /// Remote files, not looked at yet; only with method `file`.
    pub remote_files: Vec<String>,
    /// First day wanted, if the request says so.
    pub from: Option<Date>,
    /// Last day wanted, if the request says so.
    pub to: Option<Date>,
    /// What to import of each call, sorted.
    pub include: Vec<Include>,
    /// Options of the platform, checked.
    pub options: Map<String, Value>,
    /// The customer's own e-mail domains, lower case, sorted.
    pub internal_domains: Vec<String>,
    /// GitHub login of who asked.
    pub requested_by: Option<String>,
    /// Whether work is to pause.
    pub suspended: bool,
    /// For people.
    pub notes: Option<String>,
}

/// A file of the repository that a request brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFile {
    /// Where it is.
    pub file: SourceFile,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// First day of a period that the request leaves open.
const EARLIEST: Date = jiff::civil::date(2010, 1, 1);

impl ImportRequest {
    /// The generation of the request: SHA-256 over what decides which calls are imported. Credentials,
    /// `suspended`, wishes and notes are not part of it.
    pub fn digest(&self) -> String {
        let files: Vec<Value> = self
            .files
            .iter()
            .map(|file| json!({"path": file.file.name, "sha256": file.sha256}))
            .chain(self.remote_files.iter().map(|url| json!({"path": url})))
            .collect();
        // serde_json's map sorts its keys, so this text is canonical.
        let canonical = json!({
            "platform": self.platform, "account": self.account, "method": self.method, "files": files,
            "period": {"from": self.from, "to": self.to}, "include": self.include, "options": self.options,
            "internal_domains": self.internal_domains,
        });
        hex::encode(Sha256::digest(canonical.to_string().as_bytes()))
    }

    /// The days wanted: from 2010 where the request does not say, to the day before `first_seen`.
    pub fn period(&self, first_seen: Date) -> Period {
        Period {
            from: self.from.unwrap_or(EARLIEST),
            to: self
                .to
                .unwrap_or_else(|| first_seen.yesterday().unwrap_or(first_seen)),
        }
    }

    /// SHA-256 that changes with the credential.
    pub fn credential_fingerprint(&self) -> Option<String> {
        self.credentials.as_ref().map(Credentials::fingerprint)
    }
}
