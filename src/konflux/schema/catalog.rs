//! The kinds that a folder of definitions describes.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::compile::compile;
use super::model::{Embedded, Schema};
use crate::diagnostic::{Finding, Severity, Source};
use crate::konflux::fields::{at, field, list, text};
use crate::konflux::object::objects;
use crate::yaml::{self, Node};

/// Why a folder of definitions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A file or folder cannot be read.
    #[error("the schemas in `{}` cannot be read", path.display())]
    Read {
        /// The folder that was named.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing in the folder defines a kind.
    #[error("no file in `{}` defines a kind", path.display())]
    Empty {
        /// The folder that was named.
        path: PathBuf,
    },
}

/// What is known about the kinds of a cluster.
#[derive(Debug, Default)]
pub struct Catalog {
    kinds: BTreeMap<(String, String), Arc<Source>>,
    read: Mutex<HashMap<(String, String), Arc<Kind>>>,
}

/// A definition that was read: the schema of each version.
#[derive(Debug, Default)]
pub(super) struct Kind {
    versions: Vec<Version>,
}

#[derive(Debug)]
struct Version {
    name: String,
    is_deprecated: bool,
    schema: Schema,
}

impl Kind {
    /// Returns the schema of a version.
    pub(super) fn version(&self, name: &str) -> Option<&Schema> {
        self.versions.iter().find(|version| version.name == name).map(|version| &version.schema)
    }

    /// Returns the names of the versions that are not deprecated.
    pub(super) fn current_versions(&self) -> impl Iterator<Item = &str> {
        self.versions.iter().filter(|version| !version.is_deprecated).map(|version| version.name.as_str())
    }
}

impl Catalog {
    /// Takes the definitions in the files of a folder and of the folders below it.
    ///
    /// Files are YAML or JSON; what is not a definition is passed over. Findings are about files that
    /// cannot be parsed.
    pub fn load(folder: &Path) -> Result<(Self, Vec<Finding>), SchemaError> {
        let trouble = |source| SchemaError::Read { path: folder.to_path_buf(), source };
        let mut catalog = Self::default();
        let mut findings = Vec::new();
        fs_err::read_dir(folder).map_err(trouble)?;
        for entry in
            ignore::WalkBuilder::new(folder).standard_filters(false).sort_by_file_path(Path::cmp).build()
        {
            let path = entry.map_err(|error| trouble(io::Error::other(error)))?.into_path();
            let is_data = path
                .extension()
                .is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json");
            if is_data && path.is_file() {
                let text = fs_err::read_to_string(&path).map_err(trouble)?;
                findings.extend(catalog.add(&Source::new(path, text)));
            }
        }
        if catalog.kinds.is_empty() {
            return Err(SchemaError::Empty { path: folder.to_path_buf() });
        }
        Ok((catalog, findings))
    }

    /// Takes definitions as a cluster's API gives them.
    pub fn from_values<'a>(definitions: impl IntoIterator<Item = &'a serde_json::Value>) -> Self {
        let mut catalog = Self::default();
        for definition in definitions {
            // JSON is YAML.
            catalog.add(&Source::new("cluster", definition.to_string()));
        }
        catalog
    }

    /// Returns whether no kind is known.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Adds the definitions of a file. One that holds nothing else is only parsed when it is needed.
    fn add(&mut self, source: &Arc<Source>) -> Vec<Finding> {
        if !source.text().contains("CustomResourceDefinition") {
            return Vec::new();
        }
        if let Some(key) = heading(source.text()) {
            self.kinds.insert(key, Arc::clone(source));
            return Vec::new();
        }
        let read = yaml::read_documents(source);
        for definition in definitions(&read.documents) {
            if let Some(key) = key_of(definition) {
                self.kinds.insert(key, Arc::clone(source));
            }
        }
        read.findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect()
    }

    /// Returns what is known about a kind of a group.
    pub(super) fn kind(&self, group: &str, kind: &str) -> Option<Arc<Kind>> {
        let key = (group.to_owned(), kind.to_owned());
        let mut read = self.read.lock().expect("no one panics while a definition is read");
        if let Some(known) = read.get(&key) {
            return Some(Arc::clone(known));
        }
        let source = self.kinds.get(&key)?;
        let documents = yaml::read_documents(source).documents;
        let definition = definitions(&documents).find(|node| key_of(node).as_ref() == Some(&key));
        let compiled = Arc::new(definition.map(compile_kind).unwrap_or_default());
        read.insert(key, Arc::clone(&compiled));
        Some(compiled)
    }

    /// Returns the kind whose `spec` is put into a place that Tekton leaves open.
    pub(super) fn embedded(&self, embedded: Embedded) -> Option<Arc<Kind>> {
        self.kind(
            "tekton.dev",
            match embedded {
                Embedded::Task => "Task",
                Embedded::Pipeline => "Pipeline",
            },
        )
    }
}

