//! Method `file`: transcripts that people bring, in the shape of a platform.
//!
//! So files take the same way as calls of an API: pages, checkpoints, failures of single records. The
//! cursor is the name of the last file that a page covers.

use std::{collections::HashMap, sync::Arc};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    files::{self, ReadFile},
    model::{
        Affiliation, Call, CallKind, DurationSource, Participant, Role, Transcript,
        TranscriptContent,
    },
    platforms::{
        Auth, Connector, Cursor, Exchange, Page, Progress, RecordFailure, Rejection, Reply, Setup,
        SourceFile, Step, Traits, Work,
    },
};

/// The connector of method `file`, whatever the platform.
#[derive(Debug, Clone, Copy)]
pub struct Uploads;

/// Files in one page.
const PAGE_FILES: usize = 100;

/// Bytes of the files in one page; the first may be larger.
const PAGE_BYTES: u64 = 16_000_000;

/// A transcript of a whole day has about 5 MB, so a file above this is something else.
const LARGEST_FILE: u64 = 64_000_000;

impl Connector for Uploads {
    fn traits(&self) -> Traits {
        Traits {
            page_size: PAGE_FILES as u64,
            transcript_batch: None,
            verify_requests: 0,
            // Files do not say when the call was: one window holds them all.
            window_days: 1_000_000,
            window_calls: i64::MAX,
            parallel_windows: 1,
            unique_ids: false,
            base_url: "",
            hosts: &[],
            // Never used: no host may be talked to.
            auth: Auth::Bearer { token: "token" },
            oauth: None,
            options: &[],
        }
    }

    fn begin(&self, work: &Work, setup: &Setup) -> Step {
        match work {
            Work::Verify | Work::Transcripts(_) | Work::Media(_) => Step::Page(Page::default()),
            Work::List { cursor, .. } => {
                let batch = Batch::after(cursor.as_ref(), setup);
                let files = batch.to_read();
                if files.is_empty() {
                    Step::Page(batch.page(&[]))
                } else {
                    Step::Send(Exchange::Files(files), Progress::Null)
                }
            }
        }
    }

    fn next(
        &self,
        work: &Work,
        setup: &Setup,
        _progress: &Progress,
        reply: &Reply,
    ) -> Result<Step, Rejection> {
        let broken = |detail: &str| Rejection::Broken {
            detail: detail.to_owned(),
        };
        let Work::List { cursor, .. } = work else {
            return Err(broken("expected no reply, because nothing was asked"));
        };
        let Reply::Files(contents) = reply else {
            return Err(broken("expected the contents of files, got an HTTP answer"));
        };
        let batch = Batch::after(cursor.as_ref(), setup);
        if contents.len() != batch.to_read().len() {
            return Err(broken(
                "expected the contents of each file that was asked for",
            ));
        }
        Ok(Step::Page(batch.page(contents)))
    }
}

/// The files of one page, in order of name.
struct Batch<'a> {
    files: Vec<&'a SourceFile>,
    /// How many the request brings in all.
    total: usize,
    /// Whether files are left for the next page.
    more: bool,
}

impl<'a> Batch<'a> {
    fn after(cursor: Option<&Cursor>, setup: &'a Setup) -> Self {
        let mut all: Vec<&SourceFile> = setup.files.iter().collect();
        all.sort_by_key(|file| &file.name);
        all.dedup_by_key(|file| &file.name);
        let total = all.len();
        let mut left = all
            .into_iter()
            .skip_while(|file| cursor.is_some_and(|done| file.name <= *done))
            .peekable();
        let mut files = Vec::new();
        let mut bytes = 0;
        while let Some(file) = left.next_if(|file| {
            let fits = bytes + to_be_read(file) <= PAGE_BYTES;
            files.is_empty() || files.len() < PAGE_FILES && fits
        }) {
            bytes += to_be_read(file);
            files.push(file);
        }
        Self {
            files,
            total,
            more: left.peek().is_some(),
        }
    }

    fn to_read(&self) -> Vec<SourceFile> {
        let readable = self.files.iter().filter(|file| !is_too_large(file));
        readable.map(|file| SourceFile::clone(file)).collect()
    }

