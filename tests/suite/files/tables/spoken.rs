//! Transcripts as tables.

use call_import_engine::{
    files::{self, FileProblem, Options, Spoken},
    model::Granularity,
};

use super::{codes, options};

fn read(text: &str, yaml: &str) -> Result<Spoken, FileProblem> {
    let options = options(yaml);
    files::transcripts(
        &files::table("call.csv", text.as_bytes(), &options)?,
        &options,
    )
}

/// Segments of the call as `start-end speaker: text`.
fn said(spoken: &Spoken, call: usize) -> Vec<String> {
    let segments = spoken.calls[call].transcript.segments.iter();
    let number = |ms: Option<i64>| ms.map_or("?".to_owned(), |ms| ms.to_string());
    segments
        .map(|segment| {
            let speaker = segment.speaker.as_deref().unwrap_or("?");
            format!(
                "{}-{} {speaker}: {}",
                number(segment.start_ms),
                number(segment.end_ms),
                segment.text
            )
        })
        .collect()
}

#[test]
fn one_row_is_one_segment() {
    let spoken = read("Speaker,Start,End,Text\nBo Lind,00:00:01.500,0:00:03,\"Hello,\nall.\"\n,0:04,,Yes.\nInes,x,0:09,Good.\nBo Lind,0:08,0:07,Bye.\nBo Lind,0:10,,\n", "{}").unwrap();
    assert_eq!(
        said(&spoken, 0),
        [
            "1500-3000 Bo Lind: Hello, all.",
            "4000-? ?: Yes.",
            "?-9000 Ines: Good.",
            "8000-? Bo Lind: Bye."
        ]
    );
    let call = &spoken.calls[0];
    assert_eq!((call.external_id.as_deref(), call.line), (None, 2));
    assert_eq!(
        (&*call.transcript.source, call.transcript.granularity),
        ("file:csv", Granularity::Turn)
    );
    assert_eq!(
        codes(&spoken.notices),
        [
            ("unreadable-time", 5),
            ("end-before-start", 6),
            ("empty-cue", 7)
        ]
    );
}

#[test]
fn a_column_with_ids_makes_many_calls() {
    let text = "call id;who;from;sentence\nB;Bo;5;two\nA;Ines;1,5;one\nB;Bo;2;one\n;Bo;3;lost\n1.2E+17;Bo;3;lost\n";
    let spoken = read(text, "{}").unwrap();
    let ids: Vec<_> = spoken
        .calls
        .iter()
        .map(|call| call.external_id.as_deref().unwrap())
        .collect();
    assert_eq!(ids, ["B", "A"]);
    assert_eq!(said(&spoken, 0), ["2000-? Bo: one", "5000-? Bo: two"]);
    assert_eq!(said(&spoken, 1), ["1500-? Ines: one"]);
    assert_eq!(
        spoken.calls[0].transcript.granularity,
        Granularity::Sentence
    );
    let failures: Vec<_> = spoken
        .failures
        .iter()
        .map(|failure| (failure.problem.code, failure.problem.line))
        .collect();
    assert_eq!(failures, [("no-id", Some(5)), ("damaged-id", Some(6))]);
    assert_eq!(
        codes(&spoken.notices),
        [("seconds-assumed", 3), ("out-of-order", 4)]
    );
}

#[test]
fn plain_numbers_need_a_unit() {
    let text = "start,text\n0,a\n1500,b\n";
    let problem = read(text, "{}").unwrap_err();
    assert_eq!(
        (problem.code, problem.line, problem.column),
        ("no-unit", Some(3), Some(1))
    );
    assert_eq!(
        said(&read(text, "duration_unit: milliseconds").unwrap(), 0)[1],
        "1500-? ?: b"
    );
    assert_eq!(
        said(&read("start (s),text\n0,a\n1500,b\n", "{}").unwrap(), 0)[1],
        "1500000-? ?: b"
    );
    assert_eq!(
        said(&read("startMs,end_ms,text\n0,5,a\n", "{}").unwrap(), 0),
        ["0-5 ?: a"]
    );
}

#[test]
fn times_of_day_count_from_the_first() {
    for text in [
        "time,text\n3:00:12 PM,a\n3:00:15 PM,b\n",
        "timestamp,text\n2026-03-02T15:00:12Z,a\n2026-03-02T16:00:15+01:00,b\n",
        "timestamp,text\n2026-03-02 15:00:12,a\n2026-03-02 15:00:15,b\n",
    ] {
        let spoken = read(text, "{}").unwrap();
        assert_eq!(said(&spoken, 0), ["0-? ?: a", "3000-? ?: b"], "{text}");
        assert_eq!(codes(&spoken.notices), [("clock-times", 2)]);
    }
}

#[test]
fn text_without_quotation_marks_is_put_together() {
    let spoken = read("speaker,start,text\nBo,0:01,Yes, I, agree\n", "{}").unwrap();
    assert_eq!(said(&spoken, 0), ["1000-? Bo: Yes, I, agree"]);
    assert_eq!(codes(&spoken.notices), [("unquoted-separator", 2)]);
    let problem = read("text,start\nYes, I agree,0:01\n", "{}").unwrap_err();
    assert_eq!((problem.code, problem.line), ("too-many-cells", Some(2)));
}

#[test]
fn two_transcripts_in_one_file_are_not_mixed() {
    let problem = read("start,text\n0:01,a\n5:00,b\n0:02,c\n", "{}").unwrap_err();
    assert_eq!(
        (problem.code, problem.line),
        ("joined-transcripts", Some(4))
    );
    assert_eq!(
        said(
            &read("start,text\n0:01,a\n5:00,b\n3:00,c\n", "{}").unwrap(),
            0
        )[1],
        "180000-? ?: c"
    );
}

#[test]
fn a_table_without_text_is_no_transcript() {
    let problem = read("speaker,start\nBo,0:01\n", "{}").unwrap_err();
    assert_eq!(problem.code, "unknown-headings");
    let table = super::table("speaker,start,Words\nBo,0:01,=yes\n");
    let named = options("columns: {text: words, external_id: Call ID, started_at: Date}");
    let spoken = files::transcripts(&table, &named).unwrap();
    assert_eq!(said(&spoken, 0), ["1000-? Bo: =yes"]);
    assert!(files::transcripts(&table, &Options::default()).is_err());
}
