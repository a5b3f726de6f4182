//! Pages, and what is read from them.

use std::path::Path;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::tutorial::{Action, ExpectedOutput, NotRun, Origin, Text};

struct Pages(BTreeMap<&'static str, &'static str>);

impl Includes for Pages {
    fn read(&self, _from: &Path, target: &str) -> Result<Arc<Source>, String> {
        let text = self.0.get(target).ok_or("there is no such file")?;
        Ok(Source::new(target, *text))
    }
}

fn parsed(source: &Arc<Source>) -> (Tutorial, Vec<Finding>) {
    let interpreters = BTreeSet::from(["python".to_owned()]);
    let pages = Pages(BTreeMap::from([
        ("part.md", "## Part\n\n```bash\npart\n```\n"),
        ("top.md", "---\ntitle: T\nlayout: x\nparams: {A: 1}\nsecrets: [B]\n---\n"),
        ("broken.md", "---\nfoo: [\n---\n"),
        ("named.md", "```bash {name=a}\nls\n```\n"),
        ("loop.md", "<!-- include: part.md -->\n<!-- include: loop.md -->\n"),
    ]));
    parse(source, &ParseOptions { interpreters }, &pages)
}

#[track_caller]
fn check(page: &str, expected: Expect) {
    let source = Source::new("a.md", page);
    let (tutorial, findings) = parsed(&source);
    assert_spans(&tutorial);
    let mut shown: Vec<String> = tutorial.steps.iter().map(show).collect();
    for block in &tutorial.other_blocks {
        if let NotRun::NotSupported(reason) = &block.reason {
            shown.push(format!("{} not supported: {reason}", block.place.line()));
        }
    }
    for finding in &findings {
        let place = finding.place.as_ref().map(|place| format!("{place:?}")).unwrap_or_default();
        let help = finding.help.as_deref().map(|help| format!(" ({help})")).unwrap_or_default();
        shown.push(format!("{place} {}[{}] {}{help}", finding.severity, finding.code, finding.message));
    }
    if tutorial.dialect != Dialect::Stagebook {
        shown.push(format!("{:?}", tutorial.dialect));
    }
    expected.assert_eq(&shown.join("\n"));
}

fn show(step: &Step) -> String {
    let action = match &step.action {
        Action::Command => step.language.clone(),
        Action::File(path) => format!("file {path}"),
        Action::Transcript(commands) => {
            let command = |command: &crate::tutorial::TranscriptCommand| {
                let expected = command.expected.iter().map(show_expected).collect::<String>();
                format!("{:?}[{}]{expected}", command.command, command.exit)
            };
            commands.iter().map(command).collect::<Vec<_>>().join(", ")
        }
    };
    let expected: String = step.expected.iter().map(show_expected).collect();
    let attributes: Vec<&str> = step.attributes.places.keys().map(String::as_str).collect();
    let attributes = attributes.join(",");
    format!("{} {}: {action} {:?} [{attributes}]{expected}", step.place.line(), step.name, step.text.content)
}

fn show_expected(expected: &ExpectedOutput) -> String {
    match &expected.origin {
        Origin::Lines(text) => format!(" => {:?}", text.content),
        Origin::Comment => " => comment".to_owned(),
    }
}

fn assert_spans(tutorial: &Tutorial) {
    for step in &tutorial.steps {
        assert_text(&step.text);
        assert!(!step.place.text().is_empty());
        let of_step = step.expected.iter();
        let commands = match &step.action {
            Action::Transcript(commands) => commands.as_slice(),
            _ => &[],
        };
        for expected in of_step.chain(commands.iter().flat_map(|command| &command.expected)) {
            assert!(expected.place.source.text().get(expected.place.span.range()).is_some());
            if let Origin::Lines(text) = &expected.origin {
                assert_text(text);
            }
        }
    }
}

fn assert_text(text: &Text) {
    assert_eq!(text.lines.len(), text.content.lines().count());
    for (span, line) in text.lines.iter().zip(text.content.lines()) {
        // A tab of which a list took a part leaves blanks that stand nowhere.
        let rest = line.strip_suffix(&text.source.text()[span.range()]).expect("a line ends as its bytes");
        assert!(rest.len() < 4 && rest.trim_matches(' ').is_empty(), "{line:?}");
    }
}

