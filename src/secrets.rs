//! Opens credentials, from the environment or sealed with age, and seals them. They are `secrecy` types
//! from the moment they are read, and no error here repeats a value.

mod bundle;
mod key_pair;
mod object;
mod recipients;
mod seal;
#[cfg(test)]
mod tests;
mod tokens;

use std::{collections::BTreeMap, io::Read};

use age::{Decryptor, armor::ArmoredReader, x25519};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde_json::value::RawValue;

use crate::{
    model::{Credential, KnownSecrets, MAX_KEYS, WhoseTurn},
    platforms::Auth,
    spec::{Credentials, ImportRequest},
};

pub use bundle::{BundleError, encrypt};
pub use key_pair::KeyPair;
pub use object::Purpose;
use object::{FOR, MAX_PLAINTEXT, is_sendable, keys_of, object, split, text_of, texts_of, trimmed};
pub use recipients::{RecipientFlaw, Recipients, RecipientsError, with_recipient};
pub use seal::{Plaintext, SealError, ShapeError};
pub use tokens::Tokens;

/// Environment variable with the age secret keys that open sealed credentials, one a line.
pub const IDENTITY: &str = "CALL_IMPORT_IDENTITY";

/// What can open credentials, and seal those that come in their place.
pub struct Secrets {
    identities: Vec<x25519::Identity>,
    recipients: Recipients,
    lookup: Box<Lookup>,
    known: KnownSecrets,
}

/// Where a named secret is found.
type Lookup = dyn Fn(&str) -> Option<SecretString> + Send + Sync;

/// Why a credential cannot be used. Each sentence is for CS and names no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The request names none.
    #[error("The request has no credential.")]
    None,
    /// The environment variable is not set.
    #[error("The secret {0} is not set.")]
    NotSet(String),
    /// Its name does not belong to this request.
    #[error("The secret {0} does not belong to this customer and platform.")]
    ForeignName(String),
    /// No age secret key is at hand.
    #[error("Sealed credentials cannot be opened here, because {IDENTITY} is not set.")]
    NoIdentity,
    /// What should be age secret keys is something else.
    #[error(
        "Line {line} of {IDENTITY} is no age secret key. It holds one key a line, as `call-import keygen` makes them; lines that begin with # do not count."
    )]
    BrokenIdentity {
        /// 1-based.
        line: usize,
    },
    /// It was sealed to somebody else.
    #[error(
        "The credential was sealed to other recipients. Seal it again to the team's public key."
    )]
    OtherRecipient,
    /// The block is damaged.
    #[error("The sealed credential is damaged. Seal it again.")]
    Damaged,
    /// It was sealed for another customer or platform.
    #[error(
        "The sealed credential was made for another customer or platform. Seal it again for this request."
    )]
    ForeignBlock,
    /// It does not say for whom it was sealed.
    #[error(
        "The sealed credential does not say which customer and platform it is for. Seal it again for this request."
    )]
    Unbound,
    /// More was sealed than any credential has.
    #[error("What was sealed is longer than 8 kB. Seal the credential alone.")]
    TooLong,
    /// It holds a line break, or what else no request can carry.
    #[error(
        "The credential holds a line break, or a character that is not on the keyboard, so it cannot be sent. Copy it anew."
    )]
    Unsendable,
    /// It is not what the platform needs.
    #[error("The credential is not what the platform needs. Ask the customer for {0}.")]
    WrongShape(String),
}

impl CredentialError {
    /// Who can mend it. Never the customer: no platform has refused anything yet.
    pub const fn whose_turn(&self) -> WhoseTurn {
        match self {
            Self::NoIdentity | Self::BrokenIdentity { .. } => WhoseTurn::Engineering,
            Self::None
            | Self::NotSet(_)
            | Self::ForeignName(_)
            | Self::OtherRecipient
            | Self::Damaged
            | Self::ForeignBlock
            | Self::Unbound
            | Self::TooLong
            | Self::Unsendable
            | Self::WrongShape(_) => WhoseTurn::Cs,
        }
    }
}

impl Secrets {
    /// Reads identities and, later, secrets from the environment of the process. Whatever is opened becomes `known`.
    ///
    /// # Errors
    /// When [`IDENTITY`] holds a line that is no age secret key.
    pub fn from_environment(known: &KnownSecrets) -> Result<Self, CredentialError> {
        let lookup = |name: &str| std::env::var(name).ok().map(SecretString::from);
        Self::looking_up(lookup, known.clone())
    }

