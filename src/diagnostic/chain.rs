//! An error with its causes.

use std::error::Error;

/// Returns the causes of an error, the nearest first.
pub fn causes(error: &dyn Error) -> impl Iterator<Item = &dyn Error> {
    std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source())
}

/// Returns an error and its causes on one line.
pub fn chain(error: &dyn Error) -> String {
    causes(error).fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Level(u8, #[source] Option<Box<Level>>);

    #[test]
    fn causes_follow_what_they_cause() {
        let level = |number, cause| Level(number, Some(Box::new(cause)));
        assert_eq!(chain(&level(1, level(2, Level(3, None)))), "1: 2: 3");
        assert_eq!(chain(&Level(1, None)), "1");
    }
}
