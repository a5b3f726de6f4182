//! Durations and sizes as people write them.

use std::time::Duration;

use super::error::QuantityError;

/// The longest duration: clocks cannot count much farther on every system.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Reads a duration: `500ms`, `30s`, `5m`, `1h30m`, `2d`.
///
/// Every number needs its unit, and each unit occurs once, the largest first. Blanks may
/// stand between the parts. `0` alone needs no unit. A year, `365d`, is the most.
pub fn parse_duration(text: &str) -> Result<Duration, QuantityError> {
    let wrong = || QuantityError::Duration(text.to_owned());
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    let mut smallest = None;
    while !rest.is_empty() {
        let (number, unit, after) = split_part(rest).ok_or_else(wrong)?;
        let unit = unit_millis(unit).filter(|unit| smallest.is_none_or(|smallest| *unit < smallest));
        let unit = unit.ok_or_else(wrong)?;
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let part = Duration::try_from_secs_f64(number * unit as f64 / 1000.0);
        let too_long = || QuantityError::TooLong(text.to_owned());
        total = total.checked_add(part.map_err(|_| too_long())?).ok_or_else(too_long)?;
        if total > LONGEST {
            return Err(too_long());
        }
        smallest = Some(unit);
        rest = after;
    }
    if smallest.is_some() { Ok(total) } else { Err(wrong()) }
}

/// Splits `1h30m` into `1`, `h` and `30m`.
fn split_part(text: &str) -> Option<(&str, &str, &str)> {
    let number_end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, rest) = text.split_at(number_end);
    let rest = rest.trim_start();
    let unit_end = rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, after) = rest.split_at(unit_end);
    Some((number, unit, after.trim_start()))
}

fn unit_millis(unit: &str) -> Option<u64> {
    Some(match unit {
        "ms" => 1,
        "s" | "sec" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    })
}

/// Returns whether a text says how long a registry keeps an image: quay.io reads one number with one unit, `12h`, `5d`, `2w`.
pub fn is_expiry(text: &str) -> bool {
    let number = text.strip_suffix(['s', 'm', 'h', 'd', 'w']);
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        && number.and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| number > 0)
}

/// Reads a size in bytes: `64MiB`, `10MB`, `4096`.
pub fn parse_size(text: &str) -> Result<u64, QuantityError> {
    let wrong = || QuantityError::Size(text.to_owned());
    let trimmed = text.trim();
    let unit_start = trimmed.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(unit_start);
    if number.is_empty() {
        return Err(wrong());
    }
    let factor = unit_bytes(unit.trim_start()).ok_or_else(wrong)?;
    let too_large = || QuantityError::TooLarge(text.to_owned());
    let number: u64 = number.parse().map_err(|_| too_large())?;
    number.checked_mul(factor).ok_or_else(too_large)
}

fn unit_bytes(unit: &str) -> Option<u64> {
    Some(match unit {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_duration(text: &str, expected: Option<u64>) {
        let millis = parse_duration(text).ok().map(|duration| duration.as_millis() as u64);
        assert_eq!(millis, expected, "{text}");
    }

    #[test]
    fn durations_are_read() {
        check_duration("500ms", Some(500));
        check_duration("30s", Some(30_000));
        check_duration("1.5s", Some(1_500));
        check_duration("5m", Some(300_000));
        check_duration("1h30m", Some(5_400_000));
        check_duration(" 1h 30m ", Some(5_400_000));
        check_duration("2d", Some(172_800_000));
        check_duration("0", Some(0));
        check_duration("0s", Some(0));
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in ["", " ", "5", "m", "5 minutes", "-5s", "1m1h", "1s1s", "1..5s", "5s!", "１s", "s5"] {
            check_duration(text, None);
        }
    }

    #[test]
    fn durations_end_at_a_year() {
        check_duration("365d", Some(31_536_000_000));
        for text in ["365d1ms", "200000000000000d", "99999999999999999999d"] {
            assert_eq!(parse_duration(text), Err(QuantityError::TooLong(text.into())));
        }
    }

    #[track_caller]
    fn check_size(text: &str, expected: Option<u64>) {
        assert_eq!(parse_size(text).ok(), expected, "{text}");
    }

    #[test]
    fn sizes_are_read() {
        check_size("64MiB", Some(64 << 20));
        check_size("10MB", Some(10_000_000));
        check_size("10 kB", Some(10_000));
        check_size("4096", Some(4096));
        check_size("0", Some(0));
        for text in ["", "MiB", "-1", "1.5MiB", "10 mb", "64 MiB!", "99999999999999999999", "99999999999GiB"]
        {
            check_size(text, None);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,20}") {
            let _ = parse_size(&text);
            if let Err(error) = parse_duration(&text) {
                prop_assert!(!error.help().is_empty());
            }
        }
    }

    #[test]
    fn expiries_are_one_number_with_one_unit() {
        for text in ["5d", "2w", "12h", "90s"] {
            assert!(is_expiry(text), "{text}");
        }
        for text in ["", "d", "soon", "5", "5 d", "1d12h", "-5d", "+5d", "0d", "5D", "5y"] {
            assert!(!is_expiry(text), "{text}");
        }
    }
}
