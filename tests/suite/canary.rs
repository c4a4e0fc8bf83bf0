//! Secrets that must be found nowhere: they go through every fault of the simulators and every command, and
//! afterwards everything that left the process is searched for them, in every encoding.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod commands;
mod faults;

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use duckdb::Connection;

/// Bytes of a secret, in any encoding, that give it away.
const TELLING: usize = 8;

/// A secret of 32 characters that is the same in each run: with everything that JSON, addresses, HTML and Base64
/// treat as something special, and all of it printable, as in a header.
fn canary(name: &str) -> String {
    let special = "+/=\"\\&%<>|~";
    let letters = ('0'..='9').chain('A'..='Z').chain('a'..='z');
    let alphabet: Vec<char> = letters.chain(special.chars()).collect();
    let mut state = name.bytes().fold(7_u64, |state, byte| {
        state.wrapping_mul(31).wrapping_add(byte.into())
    });
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005);
        state = state.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let random: String = (0..21).map(|_| alphabet[next() % alphabet.len()]).collect();
    // Each of them is there for sure.
    format!("{}{special}{}", &random[..10], &random[10..])
}

/// The same for where only letters and digits may stand.
fn plain_canary(name: &str) -> String {
    let letters = canary(name).replace(|letter: char| !letter.is_ascii_alphanumeric(), "x");
    letters.replace("xxxx", "")
}

/// What is searched for.
#[derive(Default)]
struct Search {
    /// Pieces of every form, and whose they are, in order.
    pieces: Vec<([u8; TELLING], String)>,
    /// Whether a piece begins with these two bytes.
    begins: Vec<bool>,
}

impl Search {
    fn of<'s>(secrets: impl IntoIterator<Item = (&'s str, String)>) -> Self {
        let mut search = Self {
            pieces: Vec::new(),
            begins: vec![false; 1 << 16],
        };
        for (name, secret) in secrets {
            for form in forms(&secret) {
                for piece in form.as_bytes().windows(TELLING) {
                    let piece: [u8; TELLING] = piece.try_into().unwrap();
                    search.begins[begin(&piece)] = true;
                    search.pieces.push((piece, format!("{name}: {form}")));
                }
            }
        }
        search.pieces.sort();
        search
    }

    /// Whose secret is found there, and a part of it in which form.
    fn found(&self, bytes: &[u8]) -> Option<&str> {
        let mut windows = bytes.windows(TELLING);
        let found = windows.find_map(|window| {
            if !self.begins[begin(window)] {
                return None;
            }
            let index = self
                .pieces
                .binary_search_by(|(piece, _)| piece.as_slice().cmp(window));
            Some(&self.pieces[index.ok()?].1)
        });
        found.map(String::as_str)
    }

    #[track_caller]
    fn assert_absent(&self, bytes: &[u8], place: &str, when: &str) {
        if let Some(found) = self.found(bytes) {
            let text = String::from_utf8_lossy(bytes);
            let text: String = text.chars().take(4_000).collect();
            panic!("{when}: {place} holds {found}\n{text}");
        }
    }

    /// Every file below a folder, and what the record there says, which may be compressed in its file.
    #[track_caller]
    fn assert_absent_below(&self, folder: &Path, when: &str) {
        for file in files(folder) {
            let place = file.display().to_string();
            self.assert_absent(&fs::read(&file).unwrap(), &place, when);
            if file
                .extension()
                .is_some_and(|extension| extension == "duckdb")
            {
                for row in rows(&file) {
                    self.assert_absent(row.as_bytes(), &place, when);
                }
            }
        }
    }
}

fn begin(piece: &[u8]) -> usize {
    usize::from(piece[0]) << 8 | usize::from(piece[1])
}

/// A secret in every encoding, written without the help of what is tested.
fn forms(secret: &str) -> Vec<String> {
    let escaped = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    let json = serde_json::to_string(secret).unwrap();
    let percent: String = secret.bytes().map(escaped).collect();
    let mut forms = vec![
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        secret
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;"),
        percent.to_lowercase(),
        percent,
        secret.chars().rev().collect(),
        hex::encode(secret),
        hex::encode_upper(secret),
    ];
    for before in 0..3 {
        let encoded = BASE64_STANDARD.encode(format!("{}{secret}", "\0".repeat(before)));
        let whole = encoded.trim_end_matches('=');
        let own = whole[(before * 8).div_ceil(6)..whole.len() - 1].to_owned();
        forms.push(own.replace('+', "-").replace('/', "_"));
        forms.push(own);
    }
    forms
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let found = entries.flat_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    });
    found.collect()
}

/// Every row of every table, as text.
fn rows(database: &Path) -> Vec<String> {
    let connection = Connection::open(database).unwrap();
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let tables = texts("SELECT table_name FROM duckdb_tables()");
    assert!(tables.len() > 10, "{tables:?}");
    let rows = tables
        .iter()
        .map(|table| texts(&format!("SELECT t::VARCHAR FROM {table} t")));
    rows.flatten().collect()
}

#[test]
fn the_search_finds_a_secret_in_every_encoding() {
    let secret = canary("a test");
    let search = Search::of([("a test", secret.clone())]);
    let whole = format!("user:{secret}");
    let json = serde_json::to_string(&format!("x{secret}")).unwrap();
    for text in [
        secret.clone(),
        format!("cut {}…", &secret[..12]),
        json,
        BASE64_STANDARD.encode(&whole),
        BASE64_STANDARD.encode(&whole[1..]),
        BASE64_STANDARD.encode(&whole[2..]),
        hex::encode(&whole),
    ] {
        assert!(search.found(text.as_bytes()).is_some(), "{text}");
    }
    assert_eq!(
        search.found(b"nothing of it, however long the text is"),
        None
    );
    assert_eq!(
        plain_canary("a test").find(|c: char| !c.is_alphanumeric()),
        None
    );
}