#[test]
fn plain_documents_have_steps() {
    check(
        "# Install\n\nGet it:\n\n```bash\nls\n```\n\n```yaml\na: 1\n```\n\n~~~sh\npwd\n~~~\n",
        expect![[r#"
            5 install-1: bash "ls\n" []
            13 install-2: sh "pwd\n" []"#]],
    );
    check("```\nls\n```\n\n    indented\n\n```text\nx\n```\n", expect![[""]]);
    check(
        "- a\n\n  ```bash\n  ls\n    -l\n\n  pwd\n  ```\n\n> ```sh\n> id\n>\n> id\n> ```\n",
        expect![[r#"
            3 step-1: bash "ls\n  -l\n\npwd\n" []
            10 step-2: sh "id\n\nid\n" []"#]],
    );
    check("````markdown\n```bash\nls\n```\n````\n", expect![[""]]);
    check("\u{feff}# A\r\n\r\n```bash\r\nls\r\n\r\npwd\r\n```", expect![[r#"3 a-1: bash "ls\n\npwd\n" []"#]]);
    check(
        "1. x\n   ```bash\n   ls\n   ```\n2. y\n\t```bash\n\tls\n\t```\n",
        expect![[r#"
            2 step-1: bash "ls\n" []
            6 step-2: bash "ls\n" []"#]],
    );
}

#[test]
fn tabs_of_which_lists_take_a_part_leave_blanks() {
    check(
        "- Save:\n\n  ```yaml {file=a.yaml}\n  a:\n\tb: 1\n\t\tc\n  ```\n",
        expect![[r#"3 step-1: file a.yaml "a:\n  b: 1\n  \tc\n" [file]"#]],
    );
    check(
        "- x\n\n  ```console\n  $ cat a\n\ta\n  ```\n",
        expect![[r#"3 step-1: "cat a"[0] => "  a\n" "$ cat a\n  a\n" []"#]],
    );
}

#[test]
fn blocks_that_cannot_run_are_counted() {
    check(
        "```fish\nls\n```\n\n```console\nls\n```\n\n```PowerShell\nls\n```\n",
        expect![[r#"
            1 not supported: nothing here runs `fish`
            5 not supported: no `$ ` prompt
            9 not supported: nothing here runs `powershell`"#]],
    );
    check(
        "```rust {name=x}\nfn\n```\n",
        expect![[r#"
            1 not supported: nothing here runs `rust`
            a.md:1:4 warning[cannot-run] block cannot run: nothing here runs `rust` (name a program for the language in `stagebook.toml`, or give the block a `file`)"#]],
    );
    check(
        "# A\n\n```bash\nls\n",
        expect![[r#"
            3 not supported: the block is never closed
            a.md:3:1 error[unclosed-fence] code block is never closed (close it with a fence of its own length on a line of its own)"#]],
    );
    check(
        "> ```bash\n> ls\n\ntext\n",
        expect![[r#"
            1 not supported: the block is never closed
            a.md:1:3 error[unclosed-fence] code block is never closed (close it with a fence of its own length on a line of its own)"#]],
    );
}

#[test]
fn transcripts_are_steps() {
    check(
        "```console\n$ echo a\na\n$ false\n[1]\n```\n",
        expect![[r#"1 step-1: "echo a"[0] => "a\n", "false"[1] "$ echo a\na\n$ false\n[1]\n" []"#]],
    );
    check("```bash\n$ ls\n$ pwd\n```\n", expect![[r#"1 step-1: "ls"[0], "pwd"[0] "$ ls\n$ pwd\n" []"#]]);
    check("```bash\n$ ls\na\n```\n", expect![[r#"1 step-1: "ls"[0] => "a\n" "$ ls\na\n" []"#]]);
}

#[test]
fn comments_in_transcripts_are_no_commands() {
    check(
        "```bash\n# First:\n\n$ ls\na\n```\n",
        expect![[r##"1 step-1: "ls"[0] => "a\n" "# First:\n\n$ ls\na\n" []"##]],
    );
    check(
        "```console\n# rm -rf build\n```\n",
        expect![
            "1 not supported: `# ` may begin a comment; write `$ `, or the whole prompt as `[root@host ~]# `"
        ],
    );
    check(
        "```console\n[root@host ~]# id -u\n0\nroot@host:/# ls\n```\n",
        expect![[
            r#"1 step-1: "id -u"[0] => "0\n", "ls"[0] "[root@host ~]# id -u\n0\nroot@host:/# ls\n" []"#
        ]],
    );
    check(
        "```console\n$ ls\na\n# next\n$ pwd\n```\n",
        expect![[r#"1 step-1: "ls"[0] => "a\n# next\n", "pwd"[0] "$ ls\na\n# next\n$ pwd\n" []"#]],
    );
    check("```bash\n# First:\nls\n```\n", expect![[r##"1 step-1: bash "# First:\nls\n" []"##]]);
}

#[test]
fn misspelled_annotations_are_reported() {
    for word in ["clenaup", "backgruond", "maual", "Skip: slow", "hidden", "stop", "note: slow"] {
        let page = format!("<!-- {word} -->\n```bash\nls\n```\n");
        let (_, findings) = parsed(&Source::new("a.md", page.as_str()));
        let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        let expected =
            if matches!(word, "stop" | "note: slow") { vec![] } else { vec!["unknown-annotation"] };
        assert_eq!(codes, expected, "{word}");
    }
    check(
        "```bash\nls\n```\n\n<!-- exepct -->\n\n```text\na\n```\n",
        expect![[r#"
            1 step-1: bash "ls\n" []
            a.md:5:1 warning[unknown-annotation] unknown annotation `exepct` (did you mean `expect`?)"#]],
    );
    check(
        "<!-- inlcude: part.md -->\n",
        expect![
            "a.md:1:1 warning[unknown-annotation] unknown annotation `inlcude` (did you mean `include`?)"
        ],
    );
    check("A word <!-- inlcude: part.md --> and <!-- maual -->\n\n<!-- clenaup -->\n\ntext\n", expect![[""]]);
    check(
        "```bash\nls\n```\n\n```ouput\na\n```\n",
        expect![[r#"
            1 step-1: bash "ls\n" []
            a.md:5:4 warning[unknown-annotation] unknown language `ouput` (did you mean `output`?)"#]],
    );
    check("```ouput\na\n```\n", expect![[""]]);
}

#[test]
fn annotations_without_their_colon_are_reported() {
    let comments =
        ["expect {contains: \"y\"}", "step {name: a}", "include sub.md", "skip too slow", "expect json"];
    let others = ["include this and that", "step by step", "expect the worst", "STEP 1", "manual work"];
    let page = |comment: &&str| format!("```bash\nls\n```\n\n<!-- {comment} -->\n```json\n1\n```\n\n");
    check(
        &comments.iter().map(page).collect::<String>(),
        expect![[r#"
            1 step-1: bash "ls\n" []
            10 step-2: bash "ls\n" []
            19 step-3: bash "ls\n" []
            28 step-4: bash "ls\n" []
            37 step-5: bash "ls\n" []
            a.md:5:1 error[unknown-annotation] `expect` without a colon is not read (write it as `<!-- expect: {contains: "y"} -->`)
            a.md:14:1 error[unknown-annotation] `step` without a colon is not read (write it as `<!-- step: {name: a} -->`)
            a.md:23:1 warning[unknown-annotation] `include` without a colon is not read (write it as `<!-- include: sub.md -->`)
            a.md:32:1 warning[unknown-annotation] `skip` without a colon is not read (write it as `<!-- skip: too slow -->`)
            a.md:41:1 warning[unknown-annotation] `expect` without a colon is not read (write it as `<!-- expect: json -->`)"#]],
    );
    check(
        &others.iter().map(page).collect::<String>(),
        expect![[r#"
            1 step-1: bash "ls\n" []
            10 step-2: bash "ls\n" []
            19 step-3: bash "ls\n" []
            28 step-4: bash "ls\n" []
            37 step-5: bash "ls\n" []"#]],
    );
}

#[test]
fn words_that_look_like_a_dialect_are_none() {
    check(
        "<!-- STEP 1 -->\n\n```bash\nls\n```\n\n<!-- expected_similarity is used -->\n",
        expect![[r#"3 step-1: bash "ls\n" []"#]],
    );
    check("<!-- STEP: one -->\n\n```bash\nls\n```\n", expect![[r#"3 step-1: bash "ls\n" []"#]]);
    check(
        "<!-- STEP name: one -->\n\n```bash\nls\n```\n",
        expect![[r#"
            3 one: bash "ls\n" [name]
            MechanicalMarkdown"#]],
    );
    check(
        "```yaml {name: a}\na: 1\n```\n\n```yaml {\"name\": \"a\"}\na: 1\n```\n",
        expect![[r#"
                1 not supported: nothing here runs `yaml`
                a.md:1:4 warning[cannot-run] block cannot run: nothing here runs `yaml` (name a program for the language in `stagebook.toml`, or give the block a `file`)
                Runme"#]],
    );
}

#[test]
fn shell_blocks_that_swallow_a_fence_do_not_run() {
    check(
        "```bash\nls\n\nIt's this:\n\n```output\na\n```\n\n```bash\nid\n```\n",
        expect![[r#"
            10 step-1: bash "id\n" []
            1 not supported: it has no end of its own
            a.md:1:1 error[fence-in-shell] the fence that should end this block does not end it (close the block before line 6, with a fence of its own length on a line of its own)"#]],
    );
    check(
        "```bash\nls\n``\n\nrm -rf x\n\n```\n",
        expect![[r#"
            1 not supported: it has no end of its own
            a.md:1:1 error[fence-in-shell] the fence that should end this block does not end it (close the block before line 3, with a fence of its own length on a line of its own)"#]],
    );
    for harmless in [
        "cat > a.md <<'EOF'\n```bash\n``\nEOF\n",
        "echo \"\n```bash\n\" # it's\necho 'a\n```sh\n'\n",
        "echo `ls` ``\n",
    ] {
        let page = format!("````bash\n{harmless}````\n");
        let (tutorial, findings) = parsed(&Source::new("a.md", page.as_str()));
        assert_eq!((tutorial.steps.len(), findings.len()), (1, 0), "{page}");
    }
}

#[test]
fn one_mistake_in_a_comment_is_said_once() {
    check(
        "```bash\nls\n```\n<!-- expect: {exit: 999} -->\n",
        expect![[r#"
            1 step-1: bash "ls\n" []
            a.md:4:21 error[bad-value] `exit` cannot be `999` (write an exit status from 0 to 255)"#]],
    );
    check(
        "```bash\nls\n```\n<!-- expect: text -->\n",
        expect![[r#"
                1 step-1: bash "ls\n" []
                a.md:4:14 error[invalid-annotation] comment does not hold a map (write it as `{contains: "done"}`, or as a word: `regex`, `glob`, `json`)"#]],
    );
}

#[test]
fn front_matter_that_is_not_read_is_reported() {
    check(
        "---\ntitle: A\n\n# A\n",
        expect![
            "a.md:1:1 error[unclosed-front-matter] front matter is never closed (close it with `---` on a line of its own)"
        ],
    );
    check(
        "\n\n---\ntitle: A\ntags:\n- a\n---\n# A\n",
        expect![
            "a.md:3:1 warning[misplaced-front-matter] this is not front matter: it is not at the top (begin it on the first line of the page)"
        ],
    );
    check("---\n\nA text: it goes on\n", expect![[""]]);
    check(
        "---\nNote: this is a text\n---\n",
        expect![
            "a.md:2:1 note[foreign-key] unknown key `Note` (another program may read it; stagebook does not)"
        ],
    );
    check("\n---\nA text: it goes on\n\n---\n", expect![[""]]);
}

#[test]
fn attributes_are_understood() {
    check(
        "```bash {name=a timeout=5m}\nls\n```\n\n```python {name=p}\n1\n```\n\n```python\n1\n```\n",
        expect![[r#"
            1 a: bash "ls\n" [name,timeout]
            5 p: python "1\n" [name]"#]],
    );
    check(
        "<!-- step: {name: a, needs: [b], env: {A: 1}} -->\n\n```bash\nls\n```\n",
        expect![[r#"3 a: bash "ls\n" [env,name,needs]"#]],
    );
    check(
        "<!-- cleanup -->\n```bash\nls\n```\n\n<!-- skip: slow -->\n```bash\nls\n```\n",
        expect![[r#"
            2 step-1: bash "ls\n" [cleanup]
            7 step-2: bash "ls\n" [skip]"#]],
    );
    check(
        "```yaml {file=a/b.yaml mode=600}\na: 1\n```\n",
        expect![[r#"1 step-1: file a/b.yaml "a: 1\n" [file,mode]"#]],
    );
}

#[test]
fn bad_attributes_are_reported_where_they_stand() {
    check(
        "```bash {tiemout=5m}\nls\n```\n",
        expect![[r#"
            1 step-1: bash "ls\n" []
            a.md:1:10 error[unknown-attribute] unknown attribute `tiemout` (did you mean `timeout`?)"#]],
    );
    check(
        "```bash {name=x timeout=abc ready=80}\nls\n```\n",
        expect![[r#"
                1 x: bash "ls\n" [name,ready,timeout]
                a.md:1:25 error[bad-value] `timeout` cannot be `abc` (write a duration as `500ms`, `30s`, `5m` or `1h30m`)
                a.md:1:35 warning[odd-attributes] `ready` does nothing without `background`"#]],
    );
    check(
        "<!-- step: {nmae: x, zzz: 1} -->\n```bash\nls\n```\n",
        expect![[r#"
            2 step-1: bash "ls\n" []
            a.md:1:13 error[unknown-attribute] unknown attribute `nmae` (did you mean `name`?)
            a.md:1:22 error[unknown-attribute] unknown attribute `zzz`"#]],
    );
    check(
        "<!-- step: [ -->\n```bash\nls\n```\n",
        expect![[r#"
            2 step-1: bash "ls\n" []
            a.md:1:12 error[invalid-yaml] YAML does not parse: `[` is never closed (an annotation is YAML: `<!-- step: {name: build} -->`)"#]],
    );
    check(
        "```bash {name=a}\n```\n\n```bash {name=a}\n```\n",
        expect![[r#"
                1 a: bash "" [name]
                4 step-1: bash "" [name]
                a.md:4:15 error[duplicate-name] two steps are named `a` (give one of them another name)"#]],
    );
    check(
        "<!-- cleanup -->\n\nText.\n\n```bash\nls\n```\n",
        expect![[r#"
            5 step-1: bash "ls\n" []
            a.md:1:1 warning[orphan-annotation] no code block follows this comment (put it right before the block that it is about)"#]],
    );
}

#[test]
fn foreign_info_strings_are_left_alone() {
    check(
        "```bash,ignore\nls\n```\n\n```sh title=\"x\"\n```\n\n```bash {1,3-5}\n```\n",
        expect![[r#"
            1 step-1: bash "ls\n" []
            5 step-2: sh "" []
            8 step-3: bash "" []"#]],
    );
    check(
        "```bash linenums=\"1\"\n```\n\n```bash {linenos=table,hl_lines=[1,2]}\n```\n",
        expect![[r#"
            1 step-1: bash "" []
            4 step-2: bash "" []"#]],
    );
    check(
        "```bash {wibble=1}\n```\n\n```bash timeout=5m\n```\n",
        expect![[r#"
                1 step-1: bash "" []
                4 step-2: bash "" []
                a.md:1:10 note[foreign-attribute] unknown attribute `wibble`
                a.md:4:9 note[unbraced-attribute] `timeout` without braces is not read (write it as `{timeout=5m}`)"#]],
    );
}

#[test]
fn output_belongs_to_the_step_above() {
    check(
        "```bash\nls\n```\n\nIt prints:\n\n```output\na\n```\n",
        expect![[r#"1 step-1: bash "ls\n" [] => "a\n""#]],
    );
    check(
        "```bash\nls\n```\n\n<!-- expect -->\n```text\na\n```\n",
        expect![[r#"1 step-1: bash "ls\n" [] => "a\n""#]],
    );
    check(
        "```bash\nls\n```\n<!-- expect: {contains: [a, b], exit: 1} -->\n",
        expect![[r#"1 step-1: bash "ls\n" [] => comment"#]],
    );
    check(
        "```bash\nls\n```\n<!-- expect: {similarity: 0.8} -->\n```text\na\n```\n",
        expect![[r#"1 step-1: bash "ls\n" [] => "a\n""#]],
    );
    check(
        "```bash\nls\n```\n<!-- expect: {stream: stderr} -->\n```json\n{\"a\": 1}\n```\n",
        expect![[r#"1 step-1: bash "ls\n" [] => "{\"a\": 1}\n""#]],
    );
}

#[test]
fn misplaced_and_broken_expectations_are_reported() {
    check(
        "```output\na\n```\n",
        expect![
            "a.md:1:1 warning[orphan-expectation] expected output with no step before it (it belongs below the step that prints it, under the same heading)"
        ],
    );
    check(
        "```bash\nls\n```\n\n# B\n\n```output\na\n```\n",
        expect![[r#"
            1 step-1: bash "ls\n" []
            a.md:7:1 warning[orphan-expectation] expected output with no step before it (it belongs below the step that prints it, under the same heading)"#]],
    );
    check(
        "```bash\nls\n```\n<!-- expect -->\n",
        expect![[r#"
            1 step-1: bash "ls\n" []
            a.md:4:1 error[orphan-expectation] no block with expected output follows (put the block with the output right below the comment)"#]],
    );
    check(
        "```bash\nls\n```\n<!-- expect: {regex: \"(\"} -->\n",
        expect![[r#"
                1 step-1: bash "ls\n" []
                a.md:4:22 error[bad-pattern] regular expression `(` does not compile"#]],
    );
    check(
        "```bash\nls\n```\n<!-- expect: {contain: x, stream: out} -->\n```\na\n```\n",
        expect![[r#"
            1 step-1: bash "ls\n" [] => "a\n"
            a.md:4:15 error[unknown-attribute] unknown key `contain` of `expect` (did you mean `contains`?)
            a.md:4:35 error[bad-value] `stream` cannot be `out` (write `stdout`, `stderr` or `both`)"#]],
    );
    check(
        "```bash\nls\n```\n<!-- expect: json -->\n```\n{\n  a\n```\n",
        expect![[r#"
            1 step-1: bash "ls\n" []
            a.md:7:1 error[bad-pattern] expected output is not JSON"#]],
    );
}

#[test]
fn places_for_whoever_renders_a_page_are_known() {
    let page = "---\ntitle: T\n---\n## Part\n\n<!-- step: {name: x} -->\n```bash {errexit=false}\nls\n```\n\n<!-- said to nobody -->\n\n<!-- include: part.md -->\n\n~~~ JSON  x=1\n{}\n~~~\n";
    let (tutorial, findings) = parsed(&Source::new("a.md", page));
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(&page[tutorial.body.range()], &page[page.find("## Part").unwrap()..]);
    let comments: Vec<&str> = tutorial.comments.iter().map(Place::text).collect();
    assert_eq!(comments, ["<!-- step: {name: x} -->", "<!-- include: part.md -->"]);
    assert_eq!(tutorial.includes[0].place.text(), "<!-- include: part.md -->");
    assert_eq!(tutorial.includes[0].body.range(), 0..tutorial.includes[0].source.text().len());
    assert_eq!(tutorial.steps[0].info, "bash {errexit=false}");
    let block = &tutorial.other_blocks[0];
    assert_eq!((block.info.as_str(), block.text.content.as_str()), ("JSON  x=1", "{}\n"));
    let anchors: Vec<&str> = tutorial.headings.iter().map(|heading| heading.anchor.as_str()).collect();
    assert_eq!(anchors, ["part", "part-1"]);
}

#[test]
fn expectations_of_transcripts_are_those_of_their_last_command() {
    check(
        "```console\n$ true\n$ echo a\na\n```\n\n```output\nb\n```\n<!-- expect: {contains: c, exit: 1} -->\n",
        expect![[r#"
                1 step-1: "true"[0], "echo a"[1] => "a\n" => "b\n" => comment "$ true\n$ echo a\na\n" []"#]],
    );
    check(
        "```console {exit=2}\n$ a\n$ b\n```\n\n```bash\n$ c\n[2]\n```\n<!-- expect: {exit: 3} -->\n",
        expect![[r#"
                1 step-1: "a"[0], "b"[2] "$ a\n$ b\n" [exit]
                6 step-2: "c"[2] "$ c\n[2]\n" []
                a.md:10:1 error[two-exits] the step has two exit statuses, 2 and 3 (leave one of them out)"#]],
    );
}

#[test]
fn what_writes_a_file_promises_nothing() {
    check(
        "```text {file=x exit=1}\na\n```\n<!-- expect: {exit: 2} -->\n```output\na\n```\n",
        expect![[r#"
                1 step-1: file x "a\n" [exit,file]
                a.md:1:22 warning[odd-attributes] `exit` does nothing on a step that writes a file
                a.md:4:1 warning[odd-attributes] `exit` does nothing on a step that writes a file
                a.md:5:1 error[orphan-expectation] expected output of a step that writes a file, which prints nothing (it belongs below the step that prints it: show the file with `cat` in a `bash` block)"#]],
    );
    check(
        "```bash {background}\nls\n```\n<!-- expect: {exit: 2, contains: a} -->\n",
        expect![[r#"
                1 step-1: bash "ls\n" [background] => comment
                a.md:4:1 warning[odd-attributes] `exit` does nothing on a service"#]],
    );
}

#[test]
fn output_of_a_block_that_does_not_run_is_not_that_of_an_earlier_step() {
    check(
        "```bash\nls\n```\n\n```sql\nselect 1;\n```\n\n```output\n1\n```\n",
        expect![[r#"
                1 step-1: bash "ls\n" []
                a.md:9:1 warning[orphan-expectation] expected output of a `sql` block, which does not run (it belongs below the step that prints it, under the same heading)"#]],
    );
    check(
        "```bash\nls\n```\n\n```yaml\na: 1\n```\n\n```output\n1\n```\n",
        expect![[r#"1 step-1: bash "ls\n" [] => "1\n""#]],
    );
    check(
        "```bash\nls\n```\n\n```fish\nls\n```\n\n<!-- expect -->\n```\n1\n```\n",
        expect![[r#"
                1 step-1: bash "ls\n" []
                5 not supported: nothing here runs `fish`
                a.md:10:1 error[orphan-expectation] expected output of a `fish` block, which does not run (it belongs below the step that prints it, under the same heading)"#]],
    );
}

#[test]
fn a_comment_takes_no_later_step_for_its_output() {
    check(
        "```bash\na\n```\n<!-- expect -->\n\nThen:\n\n```bash\nb\n```\n",
        expect![[r#"
                1 step-1: bash "a\n" []
                8 step-2: bash "b\n" []
                a.md:4:1 error[orphan-expectation] no block with expected output follows (put the block with the output right below the comment)"#]],
    );
    check(
        "```bash\ncat a.sh\n```\n<!-- expect -->\n```bash\nb\n```\n",
        expect![[r#"1 step-1: bash "cat a.sh\n" [] => "b\n""#]],
    );
    check(
        "```bash\na\n```\n<!-- expected_similarity=0.3 -->\n```bash\nb\n```\n",
        expect![[r#"
                1 step-1: bash "a\n" []
                5 step-2: bash "b\n" []
                a.md:4:1 warning[orphan-expectation] no block with expected output follows (put the block with the output right below the comment)
                InnovationEngine"#]],
    );
}

#[test]
fn pages_are_included() {
    check(
        "# A\n\n<!-- include: part.md -->\n\n```bash\nls\n```\n",
        expect![[r#"
            3 part-1: bash "part\n" []
            5 part-2: bash "ls\n" []"#]],
    );
    check(
        "<!-- include: loop.md -->\n",
        expect![[r#"
            3 part-1: bash "part\n" []
            loop.md:2:1 error[bad-include] cannot include `loop.md`: pages include each other: loop.md -> loop.md"#]],
    );
    check(
        "<!-- include: gone.md -->\n",
        expect!["a.md:1:1 error[bad-include] cannot include `gone.md`: there is no such file"],
    );
}

#[test]
fn what_is_wrong_with_an_included_page_is_said() {
    check(
        "---\nsecrets: [B]\n---\n<!-- include: top.md -->\n<!-- include: top.md -->\n",
        expect![
            "top.md:4:9 warning[ignored-key] `params` of an included page is not read (write it in the front matter of the page that includes this one)"
        ],
    );
    check(
        "<!-- include: broken.md -->\n",
        expect![
            "broken.md:2:6 error[invalid-front-matter] YAML does not parse: `[` is never closed (front matter is YAML: `key: value` on each line, and what belongs to a key indented below it)"
        ],
    );
    check(
        "<!-- include: named.md -->\n\n<!-- include: named.md -->\n",
        expect![[r#"
            1 a: bash "ls\n" [name]
            1 step-1: bash "ls\n" [name]
            a.md:3:1 error[duplicate-name] the page of step `a` is included twice (include it once, or leave out the names of its steps)"#]],
    );
}

#[test]
fn pages_with_old_line_ends_are_reported() {
    check(
        "# A\r\r```bash\rls\r```\r",
        expect![
            "a.md:1:4 error[line-ends] lines end in a carriage return alone, which is no line end (save the file with LF or CRLF line ends)"
        ],
    );
    check("# A\r", expect![""]);
}

#[test]
fn dialects_are_recognised() {
    check(
        "```sh {\"name\":\"a\",\"interactive\":\"true\",\"id\":\"01H\"}\nls\n```\n",
        expect![[r#"
            1 a: sh "ls\n" [name]
            Runme"#]],
    );
    check(
        "```azurecli\naz\n```\n\n<!-- expected_similarity=0.3 -->\n```JSON\n{\n```\n",
        expect![[r#"
            1 step-1: bash "az\n" [] => "{\n"
            InnovationEngine"#]],
    );
    check(
        "```bash\naz\n```\n\n<!--expected_similarity=\"a.*\"-->\n```console\nabc\n```\n",
        expect![[r#"
            1 step-1: bash "az\n" [] => comment
            InnovationEngine"#]],
    );
    check(
        "```scrut {timeout: 1s}\n$ ls\na (glob)\n[1]\n```\n",
        expect![[r#"
            1 step-1: "ls"[1] => "a (glob)\n" "$ ls\na (glob)\n[1]\n" [timeout]
            Scrut"#]],
    );
    check(
        "```console tesh-session=\"x\" tesh-exitcodes=\"1\"\n$ false\n```\n",
        expect![[r#"
            1 step-1: "false"[1] "$ false\n" []
            Tesh"#]],
    );
    check(
        "<!-- STEP\nname: a\nexpected_stdout_lines:\n  - x\nbackground: true\ntimeout_seconds: 5\n-->\n\n\
             ```bash\nls\n```\n\n<!-- END_STEP -->\n\n```bash\nid\n```\n",
        expect![[r#"
                9 a: bash "ls\n" [background,name,timeout] => comment
                15 step-1: bash "id\n" []
                MechanicalMarkdown"#]],
    );
    check(
        "<!-- $MDX skip -->\n```sh\n$ ls\n```\n",
        expect![[r#"
            2 step-1: "ls"[0] "$ ls\n" [skip]
            Mdx"#]],
    );
}

#[test]
fn steps_know_what_stands_around_them() {
    let page =
        "# A `b`\n\n## C {#see}\n\nSome *text*\nhere:\n\n1. Item one\n   ```sh\n   x\n   ```\n\n```sh\n```\n";
    let (tutorial, _) = parsed(&Source::new("a.md", page));
    let around = |step: &Step| (step.headings.join(" / "), step.anchor.clone(), step.description.clone());
    let around: Vec<_> = tutorial.steps.iter().map(around).collect();
    expect![[r#"
            [
                (
                    "A b / C",
                    Some(
                        "see",
                    ),
                    "Item one",
                ),
                (
                    "A b / C",
                    Some(
                        "see",
                    ),
                    "",
                ),
            ]
        "#]]
    .assert_debug_eq(&around);
    assert_eq!(tutorial.title, "A b");
}

#[test]
fn comments_may_take_several_lines() {
    check(
        "> <!-- step:\n> name: a\n> timeout: 5 m x\n> -->\n>\n> ```sh\n> ls\n> ```\n",
        expect![[r#"
                6 a: sh "ls\n" [name,timeout]
                a.md:3:12 error[bad-value] `timeout` cannot be `5 m x` (write a duration as `500ms`, `30s`, `5m` or `1h30m`)"#]],
    );
    check(
        "- x\n\n  <!-- step:\n  name: a\n  env: {A: 1}\n  -->\n  ```sh\n  ls\n  ```\n",
        expect![[r#"7 a: sh "ls\n" [env,name]"#]],
    );
    check("<!-- a --><!-- skip: b -->\n```sh\nls\n```\n", expect![[r#"2 step-1: sh "ls\n" [skip]"#]]);
    check(
        "<!-- never closed\n\n```sh\nls\n```\n",
        expect![
            "a.md:1:1 warning[unclosed-comment] comment is never closed (close it with `-->`; all that follows is a part of it)"
        ],
    );
    check(
        "<!-- stpe: {name: a} -->\n```sh\nls\n```\n",
        expect![[r#"
            2 step-1: sh "ls\n" []
            a.md:1:1 warning[unknown-annotation] unknown annotation `stpe` (did you mean `step`?)"#]],
    );
    check(
        "<!-- step one: read this -->\n<!-- todo: {x} -->\n```sh\nls\n```\n",
        expect![[r#"3 step-1: sh "ls\n" []"#]],
    );
}

#[test]
fn linked_prerequisites_come_from_their_section() {
    let page = "# A\n\n[x](x.md)\n\n## Prerequisites\n\n- [y](../y.md#z), [w](https://a.b/w.md)\n\n## B\n\n\
                    [z](z.md)\n\n```bash\nls\n```\n\n<!-- expected_similarity=0.3 -->\n```\na\n```\n\n\
                    <!-- ```variables\nexport A=\"1\"\nB=2\n``` -->\n";
    let (tutorial, findings) = parsed(&Source::new("a.md", page));
    let paths: Vec<_> = tutorial.prerequisites.iter().map(|prerequisite| &prerequisite.path).collect();
    assert_eq!(paths, [Path::new("../y.md")]);
    assert_eq!(tutorial.links.len(), 4);
    assert_eq!(format!("{:?}", tutorial.front_matter.env), r#"{"A": "1", "B": "2"}"#);
    let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["missing-prerequisite"]);
}

#[test]
fn attributes_of_runme_mean_what_it_means() {
    let page = "```sh {\"excludeFromRunAll\":\"true\"}\n```\n```sh {\"interactive\":\"false\"}\n```\n\
                    ```sh {\"ignore\":\"true\"}\n```\n";
    let (tutorial, _) = parsed(&Source::new("a.md", page));
    let read = |step: &Step| (step.attributes.manual, step.attributes.skip.clone());
    let read: Vec<_> = tutorial.steps.iter().map(read).collect();
    let ignored = Some("marked `ignore`".to_owned());
    assert_eq!(read, [(true, None), (false, None), (false, ignored)]);
}

#[test]
fn adversarial_pages_end() {
    let pages = [
        "> ".repeat(10_000) + "```bash\nls",
        "- ".repeat(10_000),
        "[".repeat(50_000),
        "<!-- ".repeat(20_000),
        "`".repeat(50_000),
        "```bash\n```\n".repeat(5_000),
        "> ".repeat(300) + &"\n>".repeat(5_000),
    ];
    for page in pages {
        let (tutorial, _) = parsed(&Source::new("a.md", page));
        assert_spans(&tutorial);
    }
}

proptest! {
    #[test]
    fn any_text_parses(page in "\\PC*") {
        assert_spans(&parsed(&Source::new("a.md", page)).0);
    }

    #[test]
    fn any_mixture_of_markup_parses(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let source = Source::new("a.md", pieces.concat());
        let (tutorial, findings) = parsed(&source);
        assert_spans(&tutorial);
        for finding in findings {
            let place = finding.place.expect("each finding has a place");
            prop_assert!(place.source.text().get(place.span.range()).is_some());
            crate::diagnostic::render(&Finding::note("x", "x").at(place), false);
        }
    }
}

const PIECES: &[&str] = &[
    "```bash",
    "```",
    "~~~",
    "````",
    "\n",
    "\r\n",
    "\r",
    "> ",
    "- ",
    "1. ",
    "  ",
    "\t",
    "    ",
    "# A",
    "$ ls",
    "---\n",
    "<!-- step: {name: a} -->",
    "<!-- expect -->",
    "<!--",
    "-->",
    "{name=ä",
    "}",
    "\"",
    "output",
    "console",
    "ä",
    "\0",
    "\u{feff}",
    "title: x",
    ": ",
    "[1]",
    "[a](b.md)",
    "|",
    "<details>",
    "{",
    "> > ",
    "\\",
    "<<EOF",
    "EOF",
    "expected_similarity=",
    "<!-- STEP\n",
    "<!-- END_STEP -->",
    "&amp;",
    "file=x",
];
