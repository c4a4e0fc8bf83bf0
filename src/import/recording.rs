//! What a copied recording is, and what it is called. Pure.

use crate::model::ImportRecord;

/// How many of its first bytes tell what a file is.
pub(crate) const HEAD: usize = 16;

/// Longest part of a call's id in a name.
const LONGEST_ID: usize = 64;

/// What a file is by its first bytes, else as its host says it is; `None` where neither is of use. Hosts name
/// types by the ending of a name, or call everything `application/octet-stream`.
pub(crate) fn mime(head: &[u8], told: &str) -> Option<String> {
    let by_content = match head {
        [b'I', b'D', b'3', ..] | [0xff, 0xe2..=0xe7 | 0xf2..=0xf7 | 0xfa..=0xfb, ..] => {
            Some("audio/mpeg")
        }
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..,
        ] => Some("audio/wav"),
        [b'f', b'L', b'a', b'C', ..] => Some("audio/flac"),
        [b'O', b'g', b'g', b'S', ..] => Some("audio/ogg"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some("video/webm"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'M', b'4', b'A', ..] => Some("audio/mp4"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', ..] => Some("video/quicktime"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("video/mp4"),
        _ => None,
    };
    let told = told.split(';').next().unwrap_or_default().trim();
    let told = Some(told).filter(|told| told.starts_with("audio/") || told.starts_with("video/"));
    // The first bytes of MPEG-4 do not tell whether it has pictures.
    let audio_only = by_content == Some("video/mp4") && told == Some("audio/mp4");
    let known = if audio_only {
        told
    } else {
        by_content.or(told)
    };
    known.map(str::to_owned)
}

/// Whether an answer is a page or a message, whatever its status says.
pub(crate) fn is_no_recording(told: &str) -> bool {
    [
        "text/",
        "application/json",
        "application/xml",
        "application/problem",
    ]
    .iter()
    .any(|kind| told.starts_with(kind))
}

/// The name of a copy: platform, account, and the call's id with the hash of the contents, so that the same
/// name is always the same file.
pub(crate) fn name(
    record: &ImportRecord,
    external_id: &str,
    sha256: &str,
    mime: Option<&str>,
) -> String {
    let ImportRecord {
        platform, account, ..
    } = record;
    let id: String = external_id
        .chars()
        .take(LONGEST_ID)
        .map(|letter| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => letter,
            _ => '-',
        })
        .collect();
    let ending = match mime {
        Some("video/mp4") => "mp4",
        Some("video/quicktime") => "mov",
        Some("video/webm") => "webm",
        Some("audio/mpeg") => "mp3",
        Some("audio/mp4" | "audio/x-m4a") => "m4a",
        Some("audio/wav" | "audio/x-wav") => "wav",
        Some("audio/flac") => "flac",
        Some("audio/ogg") => "ogg",
        _ => "bin",
    };
    format!("{platform}/{account}/{id}-{sha256}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_more_than_the_host() {
        let mp4 = b"\0\0\0\x20ftypisom\0\0\x02\0";
        for (head, told, is) in [
            (&mp4[..], "application/octet-stream", Some("video/mp4")),
            (mp4, "audio/mp4", Some("audio/mp4")),
            (b"\0\0\0\x20ftypM4A ", "video/mp4", Some("audio/mp4")),
            (b"ID3\x04", "video/mp4", Some("audio/mpeg")),
            (b"RIFF\0\0\0\0WAVEfmt ", "", Some("audio/wav")),
            (b"unknown", "audio/aac; rate=8000", Some("audio/aac")),
            (b"unknown", "application/octet-stream", None),
            (b"", "", None),
        ] {
            assert_eq!(mime(head, told).as_deref(), is, "{told}");
        }
    }
}
