//! The evidence of a run: kept, read again, and compared with the page as it is now.
//!
//! Events come in, one [`Record`] for each tutorial and variant comes out. The [`Folder`]
//! does that for any number of plans that run at once and is a pure function of events;
//! the [`Recorder`] hands what it folds to the [`Store`], which owns the folder
//! `.stagebook/`. A record that is replayed with [`replay()`] gives the events it was
//! folded from, as far as they matter to a reporter.
//!
//! A record is only ever replaced by a better one: a run of some steps, a tutorial that
//! was skipped or interrupted proves less than what is already there and leaves it alone.
//!
//! ```text
//! .stagebook/lock                                              held while a run writes
//! .stagebook/records/tutorials/a.md/default/record.json        the record
//! .stagebook/records/tutorials/a.md/default/outputs-<run>/     its whole outputs
//! ```

mod error;
mod fold;
mod lock;
mod model;
mod path;
mod recorder;
mod replay;
#[cfg(test)]
pub(crate) mod samples;
mod status;
mod store;

pub use error::StoreError;
pub use fold::{Folder, fold};
pub use lock::Lock;
pub use model::{Record, ServiceEnd, StepRecord, VERSION, schema};
pub use recorder::{Kept, Recorder};
pub use replay::replay;
pub use status::{State, StatusRow, broken, state, status};
pub use store::Store;
