//! Transcripts: commands after a prompt, each with the output below it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::expectation;
use super::model::{Text, TranscriptCommand};
use crate::diagnostic::{Finding, Place, Span};

/// Which prompts a block has. One kind rules out the weaker ones: below a `$ `, a `% ` is output.
/// A `# ` alone is none: it may as well begin a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prompt {
    /// `$ `, `user@host:~$ ` and `[root@host ~]# `.
    Dollar,
    /// `% `, of zsh and csh.
    Percent,
}

/// Reads the commands of a block; without any prompt there is none.
pub(crate) fn read(text: &Text, findings: &mut Vec<Finding>) -> Vec<TranscriptCommand> {
    let text = &unindented(text);
    let Some(prompt) = prompt_of(text) else { return Vec::new() };
    let lines = text.content.lines().collect();
    let mut reader = Reader { text, lines, prompt, at: 0, ends: heredoc_ends(text) };
    reader.skip_to_first_prompt(findings);
    let mut commands = Vec::new();
    while reader.at < text.lines.len() {
        commands.push(reader.command(findings));
    }
    commands
}

/// Returns whether a shell block is a transcript: below its comments it begins with a `$ `, which
/// no shell takes for a command.
pub(crate) fn begins_with_prompt(text: &Text) -> bool {
    let mut lines = text.content.lines().map(str::trim_start);
    lines.find(|line| !line.is_empty() && !line.starts_with('#')).is_some_and(|line| line.starts_with("$ "))
}

/// Returns whether a block has a command after a prompt.
pub(crate) fn has_prompt(text: &Text) -> bool {
    prompt_of(&unindented(text)).is_some()
}

/// Returns why a block without commands is none.
pub(crate) fn why_empty(text: &Text) -> String {
    let first = text.content.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if first.starts_with("# ") {
        "`# ` may begin a comment; write `$ `, or the whole prompt as `[root@host ~]# `".to_owned()
    } else {
        "no `$ ` prompt".to_owned()
    }
}

impl TranscriptCommand {
    /// Tells whether a line below the command would be something else than expected output.
    ///
    /// Takes the line, its number from 0, and how many lines of output there are. A prompt begins
    /// another command, a `> ` at once below the command continues it, and a number in brackets at
    /// the end is its exit status.
    pub fn misreads(&self, line: &str, at: usize, count: usize) -> bool {
        let begins_command = prompt_length(line, Prompt::Dollar).is_some()
            || (self.prompt() == Prompt::Percent && prompt_length(line, Prompt::Percent).is_some());
        begins_command
            || (at == 0 && is_continuation(line))
            || (at + 1 == count && exit_status(line).is_some())
    }

    /// Returns the kind of prompt that stands before the command.
    fn prompt(&self) -> Prompt {
        let above = &self.place.source.text()[..self.place.span.start];
        let line = above.rsplit('\n').next().unwrap_or_default().trim_end();
        let before = line.strip_suffix('%').map(|before| before.chars().next_back());
        match before {
            // `me@host:~%` ends in the same mark, but is a prompt of the other kind.
            Some(None | Some(' ' | '\t' | '>')) => Prompt::Percent,
            _ => Prompt::Dollar,
        }
    }
}

