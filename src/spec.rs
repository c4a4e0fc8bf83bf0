//! From the text of a file to a valid request, or to findings that say what to change.
//!
//! ```text
//! bytes → text → characters → YAML with places → JSON Schema → raw request → rules → ImportRequest
//!         source  characters   yaml, document     violations     raw           rules    request
//! ```
//!
//! Each stage reports everything it finds, and takes out what is wrong, so that the next one checks the
//! rest: a person who mends a file sees all its flaws at once. `leak` comes before all of them. Nothing
//! here reads a file or the clock.

mod across;
mod characters;
pub(crate) mod codes;
mod document;
mod draft;
mod edit;
mod file_report;
mod finding;
pub mod form;
mod leak;
mod load;
mod lookup;
mod matrix;
mod matrix_file;
mod numbers;
mod patterns;
mod raw;
mod reading;
mod request;
mod rules;
mod said;
mod schema;
mod secret_name;
mod sentence;
mod source;
mod violations;
mod words;
mod yaml;

pub use codes::{CODES, Code};
pub(crate) use draft::shown;
pub use draft::{Draft, Field, Gap, Settled, value_of};
pub use edit::{EditError, Edited, Former, put_sealed, sealed_lines, without_credentials};
pub use finding::{Finding, Severity};
pub use leak::{holds_credential, masked};
pub use load::load;
pub use lookup::OTHER;
pub use matrix::{
    AppliesTo, Metadata, Nightly, Per, PlatformRow, RateLimit, SupportMatrix, SupportStatus,
};
pub use matrix_file::load_matrix;
pub use reading::Reading;
pub use request::{Credentials, ImportRequest, Include, RequestFile, Urgency};
pub use schema::{matrix_schema, request_schema};
pub use secret_name::of as secret_name;
pub use sentence::{Understood, understand};
pub(crate) use source::too_large;
pub use source::{MAX_REQUEST_BYTES, Source, SourceContent};
pub(crate) use words::{is_harmless, meant_id};

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Method;

/// Everything that is declared: what can be worked on, what cannot, and what to say about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declared {
    /// Valid requests, by path.
    pub requests: Vec<ImportRequest>,
    /// Files that exist but have an error finding: held, never cancelled.
    pub invalid: Vec<InvalidRequest>,
    /// All findings over all files, by path and line.
    pub findings: Vec<Finding>,
    /// What tells one text of a file from another, by path: the first 12 hexadecimal digits of its SHA-256.
    pub revisions: BTreeMap<String, String>,
}

impl Declared {
    /// Ids of all request files, valid or not.
    pub fn ids(&self) -> BTreeSet<&str> {
        let valid = self.requests.iter().map(|request| request.id.as_str());
        valid
            .chain(self.invalid.iter().map(|invalid| invalid.id.as_str()))
            .collect()
    }

    /// The path of the file of a request, valid or not.
    pub fn path(&self, id: &str) -> Option<&str> {
        let valid = self.requests.iter();
        let valid = valid.map(|request| (&request.id, &request.path));
        let invalid = self.invalid.iter();
        let invalid = invalid.map(|invalid| (&invalid.id, &invalid.path));
        let (_, path) = valid.chain(invalid).find(|(known, _)| *known == id)?;
        Some(path)
    }
}

/// A request file with an error.
#[derive(Debug, Clone, PartialEq)]
pub struct InvalidRequest {
    /// File stem.
    pub id: String,
    /// Path of the file as shown to people.
    pub path: String,
    /// What could be read in spite of the error, if enough of it.
    pub basics: Option<Basics>,
    /// The matrix's alternative, where the only errors are that the platform or method is not offered.
    pub unsupported: Option<String>,
    /// The request, where all that it lacks is its credential.
    pub lacks_credential: Option<Box<ImportRequest>>,
    /// The first error's sentence.
    pub error: String,
}

/// The part of a request that identifies an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basics {
    /// Customer as written.
    pub customer: String,
    /// Key of the support matrix.
    pub platform: String,
    /// Slug of the workspace.
    pub account: String,
    /// How the calls reach us.
    pub method: Method,
}
