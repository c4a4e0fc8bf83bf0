//! From the open record to the next bundle.

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    Home, StateError, choice,
    manifest::{self, Manifest, generations, manifest_name, record_name, spare_record_name},
    of_database, read_manifest,
    scratch::{Hashed, Pieces, Scratch},
};
use crate::{
    objects::{Created, Objects},
    secrets::{self, BundleError, Recipients},
    store::{self, RecordRow, Store, StoreError},
};

/// Each time around, somebody has created the manifest that was to be ours.
const TRIES: usize = 3;

/// A saved record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// Number of the bundle.
    pub generation: i64,
    /// `record.sequence` in it.
    pub sequence: i64,
    /// Length of the encrypted object.
    pub bytes: u64,
}

/// A bundle on its way.
struct Bundle {
    manifest: Manifest,
    sealed: Vec<Bytes>,
}

/// Saves the record as the next generation, and deletes the oldest ones: those beyond [`super::KEPT`], and those
/// older than [`super::KEPT_FOR`]. Others may go on writing to `store` meanwhile; what they commit is not in the bundle.
///
/// The whole copy is read before anything leaves this machine, so no rotten record is saved over a good one.
///
/// # Errors
/// [`StateError::Faster`] when another run saved from the same generation; any other error leaves all as it
/// was, so that a later call can go well.
pub async fn save(
    home: &Home,
    store: &Store,
    run_id: &str,
    now: Timestamp,
) -> Result<Saved, StateError> {
    let objects = &home.objects;
    for _ in 0..TRIES {
        let names = objects.list().await?;
        settle(objects, store, &generations(&names)).await?;
        let mut bundle = pack(home, store, run_id, now).await?;
        if !put(objects, &mut bundle).await? {
            continue;
        }
        let Manifest {
            generation,
            sequence,
            ref record,
            ..
        } = bundle.manifest;
        store.saved_as(generation).await?;
        prune(objects, &names, generation, now).await;
        return Ok(Saved {
            generation,
            sequence,
            bytes: record.bytes,
        });
    }
    Err(StateError::Faster {
        address: objects.address().to_owned(),
        generation: store.record().await?.generation + 1,
        holder: "another run at this moment".into(),
    })
}

/// Makes sure that nothing newer stands there than this record was saved as, but for a bundle that this very
/// opening of it saved without learning of it, because the answer got lost.
async fn settle(objects: &Objects, store: &Store, generations: &[i64]) -> Result<(), StateError> {
    let local = store.record().await?;
    let Some(newest) = generations
        .last()
        .filter(|newest| **newest > local.generation)
    else {
        return Ok(());
    };
    let manifest = read_manifest(objects, *newest, generations).await?;
    if choice::is_own(&local, &manifest) {
        return Ok(store.saved_as(*newest).await?);
    }
    Err(StateError::Faster {
        address: objects.address().to_owned(),
        generation: *newest,
        holder: manifest.holder,
    })
}

