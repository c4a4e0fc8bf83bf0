//! From the newest bundle, or a wanted one, to the record on this machine.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{
    StateError,
    choice::{Choice, Conflict, choose},
    damaged,
    manifest::{Manifest, generations, in_words},
    of_database, read_manifest,
    scratch::{Hashed, Scratch, remove_companions},
};
use crate::{
    kill::{self, Point},
    objects::Objects,
    secrets::{BundleError, Secrets},
    store::{self, RecordRow, Store, StoreError},
};

/// What is asked of a restore.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A place without any bundle is the beginning, not an error.
    pub init: bool,
    /// This generation instead of the newest, whatever the record on this machine holds.
    pub generation: Option<i64>,
}

/// What came of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restored {
    /// There is no bundle yet; a record on this machine, or an empty one, is the beginning.
    Beginning,
    /// The record on this machine goes on.
    Kept {
        /// As which generation it was saved last.
        generation: i64,
    },
    /// A bundle is the record on this machine now.
    Taken {
        /// The bundle.
        generation: i64,
        /// When it was saved.
        created_at: Timestamp,
        /// Length of the database.
        bytes: u64,
        /// Where the record that was here before is kept.
        aside: Option<PathBuf>,
        /// The generation that the next save makes.
        next: i64,
    },
}

/// Makes the newest bundle the record at `database`, unless the record there is as new. Everything is
/// verified before anything is changed.
///
/// After the return to an older generation on purpose, the next save makes a generation above all that are
/// there.
///
/// # Errors
/// [`StateError`]; nothing has changed on this machine then.
pub async fn restore(
    objects: &Objects,
    secrets: &Secrets,
    database: &Path,
    wanted: Wanted,
    now: Timestamp,
) -> Result<Restored, StateError> {
    let found = generations(&objects.list().await?);
    let Some(&newest) = found.last() else {
        return match wanted {
            Wanted {
                generation: Some(generation),
                ..
            } => Err(no_generation(objects, generation, &found)),
            Wanted { init: true, .. } => Ok(Restored::Beginning),
            Wanted { init: false, .. } => Err(StateError::NoRecord {
                address: objects.address().to_owned(),
            }),
        };
    };
    let local = local(database);
    if let Some(generation) = wanted.generation {
        if let Err(error @ StoreError::Held { .. }) = local {
            return Err(error.into());
        }
        return go_back(objects, secrets, database, generation, &found, now).await;
    }
    let local = local.map_err(|error| match error {
        StoreError::Damaged { path, detail } => StateError::LocalDamaged {
            path,
            detail,
            address: objects.address().to_owned(),
            newest,
        },
        error => error.into(),
    })?;
    let manifest = read_manifest(objects, newest, &found).await?;
    let choice = decide(objects, database, local.as_ref(), &manifest, &found).await?;
    match choice {
        Choice::Keep => Ok(Restored::Kept { generation: newest }),
        Choice::Adopt => {
            let store = Store::open(database, "state restore", "this machine", now)?;
            store.saved_as(newest).await?;
            store.close().await?;
            Ok(Restored::Kept { generation: newest })
        }
        Choice::Take | Choice::Replace => {
            let scratch = fetch(objects, secrets, database, &manifest, &found).await?;
            let aside = match choice {
                Choice::Replace => remove_companions(database).map(|()| None),
                Choice::Take | Choice::Keep | Choice::Adopt => set_aside(database, now),
            };
            place(scratch, database, aside).map(|aside| taken(&manifest, aside, newest))
        }
    }
}

/// The record on this machine; `None` if there is none, or nothing in it.
fn local(database: &Path) -> Result<Option<RecordRow>, StoreError> {
    if database.exists() {
        store::peek(database)
    } else {
        Ok(None)
    }
}

