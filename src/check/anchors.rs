//! Where a page can be entered.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::{Finding, Place, Source, nearest};
use crate::tutorial::Tutorial;

/// What a page can be entered at.
pub(super) struct Anchors(BTreeSet<String>);

impl Anchors {
    /// Returns the anchors of a page; `None` where a part of it is missing, which may have had more.
    pub(super) fn of_read(tutorial: &Tutorial, findings: &[Finding]) -> Option<Self> {
        let is_whole = findings.iter().all(|finding| finding.code != "bad-include");
        is_whole.then(|| Self::of(tutorial))
    }

    fn of(tutorial: &Tutorial) -> Self {
        let mut anchors: BTreeSet<String> =
            tutorial.headings.iter().map(|heading| heading.anchor.clone()).collect();
        anchors.extend(html_anchors(&tutorial.source));
        for include in &tutorial.includes {
            anchors.extend(html_anchors(&include.source));
        }
        Self(anchors)
    }

    /// Returns what is wrong with a link to an anchor of this page, which stands at a place.
    ///
    /// An anchor that differs in punctuation or case is right for some renderers, and is a warning.
    pub(super) fn check(&self, place: Place, anchor: &str) -> Option<Finding> {
        if self.0.contains(anchor) {
            return None;
        }
        let same = |other: &&String| letters(other) == letters(anchor);
        let finding = match self.0.iter().find(same) {
            Some(other) => {
                let message = format!("link to `#{anchor}` depends on how the page is rendered");
                Finding::warning("inexact-anchor", message).help(format!("write `#{other}`"))
            }
            None => {
                let longer = || self.0.iter().map(String::as_str).find(|other| other.starts_with(anchor));
                let near = nearest(anchor, self.0.iter().map(String::as_str)).or_else(longer);
                Finding::error("dead-anchor", format!("there is no heading or anchor `#{anchor}`"))
                    .maybe_help(near.map(|near| format!("did you mean `#{near}`?")))
            }
        };
        Some(finding.at(place))
    }
}

/// Finds the ids of HTML elements, and those that attribute lists give.
fn html_anchors(source: &Source) -> Vec<String> {
    static TAG: LazyLock<Regex> = LazyLock::new(|| compiled(r"<[A-Za-z][^<>]*>|\{:?[^{}\n]*\}"));
    static ID: LazyLock<Regex> = LazyLock::new(|| {
        compiled(r#"(?i)\s(?:id|name)\s*=\s*(?:"([^"]+)"|'([^']+)'|([^"'\s>]+))|[{\s]#([\w.:-]+)"#)
    });
    let ids = TAG.find_iter(source.text()).flat_map(|tag| ID.captures_iter(tag.as_str()));
    ids.filter_map(|found| found.iter().skip(1).flatten().next().map(|id| id.as_str().to_owned())).collect()
}

fn letters(anchor: &str) -> String {
    anchor.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the expression is fixed and tested")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(html_anchors(&Source::new("a.md", text)), expected);
    }

    #[test]
    fn elements_have_ids_and_names() {
        check("<a name=\"one\"></a> <A ID='two'> <h2 class=x id=three>\n", &["one", "two", "three"]);
        check("<img alt=\"a\"\n id=\"b\">\n<br/>\n", &["b"]);
        check("a < b id=x > c\n", &[]);
    }

    #[test]
    fn attribute_lists_have_ids() {
        check("Text {: #one .note}\n\n[span]{#two}\n", &["one", "two"]);
        check("{}\n{\n#x\n}\n", &[]);
    }
}
