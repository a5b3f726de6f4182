//! Machine paths, under names that are the same everywhere.

/// Returns a text with each path replaced by its name in angle brackets.
///
/// The longest path that fits wins. A path counts only as whole components: `/tmp/run` is not
/// found in `/tmp/run2`, but is in `/tmp/run/file` and `/tmp/run:`.
pub fn hide_paths(text: &str, paths: &[(&str, &str)]) -> String {
    let mut paths: Vec<(&str, &str)> =
        paths.iter().map(|(path, name)| (path.trim_end_matches('/'), *name)).collect();
    paths.retain(|(path, _)| !path.is_empty() && text.contains(path));
    if paths.is_empty() {
        return text.to_owned();
    }
    paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    let Ok(finder) = aho_corasick::AhoCorasick::builder()
        .match_kind(aho_corasick::MatchKind::LeftmostLongest)
        .build(paths.iter().map(|(path, _)| path))
    else {
        return text.to_owned();
    };
    let mut hidden = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = finder.find(aho_corasick::Input::new(text).range(at..)) {
        hidden.push_str(&text[at..found.start()]);
        at = found.end();
        // A longer path may have been no component; a shorter one at the same place may be.
        match whole_component(&text[found.start()..], &paths) {
            Some((path, name)) => {
                hidden.push_str(&format!("<{name}>"));
                at = found.start() + path.len();
            }
            None => hidden.push_str(&text[found.range()]),
        }
    }
    hidden.push_str(&text[at..]);
    hidden
}

fn whole_component<'a>(text: &str, paths: &[(&'a str, &'a str)]) -> Option<(&'a str, &'a str)> {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let fits = |path: &str| text.strip_prefix(path).is_some_and(|rest| !rest.starts_with(goes_on));
    paths.iter().copied().find(|(path, _)| fits(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let paths =
            [("/tmp/run", "run"), ("/tmp/run/workspace/", "workspace"), ("", "nothing"), ("/", "root")];
        assert_eq!(hide_paths(text, &paths), expected);
    }

    #[test]
    fn longest_whole_path_is_hidden() {
        check("in /tmp/run/workspace/a: ok", "in <workspace>/a: ok");
        check("/tmp/run/workspace2 /tmp/run", "<run>/workspace2 <run>");
        check("/tmp/run2 /tmp/run-x /tmp/rum", "/tmp/run2 /tmp/run-x /tmp/rum");
        check("é/tmp/run.", "é<run>.");
        check("", "");
    }

    #[test]
    fn no_paths_change_nothing() {
        assert_eq!(hide_paths("/tmp/x", &[]), "/tmp/x");
    }
}
