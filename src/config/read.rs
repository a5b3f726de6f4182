//! The text of a settings file, laid over settings.

mod parity;
mod tenant;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::QuantityError;
use super::quantity::{parse_duration, parse_size};
use super::settings::{
    CheckSettings, KonfluxSettings, LinkSettings, ProductionSettings, RunSettings, Settings, StagingSettings,
};
use crate::diagnostic::{Finding, Place, Source, nearest, sort_by_place};

/// The defaults of every setting, with a comment for each.
pub const DEFAULT_SETTINGS: &str = include_str!("default.toml");

/// Lays what a settings file says over settings, and returns what is wrong with it.
pub(super) fn apply(source: &Arc<Source>, settings: &mut Settings) -> Vec<Finding> {
    let (table, errors) = DeTable::parse_recoverable(source.text());
    let mut reader = Reader { source, findings: Vec::new() };
    reader.settings(table.get_ref(), settings);
    if let Some(error) = errors.first() {
        // One slip makes the parser stumble over all that follows: the rest is noise.
        reader.findings.clear();
        reader.not_toml(error);
    }
    sort_by_place(&mut reader.findings);
    reader.findings
}

type Key<'a> = Spanned<DeString<'a>>;
type Value<'a> = Spanned<DeValue<'a>>;

/// Walks a file and collects what is wrong with it.
struct Reader<'a> {
    source: &'a Arc<Source>,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn settings(&mut self, table: &DeTable<'_>, settings: &mut Settings) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "tutorials" => {
                    self.strings(value).into_iter().for_each(|paths| {
                        settings.tutorials = paths.into_iter().map(PathBuf::from).collect();
                    });
                }
                "run" => self.each(value, |reader, key, value| reader.run(key, value, &mut settings.run)),
                "checks" => {
                    self.each(value, |reader, key, value| reader.checks(key, value, &mut settings.checks));
                }
                "links" => {
                    self.each(value, |reader, key, value| reader.links(key, value, &mut settings.links));
                }
                "konflux" => {
                    self.each(value, |reader, key, value| reader.konflux(key, value, &mut settings.konflux));
                }
                "staging" => {
                    let staging = &mut settings.staging;
                    self.each(value, |reader, key, value| reader.staging(key, value, staging));
                }
                "production" => {
                    let production = &mut settings.production;
                    self.each(value, |reader, key, value| reader.production(key, value, production));
                }
                "parity" => {
                    self.each(value, |reader, key, value| reader.parity(key, value, &mut settings.parity));
                }
                "interpreters" => {
                    self.each(value, |reader, key, value| reader.interpreter(key, value, settings));
                }
                _ => self.unknown(
                    key,
                    &[
                        "tutorials",
                        "run",
                        "checks",
                        "links",
                        "konflux",
                        "staging",
                        "production",
                        "parity",
                        "interpreters",
                    ],
                ),
            }
        }
    }

    fn run(&mut self, key: &Key<'_>, value: &Value<'_>, run: &mut RunSettings) {
        match key.get_ref().as_ref() {
            "jobs" => run.jobs = self.jobs(value).or(run.jobs),
            "timeout" => run.timeout = self.duration(value).unwrap_or(run.timeout),
            "grace" => run.grace = self.duration(value).unwrap_or(run.grace),
            "slow-after" => run.slow_after = self.duration(value).unwrap_or(run.slow_after),
            "keep-output" => run.keep_output = self.size(value).unwrap_or(run.keep_output),
            "pass-env" => run.pass_env = self.strings(value).unwrap_or_else(|| run.pass_env.clone()),
            _ => {
                self.unknown(key, &["jobs", "timeout", "grace", "slow-after", "keep-output", "pass-env"]);
            }
        }
    }

    fn checks(&mut self, key: &Key<'_>, value: &Value<'_>, checks: &mut CheckSettings) {
        match key.get_ref().as_ref() {
            "minimum-strength" => {
                checks.minimum_strength = self.share(value).or(checks.minimum_strength);
            }
            _ => self.unknown(key, &["minimum-strength"]),
        }
    }

    fn links(&mut self, key: &Key<'_>, value: &Value<'_>, links: &mut LinkSettings) {
        match key.get_ref().as_ref() {
            "exclude" => links.exclude = self.strings(value).unwrap_or_else(|| links.exclude.clone()),
            "timeout" => links.timeout = self.duration(value).unwrap_or(links.timeout),
            _ => self.unknown(key, &["exclude", "timeout"]),
        }
    }

    fn konflux(&mut self, key: &Key<'_>, value: &Value<'_>, konflux: &mut KonfluxSettings) {
        match key.get_ref().as_ref() {
            "schemas" => konflux.schemas = self.path(value).or_else(|| konflux.schemas.take()),
            "allow" => konflux.allow = self.strings(value).unwrap_or_else(|| konflux.allow.clone()),
            "image" => konflux.image = self.text(value).or(konflux.image.take()),
            "secret" => konflux.secret = self.text(value).or(konflux.secret.take()),
            "storage" => konflux.storage = self.text(value).unwrap_or(std::mem::take(&mut konflux.storage)),
            "tenant" => konflux.tenant = self.tenant(value).or(konflux.tenant.take()),
            _ => self.unknown(key, &["image", "secret", "storage", "schemas", "allow", "tenant"]),
        }
    }

    fn staging(&mut self, key: &Key<'_>, value: &Value<'_>, staging: &mut StagingSettings) {
        let tier = match key.get_ref().as_ref() {
            "intermediate" => &mut staging.intermediate,
            "devel" => &mut staging.devel,
            _ => return self.unknown(key, &["intermediate", "devel"]),
        };
        *tier = self.strings(value).unwrap_or_else(|| tier.clone());
    }

    fn production(&mut self, key: &Key<'_>, value: &Value<'_>, production: &mut ProductionSettings) {
        match key.get_ref().as_ref() {
            "namespaces" => {
                production.namespaces = self.strings(value).unwrap_or_else(|| production.namespaces.clone());
            }
            _ => self.unknown(key, &["namespaces"]),
        }
    }

    fn text(&mut self, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        if text.is_none() {
            self.mistyped(value, "a text", "write it in quotes");
        }
        text
    }

    fn interpreter(&mut self, key: &Key<'_>, value: &Value<'_>, settings: &mut Settings) {
        let command = match value.get_ref() {
            DeValue::String(program) => Some(vec![program.to_string()]),
            _ => self.strings(value),
        };
        match command {
            None => {}
            Some(command) if command.first().is_some_and(|program| !program.is_empty()) => {
                settings.interpreters.insert(key.get_ref().to_lowercase(), command);
            }
            Some(_) => self.wrong(value, "an interpreter needs a program".to_owned(), "name a program"),
        }
    }

    /// Calls a function with each key of a value that must be a table.
    fn each(&mut self, value: &Value<'_>, mut take: impl FnMut(&mut Self, &Key<'_>, &Value<'_>)) {
        match value.get_ref().as_table() {
            Some(table) => table.iter().for_each(|(key, value)| take(self, key, value)),
            None => self.mistyped(value, "a table", "write it as `[name]` on a line of its own"),
        }
    }

    fn strings(&mut self, value: &Value<'_>) -> Option<Vec<String>> {
        let texts = value
            .get_ref()
            .as_array()
            .and_then(|items| items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect());
        if texts.is_none() {
            self.mistyped(value, "a list of strings", "write it as `[\"one\", \"two\"]`");
        }
        texts
    }

    fn path(&mut self, value: &Value<'_>) -> Option<PathBuf> {
        let path = value.get_ref().as_str().map(PathBuf::from);
        if path.is_none() {
            self.mistyped(value, "a path", "write it in quotes: `\"folder\"`");
        }
        path
    }

    fn jobs(&mut self, value: &Value<'_>) -> Option<usize> {
        let jobs = integer(value.get_ref()).filter(|jobs| *jobs > 0);
        if jobs.is_none() {
            self.mistyped(value, "a count of at least 1", "leave it out for one for each processor");
        }
        jobs.and_then(|jobs| usize::try_from(jobs).ok())
    }

    fn duration(&mut self, value: &Value<'_>) -> Option<Duration> {
        let Some(text) = value.get_ref().as_str() else {
            self.mistyped(value, "a duration", "write it in quotes, with its unit: `\"30s\"`");
            return None;
        };
        self.quantity(value, parse_duration(text))
    }

    fn size(&mut self, value: &Value<'_>) -> Option<u64> {
        if let Some(bytes) = integer(value.get_ref()) {
            return Some(bytes);
        }
        let Some(text) = value.get_ref().as_str() else {
            self.mistyped(value, "a size", "write it in quotes, with its unit: `\"64MiB\"`");
            return None;
        };
        self.quantity(value, parse_size(text))
    }

    fn quantity<T>(&mut self, value: &Value<'_>, parsed: Result<T, QuantityError>) -> Option<T> {
        parsed.map_err(|error| self.wrong(value, error.to_string(), error.help())).ok()
    }

    fn share(&mut self, value: &Value<'_>) -> Option<f64> {
        let share = match value.get_ref() {
            DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
            other => integer(other).map(|number| number as f64),
        };
        let share = share.filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            self.mistyped(value, "a number from 0 to 1", "write it as `0.8`");
        }
        share
    }

    fn unknown(&mut self, key: &Key<'_>, known: &[&str]) {
        let name = key.get_ref();
        let near = nearest(name, known.iter().copied());
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here are `{}`", known.join("`, `")),
        };
        let finding = Finding::error("unknown-setting", format!("unknown setting `{name}`"));
        self.findings.push(finding.at(Place::new(self.source, key.span())).help(help));
    }

    fn mistyped(&mut self, value: &Value<'_>, wanted: &str, help: &str) {
        let found = value.get_ref().type_str();
        self.wrong(value, format!("expected {wanted}, found {}", shown(value, found)), help);
    }

    fn wrong(&mut self, value: &Value<'_>, message: String, help: &str) {
        let place = Place::new(self.source, value.span());
        self.findings.push(Finding::error("invalid-setting", message).at(place).help(help));
    }

    fn not_toml(&mut self, error: &toml::de::Error) {
        let length = self.source.text().len();
        let span = error.span().unwrap_or(0..0);
        let place = Place::new(self.source, span.start.min(length)..span.end.min(length));
        let message = format!("settings are not TOML: {}", error.message());
        self.findings.push(Finding::error("settings-not-toml", message).at(place));
    }
}

