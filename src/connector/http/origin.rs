//! The pinned endpoint of a connector: scheme, host, port and allowed addresses.

use crate::connector::ConnectorError;
use reqwest::Url;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

/// The allowed addresses of an endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AddressScope {
    /// The endpoint is listed in the system file: loopback and private addresses are allowed.
    Listed,
    /// A default or derived endpoint: public addresses only.
    Public,
}

/// A pinned origin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PinnedOrigin {
    url: Url,
    reach: AddressScope,
}

/// An error: a text that is not an allowed endpoint.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OriginError {
    /// The text contains a user, password, query or fragment. Secrets and variable parts do not belong in an endpoint.
    #[error("an endpoint has no user, password, query or fragment; write only `https://host[:port][/path]`")]
    Adorned,
    /// Plain HTTP to another machine.
    #[error("an endpoint on another machine must use https")]
    Plain,
    /// The text is not an absolute `http` or `https` URL.
    #[error("an endpoint must have the form `https://host[:port][/path]`")]
    Unreadable,
}

impl PinnedOrigin {
    /// Parses an endpoint. Plain HTTP is allowed for loopback alone, and only when listed.
    ///
    /// # Errors
    /// When it is not a URL of the form `https://host[:port][/path]`.
    pub fn parse(text: &str, reach: AddressScope) -> Result<Self, OriginError> {
        let url = Url::parse(text).map_err(|_| OriginError::Unreadable)?;
        let host = url.host_str().ok_or(OriginError::Unreadable)?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(OriginError::Adorned);
        }
        match url.scheme() {
            "https" => {}
            "http" if reach == AddressScope::Listed && names_loopback(host) => {}
            "http" => return Err(OriginError::Plain),
            _ => return Err(OriginError::Unreadable),
        }
        Ok(Self { url, reach })
    }

    /// Returns the endpoint.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns whether calls are encrypted in transit.
    pub fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns the host, without brackets around an IPv6 address.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    /// Returns the URL of a link in a reply, if it stays within this origin.
    ///
    /// # Errors
    /// When it leads to another scheme, host or port. The message does not contain the link, which the target controls.
    pub fn follow(&self, link: &str) -> Result<Url, ConnectorError> {
        let elsewhere = || {
            ConnectorError::Permanent(format!(
                "a reply of {} contains a link to another origin, which is not followed",
                self.host()
            ))
        };
        let url = self.url.join(link).map_err(|_| elsewhere())?;
        let adorned = !url.username().is_empty() || url.password().is_some();
        if self.owns(&url) && !adorned { Ok(url) } else { Err(elsewhere()) }
    }

    /// Returns whether `url` has the scheme, host and port of this origin.
    pub fn owns(&self, url: &Url) -> bool {
        url.origin() == self.url.origin()
    }

    /// Resolves the host once, and checks all of its addresses.
    ///
    /// # Errors
    /// When it cannot be resolved, or one of its addresses is not allowed: a name with a private address among others
    /// is rejected as a whole.
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, ConnectorError> {
        let port = self.url.port_or_known_default().unwrap_or(443);
        let unknown = || ConnectorError::Transient(format!("the name {} cannot be resolved", self.host()));
        let addresses: Vec<_> = (self.host(), port).to_socket_addrs().map_err(|_| unknown())?.collect();
        if addresses.is_empty() {
            return Err(unknown());
        }
        match addresses.iter().find(|address| !may_be(address.ip(), self.reach)) {
            None => Ok(addresses),
            Some(address) => Err(ConnectorError::Permanent(format!(
                "{} has the address {}, which is not public; to allow it, list the endpoint in the system file",
                self.host(),
                address.ip()
            ))),
        }
    }
}

fn names_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Link-local addresses are rejected even when listed: cloud machines provide their own credentials there.
fn may_be(address: IpAddr, reach: AddressScope) -> bool {
    let address = address.to_canonical();
    let never = match address {
        IpAddr::V4(v4) => v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unspecified() || v6.is_multicast() || v6.is_unicast_link_local() || v6 == METADATA_V6,
    };
    !never && (reach == AddressScope::Listed || is_public(address))
}

/// Returns whether an address is public, by the special-purpose registries of IANA (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let benchmark = a == 198 && (b == 18 || b == 19);
            let protocol = a == 192 && b == 0 && c == 0;
            let inner = v4.is_loopback() || v4.is_private() || v4.is_documentation();
            !(inner || shared || benchmark || protocol || a == 0 || a >= 240)
        }
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            // Global unicast is 2000::/3; in it, 2001:db8::/32 is documentation, and 2002::/16 and 2001::/32 embed
            // IPv4.
            first & 0xe000 == 0x2000 && !(first == 0x2001 && (second == 0xdb8 || second == 0)) && first != 0x2002
        }
    }
}

const METADATA_V6: std::net::Ipv6Addr = std::net::Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_is_https_or_a_listed_loopback() {
        assert!(PinnedOrigin::parse("https://iam.amazonaws.com", AddressScope::Public).is_ok());
        assert!(PinnedOrigin::parse("http://127.0.0.1:5000/", AddressScope::Listed).is_ok());
        assert!(PinnedOrigin::parse("http://[::1]:5000/", AddressScope::Listed).is_ok());
        for (text, why) in [
            ("http://127.0.0.1:5000", OriginError::Plain),
            ("http://iam.amazonaws.com", OriginError::Plain),
            ("https://user:pass@iam.amazonaws.com", OriginError::Adorned),
            ("https://iam.amazonaws.com/?Action=x", OriginError::Adorned),
            ("ftp://iam.amazonaws.com", OriginError::Unreadable),
            ("iam.amazonaws.com", OriginError::Unreadable),
        ] {
            assert_eq!(PinnedOrigin::parse(text, AddressScope::Public), Err(why), "{text}");
        }
    }

    #[test]
    fn row_31_link_to_another_origin_is_rejected_and_not_printed() {
        let origin = PinnedOrigin::parse("https://api.example.com/v1/", AddressScope::Public).unwrap();
        assert_eq!(origin.follow("/v1/users?page=2").unwrap().as_str(), "https://api.example.com/v1/users?page=2");
        for link in [
            "https://api.example.com.evil.net/CANARY",
            "http://api.example.com/CANARY",
            "https://api.example.com:8443/CANARY",
            "//evil.net/CANARY",
            "https://CANARY@api.example.com/",
            "http://169.254.169.254/CANARY",
        ] {
            let error = origin.follow(link).unwrap_err();
            assert!(!error.to_string().contains("CANARY"), "{error}");
        }
    }

    #[test]
    fn row_31_private_address_requires_a_listed_endpoint() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "0.1.2.3",
            "198.18.0.1",
            "240.0.0.1",
            "::1",
            "fc00::1",
            "::ffff:10.0.0.1",
            "2001:db8::1",
            "2002:a00:1::1",
            "64:ff9b::a00:1",
        ] {
            assert!(!may_be(text.parse().unwrap(), AddressScope::Public), "{text}");
        }
        for text in ["127.0.0.1", "10.1.2.3", "::1", "fd12::1"] {
            assert!(may_be(text.parse().unwrap(), AddressScope::Listed), "{text}");
        }
        for text in
            ["169.254.169.254", "0.0.0.0", "::", "fe80::1", "fd00:ec2::254", "224.0.0.1", "::ffff:169.254.169.254"]
        {
            assert!(!may_be(text.parse().unwrap(), AddressScope::Listed), "{text}");
        }
        for text in ["52.94.225.3", "2600:1f00::1"] {
            assert!(may_be(text.parse().unwrap(), AddressScope::Public), "{text}");
        }
    }
}
