//! The public keys to seal to: `requests/recipients.txt`, in the format of `age -R`.

use std::collections::HashSet;

use age::x25519;
use jiff::civil::Date;

use crate::spec::{Code, Finding, Severity, Source, SourceContent, codes};

/// How a secret key begins, in either case (<https://c2sp.org/age#x25519-recipient-stanza>).
const SECRET_KEY: &str = "age-secret-key-";

/// Who can open what is sealed: X25519 keys, each once, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipients(Vec<x25519::Recipient>);

/// A line that is no public key. Nothing of the line is repeated, because it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("In line {line} of the recipients: {} {}", .flaw.message(), .flaw.help())]
pub struct RecipientsError {
    /// 1-based line.
    pub line: usize,
    /// 1-based column in characters.
    pub column: usize,
    /// What is wrong.
    pub flaw: RecipientFlaw,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecipientFlaw {
    /// It holds a secret key.
    SecretKey,
    /// It begins like a public key, but its check sum does not fit.
    Damaged,
    /// Blanks stand around it, and `age -R` reads no such line.
    Blanks,
    /// It is something else: a key of SSH or of a plugin, a name.
    Foreign,
}

impl Recipients {
    /// Reads one key a line (`age1...`); lines that begin with `#`, and empty ones, do not count.
    ///
    /// # Errors
    /// The first line that [`Recipients::flaws`] finds.
    pub fn parse(text: &str) -> Result<Self, RecipientsError> {
        let mut seen = HashSet::new();
        let mut keys = Vec::new();
        for key in lines(text) {
            let key = key?;
            if seen.insert(key.clone()) {
                keys.push(key);
            }
        }
        Ok(Self(keys))
    }

    /// Every line that cannot be used.
    pub fn flaws(text: &str) -> Vec<RecipientsError> {
        lines(text).filter_map(Result::err).collect()
    }

    /// What is wrong with the file, for whoever changes it.
    pub fn findings(source: &Source) -> Vec<Finding> {
        match &source.content {
            SourceContent::Bytes(bytes) => Self::flaws(&String::from_utf8_lossy(bytes))
                .into_iter()
                .map(|error| error.finding(&source.path))
                .collect(),
            SourceContent::Problem {
                code,
                message,
                help,
            } => vec![Finding {
                severity: Severity::Error,
                code: (*code).to_owned(),
                path: source.path.clone(),
                line: 1,
                column: 1,
                message: message.clone(),
                help: help.clone(),
            }],
        }
    }

    /// The keys, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &x25519::Recipient> {
        self.0.iter()
    }

    /// Whether nobody could open what would be sealed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl RecipientsError {
    fn finding(self, path: &str) -> Finding {
        Finding {
            severity: self.flaw.code().severity,
            code: self.flaw.code().name.to_owned(),
            path: path.to_owned(),
            line: self.line,
            column: self.column,
            message: self.flaw.message().to_owned(),
            help: self.flaw.help().to_owned(),
        }
    }
}

impl RecipientFlaw {
    const fn code(self) -> Code {
        match self {
            Self::SecretKey => codes::SECRET_KEY,
            Self::Damaged | Self::Blanks | Self::Foreign => codes::BROKEN_RECIPIENT,
        }
    }

    /// What is wrong, in one sentence.
    pub const fn message(self) -> &'static str {
        match self {
            Self::SecretKey => {
                "Here stands a secret key, which opens every credential that was sealed to it."
            }
            Self::Damaged => "This public key is damaged: a character is missing or changed.",
            Self::Blanks => "Blanks stand before or behind the public key.",
            Self::Foreign => "This is no public key of the program `age`.",
        }
    }

    /// What to do, in plain sentences.
    pub const fn help(self) -> &'static str {
        match self {
            Self::SecretKey => {
                "It is compromised now, and deleting the line does not mend that: make a new pair with `call-import keygen` and seal every credential again. If the line ever left this machine, ask the customers to replace what was sealed to it."
            }
            Self::Damaged => "Copy the key again: it begins with `age1` and has 62 characters.",
            Self::Blanks => {
                "Delete the blanks: the program `age` does not read such a line either."
            }
            Self::Foreign => {
                "Write one key a line, as `call-import keygen` or `age-keygen` make it: it begins with `age1` and has 62 characters. Put a `#` in front of a comment."
            }
        }
    }
}

