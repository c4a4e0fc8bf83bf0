//! Seals a credential: a JSON object in clear text in, an armored age file out.

use std::{collections::BTreeMap, io::Write as _};

use age::{
    Encryptor,
    armor::{ArmoredWriter, Format},
};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{
    CredentialError, Recipients,
    object::{
        FOR, MAX_PLAINTEXT, Object, Purpose, is_sendable, keys_of, object, text_of, texts_of,
        trimmed,
    },
};
use crate::{
    model::{Credential, MAX_KEYS},
    platforms::Auth,
    spec::is_harmless,
};

/// A credential in clear text that is fit to be sealed.
#[derive(Debug)]
pub struct Plaintext {
    json: SecretString,
    keys: usize,
    suspicious: Vec<String>,
}

/// Why a text is no credential. No sentence repeats a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// It is not JSON.
    #[error("This is no valid JSON: line {line}, column {column} cannot be read. {expected}")]
    NotJson {
        /// 1-based.
        line: usize,
        /// 1-based, in bytes.
        column: usize,
        /// What to write.
        expected: String,
    },
    /// It is no object, where more than one part is needed.
    #[error("This is not a JSON object. {0}")]
    NotAnObject(String),
    /// Its parts are not those that the platform needs.
    #[error("{0}")]
    Parts(String),
    /// It holds what no request can carry.
    #[error(
        "{0} holds a line break, or a character that is not on the keyboard, so it cannot be sent to the platform. Nothing was sealed: copy it once more."
    )]
    Unsendable(String),
    /// It already says that it is for somebody else.
    #[error(
        "The pasted object says under `for` that it belongs to another customer or platform. Make sure that it is the right credential, then delete `for`."
    )]
    Foreign,
    /// It is too long.
    #[error("The credential is longer than 8 kB. Is it really the credential?")]
    TooLong,
}

/// Why nothing could be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Nobody could open it.
    #[error("There are no recipients to seal to.")]
    NoRecipients,
    /// It could not be encrypted.
    #[error("The credential could not be encrypted.")]
    Encryption(#[source] std::io::Error),
}

impl Plaintext {
    /// Checks a pasted credential and binds it to its purpose.
    ///
    /// With `auth`, the parts that the platform needs, and perhaps those that it may have besides, but no
    /// others; the bare value where one is needed, and several with blanks, commas or line breaks between them
    /// where the platform takes several keys. Without, any JSON object whose values are texts or lists
    /// of texts.
    ///
    /// # Errors
    /// [`ShapeError`], which names parts and never repeats a value.
    pub fn read(
        pasted: &SecretString,
        auth: Option<Auth>,
        purpose: &Purpose,
    ) -> Result<Self, ShapeError> {
        let fields = auth.map(Auth::fields);
        let fields = fields.as_deref();
        let optional = auth.map_or(&[][..], Auth::optional_fields);
        let keys = auth.and_then(list_of_keys);
        let expected = || keys.map_or_else(|| expected(fields), expected_keys);
        let pasted = trimmed(pasted);
        if pasted.len() > MAX_PLAINTEXT {
            return Err(ShapeError::TooLong);
        }
        let wrapped = match fields {
            Some([field]) if !pasted.starts_with(['{', '[']) => Some(joined(&[(field, pasted)])),
            _ => None,
        };
        let text = wrapped.as_ref().map_or(pasted, ExposeSecret::expose_secret);
        if !text.starts_with('{') {
            return Err(ShapeError::NotAnObject(expected()));
        }
        let mut parts = object(text).map_err(|error| ShapeError::NotJson {
            line: error.line(),
            column: error.column(),
            expected: expected(),
        })?;
        check_purpose(parts.remove(FOR), purpose)?;
        match keys {
            Some(field) => check_keys(&parts, field)?,
            None => check_parts(&parts, fields, optional)?,
        }
        let texts = |part: &RawValue| match keys {
            Some(_) => keys_of(part),
            None => texts_of(part),
        };
        for (name, part) in &parts {
            let is_sendable = |text: &str| auth.is_none_or(|auth| is_sendable(auth, text));
            if !texts(part).iter().flatten().all(|text| is_sendable(text)) {
                return Err(ShapeError::Unsendable(shown(name)));
            }
        }
        let is_suspicious = |part| texts(part).iter().flatten().any(|text| is_suspicious(text));
        let suspicious = parts.iter().filter(|(_, part)| is_suspicious(part));
        let suspicious = suspicious.map(|(name, _)| shown(name)).collect();
        let json = bound(&parts, purpose);
        if json.expose_secret().len() > MAX_PLAINTEXT {
            return Err(ShapeError::TooLong);
        }
        let keys = keys.and_then(|field| keys_of(parts.get(field)?));
        Ok(Self {
            json,
            keys: keys.map_or(1, |keys| keys.len()),
            suspicious,
        })
    }

    /// A credential of parts that were asked for one by one, as a text for [`Plaintext::read`].
    pub fn joined(parts: &[(&str, SecretString)]) -> SecretString {
        let parts: Vec<(&str, &str)> = parts
            .iter()
            .map(|(name, value)| (*name, value.expose_secret().trim()))
            .collect();
        joined(&parts)
    }

    /// The credential in the parts that the platform needs, to prove it.
    ///
    /// # Errors
    /// [`CredentialError::WrongShape`] when a part is missing.
    pub fn parts(&self, auth: Auth) -> Result<Credential, CredentialError> {
        super::parts(&self.json, auth)
    }

