//! The secrets that this process has opened, so that everything that leaves it can be looked through for them.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde_json::Value;

use super::Credential;

/// Stands where a text held a credential.
pub const WITHHELD: &str = "a text was withheld because it held a credential";

/// Shortest secret that is looked for, in bytes: what is shorter would be found in ordinary words.
const SHORTEST: usize = 8;

/// Secrets in every form in which a text may repeat them. Their memory is wiped when they are dropped.
#[derive(Clone, Default)]
pub struct Forms {
    forms: Vec<Zeroizing<String>>,
    /// One bit for each two bytes, set if a form begins with them: whole pages of transcripts are looked through, and
    /// nearly everywhere in them this is all it takes.
    begins: Vec<u64>,
}

/// Every secret that this process has opened, known to whoever lets a text out: comments, Slack, job summary,
/// log, stdout, and what is recorded. Clones share what they know.
///
/// This is the last of several guards: secrets are types that cannot be printed, and what a platform repeats is
/// struck out where its answer arrives ([`Forms::struck_from`]).
///
/// It also takes the place of the masks of GitHub Actions. `::add-mask::VALUE` would put the very value on stdout,
/// which workflows keep in files and pipe elsewhere, and which the runner itself has been seen to log
/// (actions/runner, issues 159 and 475); all to hide exact repetitions in the log of one job, while no other step
/// of it ever sees what is opened here.
#[derive(Clone, Default)]
pub struct KnownSecrets(Arc<RwLock<Forms>>);

impl Forms {
    /// Adds a secret, and each line of one that has several.
    pub fn add(&mut self, secret: &str) {
        let lines = secret.lines().filter(|_| secret.trim().contains('\n'));
        for text in [secret].into_iter().chain(lines).map(str::trim) {
            if text.len() < SHORTEST {
                continue;
            }
            for form in forms(text) {
                if !self.forms.contains(&form) {
                    let (word, bit) = place_of(form.as_bytes());
                    self.begins.resize(1 << 10, 0);
                    self.begins[word] |= bit;
                    self.forms.push(form);
                }
            }
        }
    }

    /// Whether a text holds one of the secrets, as it is or behind the escapes of an address or of JSON.
    pub fn are_in(&self, text: &str) -> bool {
        !self.forms.is_empty()
            && (self.stand_in(text)
                || (text.contains('%') && self.stand_in(&without_percent(text)))
                || (text.contains('\\') && self.stand_in(&without_backslashes(text))))
    }

    fn stand_in(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        bytes.windows(2).enumerate().any(|(index, pair)| {
            let (word, bit) = place_of(pair);
            let is_begin = self.begins[word] & bit != 0;
            let stands = |form: &Zeroizing<String>| bytes[index..].starts_with(form.as_bytes());
            is_begin && self.forms.iter().any(stands)
        })
    }

    /// The text with `***` in the place of every secret; where one is hidden behind escapes, [`WITHHELD`] in the place
    /// of the text around it.
    pub fn struck_from<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.are_in(text) {
            return text.into();
        }
        let struck = self.forms.iter().fold(text.to_owned(), |text, form| {
            text.replace(form.as_str(), "***")
        });
        if self.are_in(&struck) {
            self.withheld_from(&struck).into()
        } else {
            struck.into()
        }
    }

    /// The text with [`WITHHELD`] in the place of whatever holds a secret: the quoted text or the code span around
    /// it, so that JSON stays JSON and a table a table, else its line, else the whole text.
    fn withheld_from(&self, text: &str) -> String {
        let lines = text.split_inclusive('\n');
        let told: String = lines.map(|line| self.withheld_from_line(line)).collect();
        if self.are_in(&told) {
            format!("{WITHHELD}\n")
        } else {
            told
        }
    }

    fn withheld_from_line<'t>(&self, line: &'t str) -> Cow<'t, str> {
        if !self.are_in(line) {
            return line.into();
        }
        let end = &line[line.trim_end().len()..];
        let pieces = pieces(line.trim_end());
        let told: String = pieces
            .into_iter()
            .map(|piece| if self.are_in(piece) { WITHHELD } else { piece })
            .chain([end])
            .collect();
        if self.are_in(&told) {
            format!("{WITHHELD}{end}").into()
        } else {
            told.into()
        }
    }
}

impl KnownSecrets {
    /// Remembers a secret, for as long as the process lives.
    pub fn learn(&self, secret: &SecretString) {
        let mut forms = self.0.write().unwrap_or_else(PoisonError::into_inner);
        forms.add(secret.expose_secret());
    }

    /// Remembers the secret parts of a credential.
    pub fn learn_parts(&self, credential: &Credential) {
        credential.secrets().for_each(|secret| self.learn(secret));
    }

