//! Which language a script is in.

/// What a script is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Language {
    /// The word after the fence.
    pub(super) word: &'static str,
    /// Whether blocks of it can be steps of a page.
    pub(super) runs: bool,
}

/// Returns the language of a script, going by its first line. Tekton runs one without by `sh`.
pub(super) fn language(script: &str) -> Language {
    let first = script.lines().next().unwrap_or_default();
    let Some(line) = first.strip_prefix("#!") else { return Language { word: "sh", runs: true } };
    let mut words = line.split_whitespace().map(|word| word.rsplit(['/', '\\']).next().unwrap_or(word));
    let program =
        words.find(|word| *word != "env" && *word != "win" && !word.starts_with('-') && !word.contains('='));
    let program = program.unwrap_or_default().trim_end_matches(".exe");
    let (word, runs) = match program {
        "bash" => ("bash", true),
        "sh" | "ash" | "dash" | "busybox" => ("sh", true),
        "zsh" => ("zsh", true),
        "node" | "nodejs" => ("javascript", true),
        "perl" => ("perl", true),
        "ruby" => ("ruby", true),
        "pwsh" | "powershell" => ("powershell", false),
        program if program.starts_with("python") => ("python", true),
        _ => ("text", false),
    };
    Language { word, runs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_the_language() {
        for (line, word) in [
            ("#!/bin/bash -e", "bash"),
            ("#!/usr/bin/env bash", "bash"),
            ("#!/usr/bin/env -S bash -eu", "bash"),
            ("#!/bin/sh", "sh"),
            ("echo", "sh"),
            ("", "sh"),
            ("#!/usr/bin/python3.12", "python"),
            ("#!win pwsh.exe -File", "powershell"),
            ("#!/usr/bin/awk -f", "text"),
        ] {
            assert_eq!(language(line).word, word, "{line}");
        }
    }
}
