//! A plan runs on a cluster, and what happens there becomes events.
//!
//! Tekton does the work: a PipelineRun is created, its TaskRuns are watched, and each step's log is followed. A
//! connection that is lost is made again: watches begin anew where they must, and a log goes on after the last line
//! that came. Terminal, record and reports hear the same events as of a run on this machine.
//!
//! ```text
//! PipelineRun --create--> API server --watch--> Status --+
//!                              |                         +--> Follower --RunEvent--> listener
//!                              +------follow--> LogLine --+
//! ```
//!
//! Not here: how a plan becomes a PipelineRun (`konflux`), and what a step is checked for: that is done in the task.

mod api;
mod error;
mod follow;
mod log;
mod objects;
mod options;
mod runner;
mod verdict;

pub use api::{Cluster, connect};
pub use error::ClusterError;
pub use options::{ClusterJob, ClusterOptions, Target};
pub use runner::{definitions, dry_run, run};