    /// Whether a text holds a secret.
    pub fn are_in(&self, text: &str) -> bool {
        let forms = self.0.read().unwrap_or_else(PoisonError::into_inner);
        forms.are_in(text)
    }

    /// A text that is about to go to `place`, with [`WITHHELD`] where it held a secret. That it did is an error of
    /// ours, and logged as one.
    pub fn withheld_from<'t>(&self, text: &'t str, place: &str) -> Cow<'t, str> {
        if !self.are_in(text) {
            return text.into();
        }
        tracing::error!(place, "{WITHHELD}");
        let forms = self.0.read().unwrap_or_else(PoisonError::into_inner);
        forms.withheld_from(text).into()
    }

    /// The same with a text that is kept.
    pub fn withhold(&self, text: &mut String, place: &str) {
        if let Cow::Owned(clean) = self.withheld_from(text, place) {
            *text = clean;
        }
    }

    /// The same with every text in a JSON document.
    pub fn withhold_in(&self, document: &mut Value, place: &str) {
        match document {
            Value::String(text) => self.withhold(text, place),
            Value::Array(items) => {
                items
                    .iter_mut()
                    .for_each(|item| self.withhold_in(item, place));
            }
            Value::Object(members) => {
                members
                    .values_mut()
                    .for_each(|member| self.withhold_in(member, place));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

impl fmt::Debug for Forms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forms").finish_non_exhaustive()
    }
}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownSecrets").finish_non_exhaustive()
    }
}

/// Where the bit of a text's first two bytes is.
fn place_of(text: &[u8]) -> (usize, u64) {
    let begin = usize::from(text[0]) << 8 | usize::from(text[1]);
    (begin >> 6, 1 << (begin & 63))
}

/// A secret as it is, as JSON, addresses, HTML, our own code spans and paths, Base64 and hexadecimal digits write it.
/// The longer forms come before those that are parts of them.
fn forms(secret: &str) -> impl Iterator<Item = Zeroizing<String>> {
    let bytes = secret.as_bytes();
    let json = serde_json::to_string(secret).unwrap_or_default();
    let json = json.trim_matches('"').to_owned();
    let html = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")];
    let html = html
        .iter()
        .fold(secret.to_owned(), |text, (plain, escaped)| {
            text.replace(plain, escaped)
        });
    let percent = percent(bytes);
    let hex = hex::encode(bytes);
    let texts = [
        json.replace('/', "\\/"),
        json,
        html,
        percent.replace("%20", "+"),
        percent.to_ascii_lowercase(),
        percent,
        secret.replace('|', "¦"),
        secret.replace('\\', "/"),
        secret.to_owned(),
        hex.to_ascii_uppercase(),
        hex,
    ];
    let encoded = (0..3).flat_map(move |before| {
        let mut shifted = Zeroizing::new(vec![0; before]);
        shifted.extend_from_slice(bytes);
        [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD]
            .map(|engine| own_part(&engine.encode(&*shifted), before).to_owned())
    });
    texts
        .into_iter()
        .chain(encoded)
        .map(Zeroizing::new)
        .collect::<Vec<_>>()
        .into_iter()
}

/// What stays of an encoded secret wherever it stands in what is encoded: without the digits at both ends that
/// also tell of their neighbours. `before` are the bytes in front of it.
fn own_part(encoded: &str, before: usize) -> &str {
    let first = (before * 8).div_ceil(6);
    // Without padding, digits that are not full hold bits of what follows.
    let full = match encoded.len() % 4 {
        0 => encoded.len(),
        _ => encoded.len() - 1,
    };
    &encoded[first..full]
}

/// With everything escaped that RFC 3986, section 2.3, does not let stand.
fn percent(bytes: &[u8]) -> String {
    let escaped = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(*byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    bytes.iter().map(escaped).collect()
}

/// Without the escapes of addresses, of whichever characters they are.
fn without_percent(text: &str) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| hex::decode(digits).ok());
        bytes.push(digits.as_ref().map_or(*first, |digits| digits[0]));
        rest = &after[if digits.is_some() { 2 } else { 0 }..];
    }
    Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
}

/// Without the escapes of JSON and of Rust's own quotes, of whichever characters they are.
fn without_backslashes(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let (letter, taken) = unescaped(after);
        plain.extend(letter);
        rest = &after[taken..];
    }
    plain.push_str(rest);
    plain
}

/// The character that an escape stands for, and how long the escape is without its backslash.
fn unescaped(after: &str) -> (Option<char>, usize) {
    let code = |digits: Option<&str>| {
        let code = u32::from_str_radix(digits?, 16).ok()?;
        char::from_u32(code)
    };
    let Some(first) = after.chars().next() else {
        return (Some('\\'), 0);
    };
    match first {
        'n' => (Some('\n'), 1),
        'r' => (Some('\r'), 1),
        't' => (Some('\t'), 1),
        'u' => match code(after.get(1..5)) {
            Some(letter) => (Some(letter), 5),
            None => (Some('u'), 1),
        },
        other => (Some(other), other.len_utf8()),
    }
}

