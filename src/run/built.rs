//! The images that each step leaves behind: copied while they are there, for whoever compares two runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::executor::PlanRun;
use crate::diagnostic::chain;
use crate::event::StepResult;
use crate::image::{
    Access, BuiltImage, FoundImage, Image, ImageError, ImageKeep, ImageReference, find_images,
};

/// Digests of the images that were there after the steps so far, by their names.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<String, String>);

impl PlanRun {
    /// Adds to what came of a step the images that are there since then, where the run keeps them.
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
        let mut seen = std::mem::take(&mut self.seen);
        // Layers of gigabytes are copied: signals are heard meanwhile.
        let looked = tokio::task::spawn_blocking(move || {
            let images = look.new_images(&mut seen);
            (seen, images)
        });
        let Ok((seen, images)) = looked.await else { return result };
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
    /// Copies what was not seen before.
    fn new_images(&self, seen: &mut Seen) -> Result<Vec<BuiltImage>, ImageError> {
        let found = self.found();
        let mut built = Vec::new();
        for image in &found {
            if seen.is_new(&image.name, &image.digest) {
                let opened = Image::open(&image.reference, &self.access)?;
                self.copy(&opened, &image.name, &mut built)?;
            }
        }
        for text in &self.promised {
            // It may not be built yet. One that was found already has two names, and one is enough.
            let Ok(image) = Image::open(&ImageReference::parse(text), &self.access) else { continue };
            let digest = image.root().digest().to_string();
            if found.iter().all(|found| found.digest != digest) && seen.is_new(text, &digest) {
                self.copy(&image, text, &mut built)?;
            }
        }
        Ok(built)
    }

    fn found(&self) -> Vec<FoundImage> {
        let runtime = self.access.temporary.join("storage");
        self.folders.iter().flat_map(|folder| find_images(folder, &runtime)).collect()
    }

    fn copy(&self, image: &Image, name: &str, built: &mut Vec<BuiltImage>) -> Result<(), ImageError> {
        let images = image.images()?;
        for one in &images {
            self.keep.keep(one)?;
            let name =
                if images.len() == 1 { name.to_owned() } else { format!("{name} ({})", one.platform()) };
            built.push(BuiltImage { name, digest: one.descriptor.digest().to_string() });
        }
        Ok(())
    }
}

impl Seen {
    /// Notes an image; returns whether another one had that name before, or none.
    fn is_new(&mut self, name: &str, digest: &str) -> bool {
        self.0.insert(name.to_owned(), digest.to_owned()).is_none_or(|before| before != digest)
    }
}
