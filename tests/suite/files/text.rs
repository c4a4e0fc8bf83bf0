//! Plain-text transcripts, Word documents, encodings and rolling captions; and what independent readers of
//! subtitles make of clean files.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::{
    fmt::Write as _,
    fs,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
};

use aspasia::{SubRipSubtitle, Subtitle as _, WebVttSubtitle};
use call_import_engine::files::{self, Dialect, FileProblem, Format, Options, ReadFile};
use encoding_rs::Encoding;
use proptest::prelude::*;
use subtitler::SubtitleFormat as _;
use zip::{ZipWriter, write::SimpleFileOptions};

#[test]
fn text_files_are_read_in_every_layout() {
    let mut out = String::new();
    for path in files_of("text") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        writeln!(out, "## {name}").unwrap();
        show(files::read(name, &bytes, &Options::default()), &mut out);
    }
    insta::assert_snapshot!(out);
}

#[test]
fn the_request_may_say_how_a_text_is_laid_out() {
    let twice = "Bo Lind 0:00\nGood morning.\n\nZoë Ferreira 0:04\nMorning!\n";
    assert_eq!(
        read_text(twice).reading.format.dialect(),
        Some(Dialect::Paragraphs)
    );
    let told = |dialect| Options {
        dialect: Some(dialect),
        ..Options::default()
    };
    let read = files::read("a.txt", twice.as_bytes(), &told(Dialect::NameThenTime)).unwrap();
    assert_eq!(
        said(&read),
        [
            (Some("Bo Lind"), Some(0), "Good morning."),
            (Some("Zoë Ferreira"), Some(4_000), "Morning!"),
        ]
    );
    assert_eq!(read.notices, []);
    let stacked = "0:00\nBo Lind\nGood morning.\n0:04\nZoë Ferreira\nMorning!\n";
    let read = files::read("a.txt", stacked.as_bytes(), &told(Dialect::Stacked)).unwrap();
    assert_eq!(
        said(&read),
        [
            (Some("Bo Lind"), Some(0), "Good morning."),
            (Some("Zoë Ferreira"), Some(4_000), "Morning!"),
        ]
    );
    let problem = files::read("a.txt", twice.as_bytes(), &told(Dialect::Tabs)).unwrap_err();
    assert_eq!(problem.code, "other-dialect");
    let read = files::read("a.txt", twice.as_bytes(), &told(Dialect::Paragraphs)).unwrap();
    assert_eq!(
        said(&read),
        [
            (None, None, "Bo Lind 0:00 Good morning."),
            (None, None, "Zoë Ferreira 0:04 Morning!"),
        ]
    );
}

#[test]
fn a_text_is_only_read_if_its_name_and_its_characters_say_so() {
    let codes = |name: &str, bytes: &[u8]| {
        files::read(name, bytes, &Options::default()).map_err(|problem| problem.code)
    };
    let text = b"Bo Lind: Good morning.\nBo Lind: Bye.\n";
    for name in ["a.txt", "A.TXT", "a", "a.md"] {
        assert!(codes(name, text).is_ok(), "{name}");
    }
    for name in ["a.csv", "a.json", "a.html", "a.exe", "a.srt"] {
        assert_eq!(codes(name, text), Err("unknown-format"), "{name}");
    }
    assert_eq!(
        codes("a.txt", &[1, 2, 3, 4, b'a', b'b']),
        Err("unknown-encoding")
    );
    assert_eq!(codes("a.txt", b" \n\xef\xbb\xbf\n"), Err("empty-file"));
    assert_eq!(
        codes("a.txt", "a\n".repeat(500_001).as_bytes()),
        Err("too-many-lines")
    );
}

