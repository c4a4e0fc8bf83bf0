//! The record between two runs. It never travels alone: a *bundle* is the whole database, encrypted to the
//! team's public keys, and a manifest that says what must be in it. Bundles are numbered by *generation*;
//! whoever creates the manifest of a generation first has saved it, and nobody else can.
//!
//! `record.generation` names the bundle that a database was saved as, or came from, last. It is written
//! only after that bundle is safe, so a save that failed in any way can simply be tried again.
//!
//! What is kept, taken back or refused is decided by pure functions in `choice` and `manifest`; `save` and
//! `restore` carry it out.

mod choice;
mod credentials;
mod manifest;
mod restore;
mod save;
mod scratch;

use std::path::{Path, PathBuf};

use crate::{
    objects::{Objects, ObjectsError},
    secrets::{IDENTITY, Recipients, Secrets},
    store::StoreError,
};

pub use credentials::{drop_credentials, keep_credential, take_credentials};
pub use manifest::{KEPT, KEPT_FOR, Manifest, Part};
pub use restore::{Restored, Wanted, restore};
pub use save::{Saved, save};

/// Where the record is kept between runs, and who can open it there.
#[derive(Debug)]
pub struct Home {
    objects: Objects,
    recipients: Recipients,
}

impl Home {
    /// Of these objects, for these recipients.
    pub const fn new(objects: Objects, recipients: Recipients) -> Self {
        Self {
            objects,
            recipients,
        }
    }

    /// The objects.
    pub const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Makes sure that what is saved here can be restored here.
    ///
    /// # Errors
    /// [`StateError::NoIdentity`], [`StateError::LockedOut`].
    pub fn check(&self, secrets: &Secrets) -> Result<(), StateError> {
        if !secrets.has_identity() {
            Err(StateError::NoIdentity)
        } else if !secrets.opens(&self.recipients) {
            Err(StateError::LockedOut)
        } else {
            Ok(())
        }
    }
}

