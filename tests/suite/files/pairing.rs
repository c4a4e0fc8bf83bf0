//! What belongs together: the list decides, else names, else the folder.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::{collections::BTreeMap, fmt::Write as _};

use call_import_engine::{
    files::{
        FileProblem, Group, Kind, ListedCall, Pairing, Proposal, kind, pair, proposed, started_at,
    },
    model::{Call, MediaKind},
};
use proptest::prelude::*;

#[test]
fn files_of_one_folder_and_stem_are_one_call() {
    insta::assert_snapshot!(paired(
        &[
            "files/n/Kick-off.vtt",
            "files/n/Kick-off_1920x1080.mp4",
            "files/n/Kick-off_audio.m4a",
            "files/n/kick-off.TXT",
            "files/n/Review.srt",
            "files/n/Demo.mp4",
            "files/n/other/Kick-off.vtt",
            "files/n/bundle.zip/a/Zoe\u{308}.transcript.vtt",
            "files/n/bundle.zip/a/Zo\u{eb}.cc.vtt",
            "files/n/bundle.zip/a/Zo\u{eb}.mp4",
        ],
        &[]
    ));
}

#[test]
fn a_transcript_and_a_recording_alone_in_their_folder_are_one_call() {
    insta::assert_snapshot!(paired(
        &[
            "files/a/audio_only.m4a",
            "files/a/meeting_saved_closed_caption.txt",
            "files/b/Kick-off.vtt",
            "files/b/Kick-off.srt",
            "files/b/zoom_0.mp4",
            "files/c/one.vtt",
            "files/c/two.vtt",
            "files/c/zoom_0.mp4",
        ],
        &[]
    ));
}

#[test]
fn of_several_transcripts_the_best_counts() {
    insta::assert_snapshot!(paired(
        &[
            "a/call.txt",
            "a/call.docx",
            "a/call.srt",
            "a/call.vtt",
            "a/call.cc.vtt",
            "a/call.transcript.vtt",
            "a/call.csv",
            "a/call.mp4",
            "b/call.txt",
            "b/call.docx",
            "b/call.srt",
        ],
        &[]
    ));
}

#[test]
fn what_cannot_be_used_is_apart_with_a_reason() {
    let files = [
        ("a/call.vtt".to_owned(), Kind::Transcript),
        ("a/.DS_Store".to_owned(), kind("a/.DS_Store", b"x")),
        (
            "a/call.pdf".to_owned(),
            Kind::Refused(FileProblem::new("x", "This is a PDF.", "Export it again.")),
        ),
        ("a/older.zip".to_owned(), Kind::Archive),
    ];
    insta::assert_snapshot!(render(&pair(&files, &[])));
}

#[test]
fn the_list_decides() {
    let rows = [
        // By path from the list, however Windows writes it; by file name; by path from the requests folder.
        row(2, "1", "First", "a\\one.txt", "two.mp4"),
        row(3, "2", "Second", "three.VTT", ""),
        row(4, "3", "Third", "files/n/b/four.vtt", ""),
        // By id, by title, by neither.
        row(5, "call-5", "Fifth", "", ""),
        row(6, "6", "Weekly  sync", "", "https://northwind.example/6"),
        row(7, "7", "Seventh", "", ""),
        // A member of a bundle; and a recording in the column of transcripts.
        row(8, "8", "Eighth", "c/eight.vtt", ""),
        row(9, "9", "Ninth", "nine.mp4", ""),
    ];
    let files = [
        "files/n/calls.csv",
        "files/n/a/one.txt",
        "files/n/a/one.vtt",
        "files/n/a/two.mp4",
        "files/n/a/three.vtt",
        "files/n/a/three.mp4",
        "files/n/b/four.vtt",
        "files/n/b/zoom_0.mp4",
        "files/n/a/Call-5.vtt",
        "files/n/a/Call-5_audio.m4a",
        "files/n/a/Weekly_sync.transcript.vtt",
        "files/n/bundle.zip/c/eight.vtt",
        "files/n/d/nine.mp4",
        "files/n/d/unlisted.vtt",
        "files/other/call-5.vtt",
    ];
    insta::assert_snapshot!(paired(&files, &[("files/n/calls.csv", &rows)]));
}

