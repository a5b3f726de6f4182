//! `[konflux.tenant]`, and what belongs to it.

use super::{DeValue, Key, Reader, Value};
use crate::config::quantity::is_expiry;
use crate::config::settings::{
    ComponentSettings, PrefetchSettings, ReleaseSettings, StreamSettings, TenantSettings, TestSettings,
};
use crate::diagnostic::{Finding, Place};

/// How long images of pull requests are kept where nothing is said, as Fedora's pipelines have it.
const EXPIRES_AFTER: &str = "5d";

/// Stands for a name that could not be read.
const UNNAMED: &str = "unnamed";

const TENANT_KEYS: [&str; 15] = [
    "namespace",
    "project",
    "title",
    "description",
    "registry",
    "bundle",
    "pipeline",
    "platforms",
    "prefetch",
    "params",
    "expires-after",
    "components",
    "streams",
    "tests",
    "releases",
];

impl Reader<'_> {
    /// Reads what a project has on a cluster; what must be there and is not is a finding.
    pub(super) fn tenant(&mut self, value: &Value<'_>) -> Option<TenantSettings> {
        let mut tenant =
            TenantSettings { expires_after: EXPIRES_AFTER.to_owned(), ..TenantSettings::default() };
        self.each(value, |reader, key, value| reader.tenant_key(key, value, &mut tenant));
        let named = |name: &'static str, value: &str| (name, value.is_empty());
        self.require(
            value,
            &[
                named("namespace", &tenant.namespace),
                named("project", &tenant.project),
                named("registry", &tenant.registry),
                named("bundle", &tenant.pipeline.bundle),
                named("pipeline", &tenant.pipeline.name),
                ("components", tenant.components.is_empty()),
                ("streams", tenant.streams.is_empty()),
            ],
        );
        Some(tenant)
    }

    fn tenant_key(&mut self, key: &Key<'_>, value: &Value<'_>, tenant: &mut TenantSettings) {
        match key.get_ref().as_ref() {
            "namespace" => tenant.namespace = self.name(value),
            "project" => tenant.project = self.name(value),
            "title" => tenant.title = self.text(value),
            "description" => tenant.description = self.text(value),
            "registry" => tenant.registry = self.text(value).unwrap_or_default(),
            "bundle" => tenant.pipeline.bundle = self.text(value).unwrap_or_default(),
            "pipeline" => tenant.pipeline.name = self.text(value).unwrap_or_default(),
            "platforms" => tenant.platforms = self.strings(value).unwrap_or_default(),
            "prefetch" => tenant.prefetch = self.tables(value, Self::prefetch),
            "params" => tenant.params = self.pairs(value),
            "expires-after" => tenant.expires_after = self.expiry(value),
            "components" => {
                tenant.components = self.tables(value, Self::component);
                self.differ(value, "components", tenant.components.iter().map(|one| one.name.as_str()));
            }
            "streams" => {
                tenant.streams = self.tables(value, Self::stream);
                // In names of objects a point is a dash.
                let names: Vec<String> =
                    tenant.streams.iter().map(|one| one.name.replace('.', "-")).collect();
                self.differ(value, "streams", names.iter().map(String::as_str));
            }
            "tests" => {
                tenant.tests = self.tables(value, Self::test);
                self.differ(value, "tests", tenant.tests.iter().map(|one| one.name.as_str()));
            }
            "releases" => {
                tenant.releases = self.tables(value, Self::release);
                self.differ(value, "releases", tenant.releases.iter().map(|one| one.name.as_str()));
            }
            _ => self.unknown(key, &TENANT_KEYS),
        }
    }

    fn component(&mut self, value: &Value<'_>) -> ComponentSettings {
        let mut component = ComponentSettings {
            context: ".".to_owned(),
            containerfile: "Containerfile".to_owned(),
            ..ComponentSettings::default()
        };
        self.each(value, |reader, key, value| match key.get_ref().as_ref() {
            "name" => component.name = reader.name(value),
            "url" => component.url = reader.text(value).unwrap_or_default(),
            "context" => component.context = reader.text(value).unwrap_or_default(),
            "containerfile" => component.containerfile = reader.text(value).unwrap_or_default(),
            _ => reader.unknown(key, &["name", "url", "context", "containerfile"]),
        });
        self.require(value, &[("name", component.name.is_empty()), ("url", component.url.is_empty())]);
        component
    }

    fn stream(&mut self, value: &Value<'_>) -> StreamSettings {
        let mut stream = StreamSettings::default();
        self.each(value, |reader, key, value| match key.get_ref().as_ref() {
            "name" => stream.name = reader.stream_name(value),
            "branch" => stream.branch = reader.text(value).unwrap_or_default(),
            "params" => stream.params = reader.pairs(value),
            _ => reader.unknown(key, &["name", "branch", "params"]),
        });
        self.require(value, &[("name", stream.name.is_empty())]);
        if stream.branch.is_empty() {
            stream.branch = stream.name.clone();
        }
        stream
    }

    fn test(&mut self, value: &Value<'_>) -> TestSettings {
        let mut test = TestSettings { revision: "main".to_owned(), ..TestSettings::default() };
        self.each(value, |reader, key, value| match key.get_ref().as_ref() {
            "name" => test.name = reader.name(value),
            "url" => test.url = reader.text(value).unwrap_or_default(),
            "revision" => test.revision = reader.text(value).unwrap_or_default(),
            "path" => test.path = reader.text(value).unwrap_or_default(),
            "params" => test.params = reader.pairs(value),
            _ => reader.unknown(key, &["name", "url", "revision", "path", "params"]),
        });
        let missing = [("name", &test.name), ("url", &test.url), ("path", &test.path)];
        self.require(value, &missing.map(|(name, value)| (name, value.is_empty())));
        test
    }

    fn release(&mut self, value: &Value<'_>) -> ReleaseSettings {
        let mut release = ReleaseSettings { automatic: true, ..ReleaseSettings::default() };
        self.each(value, |reader, key, value| match key.get_ref().as_ref() {
            "name" => release.name = reader.name(value),
            "registry" => release.registry = reader.text(value).unwrap_or_default(),
            "bundle" => release.pipeline.bundle = reader.text(value).unwrap_or_default(),
            "pipeline" => release.pipeline.name = reader.text(value).unwrap_or_default(),
            "service-account" => release.service_account = reader.name(value),
            "automatic" => release.automatic = reader.truth(value).unwrap_or(true),
            _ => {
                let keys = ["name", "registry", "bundle", "pipeline", "service-account", "automatic"];
                reader.unknown(key, &keys);
            }
        });
        let missing = [
            ("name", &release.name),
            ("registry", &release.registry),
            ("bundle", &release.pipeline.bundle),
            ("pipeline", &release.pipeline.name),
            ("service-account", &release.service_account),
        ];
        self.require(value, &missing.map(|(name, value)| (name, value.is_empty())));
        release
    }

    /// Reads one of the inputs that are fetched before a build.
    fn prefetch(&mut self, value: &Value<'_>) -> PrefetchSettings {
        let mut fields = Vec::new();
        self.each(value, |reader, key, value| {
            let written = match value.get_ref() {
                DeValue::String(text) => serde_json::Value::from(text.as_ref()).to_string(),
                DeValue::Boolean(truth) => truth.to_string(),
                _ => return reader.mistyped(value, "a text", "write it in quotes"),
            };
            fields.push((key.get_ref().to_string(), written));
        });
        self.require(value, &[("type", !fields.iter().any(|(name, _)| name == "type"))]);
        fields.sort_by_key(|(name, _)| name != "type");
        PrefetchSettings { fields }
    }

    /// Reads how long an image is kept.
    fn expiry(&mut self, value: &Value<'_>) -> String {
        let Some(text) = self.text(value) else { return EXPIRES_AFTER.to_owned() };
        if !is_expiry(&text) {
            let message = format!("`{text}` is no time that quay.io reads");
            self.wrong(value, message, "write one number and its unit: `12h`, `5d`, `2w`");
        }
        text
    }

    /// Says which items have a name that one before them has.
    fn differ<'n>(&mut self, list: &Value<'_>, what: &str, names: impl Iterator<Item = &'n str>) {
        let items = list.get_ref().as_array().into_iter().flatten();
        let mut known: Vec<(&str, &Value<'_>)> = Vec::new();
        for (item, name) in items.zip(names) {
            let place = item.get_ref().as_table().and_then(|table| table.get("name")).unwrap_or(item);
            match known.iter().find(|(before, _)| *before == name && !matches!(name, "" | UNNAMED)) {
                Some((_, first)) => {
                    let message = format!("two of `{what}` have the name `{name}`");
                    let finding = Finding::error("invalid-setting", message)
                        .at(Place::new(self.source, place.span()))
                        .related(Place::new(self.source, first.span()), "the first of them");
                    self.findings
                        .push(finding.help("their files would have one path: give each a name of its own"));
                }
                None => known.push((name, place)),
            }
        }
    }

    /// Reads a name that Kubernetes takes for an object.
    fn name(&mut self, value: &Value<'_>) -> String {
        self.name_of(value, "", "write small letters, digits and `-`, at most 63")
    }

    /// Reads the name of a stream: a version may have points, which are dashes in names of objects.
    fn stream_name(&mut self, value: &Value<'_>) -> String {
        let help = "write small letters, digits, `-` and points; the branch may have another name: `branch`";
        self.name_of(value, ".", help)
    }

    fn name_of(&mut self, value: &Value<'_>, besides: &str, help: &str) -> String {
        let Some(name) = self.text(value) else { return String::new() };
        let is_end = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let is_inner = |letter: char| is_end(letter) || letter == '-' || besides.contains(letter);
        if name.chars().all(is_inner)
            && name.starts_with(is_end)
            && name.ends_with(is_end)
            && name.len() <= 63
        {
            return name;
        }
        self.wrong(value, format!("`{name}` is no name that Kubernetes takes"), help);
        // That it is missing would be said as well, and is not the mistake.
        UNNAMED.to_owned()
    }

    fn truth(&mut self, value: &Value<'_>) -> Option<bool> {
        let truth = value.get_ref().as_bool();
        if truth.is_none() {
            self.mistyped(value, "`true` or `false`", "write it without quotes");
        }
        truth
    }

    /// Reads a table of texts, numbers and truth values: parameters of pipelines are texts.
    fn pairs(&mut self, value: &Value<'_>) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        self.each(value, |reader, key, value| {
            let text = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) => number.to_string(),
                DeValue::Boolean(truth) => truth.to_string(),
                _ => return reader.mistyped(value, "a text", "write it in quotes"),
            };
            pairs.push((key.get_ref().to_string(), text));
        });
        pairs
    }

    pub(super) fn tables<T>(
        &mut self,
        value: &Value<'_>,
        mut read: impl FnMut(&mut Self, &Value<'_>) -> T,
    ) -> Vec<T> {
        match value.get_ref().as_array() {
            Some(items) => items.iter().map(|item| read(self, item)).collect(),
            None => {
                self.mistyped(value, "a list of tables", "write each as `[[name]]` on a line of its own");
                Vec::new()
            }
        }
    }

    pub(super) fn require(&mut self, value: &Value<'_>, keys: &[(&str, bool)]) {
        let missing: Vec<&str> = keys.iter().filter(|(_, missing)| *missing).map(|(name, _)| *name).collect();
        if !missing.is_empty() && value.get_ref().as_table().is_some() {
            let message = format!("`{}` must be there", missing.join("`, `"));
            self.wrong(value, message, "add it; the reference page of `stagebook.toml` has an example");
        }
    }
}
