//! Calls as JSON: records, the engine's own form, what is written and read again, podcast transcripts.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::fmt::Write as _;

use call_import_engine::{
    files::{
        CallList, FileProblem, ListedCall, Options, RowFailure,
        json::{self, DEEPEST_RECORD, LARGEST_RECORD, call, call_list, records},
    },
    model::{
        Affiliation, Call, CallKind, CrmLink, Direction, DurationSource, Granularity, Media,
        MediaKind, MediaState, Participant, Precision, Role, Scope, Segment, Transcript,
        TranscriptContent, TranscriptState,
    },
    store::{ExportFormat, export},
};
use jiff::{Timestamp, tz::TimeZone};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    store::fixtures::{self, Place},
    support,
};

const TWO: [&str; 2] = [
    r#"{"external_id": "1", "title": "Zoë, one"}"#,
    r#"{"external_id": "2", "title": "two }\" ]"}"#,
];

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(support::root().join("tests/fixtures/files/json").join(name)).unwrap()
}

fn read(bytes: impl AsRef<[u8]>) -> CallList {
    call_list("calls.jsonl", bytes.as_ref(), &Options::default()).unwrap()
}

fn titles(list: &CallList) -> Vec<&str> {
    let titles = list.calls.iter().map(|listed| listed.call.title.as_deref());
    titles.map(Option::unwrap).collect()
}

/// Failures as a person sees them.
fn told(list: &CallList) -> String {
    let mut text = String::new();
    for RowFailure { problem, original } in &list.failures {
        writeln!(text, "{}", shown(problem)).unwrap();
        for (heading, cell) in original {
            writeln!(text, "    {heading}: {cell}").unwrap();
        }
    }
    text
}

fn shown(problem: &FileProblem) -> String {
    let place = |place: Option<usize>| place.map_or("-".to_owned(), |place| place.to_string());
    format!(
        "{}:{} [{}] {problem} {:?}",
        place(problem.line),
        place(problem.column),
        problem.code,
        problem.value
    )
}

#[test]
fn records_come_in_every_form() {
    let [one, two] = TWO;
    let pretty = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        format!("{value:#}")
    };
    let (pretty_one, pretty_two) = (pretty(one), pretty(two));
    for (form, text) in [
        ("lines", format!("{one}\n{two}\n")),
        ("no end", format!("{one}\r\n{two}")),
        ("list", format!("[{one},{two}]")),
        ("one below the other", format!("[\n{one},\n{two}\n]\n")),
        (
            "pretty list",
            format!(
                "[\n  {},\n  {}\n]",
                pretty_one.replace('\n', "\n  "),
                pretty_two
            ),
        ),
        ("one after another", format!("{one}{two}")),
        ("pretty", format!("{pretty_one}\n{pretty_two}\n")),
        ("lists", format!("[{one}]\n[{two}]\n")),
        (
            "blank lines and marks",
            format!("\u{feff}\n\n{one}\n\u{feff}{two}\n\n"),
        ),
        ("commas", format!("{one},\n{two},\n")),
        ("text sequence", format!("\u{1e}{one}\n\u{1e}{two}\n")),
    ] {
        let list = read(&text);
        assert_eq!(titles(&list), ["Zoë, one", "two }\" ]"], "{form}");
        assert_eq!(list.failures, [], "{form}");
        again(text.as_bytes(), &list, form);
        for (encoding, bytes) in [
            ("utf-16le", utf_16(&text, u16::to_le_bytes)),
            ("utf-16be", utf_16(&text, u16::to_be_bytes)),
        ] {
            let wide = read(&bytes);
            assert_eq!(titles(&wide), titles(&list), "{form} {encoding}");
            again(&bytes, &wide, form);
        }
    }
    let single = read(one);
    assert_eq!(single.calls[0].range, Some(0..one.len() as u64));
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(bytes).collect()
}

/// Each record can be read again without the rest.
fn again(file: &[u8], list: &CallList, form: &str) {
    for listed in &list.calls {
        let range = listed.range.clone().unwrap();
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        let alone = call(&file[range], &Options::default()).unwrap();
        assert_eq!(alone.call, listed.call, "{form}");
    }
}

