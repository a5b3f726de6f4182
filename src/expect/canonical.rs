//! What is made equal before texts are compared.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::Normalise;

/// Returns a line in the form in which differences that do not count are gone.
///
/// Both sides of a comparison go through here: durations and dates where that is asked, and
/// always the place that a shell names before a message, which a script has and a prompt has not.
pub(super) fn canonical<'a>(line: &'a str, normalise: &Normalise) -> Cow<'a, str> {
    let mut text = without_shell_place(line);
    if normalise.dates {
        text = replace(text, &DATE, "<date>");
    }
    if normalise.durations {
        text = replace(text, &DURATION, "<duration>");
    }
    text
}

/// Returns a whole text in canonical form, line by line.
pub(super) fn canonical_text(text: &str, normalise: &Normalise) -> String {
    text.split('\n').map(|line| canonical(line, normalise)).collect::<Vec<_>>().join("\n")
}

fn replace<'a>(text: Cow<'a, str>, pattern: &Regex, name: &str) -> Cow<'a, str> {
    match pattern.replace_all(&text, name) {
        Cow::Borrowed(_) => text,
        Cow::Owned(replaced) => Cow::Owned(replaced),
    }
}

/// `bash: line 42: no such file` is `bash: no such file` at a prompt.
fn without_shell_place(line: &str) -> Cow<'_, str> {
    // Nearly no line starts so; this keeps the expression away from all others.
    let start = line.split_once(':').map_or("", |(start, _)| start);
    if !matches!(start.rsplit('/').next(), Some("bash" | "zsh" | "sh" | "dash" | "ksh")) {
        return Cow::Borrowed(line);
    }
    SHELL_PLACE.replace(line, "$shell: ")
}

static SHELL_PLACE: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"^(?:/\S*/)?(?<shell>bash|zsh|sh|dash|ksh):(?: ?line)? ?\d+: "));

/// Units with one letter must follow their number at once, or `3 m of cable` were a duration.
pub(super) static DURATION: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"\b(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h|d)(?:\s?\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))*",
        r"|\d+(?:\.\d+)?\s(?:ns|us|µs|μs|ms|s|secs?|seconds?|mins?|minutes?|hours?|days?)",
        r"|\d+(?:\.\d+)?(?:secs?|seconds?|mins?|minutes?|hours?))\b",
    ))
});

/// RFC 3339 and what `date`, `ls`, git, HTTP and container tools print.
pub(super) static DATE: LazyLock<Regex> = LazyLock::new(|| {
    const TIME: &str = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AP]M\b)?";
    const ZONE: &str = r"(?:Z\b| ?[+-]\d{2}:?\d{2}\b)?(?: ?(?:UTC|GMT|CES?T|[ECMP][SD]T)\b)?";
    const MONTH: &str = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*";
    const DAY: &str = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?";
    let forms = [
        format!(r"\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]{TIME}{ZONE})?"),
        format!(r"{DAY}{MONTH} {{1,2}}\d{{1,2}},? (?:{TIME}{ZONE} )?\d{{4}}\b"),
        format!(r"{DAY}\d{{1,2}} {MONTH} \d{{4}}\b(?:,? {TIME}{ZONE})?"),
        format!(r"\d{{1,2}}:\d{{2}}:\d{{2}}(?:[.,]\d+)?{ZONE}"),
    ];
    compiled(&format!(r"\b(?:{})", forms.join("|")))
});

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the expression is fixed and tested")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let all = Normalise { keep_ansi: false, durations: true, dates: true };
        assert_eq!(canonical(line, &all), expected, "{line:?}");
    }

    #[test]
    fn nothing_changes_unless_asked() {
        let line = "took 1.2s at 2026-01-02";
        assert!(matches!(canonical(line, &Normalise::default()), Cow::Borrowed(same) if same == line));
    }

    #[test]
    fn place_of_a_shell_message_goes() {
        check("bash: line 42: nope: command not found", "bash: nope: command not found");
        check("zsh:42: nope", "zsh: nope");
        check("sh: 1: nope: not found", "sh: nope: not found");
        check("/bin/sh: 1: nope", "sh: nope");
        check("bash: line of text", "bash: line of text");
        check("crash: line 42: x", "crash: line 42: x");
    }

    #[test]
    fn durations_are_found() {
        for text in ["1.2s", "3 ms", "1m05s", "1h 2m 3s", "12 seconds", "0.04s", "5min", "250µs"] {
            check(&format!("took {text}, fine"), "took <duration>, fine");
        }
        for text in ["3 m of cable", "a14s", "v1.2.3", "5 apples", "10%"] {
            check(text, text);
        }
    }

    #[test]
    fn dates_are_found() {
        for text in [
            "2026-01-02",
            "2026-01-02T15:04:05Z",
            "2026-01-02T15:04:05.123456789+01:00",
            "2026-01-02 15:04:05 +0000 UTC",
            "2026-01-02 15:04",
            "Mon, 02 Jan 2026 15:04:05 GMT",
            "Fri Jan  2 15:04:05 UTC 2026",
            "Jan 2, 2026",
            "15:04:05",
        ] {
            check(&format!("on {text}."), "on <date>.");
        }
        for text in ["1.2.3-4", "fedora:44", "12:30"] {
            check(text, text);
        }
    }
}
