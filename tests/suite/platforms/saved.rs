//! Answers that a customer's script saved to files are read as the connector reads them.

use std::collections::BTreeMap;

use call_import_engine::{
    import::{Saved, saved},
    model::{Call, Transcript, TranscriptContent},
    platforms,
};
use serde_json::{Value, json};

use super::{HELD, fixtures::Fixtures, replay::Replay};

const READ: &[&str] = &["fathom", "fireflies", "gong", "grain", "tldv"];

#[test]
fn the_platforms_whose_saved_answers_are_read() {
    let mut read: Vec<&str> = platforms::catalog()
        .filter(|(_, connector)| connector.saved().is_some())
        .map(|(key, _)| key)
        .collect();
    read.sort_unstable();
    assert_eq!(read, READ);
    for other in ["zoom", "other"] {
        assert_eq!(saved(other, br#"{"calls": []}"#, &[], &|_| None), None);
    }
}

#[test]
fn saved_answers_give_what_the_connector_gives() {
    for (key, fixtures) in HELD.iter().filter(|(key, _)| READ.contains(key)) {
        for fixtures in fixtures() {
            let (_, imported) = Replay::new(&fixtures).import();
            assert!(!imported.calls.is_empty() && !imported.transcripts.is_empty());
            let calls = calls(&read_all(&fixtures, &imported.calls));
            let calls: Vec<Call> = calls.into_iter().map(comparable).collect();
            for call in imported.calls.iter().cloned().map(comparable) {
                assert!(calls.contains(&call), "{key}: {call:#?}");
            }
            for (id, transcript) in &imported.transcripts {
                assert!(
                    is_found(&fixtures, &imported.calls, id, transcript),
                    "{key}: the transcript of {id}"
                );
            }
        }
    }
}

/// All answers of a script in one file, as JSON Lines and as a list.
#[test]
fn answers_may_stand_in_one_file() {
    for (key, fixtures) in HELD.iter().filter(|(key, _)| READ.contains(key)) {
        let fixtures = fixtures().remove(0);
        let apart: Vec<Call> = calls(&read_all(&fixtures, &[]));
        let answers: Vec<Value> = answers(&fixtures)
            .filter_map(|body| serde_json::from_slice(body).ok())
            // A bare list does not say of which call it is, and so has a file of its own.
            .filter(Value::is_object)
            .collect();
        let lines: Vec<String> = answers.iter().map(Value::to_string).collect();
        for together in [lines.join("\n"), json!(answers).to_string()] {
            let together = read(key, together.as_bytes(), &[]).unwrap();
            assert_eq!(ids(&calls(&[together])), ids(&apart), "{key}");
        }
    }
}

#[test]
fn calls_may_be_taken_out_of_their_answers() {
    for (key, list) in [
        ("fathom", "/items"),
        ("fireflies", "/data/transcripts"),
        ("gong", "/calls"),
        ("grain", "/recordings"),
        ("tldv", "/results"),
    ] {
        let (_, fixtures) = HELD.iter().find(|(held, _)| held == &key).unwrap();
        let fixtures = fixtures().remove(0);
        let call_key = platforms::connector(key).unwrap().saved().unwrap().call_key;
        let found = answers(&fixtures).find_map(|body| {
            let answer: Value = serde_json::from_slice(body).ok()?;
            let calls = answer.pointer(list)?.as_array()?.clone();
            let is_whole = |call: &Value| call.get(call_key).is_some();
            let calls: Vec<Value> = calls.into_iter().filter(is_whole).collect();
            (!calls.is_empty()).then(|| (body.to_owned(), calls))
        });
        let (whole, singly) = found.unwrap();
        let lines: String = singly.iter().map(|call| format!("{call}\n")).collect();
        let whole = read(key, &whole, &[]).unwrap();
        let singly = read(key, lines.as_bytes(), &[]).unwrap_or_else(|| panic!("{key}: {lines}"));
        let whole: Vec<Call> = whole.calls.into_iter().map(comparable).collect();
        assert!(!singly.calls.is_empty(), "{key}");
        for call in singly.calls.into_iter().map(comparable) {
            assert!(whole.contains(&call), "{key}: {call:#?}");
        }
    }
}

#[test]
fn gongs_transcripts_name_who_speaks_once_the_calls_are_known() {
    let transcripts = br#"{"callTranscripts": [{"callId": "1", "transcript": [
        {"speakerId": "33", "sentences": [{"start": 0, "end": 900, "text": "Hello."}]}]}]}"#;
    let calls = br#"{"calls": [{"metaData": {"id": "1"}, "parties": [{"name": "Bo Lind", "speakerId": "33"}]}]}"#;
    let listed = saved("gong", calls, &[], &|_| None).unwrap();
    let raw = listed.calls[0].raw.clone();
    let speaker = |saved: Saved| saved.transcripts[0].1.segments[0].speaker.clone().unwrap();
    let alone = saved("gong", transcripts, &[], &|_| None).unwrap();
    assert_eq!(&*speaker(alone), "33");
    let with_calls = saved("gong", transcripts, &[], &|id| {
        raw.clone().filter(|_| id == "1")
    });
    assert_eq!(&*speaker(with_calls.unwrap()), "Bo Lind");
    let together = [transcripts.as_slice(), calls].concat();
    assert_eq!(&*speaker(read("gong", &together, &[]).unwrap()), "Bo Lind");
}

