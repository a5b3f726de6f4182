//! Asks a shell whether it can read a text.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::parallel;
use regex::Regex;

/// A shell that reads scripts without running them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Shell {
    /// GNU bash.
    Bash,
    /// The system's POSIX shell.
    Sh,
    /// Z shell.
    Zsh,
}

impl Shell {
    /// Returns the program's name.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Sh => "sh",
            Self::Zsh => "zsh",
        }
    }

    /// Returns the arguments that make it read its standard input, run nothing and load no startup file.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            // A page may switch `extglob` on, which a shell that runs nothing does not notice.
            Self::Bash => &["--norc", "--noprofile", "-O", "extglob", "-n", "/dev/stdin"],
            Self::Sh => &["-n", "/dev/stdin"],
            Self::Zsh => &["-f", "-n", "/dev/stdin"],
        }
    }
}

/// What a shell says about a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It can read it.
    Fine,
    /// It cannot.
    Complaint(Complaint),
    /// There is no such shell, or it could not be started.
    NoShell,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    /// Line in the text, counted from 1, where the shell says one.
    pub(super) line: Option<usize>,
    /// The shell's words.
    pub(super) message: String,
}

/// Asks about many texts, each in a process of its own.
///
/// One process for all of them would not do: a quote that one text leaves open, the next one closes.
/// Texts that are plain words are never asked about, and equal ones once.
pub(super) fn ask<'a>(
    texts: impl IntoIterator<Item = (Shell, &'a str)>,
) -> BTreeMap<(Shell, &'a str), Answer> {
    let mut answers: BTreeMap<(Shell, &str), Answer> =
        texts.into_iter().map(|text| (text, Answer::Fine)).collect();
    let questions: Vec<(Shell, &str)> =
        answers.keys().copied().filter(|(shell, text)| *shell == Shell::Zsh || !is_plain(text)).collect();
    let asked = parallel::map(&questions, |(shell, text)| ask_one(*shell, text));
    answers.extend(questions.into_iter().zip(asked));
    answers
}

fn ask_one(shell: Shell, text: &str) -> Answer {
    let run = duct::cmd(shell.program(), shell.arguments())
        .env_remove("BASH_ENV")
        .env_remove("ENV")
        .env("LC_ALL", "C.UTF-8")
        .stdin_bytes(text)
        .stdout_null()
        .stderr_capture()
        .unchecked();
    match run.run() {
        // One that was killed has judged nothing.
        Ok(output) if output.status.code().is_none() => Answer::NoShell,
        Ok(output) => complaint(&String::from_utf8_lossy(&output.stderr), output.status.success()),
        Err(_) => Answer::NoShell,
    }
}

/// Reads what a shell wrote. Of several lines the first is the cause.
fn complaint(written: &str, success: bool) -> Answer {
    static LINE: LazyLock<Regex> = LazyLock::new(|| compiled(r"^[^:]*:\s*(?:line )?(\d+):\s*(.+)$"));
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| compiled("`(.+)'"));
    let found = written.lines().find_map(|line| LINE.captures(line));
    let message = |text: &str| {
        let text = text.trim_start_matches("warning: ").trim_start_matches("Syntax error: ");
        QUOTED.replace(text, "`$1`").into_owned()
    };
    match found {
        Some(found) => {
            Answer::Complaint(Complaint { line: found[1].parse().ok(), message: message(&found[2]) })
        }
        None if success => Answer::Fine,
        None => Answer::Complaint(Complaint { line: None, message: "syntax error".to_owned() }),
    }
}

/// Returns whether a text is words alone, which every shell can read.
fn is_plain(text: &str) -> bool {
    static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
        compiled(r#"^(?:[\w./:=,@%+~^ \t-]|\$\w|"(?:[^"`$\\!]|\$\w)*"|'[^']*')*(?:[ \t]\\)?$"#)
    });
    static RESERVED: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"^\s*(?:if|then|else|elif|fi|case|esac|for|select|while|until|do|done|in|function|time|coproc)\b",
        )
    });
    let mut continued = false;
    text.lines().all(|line| {
        let comment = !continued && line.trim_start().starts_with('#');
        continued = line.ends_with('\\') && !comment;
        comment || (PLAIN.is_match(line) && !RESERVED.is_match(line))
    })
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the expression is fixed and tested")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(shell: Shell, text: &str, expected: Option<(usize, &str)>) {
        let answers = ask([(shell, text)]);
        let expected = match expected {
            None => Answer::Fine,
            Some((line, message)) => {
                Answer::Complaint(Complaint { line: Some(line), message: message.to_owned() })
            }
        };
        assert_eq!(answers[&(shell, text)], expected, "{text:?}");
    }

    #[test]
    fn texts_that_shells_can_read_are_fine() {
        check(Shell::Bash, "", None);
        check(Shell::Bash, "a=(1 2)\nfor x in \"${a[@]}\"; do echo $x; done\n[[ a =~ (b) ]]\n", None);
        check(Shell::Bash, "shopt -s extglob\nrm !(*.md)\ncat <(ls)\n", None);
        check(Shell::Bash, "cat <<'EOF'\nfi )\nEOF\n", None);
        check(Shell::Sh, "if true; then ls; fi\n", None);
    }

    #[test]
    fn mistakes_have_a_line() {
        check(Shell::Bash, "ls\nfi\n", Some((2, "syntax error near unexpected token `fi`")));
        check(
            Shell::Bash,
            "ls\n\necho \"a\nb\n",
            Some((3, "unexpected EOF while looking for matching `\"`")),
        );
        check(
            Shell::Bash,
            "ls\ncat <<EOF\nx\n",
            Some((3, "here-document at line 2 delimited by end-of-file (wanted `EOF`)")),
        );
        check(Shell::Sh, "ls\nfi\n", Some((2, "\"fi\" unexpected")));
    }

    #[test]
    fn nothing_is_executed() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("made");
        let text = format!("touch '{}'; $(touch '{0}')\n", file.display());
        check(Shell::Bash, &text, None);
        check(Shell::Sh, &text, None);
        assert!(!file.exists());
    }

    #[test]
    fn plain_words_need_no_shell() {
        for text in ["ls", "sudo apt-get install -y a \\\n  b\n", "# it's\ncd \"$HOME/x y\"\n", "a='x $(' b"]
        {
            assert!(is_plain(text), "{text}");
        }
        let others = [
            "fi",
            "  do",
            "a | b",
            "echo \"a",
            "it's",
            "a \\\n # it's",
            "$'a\\'b'c'",
            "echo $(ls)",
            "a=(1)",
            "a\\b",
            "i\\\nf",
        ];
        for text in others {
            assert!(!is_plain(text), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn plain_words_are_what_bash_can_read(text in r#"[a#$"'\\ \n=~!{}if-]{0,16}"#) {
            prop_assume!(is_plain(&text));
            prop_assert_eq!(ask_one(Shell::Bash, &text), Answer::Fine);
        }
    }
}
