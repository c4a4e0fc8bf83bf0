//! What whatever reads from outside holds to, whatever bytes it is given - files, requests, answers of platforms, texts
//! to be shown: beside these laws, that none panics, hangs or takes much memory.
//!
//! The fuzz targets are built on this library; the engine's own tests include it to replay the corpus, so
//! nothing here may need a nightly Rust.

mod bundles;
mod escaped;
mod lists;
mod packed;
mod replies;
mod requests;
mod transcripts;

use std::panic;

use call_import_engine::files::{FileProblem, Notice, Options};
use serde_json::{Map, Value};

pub use bundles::{archive, checksums, gather, kind, names, recording};
pub use escaped::escaped;
pub use lists::{json, saved, table, workbook};
pub use replies::replies;
pub use requests::request;
pub use transcripts::{docx, subtitles, text};

/// Holds what is done with any bytes to its law, or panics.
pub type Law = fn(&[u8]);

/// Each target with its law, by the name of the target.
pub const LAWS: [(&str, Law); 16] = [
    ("archive", archive),
    ("checksums", checksums),
    ("docx", docx),
    ("escaped", escaped),
    ("gather", gather),
    ("json", json),
    ("kind", kind),
    ("names", names),
    ("recording", recording),
    ("replies", replies),
    ("request", request),
    ("saved", saved),
    ("subtitles", subtitles),
    ("table", table),
    ("text", text),
    ("workbook", workbook),
];

/// Lets panics of libraries pass that the engine contains, without a word: only those of its own end a target at once.
/// One that is not contained ends it all the same, when it leaves the law.
pub fn heed_own_panics() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // Where cargo keeps the sources of libraries.
        let of_library = panic
            .location()
            .is_some_and(|place| place.file().contains("/registry/"));
        if !of_library {
            hook(panic);
        }
    }));
}

/// What a request says that settles whatever files leave open.
fn settled() -> Options {
    options(&[
        ("timezone", "Europe/Madrid"),
        ("date_format", "day_first"),
        ("duration_unit", "seconds"),
    ])
}

fn options(said: &[(&str, &str)]) -> Options {
    let said = said
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    Options::read(&Map::from_iter(said)).expect("the laws say what can be said")
}

/// A problem is a sentence, and a sentence that says what to do.
fn check_problem(problem: &FileProblem) {
    assert!(!problem.code.is_empty());
    assert!(
        problem.message.trim_end().ends_with(['.', ')']),
        "{problem:?}"
    );
    assert!(problem.help.trim_end().ends_with('.'), "{problem:?}");
    assert_ne!(problem.line, Some(0), "{problem:?}");
    assert_ne!(problem.column, Some(0), "{problem:?}");
}

/// Notices tell where, in order.
fn check_notices(notices: &[Notice]) {
    for notice in notices {
        assert!(notice.line > 0 && notice.column > 0, "{notice:?}");
        assert!(!notice.message.is_empty(), "{notice:?}");
    }
    assert!(
        notices.is_sorted_by_key(|notice| notice.line),
        "{notices:?}"
    );
}

/// A text that is read as UTF-8 for sure, as it stands: NUL speaks for UTF-16, and ESC for ISO-2022.
fn plain_utf_8(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.contains(['\0', '\u{1b}'])).then_some(text)
}