#[test]
fn what_is_neither_utf_8_nor_utf_16_is_read_without_places() {
    let bytes = b"{\"title\": \"Zo\xeb and the team of Northwind\"}";
    let list = read(bytes);
    assert_eq!(titles(&list), ["Zoë and the team of Northwind"]);
    assert_eq!(list.calls[0].range, None);
    assert_eq!(list.notices[0].code, "windows-1252-assumed");
}

#[test]
fn a_broken_record_does_not_stop_the_file() {
    let shown = [
        "{\"title\": \"a\"}\n{\"title\": \"no end}\n{\"title\": \"b\"}\n",
        "{\"title\": \"a\", \"participants\": [\n{\"title\": \"b\"}\n",
        "{\"title\": \"a\", \"raw\":\n{\"title\": \"b\"}\n{\"title\": \"c\"}\n",
        "{\"title\": \"a\"}\ntitle: b\n{\"title\": \"c\"}\n",
        "{\"title\": \"a\"}\n\"b\"\n3\n[]\nnull\n",
        "[{\"title\": \"a\"},\n {\"title\": b},\n {\"title\": \"c\"}\n]\n",
        "[\n  {\n    \"title\": \"a\",\n    \"raw\": {\n      \"x\": 1,,\n      \"y\": {}\n    }\n  },\n  {\n    \"title\": \"b\"\n  }\n]",
        "[{\"title\": \"a\"}, {\"title\": b}, {\"title\": \"c\"}]",
        "[{\"title\": \"a\"}, {\"title\": \"b\"}",
        "[{\"title\": \"a\"}, {\"title\": \"b\"}] and more",
        "{\"title\": \"a\"}\n{\"title\": \"b\", \"title\": \"c\"}\n{\"title\": \"\\ud800\"}",
    ].map(|text| {
        let list = read(text);
        let titles = titles(&list).join(", ");
        format!("{text}\n-> {titles}\n{}", told(&list))
    });
    insta::assert_snapshot!("broken", shown.join("\n=====\n"));
}

#[test]
fn what_holds_no_record_is_no_list() {
    let refused = [
        "",
        " \n",
        "WEBVTT\n",
        "[00:15] Bo: Hello.",
        "[]",
        "title,start\n",
        "\u{feff}",
    ]
    .map(|text| {
        assert_eq!(json::is_json(text.as_bytes()), text == "[]", "{text}");
        let problem = call_list("calls.json", text.as_bytes(), &Options::default()).unwrap_err();
        format!("{text:?}\n{}", shown(&problem))
    });
    insta::assert_snapshot!("no_list", refused.join("\n"));
    for text in ["{\"a\": 1}", "\u{feff} [ {", "{}", "[\n]"] {
        assert!(json::is_json(text.as_bytes()), "{text}");
        assert!(json::is_json(&utf_16(text, u16::to_le_bytes)), "{text}");
    }
}

#[test]
fn large_and_deep_records_are_bounded() {
    let fitting = |length: usize| format!("{{\"title\": \"{}\"}}", "x".repeat(length - 13));
    let list = read(format!(
        "{}\n{}\n{}\n",
        fitting(LARGEST_RECORD),
        fitting(LARGEST_RECORD + 1),
        TWO[0]
    ));
    assert_eq!(list.calls.len(), 2);
    assert_eq!(list.failures[0].problem.code, "record-too-large");
    assert_eq!(list.failures[0].original[0].1.chars().count(), 1_000);

    let nested = |depth: usize| {
        format!(
            "{{\"title\": \"deep\", \"raw\": {}1{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    let list = read(format!(
        "{}\n{}\n{}\n{}\n{}",
        nested(DEEPEST_RECORD),
        nested(DEEPEST_RECORD + 1),
        nested(1_000_000),
        "{\"a\":\n".repeat(5_000),
        TWO[0]
    ));
    assert_eq!(titles(&list), ["deep", "Zoë, one"]);
    assert_eq!(list.failures[0].problem.code, "record-too-deep");
    assert_eq!(list.failures[1].problem.code, "record-too-deep");
    assert_eq!(list.failures.len(), 5_002);

    let list = read(format!("{}\n{}", TWO[0], "{\n".repeat(1_000_000)));
    assert_eq!(list.failures.len(), 10_001);
    insta::assert_snapshot!("too_many", shown(&list.failures[10_000].problem));
}