fn integer(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Returns a short value itself, and the type of any other.
fn shown(value: &Value<'_>, kind: &str) -> String {
    match value.get_ref() {
        DeValue::Integer(number) => format!("`{number}`"),
        DeValue::Float(number) => format!("`{number}`"),
        DeValue::Boolean(truth) => format!("`{truth}`"),
        _ => format!("{kind} value"),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::config::ParityRequirement;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let source = Source::new("stagebook.toml", text);
        let mut settings = Settings::defaults("/project");
        let findings = apply(&source, &mut settings);
        let lines = findings.iter().map(|finding| {
            let place = finding.place.as_ref().unwrap().location();
            let help = finding.help.as_deref().unwrap_or("-");
            format!("{place}: {}: {}; {help}\n", finding.code, finding.message)
        });
        expected.assert_eq(&lines.collect::<String>());
    }

    #[test]
    fn defaults_have_no_findings_and_name_every_key() {
        check(DEFAULT_SETTINGS, expect![""]);
        let uncommented = DEFAULT_SETTINGS
            .replace("# jobs", "jobs")
            .replace("# minimum", "minimum")
            .replace("# schemas", "schemas")
            .replace("# image", "image")
            .replace("# secret", "secret")
            .replace("# require", "require");
        check(&uncommented, expect![""]);
    }

    #[test]
    fn what_the_file_says_replaces_the_default() {
        let text = "[run]\njobs = 3\ntimeout = '1h30m'\nkeep-output = 4096\n[interpreters]\nLua = 'lua5.4'\n";
        let mut settings = Settings::defaults("/project");
        let findings = apply(&Source::new("stagebook.toml", text), &mut settings);
        assert!(findings.is_empty());
        assert_eq!((settings.run.jobs, settings.run.keep_output), (Some(3), 4096));
        assert_eq!(settings.run.timeout, Duration::from_secs(5400));
        assert_eq!(settings.run.grace, Duration::from_secs(5));
        assert_eq!(settings.interpreters["lua"], ["lua5.4"]);
        assert_eq!(settings.interpreters["python"], ["python3"]);
    }

    #[test]
    fn links_can_be_left_out() {
        let text = "[links]\nexclude = ['https://example.org/*']\ntimeout = '3s'\n";
        let mut settings = Settings::defaults("/project");
        assert_eq!(settings.links.timeout, Duration::from_secs(20));
        assert!(apply(&Source::new("stagebook.toml", text), &mut settings).is_empty());
        assert_eq!((settings.links.exclude.len(), settings.links.timeout), (1, Duration::from_secs(3)));
        check(
            "[links]\nexcludes = []\nexclude = 'x'\n",
            expect![[r#"
            stagebook.toml:2:1: unknown-setting: unknown setting `excludes`; did you mean `exclude`?
            stagebook.toml:3:11: invalid-setting: expected a list of strings, found string value; write it as `["one", "two"]`
        "#]],
        );
    }

    #[test]
    fn unknown_names_are_shown_with_a_near_one() {
        check(
            "tutorial = []\n[runs]\n[run]\ntiemout = '5m'\n[check.x]\n[run.colour]\n",
            expect![[r#"
            stagebook.toml:1:1: unknown-setting: unknown setting `tutorial`; did you mean `tutorials`?
            stagebook.toml:2:2: unknown-setting: unknown setting `runs`; did you mean `run`?
            stagebook.toml:4:1: unknown-setting: unknown setting `tiemout`; did you mean `timeout`?
            stagebook.toml:5:2: unknown-setting: unknown setting `check`; did you mean `checks`?
            stagebook.toml:6:6: unknown-setting: unknown setting `colour`; known here are `jobs`, `timeout`, `grace`, `slow-after`, `keep-output`, `pass-env`
        "#]],
        );
    }

    #[test]
    fn what_images_are_asked_for_is_one_of_a_few_words() {
        let mut settings = Settings::defaults("/p");
        let read =
            |text: &str, settings: &mut Settings| apply(&Source::new("stagebook.toml", text), settings);
        assert!(read("[parity]\nrequire = 'content'\n", &mut settings).is_empty());
        assert_eq!(settings.parity.require, Some(ParityRequirement::Content));
        check(
            "[parity]\nrequire = 'contents'\n",
            expect![[r#"
            stagebook.toml:2:11: invalid-setting: `contents` is nothing that images can be asked for; did you mean `content`?
        "#]],
        );
    }

    #[test]
    fn wrong_values_are_shown_with_what_to_write() {
        check(
            "tutorials = 'docs'\nchecks = 1\n[run]\njobs = 0\ntimeout = 5\ngrace = '5 minutes'\nkeep-output = '9ZB'\npass-env = ['A', 1]\n[interpreters]\nlua = []\nfish = true\n",
            expect![[r#"
                stagebook.toml:1:13: invalid-setting: expected a list of strings, found string value; write it as `["one", "two"]`
                stagebook.toml:2:10: invalid-setting: expected a table, found `1`; write it as `[name]` on a line of its own
                stagebook.toml:4:8: invalid-setting: expected a count of at least 1, found `0`; leave it out for one for each processor
                stagebook.toml:5:11: invalid-setting: expected a duration, found `5`; write it in quotes, with its unit: `"30s"`
                stagebook.toml:6:9: invalid-setting: `5 minutes` is not a duration; write a duration as `500ms`, `30s`, `5m` or `1h30m`
                stagebook.toml:7:15: invalid-setting: `9ZB` is not a size; write a size as `10MB`, `64MiB` or a number of bytes
                stagebook.toml:8:12: invalid-setting: expected a list of strings, found array value; write it as `["one", "two"]`
                stagebook.toml:10:7: invalid-setting: an interpreter needs a program; name a program
                stagebook.toml:11:8: invalid-setting: expected a list of strings, found `true`; write it as `["one", "two"]`
            "#]],
        );
        check(
            "[checks]\nminimum-strength = 1.5",
            expect![[r#"
            stagebook.toml:2:20: invalid-setting: expected a number from 0 to 1, found `1.5`; write it as `0.8`
        "#]],
        );
        check(
            "[checks]\nminimum-strength = nan",
            expect![[r#"
            stagebook.toml:2:20: invalid-setting: expected a number from 0 to 1, found `nan`; write it as `0.8`
        "#]],
        );
    }

    #[test]
    fn rest_of_a_broken_file_is_still_read() {
        check(
            "tutorials = [\n[run]\ntiemout = '5m'\njobs = = 3\n",
            expect![[r#"
            stagebook.toml:3:1: settings-not-toml: settings are not TOML: missing comma between array elements, expected `,`; -
        "#]],
        );
        check(
            "\0",
            expect![[r#"
            stagebook.toml:1:2: settings-not-toml: settings are not TOML: key with no value, expected `=`; -
        "#]],
        );
        check(
            "run = 1\nrun = 2\n",
            expect![[r#"
            stagebook.toml:2:1: settings-not-toml: settings are not TOML: duplicate key; -
        "#]],
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in "[a-z\\[\\]='\". \n\u{e4}0-9-]{0,60}") {
            let findings = apply(&Source::new("stagebook.toml", text), &mut Settings::defaults("/"));
            for finding in findings {
                finding.place.expect("every finding about a file has a place").text();
            }
        }
    }
}
