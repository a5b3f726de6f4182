//! Books, from a folder and records to a site.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use crate::project::Project;

/// A page with a step of each kind.
const TUTORIAL: &str = "\
# Hello

Some words.

```bash {name=hello}
echo \"hello <b>world</b>\"
```

```output
hello <b>world</b>
```

```console {name=shown}
$ printf 'one\\ntwo\\n'
one
two
```

```bash {name=later skip=\"needs hardware\"}
true
```

See [the other page](other.md#part).
";

fn book() -> Project {
    let project = Project::new();
    project.write("docs/SUMMARY.md", "# Summary\n\n[Preface](README.md)\n\n# Part\n\n- [Hello](hello.md)\n    - [Other](other.md)\n- [Draft]()\n");
    project.write("docs/README.md", "# Preface\n\nRead on.\n");
    project.write("docs/hello.md", TUTORIAL);
    project.write("docs/other.md", "# Other\n\n## Part\n\n{{#include snippet.txt:a}}\n\n![Picture](p.svg)\n");
    project.write("docs/snippet.txt", "x\nANCHOR: a\ntaken in\nANCHOR_END: a\n");
    project.write("docs/p.svg", "<svg/>");
    project
}

#[test]
fn page_shows_what_was_run_and_nothing_else() {
    let project = book();
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    let before = project.read("site/hello.html");
    assert!(before.contains("No run of this page is on record."), "{before}");
    assert!(!before.contains("is-verified"), "{before}");

    assert_eq!(project.run(["run", "docs/hello.md"]).status.code(), Some(0));
    assert_eq!(project.run(["book", "build", "docs", "-d", "site"]).status.code(), Some(0));
    let page = project.read("site/hello.html");
    for words in [
        "2 of 3 blocks run, 2 verified, 1 skipped",
        "needs hardware",
        "as the page says",
        "records/hello.json",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("hello &lt;b&gt;world&lt;/b&gt;") && !page.contains("hello <b>world"), "{page}");
    assert!(project.read("site/status.html").contains("is-verified"));
    assert!(project.read("site/badges/hello.svg").contains("verified"));

    project.write("docs/hello.md", TUTORIAL.replace("<b>world</b>\"", "world\""));
    assert_eq!(project.run(["book", "build", "docs", "-d", "site"]).status.code(), Some(0));
    let page = project.read("site/hello.html");
    assert!(page.contains("is-stale") && page.contains("step `hello` changed"), "{page}");
}

#[test]
fn nothing_of_a_record_is_markup() {
    let project = book();
    let hostile =
        "<script>alert(1)</script><img src=x onerror=alert(1)>\\u001b]8;;javascript:alert(1)\\u0007link";
    assert_eq!(project.run(["run", "docs/hello.md"]).status.code(), Some(0));
    let path = ".stagebook/records/docs%2Fhello.md/default/record.json";
    let path = if project.path(path).exists() { path.to_owned() } else { record_path(&project) };
    let record = project.read(&path);
    let record = record
        .replace("hello <b>world</b>", hostile)
        .replace("needs hardware", hostile)
        .replace("x86_64", hostile)
        .replace("\"stagebook\": \"", &format!("\"stagebook\": \"{hostile}"));
    assert!(record.contains("onerror"));
    project.write(&path, record);
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    for page in ["site/hello.html", "site/status.html", "site/print.html", "site/badges/hello.svg"] {
        let html = project.read(page);
        for markup in ["<script>alert", "<img src=x", "javascript:", "\u{1b}"] {
            assert!(!html.contains(markup), "{markup} in {page}: {html}");
        }
    }
    assert!(project.read("site/hello.html").contains("&lt;script&gt;"));
}

/// Returns the path of the only record, relative to the project.
pub(crate) fn record_path(project: &Project) -> String {
    let walk = ignore::WalkBuilder::new(project.path(".stagebook")).standard_filters(false).build();
    let found = walk.filter_map(Result::ok).find(|entry| entry.file_name() == "record.json");
    let path = found.expect("there is a record").into_path();
    path.strip_prefix(project.path("")).expect("it lies in the project").to_string_lossy().into_owned()
}

#[test]
fn site_of_a_book_has_these_files() {
    let project = book();
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    let walk = ignore::WalkBuilder::new(project.path("site")).standard_filters(false).build();
    let files = walk.filter_map(Result::ok).filter(|entry| entry.path().is_file());
    let names: BTreeSet<String> = files
        .map(|entry| entry.path().strip_prefix(project.path("site")).unwrap().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with("search/"))
        .collect();
    let expected = [
        ".nojekyll",
        ".stagebook-site",
        "404.html",
        "assets/book.css",
        "assets/book.js",
        "assets/icon.svg",
        "assets/search.js",
        "badges/book.json",
        "badges/book.svg",
        "badges/hello.json",
        "badges/hello.svg",
        "hello.html",
        "hello.md",
        "index.html",
        "index.md",
        "llms.txt",
        "other.html",
        "other.md",
        "p.svg",
        "print.html",
        "snippet.txt",
        "status.html",
    ];
    assert_eq!(names, expected.map(str::to_owned).into());
    let other = project.read("site/other.html");
    assert!(other.contains("taken in") && other.contains("<h2 id=\"part\">"), "{other}");
    assert!(project.read("site/hello.html").contains("href=\"other.html#part\""));
    let before = fs::metadata(project.path("site/other.html")).unwrap().modified().unwrap();
    let again = project.run(["book", "build", "docs", "-d", "site"]);
    assert!(again.stderr.contains("(0 changed)"), "{}", again.stderr);
    assert_eq!(fs::metadata(project.path("site/other.html")).unwrap().modified().unwrap(), before);
}

#[test]
fn folder_without_a_summary_has_a_table_of_contents() {
    let project = Project::new();
    project.write("docs/b.md", "# Beta\n");
    project.write("docs/deep/README.md", "# Deep things\n");
    assert_eq!(project.run(["book", "build", "docs", "-d", "site"]).status.code(), Some(0));
    let page = project.read("site/b.html");
    assert!(
        page.contains("<span>Beta</span></a>") && page.contains("<p class=\"part\">Deep things</p>"),
        "{page}"
    );
}

#[test]
fn big_table_of_contents_is_folded_and_leads_everywhere() {
    let project = Project::new();
    let mut summary = "# Summary\n".to_owned();
    for part in 0..3 {
        summary += &format!("\n# Part {part}\n\n");
        for page in 0..90 {
            summary += &format!("- [Page {page}](p{part}/{page}.md)\n");
            project.write(&format!("docs/p{part}/{page}.md"), format!("# Page {page} of {part}\n"));
        }
    }
    project.write("docs/SUMMARY.md", summary);
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    let page = project.read("site/p1/5.html");
    let (_, rest) = page.split_once("<nav class=\"side\"").unwrap();
    let (side, _) = rest.split_once("</nav>").unwrap();
    assert_eq!(side.matches("<a href=\"../p1/").count(), 90);
    assert!(side.contains("<a href=\"../p1/5.html\" aria-current=\"page\">"), "{side}");
    // Of the other parts, the first page; and the page of all of them.
    for words in [
        "<details data-entries=\"0+90\"><summary>Part 0</summary>",
        "href=\"../p2/0.html\"",
        "href=\"../contents.html\"",
    ] {
        assert!(side.contains(words), "{words}: {side}");
    }
    assert_eq!(side.matches("<li>").count(), 92);
    assert_eq!(project.read("site/contents.html").matches("<li><a href=\"p2/").count(), 90 + 1);
    assert!(project.read("site/assets/nav.js").starts_with("stagebookNav(\""));
}

#[test]
fn names_that_meet_are_told() {
    let project = Project::new();
    project.write(
        "docs/SUMMARY.md",
        "- [A](a.md)\n- [S](print.md)\n- [R](x/README.md)\n- [I](x/index.md)\n- [N](404.md)\n",
    );
    for page in ["a", "print", "x/README", "x/index", "404"] {
        project.write(&format!("docs/{page}.md"), format!("# Mine is {page}\n"));
    }
    project.write("docs/assets/book.css", "mine");
    let built = project.run(["book", "build", "docs", "-d", "site", "-v"]);
    assert_eq!(built.status.code(), Some(1), "{}", built.stderr);
    for words in [
        "note[page-moved]: this page is `print.html`, so the page with the whole book is `stagebook-print.html`",
        "docs/print.md:1:1",
        "error[same-output]",
        "warning[same-output]: the site has two files for `assets/book.css`",
        "docs/x/index.md:1:1",
    ] {
        assert!(built.stderr.contains(words), "{words}: {}", built.stderr);
    }
    assert!(project.read("site/print.html").contains("Mine is print"));
    assert!(project.read("site/404.html").contains("Mine is 404"));
    assert!(project.read("site/stagebook-print.html").contains("Mine is a"));
    assert!(project.read("site/a.html").contains("href=\"stagebook-print.html\">Whole book"));
    assert_ne!(project.read("site/assets/book.css"), "mine");
}

#[test]
fn whole_book_stays_on_its_page() {
    let project = Project::new();
    project.write("docs/SUMMARY.md", "- [A](a.md)\n- [B](deep/b.md)\n");
    project.write("docs/a.md", "# Same\n\n[over](deep/b.md#same) [all](deep/b.md) [here](#same)\n");
    project.write("docs/deep/b.md", "# Same\n\n![p](p.svg) [back](../a.md)\n");
    project.write("docs/deep/p.svg", "<svg/>");
    assert_eq!(project.run(["book", "build", "docs", "-d", "site"]).status.code(), Some(0));
    let page = project.read("site/print.html");
    for words in [
        "<h1 id=\"c0-same\">",
        "<h1 id=\"c1-same\">",
        "href=\"#c1-same\">over",
        "href=\"#c1\">all",
        "href=\"#c0-same\">here",
        "src=\"deep/p.svg\"",
        "href=\"#c0\">back",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn what_is_wrong_with_a_book_has_a_place() {
    let project = book();
    project.write("docs/other.md", "# Other\n\n[a](no.md) [b](hello.md#nowhere) ![c](no.png)\n\n{{#include gone.txt}}\n\n{{#include ../../../secret}}\n");
    project.write("docs/lost.md", "# Lost\n");
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(1), "{}", built.stderr);
    for words in [
        "warning[dead-link]",
        "docs/other.md:3:1",
        "warning[dead-anchor]",
        "docs/other.md:3:12",
        "warning[missing-image]",
        "error[missing-include]",
        "docs/other.md:5:1",
        "docs/other.md:7:1",
        "warning[orphan-page]",
        "lost.md:1:1",
    ] {
        assert!(built.stderr.contains(words), "{words}: {}", built.stderr);
    }
    assert!(project.path("site/other.html").exists(), "the rest is there");
}

#[test]
fn links_to_what_the_build_writes_are_alive() {
    let project = book();
    let redirects = "[output.html.redirect]\n\"/old.html\" = \"hello.html\"\n\"/dir/\" = \"../hello.html\"\n";
    let settings = "[book]\nsrc = \".\"\n[output.html]\nsite-url = \"https://example.org/\"\n";
    project.write("docs/book.toml", format!("{settings}{redirects}"));
    let links = "[a](feed.xml) [b](sitemap.xml) [c](llms.txt) [d](print.html) [e](404.html) [f](status.html) ![g](badges/book.svg) [h](badges/hello.json) [i](records/hello.json) [j](old.html) [k](dir/) [l](dir/index.html)";
    project.write("docs/other.md", format!("# Other\n\n## Part\n\n{links} [no](feed.atom)\n"));
    assert_eq!(project.run(["run", "docs/hello.md"]).status.code(), Some(0));
    let told = project.run(["book", "build", "docs", "-d", "site"]).stderr;
    assert_eq!(told.matches("warning[").count(), 1, "{told}");
    assert!(told.contains("the link `feed.atom` leads to no file"), "{told}");
    assert!(project.read("site/dir/index.html").contains("../hello.html"));
}

#[test]
fn redirects_that_cannot_lead_on_are_told() {
    let project = book();
    project.write("docs/deep/page.md", "# Deep\n");
    let redirects = "\"/hello.html\" = \"other.html\"\n\"/p.svg\" = \"q.svg\"\n\"/deep\" = \"hello.html\"\n\"/gone.html\" = \"nope.html\"\n\"/good.html\" = \"hello.html#x\"\n\"/far.html\" = \"https://example.org/\"\n\"/root.html\" = \"/elsewhere.html\"\n\"/hello.html#old\" = \"other.html#part\"\n";
    project.write("docs/book.toml", format!("[book]\nsrc = \".\"\n[output.html.redirect]\n{redirects}"));
    project.write(
        "docs/SUMMARY.md",
        "- [Hello](hello.md)\n- [Other](other.md)\n- [Deep](deep/page.md)\n- [P](README.md)\n",
    );
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    for (words, line) in [
        ("`/hello.html` leads nowhere else: the book has a page of this name", 4),
        ("`/p.svg` leads nowhere else: the book has a file of this name", 5),
        ("`/deep` leads nowhere else: the book has a folder of this name", 6),
        ("`/gone.html` leads to `nope.html`, which the site does not have", 7),
    ] {
        let place = format!("docs/book.toml:{line}:1");
        assert!(built.stderr.contains(words) && built.stderr.contains(&place), "{words}: {}", built.stderr);
    }
    assert_eq!(built.stderr.matches("warning[").count(), 4, "{}", built.stderr);
    assert_eq!(project.read("site/p.svg"), "<svg/>");
}

#[test]
fn files_of_others_are_not_published() {
    use std::os::unix::fs::symlink;
    let project = book();
    fs::write(project.outside().join("secret.md"), "# Secret\n\npassword\n").unwrap();
    project.write("stagebook.toml", "");
    project.write("shared/inside.md", "# Inside\n");
    let secret = "../../secret.md";
    for link in ["docs/link.md", "docs/picture.png", "docs/404.md"] {
        symlink(secret, project.path(link)).unwrap();
    }
    symlink("../shared/inside.md", project.path("docs/inside.md")).unwrap();
    let summary = "- [Hello](hello.md)\n- [Link](link.md)\n- [Out](../../secret.md)\n- [Inside](inside.md)\n- [Beside](../shared/inside.md)\n- [Other](other.md)\n- [P](README.md)\n";
    project.write("docs/SUMMARY.md", summary);
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(1), "{}", built.stderr);
    for words in [
        "`docs/link.md` is left out: it lies outside of",
        "docs/SUMMARY.md:2:",
        "SUMMARY.md:3:",
        "`picture.png` is left out",
    ] {
        assert!(built.stderr.contains(words), "{words}: {}", built.stderr);
    }
    assert_eq!(built.stderr.matches("error[outside-file]").count(), 4, "{}", built.stderr);
    assert!(project.path("site/inside.html").exists() && project.path("site/shared/inside.html").exists());
    let list = project.read("site/.stagebook-site");
    let is_told = |name: &str| project.read(&format!("site/{name}")).contains("password");
    assert!(!list.lines().any(is_told), "{list}");

    // Without a table of contents every page of the folder is one of the book.
    fs::remove_file(project.path("docs/SUMMARY.md")).unwrap();
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert!(built.stderr.contains("`docs/link.md` is left out"), "{}", built.stderr);
    assert!(!project.path("site/link.html").exists() && project.path("site/inside.html").exists());
}

#[test]
fn quiet_build_says_only_what_failed() {
    let project = book();
    project.write("docs/book.toml", "[book]\nsrc = \".\"\n[preprocessor.mermaid]\n");
    project.write("docs/other.md", "# Other\n\n## Part\n\n[gone](gone.md)\n");
    let told = project.run(["book", "build", "docs", "-d", "site"]).stderr;
    assert!(told.contains("mermaid") && told.contains("gone.md"), "{told}");
    let told = project.run(["book", "build", "docs", "-d", "site", "-q"]).stderr;
    assert_eq!(told, "");
}

#[test]
fn build_can_require_what_is_verified() {
    let project = book();
    let required = ["book", "build", "docs", "-d", "site", "--require", "verified"];
    let built = project.run(required);
    assert_eq!(built.status.code(), Some(1), "{}", built.stderr);
    assert!(built.stderr.contains("docs/hello.md: never run"), "{}", built.stderr);
    assert_eq!(project.run(["run", "docs/hello.md"]).status.code(), Some(0));
    assert_eq!(project.run(required).status.code(), Some(0));
}

#[test]
fn variant_that_nobody_ran_does_not_pass_for_verified() {
    let project = Project::new();
    project.write(
        "docs/m.md",
        "---\nmatrix: {V: [a, b]}\n---\n# M\n\n```bash {name=say}\necho of each\n```\n\n```output\nof each\n```\n",
    );
    let required = ["book", "build", "docs", "-d", "site", "--require", "verified"];
    assert_eq!(project.run(["run", "docs/m.md", "--param", "V=a"]).status.code(), Some(0));
    let built = project.run(required);
    assert_eq!(built.status.code(), Some(1), "{}", built.stderr);
    assert!(built.stderr.contains("docs/m.md: never run"), "{}", built.stderr);
    assert_eq!(project.run(["run", "docs/m.md"]).status.code(), Some(0));
    assert_eq!(project.run(required).status.code(), Some(0));
}

#[test]
fn tutorial_that_cannot_be_planned_does_not_pass_for_verified() {
    let project = Project::new();
    project.write(
        "docs/t.md",
        "---\nparams:\n  NEEDED: {description: x}\n---\n# T\n\n```bash {name=a}\necho $NEEDED\n```\n",
    );
    let built = project.run(["book", "build", "docs", "-d", "site", "--require", "verified"]);
    assert_eq!(built.status.code(), Some(1), "{}", built.stderr);
    assert!(built.stderr.contains("docs/t.md:3:3"), "{}", built.stderr);
    assert!(built.stderr.contains("`NEEDED` has no default"), "{}", built.stderr);
}

#[test]
fn folder_that_is_not_ours_is_left_alone() {
    let project = book();
    project.write("site/precious", "x");
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(4), "{}", built.stderr);
    assert!(built.stderr.contains("was not written by stagebook"), "{}", built.stderr);
    assert_eq!(fs::read_dir(project.path("site")).unwrap().count(), 1);
}

