//! Files of the hand-over to the product.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::fs;

use call_import_engine::{
    model::TranscriptContent,
    store::{ExportFormat, PageCommit, StoreError, export},
};

use crate::{
    store::fixtures::{Place, call, page, transcript},
    support,
};

async fn filled(place: &Place) {
    let store = place.begun().await;
    let mut spoken = call("2");
    spoken.transcript = TranscriptContent::Here(transcript(&["Hello Bo.", "Hello.", "Bye."]));
    store
        .commit_page(page(vec![call("1"), spoken]))
        .await
        .unwrap();
    let elsewhere = PageCommit {
        account: "../it's elsewhere".into(),
        ..page(vec![call("1")])
    };
    store.commit_page(elsewhere).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn every_account_gets_its_files_and_they_can_be_read() {
    let place = Place::new();
    filled(&place).await;
    let folder = place.folder.path().join("out of 'quotes'");
    let files = export(&place.path(), &folder, ExportFormat::Parquet).unwrap();
    let folder = folder.canonicalize().unwrap();
    let listed: Vec<(String, u64)> = files
        .iter()
        .map(|file| {
            let name = file.path.strip_prefix(&folder).unwrap();
            (name.to_string_lossy().replace('\\', "/"), file.rows)
        })
        .collect();
    let expect = |name: &str, rows| (name.to_owned(), rows);
    assert_eq!(
        listed,
        [
            expect("gong/%2E%2E%2Fit%27s%20elsewhere/calls.parquet", 1),
            expect("gong/%2E%2E%2Fit%27s%20elsewhere/participants.parquet", 2),
            expect("gong/%2E%2E%2Fit%27s%20elsewhere/segments.parquet", 0),
            expect("gong/%2E%2E%2Fit%27s%20elsewhere/media.parquet", 1),
            expect("gong/northwind-robotics/calls.parquet", 2),
            expect("gong/northwind-robotics/participants.parquet", 4),
            expect("gong/northwind-robotics/segments.parquet", 3),
            expect("gong/northwind-robotics/media.parquet", 2),
        ]
    );
    let reader = duckdb::Connection::open_in_memory().unwrap();
    for file in &files {
        let path = file.path.to_string_lossy().replace('\'', "''");
        let rows: i64 = reader
            .query_row(
                &format!("SELECT count(*) FROM read_parquet('{path}')"),
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(u64::try_from(rows).unwrap(), file.rows, "{path}");
    }
    assert_eq!(leftovers(&folder), 0);
}

#[tokio::test]
async fn a_second_export_takes_the_place_of_the_first() {
    let place = Place::new();
    filled(&place).await;
    let folder = place.folder.path().join("out");
    let first = export(&place.path(), &folder, ExportFormat::Parquet).unwrap();
    let before = fs::read(place.path()).unwrap();
    assert_eq!(
        export(&place.path(), &folder, ExportFormat::Parquet).unwrap(),
        first
    );
    assert!(
        before == fs::read(place.path()).unwrap(),
        "an export changes nothing"
    );
    assert_eq!(leftovers(&folder), 0);
}

#[tokio::test]
async fn what_stands_in_the_way_is_named() {
    let place = Place::new();
    filled(&place).await;
    let folder = place.folder.path().join("out");
    fs::write(&folder, "a file").unwrap();
    let error = export(&place.path(), &folder, ExportFormat::Parquet).unwrap_err();
    assert!(
        matches!(&error, StoreError::File { path, .. } if *path == folder),
        "{error}"
    );

    let store = place.open();
    let other = place.folder.path().join("other");
    let error = export(&place.path(), &other, ExportFormat::Parquet).unwrap_err();
    assert!(matches!(error, StoreError::Held { .. }), "{error}");
    store.close().await.unwrap();
}

/// Files that no export may leave behind.
fn leftovers(folder: &std::path::Path) -> usize {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            if path.is_dir() {
                leftovers(&path)
            } else {
                usize::from(
                    path.extension()
                        .is_none_or(|extension| extension != "parquet"),
                )
            }
        })
        .sum()
}

/// What the commands of the README write beside the sources: customer data and keys.
#[test]
fn git_leaves_alone_what_the_readme_tells_to_write() {
    let readme = fs::read_to_string(support::root().join("README.md")).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    fs::copy(
        support::root().join(".gitignore"),
        folder.path().join(".gitignore"),
    )
    .unwrap();
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    assert!(git(&["init", "--quiet"]).status.success());
    let mut written = 0;
    for lead in [" export ", " keygen --output ", " --dir ", "$(cat "] {
        for (at, _) in readme.match_indices(lead) {
            let path = readme[at + lead.len()..]
                .split([' ', '`', ')', '\n'])
                .next();
            let path = path.unwrap().trim_matches([',', '.']);
            // `export NAME=value` is the shell's own.
            if path.is_empty() || path.contains(['=', '<']) {
                continue;
            }
            let inside = format!("{path}/x");
            let is_left = |path: &str| git(&["check-ignore", "--quiet", path]).status.success();
            assert!(
                is_left(path) || is_left(&inside),
                "{path} would be committed"
            );
            written += 1;
        }
    }
    assert!(written >= 4, "only {written} found in the README");
}
