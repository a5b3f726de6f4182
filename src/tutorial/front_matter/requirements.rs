//! `requires`: what a tutorial needs of the machine.

use super::super::model::{NetworkRequirement, Requirements, ToolRequirement};
use super::unknown_inside;
use crate::diagnostic::{Finding, nearest};
use crate::yaml::{Data, Entry, Node};

const KEYS: [&str; 5] = ["tools", "programs", "network", "root", "kvm"];
const TOOL_KEYS: [&str; 4] = ["program", "version", "packages", "when"];
const NETWORK_KEYS: [&str; 3] = ["host", "port", "when"];
const PACKAGE_MANAGERS: [&str; 6] = ["apt", "dnf", "apk", "pacman", "zypper", "brew"];

/// The port of a host that names none.
const HTTPS: u16 = 443;

/// Reads a list of programs, or a map that says more.
pub(super) fn read(node: &Node, findings: &mut Vec<Finding>) -> Result<Requirements, &'static str> {
    let mut requires = Requirements::default();
    let Some(entries) = node.entries() else {
        requires.tools = tools(node, findings)?;
        return Ok(requires);
    };
    for entry in entries {
        let read = match entry.key.as_str() {
            "tools" | "programs" => tools(&entry.value, findings).map(|found| requires.tools.extend(found)),
            "network" => networks(&entry.value, findings).map(|found| requires.network = found),
            "root" => boolean(&entry.value).map(|root| requires.root = root),
            "kvm" => boolean(&entry.value).map(|kvm| requires.kvm = kvm),
            _ => {
                findings.push(unknown_inside(entry, "requires", &KEYS));
                Ok(())
            }
        };
        findings.extend(read.err().map(|help| super::super::attributes::bad_value(entry, help)));
    }
    Ok(requires)
}

fn boolean(node: &Node) -> Result<bool, &'static str> {
    node.boolean().ok_or("write `true` or `false`")
}

fn tools(node: &Node, findings: &mut Vec<Finding>) -> Result<Vec<ToolRequirement>, &'static str> {
    let help = "write a list of programs, as `[buildah, {program: skopeo, version: \"1.9\"}]`";
    let items = node.items().ok_or(help)?;
    let mut tools = Vec::new();
    for item in items {
        match tool(item, findings) {
            Some(tool) => tools.push(tool),
            None => findings.push(invalid(item)),
        }
    }
    Ok(tools)
}

fn invalid(node: &Node) -> Finding {
    let written = node.text().map_or_else(|| "this".to_owned(), |text| format!("`{text}`"));
    Finding::error("invalid-requirement", format!("{written} names no program that can be required"))
        .at(node.place.clone())
        .help("write a program as `buildah`, or with its least version as `buildah>=1.30`")
}

/// Returns whether a word can be the name of a program: no blanks, nothing that a shell reads otherwise.
fn is_program(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric() || "_/.".contains(first))
        && name.chars().all(|letter| letter.is_alphanumeric() || "._+-/@".contains(letter))
}

/// Reads a program, or `NAME>=VERSION`.
fn tool(node: &Node, findings: &mut Vec<Finding>) -> Option<ToolRequirement> {
    let mut tool = ToolRequirement {
        program: String::new(),
        minimum: None,
        packages: std::collections::BTreeMap::new(),
        when: None,
        place: node.place.clone(),
    };
    match &node.data {
        Data::Scalar { text, .. } => {
            let (program, version) =
                text.split_once(">=").map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
            tool.program = program.trim().to_owned();
            tool.minimum = match version {
                Some(written) => Some(version_number(written)?),
                None => None,
            };
        }
        Data::Map(entries) => entries.iter().for_each(|entry| tool_entry(&mut tool, entry, findings)),
        _ => {}
    }
    is_program(&tool.program).then_some(tool)
}

fn tool_entry(tool: &mut ToolRequirement, entry: &Entry, findings: &mut Vec<Finding>) {
    let text = entry.value.text().map(|text| text.trim().to_owned());
    match entry.key.as_str() {
        "program" => tool.program = text.unwrap_or_default(),
        "version" => match text.as_deref().and_then(version) {
            Some(version) => tool.minimum = Some(version),
            None => findings
                .push(super::super::attributes::bad_value(entry, "write the least version, as `\">=1.9\"`")),
        },
        "packages" => tool.packages = packages(entry, findings),
        "when" => tool.when = text,
        _ => findings.push(unknown_inside(entry, "tools", &TOOL_KEYS)),
    }
}

/// Returns the version of `>=1.9` or `1.9`.
fn version(text: &str) -> Option<String> {
    version_number(text.strip_prefix(">=").unwrap_or(text))
}

fn version_number(text: &str) -> Option<String> {
    let version = text.trim();
    let is_version = version.starts_with(|first: char| first.is_ascii_digit())
        && version.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-_+~:".contains(letter));
    is_version.then(|| version.to_owned())
}

fn packages(entry: &Entry, findings: &mut Vec<Finding>) -> std::collections::BTreeMap<String, String> {
    for manager in entry.value.entries().unwrap_or_default() {
        if !PACKAGE_MANAGERS.contains(&manager.key.as_str()) {
            let near = nearest(&manager.key, PACKAGE_MANAGERS).map(|near| format!("did you mean `{near}`?"));
            let finding =
                Finding::warning("unknown-key", format!("unknown package manager `{}`", manager.key));
            findings.push(finding.at(manager.key_place.clone()).maybe_help(near));
        }
    }
    super::map(&entry.value).unwrap_or_else(|help| {
        findings.push(super::super::attributes::bad_value(entry, help));
        std::collections::BTreeMap::new()
    })
}

fn networks(node: &Node, findings: &mut Vec<Finding>) -> Result<Vec<NetworkRequirement>, &'static str> {
    let help = "write a list of hosts, as `[quay.io, \"localhost:5000\"]`";
    let items = node.items().ok_or(help)?;
    items.into_iter().map(|item| network(item, findings).ok_or(help)).collect()
}

fn network(node: &Node, findings: &mut Vec<Finding>) -> Option<NetworkRequirement> {
    let mut host = node.text().map(str::to_owned);
    let mut port = None;
    let mut when = None;
    for entry in node.entries().unwrap_or_default() {
        let text = entry.value.text().map(str::to_owned);
        match entry.key.as_str() {
            "host" => host = text,
            "port" => port = text,
            "when" => when = text,
            _ => findings.push(unknown_inside(entry, "network", &NETWORK_KEYS)),
        }
    }
    let host = host?;
    let (name, written) = split_port(&host);
    let port = match port.as_deref().or(written) {
        None => HTTPS,
        Some(port) => port.parse().ok()?,
    };
    (!name.is_empty()).then(|| NetworkRequirement {
        host: name.to_owned(),
        port,
        when,
        place: node.place.clone(),
    })
}

/// Divides `host:port`; an address as `[::1]:5000` keeps its colons.
fn split_port(host: &str) -> (&str, Option<&str>) {
    let divided = host.rsplit_once(':').filter(|(name, _)| !name.contains(':') || name.ends_with(']'));
    divided.map_or((host, None), |(name, port)| (name, Some(port)))
}
