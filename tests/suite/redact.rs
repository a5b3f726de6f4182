//! Replaces what differs from run to run by a word that says what stood there.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// What to look for, and what is shown for it.
const VOLATILE: &[(&str, &str)] = &[
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIMESTAMP]"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "[TIMESTAMP]"),
    (r"(<dt>Machine</dt>\s*<dd>)[^<]*", "${1}[HOST]"),
    (r"(<dt>Stagebook</dt>\s*<dd>)[^<]*", "${1}[VERSION]"),
    (r"(</time></span><span>)[^<]*", "${1}[HOST]"),
    (r#""message":"(\w+) \d{4}-\d\d-\d\d""#, r#""message":"$1 [DATE]""#),
    (r#""(elapsed|duration|run_time|seconds|age)":(\s*)[0-9.e-]+"#, r#""$1":$2"[SECONDS]""#),
    (r#"\btime="[0-9.]+""#, r#"time="[SECONDS]""#),
    (r" {2,}\d+\.\d+s {2,}", "  [DURATION]  "),
    (r"\b\d+\.\d+s\b|\b\d+m \d\ds\b", "[DURATION]"),
    (r"section_(start|end):\d+", "section_$1:[TIMESTAMP]"),
    (r"\b[0-9a-f]{64}\b", "[DIGEST]"),
    (r"\bprocess \d+", "process [PID]"),
    (r#""(distribution|architecture|kernel)":(\s*)"[^"]*""#, r#""$1":$2"[HOST]""#),
    (r#"name="host" value="[^"]*""#, r#"name="host" value="[HOST]""#),
    (r#"("stagebook":\s*|name="stagebook" value=)"[0-9.]+""#, r#"$1"[VERSION]""#),
    (r"install it with `[^`]*`", "install it with `[COMMAND]`"),
    (r"is version [0-9][0-9.]*\d", "is version [VERSION]"),
    (r"\bstagebook-[A-Za-z0-9]{6}\b", "stagebook-[RANDOM]"),
    (r#"("jobs":\s*)\d+"#, "$1[PROCESSORS]"),
    (r"\boutputs-\d+", "outputs-[RUN]"),
];

static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let compile = |(pattern, word): &(&'static str, &'static str)| {
        (Regex::new(pattern).expect("the patterns above compile"), *word)
    };
    VOLATILE.iter().map(compile).collect()
});

/// Returns a text without times, digests, process ids and paths of this machine.
pub(crate) fn redact(text: &str, folder: &Path) -> String {
    let text = text.replace(folder.to_string_lossy().as_ref(), "[TEMP]");
    PATTERNS.iter().fold(text, |text, (pattern, word)| pattern.replace_all(&text, *word).into_owned())
}

#[test]
fn what_differs_from_run_to_run_is_named() {
    let check = |text: &str, expected: &str| assert_eq!(redact(text, Path::new("/tmp/x")), expected);
    check("passed in 0.03s", "passed in [DURATION]");
    check("timeout 5s, 1m", "timeout 5s, 1m");
    check("timeout 5s, 1m", "timeout 5s, 1m");
    check("took 1m 05s", "took [DURATION]");
    check("/tmp/x/project/page.md:1", "[TEMP]/project/page.md:1");
    check(r#"{"elapsed":5e-6,"jobs":2}"#, r#"{"elapsed":"[SECONDS]","jobs":[PROCESSORS]}"#);
    check("2026-01-02T03:04:05.678Z", "[TIMESTAMP]");
}
