//! Secrets as texts repeat them: as they are, escaped, encoded. What finds them can take them out as well.

use std::{borrow::Cow, fmt};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use secrecy::{ExposeSecret, zeroize::Zeroizing};

use super::Credential;

/// Stands where a text held a credential.
pub const WITHHELD: &str = "a text was withheld because it held a credential";

/// Shortest secret that is looked for, in bytes: what is shorter would be found in ordinary words.
const SHORTEST: usize = 8;

/// Bytes below which small letters alone are taken for words, as in `demo-secret`: no platform makes such keys, and to
/// strike them out of calls and comments would destroy these.
const WORDS: usize = 16;

/// Secrets in every form in which a text may repeat them. Their memory is wiped when they are dropped.
#[derive(Clone, Default)]
pub struct Forms {
    forms: Vec<Zeroizing<String>>,
    /// For each pair of bytes, how far on the next form can end (Wu and Manber, 1994): whole pages of transcripts are
    /// looked through, and nearly everywhere in them it is as far as the shortest form is long.
    steps: Vec<u8>,
    /// Bytes of the shortest form, and of the longest.
    lengths: (usize, usize),
}

impl Forms {
    /// Adds a secret, and each line of one that has several.
    pub fn add(&mut self, secret: &str) {
        let lines = secret.lines().filter(|_| secret.trim().contains('\n'));
        for text in [secret].into_iter().chain(lines).map(str::trim) {
            if text.len() < SHORTEST || is_word(text) {
                continue;
            }
            for form in forms(text) {
                if !self.forms.contains(&form) {
                    self.forms.push(form);
                }
            }
        }
        self.measure();
    }

    /// Prepares the search for what is known by now.
    fn measure(&mut self) {
        let lengths = || self.forms.iter().map(|form| form.len());
        let (Some(shortest), Some(longest)) = (lengths().min(), lengths().max()) else {
            return;
        };
        // A step fits into a byte; that it is shorter than it might be does no harm.
        let shortest = shortest.min(usize::from(u8::MAX));
        self.lengths = (shortest, longest);
        self.steps = vec![step(shortest - 1); 1 << 16];
        for form in &self.forms {
            for (index, pair) in form.as_bytes()[..shortest].windows(2).enumerate() {
                let known = &mut self.steps[place_of(pair)];
                *known = step(shortest - 2 - index).min(*known);
            }
        }
    }

    /// Adds the secret parts of a credential.
    pub fn add_parts(&mut self, credential: &Credential) {
        let secrets = credential.secrets().map(ExposeSecret::expose_secret);
        secrets.for_each(|secret| self.add(secret));
    }

    /// Whether a text holds one of the secrets, as it is or behind the escapes of an address or of JSON.
    pub fn are_in(&self, text: &str) -> bool {
        !self.forms.is_empty()
            && (self.stand_in(text)
                || self.stand_behind('%', text, without_percent)
                || self.stand_behind('\\', text, without_backslashes))
    }

    fn stand_in(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let (shortest, _) = self.lengths;
        // The first byte of the last pair of what may be a form.
        let mut last = shortest - 2;
        while let Some(pair) = bytes.get(last..last + 2) {
            let step = self.steps[place_of(pair)];
            if step > 0 {
                last += usize::from(step);
                continue;
            }
            let rest = &bytes[last + 2 - shortest..];
            if self
                .forms
                .iter()
                .any(|form| rest.starts_with(form.as_bytes()))
            {
                return true;
            }
            last += 1;
        }
        false
    }

    /// The same where one of these marks stands in a form: what is around them is read without the escapes.
    fn stand_behind(&self, mark: char, text: &str, without: fn(&str) -> Zeroizing<String>) -> bool {
        // An escape is six bytes long at most, and itself escaped at most once.
        let reach = 12 * self.lengths.1;
        let mut rest = text;
        while let Some(first) = rest.find(mark) {
            let (mut last, mut end) = (first, rest.ceil_char_boundary(first + reach));
            while let Some(next) = rest[last + 1..end].rfind(mark) {
                last += 1 + next;
                end = rest.ceil_char_boundary(last + reach);
            }
            let start = rest.floor_char_boundary(first.saturating_sub(reach));
            if self.stand_in(&without(&rest[start..end])) {
                return true;
            }
            rest = &rest[last + 1..];
        }
        false
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
    pub(super) fn withheld_from(&self, text: &str) -> String {
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

impl fmt::Debug for Forms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forms").finish_non_exhaustive()
    }
}

/// Whether a text is more likely a word than a key.
fn is_word(text: &str) -> bool {
    let is_small = |letter: char| letter.is_ascii_lowercase() || "-_. ".contains(letter);
    text.len() < WORDS && text.chars().all(is_small)
}

/// Which of all pairs of bytes one is.
fn place_of(pair: &[u8]) -> usize {
    usize::from(pair[0]) << 8 | usize::from(pair[1])
}

fn step(bytes: usize) -> u8 {
    u8::try_from(bytes).unwrap_or(u8::MAX)
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
