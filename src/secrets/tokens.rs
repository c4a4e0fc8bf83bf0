//! Tokens that an OAuth platform gave us last. A refresh token mostly works once, so what came in its place
//! must outlive the run; it is kept sealed to the team's public keys.

use std::{borrow::Cow, io::BufReader};

use age::armor::ArmoredReader;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    BundleError, SealError, Secrets,
    object::MAX_PLAINTEXT,
    seal::{armored, written},
};
use crate::{
    model::{Credential, KnownSecrets},
    platforms::{ACCESS_TOKEN, CLIENT_ID, REFRESH_TOKEN},
};

/// The tokens of one account.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Which credential they go back to: [`Tokens::lineage_of`].
    pub lineage: String,
    /// Gets the next ones; `None` where the app's own credential does.
    pub refresh_token: Option<SecretString>,
    /// Signs requests.
    pub access_token: Option<SecretString>,
    /// When the access token should be renewed; `None` if nobody said how long it lives.
    pub renew_at: Option<Timestamp>,
    /// The address of the customer's own API, if the platform told one.
    pub base_url: Option<String>,
    /// Whether new ones were asked for, and no answer is known. If there was one, the refresh token is dead.
    pub renewing: bool,
}

/// The same as it is sealed.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    lineage: Cow<'a, str>,
    #[serde(borrow)]
    refresh_token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    access_token: Option<Cow<'a, str>>,
    renew_at: Option<Timestamp>,
    #[serde(borrow)]
    base_url: Option<Cow<'a, str>>,
    renewing: bool,
}

impl Tokens {
    /// The first ones of a credential: those that it holds itself.
    pub fn of(credential: &Credential) -> Self {
        Self {
            lineage: Self::lineage_of(credential),
            refresh_token: credential.field(REFRESH_TOKEN).cloned(),
            access_token: credential.field(ACCESS_TOKEN).cloned(),
            renew_at: None,
            base_url: None,
            renewing: false,
        }
    }

    /// A hash that differs from consent to consent, and is the same for one consent however often it is
    /// sealed: two requests of one account share its tokens, and a secret that was replaced under the same
    /// name begins anew.
    pub fn lineage_of(credential: &Credential) -> String {
        let mut hash = Sha256::new();
        for name in [CLIENT_ID, REFRESH_TOKEN] {
            let value = credential.field(name).map(ExposeSecret::expose_secret);
            hash.update(value.unwrap_or_default());
            hash.update([0]);
        }
        hex::encode(hash.finalize())
    }

    /// Remembers them among the secrets of this process.
    pub fn become_known(&self, known: &KnownSecrets) {
        let tokens = [&self.refresh_token, &self.access_token];
        tokens
            .into_iter()
            .flatten()
            .for_each(|token| known.learn(token));
    }

    /// A credential with these tokens in the place of older ones.
    pub fn added_to(&self, credential: &Credential) -> Credential {
        let parts = [
            (REFRESH_TOKEN, &self.refresh_token),
            (ACCESS_TOKEN, &self.access_token),
        ];
        let known = parts
            .into_iter()
            .filter_map(|(name, token)| Some((name, token.clone()?)));
        known.fold(credential.clone(), |credential, (name, token)| {
            credential.with(name, token)
        })
    }
}

impl Secrets {
    /// Whether tokens that are sealed here can be opened here, which takes recipients and the secret key of
    /// one of them.
    pub fn can_keep_tokens(&self) -> bool {
        self.opens(&self.recipients)
    }

    /// Tokens as an armored age file.
    ///
    /// # Errors
    /// [`SealError`], in practice only without recipients.
    pub fn seal_tokens(&self, tokens: &Tokens) -> Result<String, SealError> {
        let json = written(&Written {
            lineage: tokens.lineage.as_str().into(),
            refresh_token: exposed(tokens.refresh_token.as_ref()),
            access_token: exposed(tokens.access_token.as_ref()),
            renew_at: tokens.renew_at,
            base_url: tokens.base_url.as_deref().map(Into::into),
            renewing: tokens.renewing,
        });
        armored(&json, &self.recipients)
    }

