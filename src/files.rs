//! Readers of exported transcript files: bytes in, a [`Transcript`] and notices out.
//!
//! No subtitle crate is used: each one that was tried loses text or time, without a word, on files
//! that really occur. So these readers go line by line, keep signed milliseconds, and hold to one law:
//! every time line makes a cue, and nothing a cue says is dropped without a [`Notice`].
//!
//! The way of a file: bytes → text (`text`, `docx`) → cues (`cues`, `time`) → voices (`markup`) → who
//! speaks (`speakers`) → segments (here). Plain text has no cues, only a layout (`plain`).

mod archive;
mod bounded;
mod calls;
mod cells;
mod column;
mod columns;
mod contained;
mod cues;
mod dialect;
mod docx;
mod draft;
pub mod json;
mod kind;
mod listed;
mod manifest;
mod markup;
mod names;
mod notice;
mod options;
mod pairing;
mod plain;
mod recording;
mod refusal;
mod rolling;
mod source;
mod speakers;
mod spoken;
mod table;
mod text;
mod time;

pub use archive::{
    Archive, Directory, HIGHEST_RATIO, LARGEST_TOTAL, MOST_MEMBERS, Member, RATIO_COUNTS_FROM,
};
pub use calls::call_list;
pub use column::Column;
pub use columns::{TableKind, columns_as_yaml, kind as table_kind};
pub use dialect::Dialect;
pub use draft::{Content, Draft, Gathered};
pub use kind::{HEAD_BYTES, Kind, PACKED_TWICE, kind};
pub use listed::{CallList, ListedCall, RowFailure};
pub use manifest::{Proposal, proposed};
pub(crate) use names::text_key;
pub use names::{NamedStart, started_at, stem, title};
pub use notice::Notice;
pub use options::{DateOrder, DurationUnit, Options};
pub use pairing::{Group, Pairing, ROW_FAILED, pair};
pub use recording::{Recording, facts};
pub use refusal::FileProblem;
pub use source::{Got, SourceFile, What, Wish};
pub use spoken::{Spoken, SpokenCall, transcripts};
pub use table::{Row, Table, TableFormat, failures_csv, table, template_csv};

use crate::model::{Granularity, Segment, Transcript};
use cues::Cue;
use notice::{Code, Notices};
use plain::Conversation;
use speakers::Turn;

/// A file as it was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadFile {
    /// What was said, in order of time.
    pub transcript: Transcript,
    /// What was assumed or mended, in order of line.
    pub notices: Vec<Notice>,
    /// How the file was read.
    pub reading: Reading,
}

/// When a cue of subtitles, or a turn of a text, was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    /// Line on which it begins.
    line: usize,
    /// Milliseconds, may be negative.
    start_ms: Option<i64>,
    /// Milliseconds, never before the start.
    end_ms: Option<i64>,
}

/// How a file was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The format found.
    pub format: Format,
    /// Name of the encoding found, e.g. `UTF-8`.
    pub encoding: &'static str,
    /// What stands behind `WEBVTT` in the first line.
    pub header: Option<String>,
    /// What the lines above a text say that it is called.
    pub title: Option<String>,
    /// Lines above and below a text that nobody said, such as date and attendees.
    pub notes: Vec<String>,
    /// Lines that give a time: each makes one cue.
    pub time_lines: usize,
    /// Cues without any text: they make no segment.
    pub empty_cues: usize,
}

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// WebVTT (W3C), as Zoom and Teams export it.
    WebVtt,
    /// `SubRip`, for which no standard exists.
    Srt,
    /// Plain text in one of its layouts.
    Text(Dialect),
    /// A Word document, with its text in one of the same layouts.
    Docx(Dialect),
    /// JSON of the podcast namespace.
    Json,
}

