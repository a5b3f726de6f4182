//! Executes plans and tells what happens.
//!
//! Two kinds of actors talk by messages. The *dispatcher* owns what the user sees: it starts
//! plans, puts events in order, listens to signals and says when to stop. An *executor* owns
//! one plan: its workspace, its sessions, its services and every process that they leave
//! behind. A step announces itself and waits for the dispatcher's answer before anything of
//! it runs.
//!
//! ```text
//! executor --StepReady, Event--> dispatcher --RunEvent--> listener
//!    ^                              |
//!    +------- go, Stop -------------+
//! ```
//!
//! Everything runs on one thread: the work is done by the children, and a step costs two
//! messages. This room is async inside and is called like any function.
//!
//! Not here: what a record or a report makes of the events, and where long outputs lie; the
//! caller names the folder.

mod account;
mod aside;
pub(crate) mod beneath;
mod built;
mod dispatcher;
mod error;
mod executor;
mod guard;
mod host;
mod images;
mod kept;
mod message;
mod options;
mod output;
mod package;
mod parity;
mod paths;
mod pipe;
mod process;
mod recording;
mod redact;
mod requirement;
mod results;
mod runner;
mod service;
mod session;
mod signals;
mod spawn;
mod step;
#[cfg(test)]
mod tests;
mod unit;
mod verify;
mod workspace;

pub(crate) use account::{coverage, introduce, left_out};
pub use error::RunError;
pub use host::host;
pub use kept::captures as kept_captures;
pub(crate) use message::Stop;
pub use options::{Ground, Job, ParityOptions, RunOptions};
pub(crate) use output::Capture;
pub use package::{Manager, install_command, refresh_command};
pub(crate) use parity::without_secrets;
pub(crate) use redact::{Redactor, Secrets};
pub use requirement::{Missing, find_program, missing};
pub use results::{MOST_BYTES as MOST_RESULT_BYTES, RESULTS_VARIABLE};
pub use runner::run;
pub use service::answers as service_answers;
pub(crate) use signals::{Interrupt, Signals, tick, unless_interrupted};
pub(crate) use step::not_run;
