//! The list of rules as a page of the book.

use std::fmt::Write as _;

use super::table::{RULES, Reference, Rule};

/// The folder of Tekton's admission webhook.
const WEBHOOK: &str = "https://github.com/tektoncd/pipeline/blob/main/pkg/apis/pipeline/v1";
/// Tekton's documentation.
const DOCUMENTATION: &str = "https://github.com/tektoncd/pipeline/blob/main/docs";

/// Returns a row for each rule, as Markdown.
pub fn rules_reference() -> String {
    let mut text = String::from("| code | severity | demands | why |\n| --- | --- | --- | --- |\n");
    for rule in RULES {
        let Rule { id, severity, demands, .. } = rule;
        let _ = writeln!(text, "| `{id}` | {severity} | {demands} | {} |", why(rule.reference));
    }
    text
}

fn why(reference: Reference) -> String {
    match reference {
        Reference::Webhook(file) => format!("[webhook]({WEBHOOK}/{file})"),
        Reference::Tekton(page) => format!("[Tekton]({DOCUMENTATION}/{page}.md)"),
        Reference::Page(address) => {
            let host = address.trim_start_matches("https://").split('/').next().unwrap_or_default();
            format!("[{host}]({address})")
        }
        Reference::Guide => "[guide](../guide/konflux-check.md)".to_owned(),
    }
}
