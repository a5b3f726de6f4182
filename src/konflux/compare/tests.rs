use expect_test::{Expect, expect};

use super::*;
use crate::diagnostic::Source;
use crate::yaml::read_documents;

fn compared(files: &[(&str, &str)]) -> Comparison {
    let file = |(name, text): &(&str, &str)| Compared {
        name: (*name).to_owned(),
        documents: read_documents(&Source::new(*name, *text)).documents,
    };
    compare(&files.iter().map(file).collect::<Vec<_>>())
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&comparison_text(&compared(files)));
}

/// Returns a file of a folder with one for each release, kind and event.
fn run(release: &str, kind: &str, event: &str) -> (String, String) {
    let name = format!("os-{release}-{kind}-{event}.yaml");
    let digest = release.len();
    let pull = event == "pull-request";
    let expires = if pull { "\n  - {name: expires, value: 5d}" } else { "" };
    let text = format!(
        "kind: PipelineRun\nmetadata:\n  name: os-{release}-{kind}-on-{event}\n  labels:\n    a/application: os-{release}\nspec:\n  \
         params:\n  - {{name: manifest, value: os-{kind}}}\n  - {{name: fixed, value: 44}}{expires}\n  - {{name: digest, value: d{digest}}}\n  cancel: {pull}\n"
    );
    (name, text)
}

