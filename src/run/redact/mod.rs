//! Secrets are taken out of output as it streams by.
//!
//! A text is looked at in several ways at once, each a *view* of the same bytes: as it is, as
//! a terminal shows it, and as the encodings that tools use would be read. In each view an
//! automaton looks for all secrets in one pass, so its cost does not grow with their number or
//! length. What is found in any view is replaced where it stands in the text.
//!
//! ```text
//! bytes -> as they are -------------------------------------> found
//!       -> controls (gone) -> as shown ----------------------> found
//!                          -> coding (read) -> percent, ... -> found
//! ```
//!
//! A secret may come in pieces: what could be its beginning is held back until the rest is there.

mod automaton;
mod coding;
mod controls;
mod redactor;
mod secrets;
mod view;

pub(crate) use redactor::Redactor;
pub(crate) use secrets::Secrets;