impl Format {
    /// Ending of file names, and the word in `Transcript::source`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WebVtt => "vtt",
            Self::Srt => "srt",
            Self::Text(_) => "txt",
            Self::Docx(_) => "docx",
            Self::Json => "json",
        }
    }

    /// How plain text is laid out.
    pub const fn dialect(self) -> Option<Dialect> {
        match self {
            Self::WebVtt | Self::Srt | Self::Json => None,
            Self::Text(dialect) | Self::Docx(dialect) => Some(dialect),
        }
    }

    /// `file:vtt`, `file:txt:stacked`
    fn source(self) -> String {
        match self {
            Self::WebVtt | Self::Srt | Self::Docx(_) | Self::Json => {
                format!("file:{}", self.as_str())
            }
            Self::Text(dialect) => format!("file:{}:{}", self.as_str(), dialect.as_str()),
        }
    }

    const fn granularity(self) -> Granularity {
        match self {
            Self::WebVtt | Self::Srt | Self::Json => Granularity::Cue,
            Self::Text(dialect) | Self::Docx(dialect) => match dialect {
                Dialect::TimedLines | Dialect::Ranges => Granularity::Cue,
                Dialect::NameThenTime
                | Dialect::TimeThenName
                | Dialect::Tabs
                | Dialect::Untimed
                | Dialect::Stacked => Granularity::Turn,
                Dialect::Paragraphs => Granularity::Paragraph,
            },
        }
    }
}

/// Endings of names of plain text.
const TEXT_ENDINGS: [&str; 6] = ["", "log", "md", "text", "transcript", "txt"];

/// Reads a transcript file. Its content decides which reader is used; the ending of `name` only where
/// the content fits more than one.
///
/// # Errors
/// A [`FileProblem`] when this is no transcript in a format that can be read, or when reading it would
/// need a guess that may mix up two calls.
pub fn read(name: &str, bytes: &[u8], options: &Options) -> Result<ReadFile, FileProblem> {
    let mut notices = Notices::default();
    if docx::is_archive(bytes) {
        let document = docx::read(bytes)?;
        if document.deletions > 0 {
            notices.add_many_at(Code::TrackedDeletion, 1, 1, document.deletions);
        }
        let conversation = plain::read(&document.text, options, &mut notices)?;
        let format = Format::Docx(conversation.dialect);
        return Ok(of_conversation(conversation, format, "UTF-8", notices));
    }
    if let Some(problem) = refusal::of_other_kind(bytes) {
        return Err(problem);
    }
    if json::is_json(bytes)
        && let Some(read) = json::transcript(bytes, options)
    {
        return read;
    }
    let (text, encoding) = text::decode(bytes, options, &mut notices)?;
    match subtitles(name, &text, &mut notices)? {
        Some(format) => of_cues(&text, format, encoding, options, notices),
        None => {
            let conversation = plain::read(&text, options, &mut notices)?;
            let format = Format::Text(conversation.dialect);
            Ok(of_conversation(conversation, format, encoding, notices))
        }
    }
}

fn of_cues(
    text: &str,
    format: Format,
    encoding: &'static str,
    options: &Options,
    mut notices: Notices,
) -> Result<ReadFile, FileProblem> {
    let mut found = cues::scan(text, format, &mut notices);
    if let Some(line) = found.joined {
        return Err(refusal::joined(line));
    }
    let time_lines = found.cues.len();
    if options.collapse_rolling {
        rolling::collapse(&mut found.cues, &mut notices);
    }
    let turns = speakers::turns(speakers::parts(&found.cues), &mut notices);
    let moments: Vec<Moment> = found.cues.iter().map(Cue::moment).collect();
    let reading = Reading {
        format,
        encoding,
        header: found.header,
        title: None,
        notes: Vec::new(),
        time_lines,
        empty_cues: 0,
    };
    Ok(assemble(&moments, turns, found.language, reading, notices))
}

fn of_conversation(
    conversation: Conversation,
    format: Format,
    encoding: &'static str,
    notices: Notices,
) -> ReadFile {
    let Conversation {
        dialect: _,
        moments,
        turns,
        title,
        notes,
    } = conversation;
    let timed = |moment: &&Moment| moment.start_ms.is_some();
    let reading = Reading {
        format,
        encoding,
        header: None,
        title,
        notes,
        time_lines: moments.iter().filter(timed).count(),
        empty_cues: 0,
    };
    assemble(&moments, turns, None, reading, notices)
}

