//! Parts of an output that are another every time.

use std::sync::LazyLock;

use regex::Regex;

use super::canonical::{DATE, DURATION};

/// Returns a line with its volatile parts replaced by `[..]`, or `None` when it has none.
///
/// Volatile are digests and other long hexadecimal numbers, UUIDs, dates, durations, temporary
/// paths, process numbers and addresses with a port.
pub(super) fn masked(line: &str) -> Option<String> {
    let text = TEMPORARY.replace_all(line, "[..]");
    let text = DATE.replace_all(&text, "[..]");
    let text = HEX.replace_all(&text, has_digit_and_letter);
    let text = DURATION.replace_all(&text, "[..]");
    let text = NUMBERED.replace_all(&text, "${1}[..]");
    (text != line).then(|| text.into_owned())
}

/// A word such as `deadbeef` is no digest, and neither is a plain number.
fn has_digit_and_letter(found: &regex::Captures<'_>) -> String {
    let text = &found[0];
    let is_random = text.len() >= 32
        || (text.contains(|c: char| c.is_ascii_digit()) && text.contains(|c: char| c.is_ascii_alphabetic()));
    if is_random { "[..]".to_owned() } else { text.to_owned() }
}

static HEX: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"\b(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{7,})\b"));

static TEMPORARY: LazyLock<Regex> = LazyLock::new(|| compiled(r#"/(?:var/)?tmp/[^\s:'",;)]+"#));

static NUMBERED: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)(\bpid[ =:]+|\b(?:localhost|127\.0\.0\.1|\[::1?\]):)\d+\b"));

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the expression is fixed and tested")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(masked(line).as_deref().unwrap_or(line), expected);
    }

    #[test]
    fn volatile_parts_are_masked() {
        check(&format!("sha256:{} ok", "0a".repeat(32)), "sha256:[..] ok");
        check("commit 3f2a9bc", "commit [..]");
        check("id 123e4567-e89b-12d3-a456-426614174000", "id [..]");
        check("took 1.2s at 2026-01-02T03:04:05Z", "took [..] at [..]");
        check("in /tmp/build.X1y2/image.", "in [..]");
        check("pid 4711, listening on 127.0.0.1:40123", "pid [..], listening on 127.0.0.1:[..]");
    }

    #[test]
    fn lasting_parts_stay() {
        for line in ["defaced facade", "12 layers", "port 8080", "1234567 bytes", "v1.2.3", "tmp/file"] {
            assert_eq!(masked(line), None, "{line}");
        }
    }
}
