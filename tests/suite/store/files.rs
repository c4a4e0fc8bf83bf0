//! The file itself: layouts, damage, who has it, how it is stored.

use std::{fs, path::Path, process::Command};

use call_import_engine::{
    model::TranscriptContent,
    store::{Store, StoreError},
};

use super::fixtures::{Place, RUN, at, call, page, texts, transcript};

/// Set for the process that tries to open a record which its parent has open.
const HELD: &str = "CALL_IMPORT_TEST_HELD";

fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(path, RUN, "host.example", at(0))
}

#[tokio::test]
async fn another_process_is_told_who_has_the_record() {
    if let Some(path) = std::env::var_os(HELD) {
        let error = open(Path::new(&path)).unwrap_err();
        println!("{error} [exit {}]", error.exit_code());
        return;
    }
    let place = Place::new();
    let store = place.begun().await;
    let answer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("store::files::another_process_is_told_who_has_the_record")
        .env(HELD, place.path())
        .output()
        .unwrap();
    let answer = String::from_utf8(answer.stdout).unwrap();
    assert!(
        answer.contains("another run is using the record ("),
        "{answer}"
    );
    assert!(
        answer.contains(&format!("PID {}", std::process::id())),
        "{answer}"
    );
    assert!(answer.contains("[exit 4]"), "{answer}");
    store.commit_page(page(vec![call("1")])).await.unwrap();
    store.close().await.unwrap();
}

/// Set for the process that may write files up to a limit only.
#[cfg(unix)]
const FULL: &str = "CALL_IMPORT_TEST_FULL";

/// A limit on the size of files stands in for a full disk: writing fails in the same places.
#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_stops_the_import_and_keeps_what_was_committed() {
    let place = Place::new();
    if let Some(path) = std::env::var_os(FULL) {
        let store = open(Path::new(&path)).unwrap();
        println!("{}", fill(&store).await);
        return;
    }
    place.begun().await.close().await.unwrap();
    // SIGXFSZ would kill the process; ignored, it leaves the failing write.
    let answer = Command::new("sh")
        .arg("-c")
        .arg(r#"trap "" XFSZ; ulimit -f 4096; exec "$0" "$@""#)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("store::files::a_full_disk_stops_the_import_and_keeps_what_was_committed")
        .env(FULL, place.path())
        .output()
        .unwrap();
    let answer = String::from_utf8(answer.stdout).unwrap();
    let kept = answer
        .split_once("kept ")
        .and_then(|(_, rest)| rest.split_once(" pages: "));
    let (pages, error) = kept.unwrap_or_else(|| panic!("{answer}"));
    assert!(error.contains("is the disk full"), "{answer}");
    let pages: i64 = pages.parse().unwrap();
    assert!(pages > 0, "{answer}");

    let store = place.open();
    assert_eq!(store.imports().await.unwrap()[0].requests_sent, pages);
    store.close().await.unwrap();
    assert_eq!(place.one::<i64>("SELECT count(*) FROM calls"), pages * 10);
}

