//! Opens credentials: from the environment, or sealed with age. They are `secrecy` types from the
//! moment they are read, and no error here repeats a value.

mod bundle;
mod recipients;

use std::{collections::BTreeMap, io::Read};

use age::{Decryptor, armor::ArmoredReader, x25519};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::Deserialize;

use crate::{
    model::{Credential, WhoseTurn, slug},
    platforms::Auth,
    spec::{Credentials, ImportRequest},
};

pub use bundle::{BundleError, encrypt};
pub use recipients::{RecipientFlaw, Recipients, RecipientsError};

/// Environment variable with the age secret keys that open sealed credentials, one a line.
pub const IDENTITY: &str = "CALL_IMPORT_IDENTITY";

/// Longest plaintext of a sealed credential, in bytes.
const MAX_PLAINTEXT: u64 = 8 << 10;

/// What can open credentials.
pub struct Secrets {
    identities: Vec<x25519::Identity>,
    lookup: Box<Lookup>,
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
    #[error(
        "The secret {0} is not set. Ask an engineer to add it to the repository's Actions secrets, then to run `call-import retry` for this request."
    )]
    NotSet(String),
    /// Its name does not belong to this request.
    #[error("The secret {0} does not belong to this customer and platform.")]
    ForeignName(String),
    /// No age secret key is at hand.
    #[error("Sealed credentials cannot be opened here, because {IDENTITY} is not set.")]
    NoIdentity,
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
    /// It is not what the platform needs.
    #[error("The credential must be a JSON object with {0}.")]
    WrongShape(String),
}

impl CredentialError {
    /// Who can mend it. Never the customer: no platform has refused anything yet.
    pub const fn whose_turn(&self) -> WhoseTurn {
        match self {
            Self::NoIdentity => WhoseTurn::Engineering,
            Self::None
            | Self::NotSet(_)
            | Self::ForeignName(_)
            | Self::OtherRecipient
            | Self::Damaged
            | Self::ForeignBlock
            | Self::WrongShape(_) => WhoseTurn::Cs,
        }
    }
}

impl Secrets {
    /// Reads identities and, later, secrets from the environment of the process.
    ///
    /// # Errors
    /// When [`IDENTITY`] is set but holds no age secret key.
    pub fn from_environment() -> Result<Self, CredentialError> {
        Self::new(|name| std::env::var(name).ok().map(SecretString::from))
    }

    /// The same with another source of named secrets.
    ///
    /// # Errors
    /// When [`IDENTITY`] is there but holds no age secret key.
    pub fn new(
        lookup: impl Fn(&str) -> Option<SecretString> + Send + Sync + 'static,
    ) -> Result<Self, CredentialError> {
        let identities = match lookup(IDENTITY) {
            Some(text) => identities(&text)?,
            None => Vec::new(),
        };
        Ok(Self {
            identities,
            lookup: Box::new(lookup),
        })
    }

    /// The credential of a request, in the parts that the platform needs.
    ///
    /// # Errors
    /// [`CredentialError`], whose text CS can act on.
    pub fn open(&self, request: &ImportRequest, auth: Auth) -> Result<Credential, CredentialError> {
        let text = match &request.credentials {
            None => return Err(CredentialError::None),
            Some(Credentials::Secret(name)) => self.named(name, request)?,
            Some(Credentials::Sealed(armored)) => self.unseal(armored, request)?,
        };
        parts(&text, auth)
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
    ) -> Result<SecretString, CredentialError> {
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
        let mut plaintext = Zeroizing::new(String::new());
        reader
            .take(MAX_PLAINTEXT)
            .read_to_string(&mut plaintext)
            .map_err(|_| CredentialError::Damaged)?;
        let bound: Bound =
            serde_json::from_str(&plaintext).map_err(|_| CredentialError::ForeignBlock)?;
        if slug(&bound.purpose.customer) != slug(&request.customer)
            || slug(&bound.purpose.platform) != slug(&request.platform)
        {
            return Err(CredentialError::ForeignBlock);
        }
        Ok(SecretString::from(plaintext.as_str()))
    }
}

/// The key that binds a sealed credential to one customer and platform.
#[derive(Deserialize)]
struct Bound {
    #[serde(rename = "for")]
    purpose: Purpose,
}

#[derive(Deserialize)]
struct Purpose {
    customer: String,
    platform: String,
}

fn identities(text: &SecretString) -> Result<Vec<x25519::Identity>, CredentialError> {
    let lines = text.expose_secret().lines().map(str::trim);
    let keys: Result<Vec<_>, _> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::parse)
        .collect();
    keys.map_err(|_| CredentialError::NoIdentity)
}

