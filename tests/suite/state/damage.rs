//! Bundles and records that are not what was written (`faults.md` rows 39 to 43): each is refused with the
//! way back, and nothing on this machine changes.

use std::{fs, path::Path};

use call_import_engine::{
    state::{Manifest, Part, Restored, StateError, Wanted},
    store::{self, Store, StoreError},
};
use sha2::{Digest as _, Sha256};

use super::{Depot, add_calls, commit, content, names, open, sql, standing, taken, with_calls};
use crate::store::fixtures::{Place, at};

/// A place with two generations, and a record that is empty as on a fresh machine.
async fn two_generations() -> (Depot, Place, Place) {
    let (depot, place) = (Depot::new(), Place::new());
    with_calls(&place, &["1"]).await;
    depot.save(&place.path(), "night-1").await.unwrap();
    add_calls(&place.path(), "night-2", &["2"]).await;
    depot.save(&place.path(), "night-2").await.unwrap();
    (depot, place, Place::new())
}

/// Generation 2 is refused with its name and the way back, and the way back works.
async fn assert_refused(depot: &Depot, why: &str) {
    let there = Place::new();
    let error = depot.restore(&there.path()).await.unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(error, StateError::Damaged { generation: 2, .. }),
        "{why}: {text}"
    );
    assert_eq!(error.exit_code(), 5, "{why}");
    assert!(text.contains("--generation 1`"), "{why}: {text}");
    assert_eq!(names(there.folder.path()), [""; 0], "{why}");
    let restored = depot.go_back(&there.path(), 1).await.unwrap();
    assert!(
        matches!(
            restored,
            Restored::Taken {
                generation: 1,
                next: 3,
                ..
            }
        ),
        "{why}"
    );
}

#[tokio::test]
async fn a_changed_or_shortened_record_is_refused() {
    let (depot, ..) = two_generations().await;
    let path = depot.path("record-2.age");
    let whole = fs::read(&path).unwrap();
    for place in (0..whole.len()).step_by(whole.len() / 30) {
        let mut flipped = whole.clone();
        flipped[place] ^= 0x10;
        fs::write(&path, flipped).unwrap();
        let there = Place::new();
        let error = depot.restore(&there.path()).await.unwrap_err();
        assert!(
            matches!(error, StateError::Damaged { .. }),
            "{place}: {error}"
        );
    }
    for (contents, why) in [
        (&whole[..whole.len() - 1], "a byte is missing"),
        (&whole[..whole.len() / 2], "half is missing"),
        (&[][..], "empty"),
        (&[whole.as_slice(), b"x"].concat(), "a byte too many"),
    ] {
        fs::write(&path, contents).unwrap();
        assert_refused(&depot, why).await;
    }
    fs::remove_file(&path).unwrap();
    assert_refused(&depot, "no record").await;
    fs::copy(depot.path("record-1.age"), &path).unwrap();
    assert_refused(&depot, "the record of another generation").await;
}

#[tokio::test]
async fn a_foreign_or_unreadable_manifest_is_refused() {
    let (depot, _, there) = two_generations().await;
    let path = depot.path("manifest-2.json");
    let manifest = depot.manifest(2);
    let text = serde_json::to_string(&manifest).unwrap();
    let mut other = manifest.clone();
    other.record.name = "record-1.age".into();
    let other = serde_json::to_string(&other).unwrap();
    let first = fs::read_to_string(depot.path("manifest-1.json")).unwrap();
    for (contents, why) in [
        ("", "empty"),
        (&text[..text.len() / 2], "half is missing"),
        ("<html>log in</html>", "a page"),
        (first.as_str(), "that of another generation"),
        (other.as_str(), "names the record of another generation"),
    ] {
        fs::write(&path, contents).unwrap();
        assert_refused(&depot, why).await;
    }
    let mut rows = manifest.clone();
    rows.rows.insert("calls".into(), 1);
    let mut sequence = manifest.clone();
    sequence.sequence += 1;
    for manifest in [rows, sequence] {
        fs::write(&path, serde_json::to_string(&manifest).unwrap()).unwrap();
        assert_refused(&depot, "speaks of another database").await;
    }
    // Without its manifest a record is what a killed run left: the one before counts.
    fs::remove_file(&path).unwrap();
    assert_eq!(taken(&depot.restore(&there.path()).await.unwrap()), 1);
}

