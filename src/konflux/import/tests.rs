use std::sync::Arc;

use expect_test::{Expect, expect};
use serde_json::Value;

use super::*;
use crate::config::Settings;
use crate::diagnostic::{Finding, Source};
use crate::yaml::{Node, read_documents};

const TASK: &str = "apiVersion: tekton.dev/v1
kind: Task
metadata:
  name: clone
spec:
  description: Clones a <name>.
  params:
  - name: url
    description: |
      Where it is.
  - {name: depth, type: string, default: '1'}
  steps:
  # Fetches all.
  - name: clone
    image: quay.io/a/git:1@sha256:0
    timeout: 5m
    env:
    - {name: PARAM_URL, value: $(params.url)}
    script: |
      #!/usr/bin/env bash
      git clone \"$PARAM_URL\"
    volumeMounts:
    - {name: work, mountPath: /work}
";

fn source(text: &str) -> Arc<Source> {
    Source::new("a.yaml", text)
}

fn lines(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let place = finding.place.as_ref().map(|place| place.location().to_string()).unwrap_or_default();
        format!("{place} {}[{}] {}\n", finding.severity, finding.code, finding.message)
    };
    findings.iter().map(line).collect()
}

#[track_caller]
fn check(yaml: &str, expected: Expect) {
    let page = import(&source(yaml));
    expected.assert_eq(&(lines(&page.findings) + &page.text));
}

/// Returns the objects of a page that was made of some YAML, and changed.
fn back(yaml: &str, change: impl Fn(String) -> String) -> (Vec<Value>, String) {
    let page = export_page(&Source::new("a.md", change(import(&source(yaml)).text)));
    (page.objects.into_iter().map(|object| object.value).collect(), lines(&page.findings))
}

#[track_caller]
fn is_kept(yaml: &str) {
    let objects: Vec<Value> = read_documents(&source(yaml)).documents.iter().map(Node::to_json).collect();
    assert_eq!(back(yaml, |page| page), (objects.clone(), String::new()));
    // Editors of other systems change the ends of lines.
    assert_eq!(back(yaml, |page| page.replace('\n', "\r\n")), (objects, String::new()));
}

