//! What `serde_json` says about a text, for people: where, and in plain words.

/// Where in a text it saw an error, in bytes.
pub(super) fn offset(error: &serde_json::Error, text: &str) -> usize {
    let lines = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let before: usize = lines.map(str::len).sum();
    // Column 0 is the end of the line before.
    let offset = (before + error.column()).saturating_sub(1);
    text.floor_char_boundary(offset.min(text.len()))
}

/// What it says, without the place, which is another one in the file.
pub(super) fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

/// What is wrong with a value, as the rest of a sentence about it.
pub(super) fn of_value(error: &serde_json::Error) -> String {
    let said = said(error);
    let (kind, detail) = said.split_once(": ").unwrap_or(("", &said));
    if let ("invalid type" | "invalid value", Some((found, expected))) =
        (kind, detail.rsplit_once(", expected "))
    {
        return format!("is {}, but must be {}", thing(found), thing(expected));
    }
    let unknown = said.strip_prefix("unknown variant ");
    if let Some((word, words)) = unknown.and_then(|rest| rest.split_once(", expected one of ")) {
        return format!("is {word}, but must be one of {words}");
    }
    if let Some(key) = said.strip_prefix("missing field ") {
        return format!("lacks {key}");
    }
    match said.strip_prefix("duplicate field ") {
        Some(_) => "stands there twice".into(),
        None => format!("is not as it must be: {said}"),
    }
}

/// Why a text is no JSON.
pub(super) fn of_json(error: &serde_json::Error) -> String {
    match said(error).as_str() {
        "expected value" => "a value is expected there".into(),
        "key must be a string" => "a key in quotes is expected there".into(),
        said if said.starts_with("control character") => "a text does not end on its line".into(),
        said => said.to_owned(),
    }
}

/// `serde`'s name of a kind of value in everyday words.
fn thing(name: &str) -> String {
    const NAMES: &[(&str, &str)] = &[
        ("string", "the text"),
        ("integer", "the number"),
        ("floating point", "the number"),
        ("boolean", "the value"),
        ("null", "empty"),
        ("map", "an object"),
        ("sequence", "a list"),
        ("a string", "a text"),
        ("a boolean", "true or false"),
        ("a sequence", "a list"),
        ("f64", "a number"),
        ("struct", "an object"),
    ];
    let known = NAMES.iter().find_map(|(known, plain)| {
        let rest = name.strip_prefix(known)?;
        let rest = if *known == "struct" { "" } else { rest };
        (rest.is_empty() || rest.starts_with(' ')).then(|| format!("{plain}{rest}"))
    });
    known.unwrap_or_else(|| name.to_owned())
}
