//! Erasing an account: nothing of it is left in the file, nothing of another one is touched, and no night brings
//! it back. The real program is in `program`, whole nights are in `nights`.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod nights;
mod program;

use std::{fs, path::Path};

use call_import_engine::{
    model::{
        ApiUsage, CredentialState, FailureClass, FileFailure, ImportRecord, LeftOut, MediaCopy,
        MediaOutcome, Notification, NotificationKind, Participant, Phase, Tally,
    },
    platforms::RecordFailure,
    store::{self, AttemptEnd, PageCommit, Store},
};

use crate::{
    record::query,
    store::fixtures::{Place, REQUEST, RUN, at, call, checkpoint, import, page, transcript},
};

/// The account that is erased, and one that is not.
const NORTHWIND: &str = "northwind-robotics";
const FABRIKAM: &str = "fabrikam";

/// What one customer says, is called and is reached at: texts that stand in a file as they are.
struct Words {
    account: &'static str,
    request: &'static str,
    title: &'static str,
    sentence: &'static str,
    email: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        account: NORTHWIND,
        request: REQUEST,
        title: "Xylophone-4711 renewal with Quetzal",
        sentence: "Jukebox zephyr 0815 wants forty vexing walruses by Friday.",
        email: "wanda.quux@northwind-robotics.example",
    },
    Words {
        account: FABRIKAM,
        request: "fabrikam-gong",
        title: "Obsidian-1742 kick-off with Yggdrasil",
        sentence: "Kumquat fjord 2718 needs nymphs to blitz the quartz.",
        email: "egon.vex@fabrikam.example",
    },
];

impl Words {
    fn import(&self) -> ImportRecord {
        ImportRecord {
            request_id: self.request.into(),
            account: self.account.into(),
            calls_listed: 3,
            calls_failed: 1,
            reason: Some(format!("Line 7 says `{}`.", self.title)),
            ..import()
        }
    }

