//! Readers of exported transcript files: bytes in, a [`Transcript`] and notices out.
//!
//! No subtitle crate is used: each one that was tried loses text or time, without a word, on files
//! that really occur. So these readers go line by line, keep signed milliseconds, and hold to one law:
//! every time line makes a cue, and nothing a cue says is dropped without a [`Notice`].
//!
//! The way of a file: bytes → text (`text`) → cues (`cues`, `time`) → voices (`markup`) → who speaks
//! (`speakers`) → segments (here).

mod column;
mod cues;
mod dialect;
pub mod json;
mod listed;
mod markup;
mod notice;
mod options;
mod refusal;
mod speakers;
mod text;
mod time;

pub use column::Column;
pub use dialect::Dialect;
pub use listed::{CallList, ListedCall, RowFailure};
pub use notice::Notice;
pub use options::{DateOrder, DurationUnit, Options};
pub use refusal::FileProblem;

use crate::model::{Granularity, Segment, Transcript};
use cues::Cue;
use notice::{Code, Notices};
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

/// How a file was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The format found.
    pub format: Format,
    /// Name of the encoding found, e.g. `UTF-8`.
    pub encoding: &'static str,
    /// What stands behind `WEBVTT` in the first line.
    pub header: Option<String>,
    /// Lines that give a start and an end: each makes one cue.
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
    /// JSON of the podcast namespace.
    Json,
}

impl Format {
    /// Ending of file names, and the word in `Transcript::source`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WebVtt => "vtt",
            Self::Srt => "srt",
            Self::Json => "json",
        }
    }
}

/// Reads a transcript file. Its content decides which reader is used; the ending of `name` only where
/// the content fits both.
///
/// # Errors
/// A [`FileProblem`] when this is no transcript in a format that can be read, or when reading it would
/// need a guess that may mix up two calls.
pub fn read(name: &str, bytes: &[u8], _options: &Options) -> Result<ReadFile, FileProblem> {
    if let Some(problem) = refusal::of_other_kind(bytes) {
        return Err(problem);
    }
    let mut notices = Notices::default();
    let (text, encoding) = text::decode(bytes, &mut notices)?;
    let format = format_of(name, &text, &mut notices)?;
    let found = cues::scan(&text, format, &mut notices);
    if let Some(line) = found.joined {
        return Err(refusal::joined(line));
    }
    let turns = speakers::turns(&found.cues, &mut notices);
    let spoken = turns.iter().map(|turn| turn.cue);
    let empty_cues = count_empty(&found.cues, spoken, &mut notices);
    let segments = segments(&found.cues, turns);
    let segments = in_order(segments, &mut notices);
    Ok(ReadFile {
        transcript: Transcript {
            source: format!("file:{}", format.as_str()),
            granularity: Granularity::Cue,
            language: found.language,
            segments: segments.into_iter().map(|(_, segment)| segment).collect(),
        },
        notices: notices.into_list(),
        reading: Reading {
            format,
            encoding,
            header: found.header,
            time_lines: found.cues.len(),
            empty_cues,
        },
    })
}

fn format_of(name: &str, text: &str, notices: &mut Notices) -> Result<Format, FileProblem> {
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    let ending = ending.as_deref().unwrap_or_default();
    let Some(first) = text::lines(text).find(|line| !text::is_blank(line.text)) else {
        return Err(refusal::empty());
    };
    if cues::is_header(first.text) {
        if ending == "srt" {
            notices.add(Code::EndingDiffers, first.number);
        }
        return Ok(Format::WebVtt);
    }
    let time_line = text::lines(text)
        .find_map(|line| time::time_line(line.text).map(|time| (line.number, time.comma)));
    match (time_line, ending) {
        (None, _) => Err(refusal::unknown(ending)),
        // Only SRT writes 00:00:01,500, whatever the file is called.
        (Some((line, true)), "vtt") => {
            notices.add(Code::EndingDiffers, line);
            Ok(Format::Srt)
        }
        (Some((_, true)), _) | (Some(_), "srt") => Ok(Format::Srt),
        (Some(_), "vtt") => {
            notices.add(Code::MissingHeader, first.number);
            Ok(Format::WebVtt)
        }
        (Some((line, false)), _) => Err(refusal::undecided(line)),
    }
}

fn count_empty(
    cues: &[Cue<'_>],
    spoken: impl Iterator<Item = usize>,
    notices: &mut Notices,
) -> usize {
    let mut empty = vec![true; cues.len()];
    for index in spoken {
        empty[index] = false;
    }
    let lines = cues.iter().zip(&empty).filter(|(_, empty)| **empty);
    lines
        .map(|(cue, _)| notices.add(Code::EmptyCue, cue.line))
        .count()
}

/// Each segment with the line of its cue.
fn segments(cues: &[Cue<'_>], turns: Vec<Turn>) -> Vec<(usize, Segment)> {
    let segment = |turn: Turn| {
        let cue = &cues[turn.cue];
        let segment = Segment {
            speaker: turn.speaker,
            participant: None,
            start_ms: cue.start_ms,
            end_ms: cue.end_ms,
            text: turn.text,
        };
        (cue.line, segment)
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
