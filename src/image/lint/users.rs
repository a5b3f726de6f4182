//! Users and groups, and whether systemd makes them.

use std::collections::BTreeSet;

use super::model::Said;
use super::subject::Subject;
use super::words::{lines, words};
use crate::image::path::{TreePath, shown};

/// How many names are listed; the rest is counted.
const MOST_NAMES: usize = 8;

/// Names that sysusers.d has.
#[derive(Default)]
struct Made {
    users: BTreeSet<String>,
    groups: BTreeSet<String>,
    broken: Vec<Said>,
}

pub(super) fn sysusers(subject: &Subject<'_>) -> Vec<Said> {
    let (passwd, group) = (TreePath::new("etc/passwd"), TreePath::new("etc/group"));
    let Some(users) = subject.text(&passwd) else { return Vec::new() };
    let groups = subject.text(&group).unwrap_or_default();
    let made = made(subject);
    let mut said = made.broken;
    said.extend(missing(&passwd, "user", &users, &made.users));
    said.extend(missing(&group, "group", &groups, &made.groups));
    said
}

fn missing(path: &TreePath, what: &str, text: &str, made: &BTreeSet<String>) -> Option<Said> {
    let names: BTreeSet<&str> = lines(text).filter_map(|line| line.split(':').next()).collect();
    let missing: Vec<String> = names
        .into_iter()
        .filter(|name| !name.is_empty() && !made.contains(*name))
        .map(|name| format!("`{}`", shown(name.as_bytes())))
        .collect();
    let more = missing.len().saturating_sub(MOST_NAMES);
    let listed = missing[..missing.len() - more].join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!missing.is_empty()).then(|| Said::at(path, format!("sysusers.d has no {what} {listed}{more}")))
}

fn made(subject: &Subject<'_>) -> Made {
    let mut made = Made::default();
    for (path, text) in subject.texts("usr/lib/sysusers.d", ".conf") {
        for line in lines(&text) {
            let found = words(line, 2).unwrap_or_default();
            let found: Vec<_> = found.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
            match found.as_slice() {
                // A user has a group of its own name.
                [kind, name] if matches!(kind.as_str(), "u" | "u!") => {
                    made.users.insert(name.clone());
                    made.groups.insert(name.clone());
                }
                [kind, name] if kind == "g" => {
                    made.groups.insert(name.clone());
                }
                [_, _] => {}
                _ => made.broken.push(Said::at(path, format!("`{}` cannot be read", shown(line.as_bytes())))),
            }
        }
    }
    made
}
