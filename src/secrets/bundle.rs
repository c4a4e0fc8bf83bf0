//! Whole files, sealed to the recipients: the record between two nights. Binary age format (`age -R`,
//! <https://c2sp.org/age>), written and read in pieces.

use std::io::{self, BufRead, Read, Write};

use age::{Decryptor, Encryptor};

use super::{IDENTITY, Recipients, Secrets};

/// Pieces in which a file goes through.
const PIECE: usize = 64 << 10;

/// Why a file cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Nobody could open it.
    #[error("there is no public key to encrypt to")]
    NoRecipient,
    /// No age secret key is at hand.
    #[error("{IDENTITY} is not set")]
    NoIdentity,
    /// It was encrypted to somebody else.
    #[error("it was encrypted to other keys than the one in {IDENTITY}")]
    OtherRecipient,
    /// It is not what was written.
    #[error("it cannot be decrypted")]
    Damaged,
    /// The plain side fails.
    #[error(transparent)]
    Plain(io::Error),
    /// The sealed side fails.
    #[error(transparent)]
    Sealed(io::Error),
}

/// Encrypts everything in `plain` to the recipients.
///
/// # Errors
/// [`BundleError::NoRecipient`], or what either side says.
pub fn encrypt(
    mut plain: impl Read,
    sealed: impl Write,
    recipients: &Recipients,
) -> Result<(), BundleError> {
    let recipients = recipients
        .iter()
        .map(|recipient| recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(|_| BundleError::NoRecipient)?;
    let mut writer = encryptor.wrap_output(sealed).map_err(BundleError::Sealed)?;
    pump(
        &mut plain,
        &mut writer,
        BundleError::Plain,
        BundleError::Sealed,
    )?;
    writer.finish().map_err(BundleError::Sealed)?;
    Ok(())
}

impl Secrets {
    /// Decrypts everything in `sealed`. What was written to `plain` before an error is worth nothing.
    ///
    /// # Errors
    /// [`BundleError`]; any change to a byte of `sealed` is [`BundleError::Damaged`].
    pub fn decrypt(&self, sealed: impl BufRead, mut plain: impl Write) -> Result<(), BundleError> {
        if self.identities.is_empty() {
            return Err(BundleError::NoIdentity);
        }
        let decryptor = Decryptor::new_buffered(sealed).map_err(|_| BundleError::Damaged)?;
        let identities = self
            .identities
            .iter()
            .map(|identity| identity as &dyn age::Identity);
        let mut reader = decryptor.decrypt(identities).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => BundleError::OtherRecipient,
            _ => BundleError::Damaged,
        })?;
        pump(
            &mut reader,
            &mut plain,
            |_| BundleError::Damaged,
            BundleError::Plain,
        )
    }

    /// Whether there is any secret key here.
    pub fn has_identity(&self) -> bool {
        !self.identities.is_empty()
    }

    /// Whether what is encrypted to these recipients could be decrypted here.
    pub fn opens(&self, recipients: &Recipients) -> bool {
        let ours: Vec<_> = self.identities.iter().map(|key| key.to_public()).collect();
        recipients.iter().any(|recipient| ours.contains(recipient))
    }
}

/// Copies, and keeps apart which side failed.
fn pump(
    from: &mut impl Read,
    to: &mut impl Write,
    unread: impl Fn(io::Error) -> BundleError,
    unwritten: impl Fn(io::Error) -> BundleError,
) -> Result<(), BundleError> {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return to.flush().map_err(unwritten),
            Ok(length) => to.write_all(&piece[..length]).map_err(&unwritten)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unread(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use age::x25519::Identity;
    use secrecy::{ExposeSecret as _, SecretString};

    use super::*;

    fn secrets(identity: Option<&Identity>) -> Secrets {
        let values: BTreeMap<&str, SecretString> = identity
            .map(|identity| {
                let text = identity.to_string();
                (IDENTITY, SecretString::from(text.expose_secret()))
            })
            .into_iter()
            .collect();
        Secrets::new(move |name| values.get(name).cloned()).unwrap()
    }

    fn recipients(identities: &[&Identity]) -> Recipients {
        let keys = identities
            .iter()
            .map(|key| format!("{}\n", key.to_public()));
        Recipients::parse(&keys.collect::<String>()).unwrap()
    }

    fn opened(sealed: &[u8], identity: Option<&Identity>) -> Result<Vec<u8>, BundleError> {
        let mut plain = Vec::new();
        secrets(identity)
            .decrypt(sealed, &mut plain)
            .map(|()| plain)
    }

    #[test]
    fn each_recipient_opens_it_and_nobody_else() {
        let (first, second, other) = (
            Identity::generate(),
            Identity::generate(),
            Identity::generate(),
        );
        let team = recipients(&[&first, &second]);
        let plain = vec![7; 3 * PIECE + 5];
        let mut sealed = Vec::new();
        encrypt(plain.as_slice(), &mut sealed, &team).unwrap();
        for identity in [&first, &second] {
            assert_eq!(opened(&sealed, Some(identity)).unwrap(), plain);
            assert!(secrets(Some(identity)).opens(&team));
        }
        assert!(!secrets(Some(&other)).opens(&team));
        assert!(!secrets(None).opens(&team));
        assert!(matches!(
            opened(&sealed, Some(&other)),
            Err(BundleError::OtherRecipient)
        ));
        assert!(matches!(
            opened(&sealed, None),
            Err(BundleError::NoIdentity)
        ));
    }

    #[test]
    fn a_changed_or_missing_byte_anywhere_is_noticed() {
        let identity = Identity::generate();
        let mut sealed = Vec::new();
        let plain = vec![7; PIECE + 100];
        encrypt(plain.as_slice(), &mut sealed, &recipients(&[&identity])).unwrap();
        for place in (0..sealed.len()).step_by(sealed.len() / 60) {
            let mut flipped = sealed.clone();
            flipped[place] ^= 1;
            for damaged in [&flipped, &sealed[..place]] {
                let error = opened(damaged, Some(&identity)).unwrap_err();
                // In the line that names the recipient, it is another recipient.
                assert!(
                    matches!(error, BundleError::Damaged | BundleError::OtherRecipient),
                    "{place}: {error}"
                );
            }
        }
    }

    #[test]
    fn to_nobody_nothing_is_encrypted() {
        let nobody = Recipients::parse("").unwrap();
        let error = encrypt(&b"calls"[..], Vec::new(), &nobody).unwrap_err();
        assert!(matches!(error, BundleError::NoRecipient));
    }
}