#[test]
fn a_file_of_calls_is_understood() {
    let list = read(fixture("calls.jsonl"));
    let calls = list.calls.iter().map(|listed| {
        let ListedCall { line, call, transcript_file, media_file, .. } = listed;
        let said = match &call.transcript {
            TranscriptContent::Here(transcript) => serde_json::to_string_pretty(transcript).unwrap(),
            TranscriptContent::Absent | TranscriptContent::Pending => "none".into(),
        };
        let told = serde_json::to_string_pretty(call).unwrap();
        format!("line {line}: {told}\ntranscript: {said}\nraw: {:?}\nfiles: {transcript_file:?} {media_file:?}\n", call.raw)
    });
    let calls: String = calls.collect();
    let notices: Vec<String> = list
        .notices
        .iter()
        .map(|notice| format!("{}: [{}] {}", notice.line, notice.code, notice.message))
        .collect();
    let understood = format!("{calls}\n{}\n\n{}", notices.join("\n"), told(&list));
    insta::assert_snapshot!("calls", understood);
    assert_eq!(list.calls.len() + list.failures.len(), 7);
}

#[test]
fn wrong_values_are_told_with_their_keys() {
    let records = [
        r#"{"title": 5}"#,
        r#"{"kind": "call"}"#,
        r#"{"duration_ms": "1:00"}"#,
        r#"{"duration_ms": 1.5}"#,
        r#"{"duration_ms": -1}"#,
        r#"{"external_id": 1.23457e17}"#,
        r#"{"participants": "Bo Lind"}"#,
        r#"{"participants": [{"name": "Bo Lind"}, {"role": "boss"}]}"#,
        r#"{"participants": [{}], "transcript": {"segments": [{"text": "Hi."}, {"text": "Hi.", "participant": 2}]}}"#,
        r#"{"transcript": {"segments": [{"start_ms": 5}]}}"#,
        r#"{"transcript": {"text": "Hi."}}"#,
        r#"{"media": [{"mime": "video/mp4"}]}"#,
        r#"{"is_private": "no"}"#,
        r#"{"started_at": 1774969200}"#,
        r#"{"started_at": "02/03/2026"}"#,
        r#"{"started_at": "2026-03-02"}"#,
        r#"{"started_at": "2026-03-02T16:00:00"}"#,
        "{\n  \"title\": \"Renewal\",\n  \"scope\": \"both\"\n}",
    ];
    let shown = records.map(|record| {
        let problem = call(record.as_bytes(), &Options::default()).unwrap_err();
        format!("{record}\n    {}", shown(&problem))
    });
    insta::assert_snapshot!("wrong", shown.join("\n"));
}

#[test]
fn times_without_a_zone_are_of_the_requests_zone() {
    let options = Options {
        timezone: Some(TimeZone::get("Europe/Madrid").unwrap()),
        ..Options::default()
    };
    for (time, expected) in [
        ("2026-03-02T16:00:00", Ok("2026-03-02T15:00:00Z")),
        ("2026-07-02 16:00", Ok("2026-07-02T14:00:00Z")),
        (
            "2026-03-02T16:00:00.25-05:00",
            Ok("2026-03-02T21:00:00.25Z"),
        ),
        ("2026-03-02T16:00:00Z", Ok("2026-03-02T16:00:00Z")),
        ("2026-03-29T02:30:00", Err("doubtful-time")),
        ("2026-10-25T02:30:00", Err("doubtful-time")),
        ("2026-03-02", Err("unreadable-time")),
        ("noon", Err("unreadable-time")),
    ] {
        let record = format!("{{\"started_at\": \"{time}\"}}");
        let read = call(record.as_bytes(), &options);
        let read = read.map(|listed| listed.call.started_at.unwrap());
        let expected = expected.map(|instant| instant.parse::<Timestamp>().unwrap());
        assert_eq!(read.map_err(|problem| problem.code), expected, "{time}");
    }
}

