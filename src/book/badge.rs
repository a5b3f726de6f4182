//! Badges: the state of a tutorial, or of the whole book, as a picture and for badge services.

use serde_json::{Value, json};

use super::escape::escaped;
use super::shape::Shown;

/// Width of a character at 11 pixels of a common sans-serif, in tenths of a pixel.
const CHARACTER: usize = 66;

/// Returns a badge as SVG: a label, and a state with its date. It loads nothing and has no script.
pub(super) fn badge_svg(label: &str, state: Shown, message: &str) -> String {
    let (left, right) = (width(label), width(message) + 16);
    let whole = left + right;
    let colour = colour(state);
    let (label, message) = (escaped(label), escaped(message));
    let (middle, text) = (left / 2, left + 16 + (right - 16) / 2);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"20\" role=\"img\" aria-label=\"{label}: {message}\">\
         <title>{label}: {message}</title>\
         <clipPath id=\"r\"><rect width=\"{whole}\" height=\"20\" rx=\"4\"/></clipPath>\
         <g clip-path=\"url(#r)\"><path fill=\"#434b55\" d=\"M0 0h{left}v20H0z\"/><path fill=\"{colour}\" d=\"M{left} 0h{right}v20H{left}z\"/></g>\
         <g transform=\"translate({icon} 4) scale(.75)\" color=\"#fff\">{drawing}</g>\
         <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\
         <text x=\"{middle}\" y=\"14\">{label}</text><text x=\"{text}\" y=\"14\">{message}</text></g></svg>\n",
        icon = left + 5,
        drawing = state.drawing(),
    )
}

/// Returns a badge for services that draw it themselves, in the form of shields.io's endpoint badge.
pub(super) fn badge_json(label: &str, state: Shown, message: &str) -> Value {
    json!({
        "schemaVersion": 1,
        "label": label,
        "message": message,
        "color": colour(state).trim_start_matches('#'),
        "isError": state == Shown::Failed,
    })
}

fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text) * CHARACTER / 10 + 12
}

/// Grounds on which white text has a contrast of at least 4.5.
fn colour(state: Shown) -> &'static str {
    match state {
        Shown::Verified => "#116d3c",
        Shown::Ran => "#0b5cad",
        Shown::Failed => "#b3261e",
        Shown::Stale => "#8a5300",
        Shown::Skipped | Shown::NeverRun => "#59636e",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn badge_says_what_and_when() {
        let svg = badge_svg("first <image>", Shown::Verified, "verified 2026-11-25");
        assert!(svg.contains("aria-label=\"first &lt;image&gt;: verified 2026-11-25\""), "{svg}");
        assert!(!svg.contains("<image>"), "{svg}");
        let json = badge_json("book", Shown::Failed, "1 failed");
        assert_eq!((json["schemaVersion"].as_u64(), json["isError"].as_bool()), (Some(1), Some(true)));
    }
}
