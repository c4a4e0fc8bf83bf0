//! Imports, runs, attempts, notifications, quota.

use call_import_engine::{
    model::{
        ApiUsage, CallFailure, FailureClass, ImportRecord, MediaCounts, Method, Notification,
        NotificationKind, Phase, Tally, WhoseTurn,
    },
    platforms::RecordFailure,
    store::{AttemptEnd, PageCommit, RunOutcome, StoreError},
};
use jiff::civil::date;

use super::fixtures::{Place, REQUEST, RUN, at, call, checkpoint, import, page, texts};

/// A row with every column filled.
fn full() -> ImportRecord {
    ImportRecord {
        method: Method::Oauth,
        phase: Phase::Delayed,
        whose_turn: WhoseTurn::Platform,
        reason: Some("Gong has not answered since Thursday.".into()),
        calls_listed: 5,
        calls_imported: 4,
        calls_failed: 1,
        transcripts_imported: 3,
        transcripts_pending: 1,
        media: MediaCounts {
            stored: 2,
            pending: 1,
            failed: 1,
            unavailable: 3,
        },
        requests_sent: 7,
        promised_completion: Some(date(2026, 12, 1)),
        expected_completion: Some(date(2026, 12, 2)),
        credential_fingerprint: Some("fingerprint".into()),
        pull_request: Some(42),
        finished_at: Some(at(1)),
        failing_since: Some(at(2)),
        next_attempt_at: Some(at(3)),
        ..import()
    }
}

fn notification(id: &str) -> Notification {
    Notification {
        notification_id: id.into(),
        request_id: REQUEST.into(),
        kind: NotificationKind::NeedsCredentials,
        body: "Gong refuses the key.".into(),
    }
}

fn end(record: ImportRecord) -> AttemptEnd {
    AttemptEnd {
        outcome: record.phase,
        record,
        run_id: RUN.into(),
        started_at: at(1),
        finished_at: at(9),
        failure_class: Some(FailureClass::Credentials),
        detail: Some("HTTP 401".into()),
        tally: Tally {
            found: 4,
            imported: 4,
            ..Tally::default()
        },
        attempt_requests: 6,
        requests_sent: 2,
        usage: vec![],
        expire_pending: false,
        expire_media: false,
        notifications: vec![],
    }
}

fn used(hour: i64, requests: i64) -> ApiUsage {
    ApiUsage {
        platform: "gong".into(),
        account: "northwind-robotics".into(),
        class: "all".into(),
        bucket_start: at(hour * 60 - 17),
        requests,
    }
}

#[tokio::test]
async fn every_column_of_an_import_comes_back() {
    let place = Place::new();
    let store = place.open();
    let mut sparse = import();
    sparse.request_id = "acme-zoom".into();
    sparse.requested_completion = None;
    sparse.started_at = None;
    store
        .apply(vec![full(), sparse.clone()], vec![], at(0))
        .await
        .unwrap();
    let observed = store.observed(at(0)).await.unwrap();
    let rows = store.imports().await.unwrap();
    store.close().await.unwrap();
    assert_eq!(observed.imports[REQUEST], full());
    assert_eq!(observed.imports["acme-zoom"], sparse);
    assert_eq!(rows, [sparse, full()]);
    insta::assert_json_snapshot!("imports_as_json", rows);
}

#[tokio::test]
async fn a_new_digest_begins_a_new_generation() {
    let place = Place::new();
    let store = place.begun().await;
    let listing = PageCommit {
        checkpoints: vec![checkpoint(1, None)],
        failures: vec![RecordFailure {
            external_id: "9".into(),
            stage: "list",
            detail: "no id".into(),
        }],
        ..page(vec![call("1")])
    };
    store.commit_page(listing).await.unwrap();
    let same = ImportRecord {
        updated_at: at(5),
        ..import()
    };
    store.apply(vec![same], vec![], at(5)).await.unwrap();
    assert_eq!(store.observed(at(0)).await.unwrap().checkpoints.len(), 1);
    let other = ImportRecord {
        digest: "digest-2".into(),
        ..import()
    };
    store.apply(vec![other], vec![], at(6)).await.unwrap();
    let observed = store.observed(at(0)).await.unwrap();
    let totals = store
        .totals(REQUEST, "digest-2", "gong", "northwind-robotics")
        .await
        .unwrap();
    store.close().await.unwrap();
    assert!(observed.checkpoints.is_empty());
    assert_eq!((totals.calls_failed, totals.transcripts_pending), (0, 1));
    assert_eq!(place.dump("checkpoints"), [""; 0]);
    assert_eq!(place.dump("calls").len(), 1);
}

#[tokio::test]
async fn the_end_of_an_attempt_is_written_with_all_that_follows() {
    let place = Place::new();
    let store = place.begun().await;
    store.commit_page(page(vec![call("1")])).await.unwrap();
    let finished = AttemptEnd {
        usage: vec![used(0, 2)],
        notifications: vec![notification("n-1"), notification("n-1")],
        ..end(ImportRecord {
            requests_sent: 99,
            ..full()
        })
    };
    store.finish_attempt(finished.clone()).await.unwrap();
    store.finish_attempt(finished).await.unwrap();
    let run = store
        .finish_run(RUN, at(10), RunOutcome::Deadline)
        .await
        .unwrap();
    let record = store.imports().await.unwrap().remove(0);
    store.close().await.unwrap();

    assert_eq!(
        record,
        ImportRecord {
            requests_sent: 1 + 2 + 2,
            ..full()
        }
    );
    insta::assert_json_snapshot!("a_run_as_json", run);
    assert_eq!(place.dump("attempts").len(), 1);
    insta::assert_snapshot!("an_attempt", place.dump("attempts").join("\n"));
    insta::assert_snapshot!("a_notification", place.dump("notifications").join("\n"));
    assert_eq!(place.one::<i64>("SELECT requests FROM api_usage"), 4);
    assert_eq!(
        place.one::<i64>("SELECT count(*) FROM calls WHERE transcript_state = 'pending'"),
        1
    );
}

