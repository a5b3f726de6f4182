//! A step in words of its own, so that it can leave its page and come back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Place, Source, Span};
use crate::expect::{Expectation, Matcher, Normalise, PatternError, Stream};
use crate::plan::{Plan, PlannedStep, Work};
use crate::tutorial::{
    Action, Attributes, Delimiters, ExpectedOutput, Origin, Ready, Step, StepName, Template, Text,
    read_delimiters, read_ready, transcript_commands,
};
use crate::yaml;

/// What a step is, without its text: that is the script of the task's step.
///
/// It is written as YAML into a variable of the step's container, and read by `stagebook konflux step`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StepDefinition {
    /// The step's name on its page.
    pub name: String,
    /// The page that it stands on.
    pub page: String,
    /// The line of its opening fence.
    pub line: usize,
    /// The block's language.
    pub language: String,
    /// The session that it runs in.
    pub session: String,
    /// What a container does for it.
    #[serde(default, skip_serializing_if = "Role::is_step")]
    pub role: Role,
    /// Its text is a transcript: commands after a prompt, with their output.
    #[serde(default, skip_serializing_if = "is_false")]
    pub transcript: bool,
    /// Its text is written to this path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// It is added to the file.
    #[serde(default, skip_serializing_if = "is_false")]
    pub append: bool,
    /// Permissions of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// The program that runs the language, where that is no shell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interpreter: Vec<String>,
    /// Working folder, relative to the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Variables for this step alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// How long one try may take, in seconds.
    pub timeout: f64,
    /// How many more times a failed step is tried.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retry: u32,
    /// How long to wait between tries, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_delay: Option<f64>,
    /// The exit status that the page promises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Failing commands before the last one do not count.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_errexit: bool,
    /// Its text is rendered first; the tags, where they are not the usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// It runs only where this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// When the service that it starts is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,
    /// It cleans up.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cleanup: bool,
    /// What the page promises about its output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<ExpectationDefinition>,
    /// Results that are there once it has passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<String>,
    /// Images that are there once it has passed, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, String>,
}

/// What a container does for a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It runs the step.
    #[default]
    Step,
    /// It stands where the page starts a service: it asks the sidecar to begin, and waits until it is ready.
    Start,
    /// It is the sidecar: it waits until it is asked, and then runs the service.
    Service,
}

impl Role {
    fn is_step(&self) -> bool {
        *self == Self::Step
    }
}

