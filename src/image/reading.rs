//! The layers of images become indexes: each layer once, several at a time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use oci_spec::image::Descriptor;

use super::cache::{LayerCache, Wanted};
use super::digest::ContentDigest;
use super::error::ImageError;
use super::layer::{Content, EntryKind, LayerIndex, Limits, ReadLayer, pick, read_layer};
use super::open::PlatformImage;
use super::path::TreePath;
use super::store::{Store, Stored};
use super::tree::{NodeKind, Tree};
use crate::diagnostic::plural;
use crate::parallel;

/// An image whose layers were read.
#[derive(Clone)]
pub struct Unfolded {
    /// The image.
    pub image: PlatformImage,
    /// Its layers, the lowest first.
    pub layers: Vec<Arc<LayerIndex>>,
    /// What a container would see.
    pub tree: Tree,
}

impl Unfolded {
    /// Returns the digests of its layers without their packing, the lowest first, as they were found.
    pub(super) fn diff_ids(&self) -> Vec<String> {
        self.layers.iter().map(|layer| layer.summary.diff_id.to_string()).collect()
    }

    /// Returns what is wrong with the digests that its config has for its layers, if they are others: an image that
    /// engines refuse, though all of its blobs are there.
    pub(super) fn misnamed_layers(&self) -> Option<String> {
        let said = self.image.config.meaning.rootfs().diff_ids();
        let found = self.diff_ids();
        if said.len() != found.len() {
            return Some(format!("{} for {}", plural(said.len(), "digest"), plural(found.len(), "layer")));
        }
        let place = said.iter().zip(&found).position(|(said, found)| said != found)?;
        Some(format!("`{}` for layer {}, which is `{}`", said[place], place + 1, found[place]))
    }
}

/// With what layers are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Up to where.
    pub limits: Limits,
    /// Where what was found is kept.
    pub cache: LayerCache,
}

/// A layer that is to be read.
struct Work<'a> {
    store: &'a dyn Store,
    descriptor: &'a Descriptor,
    stored: Stored,
    number: usize,
}

impl Reading {
    /// Reads the layers of images, those that they share once; `keep` says which contents will be asked for.
    ///
    /// # Errors
    /// When a layer cannot be read, is not the one that its digest promises, or goes beyond a limit.
    pub fn unfold(
        &self,
        images: &[&PlatformImage],
        keep: &(dyn Fn(&TreePath) -> bool + Sync),
    ) -> Result<Vec<Unfolded>, ImageError> {
        let (mut work, mut places) = (Vec::new(), HashMap::new());
        let mut numbers = Vec::new();
        for image in images {
            for (number, descriptor) in image.layers().iter().enumerate() {
                let stored = image.store.stored(descriptor)?;
                numbers.push(*places.entry(stored.digest.clone()).or_insert_with(|| {
                    work.push(Work { store: &*image.store, descriptor, stored, number });
                    work.len() - 1
                }));
            }
        }
        let indexes = parallel::try_map(&work, |work| self.read(work, keep))?;
        let mut numbers = numbers.into_iter();
        let unfolded = images.iter().map(|image| {
            let numbers = numbers.by_ref().take(image.layers().len());
            let layers: Vec<_> = numbers.map(|number| Arc::clone(&indexes[number])).collect();
            Unfolded { tree: Tree::of(&layers), image: (*image).clone(), layers }
        });
        Ok(unfolded.collect())
    }

    fn read(
        &self,
        work: &Work<'_>,
        keep: &(dyn Fn(&TreePath) -> bool + Sync),
    ) -> Result<Arc<LayerIndex>, ImageError> {
        if let Some(index) = self.cache.index(&work.stored.digest) {
            return Ok(Arc::new(index));
        }
        let blob =
            work.store.blob(work.descriptor).map_err(|error| match work.descriptor.urls().as_deref() {
                Some([url, ..]) => ImageError::Foreign { number: work.number + 1, url: url.clone() },
                _ => error,
            })?;
        let named = |path: &TreePath| keep(path);
        let mut keeper = self.cache.keeper(Wanted::Named(&named));
        let ReadLayer { index, digest, size } =
            read_layer(blob, &work.stored.digest, self.limits, &mut keeper);
        // A layer that was cut is no archive either, and the size that a damaged one tells is beyond any
        // limit: say what is the matter, not what came of it.
        if let Some(found) = digest.filter(|found| *found != work.stored.digest) {
            return Err(work.stored.broken(work.store.place(work.descriptor), &found, size));
        }
        let index = index.map_err(|source| ImageError::Layer {
            number: work.number + 1,
            path: work.store.place(work.descriptor),
            source,
        })?;
        self.cache.keep(&index);
        Ok(Arc::new(index))
    }

    /// Returns files with the contents of regular files of an image, by their paths; those that are no
    /// regular files, or not there, are left out.
    ///
    /// # Errors
    /// When a layer cannot be read.
    pub fn contents(
        &self,
        image: &Unfolded,
        paths: &[&TreePath],
    ) -> Result<BTreeMap<TreePath, PathBuf>, ImageError> {
        let mut missing: BTreeMap<usize, Vec<(TreePath, Content)>> = BTreeMap::new();
        let mut found = BTreeMap::new();
        for path in paths {
            let Some(inode) = image.tree.get(path) else { continue };
            let NodeKind::File(content) = inode.kind else { continue };
            match self.cache.content(content) {
                Some(file) => drop(found.insert((*path).clone(), file)),
                None => missing.entry(inode.layer).or_default().push(((*path).clone(), content)),
            }
        }
        for (layer, files) in missing {
            self.fetch(image, layer, &files)?;
            let kept = |(path, content)| Some((path, self.cache.content(content)?));
            found.extend(files.into_iter().filter_map(kept));
        }
        Ok(found)
    }

    fn fetch(&self, image: &Unfolded, layer: usize, files: &[(TreePath, Content)]) -> Result<(), ImageError> {
        let descriptor = &image.image.layers()[layer];
        let store = &image.image.store;
        // The content may stand there under another of its names.
        let digests: HashSet<ContentDigest> = files.iter().map(|(_, content)| content.digest).collect();
        let (mut named, mut anywhere) = (HashSet::new(), HashMap::new());
        for entry in &image.layers[layer].entries {
            let EntryKind::File(content) = &entry.kind else { continue };
            if digests.contains(&content.digest) {
                named.insert((&entry.path, content.digest));
                anywhere.entry(content.digest).or_insert(&entry.path);
            }
        }
        let place = |path: &TreePath, digest: ContentDigest| {
            let elsewhere = anywhere.get(&digest).filter(|_| !named.contains(&(path, digest)));
            elsewhere.map_or_else(|| path.clone(), |elsewhere| (*elsewhere).clone())
        };
        let named = files.iter().map(|(path, content)| (place(path, content.digest), content.digest));
        let mut keeper = self.cache.keeper(Wanted::Exactly(named.collect()));
        pick(store.blob(descriptor)?, self.limits, &mut keeper).map_err(|source| ImageError::Layer {
            number: layer + 1,
            path: store.place(descriptor),
            source,
        })?;
        // The index was kept from an earlier time, and the blob may have been changed since then.
        match files.iter().find(|(_, content)| self.cache.content(*content).is_none()) {
            None => Ok(()),
            Some((path, content)) => Err(ImageError::Broken {
                path: store.place(descriptor),
                found: format!("no `{path}` with the content {}", content.digest),
                promised: format!("{} ({} bytes)", descriptor.digest(), descriptor.size()),
            }),
        }
    }
}
