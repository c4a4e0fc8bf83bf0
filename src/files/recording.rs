//! What a recording tells of itself: sound or picture, its media type, how long it is.
//!
//! Only heads and tails are read, never the whole file. A length of zero means that the file does not
//! say; a file that is shorter than it declares was cut off on its way.

mod mp4;

use std::io::{Cursor, ErrorKind, Read, Seek, SeekFrom};

use lofty::{config::ParseOptions, file::AudioFile, probe::Probe};
use symphonia::{
    core::{
        codecs::CodecParameters,
        formats::{FormatOptions, FormatReader},
        io::{MediaSourceStream, MediaSourceStreamOptions, ReadOnlySource},
    },
    default::formats::MkvReader,
};

use super::{FileProblem, bounded::Bounded, contained::contained, kind};
use crate::model::MediaKind;

/// Bytes that may be read to learn the length of a recording. A fragmented MP4 of three hours needs 10 MB.
const LENGTH_BYTES: u64 = 64_000_000;

/// Bytes from the beginning of a Matroska file within which it tells its length, before the first picture.
const MATROSKA_HEAD_BYTES: u64 = 1_000_000;

/// A week in milliseconds: what says that it is longer is damaged.
const LONGEST_RECORDING: i64 = 7 * 24 * 3_600_000;

/// What a recording tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Sound or picture.
    pub kind: MediaKind,
    /// Media type by its content, e.g. `video/mp4`.
    pub mime: &'static str,
    /// Length in milliseconds; never 0.
    pub duration_ms: Option<i64>,
}

/// What the recording behind `reader` tells of itself. `bytes` is the length of the file.
///
/// # Errors
/// A [`FileProblem`] if it is no recording, was cut off, or cannot be opened.
pub fn facts<R: Read + Seek>(mut reader: R, bytes: u64) -> Result<Recording, FileProblem> {
    let head = head(&mut reader, kind::HEAD_BYTES)?;
    let mime = kind::recording(&head).ok_or_else(no_recording)?;
    let found = |kind, mime, duration_ms: Option<i64>| Recording {
        kind,
        mime,
        duration_ms: duration_ms.filter(|duration| (1..=LONGEST_RECORDING).contains(duration)),
    };
    match mime {
        "video/mp4" | "video/x-m4v" | "video/quicktime" | "audio/m4a" => {
            let movie = mp4::read(&mut reader, bytes).map_err(|error| unreadable(&error))?;
            Ok(match movie.has_picture {
                Some(false) if mime == "video/mp4" => {
                    found(MediaKind::Audio, "audio/mp4", movie.duration_ms)
                }
                Some(false) => found(MediaKind::Audio, mime, movie.duration_ms),
                Some(true) => found(MediaKind::Video, mime, movie.duration_ms),
                None => found(kind::media_kind(mime), mime, movie.duration_ms),
            })
        }
        "video/webm" | "video/x-matroska" => {
            if matroska_end(&head).is_some_and(|end| end > bytes) {
                return Err(cut_off());
            }
            Ok(match matroska(&mut reader) {
                Some((true, duration)) => found(MediaKind::Video, mime, duration),
                Some((false, duration)) if mime == "video/webm" => {
                    found(MediaKind::Audio, "audio/webm", duration)
                }
                Some((false, duration)) => found(MediaKind::Audio, "audio/x-matroska", duration),
                None => found(MediaKind::Video, mime, None),
            })
        }
        "audio/x-wav" | "video/x-msvideo" => match riff_end(&head) {
            Some(end) if end > bytes => Err(cut_off()),
            Some(_) => Ok(found(kind::media_kind(mime), mime, sound(reader))),
            // Written by a program that did not know the length, and did not come back to tell it.
            None => Ok(found(kind::media_kind(mime), mime, None)),
        },
        _ => Ok(found(kind::media_kind(mime), mime, sound(reader))),
    }
}

fn head(reader: &mut (impl Read + Seek), longest: u64) -> Result<Vec<u8>, FileProblem> {
    let mut head = Vec::new();
    reader
        .seek(SeekFrom::Start(0))
        .and_then(|_| reader.take(longest).read_to_end(&mut head))
        .map_err(|error| unreadable(&error))?;
    Ok(head)
}

