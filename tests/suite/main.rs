//! The whole program, as a user meets it: arguments and files in, exit status and text out.
//!
//! Most cases are data: see `golden`. The other modules hold what data cannot say, such as signals,
//! full disks and terminals.

mod case;
mod golden;
mod project;
mod redact;
mod text_diff;
