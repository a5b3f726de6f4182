//! The near name for a mistyped one.

/// Returns the candidate that a mistyped word probably meant.
///
/// Nothing is offered unless it is close: at most a third of the word's letters wrong, or one of two.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = word.chars().count();
    if letters < 2 {
        return None;
    }
    let limit = (letters / 3).max(1);
    candidates
        .into_iter()
        // As many letters as one has more are wrong at the least, which is known without a look at them.
        .filter(|candidate| candidate.chars().count().abs_diff(letters) <= limit)
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        // Of those that are as close, the first by name: candidates may come in any order.
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_close_names_are_offered() {
        let names = ["timeout", "retry", "retry-delay", "exit"];
        assert_eq!(nearest("tiemout", names), Some("timeout"));
        assert_eq!(nearest("retry_delay", names), Some("retry-delay"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("q", ["a"]), None);
    }
}