/// The parts of a credential: a JSON object, or the bare token where one part is enough.
fn parts(text: &SecretString, auth: Auth) -> Result<Credential, CredentialError> {
    let fields = auth.fields();
    let text = text.expose_secret().trim();
    if let ([field], false) = (fields.as_slice(), text.starts_with('{')) {
        return Ok(Credential::new(BTreeMap::from([(
            (*field).to_owned(),
            SecretString::from(text),
        )])));
    }
    let wrong = || CredentialError::WrongShape(fields.join(" and "));
    let mut object: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|_| wrong())?;
    let mut parts = BTreeMap::new();
    for field in &fields {
        // A pasted key often ends in a line break.
        match object.remove(*field) {
            Some(serde_json::Value::String(value)) if !value.trim().is_empty() => {
                parts.insert((*field).to_owned(), SecretString::from(value.trim()));
            }
            _ => return Err(wrong()),
        }
    }
    Ok(Credential::new(parts))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use age::armor::{ArmoredWriter, Format};

    use super::*;

    const GONG: Auth = Auth::Basic {
        user: "access_key",
        password: "access_key_secret",
    };

    fn request(credentials: Option<Credentials>) -> ImportRequest {
        ImportRequest {
            id: "northwind".into(),
            path: "requests/northwind.yaml".into(),
            customer: "Northwind Robotics".into(),
            platform: "gong".into(),
            account: "northwind-robotics".into(),
            method: crate::model::Method::Api,
            estimated_calls: 1,
            urgency: crate::spec::Urgency::Deal,
            requested_completion: jiff::civil::date(2026, 12, 4),
            credentials,
            files: vec![],
            remote_files: vec![],
            from: None,
            to: None,
            include: vec![],
            options: serde_json::Map::new(),
            internal_domains: vec![],
            requested_by: None,
            suspended: false,
            notes: None,
        }
    }

    fn seal(plaintext: &str, recipient: &x25519::Recipient) -> Credentials {
        let recipients = std::iter::once(recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).unwrap();
        let armored = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).unwrap();
        let mut writer = encryptor.wrap_output(armored).unwrap();
        writer.write_all(plaintext.as_bytes()).unwrap();
        let armored = writer.finish().and_then(ArmoredWriter::finish).unwrap();
        Credentials::Sealed(String::from_utf8(armored).unwrap())
    }

    fn secrets(values: &[(&str, &str)]) -> Secrets {
        let values: BTreeMap<String, String> = values
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        Secrets::new(move |name| values.get(name).cloned().map(SecretString::from)).unwrap()
    }

    fn field(credential: &Credential, name: &str) -> String {
        credential.field(name).unwrap().expose_secret().to_owned()
    }

    #[test]
    fn a_sealed_credential_opens_only_for_its_customer_and_platform() {
        let identity = x25519::Identity::generate();
        let other = x25519::Identity::generate();
        let keys = identity.to_string();
        let secrets = secrets(&[(IDENTITY, keys.expose_secret())]);
        let block =
            |purpose: &str| format!(r#"{{"access_key": "k", "access_key_secret": "s"{purpose}}}"#);
        let own = block(r#", "for": {"customer": "northwind ROBOTICS", "platform": "Gong"}"#);
        let opened = secrets
            .open(&request(Some(seal(&own, &identity.to_public()))), GONG)
            .unwrap();
        assert_eq!(
            (
                field(&opened, "access_key"),
                field(&opened, "access_key_secret")
            ),
            ("k".into(), "s".into())
        );
        let copied = block(r#", "for": {"customer": "Fabrikam", "platform": "gong"}"#);
        for (sealed, expected) in [
            (
                seal(&copied, &identity.to_public()),
                CredentialError::ForeignBlock,
            ),
            (
                seal(&block(""), &identity.to_public()),
                CredentialError::ForeignBlock,
            ),
            (
                seal(&own, &other.to_public()),
                CredentialError::OtherRecipient,
            ),
            (
                Credentials::Sealed("-----BEGIN AGE ENCRYPTED FILE-----".into()),
                CredentialError::Damaged,
            ),
        ] {
            assert_eq!(
                secrets.open(&request(Some(sealed)), GONG).unwrap_err(),
                expected
            );
        }
        let without = super::tests::secrets(&[]);
        let sealed = request(Some(seal(&own, &identity.to_public())));
        assert_eq!(
            without.open(&sealed, GONG).unwrap_err(),
            CredentialError::NoIdentity
        );
    }

    #[test]
    fn a_named_secret_belongs_to_its_account_and_platform() {
        let object = r#"{"access_key": " k ", "access_key_secret": "s\n"}"#;
        let secrets = secrets(&[
            ("IMPORT_NORTHWIND_ROBOTICS_GONG_EU", object),
            ("IMPORT_NORTHWIND_ROBOTICS_GONG", "not json"),
            ("IMPORT_FABRIKAM_GONG", object),
            ("PATH", "/bin"),
        ]);
        let named = |name: &str| request(Some(Credentials::Secret(name.into())));
        let opened = secrets
            .open(&named("IMPORT_NORTHWIND_ROBOTICS_GONG_EU"), GONG)
            .unwrap();
        assert_eq!(
            (
                field(&opened, "access_key"),
                field(&opened, "access_key_secret")
            ),
            ("k".into(), "s".into())
        );
        for name in [
            "IMPORT_FABRIKAM_GONG",
            "PATH",
            "IMPORT_NORTHWIND_ROBOTICS_GONGX",
        ] {
            let error = secrets.open(&named(name), GONG).unwrap_err();
            assert_eq!(error, CredentialError::ForeignName(name.into()));
        }
        let wrong = secrets
            .open(&named("IMPORT_NORTHWIND_ROBOTICS_GONG"), GONG)
            .unwrap_err();
        assert!(!wrong.to_string().contains("not json"), "{wrong}");
        let unset = secrets
            .open(&named("IMPORT_NORTHWIND_ROBOTICS_GONG_US"), GONG)
            .unwrap_err();
        assert!(matches!(unset, CredentialError::NotSet(_)), "{unset}");
    }

    #[test]
    fn a_bare_token_will_do_where_one_is_enough() {
        let token = Auth::Bearer { token: "token" };
        let secret = Credentials::Secret("IMPORT_NORTHWIND_ROBOTICS_GONG".into());
        for value in ["t0ken\n", r#"{"token": "t0ken"}"#] {
            let secrets = secrets(&[("IMPORT_NORTHWIND_ROBOTICS_GONG", value)]);
            let opened = secrets.open(&request(Some(secret.clone())), token).unwrap();
            assert_eq!(field(&opened, "token"), "t0ken");
        }
    }

    #[test]
    fn credentials_cannot_be_printed() {
        let fields = BTreeMap::from([("token".to_owned(), SecretString::from("canary"))]);
        assert!(!format!("{:?}", Credential::new(fields)).contains("canary"));
    }
}
