//! Reads a credential from stdin or a hidden prompt. It is never an argument, which the shell would keep.

use std::io::{self, IsTerminal as _, Read as _};

use anyhow::anyhow;
use inquire::{InquireError, Password, PasswordDisplayMode, validator::Validation};
use secrecy::{SecretString, zeroize::Zeroizing};

use super::{Exit, Stop, known, output::tell};
use crate::{
    model::Method,
    platforms::{self, Auth},
    secrets::{self, Plaintext, Purpose},
};

/// More than any credential has. What is longer was piped by mistake.
const MAX_INPUT: usize = 64 << 10;

/// A credential for this purpose, checked and ready to be sealed. `platform` is the platform's name.
pub(super) fn read(purpose: &Purpose, method: Method, platform: &str) -> Result<Plaintext, Stop> {
    let known = platforms::connector(&purpose.platform);
    let auth = known.and_then(|known| known.traits().sign_in(method));
    let pasted = pasted(platform, auth)?;
    let plaintext =
        Plaintext::read(&pasted, auth, purpose).map_err(|error| Stop::with(Exit::Usage, error))?;
    if auth.is_none() {
        tell(&format!(
            "note: What a credential for {platform} must hold is not known here, so it is sealed unchecked.\n"
        ));
    }
    for part in plaintext.suspicious() {
        tell(&format!(
            "warning: {part} holds a blank or a character that is not on the keyboard. Was it copied right?\n"
        ));
    }
    if plaintext.keys() > 1 {
        tell(&format!("note: These are {} keys.\n", plaintext.keys()));
    }
    Ok(plaintext)
}

/// What was piped in, or typed at hidden prompts, one for each part of the credential; one for all where they
/// are not known.
pub(super) fn pasted(platform: &str, auth: Option<Auth>) -> Result<SecretString, Stop> {
    let pasted = if io::stdin().is_terminal() {
        ask(platform, auth)
    } else {
        piped()
    }?;
    secrets::learn(&pasted, known::secrets());
    Ok(pasted)
}

fn piped() -> Result<SecretString, Stop> {
    // Large enough from the start: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_INPUT + 1));
    io::stdin()
        .take(MAX_INPUT as u64 + 1)
        .read_to_end(&mut bytes)?;
    let wrong = |sentence: &'static str| Err(Stop::with(Exit::Usage, anyhow!(sentence)));
    match std::str::from_utf8(&bytes) {
        _ if bytes.len() > MAX_INPUT => wrong("What came on stdin is too long for a credential."),
        Err(_) => wrong("What came on stdin is not text in UTF-8."),
        Ok(text) if text.trim().is_empty() => wrong(
            "No credential came on stdin. Pipe it in, or run the command in a terminal without a pipe.",
        ),
        Ok(text) => Ok(SecretString::from(text)),
    }
}

fn ask(platform: &str, auth: Option<Auth>) -> Result<SecretString, Stop> {
    let Some(auth) = auth else {
        return hidden(&format!("Credential for {platform}, as a JSON object:"));
    };
    if let Auth::Keys { values, .. } = auth {
        return hidden(&format!(
            "{platform}, {values} (several with commas between them):"
        ));
    }
    let fields = auth.fields();
    if let [field] = fields.as_slice() {
        // The bare value, or the whole object, as through a pipe.
        return hidden(&format!("{platform}, {field}:"));
    }
    let mut parts = Vec::new();
    for field in fields {
        parts.push((field, hidden(&format!("{platform}, {field}:"))?));
    }
    Ok(Plaintext::joined(&parts))
}

/// One line that is not shown while it is typed or pasted.
fn hidden(message: &str) -> Result<SecretString, Stop> {
    let not_empty = |typed: &str| {
        Ok(if typed.trim().is_empty() {
            Validation::Invalid("Nothing was typed or pasted.".into())
        } else {
            Validation::Valid
        })
    };
    let answer = Password::new(message)
        .with_display_mode(PasswordDisplayMode::Masked)
        .with_validator(not_empty)
        .with_help_message("Paste it and press Enter. Esc ends, and nothing is sealed.")
        .without_confirmation()
        .prompt();
    answer.map(SecretString::from).map_err(|error| match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => {
            anyhow!("Nothing was sealed.").into()
        }
        other => anyhow::Error::new(other)
            .context("The terminal cannot ask.")
            .into(),
    })
}
