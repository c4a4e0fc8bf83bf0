//! A new pair of keys: the public one to seal to, the secret one to open with.

use age::x25519;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// An X25519 key pair.
pub struct KeyPair(x25519::Identity);

impl KeyPair {
    /// Makes one.
    pub fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// The key to seal to.
    pub fn public(&self) -> x25519::Recipient {
        self.0.to_public()
    }

    /// Both keys in the format of `age-keygen`.
    pub fn file(&self, created: Timestamp) -> SecretString {
        let secret = self.0.to_string();
        SecretString::from(format!(
            "# created: {}\n# public key: {}\n{}\n",
            created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            self.public(),
            secret.expose_secret()
        ))
    }
}
