//! The files of a request: inside the requests folder and really there, or at a place that the matrix allows.

use std::collections::BTreeMap;

use globset::{Glob, GlobBuilder};
use unicode_normalization::UnicodeNormalization;

use super::{Context, Scope};
use crate::{
    model::Method,
    spec::{
        RequestFile, codes,
        file_report::FileReport,
        raw::RawRequest,
        words::{nearest, one_of, quoted_path},
    },
};

/// Where remote files may lie at all.
pub(in crate::spec) const SCHEMES: [&str; 3] = ["s3://", "gs://", "az://"];

/// Files that requests may bring, by name. Names are compared in NFC, because macOS stores them in NFD.
#[derive(Debug)]
pub(in crate::spec) struct Uploads<'a>(BTreeMap<String, &'a RequestFile>);

impl<'a> Uploads<'a> {
    pub(in crate::spec) fn new(files: &'a [RequestFile]) -> Self {
        let named = files.iter().map(|file| (composed(&file.file.name), file));
        Self(named.collect())
    }

    fn matching(&self, pattern: &str, glob: &Glob) -> Vec<(&str, &'a RequestFile)> {
        // A file called `call [1].vtt` is meant by exactly this name, whatever it means as a pattern.
        if let Some((name, file)) = self.0.get_key_value(pattern) {
            return vec![(name, file)];
        }
        let matcher = glob.compile_matcher();
        let fitting = |is_meant: &dyn Fn(&str) -> bool| -> Vec<(&str, &'a RequestFile)> {
            let files = self.0.iter();
            files
                .filter(|(name, _)| is_meant(name))
                .map(|(name, file)| (name.as_str(), *file))
                .collect()
        };
        let found = fitting(&|name| matcher.is_match(name));
        if found.is_empty() {
            // A folder means everything in it.
            return fitting(&|name| is_below(name, pattern));
        }
        found
    }

    fn nearest(&self, pattern: &str) -> Option<&str> {
        nearest(pattern, self.0.keys().map(String::as_str))
    }
}

/// Checks the files of a request: those of the repository, in order of name, and remote ones.
pub(super) fn check(
    raw: &RawRequest,
    scope: Scope<'_>,
    context: &Context<'_>,
    report: &mut FileReport,
) -> (Vec<RequestFile>, Vec<String>) {
    let written = report.document.value.get("files").is_some();
    match (scope.method, written) {
        (Method::Api | Method::Oauth, true) => report.key(
            codes::FILES_NOT_USED,
            "/files",
            format!("With method `{}` no files are read.", scope.method),
            "Write `method: file`, or delete `files` and the lines below it.",
        ),
        (Method::File, false) => report.whole(
            codes::MISSING_FILES,
            "Method `file` needs files, and the request names none.",
            "Put them under `requests/files/` and add, for example, `files: [files/northwind/*.vtt]`.",
        ),
        (Method::Api | Method::Oauth, false) | (Method::File, true) => {}
    }
    if scope.method != Method::File {
        return (Vec::new(), Vec::new());
    }
    let mut local = BTreeMap::new();
    let mut remote = Vec::new();
    for (index, entry) in raw.files.iter().flatten().enumerate() {
        let pointer = format!("/files/{index}");
        match entry.as_deref() {
            None => {}
            Some(url) if url.contains("://") => {
                check_remote(url, scope, &context.matrix.uploads, &pointer, report);
                remote.push(url.to_owned());
            }
            Some(pattern) => local.extend(find(pattern, &context.uploads, &pointer, report)),
        }
    }
    twins(&local, report);
    remote.sort_unstable();
    remote.dedup();
    (local.into_values().cloned().collect(), remote)
}