/// A bundle of any file, with hashes that fit.
fn forge(depot: &Depot, database: &Path, generation: i64, rows: &Manifest) {
    let plain = fs::read(database).unwrap();
    let recipients =
        call_import_engine::secrets::Recipients::parse(&depot.team.recipients()).unwrap();
    let mut sealed = Vec::new();
    call_import_engine::secrets::encrypt(plain.as_slice(), &mut sealed, &recipients).unwrap();
    let part = |name: &str, bytes: &[u8]| Part {
        name: name.into(),
        bytes: bytes.len() as u64,
        sha256: hex::encode(Sha256::digest(bytes)),
    };
    let name = format!("record-{generation}.age");
    let manifest = Manifest {
        generation,
        record: part(&name, &sealed),
        plain: part("", &plain),
        ..rows.clone()
    };
    fs::write(depot.path(&name), sealed).unwrap();
    fs::write(
        depot.path(&format!("manifest-{generation}.json")),
        serde_json::to_string(&manifest).unwrap(),
    )
    .unwrap();
}

/// Changes a byte that is noticed only by somebody who reads that table.
fn rot(database: &Path) {
    let whole = fs::read(database).unwrap();
    for offset in block_middles(&whole) {
        let mut bytes = whole.clone();
        bytes[offset] ^= 0x04;
        fs::write(database, bytes).unwrap();
        if store::peek(database).is_ok() && store::inspect(database).is_err() {
            return;
        }
    }
    panic!("no block holds rows alone");
}

/// A place in each block of 64 kB (<https://duckdb.org/docs/stable/internals/storage>), behind the three
/// headers of 4 kB.
fn block_middles(file: &[u8]) -> impl Iterator<Item = usize> {
    (0x3000 + 5_000..file.len()).step_by(64 << 10)
}

#[tokio::test]
async fn whole_bundles_of_something_else_are_refused() {
    let (depot, place, there) = two_generations().await;
    let manifest = depot.manifest(2);
    let rotten = place.folder.path().join("rotten.duckdb");
    fs::copy(place.path(), &rotten).unwrap();
    sql(&rotten, "UPDATE record SET generation = 3; CHECKPOINT");
    rot(&rotten);
    let foreign = place.folder.path().join("foreign.duckdb");
    sql(&foreign, "CREATE TABLE notes (text VARCHAR); CHECKPOINT");
    let text = place.folder.path().join("text.duckdb");
    fs::write(&text, "version https://git-lfs.example/spec/v1").unwrap();
    for file in [rotten, foreign, text] {
        forge(&depot, &file, 3, &manifest);
        let error = depot.restore(&there.path()).await.unwrap_err();
        assert!(
            matches!(error, StateError::Damaged { generation: 3, .. }),
            "{}: {error}",
            file.display()
        );
        assert_eq!(names(there.folder.path()), [""; 0]);
    }
    let newer = place.folder.path().join("newer.duckdb");
    fs::copy(place.path(), &newer).unwrap();
    sql(
        &newer,
        "UPDATE record SET generation = 3, schema_version = 99; CHECKPOINT",
    );
    forge(&depot, &newer, 3, &manifest);
    let error = depot.restore(&there.path()).await.unwrap_err();
    assert!(
        matches!(
            error,
            StateError::Store(StoreError::Newer { found: 99, .. })
        ),
        "{error}"
    );
    assert_eq!(error.exit_code(), 5);
}

#[tokio::test]
async fn no_log_of_another_database_gets_into_what_was_restored() {
    let (depot, place, there) = two_generations().await;
    let log = there.folder.path().join("record.duckdb.wal");
    fs::write(&log, "the log of a database that is gone").unwrap();
    assert_eq!(taken(&depot.restore(&there.path()).await.unwrap()), 2);
    assert!(!log.exists());
    assert_eq!(content(&there.path()), content(&place.path()));

    // A machine that was killed while it had a log of commits that are all saved elsewhere by now.
    let behind = Place::new();
    assert_eq!(taken(&depot.go_back(&behind.path(), 1).await.unwrap()), 1);
    sql(
        &behind.path(),
        "UPDATE record SET generation = 1, sequence = 1; CHECKPOINT",
    );
    fs::write(behind.folder.path().join("record.duckdb.wal"), "").unwrap();
    assert_eq!(taken(&depot.restore(&behind.path()).await.unwrap()), 2);
    assert_eq!(names(behind.folder.path()), ["record.duckdb"]);
    assert_eq!(content(&behind.path()), content(&place.path()));
}