#[tokio::test]
async fn settling_ends_with_unavailable_transcripts() {
    let place = Place::new();
    let store = place.begun().await;
    store.commit_page(page(vec![call("1")])).await.unwrap();
    let settled = AttemptEnd {
        expire_pending: true,
        ..end(import())
    };
    store.finish_attempt(settled).await.unwrap();
    let receipt = store.commit_page(page(vec![call("1")])).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(receipt.pending, [""; 0]);
    assert_eq!(
        texts(&place.sql(), "SELECT transcript_state FROM calls"),
        ["unavailable"]
    );
}

#[tokio::test]
async fn the_use_of_quotas_adds_up_by_hour() {
    let place = Place::new();
    let store = place.begun().await;
    for usage in [vec![used(0, 2), used(1, 3)], vec![used(1, 4)]] {
        store
            .commit_page(PageCommit {
                usage,
                ..page(vec![])
            })
            .await
            .unwrap();
    }
    let all = store.observed(at(0)).await.unwrap().usage;
    // An hour that has not ended yet at `since` counts.
    let later = store.observed(at(90)).await.unwrap().usage;
    let none = store.observed(at(103)).await.unwrap().usage;
    store.close().await.unwrap();
    assert_eq!(all, [used(0, 2), used(1, 7)]);
    assert_eq!(later, [used(1, 7)]);
    assert_eq!(none, []);
}

#[tokio::test]
async fn retry_lets_held_imports_go_again() {
    let place = Place::new();
    let store = place.open();
    assert_eq!(store.retry(REQUEST, at(1)).await.unwrap(), None);
    for (phase, started, after) in [
        (Phase::NeedsCredentials, false, Phase::Queued),
        (Phase::NeedsAttention, true, Phase::Importing),
        (Phase::Retrying, true, Phase::Retrying),
        (Phase::Delayed, true, Phase::Delayed),
        (Phase::CompletedWithFailures, true, Phase::Importing),
        (Phase::Completed, true, Phase::Completed),
        (Phase::Suspended, true, Phase::Suspended),
        (Phase::Cancelled, true, Phase::Cancelled),
    ] {
        let mut record = full();
        record.phase = phase;
        record.started_at = started.then(|| at(0));
        store.apply(vec![record], vec![], at(1)).await.unwrap();
        let row = store.retry(REQUEST, at(2)).await.unwrap().unwrap();
        assert_eq!((row.phase, row.next_attempt_at), (after, None), "{phase}");
        assert_eq!(row.finished_at.is_some(), after == phase, "{phase}");
        assert_eq!(row, store.imports().await.unwrap()[0]);
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn retry_lists_again_where_calls_failed() {
    let place = Place::new();
    let store = place.begun().await;
    let listing = |stage| PageCommit {
        checkpoints: vec![checkpoint(1, None)],
        failures: vec![RecordFailure {
            external_id: "9".into(),
            stage,
            detail: "unreadable".into(),
        }],
        ..page(vec![call("1")])
    };
    let failed = ImportRecord {
        phase: Phase::CompletedWithFailures,
        ..import()
    };
    store.commit_page(listing("transcript")).await.unwrap();
    store
        .apply(vec![failed.clone()], vec![], at(2))
        .await
        .unwrap();
    store.retry(REQUEST, at(3)).await.unwrap();
    assert_eq!(store.observed(at(0)).await.unwrap().checkpoints.len(), 1);

    store.commit_page(listing("list")).await.unwrap();
    store.apply(vec![failed], vec![], at(4)).await.unwrap();
    store.retry(REQUEST, at(5)).await.unwrap();
    assert!(store.observed(at(0)).await.unwrap().checkpoints.is_empty());
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_killed_run_is_seen_as_interrupted() {
    let place = Place::new();
    place.begun().await.close().await.unwrap();
    let store = place.open();
    let error = store
        .finish_run("run-9", at(1), RunOutcome::Failed)
        .await
        .unwrap_err();
    store.close().await.unwrap();
    assert!(
        matches!(error, StoreError::Missing { what: "run", .. }),
        "{error}"
    );
    assert_eq!(
        texts(&place.sql(), "SELECT outcome FROM runs"),
        ["interrupted"]
    );
}

#[tokio::test]
async fn open_failures_are_named_by_id() {
    let place = Place::new();
    let store = place.begun().await;
    let failure = |id: &str| RecordFailure {
        external_id: id.into(),
        stage: "list",
        detail: format!("{id} has no start"),
    };
    let failed = PageCommit {
        failures: ["3", "1", "2"].map(failure).to_vec(),
        ..page(vec![])
    };
    store.commit_page(failed).await.unwrap();
    store.commit_page(page(vec![call("2")])).await.unwrap();
    let named = |failures: Vec<CallFailure>| -> Vec<String> {
        failures
            .into_iter()
            .map(|failure| failure.external_id)
            .collect()
    };
    let all = store.failures(REQUEST, usize::MAX).await.unwrap();
    assert_eq!(all[0].stage, "list");
    assert_eq!(all[0].detail, "1 has no start");
    assert_eq!(named(all), ["1", "3"], "2 came after all");
    let first = store.failures(REQUEST, 1).await.unwrap();
    assert_eq!(named(first), ["1"]);
    assert!(store.failures("another", 9).await.unwrap().is_empty());
}