/// A promise about an output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExpectationDefinition {
    /// The line of the page on which it stands.
    line: usize,
    /// How it is compared, and with what.
    #[serde(flatten)]
    matcher: MatcherDefinition,
    #[serde(default, skip_serializing_if = "is_default")]
    stream: Stream,
    #[serde(default, skip_serializing_if = "is_false")]
    keep_ansi: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    durations: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    dates: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum MatcherDefinition {
    Lines(String),
    Contains(Vec<String>),
    Regex(String),
    Glob(String),
    Json(serde_json::Value),
    Similar { text: String, threshold: f64 },
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl StepDefinition {
    /// Reads what stands in the variable of a container; `None` where that is no definition.
    pub fn read(text: &str) -> Option<Self> {
        let node = yaml::read(&Source::new(super::STEP_VARIABLE, text), 0, text).ok()?;
        serde_json::from_value(node.to_json()).ok()
    }

    /// Describes a step of a plan; what belongs to the place that it gets in a task is left out.
    pub(in crate::konflux) fn of(plan: &Plan, step: &PlannedStep) -> Self {
        let source = &plan.tutorial.steps[step.source];
        let attributes = &source.attributes;
        let (transcript, file) = match &source.action {
            Action::Command => (false, None),
            Action::Transcript(_) => (true, None),
            Action::File(path) => (false, Some(path.clone())),
        };
        Self {
            name: step.name.0.clone(),
            page: page(plan, source),
            line: source.place.line(),
            language: source.language.clone(),
            session: step.session.clone(),
            role: Role::Step,
            transcript,
            file,
            append: attributes.append,
            mode: attributes.mode,
            interpreter: program(&step.work),
            cwd: step.cwd.clone(),
            env: step.env.clone(),
            timeout: step.timeout.as_secs_f64(),
            retry: attributes.retry,
            retry_delay: (attributes.retry > 0).then_some(step.retry_delay.as_secs_f64()),
            exit: attributes.exit,
            no_errexit: !attributes.errexit,
            template: attributes.template.as_ref().map(tags),
            when: attributes.when.clone(),
            ready: attributes.ready.as_ref().map(ready),
            cleanup: step.cleanup,
            expect: promises(source).map(ExpectationDefinition::of).collect(),
            results: Vec::new(),
            images: BTreeMap::new(),
        }
    }

    /// Returns the step again, in a source that has its lines where the page has them.
    ///
    /// # Errors
    /// When a pattern of an expectation does not compile.
    pub fn step(&self, text: &str) -> Result<Step, PatternError> {
        let source = self.source(text);
        let text = self.text(&source, text);
        let place = Place::new(&source, source.line_span(self.line).unwrap_or(Span::new(0, 0)));
        // A sidecar runs what another container judges.
        let judged: &[ExpectationDefinition] = if self.role == Role::Service { &[] } else { &self.expect };
        let expected = judged.iter().map(|expected| expected.expected(&source));
        let expected = expected.collect::<Result<Vec<_>, _>>()?;
        let mut step = Step {
            name: StepName(self.name.clone()),
            named: true,
            headings: Vec::new(),
            anchor: None,
            description: String::new(),
            language: self.language.clone(),
            info: self.language.clone(),
            place,
            action: self.action(&text),
            text,
            attributes: self.attributes(),
            expected: Vec::new(),
        };
        match &mut step.action {
            Action::Transcript(commands) => commands.last_mut().into_iter().for_each(|last| {
                last.exit = self.exit.unwrap_or(last.exit);
                last.expected.extend(expected.iter().cloned());
            }),
            Action::Command | Action::File(_) => step.expected = expected,
        }
        Ok(step)
    }

    fn source(&self, text: &str) -> Arc<Source> {
        let last = self.expect.iter().map(|expected| expected.line).max().unwrap_or_default();
        let below = last.saturating_sub(self.line + text.lines().count());
        Source::new(&self.page, format!("{}{text}{}", "\n".repeat(self.line), "\n".repeat(below + 1)))
    }

    fn text(&self, source: &Arc<Source>, text: &str) -> Text {
        let first = self.line + 1;
        let lines = (first..first + text.lines().count()).filter_map(|line| source.line_span(line));
        Text { content: text.to_owned(), source: Arc::clone(source), lines: lines.collect() }
    }

    fn action(&self, text: &Text) -> Action {
        match &self.file {
            Some(path) => Action::File(path.clone()),
            None if self.transcript => Action::Transcript(transcript_commands(text, &mut Vec::new())),
            None => Action::Command,
        }
    }

    fn attributes(&self) -> Attributes {
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let delimiters = |text: &String| Template { delimiters: read_delimiters(text) };
        Attributes {
            session: self.interpreter.is_empty().then(|| self.session.clone()),
            cwd: self.cwd.clone(),
            env: self.env.clone(),
            timeout: Some(if self.role == Role::Service { Duration::MAX } else { seconds(self.timeout) }),
            retry: self.retry,
            retry_delay: self.retry_delay.map_or(Duration::ZERO, seconds),
            exit: self.exit,
            append: self.append,
            mode: self.mode,
            template: self.template.as_ref().map(delimiters),
            when: self.when.clone(),
            cleanup: self.cleanup,
            errexit: !self.no_errexit,
            ..Attributes::default()
        }
    }

    /// Returns when the service that it starts is ready.
    pub fn readiness(&self) -> Option<Ready> {
        self.ready.as_deref().and_then(read_ready)
    }
}

/// Returns what a page promises outside of the block: what stands in a transcript is read again with it.
fn promises(step: &Step) -> impl Iterator<Item = &ExpectedOutput> {
    let of_last = match &step.action {
        Action::Transcript(commands) => commands.last().map_or(&[][..], |last| &last.expected),
        Action::Command | Action::File(_) => &step.expected,
    };
    of_last.iter().filter(|expected| expected.place.span.start >= step.place.span.end)
}

/// Returns the page that a step stands on, as it is named from the project's root.
fn page(plan: &Plan, step: &Step) -> String {
    if Arc::ptr_eq(&step.place.source, &plan.tutorial.source) {
        return plan.key.tutorial.clone();
    }
    step.place.source.path().to_string_lossy().into_owned()
}

fn program(work: &Work) -> Vec<String> {
    match work {
        Work::Command { interpreter, .. } if interpreter.kind == crate::plan::InterpreterKind::Program => {
            interpreter.command.clone()
        }
        _ => Vec::new(),
    }
}

fn tags(template: &Template) -> String {
    let pairs = |delimiters: &Delimiters| {
        let Delimiters { block, expression, comment } = delimiters;
        [block, expression, comment].map(|(open, close)| format!("{open} {close}")).join(" ")
    };
    template.delimiters.as_ref().map(pairs).unwrap_or_default()
}

fn ready(ready: &Ready) -> String {
    match ready {
        Ready::Port(port) => format!("port:{port}"),
        Ready::Url(url) => url.clone(),
        Ready::Log(text) => format!("log:{text}"),
    }
}

impl ExpectationDefinition {
    fn of(expected: &ExpectedOutput) -> Self {
        let Expectation { matcher, normalise, stream } = &expected.expectation;
        let matcher = match matcher {
            Matcher::Lines(lines) => MatcherDefinition::Lines(lines.source()),
            Matcher::Contains(texts) => MatcherDefinition::Contains(texts.clone()),
            Matcher::Regex(regex) => MatcherDefinition::Regex(regex.as_str().to_owned()),
            Matcher::Glob(glob) => MatcherDefinition::Glob(glob.source()),
            Matcher::Json(json) => MatcherDefinition::Json(json.clone()),
            Matcher::Similarity { text, threshold } => {
                MatcherDefinition::Similar { text: text.clone(), threshold: *threshold }
            }
        };
        let Normalise { keep_ansi, durations, dates } = *normalise;
        Self { line: expected.place.line(), matcher, stream: *stream, keep_ansi, durations, dates }
    }

    fn expected(&self, source: &Arc<Source>) -> Result<ExpectedOutput, PatternError> {
        let place = Place::new(source, source.line_span(self.line).unwrap_or(Span::new(0, 0)));
        Ok(ExpectedOutput { expectation: self.expectation()?, place, origin: Origin::Comment })
    }

    fn expectation(&self) -> Result<Expectation, PatternError> {
        let expectation = match &self.matcher {
            MatcherDefinition::Lines(text) => Expectation::lines(text)?,
            MatcherDefinition::Contains(texts) => Expectation::contains(texts.clone()),
            MatcherDefinition::Regex(pattern) => Expectation::regex(pattern)?,
            MatcherDefinition::Glob(pattern) => Expectation::glob(pattern),
            MatcherDefinition::Json(json) => Expectation::json(&json.to_string())?,
            MatcherDefinition::Similar { text, threshold } => {
                Expectation::similarity(text.as_str(), *threshold)?
            }
        };
        let normalise = Normalise { keep_ansi: self.keep_ansi, durations: self.durations, dates: self.dates };
        Ok(expectation.normalise(normalise).stream(self.stream))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Settings;
    use crate::plan::{Inputs, build};
    use crate::tutorial::{Includes, ParseOptions, parse};

    const PAGE: &str = r#"---
params: {x: y}
---
# A

```bash {name=all cwd=x env="A=$(b)" timeout=5s retry=2 retry-delay=3s exit=2 errexit=false when="true"}
echo $$ "$(date)"
```

<!-- expect: {contains: ["a: b", "$(x)"], stream: stderr} -->

```output
lines <id>
...
  [..] (re)
```

```console
$ echo a
a
$ false
[1]
```

```output
more
```

```conf {file="<< x >>.conf" mode=600 template delimiters="<% %> << >> <# #>"}
<< x >>
```

```json {file=a.json append}
{}
```

```bash {background ready="log:up: $(x)"}
sleep 1
```

```bash {cleanup}
true
```

<!-- expect: {json: '{"a": [1, null]}'} -->
"#;

    struct Nothing;

    impl Includes for Nothing {
        fn read(&self, _: &Path, _: &str) -> Result<Arc<Source>, String> {
            Err("nothing is there".to_owned())
        }
    }

    fn plan() -> Plan {
        let (tutorial, findings) = parse(&Source::new("a.md", PAGE), &ParseOptions::default(), &Nothing);
        assert!(findings.is_empty(), "{findings:?}");
        let inputs = Inputs { tutorial_id: "a.md".to_owned(), ..Inputs::default() };
        build(&Arc::new(tutorial), &Settings::defaults("/"), &inputs).unwrap().remove(0)
    }

    #[test]
    fn step_that_left_its_page_comes_back_as_it_was() {
        let plan = plan();
        for planned in &plan.steps {
            let step = &plan.tutorial.steps[planned.source];
            let definition = StepDefinition::of(&plan, planned);
            let text = crate::yaml::write(&serde_json::to_value(&definition).unwrap());
            let node = crate::yaml::read(&Source::new("s", text.as_str()), 0, &text).unwrap();
            let read: StepDefinition = serde_json::from_value(node.to_json()).unwrap();
            assert_eq!(read, definition, "{text}");
            let back = read.step(&step.text.content).unwrap();
            let expected = |step: &Step| {
                let all =
                    step.expected.iter().map(|one| (one.place.line(), format!("{:?}", one.expectation)));
                all.collect::<Vec<_>>()
            };
            assert_eq!(expected(&back), expected(step));
            assert_eq!(back.place.line(), step.place.line());
            let commands = |step: &Step| match &step.action {
                Action::Transcript(commands) => commands
                    .iter()
                    .map(|one| (one.command.clone(), one.exit, one.place.line(), one.expected.len()))
                    .collect(),
                Action::Command | Action::File(_) => Vec::new(),
            };
            assert_eq!(commands(&back), commands(step));
        }
    }
}
