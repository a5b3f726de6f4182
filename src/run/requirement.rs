//! What a tutorial needs of the machine, looked for before the first step.

use std::fs::File;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::package::{self, Manager};
use crate::tutorial::{NetworkRequirement, Requirements, ToolRequirement};

/// How long a host may take to answer.
const NETWORK_PATIENCE: Duration = Duration::from_secs(3);

/// How long a program may take to say its version.
const VERSION_PATIENCE: Duration = Duration::from_secs(5);

/// Something that the machine lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// One line: `buildah is not on PATH`, `no network to quay.io`.
    pub what: String,
    /// The package that brings it, for this machine's package manager.
    pub package: Option<String>,
}

impl Missing {
    fn without_package(what: String) -> Self {
        Self { what, package: None }
    }

    /// Returns the line, with the command that installs what is missing.
    pub fn with_remedy(&self, manager: Option<Manager>) -> String {
        match (&self.package, manager) {
            (Some(package), Some(manager)) => {
                let command = package::install_command(manager, [package.as_str()]);
                format!("{}: install it with `{command}`", self.what)
            }
            _ => self.what.clone(),
        }
    }
}

/// Looks for everything that is required; returns what is not there.
///
/// `search_path` is the `PATH` that the steps will see.
pub fn missing(requires: &Requirements, search_path: &str, manager: Option<Manager>) -> Vec<Missing> {
    let mut missing = Vec::new();
    if requires.root && !rustix::process::geteuid().is_root() {
        missing.push(Missing::without_package("must run as root".to_owned()));
    }
    if requires.kvm && File::options().read(true).write(true).open("/dev/kvm").is_err() {
        missing.push(Missing::without_package("/dev/kvm cannot be used".to_owned()));
    }
    missing.extend(requires.tools.iter().filter_map(|tool| missing_tool(tool, search_path, manager)));
    missing.extend(unreachable(&requires.network).into_iter().map(Missing::without_package));
    missing
}

fn missing_tool(tool: &ToolRequirement, search_path: &str, manager: Option<Manager>) -> Option<Missing> {
    let program = &tool.program;
    let what = match (find_program(program, search_path), &tool.minimum) {
        (None, _) => format!("`{program}` is not on PATH"),
        (Some(_), None) => return None,
        (Some(path), Some(minimum)) => match version(&path) {
            Some(version) if at_least(&version, minimum) => return None,
            Some(version) => format!("`{program}` is version {version}, and {minimum} is needed"),
            None => format!("`{program}` does not say its version, and {minimum} is needed"),
        },
    };
    let package = manager.map(|manager| {
        let package = tool.packages.get(manager.name());
        package.unwrap_or(&tool.program).clone()
    });
    Some(Missing { what, package })
}

/// Returns the program that a shell would run.
pub fn find_program(program: &str, search_path: &str) -> Option<PathBuf> {
    let executable =
        |path: &PathBuf| rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file();
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(executable);
    }
    std::env::split_paths(search_path).map(|folder| folder.join(program)).find(executable)
}

/// Returns the first thing in a program's `--version` that looks like a version.
fn version(program: &Path) -> Option<String> {
    let run = duct::cmd(program, ["--version"]).stdin_null().stderr_to_stdout().stdout_capture().unchecked();
    let handle = run.start().ok()?;
    match handle.wait_timeout(VERSION_PATIENCE) {
        Ok(Some(output)) => first_version(&String::from_utf8_lossy(&output.stdout)).map(str::to_owned),
        Ok(None) | Err(_) => {
            let _ = handle.kill();
            None
        }
    }
}

/// Finds a version: numbers with dots, or where there are none, a number that stands by itself in the first line.
fn first_version(text: &str) -> Option<&str> {
    let words = text.split(|character: char| !(character.is_ascii_digit() || character == '.'));
    let dotted = words.map(|word| word.trim_matches('.')).find(|word| word.contains('.'));
    let plain = || {
        let words = text.lines().next()?.split_whitespace();
        let words = words.map(|word| word.trim_start_matches('v').trim_end_matches([',', ';', ':', '.']));
        words.filter(|word| !word.is_empty()).find(|word| word.chars().all(|digit| digit.is_ascii_digit()))
    };
    dotted.or_else(plain)
}

