//! A record of each older layout that is killed on its way to the present one: at each statement, around each commit,
//! and in the middle of writing the changed tables into the file.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::{collections::BTreeSet, fs};

use duckdb::{Config, Connection};
use tempfile::TempDir;

use super::{each, points_of};
use crate::{record, support};

/// Every step from an empty file to the present layout.
const STEPS: [&str; 5] = [
    include_str!("../../../src/store/migrations/0001_tables.sql"),
    include_str!("../../../src/store/migrations/0002_views.sql"),
    include_str!("../../../src/store/migrations/0003_recordings.sql"),
    include_str!("../../../src/store/migrations/0004_without_recording.sql"),
    include_str!("../../../src/store/migrations/0005_files.sql"),
];

/// What stands in the tables before they change.
const ROWS: &str = "INSERT INTO runs VALUES
        ('run-0', TIMESTAMP '2026-11-20 01:17:00', TIMESTAMP '2026-11-20 01:18:00', 'completed', 3, 1, 0, '0.0.9');
     INSERT INTO attempts (request_id, run_id, digest, started_at, outcome, calls_imported, requests_sent)
        VALUES ('northwind', 'run-0', 'digest', TIMESTAMP '2026-11-20 01:17:00', 'completed', 1, 3);
     INSERT INTO calls (platform, account, external_id, request_id, kind, started_at_precision, duration_source,
        participants, transcript_state, content_hash, first_imported_at, updated_at, last_seen_at, run_id)
     SELECT 'gong', 'northwind', i::VARCHAR, 'northwind', 'meeting', 'exact', 'none', [], 'pending', 'hash',
        TIMESTAMP '2026-11-20 01:18:00', TIMESTAMP '2026-11-20 01:18:00', TIMESTAMP '2026-11-20 01:18:00', 'run-0'
     FROM range(100) t(i);
     UPDATE record SET sequence = 41, generation = 7;";

/// Where the kill comes: how old the record is, the visit, and microseconds later.
#[derive(Debug, Clone, Copy)]
struct Kill {
    layout: usize,
    visit: usize,
    delay: u64,
}

/// A folder with a record of a layout, stored as ours are; layout 0 is a file without tables.
fn older(layout: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let stored = Config::default()
        .with("storage_compatibility_version", "v1.5.0")
        .unwrap();
    let path = folder.path().join("record.duckdb");
    let connection = Connection::open_with_flags(path, stored).unwrap();
    for (index, step) in STEPS[..layout].iter().enumerate() {
        connection.execute_batch(step).unwrap();
        if index == 0 {
            connection.execute_batch(ROWS).unwrap();
        }
    }
    folder
}

/// The real program opens the record to write, finds nothing to do, and ends. Gives what it visited.
fn open(folder: &TempDir, kill: Option<Kill>) -> Vec<String> {
    let trace = folder.path().join("trace");
    let mut command = support::program(folder.path());
    fs::create_dir_all(folder.path().join("requests")).unwrap();
    command
        .args(["retry", "northwind", "--database", "record.duckdb"])
        .env("CALL_IMPORT_KILL_TRACE", &trace);
    if let Some(Kill { visit, delay, .. }) = kill {
        command
            .env("CALL_IMPORT_KILL_AT", visit.to_string())
            .env("CALL_IMPORT_KILL_DELAY", delay.to_string());
    }
    let output = command.output().unwrap();
    if kill.is_none() {
        assert_eq!(
            output.status.code(),
            Some(2),
            "{:?}",
            support::text(&output)
        );
    }
    let visits = fs::read_to_string(trace).unwrap();
    visits.lines().map(str::to_owned).collect()
}

/// Every view, and every row of every table with its columns.
fn contents(folder: &TempDir) -> Vec<String> {
    let connection = Connection::open(folder.path().join("record.duckdb")).unwrap();
    let texts = |sql: &str| record::texts(&connection, sql).join("\n");
    let mut contents = vec![texts(
        "SELECT sql FROM duckdb_views() WHERE NOT internal ORDER BY 1",
    )];
    for table in record::texts(
        &connection,
        "SELECT table_name FROM duckdb_tables() ORDER BY 1",
    ) {
        let rows = texts(&format!("SELECT t::VARCHAR FROM {table} t ORDER BY 1"));
        contents.push(format!("{table}: {rows}"));
    }
    contents
}

/// Kills a migration, opens the record again, and tells what differs from one that was left in peace.
fn killed(kill: Kill, expected: &[String]) -> Vec<String> {
    let folder = older(kill.layout);
    open(&folder, Some(kill));
    open(&folder, None);
    let found = contents(&folder);
    if found == expected {
        Vec::new()
    } else {
        vec![format!("{found:#?}\nin place of\n{expected:#?}")]
    }
}

#[test]
#[cfg_attr(
    not(debug_assertions),
    ignore = "a release program cannot be stopped at a point"
)]
fn a_migration_killed_anywhere_leaves_a_record_that_opens_and_is_whole() {
    let mut work = Vec::new();
    let mut whole = Vec::new();
    let mut points = BTreeSet::new();
    for layout in 0..STEPS.len() {
        let folder = older(layout);
        let visits = open(&folder, None);
        whole.push(contents(&folder));
        // The steps after the first have a layout of their own, whose first step they are.
        let first = visits
            .iter()
            .position(|point| point == "AfterMigrationCheckpoint");
        let visits = &visits[..=first.unwrap()];
        points.extend(visits.iter().cloned());
        for (index, point) in visits.iter().enumerate() {
            let delays: &[u64] = match point.as_str() {
                "BeforeMigrationStatement" => &[0],
                _ => &[0, 500, 2_000],
            };
            work.extend(delays.iter().map(|delay| Kill {
                layout,
                visit: index + 1,
                delay: *delay,
            }));
        }
    }
    assert_eq!(points, points_of(|point| point.contains("Migration")));
    assert!(work.len() > 70, "{}", work.len());
    each(
        &work,
        |kill| format!("{kill:?}"),
        |kill| killed(*kill, &whole[kill.layout]),
    );
}
