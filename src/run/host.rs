//! The machine that a run runs on.

use crate::event::Host;

/// Describes this machine: os-release(5), and what `uname` says.
pub fn host() -> Host {
    let system = rustix::system::uname();
    let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    Host {
        distribution: distribution().unwrap_or_else(|| text(system.sysname())),
        architecture: text(system.machine()),
        kernel: text(system.release()),
    }
}

fn distribution() -> Option<String> {
    let release = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())?;
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches(['"', '\'']).to_owned())
}
