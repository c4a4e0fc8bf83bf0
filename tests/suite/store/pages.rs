//! What a page changes, and what it must not change.

use call_import_engine::{
    model::{
        ApiUsage, MediaState, Participant, Phase, Precision, TranscriptContent, TranscriptState,
    },
    platforms::RecordFailure,
    store::{PageCommit, PageReceipt, StoreError, Totals},
};

use super::fixtures::{
    DIGEST, Place, REQUEST, RUN, at, call, checkpoint, import, page, texts, transcript,
};

fn failure(id: &str, stage: &'static str) -> RecordFailure {
    RecordFailure {
        external_id: id.into(),
        stage,
        detail: "field `started` is no time".into(),
    }
}

/// A page with something of everything.
fn full_page() -> PageCommit {
    let mut with_transcript = call("2");
    with_transcript.transcript = TranscriptContent::Here(transcript(&["Hello Bo.", "Hello."]));
    let mut silent = call("3");
    silent.transcript = TranscriptContent::Absent;
    silent.participants.clear();
    silent.crm_links.clear();
    silent.media.clear();
    PageCommit {
        failures: vec![failure("4", "list")],
        file_failures: vec![],
        skipped: vec![],
        checkpoints: vec![checkpoint(4, Some("page 2"))],
        usage: vec![ApiUsage {
            platform: "gong".into(),
            account: "northwind-robotics".into(),
            class: "all".into(),
            bucket_start: at(-17),
            requests: 1,
        }],
        ..page(vec![call("1"), with_transcript, silent])
    }
}

#[tokio::test]
async fn a_page_is_written_whole() {
    let place = Place::new();
    let store = place.begun().await;
    let receipt = store.commit_page(full_page()).await.unwrap();
    assert_eq!(
        receipt,
        PageReceipt {
            new: 3,
            transcripts: 1,
            pending: vec!["1".into()],
            ..PageReceipt::default()
        }
    );
    let observed = store.observed(at(-60)).await.unwrap();
    store.close().await.unwrap();

    let record = &observed.imports[REQUEST];
    assert_eq!(
        (
            record.calls_listed,
            record.calls_imported,
            record.calls_failed
        ),
        (4, 3, 1)
    );
    assert_eq!(
        (record.transcripts_imported, record.transcripts_pending),
        (1, 1)
    );
    assert_eq!((record.requests_sent, record.updated_at), (1, at(1)));
    assert_eq!(
        observed.checkpoints[REQUEST],
        [checkpoint(4, Some("page 2"))]
    );
    assert_eq!(observed.usage, full_page().usage);
    insta::assert_snapshot!("a_written_page", written(&place));
}

/// The content tables, for the eye.
fn written(place: &Place) -> String {
    super::fixtures::CONTENT
        .iter()
        .chain(&["participants", "import_progress"])
        .map(|table| format!("{table}\n  {}\n", place.dump(table).join("\n  ")))
        .collect()
}

#[tokio::test]
async fn the_same_page_again_changes_no_row() {
    let place = Place::new();
    let mut first = full_page();
    first.failures.clear();
    let store = place.begun().await;
    store.commit_page(first.clone()).await.unwrap();
    store.close().await.unwrap();
    let before = place.content();

    let store = place.open();
    let receipt = store
        .commit_page(PageCommit {
            now: at(1_440),
            ..first
        })
        .await
        .unwrap();
    store.close().await.unwrap();
    assert_eq!(
        receipt,
        PageReceipt {
            unchanged: 3,
            pending: vec!["1".into()],
            ..PageReceipt::default()
        }
    );
    assert_eq!(place.content(), before);
}

#[tokio::test]
async fn a_poorer_answer_changes_no_row() {
    let place = Place::new();
    let store = place.begun().await;
    store.commit_page(full_page()).await.unwrap();
    store.close().await.unwrap();
    let before = place.content();

    let mut poorer = full_page();
    poorer.failures.clear();
    for call in &mut poorer.calls {
        *call = call_import_engine::model::Call::new(&*call.external_id);
    }
    poorer.calls[1].title = Some(String::new());
    poorer.transcripts = vec![("2".into(), transcript(&[]).into())];
    let store = place.open();
    let receipt = store.commit_page(poorer).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(
        (receipt.unchanged, receipt.updated, receipt.transcripts),
        (3, 0, 0)
    );
    assert_eq!(place.content(), before);
}

