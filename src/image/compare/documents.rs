//! Manifests and configs, key by key.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Map, Value};

use super::model::{Change, Difference, Fact, Level};
use crate::image::open::PlatformImage;
use crate::image::reading::Unfolded;

/// What of a manifest is compared elsewhere, or below by its own rules.
const ELSEWHERE_IN_MANIFEST: [&str; 3] = ["config", "layers", "annotations"];

/// What of a config is compared below by its own rules.
const ELSEWHERE_IN_CONFIG: [&str; 2] = ["rootfs", "history"];

/// What of a descriptor says only which blob it is.
const OF_THE_BLOB: [&str; 2] = ["digest", "size"];

/// The type of manifests whose layers have Docker's types.
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// Compares media types and annotations, those of layers and of the config among them.
pub(super) fn manifests(staging: &PlatformImage, reference: &PlatformImage) -> Vec<Difference> {
    let [ours, theirs] = [staging, reference].map(|image| {
        let is_comparable = staging.layers().len() == reference.layers().len();
        manifest_values(&image.manifest.value, image.descriptor.media_type().as_ref(), is_comparable)
    });
    ours.against(theirs, Level::Manifest)
}

/// Gathers what a manifest says. What it says of its layers one by one means something only where the other one
/// has as many; that they lie elsewhere always does.
fn manifest_values(manifest: &Value, media_type: &str, is_comparable: bool) -> Values {
    let mut values = Values::default();
    values.gather("", manifest, &ELSEWHERE_IN_MANIFEST);
    // A manifest of OCI need not say what it is.
    values.0.entry("mediaType".to_owned()).or_insert_with(|| media_type.to_owned());
    let is_docker = values.0.get("mediaType").is_some_and(|media_type| media_type == DOCKER_MANIFEST);
    if let Some(config) = manifest.get("config").and_then(Value::as_object) {
        values.gather_map("config", config, &OF_THE_BLOB);
    }
    if let Some(annotations) = manifest.get("annotations").and_then(Value::as_object) {
        for (name, value) in annotations {
            values.gather(&format!("annotation {name}"), value, &[]);
        }
    }
    let layers = manifest.get("layers").and_then(Value::as_array);
    for (number, layer) in layers.into_iter().flatten().enumerate() {
        let name = |key: &str| match key {
            key if is_comparable => format!("layer {}.{key}", number + 1),
            key => format!("layers.{key}"),
        };
        let media_type = layer.get("mediaType").and_then(Value::as_str).unwrap_or_default();
        let (kind, is_usual) = kind_of_layer(media_type, is_docker);
        if is_comparable || !is_usual {
            values.insert(name("mediaType"), kind);
        }
        for (key, value) in layer.as_object().into_iter().flatten() {
            let is_told = key == "mediaType" || OF_THE_BLOB.contains(&key.as_str());
            if !is_told && (is_comparable || key != "annotations") {
                values.gather(&name(key), value, &[]);
            }
        }
    }
    values
}

/// Returns the type of a layer without its packing, and whether it is that of a layer of such a manifest.
fn kind_of_layer(media_type: &str, is_docker: bool) -> (String, bool) {
    let packings = ["+gzip", "+zstd", ".gzip", ".zstd"];
    let kind = packings.iter().find_map(|packing| media_type.strip_suffix(packing)).unwrap_or(media_type);
    let usual = "application/vnd.oci.image.layer.v1.tar";
    let docker = "application/vnd.docker.image.rootfs.diff.tar";
    let is_usual = kind == usual || is_docker && kind == docker;
    (if is_usual { usual } else { kind }.to_owned(), is_usual)
}

/// Compares how containers are run, the histories, and whether the configs name their layers.
pub(super) fn configs(staging: &Unfolded, reference: &Unfolded) -> Vec<Difference> {
    let [ours, theirs] = [staging, reference].map(|image| &image.image.config.value);
    let mut differences = config_differences(ours, theirs);
    if staging.layers.len() != reference.layers.len() {
        let of_history =
            differences.iter_mut().filter(|difference| difference.subject.starts_with("history "));
        of_history.for_each(|difference| difference.facts.push(Fact::OtherLayers));
    }
    let [ours, theirs] = [staging, reference].map(|image| (image.diff_ids(), image.misnamed_layers()));
    if ours != theirs && (ours.1.is_some() || theirs.1.is_some()) {
        let [ours, theirs] =
            [ours.1, theirs.1].map(|said| said.unwrap_or_else(|| "those of its layers".to_owned()));
        let difference = Difference::new(Level::Config, "rootfs.diff_ids", Change::Value);
        differences.push(difference.sides(ours, theirs));
    }
    differences
}

