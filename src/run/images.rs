//! The images that a page promises, and how they compare with those of production.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::pin;
use std::rc::Rc;

use super::aside::aside;
use super::executor::PlanRun;
use super::message::{Message, Stop};
use super::options::ParityOptions;
use super::parity::{Comparer, not_compared, trouble};
use super::redact::Secrets;
use crate::diagnostic::chain;
use crate::event::{
    EventKind, ImageFound, Outcome, Parity, ParityOutcome, PromisedImage, SkipReason, StepResult,
};
use crate::image::{Access, Image, ImageReference, Limits, Reading, summarize};

impl PlanRun {
    /// Looks at the images that the page promises, once: before anything is cleaned up.
    ///
    /// One that is not there is trouble if every step that could have built it did what it should; so is one
    /// that is not like that of production, where the project asks for that.
    pub(super) async fn look_at_images(&mut self) {
        if self.images.is_some() {
            return;
        }
        let visit = self.visit();
        let images = if visit.promised.is_empty() { Some(Vec::new()) } else { self.wait_for(visit).await };
        // A run that was stopped meanwhile knows less than one that ended.
        self.is_cut |= images.is_none();
        let images = images.unwrap_or_default();
        if self.trouble.is_none() && self.all_was_done() {
            self.trouble = self.missing(&images).or_else(|| {
                let require = self.shared.options.parity.require?;
                images.iter().find_map(|image| trouble(image, require, &self.job.plan.tutorial.front_matter))
            });
        }
        self.images = Some(images);
    }

    /// Returns what is to be looked at, and with what: layers are read by another thread.
    fn visit(&self) -> Visit {
        let options = &self.shared.options;
        let front_matter = &self.job.plan.tutorial.front_matter;
        Visit {
            promised: front_matter.images.clone(),
            production: front_matter.reference.clone(),
            all_was_done: self.all_was_done(),
            access: self.access(),
            reading: options.reading.clone(),
            parity: options.parity.clone(),
            secrets: options.secrets.clone(),
            outputs: self.job.outputs.clone(),
            outputs_name: self.job.outputs_name.clone(),
        }
    }

    /// Returns with what images are read as the steps see them.
    pub(super) fn access(&self) -> Access {
        let options = &self.shared.options;
        Access {
            folder: self.workspace.work().to_path_buf(),
            temporary: self.workspace.control().to_path_buf(),
            limits: options.reading.as_ref().map_or_else(Limits::default, |reading| reading.limits),
            registries: options.registries.clone(),
            environment: Some(self.environment.clone()),
        }
    }

    /// Looks at images until the run is to stop; `None` if it is. What takes long is said.
    ///
    /// The thread is not waited for then: what it reads is of no use any more, and a registry may be slow.
    async fn wait_for(&self, visit: Visit) -> Option<Vec<PromisedImage>> {
        let mut images = pin!(aside(move || visit.look()));
        let mut stop = self.shared.stop.clone();
        let mut slow = pin!(tokio::time::sleep(self.shared.options.slow_after));
        let mut is_slow = false;
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop > Stop::No) => return None,
                images = &mut images => return Some(images),
                () = &mut slow, if !is_slow => {
                    is_slow = true;
                    let plan = self.job.plan.key.clone();
                    let note = "its images are still looked at, and those that they are compared with".to_owned();
                    let _ = self.shared.messages.send(Message::Event(EventKind::TutorialNoted { plan, note }));
                }
            }
        }
    }

    /// Returns what is wrong with the images that should be there and are not.
    fn missing(&self, images: &[PromisedImage]) -> Option<String> {
        let place = self.job.plan.tutorial.front_matter.places.get("images");
        let place = place.map(|place| format!("{}: ", place.location())).unwrap_or_default();
        images.iter().find_map(missing).map(|missing| place + &missing)
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
    let PromisedImage { name, reference, found, parity: _ } = image;
    match found {
        ImageFound::Nothing { reason } => {
            Some(format!("the image `{name}` that the page promises was not built: {reason} (`{reference}`)"))
        }
        ImageFound::Image(_) | ImageFound::Unread { .. } => None,
    }
}

/// All that is needed to look at the images of a plan, wherever that is done.
struct Visit {
    /// The images by their names.
    promised: BTreeMap<String, String>,
    /// Those of production, by the same names.
    production: BTreeMap<String, String>,
    /// Whether the steps did what they should: what is left of others is not compared.
    all_was_done: bool,
    access: Access,
    reading: Option<Reading>,
    parity: ParityOptions,
    secrets: BTreeMap<String, String>,
    outputs: PathBuf,
    outputs_name: String,
}

impl Visit {
    fn look(&self) -> Vec<PromisedImage> {
        let comparer = Comparer {
            access: &self.access,
            reading: self.reading.as_ref(),
            rules: &self.parity.rules,
            secrets: Rc::new(Secrets::new(self.secrets.values().map(String::as_str))),
            outputs: &self.outputs,
            outputs_name: &self.outputs_name,
        };
        let promised = self.promised.iter().enumerate();
        promised.map(|(number, (name, reference))| self.look_at(number, name, reference, &comparer)).collect()
    }

    fn look_at(&self, number: usize, name: &str, text: &str, comparer: &Comparer<'_>) -> PromisedImage {
        let reference = ImageReference::parse(text);
        let production = self.production.get(name);
        let is_compared = production.is_some() && self.all_was_done;
        // The layers of an image in a registry would have to be fetched.
        let is_here = !matches!(reference, ImageReference::Registry { .. });
        let reading = self.reading.as_ref().filter(|_| is_here || is_compared);
        let looked = Image::open(&reference, &self.access)
            .and_then(|image| summarize(&image, reading).map(|summary| (image, summary)));
        let (image, found) = match looked {
            Ok((image, mut summary)) => {
                let unread = summary.images.iter_mut().filter_map(|image| image.unread.as_mut());
                unread.for_each(|reason| *reason = self.without_folders(reason));
                (Some(image), ImageFound::Image(summary))
            }
            Err(error) if error.is_not_read() => (None, ImageFound::Unread { reason: chain(&error) }),
            Err(error) => (None, ImageFound::Nothing { reason: self.without_folders(&chain(&error)) }),
        };
        // Who reads no layers asks for no comparison either, unless it is demanded.
        let is_asked_for = self.reading.is_some() || self.parity.require.is_some();
        let parity = production.filter(|_| is_asked_for).map(|production| {
            let mut outcome = match self.all_was_done {
                true => comparer.compare(number, name, image.as_ref(), production),
                false => not_compared("not all steps have passed"),
            };
            if let ParityOutcome::NotCompared { reason } = &mut outcome {
                *reason = self.without_folders(reason);
            }
            Parity { reference: production.clone(), outcome }
        });
        PromisedImage { name: name.to_owned(), reference: text.to_owned(), found, parity }
    }

    /// Returns a text in which the workspace, whose name differs from run to run, has no name.
    fn without_folders(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.access.folder.display()), "")
    }
}
