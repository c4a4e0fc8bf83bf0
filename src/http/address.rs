//! Where requests may go: the platform's own hosts, and wherever they send us on to in public.
//!
//! A credential goes to the platform only. Nothing goes into a private network, whatever a request file
//! or a redirect says: names are checked by what they resolve to, at the moment of connecting, so that
//! a name that resolves differently the second time gains nothing. Only the operator (`--platform-url`)
//! may name such an address.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

use crate::platforms::{self, Traits};

/// Why an address must not be talked to.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AddressError {
    /// It cannot be read as a URL.
    #[error("{0:?} is not a web address")]
    Unreadable(String),
    /// It is not one of the platform's.
    #[error("{0:?} is not an https address of the platform")]
    Foreign(String),
    /// A redirect leads to it, and it is not a public `https` address.
    #[error("the platform redirects to {0:?}, which is not a public https address")]
    Redirect(String),
}

/// The address in a request file: `https`, a name and nothing else, and one of the platform's hosts.
pub(super) fn base(address: &str, traits: &Traits) -> Result<Url, AddressError> {
    let foreign = || AddressError::Foreign(address.to_owned());
    let host = platforms::base_host(address).filter(|host| traits.owns(host));
    let url = format!("https://{}", host.ok_or_else(foreign)?);
    Url::parse(&url).map_err(|_| foreign())
}

/// An address that the platform gave for one of its own files, which is asked for with the credential.
pub(super) fn own(address: &str, traits: &Traits) -> Result<Url, AddressError> {
    // What follows the host is nobody's business.
    let shown = || address.split(['?', '#']).next().unwrap_or_default().into();
    let url = Url::parse(address).map_err(|_| AddressError::Unreadable(shown()))?;
    if is_plain(&url) && traits.owns(url.host_str().unwrap_or_default()) {
        Ok(url)
    } else {
        Err(AddressError::Foreign(shown()))
    }
}

/// Where a platform may send us on to. What a name resolves to is checked by [`PublicOnly`]; an address
/// in numbers is not resolved, and so is checked here.
pub(super) fn public(url: &Url) -> Result<(), AddressError> {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let hidden = literal
        .parse::<IpAddr>()
        .is_ok_and(|address| !is_public(address));
    if is_plain(url) && !hidden {
        Ok(())
    } else {
        Err(redirect(url))
    }
}

/// Where an endpoint that the operator has named may send us on to: by http only on this machine.
pub(super) fn operators(url: &Url, base: &Url) -> Result<(), AddressError> {
    let plain_text = url.scheme() == "http" && is_loopback(base);
    if (url.scheme() == "https" || plain_text) && has_no_user(url) {
        Ok(())
    } else {
        Err(redirect(url))
    }
}

fn redirect(url: &Url) -> AddressError {
    let host = url.host_str().unwrap_or_default();
    AddressError::Redirect(format!("{}://{host}", url.scheme()))
}

/// `https`, the usual port, no user: reqwest would make a credential of a user part.
fn is_plain(url: &Url) -> bool {
    url.scheme() == "https" && url.port().is_none() && has_no_user(url)
}

fn has_no_user(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let address = literal.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Resolves names, and leaves out what is not public.
pub(super) struct PublicOnly(pub(super) Arc<dyn Resolve>);

/// No address of a name is public.
#[derive(Debug, thiserror::Error)]
#[error("{0} lies in a private network, where no platform is")]
struct NotPublic(String);

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let found = self.0.resolve(name);
        Box::pin(async move {
            let public: Vec<SocketAddr> = found
                .await?
                .filter(|address| is_public(address.ip()))
                .collect();
            if public.is_empty() {
                return Err(NotPublic(host).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// The resolver of this machine.
pub(super) struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

/// Whether an address is reached over the public internet, by IANA's registries of special-purpose
/// addresses (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast();
    let special = special
        || match address.octets() {
            // This network; shared by carriers; protocol assignments; benchmarks; reserved and broadcast.
            [0, ..] | [192, 0, 0, _] | [198, 18 | 19, ..] | [240..=255, ..] => true,
            [100, second, ..] => (64..128).contains(&second),
            _ => false,
        };
    !special
}

/// Only 2000::/3 is given out; in it, tunnels and protocol assignments, documentation and 6to4 are not.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // NAT64 (RFC 6052): how machines without IPv4 reach all of it, so also what is private.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x2002, ..] | [0x3fff, 0..0x1000, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        for public in [
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.254",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
        for hidden in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(hidden.parse().expect("an address")), "{hidden}");
        }
    }

    #[test]
    fn redirects_lead_to_public_https_addresses_only() {
        let url = |text: &str| Url::parse(text).expect("a URL");
        for good in [
            "https://files.example/a?signature=x",
            "https://8.8.8.8/a",
            "https://[2606:4700::1111]/",
            "https://files.example:443/",
        ] {
            assert_eq!(public(&url(good)), Ok(()), "{good}");
        }
        for bad in [
            "http://files.example/",
            "https://files.example:8443/",
            "https://user@files.example/",
            "https://user:pw@files.example/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f.0.0.1/",
            "https://2130706433/",
            "https://017700000001/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00:ec2::254]/",
            "https://10.0.0.1/",
            "ftp://files.example/",
            "file:///etc/passwd",
            "data:text/plain,x",
        ] {
            assert!(public(&url(bad)).is_err(), "{bad}");
        }
        let told = public(&url("https://user:pw@10.0.0.1/x?signature=y")).expect_err("private");
        assert_eq!(
            told.to_string(),
            "the platform redirects to \"https://10.0.0.1\", which is not a public https address"
        );
    }

    #[test]
    fn the_operators_endpoint_may_send_us_on_by_http_on_this_machine_only() {
        let url = |text: &str| Url::parse(text).expect("a URL");
        let local = url("http://127.0.0.1:8080");
        let proxy = url("https://proxy.example");
        for (to, base, allowed) in [
            ("http://127.0.0.1:9090/a", &local, true),
            ("http://files.example/a", &local, true),
            ("https://10.0.0.1/a", &proxy, true),
            ("http://10.0.0.1/a", &proxy, false),
            ("https://user:pw@10.0.0.1/a", &proxy, false),
            ("ftp://127.0.0.1/a", &local, false),
        ] {
            assert_eq!(operators(&url(to), base).is_ok(), allowed, "{to}");
        }
    }

    #[test]
    fn files_of_the_platform_lie_on_its_own_hosts() {
        let gong = crate::platforms::connector("gong")
            .expect("Gong is in the catalog")
            .traits();
        assert!(own("https://us-1.api.gong.io/file?x=1", &gong).is_ok());
        for bad in [
            "http://api.gong.io/file",
            "https://api.gong.io:8443/file",
            "https://user@api.gong.io/file",
            "https://api.gong.io.evil.example/file",
            "https://api.gong.io@evil.example/file",
            "https://evil.example/?https://api.gong.io/file",
            "//api.gong.io/file",
            "https://",
        ] {
            assert!(own(bad, &gong).is_err(), "{bad}");
        }
    }
}
