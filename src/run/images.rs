//! The images that a page promises.

use super::executor::PlanRun;
use crate::diagnostic::chain;
use crate::event::{ImageFound, Outcome, PromisedImage, SkipReason, StepResult};
use crate::image::{Access, ImageReference, Limits, summarize};

impl PlanRun {
    /// Looks at the images that the page promises, once: before anything is cleaned up.
    ///
    /// One that is not there is trouble if every step that could have built it did what it should.
    pub(super) fn look_at_images(&mut self) {
        if self.images.is_some() {
            return;
        }
        let front_matter = &self.job.plan.tutorial.front_matter;
        let promised = &front_matter.images;
        let images: Vec<PromisedImage> =
            promised.iter().map(|(name, reference)| self.look_at_image(name, reference)).collect();
        if self.trouble.is_none() && self.all_was_done() {
            let place = front_matter.places.get("images").map(|place| format!("{}: ", place.location()));
            let missing = images.iter().find_map(missing);
            self.trouble = missing.map(|missing| place.unwrap_or_default() + &missing);
        }
        self.images = Some(images);
    }

    fn look_at_image(&self, name: &str, reference: &str) -> PromisedImage {
        let found = match summarize(&ImageReference::parse(reference), &self.access()) {
            Ok(image) => ImageFound::Image(image),
            Err(error) if error.is_not_read() => ImageFound::Unread { reason: chain(&error) },
            Err(error) => ImageFound::Nothing { reason: self.without_folders(&chain(&error)) },
        };
        PromisedImage { name: name.to_owned(), reference: reference.to_owned(), found }
    }

    /// Returns with what images are read as the steps see them.
    pub(super) fn access(&self) -> Access {
        Access {
            folder: self.workspace.work().to_path_buf(),
            temporary: self.workspace.control().to_path_buf(),
            limits: Limits::default(),
            registries: self.shared.options.registries.clone(),
            environment: Some(self.environment.clone()),
        }
    }

    /// Returns a text in which the workspace, whose name differs from run to run, has no name.
    fn without_folders(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.workspace.work().display()), "")
    }

    /// Returns whether all steps before the cleanup passed, and none was left out.
    pub(super) fn all_was_done(&self) -> bool {
        let steps = self.job.plan.steps.iter().zip(self.results());
        steps.filter(|(step, _)| !step.cleanup).all(|(_, result)| result.is_some_and(did_its_work))
    }
}

fn did_its_work(result: &StepResult) -> bool {
    match &result.outcome {
        Outcome::Verified | Outcome::Unverified => true,
        // Its `when` is false: what the page then builds is built by the others.
        Outcome::Skipped { reason } => matches!(reason, SkipReason::When(_)),
        Outcome::Failed { .. } | Outcome::TimedOut { .. } | Outcome::Cancelled => false,
    }
}

/// Returns what is wrong with an image that should be there.
fn missing(image: &PromisedImage) -> Option<String> {
    let PromisedImage { name, reference, found } = image;
    match found {
        ImageFound::Nothing { reason } => {
            Some(format!("the image `{name}` that the page promises was not built: {reason} (`{reference}`)"))
        }
        ImageFound::Image(_) | ImageFound::Unread { .. } => None,
    }
}