#[test]
fn keys_that_nobody_knows_are_kept_and_told_once() {
    let many: Vec<String> = (0..30)
        .map(|number| format!("\"key_{number:02}\": {number}"))
        .collect();
    let list = read(format!(
        "{{\"title\": \"a\"}}\n{{\"title\": \"b\", {}}}\n{{\"title\": \"c\", \"raw\": {{\"x\": 1}}, \"key_00\": 0}}",
        many.join(", ")
    ));
    let message = &list.notices[0].message;
    insta::assert_snapshot!("unknown", message);
    assert_eq!((list.notices.len(), list.notices[0].line), (1, 2));
    assert_eq!(list.calls[0].call.raw, None);
    assert!(
        list.calls[1]
            .call
            .raw
            .as_ref()
            .unwrap()
            .contains("\"key_29\":29")
    );
    assert_eq!(
        list.calls[2].call.raw.as_deref(),
        Some(r#"{"key_00":0,"raw":{"x": 1}}"#)
    );
}

#[test]
fn the_ending_of_the_name_is_checked() {
    for (name, differs) in [
        ("a.json", false),
        ("b/A.JSONL", false),
        ("c.ndjson", false),
        ("d.txt", true),
    ] {
        let list = call_list(name, TWO[0].as_bytes(), &Options::default()).unwrap();
        assert_eq!(!list.notices.is_empty(), differs, "{name}");
    }
}

#[test]
fn podcast_transcripts_are_read() {
    let read = json::transcript(&fixture("podcast.json"), &Options::default())
        .unwrap()
        .unwrap();
    insta::assert_debug_snapshot!("podcast", read);
    for other in ["", "{}", "[]", TWO[0], r#"{"segments": []}"#, "WEBVTT\n"] {
        assert_eq!(
            json::transcript(other.as_bytes(), &Options::default()),
            None,
            "{other}"
        );
    }
    let wrong = "{\"version\": \"1.0.0\", \"segments\": [\n{\"body\": \"Hi.\"},\n{\"startTime\": \"0:01\", \"body\": \"Hi.\"}]}";
    let problem = json::transcript(wrong.as_bytes(), &Options::default())
        .unwrap()
        .unwrap_err();
    insta::assert_snapshot!("podcast_wrong", shown(&problem));
}

/// What is exported can be imported: it is the same, so nothing changes.
#[tokio::test]
async fn exported_lines_are_the_recorded_calls() {
    let place = Place::new();
    let store = place.begun().await;
    let mut spoken = fixtures::call("2");
    spoken.raw = Some("{\n  \"id\": \"2\",\r\n  \"value\": 1.50\n}".into());
    spoken.transcript =
        TranscriptContent::Here(fixtures::transcript(&["Hello \"Bo\".\n", "Hello.", ""]));
    let bare = Call::new("1");
    let listed = fixtures::call("3");
    store
        .commit_page(fixtures::page(vec![listed, spoken.clone(), bare]))
        .await
        .unwrap();
    store.close().await.unwrap();

    let folder = place.folder.path().join("out");
    let files = export(&place.path(), &folder, ExportFormat::JsonLines).unwrap();
    assert_eq!(files.len(), 1);
    assert!(
        files[0]
            .path
            .ends_with("gong/northwind-robotics/calls.jsonl")
    );
    assert_eq!(files[0].rows, 3);
    let bytes = std::fs::read(&files[0].path).unwrap();
    let list = read(&bytes);
    assert_eq!(
        (list.failures.as_slice(), list.notices.as_slice()),
        ([].as_slice(), [].as_slice())
    );
    let validator = jsonschema::validator_for(&json::call_schema()).unwrap();
    for line in String::from_utf8(bytes).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&line)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    let found = &list.calls[1].call;
    assert_eq!(found.transcript, spoken.transcript);
    assert_eq!(
        found.raw.as_deref(),
        Some("{   \"id\": \"2\",    \"value\": 1.50 }")
    );

    let before = place.content();
    let store = place.open();
    let calls = list.calls.into_iter().map(|listed| listed.call).collect();
    store.commit_page(fixtures::page(calls)).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(place.content(), before);
}

