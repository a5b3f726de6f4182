//! Words that every message needs: counts, durations, sizes and digests.

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

/// Returns bytes in lower-case hexadecimal digits, as digests are written.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).expect("half a byte is less than 16");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Returns a size for people, in decimal units as container tools have them: `812 B`, `1.9 MB`.
pub fn size(bytes: u64) -> String {
    let mut rest = bytes as f64;
    let mut units = ["B", "kB", "MB", "GB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        // What would be written as 1000.0 is 1.0 of the next.
        if rest < 999.95 {
            break;
        }
        rest /= 1000.0;
        unit = larger;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{rest:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_digit_behind_the_point() {
        let texts = [0, 999, 1_000, 999_960, 1_900_000, 4_000_000_000, 5_000_000_000_000].map(size);
        assert_eq!(texts, ["0 B", "999 B", "1.0 kB", "1.0 MB", "1.9 MB", "4.0 GB", "5000.0 GB"]);
    }

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
