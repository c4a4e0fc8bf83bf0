//! What the JSON schema found, in sentences of our own. The validator's own sentences quote values, and
//! a value may be a secret.

use std::collections::BTreeSet;

use jsonschema::{
    JsonType, ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::Value;

use super::{
    OTHER, SupportMatrix, SupportStatus, codes,
    document::{self, child, last, parent},
    file_report::FileReport,
    numbers, patterns,
    words::{is_harmless, nearest, one_of, quoted},
};
use crate::model::Method;

/// Reports every violation of the schema, and gives the value without its wrong parts, so that the
/// rules can check the rest. `matrix` tells which methods a request's platform has.
pub(super) fn check(
    schema: &Value,
    validator: &Validator,
    matrix: Option<&SupportMatrix>,
    report: &mut FileReport,
) -> Value {
    let whole = report.document.value.clone();
    let mut rest = whole.clone();
    let mut wrong = BTreeSet::new();
    let errors: Vec<_> = validator.iter_errors(&whole).collect();
    let renamed = renamed(schema, &errors);
    for error in errors {
        let pointer = error.instance_path().as_str().to_owned();
        match error.kind() {
            // `Customer` for `customer` is one slip, not two.
            ValidationErrorKind::Required { property }
                if property
                    .as_str()
                    .is_some_and(|key| renamed.contains(&child(&pointer, key))) => {}
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
                    match (kind, methods_today(matrix, &pointer, &whole)) {
                        (ValidationErrorKind::Enum { .. }, _)
                            if pointer == "/platform" && !is_empty(error.instance()) =>
                        {
                            let written = error.instance().as_str().unwrap_or_default();
                            unknown_platform(matrix, written, &pointer, report);
                        }
                        (ValidationErrorKind::Enum { .. }, Some(methods)) => {
                            let written = error.instance().as_str().unwrap_or_default();
                            unknown_value(&methods, "method", written, &pointer, report);
                        }
                        _ => wrong_value(schema, &error, kind, &pointer, report),
                    }
                }
                document::remove(&mut rest, &pointer);
            }
        }
    }
    rest
}

/// The methods by which the platform of a request gives calls today, where its method is wrong.
fn methods_today(matrix: Option<&SupportMatrix>, pointer: &str, request: &Value) -> Option<Value> {
    let platform = request.get("platform")?.as_str()?;
    let row = matrix
        .filter(|_| pointer == "/method")?
        .platforms
        .get(platform)?;
    let methods: Vec<Value> = row
        .methods
        .iter()
        .filter(|method| row.status == SupportStatus::Supported || **method == Method::File)
        .map(|method| method.to_string().into())
        .collect();
    (!methods.is_empty()).then(|| methods.into())
}

/// Pointers of the keys that unknown keys probably mean.
fn renamed(schema: &Value, errors: &[ValidationError<'_>]) -> BTreeSet<String> {
    let mut pointers = BTreeSet::new();
    for error in errors {
        if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
            let known = known_keys(schema, error);
            let meant = unexpected
                .iter()
                .filter_map(|key| nearest(key, known.iter().copied()));
            pointers.extend(meant.map(|key| child(error.instance_path().as_str(), key)));
        }
    }
    pointers
}

fn known_keys<'a>(schema: &'a Value, error: &ValidationError<'_>) -> Vec<&'a str> {
    let known = node(schema, error).and_then(|node| node["properties"].as_object());
    known
        .map(|known| known.keys().map(String::as_str).collect())
        .unwrap_or_default()
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
    let known = known_keys(schema, error);
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
        TypeKind::Single(JsonType::Array) => (
            format!("`{name}` is a list, and a list stands in brackets."),
            list_help(name, value, node),
        ),
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
        JsonType::Object => (
            format!("`{name}` holds lines of its own."),
            format!(
                "Write nothing behind `{name}:`, and below it indented lines of the form `key: value`."
            ),
        ),
        JsonType::Array | JsonType::Integer | JsonType::Number | JsonType::Null => (
            format!("`{name}` has a value of the wrong kind."),
            "Compare it with an example.".to_owned(),
        ),
    }
}

/// What is written, in the form of a list, or else an example.
fn list_help(name: &str, value: &Value, node: Option<&Value>) -> String {
    let written = value.as_str().unwrap_or_default();
    let signs = [
        '[', ']', '{', '}', '#', ':', '"', '\'', '&', '!', '|', '>', '%', '@',
    ];
    if is_harmless(written) && !written.contains(signs) && !written.starts_with(['*', '-', '?']) {
        return format!("Write `{name}: [{}]`.", written.trim());
    }
    let example = node.and_then(|node| node["examples"][0].as_array());
    let entries: Vec<&str> = example
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if entries.is_empty() {
        return "Write the entries in brackets with commas between them: `[one, two]`.".to_owned();
    }
    format!("Write it as in `{name}: [{}]`.", entries.join(", "))
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

fn unknown_platform(
    matrix: Option<&SupportMatrix>,
    written: &str,
    pointer: &str,
    report: &mut FileReport,
) {
    let meant = matrix.and_then(|matrix| matrix.nearest(written));
    let help = match meant {
        Some((key, _)) => format!("Write `{key}`."),
        None => {
            let known = matrix
                .into_iter()
                .flat_map(|matrix| matrix.platforms.keys());
            let known: Vec<&str> = known.map(String::as_str).collect();
            let rest = match known.contains(&OTHER) {
                true => format!("; `{OTHER}` stands for any platform that is not in the list"),
                false => String::new(),
            };
            format!("Write {}{rest}.", one_of(known))
        }
    };
    let message = if is_harmless(written) {
        format!("The support matrix has no platform `{written}`.")
    } else {
        "The support matrix has no such platform.".to_owned()
    };
    report.value(codes::UNKNOWN_PLATFORM, pointer, message, help);
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
    let help = match nearest(written, known.iter().copied()) {
        Some(meant) => format!("Write `{meant}`."),
        None => format!("Write {}.", one_of(known)),
    };
    let message = format!("`{name}` cannot be {}.", quoted(written));
    report.value(codes::UNKNOWN_VALUE, pointer, message, help);
}
