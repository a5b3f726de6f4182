//! Does an output keep what the text promised?
//!
//! Takes an [`Expectation`] and captured output, gives a [`Verdict`]: held, with what it
//! captured, or broken, with a line diff that understands wildcards. Pure functions of
//! text: nothing here knows where the output came from or which step it belongs to.
//!
//! An output goes through these stages:
//!
//! ```text
//! output -> terminal (what was shown) -> canonical (what counts) -> the kind of comparison
//! lines: lines, pieces -> align (does it hold?) -> diff (if not, how does it differ?)
//! ```
//!
//! The way back is here too: [`updated`] writes what an output asks for, [`measure`] tells which
//! wrong outputs an expectation would let pass, [`propose()`] offers a better one. How texts stand
//! in a page, with fences and indentation, is not known here.

mod align;
mod canonical;
mod check;
mod compare;
mod diff;
mod escape;
mod expectation;
mod glob;
mod json;
mod json_edit;
mod lines;
mod mend;
mod mutate;
mod pieces;
mod propose;
mod quote;
mod replacement;
mod similarity;
mod strength;
mod table;
mod terminal;
mod update;
mod volatile;

pub use expectation::{
    Captures, DiffLine, Expectation, Matcher, Mismatch, Normalise, PatternError, Stream, Verdict,
};
pub use glob::Glob;
pub use lines::LinePattern;
pub use mutate::{Mutation, MutationKind, mutations};
pub use propose::{propose, propose_whole};
pub use strength::{Strength, measure};
pub use update::{Misread, updated};
