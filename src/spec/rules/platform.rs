//! Whether the matrix offers what a request asks for.

use crate::{
    model::Method,
    spec::{
        Include, Metadata, PlatformRow, SupportMatrix, SupportStatus, codes, document::Document,
        file_report::FileReport, raw::RawRequest, words::one_of,
    },
};

/// A request's row of the matrix and its method, written or by default.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    pub(super) platform: &'a str,
    pub(super) method: Method,
    row: &'a PlatformRow,
    /// Whether it asks for files: by its method, or, where no method is written, by naming some.
    by_file: bool,
}

/// The row of the request's platform; `None` where the schema found the platform wrong.
pub(super) fn find<'a>(
    raw: &RawRequest,
    matrix: &'a SupportMatrix,
    document: &Document,
) -> Option<Offer<'a>> {
    let (platform, row) = matrix.platforms.get_key_value(raw.platform.as_deref()?)?;
    let method = raw.method.unwrap_or_else(|| default_method(row));
    let says_so = raw.method.is_some() || document.value.get("files").is_some();
    Some(Offer {
        platform,
        method,
        row,
        by_file: method == Method::File && says_so,
    })
}

/// The first method of the row, but files where nothing else works today.
fn default_method(row: &PlatformRow) -> Method {
    let first = row.methods.first().copied().unwrap_or(Method::File);
    match row.status {
        SupportStatus::Supported | SupportStatus::NotSupported => first,
        SupportStatus::InProgress | SupportStatus::ManualUpload => {
            if row.methods.contains(&Method::File) {
                Method::File
            } else {
                first
            }
        }
    }
}

/// Reports a platform or method that is not offered, and gives what to do instead.
pub(super) fn check(offer: &Offer<'_>, report: &mut FileReport) -> Option<String> {
    let Offer {
        method,
        row,
        by_file,
        ..
    } = offer;
    let name = &row.name;
    let refused = match row.status {
        SupportStatus::Supported => None,
        SupportStatus::NotSupported => Some(format!("Calls cannot be imported from {name}.")),
        SupportStatus::InProgress if *by_file => None,
        SupportStatus::InProgress => Some(format!(
            "The automatic import from {name} is still being built: today we import files only."
        )),
        SupportStatus::ManualUpload if *by_file => None,
        SupportStatus::ManualUpload => Some(format!(
            "{name} gives no automatic access: we import files that somebody exported."
        )),
    };
    if let Some(message) = refused {
        let alternative = row
            .alternative
            .clone()
            .unwrap_or_else(|| "Ask engineering what is possible instead.".to_owned());
        report.value(
            codes::PLATFORM_NOT_SUPPORTED,
            "/platform",
            message,
            &alternative,
        );
        return Some(alternative);
    }
    if row.methods.contains(method) {
        return None;
    }
    let alternative = match (row.methods.as_slice(), &row.alternative) {
        ([], Some(alternative)) => alternative.clone(),
        ([], None) => "Ask engineering what is possible instead.".to_owned(),
        (methods, _) => {
            let lines: Vec<String> = methods.iter().map(|m| format!("method: {m}")).collect();
            format!("Write {}.", one_of(lines.iter().map(String::as_str)))
        }
    };
    let message = format!("{name} does not offer the method `{method}`.");
    report.value(codes::METHOD_NOT_OFFERED, "/method", message, &alternative);
    Some(alternative)
}

/// Warns of parts of a call that the platform does not give. Files bring what they bring.
pub(super) fn check_include(raw: &RawRequest, offer: &Offer<'_>, report: &mut FileReport) {
    if offer.method == Method::File {
        return;
    }
    for (index, include) in raw.include.iter().flatten().enumerate() {
        let (word, needed) = match include {
            Some(Include::Transcript) => ("transcript", Metadata::Transcript),
            Some(Include::Media) => ("media", Metadata::Media),
            None => continue,
        };
        if !offer.row.metadata.contains(&needed) {
            report.value(
                codes::INCLUDE_NOT_OFFERED,
                &format!("/include/{index}"),
                format!("Imports from {} bring no {word}.", offer.row.name),
                format!("Leave `{word}` out, and tell the customer."),
            );
        }
    }
}
