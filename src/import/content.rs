//! Fingerprints of what a source says, so that the same answer is recognised the next night.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::model::Call;

/// SHA-256 over the canonical JSON of a call's fields, without its transcript and its raw JSON.
pub(crate) fn call_hash(call: &Call) -> String {
    let value = serde_json::to_value(call).expect("a call has text keys only");
    let mut text = Vec::with_capacity(1024);
    write_canonical(&value, &mut text);
    hex::encode(Sha256::digest(&text))
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
    use crate::model::{Granularity, Segment, Spoken, Transcript};

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
            Spoken::from(transcript).content_hash(),
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
