//! Links that lead nowhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::Regex;

use super::anchors::Anchors;
use super::{CheckOptions, Subject};
use crate::diagnostic::{Finding, Place, nearest, normal_path};
use crate::tutorial::{self, Link};

/// The anchors of pages, each page read once.
pub(super) struct Links<'a> {
    options: &'a CheckOptions<'a>,
    root: PathBuf,
    pages: BTreeMap<PathBuf, Option<Anchors>>,
}

impl<'a> Links<'a> {
    /// Takes the anchors of the pages that are read already.
    pub(super) fn new(subjects: &[Subject], options: &'a CheckOptions<'a>) -> Self {
        let page = |subject: &Subject| {
            (settled(&subject.path), Anchors::of_read(&subject.tutorial, &subject.parsing))
        };
        let root = options.root.canonicalize().unwrap_or_else(|_| absolute(options.root));
        Self { options, root, pages: subjects.iter().map(page).collect() }
    }

    /// Finds the dead links of a page.
    pub(super) fn check(&mut self, subject: &Subject) -> Vec<Finding> {
        let links = subject.tutorial.links.iter().filter(|link| is_local(link));
        links.filter_map(|link| self.check_link(subject, link)).collect()
    }

    fn check_link(&mut self, subject: &Subject, link: &Link) -> Option<Finding> {
        let (path, anchor) = link.target.split_once('#').unwrap_or((&link.target, ""));
        let page = subject.file_of(&link.place.source)?;
        if path.is_empty() {
            return self.check_anchor(link, &settled(&subject.path), anchor);
        }
        let Some(wanted) = self.wanted(&page, path) else {
            return Some(leaves_project(link, path));
        };
        match existing(&wanted) {
            Some(found) => self.check_anchor(link, &found, anchor),
            // Sites and forges do not agree on where such a path begins.
            None if path.starts_with('/') || path.starts_with("~/") => None,
            None => Some(dead_link(link, path, &wanted)),
        }
    }

    /// Returns the file that a path means, or `None` outside of the project.
    fn wanted(&self, page: &Path, path: &str) -> Option<PathBuf> {
        let page = settled(page);
        let folder = page.parent().unwrap_or(Path::new("/"));
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let decoded =
            decoded.strip_prefix("~/").map(|rest| format!("/{rest}")).unwrap_or(decoded.into_owned());
        let wanted = match decoded.strip_prefix('/') {
            Some(rest) => self.root.join(rest.trim_start_matches('/')),
            None => folder.join(decoded),
        };
        Some(absolute(&wanted)).filter(|wanted| wanted.starts_with(&self.root))
    }

    fn check_anchor(&mut self, link: &Link, page: &Path, anchor: &str) -> Option<Finding> {
        let anchor = percent_decode_str(anchor).decode_utf8_lossy();
        // `#tab/` chooses a tab on Microsoft's sites, `:~:` a text in the browser.
        let is_for_others = anchor.starts_with("tab/") || anchor.starts_with(":~:");
        if anchor.is_empty() || anchor == "top" || is_for_others || !is_markdown(page) {
            return None;
        }
        self.anchors(page)?.check(target_place(link), anchor.trim_start_matches("user-content-"))
    }

    fn anchors(&mut self, page: &Path) -> Option<&Anchors> {
        let options = self.options;
        let anchors = self.pages.entry(page.to_path_buf()).or_insert_with(|| {
            let (tutorial, findings) = tutorial::load(page, page, options.root, options.parse).ok()?;
            Anchors::of_read(&tutorial, &findings)
        });
        anchors.as_ref()
    }
}

fn leaves_project(link: &Link, path: &str) -> Finding {
    let finding = Finding::warning("link-leaves-project", format!("link to `{path}` leaves the project"));
    finding.at(target_place(link)).help("whoever has only the project cannot follow it: link to its address")
}

fn dead_link(link: &Link, path: &str, wanted: &Path) -> Finding {
    let what = if link.image { "image" } else { "file" };
    let message = format!("{what} `{path}` does not exist");
    let near = near_file(wanted).map(|near| format!("did you mean `{near}`?"));
    let finding = if path.ends_with(".html") {
        Finding::warning("dead-link", message)
            .help("if the site's build makes it, link to its address instead")
    } else {
        Finding::error("dead-link", message)
    };
    let is_mail = path.contains('@') && !path.contains('/');
    let mail = is_mail.then(|| format!("write an address as `mailto:{path}`"));
    finding.at(target_place(link)).maybe_help(mail.or(near))
}