/// The schema is what a script is checked by before the upload: it takes what is read, and little else.
#[test]
fn the_schema_says_what_is_read() {
    let validator = jsonschema::validator_for(&json::call_schema()).unwrap();
    for (record, is_valid) in [
        (r#"{"external_id": "1"}"#, true),
        (
            r#"{"external_id": 1, "title": null, "a_key_of_ours": 1}"#,
            true,
        ),
        (
            r#"{"started_at": "2026-03-02T16:00:00+01:00", "transcript": {"segments": [{"text": "Hi."}]}}"#,
            true,
        ),
        ("{}", false),
        (r#"{"kind": "call"}"#, false),
        (r#"{"started_at": "02/03/2026"}"#, false),
        (r#"{"duration_ms": -1}"#, false),
        (r#"{"transcript": {"segments": [{"start_ms": 5}]}}"#, false),
        (
            r#"{"transcript": {"segments": [{"text": "Hi.", "participant": 0}]}}"#,
            false,
        ),
    ] {
        let value = serde_json::from_str(record).unwrap();
        assert_eq!(validator.is_valid(&value), is_valid, "{record}");
        assert_eq!(
            call(record.as_bytes(), &Options::default()).is_ok(),
            is_valid,
            "{record}"
        );
    }
}

/// Bytes that look like JSON more often than not.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let pieces = select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "\n",
        " ",
        "\\",
        "\"title\"",
        "\"segments\"",
        "\"version\"",
        "1",
        "null",
        "\u{feff}",
        "é",
        "\u{0}",
        "{\"title\": \"a\"}",
        "\"text\":\"b\"",
        "{\"calls\":[",
        "{\"metaData\":{\"id\":1}}",
    ]);
    let text = vec(pieces, 0..60).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![text, vec(any::<u8>(), 0..200)]
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Zé\"\\\\{}🎉][a-z \n\"\\\\]{0,10}[a-z.]"
}

fn number() -> impl Strategy<Value = Option<i64>> {
    option::of(0_i64..100_000_000)
}

fn instant() -> impl Strategy<Value = Option<Timestamp>> {
    let micros = -2_000_000_000_000_000_i64..4_000_000_000_000_000;
    option::of(micros.prop_map(|micros| Timestamp::from_microsecond(micros).unwrap()))
}

fn participant() -> impl Strategy<Value = Participant> {
    let texts = [(); 3].map(|()| option::of(word()));
    (
        texts,
        option::of("[A-Z][a-z]{1,5}@[a-z]{1,5}\\.example"),
        select(Role::ALL),
        select(Affiliation::ALL),
        any::<Option<bool>>(),
    )
        .prop_map(
            |([name, phone, title], email, role, affiliation, attended)| Participant {
                name,
                email,
                phone,
                title,
                role,
                affiliation,
                attended,
            },
        )
}

fn segment(participants: usize) -> impl Strategy<Value = Segment> {
    let last = i64::try_from(participants).unwrap();
    let participant = option::of(1..=last.max(1))
        .prop_map(move |position| position.filter(|position| *position <= last));
    (
        option::of(word()),
        participant,
        option::of(-5_000_i64..5_000),
        option::of(5_000_i64..9_000),
        ".{0,20}",
    )
        .prop_map(|(speaker, participant, start_ms, end_ms, text)| Segment {
            speaker: speaker.map(Into::into),
            participant,
            start_ms,
            end_ms,
            text,
        })
}

fn transcript(participants: usize) -> impl Strategy<Value = TranscriptContent> {
    let transcript = (
        word(),
        select(Granularity::ALL),
        option::of(word()),
        vec(segment(participants), 1..5),
    )
        .prop_map(|(source, granularity, language, segments)| {
            TranscriptContent::Here(Transcript {
                source,
                granularity,
                language,
                segments,
            })
        });
    prop_oneof![Just(TranscriptContent::Absent), transcript]
}

fn media() -> impl Strategy<Value = Media> {
    (
        select(MediaKind::ALL),
        option::of(word()),
        number(),
        number(),
        select(MediaState::ALL),
    )
        .prop_map(|(kind, mime, bytes, duration_ms, state)| Media {
            kind,
            mime,
            bytes,
            duration_ms,
            state,
        })
}

fn any_call() -> impl Strategy<Value = Call> {
    let link = [(); 3]
        .map(|()| option::of(word()))
        .prop_map(|[system, object_type, object_id]| CrmLink {
            system,
            object_type,
            object_id,
        });
    let words = (
        select(CallKind::ALL),
        option::of(select(Direction::ALL)),
        option::of(select(Scope::ALL)),
        select(Precision::ALL),
        select(DurationSource::ALL),
    );
    let told = (
        word(),
        [(); 6].map(|()| option::of(word())),
        words,
        instant(),
        instant(),
        number(),
        any::<Option<bool>>(),
    );
    let lists = vec(participant(), 0..4).prop_flat_map(|people| {
        let count = people.len();
        (Just(people), transcript(count))
    });
    (
        told,
        lists,
        vec(link, 0..3),
        vec(media(), 0..3),
        option::of(Just(r#"{"x":[1.50]}"#.to_owned())),
    )
        .prop_map(
            |(
                (external_id, texts, words, scheduled_start, started_at, duration_ms, is_private),
                (participants, transcript),
                crm_links,
                media,
                raw,
            )| {
                let [title, language, source_url, meeting_url, host, summary] = texts;
                let (kind, direction, scope, started_at_precision, duration_source) = words;
                Call {
                    external_id,
                    title,
                    kind,
                    direction,
                    scope,
                    scheduled_start,
                    started_at,
                    started_at_precision,
                    duration_ms,
                    duration_source,
                    language,
                    is_private,
                    source_url,
                    meeting_url,
                    host,
                    summary,
                    participants,
                    crm_links,
                    transcript,
                    media,
                    raw,
                }
            },
        )
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in hostile()) {
        let options = Options::default();
        let mut end = 0;
        let mut counted = 0;
        for record in records(&bytes, &options).into_iter().flatten() {
            counted += 1;
            if let Ok(record) = record {
                if let Some(range) = record.range {
                    prop_assert!(end <= range.start && range.end <= bytes.len());
                    end = range.end;
                }
                let value: serde_json::Value = serde_json::from_str(&record.text).unwrap();
                prop_assert!(value.is_object());
            }
        }
        if let Ok(list) = call_list("calls.json", &bytes, &options) {
            prop_assert_eq!(list.calls.len() + list.failures.len(), counted);
        }
        let _ = (json::is_json(&bytes), call(&bytes, &options), json::transcript(&bytes, &options));
        for platform in ["fathom", "fireflies", "gong", "grain", "tldv"] {
            call_import_engine::import::saved(platform, &bytes, &[], &|_| None);
        }
    }

    #[test]
    fn what_is_written_is_read_again(calls in vec(any_call(), 1..4)) {
        let line = |call: &Call| {
            let said = match &call.transcript {
                TranscriptContent::Here(transcript) => Some(transcript),
                TranscriptContent::Absent | TranscriptContent::Pending => None,
            };
            json::line("gong", "northwind", call, TranscriptState::None, said)
        };
        let lines: Vec<String> = calls.iter().map(line).collect();
        let list = read(lines.join("\n"));
        prop_assert_eq!(&list.failures, &[]);
        let found: Vec<Call> = list.calls.into_iter().map(|listed| listed.call).collect();
        prop_assert_eq!(found, calls);
    }

    #[test]
    fn broken_lines_are_counted(lines in vec(select(vec![TWO[0], "{\"title\":", "{\"title\": \"x", "nonsense", "[1]", "{\"kind\": \"call\"}"]), 1..20)) {
        let good = lines.iter().filter(|line| **line == TWO[0]).count();
        if let Ok(list) = call_list("calls.jsonl", lines.join("\n").as_bytes(), &Options::default()) {
            prop_assert_eq!(list.calls.len(), good);
        } else {
            prop_assert_eq!(good, 0);
        }
    }
}
