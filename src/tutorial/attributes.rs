//! Attributes: names and values become what they mean.

use std::time::Duration;

use super::dialect::runme;
use super::model::{Attributes, Generate, StepName, Template};
use super::values;
use crate::config::parse_duration;
use crate::diagnostic::{Finding, Place, nearest};
use crate::yaml::{Entry, Node};

/// Every attribute of ours.
pub(crate) const KNOWN: [&str; 24] = [
    "name",
    "session",
    "cwd",
    "env",
    "needs",
    "timeout",
    "retry",
    "retry-delay",
    "exit",
    "background",
    "ready",
    "file",
    "append",
    "mode",
    "generate",
    "template",
    "delimiters",
    "when",
    "skip",
    "manual",
    "cleanup",
    "hide",
    "cache",
    "errexit",
];

/// Attributes that documentation generators read: no business of ours.
const FOREIGN: [&str; 22] = [
    "title",
    "filename",
    "caption",
    "linenos",
    "linenums",
    "linenostart",
    "hl_lines",
    "hl-lines",
    "anchorlinenos",
    "lineanchors",
    "highlight",
    "style",
    "class",
    "editable",
    "copy",
    "wrap",
    "collapse",
    "lineNos",
    "lineNoStart",
    "hlLines",
    "showLineNumbers",
    "playground",
];

/// Attributes as they are understood.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) attributes: Attributes,
    pub(crate) name: Option<(String, Place)>,
    pub(crate) file: Option<String>,
    delimiters: Option<super::model::Delimiters>,
}

/// Where attributes were written, and so how strictly they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// After the language, where other programs write theirs too.
    AfterLanguage,
    /// In a comment that is ours alone.
    InComment,
}

/// Returns whether a block carries an attribute of ours.
pub(crate) fn any_of_ours(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| KNOWN.contains(&entry.key.as_str()))
}

/// Understands attributes; a later one of the same name wins.
pub(crate) fn settle(written: &[(Written, Vec<Entry>)], findings: &mut Vec<Finding>) -> Settled {
    let mut settled = Settled::default();
    for (written, entries) in written {
        let ours = *written == Written::InComment || any_of_ours(entries);
        for entry in entries {
            settled.take(entry, *written, ours, findings);
        }
    }
    settled.apply_delimiters();
    settled.warn_about_odd_pairs(findings);
    settled
}

impl Settled {
    fn take(&mut self, entry: &Entry, written: Written, ours: bool, findings: &mut Vec<Finding>) {
        let key = entry.key.as_str();
        if KNOWN.contains(&key) {
            self.attributes.places.insert(entry.key.clone(), entry.value.place.clone());
            findings.extend(self.set(key, &entry.value).err().map(|help| bad_value(entry, help)));
            match key {
                "env" => findings.extend(values::bad_names(&entry.value)),
                "name" => findings.extend(unprintable_name(&entry.value)),
                _ => {}
            }
        } else if written == Written::AfterLanguage && runme::KEYS.contains(&key) {
            runme::apply(&mut self.attributes, entry);
        } else if let Some((name, value)) = with_colon(key) {
            let message = format!("`{key}` is no attribute: a value stands after `=`");
            let finding = Finding::error("unknown-attribute", message).at(entry.key_place.clone());
            findings.push(finding.help(format!("write it as `{{{name}={value}}}`")));
        } else if written == Written::AfterLanguage && is_foreign(key) {
            // Left to the program that reads it.
        } else {
            findings.push(unknown(entry, ours));
        }
    }

