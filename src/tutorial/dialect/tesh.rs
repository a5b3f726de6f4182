//! tesh: `tesh-session` after `console`.

use super::super::info::Info;
use super::super::model::{Attributes, TranscriptCommand};
use crate::config::parse_duration;

/// Understands the words after the language.
pub(crate) fn apply(info: &Info, attributes: &mut Attributes, commands: &mut [TranscriptCommand]) {
    for entry in &info.bare {
        let Some(text) = entry.value.text() else { continue };
        match entry.key.as_str() {
            "tesh-session" => attributes.session = Some(text.to_owned()),
            "tesh-exitcodes" => set_exits(text, commands),
            "tesh-timeout" => attributes.timeout = parse_duration(&format!("{text}s")).ok(),
            _ => {}
        }
    }
}

fn set_exits(codes: &str, commands: &mut [TranscriptCommand]) {
    let codes = codes.split_whitespace().filter_map(|code| code.parse().ok());
    for (command, code) in commands.iter_mut().zip(codes) {
        command.exit = code;
    }
}
