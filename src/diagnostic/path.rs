//! Paths as words, without a look at the disk.

use std::path::{Component, Path, PathBuf};

/// Takes `.` and `..` out of a path by its words alone: links are not followed, and the file may be gone.
///
/// What leads above the beginning of a relative path stays; above the root of the disk there is nothing.
pub fn normal_path(path: &Path) -> PathBuf {
    if is_normal(path) {
        return path.to_path_buf();
    }
    let mut normal = PathBuf::with_capacity(path.as_os_str().len());
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

/// Returns whether a path is for certain as it would be without `.` and `..`: most are.
fn is_normal(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    let inside = bytes.strip_prefix(b"/").unwrap_or(bytes);
    // A backslash is a letter of a name or divides names.
    !bytes.contains(&b'\\')
        && inside.split(|byte| *byte == b'/').all(|name| !matches!(name, b"" | b"." | b".."))
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
        let as_written = |path: &str, expected: &str| {
            assert_eq!(normal_path(Path::new(path)).as_os_str(), expected, "{path}");
        };
        as_written("/a/b.c/..d", "/a/b.c/..d");
        as_written("a//b/", "a/b");
        as_written("/", "/");
        as_written("", "");
    }
}
