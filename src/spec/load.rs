//! All request files together: each is checked alone, then all against each other.

use std::{collections::BTreeMap, path::Path};

use jiff::civil::Date;
use jsonschema::Validator;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    Declared, InvalidRequest, RequestFile, Source, SourceContent, SupportMatrix, across,
    characters, codes,
    file_report::FileReport,
    leak,
    raw::RawRequest,
    rules::{self, Context, Ruling, Uploads},
    schema, source, violations, yaml,
};
use crate::{
    model::{Method, slug},
    platforms,
};

/// Checks every request file against the schema, the matrix, the uploaded files, the calendar and each other.
///
/// `today` is the date in UTC. Never fails: whatever is wrong with a file becomes findings, and no file
/// hides another.
pub fn load(
    sources: &[Source],
    uploads: &[RequestFile],
    matrix: &SupportMatrix,
    today: Date,
) -> Declared {
    let checker = Checker::new(uploads, matrix, today);
    let mut drafts: Vec<Draft> = sources.iter().map(|source| checker.draft(source)).collect();
    drafts.sort_by(|a, b| a.report.path.cmp(&b.report.path));
    across::check(&mut drafts);
    Declared {
        revisions: sources.iter().filter_map(revision).collect(),
        ..declare(drafts)
    }
}

/// A file with what tells its text from any other.
fn revision(source: &Source) -> Option<(String, String)> {
    match &source.content {
        SourceContent::Bytes(bytes) => {
            let mut digest = hex::encode(Sha256::digest(bytes));
            digest.truncate(12);
            Some((source.path.clone(), digest))
        }
        SourceContent::Problem { .. } => None,
    }
}

/// One file, on its way to a request.
pub(super) struct Draft {
    pub(super) id: String,
    /// A file that could not be read and whose name says that it is no request.
    pub(super) is_upload: bool,
    pub(super) report: FileReport,
    pub(super) ruling: Ruling,
}

/// What all files are checked against, prepared once.
struct Checker<'a> {
    schema: Value,
    validator: Validator,
    credential_fields: Vec<&'static str>,
    context: Context<'a>,
}

impl<'a> Checker<'a> {
    fn new(uploads: &'a [RequestFile], matrix: &'a SupportMatrix, today: Date) -> Self {
        let schema = schema::request_schema(matrix);
        let mut credential_fields: Vec<&str> = platforms::catalog()
            .flat_map(|(_, connector)| {
                let traits = connector.traits();
                let methods = [Method::Api, Method::Oauth].into_iter();
                methods.filter_map(move |method| traits.sign_in(method))
            })
            .flat_map(|auth| [auth.fields(), auth.optional_fields().to_vec()].concat())
            .collect();
        credential_fields.sort_unstable();
        credential_fields.dedup();
        Self {
            validator: schema::validator(&schema),
            schema,
            credential_fields,
            context: Context {
                matrix,
                uploads: Uploads::new(uploads),
                today,
            },
        }
    }

    fn draft(&self, source: &Source) -> Draft {
        let Source { path, content } = source;
        let mut report = FileReport::new(path);
        let (id, is_upload) = check_name(path, &mut report);
        let ruling = match content {
            SourceContent::Bytes(bytes) => self.check(&id, bytes, &mut report),
            SourceContent::Problem {
                code,
                message,
                help,
            } => {
                let code = codes::named(code);
                report.whole(code, message, help);
                Ruling::default()
            }
        };
        Draft {
            id,
            is_upload,
            report,
            ruling,
        }
    }

    /// From bytes to a ruling. Each stage runs only on what the one before could make sense of.
    fn check(&self, id: &str, bytes: &[u8], report: &mut FileReport) -> Ruling {
        let Some(text) = source::decode(bytes, source::MAX_REQUEST_BYTES, report) else {
            return Ruling::default();
        };
        // A leak is said first and alone: nothing else matters as long as it stands there.
        leak::check_text(text, report);
        if has_leak(report) || !characters::check(text, report) || !yaml::parse(text, report) {
            return Ruling::default();
        }
        leak::check_names(&self.credential_fields, report);
        if has_leak(report) {
            return Ruling::default();
        }
        let rest = violations::check(
            &self.schema,
            &self.validator,
            Some(self.context.matrix),
            report,
        );
        match serde_json::from_value::<RawRequest>(rest) {
            Ok(raw) => rules::check(id, raw, &self.context, report),
            Err(_) => {
                report.whole(
                    codes::WRONG_TYPE,
                    "A line of the file has a value of the wrong kind.",
                    "Compare the file with an example.",
                );
                Ruling::default()
            }
        }
    }
}