/// Compares versions number by number; what is missing counts as 0.
fn at_least(version: &str, minimum: &str) -> bool {
    let numbers =
        |text: &str| -> Vec<u64> { text.split('.').map(|part| part.parse().unwrap_or(0)).collect() };
    let (version, minimum) = (numbers(version), numbers(minimum));
    let length = version.len().max(minimum.len());
    let number = |numbers: &[u64], index: usize| numbers.get(index).copied().unwrap_or(0);
    let pairs = (0..length).map(|index| (number(&version, index), number(&minimum, index)));
    pairs.into_iter().find(|(left, right)| left != right).is_none_or(|(left, right)| left > right)
}

/// Tries all hosts at once; a host that does not answer in time is not there.
fn unreachable(hosts: &[NetworkRequirement]) -> Vec<String> {
    let deadline = Instant::now() + NETWORK_PATIENCE;
    let tries: Vec<_> = hosts.iter().map(|host| (host, start_reaching(host, deadline))).collect();
    let left = || deadline.saturating_duration_since(Instant::now());
    // When no address is left to try, nobody can answer any more.
    let failed = tries.into_iter().filter(|(_, answer)| answer.recv_timeout(left()).is_err());
    failed.map(|(host, _)| format!("no network to {}", host.host)).collect()
}

/// Tries all addresses of a host at once: the first may be of a network that leads nowhere.
fn start_reaching(requirement: &NetworkRequirement, deadline: Instant) -> mpsc::Receiver<()> {
    let (reached, answer) = mpsc::channel();
    let address = (requirement.host.clone(), requirement.port);
    // Resolving a name has no timeout of its own, so it is left behind in its thread.
    std::thread::spawn(move || {
        for address in address.to_socket_addrs().into_iter().flatten() {
            let reached = reached.clone();
            std::thread::spawn(move || {
                let left = deadline.saturating_duration_since(Instant::now());
                // Without any time left, connecting is an error.
                if TcpStream::connect_timeout(&address, left).is_ok() {
                    let _ = reached.send(());
                }
            });
        }
    });
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_number_by_number() {
        assert!(at_least("1.28.2", "1.9"));
        assert!(at_least("2", "2.0.0"));
        assert!(!at_least("1.9.3", "1.28"));
        assert!(!at_least("1.28", "1.28.1"));
    }

    #[test]
    fn version_is_found_in_what_programs_say() {
        assert_eq!(first_version("buildah version 1.28.2 (image-spec 1.1.0-rc2)"), Some("1.28.2"));
        assert_eq!(first_version("git version 2.47.3"), Some("2.47.3"));
        assert_eq!(first_version("v20.20.2\n"), Some("20.20.2"));
        assert_eq!(first_version("less 590 (GNU regular expressions)\nno 2 copyright"), Some("590"));
        assert_eq!(first_version("systemd 255 (255.4-1ubuntu8)"), Some("255.4"));
        assert_eq!(first_version("GNU thing, version 5."), Some("5"));
        assert_eq!(first_version("tool for x86_64, since\n2020"), None);
    }

    #[test]
    fn program_that_is_not_there_is_named() {
        let place = crate::diagnostic::Place::new(&crate::diagnostic::Source::new("a.md", ""), 0..0);
        let tool = ToolRequirement {
            program: "no-such-program".to_owned(),
            minimum: None,
            packages: [("apt".to_owned(), "such-program".to_owned())].into(),
            when: None,
            place,
        };
        let requires = Requirements { tools: vec![tool], ..Requirements::default() };
        let missing = missing(&requires, "/usr/bin:/bin", Some(Manager::Apt));
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].what, "`no-such-program` is not on PATH");
        assert_eq!(missing[0].package.as_deref(), Some("such-program"));
    }

    #[test]
    fn closed_port_is_no_network() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let place = crate::diagnostic::Place::new(&crate::diagnostic::Source::new("a.md", ""), 0..0);
        let host = NetworkRequirement { host: "127.0.0.1".to_owned(), port, when: None, place };
        assert_eq!(unreachable(std::slice::from_ref(&host)), Vec::<String>::new());
        drop(listener);
        assert_eq!(unreachable(&[host]), ["no network to 127.0.0.1"]);
    }

    #[test]
    fn hosts_that_do_not_answer_share_their_time() {
        let place = crate::diagnostic::Place::new(&crate::diagnostic::Source::new("a.md", ""), 0..0);
        // Nobody has this address (RFC 5737).
        let host = NetworkRequirement { host: "192.0.2.1".to_owned(), port: 9, when: None, place };
        let began = Instant::now();
        unreachable(&vec![host; 3]);
        assert!(began.elapsed() < NETWORK_PATIENCE * 2, "{:?}", began.elapsed());
    }
}
