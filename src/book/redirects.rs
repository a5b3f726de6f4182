//! Old addresses that lead to new ones: whole pages, and parts of pages.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::escape::escaped;
use super::links::{in_site, is_external};
use crate::diagnostic::normal_path;

/// Where an old page, and parts of it, went.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// Where the page went; none where only parts did.
    pub(super) page: Option<String>,
    /// Where parts went, by their fragments: `#old`.
    pub(super) parts: BTreeMap<String, String>,
}

/// Returns what moved, by the old paths in the site; what leaves the site is left out.
pub(super) fn moved(redirects: &BTreeMap<String, String>) -> BTreeMap<PathBuf, Moved> {
    let mut found: BTreeMap<PathBuf, Moved> = BTreeMap::new();
    for (from, to) in redirects {
        let Some((path, fragment)) = old_place(from) else { continue };
        let moved = found.entry(path).or_default();
        match fragment {
            "" => moved.page = Some(to.clone()),
            _ => {
                moved.parts.insert(fragment.to_owned(), to.clone());
            }
        }
    }
    found
}

/// Returns the file of the site at an old address, and the fragment with its `#`; `None` for what leaves the site.
///
/// An address that ends in `/` is one of a folder, whose page is its index.
pub(super) fn old_place(from: &str) -> Option<(PathBuf, &str)> {
    let (address, fragment) = from.split_at(from.find('#').unwrap_or(from.len()));
    let mut path = normal_path(Path::new(address.trim_start_matches('/')));
    if address.ends_with('/') {
        path.push("index.html");
    }
    let stays = path.components().all(|part| matches!(part, Component::Normal(_)));
    (stays && !path.as_os_str().is_empty()).then_some((path, fragment))
}

/// Returns whether a redirect from a file of the site leads to a file that the site should have and has not.
pub(super) fn leads_to_nothing(to: &str, from: &Path, is_written: impl Fn(&Path) -> bool) -> bool {
    let (link, _) = to.split_at(to.find(['?', '#']).unwrap_or(to.len()));
    // Nothing says what lies at the root of the site's host.
    if link.is_empty() || link.starts_with('/') || is_external(link) {
        return false;
    }
    let path = in_site(link, from);
    !path.starts_with("..") && !is_written(&path) && !is_written(&path.join("index.html"))
}

impl Moved {
    /// Returns a page that leads on; `None` where only parts of it went elsewhere.
    pub(super) fn stub(&self) -> Option<String> {
        let to = self.page.as_deref()?;
        let href = escaped(to);
        Some(format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Moved</title>\
             <meta name=\"robots\" content=\"noindex\"><link rel=\"canonical\" href=\"{href}\">\
             <script>const parts = {parts}, to = {to};\
             location.replace(parts[location.hash] ?? (to.includes(\"#\") ? to : to + location.hash));</script>\
             <noscript><meta http-equiv=\"refresh\" content=\"0; url={href}\"></noscript></head>\
             <body><main><h1>Moved</h1><p>This page is now <a href=\"{href}\">here</a>.</p></main></body></html>\n",
            parts = in_script(&self.parts),
            to = in_script(&to),
        ))
    }

    /// Returns what leads on from parts that left a page which is still there; nothing where none did.
    pub(super) fn script(&self) -> String {
        if self.parts.is_empty() {
            return String::new();
        }
        let parts = in_script(&self.parts);
        format!(
            "<script>{{ const to = ({parts})[location.hash]; if (to && !document.getElementById(location.hash.slice(1))) location.replace(to); }}</script>\n"
        )
    }
}

/// Returns a value as JSON that a script element can hold.
fn in_script(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_string(value).expect("texts are JSON");
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_parts_lead_on() {
        let redirects = [
            ("/a.html", "b.html"),
            ("/a.html#x", "c.html#y"),
            ("d/e.html#z", "../b.html"),
            ("../out.html", "x"),
            ("#only", "x"),
        ];
        let redirects = redirects.map(|(from, to)| (from.to_owned(), to.to_owned()));
        let found = moved(&redirects.into());
        let names: Vec<&Path> = found.keys().map(PathBuf::as_path).collect();
        assert_eq!(names, [Path::new("a.html"), Path::new("d/e.html")]);
        let stub = found[Path::new("a.html")].stub().unwrap();
        assert!(stub.contains("{\"#x\":\"c.html#y\"}") && stub.contains("0; url=b.html"), "{stub}");
        let parts = &found[Path::new("d/e.html")];
        assert_eq!(parts.stub(), None);
        assert!(parts.script().contains("{\"#z\":\"../b.html\"}"));
    }

    #[test]
    fn address_of_a_folder_is_its_index() {
        let path = |from| old_place(from).map(|(path, fragment)| format!("{}{fragment}", path.display()));
        let of = |from| path(from).unwrap_or_default();
        assert_eq!(
            [of("/d/"), of("/d/#x"), of("/"), of("d"), of("#x"), of("/../")],
            ["d/index.html", "d/index.html#x", "index.html", "d", "", ""]
        );
    }

    #[test]
    fn no_target_ends_the_script() {
        let moved = Moved { page: Some("</script>\"x".into()), parts: BTreeMap::new() };
        let stub = moved.stub().unwrap();
        assert_eq!(stub.matches("</script>").count(), 1, "{stub}");
        assert_eq!(moved.script(), "");
    }
}