/// Copies the record, checks the copy and encrypts it. Only the copying makes others wait.
async fn pack(
    home: &Home,
    store: &Store,
    run_id: &str,
    now: Timestamp,
) -> Result<Bundle, StateError> {
    let scratch = Scratch::beside(store.path(), "saving")?;
    let record = store
        .snapshot(scratch.path())
        .await
        .map_err(|error| match error {
            StoreError::File { source, .. } => scratch.refused(source),
            error => error.into(),
        })?;
    let recipients = home.recipients.clone();
    let database = store.path().to_owned();
    let run_id = run_id.to_owned();
    let work = move || {
        seal(&scratch, record, &recipients, run_id, now)
            .map_err(|error| of_database(error, &database))
    };
    let packed = tokio::task::spawn_blocking(work).await;
    packed.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

fn seal(
    scratch: &Scratch,
    record: RecordRow,
    recipients: &Recipients,
    run_id: String,
    now: Timestamp,
) -> Result<Bundle, StateError> {
    let generation = record.generation + 1;
    store::stamp(scratch.path(), generation, record.sequence)?;
    let contents = store::inspect(scratch.path())?;
    let expected = RecordRow {
        generation,
        holder: None,
        ..record
    };
    if contents.record != expected {
        return Err(StateError::Store(StoreError::NotCommitted {
            expected: expected.sequence,
            found: contents.record.sequence,
        }));
    }
    let mut plain = Hashed::new(scratch.reader()?);
    let mut sealed = Hashed::new(Pieces::default());
    secrets::encrypt(&mut plain, &mut sealed, recipients).map_err(|error| match error {
        BundleError::Plain(source) | BundleError::Sealed(source) => scratch.refused(source),
        BundleError::NoRecipient
        | BundleError::NoIdentity
        | BundleError::OtherRecipient
        | BundleError::Damaged => StateError::NoRecipients {
            path: "recipients.txt".into(),
        },
    })?;
    let (plain, _) = plain.finish(String::new());
    let (sealed, pieces) = sealed.finish(record_name(generation));
    let manifest = Manifest {
        generation,
        sequence: record.sequence,
        schema_version: record.schema_version,
        engine_version: env!("CARGO_PKG_VERSION").to_owned(),
        duckdb_version: contents.duckdb_version,
        created_at: now,
        run_id,
        holder: record.holder.unwrap_or_default(),
        record: sealed,
        plain,
        rows: contents.rows,
    };
    Ok(Bundle {
        manifest,
        sealed: pieces.finish(),
    })
}

/// Creates both objects, the manifest last. False if the manifest is another's.
async fn put(objects: &Objects, bundle: &mut Bundle) -> Result<bool, StateError> {
    let Bundle { manifest, sealed } = bundle;
    if objects.create(&manifest.record.name, sealed).await? == Created::Exists {
        // A run was stopped before its manifest, or is about to create it, or our own answer got lost. Only
        // the manifest decides, so the record may have any name that nobody else can take.
        let name = spare_record_name(manifest.generation, &manifest.record.sha256);
        objects.create(&name, sealed).await?;
        manifest.record.name = name;
    }
    let json = manifest.to_json();
    let length = json.len() as u64;
    let name = manifest_name(manifest.generation);
    let json = Bytes::from(json);
    match objects.create(&name, std::slice::from_ref(&json)).await? {
        Created::New => Ok(true),
        // It is ours if the first answer got lost.
        Created::Exists => Ok(objects.get(&name, length).await? == Some(json)),
    }
}

/// Deletes the oldest bundles. That they stay is no reason to fail: the next save deletes them.
async fn prune(objects: &Objects, names: &[String], newest: i64, now: Timestamp) {
    let pruned = async {
        let oldest = manifest::oldest_kept(names, newest);
        let oldest = oldest_young(objects, names, oldest, now).await?;
        drop_before(objects, names, oldest.unwrap_or(newest)).await
    };
    if let Err(error) = pruned.await {
        tracing::warn!(%error, "old bundles stay for now");
    }
}

/// The oldest generation, from `oldest` on, that is not too old; `None` if all are.
async fn oldest_young(
    objects: &Objects,
    names: &[String],
    oldest: i64,
    now: Timestamp,
) -> Result<Option<i64>, StateError> {
    let generations = generations(names);
    // One that cannot be read is as old as the one before it, or goes with the one behind it.
    let mut candidate = None;
    for generation in generations
        .iter()
        .filter(|&&generation| generation >= oldest)
    {
        let first = candidate.unwrap_or(*generation);
        match read_manifest(objects, *generation, &generations).await {
            Ok(manifest) if manifest.kept_until() > now => return Ok(Some(first)),
            Ok(_) => candidate = None,
            Err(StateError::Damaged { .. }) => candidate = Some(first),
            Err(error) => return Err(error),
        }
    }
    Ok(candidate)
}

/// Deletes the bundles before a generation.
pub(super) async fn drop_before(
    objects: &Objects,
    names: &[String],
    generation: i64,
) -> Result<(), StateError> {
    for name in manifest::before(names, generation) {
        objects.delete(&name).await?;
    }
    Ok(())
}