#[test]
fn word_documents_are_read() {
    let mut out = String::new();
    for (name, body) in DOCUMENTS {
        writeln!(out, "## {name}").unwrap();
        show(
            files::read(name, &docx(body), &Options::default()),
            &mut out,
        );
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_word_document_may_be_written_in_utf_16() {
    let body = word(
        "<w:p><w:r><w:t>Zoë: Hello.</w:t></w:r></w:p><w:p><w:r><w:t>Zoë: Bye.</w:t></w:r></w:p>",
    );
    let utf_16: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(body.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let bytes = archive(&[("word/document.xml", &utf_16)]);
    let read = files::read("a.docx", &bytes, &Options::default()).unwrap();
    assert_eq!(
        said(&read),
        [(Some("Zoë"), None, "Hello."), (Some("Zoë"), None, "Bye.")]
    );
}

#[test]
fn other_archives_and_damaged_documents_are_refused() {
    let whole = docx("<w:p><w:r><w:t>Hello.</w:t></w:r></w:p>");
    let large = format!("<w:p><w:r><w:t>{}", " ".repeat(65 << 20));
    let many: Vec<u8> = [b"PK\x03\x04".to_vec(), b"PK\x01\x02".repeat(10_001)].concat();
    let mut out = String::new();
    for (what, bytes) in [
        ("cut off", whole[..whole.len() / 2].to_vec()),
        (
            "XML cut off",
            archive(&[("word/document.xml", b"<w:document><w:body><w:p>")]),
        ),
        ("no XML", archive(&[("word/document.xml", b"\x00\xff<<<>")])),
        (
            "unknown entity",
            docx("<w:p><w:r><w:t>&bomb;</w:t></w:r></w:p>"),
        ),
        (
            "bomb",
            archive(&[("word/document.xml", word(&large).as_bytes())]),
        ),
        ("many members", many),
        ("no text", docx("<w:p/>")),
        ("workbook", archive(&[("xl/workbook.xml", b"<workbook/>")])),
        ("other archive", archive(&[("call.vtt", b"WEBVTT\n")])),
        ("empty archive", archive(&[])),
        ("old document", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec()),
    ] {
        writeln!(out, "## {what}").unwrap();
        show(files::read("a.docx", &bytes, &Options::default()), &mut out);
    }
    insta::assert_snapshot!(out);
}

#[test]
fn every_encoding_gives_the_same_text() {
    let western = "Zoë Ferreira: Voilà, naïve façade.\nBo Lind: Grüße aus Köln.\nZoë Ferreira: Señor, ¿qué?\n";
    let polish = "Łukasz: Dzień dobry, cieszę się, że państwo są.\nŻaneta: Zaczynajmy więc, proszę.\nŁukasz: Dziękuję.\n";
    let russian = "Иван: Доброе утро, коллеги. Давайте начнём.\nОльга: Доброе утро! Начнём с плана.\nИван: Хорошо.\n";
    let japanese = "田中: おはようございます。始めましょう。\n鈴木: おはようございます。はい、始めます。\n田中: よろしくお願いします。\n";
    for (label, text) in [
        ("windows-1252", western),
        ("windows-1250", polish),
        ("windows-1251", russian),
        ("shift_jis", japanese),
        ("euc-jp", japanese),
    ] {
        let encoding = Encoding::for_label(label.as_bytes()).unwrap();
        let (bytes, _, lossy) = encoding.encode(text);
        assert!(!lossy, "{label}");
        let read = files::read("a.txt", &bytes, &Options::default()).unwrap();
        assert_eq!(read.reading.encoding, encoding.name());
        assert_eq!(said(&read), said(&read_text(text)), "{label}");
        let [notice] = &read.notices[..] else {
            panic!("what was assumed is told: {:?}", read.notices);
        };
        assert!(notice.code.ends_with("-assumed"), "{notice:?}");
        let told = Options {
            encoding: Some(encoding),
            ..Options::default()
        };
        let read = files::read("a.txt", &bytes, &told).unwrap();
        assert_eq!(said(&read), said(&read_text(text)), "{label}");
        assert_eq!(read.notices, [], "{label}");
    }
}

#[test]
fn what_was_assumed_is_told_by_name() {
    let (bytes, _, _) =
        encoding_rs::WINDOWS_1251.encode("Иван: Доброе утро, коллеги.\nИван: Начнём.\n");
    let read = files::read("a.txt", &bytes, &Options::default()).unwrap();
    insta::assert_snapshot!(read.notices[0].message);
}

#[test]
fn a_wrong_encoding_in_the_request_is_refused() {
    let told = |label: &[u8]| Options {
        encoding: Encoding::for_label(label),
        ..Options::default()
    };
    let utf_16: Vec<u8> = "Bo: Hello.\nBo: Bye.\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let read = files::read("a.txt", &utf_16, &told(b"utf-16le")).unwrap();
    assert_eq!(
        said(&read),
        [(Some("Bo"), None, "Hello."), (Some("Bo"), None, "Bye.")]
    );
    let marked = "\u{feff}Zoë: Hello.\nZoë: Bye.\n".as_bytes();
    let read = files::read("a.txt", marked, &told(b"windows-1252")).unwrap();
    assert_eq!(
        said(&read),
        [(Some("Zoë"), None, "Hello."), (Some("Zoë"), None, "Bye.")]
    );
    let problem = files::read("a.txt", &utf_16, &told(b"windows-1252")).unwrap_err();
    assert_eq!(problem.code, "wrong-encoding");
    let russian = encoding_rs::WINDOWS_1251
        .encode("Иван: Доброе утро")
        .0
        .into_owned();
    let problem = files::read("a.txt", &russian, &told(b"utf-8")).unwrap_err();
    insta::assert_snapshot!(problem);
}

#[test]
fn rolling_captions_are_collapsed_on_demand() {
    let text = "WEBVTT

00:00:00.000 --> 00:00:02.000
good<00:00:00.500><c> morning</c><00:00:01.000><c> everyone</c>

00:00:02.000 --> 00:00:02.010
good morning everyone

00:00:02.010 --> 00:00:04.000
good morning everyone
shall<00:00:03.000><c> we</c>

00:00:04.000 --> 00:00:06.000
shall we
start

00:00:09.000 --> 00:00:10.000
start
";
    let plain = files::read("a.vtt", text.as_bytes(), &Options::default()).unwrap();
    assert_eq!(plain.transcript.segments.len(), 5);
    let options = Options {
        collapse_rolling: true,
        ..Options::default()
    };
    let read = files::read("a.vtt", text.as_bytes(), &options).unwrap();
    assert_eq!(
        said(&read),
        [
            (None, Some(0), "good morning everyone"),
            (None, Some(2_010), "shall we"),
            (None, Some(4_000), "start"),
            // After a pause it is said again.
            (None, Some(9_000), "start"),
        ]
    );
    let codes: Vec<_> = read.notices.iter().map(|notice| notice.code).collect();
    assert_eq!(codes, ["repeated-caption"]);
    assert_eq!((read.reading.time_lines, read.reading.empty_cues), (5, 0));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let options = Options { collapse_rolling: true, ..Options::default() };
        for name in ["a.txt", "a.vtt", "a.srt", "a.docx"] {
            let _ = files::read(name, &bytes, &options);
        }
        let _ = files::read("a.docx", &archive(&[("word/document.xml", &bytes)]), &options);
        let mut damaged = docx("<w:p><w:r><w:t>Bo: Hello.</w:t></w:r></w:p>");
        for pair in bytes.chunks_exact(2).take(16) {
            let length = damaged.len();
            damaged[usize::from(pair[0]) * 7 % length] ^= pair[1];
            let _ = files::read("a.docx", &damaged, &options);
        }
    }

    #[test]
    fn no_text_is_lost_in_any_layout(lines in proptest::collection::vec(any_line(), 1..60), dialect in any_dialect()) {
        // Each line that holds nothing but text gets a word of its own, so that it can be found again.
        let is_text = |line: &str| line.len() > 7 && !line.contains(|c: char| c.is_ascii_digit());
        let marked: Vec<_> = lines.iter().enumerate().map(|(index, line)| {
            if is_text(line) { format!("{line} word{index}x") } else { line.clone() }
        }).collect();
        let options = Options { dialect, ..Options::default() };
        if let Ok(read) = files::read("a.txt", marked.join("\n").as_bytes(), &options) {
            let mut kept = read.reading.notes.join("\n");
            for segment in &read.transcript.segments {
                write!(kept, "\n{} {}", segment.speaker.as_deref().unwrap_or_default(), segment.text).unwrap();
            }
            let words = marked.iter().filter_map(|line| line.rsplit(' ').next());
            let words: Vec<_> = words.filter(|word| word.starts_with("word")).collect();
            let found: usize = words.iter().map(|word| kept.matches(word).count()).sum();
            // What was taken for the name of somebody who then says nothing is told with the time.
            prop_assert!(found <= words.len() && found + read.reading.empty_cues >= words.len(), "{:?}", read);
            prop_assert!(read.transcript.segments.iter().all(|segment| !segment.text.is_empty()));
        }
    }

    #[test]
    fn each_time_line_of_a_text_makes_a_turn_or_a_notice(lines in proptest::collection::vec(any_line(), 1..60)) {
        if let Ok(read) = files::read("a.txt", lines.join("\n").as_bytes(), &Options::default()) {
            let timed = read.transcript.segments.iter().filter(|segment| segment.start_ms.is_some()).count();
            prop_assert!(timed + read.reading.empty_cues >= read.reading.time_lines);
            let told = read.notices.iter().any(|notice| notice.code == "empty-cue");
            prop_assert_eq!(told, read.reading.empty_cues > 0);
        }
    }

    #[test]
    fn what_is_written_is_read_again(turns in any_turns(), layout in 0..7_usize) {
        let (text, dialect, timed) = write_turns(&turns, layout);
        let read = files::read("a.txt", text.as_bytes(), &Options::default()).unwrap();
        prop_assert_eq!(read.reading.format, Format::Text(dialect), "{}", text);
        let expected: Vec<_> = turns.iter().map(|turn| {
            (Some(turn.speaker), timed.then_some(turn.second * 1_000), &*turn.text)
        }).collect();
        prop_assert_eq!(&said(&read), &expected, "{}", text);
        prop_assert_eq!(read.notices, []);
        let document: String = text.lines().map(|line| {
            let line = line.replace('&', "&amp;").replace('<', "&lt;").replace('\t', "</w:t><w:tab/><w:t>");
            format!("<w:p><w:r><w:t>{line}</w:t></w:r></w:p>")
        }).collect();
        let word = files::read("a.docx", &docx(&document), &Options::default()).unwrap();
        prop_assert_eq!(word.reading.format, Format::Docx(dialect));
        prop_assert_eq!(said(&word), expected);
    }

    #[test]
    fn clean_subtitles_are_read_as_others_read_them(cues in proptest::collection::vec(any_cue(), 1..40)) {
        let (mut webvtt, mut srt) = ("WEBVTT\n\n".to_owned(), String::new());
        let mut at = 0;
        let mut times = Vec::new();
        for (index, (wait, length, lines)) in cues.iter().enumerate() {
            at += wait;
            times.push((at, at + length));
            let text = lines.join("\n");
            let number = index + 1;
            writeln!(webvtt, "{number}\n{} --> {}\n{text}\n", clock(at, '.'), clock(at + length, '.')).unwrap();
            writeln!(srt, "{number}\n{} --> {}\n{text}\n", clock(at, ','), clock(at + length, ',')).unwrap();
        }
        let ours = |name: &str, text: &str| -> Vec<(i64, i64, String)> {
            let read = files::read(name, text.as_bytes(), &Options::default()).unwrap();
            let segments = read.transcript.segments.into_iter();
            segments.map(|segment| (segment.start_ms.unwrap(), segment.end_ms.unwrap(), segment.text)).collect()
        };
        let (our_webvtt, our_srt) = (ours("a.vtt", &webvtt), ours("a.srt", &srt));
        let expected: Vec<_> = times.iter().zip(&cues).map(|((start, end), (_, _, lines))| {
            (*start, *end, lines.join(" "))
        }).collect();
        prop_assert_eq!(&our_webvtt, &expected);
        prop_assert_eq!(&our_srt, &expected);
        prop_assert_eq!(&by_subtitler(&subtitler::vtt::parse_content(&webvtt).unwrap()), &expected);
        prop_assert_eq!(&by_subtitler(&subtitler::srt::parse_content(&srt).unwrap()), &expected);
        let others: WebVttSubtitle = webvtt.parse().unwrap();
        let others = others.events().iter().map(|cue| (cue.start.into(), cue.end.into(), on_one_line(&cue.text)));
        prop_assert_eq!(&others.collect::<Vec<_>>(), &expected);
        let others: SubRipSubtitle = srt.parse().unwrap();
        let others = others.events().iter().map(|cue| (cue.start.into(), cue.end.into(), on_one_line(&cue.text)));
        prop_assert_eq!(&others.collect::<Vec<_>>(), &expected);
    }
}

fn by_subtitler(file: &subtitler::SubtitleFile) -> Vec<(i64, i64, String)> {
    let cues = file.subtitles().iter();
    cues.map(|cue| (cue.start as i64, cue.end as i64, on_one_line(&cue.text)))
        .collect()
}

fn on_one_line(text: &str) -> String {
    text.trim().lines().collect::<Vec<_>>().join(" ")
}

const DOCUMENTS: &[(&str, &str)] = &[
    (
        "teams.docx",
        // As Teams writes it: a picture, the name in bold, the time behind spaces, the text behind a line end.
        "<w:p><w:r><w:t>Kick-off-20260302_150012-Meeting Recording</w:t></w:r></w:p>
         <w:p><w:r><w:t>March 2, 2026, 3:00PM</w:t></w:r></w:p>
         <w:p><w:pPr><w:tabs><w:tab w:val='left' w:pos='720'/></w:tabs></w:pPr>
           <w:r><w:drawing><wp:docPr id='1' name='Picture 1'/></w:drawing></w:r>
           <w:r><w:rPr><w:b/></w:rPr><w:t xml:space='preserve'>Bo L</w:t></w:r><w:r><w:t xml:space='preserve'>ind   </w:t></w:r>
           <w:r><w:t>0:03</w:t></w:r><w:r><w:br/><w:t>Good mor</w:t></w:r><w:r><w:t xml:space='preserve'>ning, R&amp;D &#38; all. </w:t></w:r></w:p>
         <w:p><w:r><w:t xml:space='preserve'>Zoë Ferreira   </w:t><w:t>0:07</w:t><w:br/><w:t>Morning!</w:t></w:r></w:p>
         <w:p><w:r><w:t xml:space='preserve'>Bo Lind   </w:t><w:t>1:02:03</w:t><w:br/><w:t>Bye.</w:t></w:r></w:p>",
    ),
    (
        "teams-old.docx",
        "<w:p><w:r><w:t>0:0:0.0 --&gt; 0:0:2.750</w:t><w:cr/><w:t>Bo Lind</w:t><w:cr/><w:t>Good morning.</w:t></w:r></w:p>
         <w:p><w:r><w:t>0:0:3.0 --&gt; 0:0:4.5</w:t><w:cr/><w:t>Zoë Ferreira</w:t><w:cr/><w:t>Morning!</w:t></w:r></w:p>
         <w:p><w:r><w:t>0:0:5.0 --&gt; 0:0:6.5</w:t><w:cr/><w:t>Bo Lind</w:t><w:cr/><w:t>Shall we?</w:t></w:r></w:p>",
    ),
    (
        "stacked.docx",
        "<w:p><w:r><w:t>0:00</w:t></w:r></w:p><w:p><w:r><w:t>Bo Lind</w:t></w:r></w:p><w:p><w:r><w:t>Good morning.</w:t></w:r></w:p>
         <w:p><w:r><w:t>0:04</w:t></w:r></w:p><w:p><w:r><w:t>Zoë</w:t></w:r></w:p><w:p><w:r><w:t>Morning!</w:t></w:r></w:p>
         <w:p><w:r><w:t>0:09</w:t></w:r></w:p><w:p><w:r><w:t>Bo Lind</w:t></w:r></w:p><w:p><w:r><w:t>Shall we?</w:t></w:r></w:p>",
    ),
    (
        "table.docx",
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Time</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Speaker</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Text</w:t></w:r></w:p></w:tc></w:tr>
         <w:tr><w:tc><w:p><w:r><w:t>0:15</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Bo Lind</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Good</w:t><w:tab/><w:t>morning.</w:t></w:r></w:p><w:p><w:r><w:t>All.</w:t></w:r></w:p></w:tc></w:tr>
         <w:tr><w:tc><w:p><w:r><w:t>0:19</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Zoë</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Morning!</w:t></w:r></w:p></w:tc></w:tr></w:tbl>",
    ),
    (
        "changes.docx",
        "<w:p><w:r><w:t xml:space='preserve'>Bo: We pay </w:t></w:r><w:del><w:r><w:delText>ten</w:delText></w:r></w:del><w:ins><w:r><w:t>twenty</w:t></w:r></w:ins><w:r><w:t>.</w:t></w:r></w:p>
         <w:p><w:r><w:t>Bo: See </w:t></w:r><w:r><w:instrText>HYPERLINK page</w:instrText></w:r><w:hyperlink><w:r><w:t>page</w:t></w:r></w:hyperlink></w:p>
         <w:p><w:r><mc:AlternateContent><mc:Choice><w:t>Bo: Once.</w:t></mc:Choice><mc:Fallback><w:t>Bo: Once.</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>",
    ),
    (
        "prose.docx",
        "<w:p><w:r><w:t>We met on Monday.</w:t></w:r></w:p><w:p><w:r><w:t>Bo will send the plan.</w:t></w:r></w:p>",
    ),
];

fn word(body: &str) -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?><w:document xmlns:w='urn:w' xmlns:mc='urn:mc' \
         xmlns:wp='urn:wp'><w:body>{body}</w:body></w:document>"
    )
}