    /// Tokens from such a file.
    ///
    /// # Errors
    /// [`BundleError`] when it was sealed to somebody else, or is not what was written.
    pub fn open_tokens(&self, sealed: &str) -> Result<Tokens, BundleError> {
        let mut json = Zeroizing::new(Vec::with_capacity(8 * MAX_PLAINTEXT));
        let sealed = BufReader::new(ArmoredReader::new(sealed.as_bytes()));
        self.decrypt(sealed, &mut *json)?;
        let written: Written<'_> =
            serde_json::from_slice(&json).map_err(|_| BundleError::Damaged)?;
        let secret = |token: Cow<'_, str>| SecretString::from(&*token);
        let tokens = Tokens {
            lineage: written.lineage.into_owned(),
            refresh_token: written.refresh_token.map(secret),
            access_token: written.access_token.map(secret),
            renew_at: written.renew_at,
            base_url: written.base_url.map(Cow::into_owned),
            renewing: written.renewing,
        };
        tokens.become_known(self.known());
        Ok(tokens)
    }
}

fn exposed(token: Option<&SecretString>) -> Option<Cow<'_, str>> {
    token.map(|token| token.expose_secret().into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use age::x25519::Identity;

    use super::*;
    use crate::secrets::{IDENTITY, Recipients};

    fn secrets(identity: &Identity, recipient: &Identity) -> Secrets {
        let key = SecretString::from(identity.to_string().expose_secret());
        let secrets = Secrets::new(move |name| (name == IDENTITY).then(|| key.clone())).unwrap();
        secrets.sealing_to(Recipients::parse(&recipient.to_public().to_string()).unwrap())
    }

    fn credential(refresh_token: &str) -> Credential {
        let parts = [(CLIENT_ID, "app"), (REFRESH_TOKEN, refresh_token)];
        let parts = parts.map(|(name, value)| (name.to_owned(), SecretString::from(value)));
        Credential::new(BTreeMap::from(parts))
    }

    #[test]
    fn tokens_survive_being_sealed() {
        let identity = Identity::generate();
        let secrets = secrets(&identity, &identity);
        assert!(secrets.can_keep_tokens());
        let tokens = Tokens {
            access_token: Some("a\"b\\c".into()),
            renew_at: Some(Timestamp::UNIX_EPOCH),
            base_url: Some("https://us-1.api.gong.io".into()),
            renewing: true,
            ..Tokens::of(&credential("first"))
        };
        let sealed = secrets.seal_tokens(&tokens).unwrap();
        assert!(!sealed.contains("first"));
        let opened = secrets.open_tokens(&sealed).unwrap();
        let values = |tokens: &Tokens| {
            let credential = tokens.added_to(&credential("older"));
            let value = |name| credential.field(name).unwrap().expose_secret().to_owned();
            (
                tokens.lineage.clone(),
                tokens.base_url.clone(),
                tokens.renew_at,
                tokens.renewing,
                [value(REFRESH_TOKEN), value(ACCESS_TOKEN)],
            )
        };
        assert_eq!(values(&opened), values(&tokens));
    }

    #[test]
    fn another_consent_is_another_lineage() {
        let lineage = |token| Tokens::of(&credential(token)).lineage;
        assert_eq!(lineage("first"), lineage("first"));
        assert_ne!(lineage("first"), lineage("second"));
    }

    #[test]
    fn without_the_right_key_nothing_is_kept() {
        let (ours, theirs) = (Identity::generate(), Identity::generate());
        let secrets = secrets(&ours, &theirs);
        assert!(!secrets.can_keep_tokens());
        let sealed = secrets
            .seal_tokens(&Tokens::of(&credential("first")))
            .unwrap();
        assert!(matches!(
            secrets.open_tokens(&sealed),
            Err(BundleError::OtherRecipient)
        ));
        let nobody = Secrets::new(|_| None).unwrap();
        assert!(!nobody.can_keep_tokens());
    }
}
