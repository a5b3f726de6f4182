//! What a program printed becomes HTML: its colours as classes, everything else as escaped text.
//!
//! Of the control sequences only SGR (ECMA-48, 8.3.117) is understood; all others, and all
//! control characters, are left out. A colour of the palette or of 24 bits is shown as the
//! nearest of the eight that the theme can show on both grounds.

use super::escape::push_escaped;

/// Returns what was printed as HTML. Every class in it is one of the sheet's.
pub(super) fn ansi_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    let mut style = Style::default();
    let mut open = false;
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.find(is_special).unwrap_or(rest.len());
        if plain > 0 {
            push_escaped(&mut html, &rest[..plain]);
            rest = &rest[plain..];
            continue;
        }
        let Some((sequence, after)) = control(rest) else { break };
        rest = after;
        match sequence {
            Control::Newline => html.push('\n'),
            Control::Nothing => {}
            Control::Style(parameters) => {
                style.apply(parameters);
                if std::mem::take(&mut open) {
                    html.push_str("</span>");
                }
                if let Some(classes) = style.classes() {
                    html.push_str(&format!("<span class=\"{classes}\">"));
                    open = true;
                }
            }
        }
    }
    if open {
        html.push_str("</span>");
    }
    html
}

/// Returns what was printed as plain text: without colours and everything else that is no text.
pub(super) fn ansi_text(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(is_special).unwrap_or(rest.len());
        plain.push_str(&rest[..end]);
        let Some((sequence, after)) = control(&rest[end..]) else { break };
        if matches!(sequence, Control::Newline) {
            plain.push('\n');
        }
        rest = after;
    }
    plain
}