fn docx(body: &str) -> Vec<u8> {
    let types: &[u8] = b"<Types/>";
    archive(&[
        ("[Content_Types].xml", types),
        ("word/document.xml", word(body).as_bytes()),
    ])
}

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn files_of(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/files")
        .join(folder);
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn read_text(text: &str) -> ReadFile {
    files::read("a.txt", text.as_bytes(), &Options::default()).unwrap()
}

/// Speaker, start and text of each segment.
fn said(read: &ReadFile) -> Vec<(Option<&str>, Option<i64>, &str)> {
    let segments = read.transcript.segments.iter();
    segments
        .map(|segment| (segment.speaker.as_deref(), segment.start_ms, &*segment.text))
        .collect()
}

/// `start end speaker | text`, then notes and notices.
fn show(read: Result<ReadFile, FileProblem>, out: &mut String) {
    match read {
        Ok(ReadFile {
            transcript,
            notices,
            reading,
        }) => {
            let title = reading.title.as_deref().unwrap_or("-");
            writeln!(
                out,
                "{}, {}, title {title}",
                transcript.source,
                transcript.granularity.as_str()
            )
            .unwrap();
            let ms = |ms: Option<i64>| ms.map_or("-".into(), |ms| ms.to_string());
            for segment in &transcript.segments {
                let (start, end) = (ms(segment.start_ms), ms(segment.end_ms));
                let speaker = segment.speaker.as_deref().unwrap_or("-");
                writeln!(out, "{start:>9} {end:>9}  {speaker} | {:?}", segment.text).unwrap();
            }
            for note in &reading.notes {
                writeln!(out, "  note {note:?}").unwrap();
            }
            for notice in notices {
                writeln!(
                    out,
                    "  {}:{} {}: {}",
                    notice.line, notice.column, notice.code, notice.message
                )
                .unwrap();
            }
        }
        Err(problem) => {
            let line = problem
                .line
                .map_or(String::new(), |line| format!(" (line {line})"));
            writeln!(
                out,
                "{}{line}\n  {}\n  {}",
                problem.code, problem.message, problem.help
            )
            .unwrap();
        }
    }
    out.push('\n');
}

/// A line as it may stand in a text of any layout.
fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        2 => (0..90_u32, 0..60_u32).prop_map(|(minute, second)| format!("{minute}:{second:02}")),
        2 => (0..90_u32).prop_map(|second| format!("Bo Lind  0:{:02}", second % 60)),
        2 => (0..90_u32).prop_map(|second| format!("[00:{:02}] Zoë: Yes", second % 60)),
        1 => (0..60_u32).prop_map(|second| format!("00:00:{second:02} --> 00:01:00")),
        1 => (0..60_u32).prop_map(|second| format!("0:{second:02} - Bo (Northwind)")),
        1 => (0..60_u32).prop_map(|second| format!("{second}\tBo\tYes")),
        2 => prop::sample::select(vec!["Bo Lind", "Zoë", "Bo:", "Title: x", "Date: 2026-03-02"]).prop_map(str::to_owned),
        4 => "([A-Z][a-z]{1,6}: )?[A-Z][a-zé ,.?-]{0,20}",
    ]
}