/// What stands above the keys of a new file.
const HEADER: &str = "\
# The public keys to which credentials are sealed, one a line, in the format of `age -R`.
# They are no secrets. The secret keys are in the Actions secret CALL_IMPORT_IDENTITY and in no file.
# `call-import keygen` adds a key; the README says how to replace one.
";

/// The text of the file with one more key; what is there stays, with its line ends.
pub fn with_recipient(text: &str, key: &x25519::Recipient, made_on: Date) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut text = if text.is_empty() { HEADER } else { text }.to_owned();
    if !text.ends_with('\n') {
        text.push_str(end);
    }
    text + &format!("# made on {made_on}{end}{key}{end}")
}

fn lines(text: &str) -> impl Iterator<Item = Result<x25519::Recipient, RecipientsError>> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let error = |flaw, byte: usize| RecipientsError {
            line: index + 1,
            column: line[..byte].chars().count() + 1,
            flaw,
        };
        // Comments too: people paste the whole file that `age-keygen` writes.
        if let Some(byte) = line.to_ascii_lowercase().find(SECRET_KEY) {
            return Some(Err(error(RecipientFlaw::SecretKey, byte)));
        }
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let word = line.trim();
        let key = word.parse::<x25519::Recipient>();
        Some(match key {
            Ok(_) if word != line => Err(error(RecipientFlaw::Blanks, 0)),
            Ok(key) => Ok(key),
            Err(_) => Err(error(flaw_of(word), line.find(word).unwrap_or_default())),
        })
    })
}

/// Public keys are `age1` and 58 more characters of Bech32, which has no second `1`; keys of a plugin
/// name it before a `1` of their own (`age1yubikey1...`).
fn flaw_of(word: &str) -> RecipientFlaw {
    match word.strip_prefix("age1") {
        Some(rest) if !rest.contains('1') => RecipientFlaw::Damaged,
        Some(_) | None if word.is_empty() => RecipientFlaw::Blanks,
        Some(_) | None => RecipientFlaw::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn key() -> String {
        x25519::Identity::generate().to_public().to_string()
    }

    #[test]
    fn keys_are_read_as_age_reads_them_and_each_once() {
        let (first, second) = (key(), key());
        let text = format!("# the team\r\n\r\n{first}\r\n#{second}\n{second}\n{first}");
        let recipients = Recipients::parse(&text).unwrap();
        let read: Vec<String> = recipients.iter().map(ToString::to_string).collect();
        assert_eq!(read, [first, second]);
        assert!(Recipients::parse("# nobody\n").unwrap().is_empty());
    }

    #[test]
    fn a_key_is_added_below_what_is_there() {
        let [first, second] = [(); 2].map(|()| x25519::Identity::generate().to_public());
        let day = jiff::civil::date(2026, 11, 25);
        let text = with_recipient("", &first, day);
        assert_eq!(text, format!("{HEADER}# made on 2026-11-25\n{first}\n"));
        let old = format!("# the team\r\n{first}");
        let text = with_recipient(&old, &second, day);
        assert_eq!(
            text,
            format!("{old}\r\n# made on 2026-11-25\r\n{second}\r\n")
        );
        assert_eq!(
            Recipients::parse(&text).unwrap(),
            Recipients(vec![first, second])
        );
    }

    #[test]
    fn each_wrong_line_is_named_and_never_repeated() {
        let (good, blanks) = (key(), key());
        let damaged = key();
        let secret = x25519::Identity::generate().to_string();
        let secret = secret.expose_secret();
        let text = format!(
            "{good}\n# {secret}\n{}\n{blanks} \n  {damaged}x\nssh-ed25519 AAAA jane\nage1yubikey1qwer\n \n",
            secret.to_lowercase()
        );
        let flaws: Vec<_> = Recipients::flaws(&text)
            .into_iter()
            .map(|error| (error.line, error.column, error.flaw))
            .collect();
        assert_eq!(
            flaws,
            [
                (2, 3, RecipientFlaw::SecretKey),
                (3, 1, RecipientFlaw::SecretKey),
                (4, 1, RecipientFlaw::Blanks),
                (5, 3, RecipientFlaw::Damaged),
                (6, 1, RecipientFlaw::Foreign),
                (7, 1, RecipientFlaw::Foreign),
                (8, 1, RecipientFlaw::Blanks),
            ]
        );
        let error = Recipients::parse(&text).unwrap_err();
        assert_eq!(error.line, 2);
        let told = format!("{error} {error:?}");
        assert!(!told.contains(&secret[20..40]), "{told}");
        assert!(told.starts_with("In line 2 of the recipients: Here stands a secret key"));
    }
}
