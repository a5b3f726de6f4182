//! Books exported for Antora, converted by asciidoctor as Antora does.

use std::fmt::Write as _;

use expect_test::expect;
use regex::Regex;

use crate::project::{Project, has, skipped};

const PAGES: &str = "out/modules/ROOT/pages";

/// Returns a page as asciidoctor converts it; it must have nothing to say. `None` where there is no asciidoctor.
fn converted(project: &Project, page: &str) -> Option<String> {
    if !has("asciidoctor") {
        skipped("the export for Antora", "there is no asciidoctor");
        return None;
    }
    let page = format!("{PAGES}/{page}");
    let mut command = project.command("asciidoctor");
    command.args(["-v", "-s", "--failure-level", "WARN", "-o", "-", &page]);
    let ended = project.finish(&mut command, "");
    assert!(ended.status.success(), "{}", ended.stderr);
    let said: Vec<&str> =
        ended.stderr.lines().filter(|line| !line.contains("possible invalid reference")).collect();
    assert_eq!(said, Vec::<&str>::new());
    Some(ended.stdout)
}

fn export(project: &Project) {
    let ended = project.run(["book", "export", "--to", "antora", "docs", "-d", "out"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}

/// Returns HTML as it is read.
fn read(html: &str) -> String {
    let tags = Regex::new("<[^>]*>").expect("the pattern compiles");
    let plain = tags.replace_all(html, "");
    let references = Regex::new("&(#[0-9]+|[a-z]+);").expect("the pattern compiles");
    let plain = references.replace_all(&plain, |found: &regex::Captures<'_>| match &found[1] {
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "amp" => "&".to_owned(),
        "quot" => "\"".to_owned(),
        number => {
            let code = number.strip_prefix('#').and_then(|code| code.parse().ok());
            code.and_then(char::from_u32).map_or_else(|| found[0].to_owned(), String::from)
        }
    });
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

const EVERYTHING: &str = r#"---
description: 'With {braces} and "quotes"'
---
# The `title` -- one

First *paragraph* with **strong**, ~~gone~~, `code`, in`side`d, a\
break, [page](guide/other.md#deep--er), [own](#list), [away](https://example.org/a_b?c=[d]&e--f),
<kbd>Ctrl</kbd>, a picture ![A, "picture"](p.svg "T") and a note[^n].

[![Badge](p.svg)](https://example.org)

*a *b* c* "`q`" `"` '`s`'

## List

1. One

   ```rust
   # hidden();
   shown(); // <1>
   ```

   - in *one*
     - deeper

       > quoted
   - second

   After the list.
2. Two
   with a second line

* another list
* [x] done
* [ ] not done

#### Skipped a level

> [!WARNING]
> Careful:
>
> - with *this*

> Quote
> > in a quote

| Left | Right | Code |
| :--- | ---: | --- |
| a \| b | 1 | `x \| y` |
| *c* | | [d](guide/other.md) |

Term
: Its definition.

  More of it.

Other term
: x

---

<details>
<summary>More</summary>

Inside **it**.

</details>

```text
----
include::secret[]
```

{{#include snippet.txt}}

# Second title

[file](data.bin), again[^n].

[^n]: The *note* with `code`.
"#;

fn book() -> Project {
    let project = Project::new();
    project.write("docs/book.toml", "[book]\ntitle = \"All of it\"\nsrc = \".\"\n");
    project.write("docs/SUMMARY.md", "# Summary\n\n[Start](all.md)\n\n# Part *one*\n\n- [Other [x]](guide/other.md)\n    - [Draft]()\n- [Tutorial](hello.md)\n");
    project.write("docs/all.md", EVERYTHING);
    project.write(
        "docs/guide/other.md",
        "<a id=\"x\"></a>\n\n### Other\n\n#### Deep--er\n\nBack to [all](../all.md#list).\n",
    );
    project.write("docs/hello.md", "# Hello\n\n1. Do:\n\n   ```bash {name=hello}\n   printf '\\033[1mhi\\033[0m\\n----\\n'\n   ```\n\n   ```output\n   hi\n   ----\n   ```\n\n```bash {name=later skip=\"needs *hardware*\"}\ntrue\n```\n");
    project.write("docs/p.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    project.write("docs/data.bin", [0, 1, 2]);
    project.write("docs/snippet.txt", "Taken *in*.");
    project
}

#[test]
fn every_construct_is_asciidoc() {
    let project = book();
    export(&project);
    expect_test::expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/antora.adoc")]
        .assert_eq(&project.read(&format!("{PAGES}/all.adoc")));
    let Some(html) = converted(&project, "all.adoc") else { return };
    assert_eq!(
        read(&html),
        "First paragraph with strong, gone, code, insided, a break, page, own, away, Ctrl, a picture and a note[1]. \
         a b c “q” \" ‘s’ List One shown(); // <1> in one deeper quoted second After the list. Two with a second line another list \
         ✓ done ❏ not done Skipped a level Warning Careful: with this Quote in a quote Left Right Code \
         a | b 1 x | y c d Term Its definition. More of it. Other term x More Inside it. ---- include::secret[] \
         Taken in. Second title file, again[1]. 1. The note with code."
    );
    for markup in [
        "<span class=\"line-through\">gone</span>",
        "<a href=\"guide/other.html#deep--er\">page</a>",
        "<a href=\"#list\">own</a>",
        "<a href=\"https://example.org/a_b?c=%5Bd%5D&#38;e--f\">away</a>",
        "alt=\"A, “picture”\" title=\"T\"",
        "<a class=\"image\" href=\"https://example.org\">",
        "<ol class=\"arabic\">",
        "<blockquote>",
        "id=\"skipped-a-level\"",
        "<summary>More</summary>",
    ] {
        assert!(html.contains(markup), "{markup}: {html}");
    }
    assert_eq!(html.matches("<ul>").count() + html.matches("<ul ").count(), 4, "{html}");
}

#[test]
fn own_book_is_asciidoc() {
    let project = Project::new();
    let book = concat!(env!("CARGO_MANIFEST_DIR"), "/book");
    let ended = project.run(["book", "export", "--to", "antora", book, "-d", "out"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let walk = ignore::WalkBuilder::new(project.path(PAGES)).build();
    let pages = walk.filter_map(Result::ok).filter(|entry| entry.path().is_file());
    let pages: Vec<_> = pages.map(ignore::DirEntry::into_path).collect();
    assert!(pages.len() > 20, "{pages:?}");
    if !has("asciidoctor") {
        skipped("the export of our own book", "there is no asciidoctor");
        return;
    }
    let mut command = project.command("asciidoctor");
    command.args(["-v", "--failure-level", "INFO", "-D", "html"]).args(&pages);
    let ended = project.finish(&mut command, "");
    assert!(ended.status.success() && ended.stderr.is_empty(), "{}", ended.stderr);
}

#[test]
fn component_has_its_files() {
    let project = book();
    assert_eq!(project.run(["run", "docs/hello.md"]).status.code(), Some(0));
    export(&project);
    expect![[r#"
        name: "all-of-it"
        title: "All of it"
        version: ~
        start_page: "ROOT:all.adoc"
        nav:
        - modules/ROOT/nav.adoc
    "#]]
    .assert_eq(&project.read("out/antora.yml"));
    expect![[r#"
        * xref:all.adoc[Start]

        .Part one
        * xref:guide/other.adoc[Other &#91;x&#93;]
        ** Draft
        * xref:hello.adoc[Tutorial]
    "#]]
    .assert_eq(&project.read("out/modules/ROOT/nav.adoc"));
    for file in ["images/p.svg", "attachments/data.bin", "attachments/records/hello.json"] {
        assert!(project.path(&format!("out/modules/ROOT/{file}")).exists(), "{file}");
    }
    let ended = project.run([
        "book",
        "export",
        "--to",
        "antora",
        "docs",
        "-d",
        "out",
        "--component",
        "b",
        "--component-version",
        "1.0",
    ]);
    assert!(ended.stderr.contains("(1 changed)"), "{}", ended.stderr);
    assert!(
        project.read("out/antora.yml").starts_with("name: \"b\"\ntitle: \"All of it\"\nversion: \"1.0\"\n")
    );
    project.write("docs/precious", "x");
    let ended = project.run(["book", "export", "--to", "antora", "docs", "-d", "docs"]);
    assert_eq!(ended.status.code(), Some(4), "a folder of someone else is left alone: {}", ended.stderr);
}

#[test]
fn tutorial_has_its_evidence() {
    let project = book();
    assert_eq!(project.run(["run", "docs/hello.md"]).status.code(), Some(0));
    export(&project);
    let page = project.read(&format!("{PAGES}/hello.adoc"));
    let steady = Regex::new(r"\d+\.\d+s|\d{4}-\d\d-\d\d \d\d:\d\d UTC").expect("the pattern compiles");
    let page = steady.replace_all(&page, "TIME");
    for text in [
        "|State\n|✓ verified\n",
        "|Blocks\n|1 of 2 blocks run, 1 verified, 1 skipped\n",
        "|Run\n|TIME\n",
        "xref:attachment$records/hello.json[JSON]",
        "+\n[#step-hello]\n.hello · ✓ verified · TIME\n[source,bash]\n----\nprintf",
        "+\n.Output · 2 lines · as the page says\n-----\nhi\n----\n-----\n+\n.Expected output\n",
        ".later · – skipped\n[source,bash]\n----\ntrue\n----\n\nneeds &#42;hardware&#42;\n",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    converted(&project, "hello.adoc");
    assert!(project.read(&format!("{PAGES}/guide/other.adoc")).starts_with("[#other]\n= Other\n\n"));
}

#[test]
fn nothing_of_a_record_is_markup_in_asciidoc() {
    let project = book();
    assert_eq!(project.run(["run", "docs/hello.md"]).status.code(), Some(0));
    let path = crate::book::record_path(&project);
    let hostile = "----\\n++++\\n<script>alert(1)</script>\\n++++\\npass:[<script>alert(1)</script>] +++<script>alert(1)</script>+++ {empty}\\ninclude::/etc/passwd[]\\nlink:javascript:alert[x]\\n|===\\n====\\u001b[0m";
    let record = project.read(&path);
    let record = record
        .replace("\\u001b[1mhi", hostile)
        .replace("needs *hardware*", hostile)
        .replace("x86_64", hostile)
        .replace("\"stagebook\": \"", &format!("\"stagebook\": \"{hostile}"));
    assert!(record.contains("javascript"), "{record}");
    project.write(&path, record);
    export(&project);
    let Some(html) = converted(&project, "hello.adoc") else { return };
    for markup in ["<script", "root:", "href=\"javascript", "\u{1b}"] {
        assert!(!html.contains(markup), "{markup}: {html}");
    }
    assert!(html.contains("&lt;script&gt;"), "{html}");
}

/// What a text of the test below is made of: everything that means something to AsciiDoc.
const SCRAPS: &[&str] = &[
    "*",
    "**",
    "_",
    "__",
    "`",
    "#",
    "^",
    "~",
    "+",
    "++",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    "&",
    "\\",
    "'",
    "\"",
    "--",
    "...",
    "->",
    "=>",
    "<-",
    "(C)",
    "(TM)",
    "((",
    "))",
    "::",
    ";;",
    ";",
    ":",
    "https://x.y",
    "a@b.c",
    "{empty}",
    "<<x>>",
    "link:x[y]",
    "image:x[]",
    "footnote:[x]",
    "a",
    "b",
    "word",
    " ",
    " ",
    " ",
    " ",
    "1. ",
    "- ",
    "* ",
    ". ",
    "= ",
    "NOTE: ",
    "|",
    "//",
    "$$",
    "é",
    "&amp;",
    "&#65;",
    "pass:[x]",
    "[x]",
    "#x#",
    "it's",
    "t:: ",
    "%",
    "!",
    "a_b_c",
    "include::x[]",
    "xref:x[y]",
    "<1>",
    ",",
    "?",
    "/",
    "=",
    "stem:[x]",
    "kbd:[x]",
    "'''",
    "•",
];

fn texts() -> Vec<String> {
    let mut state = 7_u64;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits fit") % below
    };
    let text = |_| (0..=next(8)).map(|_| SCRAPS[next(SCRAPS.len())]).collect::<String>();
    let texts = (0..500).map(text).map(|text: String| text.split_whitespace().collect::<Vec<_>>().join(" "));
    texts.filter(|text| !text.is_empty()).collect()
}

/// Returns a text in which nothing means anything to Markdown.
fn escaped(text: &str) -> String {
    let mut markdown = String::new();
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            markdown.push('\\');
        }
        markdown.push(letter);
    }
    markdown
}

/// A page, how a text stands in it, and how it is found in the HTML.
type Kind = (&'static str, Box<dyn Fn(&str) -> String>, &'static str);

#[test]
fn any_text_is_read_as_it_was_written() {
    let texts = texts();
    let kinds: [Kind; 7] = [
        ("paragraphs", Box::new(|text| format!("{}\n\n", escaped(text))), "(?s)<p>(.*?)</p>"),
        ("items", Box::new(|text| format!("- {}\n", escaped(text))), "(?s)<p>(.*?)</p>"),
        ("strong", Box::new(|text| format!("x **x{}x**\n\n", escaped(text))), "(?s)<strong>x(.*?)x</strong>"),
        (
            "links",
            Box::new(|text| format!("x [{}](https://x.y)\n\n", escaped(text))),
            "(?s)<a href=\"https://x.y\">(.*?)</a>",
        ),
        ("headings", Box::new(|text| format!("## x{}\n\n", escaped(text))), "(?s)<h2 [^>]*>x(.*?)</h2>"),
        ("codes", Box::new(|text| format!("x````` {text} `````x\n\n")), "(?s)<code>(.*?)</code>"),
        ("listings", Box::new(|text| format!("``````\n{text}\n``````\n\n")), "(?s)<pre>(.*?)</pre>"),
    ];
    let project = Project::new();
    project.write("docs/book.toml", "[book]\nsrc = \".\"\n[output.html]\nsmart-punctuation = false\n");
    for (name, written, _) in &kinds {
        let page: String = texts.iter().map(|text| written(text)).collect();
        project.write(&format!("docs/{name}.md"), format!("# Title\n\n{page}"));
    }
    let mut cells = "# Title\n\n| a |\n| --- |\n".to_owned();
    texts.iter().for_each(|text| {
        let _ = writeln!(cells, "| {} |", escaped(text));
    });
    project.write("docs/cells.md", cells);
    export(&project);
    let cells = ("cells", "(?s)<td [^>]*><p [^>]*>(.*?)</p></td>");
    for (name, pattern) in kinds.iter().map(|(name, _, pattern)| (*name, *pattern)).chain([cells]) {
        let Some(html) = converted(&project, &format!("{name}.adoc")) else { return };
        let pattern = Regex::new(pattern).expect("the pattern compiles");
        let found: Vec<String> = pattern.captures_iter(&html).map(|found| read(&found[1])).collect();
        for (text, found) in texts.iter().zip(&found) {
            assert_eq!(found, text, "in {name}");
        }
        assert_eq!(found.len(), texts.len(), "in {name}");
    }
}

#[test]
fn addresses_of_mail_lead_to_mail() {
    let project = Project::new();
    project.write("docs/page.md", "# Page\n\nWrite to <me@example.org>.\n");
    export(&project);
    if let Some(html) = converted(&project, "page.adoc") {
        let html = html.replace("&#64;", "@");
        assert!(html.contains("<a href=\"mailto:me@example.org\">me@example.org</a>"), "{html}");
    }
}
