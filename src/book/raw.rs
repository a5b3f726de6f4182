//! Elements that authors open with HTML, and where they end.

/// Elements that were opened by HTML and not yet closed, within the Markdown around them.
///
/// Authors leave tags open, and close what they never opened. Neither may change what stands around the page.
#[derive(Debug, Default)]
pub(super) struct RawElements {
    /// Names, innermost last; `None` is where Markdown began.
    open: Vec<Option<String>>,
}

impl RawElements {
    /// Notes that Markdown begins.
    pub(super) fn enter(&mut self) {
        self.open.push(None);
    }

    /// Returns the end tags of what is open where Markdown ends.
    pub(super) fn leave(&mut self) -> String {
        let mut html = String::new();
        while let Some(Some(name)) = self.open.pop() {
            html.push_str(&end_tag(&name));
        }
        html
    }

    /// Notes that an element was opened.
    pub(super) fn open(&mut self, name: &str) {
        self.open.push(Some(name.to_owned()));
    }

    /// Returns the end tag of an element, after those of what is open inside of it; nothing where none is open.
    pub(super) fn close(&mut self, name: &str) -> String {
        let inside = self.open.iter().rev().take_while(|open| open.is_some());
        let Some(depth) = inside.flatten().position(|open| open == name) else { return String::new() };
        let inside: String =
            (0..depth).filter_map(|_| self.open.pop().flatten()).map(|name| end_tag(&name)).collect();
        self.open.pop();
        format!("{inside}</{name}>")
    }
}

/// Returns the end tag that an element needs which its author did not close: some end with what is around them.
fn end_tag(name: &str) -> String {
    const ENDS_BY_ITSELF: &[&str] = &[
        "colgroup", "dd", "dt", "li", "optgroup", "option", "p", "rp", "rt", "tbody", "td", "tfoot", "th",
        "thead", "tr",
    ];
    if ENDS_BY_ITSELF.contains(&name) { String::new() } else { format!("</{name}>") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_closed_and_nothing_else() {
        let mut raw = RawElements::default();
        raw.open("div");
        raw.enter();
        assert_eq!(raw.close("div"), "", "the Markdown inside of it has not ended");
        raw.open("b");
        raw.open("li");
        raw.open("i");
        assert_eq!(raw.close("b"), "</i></b>", "a list's item ends by itself");
        raw.open("span");
        assert_eq!(raw.leave(), "</span>");
        assert_eq!(raw.close("section"), "");
        assert_eq!(raw.close("div"), "</div>");
    }
}
