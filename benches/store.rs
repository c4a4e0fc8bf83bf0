//! What it costs to write calls and transcripts into the record, page by page, to find a page unchanged, and to spend the
//! same night on records of different sizes.
//!
//! `cargo bench --bench store -- --test 10000` runs the large import once, for `time -v` and the file size.
#![expect(
    clippy::print_stderr,
    reason = "a benchmark is no library, and what it measures besides time is told on stderr"
)]

use std::{
    fs::{self, File},
    hint::black_box,
    io,
    path::Path,
    sync::Arc,
};

use call_import_engine::{
    model::{
        Affiliation, Call, CallKind, Checkpoint, DurationSource, Granularity, ImportRecord,
        MediaCounts, Method, Participant, Phase, Precision, Role, Segment, Transcript,
        TranscriptContent, WhoseTurn, Window,
    },
    store::{PageCommit, Store},
};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::{Timestamp, civil::date};
use tokio::runtime::Runtime;

/// Calls a page, as Gong sends them.
const PAGE: u64 = 100;

/// Sentences a call: half an hour of talk.
const SENTENCES: u64 = 240;

const SPEAKERS: u64 = 4;

fn imports(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("import");
    group.sample_size(10);
    for calls in [1_000, 10_000] {
        group.throughput(Throughput::Elements(calls));
        group.bench_with_input(
            BenchmarkId::from_parameter(calls),
            &calls,
            |bencher, calls| {
                let mut bytes = 0;
                bencher.iter(|| {
                    let folder = tempfile::tempdir().expect("a folder");
                    let path = folder.path().join("record.duckdb");
                    runtime.block_on(import(&path, *calls));
                    bytes = fs::metadata(&path).expect("the record").len();
                });
                eprintln!("{calls} calls fill {} MB", bytes / 1_000_000);
            },
        );
    }
    group.finish();
}

fn unchanged(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("record.duckdb");
    runtime.block_on(import(&path, 1_000));
    let store = Store::open(&path, "run", "host", Timestamp::UNIX_EPOCH).expect("the record");
    let mut group = criterion.benchmark_group("again");
    group.throughput(Throughput::Elements(PAGE));
    group.bench_function("a listing page that is recorded", |bencher| {
        bencher.iter(|| {
            let receipt = runtime
                .block_on(store.commit_page(listing(0)))
                .expect("a commit");
            black_box(receipt)
        });
    });
    group.finish();
    runtime.block_on(store.close()).expect("the record closes");
}