async fn decide(
    objects: &Objects,
    database: &Path,
    local: Option<&RecordRow>,
    newest: &Manifest,
    found: &[i64],
) -> Result<Choice, StateError> {
    let own = local.map_or(0, |local| local.generation);
    let base = if own < newest.generation && found.contains(&own) {
        match read_manifest(objects, own, found).await {
            Ok(base) => Some(base),
            // Nothing can be known from it then.
            Err(StateError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        }
    } else {
        None
    };
    choose(local, newest, base.as_ref()).map_err(|conflict| {
        let path = database.to_owned();
        let address = objects.address().to_owned();
        let newest = newest.generation;
        match conflict {
            Conflict::Diverged => StateError::Diverged {
                path,
                address,
                newest,
            },
            Conflict::Ahead => StateError::Ahead {
                path,
                generation: own,
                address,
                newest,
            },
        }
    })
}

/// Restores an older generation, or the newest over whatever is here.
async fn go_back(
    objects: &Objects,
    secrets: &Secrets,
    database: &Path,
    generation: i64,
    found: &[i64],
    now: Timestamp,
) -> Result<Restored, StateError> {
    if !found.contains(&generation) {
        return Err(no_generation(objects, generation, found));
    }
    let manifest = read_manifest(objects, generation, found).await?;
    let scratch = fetch(objects, secrets, database, &manifest, found).await?;
    let newest = found.last().copied().unwrap_or(generation);
    if newest > generation {
        // It counts as newer than everything that is there, or the next restore would undo this one.
        let mut highest = manifest.sequence;
        for &generation in found {
            match read_manifest(objects, generation, found).await {
                Ok(manifest) => highest = highest.max(manifest.sequence),
                // That one may be the reason for going back.
                Err(StateError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        store::stamp(scratch.path(), newest, highest + 1)
            .map_err(|error| of_database(error.into(), database))?;
    }
    place(scratch, database, set_aside(database, now)).map(|aside| taken(&manifest, aside, newest))
}

fn taken(manifest: &Manifest, aside: Option<PathBuf>, newest: i64) -> Restored {
    Restored::Taken {
        generation: manifest.generation,
        created_at: manifest.created_at,
        bytes: manifest.plain.bytes,
        aside,
        next: newest + 1,
    }
}

fn no_generation(objects: &Objects, generation: i64, found: &[i64]) -> StateError {
    StateError::NoGeneration {
        address: objects.address().to_owned(),
        generation,
        found: in_words(found),
    }
}

/// The database of a bundle, in a file of its own, after every check.
async fn fetch(
    objects: &Objects,
    secrets: &Secrets,
    database: &Path,
    manifest: &Manifest,
    found: &[i64],
) -> Result<Scratch, StateError> {
    let generation = manifest.generation;
    let wrong = |detail: &str| damaged(objects, generation, found, detail);
    let scratch = Scratch::beside(database, "restoring")?;
    let sealed = objects
        .get(&manifest.record.name, manifest.record.bytes)
        .await?;
    let sealed = sealed.ok_or_else(|| wrong("its record is missing, or not as long as it was"))?;
    if hex::encode(Sha256::digest(&sealed)) != manifest.record.sha256 {
        return Err(wrong("its record is not the one that was saved"));
    }
    let mut plain = Hashed::new(scratch.writer()?);
    let opened = secrets.decrypt(&sealed[..], &mut plain);
    opened.map_err(|error| match error {
        BundleError::NoIdentity => StateError::NoIdentity,
        BundleError::OtherRecipient => StateError::WrongIdentity {
            address: objects.address().to_owned(),
            generation,
        },
        BundleError::Plain(source) | BundleError::Sealed(source) => scratch.refused(source),
        BundleError::Damaged | BundleError::NoRecipient => wrong("its record cannot be decrypted"),
    })?;
    // DuckDB needs the memory next.
    drop(sealed);
    let (part, file) = plain.finish(String::new());
    file.sync_all().map_err(|source| scratch.refused(source))?;
    if part != manifest.plain {
        return Err(wrong("the database in it is not the one that was saved"));
    }
    let contents = store::inspect(scratch.path()).map_err(|error| match error {
        StoreError::Damaged { detail, .. } => wrong(&detail),
        error => error.into(),
    })?;
    let expected = (generation, manifest.sequence, &manifest.rows);
    let RecordRow {
        generation,
        sequence,
        ..
    } = contents.record;
    if (generation, sequence, &contents.rows) != expected {
        return Err(wrong("its manifest belongs to another database"));
    }
    Ok(scratch)
}

/// Puts the verified file where the record belongs, once the old one is out of the way.
fn place(
    scratch: Scratch,
    database: &Path,
    aside: io::Result<Option<PathBuf>>,
) -> Result<Option<PathBuf>, StateError> {
    kill::here(Point::BeforeRestored);
    let placed = aside.and_then(|aside| scratch.become_file(database).map(|()| aside));
    kill::here(Point::AfterRestored);
    placed.map_err(|source| StateError::File {
        path: database.to_owned(),
        source,
    })
}

/// Moves what stands at `database` out of the way, its log and its mark with it: a log beside another file would be
/// replayed into that.
fn set_aside(database: &Path, now: Timestamp) -> io::Result<Option<PathBuf>> {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    let stamp = now.strftime(".before-%Y%m%dT%H%M%SZ");
    name.push(stamp.to_string());
    let aside = database.with_file_name(name);
    let moved = move_if_there(database, &aside)?;
    for (from, to) in store::companions(database)
        .iter()
        .zip(store::companions(&aside))
    {
        move_if_there(from, &to)?;
    }
    Ok(moved.then_some(aside))
}

fn move_if_there(from: &Path, to: &Path) -> io::Result<bool> {
    match fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
