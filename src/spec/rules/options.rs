//! Options whose value is more than a kind: addresses that a credential would be sent to.

use serde_json::{Map, Value};

use crate::{
    platforms::{self, OptionKind},
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
        match host(address) {
            None => report.value(
                codes::BASE_URL,
                &pointer,
                format!("`{}` needs an address of the form `https://host`, with nothing behind the host.", option.name),
                format!("Write the address from the platform's own API page, for example `{example}`."),
            ),
            Some(host) if !is_allowed(&host, traits.hosts) => report.value(
                codes::BASE_URL,
                &pointer,
                format!("`{}` is not an address of this platform, and a credential is sent to the platform only.", option.name),
                format!("Write the address from the platform's own API page, for example `{example}`."),
            ),
            Some(_) => {}
        }
    }
}

/// Addresses without a slash at the end, whatever the request writes: the digest must not depend on it.
pub(super) fn normal(mut options: Map<String, Value>) -> Map<String, Value> {
    for value in options.values_mut() {
        if let Some(address) = value.as_str()
            && host(address).is_some()
        {
            *value = address.trim_end_matches('/').to_lowercase().into();
        }
    }
    options
}

/// The host of `https://host`, small letters; `None` for anything more or less.
fn host(address: &str) -> Option<String> {
    let rest = address.strip_prefix("https://")?;
    let host = rest.strip_suffix('/').unwrap_or(rest).to_lowercase();
    let is_host = !host.is_empty()
        && host.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
    is_host.then_some(host)
}

/// Exactly one of the hosts, or below one that begins with a dot.
fn is_allowed(host: &str, hosts: &[&str]) -> bool {
    hosts.iter().any(|allowed| {
        host == *allowed
            || (allowed.starts_with('.') && host.ends_with(allowed) && host.len() > allowed.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_https_addresses_of_the_platform_are_allowed() {
        let hosts = ["api.gong.io", ".api.gong.io"];
        let allowed = |address: &str| host(address).is_some_and(|host| is_allowed(&host, &hosts));
        for address in [
            "https://api.gong.io",
            "https://us-12345.api.gong.io/",
            "https://API.gong.io",
        ] {
            assert!(allowed(address), "{address}");
        }
        for address in [
            "http://api.gong.io",
            "https://api.gong.io.evil.example",
            "https://evilapi.gong.io",
            "https://.api.gong.io",
            "https://api.gong.io:8443",
            "https://api.gong.io@evil.example",
            "https://api.gong.io/v2",
            "https://api.gong.io?x=1",
            "https://api.gong.io#.evil.example",
            "https://127.0.0.1",
            "https://",
            "api.gong.io",
        ] {
            assert!(!allowed(address), "{address}");
        }
    }
}
