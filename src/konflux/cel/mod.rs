//! CEL, the language of `on-cel-expression`: whether a text is an expression, and what it names.
//!
//! Nothing is evaluated and no types are inferred: a server has the values. What is checked is what a
//! parser refuses, and what names the text uses, so that whoever asks can tell those that nobody knows.
//! The grammar is that of <https://github.com/google/cel-spec>, with its macros, which bind a name.

mod parse;
mod token;

pub(super) use parse::{Name, Role, names};