#[tokio::test]
async fn a_better_answer_replaces_and_fills() {
    let place = Place::new();
    let store = place.begun().await;
    let mut first = call("1");
    first.summary = None;
    first.participants[1].email = None;
    store.commit_page(page(vec![first])).await.unwrap();

    let mut second = call("1");
    second.title = Some("Renewal, second round".into());
    second.language = None;
    second.started_at = Some(at(-700));
    second.started_at_precision = Precision::Scheduled;
    second.participants[0].phone = None;
    let receipt = store
        .commit_page(PageCommit {
            now: at(9),
            ..page(vec![second.clone()])
        })
        .await
        .unwrap();
    assert_eq!((receipt.new, receipt.updated), (0, 1));
    // What was merged is recognised from either answer.
    let receipt = store.commit_page(page(vec![second])).await.unwrap();
    assert_eq!((receipt.updated, receipt.unchanged), (0, 1));
    store.close().await.unwrap();
    assert_eq!(
        texts(
            &place.sql(),
            "SELECT concat_ws(' | ', title, summary, language, started_at, participants[1].phone,
                participants[2].email, first_imported_at, updated_at, last_seen_at) FROM calls"
        ),
        [
            "Renewal, second round | They renew. | en | 2026-11-25 15:19:00 | +49 30 1234 | \
          bo@fabrikam.example | 2026-11-26 01:18:00 | 2026-11-26 01:26:00 | 2026-11-26 01:26:00"
        ]
    );
}

#[tokio::test]
async fn a_shorter_list_of_people_is_taken_as_it_is() {
    let place = Place::new();
    let store = place.begun().await;
    store.commit_page(page(vec![call("1")])).await.unwrap();
    let mut second = call("1");
    second.participants = vec![Participant {
        phone: None,
        ..second.participants[1].clone()
    }];
    store.commit_page(page(vec![second])).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(place.dump("participants").len(), 1);
}

#[tokio::test]
async fn transcripts_come_later_and_are_replaced_only_by_others() {
    let place = Place::new();
    let store = place.begun().await;
    store
        .commit_page(page(vec![call("1"), call("2")]))
        .await
        .unwrap();
    let spoken = |sentences: &[&str]| PageCommit {
        transcripts: vec![("1".into(), transcript(sentences).into())],
        ..page(vec![])
    };
    let receipt = store
        .commit_page(spoken(&["Hello.", "Bye."]))
        .await
        .unwrap();
    assert_eq!((receipt.transcripts, receipt.updated), (1, 0));
    let receipt = store
        .commit_page(spoken(&["Hello.", "Bye."]))
        .await
        .unwrap();
    assert_eq!(receipt.transcripts, 0);
    let receipt = store.commit_page(spoken(&["Hello!"])).await.unwrap();
    assert_eq!(receipt.transcripts, 1);
    // A listing that still says "later" does not make it pending again.
    let receipt = store.commit_page(page(vec![call("1")])).await.unwrap();
    assert_eq!(receipt.pending, [""; 0]);
    let totals = store
        .totals(REQUEST, DIGEST, "gong", "northwind-robotics")
        .await
        .unwrap();
    store.close().await.unwrap();
    assert_eq!(
        (totals.transcripts_imported, totals.transcripts_pending),
        (1, 1)
    );
    assert_eq!(
        texts(
            &place.sql(),
            "SELECT text FROM transcript_segments ORDER BY idx"
        ),
        ["Hello!"]
    );
    assert_eq!(place.one::<i64>("SELECT segment_count FROM transcripts"), 1);
}