struct Reader<'a> {
    text: &'a Text,
    lines: Vec<&'a str>,
    prompt: Prompt,
    at: usize,
    /// Positions of the lines that could end a here-document, by their text.
    ends: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Reader<'a> {
    fn line(&self, at: usize) -> Option<&'a str> {
        self.lines.get(at).copied()
    }

    fn is_prompt(&self, at: usize) -> bool {
        self.line(at).is_some_and(|line| prompt_length(line, self.prompt).is_some())
    }

    fn skip_to_first_prompt(&mut self, findings: &mut Vec<Finding>) {
        while self.at < self.text.lines.len() && !self.is_prompt(self.at) {
            let line = self.line(self.at).unwrap_or_default().trim();
            if line.starts_with("% ") {
                let place = Place::new(&self.text.source, self.text.lines[self.at]);
                let finding =
                    Finding::note("foreign-attribute", "a `% ` line above the first command is not read");
                findings
                    .push(finding.at(place).help("Scrut reads its settings there; stagebook has attributes"));
            } else if !line.is_empty() && !line.starts_with('#') {
                let place = Place::new(&self.text.source, self.text.lines[self.at]);
                let finding = Finding::warning("orphan-expectation", "output with no command before it");
                findings.push(finding.at(place));
            }
            self.at += 1;
        }
    }

    fn command(&mut self, findings: &mut Vec<Finding>) -> TranscriptCommand {
        let first = self.at;
        let mut command = self.take_command_lines();
        command.truncate(command.trim_end().len());
        let start = self.text.lines[first].start
            + self.line(first).and_then(|line| prompt_length(line, self.prompt)).unwrap_or_default();
        let span = Span::new(start, self.text.lines[self.at - 1].end.max(start));
        let (output, exit) = self.take_output();
        let expected = self.expected(output, findings).into_iter().collect();
        TranscriptCommand { command, place: Place::new(&self.text.source, span), exit, expected }
    }

    /// Takes the line with the prompt, and those that continue it.
    fn take_command_lines(&mut self) -> String {
        let first = self.line(self.at).unwrap_or_default();
        let mut command = first[prompt_length(first, self.prompt).unwrap_or_default()..].to_owned();
        self.at += 1;
        let mut last = command.clone();
        loop {
            if let Some(length) = self.heredoc_length(&last) {
                for _ in 0..length {
                    last = self.take_continuation(&mut command);
                }
            } else if self.line(self.at).is_some_and(is_continuation)
                || (ends_in_backslash(&last) && self.at < self.text.lines.len())
            {
                last = self.take_continuation(&mut command);
            } else {
                return command;
            }
        }
    }

    fn take_continuation(&mut self, command: &mut String) -> String {
        let line = without_continuation(self.line(self.at).unwrap_or_default()).to_owned();
        self.at += 1;
        command.push('\n');
        command.push_str(&line);
        line
    }

    /// Returns how many lines belong to the here-document that a line opens, its last line included.
    fn heredoc_length(&self, line: &str) -> Option<usize> {
        let ends = self.ends.get(heredoc_word(line)?)?;
        let end = ends.get(ends.partition_point(|end| *end < self.at))?;
        Some(end + 1 - self.at)
    }

    /// Takes the lines up to the next prompt: the output, and the exit status below it.
    fn take_output(&mut self) -> (Range<usize>, i32) {
        let start = self.at;
        while self.at < self.text.lines.len() && !self.is_prompt(self.at) {
            self.at += 1;
        }
        let mut end = self.at;
        // Blank lines before the next prompt divide commands for the eye.
        while end > start && without_blank_end(self.lines[end - 1]).is_empty() {
            end -= 1;
        }
        let exit = self.lines[start..end].last().and_then(|line| exit_status(line));
        (start..end - usize::from(exit.is_some()), exit.unwrap_or_default())
    }

    fn expected(&self, output: Range<usize>, findings: &mut Vec<Finding>) -> Option<super::ExpectedOutput> {
        let lines = self.text.lines[output.clone()].to_vec();
        let place = Place::new(&self.text.source, Span::new(lines.first()?.start, lines.last()?.end));
        let content = self.lines[output].iter().map(|line| format!("{line}\n")).collect();
        let text = Text { content, source: Arc::clone(&self.text.source), lines };
        expectation::of_lines(text, place, findings)
    }
}

/// Finds every line that is a single word. Looking for the end of each here-document anew
/// would take a time that grows with the square of the block.
fn heredoc_ends(text: &Text) -> BTreeMap<&str, Vec<usize>> {
    let mut ends: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let lines = text.content.lines().map(|line| without_continuation(line).trim_start_matches('\t'));
    for (at, line) in lines.enumerate().filter(|(_, line)| !line.is_empty() && !line.contains(' ')) {
        ends.entry(line).or_default().push(at);
    }
    ends
}

/// Returns a block without the blanks that all of its lines begin with where no prompt stands at the
/// edge: cram, mdx and tesh indent theirs.
fn unindented(text: &Text) -> Text {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let written = || text.content.lines().filter(|line| !line.trim().is_empty());
    let depth = written().map(indent).min().unwrap_or_default();
    if depth == 0 || prompt_of(text).is_some() {
        return text.clone();
    }
    let mut lines = text.lines.clone();
    let mut content = String::with_capacity(text.content.len());
    for (line, span) in text.content.lines().zip(&mut lines) {
        let kept = &line[depth.min(indent(line))..];
        span.start = span.start.max(span.end.saturating_sub(kept.len()));
        content.push_str(kept);
        content.push('\n');
    }
    Text { content, source: Arc::clone(&text.source), lines }
}

