//! How the files of two images are cut into layers.

use std::collections::BTreeMap;

use super::model::{Difference, Level};
use crate::diagnostic::{plural, size};
use crate::image::reading::Unfolded;

/// Compares layers by what they hold without their packing; returns also what there is to say of them.
pub(super) fn layers(staging: &Unfolded, reference: &Unfolded) -> (Vec<Difference>, String) {
    let mut ours = by_diff_id(staging);
    let theirs = by_diff_id(reference);
    let (mut shared, mut bytes, mut differences) = (0, 0, Vec::new());
    for (diff_id, unpacked) in theirs {
        if ours.remove(&diff_id).is_some() {
            shared += 1;
            bytes += unpacked;
        } else {
            differences.push(Difference::of_values(Level::Layers, diff_id, None, Some(size(unpacked))));
        }
    }
    let only = ours.into_iter();
    differences.extend(only.map(|(diff_id, unpacked)| {
        Difference::of_values(Level::Layers, diff_id, Some(size(unpacked)), None)
    }));
    let (ours, theirs) = (staging.layers.len(), reference.layers.len());
    let counts =
        if ours == theirs { plural(ours, "layer") } else { format!("{ours} layers against {theirs}") };
    (differences, format!("{counts}, {shared} shared ({})", size(bytes)))
}

fn by_diff_id(image: &Unfolded) -> BTreeMap<String, u64> {
    let summaries = image.layers.iter().map(|layer| &layer.summary);
    summaries.map(|layer| (layer.diff_id.to_string(), layer.unpacked)).collect()
}
