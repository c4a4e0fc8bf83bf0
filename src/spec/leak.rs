//! Finds credentials in clear text. Whoever pastes a key into a request must learn it before anything
//! else is said, and no message may repeat it.
//!
//! Three signs: a name such as `token` in front of a value, the shape of a known kind of key, and a
//! long run that no word or number looks like.

use serde_json::Value;

use super::{
    codes,
    document::{Document, Position, child},
    file_report::FileReport,
    secret_name::HandIn,
};

const MESSAGE: &str =
    "Here stands what looks like a credential, readable for everybody who sees this repository.";

/// Names that only credentials have.
const NAMES: &[&str] = &[
    "access_key",
    "access_key_id",
    "access_key_secret",
    "access_token",
    "api_key",
    "api_keys",
    "api_secret",
    "api_token",
    "apikey",
    "auth_token",
    "authorization",
    "bearer",
    "client_secret",
    "passwd",
    "password",
    "private_key",
    "pwd",
    "refresh_token",
    "secret_access_key",
    "secret_key",
    "token",
];

/// How well-known keys begin, and how long they are at least.
const SHAPES: &[(&str, usize)] = &[
    ("AGE-SECRET-KEY-", 40),
    ("AIza", 35),
    ("AKIA", 20),
    ("ASIA", 20),
    ("GOCSPX-", 24),
    ("SG.", 40),
    ("dop_v1_", 40),
    ("eyJ", 36),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghr_", 30),
    ("ghs_", 30),
    ("ghu_", 30),
    ("github_pat_", 30),
    ("glpat-", 20),
    ("grain_pat_", 20),
    ("hf_", 30),
    ("lin_api_", 30),
    ("npm_", 30),
    ("pat-na1-", 30),
    ("pat-eu1-", 30),
    ("pk_live_", 20),
    ("pypi-", 40),
    ("rk_live_", 20),
    ("sk-", 40),
    ("sk_live_", 20),
    ("sk_test_", 20),
    ("whsec_", 20),
    ("xapp-", 20),
    ("xoxa-", 20),
    ("xoxb-", 20),
    ("xoxe.", 20),
    ("xoxp-", 20),
    ("ya29.", 20),
];

/// Query parameters of a URL that open what the URL names.
const URL_KEYS: &[&str] = &[
    "access_token",
    "api_key",
    "apikey",
    "key",
    "password",
    "pwd",
    "secret",
    "sig",
    "signature",
    "token",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-goog-signature",
];

/// Whether a text that is no request, such as a sentence or the body of an issue, seems to hold a credential.
pub fn holds_credential(text: &str) -> bool {
    text.lines().any(|line| in_text(line).is_some())
}

/// The text without what seems to be credentials, or `None` if there are none. What begins like one is taken
/// out to the end of its line, and a private key to its last one.
pub fn masked(text: &str) -> Option<String> {
    if !holds_credential(text) {
        return None;
    }
    let mut masked = String::with_capacity(text.len());
    let mut in_key = false;
    for line in text.lines() {
        in_key = in_key || line.contains("PRIVATE KEY-----");
        match in_text(line) {
            Some(byte) => {
                masked.push_str(&line[..byte]);
                masked.push_str(TAKEN_OUT);
            }
            None if in_key => masked.push_str(TAKEN_OUT),
            None => masked.push_str(line),
        }
        masked.push('\n');
        in_key = in_key && !(line.contains("-----END") && line.contains("PRIVATE KEY-----"));
    }
    // A key that was broken over lines may show only now.
    Some(if holds_credential(&masked) {
        TAKEN_OUT.to_owned()
    } else {
        masked
    })
}

/// Stands where a credential stood.
const TAKEN_OUT: &str = "(taken out)";

/// Reports every line that seems to hold a credential, outside sealed blocks.
pub(super) fn check_text(text: &str, report: &mut FileReport) {
    let mut sealed = false;
    let mut found_at = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.contains("-----BEGIN AGE ENCRYPTED FILE-----") {
            sealed = true;
        } else if line.contains("-----END AGE ENCRYPTED FILE-----") {
            sealed = false;
        } else if line.contains(':') || line.contains('-') {
            // No line of an armored block has either of them: the block was cut off before its end.
            sealed = false;
        }
        let found = if sealed { None } else { in_text(line) };
        if let Some(byte) = found {
            let column = line[..byte].chars().count() + 1;
            let line = index + 1;
            found_at.push(Position { line, column });
        }
    }
    if found_at.is_empty() {
        return;
    }
    let help = help(&HandIn::of_text(&report.path, text));
    for position in found_at {
        report.at(codes::CLEAR_TEXT_CREDENTIAL, position, MESSAGE, &help);
    }
}

/// Reports every value whose name says that it is a credential. `fields` are names that platforms use.
pub(super) fn check_names(fields: &[&str], report: &mut FileReport) {
    let document = &report.document;
    let mut found = Vec::new();
    // The parser's limit on depth also bounds this stack.
    let mut open = vec![(String::new(), &document.value)];
    while let Some((pointer, value)) = open.pop() {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let pointer = child(&pointer, key);
                    if is_credential_name(key, fields) && holds_text(value) {
                        found.push(pointer);
                    } else {
                        open.push((pointer, value));
                    }
                }
            }
            Value::Array(items) => open.extend(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| (format!("{pointer}/{index}"), item)),
            ),
            _ => {}
        }
    }
    found.extend(bare_credential(document));
    let help = help(&HandIn::of_document(&report.path, document));
    for pointer in found {
        report.value(codes::CLEAR_TEXT_CREDENTIAL, &pointer, MESSAGE, &help);
    }
}

