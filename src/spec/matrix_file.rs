//! `matrix.yaml` from its text: the same stages as for a request, with rules of its own.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use super::{
    Finding, PlatformRow, SupportMatrix, SupportStatus, characters, codes, document::child,
    file_report::FileReport, finding, leak, numbers, rules::SCHEMES, schema, source, violations,
    yaml,
};
use crate::{model::Method, platforms};

/// The schema never changes while the program runs.
static SCHEMA: LazyLock<(Value, Validator)> = LazyLock::new(|| {
    let schema = schema::matrix_schema();
    let validator = schema::validator(&schema);
    (schema, validator)
});

/// Reads the support matrix.
///
/// # Errors
/// All findings, if there is any: a matrix that is half right would plan half wrong.
pub fn load_matrix(path: &str, bytes: &[u8]) -> Result<SupportMatrix, Vec<Finding>> {
    let mut report = FileReport::new(path);
    match check(bytes, &mut report) {
        Some(matrix) if !report.has_errors() => Ok(matrix),
        _ => {
            finding::sort(&mut report.findings);
            Err(report.findings)
        }
    }
}

fn check(bytes: &[u8], report: &mut FileReport) -> Option<SupportMatrix> {
    let text = source::decode(bytes, source::MAX_MATRIX_BYTES, report)?;
    leak::check_text(text, report);
    if report.has_errors() || !characters::check(text, report) || !yaml::parse(text, report) {
        return None;
    }
    let (schema, validator) = &*SCHEMA;
    violations::check(schema, validator, None, report);
    if report.has_errors() {
        return None;
    }
    let matrix: SupportMatrix = match serde_yaml::from_str(text) {
        Ok(matrix) => matrix,
        Err(_) => {
            report.whole(
                codes::WRONG_TYPE,
                "A line of the matrix has a value that cannot be used, such as a duration that is too long.",
                "Undo the last change and try again line by line.",
            );
            return None;
        }
    };
    uploads(&matrix.uploads, report);
    for (key, row) in &matrix.platforms {
        check_row(key, row, report);
    }
    Some(matrix)
}

/// A prefix that does not end in a slash would allow its neighbours too.
fn uploads(prefixes: &[String], report: &mut FileReport) {
    for (index, prefix) in prefixes.iter().enumerate() {
        let path = SCHEMES
            .iter()
            .find_map(|scheme| prefix.strip_prefix(scheme));
        let parts = path.and_then(|path| path.strip_suffix('/'));
        let is_safe = parts.is_some_and(|path| {
            let rest = path.replace("{account}", "account");
            path.split('/').all(|part| !matches!(part, "" | "." | ".."))
                && !rest.contains(|c: char| c.is_whitespace() || "*?#%[]{}\\@".contains(c))
        });
        if !is_safe {
            report.value(
                codes::MATRIX_UPLOADS,
                &format!("/uploads/{index}"),
                "A prefix for remote files begins with `s3://`, `gs://` or `az://`, ends with `/`, and holds no other placeholder than `{account}`.",
                "Write it as in `s3://imports/{account}/`.",
            );
        }
    }
}

fn check_row(key: &str, row: &PlatformRow, report: &mut FileReport) {
    let pointer = child("/platforms", key);
    let is_key = !key.is_empty()
        && key.len() <= 63
        && !key.starts_with('-')
        && key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_key {
        report.key(
            codes::MATRIX_KEY,
            &pointer,
            "A platform's key has small letters, digits and hyphens only.",
            format!("Write `{}`.", crate::model::slug(key)),
        );
    }
    for index in 0..row.rate_limits.len() {
        numbers::check_digits(
            "requests",
            &format!("{pointer}/rate_limits/{index}/requests"),
            report,
        );
    }
    let alternative = row.alternative.as_deref().unwrap_or_default().trim();
    match row.status {
        SupportStatus::Supported => check_supported(key, row, &pointer, report),
        SupportStatus::InProgress | SupportStatus::NotSupported | SupportStatus::ManualUpload => {
            if alternative.is_empty() {
                report.key(
                    codes::MATRIX_NO_ALTERNATIVE,
                    &pointer,
                    format!("{} is not supported, and the row offers no alternative.", row.name),
                    "Add `alternative:` with one sentence on what to do instead: whoever asks for this platform reads it.",
                );
            }
        }
    }
}

fn check_supported(key: &str, row: &PlatformRow, pointer: &str, report: &mut FileReport) {
    if row.methods.is_empty() {
        report.value(
            codes::MATRIX_NO_METHOD,
            &format!("{pointer}/methods"),
            format!("{} is supported, and the row offers no method.", row.name),
            "Write `methods: [api]`, or another status.",
        );
    }
    for (index, method) in row.methods.iter().enumerate() {
        let needs_code = match method {
            Method::Api | Method::Oauth => true,
            Method::File => false,
        };
        if needs_code && platforms::connector(key).is_none() {
            report.value(
                codes::MATRIX_NO_CONNECTOR,
                &format!("{pointer}/methods/{index}"),
                format!("The row offers the method `{method}`, and there is no code that imports from {}.", row.name),
                "Write `status: in_progress` until the connector is there, or take the method out.",
            );
        }
    }
}
