//! A credential in clear text, for as long as it is needed. It cannot be printed, compared or stored.

use std::collections::BTreeMap;

use secrecy::SecretString;

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

    /// One part, if it is there.
    pub fn field(&self, name: &str) -> Option<&SecretString> {
        self.fields.get(name)
    }
}