    /// The same with another source of named secrets.
    ///
    /// # Errors
    /// When [`IDENTITY`] holds a line that is no age secret key.
    pub fn new(
        lookup: impl Fn(&str) -> Option<SecretString> + Send + Sync + 'static,
    ) -> Result<Self, CredentialError> {
        Self::looking_up(lookup, KnownSecrets::default())
    }

    fn looking_up(
        lookup: impl Fn(&str) -> Option<SecretString> + Send + Sync + 'static,
        known: KnownSecrets,
    ) -> Result<Self, CredentialError> {
        let identities = match lookup(IDENTITY) {
            Some(text) => {
                learn(&text, &known);
                identities(&text)?
            }
            None => Vec::new(),
        };
        Ok(Self {
            identities,
            recipients: Recipients::default(),
            lookup: Box::new(lookup),
            known,
        })
    }

    /// Everything that was opened here.
    pub const fn known(&self) -> &KnownSecrets {
        &self.known
    }

    /// The same with the team's public keys, to which renewed tokens are sealed.
    #[must_use]
    pub fn sealing_to(self, recipients: Recipients) -> Self {
        Self { recipients, ..self }
    }

    /// The credential of a request, in the parts that the platform needs.
    ///
    /// # Errors
    /// [`CredentialError`], whose text CS can act on.
    pub fn open(&self, request: &ImportRequest, auth: Auth) -> Result<Credential, CredentialError> {
        let text = match &request.credentials {
            None => return Err(CredentialError::None),
            Some(Credentials::Secret(name)) => self.named(name, request)?,
            Some(Credentials::Sealed(armored)) => self.unseal(armored, request, auth)?,
        };
        learn(&text, &self.known);
        let credential = parts(&text, auth)?;
        self.known.learn_parts(&credential);
        Ok(credential)
    }

    fn named(&self, name: &str, request: &ImportRequest) -> Result<SecretString, CredentialError> {
        let own = format!(
            "IMPORT_{}_{}",
            request.account.to_ascii_uppercase().replace('-', "_"),
            request.platform.to_ascii_uppercase().replace('-', "_")
        );
        // Checked here too, so that nothing but this line decides which variable is read.
        if name != own && !name.starts_with(&format!("{own}_")) {
            return Err(CredentialError::ForeignName(name.to_owned()));
        }
        (self.lookup)(name)
            .filter(|value| !value.expose_secret().trim().is_empty())
            .ok_or_else(|| CredentialError::NotSet(name.to_owned()))
    }

    fn unseal(
        &self,
        armored: &str,
        request: &ImportRequest,
        auth: Auth,
    ) -> Result<SecretString, CredentialError> {
        let plaintext = self.opened(armored)?;
        // No bare value here, even where one would do: it could not say whom it is for.
        let parts = object(trimmed(&plaintext)).map_err(|_| wrong_shape(auth))?;
        check_purpose(parts.get(FOR).copied(), request)?;
        Ok(plaintext)
    }

    /// Seals a block anew to other keys, whatever it holds: the text stays as it is.
    ///
    /// # Errors
    /// When it cannot be opened here.
    pub fn reseal(
        &self,
        armored: &str,
        recipients: &Recipients,
    ) -> Result<String, CredentialError> {
        let plaintext = self.opened(armored)?;
        seal::armored(&plaintext, recipients).map_err(|_| CredentialError::OtherRecipient)
    }

    /// The text in a block.
    fn opened(&self, armored: &str) -> Result<SecretString, CredentialError> {
        if self.identities.is_empty() {
            return Err(CredentialError::NoIdentity);
        }
        let decryptor = Decryptor::new(ArmoredReader::new(armored.trim().as_bytes()))
            .map_err(|_| CredentialError::Damaged)?;
        let identities = self
            .identities
            .iter()
            .map(|identity| identity as &dyn age::Identity);
        let reader = decryptor.decrypt(identities).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => CredentialError::OtherRecipient,
            _ => CredentialError::Damaged,
        })?;
        read_plaintext(reader)
    }
}

/// Reads one byte beyond the limit at most: a block of a few kB can hold nothing that is much longer, but it
/// may hold more than a credential has.
fn read_plaintext(reader: impl Read) -> Result<SecretString, CredentialError> {
    let mut plaintext = Zeroizing::new(Vec::with_capacity(MAX_PLAINTEXT + 1));
    reader
        .take(MAX_PLAINTEXT as u64 + 1)
        .read_to_end(&mut plaintext)
        .map_err(|_| CredentialError::Damaged)?;
    if plaintext.len() > MAX_PLAINTEXT {
        return Err(CredentialError::TooLong);
    }
    let text = std::str::from_utf8(&plaintext).map_err(|_| CredentialError::Damaged)?;
    Ok(SecretString::from(text))
}

