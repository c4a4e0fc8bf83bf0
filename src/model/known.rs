//! The secrets that this process has opened, so that everything that leaves it can be looked through for them.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{Credential, Forms, WITHHELD};

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

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownSecrets").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::{
        Engine as _,
        prelude::{BASE64_STANDARD, BASE64_URL_SAFE},
    };

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
        let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let mut texts = vec![
            SECRET.to_owned(),
            json.clone(),
            json.replace('/', "\\/"),
            json.replace('ü', "\\u00fc"),
            format!("{SECRET:?}"),
            percent.clone(),
            percent.to_lowercase(),
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
    fn a_secret_is_found_wherever_it_stands() {
        let known = known();
        let json = serde_json::to_string(SECRET).unwrap();
        let hidden = json.replace('c', "\\u0063");
        for filler in ["a", "s3/", "\\n", "%2", "ü", "\\\\ s3"] {
            for length in (0..40).chain([1_000, 4_000]) {
                for secret in [SECRET, &json, &hidden] {
                    let around = filler.repeat(length);
                    let text = format!("{around}{secret}{around}\\n{around}");
                    assert!(known.are_in(&text), "{length} times {filler:?}");
                    assert!(!known.are_in(&around), "{length} times {filler:?}");
                }
            }
        }
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is() {
        let known = known();
        known.learn(&"short".into());
        known.learn(&"northwind-key".into());
        for text in [
            "",
            "short",
            "the northwind-key",
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
        known.learn(&"line no 1\nsecond`line".into());
        for text in ["x line no 1\nsecond`line y", "second`line", "line no 1"] {
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