fn prompt_of(text: &Text) -> Option<Prompt> {
    if text.content.lines().any(|line| prompt_length(line, Prompt::Dollar).is_some()) {
        return Some(Prompt::Dollar);
    }
    let first = text.content.lines().find(|line| !line.trim().is_empty())?;
    prompt_length(first, Prompt::Percent).map(|_| Prompt::Percent)
}

/// Returns how long the prompt of a line is.
fn prompt_length(line: &str, prompt: Prompt) -> Option<usize> {
    let mark = match prompt {
        Prompt::Dollar => '$',
        Prompt::Percent => '%',
    };
    let simple = line.strip_prefix(mark).filter(|rest| rest.is_empty() || rest.starts_with(' '));
    match simple {
        Some(rest) => Some(1 + usize::from(!rest.is_empty())),
        None => (prompt == Prompt::Dollar).then(|| host_prompt_length(line))?,
    }
}

/// Returns how long a prompt as `user@host:path$ ` or `[user@host dir]# ` is.
fn host_prompt_length(line: &str) -> Option<usize> {
    let bracket = line.starts_with('[');
    let inside = line.strip_prefix('[').unwrap_or(line);
    let name = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c)).unwrap_or(text.len());
        (end > 0).then_some(end)
    };
    let user = name(inside)?;
    let rest = inside[user..].strip_prefix('@')?;
    let rest = &rest[name(rest)?..];
    let end = if bracket { rest.find(']')? + 1 } else { rest.find(['$', '#', '%'])? };
    let folder = &rest[..end];
    let fits = if bracket {
        folder.starts_with([' ', ']'])
    } else {
        folder.starts_with(':') && !folder.contains(' ')
    };
    let tail = &rest[end..];
    let closed = tail.starts_with(['$', '#', '%']) && (tail.len() == 1 || tail[1..].starts_with(' '));
    (fits && closed).then(|| line.len() - tail.len() + tail.len().min(2))
}

fn is_continuation(line: &str) -> bool {
    line == ">" || line.starts_with("> ")
}

fn without_continuation(line: &str) -> &str {
    if line == ">" { "" } else { line.strip_prefix("> ").unwrap_or(line) }
}

fn ends_in_backslash(line: &str) -> bool {
    (line.len() - line.trim_end_matches('\\').len()) % 2 == 1
}

/// Returns the word that ends the here-document which a line opens.
pub(crate) fn heredoc_word(line: &str) -> Option<&str> {
    let mut rest = line;
    loop {
        rest = &rest[rest.find("<<")? + 2..];
        if let Some(after) = rest.strip_prefix('<') {
            rest = after;
            continue;
        }
        let word = rest.trim_start_matches('-').trim_start().trim_start_matches(['\'', '"', '\\']);
        let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
        if end > 0 && !word.starts_with(|c: char| c.is_numeric()) {
            return Some(&word[..end]);
        }
    }
}

/// Returns a line without the blanks at its end that never count; others are output.
fn without_blank_end(line: &str) -> &str {
    line.trim_end_matches([' ', '\t', '\r'])
}

