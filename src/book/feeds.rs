//! What machines read beside the pages: sitemap, feed, plain text for language models.

use std::fmt::Write as _;

use super::escape::escaped;
use super::shape::Shown;

/// A page as machines are told of it.
pub(super) struct Entry<'a> {
    /// Path in the site, as it stands in a link.
    pub(super) url: String,
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    /// The page as Markdown, as it stands in a link.
    pub(super) markdown: String,
    /// When it was changed, as `2026-11-25`.
    pub(super) changed: Option<&'a str>,
}

/// A change of what is verified.
pub(super) struct Change {
    pub(super) url: String,
    pub(super) title: String,
    pub(super) state: Shown,
    pub(super) at: jiff::Timestamp,
}

/// Returns a sitemap (sitemaps.org, 0.9) of a site that stands at an address.
pub(super) fn sitemap(site: &str, entries: &[Entry<'_>]) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n".to_owned();
    for entry in entries {
        let changed = entry.changed.map(|date| format!("<lastmod>{date}</lastmod>")).unwrap_or_default();
        let _ = writeln!(xml, "<url><loc>{}</loc>{changed}</url>", escaped(&format!("{site}{}", entry.url)));
    }
    xml + "</urlset>\n"
}

/// Returns the changes of what is verified as RSS 2.0, the newest first.
pub(super) fn feed(site: &str, title: &str, mut changes: Vec<Change>) -> String {
    changes.sort_by_key(|change| std::cmp::Reverse(change.at));
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>{}</title><link>{}</link><description>What was run, and what came of it</description>\n",
        escaped(&format!("{title}: verification")),
        escaped(site)
    );
    for change in &changes {
        let link = escaped(&format!("{site}{}", change.url));
        let date = change.at.strftime("%a, %d %b %Y %H:%M:%S GMT");
        let _ = writeln!(
            xml,
            "<item><title>{}: {}</title><link>{link}</link><guid isPermaLink=\"false\">{link} {}</guid><pubDate>{date}</pubDate></item>",
            escaped(&change.title),
            change.state.word(),
            change.at
        );
    }
    xml + "</channel></rss>\n"
}

/// Returns `llms.txt` (llmstxt.org): a title, and each page as Markdown.
pub(super) fn llms(title: &str, description: Option<&str>, entries: &[Entry<'_>]) -> String {
    let mut text = format!("# {title}\n\n");
    text.extend(description.map(|description| format!("> {description}\n\n")));
    text.push_str("## Pages\n\n");
    for entry in entries {
        let about =
            if entry.description.is_empty() { String::new() } else { format!(": {}", entry.description) };
        let _ = writeln!(text, "- [{}]({}){about}", entry.title, entry.markdown);
    }
    text
}
