//! Files of Kubernetes objects, checked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::object::{Object, objects};
use super::placeholder::covered;
use super::rules::{Corpus, judge};
use super::schema::{Catalog, Judged, validate};
use crate::diagnostic::{Finding, Place, Source, plural, tidy};
use crate::yaml::{Node, read_documents};

/// What a project says about checks.
#[derive(Debug, Clone, Default)]
pub struct CheckSettings {
    /// Codes of findings that are not wanted.
    pub allow: Vec<String>,
    /// Namespaces of registries that builds push to; none demands nothing.
    pub intermediate: Vec<String>,
    /// Namespaces of registries that releases go to; none demands nothing.
    pub devel: Vec<String>,
    /// Namespaces of registries in which production images are.
    pub production: Vec<String>,
}

impl CheckSettings {
    /// Returns whether findings with a code are not wanted.
    pub(super) fn allows(&self, code: &str) -> bool {
        self.allow.iter().any(|allowed| allowed == code)
    }
}

/// Checks files against schemas and rules.
///
/// Schemas are compiled when the first object of their kind is met, and kept: one checker for many
/// files costs less than one for each.
#[derive(Debug, Default)]
pub struct Checker {
    catalog: Catalog,
    settings: CheckSettings,
}

/// A file that was read.
struct Read {
    /// The file as it was given.
    source: Arc<Source>,
    /// The file as it was read: where values began with placeholders, they are covered.
    covered: Arc<Source>,
    documents: Vec<Node>,
}

impl Checker {
    /// Takes schemas, an empty catalog for none, and settings.
    pub fn new(catalog: Catalog, settings: CheckSettings) -> Self {
        Self { catalog, settings }
    }

    /// Returns what is wrong in files that belong together: what one refers to is looked for in the others.
    pub fn check(&self, sources: &[Arc<Source>]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let files: Vec<Read> = sources.iter().map(|source| read(source, &mut findings)).collect();
        let found: Vec<Object<'_>> = files.iter().flat_map(|file| objects_of(file, &mut findings)).collect();
        let corpus = Corpus::of(found.iter().copied());
        let mut unknown = BTreeMap::new();
        for object in &found {
            if validate(&self.catalog, object, &mut findings) == Judged::NoSchema {
                unknown.entry((object.group, object.kind)).or_insert_with(Vec::new).push(*object);
            }
            judge(*object, &corpus, &self.settings, &mut findings);
        }
        findings.extend(same_runs(found.iter().copied()));
        self.say_unknown(&unknown, &mut findings);
        give_back(&mut findings, &files);
        findings.retain(|finding| !self.settings.allows(finding.code));
        tidy(findings)
    }

    /// Says once for each kind that its fields were not checked.
    fn say_unknown(&self, unknown: &BTreeMap<(&str, &str), Vec<Object<'_>>>, findings: &mut Vec<Finding>) {
        if self.catalog.is_empty() {
            return;
        }
        for ((group, kind), objects) in unknown {
            let named = if group.is_empty() { (*kind).to_owned() } else { format!("{kind} of {group}") };
            let place = super::fields::field(objects[0].node, "kind").map(|node| node.place.clone());
            let message = format!(
                "no schema for {named}: fields of {} were not checked",
                plural(objects.len(), "object")
            );
            let mut finding = Finding::note("no-schema", message);
            finding.place = place;
            findings.push(
                finding.help("put its definition (`kubectl get crd -o yaml`) into the folder of schemas"),
            );
        }
    }
}

/// Returns the objects of a file, and says which documents are none.
fn objects_of<'a>(file: &'a Read, findings: &mut Vec<Finding>) -> Vec<Object<'a>> {
    let (objects, others) = objects(&file.documents);
    for other in others {
        let place = super::fields::first_line(&other.place);
        let finding = Finding::note("not-an-object", "a document is no Kubernetes object").at(place);
        findings.push(finding.help("it has no `apiVersion` and `kind`; nothing in it was checked"));
    }
    objects
}

/// Returns a warning for each PipelineRun that has the name of another one.
fn same_runs<'a>(objects: impl Iterator<Item = Object<'a>>) -> Vec<Finding> {
    let mut known: HashMap<(&str, Option<&str>), Object<'_>> = HashMap::new();
    let mut findings = Vec::new();
    for object in objects.filter(|object| object.is_tekton("PipelineRun")) {
        let Some(name) = object.name() else { continue };
        let namespace = super::fields::at(object.node, &["metadata", "namespace"]).and_then(Node::text);
        if let Some(first) = known.insert((name, namespace), object) {
            let finding = Finding::warning("duplicate-run", format!("two PipelineRuns are called `{name}`"));
            let finding = finding.at(object.head()).related(first.head(), "the other one");
            findings.push(finding.help("give each a name of its own: of two, Pipelines-as-Code starts none"));
        }
    }
    findings
}

/// Reads a file, with what is wrong with it as YAML.
fn read(source: &Arc<Source>, findings: &mut Vec<Finding>) -> Read {
    let (covered, unquoted) = covered(source);
    let read = read_documents(&covered);
    findings.extend(unquoted);
    findings.extend(read.findings);
    Read { source: Arc::clone(source), covered, documents: read.documents }
}

/// Puts places into the sources as they were given, where they lie in one with covered placeholders.
fn give_back(findings: &mut [Finding], files: &[Read]) {
    let changed = files.iter().filter(|file| !Arc::ptr_eq(&file.source, &file.covered));
    let given: HashMap<*const Source, &Arc<Source>> =
        changed.map(|file| (Arc::as_ptr(&file.covered), &file.source)).collect();
    if given.is_empty() {
        return;
    }
    for finding in findings {
        for place in finding.place.iter_mut().chain(finding.related.iter_mut().map(|(place, _)| place)) {
            if let Some(source) = given.get(&Arc::as_ptr(&place.source)) {
                *place = Place::new(source, place.span);
            }
        }
    }
}