/// Commits pages of text that does not compress until one is refused.
#[cfg(unix)]
async fn fill(store: &Store) -> String {
    for number in 0..400_u64 {
        let calls = (0..10)
            .map(|position| {
                let id = format!("{number}-{position}");
                let noise = (0..800_u64).map(|word| {
                    (number * 8_000 + position * 800 + word + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
                });
                let mut call = call(&id);
                call.raw = Some(noise.map(|word| format!("{word:016x}")).collect());
                call
            })
            .collect();
        if let Err(error) = store.commit_page(page(calls)).await {
            return format!("kept {number} pages: {error}");
        }
    }
    "nothing was refused".to_owned()
}

#[tokio::test]
async fn the_same_process_cannot_open_it_twice_either() {
    let place = Place::new();
    let store = place.open();
    let roundabout = place.folder.path().join(".").join("record.duckdb");
    for error in [
        open(&roundabout).unwrap_err(),
        Store::open_to_read(&place.path()).unwrap_err(),
    ] {
        assert!(
            matches!(&error, StoreError::Held { holder } if holder.contains(&std::process::id().to_string())),
            "{error}"
        );
    }
    store.close().await.unwrap();
    open(&roundabout).unwrap().close().await.unwrap();
}

#[tokio::test]
async fn the_holder_is_written_down_and_removed() {
    let place = Place::new();
    drop(place.begun().await);
    let held = loop {
        // A dropped store lets go in its own time; the file can be opened as soon as it has.
        match Store::open_to_read(&place.path()) {
            Ok(store) => break store,
            Err(StoreError::Held { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    held.close().await.unwrap();
    assert_eq!(
        place.one::<String>("SELECT holder FROM record"),
        format!(
            "run-1 on host.example (process {}) since 2026-11-26T01:17:00Z",
            std::process::id()
        )
    );
    place.open().close().await.unwrap();
    assert_eq!(
        place.one::<Option<String>>("SELECT holder FROM record"),
        None
    );
}

#[tokio::test]
async fn reading_changes_nothing() {
    let place = Place::new();
    let missing = Store::open_to_read(&place.path()).unwrap_err();
    assert!(matches!(missing, StoreError::Disk { .. }), "{missing}");
    assert!(!place.path().exists());
    place.begun().await.close().await.unwrap();
    let before = fs::read(place.path()).unwrap();
    let store = Store::open_to_read(&place.path()).unwrap();
    assert_eq!(store.imports().await.unwrap().len(), 1);
    store.begin_run("run-2", at(0), "0.1.0").await.unwrap_err();
    store.close().await.unwrap();
    assert!(before == fs::read(place.path()).unwrap());
}

#[tokio::test]
async fn damaged_files_are_refused_and_left_as_they_are() {
    let place = Place::new();
    place.begun().await.close().await.unwrap();
    let whole = fs::read(place.path()).unwrap();
    let mut rotten = whole.clone();
    rotten[8_200] ^= 0xff;
    let pointer = b"version https://git-lfs.example/spec/v1\noid sha256:0\nsize 1\n".to_vec();
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("pointer", pointer),
        ("half", whole[..whole.len() / 2].to_vec()),
        ("rotten", rotten),
    ] {
        let path = place.folder.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let error = open(&path).unwrap_err();
        assert!(
            matches!(error, StoreError::Damaged { .. }),
            "{name}: {error:?}"
        );
        assert_eq!(error.exit_code(), 5);
        assert!(
            error.to_string().contains("put back the last good copy"),
            "{error}"
        );
        assert!(fs::read(&path).unwrap() == bytes, "{name}");
    }
}

#[tokio::test]
async fn a_damaged_log_is_refused() {
    let place = Place::new();
    place.begun().await.close().await.unwrap();
    let log = place.path().with_extension("duckdb.wal");
    {
        // Closing without a checkpoint, as a kill does, leaves the log behind.
        let sql = place.sql();
        sql.execute_batch(
            "PRAGMA disable_checkpoint_on_shutdown;
             UPDATE record SET holder = repeat('x', 100000)",
        )
        .unwrap();
    }
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&log, bytes).unwrap();
    let error = open(&place.path()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn other_peoples_databases_are_left_alone() {
    let place = Place::new();
    place
        .sql()
        .execute_batch("CREATE TABLE orders (id BIGINT)")
        .unwrap();
    let error = open(&place.path()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    assert_eq!(
        texts(&place.sql(), "SELECT table_name FROM duckdb_tables()"),
        ["orders"]
    );
}

#[tokio::test]
async fn an_older_layout_is_brought_up_to_date_with_its_rows() {
    let place = Place::new();
    place
        .sql()
        .execute_batch(concat!(
            include_str!("../../../src/store/migrations/0001_tables.sql"),
            "INSERT INTO runs VALUES ('run-0', TIMESTAMP '2026-11-20 01:17:00', NULL, 'completed', 3, 1, 0, '0.0.9');
             INSERT INTO calls (platform, account, external_id, request_id, kind, started_at_precision,
                 duration_source, participants, transcript_state, content_hash, first_imported_at, updated_at,
                 last_seen_at, run_id)
             VALUES ('gong', 'northwind-robotics', '1', 'northwind-gong', 'meeting', 'exact', 'none',
                 [{'name': 'Bo Lind', 'email': NULL, 'phone': NULL, 'title': NULL, 'role': 'host',
                   'affiliation': 'external', 'attended': true}],
                 'pending', 'hash', TIMESTAMP '2026-11-20 01:18:00', TIMESTAMP '2026-11-20 01:18:00',
                 TIMESTAMP '2026-11-20 01:18:00', 'run-0');
             UPDATE record SET sequence = 41, generation = 7;"
        ))
        .unwrap();
    let error = Store::open_to_read(&place.path()).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Older {
                found: 1,
                supported: 6
            }
        ),
        "{error}"
    );

    let store = place.begun().await;
    let receipt = store.commit_page(page(vec![call("1")])).await.unwrap();
    assert_eq!(receipt.updated, 1);
    store.close().await.unwrap();
    assert_eq!(
        texts(
            &place.sql(),
            "SELECT concat_ws(' ', schema_version, sequence, generation) FROM record"
        ),
        ["6 44 7"]
    );
    assert_eq!(place.dump("runs").len(), 2);
    assert_eq!(
        place.one::<String>("SELECT CAST(first_imported_at AS VARCHAR) FROM calls"),
        "2026-11-20 01:18:00"
    );
    assert_eq!(place.dump("participants").len(), 2);
    assert_eq!(block_size(&place), 262_144, "a file keeps its blocks");
}

/// Bytes of a block.
fn block_size(place: &Place) -> i64 {
    place.one("SELECT block_size FROM pragma_database_size()")
}

#[tokio::test]
async fn a_newer_layout_is_refused_and_left_as_it_is() {
    let place = Place::new();
    place.begun().await.close().await.unwrap();
    place
        .sql()
        .execute_batch("UPDATE record SET schema_version = 9")
        .unwrap();
    let before = fs::read(place.path()).unwrap();
    let error = open(&place.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { found: 9, .. }),
        "{error:?}"
    );
    insta::assert_snapshot!("a_newer_layout", error);
    assert!(before == fs::read(place.path()).unwrap());
}

#[tokio::test]
async fn a_folder_that_is_missing_is_named() {
    let place = Place::new();
    let error = open(&place.folder.path().join("nowhere").join("record.duckdb")).unwrap_err();
    assert!(matches!(error, StoreError::Disk { .. }), "{error:?}");
    assert_eq!(error.exit_code(), 3);
    assert!(std::error::Error::source(&error).is_some());
}

/// The newest storage format is really used: older ones ignore `USING COMPRESSION zstd`.
#[tokio::test]
async fn texts_are_stored_with_zstd() {
    let place = Place::new();
    let store = place.begun().await;
    let calls = (0..2_000)
        .map(|number| {
            let sentences: Vec<String> = (0..12)
                .map(|line| {
                    format!(
                        "Sentence {line} of call {number} is about {}.",
                        number * 7_919 + line
                    )
                })
                .collect();
            let sentences: Vec<&str> = sentences.iter().map(|text| &**text).collect();
            let mut call = call(&number.to_string());
            call.transcript = TranscriptContent::Here(transcript(&sentences));
            call
        })
        .collect();
    store.commit_page(page(calls)).await.unwrap();
    store.close().await.unwrap();
    for (table, column) in [("transcript_segments", "text"), ("calls", "raw")] {
        assert_eq!(
            texts(
                &place.sql(),
                &format!(
                    "SELECT DISTINCT compression FROM pragma_storage_info('{table}')
                     WHERE column_name = '{column}' AND segment_type = 'VARCHAR'"
                )
            ),
            ["ZSTD"],
            "{table}.{column}"
        );
    }
    assert_eq!(
        place.one::<String>(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'record'"
        ),
        "v1.5.0+"
    );
    assert_eq!(block_size(&place), 65_536);
}

/// No keys, indexes or sequences: what a DuckDB file, MotherDuck and DuckLake all understand.
#[tokio::test]
async fn the_layout_needs_nothing_that_lakes_have_not() {
    let place = Place::new();
    place.open().close().await.unwrap();
    let sql = place.sql();
    for catalog in [
        "SELECT index_name FROM duckdb_indexes()",
        "SELECT sequence_name FROM duckdb_sequences()",
        "SELECT constraint_type FROM duckdb_constraints() WHERE constraint_type <> 'NOT NULL'",
        "SELECT column_name FROM duckdb_columns() WHERE data_type = 'TIMESTAMP WITH TIME ZONE' AND NOT internal",
    ] {
        assert_eq!(texts(&sql, catalog), [""; 0], "{catalog}");
    }
}
