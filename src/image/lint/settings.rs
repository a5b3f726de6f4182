//! Settings that bootc and ostree read out of an image.

use serde::Deserialize;

use super::base::roots;
use super::model::Said;
use super::subject::Subject;
use crate::image::path::{TreePath, shown};

/// A file of `usr/lib/bootc/kargs.d`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct KernelArguments {
    #[serde(rename = "kargs")]
    _arguments: Vec<String>,
    #[serde(rename = "match-architectures")]
    _architectures: Option<Vec<String>>,
}

pub(super) fn bootc_kargs(subject: &Subject<'_>) -> Vec<Said> {
    let files = subject.texts("usr/lib/bootc/kargs.d", ".toml");
    let wrong = |(path, text): (&TreePath, String)| {
        let error = toml::from_str::<KernelArguments>(&text).err()?;
        Some(Said::at(path, format!("bootc cannot read it: {}", shown(error.message().as_bytes()))))
    };
    files.into_iter().filter_map(wrong).collect()
}

pub(super) fn baseimage_composefs(subject: &Subject<'_>) -> Vec<Said> {
    roots(subject).iter().filter_map(|root| composefs(subject, root)).collect()
}

/// What stands below `etc` is taken instead of what stands below `usr/lib`.
fn composefs(subject: &Subject<'_>, root: &TreePath) -> Option<Said> {
    let in_usr = root.join(b"usr/lib/ostree/prepare-root.conf");
    let places = [root.join(b"etc/ostree/prepare-root.conf"), in_usr.clone()];
    let Some((path, text)) = places.iter().find_map(|path| Some((path, subject.text(path)?))) else {
        return Some(Said::at(&in_usr, "the file that enables composefs is missing"));
    };
    let has = |section, key, values: &[&str]| {
        setting(&text, section, key).is_some_and(|value| values.contains(&value))
    };
    let is_enabled = has("composefs", "enabled", &["yes", "true", "1", "maybe", "signed", "verity"])
        || has("root", "transient", &["true", "1"]);
    (!is_enabled).then(|| Said::at(path, "it does not enable composefs"))
}

/// Returns a value of a key file, as GLib has them: of two with one name the later counts.
fn setting<'a>(text: &'a str, section: &str, key: &str) -> Option<&'a str> {
    let mut current = "";
    let mut found = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            current = name;
        } else if let Some((name, value)) = line.split_once('=')
            && current == section
            && name.trim() == key
        {
            found = Some(value.trim());
        }
    }
    found
}