fn check_purpose(
    sealed: Option<&RawValue>,
    request: &ImportRequest,
) -> Result<(), CredentialError> {
    let sealed = sealed.ok_or(CredentialError::Unbound)?;
    let sealed: Purpose =
        serde_json::from_str(sealed.get()).map_err(|_| CredentialError::Unbound)?;
    let own = Purpose {
        customer: request.customer.clone(),
        platform: request.platform.clone(),
    };
    if sealed.fits(&own) {
        Ok(())
    } else {
        Err(CredentialError::ForeignBlock)
    }
}

fn identities(text: &SecretString) -> Result<Vec<x25519::Identity>, CredentialError> {
    let lines = text.expose_secret().lines().map(str::trim).enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(index, line)| {
            let line_number = CredentialError::BrokenIdentity { line: index + 1 };
            line.parse().map_err(|_| line_number)
        })
        .collect()
}

/// Remembers a credential in clear text among the secrets of this process, whatever its shape: the texts in an
/// object but those that say whom it is for, else each line that is no comment.
pub fn learn(text: &SecretString, known: &KnownSecrets) {
    let text = trimmed(text);
    let Ok(parts) = object(text) else {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        return lines.for_each(|line| known.learn(&line.into()));
    };
    let parts = parts.into_iter().filter(|(name, _)| name != FOR);
    let texts = parts.flat_map(|(name, part)| {
        let texts = texts_of(part).into_iter().flatten();
        texts.map(move |text| (name.clone(), SecretString::from(text.as_str())))
    });
    for (name, text) in texts {
        known.learn_parts(&Credential::new(BTreeMap::from([(name, text)])));
    }
}

/// The parts of a credential in clear text: a JSON object, or the bare token where one part is enough.
///
/// # Errors
/// [`CredentialError::WrongShape`] when a part is missing, [`CredentialError::Unsendable`] when no request
/// could carry one.
pub fn parts(text: &SecretString, auth: Auth) -> Result<Credential, CredentialError> {
    let text = trimmed(text);
    let parts = match auth {
        Auth::Keys { values, .. } => keys(text, values),
        Auth::Basic { .. } | Auth::Bearer { .. } | Auth::Header { .. } | Auth::OAuth(_) => {
            named_parts(text, auth)
        }
    };
    let parts = parts.ok_or_else(|| wrong_shape(auth))?;
    if parts
        .values()
        .all(|part| is_sendable(auth, part.expose_secret()))
    {
        Ok(Credential::new(parts))
    } else {
        Err(CredentialError::Unsendable)
    }
}

/// Each part under its own name, or the bare value where one is enough.
fn named_parts(text: &str, auth: Auth) -> Option<BTreeMap<String, SecretString>> {
    let fields = auth.fields();
    if let ([field], false) = (fields.as_slice(), text.starts_with('{')) {
        let part = ((*field).to_owned(), SecretString::from(text));
        return Some(BTreeMap::from([part]));
    }
    let object = object(text).ok()?;
    let part = |field: &'static str| {
        let value = object.get(field).and_then(|part| text_of(part))?;
        Some((field.to_owned(), SecretString::from(value.as_str())))
    };
    let required = fields.iter().map(|field| part(field));
    let mut parts: BTreeMap<_, _> = required.collect::<Option<_>>()?;
    let optional = auth.optional_fields().iter();
    parts.extend(optional.filter_map(|field| part(field)));
    Some(parts)
}

/// Several keys: an object with the list of them, or the bare keys.
fn keys(text: &str, field: &str) -> Option<BTreeMap<String, SecretString>> {
    let keys = if text.starts_with(['{', '[']) {
        keys_of(object(text).ok()?.get(field)?)?
    } else {
        split(text)
    };
    let named = keys.iter().enumerate().map(|(index, key)| {
        let name = Credential::nth(field, index);
        (name, SecretString::from(key.as_str()))
    });
    (1..=MAX_KEYS)
        .contains(&keys.len())
        .then(|| named.collect())
}

fn wrong_shape(auth: Auth) -> CredentialError {
    CredentialError::WrongShape(match auth {
        Auth::Keys { .. } => format!("one API key or more, at most {MAX_KEYS} keys"),
        Auth::Bearer { token: key } | Auth::Header { value: key, .. } => {
            format!("an API key (`{key}`)")
        }
        Auth::OAuth(_) if auth.is_consent() => "a new consent".to_owned(),
        Auth::Basic { .. } | Auth::OAuth(_) => {
            let fields = auth.fields();
            let fields: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
            fields.join(" and ")
        }
    })
}