#[test]
fn other_files_are_no_answers_and_single_ones_are_told() {
    for (key, _) in HELD.iter().filter(|(key, _)| READ.contains(key)) {
        for other in [
            "",
            "WEBVTT\n",
            "[]",
            "{}",
            "[1, 2]",
            r#"{"title": "Renewal"}"#,
        ] {
            assert_eq!(read(key, other.as_bytes(), &[]), None, "{key}: {other}");
        }
    }
    let mixed = "{\"calls\": [{\"metaData\": {\"id\": \"1\"}}]}\n{\"errors\": [\"Too many\"]}\n{\"calls\": [";
    let mixed = read("gong", mixed.as_bytes(), &[]).unwrap();
    assert_eq!(ids(&mixed.calls), ["1"]);
    let failures: Vec<String> = mixed.failures.into_iter().map(|one| one.detail).collect();
    insta::assert_snapshot!("saved_failures", failures.join("\n"));
}

fn read(platform: &str, body: &[u8], known: &[Call]) -> Option<Saved> {
    saved(platform, body, &[], &|id| raw_of(known, id))
}

fn raw_of(known: &[Call], id: &str) -> Option<String> {
    known
        .iter()
        .find(|call| call.external_id == id)
        .and_then(|call| call.raw.clone())
}

fn answers(fixtures: &Fixtures) -> impl Iterator<Item = &[u8]> {
    let answers = fixtures.answers.iter().filter(|one| one.status == 200);
    answers.map(|one| one.body.as_slice())
}

/// Every recorded answer as a file of its own.
fn read_all(fixtures: &Fixtures, known: &[Call]) -> Vec<Saved> {
    let files = answers(fixtures);
    files
        .filter_map(|body| read(fixtures.platform, body, known))
        .collect()
}

fn calls(files: &[Saved]) -> Vec<Call> {
    files.iter().flat_map(|file| file.calls.clone()).collect()
}

/// The same JSON may be written with blanks or without.
fn comparable(mut call: Call) -> Call {
    let raw = call.raw.as_deref().map(serde_json::from_str::<Value>);
    call.raw = raw.map(|raw| raw.unwrap().to_string());
    call
}

fn ids(calls: &[Call]) -> Vec<&str> {
    calls.iter().map(|call| call.external_id.as_str()).collect()
}

/// Whether a file holds the transcript, beside its call or by itself. Where the file does not tell the call, its name
/// does.
fn is_found(fixtures: &Fixtures, known: &[Call], id: &str, transcript: &Transcript) -> bool {
    answers(fixtures).any(|body| {
        let listed = |asked: &str| raw_of(known, if asked.is_empty() { id } else { asked });
        let Some(file) = saved(fixtures.platform, body, &[], &listed) else {
            return false;
        };
        let beside: BTreeMap<&str, &TranscriptContent> = file
            .calls
            .iter()
            .map(|call| (call.external_id.as_str(), &call.transcript))
            .collect();
        let here = beside.get(id).is_some_and(
            |content| matches!(content, TranscriptContent::Here(found) if found == transcript),
        );
        here || file
            .transcripts
            .iter()
            .any(|(own, found)| (own == id || own.is_empty()) && found == transcript)
    })
}