#[test]
fn task_becomes_a_page() {
    check(
        TASK,
        expect![[r#"
        ---
        title: clone
        params:
          PARAM_URL:
            type: string
            description: Where it is.
        tags:
        - tekton
        ---

        # clone

        <!-- tekton: text description -->

        Clones a \<name>.

        <!-- tekton: end -->

        ## Parameters

        <!-- tekton: table params -->

        | name | type | default | description |
        | --- | --- | --- | --- |
        | `url` | | | Where it is.<br> |
        | `depth` | string | `"1"` | |

        ## Steps

        ### clone

        Fetches all.

        <!-- tekton: field clone.facts -->

        | field | value |
        | --- | --- |
        | image | [`quay.io/a/git:1@sha256:0`](https://quay.io/repository/a/git) |
        | timeout | `5m` |

        Its environment:

        <!-- tekton: table clone.env -->

        | name | value |
        | --- | --- |
        | `PARAM_URL` | `$(params.url)` |

        ```bash {name=clone skip="runs in quay.io/a/git:1 on the cluster"}
        #!/usr/bin/env bash
        git clone "$PARAM_URL"
        ```

        <details>
        <summary>Task <code>clone</code> as YAML: all that the page does not say above</summary>

        <!-- tekton: object -->
        ```yaml
        apiVersion: tekton.dev/v1
        kind: Task
        metadata:
          name: clone
        spec:
          description:
            $text: description
          params:
            $table: params
          steps:
          - name: clone
            image:
              $field: clone.facts.image
            timeout:
              $field: clone.facts.timeout
            env:
              $table: clone.env
            script:
              $block: clone
            volumeMounts:
            - name: work
              mountPath: /work
        ```

        </details>
    "#]],
    );
    is_kept(TASK);
}

#[test]
fn pipeline_shows_what_its_tasks_take() {
    let yaml = "kind: Pipeline\nmetadata: {name: p}\nspec:\n  tasks:\n  - name: build\n    runAfter: [a, b]\n    \
        when: [{input: $(params.x), operator: in, values: ['true']}]\n    taskRef:\n      resolver: bundles\n      params:\n      \
        - {name: bundle, value: 'quay.io/a/task-b:1@sha256:0'}\n      - {name: name, value: b}\n    params:\n    \
        - {name: list, value: [a, 'b|c']}\n  finally:\n  - name: end\n    taskSpec:\n      steps:\n      - {name: say, image: x, script: echo}\n";
    check(
        yaml,
        expect![[r#"
        ---
        title: p
        tags:
        - tekton
        ---

        # p

        ## Tasks

        ### build

        <!-- tekton: field build -->

        | field | value |
        | --- | --- |
        | task | `b` |
        | bundle | [`quay.io/a/task-b:1@sha256:0`](https://quay.io/repository/a/task-b) |
        | resolver | `bundles` |
        | runAfter | `a`, `b` |
        | when | `$(params.x)` in `"true"` |

        It is given:

        <!-- tekton: table build.params -->

        | name | value |
        | --- | --- |
        | `list` | `["a","b\u007cc"]` |

        ## Finally

        ### end

        #### Steps

        ##### say

        <!-- tekton: field end.say.facts -->

        | field | value |
        | --- | --- |
        | image | `x` |

        ```sh {name=end.say cleanup skip="runs in x on the cluster"}
        echo
        ```

        <details>
        <summary>Pipeline <code>p</code> as YAML: all that the page does not say above</summary>

        <!-- tekton: object -->
        ```yaml
        kind: Pipeline
        metadata:
          name: p
        spec:
          tasks:
          - name: build
            runAfter:
              $field: build.runAfter
            when:
              $field: build.when
            taskRef:
              resolver:
                $field: build.resolver
              params:
              - name: bundle
                value:
                  $field: build.bundle
              - name: name
                value:
                  $field: build.task
            params:
              $table: build.params
          finally:
          - name: end
            taskSpec:
              steps:
              - name: say
                image:
                  $field: end.say.facts.image
                script:
                  $block: end.say
                  end: ""
        ```

        </details>
    "#]],
    );
    is_kept(yaml);
}

#[test]
fn what_cannot_be_text_is_kept_as_it_is() {
    for script in [
        "\"a\\r\\nb\\r\\n\"",
        "\"\"",
        "\"\\n\"",
        "\"a\\n\\n\\n\"",
        "\"\\ta \\n  b\"",
        "'```'",
        "\"~~~\\n````\\n\"",
        "\"a\\u0000\"",
    ] {
        is_kept(&format!("kind: Task\nspec:\n  steps:\n  - {{name: a, script: {script}}}\n"));
    }
    for text in [
        "\"# A\"",
        "\" a\"",
        "\"a\\n\\n```\\nb\\n```\\n\"",
        "\"<!-- tekton: end -->\"",
        "\"a\\n---\\n\"",
        "5",
        "null",
    ] {
        is_kept(&format!(
            "kind: Task\nspec:\n  description: {text}\n  params:\n  - {{name: a, default: {text}, description: {text}}}\n"
        ));
    }
    is_kept("kind: Task\nmetadata: {annotations: {a: {$text: b}}}\n");
    is_kept("kind: Task\nspec: {params: [{type: string}, 5, {name: 1}], steps: {}}\n");
    is_kept("kind: Foo\n---\n- 1\n---\ntext\n");
}

#[test]
fn what_is_left_out_is_said() {
    check(
        "kind: List\nitems:\n- &a\n  kind: Foo\n- *a\n---\napiVersion: tekton.dev/v1beta1\nkind: Pipeline\nspec:\n  tasks:\n  - name: a # why\n    taskRef: {name: a, version: '0.1'}\n",
        expect![[r#"
            a.yaml:1:1 warning[import-list] a `List` is taken apart into 2 objects
            a.yaml:3:3 warning[import-kind] kind `Foo` is none of Tekton's
            a.yaml:5:3 warning[import-kind] kind `Foo` is none of Tekton's
            a.yaml:7:13 warning[import-old-version] `Pipeline` is of the old version `tekton.dev/v1beta1`
            a.yaml:12:33 warning[import-task-version] `taskRef.version` of 1 task is left out: Tekton has no such field
            a.yaml:11:13 warning[import-comments] 1 comment of the YAML is not kept
            a.yaml:5:3 warning[import-aliases] anchors are not kept: each value is written out
            ---
            title: a
            tags:
            - tekton
            ---

            # a

            ## Foo Foo

            <details>
            <summary>Foo <code>Foo</code> as YAML</summary>

            <!-- tekton: whole object -->
            ```yaml
            kind: Foo
            ```

            </details>

            ## Foo Foo

            <details>
            <summary>Foo <code>Foo</code> as YAML</summary>

            <!-- tekton: whole object -->
            ```yaml
            kind: Foo
            ```

            </details>

            ## Pipeline Pipeline

            ### Tasks

            #### a

            <!-- tekton: field Pipeline.a -->

            | field | value |
            | --- | --- |
            | task | `a` |

            <details>
            <summary>Pipeline <code>Pipeline</code> as YAML: all that the page does not say above</summary>

            <!-- tekton: object -->
            ```yaml
            apiVersion: tekton.dev/v1beta1
            kind: Pipeline
            spec:
              tasks:
              - name: a
                taskRef:
                  name:
                    $field: Pipeline.a.task
            ```

            </details>
        "#]],
    );
    let page = import(&source("kind: Task\n\tx: 1\n"));
    expect![[r#"
        a.yaml:1:7 error[invalid-yaml] YAML does not parse: while scanning a plain scalar, found a tab
        0 objects"#]]
    .assert_eq(&format!("{}{} objects", lines(&page.findings), page.objects));
}

#[test]
fn edits_of_the_page_are_edits_of_the_object() {
    let change = |page: String| {
        let page = page.replace("git clone \"$PARAM_URL\"", "git fetch");
        let page = page.replace(
            "| `depth` | string | `\"1\"` | |",
            "| `depth` | string | `\"2\"` | How deep |\n| `new` | array | `[]` | |",
        );
        page.replace("Clones a", "Fetches a").replace("| timeout | `5m` |", "| timeout | `1h` |")
    };
    let (objects, findings) = back(TASK, change);
    assert_eq!(findings, "");
    expect![[r#"
        apiVersion: tekton.dev/v1
        kind: Task
        metadata:
          name: clone
        spec:
          description: Fetches a <name>.
          params:
          - name: url
            description: |
              Where it is.
          - name: depth
            type: string
            default: "2"
            description: How deep
          - name: new
            type: array
            default: []
          steps:
          - name: clone
            image: quay.io/a/git:1@sha256:0
            timeout: 1h
            env:
            - name: PARAM_URL
              value: $(params.url)
            script: |
              #!/usr/bin/env bash
              git fetch
            volumeMounts:
            - name: work
              mountPath: /work
    "#]]
    .assert_eq(&crate::yaml::write(&objects[0]));
}

#[test]
fn pages_that_lack_a_piece_say_which() {
    let (_, findings) = back(TASK, |page| {
        let page = page.replace("{name=clone ", "{name=fetch ").replace("table clone.env", "table clone.evn");
        page.replace("| `depth` | string | `\"1\"` | |", "| `depth` | string | 1 | | |")
            .replace("| timeout | `5m` |\n", "")
    });
    expect![[r#"
        a.md:26:1 error[export-table] the row has 5 cells, and the table 4 columns
        a.md:36:1 error[export-fact] the table has no `timeout` that can be read
        a.md:74:7 error[export-missing] no part of the page is named `clone.env`
        a.md:76:7 error[export-missing] no block of the page is named `clone`
        a.md:44:1 warning[export-unused] no object refers to `clone.evn`
    "#]]
    .assert_eq(&findings);
}

/// Returns a page that generates some files.
fn folder(files: &[(&str, &str)]) -> ImportedFolder {
    let member = |(path, text): &(&str, &str)| {
        let source = Source::new(*path, *text);
        let documents = read_documents(&source).documents;
        Member { source, path: (*path).to_owned(), documents }
    };
    let files: Vec<Member> = files.iter().map(member).collect();
    import_folder(&files, &Settings::defaults("/project"), true).expect("it is to be done anyway")
}

#[test]
fn nearly_equal_files_become_a_template() {
    let file = |stream: &str, hermetic: bool, event: &str| {
        let cel = if event == "push" { "" } else { "\n  pull: '{{pull_request_number}}'" };
        format!(
            "# Kept\nkind: PipelineRun\nmetadata:\n  name: os-{stream}-on-{event}{cel}\nspec:\n  params:\n  - name: hermetic\n    value: {hermetic}\n  text: |\n    x\n\n"
        )
    };
    let files = [
        ("t/os-stable-push.yaml", file("stable", true, "push")),
        ("t/os-stable-pull.yaml", file("stable", true, "pull")),
        ("t/os-rawhide-push.yaml", file("rawhide", false, "push")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let page = folder(&files);
    expect![[r#"
        ---
        title: Pipeline files in t
        matrix:
          stream: table
          event: table
          exclude:
          - stream: rawhide
            event: pull
          run: once
        tags:
        - tekton
        ---

        # Pipeline files in t

        This page generates 3 files. 3 values are the same in all of them.
        What differs is decided by stream and event.

        ## By stream

        <!-- values: stream -->
        | stream | hermetic |
        | --- | --- |
        | `stable` | `true` |
        | `rawhide` | `false` |

        ## By event

        <!-- values: event -->
        | event |
        | --- |
        | `push` |
        | `pull` |

        ## The files

        ```yaml {file="t/os-<< stream >>-<< event >>.yaml" template delimiters="<% %> << >> <# #>" generate}
        # Kept
        kind: PipelineRun
        metadata:
          name: os-<< stream >>-on-<< event >>
        <%- if event == "pull" %>
          pull: '{{pull_request_number}}'
        <%- endif %>
        spec:
          params:
          - name: hermetic
            value: << hermetic >>
          text: |
            x

        ```
    "#]]
    .assert_eq(&(lines(&page.findings) + &page.text));
}

#[test]
fn files_that_are_written_otherwise_are_said() {
    let page = folder(&[
        ("a.yaml", "kind: A\nx: 'yes'\nlast: 1\n"),
        ("b.yaml", "kind: A\r\nx: \"yes\"\r\nlast: 2\r\n"),
        ("c.yaml", "kind: A\nx: 'yes'\nlast: 2"),
    ]);
    expect![[r#"
        b.yaml:1:1 warning[import-line-ends] lines end with a carriage return, which pages do not keep
        b.yaml:2:1 warning[import-rewritten] 1 line is written in another way than in the first file
        ---
        title: Pipeline files
        matrix:
          variant: table
          run: once
        tags:
        - tekton
        ---

        # Pipeline files

        This page generates 3 files. 2 values are the same in all of them.

        ## By variant

        <!-- values: variant -->
        | variant | last |
        | --- | --- |
        | `a` | `1` |
        | `b` | `2` |
        | `c` | `2` |

        ## The files

        ```yaml {file="<< variant >>.yaml" template delimiters="<% %> << >> <# #>" generate}
        kind: A
        x: 'yes'
        last: << last >><% if variant != "c" %>
        <% endif -%>
        ```
    "#]]
    .assert_eq(&(lines(&page.findings) + &page.text));
}

#[test]
fn tags_of_templates_are_none_that_the_files_have() {
    let page = folder(&[("a.yaml", "run: cat <<E\nx: a\n"), ("b.yaml", "run: cat <<E\nx: b\n")]);
    assert!(page.text.contains("delimiters=\"[% %] [= =] [# #]\""), "{}", page.text);
}

/// Returns many files of which each is made by its number.
fn many(count: usize, text: impl Fn(usize) -> String) -> Vec<(String, String)> {
    (0..count).map(|number| (format!("t/c{number:02}-push.yaml"), text(number))).collect()
}

#[track_caller]
fn lines_of(files: &[(String, String)], wanted: &str) -> String {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let page = folder(&files);
    assert!(page.holds && page.exact == files.len(), "{}{}", lines(&page.findings), page.text);
    page.text.lines().filter(|line| line.contains(wanted)).map(|line| format!("{line}\n")).collect()
}

#[test]
fn one_file_of_many_is_told_from_the_others_by_itself() {
    let only = many(75, |number| {
        let own = if number == 37 { "  own: 1\n  two: 2\n" } else { "" };
        format!("kind: A\nspec:\n{own}  name: c{number:02}\n")
    });
    assert_eq!(lines_of(&only, " if "), "<%- if variant == \"c37\" %>\n");
    let lacks = many(75, |number| {
        let others = if number == 37 { "" } else { "  depth: 5\n" };
        format!("kind: A\nspec:\n{others}  name: c{number:02}\n")
    });
    assert_eq!(lines_of(&lacks, " if "), "<%- if variant != \"c37\" %>\n");
}

#[test]
fn many_files_of_many_are_told_by_a_column() {
    let files = many(40, |number| {
        let some = if number % 3 == 0 { "  depth: 5\n" } else { "" };
        format!("kind: A\nspec:\n{some}  name: c{number:02}\n")
    });
    assert_eq!(lines_of(&files, "has_"), format!("| variant | has_depth |\n{}", "<%- if has_depth %>\n"));
}

#[test]
fn values_that_two_parts_of_names_decide_are_columns() {
    let mut files = Vec::new();
    for stream in 0..12 {
        for event in ["push", "pull-request"] {
            let text = format!(
                "kind: A\nmetadata:\n  name: s{stream}-on-{event}\n  labels:\n    stream: s{stream}\nspec:\n  \
                 limit: {}\n",
                stream * 7 + event.len() * stream % 5
            );
            files.push((format!("t/s{stream}-{event}.yaml"), text));
        }
    }
    assert_eq!(lines_of(&files, "  limit"), "  limit: << limit >>\n  limit: << limit_2 >>\n");
}

#[test]
fn files_that_end_without_a_newline_are_written_so() {
    let script = |end: &str, name: &str| format!("kind: A\nname: {name}\nscript: |\n  echo{end}");
    let names = ["t/a.yaml", "t/b.yaml", "t/c.yaml"];
    for ends in [["", "", ""], ["\n", "", "\n"], ["", "\n", ""], ["", " # x", "\n"]] {
        let texts: Vec<String> = names.iter().zip(ends).map(|(name, end)| script(end, &name[2..3])).collect();
        let files: Vec<(&str, &str)> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
        let page = folder(&files);
        assert_eq!((page.exact, lines(&page.findings).as_str()), (3, ""), "{}", page.text);
    }
    is_kept("kind: Task\nspec:\n  steps:\n  - name: a\n    script: |\n      echo");
    let (objects, _) =
        back("kind: Task\nspec:\n  steps:\n  - name: a\n    script: |\n      echo", |page| page);
    assert_eq!(objects[0].pointer("/spec/steps/0/script"), Some(&Value::from("echo")));
}

#[test]
fn odd_names_of_files_and_line_ends_do_not_matter() {
    for names in [
        ["t/ä b.yaml", "t/ä c.yaml"],
        ["t/\"a\".yaml", "t/b's.yaml"],
        ["it's \"x\"/a.yaml", "it's \"x\"/b.yaml"],
        ["a|b/1.yaml", "a|b/c|d.yaml"],
        ["a`b/`.yaml", "a`b/c`d`.yaml"],
        ["{x}/true.yaml", "{x}/1.0.yaml"],
        ["<< x/a.yaml", "<< x/b.yaml"],
        ["x: y/a.yaml", "x: y/b,c.yaml"],
        ["a.yaml", "b.yml"],
        ["\u{e000}/a.yaml", "\u{e000}/b\u{e001}.yaml"],
    ] {
        let texts = names.map(|name| format!("kind: A\r\nx: 1\r\ny: {}\r\n", name.len()));
        let page = folder(&[(names[0], &texts[0]), (names[1], &texts[1])]);
        assert!(page.holds && page.exact == 0, "{names:?} {}{}", lines(&page.findings), page.text);
        let texts = texts.map(|text| text.replace('\r', ""));
        let page = folder(&[(names[0], &texts[0]), (names[1], &texts[1])]);
        assert!(page.holds && page.exact == 2, "{names:?} {}{}", lines(&page.findings), page.text);
    }
}

#[test]
fn name_that_no_page_can_have_is_said() {
    let page = folder(&[("t/a.yaml", "kind: A\nx: 1\n"), ("t/b\\c.yaml", "kind: A\nx: 2\n")]);
    assert!(
        !page.holds && lines(&page.findings).contains("is written as on Windows"),
        "{}",
        lines(&page.findings)
    );
}

#[test]
fn quotes_in_scripts_are_no_other_way_to_write_a_value() {
    let file = |line: &str| format!("kind: A\nscript: |\n  cat <<E\n  {line}\n  E\n");
    let page = folder(&[("a.yaml", &file("- [a: 'x']")), ("b.yaml", &file("- [a: \"x\"]"))]);
    assert_eq!((page.exact, lines(&page.findings).as_str()), (2, ""), "{}", page.text);
}

#[test]
fn values_behind_marks_of_templates_are_written_as_they_are() {
    let file = |name: &str| {
        format!(
            "kind: A\nname: {name}\nscript: |\n  <{name}> [{name}] [= <% << <# @{name} ~{name} {{% {{{{ {name}\n\n"
        )
    };
    let page = folder(&[("a.yaml", &file("a")), ("b.yaml", &file("b"))]);
    assert_eq!((page.exact, lines(&page.findings).as_str()), (2, ""), "{}", page.text);
    let file = |name: &str| format!("kind: A\nname: {name}\nscript: |\n  <{name}>\n");
    let page = folder(&[("a.yaml", &file("a")), ("b.yaml", &file("b"))]);
    assert_eq!((page.exact, lines(&page.findings).as_str()), (2, ""), "{}", page.text);
}

#[test]
fn page_that_would_write_other_files_is_said() {
    let page = folder(&[("a\nb.yaml", "kind: A\nx: 1\n"), ("a\nc.yaml", "kind: A\nx: 2\n")]);
    assert!(!page.holds && lines(&page.findings).contains("error[import-"), "{}", lines(&page.findings));
}

#[test]
fn tags_of_values_are_said() {
    let page = import(&source("kind: Task\nspec: !own\n  a: !!str 1\n  b: !vault &x x\n  c: !l [!!int 1]\n"));
    expect![[r#"
        a.yaml:2:7 warning[import-tag] tag `!own` is left out: it is no part of the value
        a.yaml:4:6 warning[import-tag] tag `!vault` is left out: it is no part of the value
        a.yaml:5:6 warning[import-tag] tag `!l` is left out: it is no part of the value
    "#]]
    .assert_eq(&lines(&page.findings));
}

#[test]
fn words_of_scripts_are_no_names_of_values() {
    for script in ["* a && b\n", "&& a\n", "*a\n", "# a\n"] {
        let page = import(&source(&format!("kind: Task\nspec:\n  steps:\n  - script: |\n      {script}")));
        assert_eq!(lines(&page.findings), "", "{script}");
    }
    let page = import(&source("kind: Task\nx: &a b\ny: *a\n"));
    assert_eq!(lines(&page.findings).matches("import-aliases").count(), 1);
}

#[test]
fn nothing_is_said_of_comments_in_a_file_that_cannot_be_read() {
    let page = import(&source("kind: Task # a\nx: \"a\n&& b\"\ny: [\n"));
    assert_eq!((page.objects, page.findings.len()), (0, 1), "{}", lines(&page.findings));
}

#[test]
fn two_files_of_one_path_are_said() {
    let page = folder(&[("a.yaml", "kind: A\nx: 1\n"), ("a.yaml", "kind: A\nx: 2\n")]);
    assert!(!page.holds);
    assert_eq!(
        lines(&page.findings),
        "a.yaml:1:1 error[import-double] two files would be `a.yaml` in the project\n"
    );
}
