//! Labels that tools for images that boot rely on.

use super::model::Said;
use super::subject::Subject;
use crate::image::path::shown;

pub(super) fn bootc_label(subject: &Subject<'_>) -> Vec<Said> {
    match subject.labels.bootc.as_deref() {
        Some("1") => Vec::new(),
        Some(other) => {
            let what = format!("`containers.bootc` is `{}`, and not `1`", shown(other.as_bytes()));
            vec![Said::everywhere(what)]
        }
        None => vec![Said::everywhere("the image has no label `containers.bootc`")],
    }
}

pub(super) fn ostree_final_diffid(subject: &Subject<'_>) -> Vec<Said> {
    let label = subject.labels.ostree_final_diff_id.as_ref();
    let Some(label) = label.filter(|label| !subject.diff_ids.contains(label)) else { return Vec::new() };
    let what = format!("`ostree.final-diffid` names `{}`, which is no layer of it", shown(label.as_bytes()));
    vec![Said::everywhere(what)]
}

pub(super) fn ostree_linux(subject: &Subject<'_>) -> Vec<Said> {
    let Some(label) = &subject.labels.kernel else { return Vec::new() };
    let versions: Vec<&str> = subject.kernels.bootable().collect();
    if versions.is_empty() || versions.contains(&label.as_str()) {
        return Vec::new();
    }
    let listed: Vec<String> =
        versions.iter().map(|version| format!("`{}`", shown(version.as_bytes()))).collect();
    let label = shown(label.as_bytes());
    vec![Said::everywhere(format!("`ostree.linux` is `{label}`, and the kernel is {}", listed.join(", ")))]
}