#[tokio::test]
async fn a_transcript_of_an_unknown_call_is_left_out() {
    let place = Place::new();
    let store = place.begun().await;
    let stray = PageCommit {
        transcripts: vec![("9".into(), transcript(&["Who?"]).into())],
        ..page(vec![])
    };
    assert_eq!(store.commit_page(stray).await.unwrap().transcripts, 0);
    store.close().await.unwrap();
    assert_eq!(place.dump("transcripts"), [""; 0]);
}

#[tokio::test]
async fn an_id_that_comes_twice_counts_once() {
    let place = Place::new();
    let store = place.begun().await;
    let spoken = |title: &str, sentences: &[&str]| {
        let mut call = call("1");
        call.title = Some(title.into());
        call.transcript = TranscriptContent::Here(transcript(sentences));
        call
    };
    let twice = vec![
        spoken("short", &["Hi."]),
        spoken("long", &["Hello there."]),
        spoken("empty", &[]),
    ];
    let receipt = store.commit_page(page(twice)).await.unwrap();
    assert_eq!((receipt.new, receipt.transcripts), (1, 1));
    store.close().await.unwrap();
    assert_eq!(texts(&place.sql(), "SELECT title FROM calls"), ["long"]);
    assert_eq!(
        texts(&place.sql(), "SELECT text FROM transcript_segments"),
        ["Hello there."]
    );
}

#[tokio::test]
async fn a_failed_page_leaves_nothing() {
    let place = Place::new();
    let store = place.begun().await;
    store.commit_page(page(vec![call("1")])).await.unwrap();
    let unknown_run = PageCommit {
        run_id: "run-9".into(),
        ..full_page()
    };
    let error = store.commit_page(unknown_run).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Missing { what: "run", .. }),
        "{error}"
    );
    store.close().await.unwrap();
    let before: Vec<_> = place.content();
    assert_eq!(before[0].len(), 1);
    assert_eq!(place.dump("checkpoints"), [""; 0]);
    assert_eq!(place.dump("api_usage"), [""; 0]);

    // The writer goes on with what is right.
    let store = place.open();
    assert_eq!(store.commit_page(full_page()).await.unwrap().new, 2);
    store.close().await.unwrap();
}

#[tokio::test]
async fn every_commit_raises_the_sequence() {
    let place = Place::new();
    place.open().close().await.unwrap();
    let before: i64 = place.one("SELECT sequence FROM record");
    // begin_run and apply; opening and closing record nothing, and so do not count.
    let store = place.begun().await;
    store.commit_page(page(vec![call("1")])).await.unwrap();
    store.commit_page(page(vec![call("1")])).await.unwrap();
    store.observed(at(0)).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(place.one::<i64>("SELECT sequence FROM record"), before + 4);
}

#[tokio::test]
async fn failures_are_counted_until_the_call_comes() {
    let place = Place::new();
    let store = place.begun().await;
    let failing = |stage| PageCommit {
        failures: vec![failure("1", stage)],
        ..page(vec![])
    };
    let failed = async || {
        let totals = store
            .totals(REQUEST, DIGEST, "gong", "northwind-robotics")
            .await
            .unwrap();
        totals.calls_failed
    };
    store.commit_page(failing("list")).await.unwrap();
    store
        .commit_page(PageCommit {
            now: at(5),
            ..failing("list")
        })
        .await
        .unwrap();
    assert_eq!(failed().await, 1);
    store.commit_page(page(vec![call("1")])).await.unwrap();
    assert_eq!(failed().await, 0);

    store.commit_page(failing("transcript")).await.unwrap();
    store.commit_page(page(vec![call("1")])).await.unwrap();
    assert_eq!(
        failed().await,
        1,
        "the call is listed, its transcript still fails"
    );
    let spoken = PageCommit {
        now: at(7),
        transcripts: vec![("1".into(), transcript(&["Hello."]).into())],
        ..page(vec![])
    };
    store.commit_page(spoken).await.unwrap();
    assert_eq!(failed().await, 0);
    store.close().await.unwrap();
    assert_eq!(
        texts(
            &place.sql(),
            "SELECT concat_ws(' | ', stage, class, attempts, first_at, last_at, resolved_at)
             FROM call_failures"
        ),
        [
            "transcript | broken_reply | 3 | 2026-11-26 01:18:00 | 2026-11-26 01:18:00 | 2026-11-26 01:24:00"
        ]
    );
}