fn assemble(
    moments: &[Moment],
    turns: Vec<Turn>,
    language: Option<String>,
    mut reading: Reading,
    mut notices: Notices,
) -> ReadFile {
    let spoken = turns.iter().map(|turn| turn.cue);
    reading.empty_cues = count_empty(moments, spoken, &mut notices);
    let segments = in_order(segments(moments, turns), &mut notices);
    ReadFile {
        transcript: Transcript {
            source: reading.format.source(),
            granularity: reading.format.granularity(),
            language,
            segments: segments.into_iter().map(|(_, segment)| segment).collect(),
        },
        notices: notices.into_list(),
        reading,
    }
}

/// WebVTT or SRT; nothing, if it is plain text.
fn subtitles(name: &str, text: &str, notices: &mut Notices) -> Result<Option<Format>, FileProblem> {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending = ending.to_ascii_lowercase();
    let Some(first) = text::lines(text).find(|line| !text::is_blank(line.text)) else {
        return Err(refusal::empty());
    };
    if cues::is_header(first.text) {
        if ending == "srt" {
            notices.add(Code::EndingDiffers, first.number);
        }
        return Ok(Some(Format::WebVtt));
    }
    let mut above = "";
    let time_line = text::lines(text).find_map(|line| {
        let before = std::mem::replace(&mut above, line.text);
        time::time_line(line.text).map(|time| (line.number, time.comma, before))
    });
    let Some((line, comma, above)) = time_line else {
        return plain_text(&ending, text);
    };
    let numbered = text::trim(above).parse::<u32>().is_ok();
    match (comma, ending.as_str()) {
        (false, "srt") => Ok(Some(Format::Srt)),
        (false, "vtt") => {
            notices.add(Code::MissingHeader, first.number);
            Ok(Some(Format::WebVtt))
        }
        // Only SRT writes 00:00:01,500, whatever the file is called, and only SRT numbers its cues.
        (true, "vtt") => {
            notices.add(Code::EndingDiffers, line);
            Ok(Some(Format::Srt))
        }
        (true, _) => Ok(Some(Format::Srt)),
        (false, _) if numbered => Ok(Some(Format::Srt)),
        (false, _) if text::lines(text).any(|line| is_voice(line.text)) => {
            notices.add(Code::MissingHeader, first.number);
            Ok(Some(Format::WebVtt))
        }
        (false, ending) => plain_text(ending, text),
    }
}

/// `<v Bo Lind>`, which only WebVTT writes.
fn is_voice(line: &str) -> bool {
    line.starts_with("<v ") && line.contains('>')
}

fn plain_text(ending: &str, text: &str) -> Result<Option<Format>, FileProblem> {
    if let Some(problem) = refusal::of_other_text(text) {
        return Err(problem);
    }
    if TEXT_ENDINGS.contains(&ending) {
        Ok(None)
    } else {
        Err(refusal::unknown(ending))
    }
}

fn count_empty(
    moments: &[Moment],
    spoken: impl Iterator<Item = usize>,
    notices: &mut Notices,
) -> usize {
    let mut empty = vec![true; moments.len()];
    for index in spoken {
        empty[index] = false;
    }
    let lines = moments.iter().zip(&empty).filter(|(_, empty)| **empty);
    lines
        .map(|(moment, _)| notices.add(Code::EmptyCue, moment.line))
        .count()
}

/// Each segment with the line of its cue.
fn segments(moments: &[Moment], turns: Vec<Turn>) -> Vec<(usize, Segment)> {
    let segment = |turn: Turn| {
        let moment = moments[turn.cue];
        let segment = Segment {
            speaker: turn.speaker,
            participant: None,
            start_ms: moment.start_ms,
            end_ms: moment.end_ms,
            text: turn.text,
        };
        (moment.line, segment)
    };
    turns.into_iter().map(segment).collect()
}

/// Sorts by start; equal starts keep the file's order, and an unknown start stays behind its neighbour.
fn in_order(segments: Vec<(usize, Segment)>, notices: &mut Notices) -> Vec<(usize, Segment)> {
    let mut latest = i64::MIN;
    let mut start = i64::MIN;
    let mut keyed = Vec::with_capacity(segments.len());
    for (line, segment) in segments {
        start = segment.start_ms.unwrap_or(start);
        if start < latest {
            notices.add(Code::OutOfOrder, line);
        }
        latest = latest.max(start);
        keyed.push((start, (line, segment)));
    }
    keyed.sort_by_key(|(start, _)| *start);
    keyed.into_iter().map(|(_, entry)| entry).collect()
}
