//! Tests of the readers of exported transcript files, and of the connector for method `file`.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use call_import_engine::{
    files::{self, FileProblem, Options, ReadFile, SourceFile},
    import::{self, Uploads},
    model::{Call, Period, TranscriptContent},
    platforms::{Connector, Exchange, Page, Rejection, Reply, Setup, Step, Work},
    workspace::Shelf,
};
use jiff::civil::date;
use proptest::prelude::*;
use tempfile::TempDir;

#[test]
fn webvtt_files_are_read() {
    insta::assert_snapshot!(render_folder("vtt"));
}

#[test]
fn srt_files_are_read() {
    insta::assert_snapshot!(render_folder("srt"));
}

#[test]
fn encodings_are_told_apart() {
    insta::assert_snapshot!(render_folder("encoding"));
}

#[test]
fn other_files_are_refused_in_plain_words() {
    insta::assert_snapshot!(render_folder("refused"));
}

#[test]
fn the_sample_request_brings_files_that_read_without_a_doubt() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("requests/files/example");
    for path in files_of(&folder) {
        let read = read(&path).unwrap();
        assert_eq!(read.notices, [], "{}", path.display());
        assert!(read.transcript.segments.len() > 24, "{}", path.display());
        for segment in &read.transcript.segments {
            assert!(segment.speaker.is_some(), "{segment:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = files::read("call.vtt", &bytes, &Options::default());
        let _ = files::read("call.srt", &[b"1\n00:00:01,000 --> 00:00:02,000\n", &*bytes].concat(), &Options::default());
        let _ = files::read("call.vtt", &[b"WEBVTT\n\n00:01.000 --> 00:02.000\n", &*bytes].concat(), &Options::default());
    }

    #[test]
    fn any_lines_keep_the_count(lines in proptest::collection::vec(any_line(), 0..60), srt: bool) {
        let head = if srt { "" } else { "WEBVTT\n" };
        let text = format!("{head}{}\n", lines.join("\n"));
        if let Ok(read) = files::read(if srt { "call.srt" } else { "call.vtt" }, text.as_bytes(), &Options::default()) {
            let time_lines = lines.iter().filter(|line| line.contains("-->")).count();
            let voices = read.transcript.segments.len();
            prop_assert_eq!(read.reading.time_lines, time_lines);
            prop_assert!(voices >= time_lines - read.reading.empty_cues);
            if !text.contains("<v") && !text.contains(">>") && !text.contains("- ") {
                prop_assert_eq!(voices, time_lines - read.reading.empty_cues);
            }
            prop_assert!(read.transcript.segments.iter().all(|segment| !segment.text.is_empty()));
        }
    }

    #[test]
    fn srt_loses_no_text(lines in proptest::collection::vec(any_line(), 0..60)) {
        // Each line of text gets a word of its own, so that it can be found again.
        let marked: Vec<_> = lines.iter().enumerate().map(|(index, line)| {
            let is_text = line.starts_with(|c: char| c.is_ascii_uppercase());
            if is_text { format!("{line} word{index}x") } else { line.clone() }
        }).collect();
        if let Ok(read) = files::read("call.srt", marked.join("\n").as_bytes(), &Options::default()) {
            let texts: Vec<_> = read.transcript.segments.iter().map(|segment| &*segment.text).collect();
            let texts = texts.join("\n");
            let cues = marked.iter().skip_while(|line| !line.contains("-->"));
            for word in cues.filter_map(|line| line.rsplit_once(' ')).map(|(_, word)| word) {
                if word.starts_with("word") {
                    prop_assert_eq!(texts.matches(word).count(), 1, "{}", word);
                }
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again(cues in proptest::collection::vec(any_cue(), 1..40), srt: bool) {
        let read = if srt {
            files::read("call.srt", write_srt(&cues).as_bytes(), &Options::default())
        } else {
            files::read("call.vtt", write_webvtt(&cues).as_bytes(), &Options::default())
        };
        let read = read.unwrap();
        let found: Vec<_> = read.transcript.segments.iter().map(|segment| {
            let speaker = segment.speaker.as_deref().unwrap_or_default();
            (segment.start_ms.unwrap(), segment.end_ms.unwrap(), speaker, &*segment.text)
        }).collect();
        let mut start = 0;
        let expected: Vec<_> = cues.iter().map(|cue| {
            start += cue.wait;
            (start, start + cue.length, cue.speaker, &*cue.text)
        }).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(read.notices, []);
    }
}

#[test]
fn a_listing_ends_after_few_pages_and_resumes_from_each_cursor() {
    let contents = (0..250)
        .map(|index| {
            (
                format!("files/{index:03}.vtt"),
                webvtt(&format!("Call {index}.")),
            )
        })
        .collect();
    let request = Request::of(contents);
    let pages = request.drain(None);
    let sizes: Vec<_> = pages.iter().map(|page| page.calls.len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert!(pages[0].next.as_ref().unwrap().ends_with(":100"));
    assert!(
        pages
            .iter()
            .all(|page| page.total == Some(250) && page.file_failures.is_empty())
    );
    for (index, page) in pages.iter().enumerate().take(2) {
        assert_eq!(request.drain(page.next.clone()), pages[index + 1..]);
    }
}

#[test]
fn pages_hold_at_most_sixteen_megabytes() {
    let contents = (0..6).map(|index| (format!("{index}.vtt"), webvtt(&format!("Call {index}."))));
    let mut request = Request::of(contents.collect());
    for index in 0..6 {
        request.resize(
            &format!("{index}.vtt"),
            if index == 5 { 20_000_000 } else { 6_500_000 },
        );
    }
    let pages = request.drain(None);
    let sizes: Vec<_> = pages.iter().map(|page| page.calls.len()).collect();
    assert_eq!(sizes, [2, 2, 1, 1]);
}

#[test]
fn a_file_that_cannot_be_read_fails_alone() {
    let mut request = Request::of(BTreeMap::from([
        ("a.vtt".into(), webvtt("Hello.")),
        ("b.pdf".into(), b"%PDF-1.7".to_vec()),
        ("c.vtt".into(), b"WEBVTT\n".to_vec()),
        ("d.vtt".into(), webvtt("Gone.")),
        ("e.vtt".into(), webvtt("Bye.")),
        ("f.vtt".into(), webvtt("Too long.")),
    ]));
    fs::remove_file(&request.files[2].path).unwrap();
    request.resize("f.vtt", 64_000_001);
    let [page] = &request.drain(None)[..] else {
        panic!("one page");
    };
    assert_eq!(page.calls.len(), 2);
    let failures: Vec<_> = page
        .file_failures
        .iter()
        .map(|failure| format!("{} ({}): {}", failure.id(), failure.code, failure.detail()))
        .collect();
    insta::assert_snapshot!(failures.join("\n"));
}

#[test]
fn a_file_too_large_is_not_asked_for() {
    let mut request = Request::of(BTreeMap::from([("a.vtt".into(), webvtt("Hello."))]));
    request.resize("a.vtt", 64_000_001);
    let step = Uploads.begin(&list(None), &request.setup);
    assert!(matches!(step, Step::Send(Exchange::Files(wishes), _) if wishes.is_empty()));
    let [page] = &request.drain(None)[..] else {
        panic!("one page");
    };
    assert_eq!(page.file_failures.len(), 1);
}

#[test]
fn a_call_carries_what_its_file_tells() {
    let content = fs::read(fixture("vtt/note-style-region.vtt")).unwrap();
    let name = "files/northwind/Kick-off_call.transcript.vtt";
    let request = Request::of(BTreeMap::from([(name.into(), content)]));
    let call = request.only_call();
    let raw: serde_json::Value = serde_json::from_str(call.raw.as_deref().unwrap()).unwrap();
    insta::assert_json_snapshot!((&call, raw));
}

#[test]
fn speakers_become_participants() {
    let content = fs::read(fixture("vtt/many-voices.vtt")).unwrap();
    let call = Request::of(BTreeMap::from([("a.vtt".into(), content)])).only_call();
    let names: Vec<_> = call
        .participants
        .iter()
        .map(|person| person.name.as_deref())
        .collect();
    assert_eq!(names, [Some("Bo Lind"), Some("Zoë Ferreira")]);
    let TranscriptContent::Here(transcript) = &call.transcript else {
        panic!("the transcript came along");
    };
    let links: Vec<_> = transcript
        .segments
        .iter()
        .map(|segment| segment.participant)
        .collect();
    assert_eq!(links, [Some(1), Some(2), None, Some(1)]);
}

#[test]
fn the_content_makes_the_call_not_the_name_nor_the_bytes() {
    let text = fs::read_to_string(fixture("vtt/plain.vtt")).unwrap();
    let ids = |contents: &[(&str, &str)]| -> Vec<String> {
        let contents = contents
            .iter()
            .map(|(name, text)| ((*name).into(), text.as_bytes().to_vec()));
        let pages = Request::of(contents.collect()).drain(None);
        pages
            .into_iter()
            .flat_map(|page| page.calls)
            .map(|call| call.external_id)
            .collect()
    };
    let edited = text.replace("pilot", "trial");
    let [id] = &ids(&[
        ("a.vtt", &text),
        ("b/other name.vtt", &text.replace('\n', "\r\n")),
    ])[..] else {
        panic!("the same conversation twice is one call");
    };
    assert_eq!(id.len(), 64);
    assert_eq!(ids(&[("z.vtt", &text)]), [id.as_str()]);
    assert_ne!(ids(&[("a.vtt", &edited)]), [id.as_str()]);
}

#[test]
fn nothing_but_listing_needs_files() {
    let request = Request::of(BTreeMap::from([("a.vtt".into(), webvtt("Hello."))]));
    for work in [Work::Verify, Work::Transcripts(Vec::new())] {
        assert_eq!(
            Uploads.begin(&work, &request.setup),
            Step::Page(Page::default())
        );
    }
    let wrong = Uploads.next(
        &list(None),
        &request.setup,
        &().into(),
        &Reply::Files(Vec::new()),
    );
    assert!(matches!(wrong, Err(Rejection::Broken { .. })));
    assert_eq!(
        Request::of(BTreeMap::new()).drain(None),
        [Page {
            total: Some(0),
            ..Page::default()
        }]
    );
}

/// A request with its files, and what the shell would do for it.
struct Request {
    setup: Setup,
    files: Vec<SourceFile>,
    _folder: TempDir,
}

impl Request {
    fn of(contents: BTreeMap<String, Vec<u8>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut files: Vec<_> = contents
            .iter()
            .map(|(name, bytes)| {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, bytes).unwrap();
                SourceFile {
                    name: name.clone(),
                    path,
                    bytes: bytes.len() as u64,
                    member: None,
                }
            })
            .collect();
        // They are put in order when they are looked through.
        files.reverse();
        let mut request = Self {
            setup: Setup {
                base_url: String::new(),
                options: serde_json::Map::new(),
                internal_domains: Vec::new(),
                period: period(),
                method: call_import_engine::model::Method::File,
                as_of: jiff::Timestamp::UNIX_EPOCH,
                keys: 1,
                gathered: Arc::default(),
            },
            files,
            _folder: folder,
        };
        request.gather();
        request
    }

    fn gather(&mut self) {
        let mut shelf = Shelf::default();
        let gathered = import::gather(&self.files, "other", Options::default(), &mut |wish| {
            shelf.read(wish)
        });
        self.setup.gathered = Arc::new(gathered);
    }

    /// Says that a file is so large. What it holds is not read then, or as it is.
    fn resize(&mut self, name: &str, bytes: u64) {
        for file in self.files.iter_mut().filter(|file| file.name == name) {
            file.bytes = bytes;
        }
        self.gather();
    }

    fn drain(&self, mut cursor: Option<String>) -> Vec<Page> {
        let mut pages = Vec::new();
        let mut shelf = Shelf::default();
        loop {
            let work = list(cursor.take());
            let mut step = Uploads.begin(&work, &self.setup);
            let page = loop {
                let (exchange, progress) = match step {
                    Step::Page(page) => break page,
                    Step::Send(exchange, progress) => (exchange, progress),
                    Step::Later(..) => panic!("files are there"),
                };
                let Exchange::Files(wishes) = exchange else {
                    panic!("files are read, nothing is sent");
                };
                let got = wishes.iter().map(|wish| shelf.read(wish)).collect();
                let reply = Reply::Files(got);
                step = Uploads.next(&work, &self.setup, &progress, &reply).unwrap();
            };
            cursor.clone_from(&page.next);
            pages.push(page);
            if cursor.is_none() {
                return pages;
            }
        }
    }

    fn only_call(&self) -> Call {
        let pages = self.drain(None);
        assert_eq!(
            (pages.len(), pages[0].calls.len()),
            (1, 1),
            "{:?}",
            pages[0].file_failures
        );
        pages[0].calls[0].clone()
    }
}

fn period() -> Period {
    Period {
        from: date(2010, 1, 1),
        to: date(2026, 11, 30),
    }
}

fn list(cursor: Option<String>) -> Work {
    Work::List {
        window: period().window(),
        cursor,
    }
}

fn webvtt(text: &str) -> Vec<u8> {
    format!("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v Bo>{text}</v>\n").into_bytes()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/files")
        .join(name)
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn read(path: &Path) -> Result<ReadFile, FileProblem> {
    let name = path.file_name().unwrap().to_str().unwrap();
    files::read(name, &fs::read(path).unwrap(), &Options::default())
}

/// Every file of a folder as it is understood: `start end speaker: text`, then the notices.
fn render_folder(folder: &str) -> String {
    let mut out = String::new();
    for path in files_of(&fixture(folder)) {
        writeln!(out, "## {}", path.file_name().unwrap().display()).unwrap();
        match read(&path) {
            Ok(read) => render(&read, &mut out),
            Err(problem) => {
                let line = problem
                    .line
                    .map_or(String::new(), |line| format!(" (line {line})"));
                writeln!(
                    out,
                    "{}{line}\n  {}\n  {}\n",
                    problem.code, problem.message, problem.help
                )
                .unwrap();
            }
        }
    }
    out
}

fn render(read: &ReadFile, out: &mut String) {
    let ReadFile {
        transcript,
        notices,
        reading,
    } = read;
    let language = transcript.language.as_deref().unwrap_or("-");
    let header = reading.header.as_deref().unwrap_or("-");
    let (source, encoding) = (&transcript.source, reading.encoding);
    writeln!(
        out,
        "{source}, {encoding}, language {language}, header {header}"
    )
    .unwrap();
    let ms = |ms: Option<i64>| ms.map_or("-".into(), |ms| ms.to_string());
    for segment in &transcript.segments {
        let (start, end) = (ms(segment.start_ms), ms(segment.end_ms));
        let speaker = segment.speaker.as_deref().unwrap_or("-");
        writeln!(out, "{start:>9} {end:>9}  {speaker} | {:?}", segment.text).unwrap();
    }
    for notice in notices {
        let (line, column) = (notice.line, notice.column);
        writeln!(out, "  {line}:{column} {}: {}", notice.code, notice.message).unwrap();
    }
    out.push('\n');
}

/// A line as it may stand anywhere in a damaged file.
fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        (0..90_u32, 0..60_u32)
            .prop_map(|(start, end)| format!("00:00:{start:02}.5 --> 0:0:{end}.25")),
        (0..12_u32).prop_map(|number| number.to_string()),
        "(<v [A-Z][a-z]{2}>)?[A-Z][a-z]{1,6}(: | )[a-zé <>&;/.-]{0,20}"
            .prop_filter("no arrow", |line| !line.contains("-->")),
        Just("NOTE aside".to_owned()),
        Just("STYLE".to_owned()),
    ]
}

#[derive(Debug, Clone)]
struct WrittenCue {
    wait: i64,
    length: i64,
    speaker: &'static str,
    text: String,
}

fn any_cue() -> impl Strategy<Value = WrittenCue> {
    let speaker = prop::sample::select(vec!["Bo Lind", "Zoë Ferreira", "Ana (Northwind)", "李雷"]);
    (
        0..900_000_i64,
        0..9_000_i64,
        speaker,
        r"[A-Z0-9][ -~äß李😀]{0,40}[a-z.]",
    )
        .prop_map(|(wait, length, speaker, text)| WrittenCue {
            wait,
            length,
            speaker,
            text,
        })
}

fn write_webvtt(cues: &[WrittenCue]) -> String {
    let mut out = String::from("WEBVTT\n\n");
    let mut start = 0;
    for cue in cues {
        start += cue.wait;
        let text = escape(&cue.text);
        let (from, to) = (clock(start, '.'), clock(start + cue.length, '.'));
        writeln!(out, "{from} --> {to}\n<v {}>{text}</v>\n", cue.speaker).unwrap();
    }
    out
}

fn write_srt(cues: &[WrittenCue]) -> String {
    let mut out = String::new();
    let mut start = 0;
    for (index, cue) in cues.iter().enumerate() {
        start += cue.wait;
        let text = escape(&cue.text);
        let (from, to) = (clock(start, ','), clock(start + cue.length, ','));
        writeln!(
            out,
            "{}\n{from} --> {to}\n{}: {text}\n",
            index + 1,
            cue.speaker
        )
        .unwrap();
    }
    out
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('{', "&#123;")
}

fn clock(ms: i64, mark: char) -> String {
    let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
    let (seconds, fraction) = (ms / 1000 % 60, ms % 1000);
    format!("{hours:02}:{minutes:02}:{seconds:02}{mark}{fraction:03}")
}
