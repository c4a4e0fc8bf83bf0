//! Links to the call's page. A link that lets in anybody who has it is a secret, and expires.

/// Parameters that are a signature or a password, in lower case; a name that ends with `-` or `_` stands for all
/// that begin so. From the signed URLs of Amazon S3 and CloudFront, Google Cloud Storage and Azure, and `pwd` of
/// Zoom.
const SECRET: &[&str] = &[
    "x-amz-",
    "x-goog-",
    "awsaccesskeyid",
    "googleaccessid",
    "signature",
    "policy",
    "key-pair-id",
    "expires",
    "sig",
    "se",
    "sp",
    "sv",
    "sr",
    "st",
    "skoid",
    "sktid",
    "token",
    "access_token",
    "accesstoken",
    "id_token",
    "auth",
    "authorization",
    "jwt",
    "hash",
    "key",
    "api_key",
    "apikey",
    "pwd",
    "password",
    "passcode",
    "secret",
];

/// An `http` or `https` link.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::files) struct Link {
    /// Without what lets anybody in.
    pub(in crate::files) text: String,
    /// Whether something was left out.
    pub(in crate::files) cut: bool,
}

/// Reads a link; `None` if it is none that a browser opens.
pub(in crate::files) fn link(text: &str) -> Option<Link> {
    let (scheme, rest) = text.split_once("://")?;
    let opens = ["http", "https"]
        .iter()
        .any(|name| scheme.eq_ignore_ascii_case(name));
    if !opens
        || rest.is_empty()
        || rest.contains(|c: char| c.is_whitespace() || c.is_control() || c == '<')
    {
        return None;
    }
    let (address, fragment) = split(rest, '#');
    let (address, query) = split(address, '?');
    let (host, path) = address.split_at(address.find('/').unwrap_or(address.len()));
    let named = host.rsplit_once('@').map_or(host, |(_, host)| host);
    if named.is_empty() {
        return None;
    }
    let mut clean = format!("{}://{named}{path}", scheme.to_ascii_lowercase());
    let mut cut = named != host;
    for (mark, part) in [('?', query), ('#', fragment)] {
        let (secret, kept): (Vec<&str>, Vec<&str>) =
            part.split('&').partition(|part| is_secret(part));
        cut |= !secret.is_empty();
        let kept = kept.join("&");
        if !kept.is_empty() {
            clean.push(mark);
            clean.push_str(&kept);
        }
    }
    Some(Link { text: clean, cut })
}

fn split(text: &str, mark: char) -> (&str, &str) {
    text.split_once(mark).unwrap_or((text, ""))
}

fn is_secret(parameter: &str) -> bool {
    let Some((name, _)) = parameter.split_once('=') else {
        return false;
    };
    let name = name.to_ascii_lowercase();
    SECRET
        .iter()
        .any(|secret| match secret.strip_suffix(['-', '_']) {
            Some(_) => name.starts_with(secret),
            None => name == *secret,
        })
}
