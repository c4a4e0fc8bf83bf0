//! A credential in clear text, for as long as it is needed. It cannot be printed, compared or stored.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};

/// Shortest value that is looked for in texts.
const SHORTEST: usize = 4;

/// Parts that tell which app or account it is, and prove nothing: platforms name them in every answer.
const NO_SECRETS: [&str; 2] = ["client_id", "account_id"];

/// Most keys that one credential may have: each of them is asked for every call.
pub const MAX_KEYS: usize = 20;

/// The named parts of a credential, for example `access_key` and `access_key_secret`.
#[derive(Debug, Clone, Default)]
pub struct Credential {
    fields: BTreeMap<String, SecretString>,
}

impl Credential {
    /// A credential of these parts.
    pub fn new(fields: BTreeMap<String, SecretString>) -> Self {
        Self { fields }
    }

    /// The same text without any part of the credential as it is: a platform may repeat what it was sent.
    pub fn scrub(&self, text: &str) -> String {
        let values = self.fields.values().map(ExposeSecret::expose_secret);
        // What is shorter would blot out ordinary words, and is no secret.
        let values = values.filter(|value| value.len() >= SHORTEST);
        values.fold(text.to_owned(), |text, value| text.replace(value, "***"))
    }

    /// The parts that must never be seen.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        let fields = self.fields.iter();
        let fields = fields.filter(|(name, _)| !NO_SECRETS.contains(&name.as_str()));
        fields.map(|(_, value)| value)
    }

    /// The name under which the `index`-th of several keys is kept, from 0.
    pub fn nth(field: &str, index: usize) -> String {
        format!("{field}[{index}]")
    }

    /// How many keys are kept under [`Credential::nth`] of this field.
    pub fn count(&self, field: &str) -> usize {
        (0..)
            .take_while(|index| self.fields.contains_key(&Self::nth(field, *index)))
            .count()
    }

    /// The same with one part added, or replaced by a newer one.
    #[must_use]
    pub fn with(&self, name: &str, value: SecretString) -> Self {
        let mut fields = self.fields.clone();
        fields.insert(name.to_owned(), value);
        Self { fields }
    }

    /// Tells two credentials apart that were handed in one after the other, however often each was sealed. So
    /// short that it says nothing of what it was made from.
    pub fn mark(&self) -> String {
        let mut hash = Sha256::new();
        for (name, value) in &self.fields {
            for part in [name.as_str(), value.expose_secret()] {
                hash.update(part);
                hash.update([0]);
            }
        }
        hex::encode(&hash.finalize()[..4])
    }

    /// One part, if it is there.
    pub fn field(&self, name: &str) -> Option<&SecretString> {
        self.fields.get(name)
    }
}