fn config_differences(staging: &Value, reference: &Value) -> Vec<Difference> {
    let lengths = [staging, reference].map(|config| history(config).len());
    let common = lengths[0].min(lengths[1]);
    let [mut ours, mut theirs] = [staging, reference].map(|config| config_values(config, common));
    note_order(&mut ours, variables(staging), &mut theirs, variables(reference));
    let mut differences = ours.against(theirs, Level::Config);
    differences.iter_mut().for_each(judge);
    differences
}

fn history(config: &Value) -> &[Value] {
    config.get("history").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Gathers what a config says; of entries of the history after the first `common`, which one image alone has, the
/// command says all.
fn config_values(config: &Value, common: usize) -> Values {
    let mut values = Values::default();
    values.gather("", config, &ELSEWHERE_IN_CONFIG);
    if let Some(rootfs) = config.get("rootfs").and_then(Value::as_object) {
        values.gather_map("rootfs", rootfs, &["diff_ids"]);
    }
    for (number, entry) in history(config).iter().enumerate() {
        let name = format!("history {}", number + 1);
        match entry.get("created_by") {
            Some(command) if number >= common => {
                values.gather(&format!("{name}.created_by"), command, &[]);
                values.gather(&format!("{name}.created"), entry.get("created").unwrap_or(&Value::Null), &[]);
            }
            _ => values.gather(&name, entry, &[]),
        }
        if number >= common && entry.as_object().is_none_or(Map::is_empty) {
            values.insert(name, "an entry that says nothing".to_owned());
        }
    }
    values
}

/// Returns the variables of a config in their order, as `NAME=VALUE`.
fn variables(config: &Value) -> Vec<&str> {
    let variables = config.pointer("/config/Env").and_then(Value::as_array);
    variables.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Notes the order of variables where it may say something: where the value of one refers to another.
fn note_order(ours: &mut Values, our: Vec<&str>, theirs: &mut Values, their: Vec<&str>) {
    let names = |variables: &[&str]| -> Vec<String> {
        variables.iter().map(|variable| variable.split('=').next().unwrap_or_default().to_owned()).collect()
    };
    let sorted = |mut names: Vec<String>| {
        names.sort_unstable();
        names
    };
    let refers = our.iter().chain(&their).any(|variable| variable.contains('$'));
    let (our, their) = (names(&our), names(&their));
    if refers && sorted(our.clone()) == sorted(their.clone()) {
        ours.insert("order of env".to_owned(), our.join(" "));
        theirs.insert("order of env".to_owned(), their.join(" "));
    }
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
    /// Adds a value. Where a name is there several times all count, in their order.
    fn insert(&mut self, name: String, value: String) {
        match self.0.entry(name) {
            Entry::Vacant(place) => drop(place.insert(value)),
            Entry::Occupied(mut place) => {
                place.get_mut().push_str(", then ");
                place.get_mut().push_str(&value);
            }
        }
    }

    fn gather(&mut self, name: &str, value: &Value, left_out: &[&str]) {
        match value {
            Value::Object(map) => self.gather_map(name, map, left_out),
            // Each variable has a name, so their order seldom says something.
            Value::Array(variables) if name == "config.Env" => {
                variables.iter().for_each(|variable| self.gather_variable(variable));
            }
            Value::Null => {}
            Value::String(text) => self.insert(name.to_owned(), text.clone()),
            other => self.insert(name.to_owned(), other.to_string()),
        }
    }

    fn gather_variable(&mut self, variable: &Value) {
        match variable.as_str().map(|text| (text, text.split_once('='))) {
            Some((_, Some((key, value)))) => self.insert(format!("env {key}"), value.to_owned()),
            Some((key, None)) => self.insert(format!("env {key}"), "no value".to_owned()),
            None => self.insert("env".to_owned(), variable.to_string()),
        }
    }

    /// Adds the values of a map but those of some keys.
    fn gather_map(&mut self, name: &str, map: &Map<String, Value>, left_out: &[&str]) {
        for (key, value) in map.iter().filter(|(key, _)| !left_out.contains(&key.as_str())) {
            let name = match name {
                "" => key.clone(),
                "config.Labels" => format!("label {key}"),
                // Sets of names: `ExposedPorts`, `Volumes`.
                name => format!("{name}.{key}"),
            };
            match value {
                Value::Object(map) if map.is_empty() && name.contains('.') => {
                    self.insert(name, "{}".to_owned());
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

    use serde_json::json;

    #[track_caller]
    fn check_configs(ours: Value, theirs: Value, expected: &[&str]) {
        let found = config_differences(&ours, &theirs);
        let subjects: Vec<&str> = found.iter().map(|difference| difference.subject.as_str()).collect();
        assert_eq!(subjects, expected);
    }

    #[test]
    fn all_that_a_history_says_is_compared() {
        let history = |entries: Value| json!({ "history": entries });
        let plain = || json!({"created_by": "x"});
        let more = json!({"created_by": "x", "comment": "c", "author": "z"});
        check_configs(
            history(json!([more])),
            history(json!([plain()])),
            &["history 1.author", "history 1.comment"],
        );
        let second = json!([plain(), {"created_by": "y", "empty_layer": true}]);
        check_configs(history(second), history(json!([plain()])), &["history 2.created_by"]);
        let silent = json!([plain(), {"comment": "c"}]);
        check_configs(history(json!([plain()])), history(silent), &["history 2.comment"]);
        check_configs(history(json!([plain(), {}])), history(json!([plain()])), &["history 2"]);
    }

    #[test]
    fn order_of_variables_counts_where_one_refers_to_another() {
        let env = |variables: &[&str]| json!({"config": {"Env": variables}});
        check_configs(env(&["A=1", "B=2"]), env(&["B=2", "A=1"]), &[]);
        check_configs(env(&["A=1", "B=$A"]), env(&["B=$A", "A=1"]), &["order of env"]);
        check_configs(env(&["A=1", "A=2"]), env(&["A=2", "A=1"]), &["env A"]);
        check_configs(env(&["A=1", "A=2"]), env(&["A=2"]), &["env A"]);
        check_configs(env(&["A"]), env(&["A="]), &["env A"]);
    }

    #[test]
    fn names_that_meet_hide_nothing() {
        let config = |user: &str| json!({"config": {"User": user}, "config.User": "0"});
        check_configs(config("0"), config("1"), &["config.User"]);
    }

    #[track_caller]
    fn check_layers(ours: Value, theirs: Value, expected: &[&str]) {
        let count = |layers: &Value| layers.as_array().map_or(0, Vec::len);
        let is_comparable = count(&ours) == count(&theirs);
        let values = |layers: Value| manifest_values(&json!({ "layers": layers }), "m", is_comparable);
        let found = values(ours).against(values(theirs), Level::Manifest);
        let subjects: Vec<&str> = found.iter().map(|difference| difference.subject.as_str()).collect();
        assert_eq!(subjects, expected);
    }

    #[test]
    fn of_a_layer_only_blob_and_packing_are_left_out() {
        let oci = |packing: &str| format!("application/vnd.oci.image.layer.v1.tar{packing}");
        let layer = |digest: &str, packing| json!({"mediaType": oci(packing), "size": 1, "digest": digest});
        check_layers(json!([layer("a", "+gzip")]), json!([layer("b", "+zstd")]), &[]);
        check_layers(json!([layer("a", "+gzip")]), json!([layer("a", ""), layer("b", "")]), &[]);
        let foreign = json!({
            "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "urls": ["http://x"],
        });
        let of_one = ["layer 1.mediaType", "layer 1.urls"];
        check_layers(json!([foreign]), json!([layer("a", "+gzip")]), &of_one);
        let several = json!([layer("a", ""), layer("b", "")]);
        check_layers(json!([foreign]), several.clone(), &["layers.mediaType", "layers.urls"]);
        let mut noted = layer("a", "");
        noted["annotations"] = json!({"x": "y"});
        check_layers(json!([noted]), json!([layer("a", "")]), &["layer 1.annotations.x"]);
        check_layers(json!([noted]), several, &[]);
    }
}
