//! What a terminal shows: prompts, commands and what they print.

use super::lexer::{Class, Lexer};
use super::shell;

/// Colours commands: what a terminal shows of them, or a script.
///
/// Many give their transcripts the language of the commands in them.
pub(super) fn commands(lexer: &mut Lexer<'_>) {
    let mut lines = lexer.rest().lines();
    match lines.find(|line| !line.trim().is_empty()).is_some_and(|first| prompt(first) > 0) {
        true => transcript(lexer),
        false => shell::script(lexer),
    }
}

/// Colours what a terminal shows; what has no prompt at all is a script.
pub(super) fn console(lexer: &mut Lexer<'_>) {
    match lexer.rest().lines().any(|line| prompt(line) > 0) {
        true => transcript(lexer),
        false => shell::script(lexer),
    }
}

/// Prompts and what is printed are not copied with the commands.
fn transcript(lexer: &mut Lexer<'_>) {
    let mut goes_on = false;
    while !lexer.is_done() {
        let length = lexer.line();
        let line = &lexer.rest()[..length];
        let prompt = if goes_on && line.starts_with("> ") { 2 } else { prompt(line) };
        goes_on = prompt > 0;
        if goes_on {
            lexer.take(Class::Prompt, prompt);
            lexer.within(length - prompt, shell::script);
        } else {
            lexer.take(Class::Printed, length);
        }
        lexer.skip(1);
    }
}

/// Returns the bytes of a prompt that a line begins with: `$ `, `user@host:folder$ ` or `[user@host folder]# `.
///
/// A `# ` alone is none: more often it is a comment, or a line of a file.
fn prompt(line: &str) -> usize {
    let Some(sign) = line.find(['$', '#']) else { return 0 };
    let (who, rest) = line.split_at(sign);
    let is_prompt = match who {
        "" => rest.starts_with("$ "),
        _ => {
            matches!(rest.as_bytes().get(1), Some(b' '))
                && who.contains('@')
                && (who.ends_with(']') || !who.contains(' '))
        }
    };
    if is_prompt { sign + 2 } else { 0 }
}
