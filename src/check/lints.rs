//! All lints in one pass.

use super::links::Links;
use super::{CheckOptions, Subject, coverage, parameters, shell};
use crate::diagnostic::{Finding, Severity, tidy};

/// Returns all that can be known to be wrong with tutorials, in the order of files and lines.
pub fn check(subjects: &[Subject], options: &CheckOptions<'_>) -> Vec<Finding> {
    let mut links = Links::new(subjects, options);
    let mut findings = Vec::new();
    for subject in subjects {
        let known = known(subject);
        findings.extend(coverage::check(subject, &known));
        findings.extend(known);
        findings.extend(parameters::check(&subject.tutorial));
        findings.extend(links.check(subject));
    }
    findings.extend(shell::check(subjects));
    tidy(findings)
}

/// Returns what parsing and planning found.
fn known(subject: &Subject) -> Vec<Finding> {
    let planning = subject.plans.as_ref().err().into_iter().flatten();
    subject.parsing.iter().chain(planning).cloned().map(excused).collect()
}

/// A parameter that has to be given is nothing to change on the page.
fn excused(finding: Finding) -> Finding {
    match finding.code {
        "missing-parameter" => Finding { severity: Severity::Note, ..finding },
        _ => finding,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use crate::check::testing::{found, lines, project};
    use crate::diagnostic::render;

    #[test]
    fn all_findings_come_in_one_pass_and_in_order() {
        let page = "---\nparams:\n  base: debian\n  token:\n---\n# A\n\n[x](gone.md)\n\n\
            ```bash {name=a needs=b}\nfi\n```\n\n```bash {name=a tiemout=5m}\nls\n```\n\n\
            ```text {file=../x}\n```\n\n```fish\nls\n```\n\n## B\n\n```output\nx\n```\n";
        let project = project(&[("a.md", page)]);
        expect![[r#"
            a.md:3:3 warning[unused-parameter] no step uses parameter `base` (remove it, or use it as `$base` in a step) `base`
            a.md:4:3 note[missing-parameter] parameter `token` has no default and was given no value (give one with `--param token=VALUE`) `token`
            a.md:4:3 warning[unused-parameter] no step uses parameter `token` (remove it, or use it as `$token` in a step) `token`
            a.md:8:5 error[dead-link] file `gone.md` does not exist `gone.md`
            a.md:10:23 error[unknown-need] step `a` needs `b`, which is no step of this page (give the step that is meant this `name`) `b`
            a.md:11:1 error[shell-syntax] `bash` cannot read this: syntax error near unexpected token `fi` (if it is not meant to run, change the block's language or give it a `skip`) `fi`
            a.md:14:15 error[duplicate-name] two steps are named `a` (give one of them another name) `a`
            a.md:14:17 error[unknown-attribute] unknown attribute `tiemout` (did you mean `timeout`?) `tiemout`
            a.md:18:15 error[file-outside-workspace] file `../x` is outside the workspace: it goes up by `..` (write a path relative to the workspace, such as `conf/app.toml`) `../x`
            a.md:21:1 warning[not-supported] block is never run: nothing here runs `fish` (if it is not meant to run, change its language, such as to `text`) ````fish`
            a.md:27:1 warning[orphan-expectation] expected output with no step before it (it belongs below the step that prints it, under the same heading) ````output`
        "#]].assert_eq(&lines(&found(project.path(), &["a.md"])));
    }

    #[test]
    fn what_variants_and_pages_repeat_is_said_once() {
        let including = "---\nmatrix:\n  base: [debian, fedora]\n---\n<!-- include: part.md -->\n";
        let part = "```bash {template}\necho '{{ base }}\n```\n\n[x](gone.md)\n";
        let project = project(&[("a.md", including), ("b.md", including), ("part.md", part)]);
        expect![[r#"
            part.md:1:1 error[shell-syntax] `bash` cannot read this: unexpected EOF while looking for matching `'` (the rendered line is `echo 'debian`) ````bash {template}`
            part.md:5:5 error[dead-link] file `gone.md` does not exist `gone.md`
        "#]].assert_eq(&lines(&found(project.path(), &["a.md", "b.md"])));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_text_is_checked(pieces in prop::collection::vec(piece(), 0..24)) {
            let project = project(&[("a.md", &pieces.concat())]);
            for finding in found(project.path(), &["a.md"]) {
                prop_assert!(render(&finding, false).contains(finding.code));
            }
        }
    }

    /// Returns what pages are made of, and what breaks them.
    fn piece() -> impl Strategy<Value = String> {
        let fixed = prop::sample::select(vec![
            "---\n",
            "params:\n  ä-b: 1\n",
            "secrets: [X]\n",
            "```bash {name=a template}\n",
            "```fish\n",
            "```\n",
            "```console\n$ ",
            "> ",
            "- ",
            "# ä\r\n",
            "[x](",
            "%ff",
            "#ä",
            "a.md",
            "..",
            "/",
            ")",
            "![",
            "<a id=",
            ">",
            "{#",
            "}",
            "<!-- include: a.md -->\n",
            "if (",
            "'",
            "\n",
            "\0",
            "$ä_b",
            "\u{feff}",
        ]);
        prop_oneof![4 => fixed.prop_map(str::to_owned), 1 => ".{0,4}"]
    }
}
