//! Does an output keep what the text promised?
//!
//! Takes an [`Expectation`] and captured output, gives a [`Verdict`]: held, with what it
//! captured, or broken, with a line diff that understands wildcards. Pure functions of
//! text: nothing here knows where the output came from or which step it belongs to.

mod expectation;
mod lines;

pub use expectation::{
    Captures, DiffLine, Expectation, Matcher, Mismatch, Normalise, PatternError, Stream, Verdict,
};
pub use lines::{Glob, LinePattern};
