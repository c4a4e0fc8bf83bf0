//! What the JSON schema found, in sentences of our own. The validator's own sentences quote values, and
//! a value may be a secret.

use std::collections::BTreeSet;

use jsonschema::{
    JsonType, ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::Value;

use super::{
    codes,
    document::{self, child, last, parent},
    file_report::FileReport,
    numbers, patterns,
    words::{is_harmless, nearest, one_of, quoted},
};

/// Reports every violation of the schema, and gives the value without its wrong parts, so that the
/// rules can check the rest.
pub(super) fn check(schema: &Value, validator: &Validator, report: &mut FileReport) -> Value {
    let whole = report.document.value.clone();
    let mut rest = whole.clone();
    let mut wrong = BTreeSet::new();
    for error in validator.iter_errors(&whole) {
        let pointer = error.instance_path().as_str().to_owned();
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                missing(schema, &error, &pointer, property, report);
            }
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                for key in unexpected {
                    unknown_key(schema, &error, &pointer, key, report);
                    document::remove(&mut rest, &child(&pointer, key));
                }
            }
            kind => {
                // What is wrong in two ways is said once.
                if wrong.insert(pointer.clone()) {
                    wrong_value(schema, &error, kind, &pointer, report);
                }
                document::remove(&mut rest, &pointer);
            }
        }
    }
    rest
}

/// The schema node that holds the violated keyword.
fn node<'a>(schema: &'a Value, error: &ValidationError<'_>) -> Option<&'a Value> {
    schema.pointer(parent(error.schema_path().as_str()))
}

fn missing(
    schema: &Value,
    error: &ValidationError<'_>,
    pointer: &str,
    property: &Value,
    report: &mut FileReport,
) {
    let key = property.as_str().unwrap_or_default();
    let examples =
        node(schema, error).and_then(|node| node["properties"][key]["examples"].as_array());
    let example = match examples.and_then(|examples| examples.first()) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "...".to_owned(),
    };
    report.value(
        codes::MISSING_KEY,
        pointer,
        format!("The line `{key}:` is missing."),
        format!("Add it, for example `{key}: {example}`."),
    );
}

fn unknown_key(
    schema: &Value,
    error: &ValidationError<'_>,
    pointer: &str,
    key: &str,
    report: &mut FileReport,
) {
    let known = node(schema, error).and_then(|node| node["properties"].as_object());
    let known: Vec<&str> = known
        .map(|known| known.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let help = match nearest(key, known.iter().copied()) {
        Some(name) => format!("Write `{name}`."),
        None if known.is_empty() => "Delete the line.".to_owned(),
        None => format!("Delete the line, or use one of these: {}.", one_of(known)),
    };
    let name = if is_harmless(key) {
        format!("`{key}`")
    } else {
        "This key".to_owned()
    };
    let (code, message) = if pointer == "/options" {
        (
            codes::UNKNOWN_OPTION,
            format!("{name} is no option of this platform."),
        )
    } else if pointer.is_empty() {
        (codes::UNKNOWN_KEY, format!("{name} is not a known key."))
    } else {
        (
            codes::UNKNOWN_KEY,
            format!("{name} is not a known key of `{}`.", owner(pointer)),
        )
    };
    report.key(code, &child(pointer, key), message, help);
}

/// The nearest key above or at a pointer that has a name and is no number of a list.
fn owner(pointer: &str) -> String {
    let name = last(pointer);
    if !parent(pointer).is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return owner(parent(pointer));
    }
    name
}