#[test]
fn names_are_taken_apart_by_what_the_files_hold() {
    let mut files = Vec::new();
    for release in ["44", "rawhide"] {
        for kind in ["minimal", "minimal-plus"] {
            files.extend(["push", "pull-request"].map(|event| run(release, kind, event)));
        }
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    check(
        &files,
        expect![[r#"
        8 files, their names have 3 dimensions
          version: 44, rawhide
          variant: minimal, minimal-plus
          event: push, pull-request

        Can be repeated: 5 values
          kind: 1
          spec.params: 4

        Needs a template: 6 values

          metadata.name
            os-{version}-{variant}-on-{event}

          metadata.labels["a/application"]
            os-{version}

          spec.params[name=manifest].value
            os-{variant}

          spec.params[name=digest].value
            version 44: d2
            version rawhide: d7

          spec.params[name=expires].value
            event push: (not there)
            event pull-request: 5d

          spec.cancel
            event push: false
            event pull-request: true
    "#]],
    );
}

#[test]
fn names_that_say_nothing_are_one_dimension() {
    check(
        &[
            ("a.yaml", "x: 1\nl: [1, 2]\nm: {}\n"),
            ("b.yaml", "x: 2\nl: [1]\nm: {k: v}\n"),
            ("c.yaml", "x: 2\n"),
        ],
        expect![[r#"
            3 files, their names have 1 dimension
              variant: a, b, c

            Can be repeated: 0 values

            Needs a template: 3 values

              x
                variant a: 1
                variant b, c: 2

              l
                variant a: [1,2]
                variant b: [1]
                variant c: (not there)

              m
                variant a: {}
                variant b: {"k":"v"}
                variant c: (not there)
        "#]],
    );
}

#[test]
fn many_names_are_said_by_the_few_that_are_missing() {
    let file = |number: usize| {
        let value = if number == 7 { "own" } else { "same" };
        let text =
            format!("kind: A\nx: {value}\ny: {}\nz: {}\n", number % 2, if number == 3 { "1" } else { "" });
        (format!("c{number:02}.yaml"), text)
    };
    let files: Vec<(String, String)> = (0..30).map(file).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    check(
        &files,
        expect![[r#"
            30 files, their names have 1 dimension
              variant: c00, c01, c02, c03, c04, c05, c06, c07, c08, c09, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, c20, c21, c22, c23 and 6 more

            Can be repeated: 1 value
              kind: 1

            Needs a template: 3 values

              x
                variant all but c07: same
                variant c07: own

              y
                variant c00, c02, c04, c06, c08 and 10 more: 0
                variant c01, c03, c05, c07, c09 and 10 more: 1

              z
                variant all but c03: null
                variant c03: 1
        "#]],
    );
}

#[test]
fn words_of_names_that_go_with_each_other_are_dimensions() {
    let mut files = Vec::new();
    for release in ["42", "43", "rawhide"] {
        for kind in ["minimal", "minimal-plus", "iot"] {
            for event in ["push", "pull-request"] {
                let name = format!("os-{release}-{kind}");
                let text = format!(
                    "kind: A\nname: {name}-on-{event}\nlabels:\n  a/application: {name}\n  a/component: {name}\n"
                );
                files.push((format!("{name}-{event}.yaml"), text));
            }
        }
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let comparison = compared(&files);
    let names: Vec<String> = comparison
        .dimensions
        .iter()
        .map(|one| format!("{}: {}", one.name, one.distinct().join(", ")))
        .collect();
    expect![[r#"
        version: 42, 43, rawhide
        component: minimal, minimal-plus, iot
        event: push, pull-request"#]]
    .assert_eq(&names.join("\n"));
}

#[test]
fn dimensions_are_called_after_what_holds_them() {
    let file = |arch: &str, os: &str| {
        let text = format!(
            "kind: A\nspec:\n  params:\n  - {{name: build-os, value: {os}}}\n  - {{name: a, value: {arch}}}\n"
        );
        (format!("x-{os}-{arch}.yaml"), text)
    };
    let files =
        [file("amd64", "alpha"), file("s390x", "alpha"), file("amd64", "beta"), file("s390x", "beta")];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let names: Vec<String> =
        compared(&files).dimensions.into_iter().map(|dimension| dimension.name).collect();
    assert_eq!(names, ["build_os", "arch"]);
}

#[test]
fn several_documents_are_compared_one_by_one() {
    check(
        &[("a-x.yaml", "kind: A\n---\nkind: B\nn: x\n"), ("a-y.yaml", "kind: A\n---\nkind: B\nn: y\n")],
        expect![[r#"
            2 files, their names have 1 dimension
              variant: x, y

            Can be repeated: 2 values
              document 1: kind: 1
              document 2: kind: 1

            Needs a template: 1 value

              document 2: n
                variant x: x
                variant y: true
        "#]],
    );
}

#[test]
fn tables_keep_what_would_end_a_cell() {
    let comparison = compared(&[("a.yaml", "x: a|b`c\n"), ("b.yaml", "y: 1\n")]);
    expect![[r#"
        2 files, their names have 1 dimension

        | dimension | values |
        | --- | --- |
        | variant | `a`, `b` |

        ## Can be repeated

        | part | values |
        | --- | --- |

        ## Needs a template

        | path | where | value |
        | --- | --- | --- |
        | `x` | variant a | ``a\|b`c`` |
        |  | variant b | `(not there)` |
        | `y` | variant a | `(not there)` |
        |  | variant b | `1` |
    "#]]
    .assert_eq(&comparison_markdown(&comparison));
}

#[test]
fn programs_see_files_and_lines() {
    let comparison = compared(&[("a.yaml", "k: 1\nx: a\n"), ("b.yaml", "k: 1\nx: b\n")]);
    let json = serde_json::to_string_pretty(&comparison_json(&comparison)).expect("it is JSON");
    expect![[r#"
        {
          "version": 1,
          "files": [
            "a.yaml",
            "b.yaml"
          ],
          "dimensions": [
            {
              "name": "variant",
              "values": [
                "a",
                "b"
              ],
              "by-file": [
                "a",
                "b"
              ]
            }
          ],
          "same": [
            {
              "path": "k",
              "value": 1
            }
          ],
          "varying": [
            {
              "path": "x",
              "how": "text",
              "pattern": "{variant}",
              "by": [],
              "values": [
                {
                  "file": "a.yaml",
                  "line": 2,
                  "value": "a"
                },
                {
                  "file": "b.yaml",
                  "line": 2,
                  "value": "b"
                }
              ]
            }
          ]
        }"#]]
    .assert_eq(&json);
}
