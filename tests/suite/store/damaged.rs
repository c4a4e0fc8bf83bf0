//! What DuckDB does with files that are not what it wrote, as measured: to be run with every new version of it. A record
//! that comes back short without a word would lose calls, so it is whole, or refused.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::{fs, path::PathBuf};

use call_import_engine::store::{self, Store, StoreError};

use super::fixtures::{Place, RUN, at, call, page, texts, transcript};

/// The record of a run that was killed after so many pages of ten calls: the file, DuckDB's log and the mark.
async fn killed(pages: usize) -> Place {
    let (running, killed) = (Place::new(), Place::new());
    let store = running.begun().await;
    for number in 0..pages {
        let ids = (0..10).map(|position| format!("{number}-{position}"));
        let calls = ids.map(|id| call(&id)).collect();
        store.commit_page(page(calls)).await.unwrap();
    }
    copy(&running, &killed);
    store.close().await.unwrap();
    killed
}

fn copy(from: &Place, to: &Place) {
    for path in [vec![from.path()], store::companions(&from.path()).to_vec()].concat() {
        let name = path.file_name().unwrap();
        fs::copy(&path, to.folder.path().join(name)).unwrap();
    }
}

fn log(place: &Place) -> PathBuf {
    store::companions(&place.path())[0].clone()
}

fn open(place: &Place) -> Result<Store, StoreError> {
    Store::open(&place.path(), RUN, "host.example", at(1))
}

/// Opens, counts the calls and closes.
async fn calls(place: &Place) -> Result<i64, StoreError> {
    open(place)?.close().await?;
    Ok(place.one("SELECT count(*) FROM calls"))
}

fn assert_refused(error: &StoreError, why: &str) {
    let text = error.to_string();
    assert!(
        matches!(error, StoreError::Damaged { .. } | StoreError::Short { .. }),
        "{why}: {text}"
    );
    assert_eq!(error.exit_code(), 5, "{why}");
    assert!(
        text.to_lowercase().contains("put back the last good copy"),
        "{why}: {text}"
    );
}

#[tokio::test]
async fn a_killed_run_leaves_every_commit_and_a_closed_record_stands_alone() {
    let place = killed(7).await;
    assert!(
        store::companions(&place.path())
            .iter()
            .all(|path| path.exists())
    );
    assert_eq!(calls(&place).await.unwrap(), 70);
    for path in store::companions(&place.path()) {
        assert!(!path.exists(), "{}", path.display());
    }
}

/// Such a transaction goes into the file at once, and the log only tells where.
#[tokio::test]
async fn a_commit_that_fills_a_row_group_is_there_after_a_kill() {
    const CALLS: usize = 64;
    const SENTENCES: usize = 2_000;
    let (running, killed) = (Place::new(), Place::new());
    let store = running.begun().await;
    let ids: Vec<String> = (0..CALLS).map(|number| number.to_string()).collect();
    let sentences: Vec<String> = (0..SENTENCES)
        .map(|idx| format!("Sentence {idx}."))
        .collect();
    let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
    let mut commit = page(ids.iter().map(|id| call(id)).collect());
    let spoken = ids
        .iter()
        .map(|id| (id.clone(), transcript(&sentences).into()));
    commit.transcripts = spoken.collect();
    assert_eq!(store.commit_page(commit).await.unwrap().transcripts, CALLS);
    let logged = fs::metadata(log(&running)).unwrap().len();
    assert!(logged < 1_000_000, "{logged} bytes");
    copy(&running, &killed);
    store.close().await.unwrap();

    assert_eq!(calls(&killed).await.unwrap(), CALLS as i64);
    assert_eq!(killed.content(), running.content());
    let whole: bool = killed.one(
        "SELECT count(*) = 64 AND bool_and(n = 2000 AND first = 0 AND last = 1999 AND text = 'Sentence 7.')
         FROM (SELECT count(*) AS n, min(idx) AS first, max(idx) AS last,
                   any_value(text) FILTER (idx = 7) AS text
               FROM transcript_segments GROUP BY external_id)",
    );
    assert!(whole);
}

#[tokio::test]
async fn a_byte_that_flips_in_the_log_is_never_passed_over() {
    let whole = killed(7).await;
    let bytes = fs::read(log(&whole)).unwrap();
    let (mut refused, mut short) = (0, 0);
    for place in (0..bytes.len()).step_by(bytes.len() / 90) {
        let rotten = Place::new();
        copy(&whole, &rotten);
        let mut flipped = bytes.clone();
        flipped[place] ^= 0x04;
        fs::write(log(&rotten), flipped).unwrap();
        match calls(&rotten).await {
            Ok(found) => assert_eq!(found, 70, "byte {place} of {}", bytes.len()),
            Err(error) => {
                assert_refused(&error, &format!("byte {place}"));
                refused += 1;
                short += usize::from(matches!(error, StoreError::Short { .. }));
            }
        }
    }
    assert!(refused >= 80, "{refused} refused");
    assert!(short > 0, "the mark is needed with this version of DuckDB");
}

#[tokio::test]
async fn a_log_that_lost_its_end_or_is_gone_is_noticed_by_who_reads_and_who_writes() {
    let whole = killed(7).await;
    let bytes = fs::read(log(&whole)).unwrap();
    for length in [0, bytes.len() / 2, bytes.len() - 1] {
        let torn = Place::new();
        copy(&whole, &torn);
        fs::write(log(&torn), &bytes[..length]).unwrap();
        let error = Store::open_to_read(&torn.path()).unwrap_err();
        assert_refused(&error, "to read");
        let error = open(&torn).unwrap_err();
        assert_refused(&error, &format!("{length} bytes"));
    }
    let without = Place::new();
    copy(&whole, &without);
    fs::remove_file(log(&without)).unwrap();
    let error = open(&without).unwrap_err();
    let StoreError::Short { found, marked, .. } = &error else {
        panic!("{error}");
    };
    assert!(found < marked, "{error}");

    // The way on that the message tells: what is gone is imported again.
    fs::remove_file(&store::companions(&without.path())[1]).unwrap();
    assert_eq!(calls(&without).await.unwrap(), 0);
}