    fn set(&mut self, key: &str, value: &Node) -> Result<(), &'static str> {
        let attributes = &mut self.attributes;
        match key {
            "name" => self.name = Some((text(value)?, value.place.clone())),
            "session" => attributes.session = Some(text(value)?),
            "cwd" => attributes.cwd = Some(text(value)?),
            "env" => attributes.env.extend(values::variables(value).ok_or(VARIABLES)?),
            "needs" => attributes.needs = step_names(value)?,
            "timeout" => attributes.timeout = Some(timeout(value)?),
            "retry" => attributes.retry = number(value, "write how many more times to try, as `3`")?,
            "retry-delay" => attributes.retry_delay = duration(value)?,
            "exit" => attributes.exit = Some(exit(value)?),
            "background" => attributes.background = boolean(value)?,
            "ready" => attributes.ready = Some(value.text().and_then(values::ready).ok_or(READY)?),
            "file" => self.file = Some(text(value)?),
            "append" => attributes.append = boolean(value)?,
            "mode" => attributes.mode = Some(value.text().and_then(values::mode).ok_or(MODE)?),
            "generate" => attributes.generate = generate(value)?,
            "template" => attributes.template = boolean(value)?.then_some(Template { delimiters: None }),
            "delimiters" => {
                self.delimiters = Some(value.text().and_then(values::delimiters).ok_or(DELIMITERS)?);
            }
            "when" => attributes.when = Some(text(value)?),
            "skip" => attributes.skip = skip(value),
            "manual" => attributes.manual = boolean(value)?,
            "cleanup" => attributes.cleanup = boolean(value)?,
            "hide" => attributes.hide = boolean(value)?,
            "cache" => attributes.cache = boolean(value)?,
            "errexit" => attributes.errexit = boolean(value)?,
            _ => {}
        }
        Ok(())
    }

    fn apply_delimiters(&mut self) {
        if let Some(template) = &mut self.attributes.template {
            template.delimiters = self.delimiters.take();
        }
    }

    fn warn_about_odd_pairs(&self, findings: &mut Vec<Finding>) {
        let has = |key: &str| self.attributes.places.contains_key(key);
        let lonely = [
            ("ready", "background"),
            ("append", "file"),
            ("mode", "file"),
            ("generate", "file"),
            ("delimiters", "template"),
            ("retry-delay", "retry"),
        ];
        for (key, partner) in lonely.into_iter().filter(|(key, partner)| has(key) && !has(partner)) {
            let message = format!("`{key}` does nothing without `{partner}`");
            findings.push(self.odd(key, message));
        }
        // What `exit` means there is judged where comments may promise it too.
        for key in ["background", "session", "ready", "cwd", "errexit"] {
            if has("file") && has(key) {
                findings.push(self.odd(key, format!("`{key}` does nothing on a step that writes a file")));
            }
        }
        if self.attributes.generate.is_some() && self.attributes.append {
            let finding = Finding::error("odd-attributes", "a generated file is written whole, not added to");
            let place = self.attributes.places["append"].clone();
            findings.push(finding.at(place).help("leave `append` out, or `generate`"));
        }
        if self.attributes.background && self.attributes.cleanup {
            let finding = Finding::error("cleanup-service", "a service cannot be a cleanup step");
            let help = "leave `cleanup` out: a service is ended when the page is";
            findings.push(finding.at(self.attributes.places["cleanup"].clone()).help(help));
        }
    }

    fn odd(&self, key: &str, message: String) -> Finding {
        Finding::warning("odd-attributes", message).at(self.attributes.places[key].clone())
    }
}

const VARIABLES: &str = "write variables as `env=\"A=1 B=2\"` or as a map";
const READY: &str = "write a port, `port:5000`, `http://127.0.0.1:5000/`, or `log:some text`";
const MODE: &str = "write permissions in octal, as `755`";
const DELIMITERS: &str = "write six different tags, as `<% %> << >> <# #>`";

fn text(value: &Node) -> Result<String, &'static str> {
    let text = value.text().map(str::trim).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or("write a text")
}

fn boolean(value: &Node) -> Result<bool, &'static str> {
    if value.is_null() { Ok(true) } else { value.boolean().ok_or("write `true` or `false`") }
}

/// Reads `generate`, which may name the files that the step owns.
fn generate(value: &Node) -> Result<Option<Generate>, &'static str> {
    if let Ok(generate) = boolean(value) {
        return Ok(generate.then_some(Generate { owns: None }));
    }
    let glob = text(value)?;
    let climbs = glob.starts_with('/') || glob.split('/').any(|part| part == "..");
    if climbs {
        Err("write a glob relative to the project, as `.tekton/*/on-push/*.yaml`")
    } else {
        Ok(Some(Generate { owns: Some(glob) }))
    }
}