/// What the bundles say of themselves, oldest first, but for those that cannot be read.
///
/// # Errors
/// When the place cannot be read.
pub async fn bundles(objects: &Objects) -> Result<Vec<Manifest>, StateError> {
    let found = manifest::generations(&objects.list().await?);
    let mut bundles = Vec::new();
    for generation in &found {
        match read_manifest(objects, *generation, &found).await {
            Ok(manifest) => bundles.push(manifest),
            Err(StateError::Damaged { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bundles)
}

/// Deletes every bundle before a generation.
///
/// # Errors
/// When the place cannot be read or written; a later call finishes.
pub async fn drop_before(objects: &Objects, generation: i64) -> Result<(), StateError> {
    save::drop_before(objects, &objects.list().await?, generation).await
}

/// Longest manifest, in bytes: ours have about one thousand.
const LONGEST_MANIFEST: u64 = 1 << 20;

/// The manifest of a generation that is `found`.
async fn read_manifest(
    objects: &Objects,
    generation: i64,
    found: &[i64],
) -> Result<Manifest, StateError> {
    let name = manifest::manifest_name(generation);
    let wrong = |detail: &str| damaged(objects, generation, found, detail);
    match objects.get(&name, LONGEST_MANIFEST).await? {
        Some(text) => Manifest::read(&text, generation).map_err(|detail| wrong(&detail)),
        None => Err(wrong("its manifest is missing or too long")),
    }
}

/// The error for a bundle that is not what was saved, with the way back to the one before it.
fn damaged(objects: &Objects, generation: i64, found: &[i64], detail: &str) -> StateError {
    let address = objects.address().to_owned();
    let help = match found.iter().rfind(|older| **older < generation) {
        Some(older) => format!(
            "`call-import state restore {address} --generation {older}` goes back to the one before it; what came after is imported again"
        ),
        None => {
            format!("There is no older one; put both its objects back from a copy of {address}")
        }
    };
    StateError::Damaged {
        address,
        generation,
        detail: detail.to_owned(),
        help,
    }
}

/// Damage that was found in a copy of the record is damage of the record.
fn of_database(error: StateError, database: &Path) -> StateError {
    match error {
        StateError::Store(StoreError::Damaged { detail, .. }) => StoreError::Damaged {
            path: database.to_owned(),
            detail,
        }
        .into(),
        error => error,
    }
}

/// Why the record was not saved or not restored. Each sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The place of the bundles.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The record on this machine.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file beside the record.
    #[error("{path} cannot be written: is the disk full, or is its folder protected?", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another process restores to the same path.
    #[error("another `call-import` is restoring the record {path}; wait until it has ended, then start again", path = path.display())]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// The place holds no bundle.
    #[error(
        "{address} holds no record. If this is the first run, add --init to begin with an empty record; if not, check the address"
    )]
    NoRecord {
        /// The place.
        address: String,
    },
    /// The place does not hold the generation that was asked for.
    #[error("{address} holds no generation {generation}; there are {found}")]
    NoGeneration {
        /// The place.
        address: String,
        /// What was asked for.
        generation: i64,
        /// Those that are there, in words.
        found: String,
    },
    /// No secret key.
    #[error(
        "{IDENTITY} is not set, and without the team's secret key nobody can open a saved record; add it to the repository's Actions secrets"
    )]
    NoIdentity,
    /// Another secret key.
    #[error(
        "generation {generation} in {address} was encrypted to other keys than the one in {IDENTITY}; restore it with the secret key of that time, which may stand in {IDENTITY} besides the new one, one a line"
    )]
    WrongIdentity {
        /// The place.
        address: String,
        /// The bundle.
        generation: i64,
    },
    /// What would be saved could not be restored.
    #[error(
        "the secret key in {IDENTITY} belongs to none of the public keys in recipients.txt, so the next run could not open what this one saves; add its public key to recipients.txt"
    )]
    LockedOut,
    /// Nobody could open it.
    #[error(
        "there is no public key in {path}, and the record is only saved encrypted; `call-import keygen` makes the team's key pair",
        path = path.display()
    )]
    NoRecipients {
        /// The file of recipients.
        path: PathBuf,
    },
    /// A bundle is not what was saved.
    #[error(
        "generation {generation} in {address} is damaged: {detail}. Nothing was changed. {help}"
    )]
    Damaged {
        /// The place.
        address: String,
        /// The bundle.
        generation: i64,
        /// What is wrong.
        detail: String,
        /// How to go on.
        help: String,
    },
    /// The record on this machine cannot be read, while there are bundles.
    #[error(
        "the record {path} is damaged: {detail}. `call-import state restore {address} --generation {newest}` puts the last saved record in its place and keeps the damaged file beside it",
        path = path.display()
    )]
    LocalDamaged {
        /// The database.
        path: PathBuf,
        /// What DuckDB found.
        detail: String,
        /// The place.
        address: String,
        /// The newest bundle.
        newest: i64,
    },
    /// Another run saved this generation first.
    #[error(
        "another run was faster and saved generation {generation} in {address}: {holder}. What is recorded here is not saved, and nobody was told of it. Start again: the next run goes on from what is saved there"
    )]
    Faster {
        /// The place.
        address: String,
        /// The generation.
        generation: i64,
        /// The other run, as its manifest names it.
        holder: String,
    },
    /// Both sides hold what the other does not.
    #[error(
        "the record {path} holds work that was never saved, while {address} went on to generation {newest} without it. To go on from {address}, move {path} away (or run `call-import state restore {address} --generation {newest}`, which does) and start again: what is missing is imported again",
        path = path.display()
    )]
    Diverged {
        /// The database.
        path: PathBuf,
        /// The place.
        address: String,
        /// The newest bundle.
        newest: i64,
    },
    /// The place lacks what was saved.
    #[error(
        "the record {path} was saved as generation {generation}, but {address} only goes up to {newest}. Is it the right place? If so, `call-import state save {address}` makes this record the newest there",
        path = path.display()
    )]
    Ahead {
        /// The database.
        path: PathBuf,
        /// What it was saved as.
        generation: i64,
        /// The place.
        address: String,
        /// The newest bundle.
        newest: i64,
    },
}

impl StateError {
    /// The exit code of a program that ends with this error: 2 wrong usage, 3 could not run, 4 held, 5
    /// damaged, or another run was faster.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Objects(error) if error.is_usage() => 2,
            Self::NoGeneration { .. } => 2,
            Self::Store(error) => error.exit_code(),
            Self::Objects(_)
            | Self::File { .. }
            | Self::NoRecord { .. }
            | Self::NoIdentity
            | Self::WrongIdentity { .. }
            | Self::LockedOut
            | Self::NoRecipients { .. } => 3,
            Self::Busy { .. } => 4,
            Self::Damaged { .. }
            | Self::LocalDamaged { .. }
            | Self::Faster { .. }
            | Self::Diverged { .. }
            | Self::Ahead { .. } => 5,
        }
    }

    /// Whether a later save may go well: the network or the disk was at fault, nothing that is recorded.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Objects(error) => !error.is_usage(),
            Self::Store(error) => {
                matches!(error, StoreError::File { .. } | StoreError::Disk { .. })
            }
            Self::File { .. } => true,
            Self::Busy { .. }
            | Self::NoRecord { .. }
            | Self::NoGeneration { .. }
            | Self::NoIdentity
            | Self::WrongIdentity { .. }
            | Self::LockedOut
            | Self::NoRecipients { .. }
            | Self::Damaged { .. }
            | Self::LocalDamaged { .. }
            | Self::Faster { .. }
            | Self::Diverged { .. }
            | Self::Ahead { .. } => false,
        }
    }
}