/// A night that brings 1,000 calls to an account of which so many are recorded: it costs what is new.
fn growth(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("a night of 1,000 new calls");
    group.sample_size(10);
    for recorded in [0, 100_000, 1_000_000] {
        let folder = tempfile::tempdir().expect("a folder");
        let full = folder.path().join("full.duckdb");
        runtime.block_on(import(&full, 0));
        fill(&full, recorded);
        let path = folder.path().join("record.duckdb");
        group.bench_function(BenchmarkId::new("recorded", recorded), |bencher| {
            bencher.iter_batched(
                || copy(&full, &path).expect("the disk has room"),
                |_| runtime.block_on(import(&path, 1_000)),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// Copies a file onto the disk, not into memory only: what is written to the copy next would have to wait for all of it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

/// Records calls of the account, ten segments each, as if nights had brought them.
fn fill(path: &Path, calls: u64) {
    let connection = duckdb::Connection::open(path).expect("the record");
    connection
        .execute_batch(&format!(
            "INSERT INTO calls (platform, account, external_id, request_id, title, kind, started_at,
                 started_at_precision, duration_source, participants, transcript_state, content_hash,
                 first_imported_at, updated_at, last_seen_at, run_id)
             SELECT 'gong', 'northwind-robotics', 'old-' || n, 'northwind-gong', 'Call ' || n, 'meeting',
                 TIMESTAMP '2020-01-01' + to_minutes(n), 'exact', 'none', [], 'imported', sha256('' || n),
                 TIMESTAMP '2026-11-01', TIMESTAMP '2026-11-01', TIMESTAMP '2026-11-01', 'old'
             FROM range({calls}) calls(n);
             INSERT INTO transcripts SELECT platform, account, external_id, 'platform', 'sentence', NULL, 10,
                 content_hash, first_imported_at FROM calls;
             INSERT INTO transcript_segments SELECT platform, account, external_id, idx, 'Bo', NULL, idx * 1000,
                 idx * 1000 + 900, 'Sentence ' || idx || ' of ' || external_id FROM calls, range(10) idx(idx);
             CHECKPOINT"
        ))
        .expect("rows");
}

/// Lists every page and fetches its transcripts, each in a commit of its own.
async fn import(path: &Path, calls: u64) {
    let start = Timestamp::UNIX_EPOCH;
    let store = Store::open(path, "run", "host", start).expect("a new record");
    if store.imports().await.expect("imports").is_empty() {
        store.begin_run("run", start, "0").await.expect("a run");
        store
            .apply(vec![record()], vec![], start)
            .await
            .expect("an import");
    }
    for number in 0..calls / PAGE {
        store.commit_page(listing(number)).await.expect("a listing");
        store
            .commit_page(spoken(number))
            .await
            .expect("transcripts");
    }
    store.close().await.expect("the record closes");
}

fn listing(number: u64) -> PageCommit {
    PageCommit {
        calls: ids(number).map(call).collect(),
        checkpoints: vec![Checkpoint {
            window: Window {
                from: date(2026, 1, 1),
                to: date(2026, 4, 1),
            },
            cursor: Some(number.to_string()),
            listed: i64::try_from((number + 1) * PAGE).expect("few calls"),
            done: false,
        }],
        ..page()
    }
}

fn spoken(number: u64) -> PageCommit {
    PageCommit {
        transcripts: ids(number)
            .map(|id| (external_id(id), transcript(id).into()))
            .collect(),
        ..page()
    }
}

fn ids(number: u64) -> std::ops::Range<u64> {
    number * PAGE..(number + 1) * PAGE
}

fn external_id(id: u64) -> String {
    (7_782_342_274_025_937_895 + id).to_string()
}

fn page() -> PageCommit {
    PageCommit {
        run_id: "run".into(),
        request_id: "northwind-gong".into(),
        digest: "digest".into(),
        platform: "gong".into(),
        account: "northwind-robotics".into(),
        now: Timestamp::UNIX_EPOCH,
        calls: vec![],
        transcripts: vec![],
        without_transcript: Vec::new(),
        media: Vec::new(),
        failures: vec![],
        file_failures: vec![],
        skipped: vec![],
        checkpoints: Vec::new(),
        requests_sent: 1,
        usage: vec![],
    }
}

fn call(id: u64) -> Call {
    let mut words = Words(id);
    let start = 1_767_225_600 + i64::try_from(id).expect("few calls") * 900;
    Call {
        title: Some(words.sentence(5)),
        kind: CallKind::Meeting,
        started_at: Timestamp::from_second(start).ok(),
        started_at_precision: Precision::Exact,
        duration_ms: Some(1_800_000),
        duration_source: DurationSource::PlatformS,
        source_url: Some(format!(
            "https://app.gong.example/call?id={}",
            external_id(id)
        )),
        participants: (0..SPEAKERS)
            .map(|number| Participant {
                name: Some(words.sentence(2)),
                email: Some(format!(
                    "person{}@northwind-robotics.example",
                    words.next() % 500
                )),
                phone: None,
                title: Some(words.sentence(2)),
                role: if number == 0 {
                    Role::Host
                } else {
                    Role::Attendee
                },
                affiliation: Affiliation::External,
                attended: Some(true),
            })
            .collect(),
        transcript: TranscriptContent::Pending,
        raw: Some(format!(
            r#"{{"id":"{id}","purpose":"{}"}}"#,
            words.sentence(120)
        )),
        ..Call::new(external_id(id))
    }
}

fn transcript(id: u64) -> Transcript {
    let mut words = Words(id ^ 0x5eed);
    let speakers: Vec<Arc<str>> = (0..SPEAKERS).map(|_| words.sentence(2).into()).collect();
    let mut time = 0;
    let segments = (0..SENTENCES)
        .map(|number| {
            let speaker = (number / 4 + id) % SPEAKERS;
            let start = time;
            time += 2_000 + i64::try_from(words.next() % 9_000).expect("a short sentence");
            Segment {
                speaker: speakers
                    .get(usize::try_from(speaker).expect("few speakers"))
                    .cloned(),
                participant: Some(i64::try_from(speaker).expect("few speakers") + 1),
                start_ms: Some(start),
                end_ms: Some(time - 300),
                text: {
                    let length = 4 + words.next() % 14;
                    words.sentence(length)
                },
            }
        })
        .collect();
    Transcript {
        source: "platform".into(),
        granularity: Granularity::Sentence,
        language: None,
        segments,
    }
}

fn record() -> ImportRecord {
    let start = Timestamp::UNIX_EPOCH;
    ImportRecord {
        request_id: "northwind-gong".into(),
        digest: "digest".into(),
        customer: "Northwind Robotics".into(),
        platform: "gong".into(),
        account: "northwind-robotics".into(),
        method: Method::Api,
        phase: Phase::Importing,
        whose_turn: WhoseTurn::Nobody,
        reason: None,
        calls_listed: 0,
        calls_imported: 0,
        calls_failed: 0,
        transcripts_imported: 0,
        transcripts_pending: 0,
        media: MediaCounts::default(),
        requests_sent: 0,
        requested_completion: None,
        promised_completion: None,
        expected_completion: None,
        credential_fingerprint: None,
        pull_request: None,
        first_seen_at: start,
        started_at: Some(start),
        finished_at: None,
        failing_since: None,
        next_attempt_at: None,
        updated_at: start,
    }
}

/// Invented speech, the same for the same seed (SplitMix64).
struct Words(u64);

impl Words {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Words of a vocabulary of 1,300, some of them far more frequent than others.
    fn sentence(&mut self, length: u64) -> String {
        const SYLLABLES: [&str; 11] = [
            "re", "con", "ta", "ment", "pri", "ce", "lo", "ding", "sales", "team", "ver",
        ];
        let syllable = |at: u64| SYLLABLES[usize::try_from(at % 11).expect("eleven syllables")];
        let mut text = String::with_capacity(96);
        for position in 0..length {
            if position > 0 {
                text.push(' ');
            }
            let (one, other) = (self.next() % 1_331, self.next() % 1_331);
            let word = one.min(other);
            text.push_str(syllable(word / 121));
            text.push_str(syllable(word / 11));
            if word % 3 > 0 {
                text.push_str(syllable(word));
            }
        }
        text.push('.');
        text
    }
}

criterion_group!(benches, imports, unchanged, growth);
criterion_main!(benches);
