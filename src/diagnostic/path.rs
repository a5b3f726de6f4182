//! Paths as words, without a look at the disk.

use std::path::{Component, Path, PathBuf};

/// Takes `.` and `..` out of a path by its words alone: links are not followed, and the file may be gone.
///
/// What leads above the beginning of a relative path stays; above the root of the disk there is nothing.
pub fn normal_path(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match (component, normal.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                normal.pop();
            }
            (other, _) => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_up_and_back_are_taken_out() {
        let check =
            |path: &str, expected: &str| assert_eq!(normal_path(Path::new(path)), Path::new(expected));
        check("a/./b/../c", "a/c");
        check("a/../../b", "../b");
        check("../../a", "../../a");
        check("/../a", "/a");
        check("./a", "a");
        check("a/..", "");
    }
}
