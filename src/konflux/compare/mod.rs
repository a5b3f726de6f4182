//! What repeats and what varies in nearly equal files.
//!
//! Takes some documents with the names of their files, gives a [`Comparison`]: the values that all
//! have, and each value that varies with how it does. Most of what varies is no choice of its own:
//! it is the file's name in other words, or it follows from a part of it. So the names are taken
//! apart first, into *dimensions* (`stream`, `event`), and each varying value is then said in terms
//! of them: as a text (`fedora-coreos-{stream}-on-push`), as a table with one value for each
//! stream, or, where nothing else fits, file by file.
//!
//! Lists of maps with a `name` are aligned by name, all else by position.

mod dimension;
mod explain;
mod naming;
mod pattern;
mod tree;
mod view;

pub use dimension::{Dimension, dimensions};
pub(super) use dimension::{common_prefix, common_suffix};
pub use explain::{Case, Explanation, explain};
pub use pattern::Pattern;
pub use tree::{Compared, Comparison, Same, Variation, compare};
pub use view::{comparison_json, comparison_markdown, comparison_text};

#[cfg(test)]
mod tests;
