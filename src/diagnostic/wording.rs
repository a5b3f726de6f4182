//! Words that every message needs: counts and durations.

use std::time::Duration;

/// Returns a count with its noun: `1 step`, `3 steps`.
///
/// The noun is given in the singular and must form its plural with an `s`.
pub fn plural(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// Returns a duration for people: `0.04s`, `3.2s`, `1m 05s`, `2h 03m`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{:.2}s", duration.as_secs_f64()),
        1..60 => format!("{:.1}s", duration.as_secs_f64()),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_two_units() {
        let texts =
            [0, 42, 3_200, 59_960, 65_000, 7_380_000].map(|millis| duration(Duration::from_millis(millis)));
        assert_eq!(texts, ["0.00s", "0.04s", "3.2s", "60.0s", "1m 05s", "2h 03m"]);
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(
            [plural(0, "step"), plural(1, "step"), plural(2, "step")],
            ["0 steps", "1 step", "2 steps"]
        );
    }
}