/// A copy of a record as a killed process leaves it: the file, and the log beside it.
async fn killed_after_commit(place: &Place, to: &Place) {
    let store = open(&place.path(), "killed");
    commit(&store, &["unsaved"]).await;
    for name in ["record.duckdb", "record.duckdb.wal"] {
        fs::copy(place.folder.path().join(name), to.folder.path().join(name)).unwrap();
    }
    drop(store);
}

#[tokio::test]
async fn commits_that_stand_in_the_log_only_count_as_well() {
    let (depot, place, elsewhere) = two_generations().await;
    let killed = Place::new();
    depot.restore(&elsewhere.path()).await.unwrap();
    killed_after_commit(&place, &killed).await;
    let (_, sequence) = standing(&killed.path());
    assert_eq!(sequence, depot.manifest(2).sequence + 1);
    let kept = depot.restore(&killed.path()).await.unwrap();
    assert_eq!(kept, Restored::Kept { generation: 2 });

    add_calls(&elsewhere.path(), "night-3", &["3"]).await;
    depot.save(&elsewhere.path(), "night-3").await.unwrap();
    let before = names(killed.folder.path());
    let error = depot.restore(&killed.path()).await.unwrap_err();
    assert!(
        matches!(error, StateError::Diverged { newest: 3, .. }),
        "{error}"
    );
    assert_eq!(names(killed.folder.path()), before);

    // Put aside, it stays what it was: the file and its log.
    let restored = depot.go_back(&killed.path(), 3).await.unwrap();
    let Restored::Taken {
        aside: Some(aside), ..
    } = restored
    else {
        panic!("{restored:?}");
    };
    assert_eq!(standing(&aside), (2, sequence));
    assert_eq!(content(&killed.path()), content(&elsewhere.path()));
}

#[tokio::test]
async fn a_record_that_lost_commits_is_replaced_by_the_saved_one() {
    let (depot, place, _) = two_generations().await;
    let whole = content(&place.path());
    sql(
        &place.path(),
        "DELETE FROM calls WHERE external_id = '2'; UPDATE record SET sequence = sequence - 1",
    );
    assert_eq!(taken(&depot.restore(&place.path()).await.unwrap()), 2);
    assert_eq!(content(&place.path()), whole);
}

#[tokio::test]
async fn a_damaged_local_record_is_kept_aside_on_demand() {
    let (depot, place, _) = two_generations().await;
    fs::write(place.path(), "no database").unwrap();
    let error = depot.restore(&place.path()).await.unwrap_err();
    assert!(
        matches!(error, StateError::LocalDamaged { newest: 2, .. }),
        "{error}"
    );
    assert_eq!(error.exit_code(), 5);
    assert_eq!(fs::read(place.path()).unwrap(), b"no database");
    assert_eq!(taken(&depot.go_back(&place.path(), 2).await.unwrap()), 2);
    assert_eq!(
        names(place.folder.path()),
        ["record.duckdb", "record.duckdb.before-20261126T013700Z"]
    );
}

