//! What the reader of request files holds to: each is a request or explained, and no key is repeated.

use std::sync::LazyLock;

use call_import_engine::spec::{
    self, CODES, Declared, Severity, Source, SourceContent, SupportMatrix,
};
use jiff::civil::date;

/// What stands in an input where somebody wrote a key.
const CANARY: &str = "CANARY";

/// Of the shape of a token of GitHub's, put together here so that no scanner takes it for one.
static KEY: LazyLock<String> =
    LazyLock::new(|| ["gho", "A1b2C3d4E5f6G7h8J9k0L1m2N3p4Q5r6S7t8"].join("_"));

static MATRIX: LazyLock<SupportMatrix> = LazyLock::new(|| {
    let matrix = include_bytes!("../../matrix.yaml");
    spec::load_matrix("matrix.yaml", matrix).expect("the project's own matrix is valid")
});

/// A request file, in which each word `CANARY` is a key.
pub fn request(bytes: &[u8]) {
    let with_key = replaced(bytes);
    let declared = load(with_key.as_deref().unwrap_or(bytes));
    let explained = declared
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    assert_eq!(
        declared.requests.len(),
        usize::from(!explained),
        "{declared:?}"
    );
    let text = String::from_utf8_lossy(bytes);
    // What ends a line in YAML.
    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
    let lines = lines.count();
    for finding in &declared.findings {
        assert!((1..=lines).contains(&finding.line), "{finding:?}");
        assert!(finding.column > 0, "{finding:?}");
        let known = CODES.iter().find(|code| code.name == finding.code);
        assert_eq!(
            known.map(|code| code.severity),
            Some(finding.severity),
            "{finding:?}"
        );
        assert!(!finding.message.is_empty() && !finding.help.is_empty());
    }
    if with_key.is_some() {
        let said = format!("{:?} {:?}", declared.findings, declared.invalid);
        assert!(!said.contains(KEY.as_str()), "{said}");
        assert!(explained, "a key in clear text is an error");
    }
    let _ = spec::load_matrix("matrix.yaml", bytes).map_err(|findings| {
        assert!(findings.iter().all(|finding| finding.line > 0));
    });
}

fn load(bytes: &[u8]) -> Declared {
    let source = Source {
        path: "requests/northwind.yaml".into(),
        content: SourceContent::Bytes(bytes.to_vec()),
    };
    spec::load(&[source], &[], &MATRIX, date(2026, 12, 1))
}

/// The text with keys, if there are words for any that stand alone.
fn replaced(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut pieces = text.split(CANARY);
    let mut with_keys = pieces.next()?.to_owned();
    let mut any = false;
    for piece in pieces {
        let joins = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace() && !"\"':,".contains(c));
        let alone = !joins(with_keys.chars().last()) && !joins(piece.chars().next());
        with_keys.push_str(if alone { &KEY } else { CANARY });
        with_keys.push_str(piece);
        any |= alone;
    }
    any.then(|| with_keys.into_bytes())
}
