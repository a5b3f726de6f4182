//! Which names a request may give this machine.

use std::net::IpAddr;

/// Returns whether a `Host` header names this machine: a page of another name that leads here gets no answer.
///
/// `bound` is what the server listens on, as it was asked for. A server that listens everywhere answers to the
/// machine's name as well, with its domain and without, and as mDNS has it.
pub(super) fn is_ours(host: &str, bound: &str, machine: &str) -> bool {
    let name = without_port(host).trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") || name == bound.to_ascii_lowercase() {
        return true;
    }
    let everywhere = bound.parse().is_ok_and(|address: IpAddr| address.is_unspecified());
    if everywhere && is_machine(&name, &machine.to_ascii_lowercase()) {
        return true;
    }
    let literal = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    // No name can be made to lead to an address that is written out.
    literal.is_ok_and(|address| address.is_loopback() || everywhere || bound.parse() == Ok(address))
}

/// Returns whether a name is the machine's: as it calls itself, without its domain, or as mDNS has it.
fn is_machine(name: &str, machine: &str) -> bool {
    let short = machine.split('.').next().unwrap_or_default();
    !short.is_empty() && (name == machine || name == short || name.strip_suffix(".local") == Some(short))
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
            assert_eq!(is_ours(host, bound, "MyBox.home.example"), expected, "{host} at {bound}");
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
            "mybox",
        ] {
            check(host, "127.0.0.1", false);
        }
        check("192.0.2.1:3000", "0.0.0.0", true);
        check("evil.example", "0.0.0.0", false);
        for host in ["mybox:3000", "mybox.local:3000", "mybox.home.example"] {
            check(host, "0.0.0.0", true);
        }
        check("mybox.evil.example", "0.0.0.0", false);
        check("other:3000", "other", true);
        check("192.0.2.1", "192.0.2.1", true);
    }
}
