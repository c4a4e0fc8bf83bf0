//! The name of a secret: `IMPORT_<ACCOUNT>_<PLATFORM>`, so that a request can name no secret but its own.

use serde_json::Value;

use super::{document::Document, file_report::FileReport, words::is_harmless, yaml};
use crate::{model::slug, platforms};

/// The pattern, for where account or platform are not known.
const PATTERN: &str = "IMPORT_<ACCOUNT>_<PLATFORM>";

/// The name that belongs to an account of a platform.
pub(super) fn of(account: &str, platform: &str) -> String {
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

/// The same for a text that nothing else is read from, because it holds a credential.
pub(super) fn of_text(text: &str) -> String {
    let mut aside = FileReport::new("");
    if yaml::parse(text, &mut aside) {
        of_document(&aside.document)
    } else {
        PATTERN.to_owned()
    }
}

/// How a credential gets into the request of this path, as the end of a sentence. `name` is the name of the
/// secret that belongs to it.
pub(super) fn how_to_hand_in(path: &str, name: &str) -> String {
    format!(
        "run `call-import seal {}`, or ask an engineer to add it to the repository's Actions secrets under the name \
         `{name}` and write `credentials: {{secret: {name}}}`.",
        id_of(path)
    )
}

/// The id of the request, or a placeholder where the file has no name that a shell takes as it is.
pub(super) fn id_of(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    let id = name.split('.').next().unwrap_or_default();
    let is_plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if is_plain { id } else { "REQUEST" }
}
