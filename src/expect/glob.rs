//! Globs over text.

/// A glob over text: `*` is any run of characters, `?` is one, a backslash takes their meaning away.
#[derive(Debug, Clone)]
pub struct Glob {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Char(char),
    One,
    Run,
}

impl Glob {
    /// Reads a glob; every text is one.
    pub fn new(pattern: &str) -> Self {
        let mut tokens = Vec::new();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            tokens.push(match c {
                '*' => Token::Run,
                '?' => Token::One,
                '\\' => Token::Char(chars.next_if(|next| matches!(next, '*' | '?' | '\\')).unwrap_or(c)),
                _ => Token::Char(c),
            });
        }
        tokens.dedup_by(|token, previous| *token == Token::Run && *previous == Token::Run);
        Glob { tokens }
    }

    /// Returns a glob that reads as this one.
    pub fn source(&self) -> String {
        let token = |token: &Token| match token {
            Token::Run => "*".to_owned(),
            Token::One => "?".to_owned(),
            Token::Char(c @ ('*' | '?' | '\\')) => format!("\\{c}"),
            Token::Char(c) => c.to_string(),
        };
        self.tokens.iter().map(token).collect()
    }

    /// Tells whether the whole text matches.
    ///
    /// Only the last `*` is ever taken back: what it cannot reach, an earlier one cannot either.
    pub fn matches(&self, text: &str) -> bool {
        let (mut rest, mut token) = (text.chars(), 0);
        let mut last_run = None;
        loop {
            let before = rest.clone();
            match (self.tokens.get(token), rest.next()) {
                (Some(Token::Run), _) => {
                    last_run = Some((token + 1, before.clone()));
                    (rest, token) = (before, token + 1);
                }
                (Some(Token::One), Some(_)) => token += 1,
                (Some(Token::Char(expected)), Some(c)) if *expected == c => token += 1,
                (None, None) => return true,
                _ => {
                    let Some((after, from)) = &mut last_run else { return false };
                    if from.next().is_none() {
                        return false;
                    }
                    (rest, token) = (from.clone(), *after);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], other: &[&str]) {
        let glob = Glob::new(pattern);
        for text in matching {
            assert!(glob.matches(text), "{pattern:?} matches {text:?}");
        }
        for text in other {
            assert!(!glob.matches(text), "{pattern:?} does not match {text:?}");
        }
    }

    #[test]
    fn globs_match_whole_texts() {
        check("", &[""], &["a"]);
        check("*", &["", "a", "a\nb"], &[]);
        check("a*b", &["ab", "a\nb", "abab"], &["", "a", "aba"]);
        check("?é*", &["aé", "éé!"], &["é", "ae"]);
        check(r"\*\?\\x\", &[r"*?\x\"], &["a", r"**\x\"]);
        check("*a*a*a*b", &["aaab"], &[&"a".repeat(10_000)]);
    }
}
