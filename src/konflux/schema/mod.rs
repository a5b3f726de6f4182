//! The schemas of custom resource definitions, read strictly.
//!
//! A [`Catalog`] knows which kinds a folder of definitions describes; a definition is read and
//! compiled when the first object of its kind is checked, once. Strictly means: where a schema lists
//! the fields of a map, no other field is allowed, unless it says that it keeps unknown ones.
//!
//! Tekton leaves two places open that it could describe: `taskSpec` and `pipelineSpec`. The schemas
//! of a Task's and a Pipeline's `spec` are put there. What they require is not required there, since
//! Tekton's webhook, which alone judges those places, fills in and merges first; the room `rules` has
//! what it demands. A `taskSpec` with a kind of its own (a custom task) stays open.

mod catalog;
mod compile;
mod model;
mod validate;

pub use catalog::{Catalog, SchemaError};
pub(super) use validate::{Judged, validate};
