//! How similar two texts are.

/// The longest text, in characters, that is compared whole.
const LONGEST_WHOLE: usize = 20_000;

/// How many samples are taken of longer texts, and how long each is.
const SAMPLES: usize = 32;
const SAMPLE: usize = 1_000;

/// Returns the Jaro similarity of two texts, 0 to 1.
///
/// Jaro's work grows with the square of the length. When one of the texts has more than 20,000
/// characters, 32 samples of 1,000 characters are taken instead, at equal fractions of both
/// texts, and their mean counts. Lines that moved far are then seen as changed, and a change
/// between samples is not seen: similarity is a coarse measure, and coarser still for such texts.
pub(super) fn similarity(expected: &str, actual: &str) -> f64 {
    let (expected_length, actual_length) = (expected.chars().count(), actual.chars().count());
    if expected_length.max(actual_length) <= LONGEST_WHOLE {
        return strsim::jaro(expected, actual);
    }
    let samples = samples(expected, expected_length).into_iter().zip(samples(actual, actual_length));
    samples.map(|(expected, actual)| strsim::jaro(&expected, &actual)).sum::<f64>() / SAMPLES as f64
}

fn samples(text: &str, length: usize) -> Vec<String> {
    let distance = length.saturating_sub(SAMPLE) / (SAMPLES - 1);
    let mut samples = Vec::with_capacity(SAMPLES);
    let mut rest = text;
    for _ in 0..SAMPLES {
        samples.push(rest.chars().take(SAMPLE).collect());
        rest = rest.char_indices().nth(distance).map_or("", |(at, _)| &rest[at..]);
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one_and_strangers_are_not() {
        assert_eq!(similarity("", ""), 1.0);
        assert_eq!(similarity("abc", ""), 0.0);
        let long = "line of text\n".repeat(100_000);
        assert_eq!(similarity(&long, &long), 1.0);
        assert!(similarity(&long, "") == 0.0);
        assert!(similarity(&long, &"0123456789".repeat(100_000)) < 0.1);
    }

    #[test]
    fn failed_is_similar_to_succeeded() {
        let text = |state: &str| format!("{{\"provisioningState\": \"{state}\", \"name\": \"group\"}}");
        assert!(similarity(&text("Succeeded"), &text("Failed")) > 0.8);
    }
}