fn wrong_value(
    schema: &Value,
    error: &ValidationError<'_>,
    kind: &ValidationErrorKind,
    pointer: &str,
    report: &mut FileReport,
) {
    let name = owner(pointer);
    let value = error.instance();
    match kind {
        _ if is_empty(value) => empty(&name, pointer, report),
        ValidationErrorKind::MinLength { .. }
        | ValidationErrorKind::MinItems { .. }
        | ValidationErrorKind::MinProperties { .. } => empty(&name, pointer, report),
        ValidationErrorKind::Type { kind } => {
            wrong_type(kind, node(schema, error), &name, value, pointer, report);
        }
        ValidationErrorKind::Enum { options } => {
            let written = value.as_str().unwrap_or_default();
            unknown_value(options, &name, written, pointer, report);
        }
        ValidationErrorKind::Format { .. } => {
            patterns::date(&name, value.as_str().unwrap_or_default(), pointer, report);
        }
        ValidationErrorKind::Pattern { .. } => patterns::text(&name, value, pointer, report),
        ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. } => {
            let node = node(schema, error);
            let limit = |key: &str| node.and_then(|node| node.get(key)).map(Value::to_string);
            let range = match (limit("minimum"), limit("maximum")) {
                (Some(least), Some(most)) => format!("from {least} to {most}"),
                (Some(least), None) => format!("of at least {least}"),
                (None, most) => format!("of at most {}", most.unwrap_or_default()),
            };
            report.value(
                codes::BAD_NUMBER,
                pointer,
                format!("`{name}` is out of range."),
                format!("Write a number {range}."),
            );
        }
        ValidationErrorKind::MaxLength { limit } | ValidationErrorKind::MaxItems { limit } => {
            report.value(
                codes::TOO_LONG,
                pointer,
                format!("`{name}` is too long."),
                format!("Shorten it to at most {limit} characters or entries."),
            );
        }
        ValidationErrorKind::UniqueItems => report.value(
            codes::REPEATED_ITEM,
            pointer,
            format!("`{name}` holds the same entry twice."),
            "Delete one of the two.",
        ),
        _ => report.value(
            codes::WRONG_TYPE,
            pointer,
            format!("`{name}` cannot have this value."),
            format!("Compare it with an example ({}).", error.masked()),
        ),
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn empty(name: &str, pointer: &str, report: &mut FileReport) {
    report.value(
        codes::EMPTY_VALUE,
        pointer,
        format!("`{name}` has no value."),
        "Write a value, or delete the line if it is not needed.",
    );
}

fn wrong_type(
    kind: &TypeKind,
    node: Option<&Value>,
    name: &str,
    value: &Value,
    pointer: &str,
    report: &mut FileReport,
) {
    let scalar = report.document.scalar(pointer);
    let written = scalar.map(|scalar| scalar.text.clone()).unwrap_or_default();
    // The words and the form that are allowed help more than the word "text".
    match node {
        Some(node) if node.get("enum").is_some() => {
            return unknown_value(&node["enum"], name, &written, pointer, report);
        }
        Some(node) if node["format"] == "date" => {
            return patterns::date(name, &written, pointer, report);
        }
        _ => {}
    }
    let (message, help) = match kind {
        TypeKind::Single(JsonType::Integer | JsonType::Number) => {
            return numbers::report(name, &written, pointer, report);
        }
        TypeKind::Single(wanted) => wanted_words(*wanted, name, value, &written),
        TypeKind::Multiple(_) => (
            format!("`{name}` has a value of the wrong kind."),
            "Compare it with an example.".to_owned(),
        ),
    };
    let code = if pointer.starts_with("/options/") {
        codes::OPTION_TYPE
    } else {
        codes::WRONG_TYPE
    };
    report.value(code, pointer, message, help);
}

/// What is wrong and what to write where a value of another kind is needed.
fn wanted_words(wanted: JsonType, name: &str, value: &Value, written: &str) -> (String, String) {
    match wanted {
        JsonType::String => (
            format!(
                "`{name}` needs text, and YAML reads {} here.",
                kind_of(value)
            ),
            if is_harmless(written) {
                format!("Put it in quotation marks: `\"{written}\"`.")
            } else if value.is_array() || value.is_object() {
                "Write the text behind the colon; put text that begins with a bracket in quotation marks.".to_owned()
            } else {
                "Put the value in quotation marks.".to_owned()
            },
        ),
        JsonType::Boolean => (
            format!("`{name}` is either `true` or `false`."),
            match written.to_lowercase().as_str() {
                "yes" | "on" | "y" | "1" | "true" => "Write `true`.".to_owned(),
                "no" | "off" | "n" | "0" | "false" => "Write `false`.".to_owned(),
                _ => "Write `true` or `false`, without quotation marks.".to_owned(),
            },
        ),
        JsonType::Array => (
            format!("`{name}` is a list."),
            "Write each entry on a line of its own, indented and behind `- `.".to_owned(),
        ),
        JsonType::Object => (
            format!("`{name}` holds lines of its own."),
            format!(
                "Write nothing behind `{name}:`, and below it indented lines of the form `key: value`."
            ),
        ),
        JsonType::Integer | JsonType::Number | JsonType::Null => (
            format!("`{name}` has a value of the wrong kind."),
            "Compare it with an example.".to_owned(),
        ),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "yes or no",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a group of lines",
    }
}

fn unknown_value(
    options: &Value,
    name: &str,
    written: &str,
    pointer: &str,
    report: &mut FileReport,
) {
    let known: Vec<&str> = options
        .as_array()
        .map(|options| options.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let meant = nearest(written, known.iter().copied());
    let is_platform = pointer == "/platform";
    let help = match meant {
        Some(meant) => format!("Write `{meant}`."),
        None if is_platform && known.contains(&"other") => format!(
            "Write {}; `other` stands for any platform that is not in the list.",
            one_of(known)
        ),
        None => format!("Write {}.", one_of(known)),
    };
    let (code, message) = match (is_platform, is_harmless(written)) {
        (true, true) => (
            codes::UNKNOWN_PLATFORM,
            format!("The support matrix has no platform `{written}`."),
        ),
        (true, false) => (
            codes::UNKNOWN_PLATFORM,
            "The support matrix has no such platform.".to_owned(),
        ),
        (false, _) => (
            codes::UNKNOWN_VALUE,
            format!("`{name}` cannot be {}.", quoted(written)),
        ),
    };
    report.value(code, pointer, message, help);
}