/// Returns group and kind of the one definition in a file, found by its lines alone: to parse half a megabyte takes time.
fn heading(text: &str) -> Option<(String, String)> {
    let of = |prefix: &str| {
        let mut values = text.lines().filter_map(|line| line.strip_prefix(prefix)).map(str::trim_end);
        values.next().filter(|value| !value.is_empty() && values.next().is_none())
    };
    of("kind: ").filter(|kind| *kind == "CustomResourceDefinition")?;
    let names = text.find("\n  names:")?;
    let kinds = text[names + 1..].lines().skip(1).take_while(|line| line.starts_with("   "));
    let kind = kinds.filter_map(|line| line.strip_prefix("    kind: ")).next()?;
    Some((of("  group: ")?.to_owned(), kind.trim_end().to_owned()))
}

fn definitions(documents: &[Node]) -> impl Iterator<Item = &Node> {
    let (found, _) = objects(documents);
    found.into_iter().filter(|object| object.kind == "CustomResourceDefinition").map(|object| object.node)
}

fn key_of(definition: &Node) -> Option<(String, String)> {
    let spec = field(definition, "spec")?;
    Some((text(spec, "group")?.to_owned(), at(spec, &["names", "kind"])?.text()?.to_owned()))
}

fn compile_kind(definition: &Node) -> Kind {
    let versions = field(definition, "spec").map(|spec| list(spec, "versions")).unwrap_or_default();
    let version = |node: &Node| {
        let schema = at(node, &["schema", "openAPIV3Schema"]).map(|schema| of_object(compile(schema, "")));
        Some(Version {
            name: text(node, "name")?.to_owned(),
            is_deprecated: field(node, "deprecated").and_then(Node::boolean) == Some(true),
            schema: schema.unwrap_or_default(),
        })
    };
    Kind { versions: versions.iter().filter_map(version).collect() }
}

/// Adds what every object has, and a definition need not list.
fn of_object(mut schema: Schema) -> Schema {
    if !schema.fields.is_empty() {
        for name in ["apiVersion", "kind", "metadata"] {
            schema.fields.entry(name.into()).or_default();
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heading_of_one_definition_is_found_without_parsing() {
        let text = "kind: CustomResourceDefinition\nspec:\n  group: a.b\n  names:\n    kind: X\n    plural: xs\n  versions: []\n";
        assert_eq!(heading(text), Some(("a.b".to_owned(), "X".to_owned())));
        assert_eq!(heading(&format!("{text}---\n{text}")), None);
        assert_eq!(heading("kind: ConfigMap\n  group: a\n  names:\n    kind: X\n"), None);
    }

    #[test]
    fn definitions_of_a_cluster_are_taken_as_values() {
        let value = serde_json::json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "spec": {"group": "a.b", "names": {"kind": "X"}, "versions": [{"name": "v1"}]},
        });
        let catalog = Catalog::from_values([&value]);
        assert!(catalog.kind("a.b", "X").is_some_and(|kind| kind.version("v1").is_some()));
        assert!(catalog.kind("a.b", "Y").is_none());
    }
}