#[test]
fn rows_that_cannot_be_followed_fail_with_their_line() {
    let rows = [
        row(2, "1", "First", "gone.vtt", ""),
        row(3, "2", "Second", "same.vtt", ""),
        row(4, "3", "Third", "", "same.mp4"),
        row(5, "4", "Fourth", "once.vtt", "gone.mp4"),
        row(6, "5", "Fifth", "twice.vtt", ""),
        row(7, "6", "Sixth", "twice.vtt", ""),
        row(8, "7", "Weekly", "", ""),
        row(9, "8", "Notes", "notes.pdf", ""),
        row(10, "9", "Out", "../../../../etc/passwd", ""),
    ];
    let mut files = files(&[
        "files/n/calls.csv",
        "files/n/a/same.vtt",
        "files/n/b/same.vtt",
        "files/n/a/same.mp4",
        "files/n/a/once.vtt",
        "files/n/a/once.mp4",
        "files/n/a/twice.vtt",
        "files/n/a/Weekly.vtt",
        "files/n/b/Weekly.vtt",
    ]);
    files.push((
        "files/n/notes.pdf".into(),
        Kind::Refused(FileProblem::new("x", "This is a PDF.", "Export it again.")),
    ));
    let rendered = render(&pair(&files, &[("files/n/calls.csv", &rows)]));
    insta::assert_snapshot!(rendered);
}

