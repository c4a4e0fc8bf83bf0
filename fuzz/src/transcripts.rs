//! What readers of transcripts hold to.

use std::collections::HashMap;

use call_import_engine::{
    files::{self, Dialect, Format, Options, ReadFile},
    model::Transcript,
};

use super::{check_notices, check_problem, packed, plain_utf_8};

/// WebVTT and SRT: each line with times makes segments, or is told as empty.
pub fn subtitles(bytes: &[u8]) {
    for name in ["call.vtt", "call.srt"] {
        for collapse_rolling in [false, true] {
            let options = Options {
                collapse_rolling,
                ..Options::default()
            };
            let Some(read) = read(name, bytes, &options) else {
                continue;
            };
            if !matches!(read.reading.format, Format::WebVtt | Format::Srt) {
                continue;
            }
            if let Some(text) = plain_utf_8(bytes) {
                assert!(
                    read.reading.time_lines >= exact_time_lines(text),
                    "{read:?}"
                );
            }
            // What only repeats the cue before it is left out, and told.
            if !collapse_rolling {
                let made = read.transcript.segments.len() + read.reading.empty_cues;
                assert!(made >= read.reading.time_lines, "{read:?}");
            }
        }
    }
}

/// Plain text: no long word is lost, whether the layout is guessed or the request names it.
pub fn text(bytes: &[u8]) {
    const DIALECTS: [Option<Dialect>; 9] = [
        None,
        Some(Dialect::NameThenTime),
        Some(Dialect::TimeThenName),
        Some(Dialect::TimedLines),
        Some(Dialect::Tabs),
        Some(Dialect::Untimed),
        Some(Dialect::Ranges),
        Some(Dialect::Stacked),
        Some(Dialect::Paragraphs),
    ];
    for dialect in DIALECTS {
        let options = Options {
            dialect,
            ..Options::default()
        };
        let Some(read) = read("call.txt", bytes, &options) else {
            continue;
        };
        let Format::Text(found) = read.reading.format else {
            continue;
        };
        assert!(dialect.is_none_or(|dialect| dialect == found), "{read:?}");
        check_times(&read);
        // Whoever is named and then says nothing is told as empty, without the name.
        if read.reading.empty_cues == 0
            && let Some(text) = plain_utf_8(bytes)
        {
            check_words(text, &read);
        }
    }
}

/// Word documents, whole or only their body: as plain text.
pub fn docx(bytes: &[u8]) {
    let document = packed::or_zipped(bytes, |body| {
        packed::zipped(&[("word/document.xml".to_owned(), body)])
    });
    if let Some(read) = read("call.docx", &document, &Options::default()) {
        check_times(&read);
    }
}

/// What any transcript holds to that was read from a file.
pub(super) fn check_transcript(transcript: &Transcript) {
    assert!(transcript.source.starts_with("file:"), "{transcript:?}");
    let mut latest = i64::MIN;
    for segment in &transcript.segments {
        assert!(!segment.text.trim().is_empty(), "{segment:?}");
        let speaker = segment.speaker.as_deref();
        assert!(
            speaker.is_none_or(|name| !name.trim().is_empty()),
            "{segment:?}"
        );
        if let (Some(start), Some(end)) = (segment.start_ms, segment.end_ms) {
            assert!(start <= end, "{segment:?}");
        }
        let start = segment.start_ms.unwrap_or(latest);
        assert!(latest <= start, "{transcript:?}");
        latest = start;
    }
}

/// A transcript with what was assumed of it; the file can be read or there is a reason why not.
pub(super) fn check_read(read: &ReadFile) {
    check_transcript(&read.transcript);
    check_notices(&read.notices);
    let told = read.notices.iter().any(|notice| notice.code == "empty-cue");
    assert_eq!(told, read.reading.empty_cues > 0, "{read:?}");
}

fn read(name: &str, bytes: &[u8], options: &Options) -> Option<ReadFile> {
    match files::read(name, bytes, options) {
        Ok(read) => {
            check_read(&read);
            Some(read)
        }
        Err(problem) => {
            check_problem(&problem);
            None
        }
    }
}

/// Each time makes a turn, or is told as empty.
fn check_times(read: &ReadFile) {
    let segments = read.transcript.segments.iter();
    let timed = segments
        .filter(|segment| segment.start_ms.is_some())
        .count();
    assert!(
        timed + read.reading.empty_cues >= read.reading.time_lines,
        "{read:?}"
    );
}

/// Lines with times in the one form that every program writes.
fn exact_time_lines(text: &str) -> usize {
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let is_time = |time: &[u8]| {
        let (two, three) = (digits(&time[..2]), digits(&time[9..]));
        two && time[2] == b':'
            && digits(&time[3..5])
            && time[5] == b':'
            && digits(&time[6..8])
            && three
    };
    let is_exact = |line: &&str| {
        let line = line.as_bytes();
        line.len() == 29
            && &line[12..17] == b" --> "
            && [&line[..12], &line[17..]]
                .iter()
                .all(|time| is_time(time) && matches!(time[8], b'.' | b','))
    };
    text.split(['\n', '\r']).filter(is_exact).count()
}

/// Every word of eight letters or more is found again: in what was said, as a name, or in the notes.
fn check_words(text: &str, read: &ReadFile) {
    let said = read.transcript.segments.iter().flat_map(|segment| {
        let speaker = segment.speaker.as_deref();
        [Some(&*segment.text), speaker].into_iter().flatten()
    });
    let notes = read.reading.notes.iter().map(String::as_str);
    let kept: HashMap<&str, usize> = counted(said.chain(notes));
    for (word, times) in counted([text]) {
        let found = kept.get(word).copied().unwrap_or_default();
        assert!(
            found >= times,
            "{word:?} stands there {times} times: {read:?}"
        );
    }
}

fn counted<'a>(texts: impl IntoIterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut words = HashMap::new();
    for text in texts {
        let runs = text.split(|c: char| !c.is_ascii_alphabetic());
        for word in runs.filter(|run| run.len() >= 8) {
            *words.entry(word).or_default() += 1;
        }
    }
    words
}