#[tokio::test]
async fn a_commit_that_nobody_was_told_of_may_be_torn() {
    let (running, torn) = (Place::new(), Place::new());
    let store = running.begun().await;
    store.commit_page(page(vec![call("1")])).await.unwrap();
    let told = fs::metadata(log(&running)).unwrap().len();
    copy(&running, &torn);
    store.commit_page(page(vec![call("2")])).await.unwrap();
    let bytes = fs::read(log(&running)).unwrap();
    store.close().await.unwrap();
    let middle =
        usize::try_from(told).unwrap() + (bytes.len() - usize::try_from(told).unwrap()) / 2;
    fs::write(log(&torn), &bytes[..middle]).unwrap();
    assert_eq!(calls(&torn).await.unwrap(), 1);
}

#[tokio::test]
async fn a_log_of_another_time_or_another_record_is_refused() {
    let older = killed(3).await;
    let newer = Place::new();
    copy(&older, &newer);
    open(&newer).unwrap().close().await.unwrap();
    let content = fs::read(newer.path()).unwrap();
    for (why, foreign) in [
        ("the log that is in the file already", older),
        ("the log of another record", killed(2).await),
    ] {
        fs::copy(log(&foreign), log(&newer)).unwrap();
        let error = open(&newer).unwrap_err();
        assert_refused(&error, why);
        assert!(fs::read(newer.path()).unwrap() == content, "{why}");
    }
    fs::remove_file(log(&newer)).unwrap();
    assert_eq!(calls(&newer).await.unwrap(), 30);
}

#[tokio::test]
async fn zeros_behind_the_log_are_ignored_or_refused() {
    let place = killed(3).await;
    let mut bytes = fs::read(log(&place)).unwrap();
    bytes.extend([0; 4096]);
    fs::write(log(&place), bytes).unwrap();
    match calls(&place).await {
        Ok(found) => assert_eq!(found, 30),
        Err(error) => assert_refused(&error, "zeros"),
    }
}

#[tokio::test]
async fn a_rotten_block_is_named_as_damage_by_whatever_reads_it() {
    let place = Place::new();
    let store = place.begun().await;
    let calls = (0..400).map(|number| call(&number.to_string())).collect();
    store.commit_page(page(calls)).await.unwrap();
    store.close().await.unwrap();
    let whole = fs::read(place.path()).unwrap();
    let mut named = 0;
    for offset in (0x3000 + 5_000..whole.len()).step_by(256 << 10) {
        let mut bytes = whole.clone();
        bytes[offset] ^= 0x04;
        fs::write(place.path(), bytes).unwrap();
        let read = store::inspect(&place.path());
        if let Err(error) = read {
            assert_refused(&error, &format!("byte {offset}"));
            named += 1;
        }
    }
    assert!(named > 0, "no block is in use");
}

/// DuckDB answers OK to a COMMIT after a failed statement, and rolls back.
#[tokio::test]
async fn a_statement_that_fails_leaves_nothing_and_says_so() {
    let place = Place::new();
    place.begun().await.close().await.unwrap();
    place
        .sql()
        .execute_batch("ALTER TABLE calls ALTER title TYPE BIGINT")
        .unwrap();
    let store = place.open();
    let before = store.record().await.unwrap().sequence;
    let error = store.commit_page(page(vec![call("1")])).await.unwrap_err();
    assert!(matches!(error, StoreError::Sql(_)), "{error}");
    assert_eq!(store.record().await.unwrap().sequence, before);
    store.close().await.unwrap();
    for table in ["calls", "transcripts", "checkpoints", "api_usage"] {
        assert_eq!(place.dump(table), [""; 0], "{table}");
    }
}

/// A default that is computed makes a log that DuckDB 1.2 to 1.5 cannot replay.
#[test]
fn added_columns_have_constant_defaults_or_none() {
    let folder = crate::support::root().join("src/store/migrations");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let code: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("--"))
            .collect();
        for statement in code
            .join(" ")
            .split(';')
            .filter(|text| text.contains("ADD COLUMN"))
        {
            let default = statement.split("DEFAULT").nth(1).unwrap_or("0");
            assert!(!default.contains('('), "{}: {statement}", path.display());
            assert!(!statement.contains("NOT NULL"), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn of_two_answers_about_a_call_in_one_page_none_is_lost() {
    let mut contents = Vec::new();
    for reversed in [false, true] {
        let place = Place::new();
        let store = place.begun().await;
        let mut calls = vec![call("1"), call("1")];
        calls[0].summary = None;
        calls[0].source_url = Some("https://platform.example/1".into());
        calls[1].summary = Some("What was said.".into());
        calls[1].source_url = None;
        if reversed {
            calls.reverse();
        }
        let receipt = store.commit_page(page(calls)).await.unwrap();
        assert_eq!(receipt.new, 1);
        store.close().await.unwrap();
        contents.push(texts(
            &place.sql(),
            "SELECT concat_ws(' | ', external_id, summary, source_url) FROM calls",
        ));
    }
    let whole = ["1 | What was said. | https://platform.example/1"];
    assert_eq!(contents, [whole, whole]);
}
