//! Renewed credentials, each at once as a small encrypted object: the old one is dead by then, and the next
//! bundle may be half an hour away. The newest object of an account counts; when the record itself is newer,
//! that does.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Home, StateError};
use crate::{
    model::{CredentialState, Erasure},
    objects::{Created, Objects},
    secrets::{self, Secrets},
    store::Store,
};

/// Longest object: what is sealed has at most a few kB.
const LONGEST: u64 = 1 << 20;

/// Each time around, somebody has created the object that was to be ours.
const TRIES: usize = 3;

/// What an object holds, before it is encrypted: names of customers are nobody's business either.
#[derive(Serialize, Deserialize)]
struct Kept {
    platform: String,
    account: String,
    credential_fingerprint: String,
    updated_at: Timestamp,
    sealed: String,
}

/// Saves what a credential was renewed to, and deletes what the account had there before.
///
/// # Errors
/// When the place cannot be read or written.
pub async fn keep_credential(home: &Home, state: &CredentialState) -> Result<(), StateError> {
    let objects = &home.objects;
    let sealed = Bytes::from(encrypted(home, state)?);
    let account = label(&state.platform, &state.account);
    for _ in 0..TRIES {
        let names = objects.list().await?;
        let own = names
            .iter()
            .filter_map(|name| parse(name))
            .filter(|(label, _)| *label == account);
        let numbers: Vec<u64> = own.map(|(_, number)| number).collect();
        let next = numbers.iter().max().map_or(1, |newest| newest + 1);
        let name = object_name(&account, next);
        let created = objects.create(&name, std::slice::from_ref(&sealed)).await?;
        // It is ours if the first answer got lost.
        if created == Created::Exists && objects.get(&name, LONGEST).await? != Some(sealed.clone())
        {
            continue;
        }
        for number in numbers {
            if let Err(error) = objects.delete(&object_name(&account, number)).await {
                tracing::warn!(%error, "an older credential stays for now");
            }
        }
        return Ok(());
    }
    Err(StateError::Faster {
        address: objects.address().to_owned(),
        generation: 0,
        holder: "another run at this moment".into(),
    })
}

/// Deletes what a credential of an account was renewed to.
///
/// # Errors
/// When the place cannot be read or written.
pub async fn drop_credentials(
    objects: &Objects,
    platform: &str,
    account: &str,
) -> Result<(), StateError> {
    let own = label(platform, account);
    for name in objects.list().await? {
        if parse(&name).is_some_and(|(account, _)| account == own) {
            objects.delete(&name).await?;
        }
    }
    Ok(())
}

/// Takes over the credentials that were renewed after the record was saved, by a run whose end was not, but for
/// those of erased accounts.
///
/// # Errors
/// When the place cannot be read, or the record not be written.
pub async fn take_credentials(
    home: &Home,
    secrets: &Secrets,
    store: &Store,
) -> Result<(), StateError> {
    let names = home.objects.list().await?;
    let mut newest: BTreeMap<&str, u64> = BTreeMap::new();
    for (account, number) in names.iter().filter_map(|name| parse(name)) {
        let known = newest.entry(account).or_default();
        *known = number.max(*known);
    }
    if newest.is_empty() {
        return Ok(());
    }
    let recorded = store.credential_states().await?;
    let erasures = store.erasures().await?;
    for (account, number) in newest {
        let name = object_name(account, number);
        let Some(kept) = read(home, secrets, &name).await? else {
            tracing::warn!(name, "a renewed credential cannot be opened");
            continue;
        };
        let is_erased = |erasure: &Erasure| {
            erasure.platform == kept.platform && erasure.account == kept.account
        };
        if erasures.iter().any(is_erased) {
            continue;
        }
        let same = |state: &&CredentialState| {
            state.platform == kept.platform && state.account == kept.account
        };
        let is_newer = recorded
            .iter()
            .find(same)
            .is_none_or(|state| kept.updated_at >= state.updated_at && kept.sealed != state.sealed);
        if is_newer {
            store.put_credential_state(kept).await?;
        }
    }
    Ok(())
}

async fn read(
    home: &Home,
    secrets: &Secrets,
    name: &str,
) -> Result<Option<CredentialState>, StateError> {
    let Some(sealed) = home.objects.get(name, LONGEST).await? else {
        return Ok(None);
    };
    let mut json = Vec::new();
    if secrets.decrypt(&sealed[..], &mut json).is_err() {
        return Ok(None);
    }
    Ok(serde_json::from_slice(&json)
        .ok()
        .map(|kept: Kept| CredentialState {
            platform: kept.platform,
            account: kept.account,
            credential_fingerprint: kept.credential_fingerprint,
            sealed: kept.sealed,
            updated_at: kept.updated_at,
        }))
}

fn encrypted(home: &Home, state: &CredentialState) -> Result<Vec<u8>, StateError> {
    let CredentialState {
        platform,
        account,
        credential_fingerprint,
        sealed,
        updated_at,
    } = state.clone();
    let kept = Kept {
        platform,
        account,
        credential_fingerprint,
        updated_at,
        sealed,
    };
    let json = serde_json::to_vec(&kept).expect("texts by name are always JSON");
    let mut encrypted = Vec::new();
    secrets::encrypt(&json[..], &mut encrypted, &home.recipients).map_err(|_| {
        StateError::NoRecipients {
            path: "recipients.txt".into(),
        }
    })?;
    Ok(encrypted)
}

/// What an account is called there: a hash, because names of objects can be read by whoever may list them.
fn label(platform: &str, account: &str) -> String {
    let hash = Sha256::digest(format!("{platform}\0{account}"));
    hex::encode(hash).chars().take(16).collect()
}

fn object_name(account: &str, number: u64) -> String {
    format!("credential-{account}-{number}.age")
}

/// Account and number of an object, if it is one of these.
fn parse(name: &str) -> Option<(&str, u64)> {
    let rest = name.strip_prefix("credential-")?.strip_suffix(".age")?;
    let (account, number) = rest.split_once('-')?;
    let number: u64 = number.parse().ok()?;
    (object_name(account, number) == name && number > 0).then_some((account, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_read() {
        for (name, expected) in [
            ("credential-0a1b-7.age", Some(("0a1b", 7))),
            ("credential-0a1b-07.age", None),
            ("credential-0a1b-0.age", None),
            ("credential-0a1b.age", None),
            ("credential-0a1b-7.json", None),
            ("record-7.age", None),
        ] {
            assert_eq!(parse(name), expected, "{name}");
        }
    }
}
