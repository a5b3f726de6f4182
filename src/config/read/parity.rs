//! `[parity]`: what a project says of differences between images.

use std::collections::BTreeSet;

use super::{Key, Reader, Value};
use crate::config::settings::{ExplanationSettings, ParityRequirement, ParitySettings};
use crate::diagnostic::{Finding, Place, nearest};

const EXPLANATION_KEYS: [&str; 6] = ["id", "why", "what", "levels", "changes", "reference"];

/// What can be asked for, by its words.
const REQUIREMENTS: [(&str, ParityRequirement); 4] = [
    ("digest", ParityRequirement::Digest),
    ("config", ParityRequirement::Config),
    ("content", ParityRequirement::Content),
    ("packages", ParityRequirement::Packages),
];

impl Reader<'_> {
    pub(super) fn parity(&mut self, key: &Key<'_>, value: &Value<'_>, parity: &mut ParitySettings) {
        match key.get_ref().as_ref() {
            "require" => parity.require = self.requirement(value),
            "disable" => parity.disable = self.strings(value).unwrap_or_else(|| parity.disable.clone()),
            "explain" => {
                parity.explain = self.tables(value, Self::explanation);
                self.twice(parity);
            }
            _ => self.unknown(key, &["require", "disable", "explain"]),
        }
    }

    /// Reads what must be alike.
    fn requirement(&mut self, value: &Value<'_>) -> Option<ParityRequirement> {
        let word = self.text(value)?;
        let found = REQUIREMENTS.into_iter().find(|(known, _)| *known == word);
        if found.is_none() {
            let known = REQUIREMENTS.map(|(known, _)| known);
            let help = match nearest(&word, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are `{}`", known.join("`, `")),
            };
            self.wrong(value, format!("`{word}` is nothing that images can be asked for"), &help);
        }
        found.map(|(_, requirement)| requirement)
    }

    fn explanation(&mut self, value: &Value<'_>) -> ExplanationSettings {
        let mut explanation = ExplanationSettings {
            id: String::new(),
            why: String::new(),
            what: Vec::new(),
            levels: Vec::new(),
            changes: Vec::new(),
            reference: None,
            place: Place::new(self.source, value.span()),
        };
        self.each(value, |reader, key, value| match key.get_ref().as_ref() {
            "id" => explanation.id = reader.text(value).unwrap_or_default(),
            "why" => explanation.why = reader.text(value).unwrap_or_default(),
            "what" => explanation.what = reader.strings(value).unwrap_or_default(),
            "levels" => explanation.levels = reader.strings(value).unwrap_or_default(),
            "changes" => explanation.changes = reader.strings(value).unwrap_or_default(),
            "reference" => explanation.reference = reader.address(value),
            _ => reader.unknown(key, &EXPLANATION_KEYS),
        });
        let missing = [
            ("id", explanation.id.is_empty()),
            ("why", explanation.why.is_empty()),
            ("what", explanation.what.is_empty()),
        ];
        self.require(value, &missing);
        explanation
    }

    /// Reads the address of a page.
    fn address(&mut self, value: &Value<'_>) -> Option<String> {
        let address = self.text(value)?;
        if ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme)) {
            return Some(address);
        }
        self.wrong(value, format!("`{address}` is no address of a page"), "begin it with `https://`");
        None
    }

    /// Refuses a second explanation of one id, at its place.
    fn twice(&mut self, parity: &ParitySettings) {
        let mut ids = BTreeSet::new();
        for ExplanationSettings { id, place, .. } in &parity.explain {
            if !id.is_empty() && !ids.insert(id) {
                let message = format!("two explanations have the id `{id}`");
                let finding = Finding::error("invalid-setting", message).at(place.clone());
                self.findings.push(finding.help("give each a name of its own"));
            }
        }
    }
}
