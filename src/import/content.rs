//! Fingerprints of what a source says, so that the same answer is recognised the next night.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::model::{Call, Transcript};

/// SHA-256 over the canonical JSON of a call's fields, without its transcript and its raw JSON.
pub(crate) fn call_hash(call: &Call) -> String {
    let value = serde_json::to_value(call).expect("a call has text keys only");
    let mut text = Vec::with_capacity(1024);
    write_canonical(&value, &mut text);
    hex::encode(Sha256::digest(&text))
}

/// SHA-256 over the canonical JSON of a transcript.
///
/// The JSON is written in canonical order to begin with: a value tree of every segment would cost more
/// than the rest of its import.
pub(crate) fn transcript_hash(transcript: &Transcript) -> String {
    let canonical = CanonicalTranscript {
        granularity: transcript.granularity.as_str(),
        language: transcript.language.as_deref(),
        segments: transcript
            .segments
            .iter()
            .map(|segment| CanonicalSegment {
                end_ms: segment.end_ms,
                participant: segment.participant,
                speaker: segment.speaker.as_deref(),
                start_ms: segment.start_ms,
                text: &segment.text,
            })
            .collect(),
        source: &transcript.source,
    };
    let text = serde_json::to_vec(&canonical).expect("a transcript has text keys only");
    hex::encode(Sha256::digest(&text))
}

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

/// Canonical JSON: keys sorted, nulls left out, no spaces. A field that is added later and is unknown
/// for a call leaves the call's hash as it was.
fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'{');
            for (position, (key, value)) in fields.into_iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_scalar(&Value::from(key.as_str()), out);
                out.push(b':');
                write_canonical(value, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_canonical(item, out);
            }
            out.push(b']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            write_scalar(value, out);
        }
    }
}

fn write_scalar(value: &Value, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("a scalar can be written to memory");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Granularity, Segment};

    #[test]
    fn canonical_json_sorts_keys_and_leaves_out_what_is_unknown() {
        let mut text = Vec::new();
        write_canonical(
            &json!({"b": [1, null, {"z": null, "y": "\n"}], "a": null, "c": true}),
            &mut text,
        );
        assert_eq!(
            String::from_utf8(text).unwrap(),
            r#"{"b":[1,null,{"y":"\n"}],"c":true}"#
        );
    }

    #[test]
    fn the_two_ways_to_canonical_json_agree() {
        let transcript = Transcript {
            source: "platform".into(),
            granularity: Granularity::Sentence,
            language: None,
            segments: vec![Segment {
                speaker: Some("Ada".into()),
                participant: None,
                start_ms: Some(0),
                end_ms: None,
                text: "Hello \"you\"".into(),
            }],
        };
        let mut text = Vec::new();
        write_canonical(&serde_json::to_value(&transcript).unwrap(), &mut text);
        assert_eq!(
            transcript_hash(&transcript),
            hex::encode(Sha256::digest(&text))
        );
    }

    #[test]
    fn raw_and_transcript_do_not_count_and_every_field_does() {
        let call = Call::new("1");
        let mut other = call.clone();
        other.raw = Some("{}".into());
        assert_eq!(call_hash(&call), call_hash(&other));
        other.title = Some("Renewal".into());
        assert_ne!(call_hash(&call), call_hash(&other));
    }
}
