//! A transcript on its way into the record.

use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Granularity, Segment, Transcript};

/// A transcript that changes no more, with the fingerprint of what it says, so that the same answer is recognised the next
/// night. It is made where the transcript was read, beside the record's thread, and it is small: pages of them wait for the
/// record, and the texts of 24,000 segments are 24,000 pieces of memory otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(into = "Transcript")]
pub struct Spoken {
    source: String,
    granularity: Granularity,
    language: Option<String>,
    /// All that was said.
    text: String,
    voices: Vec<Voice>,
    segments: Vec<Packed>,
    content_hash: String,
}

/// Label and position of who speaks.
type Voice = (Option<Arc<str>>, Option<i64>);

/// A segment by its parts in a [`Spoken`].
#[derive(Debug, Clone, Copy, PartialEq)]
struct Packed {
    /// Where its text ends. It begins where the one before it ends.
    text_end: u32,
    /// Position in the voices.
    voice: u32,
    start_ms: Option<i64>,
    end_ms: Option<i64>,
}

/// Of so many voices, the last ones, a segment's own is looked for before it is written down again.
const NEAR: usize = 16;

impl Spoken {
    /// The parts of a [`Transcript`], whose texts may stand where they were read.
    ///
    /// # Panics
    /// When more than 4 GB were said: no answer and no file is as large.
    pub fn new<T: AsRef<str>>(
        source: String,
        granularity: Granularity,
        language: Option<String>,
        whole: &[Segment<T>],
    ) -> Self {
        let bytes = whole.iter().map(|segment| segment.text.as_ref().len());
        let mut text = String::with_capacity(bytes.sum());
        let content_hash = hash(&source, granularity, language.as_deref(), whole);
        let position = |place: usize| u32::try_from(place).expect("less than 4 GB were said");
        let mut voices: Vec<Voice> = Vec::new();
        let mut segments = Vec::with_capacity(whole.len());
        for segment in whole {
            text.push_str(segment.text.as_ref());
            let is_its_own = |(speaker, participant): &Voice| {
                *speaker == segment.speaker && *participant == segment.participant
            };
            let far = voices.len().saturating_sub(NEAR);
            let near = voices[far..].iter().rposition(is_its_own);
            let voice = near.map(|near| far + near).unwrap_or_else(|| {
                voices.push((segment.speaker.clone(), segment.participant));
                voices.len() - 1
            });
            segments.push(Packed {
                text_end: position(text.len()),
                voice: position(voice),
                start_ms: segment.start_ms,
                end_ms: segment.end_ms,
            });
        }
        Self {
            source,
            granularity,
            language,
            text,
            voices,
            segments,
            content_hash,
        }
    }

    /// `platform`, or `file:vtt`, `file:srt`, ...
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What one segment is.
    pub const fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// BCP 47 tag where the transcript itself tells.
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// How many segments there are.
    pub const fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether nothing was said.
    pub const fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Bytes of all that was said.
    pub const fn bytes(&self) -> usize {
        self.text.len()
    }

    /// A segment, counted from 0.
    pub fn segment(&self, idx: usize) -> Option<Segment<&str>> {
        let packed = self.segments.get(idx)?;
        let before = idx.checked_sub(1).and_then(|idx| self.segments.get(idx));
        let text_start = before.map_or(0, |before| before.text_end);
        let (speaker, participant) = self.voices.get(packed.voice as usize)?;
        Some(Segment {
            speaker: speaker.clone(),
            participant: *participant,
            start_ms: packed.start_ms,
            end_ms: packed.end_ms,
            text: self
                .text
                .get(text_start as usize..packed.text_end as usize)?,
        })
    }

    /// SHA-256 over the canonical JSON of the transcript, in hex.
    pub fn content_hash(&self) -> &str {
        &self.content_hash
    }
}

impl From<Transcript> for Spoken {
    /// # Panics
    /// When more than 4 GB were said: no answer and no file is as large.
    fn from(transcript: Transcript) -> Self {
        let Transcript {
            source,
            granularity,
            language,
            segments,
        } = transcript;
        Self::new(source, granularity, language, &segments)
    }
}

impl From<Spoken> for Transcript {
    fn from(spoken: Spoken) -> Self {
        let segments = (0..spoken.len()).filter_map(|idx| spoken.segment(idx));
        let segments = segments.map(|segment| Segment {
            speaker: segment.speaker,
            participant: segment.participant,
            start_ms: segment.start_ms,
            end_ms: segment.end_ms,
            text: segment.text.to_owned(),
        });
        Self {
            segments: segments.collect(),
            source: spoken.source,
            granularity: spoken.granularity,
            language: spoken.language,
        }
    }
}

/// SHA-256 over the canonical JSON of a transcript.
///
/// The JSON is written in canonical order to begin with: a value tree of every segment would cost more
/// than the rest of its import.
fn hash<T: AsRef<str>>(
    source: &str,
    granularity: Granularity,
    language: Option<&str>,
    segments: &[Segment<T>],
) -> String {
    let canonical = CanonicalTranscript {
        granularity: granularity.as_str(),
        language,
        segments: segments
            .iter()
            .map(|segment| CanonicalSegment {
                end_ms: segment.end_ms,
                participant: segment.participant,
                speaker: segment.speaker.as_deref(),
                start_ms: segment.start_ms,
                text: segment.text.as_ref(),
            })
            .collect(),
        source,
    };
    let bytes: usize = canonical
        .segments
        .iter()
        .map(|segment| segment.text.len() + FIELDS)
        .sum();
    let mut text = Vec::with_capacity(bytes);
    serde_json::to_writer(&mut text, &canonical).expect("a transcript has text keys only");
    hex::encode(Sha256::digest(&text))
}

/// About how many bytes of canonical JSON a segment has besides its text.
const FIELDS: usize = 128;

/// A transcript with its keys sorted and nothing for what is unknown.
#[derive(Serialize)]
struct CanonicalTranscript<'a> {
    granularity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    segments: Vec<CanonicalSegment<'a>>,
    source: &'a str,
}

/// A segment with its keys sorted and nothing for what is unknown.
#[derive(Serialize)]
struct CanonicalSegment<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    end_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speaker: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_ms: Option<i64>,
    text: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_the_same() {
        let voices = [3, 1, 40, 1, 2, 0].into_iter().chain(0..40).chain(0..40);
        let segments = voices.map(|voice: i64| Segment {
            speaker: (voice > 0).then(|| format!("Voice {}", voice / 2).into()),
            participant: (voice > 1).then_some(voice),
            start_ms: (voice % 3 > 0).then_some(-voice),
            end_ms: (voice % 5 > 0).then_some(i64::MAX - voice),
            text: "né ".repeat(voice as usize % 4),
        });
        let transcript = Transcript {
            source: "platform".into(),
            granularity: Granularity::Sentence,
            language: Some("fr".into()),
            segments: segments.collect(),
        };
        let spoken = Spoken::from(transcript.clone());
        assert_eq!(spoken.len(), 86);
        assert!(spoken.voices.len() < 86, "voices that are near are shared");
        assert_eq!(Transcript::from(spoken), transcript);
    }
}