#[tokio::test]
async fn pending_transcripts_are_walked_in_order_of_id() {
    let place = Place::new();
    let store = place.begun().await;
    let calls = ["10", "9", "7", "8"].map(call).to_vec();
    store.commit_page(page(calls)).await.unwrap();
    let mut walked = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let batch = store
            .pending_transcripts("gong", "northwind-robotics", REQUEST, after.as_deref(), 3)
            .await
            .unwrap();
        let Some(last) = batch.last() else { break };
        after = Some(last.external_id.clone());
        walked.extend(batch);
    }
    let none = store
        .pending_transcripts("gong", "northwind-robotics", "another", None, 3)
        .await
        .unwrap();
    store.close().await.unwrap();
    let ids: Vec<_> = walked.iter().map(|call| &*call.external_id).collect();
    assert_eq!(ids, ["10", "7", "8", "9"]);
    assert_eq!(walked[0].raw.as_deref(), Some(r#"{"id":"10"}"#));
    assert_eq!(none, []);
}

#[tokio::test]
async fn late_calls_count_in_the_newest_window() {
    let place = Place::new();
    let store = place.begun().await;
    let listing = PageCommit {
        checkpoints: vec![checkpoint(1, None)],
        ..page(vec![call("1")])
    };
    store.commit_page(listing).await.unwrap();
    store
        .commit_page(page(vec![call("1"), call("2")]))
        .await
        .unwrap();
    store
        .commit_page(page(vec![call("1"), call("2")]))
        .await
        .unwrap();
    let totals = store
        .totals(REQUEST, DIGEST, "gong", "northwind-robotics")
        .await
        .unwrap();
    store.close().await.unwrap();
    assert_eq!(
        totals,
        Totals {
            calls_listed: 2,
            calls_imported: 2,
            transcripts_pending: 2,
            media_listed: 2,
            ..Totals::default()
        }
    );
}

#[tokio::test]
async fn calls_of_a_cancelled_request_are_taken_over_and_of_no_other() {
    let place = Place::new();
    let store = place.begun().await;
    store.commit_page(page(vec![call("1")])).await.unwrap();
    let mut renamed = import();
    renamed.request_id = "northwind-gong-2".into();
    store
        .apply(vec![renamed.clone()], vec![], at(2))
        .await
        .unwrap();
    let by_other = || PageCommit {
        request_id: renamed.request_id.clone(),
        ..page(vec![call("1")])
    };
    let owned = async || {
        let totals = store
            .totals(&renamed.request_id, DIGEST, "gong", "northwind-robotics")
            .await
            .unwrap();
        totals.transcripts_pending
    };
    store.commit_page(by_other()).await.unwrap();
    assert_eq!(owned().await, 0);
    let mut cancelled = import();
    cancelled.phase = Phase::Cancelled;
    store.apply(vec![cancelled], vec![], at(3)).await.unwrap();
    let receipt = store.commit_page(by_other()).await.unwrap();
    assert_eq!((receipt.unchanged, owned().await), (1, 1));
    store.close().await.unwrap();
}

#[tokio::test]
async fn missing_recordings_are_walked_the_newest_first() {
    let place = Place::new();
    let store = place.begun().await;
    let started = |id: &str, minutes: Option<i64>| {
        let mut call = call(id);
        call.started_at = minutes.map(at);
        call
    };
    let calls = [
        started("1", Some(1)),
        started("2", Some(3)),
        started("3", None),
        started("4", Some(3)),
        started("5", Some(2)),
    ];
    let mut none = started("6", Some(9));
    none.media.clear();
    let calls = calls.into_iter().chain([none]).collect();
    store.commit_page(page(calls)).await.unwrap();
    let mut walked: Vec<String> = Vec::new();
    loop {
        let after = walked.last().cloned();
        let some = store
            .pending_media("gong", "northwind-robotics", REQUEST, after.as_deref(), 2)
            .await
            .unwrap();
        if some.is_empty() {
            break;
        }
        for call in some {
            let raw = format!(r#"{{"id":"{}"}}"#, call.external_id);
            assert_eq!(call.raw, Some(raw), "with what the listing said");
            walked.push(call.external_id);
        }
    }
    assert_eq!(walked, ["2", "4", "5", "1", "3"]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_stored_file_stays_stored() {
    let place = Place::new();
    let store = place.begun().await;
    store.commit_page(page(vec![call("1")])).await.unwrap();
    store.close().await.unwrap();
    place
        .sql()
        .execute_batch(
            "UPDATE media SET state = 'stored', sha256 = 'ab', stored_uri = 's3://copies/1',
                 fetched_at = TIMESTAMP '2026-11-26 02:00:00'",
        )
        .unwrap();
    let store = place.open();
    let mut renamed = call("1");
    renamed.title = Some("Renewal, renamed".into());
    renamed.media[0].state = MediaState::Listed;
    store
        .commit_page(page(vec![renamed.clone()]))
        .await
        .unwrap();
    let receipt = store.commit_page(page(vec![renamed])).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(receipt.unchanged, 1);
    assert_eq!(
        texts(
            &place.sql(),
            "SELECT concat_ws(' | ', state, sha256, stored_uri, fetched_at, media_state)
             FROM media JOIN calls USING (platform, account, external_id)"
        ),
        ["stored | ab | s3://copies/1 | 2026-11-26 02:00:00 | stored"]
    );
}

#[tokio::test]
async fn more_rows_than_one_vector_of_the_database_keep_their_lists() {
    let place = Place::new();
    let store = place.begun().await;
    let calls: Vec<_> = (0..2_500)
        .map(|number| {
            let mut call = call(&format!("{number:05}"));
            call.participants.truncate(number % 3);
            call.transcript = TranscriptContent::Here(transcript(&["a"; 9]));
            call
        })
        .collect();
    let expected: usize = calls.iter().map(|call| call.participants.len()).sum();
    store.commit_page(page(calls)).await.unwrap();
    store.close().await.unwrap();
    let people: i64 = place.one("SELECT count(*) FROM participants");
    assert_eq!(usize::try_from(people).unwrap(), expected);
    assert_eq!(
        place.one::<i64>(
            "SELECT count(*) FROM calls WHERE len(participants) <> CAST(external_id AS BIGINT) % 3"
        ),
        0
    );
    assert_eq!(
        place.one::<i64>("SELECT count(*) FROM transcript_segments"),
        22_500
    );
    assert_eq!(
        place.one::<String>("SELECT DISTINCT transcript_state FROM calls"),
        TranscriptState::Imported.as_str()
    );
}

#[tokio::test]
async fn texts_of_every_kind_come_back_as_they_were() {
    let place = Place::new();
    let store = place.begun().await;
    let odd = [
        "",
        "it's; DROP TABLE calls; --",
        "naïve 😀 \u{202e}",
        "a\0b",
        "\r\n\t\"\\",
    ];
    let mut first = call("odd'); --");
    first.title = Some(odd.concat());
    first.transcript = TranscriptContent::Here(transcript(&odd));
    store.commit_page(page(vec![first.clone()])).await.unwrap();
    let receipt = store.commit_page(page(vec![first])).await.unwrap();
    assert_eq!(receipt.unchanged, 1);
    store.close().await.unwrap();
    assert_eq!(
        texts(
            &place.sql(),
            "SELECT text FROM transcript_segments ORDER BY idx"
        ),
        odd
    );
    assert_eq!(
        texts(&place.sql(), "SELECT title FROM calls"),
        [odd.concat()]
    );
    assert_eq!(texts(&place.sql(), "SELECT run_id FROM runs"), [RUN]);
}