#[test]
fn folder_that_is_not_there_is_named() {
    let built = Project::new().run(["book", "build", "nope"]);
    assert_eq!(built.status.code(), Some(2));
    assert!(built.stderr.contains("nope` is no book: there is no such folder"), "{}", built.stderr);
}

#[test]
fn template_with_a_mistake_shows_its_line() {
    let project = book();
    project.write("docs/theme/page.html", "<p>\n{{ page.title | no_such_filter }}\n</p>\n");
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(2), "{}", built.stderr);
    assert!(
        built.stderr.contains("page.html") && built.stderr.contains("no_such_filter"),
        "{}",
        built.stderr
    );
}

#[test]
fn book_of_mdbook_is_built_without_an_edit() {
    let project = Project::new();
    project.write(
        "book.toml",
        "[book]\ntitle = \"Old\"\nmultilingual = false\nshiny = 1\n[output.html]\nsmart-punctuation = true\n[output.html.redirect]\n\"/gone.html\" = \"one.html\"\n[preprocessor.mermaid]\n",
    );
    project.write("src/SUMMARY.md", "- [One](one.md)\n");
    project.write("src/one.md", "# One\n\n```rust\nlet a = 1;\n```\n\nNote[^n]. \"Quoted\"\n\n[^n]: A footnote.\n\n> [!WARNING]\n> Careful.\n\n- [x] done\n");
    let built = project.run(["book", "build", "-v"]);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    assert!(built.stderr.contains("`book.shiny` is not known"), "{}", built.stderr);
    assert!(built.stderr.contains("the preprocessor `mermaid` of book.toml was not run"), "{}", built.stderr);
    let page = project.read("book/one.html");
    for words in [
        "<title>One - Old</title>",
        "class=\"boring\"",
        "id=\"footnote-n\"",
        "“Quoted”",
        "alert-warning",
        "checked",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(project.read("book/gone.html").contains("url=one.html"));
}

#[test]
fn page_of_any_depth_is_found() {
    let project = Project::new();
    let folder = "deep/".repeat(25);
    project.write(&format!("docs/{folder}page.md"), "# Page\n");
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    assert!(project.read(&format!("site/{folder}page.html")).contains("Page"));
}

#[test]
fn whole_book_says_the_state_of_every_variant_and_shows_one() {
    let project = Project::new();
    let page = "---\nmatrix:\n  size: [small, large]\n---\n\n# Sizes\n\n```bash {name=say}\ntest \"$size\" = small\n```\n";
    project.write("docs/a.md", "# A\n");
    project.write("docs/sizes.md", page);
    assert_eq!(project.run(["run", "docs/sizes.md"]).status.code(), Some(1));
    assert_eq!(project.run(["book", "build", "docs", "-d", "site"]).status.code(), Some(0));
    let whole = project.read("site/print.html");
    let chapter = &whole[whole.find("id=\"c1\"").expect("it is the second chapter")..];
    for words in
        ["<span>size=small, shown below</span>", "<span>size=large</span>", "1 failed", "<span hidden>"]
    {
        assert!(chapter.contains(words), "{words} is missing:\n{chapter}");
    }
}

#[test]
fn template_that_cannot_be_read_is_not_passed_over() {
    let project = book();
    project.write("docs/theme/page.html", b"\xff");
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(2), "{}", built.stderr);
    assert!(built.stderr.contains("theme/page.html` cannot be read"), "{}", built.stderr);
}

#[test]
fn page_of_very_many_blocks_does_not_take_the_square_of_their_number() {
    let project = Project::new();
    let block = |number| format!("## H {number}\n\n```bash\necho {number}\n```\n\n");
    project.write("docs/a.md", format!("# Huge\n\n{}", (0..24_000).map(block).collect::<String>()));
    let begun = Instant::now();
    assert_eq!(project.run(["book", "build", "docs", "-d", "site"]).status.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
