//! Which names a request may give this machine.

use std::net::IpAddr;

/// Returns whether a `Host` header names this machine: a page of another name that leads here gets no answer.
///
/// `bound` is what the server listens on, as it was asked for.
pub(super) fn is_ours(host: &str, bound: &str) -> bool {
    let name = without_port(host).trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") || name == bound.to_ascii_lowercase() {
        return true;
    }
    let everywhere = bound.parse().is_ok_and(|address: IpAddr| address.is_unspecified());
    let literal = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    // No name can be made to lead to an address that is written out.
    literal.is_ok_and(|address| address.is_loopback() || everywhere || bound.parse() == Ok(address))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_ours() {
        let check = |host: &str, bound: &str, expected: bool| {
            assert_eq!(is_ours(host, bound), expected, "{host} at {bound}");
        };
        for host in
            ["localhost", "localhost:3000", "LOCALHOST.", "a.localhost:1", "127.0.0.1:3000", "[::1]:3000"]
        {
            check(host, "127.0.0.1", true);
        }
        for host in [
            "",
            "evil.example",
            "evil.example:3000",
            "localhost.evil.example",
            "192.0.2.1:3000",
            "127.0.0.1.nip.io",
        ] {
            check(host, "127.0.0.1", false);
        }
        check("192.0.2.1:3000", "0.0.0.0", true);
        check("evil.example", "0.0.0.0", false);
        check("mybox:3000", "mybox", true);
        check("192.0.2.1", "192.0.2.1", true);
    }
}
