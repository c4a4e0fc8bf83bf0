//! Which addresses belong to a platform: the one rule for request files, requests and downloads.

use super::Traits;

/// The host of `https://host`, small letters; `None` for anything more or less. A slash may end it.
pub fn base_host(address: &str) -> Option<String> {
    let rest = address.strip_prefix("https://")?;
    let host = rest.strip_suffix('/').unwrap_or(rest).to_lowercase();
    let is_host = !host.is_empty()
        && host.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
    is_host.then_some(host)
}

impl Traits {
    /// Whether an `https` address of a file lies on one of the platform's hosts.
    pub(super) fn owns_address(&self, address: &str) -> bool {
        let scheme = "https://";
        let Some(rest) = address.strip_prefix(scheme) else {
            return false;
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        base_host(&address[..scheme.len() + end]).is_some_and(|host| self.owns(&host))
    }

    /// Whether a host name in small letters is one of [`Traits::hosts`], or below one that begins with a dot.
    pub fn owns(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| {
            host == *known
                || (known.starts_with('.') && host.ends_with(known) && host.len() > known.len())
        })
    }
}
