//! Invented records and the ways to look into them.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::path::PathBuf;

use call_import_engine::{
    model::{
        Affiliation, Call, CallKind, Checkpoint, CrmLink, Direction, DurationSource, Granularity,
        ImportRecord, Media, MediaCounts, MediaKind, MediaState, Method, Participant, Phase,
        Precision, Role, Scope, Segment, Transcript, TranscriptContent, WhoseTurn, Window,
    },
    store::{PageCommit, Store},
};
use jiff::{Timestamp, civil::date};
use tempfile::TempDir;

pub(crate) const RUN: &str = "run-1";
pub(crate) const REQUEST: &str = "northwind-gong";
pub(crate) const DIGEST: &str = "digest-1";

/// Tables that a second run must leave as they are.
pub(crate) const CONTENT: &[&str] = &[
    "calls",
    "transcripts",
    "transcript_segments",
    "media",
    "call_failures",
];

/// A folder for one record.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("record.duckdb")
    }

    pub(crate) fn open(&self) -> Store {
        Store::open(&self.path(), RUN, "host.example", at(0)).unwrap()
    }

    /// A record that knows the run and the import.
    pub(crate) async fn begun(&self) -> Store {
        let store = self.open();
        store.begin_run(RUN, at(0), "0.1.0").await.unwrap();
        store.apply(vec![import()], vec![], at(0)).await.unwrap();
        store
    }

    /// Another reader than ours, once the record is closed.
    pub(crate) fn sql(&self) -> duckdb::Connection {
        duckdb::Connection::open(self.path()).unwrap()
    }

    /// Every row of a table as text.
    pub(crate) fn dump(&self, table: &str) -> Vec<String> {
        texts(
            &self.sql(),
            &format!("SELECT CAST(t AS VARCHAR) FROM {table} t ORDER BY ALL"),
        )
    }

    /// Every row of every table whose content must not change.
    pub(crate) fn content(&self) -> Vec<Vec<String>> {
        CONTENT.iter().map(|table| self.dump(table)).collect()
    }

    pub(crate) fn one<T: duckdb::types::FromSql>(&self, query: &str) -> T {
        self.sql()
            .query_row(query, [], |row| row.get(0))
            .unwrap_or_else(|error| panic!("{query}: {error}"))
    }
}

/// The first column of a query.
pub(crate) fn texts(connection: &duckdb::Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).unwrap();
    statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// Minutes after the night of 26 November 2026 began.
pub(crate) fn at(minutes: i64) -> Timestamp {
    let night: Timestamp = "2026-11-26T01:17:00Z".parse().unwrap();
    night + jiff::SignedDuration::from_mins(minutes)
}

pub(crate) fn import() -> ImportRecord {
    ImportRecord {
        request_id: REQUEST.into(),
        digest: DIGEST.into(),
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
        requested_completion: Some(date(2026, 12, 4)),
        promised_completion: None,
        expected_completion: None,
        credential_fingerprint: None,
        pull_request: None,
        first_seen_at: at(0),
        started_at: Some(at(0)),
        finished_at: None,
        failing_since: None,
        next_attempt_at: None,
        updated_at: at(0),
    }
}

/// A call with every field filled.
pub(crate) fn call(id: &str) -> Call {
    Call {
        title: Some(format!("Renewal {id}")),
        kind: CallKind::Meeting,
        direction: Some(Direction::Conference),
        scope: Some(Scope::External),
        scheduled_start: Some(at(-600)),
        started_at: Some(at(-598)),
        started_at_precision: Precision::Exact,
        duration_ms: Some(1_881_400),
        duration_source: DurationSource::PlatformS,
        language: Some("en".into()),
        is_private: Some(false),
        source_url: Some("https://app.gong.example/call?id=1".into()),
        meeting_url: Some("https://zoom.example/j/1".into()),
        host: Some("Ines Duarte".into()),
        summary: Some("They renew.".into()),
        participants: vec![
            participant("Ines Duarte", "ines@northwind-robotics.example"),
            Participant {
                role: Role::Attendee,
                affiliation: Affiliation::External,
                attended: None,
                ..participant("Bo Lind", "bo@fabrikam.example")
            },
        ],
        crm_links: vec![CrmLink {
            system: Some("Salesforce".into()),
            object_type: Some("Opportunity".into()),
            object_id: Some("006-1".into()),
        }],
        transcript: TranscriptContent::Pending,
        media: vec![Media {
            kind: MediaKind::Video,
            mime: Some("video/mp4".into()),
            bytes: Some(1_000),
            duration_ms: Some(1_881_400),
            state: MediaState::Listed,
        }],
        raw: Some(format!(r#"{{"id":"{id}"}}"#)),
        ..Call::new(id)
    }
}

fn participant(name: &str, email: &str) -> Participant {
    Participant {
        name: Some(name.into()),
        email: Some(email.into()),
        phone: Some("+49 30 1234".into()),
        title: Some("Buyer".into()),
        role: Role::Host,
        affiliation: Affiliation::Internal,
        attended: Some(true),
    }
}

pub(crate) fn transcript(sentences: &[&str]) -> Transcript {
    Transcript {
        source: "platform".into(),
        granularity: Granularity::Sentence,
        language: Some("en".into()),
        segments: (0_i64..)
            .zip(sentences)
            .map(|(number, text)| Segment {
                speaker: Some("Ines Duarte".into()),
                participant: Some(1),
                start_ms: Some(number * 1_000 - 500),
                end_ms: None,
                text: (*text).to_owned(),
            })
            .collect(),
    }
}

pub(crate) fn page(calls: Vec<Call>) -> PageCommit {
    PageCommit {
        run_id: RUN.into(),
        request_id: REQUEST.into(),
        digest: DIGEST.into(),
        platform: "gong".into(),
        account: "northwind-robotics".into(),
        now: at(1),
        calls,
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

pub(crate) fn checkpoint(listed: i64, cursor: Option<&str>) -> Checkpoint {
    Checkpoint {
        window: Window {
            from: date(2026, 9, 1),
            to: date(2026, 11, 26),
        },
        cursor: cursor.map(str::to_owned),
        listed,
        done: cursor.is_none(),
    }
}
