use std::sync::Arc;

use expect_test::{Expect, expect};
use serde_json::Value;

use super::*;
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
fn folder(files: &[(&str, &str)]) -> Imported {
    let member =
        |(path, text): &(&str, &str)| Member { source: Source::new(*path, *text), path: (*path).to_owned() };
    import_folder(&files.iter().map(member).collect::<Vec<_>>())
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
        c.yaml:3:8 warning[import-line-ends] the last line has no end, and gets one
        b.yaml:1:1 warning[import-rewritten] 1 line is written in another way than in the first file
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
        last: << last >>
        ```
    "#]]
    .assert_eq(&(lines(&page.findings) + &page.text));
}

#[test]
fn tags_of_templates_are_none_that_the_files_have() {
    let page = folder(&[("a.yaml", "run: cat <<E\nx: a\n"), ("b.yaml", "run: cat <<E\nx: b\n")]);
    assert!(page.text.contains("delimiters=\"[% %] [= =] [# #]\""), "{}", page.text);
}
