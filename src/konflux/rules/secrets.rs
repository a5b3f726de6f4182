//! Secrets that stand in a file for everyone to read.

use super::report::Report;
use crate::konflux::fields::{elements, entry, field, first_line, scalars, text};
use crate::konflux::object::Object;
use crate::konflux::placeholder::is_template;
use crate::yaml::Node;

/// Text that names a secret by what it looks like.
const TOKENS: &[(&str, &str, usize)] = &[
    ("ghp_", "a token of GitHub", 36),
    ("github_pat_", "a token of GitHub", 40),
    ("glpat-", "a token of GitLab", 20),
    ("AKIA", "a key of AWS", 16),
    ("xoxb-", "a token of Slack", 20),
    ("-----BEGIN RSA PRIVATE KEY", "a private key", 0),
    ("-----BEGIN OPENSSH PRIVATE KEY", "a private key", 0),
    ("-----BEGIN EC PRIVATE KEY", "a private key", 0),
    ("-----BEGIN PRIVATE KEY", "a private key", 0),
];

pub(super) fn no_tokens(object: &Object<'_>, report: &mut Report<'_>) {
    scalars(object.node, &[], &mut |scalar| {
        let text = scalar.text().unwrap_or_default();
        for (mark, what, length) in TOKENS {
            let Some(start) = text.find(mark) else { continue };
            let behind = text[start + mark.len()..].bytes();
            if behind.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count()
                >= *length
            {
                let place = crate::konflux::reference::place_in(scalar, mark);
                report.say(
                    place,
                    format!("the file has what looks like {what}"),
                    "take it out, have it revoked, and refer to a Secret: `secretKeyRef`",
                );
            }
        }
    });
}

pub(super) fn no_passwords(object: &Object<'_>, report: &mut Report<'_>) {
    each_named_value(object.node, &mut |name, value| {
        let lower = name.to_ascii_lowercase().replace(['-', '_'], "");
        let is_password =
            ["password", "passwd", "apikey", "token", "accesskey"].iter().any(|end| lower.ends_with(end));
        let text = value.text().unwrap_or_default();
        let is_plain = !text.is_empty()
            && !text.contains("$(")
            && !is_template(text)
            && !text.starts_with('/')
            && !matches!(text, "true" | "false");
        if is_password && is_plain {
            let message = format!("`{name}` has its value in plain text");
            report.say(
                first_line(&value.place),
                message,
                "whoever reads the repository has it: refer to a Secret, with `secretKeyRef` or a workspace",
            );
        }
    });
    if object.group.is_empty() && object.kind == "Secret" {
        let data = ["stringData", "data"].into_iter().filter_map(|key| entry(object.node, key));
        for data in data.filter(|data| data.value.entries().is_some_and(|entries| !entries.is_empty())) {
            report.say(
                data.key_place.clone(),
                "a Secret has its values in plain text",
                "create it on the cluster, and keep its name here alone",
            );
        }
    }
}

/// Calls a function with each item that has a name and a value or a default.
fn each_named_value<'a>(node: &'a Node, take: &mut impl FnMut(&'a str, &'a Node)) {
    if let Some(entries) = node.entries() {
        let value = field(node, "value").or_else(|| field(node, "default"));
        if let (Some(name), Some(value)) = (text(node, "name"), value) {
            take(name, value);
        }
        // A resolver's parameters name the Secret that has the token.
        let inner = entries.iter().filter(|entry| !entry.key.ends_with("Ref") && entry.key != "ref");
        inner.for_each(|entry| each_named_value(&entry.value, take));
    }
    elements(node).iter().for_each(|item| each_named_value(item, take));
}