/// One changed byte in a block of 64 kB is either noticed or in a part of the file that holds nothing.
#[tokio::test]
async fn a_rotten_record_is_never_saved_over_a_good_one() {
    let (depot, place) = (Depot::new(), Place::new());
    let ids: Vec<String> = (0..400).map(|number| number.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    with_calls(&place, &ids).await;
    let whole = fs::read(place.path()).unwrap();
    let expected = content(&place.path());
    let mut noticed = 0;
    for offset in block_middles(&whole) {
        let rotten = Place::new();
        let mut bytes = whole.clone();
        bytes[offset] ^= 0x04;
        fs::write(rotten.path(), bytes).unwrap();
        let store = match Store::open(&rotten.path(), "night-1", "host.example", at(0)) {
            Ok(store) => store,
            Err(error) => {
                assert_eq!(error.exit_code(), 5, "{error}");
                noticed += 1;
                continue;
            }
        };
        let saved = call_import_engine::state::save(&depot.home(), &store, "night-1", at(1)).await;
        drop(store);
        match saved {
            Err(error) => {
                let text = error.to_string();
                assert_eq!(error.exit_code(), 5, "{text}");
                assert!(
                    text.contains(&rotten.path().display().to_string()),
                    "{text}"
                );
                assert_eq!(depot.names(), [""; 0]);
                noticed += 1;
            }
            Ok(_) => {
                assert_eq!(content(&rotten.path()), expected, "offset {offset}");
                for name in depot.names() {
                    fs::remove_file(depot.path(&name)).unwrap();
                }
            }
        }
    }
    assert!(noticed > 0, "the file has no block that is in use");
}

#[tokio::test]
async fn an_older_layout_is_restored_as_it_is() {
    let (depot, place) = (Depot::new(), Place::new());
    sql(
        &place.path(),
        concat!(
            include_str!("../../../src/store/migrations/0001_tables.sql"),
            "UPDATE record SET sequence = 41, generation = 1; CHECKPOINT"
        ),
    );
    let rows = store::inspect(&place.path()).unwrap().rows;
    let part = Part {
        name: String::new(),
        bytes: 0,
        sha256: String::new(),
    };
    let manifest = Manifest {
        generation: 1,
        sequence: 41,
        schema_version: 1,
        engine_version: "0.0.9".into(),
        duckdb_version: "v1.5.5".into(),
        created_at: at(0),
        run_id: "night-1".into(),
        holder: String::new(),
        record: part.clone(),
        plain: part,
        rows,
    };
    forge(&depot, &place.path(), 1, &manifest);
    let there = Place::new();
    assert_eq!(taken(&depot.restore(&there.path()).await.unwrap()), 1);
    assert_eq!(
        depot.restore(&there.path()).await.unwrap(),
        Restored::Kept { generation: 1 }
    );
    assert_eq!(
        depot
            .save(&there.path(), "night-2")
            .await
            .unwrap()
            .generation,
        2
    );
    assert_eq!(depot.manifest(2).schema_version, 6);
}

#[tokio::test]
async fn a_place_that_lacks_what_was_saved_is_refused() {
    let (depot, place, _) = two_generations().await;
    for name in ["manifest-2.json", "record-2.age"] {
        fs::remove_file(depot.path(name)).unwrap();
    }
    let error = depot.restore(&place.path()).await.unwrap_err();
    assert!(
        matches!(
            error,
            StateError::Ahead {
                generation: 2,
                newest: 1,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.exit_code(), 5);
    // The way that the message tells.
    assert_eq!(
        depot
            .save(&place.path(), "night-3")
            .await
            .unwrap()
            .generation,
        3
    );
    assert_eq!(
        depot.restore(&place.path()).await.unwrap(),
        Restored::Kept { generation: 3 }
    );
}

#[tokio::test]
async fn an_empty_place_is_a_beginning_only_on_demand() {
    let (depot, place) = (Depot::new(), Place::new());
    let error = depot.restore(&place.path()).await.unwrap_err();
    assert_eq!(
        (
            matches!(error, StateError::NoRecord { .. }),
            error.exit_code()
        ),
        (true, 3)
    );
    let init = Wanted {
        init: true,
        generation: None,
    };
    assert_eq!(
        depot.restore_as(&place.path(), init).await.unwrap(),
        Restored::Beginning
    );
    with_calls(&place, &["1"]).await;
    assert_eq!(
        depot.restore_as(&place.path(), init).await.unwrap(),
        Restored::Beginning
    );
    depot.save(&place.path(), "night-1").await.unwrap();
    // Where there is something, it changes nothing.
    let kept = depot.restore_as(&place.path(), init).await.unwrap();
    assert_eq!(kept, Restored::Kept { generation: 1 });
}

#[tokio::test]
async fn without_a_manifest_to_compare_with_nothing_local_is_thrown_away() {
    let (depot, _, behind) = two_generations().await;
    fs::rename(depot.path("manifest-2.json"), depot.path("later")).unwrap();
    assert_eq!(taken(&depot.restore(&behind.path()).await.unwrap()), 1);
    fs::rename(depot.path("later"), depot.path("manifest-2.json")).unwrap();
    let manifest = fs::read(depot.path("manifest-1.json")).unwrap();
    fs::write(depot.path("manifest-1.json"), "").unwrap();
    let error = depot.restore(&behind.path()).await.unwrap_err();
    assert!(
        matches!(error, StateError::Diverged { newest: 2, .. }),
        "{error}"
    );
    fs::write(depot.path("manifest-1.json"), manifest).unwrap();
    assert_eq!(taken(&depot.restore(&behind.path()).await.unwrap()), 2);
}
