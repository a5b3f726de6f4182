//! The way in.

use tokio::runtime::Builder;
use tokio::task::LocalSet;

use super::dispatcher::Dispatcher;
use super::error::RunError;
use super::options::{Job, RunOptions};
use super::process;
use crate::event::{RunEvent, Totals};

/// Runs plans; returns what came of them and whether someone stopped the run.
///
/// Every event is given to `listener` in the order in which things happened. When this returns,
/// no process that the plans started is alive, except for those that cannot be ended: they belong
/// to another user, or hang in the kernel.
pub fn run(
    jobs: Vec<Job>,
    options: RunOptions,
    listener: &mut dyn FnMut(&RunEvent),
) -> Result<(Totals, bool), RunError> {
    process::adopt_orphans();
    let runtime = Builder::new_current_thread().enable_all().build().map_err(RunError::Runtime)?;
    let local = LocalSet::new();
    runtime.block_on(local.run_until(async { Ok(Dispatcher::new(jobs, options, listener)?.run().await) }))
}
