//! Addresses that can be asked.

use std::fmt;
use std::net::IpAddr;

use hyper::Uri;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What browsers encode in paths and queries, where an author did not.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'\\')
    .add(b'^');

/// An address in `http` or `https`: without a fragment, which no server is asked for, and without a
/// user, which nobody is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    scheme: &'static str,
    /// The host and the port, as written.
    host: String,
    /// The path, which is never empty, and the query.
    path: String,
}

impl Address {
    /// Reads an address; `None` where it is none that could be asked.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once("://")?;
        let scheme = ["http", "https"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let host = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        let address = Self { scheme, host, path: path_of(path) };
        let uri = address.to_string().parse::<Uri>().ok()?;
        (uri.host().is_some_and(|host| !host.is_empty()) && has_port(&address.host)).then_some(address)
    }

    /// Returns where a reference leads from here, such as the `Location` of a redirect.
    pub fn join(&self, reference: &str) -> Option<Self> {
        let reference = reference.trim();
        let before = reference.split(['/', '?', '#']).next().unwrap_or_default();
        if before.contains(':') {
            return Self::parse(reference);
        }
        let own_path = self.path.split('?').next().unwrap_or_default();
        let folder = own_path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Self { scheme, host, .. } = self;
        Self::parse(&match reference {
            _ if reference.starts_with("//") => format!("{scheme}:{reference}"),
            _ if reference.starts_with('/') => format!("{scheme}://{host}{}", without_dots(reference)),
            "" => self.to_string(),
            _ if reference.starts_with(['?', '#']) => format!("{scheme}://{host}{own_path}{reference}"),
            _ => format!("{scheme}://{host}{}", without_dots(&format!("{folder}/{reference}"))),
        })
    }

    /// Returns the host and the port, as written: what one server is asked by.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns whether it is in `https`.
    pub fn is_secure(&self) -> bool {
        self.scheme == "https"
    }

    /// Returns whether it names the machine itself, wherever it is read.
    pub fn is_local(&self) -> bool {
        let uri = self.uri();
        let host = uri.host().unwrap_or_default().trim_end_matches('.');
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_own = |address: IpAddr| address.is_loopback() || address.is_unspecified();
        host == "localhost" || host.ends_with(".localhost") || literal.is_ok_and(is_own)
    }

    /// Returns it as the client takes it.
    pub(super) fn uri(&self) -> Uri {
        self.to_string().parse().expect("it was parsed when it was made")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}{}", self.scheme, self.host, self.path)
    }
}

fn path_of(written: &str) -> String {
    let path = utf8_percent_encode(written, ENCODED).to_string();
    if path.starts_with('/') { path } else { format!("/{path}") }
}

/// Returns whether what stands behind the host, if anything, is a port.
fn has_port(host: &str) -> bool {
    match host.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port.parse::<u16>().is_ok(),
        _ => true,
    }
}

/// Returns a path without `.` and `..`, as RFC 3986 has it in 5.2.4; the query stays as it is.
fn without_dots(written: &str) -> String {
    let (path, rest) = written.split_at(written.find(['?', '#']).unwrap_or(written.len()));
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let is_folder = ["/.", "/.."].iter().any(|end| path.ends_with(end));
    let end = if is_folder && !parts.is_empty() { "/" } else { "" };
    format!("/{}{end}{rest}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(Address::parse(text).map(|address| address.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn addresses_are_read_as_browsers_read_them() {
        check("https://Example.org", Some("https://example.org/"));
        check("HTTP://example.org?q#part", Some("http://example.org/?q"));
        check("https://example.org/a b/\u{e4}?x={1}", Some("https://example.org/a%20b/%C3%A4?x=%7B1%7D"));
        check("https://example.org/a%20b", Some("https://example.org/a%20b"));
        check("https://me:secret@example.org:8443/", Some("https://example.org:8443/"));
        check("http://[::1]:80/", Some("http://[::1]:80/"));
        check("http://[::1]/", Some("http://[::1]/"));
        for text in [
            "https://",
            "http:///a",
            "https://ex ample.org/",
            "ftp://example.org",
            "http://a:b/",
            "http://a:99999/",
            "x",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn redirects_lead_on() {
        let address = Address::parse("https://example.org/a/b/c?q").unwrap();
        let check = |reference: &str, expected: Option<&str>| {
            let joined = address.join(reference).map(|address| address.to_string());
            assert_eq!(joined.as_deref(), expected, "{reference}");
        };
        check("http://other.org/x", Some("http://other.org/x"));
        check("//other.org/x", Some("https://other.org/x"));
        check("/x/./y/../z?r", Some("https://example.org/x/z?r"));
        check("d", Some("https://example.org/a/b/d"));
        check("../d/", Some("https://example.org/a/d/"));
        check("..", Some("https://example.org/a/"));
        check("../../../..", Some("https://example.org/"));
        check("?r", Some("https://example.org/a/b/c?r"));
        check("#part", Some("https://example.org/a/b/c"));
        check("", Some("https://example.org/a/b/c?q"));
        check("mailto:x@example.org", None);
    }

    #[test]
    fn machine_itself_is_known_by_its_names() {
        for text in
            ["localhost:3000", "LOCALHOST", "a.localhost", "127.0.0.1:1", "127.1.2.3", "[::1]:2", "0.0.0.0"]
        {
            assert!(Address::parse(&format!("http://{text}/")).unwrap().is_local(), "{text}");
        }
        for text in ["localhost.example.org", "192.168.0.1", "10.0.0.1:80", "[fe80::1]", "127.0.0.1.nip.io"] {
            assert!(!Address::parse(&format!("http://{text}/")).unwrap().is_local(), "{text}");
        }
    }
}
