//! tesh: `tesh-session` after `console`.

use super::super::info::Info;
use super::super::model::{Attributes, TranscriptCommand};

/// Understands the words after the language.
pub(crate) fn apply(info: &Info, attributes: &mut Attributes, commands: &mut [TranscriptCommand]) {
    for entry in &info.bare {
        let Some(text) = entry.value.text() else { continue };
        match entry.key.as_str() {
            "tesh-session" => attributes.session = Some(text.to_owned()),
            "tesh-exitcodes" => set_exits(text, commands),
            "tesh-timeout" => attributes.timeout = super::super::values::duration(&format!("{text}s")),
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
