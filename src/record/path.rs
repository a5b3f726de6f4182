//! Names of folders in the store: safe on every file system, and never the same for two plans.

use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::diagnostic::hexadecimal;
use crate::plan::PlanKey;

/// What is written as it is. `%` and `~` are not among them: they mark what was changed.
const CHANGED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'=')
    .remove(b',')
    .remove(b'+')
    .remove(b'@');

/// Longest name of a folder; file systems allow 255 bytes.
const LONGEST_NAME: usize = 120;

/// The folder's name for a plan without a variant.
const DEFAULT: &str = "default";

/// Returns the folder of a plan, relative to the folder of all records.
pub(super) fn plan_folder(plan: &PlanKey) -> PathBuf {
    let mut folder = tutorial_folder(&plan.tutorial);
    folder.push(match plan.variant.as_deref() {
        None => DEFAULT.to_owned(),
        Some(DEFAULT) => format!("%{:02X}efault", b'd'),
        Some(variant) => safe_name(variant),
    });
    folder
}

/// Returns the folder of all plans of a tutorial, relative to the folder of all records.
pub(super) fn tutorial_folder(tutorial: &str) -> PathBuf {
    tutorial.split('/').map(safe_name).collect()
}

/// Returns a name that is one component of a path, and no special one.
pub(super) fn safe_name(text: &str) -> String {
    let encoded = utf8_percent_encode(text, CHANGED).to_string();
    match encoded.as_str() {
        "" => "%".to_owned(),
        _ if encoded.starts_with('.') => format!("%2E{}", &encoded[1..]),
        _ if encoded.len() > LONGEST_NAME => shortened(text, &encoded),
        _ => encoded,
    }
}

fn shortened(text: &str, encoded: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits = hexadecimal(&digest[..12]);
    format!("{}~{digits}", &encoded[..LONGEST_NAME - digits.len() - 1])
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    fn key(tutorial: &str, variant: Option<&str>) -> PlanKey {
        PlanKey { tutorial: tutorial.into(), variant: variant.map(Into::into) }
    }

    #[track_caller]
    fn check(tutorial: &str, variant: Option<&str>, expected: &str) {
        assert_eq!(plan_folder(&key(tutorial, variant)), PathBuf::from(expected));
    }

    #[test]
    fn folders_read_like_the_plan() {
        check("tutorials/a.md", None, "tutorials/a.md/default");
        check("a b.md", Some("base=debian,arch=x86_64"), "a%20b.md/base=debian,arch=x86_64");
    }

    #[test]
    fn no_name_leads_out_of_the_store() {
        check("../../etc/passwd", Some(".."), "%2E./%2E./etc/passwd/%2E.");
        check("/etc//x", Some("a/b"), "%/etc/%/x/a%2Fb");
        check("a.md", Some("default"), "a.md/%64efault");
        check("a.md", Some(""), "a.md/%");
    }

    #[test]
    fn long_names_are_shortened_and_differ() {
        let (one, two) = (safe_name(&"ä".repeat(200)), safe_name(&"ä".repeat(201)));
        assert_ne!(one, two);
        assert_eq!((one.len(), two.len()), (LONGEST_NAME, LONGEST_NAME));
    }

    proptest! {
        #[test]
        fn two_plans_never_share_a_folder(
            left in "[a./%~ \u{e4}]{0,6}", right in "[a./%~ \u{e4}]{0,6}",
            variants in (proptest::option::of("[a.%/]{0,3}"), proptest::option::of("[a.%/]{0,3}")),
        ) {
            let (left, right) = (key(&left, variants.0.as_deref()), key(&right, variants.1.as_deref()));
            let folders = (plan_folder(&left), plan_folder(&right));
            prop_assert!(folders.0.components().all(|part| matches!(part, Component::Normal(_))));
            prop_assert_eq!(left == right, folders.0 == folders.1);
        }
    }
}