fn has_leak(report: &mut FileReport) -> bool {
    let leaks = |finding: &super::Finding| finding.code == codes::CLEAR_TEXT_CREDENTIAL.name;
    let found = report.findings.iter().any(leaks);
    if found {
        report.findings.retain(leaks);
    }
    found
}

/// The id of a file, and whether its name says that it is no request.
fn check_name(path: &str, report: &mut FileReport) -> (String, bool) {
    let path = Path::new(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let lower = name.to_lowercase();
    let looks_like_yaml = [".yaml", ".yml"]
        .iter()
        .any(|extension| lower.ends_with(extension) || lower.contains(&format!("{extension}.")));
    if !looks_like_yaml {
        return (name.into_owned(), true);
    }
    let stem = match lower.find(".yaml").or_else(|| lower.find(".yml")) {
        Some(end) => &lower[..end],
        None => lower.as_str(),
    };
    let meant = slug(stem);
    let meant = if meant.is_empty() {
        "northwind-gong"
    } else {
        &meant
    };
    if !name.ends_with(".yaml") {
        report.whole(
            codes::FILE_EXTENSION,
            "The name of a request file ends in `.yaml`.",
            format!("Rename the file to `{meant}.yaml`."),
        );
        return (stem.to_owned(), false);
    }
    let stem = name.strip_suffix(".yaml").unwrap_or(&name);
    let is_id = stem.len() <= 63
        && !stem.starts_with('-')
        && !stem.is_empty()
        && stem
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_id {
        report.whole(
            codes::FILE_NAME,
            "The name of a request file has small letters, digits and hyphens only, at most 63.",
            format!("Rename the file to `{meant}.yaml`."),
        );
    }
    (stem.to_owned(), false)
}

fn declare(drafts: Vec<Draft>) -> Declared {
    let mut declared = Declared::default();
    let mut invalid: BTreeMap<String, InvalidRequest> = BTreeMap::new();
    for draft in drafts {
        let Draft {
            id,
            is_upload,
            report,
            ruling,
        } = draft;
        match ruling.request {
            Some(request) if !report.has_errors() => declared.requests.push(request),
            _ if is_upload => {}
            _ => {
                // One entry for each id, though several files may claim it.
                invalid.entry(id.clone()).or_insert_with(|| InvalidRequest {
                    path: report.path.clone(),
                    unsupported: unsupported(&report, ruling.alternative),
                    lacks_credential: ruling
                        .request
                        .filter(|_| lacks_credential(&report))
                        .map(Box::new),
                    error: first_error(&report),
                    basics: ruling.basics,
                    id,
                });
            }
        }
        declared.findings.extend(report.findings);
    }
    declared.invalid = invalid.into_values().collect();
    declared.invalid.sort_by(|a, b| a.path.cmp(&b.path));
    super::finding::sort(&mut declared.findings);
    declared
}

/// The alternative, if that the platform or method is not offered is all that is wrong.
fn unsupported(report: &FileReport, alternative: Option<String>) -> Option<String> {
    let only = report.errors().all(|finding| {
        finding.code == codes::PLATFORM_NOT_SUPPORTED.name
            || finding.code == codes::METHOD_NOT_OFFERED.name
    });
    alternative.filter(|_| only)
}

/// Whether a credential is all that is missing.
fn lacks_credential(report: &FileReport) -> bool {
    let mut errors = report.errors();
    errors.all(|finding| finding.code == codes::MISSING_CREDENTIALS.name)
}

fn first_error(report: &FileReport) -> String {
    let first = report
        .errors()
        .min_by_key(|finding| (finding.line, finding.column));
    first.map_or_else(String::new, |finding| finding.message.clone())
}
