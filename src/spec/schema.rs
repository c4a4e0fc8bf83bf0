//! JSON Schemas (2020-12) for editors and for the first half of the checks, made from the Rust types.
//!
//! They hold no `oneOf` and no `null`: both make sentences that nobody understands.

use jsonschema::{PatternOptions, Validator};
use schemars::{
    JsonSchema, Schema,
    generate::SchemaSettings,
    transform::{RecursiveTransform, Transform},
};
use serde_json::{Map, Value, json};

use super::{SupportMatrix, raw::RawRequest};
use crate::{
    files,
    platforms::{self, OptionKind},
};

/// JSON Schema of a request file: platforms and their options come from the matrix and the connectors.
pub fn request_schema(matrix: &SupportMatrix) -> Value {
    let mut schema = generate::<RawRequest>();
    if !matrix.platforms.is_empty() {
        let platform = &mut schema["properties"]["platform"];
        platform["enum"] = matrix.platforms.keys().cloned().collect();
        describe_words(
            platform,
            matrix
                .platforms
                .iter()
                .map(|(key, row)| (key.as_str(), row.name.as_str())),
        );
        let platforms = matrix.platforms.keys();
        let mut rules: Vec<Value> = platforms.filter_map(|key| options_of(key)).collect();
        rules.push(options_of_files(matrix));
        schema["allOf"] = rules.into();
    }
    schema
}

/// JSON Schema of `matrix.yaml`.
pub fn matrix_schema() -> Value {
    let mut schema = generate::<SupportMatrix>();
    schema["title"] = "Support matrix".into();
    schema
}

/// A validator that checks formats, follows no reference to the network, and matches patterns in linear time.
pub(super) fn validator(schema: &Value) -> Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .offline()
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .expect("a schema made from our own types is a schema")
}

fn generate<T: JsonSchema>() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings
        .with_transform(RecursiveTransform(Plain))
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// The rule for `options` of a platform that has a connector, unless its calls come as files.
fn options_of(platform: &str) -> Option<Value> {
    let options = platforms::connector(platform)?.traits().options;
    let properties: Map<String, Value> = options
        .iter()
        .map(|option| {
            let mut property = match option.kind {
                OptionKind::Text => json!({"type": "string", "minLength": 1}),
                OptionKind::Flag => json!({"type": "boolean"}),
                OptionKind::BaseUrl => json!({"type": "string", "pattern": "^https://"}),
            };
            property["description"] = option.description.into();
            (option.name.to_owned(), property)
        })
        .collect();
    Some(json!({
        "if": {
            "properties": {"platform": {"const": platform}},
            "required": ["platform"],
            "not": by_files(),
        },
        "then": {"properties": {"options": {"properties": properties, "additionalProperties": false}}},
    }))
}

/// The rule for `options` where calls come as files: it is written so, or there is no connector.
fn options_of_files(matrix: &SupportMatrix) -> Value {
    let keys = matrix.platforms.keys();
    let unconnected: Vec<&String> = keys
        .filter(|key| platforms::connector(key).is_none())
        .collect();
    let unconnected =
        json!({"properties": {"platform": {"enum": unconnected}}, "required": ["platform"]});
    let mut options = generate::<files::Options>()["properties"].take();
    let words = generate::<files::Column>()["enum"].take();
    let heading = || json!({"type": "string", "minLength": 1});
    let headings = words.as_array().into_iter().flatten();
    let headings: Map<String, Value> = headings
        .filter_map(|word| Some((word.as_str()?.to_owned(), heading())))
        .collect();
    options["columns"]["properties"] = headings.into();
    options["columns"]["additionalProperties"] = false.into();
    json!({
        // One of the two, in words that editors do not take for a union.
        "if": {"not": {"allOf": [{"not": by_files()}, {"not": unconnected}]}},
        "then": {"properties": {"options": {"properties": options, "additionalProperties": false}}},
    })
}

fn by_files() -> Value {
    json!({"properties": {"method": {"const": "file"}}, "required": ["method"]})
}

/// Takes `null` out of optional values, and turns a `oneOf` of documented words into an `enum`.
#[derive(Clone)]
struct Plain;

impl Transform for Plain {
    fn transform(&mut self, schema: &mut Schema) {
        let Some(map) = schema.as_object_mut() else {
            return;
        };
        without_null(map);
        // Rust's widths are no formats of JSON Schema, and the ranges say more.
        if map
            .get("type")
            .is_some_and(|kind| kind == "integer" || kind == "number")
        {
            map.remove("format");
        }
        if let Some(words) = documented_words(map) {
            map.remove("oneOf");
            map.insert("type".into(), "string".into());
            map.insert(
                "enum".into(),
                words.iter().map(|(word, _)| word.clone()).collect(),
            );
            let mut described = Value::Object(std::mem::take(map));
            describe_words(
                &mut described,
                words
                    .iter()
                    .map(|(word, text)| (word.as_str(), text.as_str())),
            );
            if let Value::Object(described) = described {
                *map = described;
            }
        }
    }
}

fn without_null(map: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|name| name != "null");
        if let [single] = types.as_slice() {
            let single = single.clone();
            map.insert("type".into(), single);
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if map.get("default").is_some_and(Value::is_null) {
        map.remove("default");
    }
    if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
        choices.retain(|choice| choice != &json!({"type": "null"}));
        if let [single] = choices.as_slice() {
            let single = single.clone();
            map.remove("anyOf");
            if let Value::Object(single) = single {
                for (key, value) in single {
                    map.entry(key).or_insert(value);
                }
            }
        }
    }
}

/// The words of a `oneOf` of constants, with the sentence of each.
fn documented_words(map: &Map<String, Value>) -> Option<Vec<(String, String)>> {
    let choices = map.get("oneOf")?.as_array()?;
    choices
        .iter()
        .map(|choice| {
            let word = choice.get("const")?.as_str()?;
            let text = choice.get("description")?.as_str()?;
            Some((word.to_owned(), text.to_owned()))
        })
        .collect()
}

/// Editors show a description on hovering, and not the words of an `enum`: so they stand in both.
fn describe_words<'a>(schema: &mut Value, words: impl Iterator<Item = (&'a str, &'a str)>) {
    let list: Vec<String> = words
        .map(|(word, text)| format!("`{word}` ({})", text.trim_end_matches('.')))
        .collect();
    let before = schema["description"].as_str().unwrap_or_default();
    let description = format!("{before} One of: {}.", list.join(", "));
    schema["description"] = description.trim_start().into();
}
