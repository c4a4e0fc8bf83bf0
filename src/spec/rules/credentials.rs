//! Credentials: one where one is needed, sealed properly or named properly. Nothing is decrypted here.

use std::io::Read;

use super::Scope;
use crate::{
    model::Method,
    spec::{
        Credentials, codes,
        file_report::FileReport,
        raw::RawRequest,
        secret_name::{self, HandIn},
    },
};

/// Checks the credential of a request.
pub(super) fn check(
    raw: &RawRequest,
    scope: Scope<'_>,
    report: &mut FileReport,
) -> Option<Credentials> {
    let written = report.document.value.get("credentials").is_some();
    match (scope.method, written) {
        (Method::File, true) => {
            report.key(
                codes::CREDENTIALS_NOT_USED,
                "/credentials",
                "An import of files needs no credential.",
                "Delete `credentials` and the lines below it, or write another `method`.",
            );
            None
        }
        (Method::File, false) => None,
        (Method::Api | Method::Oauth, false) => {
            report.whole(
                codes::MISSING_CREDENTIALS,
                format!(
                    "Method `{}` needs a credential, and the request has none.",
                    scope.method
                ),
                how_to_add(report),
            );
            None
        }
        (Method::Api | Method::Oauth, true) => one(raw, scope, report),
    }
}

fn one(raw: &RawRequest, scope: Scope<'_>, report: &mut FileReport) -> Option<Credentials> {
    let credentials = raw.credentials.as_ref()?;
    match (&credentials.sealed, &credentials.secret) {
        (Some(_), Some(_)) => {
            report.key(
                codes::TWO_CREDENTIALS,
                "/credentials/secret",
                "The credential is given twice, as `sealed` and as `secret`.",
                "Keep one of the two.",
            );
            None
        }
        (None, None) => {
            // What stands there is wrong in itself and was reported.
            let has_lines = report
                .document
                .value
                .pointer("/credentials")
                .and_then(|value| value.as_object())
                .is_some_and(|map| !map.is_empty());
            if !has_lines {
                report.key(
                    codes::MISSING_CREDENTIALS,
                    "/credentials",
                    "`credentials` holds neither `sealed` nor `secret`.",
                    how_to_add(report),
                );
            }
            None
        }
        (Some(sealed), None) => {
            check_seal(sealed, report);
            Some(Credentials::Sealed(sealed.clone()))
        }
        (None, Some(secret)) => {
            check_name(secret, scope, report);
            Some(Credentials::Secret(secret.clone()))
        }
    }
}

fn how_to_add(report: &FileReport) -> String {
    let hand_in = HandIn::of_document(&report.path, &report.document);
    if hand_in.is_consent() {
        format!("To get it, {hand_in}")
    } else {
        format!("Ask the customer for the credential; then {hand_in}")
    }
}

/// A request may name no secret but those of its own account and platform.
fn check_name(secret: &str, scope: Scope<'_>, report: &mut FileReport) {
    if scope.account.is_empty() {
        return;
    }
    let expected = secret_name::of(scope.account, scope.platform);
    let suffix = secret.strip_prefix(&expected);
    let fits = suffix.is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('_').is_some_and(|rest| !rest.is_empty())
    });
    if !fits {
        report.value(
            codes::SECRET_NAME,
            "/credentials/secret",
            "The secret's name does not belong to this account and platform.",
            format!("Write `{expected}`, if needed with `_` and a suffix, and ask an engineer to give the secret this name in the repository's Actions secrets."),
        );
    }
}

/// Checks armor and header, which needs no key. Only the nightly run can open the block.
fn check_seal(sealed: &str, report: &mut FileReport) {
    let message = match seal_flaw(sealed.trim()) {
        None => return,
        Some(flaw) => flaw,
    };
    let help = format!(
        "Copy the whole block again, from its BEGIN line to its END line, or run `{}`.",
        HandIn::of_document(&report.path, &report.document).command
    );
    report.value(codes::BROKEN_SEAL, "/credentials/sealed", message, help);
}

fn seal_flaw(sealed: &str) -> Option<&'static str> {
    if !sealed.contains('\n') {
        return Some(
            "The sealed block stands on one line: behind `sealed:` the sign `|` is missing.",
        );
    }
    if !sealed.starts_with("-----BEGIN AGE ENCRYPTED FILE-----") {
        return Some("Before the sealed block stands something else.");
    }
    let mut binary = Vec::new();
    let armor = age::armor::ArmoredReader::new(sealed.as_bytes());
    if armor
        .take(super::super::MAX_REQUEST_BYTES)
        .read_to_end(&mut binary)
        .is_err()
    {
        return Some("The sealed block is damaged: a line is missing or changed.");
    }
    match age::Decryptor::new_buffered(binary.as_slice()) {
        Err(_) => Some("The sealed block is damaged: its header cannot be read."),
        Ok(decryptor) if decryptor.is_scrypt() => Some(
            "The block is sealed with a passphrase, which the nightly run does not know: it must be sealed to the team's key.",
        ),
        Ok(_) => None,
    }
}
