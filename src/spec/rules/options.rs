//! Options whose value is more than a kind: addresses that a credential would be sent to.

use serde_json::{Map, Value};

use crate::{
    files,
    platforms::{self, OptionKind, base_host},
    spec::{codes, document::child, file_report::FileReport, raw::RawRequest},
};

/// Checks that each address is one of the platform's own, so that no request sends a credential elsewhere.
pub(super) fn check(raw: &RawRequest, platform: &str, report: &mut FileReport) {
    let (Some(options), Some(connector)) = (&raw.options, platforms::connector(platform)) else {
        return;
    };
    let traits = connector.traits();
    for option in traits.options {
        let address = match option.kind {
            OptionKind::Text | OptionKind::Flag => continue,
            OptionKind::BaseUrl => options.get(option.name).and_then(Value::as_str),
        };
        let Some(address) = address else {
            continue;
        };
        let pointer = child("/options", option.name);
        let example = traits.base_url;
        match base_host(address) {
            None => report.value(
                codes::BASE_URL,
                &pointer,
                format!("`{}` needs an address of the form `https://host`, with nothing behind the host.", option.name),
                format!("Write the address from the platform's own API page, for example `{example}`."),
            ),
            Some(host) if !traits.owns(&host) => report.value(
                codes::BASE_URL,
                &pointer,
                format!("`{}` is not an address of this platform, and a credential is sent to the platform only.", option.name),
                format!("Write the address from the platform's own API page, for example `{example}`."),
            ),
            Some(_) => {}
        }
    }
}

/// Checks what is said about how files are read: what no schema knows, such as the names of time zones.
pub(super) fn check_files(raw: &RawRequest, report: &mut FileReport) {
    let read = raw.options.as_ref().map(files::Options::read);
    for (name, flaw) in read.and_then(Result::err).unwrap_or_default() {
        report.value(
            codes::FILE_OPTION,
            &child("/options", &name),
            format!("This option cannot be read: {flaw}."),
            "Correct it, or leave it out; the schema lists what each option may say.",
        );
    }
}

/// Addresses without a slash at the end, whatever the request writes: the digest must not depend on it.
pub(super) fn normal(mut options: Map<String, Value>) -> Map<String, Value> {
    for value in options.values_mut() {
        if let Some(address) = value.as_str()
            && base_host(address).is_some()
        {
            *value = address.trim_end_matches('/').to_lowercase().into();
        }
    }
    options
}