fn help(hand_in: &HandIn) -> String {
    format!(
        "Delete it and ask the customer to replace it at once, because it stays in the history of the repository. \
         {}, {hand_in} If it is no credential, write it differently.",
        if hand_in.is_consent() {
            "After that"
        } else {
            "When the new one is there"
        }
    )
}

/// A text directly behind `credentials:`, or behind a key of it that is neither of the two known.
/// Behind `sealed` may stand the rest of a block that was cut off, so there it must look like a key.
fn bare_credential(document: &Document) -> Option<String> {
    match document.value.get("credentials")? {
        Value::String(text) => is_bare(text).then(|| "/credentials".to_owned()),
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            let bare = value.as_str().is_some_and(|text| match key.as_str() {
                "secret" => false,
                "sealed" => is_bare(text) && looks_like_key(text),
                _ => is_bare(text),
            });
            bare.then(|| child("/credentials", key))
        }),
        _ => None,
    }
}

fn is_bare(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains("AGE ENCRYPTED FILE") && !text.starts_with("IMPORT_")
}

/// A word that mixes letters and digits, or one that is longer than words are.
fn looks_like_key(text: &str) -> bool {
    text.split_whitespace()
        .any(|word| is_keyish(word) || word.len() >= 20)
}

fn is_credential_name(key: &str, fields: &[&str]) -> bool {
    let name = key.to_lowercase().replace(['-', ' '], "_");
    NAMES.contains(&name.as_str()) || fields.contains(&name.as_str())
}

fn holds_text(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(_) => true,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// The byte at which something like a credential begins.
pub(super) fn in_text(line: &str) -> Option<usize> {
    if let Some(byte) = line.find("PRIVATE KEY-----") {
        return Some(line[..byte].find("-----BEGIN").unwrap_or(byte));
    }
    words(line).find_map(|(start, word)| {
        let found = if word.contains("://") {
            in_url(word)
        } else {
            in_word(word)
        };
        found
            .map(|offset| start + offset)
            .or_else(|| (is_keyish(word) && follows_name(&line[..start])).then_some(start))
    })
}

/// The words of a line with the byte at which each begins.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let separates = |c: char| c.is_whitespace() || "\"'\\`,;()[]{}<>|".contains(c);
    line.split(separates).filter_map(move |word| {
        let start = word.as_ptr() as usize - line.as_ptr() as usize;
        (!word.is_empty()).then_some((start, word))
    })
}

fn in_word(word: &str) -> Option<usize> {
    let is_path = is_path(word);
    let mut start = 0;
    for part in word.split_inclusive([':', '=']) {
        let value = part.trim_end_matches([':', '=']);
        let named_id = start > 0 && word[..start - 1].ends_with("id");
        if has_known_shape(value)
            || (!named_id && !is_path && !is_public(value) && has_random_run(value))
            || (start > 0 && is_keyish(value) && ends_with_name(&word[..start - 1]))
        {
            return Some(start);
        }
        start += part.len();
    }
    None
}

fn in_url(url: &str) -> Option<usize> {
    let (scheme, rest) = url.split_once("://")?;
    let offset = scheme.len() + 3;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority
        .split_once('@')
        .is_some_and(|(user, _)| user.contains(':'))
    {
        return Some(offset);
    }
    if authority == "hooks.slack.com" && rest.contains("/services/") {
        return Some(offset);
    }
    let (path, query) = rest.split_once('?')?;
    let mut start = offset + path.len() + 1;
    for pair in query.split_inclusive(['&', '#']) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = value.trim_end_matches(['&', '#']);
        if URL_KEYS.contains(&name.to_ascii_lowercase().as_str()) && value.len() >= 8 {
            return Some(start + name.len() + 1);
        }
        start += pair.len();
    }
    None
}

fn has_known_shape(value: &str) -> bool {
    SHAPES
        .iter()
        .any(|(prefix, length)| value.starts_with(prefix) && value.len() >= *length)
}

/// Long enough, and mixed as no word is: what may stand behind a name such as `token`.
fn is_keyish(value: &str) -> bool {
    value.len() >= 8
        && value.chars().any(|c| c.is_ascii_digit())
        && value.chars().any(|c| c.is_ascii_alphabetic())
}

/// Whether the text before a value ends in a credential's name and a colon, an equals sign, or, for
/// header lines, `Bearer` and `Basic`.
fn follows_name(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '\t', '"', '\'', '`', '\\']);
    match before.strip_suffix([':', '=']) {
        Some(name) => ends_with_name(name),
        None => before.ends_with("Bearer") || before.ends_with("Basic"),
    }
}

fn ends_with_name(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '"', '\'', '`', '\\']);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name = before.rsplit(|c: char| !is_name(c)).next();
    name.is_some_and(|name| is_credential_name(name, &[]))
}

/// Keys that are made to be shown.
fn is_public(value: &str) -> bool {
    value.starts_with("age1") || value.starts_with("AAAA")
}

/// A file name, which may hold the random ids of a platform.
fn is_path(word: &str) -> bool {
    let extension = word.rsplit_once('.').map(|(_, extension)| extension);
    word.starts_with("files/")
        || word.contains('*')
        || extension.is_some_and(|text| {
            (2..=5).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric())
        })
}

/// Twenty letters and digits without a break that change between digits, capitals and small letters as
/// no word or number does: random base 32 changes at every third place, base 62 and hexadecimal at
/// nearly every second.
fn has_random_run(value: &str) -> bool {
    let changes = |pair: &[u8]| {
        pair[0].is_ascii_digit() != pair[1].is_ascii_digit()
            || (pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
    };
    value
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(str::as_bytes)
        .filter(|run| run.len() >= 20 && run.iter().any(u8::is_ascii_digit))
        .any(|run| run.windows(2).filter(|pair| changes(pair)).count() * 100 / run.len() >= 15)
}
