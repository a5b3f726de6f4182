//! Line patterns.

/// Lines of expected output, compiled.
#[derive(Debug, Clone)]
pub struct LinePattern {}

/// A glob over text: `*` is any run of characters, `?` is one.
#[derive(Debug, Clone)]
pub struct Glob {}