fn duration(value: &Node) -> Result<Duration, &'static str> {
    parse_duration(value.text().unwrap_or_default()).map_err(|error| error.help())
}

/// Reads how long something may take, which is never nothing.
pub(crate) fn timeout(value: &Node) -> Result<Duration, &'static str> {
    let timeout = duration(value)?;
    if timeout.is_zero() { Err("write more than nothing, as `30s`, `5m` or `1h30m`") } else { Ok(timeout) }
}

fn number(value: &Node, help: &'static str) -> Result<u32, &'static str> {
    value.text().and_then(|text| text.trim().parse().ok()).ok_or(help)
}

/// Reads an exit status.
pub(crate) fn exit(value: &Node) -> Result<i32, &'static str> {
    let status = value.text().and_then(|text| text.trim().parse::<u8>().ok());
    status.map(i32::from).ok_or("write an exit status from 0 to 255")
}

fn step_names(value: &Node) -> Result<Vec<StepName>, &'static str> {
    let names = values::words(value).ok_or("write the names of steps, as `needs=\"fetch build\"`")?;
    Ok(names.into_iter().map(|(name, _)| StepName(name)).collect())
}

fn skip(value: &Node) -> Option<String> {
    match value.text().unwrap_or("true").trim() {
        "false" => None,
        "true" | "" => Some("marked `skip`".to_owned()),
        reason => Some(reason.to_owned()),
    }
}

/// Splits a word as `skip:reason`, whose name is one of ours.
fn with_colon(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once(':')?;
    KNOWN.contains(&name).then_some((name, value))
}

fn is_foreign(key: &str) -> bool {
    FOREIGN.contains(&key)
        || key.starts_with(|first: char| !first.is_ascii_alphabetic())
        || key.contains(['.', ':', '/', '$', '('])
}

/// Returns the finding about a name with which a page could repaint the terminal of its reader.
fn unprintable_name(value: &Node) -> Option<Finding> {
    let unprintable = value.text()?.trim().contains(char::is_control);
    let finding = Finding::error("bad-name", "name of a step holds a control character");
    unprintable.then(|| finding.at(value.place.clone()).help("write it with letters, digits and blanks"))
}

fn unknown(entry: &Entry, ours: bool) -> Finding {
    let near = nearest(&entry.key, KNOWN);
    let message = format!("unknown attribute `{}`", entry.key);
    let finding = match near {
        None if !ours => Finding::note("foreign-attribute", message),
        _ => Finding::error("unknown-attribute", message),
    };
    finding.at(entry.key_place.clone()).maybe_help(near.map(|near| format!("did you mean `{near}`?")))
}

