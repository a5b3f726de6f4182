//! Manifests and configs, key by key.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::model::{Difference, Fact, Level};
use crate::image::open::PlatformImage;

/// What of a manifest is compared elsewhere: the config, and how the files are cut into layers.
const ELSEWHERE_IN_MANIFEST: [&str; 3] = ["config", "layers", "annotations"];

/// What of a config is compared elsewhere, or below by its own rules.
const ELSEWHERE_IN_CONFIG: [&str; 2] = ["rootfs", "history"];

/// Compares media types and annotations.
pub(super) fn manifests(staging: &PlatformImage, reference: &PlatformImage) -> Vec<Difference> {
    let flat = |image: &PlatformImage| {
        let manifest = &image.manifest.value;
        let mut values = Values::default();
        values.gather("", manifest, &ELSEWHERE_IN_MANIFEST);
        if let Some(media_type) = manifest.pointer("/config/mediaType") {
            values.gather("config.mediaType", media_type, &[]);
        }
        // A manifest of OCI need not say what it is.
        values.0.entry("mediaType".to_owned()).or_insert_with(|| image.descriptor.media_type().to_string());
        if let Some(annotations) = manifest.get("annotations").and_then(Value::as_object) {
            for (name, value) in annotations {
                values.gather(&format!("annotation {name}"), value, &[]);
            }
        }
        values
    };
    flat(staging).against(flat(reference), Level::Manifest)
}

/// Compares how containers are run, and the histories.
pub(super) fn configs(staging: &PlatformImage, reference: &PlatformImage) -> Vec<Difference> {
    let flat = |image: &PlatformImage| {
        let mut values = Values::default();
        values.gather("", &image.config.value, &ELSEWHERE_IN_CONFIG);
        if let Some(history) = image.config.value.get("history").and_then(Value::as_array) {
            for (number, entry) in history.iter().enumerate() {
                values.gather(&format!("history {}", number + 1), entry, &[]);
            }
        }
        values
    };
    let mut differences = flat(staging).against(flat(reference), Level::Config);
    differences.retain(|difference| !is_detail_of_missing(difference));
    differences.iter_mut().for_each(judge);
    if staging.layers().len() != reference.layers().len() {
        let of_history =
            differences.iter_mut().filter(|difference| difference.subject.starts_with("history "));
        of_history.for_each(|difference| difference.facts.push(Fact::OtherLayers));
    }
    differences
}

/// Of an entry of the history that one image alone has, its command says all.
fn is_detail_of_missing(difference: &Difference) -> bool {
    let is_only = difference.staging.is_none() || difference.reference.is_none();
    let field = difference.subject.strip_prefix("history ").and_then(|rest| rest.split_once('.'));
    is_only && field.is_some_and(|(_, field)| !["created_by", "created"].contains(&field))
}

/// Notes what the values of a difference say together.
fn judge(difference: &mut Difference) {
    match (&difference.staging, &difference.reference) {
        (Some(only), None) | (None, Some(only))
            if difference.subject == "config.WorkingDir" && only == "/" =>
        {
            difference.facts.push(Fact::DefaultValue);
        }
        (Some(ours), Some(theirs))
            if difference.subject.starts_with("history ") && command(ours) == command(theirs) =>
        {
            difference.facts.push(Fact::SameCommand);
        }
        _ => {}
    }
}

/// Returns a command of a history without what differs between builders and between copies of other content.
fn command(text: &str) -> String {
    let is_digest =
        |digits: &str| digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let without_digest = |word: &str| match word.split_once(':') {
        Some((what @ ("dir" | "file" | "multi"), digits)) if is_digest(digits) => what.to_owned(),
        _ => word.to_owned(),
    };
    without_options(text).split_whitespace().map(without_digest).collect::<Vec<_>>().join(" ")
}

/// Returns a command of a history without what builders add behind it, as buildah 1.4x adds `|force-mtime=0`.
fn without_options(mut command: &str) -> &str {
    let is_option = |text: &str| {
        text.split_once('=').is_some_and(|(name, value)| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                && !value.contains(char::is_whitespace)
        })
    };
    while let Some((before, option)) = command.rsplit_once('|')
        && is_option(option)
    {
        command = before;
    }
    command
}

/// The values of a document by the names that people have for them.
#[derive(Default)]
struct Values(BTreeMap<String, String>);

impl Values {
    fn gather(&mut self, name: &str, value: &Value, left_out: &[&str]) {
        match value {
            Value::Object(map) => self.gather_map(name, map, left_out),
            // The order of variables says nothing, and each has a name.
            Value::Array(variables) if name == "config.Env" => {
                for variable in variables.iter().filter_map(Value::as_str) {
                    let (key, value) = variable.split_once('=').unwrap_or((variable, ""));
                    self.0.insert(format!("env {key}"), value.to_owned());
                }
            }
            Value::Null => {}
            Value::String(text) => drop(self.0.insert(name.to_owned(), text.clone())),
            other => drop(self.0.insert(name.to_owned(), other.to_string())),
        }
    }

    fn gather_map(&mut self, name: &str, map: &Map<String, Value>, left_out: &[&str]) {
        for (key, value) in map {
            if name.is_empty() && left_out.contains(&key.as_str()) {
                continue;
            }
            let name = match name {
                "" => key.clone(),
                "config.Labels" => format!("label {key}"),
                // Sets of names: `ExposedPorts`, `Volumes`.
                name => format!("{name}.{key}"),
            };
            match value {
                Value::Object(map) if map.is_empty() && name.contains('.') => {
                    self.0.insert(name, "{}".to_owned());
                }
                value => self.gather(&name, value, &[]),
            }
        }
    }

    fn against(self, mut reference: Self, level: Level) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (name, value) in self.0 {
            let other = reference.0.remove(&name);
            if other.as_ref() != Some(&value) {
                differences.push(Difference::of_values(level, name, Some(value), other));
            }
        }
        let rest = reference.0.into_iter();
        differences.extend(rest.map(|(name, value)| Difference::of_values(level, name, None, Some(value))));
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_options_are_taken_from_a_command() {
        assert_eq!(without_options("/bin/sh -c a | b|force-mtime=0"), "/bin/sh -c a | b");
        assert_eq!(without_options("/bin/sh -c a | b"), "/bin/sh -c a | b");
        assert_eq!(without_options("a|x=1|long-name="), "a");
        let copy = |digit: &str| format!("/bin/sh -c #(nop) COPY dir:{} in / ", digit.repeat(64));
        assert_eq!(command(&copy("a")), command(&copy("b")));
        assert_ne!(command("COPY dir:a in /"), command("COPY dir:b in /"));
    }
}
