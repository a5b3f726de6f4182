//! Which files of a folder are a tenant's, so that those of a stream that is gone are found.

/// The folders that a tenant's files are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantFolder {
    /// The tenant's repository.
    Tenant,
    /// The same, with the objects of each stream in place of the template.
    Expanded,
    /// `.tekton` of the source repository.
    Runs,
}

impl TenantFolder {
    /// Returns the shapes that paths of files have whose names depend on streams and the like.
    ///
    /// `*` stands for a part of one name. Files of these shapes are [owned](Self::owns) if their parts agree.
    pub fn patterns(self) -> &'static [&'static str] {
        match self {
            Self::Tenant => &["devstreams/*.yaml", "releaseplans/*.yaml"],
            Self::Expanded => &[
                "*/application-*.yaml",
                "*/component-*.yaml",
                "*/imagerepository-*.yaml",
                "*/integrationtestscenario-*.yaml",
                "releaseplans/*.yaml",
            ],
            Self::Runs => &["*/on-push/*.yaml", "*/on-pull-request/*.yaml"],
        }
    }

    /// Returns whether a file of one of the shapes is named as a tenant's is, and not by someone else.
    pub fn owns(self, path: &str) -> bool {
        let mut parts = path.split('/');
        let (stream, second, last) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let stem = |name: Option<&str>| name.and_then(|name| name.strip_suffix(".yaml")).map(str::to_owned);
        match self {
            Self::Tenant => true,
            Self::Expanded => {
                stream == "releaseplans"
                    || stem(second).is_some_and(|name| name.ends_with(&format!("-{stream}")))
            }
            Self::Runs => {
                let ending = format!("-{stream}-{}", second.unwrap_or_default());
                stem(last).is_some_and(|name| name.len() > ending.len() && name.ends_with(&ending))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_others_are_left_alone() {
        let runs = TenantFolder::Runs;
        assert!(runs.owns("rawhide/on-push/fedora-coreos-rawhide-on-push.yaml"));
        assert!(!runs.owns("rawhide/on-push/fedora-coreos-next-on-push.yaml"));
        assert!(!runs.owns("rawhide/on-push/mine.yaml"));
        assert!(!runs.owns("rawhide/on-push/-rawhide-on-push.yaml"));
        assert!(TenantFolder::Expanded.owns("next/component-a-next.yaml"));
        assert!(!TenantFolder::Expanded.owns("base/component-a.yaml"));
    }
}
