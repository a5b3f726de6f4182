//! The images that each step leaves behind: copied while they are there, for whoever compares two runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::aside::aside;
use super::executor::PlanRun;
use super::message::Stop;
use crate::diagnostic::chain;
use crate::event::StepResult;
use crate::image::{
    Access, BuiltImage, FoundImage, Image, ImageError, ImageKeep, ImageReference, find_images,
};

/// The images that were there after the steps so far, by their names.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(BTreeMap<String, SeenImage>);

/// An image that was there.
#[derive(Debug, Clone)]
struct SeenImage {
    digest: String,
    /// What it is called for each of its platforms.
    names: Vec<String>,
}

impl PlanRun {
    /// Adds to what came of a step the images that are there since then, and those that are gone, where the run
    /// keeps them.
    ///
    /// One that cannot be copied is trouble: who asked for all would take it for one that was not built.
    pub(super) async fn with_new_images(&mut self, result: StepResult) -> StepResult {
        let Some(folder) = self.shared.options.keep_images.clone().filter(|_| result.attempt > 0) else {
            return result;
        };
        let promised = self.job.plan.tutorial.front_matter.images.values();
        let look = Look {
            folders: [self.workspace.work(), self.workspace.home()].map(Path::to_path_buf),
            promised: promised.cloned().collect(),
            access: self.access(),
            keep: ImageKeep::new(&folder),
        };
        let mut seen = self.seen.clone();
        let changes = aside(move || {
            let images = look.changes(&mut seen);
            (seen, images)
        });
        // Layers of gigabytes may be copied: a run that is stopped meanwhile has no use for them.
        let mut stop = self.shared.stop.clone();
        let (seen, images) = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop > Stop::No) => return result,
            changes = changes => changes,
        };
        self.seen = seen;
        match images {
            Ok(images) => StepResult { images, ..result },
            Err(error) => {
                let trouble = format!("an image could not be copied: {}", chain(&error));
                self.trouble = self.trouble.take().or(Some(trouble));
                result
            }
        }
    }
}

/// Where images may be, and where copies of them go.
struct Look {
    /// The workspace, and the home of its steps.
    folders: [PathBuf; 2],
    /// References of the page.
    promised: Vec<String>,
    access: Access,
    keep: ImageKeep,
}

impl Look {
    /// Copies what was not seen before; returns that, and what is gone.
    fn changes(&self, seen: &mut Seen) -> Result<Vec<BuiltImage>, ImageError> {
        let before = std::mem::take(&mut seen.0);
        let found = self.found();
        let mut built = Vec::new();
        for image in &found {
            let open = || Image::open(&image.reference, &self.access);
            let now = self.look_at(&image.name, &image.digest, &before, open, &mut built)?;
            seen.0.insert(image.name.clone(), now);
        }
        for text in &self.promised {
            // It may not be built yet. One that was found already has two names, and one is enough.
            let Ok(image) = Image::open(&ImageReference::parse(text), &self.access) else { continue };
            let digest = image.root().digest().to_string();
            if found.iter().all(|found| found.digest != digest) {
                let now = self.look_at(text, &digest, &before, || Ok(image), &mut built)?;
                seen.0.insert(text.clone(), now);
            }
        }
        let gone = before.into_iter().filter(|(name, _)| !seen.0.contains_key(name));
        let names = gone.flat_map(|(_, image)| image.names);
        built.extend(names.map(|name| BuiltImage { name, digest: None }));
        Ok(built)
    }

    /// Copies an image unless it was there before; adds to `built` what it has for each platform.
    fn look_at(
        &self,
        name: &str,
        digest: &str,
        before: &BTreeMap<String, SeenImage>,
        open: impl FnOnce() -> Result<Image, ImageError>,
        built: &mut Vec<BuiltImage>,
    ) -> Result<SeenImage, ImageError> {
        if let Some(seen) = before.get(name).filter(|seen| seen.digest == digest) {
            return Ok(seen.clone());
        }
        let images = open()?.images()?;
        let mut names = Vec::new();
        for one in &images {
            self.keep.keep(one)?;
            let name =
                if images.len() == 1 { name.to_owned() } else { format!("{name} ({})", one.platform()) };
            built.push(BuiltImage { name: name.clone(), digest: Some(one.descriptor.digest().to_string()) });
            names.push(name);
        }
        Ok(SeenImage { digest: digest.to_owned(), names })
    }

    fn found(&self) -> Vec<FoundImage> {
        let runtime = self.access.temporary.join("storage");
        self.folders.iter().flat_map(|folder| find_images(folder, &runtime)).collect()
    }
}
