//! The program as mdBook calls it: its preprocessor protocol of two versions.

use serde_json::{Value, json};

use crate::project::{Ended, Project};

const PAGE: &str = "\
---
title: Front
---
# Title
Text.

1. Do:

   ```bash {name=hello}
   echo \"hello <b>world</b>\"
   ```
2. Next

```console {name=shown}
$ echo one
one
```

```bash {name=quiet hide=true}
true
```

```bash {name=wrong}
echo no
```

```output
yes
```

{{#include words.txt}}
";

fn book() -> Project {
    let project = Project::new();
    project.write("book.toml", "[book]\ntitle = \"B\"\n");
    project.write("src/page.md", PAGE);
    project.write("src/words.txt", "taken in");
    project
}

/// Returns what mdBook writes, with the chapters under the name that its version has for them.
fn request(project: &Project, key: &str, renderer: &str, content: &str, settings: Value) -> String {
    let chapter = |name: &str, content: &str, path: Value| {
        json!({"Chapter": {
            "name": name, "content": content, "number": [1], "sub_items": [], "path": path,
            "source_path": path, "parent_names": [], "of_a_later_version": {"a": [1.5, null]},
        }})
    };
    let mut first = chapter("Title", content, json!("page.md"));
    first["Chapter"]["sub_items"] = json!([chapter("Made up", "```bash\ntrue\n```\n", Value::Null)]);
    let mut book = json!({"unknown": 12345678901234567_u64});
    book[key] = json!([{"PartTitle": "Part"}, first, "Separator", chapter("Gone", "x", json!("gone.md"))]);
    if key == "sections" {
        book["__non_exhaustive"] = Value::Null;
    }
    let context = json!({
        "root": project.path("").to_string_lossy(),
        "config": {"book": {"src": "src"}, "preprocessor": {"stagebook": settings}},
        "renderer": renderer,
        "mdbook_version": if key == "items" { "0.5.4" } else { "0.4.52" },
    });
    json!([context, book]).to_string()
}

fn preprocess(project: &Project, request: &str) -> Ended {
    project.finish(&mut project.stagebook(["mdbook-preprocessor"]), request)
}

#[test]
fn what_was_not_run_has_no_evidence() {
    let project = book();
    project.write(
        "src/page.md",
        "# T\n\n```bash {name=a}\n# {{#include words.txt}}\necho hi\n```\n\n```output\nhi\n```\n",
    );
    assert_eq!(project.run(["run", "src/page.md"]).status.code(), Some(0));
    let written = project.read("src/page.md");
    let filled_in = written.replace("{{#include words.txt}}", "taken in");
    let asked = |content: &str, settings: Value| {
        preprocess(&project, &request(&project, "items", "html", content, settings))
    };
    assert!(!asked(&written, json!({"require": "verified"})).stdout.contains("not what was run"));
    let told = asked(&filled_in, json!({}));
    assert!(content(&told, "items").contains("This is not what was run"), "{}", told.stdout);
    assert!(told.stderr.contains("warning[directive-in-step]"), "{}", told.stderr);
    assert_eq!(asked(&filled_in, json!({"require": "verified"})).status.code(), Some(1));
}

/// Returns the content of the first chapter that came back.
fn content(ended: &Ended, key: &str) -> String {
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let book: Value = serde_json::from_str(&ended.stdout).expect("the answer is JSON");
    book[key][1]["Chapter"]["content"].as_str().expect("a chapter has content").to_owned()
}

#[test]
fn both_versions_get_their_book_back_with_evidence() {
    let project = book();
    assert_eq!(project.run(["run", "src/page.md"]).status.code(), Some(1));
    for key in ["items", "sections"] {
        let asked = request(&project, key, "html", PAGE, json!({}));
        let ended = preprocess(&project, &asked);
        let content = content(&ended, key);
        for words in [
            "# Title\n\n<!-- stagebook --><style>",
            "<b>Output</b> · 1 line",
            "   <!-- stagebook --><div class=\"stagebook stagebook-step is-ran\" id=\"step-hello\">",
            "hello &lt;b&gt;world&lt;/b&gt;",
            "id=\"step-shown\"",
            "Not as the page says",
            "<span class=\"missing\">- yes</span>",
            "\n2. Next",
            "{{#include words.txt}}",
        ] {
            assert!(content.contains(words), "{words}: {content}");
        }
        for words in ["title: Front", "name=quiet", "svg", "#step-quiet"] {
            assert!(!content.contains(words), "{words}: {content}");
        }
        // All else is as it was.
        let mut expected: Value = serde_json::from_str(&asked).expect("the request is JSON");
        let mut expected = expected[1].take();
        expected[key][1]["Chapter"]["content"] = content.into();
        assert_eq!(ended.stdout, expected.to_string());
    }
}

#[test]
fn steps_are_found_in_what_other_preprocessors_made_of_a_page() {
    let project = book();
    assert_eq!(project.run(["run", "src/page.md"]).status.code(), Some(1));
    let text = PAGE.split_once("---\n# ").map(|(_, text)| format!("# {text}")).expect("it has front matter");
    let filled_in = text.replace("{{#include words.txt}}", "taken in");
    let changed = filled_in.replace("Text.", "Other text, and a block:\n\n```bash\nls\n```");
    for made in [text, filled_in, changed] {
        let ended = preprocess(&project, &request(&project, "items", "html", &made, json!({})));
        let content = content(&ended, "items");
        for id in ["step-hello", "step-shown", "step-wrong"] {
            assert!(content.contains(&format!("id=\"{id}\"")), "{id}: {content}");
        }
    }
}

#[test]
fn other_renderers_get_markdown() {
    let project = book();
    assert_eq!(project.run(["run", "src/page.md"]).status.code(), Some(1));
    let ended = preprocess(&project, &request(&project, "items", "typst", PAGE, json!({})));
    let content = content(&ended, "items");
    assert!(content.contains("# Title\n\n> **✗ failed**: "), "{content}");
    assert!(content.contains("   *hello*: ▸ ran without check"), "{content}");
    assert!(content.contains("   ```text\n   hello <b>world</b>\n   ```\n"), "{content}");
    assert!(!content.contains("<div"), "{content}");
    let ended = preprocess(&project, &request(&project, "items", "linkcheck", PAGE, json!({})));
    let content = self::content(&ended, "items");
    assert_eq!(content, PAGE);
}

#[test]
fn renderers_are_answered_by_the_exit_status() {
    let project = Project::new();
    let alias = project.path("mdbook-stagebook");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_stagebook"), &alias).expect("a link can be made");
    for (renderer, status) in [("html", 0), ("epub", 0), ("linkcheck", 1)] {
        let ended = project.run(["mdbook-preprocessor", "supports", renderer]);
        assert_eq!(ended.status.code(), Some(status), "{renderer}");
        let mut command = project.command(&alias.to_string_lossy());
        let ended = project.finish(command.args(["supports", renderer]), "");
        assert_eq!(ended.status.code(), Some(status), "{renderer}");
    }
}

#[test]
fn what_is_no_request_says_what_the_command_is_for() {
    let project = Project::new();
    for (input, words) in [
        ("", "nothing is on standard input"),
        ("hello", "is not what mdBook writes"),
        ("[{\"root\": \"/\"}, {}]", "the context has no `renderer`"),
    ] {
        let ended = preprocess(&project, input);
        assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
        assert!(ended.stderr.contains("stagebook mdbook-preprocessor install"), "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn nothing_of_a_record_is_markup_in_an_mdbook() {
    let project = book();
    assert_eq!(project.run(["run", "src/page.md"]).status.code(), Some(1));
    let path = ".stagebook/records/src%2Fpage.md/default/record.json";
    let path = if project.path(path).exists() { path.to_owned() } else { crate::book::record_path(&project) };
    let hostile = "</pre></div>\\n\\n<script>alert(1)</script>\\n\\n{{#include /etc/passwd}}\\n```\\n[x](javascript:a)\\u001b]8;;javascript:b\\u0007";
    let record = project.read(&path);
    let record = record
        .replace("hello <b>world</b>", hostile)
        .replace("\\\"no\\\"", hostile)
        .replace("x86_64", hostile)
        .replace("\"stagebook\": \"", &format!("\"stagebook\": \"{hostile}"));
    project.write(&path, record);
    for renderer in ["html", "latex"] {
        let ended = preprocess(&project, &request(&project, "items", renderer, PAGE, json!({})));
        let content = content(&ended, "items");
        assert!(content.contains("alert"), "{content}");
        for markup in ["{{#include /etc", "\u{1b}"] {
            assert!(!content.contains(markup), "{markup} for {renderer}: {content}");
        }
        let mut html = String::new();
        pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new(&content));
        for markup in ["<script", "</pre></div>\n\n", "href=\"javascript"] {
            assert!(!html.contains(markup), "{markup} for {renderer}: {html}");
        }
    }
}

#[test]
fn build_of_an_mdbook_can_require_what_is_verified() {
    let project = book();
    let asked = request(&project, "items", "html", PAGE, json!({"require": "verified", "stile": false}));
    let ended = preprocess(&project, &asked);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("page.md: never run, and book.toml has"), "{}", ended.stderr);
    assert!(ended.stderr.contains("`preprocessor.stagebook.stile`") && ended.stderr.contains("`style`"));
    assert_eq!(ended.stdout, "");
}

#[test]
fn install_keeps_what_is_in_the_settings() {
    let project = Project::new();
    let install = ["mdbook-preprocessor", "install", "docs"];
    assert_eq!(project.run(install).status.code(), Some(2), "there is no book");
    let before = "# mine\n[book]\ntitle = 'B' # so\n";
    project.write("docs/book.toml", before);
    assert_eq!(project.run(install).status.code(), Some(0));
    let after = format!("{before}\n[preprocessor.stagebook]\ncommand = \"stagebook mdbook-preprocessor\"\n");
    assert_eq!(project.read("docs/book.toml"), after);
    assert_eq!(project.run(install).status.code(), Some(0));
    assert_eq!(project.read("docs/book.toml"), after);
    project.write("docs/book.toml", "preprocessor = {}\n");
    let ended = project.run(install);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.stderr.contains("add it by hand"), "{}", ended.stderr);
    assert_eq!(project.read("docs/book.toml"), "preprocessor = {}\n");
}