/// Returns the name beside a missing file that was probably meant.
fn near_file(wanted: &Path) -> Option<String> {
    let name = wanted.file_name()?.to_string_lossy();
    let entries = fs_err::read_dir(wanted.parent()?).ok()?.flatten();
    let names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    nearest(&name, names.iter().map(String::as_str)).map(str::to_owned)
}

/// Returns the file or folder that a link leads to.
///
/// A renderer may serve `a.md` as `a.html` or as `a`, `README.md` as `index.html`, and ignore what follows a `?`.
fn existing(wanted: &Path) -> Option<PathBuf> {
    let text = wanted.to_string_lossy();
    let plain = text.split_once('?').map_or(wanted, |(path, _)| Path::new(path));
    let mut candidates = vec![wanted.to_path_buf(), plain.to_path_buf()];
    if plain.extension().is_none_or(|extension| extension == "html") {
        candidates.push(plain.with_extension("md"));
    }
    if plain.ends_with("index.html") {
        candidates.push(plain.with_file_name("README.md"));
    }
    candidates.into_iter().find(|path| path.exists())
}

/// Returns whether a link names a file of the project, as far as its text tells.
fn is_local(link: &Link) -> bool {
    static SCHEME: LazyLock<Regex> = LazyLock::new(|| compiled(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:|//)"));
    let target = &link.target;
    // An address between `<` and `>` is always of the web, and braces are some template's.
    let is_elsewhere = SCHEME.is_match(target) || link.place.text().starts_with('<') && !link.image;
    let is_template = ["{{", "{%", "${", "@site/"].iter().any(|mark| target.contains(mark));
    !target.is_empty() && !is_elsewhere && !is_template
}

/// Returns the part of a link that is its target.
fn target_place(link: &Link) -> Place {
    let Place { source, span } = &link.place;
    match link.place.text().rfind(&link.target) {
        Some(at) => Place::new(source, span.start + at..span.start + at + link.target.len()),
        None => link.place.clone(),
    }
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md" || extension == "markdown")
}

/// Returns where a page is, its folder without symbolic links. One that is a link itself
/// stays where it is: that is where its own links start.
fn settled(page: &Path) -> PathBuf {
    let page = absolute(page);
    match (page.parent().and_then(|folder| folder.canonicalize().ok()), page.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => page,
    }
}

/// Returns a path from the root of the disk, without `.` and `..`. Symbolic links stay.
fn absolute(path: &Path) -> PathBuf {
    normal_path(&std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()))
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the expression is fixed and tested")
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::check::testing::{lines, project, subject};
    use crate::tutorial::ParseOptions;

    const OTHER: &str =
        "# Other page\n\n## Set it up\n\n## Set it up\n\n<a name=\"old\"></a>\n\n## X {#own-id}\n";

    #[track_caller]
    fn check(page: &str, expected: Expect) {
        let project = project(&[
            ("docs/a.md", page),
            ("docs/other page.md", OTHER),
            ("docs/other.md", OTHER),
            ("docs/part.md", "## Part\n\n[x](gone.md)\n"),
            ("docs/broken.md", "<!-- include: nowhere.md -->\n"),
            ("docs/guide/README.md", "# Guide\n"),
            ("docs/data.json", "{}"),
            ("LICENSE", ""),
        ]);
        let subject = subject(project.path(), "docs/a.md");
        let options = CheckOptions { root: project.path(), parse: &ParseOptions::default() };
        let findings = Links::new(std::slice::from_ref(&subject), &options).check(&subject);
        expected.assert_eq(&lines(&findings));
    }

    #[test]
    fn links_that_lead_somewhere_are_fine() {
        check(
            "[x](other.md) [x](./other.md#set-it-up-1) [x](../LICENSE) [x](guide/) [x](/LICENSE)\n",
            expect![""],
        );
        check(
            "[x](<other page.md>) [x](other%20page.md#old) [x](other.md#own-id) [x](data.json#L3)\n",
            expect![""],
        );
        check("[x](other.html#old) [x](other?plain=1) [x](guide/index.html#guide) [x](other)\n", expect![""]);
        check("# A\n\n[x](#a) [x](#) [x](#top) [x](#part)\n\n[x]: #a\n\n## Part\n", expect![""]);
    }

    #[test]
    fn links_that_are_not_files_are_left_alone() {
        check(
            "[x](https://example.org/a.md#b) [x](mailto:a@example.org) [x](//example.org/a)\n",
            expect![""],
        );
        check(
            "<a@example.org> <https://example.org> [x]() [x]({{ site.url }}/a) [x](#tab/azure)\n",
            expect![""],
        );
        check("[x](/azure/overview) [x](~/include/a.md) [x](#:~:text=word)\n", expect![""]);
        check("```text\n[x](gone.md)\n```\n`[x](gone.md)`\n", expect![""]);
    }

    #[test]
    fn missing_files_are_errors() {
        check(
            "# A\n\nSee [x](othr.md#y), ![y](img/a.png)\nand [r][r].\n\n[r]: gone.md \"t\"\n",
            expect![[r#"
                docs/a.md:3:9 error[dead-link] file `othr.md` does not exist (did you mean `other.md`?) `othr.md#y`
                docs/a.md:3:26 error[dead-link] image `img/a.png` does not exist `img/a.png`
                docs/a.md:4:5 error[dead-link] file `gone.md` does not exist `[r][r]`
            "#]],
        );
        check(
            "[x](a@example.org) [x](api/index.html) [x](part.md/x)\n",
            expect![[r#"
                docs/a.md:1:5 error[dead-link] file `a@example.org` does not exist (write an address as `mailto:a@example.org`) `a@example.org`
                docs/a.md:1:24 warning[dead-link] file `api/index.html` does not exist (if the site's build makes it, link to its address instead) `api/index.html`
                docs/a.md:1:44 error[dead-link] file `part.md/x` does not exist `part.md/x`
            "#]],
        );
    }

    #[test]
    fn missing_anchors_are_errors() {
        check(
            "# A\n\n[x](other.md#set-it-pu) [x](other.md#set) [x](#nowhere) [x](#a-b-c)\n",
            expect![[r#"
                docs/a.md:3:5 error[dead-anchor] there is no heading or anchor `#set-it-pu` (did you mean `#set-it-up`?) `other.md#set-it-pu`
                docs/a.md:3:29 error[dead-anchor] there is no heading or anchor `#set` (did you mean `#set-it-up`?) `other.md#set`
                docs/a.md:3:47 error[dead-anchor] there is no heading or anchor `#nowhere` `#nowhere`
                docs/a.md:3:61 error[dead-anchor] there is no heading or anchor `#a-b-c` `#a-b-c`
            "#]],
        );
        check("[x](broken.md#anything)\n", expect![""]);
    }

    #[test]
    fn anchors_that_only_some_renderers_give_are_warnings() {
        check(
            "# A & b\n\n[x](#a-b) [x](other.md#Set-it-up)\n",
            expect![[r#"
                docs/a.md:3:5 warning[inexact-anchor] link to `#a-b` depends on how the page is rendered (write `#a--b`) `#a-b`
                docs/a.md:3:15 warning[inexact-anchor] link to `#Set-it-up` depends on how the page is rendered (write `#set-it-up`) `other.md#Set-it-up`
            "#]],
        );
    }

    #[test]
    fn links_out_of_the_project_are_warnings() {
        check(
            "[x](../../issues) [x](../../../etc/passwd)\n",
            expect![[r#"
                docs/a.md:1:5 warning[link-leaves-project] link to `../../issues` leaves the project (whoever has only the project cannot follow it: link to its address) `../../issues`
                docs/a.md:1:23 warning[link-leaves-project] link to `../../../etc/passwd` leaves the project (whoever has only the project cannot follow it: link to its address) `../../../etc/passwd`
            "#]],
        );
    }

    #[test]
    fn projects_behind_symbolic_links_are_whole() {
        let project = project(&[("docs/a.md", "# A\n\n[x](../b.md) [x](b.md#b)\n"), ("b.md", "# B\n")]);
        let linked = project.path().join("linked");
        std::os::unix::fs::symlink(project.path(), &linked).expect("a link can be made");
        std::os::unix::fs::symlink("../b.md", project.path().join("docs/b.md")).expect("a link can be made");
        let subject = subject(&linked, "docs/a.md");
        let options = CheckOptions { root: project.path(), parse: &ParseOptions::default() };
        expect![[""]].assert_eq(&lines(&Links::new(&[], &options).check(&subject)));
    }

    #[test]
    fn links_of_included_pages_are_their_own() {
        check(
            "# A\n\n<!-- include: part.md -->\n\n[x](#part)\n",
            expect![[r#"
                docs/part.md:3:5 error[dead-link] file `gone.md` does not exist `gone.md`
            "#]],
        );
    }
}