/// Returns the finding about a value that means nothing.
pub(crate) fn bad_value(entry: &Entry, help: &str) -> Finding {
    let message = match entry.value.text() {
        Some(text) => format!("`{}` cannot be `{text}`", entry.key),
        None => format!("`{}` cannot be this", entry.key),
    };
    Finding::error("bad-value", message).at(entry.value.place.clone()).help(help)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::diagnostic::{Source, Span};
    use crate::tutorial::info;

    #[track_caller]
    fn check(written: &str, expected: Expect) {
        let text = format!("bash {{{written}}}");
        let source = Source::new("a.md", text.as_str());
        let mut findings = Vec::new();
        let info = info::read(&source, Span::new(0, text.len()), &mut findings);
        let mut settled = settle(&[(Written::AfterLanguage, info.attributes)], &mut findings);
        settled.attributes.places.clear();
        let usual = format!("{:#?}", Attributes::default());
        let shown = format!("{:#?}", settled.attributes);
        let differs = shown.lines().filter(|line| !usual.lines().any(|other| other == *line)).map(str::trim);
        let mut shown = vec![differs.collect::<Vec<_>>().join(" ")];
        shown.extend(findings.iter().map(|finding| finding.message.clone()));
        expected.assert_eq(&shown.join("\n"));
    }

    #[test]
    fn values_mean_something() {
        check(
            "session=a cwd=src env=\"A=1 B=x=y\" needs=\"a, b\"",
            expect![[
                r#"session: Some( "a", ), cwd: Some( "src", ), env: { "A": "1", "B": "x=y", }, needs: [ StepName( "a", ), StepName( "b", ), ],"#
            ]],
        );
        check(
            "timeout=1m30s retry=2 retry-delay=500ms exit=3",
            expect!["timeout: Some( 90s, ), retry: 2, retry_delay: 500ms, exit: Some( 3, ),"],
        );
        check(
            "background ready=\"log:listening on\" cache=false errexit=false hide",
            expect![[
                r#"background: true, ready: Some( Log( "listening on", ), ), hide: true, cache: false, errexit: false,"#
            ]],
        );
        check(
            "template delimiters=\"<% %> << >> <# #>\" when=\"base == 'x'\"",
            expect![[
                r##"template: Some( Template { delimiters: Some( Delimiters { block: ( "<%", "%>", ), expression: ( "<<", ">>", ), comment: ( "<#", "#>", ), }, ), }, ), when: Some( "base == 'x'", ),"##
            ]],
        );
        check(
            "needs=[a, b] exit=1",
            expect![[r#"needs: [ StepName( "a", ), StepName( "b", ), ], exit: Some( 1, ),"#]],
        );
        check(
            "needs=[\"a\" 'c',d]",
            expect![[r#"needs: [ StepName( "a", ), StepName( "c", ), StepName( "d", ), ],"#]],
        );
        check("skip", expect![[r#"skip: Some( "marked `skip`", ),"#]]);
        check(
            "skip=\"too slow\" manual cleanup",
            expect![[r#"skip: Some( "too slow", ), manual: true, cleanup: true,"#]],
        );
    }

    #[test]
    fn durations_are_more_than_nothing_and_at_most_a_year() {
        check(
            "timeout=200000000000000d retry=1 retry-delay=1m1h",
            expect![[r#"
                retry: 1,
                `timeout` cannot be `200000000000000d`
                `retry-delay` cannot be `1m1h`"#]],
        );
        check(
            "timeout=0",
            expect![[r#"

            `timeout` cannot be `0`"#]],
        );
        check("retry=1 retry-delay=0", expect!["retry: 1, retry_delay: 0ns,"]);
    }

    #[test]
    fn names_that_cannot_be_used_are_reported() {
        check(
            "env=\"A-B=1\" name=\"a\u{1b}[2Jb\"",
            expect![[r#"
                env: { "A-B": "1", },
                name `A-B` cannot be a variable
                name of a step holds a control character"#]],
        );
    }

    #[test]
    fn values_that_mean_nothing_are_reported() {
        check(
            "retry=-1 exit=300 mode=9 ready=soon hide=perhaps",
            expect![[r#"

            `retry` cannot be `-1`
            `exit` cannot be `300`
            `mode` cannot be `9`
            `ready` cannot be `soon`
            `hide` cannot be `perhaps`
            `ready` does nothing without `background`
            `mode` does nothing without `file`"#]],
        );
        check(
            "exit=1,2 name=[a]",
            expect![[r#"

            `exit` cannot be `1,2`
            `name` cannot be this"#]],
        );
        check(
            "env=A name= delimiters=x",
            expect![[r#"

            `env` cannot be `A`
            `name` cannot be ``
            `delimiters` cannot be `x`
            `delimiters` does nothing without `template`"#]],
        );
        check(
            "file=a background session=b append",
            expect![[r#"
            session: Some( "b", ), background: true, append: true,
            `background` does nothing on a step that writes a file
            `session` does nothing on a step that writes a file"#]],
        );
        check(
            "skip:reason",
            expect![[r#"

            `skip:reason` is no attribute: a value stands after `=`"#]],
        );
        check(
            "name:a timeout:5m",
            expect![[r#"

            `name:a` is no attribute: a value stands after `=`
            `timeout:5m` is no attribute: a value stands after `=`"#]],
        );
        check(
            "retry_delay=5s",
            expect![[r#"

            unknown attribute `retry_delay`"#]],
        );
    }
}
