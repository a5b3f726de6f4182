//! Shells that live across steps.
//!
//! A session is a shell that runs a short driver. For each step it reads a request from a
//! named pipe, opens the step's own output pipes, runs the step's text and answers through
//! another named pipe. The driver opens all of them by name and only while it needs them,
//! so a step can use, close and redirect every file descriptor as it likes, and nothing but
//! the commands of the step ever writes to its output.
//!
//! A shell that ends inside a step (`exit`, a failing command under errexit) first saves
//! its variables, functions, options and working folder; the next step gets a new shell
//! that begins there. The same files are what a later step cache needs: a session's state
//! can be saved and loaded. A request that a shell did not live to read is withdrawn: no
//! other shell ever runs it.

mod driver;
mod request;
mod shell;

pub(super) use driver::is_driver;
pub(super) use request::{Extras, Request};
pub(super) use shell::{Ending, PIPES, Reply, Session, Streams, folder};