/// The parts of a line between quotation marks and backticks that no backslash stands before, and these marks.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut is_escaped) = (0, false);
    for (index, letter) in line.char_indices() {
        let is_mark = matches!(letter, '"' | '`') && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        if is_mark {
            pieces.extend([&line[start..index], &line[index..=index]]);
            start = index + 1;
        }
    }
    pieces.push(&line[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

    use super::*;

    /// With what has to be escaped in JSON, in addresses and in HTML.
    const SECRET: &str = r#"s3/cr+t"&\<%>|=7ü"#;

    fn known() -> KnownSecrets {
        let known = KnownSecrets::default();
        known.learn(&SECRET.into());
        known
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let json = serde_json::to_string(SECRET).unwrap();
        let mut texts = vec![
            SECRET.to_owned(),
            json.clone(),
            json.replace('/', "\\/"),
            json.replace('ü', "\\u00fc"),
            format!("{SECRET:?}"),
            percent(SECRET.as_bytes()),
            percent(SECRET.as_bytes()).to_lowercase(),
            // What other writers of addresses let stand.
            SECRET
                .replace('%', "%25")
                .replace('"', "%22")
                .replace('<', "%3C"),
            SECRET
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;"),
            SECRET.replace('|', "¦"),
            hex::encode(SECRET),
            hex::encode_upper(SECRET),
        ];
        for before in ["", "u", "us", "user:"] {
            for after in ["", "x", "xy", "xyz"] {
                let whole = format!("{before}{SECRET}{after}");
                texts.push(BASE64_STANDARD.encode(&whole));
                texts.push(BASE64_URL_SAFE.encode(&whole));
            }
        }
        for text in texts {
            let text = format!("before {text} after");
            let told = known().withheld_from(&text, "a test").into_owned();
            assert!(told.contains(WITHHELD), "{text}");
        }
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is() {
        let known = known();
        known.learn(&"short".into());
        for text in [
            "",
            "short",
            "s3/cr+t",
            "100 % of \\ these",
            "%2",
            "\\u12",
            "\\",
        ] {
            assert!(
                matches!(known.withheld_from(text, "a test"), Cow::Borrowed(told) if told == text),
                "{text}"
            );
        }
        let nothing = KnownSecrets::default();
        assert!(!nothing.are_in(SECRET));
    }

    #[test]
    fn as_little_as_possible_is_withheld() {
        let known = KnownSecrets::default();
        known.learn(&"canary-1".into());
        for (text, expected) in [
            ("a\nsays canary-1 here\nb\n", "a\nWITHHELD\nb\n"),
            ("| `x canary-1` | 7 |", "| `WITHHELD` | 7 |"),
            (
                r#"{"a": "x \"canary-1", "b": 1}"#,
                r#"{"a": "WITHHELD", "b": 1}"#,
            ),
            ("says \"canary-1\"\r\n", "says \"WITHHELD\"\r\n"),
        ] {
            let expected = expected.replace("WITHHELD", WITHHELD);
            assert_eq!(known.withheld_from(text, "a test"), expected);
        }
        known.learn(&"line one\nsecond`line".into());
        for text in ["x line one\nsecond`line y", "second`line", "line one"] {
            let told = known.withheld_from(text, "a test");
            assert_eq!(told.replace(WITHHELD, "").trim(), "", "{text}");
        }
    }

    #[test]
    fn texts_in_json_are_withheld_one_by_one() {
        let mut document = serde_json::json!({"a": [format!("x{SECRET}"), "b", 1], "c": null});
        known().withhold_in(&mut document, "a test");
        assert_eq!(
            document,
            serde_json::json!({"a": [WITHHELD, "b", 1], "c": null})
        );
    }

    #[test]
    fn what_is_struck_out_leaves_the_rest() {
        let mut forms = Forms::default();
        forms.add(SECRET);
        let json = serde_json::to_string(SECRET).unwrap();
        let document = format!("{{\"a\":{json}}}");
        assert_eq!(forms.struck_from(&document), r#"{"a":"***"}"#);
        let twice = serde_json::to_string(&format!("in {document}")).unwrap();
        let told = format!("{{\"b\":\"{WITHHELD}\"}}");
        assert_eq!(forms.struck_from(&format!("{{\"b\":{twice}}}")), told);
        assert_eq!(forms.struck_from("nothing"), "nothing");
        assert_eq!(
            format!("{forms:?} {:?}", known()),
            "Forms { .. } KnownSecrets { .. }"
        );
    }
}
