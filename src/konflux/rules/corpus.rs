//! The objects of all files that are checked together, to find what others refer to.

use std::collections::HashMap;

use crate::konflux::fields::{field, text};
use crate::konflux::object::Object;
use crate::yaml::Node;

/// Tasks, pipelines and step actions by kind and name.
#[derive(Debug, Default)]
pub(in crate::konflux) struct Corpus<'a> {
    objects: HashMap<(&'a str, &'a str), Vec<Object<'a>>>,
}

impl<'a> Corpus<'a> {
    /// Takes the objects of Tekton among those that are given.
    pub(in crate::konflux) fn of(objects: impl Iterator<Item = Object<'a>>) -> Self {
        let mut corpus = Self::default();
        for object in objects.filter(|object| object.group == "tekton.dev") {
            if let Some(name) = object.name() {
                corpus.objects.entry((object.kind, name)).or_default().push(object);
            }
        }
        corpus
    }

    /// Returns the object that a reference by name means, if exactly one of these files has it.
    ///
    /// A resolver (a bundle, a repository) takes it from elsewhere. Konflux's templates name the version of a
    /// task, which stands in a label of the task.
    pub(super) fn refer(&self, kind: &str, reference: &Node) -> Option<Object<'a>> {
        if field(reference, "resolver").is_some() || field(reference, "bundle").is_some() {
            return None;
        }
        let named = self.objects.get(&(kind, text(reference, "name")?))?;
        match text(reference, "version") {
            Some(version) => {
                let has = |object: &&Object<'_>| {
                    object.label("app.kubernetes.io/version").is_some_and(|label| {
                        label == version
                            || label.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'))
                    })
                };
                let mut matching = named.iter().filter(has);
                matching.next().copied().filter(|_| matching.next().is_none())
            }
            None => named.first().copied().filter(|_| named.len() == 1),
        }
    }
}