/// The files that a path or glob names.
fn find<'a>(
    pattern: &str,
    uploads: &'a Uploads<'_>,
    pointer: &str,
    report: &mut FileReport,
) -> Vec<(&'a str, &'a RequestFile)> {
    let name = quoted_path(pattern);
    if let Some((message, help)) = path_flaw(pattern) {
        report.value(codes::FILE_PATH, pointer, message, help);
        return Vec::new();
    }
    let pattern = composed(pattern.trim_end_matches('/'));
    let Ok(glob) = GlobBuilder::new(&pattern).literal_separator(true).build() else {
        report.value(
            codes::FILE_PATH,
            pointer,
            format!("The brackets in {name} cannot be read as a pattern."),
            "Use `*` for any part of a name, or rename the files so that their names hold no brackets.",
        );
        return Vec::new();
    };
    let found = uploads.matching(&pattern, &glob);
    if found.is_empty() {
        report.value(
            codes::NO_FILE_MATCHES,
            pointer,
            format!("No file in the requests folder fits {name}."),
            no_match_help(&pattern, uploads),
        );
    }
    found
}

fn no_match_help(pattern: &str, uploads: &Uploads<'_>) -> String {
    let inside = pattern.strip_prefix("requests/");
    match inside.or_else(|| uploads.nearest(pattern)) {
        Some(meant) => format!("Write {}.", quoted_path(meant)),
        None => "Add the files to this pull request under `requests/files/`, and write their path from the \
                 requests folder on, for example `files/northwind/*.vtt`."
            .to_owned(),
    }
}

/// What is wrong with a path before anything is looked up.
fn path_flaw(path: &str) -> Option<(&'static str, &'static str)> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    if path.contains('\\') {
        Some((
            "A path has `/` between its folders, not `\\`.",
            "Write `files/northwind/call.vtt`.",
        ))
    } else if path.starts_with(['/', '~']) || has_drive {
        Some((
            "A path begins in the requests folder, not at the root of a disk.",
            "Copy the files to `requests/files/` and write, for example, `files/northwind/call.vtt`.",
        ))
    } else if path
        .split('/')
        .any(|part| part == ".." || part == "." || part.is_empty())
    {
        Some((
            "A path stays inside the requests folder: no `..`, no `.`, no empty part.",
            "Copy the files to `requests/files/` and write, for example, `files/northwind/call.vtt`.",
        ))
    } else {
        None
    }
}

fn check_remote(
    url: &str,
    scope: Scope<'_>,
    allowed: &[String],
    pointer: &str,
    report: &mut FileReport,
) {
    if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
        report.value(
            codes::REMOTE_NOT_ALLOWED,
            pointer,
            "Only `s3://`, `gs://` and `az://` addresses can be read, no web pages or share links.",
            "Download the files and add them under `requests/files/`.",
        );
        return;
    }
    let path = url.split_once("://").map_or("", |(_, path)| path);
    // A folder means everything in it.
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_plain = !path.contains(['?', '#', '%', '\\'])
        && !path.contains(char::is_whitespace)
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let places: Vec<String> = allowed
        .iter()
        .map(|prefix| prefix.replace("{account}", scope.account))
        .collect();
    let is_inside = |place: &String| url.len() > place.len() && url.starts_with(place);
    // Without an account nothing can be said, and the account's own finding says enough.
    if scope.account.is_empty() || (is_plain && places.iter().any(is_inside)) {
        return;
    }
    let help = if places.is_empty() {
        "Add the files under `requests/files/`; the support matrix allows no remote place (`uploads`).".to_owned()
    } else {
        let places = places.iter().map(String::as_str);
        format!(
            "Name files below {}, without `..` and without anything behind the name.",
            one_of(places)
        )
    };
    report.value(
        codes::REMOTE_NOT_ALLOWED,
        pointer,
        "This address is not below a place that the support matrix allows for this account.",
        help,
    );
}

/// Files whose names differ in capitals only: Windows and macOS keep one of the two.
fn twins(files: &BTreeMap<&str, &RequestFile>, report: &mut FileReport) {
    let mut seen = BTreeMap::new();
    for name in files.keys() {
        if let Some(first) = seen.insert(name.to_lowercase(), name) {
            report.value(
                codes::CASE_TWINS,
                "/files",
                format!(
                    "Two files differ in capitals only: {} and {}.",
                    quoted_path(first),
                    quoted_path(name)
                ),
                "Rename or delete one of them: Windows and macOS keep only one of the two.",
            );
        }
    }
}

fn is_below(name: &str, folder: &str) -> bool {
    let rest = name.strip_prefix(folder);
    rest.is_some_and(|rest| rest.starts_with('/'))
}

fn composed(name: &str) -> String {
    name.nfc().collect()
}
