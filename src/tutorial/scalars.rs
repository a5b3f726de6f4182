//! Names and simple values from a file of their own, read as a front matter reads them.

use std::sync::Arc;

use super::front_matter::scalar;
use super::model::Value;
use crate::diagnostic::{Finding, Place, Source};
use crate::yaml;

/// A name with its place, and its value unless that is a list or a map.
pub(crate) type Scalar = (String, Place, Option<Value>);

/// Reads a whole source as one YAML map, in the order of its lines; `None` where it is something else.
pub(crate) fn scalars(source: &Arc<Source>) -> Result<Option<Vec<Scalar>>, Box<Finding>> {
    let node = yaml::read(source, 0, source.text())?;
    if node.is_null() {
        return Ok(Some(Vec::new()));
    }
    let scalars = node.entries().map(|entries| {
        let named =
            entries.iter().map(|entry| (entry.key.clone(), entry.key_place.clone(), scalar(&entry.value)));
        named.collect()
    });
    Ok(scalars)
}
