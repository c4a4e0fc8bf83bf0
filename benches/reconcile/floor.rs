//! What DuckDB alone needs for the same rows: it reads JSON lines from the disk into the tables of an empty record.

use std::{
    env, fs,
    io::{BufWriter, Write as _},
    path::Path,
    process::Command,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use call_import_engine::{
    clock::{Clock as _, SystemClock},
    store::Store,
};
use serde_json::{Value, json};

use super::{CALLS_FILE, Cost, FLOOR, PERIOD, Scene, TRANSCRIPTS_FILE, cpu_seconds};

/// Both answers about each page of calls become lines of two files.
pub(super) async fn fetch(scene: &Scene, folder: &Path) {
    let mut calls = file(folder, CALLS_FILE);
    let mut transcripts = file(folder, TRANSCRIPTS_FILE);
    let (from, to) = PERIOD;
    let mut cursor = Value::Null;
    loop {
        let mut wish = json!({
            "filter": {"fromDateTime": format!("{from}T00:00:00Z"), "toDateTime": format!("{to}T23:59:59Z")},
            "contentSelector": {"exposedFields": {"parties": true}},
        });
        if !cursor.is_null() {
            wish["cursor"] = cursor;
        }
        let page = post(scene, "/v2/calls/extensive", &wish).await;
        let ids = lines(&mut calls, &page["calls"], "/metaData/id");
        let wish = json!({"filter": {"callIds": ids}});
        let page_of_transcripts = post(scene, "/v2/calls/transcript", &wish).await;
        lines(
            &mut transcripts,
            &page_of_transcripts["callTranscripts"],
            "/callId",
        );
        cursor = page["records"]["cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
}

fn file(folder: &Path, name: &str) -> BufWriter<fs::File> {
    BufWriter::new(fs::File::create(folder.join(name)).expect("a file can be made"))
}

/// Writes each record on a line, and gives what stands at the pointer of each.
fn lines(file: &mut BufWriter<fs::File>, records: &Value, pointer: &str) -> Vec<Value> {
    let records = records.as_array().map(Vec::as_slice).unwrap_or_default();
    let ids = records.iter().map(|record| {
        writeln!(file, "{record}").expect("the disk has room");
        record.pointer(pointer).cloned().unwrap_or_default()
    });
    ids.collect()
}

async fn post(scene: &Scene, path: &str, wish: &Value) -> Value {
    let url = format!("{}{path}", scene.platform_urls["gong"]);
    let credential = BASE64.encode("demo:demo-secret");
    let sent = reqwest::Client::new()
        .post(url)
        .header("Authorization", format!("Basic {credential}"))
        .header("Content-Type", "application/json")
        .body(wish.to_string())
        .send();
    let body = sent
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("a body");
    serde_json::from_slice(&body).expect("JSON")
}

/// One run of the floor, in a process of its own.
pub(super) fn measure(folder: &Path) -> Cost {
    let output = Command::new(env::current_exe().expect("this program"))
        .env(FLOOR, folder)
        .output()
        .expect("this program can be started again");
    let told = String::from_utf8_lossy(&output.stdout);
    let told: Vec<f64> = told
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [wall, cpu, bytes] = told[..] else {
        panic!("{}", String::from_utf8_lossy(&output.stderr));
    };
    Cost {
        wall: Duration::from_secs_f64(wall),
        cpu,
        bytes: bytes as u64,
        requests: 0,
    }
}

/// Writes the record and tells seconds of wall and CPU, and bytes. DuckDB has its own settings: both cores, and as much
/// memory as it likes.
pub(super) fn write(folder: &Path) -> anyhow::Result<()> {
    let path = folder.join("floor.duckdb");
    for stale in [&path, &folder.join("floor.duckdb.wal")] {
        let _ = fs::remove_file(stale);
    }
    let started_at = SystemClock.now();
    let store = Store::open(&path, "floor", "bench", started_at)?;
    tokio::runtime::Runtime::new()?.block_on(store.close())?;
    let (started_at, cpu) = (SystemClock.now(), cpu_seconds());
    let connection = duckdb::Connection::open(&path)?;
    let text = |name: &str| folder.join(name).display().to_string();
    connection.execute(INSERT_CALLS, [text(CALLS_FILE)])?;
    connection.execute(INSERT_SEGMENTS, [text(TRANSCRIPTS_FILE)])?;
    connection.execute_batch("CHECKPOINT")?;
    connection.close().map_err(|(_, error)| error)?;
    let wall = SystemClock.now().duration_since(started_at).as_secs_f64();
    let (cpu, bytes) = (cpu_seconds() - cpu, fs::metadata(&path)?.len());
    writeln!(std::io::stdout(), "{wall} {cpu} {bytes}")?;
    Ok(())
}

const INSERT_CALLS: &str = r#"
    INSERT INTO calls (platform, account, external_id, request_id, title, kind, direction, scope, scheduled_start,
        started_at, started_at_precision, duration_ms, duration_source, language, is_private, source_url,
        meeting_url, participants, transcript_state, content_hash, first_imported_at, updated_at, last_seen_at,
        run_id)
    SELECT 'gong', 'northwind', "metaData".id, 'northwind-gong', "metaData".title, 'meeting', "metaData".direction,
        "metaData".scope, "metaData".scheduled::TIMESTAMP, ("metaData".started)[:19]::TIMESTAMP, 'exact',
        "metaData".duration * 1000, 'platform', "metaData".language, "metaData"."isPrivate", "metaData".url,
        "metaData"."meetingUrl",
        list_transform(parties, lambda p: {'name': p."name", 'email': p."emailAddress", 'phone': p."phoneNumber",
            'title': p.title, 'role': 'participant', 'affiliation': lower(p.affiliation), 'attended': true}),
        'imported', sha256("metaData".id), now()::TIMESTAMP, now()::TIMESTAMP, now()::TIMESTAMP, 'floor'
    FROM read_json(?, format = 'newline_delimited', columns = {
        'metaData': 'STRUCT(id VARCHAR, title VARCHAR, direction VARCHAR, scope VARCHAR, scheduled VARCHAR,
            started VARCHAR, duration BIGINT, language VARCHAR, "isPrivate" BOOLEAN, url VARCHAR,
            "meetingUrl" VARCHAR)',
        'parties': 'STRUCT("name" VARCHAR, "emailAddress" VARCHAR, "phoneNumber" VARCHAR, title VARCHAR,
            affiliation VARCHAR)[]'})"#;

const INSERT_SEGMENTS: &str = r#"
    INSERT INTO transcript_segments
    SELECT 'gong', 'northwind', "callId", idx, said.speaker, NULL, said.sentence.start, said.sentence."end",
        said.sentence.text
    FROM (
        SELECT "callId", unnest(range(len(sentences))) AS idx, unnest(sentences) AS said
        FROM (
            SELECT "callId", flatten(list_transform(transcript, lambda turn: list_transform(turn.sentences,
                lambda sentence: {'speaker': turn."speakerId", 'sentence': sentence}))) AS sentences
            FROM read_json(?, format = 'newline_delimited', maximum_object_size = 67108864, columns = {
                'callId': 'VARCHAR',
                'transcript': 'STRUCT("speakerId" VARCHAR, sentences STRUCT(start BIGINT, "end" BIGINT,
                    text VARCHAR)[])[]'})))"#;
