//! Keys: where in a record something stands, and which keys the schema does not know.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

/// The keys that lead to a place of valid JSON, such as `participants[2].role`. Behind a value it is still that
/// value's.
pub(super) fn path_at(json: &str, offset: usize) -> String {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut awaits_key = false;
    let mut position = 0;
    while let Some(byte) = json.as_bytes().get(position).filter(|_| position < offset) {
        let mut length = 1;
        match byte {
            b'{' => {
                steps.push(Step::Key(""));
                awaits_key = true;
            }
            b'[' => steps.push(Step::Index(0)),
            b'}' | b']' => drop(steps.pop()),
            b',' => match steps.last_mut() {
                Some(Step::Index(index)) => *index += 1,
                Some(Step::Key(_)) => awaits_key = true,
                None => {}
            },
            b'"' => {
                let inner = string(&json[position + 1..]);
                length = inner.len() + 2;
                if let (true, Some(Step::Key(key))) = (awaits_key, steps.last_mut()) {
                    *key = inner;
                    awaits_key = false;
                }
            }
            _ => {}
        }
        position += length;
    }
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key("") => {}
            Step::Key(key) => push_key(&mut path, key),
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// A string up to its closing quote.
fn string(text: &str) -> &str {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    &text[..end.unwrap_or(text.len())]
}

fn push_key(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

/// The keys of a record that a schema knows, and those that it does not.
#[derive(Debug, Default)]
pub(super) struct Keys<'a> {
    /// How many of the record's own keys the schema knows.
    pub(super) known: usize,
    /// What stands under the others, by the keys that lead to it.
    pub(super) unknown: BTreeMap<String, &'a RawValue>,
    /// The others within the transcript. They are often, and only told.
    pub(super) unknown_in_transcript: BTreeMap<String, ()>,
}

impl<'a> Keys<'a> {
    /// Looks through a record.
    pub(super) fn of(record: &'a str, schema: &Value) -> serde_json::Result<Self> {
        let mut keys = Self::default();
        let walk = Walk {
            schema: Some(schema),
            path: String::new(),
            keys: &mut keys,
        };
        walk.deserialize(&mut serde_json::Deserializer::from_str(record))?;
        Ok(keys)
    }
}

/// `participants[2].role` as `participants[].role`.
pub(super) fn without_positions(path: &str) -> String {
    let mut inside = false;
    let keeps = |c: &char| {
        if *c == '[' {
            inside = true;
        } else if *c == ']' {
            inside = false;
        } else {
            return !inside;
        }
        true
    };
    path.chars().filter(keeps).collect()
}

struct Walk<'s, 'k, 'a> {
    /// Of the value; `None` where anything may stand.
    schema: Option<&'s Value>,
    path: String,
    keys: &'k mut Keys<'a>,
}

impl<'s> Walk<'s, '_, '_> {
    /// A part of the value's schema, which may stand beside null.
    fn part(&self, name: &str) -> Option<&'s Value> {
        let schema = self.schema?;
        let choices = schema.get("anyOf").and_then(Value::as_array);
        let mut all = std::iter::once(schema).chain(choices.into_iter().flatten());
        all.find_map(|schema| schema.get(name))
    }
}

impl<'a> DeserializeSeed<'a> for Walk<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Walk<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        let schema = self.part("items");
        for position in 0.. {
            let item = Walk {
                schema,
                path: format!("{}[{position}]", self.path),
                keys: &mut *self.keys,
            };
            if items.next_element_seed(item)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        let properties = self.part("properties");
        while let Some(key) = members.next_key::<Cow<'a, str>>()? {
            let known = properties.and_then(|properties| properties.get(&*key));
            let mut path = self.path.clone();
            push_key(&mut path, &key);
            if let (Some(_), None) = (properties, known) {
                let value: &RawValue = members.next_value()?;
                if path.starts_with("transcript.") {
                    let path = without_positions(&path);
                    self.keys.unknown_in_transcript.insert(path, ());
                } else {
                    self.keys.unknown.insert(path, value);
                }
                continue;
            }
            if self.path.is_empty() {
                self.keys.known += 1;
            }
            members.next_value_seed(Walk {
                schema: known,
                path,
                keys: &mut *self.keys,
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{path_at, without_positions};

    #[test]
    fn places_have_paths() {
        let json = r#"{"a": 1, "list": [{"x": "}"}, {"y": "\"", "z": [3, 4]}], "b": {"c": null}}"#;
        for (needle, path) in [
            ("1", "a"),
            ("\"}\"", "list[0].x"),
            ("\"\\\"\"", "list[1].y"),
            ("4", "list[1].z[1]"),
            ("null", "b.c"),
        ] {
            let at = json.find(needle).unwrap();
            assert_eq!(path_at(json, at), path, "before {needle}");
            assert_eq!(path_at(json, at + needle.len()), path, "behind {needle}");
        }
        assert_eq!(without_positions("list[1].z[10]"), "list[].z[]");
    }
}
