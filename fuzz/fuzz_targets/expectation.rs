//! Any expected text meets any output, and what `updated` writes for an output holds for it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stagebook::expect::{Captures, Expectation, Matcher, Verdict, mutations, propose, updated};

fuzz_target!(|texts: (&str, &str, u8)| {
    let (expected, output, kind) = texts;
    let expectation = match kind % 4 {
        0 => Expectation::lines(expected).ok(),
        1 => Expectation::regex(expected).ok(),
        2 => Some(Expectation::glob(expected)),
        _ => Expectation::json(expected).ok(),
    };
    let Some(expectation) = expectation else { return };
    let bound = Captures::new();
    let held = matches!(expectation.check(output, &bound), Verdict::Held { .. });
    let written = updated(&expectation, expected, output, &bound, &|_, _, _| false);
    assert!(!(held && written.is_some()), "what holds stays as it is");
    if let (Matcher::Lines(_), Some(written)) = (&expectation.matcher, &written) {
        let again = Expectation::lines(written).expect("what was written is an expectation");
        assert!(matches!(again.check(output, &bound), Verdict::Held { .. }), "what was written holds");
    }
    propose(&expectation, expected, output);
    mutations(output, &[expected]);
});
