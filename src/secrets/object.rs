//! A credential in clear text: a JSON object whose values are only looked at where they lie.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{model::slug, platforms::Auth};

/// Longest plaintext of a sealed credential, in bytes.
pub(super) const MAX_PLAINTEXT: usize = 8 << 10;

/// The key that binds a sealed credential to its purpose.
pub(super) const FOR: &str = "for";

/// What a sealed credential is for: it opens in no request of another customer or platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purpose {
    /// The customer as people write it.
    pub customer: String,
    /// Key of the support matrix.
    pub platform: String,
}

impl Purpose {
    /// Whether both mean the same customer and platform, however they write them.
    pub(super) fn fits(&self, other: &Self) -> bool {
        let same = |left: &str, right: &str| {
            // Names without Latin letters have no slug that could tell them apart.
            slug(left) == slug(right) && (!slug(left).is_empty() || left.trim() == right.trim())
        };
        same(&self.customer, &other.customer) && same(&self.platform, &other.platform)
    }
}

/// The parts of a credential by name, each as it stands in the text.
pub(super) type Object<'a> = BTreeMap<String, &'a RawValue>;

/// The text without what editors and shells put around it: a byte-order mark, line breaks.
pub(super) fn trimmed(text: &SecretString) -> &str {
    text.expose_secret().trim_start_matches('\u{feff}').trim()
}

/// The object that a text holds.
pub(super) fn object(text: &str) -> Result<Object<'_>, serde_json::Error> {
    serde_json::from_str(text)
}

/// The texts of a part that is a list of them, or the one text that it is. `None` if it is neither, or empty.
pub(super) fn texts_of(part: &RawValue) -> Option<Vec<Zeroizing<String>>> {
    if let Some(text) = text_of(part) {
        return Some(vec![text]);
    }
    let items: Vec<&RawValue> = serde_json::from_str(part.get()).ok()?;
    let texts: Option<Vec<_>> = items.into_iter().map(text_of).collect();
    texts.filter(|texts| !texts.is_empty())
}

/// The keys of a part: the items of a list, or those that one text holds. `None` if there is none.
pub(super) fn keys_of(part: &RawValue) -> Option<Vec<Zeroizing<String>>> {
    match text_of(part) {
        Some(text) => Some(split(&text)).filter(|keys| !keys.is_empty()),
        None => texts_of(part),
    }
}

/// The keys in a text, as people paste them: with line breaks, commas or blanks between them. No key holds one.
pub(super) fn split(text: &str) -> Vec<Zeroizing<String>> {
    let keys = text.split(|c: char| c == ',' || c.is_whitespace());
    let keys = keys.filter(|key| !key.is_empty());
    keys.map(|key| Zeroizing::new(key.to_owned())).collect()
}

/// Whether requests can carry a part of a credential.
pub(super) fn is_sendable(auth: Auth, part: &str) -> bool {
    match auth {
        // Encoded, so that only what HTTP Basic itself forbids stays out (RFC 7617, section 2).
        Auth::Basic { .. } => !part.contains(char::is_control),
        // What a header can hold, and what OAuth calls VSCHAR (RFC 6749, appendix A).
        Auth::Bearer { .. } | Auth::Header { .. } | Auth::Keys { .. } | Auth::OAuth(_) => {
            part.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        }
    }
}

/// The text of a part, without blanks around it: a pasted key often ends in a line break. `None` if the part
/// is no text, or an empty one.
pub(super) fn text_of(part: &RawValue) -> Option<Zeroizing<String>> {
    let text = Zeroizing::new(serde_json::from_str::<String>(part.get()).ok()?);
    let trimmed = Zeroizing::new(text.trim().to_owned());
    (!trimmed.is_empty()).then_some(trimmed)
}
