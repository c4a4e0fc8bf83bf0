//! How a credential gets into a request, and the name of a secret: `IMPORT_<ACCOUNT>_<PLATFORM>`, so that a
//! request can name no secret but its own.

use std::fmt;

use serde_json::Value;

use super::{document::Document, file_report::FileReport, words::is_harmless, yaml};
use crate::{
    model::{Method, slug},
    platforms,
};

/// The pattern, for where account or platform are not known.
const PATTERN: &str = "IMPORT_<ACCOUNT>_<PLATFORM>";

/// The name that belongs to an account of a platform.
pub fn of(account: &str, platform: &str) -> String {
    let capitals = |text: &str| text.to_uppercase().replace('-', "_");
    format!("IMPORT_{}_{}", capitals(account), capitals(platform))
}

/// The name that belongs to a request, as far as its lines tell, or else the pattern.
pub(super) fn of_document(document: &Document) -> String {
    let text = |key: &str| document.value.get(key).and_then(Value::as_str);
    let account = match document.value.get("account") {
        Some(account) => account.as_str().filter(|label| slug(label) == *label),
        None => text("customer"),
    };
    let account = account.map(slug).filter(|label| is_harmless(label));
    let platform = text("platform").filter(|key| platforms::connector(key).is_some());
    match (account, platform) {
        (Some(account), Some(platform)) => of(&account, platform),
        _ => PATTERN.to_owned(),
    }
}

/// How a credential gets into a request, as the end of a sentence.
pub(super) struct HandIn {
    /// The command that does it.
    pub(super) command: String,
    /// The name of the secret that may hold it instead; `None` where the customer consents in a browser.
    secret: Option<String>,
}

impl HandIn {
    /// For the request of this path, as far as its lines tell.
    pub(super) fn of_document(path: &str, document: &Document) -> Self {
        let text = |key: &str| document.value.get(key).and_then(Value::as_str);
        let is_oauth = text("method") == Some(Method::Oauth.as_str());
        let method = if is_oauth { Method::Oauth } else { Method::Api };
        let platform = text("platform").unwrap_or_default();
        let is_consent = platforms::asks_for_consent(platform, method);
        Self {
            command: platforms::hand_in(platform, method, id_of(path)),
            secret: (!is_consent).then(|| of_document(document)),
        }
    }

    /// Whether nobody has a credential to hand in, because the customer consents in a browser.
    pub(super) const fn is_consent(&self) -> bool {
        self.secret.is_none()
    }

    /// The same for a text that nothing else is read from, because it holds a credential.
    pub(super) fn of_text(path: &str, text: &str) -> Self {
        let mut aside = FileReport::new("");
        if yaml::parse(text, &mut aside) {
            Self::of_document(path, &aside.document)
        } else {
            Self::of_document(path, &Document::default())
        }
    }
}

impl fmt::Display for HandIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = &self.command;
        match &self.secret {
            Some(name) => write!(
                formatter,
                "run `{command}`, or ask an engineer to add it to the repository's Actions secrets under the name \
                 `{name}` and write `credentials: {{secret: {name}}}`."
            ),
            None => write!(
                formatter,
                "run `{command}`, which prints the address where the customer's administrator consents."
            ),
        }
    }
}

/// The id of the request, or a placeholder where the file has no name that a shell takes as it is.
fn id_of(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    let id = name.split('.').next().unwrap_or_default();
    let is_plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if is_plain { id } else { "REQUEST" }
}