    /// How many keys it holds: more than one only where the platform takes several.
    pub const fn keys(&self) -> usize {
        self.keys
    }

    /// Names, fit to be shown, of parts that hold a blank or a character that no keyboard has a key for: mostly a slip in copying.
    pub fn suspicious(&self) -> &[String] {
        &self.suspicious
    }

    /// The credential as an armored age file that each of the recipients can open.
    ///
    /// # Errors
    /// [`SealError`], in practice only without recipients.
    pub fn seal(&self, recipients: &Recipients) -> Result<String, SealError> {
        armored(&self.json, recipients)
    }
}

/// A text as an armored age file that each of the recipients can open.
pub(super) fn armored(text: &SecretString, recipients: &Recipients) -> Result<String, SealError> {
    let recipients = recipients.iter().map(|key| key as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(|_| SealError::NoRecipients)?;
    let armored = || {
        let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armor)?;
        writer.write_all(text.expose_secret().as_bytes())?;
        writer.finish().and_then(ArmoredWriter::finish)
    };
    let armored = armored().map_err(SealError::Encryption)?;
    // Windows has other line ends, and the request file has its own.
    Ok(String::from_utf8_lossy(&armored).replace("\r\n", "\n"))
}

/// The part with the list of keys, where the platform takes several.
const fn list_of_keys(auth: Auth) -> Option<&'static str> {
    match auth {
        Auth::Keys { values, .. } => Some(values),
        Auth::Basic { .. } | Auth::Bearer { .. } | Auth::Header { .. } | Auth::OAuth(_) => None,
    }
}

fn expected_keys(field: &str) -> String {
    format!(
        "Paste the keys with commas between them, or {{\"{field}\": [\"...\"]}}; at most {MAX_KEYS}."
    )
}

fn check_keys(parts: &Object<'_>, field: &str) -> Result<(), ShapeError> {
    let keys = parts.get(field).and_then(|part| keys_of(part));
    let flaw = match keys {
        _ if parts.keys().any(|name| name != field) => "Another part is not known here.".to_owned(),
        Some(keys) if keys.len() <= MAX_KEYS => return Ok(()),
        Some(keys) => format!("`{field}` holds {} keys.", keys.len()),
        None => format!("`{field}` must be a list of keys that are not empty."),
    };
    let flaws = [flaw, expected_keys(field)];
    Err(ShapeError::Parts(flaws.join(" ")))
}

/// What to write instead.
fn expected(fields: Option<&[&str]>) -> String {
    match fields {
        None => "Paste a JSON object, such as {\"token\": \"...\"}.".to_owned(),
        Some(fields) => {
            let parts: Vec<String> = fields.iter().map(|f| format!("\"{f}\": \"...\"")).collect();
            format!("Paste {{{}}}.", parts.join(", "))
        }
    }
}

fn check_purpose(pasted: Option<&RawValue>, purpose: &Purpose) -> Result<(), ShapeError> {
    let Some(pasted) = pasted else { return Ok(()) };
    match serde_json::from_str::<Purpose>(pasted.get()) {
        Ok(pasted) if pasted.fits(purpose) => Ok(()),
        Ok(_) | Err(_) => Err(ShapeError::Foreign),
    }
}

fn check_parts(
    parts: &Object<'_>,
    fields: Option<&[&str]>,
    optional: &[&str],
) -> Result<(), ShapeError> {
    let is_known =
        |name: &str| fields.is_none_or(|fields| fields.contains(&name) || optional.contains(&name));
    let mut flaws = Vec::new();
    for field in fields.unwrap_or_default() {
        if !parts.contains_key(*field) {
            flaws.push(format!("`{field}` is missing."));
        }
    }
    for (name, part) in parts {
        let is_usable = text_of(part).is_some() || (fields.is_none() && texts_of(part).is_some());
        if !is_known(name) {
            flaws.push(format!("{} is not known here.", shown(name)));
        } else if !is_usable {
            flaws.push(format!("{} must be a text that is not empty.", shown(name)));
        }
    }
    if fields.is_none() && parts.is_empty() {
        flaws.push("The object is empty.".to_owned());
    }
    if flaws.is_empty() {
        return Ok(());
    }
    flaws.push(expected(fields));
    Err(ShapeError::Parts(flaws.join(" ")))
}

/// What stands in the place of a name may be the key itself.
fn shown(name: &str) -> String {
    if is_harmless(name) {
        format!("`{name}`")
    } else {
        "A part whose name is not shown".to_owned()
    }
}

fn is_suspicious(text: &str) -> bool {
    !text.chars().all(|c| c.is_ascii_graphic())
}

/// The parts with the purpose, as one text.
fn bound(parts: &Object<'_>, purpose: &Purpose) -> SecretString {
    let purpose = to_raw_value(purpose).expect("two texts are always JSON");
    let parts = parts.iter().map(|(name, part)| (name.as_str(), *part));
    written(&parts.chain([(FOR, &*purpose)]).collect::<BTreeMap<_, _>>())
}

fn joined(parts: &[(&str, &str)]) -> SecretString {
    written(&parts.iter().copied().collect::<BTreeMap<_, _>>())
}

/// JSON in memory that is wiped: the buffer is large enough from the start, so that it never moves.
pub(super) fn written(parts: &impl Serialize) -> SecretString {
    let mut buffer = Zeroizing::new(Vec::with_capacity(8 * MAX_PLAINTEXT));
    serde_json::to_writer(&mut *buffer, parts).expect("texts by name are always JSON");
    SecretString::from(String::from_utf8_lossy(&buffer).as_ref())
}