    fn page(&self, media: &Path) -> PageCommit {
        let ids = ["1", "2", "3"];
        let calls = ids.map(|id| {
            let mut call = call(id);
            call.title = Some(self.title.into());
            call.summary = Some(self.sentence.into());
            call.raw = Some(format!(r#"{{"title": "{}"}}"#, self.title));
            call.participants = vec![Participant {
                email: Some(self.email.into()),
                ..call.participants[0].clone()
            }];
            call
        });
        let spoken = transcript(&[self.sentence, "We renew."]);
        let copy = MediaCopy {
            mime: Some("video/mp4".into()),
            bytes: 9,
            sha256: "0".repeat(64),
            stored_uri: media.display().to_string(),
        };
        PageCommit {
            request_id: self.request.into(),
            account: self.account.into(),
            transcripts: ids.map(|id| (id.to_owned(), spoken.clone().into())).into(),
            media: vec![("1".into(), MediaOutcome::Stored(copy))],
            failures: vec![RecordFailure {
                external_id: "4".into(),
                stage: "list",
                detail: self.sentence.into(),
            }],
            file_failures: vec![FileFailure {
                file: "calls.csv".into(),
                line: Some(7),
                column: None,
                code: "odd-date".into(),
                value: Some(self.title.into()),
                message: "It is odd.".into(),
                help: "Mend it.".into(),
                original: vec![("title".into(), self.title.into())],
            }],
            skipped: vec![LeftOut {
                name: self.title.into(),
                reason: "It is no call.".into(),
                is_duplicate: false,
            }],
            checkpoints: vec![checkpoint(3, Some("cursor"))],
            usage: vec![ApiUsage {
                platform: "gong".into(),
                account: self.account.into(),
                class: "all".into(),
                bucket_start: at(0),
                requests: 1,
            }],
            ..page(calls.into())
        }
    }

    fn notification(&self, id: &str) -> Notification {
        Notification {
            notification_id: format!("{id} {}", self.request),
            request_id: self.request.into(),
            kind: NotificationKind::Completed,
            body: format!("Here is {}", self.title),
        }
    }

    fn end(&self) -> AttemptEnd {
        AttemptEnd {
            record: self.import(),
            run_id: RUN.into(),
            started_at: at(0),
            finished_at: at(5),
            outcome: Phase::Importing,
            failure_class: Some(FailureClass::Internal),
            detail: Some(self.sentence.into()),
            tally: Tally::default(),
            attempt_requests: 1,
            requests_sent: 0,
            usage: vec![],
            expire_pending: false,
            expire_media: false,
            notifications: vec![self.notification("told"), self.notification("untold")],
        }
    }

    async fn record(&self, store: &Store, media: &Path) {
        store
            .apply(vec![self.import()], vec![], at(0))
            .await
            .unwrap();
        store.commit_page(self.page(media)).await.unwrap();
        store.finish_attempt(self.end()).await.unwrap();
        let told = self.notification("told");
        store.delivered(told, "12".into(), at(6)).await.unwrap();
        let sealed = CredentialState {
            platform: "gong".into(),
            account: self.account.into(),
            credential_fingerprint: "f".into(),
            sealed: format!("sealed for {}", self.email),
            updated_at: at(3),
        };
        store.put_credential_state(sealed).await.unwrap();
    }
}

/// A record of two customers, each with a recording below `media`.
async fn record_of_two(place: &Place, media: &Path) {
    let store = place.open();
    store.begin_run(RUN, at(0), "0.1.0").await.unwrap();
    for words in &WORDS {
        let folder = media.join("gong").join(words.account);
        fs::create_dir_all(&folder).unwrap();
        let copy = folder.join("1-0.mp4");
        fs::write(&copy, "a recording").unwrap();
        words.record(&store, &copy).await;
    }
    store.close().await.unwrap();
}

fn count(haystack: &[u8], needle: &str) -> usize {
    let parts = haystack.windows(needle.len());
    parts.filter(|part| *part == needle.as_bytes()).count()
}

/// Every row of every table that speaks of Fabrikam.
fn fabrikam(database: &Path) -> Vec<String> {
    let mut rows = Vec::new();
    for (table, condition) in [
        ("api_usage", "account = 'fabrikam'"),
        ("attempts", "request_id = 'fabrikam-gong'"),
        ("call_failures", "request_id = 'fabrikam-gong'"),
        ("calls", "account = 'fabrikam'"),
        ("checkpoints", "request_id = 'fabrikam-gong'"),
        ("credential_state", "account = 'fabrikam'"),
        ("imports", "account = 'fabrikam'"),
        ("left_out", "request_id = 'fabrikam-gong'"),
        ("media", "account = 'fabrikam'"),
        ("notifications", "request_id = 'fabrikam-gong'"),
        ("runs", "true"),
        ("transcript_segments", "account = 'fabrikam'"),
        ("transcripts", "account = 'fabrikam'"),
    ] {
        let sql = format!("SELECT t::VARCHAR FROM {table} t WHERE {condition} ORDER BY 1");
        let found = query(database, &sql);
        assert!(!found.is_empty(), "{table}");
        rows.extend(found);
    }
    rows
}

#[tokio::test]
async fn nothing_of_an_erased_account_stands_in_the_file() {
    let place = Place::new();
    record_of_two(&place, &place.folder.path().join("kept")).await;
    let path = place.path();
    let [gone, stays] = &WORDS;
    let before = fs::read(&path).unwrap();
    for text in [
        gone.title,
        gone.sentence,
        gone.email,
        stays.title,
        stays.sentence,
    ] {
        assert!(count(&before, text) > 0, "{text} can be found at all");
    }
    let (others, sequence) = (
        fabrikam(&path),
        store::peek(&path).unwrap().unwrap().sequence,
    );

    let erasure = store::erase(&path, "gong", NORTHWIND, "erase-1", at(60)).unwrap();
    assert_eq!((erasure.calls, &*erasure.by_run), (3, "erase-1"));
    let after = fs::read(&path).unwrap();
    for text in [
        gone.title,
        gone.sentence,
        gone.email,
        "wanda.quux",
        "Xylophone",
    ] {
        assert_eq!(count(&after, text), 0, "{text}");
    }
    assert!(count(&after, stays.title) > 0);
    let left: Vec<String> = fs::read_dir(place.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "kept")
        .collect();
    assert_eq!(left, ["record.duckdb"], "no log and no copy");
    assert_eq!(
        fabrikam(&path),
        others,
        "not a value of the other customer changed"
    );
    let record = store::peek(&path).unwrap().unwrap();
    assert_eq!(record.sequence, sequence + 1, "it is a commit");
}

#[tokio::test]
async fn what_happened_is_still_known_but_not_what_was_said() {
    let place = Place::new();
    record_of_two(&place, &place.folder.path().join("kept")).await;
    let path = place.path();
    store::erase(&path, "gong", NORTHWIND, "erase-1", at(60)).unwrap();
    for table in [
        "calls",
        "transcripts",
        "transcript_segments",
        "media",
        "credential_state",
        "api_usage",
    ] {
        let sql = format!("SELECT account FROM {table} WHERE account <> 'fabrikam'");
        assert_eq!(query(&path, &sql), [""; 0], "{table}");
    }
    for table in ["call_failures", "left_out", "checkpoints"] {
        let sql = format!("SELECT request_id FROM {table} WHERE request_id <> 'fabrikam-gong'");
        assert_eq!(query(&path, &sql), [""; 0], "{table}");
    }
    let row = |sql: &str| {
        query(
            &path,
            &format!("SELECT t::VARCHAR FROM ({sql}) t ORDER BY 1"),
        )
    };
    let own = format!("request_id = '{REQUEST}'");
    let told = row(&format!(
        "SELECT notification_id, body, remote_id FROM notifications WHERE {own}"
    ));
    let attempts = row(&format!(
        "SELECT outcome, failure_class, detail FROM attempts WHERE {own}"
    ));
    let imports = row(&format!(
        "SELECT customer, phase, whose_turn, reason, calls_listed, calls_failed, digest FROM imports WHERE {own}"
    ));
    insta::assert_snapshot!(
        [told, attempts, imports, row("FROM erased")]
            .concat()
            .join("\n")
    );
}

#[tokio::test]
async fn a_request_that_was_changed_to_another_platform_keeps_that() {
    let place = Place::new();
    let [words, _] = &WORDS;
    let store = place.open();
    store.begin_run(RUN, at(0), "0.1.0").await.unwrap();
    words
        .record(&store, &place.folder.path().join("copy"))
        .await;
    let moved = ImportRecord {
        platform: "zoom".into(),
        digest: "digest-2".into(),
        ..words.import()
    };
    store
        .apply(vec![moved.clone()], vec![], at(9))
        .await
        .unwrap();
    let now = PageCommit {
        platform: "zoom".into(),
        digest: "digest-2".into(),
        failures: vec![RecordFailure {
            external_id: "9".into(),
            stage: "list",
            detail: "It cannot be read.".into(),
        }],
        ..page(vec![call("8")])
    };
    store.commit_page(now).await.unwrap();
    let holdings = store.holdings("gong", NORTHWIND).await.unwrap();
    assert_eq!((holdings.calls, holdings.requests.len()), (3, 0));
    store.close().await.unwrap();

    store::erase(&place.path(), "gong", NORTHWIND, "erase-1", at(60)).unwrap();
    let bytes = fs::read(place.path()).unwrap();
    // Its present row may still say why it stands as it does.
    for text in [words.sentence, words.email] {
        assert_eq!(count(&bytes, text), 0, "{text}");
    }
    let failures = "SELECT external_id FROM call_failures";
    assert_eq!(query(&place.path(), failures), ["9"]);
    assert_eq!(query(&place.path(), "SELECT platform FROM calls"), ["zoom"]);
    assert_eq!(
        query(&place.path(), "SELECT phase FROM imports"),
        ["importing"]
    );
}

#[tokio::test]
async fn a_second_erasure_adds_to_the_first() {
    let place = Place::new();
    record_of_two(&place, &place.folder.path().join("kept")).await;
    let path = place.path();
    store::erase(&path, "gong", NORTHWIND, "erase-1", at(60)).unwrap();
    let again = store::erase(&path, "gong", NORTHWIND, "erase-2", at(61)).unwrap();
    assert_eq!(again.calls, 3);
    let other = store::erase(&path, "gong", FABRIKAM, "erase-3", at(62)).unwrap();
    assert_eq!(other.calls, 3);
    let store = Store::open_to_read(&path).unwrap();
    assert_eq!(store.erasures().await.unwrap(), [other, again]);
    let holdings = store.holdings("gong", FABRIKAM).await.unwrap();
    assert!(holdings.is_empty() && !holdings.is_unknown());
    assert!(store.holdings("zoom", FABRIKAM).await.unwrap().is_unknown());
}

#[tokio::test]
async fn what_a_killed_erasure_left_is_in_nobodys_way() {
    let place = Place::new();
    record_of_two(&place, &place.folder.path().join("kept")).await;
    let half = place.folder.path().join(".record.duckdb.erasing");
    let log = place.folder.path().join(".record.duckdb.erasing.wal");
    for leftover in [&half, &log] {
        fs::write(leftover, "half a record").unwrap();
    }
    store::erase(&place.path(), "gong", NORTHWIND, "erase-1", at(60)).unwrap();
    assert!(!half.exists() && !log.exists());
    assert_eq!(
        query(&place.path(), "SELECT DISTINCT account FROM calls"),
        [FABRIKAM]
    );
}

#[tokio::test]
async fn a_record_in_use_is_not_replaced() {
    let place = Place::new();
    record_of_two(&place, &place.folder.path().join("kept")).await;
    let store = place.open();
    let error = store::erase(&place.path(), "gong", NORTHWIND, "erase-1", at(60)).unwrap_err();
    assert_eq!(error.exit_code(), 4, "{error}");
    let holdings = store.holdings("gong", NORTHWIND).await.unwrap();
    assert_eq!((holdings.calls, holdings.segments), (3, 6));
}