#[test]
fn ten_thousand_folders_are_no_trouble() {
    let names: Vec<_> = (0..10_000)
        .flat_map(|call| {
            [
                format!("n.zip/{call}/call.vtt"),
                format!("n.zip/{call}/film.mp4"),
            ]
        })
        .collect();
    let rows: Vec<_> = (0..10_000)
        .map(|call| {
            row(
                call + 2,
                &call.to_string(),
                "Kick-off",
                &format!("{call}/call.vtt"),
                "",
            )
        })
        .collect();
    let files = files(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let found = pair(&files, &[("n.zip/calls.csv", &rows)]);
    assert_eq!((found.groups.len(), found.failures.len()), (10_000, 0));
    assert!(found.groups.iter().all(|group| group.recording.is_some()));
}

#[test]
fn a_list_is_proposed_that_can_be_corrected() {
    let files = files(&[
        "files/n/GMT20260302-150012_Recording.transcript.vtt",
        "files/n/GMT20260302-150012_Recording_1920x1080.mp4",
        "files/n/b.zip/Kick-off-20260302_150012-Meeting Recording.mp4",
        "files/n/-dash, and \"quotes\".vtt",
        "files/n/=1+1.vtt",
    ]);
    let found = pair(&files, &[]);
    let proposals: Vec<_> = found
        .groups
        .iter()
        .map(|group| Proposal {
            participants: vec!["Bo Lind".into(), "Ada; Northwind".into()],
            ..Proposal::from_names(group, Some(3_599_500))
        })
        .collect();
    let groups: Vec<_> = found.groups.iter().zip(&proposals).collect();
    let text = String::from_utf8(proposed("files/n", &groups)).unwrap();
    assert!(text.starts_with('\u{feff}'));
    insta::assert_snapshot!(text.trim_start_matches('\u{feff}').replace('\r', "␍"));
    assert!(started_at("call.vtt").is_none());
}

proptest! {
    #[test]
    fn every_file_and_every_row_is_in_exactly_one_place(
        names in proptest::collection::btree_set(path(), 0..14),
        written in proptest::collection::vec((word(), word(), wanted(), wanted()), 0..6),
        seed in any::<u64>(),
    ) {
        let names: Vec<_> = names.into_iter().collect();
        let rows: Vec<_> = (2..).zip(&written).map(|(line, (id, title, transcript, media))| row(line, id, title, transcript, media)).collect();
        let lists: [(&str, &[ListedCall]); 1] = [("f/calls.csv", &rows)];
        let files = files(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let found = pair(&files, &lists);

        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for group in &found.groups {
            let of_group = group.transcript.into_iter().chain(group.recording).chain(group.others.iter().copied());
            of_group.for_each(|name| *seen.entry(name).or_default() += 1);
            prop_assert!(group.list.is_some() || group.transcript.is_some() || group.recording.is_some());
        }
        found.unpaired.iter().for_each(|(name, _)| *seen.entry(name).or_default() += 1);
        prop_assert!(seen.values().all(|times| *times == 1), "{seen:?}");
        prop_assert_eq!(seen.into_keys().collect::<Vec<_>>(), names.iter().map(String::as_str).collect::<Vec<_>>());

        let listed = found.groups.iter().filter_map(|group| group.list).map(|(_, row)| rows[row].line);
        let failed = found.failures.iter().map(|(_, failure)| failure.problem.line.unwrap());
        let mut lines: Vec<_> = listed.chain(failed).collect();
        lines.sort_unstable();
        prop_assert_eq!(lines, rows.iter().map(|row| row.line).collect::<Vec<_>>());

        // The order in which files come does not count.
        let mut shuffled = files.clone();
        shuffled.sort_by_key(|(name, _)| name.bytes().fold(seed, |sum, byte| sum.rotate_left(9) ^ u64::from(byte).wrapping_mul(seed | 1)));
        prop_assert_eq!(pair(&shuffled, &lists), found);
    }

    #[test]
    fn the_proposed_list_gives_the_same_calls(names in proptest::collection::btree_set(path(), 0..14)) {
        let files = files(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let found = pair(&files, &[]);
        let proposals: Vec<_> = found.groups.iter().map(|group| Proposal::from_names(group, None)).collect();
        let groups: Vec<_> = found.groups.iter().zip(&proposals).collect();
        let rows = read_back(&proposed("f", &groups));
        let again = pair(&files, &[("f/manifest.csv", &rows)]);
        prop_assert_eq!(&again.failures, &[]);
        let without_rows = |groups: &[Group<'_>]| groups.iter().map(|group| format!("{:?}", Group { list: None, ..group.clone() })).collect::<Vec<_>>();
        prop_assert_eq!(without_rows(&again.groups), without_rows(&found.groups));
    }
}

fn word() -> impl Strategy<Value = String> {
    proptest::sample::select(vec![
        "",
        "a",
        "A",
        "b",
        "=c",
        "-d",
        "Zo\u{eb}",
        "Zoe\u{308}",
        "x y",
    ])
    .prop_map(str::to_owned)
}

fn path() -> impl Strategy<Value = String> {
    let folder = proptest::sample::select(vec!["f/", "f/a/", "f/b.zip/a/", "g/"]);
    let ending = proptest::sample::select(vec![
        ".vtt",
        ".transcript.vtt",
        ".srt",
        ".mp4",
        ".m4a",
        "_audio.m4a",
        ".VTT",
    ]);
    (folder, word(), ending).prop_map(|(folder, word, ending)| format!("{folder}{word}{ending}"))
}

fn wanted() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        1 => path(),
        1 => path().prop_map(|path| path.trim_start_matches("f/").to_owned()),
        1 => path().prop_map(|path| path.rsplit('/').next().unwrap().to_owned()),
    ]
}

/// Paths with the kinds that their endings promise.
fn files(names: &[&str]) -> Vec<(String, Kind)> {
    let recording = |kind| Kind::Recording {
        kind,
        mime: "video/mp4",
    };
    let kind = |name: &str| match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("mp4") => recording(MediaKind::Video),
        Some("m4a") => recording(MediaKind::Audio),
        Some("csv") => Kind::Table,
        _ => Kind::Transcript,
    };
    names
        .iter()
        .map(|name| ((*name).to_owned(), kind(name)))
        .collect()
}

fn row(line: usize, external_id: &str, title: &str, transcript: &str, media: &str) -> ListedCall {
    let written = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut call = Call::new(external_id.to_owned());
    call.title = written(title);
    let original = [
        ("id", external_id),
        ("title", title),
        ("transcript_file", transcript),
        ("media_file", media),
    ];
    ListedCall {
        range: None,
        line,
        call,
        transcript_file: written(transcript),
        media_file: written(media),
        original: original
            .map(|(heading, cell)| (heading.to_owned(), cell.to_owned()))
            .to_vec(),
    }
}

/// The proposed list as plain CSV, so that the readers of tables are not needed here.
fn read_back(list: &[u8]) -> Vec<ListedCall> {
    let text = list.strip_prefix("\u{feff}".as_bytes()).unwrap();
    let mut reader = csv::Reader::from_reader(text);
    let rows = reader.records().map(Result::unwrap);
    (2..)
        .zip(rows)
        .map(|(line, cells)| row(line, &cells[0], &cells[1], &cells[6], &cells[7]))
        .collect()
}

fn paired(names: &[&str], lists: &[(&str, &[ListedCall])]) -> String {
    render(&pair(&files(names), lists))
}

fn render(found: &Pairing<'_>) -> String {
    let mut shown = String::new();
    for group in &found.groups {
        let row = group
            .list
            .map(|(list, row)| format!("list {list} row {row}"));
        writeln!(shown, "{}", row.as_deref().unwrap_or("call")).unwrap();
        for (what, name) in [
            ("transcript", group.transcript),
            ("recording", group.recording),
        ] {
            if let Some(name) = name {
                writeln!(shown, "  {what} {name}").unwrap();
            }
        }
        for name in &group.others {
            writeln!(shown, "  also {name}").unwrap();
        }
    }
    for (name, reason) in &found.unpaired {
        writeln!(shown, "apart {name}: {reason}").unwrap();
    }
    for (list, failure) in &found.failures {
        let problem = &failure.problem;
        let place = format!(
            "{:?} {:?} {:?}",
            problem.line, problem.column, problem.value
        );
        writeln!(
            shown,
            "failed in list {list}, {place}: [{}] {problem}",
            problem.code
        )
        .unwrap();
    }
    for (place, notice) in &found.notices {
        writeln!(
            shown,
            "notice on {place}, line {}: {}",
            notice.line, notice.message
        )
        .unwrap();
    }
    shown
}
