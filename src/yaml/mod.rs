//! YAML becomes nodes that know where they stand, and values become YAML.
//!
//! Scalars keep the text that the author wrote, so `1.10` stays `1.10`; what a number or a truth value is,
//! the reader decides. [`Node::to_json`] decides as Kubernetes does.
//!
//! Anchors and merge keys are resolved while reading, within a limit; comments are not kept.

mod json;
mod node;
mod read;
mod write;

pub(crate) use json::{integer, truth};
pub use node::{Data, Entry, Node};
pub use read::{Documents, read, read_documents};
pub use write::write;
