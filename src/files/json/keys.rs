//! Keys: where in a record something stands, and which keys the schema does not know.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

/// A value, or a key, of valid JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// The keys that lead to it, such as `participants[2].role`.
    pub(super) path: String,
    /// Where it begins.
    pub(super) begins: usize,
}

/// What stands at a place of valid JSON, or last before it.
pub(super) fn spot(json: &str, offset: usize) -> Spot {
    let mut begins = 0;
    let mut steps: Vec<(Step<'_>, usize)> = Vec::new();
    let mut awaits_key = false;
    let mut position = 0;
    let mut is_token = false;
    while let Some(byte) = json.as_bytes().get(position).filter(|_| position <= offset) {
        let mut length = 1;
        let was_token = std::mem::take(&mut is_token);
        match byte {
            b'{' | b'[' => {
                begins = position;
                awaits_key = *byte == b'{';
                let step = if awaits_key {
                    Step::Key("")
                } else {
                    Step::Index(0)
                };
                steps.push((step, position));
            }
            b'}' | b']' => begins = steps.pop().map_or(begins, |(_, begin)| begin),
            b',' => match steps.last_mut() {
                Some((Step::Index(index), _)) => *index += 1,
                Some((Step::Key(_), _)) => awaits_key = true,
                None => {}
            },
            b'"' => {
                begins = position;
                let inner = string(&json[position + 1..]);
                length = inner.len() + 2;
                if let (true, Some((Step::Key(key), _))) = (awaits_key, steps.last_mut()) {
                    *key = inner;
                    awaits_key = false;
                }
            }
            b':' | b' ' | b'\n' | b'\r' | b'\t' => {}
            _ => {
                is_token = true;
                if !was_token {
                    begins = position;
                }
            }
        }
        position += length;
    }
    let mut path = String::new();
    for (step, _) in steps {
        match step {
            Step::Key("") => {}
            Step::Key(key) => push_key(&mut path, key),
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    Spot { path, begins }
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// The value or key that begins at a place; of an object or a list only its first line.
pub(super) fn token(json: &str, begins: usize) -> &str {
    let rest = &json[begins..];
    let length = match rest.as_bytes().first() {
        Some(b'"') => string(&rest[1..]).len() + 2,
        Some(b'{' | b'[') => rest.find('\n').unwrap_or(rest.len()),
        _ => rest
            .find([',', '}', ']', ' ', '\n', '\r', '\t'])
            .unwrap_or(rest.len()),
    };
    rest.get(..length).unwrap_or(rest)
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
    use super::{spot, token, without_positions};

    #[test]
    fn values_are_found_by_a_place_in_them() {
        let json = r#"{"a": 1, "list": [{"x": "}"}, {"y": "\"", "z": [3, 14]}], "b": {"c": null}}"#;
        for (needle, path) in [
            ("1", "a"),
            ("\"}\"", "list[0].x"),
            ("\"\\\"\"", "list[1].y"),
            ("14", "list[1].z[1]"),
            ("null", "b.c"),
        ] {
            let begins = json.find(needle).unwrap();
            for offset in begins..begins + needle.len() {
                let found = spot(json, offset);
                assert_eq!(
                    (found.path.as_str(), found.begins),
                    (path, begins),
                    "{needle}"
                );
            }
            assert_eq!(token(json, begins), needle);
        }
        let end_of_object = spot(json, json.find("}]").unwrap());
        assert_eq!(end_of_object.path, "list[1]", "{json}");
        assert_eq!(
            token(json, end_of_object.begins),
            &json[json.find("{\"y\"").unwrap()..]
        );
        assert_eq!(without_positions("list[1].z[10]"), "list[].z[]");
    }
}