/// Length of what lofty knows: WAV, MP3, OGG, FLAC, AAC and others.
fn sound(reader: impl Read + Seek) -> Option<i64> {
    let options = ParseOptions::new().read_tags(false).read_cover_art(false);
    let mut reader = Bounded::new(reader, LENGTH_BYTES);
    reader.seek(SeekFrom::Start(0)).ok()?;
    contained(|| {
        let probe = Probe::new(reader).options(options).guess_file_type().ok()?;
        probe.file_type()?;
        let file = probe.read().ok()?;
        i64::try_from(file.properties().duration().as_millis()).ok()
    })
    .flatten()
}

/// Whether a Matroska or WebM file has a picture, and its length.
fn matroska(reader: &mut (impl Read + Seek)) -> Option<(bool, Option<i64>)> {
    let head = head(reader, MATROSKA_HEAD_BYTES).ok()?;
    let source = Box::new(ReadOnlySource::new(Cursor::new(&head)));
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    contained(|| {
        let file = MkvReader::try_new(stream, FormatOptions::default()).ok()?;
        let only_sound = file
            .tracks()
            .iter()
            .all(|track| matches!(track.codec_params, Some(CodecParameters::Audio(_))));
        let info = file.media_info();
        let length = info.time_base.zip(info.duration);
        let duration_ms = length.and_then(|(base, duration)| {
            let ticks = u128::from(duration.get()) * u128::from(base.numer.get());
            i64::try_from(ticks * 1000 / u128::from(base.denom.get())).ok()
        });
        Some((!only_sound, duration_ms))
    })
    .flatten()
}

/// Where a Matroska file says that it ends (RFC 8794, section 4: an element is an id, a size and its data).
/// `None` if it does not, as live recordings.
fn matroska_end(head: &[u8]) -> Option<u64> {
    const SEGMENT: &[u8] = b"\x18\x53\x80\x67";
    let (header_bytes, header_start) = ebml_size(head, 4)?;
    let segment = header_start.checked_add(usize::try_from(header_bytes?).ok()?)?;
    if !head.get(segment..)?.starts_with(SEGMENT) {
        return None;
    }
    let (bytes, start) = ebml_size(head, segment + SEGMENT.len())?;
    bytes?.checked_add(start as u64)
}

/// The size of an element, or `None` within if it is not known; and where its data begin.
fn ebml_size(head: &[u8], at: usize) -> Option<(Option<u64>, usize)> {
    let first = *head.get(at)?;
    let length = first.leading_zeros() as usize + 1;
    let rest = head.get(at + 1..at + length)?;
    let marker = 0x80_u64.checked_shr(length as u32 - 1)?;
    let value = rest.iter().fold(
        u64::from(first) & (marker.wrapping_sub(1)),
        |value, byte| value << 8 | u64::from(*byte),
    );
    let unknown = (1_u64 << (7 * length)) - 1;
    Some(((value != unknown).then_some(value), at + length))
}

/// Where a RIFF file says that it ends; `None` if it does not.
fn riff_end(head: &[u8]) -> Option<u64> {
    let size = u32::from_le_bytes(head.get(4..8)?.try_into().ok()?);
    // A padding byte at the end is often counted and not written.
    (!matches!(size, 0 | u32::MAX)).then(|| u64::from(size & !1) + 8)
}

fn no_recording() -> FileProblem {
    FileProblem::new(
        "not-a-recording",
        "This is no recording in a format that is known here.",
        "Bring the recording as MP4, M4A, MP3, WAV, WebM or OGG, or take it out of the request.",
    )
}

fn cut_off() -> FileProblem {
    FileProblem::new(
        "recording-cut-off",
        "The recording is incomplete: the file ends before it says it does.",
        "Upload it again, and wait until the upload has finished. If the original does not play to its end either, ask for another.",
    )
}

fn unreadable(error: &std::io::Error) -> FileProblem {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData => cut_off(),
        _ => FileProblem::new(
            "recording-unreadable",
            format!("The recording could not be read: {error}."),
            "The next run tries again.",
        ),
    }
}
