//! Documents that must have run before become the first steps of the one that links to them.
//!
//! Innovation Engine runs a linked prerequisite in the same shell, once, before the document
//! itself; a prerequisite has prerequisites of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::include::Includes;
use super::model::{Step, StepName, Tutorial};
use super::parse::{ParseOptions, parse_alone};
use crate::diagnostic::Finding;

/// Puts the steps of all prerequisites before those of the tutorial.
pub(crate) fn prepend(
    tutorial: &mut Tutorial,
    options: &ParseOptions,
    includes: &dyn Includes,
    findings: &mut Vec<Finding>,
) {
    let mut seen = BTreeSet::from([tutorial.source.path().to_path_buf()]);
    let mut before = Vec::new();
    collect(tutorial, options, includes, &mut seen, &mut before, findings);
    let mut taken: BTreeSet<String> = tutorial.steps.iter().map(|step| step.name.0.clone()).collect();
    let mut steps = Vec::new();
    for earlier in before {
        for (name, value) in earlier.front_matter.env {
            tutorial.front_matter.env.entry(name).or_insert(value);
        }
        tutorial.other_blocks.extend(earlier.other_blocks);
        tutorial.includes.extend(earlier.includes);
        let page = earlier.source.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
        steps.extend(renamed(earlier.steps, &mut taken, &page));
    }
    steps.append(&mut tutorial.steps);
    tutorial.steps = steps;
}

/// Reads the prerequisites of a tutorial, deepest first, each once.
fn collect(
    tutorial: &Tutorial,
    options: &ParseOptions,
    includes: &dyn Includes,
    seen: &mut BTreeSet<PathBuf>,
    before: &mut Vec<Tutorial>,
    findings: &mut Vec<Finding>,
) {
    for prerequisite in &tutorial.prerequisites {
        let target = prerequisite.path.to_string_lossy();
        let source = match includes.read(prerequisite.place.source.path(), &target) {
            Ok(source) => source,
            Err(reason) => {
                let message = format!("prerequisite `{target}` cannot be read: {reason}");
                let finding =
                    Finding::warning("missing-prerequisite", message).at(prerequisite.place.clone());
                findings.push(finding.help("its steps are not run before those of this page"));
                continue;
            }
        };
        if !seen.insert(source.path().to_path_buf()) {
            continue;
        }
        let (earlier, wrong) = parse_alone(&source, options, includes);
        findings.extend(wrong);
        collect(&earlier, options, includes, seen, before, findings);
        before.push(earlier);
    }
}

/// Gives the steps of a page names that are free, in their needs too.
fn renamed(mut steps: Vec<Step>, taken: &mut BTreeSet<String>, page: &str) -> Vec<Step> {
    let mut names: BTreeMap<StepName, StepName> = BTreeMap::new();
    for step in &mut steps {
        let name = StepName(free_name(taken, step.name.0.clone(), page));
        names.insert(std::mem::replace(&mut step.name, name.clone()), name);
    }
    for need in steps.iter_mut().flat_map(|step| &mut step.attributes.needs) {
        if let Some(name) = names.get(need) {
            *need = name.clone();
        }
    }
    steps
}

/// Returns the name, with its page's before it where it is taken, and with a number where that is taken too.
fn free_name(taken: &mut BTreeSet<String>, name: String, page: &str) -> String {
    let numbered = (2..).map(|number| format!("{page}-{name}-{number}"));
    let mut names = [name.clone(), format!("{page}-{name}")].into_iter().chain(numbered);
    let free = names.find(|name| taken.insert(name.clone()));
    free.expect("one of endless names is free")
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Source;
    use crate::tutorial::parse;

    /// Pages by path.
    struct Pages(&'static [(&'static str, &'static str)]);

    impl Includes for Pages {
        fn read(&self, _from: &Path, target: &str) -> Result<Arc<Source>, String> {
            let page = self.0.iter().find(|(path, _)| *path == target);
            page.map(|(path, text)| Source::new(*path, *text))
                .ok_or_else(|| "there is no such file".to_owned())
        }
    }

    #[track_caller]
    fn check(pages: &'static [(&'static str, &'static str)], names: &[&str], codes: &[&str]) {
        let source = Source::new(pages[0].0, pages[0].1);
        let (tutorial, findings) = parse(&source, &ParseOptions::default(), &Pages(pages));
        let steps: Vec<&str> = tutorial.steps.iter().map(|step| step.name.0.as_str()).collect();
        let found: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!((steps.as_slice(), found.as_slice()), (names, codes));
    }

    const PAGE: &str = "# Prerequisites\n\n[A](a.md) [B](b.md)\n\n# Go\n\n```bash\nls\n```\n\n<!-- expected_similarity=0.3 -->\n\n```text\nx\n```\n";
    const A: &str = "# Prerequisites\n\n[B](b.md) [P](p.md)\n\n# Go\n\n```bash\na\n```\n\n<!-- expected_similarity=0.3 -->\n\n```text\nx\n```\n";
    const B: &str = "# Go\n\n```bash\nb\n```\n";

    #[test]
    fn steps_of_prerequisites_come_first_and_once() {
        check(&[("p.md", PAGE), ("a.md", A), ("b.md", B)], &["b-go-1", "a-go-1", "go-1"], &[]);
    }

    #[test]
    fn needs_follow_the_names_of_their_steps() {
        const NEEDED: &str = "# Go\n\n```bash {name=go-1}\nb\n```\n\n```bash {name=b needs=go-1}\nb\n```\n";
        let pages = &[("p.md", PAGE), ("a.md", "# Go\n"), ("b.md", NEEDED)];
        check(pages, &["b-go-1", "b", "go-1"], &[]);
        let source = Source::new("p.md", PAGE);
        let (tutorial, _) = parse(&source, &ParseOptions::default(), &Pages(pages));
        assert_eq!(tutorial.steps[1].attributes.needs, [StepName("b-go-1".to_owned())]);
    }

    #[test]
    fn links_of_an_included_page_are_its_own() {
        // The links of the included page stand at offsets that lie below the heading of the page.
        const OUTER: &str = "<!-- include: i.md -->\n\n# Prerequisites\n\n[B](b.md)\n\n# Go\n\n```bash\nls\n```\n\n<!-- expected_similarity=0.3 -->\n\n```text\nx\n```\n";
        const INNER: &str = "Some words, so that what follows stands behind.\n\n[A](a.md)\n";
        check(&[("p.md", OUTER), ("i.md", INNER), ("a.md", A), ("b.md", B)], &["b-go-1", "go-1"], &[]);
    }

    #[test]
    fn missing_prerequisite_is_a_warning() {
        check(&[("p.md", PAGE), ("b.md", B)], &["b-go-1", "go-1"], &["missing-prerequisite"]);
    }
}