fn is_special(character: char) -> bool {
    (character.is_control() && character != '\n' && character != '\t')
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What a control character or sequence means here.
enum Control<'a> {
    Newline,
    Style(&'a str),
    Nothing,
}

/// Returns the control sequence that a text begins with, and what follows it.
fn control(text: &str) -> Option<(Control<'_>, &str)> {
    let mut characters = text.chars();
    let first = characters.next()?;
    let rest = characters.as_str();
    Some(match first {
        '\r' if rest.starts_with('\n') => (Control::Nothing, rest),
        '\r' => (Control::Newline, rest),
        '\u{1b}' => escape_sequence(rest),
        '\u{9b}' => control_sequence(rest),
        _ => (Control::Nothing, rest),
    })
}

fn escape_sequence(text: &str) -> (Control<'_>, &str) {
    match text.chars().next() {
        Some('[') => control_sequence(&text[1..]),
        Some(']' | 'P' | 'X' | '^' | '_') => (Control::Nothing, after_string(&text[1..])),
        Some(letter) if letter.is_ascii() => (Control::Nothing, &text[1..]),
        _ => (Control::Nothing, text),
    }
}

fn control_sequence(text: &str) -> (Control<'_>, &str) {
    let end = text.find(|letter: char| !(' '..='?').contains(&letter)).unwrap_or(text.len());
    let (parameters, rest) = text.split_at(end);
    match rest.chars().next() {
        Some('m') => (Control::Style(parameters), &rest[1..]),
        Some('@'..='~') => (Control::Nothing, &rest[1..]),
        _ => (Control::Nothing, rest),
    }
}

/// Returns what follows an operating system command and the like, which ends with its line at the latest.
fn after_string(text: &str) -> &str {
    match text.find(['\u{7}', '\u{9c}', '\u{1b}', '\n']) {
        Some(at) if text[at..].starts_with("\u{1b}\\") => &text[at + 2..],
        Some(at) if text[at..].starts_with(['\n', '\u{1b}']) => &text[at..],
        Some(at) => &text[at + text[at..].chars().next().map_or(0, char::len_utf8)..],
        None => "",
    }
}

/// How text looks.
#[derive(Debug, Default)]
struct Style {
    colour: Option<u8>,
    ground: Option<u8>,
    bold: bool,
    dim: bool,
    italic: bool,
    underlined: bool,
    struck: bool,
    /// Colour and ground change places.
    reversed: bool,
}

impl Style {
    fn apply(&mut self, parameters: &str) {
        let mut parameters = parameters.split(';');
        while let Some(parameter) = parameters.next() {
            let mut parts = parameter.split(':').map(number);
            let first = parts.next().unwrap_or(0);
            // What belongs to a colour stands in the same parameter, or in the next ones.
            let parts: Vec<u16> = parts.collect();
            let mut colour = || match parts.as_slice() {
                [] => extended(&mut parameters.by_ref().map(number)),
                // A colour space may stand before red, green and blue.
                [2, _, red, green, blue, ..] => nearest(*red, *green, *blue),
                parts => extended(&mut parts.iter().copied()),
            };
            match first {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                3 => self.italic = true,
                4 => self.underlined = parts != [0],
                7 => self.reversed = true,
                9 => self.struck = true,
                22 => (self.bold, self.dim) = (false, false),
                23 => self.italic = false,
                24 => self.underlined = false,
                27 => self.reversed = false,
                29 => self.struck = false,
                30..=37 => self.colour = u8::try_from(first - 30).ok(),
                90..=97 => self.colour = u8::try_from(first - 90).ok(),
                38 => self.colour = colour(),
                39 => self.colour = None,
                40..=47 => self.ground = u8::try_from(first - 40).ok(),
                100..=107 => self.ground = u8::try_from(first - 100).ok(),
                48 => self.ground = colour(),
                49 => self.ground = None,
                _ => {}
            }
        }
    }

    fn classes(&self) -> Option<String> {
        let (colour, ground) =
            if self.reversed { (self.ground, self.colour) } else { (self.colour, self.ground) };
        let colours = [colour.map(|colour| format!("c{colour}")), ground.map(|ground| format!("g{ground}"))];
        let flags = [
            (self.bold, "bold"),
            (self.dim, "dim"),
            (self.italic, "italic"),
            (self.underlined, "underlined"),
            (self.struck, "struck"),
            (self.reversed && colour.is_none() && ground.is_none(), "reversed"),
        ];
        let flags = flags.into_iter().filter(|(set, _)| *set).map(|(_, name)| name.to_owned());
        let classes: Vec<String> = colours.into_iter().flatten().chain(flags).collect();
        (!classes.is_empty()).then(|| classes.join(" "))
    }
}

fn number(text: &str) -> u16 {
    text.parse().unwrap_or(0)
}

/// Reads a colour of the palette or of 24 bits, and returns the nearest of the eight.
fn extended(numbers: &mut dyn Iterator<Item = u16>) -> Option<u8> {
    // What the six steps of red, green and blue in the palette are.
    const STEPS: [u16; 6] = [0, 95, 135, 175, 215, 255];
    match numbers.next()? {
        5 => match numbers.next()? {
            index @ 0..=15 => u8::try_from(index % 8).ok(),
            index @ 16..=231 => {
                let [red, green, blue] = [36, 6, 1].map(|place| STEPS[usize::from((index - 16) / place % 6)]);
                nearest(red, green, blue)
            }
            _ => None,
        },
        2 => nearest(numbers.next()?, numbers.next()?, numbers.next()?),
        _ => None,
    }
}

/// Returns which of the eight colours has the same of red, green and blue above the middle; none for greys.
fn nearest(red: u16, green: u16, blue: u16) -> Option<u8> {
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    if most.saturating_sub(least) < 48 {
        return None;
    }
    let middle = least + (most - least) / 2;
    let bit = |value: u16, bit: u8| if value > middle { bit } else { 0 };
    Some(bit(red, 1) | bit(green, 2) | bit(blue, 4))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(ansi_html(text), expected);
    }

    #[test]
    fn colours_become_classes() {
        check("\u{1b}[1;31mred\u{1b}[0m plain", "<span class=\"c1 bold\">red</span> plain");
        check("\u{1b}[32ma\u{1b}[39mb", "<span class=\"c2\">a</span>b");
        check(
            "\u{1b}[38;5;196mr\u{1b}[38;2;10;200;10mg",
            "<span class=\"c1\">r</span><span class=\"c2\">g</span>",
        );
        check("\u{1b}[38;5;208morange", "<span class=\"c3\">orange</span>");
        check("\u{1b}[38:2::10:200:10;4:3mg", "<span class=\"c2 underlined\">g</span>");
        check("\u{1b}[48;5;4mground", "<span class=\"g4\">ground</span>");
        check(
            "\u{1b}[37;41ma\u{1b}[49;9mb",
            "<span class=\"c7 g1\">a</span><span class=\"c7 struck\">b</span>",
        );
        check(
            "\u{1b}[7ma\u{1b}[32mb\u{1b}[27mc",
            "<span class=\"reversed\">a</span><span class=\"g2\">b</span><span class=\"c2\">c</span>",
        );
        check("never \u{1b}[4mclosed", "never <span class=\"underlined\">closed</span>");
    }

    #[test]
    fn nothing_printed_is_markup_or_control() {
        check("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        check("a\u{1b}]8;;http://x\u{7}b\u{1b}]0;t\u{1b}\\c", "abc");
        check("\u{1b}[\"><b>mx", "&gt;mx");
        check("a\u{0}\u{8}\u{1b}[2Jb\u{1b}", "ab");
        check("1%\r2%\r\ndone", "1%\n2%\ndone");
        check("\u{202e}evil", "evil");
    }

    #[test]
    fn plain_text_has_no_control_left() {
        assert_eq!(ansi_text("\u{1b}[1;31mred\u{1b}[0m <b>\u{1b}]8;;x\u{7}a\r\nb\u{0}"), "red <b>a\nb");
    }

    proptest! {
        #[test]
        fn tags_are_ours_alone(text in "[\u{0}-\u{ff}<>\"m\\[;0-9\u{1b}]{0,60}") {
            let html = ansi_html(&text);
            let rest = regex::Regex::new("<span class=\"[a-z0-9 ]+\">|</span>").unwrap().replace_all(&html, "");
            prop_assert!(!rest.contains(['<', '>', '\u{1b}']), "{html:?}");
        }
    }
}