    /// The page, from the contents of the files to read. What cannot be read fails alone.
    fn page(&self, contents: &[Result<bytes::Bytes, String>]) -> Page {
        let mut page = Page {
            total: Some(self.total as u64),
            next: self
                .files
                .last()
                .filter(|_| self.more)
                .map(|file| file.name.clone()),
            ..Page::default()
        };
        let mut contents = contents.iter();
        for file in &self.files {
            let outcome = if is_too_large(file) {
                Err(too_large())
            } else {
                match contents.next() {
                    Some(Ok(bytes)) => call(file, bytes),
                    Some(Err(reason)) => Err(format!("The file cannot be opened: {reason}")),
                    None => Err("The file was not opened.".to_owned()),
                }
            };
            match outcome {
                // The same conversation in two files is one call; the first name stands for it.
                Ok(call)
                    if page
                        .calls
                        .iter()
                        .any(|known| known.external_id == call.external_id) => {}
                Ok(call) => page.calls.push(call),
                Err(detail) => page.failures.push(RecordFailure {
                    external_id: file.name.clone(),
                    stage: "file",
                    detail,
                }),
            }
        }
        page
    }
}

fn is_too_large(file: &SourceFile) -> bool {
    file.bytes > LARGEST_FILE
}

fn to_be_read(file: &SourceFile) -> u64 {
    if is_too_large(file) { 0 } else { file.bytes }
}

fn too_large() -> String {
    let megabytes = LARGEST_FILE / 1_000_000;
    format!(
        "The file is larger than {megabytes} MB, and no transcript is. Bring the transcript, not the recording."
    )
}

/// The call that a file holds.
fn call(file: &SourceFile, bytes: &[u8]) -> Result<Call, String> {
    let mut read = files::read(&file.name, bytes, &files::Options::default()).map_err(
        |problem| match problem.line {
            Some(line) => format!("Line {line}: {problem}"),
            None => problem.to_string(),
        },
    )?;
    if read.transcript.segments.is_empty() {
        return Err(
            "The transcript holds no text. Nothing was said, or the export went wrong.".into(),
        );
    }
    let mut call = Call::new(content_id(&read.transcript));
    call.raw = Some(raw(file, bytes, &read));
    call.title = files::title(&file.name);
    call.kind = CallKind::Upload;
    call.language.clone_from(&read.transcript.language);
    call.participants = link_speakers(&mut read.transcript);
    call.duration_ms = last_end(&read.transcript);
    if call.duration_ms.is_some() {
        call.duration_source = DurationSource::Transcript;
    }
    call.transcript = TranscriptContent::Here(read.transcript);
    Ok(call)
}

/// SHA-256 over the canonical content: start to the minute, title, hash of what was said and when.
///
/// A bare file knows no start, and its title is only a guess from its name; both stay out, so that a
/// renamed file, or the same one in two folders, is the same call. An edited transcript is a new call.
fn content_id(transcript: &Transcript) -> String {
    let mut text = Sha256::new();
    for segment in &transcript.segments {
        text.update(segment.start_ms.unwrap_or(i64::MIN).to_le_bytes());
        text.update((segment.text.len() as u64).to_le_bytes());
        text.update(segment.text.as_bytes());
    }
    let content = json!({
        "started_at": null,
        "title": null,
        "text_sha256": hex::encode(text.finalize()),
    });
    hex::encode(Sha256::digest(content.to_string()))
}

/// How the file was read, for whoever doubts the result. No text of the transcript.
fn raw(file: &SourceFile, bytes: &[u8], read: &ReadFile) -> String {
    json!({
        "file": file.name,
        "sha256": hex::encode(Sha256::digest(bytes)),
        "format": read.reading.format.as_str(),
        "encoding": read.reading.encoding,
        "header": read.reading.header,
        "time_lines": read.reading.time_lines,
        "empty_cues": read.reading.empty_cues,
        "segments": read.transcript.segments.len(),
        "notices": read.notices,
    })
    .to_string()
}

/// Each label of the transcript as a participant, in the order in which they first speak; the segments
/// get their positions.
fn link_speakers(transcript: &mut Transcript) -> Vec<Participant> {
    let mut speakers: Vec<Arc<str>> = Vec::new();
    let mut positions: HashMap<Arc<str>, i64> = HashMap::new();
    for segment in &mut transcript.segments {
        segment.participant = segment.speaker.as_ref().map(|speaker| {
            *positions.entry(Arc::clone(speaker)).or_insert_with(|| {
                speakers.push(Arc::clone(speaker));
                speakers.len() as i64
            })
        });
    }
    let participant = |speaker: Arc<str>| Participant {
        name: Some(speaker.to_string()),
        email: None,
        phone: None,
        title: None,
        role: Role::Unknown,
        affiliation: Affiliation::Unknown,
        // Who speaks was there.
        attended: Some(true),
    };
    speakers.into_iter().map(participant).collect()
}

fn last_end(transcript: &Transcript) -> Option<i64> {
    let ends = transcript
        .segments
        .iter()
        .filter_map(|segment| segment.end_ms);
    ends.max().filter(|end| *end > 0)
}
