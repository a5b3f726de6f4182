//! Kubernetes objects in the documents of a file.

use super::fields;
use crate::diagnostic::Place;
use crate::yaml::Node;

/// One object, and what it says that it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object<'a> {
    /// The whole object.
    pub(crate) node: &'a Node,
    /// The part of `apiVersion` before the slash; empty for Kubernetes' own.
    pub(crate) group: &'a str,
    /// The part of `apiVersion` behind the slash.
    pub(crate) version: &'a str,
    /// Its `kind`.
    pub(crate) kind: &'a str,
}

impl<'a> Object<'a> {
    /// Returns a document as an object, if it has `apiVersion` and `kind`.
    pub(crate) fn of(node: &'a Node) -> Option<Self> {
        let api = fields::text(node, "apiVersion")?;
        let kind = fields::text(node, "kind")?;
        let (group, version) = api.split_once('/').unwrap_or(("", api));
        Some(Self { node, group, version, kind })
    }

    /// Returns its `metadata.name`.
    pub(crate) fn name(&self) -> Option<&'a str> {
        fields::text(fields::field(self.node, "metadata")?, "name")
    }

    /// Returns where to point for the object as a whole: at its name, else at its kind.
    pub(crate) fn head(&self) -> Place {
        let name = fields::at(self.node, &["metadata", "name"]).or_else(|| fields::field(self.node, "kind"));
        fields::first_line(name.map_or(&self.node.place, |node| &node.place))
    }

    /// Returns the part that says what it should be.
    pub(crate) fn spec(&self) -> Option<&'a Node> {
        fields::field(self.node, "spec")
    }

    /// Returns the value of an annotation.
    pub(crate) fn annotation(&self, name: &str) -> Option<&'a Node> {
        fields::at(self.node, &["metadata", "annotations", name])
    }

    /// Returns the value of a label.
    pub(crate) fn label(&self, name: &str) -> Option<&'a str> {
        fields::at(self.node, &["metadata", "labels", name])?.text()
    }

    /// Returns whether it is a kind of Tekton's, of whatever version.
    pub(crate) fn is_tekton(&self, kind: &str) -> bool {
        self.group == "tekton.dev" && self.kind == kind
    }
}

/// Returns the objects of documents, those of lists (`kind: List`) among them, and the documents that are none.
pub(crate) fn objects(documents: &[Node]) -> (Vec<Object<'_>>, Vec<&Node>) {
    let mut objects = Vec::new();
    let mut others = Vec::new();
    for document in documents.iter().filter(|document| !document.is_null()) {
        match Object::of(document) {
            Some(object) if object.kind.ends_with("List") && fields::field(document, "items").is_some() => {
                let (inner, strange) = self::objects(fields::list(document, "items"));
                objects.extend(inner);
                others.extend(strange);
            }
            Some(object) => {
                objects.push(object);
                objects.extend(templates(object));
            }
            None => others.push(document),
        }
    }
    (objects, others)
}

/// Returns the objects that a ProjectDevelopmentStreamTemplate makes; their values have placeholders.
fn templates(object: Object<'_>) -> impl Iterator<Item = Object<'_>> {
    let spec = object.spec().filter(|_| object.kind == "ProjectDevelopmentStreamTemplate");
    let resources = spec.map(|spec| fields::list(spec, "resources")).unwrap_or_default();
    resources.iter().filter_map(Object::of)
}
