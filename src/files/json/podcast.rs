//! Transcripts in the JSON of the podcast namespace: `version`, and `segments` with `speaker`, `startTime`, `endTime`
//! and `body`. Source: Podcasting 2.0, transcripts/transcripts.md, section JSON.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{
    super::{
        FileProblem, Format, Options, ReadFile, Reading, in_order,
        notice::{Code, Notices},
    },
    fault, keys,
    records::Records,
};
use crate::model::{Granularity, Segment, Transcript};

/// Reads a transcript of the podcast namespace; `None` if the file is none.
pub fn transcript(bytes: &[u8], options: &Options) -> Option<Result<ReadFile, FileProblem>> {
    let mut notices = Notices::default();
    let mut records = Records::new(bytes, options, &mut notices).ok()?;
    let encoding = records.encoding();
    let record = records.next()?.ok()?;
    let file: File<'_> = serde_json::from_str(&record.text).ok()?;
    if records.next().is_some() {
        return None;
    }
    Some(file.read(record.line, &record.text, encoding, notices))
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(rename = "version")]
    _version: IgnoredAny,
    #[serde(borrow)]
    segments: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spoken {
    speaker: Option<String>,
    /// Seconds.
    start_time: Option<f64>,
    end_time: Option<f64>,
    body: Option<String>,
}

impl File<'_> {
    fn read(
        &self,
        first_line: usize,
        text: &str,
        encoding: &'static str,
        mut notices: Notices,
    ) -> Result<ReadFile, FileProblem> {
        let mut labels: HashMap<String, Arc<str>> = HashMap::new();
        let mut segments = Vec::with_capacity(self.segments.len());
        let mut empty_cues = 0;
        let mut line = first_line;
        let mut counted = 0;
        for (index, segment) in self.segments.iter().enumerate() {
            let begins = offset_in(text, segment.get());
            line += text[counted..begins].matches('\n').count();
            counted = begins;
            let spoken: Spoken = serde_json::from_str(segment.get())
                .map_err(|error| wrong(index, segment.get(), &error).at(line))?;
            let body = spoken.body.as_deref().unwrap_or_default().trim();
            if body.is_empty() {
                notices.add(Code::EmptyCue, line);
                empty_cues += 1;
                continue;
            }
            let label = spoken.speaker.map(|label| label.trim().to_owned());
            let speaker = label.filter(|label| !label.is_empty()).map(|label| {
                let known = labels.entry(label);
                Arc::clone(known.or_insert_with_key(|label| Arc::from(label.as_str())))
            });
            let start_ms = time(spoken.start_time, line, &mut notices);
            let told_end = time(spoken.end_time, line, &mut notices);
            let end_ms = told_end.filter(|end| start_ms.is_none_or(|start| start <= *end));
            if end_ms != told_end {
                notices.add(Code::EndBeforeStart, line);
            }
            let segment = Segment {
                speaker,
                participant: None,
                start_ms,
                end_ms,
                text: body.to_owned(),
            };
            segments.push((line, segment));
        }
        let segments = in_order(segments, &mut notices);
        Ok(ReadFile {
            transcript: Transcript {
                source: format!("file:{}", Format::Json.as_str()),
                granularity: Granularity::Cue,
                language: None,
                segments: segments.into_iter().map(|(_, segment)| segment).collect(),
            },
            notices: notices.into_list(),
            reading: Reading {
                title: None,
                notes: Vec::new(),
                format: Format::Json,
                encoding,
                header: None,
                time_lines: self.segments.len(),
                empty_cues,
            },
        })
    }
}

/// Where a part of a text begins in it.
fn offset_in(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

/// Seconds in milliseconds, rounded half to even once.
fn time(seconds: Option<f64>, line: usize, notices: &mut Notices) -> Option<i64> {
    let milliseconds = (seconds? * 1_000.0).round_ties_even();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked first"
    )]
    let whole = (milliseconds.abs() < 9.0e15).then_some(milliseconds as i64);
    if whole.is_none() {
        notices.add(Code::UnreadableTime, line);
    }
    whole
}

fn wrong(index: usize, segment: &str, error: &serde_json::Error) -> FileProblem {
    let place = keys::spot(segment, fault::offset(error, segment));
    let path = place.path;
    let message = format!("`segments[{index}].{path}` {}.", fault::of_value(error));
    let help = "Export the transcript again, or as WebVTT (.vtt) or SRT (.srt).";
    FileProblem::new("wrong-value", message, help)
}