fn any_dialect() -> impl Strategy<Value = Option<Dialect>> {
    proptest::option::of(prop::sample::select(vec![
        Dialect::NameThenTime,
        Dialect::TimeThenName,
        Dialect::TimedLines,
        Dialect::Tabs,
        Dialect::Untimed,
        Dialect::Ranges,
        Dialect::Stacked,
        Dialect::Paragraphs,
    ]))
}

#[derive(Debug, Clone)]
struct Turn {
    second: i64,
    speaker: &'static str,
    text: String,
}

/// Three speakers in turn, and times that grow.
fn any_turns() -> impl Strategy<Value = Vec<Turn>> {
    let text = "[A-Z][a-z]{1,8} [a-zäß李😀 ,&<]{0,40}[a-z][.]";
    proptest::collection::vec((0..90_i64, text), 4..40).prop_map(|turns| {
        let mut second = 0;
        let turns = turns.into_iter().enumerate().map(|(index, (wait, text))| {
            second += wait;
            Turn {
                second,
                speaker: ["Bo Lind", "Zoë Ferreira", "Ana (Northwind)"][index % 3],
                text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            }
        });
        turns.collect()
    })
}

/// A text in one of the layouts, and whether it has times.
fn write_turns(turns: &[Turn], layout: usize) -> (String, Dialect, bool) {
    let mut out = String::new();
    let dialects = [
        Dialect::NameThenTime,
        Dialect::TimeThenName,
        Dialect::TimedLines,
        Dialect::Tabs,
        Dialect::Untimed,
        Dialect::Ranges,
        Dialect::Stacked,
    ];
    for Turn {
        second,
        speaker,
        text,
    } in turns
    {
        let time = format!("{}:{:02}", second / 60, second % 60);
        let from = clock(second * 1_000, '.');
        let written = match dialects[layout] {
            Dialect::NameThenTime => format!("{speaker}  {time}\n{text}\n\n"),
            Dialect::TimeThenName => format!("{time} - {speaker}\n{text}\n\n"),
            Dialect::TimedLines => format!("[{time}] {speaker}: {text}\n"),
            Dialect::Tabs => format!("{from}\t{speaker}\t{text}\n"),
            Dialect::Untimed => format!("{speaker}: {text}\n"),
            Dialect::Ranges => format!("{speaker}\n{from} --> {from}\n{text}\n\n"),
            Dialect::Stacked => format!("{time}\n{speaker}\n{text}\n"),
            Dialect::Paragraphs => unreachable!("nobody speaks in paragraphs"),
        };
        out.push_str(&written);
    }
    (out, dialects[layout], dialects[layout] != Dialect::Untimed)
}

/// A cue as every reader takes it: no markup, no speaker, nothing that looks like one.
fn any_cue() -> impl Strategy<Value = (i64, i64, Vec<String>)> {
    let line = "[A-Z][a-z]{1,8}( [a-zäß李😀]{1,8}){0,4}";
    (
        0..900_000_i64,
        1..9_000_i64,
        proptest::collection::vec(line, 1..3),
    )
}

fn clock(ms: i64, mark: char) -> String {
    let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
    let (seconds, fraction) = (ms / 1000 % 60, ms % 1000);
    format!("{hours:02}:{minutes:02}:{seconds:02}{mark}{fraction:03}")
}