fn exit_status(line: &str) -> Option<i32> {
    let digits = without_blank_end(line).strip_prefix('[')?.strip_suffix(']')?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse::<u8>().ok().map(i32::from))?
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::diagnostic::Source;
    use crate::tutorial::Origin;
    use crate::tutorial::fence::joined;

    #[track_caller]
    fn check(block: &str, expected: Expect) {
        let source = Source::new("a.md", block);
        let spans = (1..=block.lines().count()).filter_map(|line| source.line_span(line)).collect();
        let mut findings = Vec::new();
        let commands = read(&joined(&source, spans, &[]), &mut findings);
        let mut shown: Vec<String> = commands.iter().map(show).collect();
        shown.extend(findings.iter().map(|finding| format!("{:?}: {}", finding.place, finding.message)));
        expected.assert_eq(&shown.join("\n"));
    }

    fn show(command: &TranscriptCommand) -> String {
        assert!(!command.place.text().contains('\r'));
        let output = match command.expected.first() {
            None => String::new(),
            Some(expected) => match &expected.origin {
                Origin::Lines(text) => format!(" -> {:?}", text.content),
                Origin::Comment => panic!("output stands in lines"),
            },
        };
        format!("{}: {:?} [{}]{output}", command.place.line(), command.command, command.exit)
    }

    #[test]
    fn output_belongs_to_the_command_above() {
        check(
            "$ echo a\na\n\nb\n\n$ true\n$ false\n[1]\n$ x\nboom\n[127]\n",
            expect![[r#"
            1: "echo a" [0] -> "a\n\nb\n"
            6: "true" [0]
            7: "false" [1]
            9: "x" [127] -> "boom\n""#]],
        );
    }

    #[test]
    fn commands_continue_on_further_lines() {
        check(
            "$ for i in 1 2\n> do echo $i\n> done\n1\n2\n",
            expect![[r#"1: "for i in 1 2\ndo echo $i\ndone" [0] -> "1\n2\n""#]],
        );
        check("$ echo a \\\n    b\na b\n", expect![[r#"1: "echo a \\\n    b" [0] -> "a b\n""#]]);
        check(
            "$ cat > f <<'EOF'\n> $ not a prompt\n> EOF\n$ cat <<EOF\n$ x\n\nEOF\n$ x\n",
            expect![[r#"
            1: "cat > f <<'EOF'\n$ not a prompt\nEOF" [0]
            4: "cat <<EOF\n$ x\n\nEOF" [0]
            8: "x" [0]"#]],
        );
        check("$ cat <<<EOF\nEOF\n", expect![[r#"1: "cat <<<EOF" [0] -> "EOF\n""#]]);
        check("$ echo $((1 << 2))\n4\n", expect![[r#"1: "echo $((1 << 2))" [0] -> "4\n""#]]);
    }

    #[test]
    fn prompts_have_many_forms() {
        check("# id -u\n0\n", expect![""]);
        check("# a comment\n$ ls\n# output\n", expect![[r##"2: "ls" [0] -> "# output\n""##]]);
        check(
            "me@box:~/src$ ls\na\nroot@box:/# id\n",
            expect![[r#"
            1: "ls" [0] -> "a\n"
            3: "id" [0]"#]],
        );
        check(
            "[me@box src]$ ls\na\n[root@box ~]# id\nmail@example.org: x\n",
            expect![[r#"
            1: "ls" [0] -> "a\n"
            3: "id" [0] -> "mail@example.org: x\n""#]],
        );
        check("% ls\na\n", expect![[r#"1: "ls" [0] -> "a\n""#]]);
        check(
            "$\n$ \n",
            expect![[r#"
            1: "" [0]
            2: "" [0]"#]],
        );
    }

    #[test]
    fn other_blanks_than_those_that_never_count_are_output() {
        check(
            "$ a\n\u{a0}\n\n$ b\n[1]\u{a0}\n",
            expect![[r#"
            1: "a" [0] -> "\u{a0}\n"
            4: "b" [0] -> "[1]\u{a0}\n""#]],
        );
    }

    #[test]
    fn lines_that_cannot_be_output_are_known() {
        let command = |block: &str| {
            let source = Source::new("a.md", block);
            let spans = (1..=block.lines().count()).filter_map(|line| source.line_span(line)).collect();
            read(&joined(&source, spans, &[]), &mut Vec::new()).remove(0)
        };
        let dollar = command("$ ls\n");
        for line in ["$", "$ x", "me@box:~$ ls", "[root@box ~]# x"] {
            assert!(dollar.misreads(line, 3, 9), "{line}");
        }
        assert!(dollar.misreads("> x", 0, 2) && !dollar.misreads("> x", 1, 2));
        assert!(dollar.misreads("[1] ", 1, 2) && !dollar.misreads("[1]", 0, 2));
        assert!(!dollar.misreads("% x", 0, 1) && !command("me@box:~% ls\n").misreads("% x", 0, 1));
        assert!(command("% ls\n").misreads("% x", 0, 1));
    }

    #[test]
    fn indented_transcripts_are_read_as_if_they_were_not() {
        check(
            "  $ cat <<EOF\n  > a\n  >   b\n  > EOF\n  a\n    b\n\n  $ false\n  [1]\n",
            expect![[r#"
            1: "cat <<EOF\na\n  b\nEOF" [0] -> "a\n  b\n"
            8: "false" [1]"#]],
        );
        check("$ ls\n  $ a\n", expect![[r#"1: "ls" [0] -> "  $ a\n""#]]);
        check("  ls\n", expect![""]);
    }

    #[test]
    fn text_without_prompt_is_no_transcript() {
        check("ls\n", expect![[""]]);
        check(
            "stray\n$ ls\n",
            expect![[r#"
            2: "ls" [0]
            Some(a.md:1:1): output with no command before it"#]],
        );
        check("$5 and $x\n", expect![[""]]);
    }
}
