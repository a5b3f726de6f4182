//! Images that were built, held to those of production.

use std::path::Path;
use std::rc::Rc;

use serde_json::Value;

use super::redact::Secrets;
use crate::diagnostic::chain;
use crate::event::{ImageFound, Parity, ParityOutcome, ParityReport, PromisedImage};
use crate::image::compare::{Comparing, Comparison, Level, Requirement, Rule, compare, html, verdict_line};
use crate::image::{Access, Image, ImageError, ImageReference, Platform, PlatformImage, Reading};
use crate::tutorial::FrontMatter;

/// What of a report has one of a few words as its value: a secret that is one of them betrays nothing there.
const WORDS: [&str; 4] = ["level", "change", "verdict", "facts"];

/// With what images are compared, and where reports are kept.
pub(super) struct Comparer<'a> {
    pub(super) access: &'a Access,
    /// How layers are read; images are not compared where they are not.
    pub(super) reading: Option<&'a Reading>,
    pub(super) rules: &'a [Rule],
    pub(super) secrets: Rc<Secrets>,
    /// The folder for reports, and its name in the record.
    pub(super) outputs: &'a Path,
    pub(super) outputs_name: &'a str,
}

impl Comparer<'_> {
    /// Compares an image that was built, if it could be read, with that of production; `number` is its place
    /// among those of the page.
    pub(super) fn compare(
        &self,
        number: usize,
        name: &str,
        staging: Option<&Image>,
        reference: &str,
    ) -> ParityOutcome {
        let (Some(staging), Some(reading)) = (staging, self.reading) else {
            return not_compared(if staging.is_none() {
                "the image was not read"
            } else {
                "layers are not read here"
            });
        };
        match self.side_by_side(staging, reference, reading) {
            Ok(comparison) => ParityOutcome::Compared(self.report(number, name, comparison)),
            Err(error) => not_compared(&chain(&error)),
        }
    }

    fn side_by_side(
        &self,
        staging: &Image,
        reference: &str,
        reading: &Reading,
    ) -> Result<Comparison, ImageError> {
        let staging = staging.for_platform(None, &Platform::host())?;
        let reference = Image::open(&ImageReference::parse(reference), self.access)?;
        let reference = same_platform(&reference, &staging.platform())?;
        compare(&staging, &reference, &Comparing { reading, rules: self.rules })
    }

    fn report(&self, number: usize, name: &str, comparison: Comparison) -> ParityReport {
        let comparison = without_secrets(comparison, &self.secrets);
        let stem = format!("parity-{}-{}", number + 1, safe(name));
        let files = self.write(&stem, &comparison);
        let (json, html) = (format!("{stem}.json"), format!("{stem}.html"));
        let in_record = |file: String| format!("{}/{file}", self.outputs_name);
        ParityReport {
            platform: comparison.staging.platform.clone(),
            reference_digest: comparison.reference.digest.clone(),
            verdict: comparison.verdict,
            summary: verdict_line(&comparison),
            json: files.is_ok().then(|| in_record(json)),
            html: files.is_ok().then(|| in_record(html)),
            trouble: files.err(),
            levels: comparison.levels,
        }
    }

    /// Writes the whole report, for programs and for people; says what went wrong.
    fn write(&self, stem: &str, comparison: &Comparison) -> Result<(), String> {
        let page = html(comparison).map_err(|error| chain(&error))?;
        let json = serde_json::to_vec_pretty(comparison).map_err(|error| chain(&error))?;
        let write = || {
            std::fs::create_dir_all(self.outputs)?;
            std::fs::write(self.outputs.join(format!("{stem}.json")), json)?;
            std::fs::write(self.outputs.join(format!("{stem}.html")), page)
        };
        write().map_err(|error| error.to_string())
    }
}

/// Returns a comparison of which no text has a secret in it: what differs in files is shown in it.
pub(crate) fn without_secrets(comparison: Comparison, secrets: &Rc<Secrets>) -> Comparison {
    if secrets.is_empty() {
        return comparison;
    }
    let mut value = serde_json::to_value(&comparison).expect("a comparison is JSON");
    redact(&mut value, secrets);
    serde_json::from_value(value).expect("the words of a report are left alone")
}

fn redact(value: &mut Value, secrets: &Rc<Secrets>) {
    match value {
        Value::String(text) => secrets.redact(text),
        Value::Array(values) => values.iter_mut().for_each(|value| redact(value, secrets)),
        Value::Object(values) => values
            .iter_mut()
            .filter(|(key, _)| !WORDS.contains(&key.as_str()))
            .for_each(|(_, value)| redact(value, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns the image for the platform of another; a variant that is not named is no other platform.
fn same_platform(image: &Image, platform: &Platform) -> Result<PlatformImage, ImageError> {
    let without_variant = Platform { variant: None, ..platform.clone() };
    let found = image.for_platform(Some(platform), platform);
    found.or_else(|error| image.for_platform(Some(&without_variant), platform).map_err(|_| error))
}

pub(super) fn not_compared(reason: &str) -> ParityOutcome {
    ParityOutcome::NotCompared { reason: reason.to_owned() }
}

/// Returns a name as part of a file's name.
fn safe(name: &str) -> String {
    let safe = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => character,
        _ => '_',
    };
    name.chars().map(safe).take(80).collect()
}

/// Returns what is wrong with an image that is not as like that of production as the project asks for.
pub(super) fn trouble(
    image: &PromisedImage,
    require: Requirement,
    front_matter: &FrontMatter,
) -> Option<String> {
    let PromisedImage { name, parity, found, .. } = image;
    let Parity { reference, outcome } = parity.as_ref()?;
    let setting = format!("`require = \"{}\"` of `[parity]`", require.name());
    let what = match outcome {
        ParityOutcome::Compared(report) => {
            let unmet = require.unmet_in(&report.levels);
            if unmet.is_empty() {
                return None;
            }
            let levels: Vec<&str> = unmet.into_iter().map(Level::name).collect();
            format!(
                "the image `{name}` is not like `{reference}` in {}, and {setting} asks for that ({})",
                levels.join(", "),
                report.summary
            )
        }
        // Why it was not read is the reason.
        ParityOutcome::NotCompared { reason } => {
            let reason = match found {
                ImageFound::Unread { reason } => reason,
                ImageFound::Image(_) | ImageFound::Nothing { .. } => reason,
            };
            format!(
                "the image `{name}` was not compared with `{reference}`, and {setting} asks for that: {reason}"
            )
        }
    };
    let place = front_matter.reference_places.get(name).map(|place| format!("{}: ", place.location()));
    Some(place.unwrap_or_default() + &what)
}
