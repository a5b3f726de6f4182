//! What machines read beside the pages: sitemap, feed, plain text for language models.

use std::fmt::Write as _;

use super::ansi::ansi_text;
use super::escape::escaped;
use super::shape::Shown;

/// How many items the feed has at most: readers ask for it often.
const MOST_ITEMS: usize = 100;

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

/// What is known about a tutorial: a change where that was not known before.
pub(super) struct Change {
    pub(super) url: String,
    pub(super) title: String,
    pub(super) state: Shown,
    /// What came of the run, and why it is shown so.
    pub(super) about: String,
    /// What was run, or would be now: another page in the same state is a change.
    pub(super) fingerprint: String,
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
///
/// `before` is the feed of the site that was there: its items stay, and what it tells last of a tutorial is no change.
pub(super) fn feed(site: &str, title: &str, mut known: Vec<Change>, before: &str) -> String {
    known.sort_by_key(|change| std::cmp::Reverse(change.at));
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>{}</title><link>{}</link><description>What was run, and what came of it</description>\n",
        escaped(&format!("{title}: verification")),
        escaped(site)
    );
    let told: Vec<&str> = before.lines().filter(|line| line.starts_with("<item>")).collect();
    let news = known.iter().filter_map(|change| item(site, change, &told));
    for item in news.chain(told.iter().map(|item| (*item).to_owned())).take(MOST_ITEMS) {
        xml.push_str(&item);
        xml.push('\n');
    }
    xml + "</channel></rss>\n"
}

/// Returns the item of a change; `None` where the last item of its page that was told says the same.
fn item(site: &str, change: &Change, told: &[&str]) -> Option<String> {
    let link = escaped(&format!("{site}{}", change.url));
    let fingerprint = change.fingerprint.get(..12).unwrap_or(&change.fingerprint);
    let mut id = format!("{link} {} {fingerprint}", change.state.word());
    let of_page =
        || told.iter().filter_map(|item| between(item, "\">", "</guid>")).filter(|id| is_of(id, &link));
    let says_it =
        |told: &str| told.strip_prefix(&id).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    if of_page().next().is_some_and(says_it) {
        return None;
    }
    if of_page().any(says_it) {
        // It was so before, and was not in between: readers pass over what they know by its id.
        let _ = write!(id, " {}", change.at);
    }
    Some(format!(
        "<item><title>{}: {}</title><link>{link}</link><description>{}</description><guid isPermaLink=\"false\">{id}</guid><pubDate>{}</pubDate></item>",
        line(&change.title),
        change.state.word(),
        line(&change.about),
        change.at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    ))
}

/// Returns a text as XML on one line.
fn line(text: &str) -> String {
    escaped(&ansi_text(text).replace('\n', " "))
}

fn is_of(id: &str, link: &str) -> bool {
    id.strip_prefix(link).is_some_and(|rest| rest.starts_with(' '))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn known(state: Shown, fingerprint: &str, at: &str) -> Vec<Change> {
        vec![Change {
            url: "a.html".to_owned(),
            title: "A <b>".to_owned(),
            state,
            about: "1 of 1 block run".to_owned(),
            fingerprint: fingerprint.to_owned(),
            at: at.parse().unwrap(),
        }]
    }

    #[test]
    fn feed_tells_changes_and_nothing_twice() {
        let ids = |feed: &str| -> Vec<String> {
            let items = feed.lines().filter_map(|line| between(line, "\">", "</guid>"));
            items.map(|id| id.replace("https://x.org/a.html ", "")).collect()
        };
        let next = |before: &str, known| feed("https://x.org/", "B", known, before);
        let first = next("", known(Shown::Verified, "one", "2026-11-01T00:00:00Z"));
        assert_eq!(ids(&first), ["verified one"]);
        assert!(
            first.contains("<title>A &lt;b&gt;: verified</title>") && !first.contains("A <b>"),
            "{first}"
        );
        let again = next(&first, known(Shown::Verified, "one", "2026-11-02T00:00:00Z"));
        assert_eq!(again, first, "a run that changes nothing is no news");
        let stale = next(&again, known(Shown::Stale, "two", "2026-11-03T00:00:00Z"));
        assert_eq!(ids(&stale), ["stale two", "verified one"]);
        let back = next(&stale, known(Shown::Verified, "one", "2026-11-04T00:00:00Z"));
        assert_eq!(ids(&back), ["verified one 2026-11-04T00:00:00Z", "stale two", "verified one"]);
        assert_eq!(next(&back, known(Shown::Verified, "one", "2026-11-05T00:00:00Z")), back);
    }
}
