//! What the two actors of a run say to each other.

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::event::EventKind;
use crate::plan::{PlanKey, StepIndex};

/// From a plan's executor to the dispatcher.
#[derive(Debug)]
pub(super) enum Message {
    /// Something that everybody may know.
    Event(EventKind),
    /// A piece of output; the permit is given back when everybody has heard it.
    Printed(EventKind, Option<OwnedSemaphorePermit>),
    /// A plan was made ready and never began: the run was stopped before its turn came.
    NotBegun,
    /// A step is ready to run; nothing of it runs before the answer.
    StepReady { plan: PlanKey, step: StepIndex, attempt: u32, go: oneshot::Sender<()> },
}

/// From the dispatcher to every executor: how urgently the run is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    /// It is not.
    No,
    /// Stop what runs, then clean up.
    Gently,
    /// Stop everything, cleanup too.
    Now,
}

impl Stop {
    /// Returns what another request to stop asks for.
    pub(crate) fn further(self) -> Self {
        if self == Self::No { Self::Gently } else { Self::Now }
    }
}
