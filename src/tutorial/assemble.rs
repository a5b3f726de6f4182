//! Items become steps: each block meets the comments, headings and text around it.

use std::collections::BTreeSet;

use super::annotation::{self, Annotation};
use super::attributes::{self, Settled, Written};
use super::classify::{self, Kind};
use super::comment::Comment;
use super::dialect::mechanical_markdown::Section;
use super::dialect::{self, tesh};
use super::expectation::Promise;
use super::fence::Fence;
use super::info::{self, Info};
use super::model::{Action, CodeBlock, Dialect, ExpectedOutput, Heading, NotRun, Origin, Step, StepName};
use super::page::Item;
use super::promises;
use super::runaway;
use super::tables::Named;
use crate::diagnostic::{Finding, Place, nearest};
use crate::expect::{Expectation, Stream};
use crate::yaml::Entry;

/// What the items of a page come to.
#[derive(Debug, Default)]
pub(crate) struct Assembled {
    pub(crate) steps: Vec<Step>,
    pub(crate) other_blocks: Vec<CodeBlock>,
    pub(crate) headings: Vec<Heading>,
    pub(crate) variables: Vec<(String, String)>,
    /// Tables of values, in page order.
    pub(crate) tables: Vec<Named>,
    /// The comments that meant something.
    pub(crate) comments: Vec<Place>,
}

/// Goes through the items of a page. The steps have no names yet unless their authors gave them.
pub(crate) fn assemble(
    items: Vec<Item>,
    dialect: Dialect,
    interpreters: &BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> Assembled {
    let mut assembler = Assembler {
        dialect,
        interpreters,
        findings,
        done: Assembled::default(),
        trail: Vec::new(),
        description: String::new(),
        pending: Vec::new(),
        promise: None,
        section: None,
        above: Above::Nothing,
        values: None,
    };
    let mut items = items.into_iter().peekable();
    while let Some(item) = items.next() {
        let above_block = matches!(items.peek(), Some(Item::Code(fence)) if fence.fenced);
        assembler.item(item, above_block);
    }
    assembler.end_page();
    assembler.done
}

struct Assembler<'a> {
    dialect: Dialect,
    interpreters: &'a BTreeSet<String>,
    findings: &'a mut Vec<Finding>,
    done: Assembled,
    /// Headings above, outermost first.
    trail: Vec<Heading>,
    /// The paragraph above.
    description: String,
    /// Attributes for the next block, with the place of their comments.
    pending: Vec<(Vec<Entry>, Place)>,
    /// An `expect` comment that waits for its block.
    promise: Option<Waiting>,
    /// The `STEP` that is open, how many blocks it had, and its place.
    section: Option<(Section, usize, Place)>,
    /// What stands above, below the same heading.
    above: Above,
    /// A `values` comment that waits for its table.
    values: Option<(String, Place)>,
}

/// What expected output would be about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Above {
    Nothing,
    Step,
    /// A block that prints something and does not run, by its language.
    NotRun(String),
}

/// An `expect` comment that waits for its block.
struct Waiting {
    promise: Promise,
    place: Place,
    /// Whether a paragraph stands between.
    apart: bool,
}

impl Waiting {
    /// Returns whether a block that runs is its block. What other programs write never takes one, and
    /// ours only one that stands right below it.
    fn takes_runnable(&self) -> bool {
        !self.promise.is_foreign() && !self.apart
    }
}

impl Assembler<'_> {
    fn item(&mut self, item: Item, above_block: bool) {
        let values = self.values.take();
        if let Some((dimension, comment)) = values {
            match item {
                Item::Table(table) => return self.done.tables.push(Named { dimension, comment, table }),
                _ => self.findings.push(without_table(&dimension, &comment)),
            }
        }
        match item {
            Item::Heading(heading, _) => self.heading(heading),
            Item::Paragraph(text) => {
                self.drop_pending();
                self.promise.iter_mut().for_each(|waiting| waiting.apart = true);
                self.description = text;
            }
            Item::Comment(comment) => self.comment(&comment, above_block),
            Item::Code(fence) => self.code(&fence),
            Item::Table(_) => {}
        }
    }

    /// Says at the end of the page what is still waited for.
    fn end_page(&mut self) {
        self.end();
        self.end_section();
        let waiting = self.values.take();
        self.findings.extend(waiting.map(|(dimension, comment)| without_table(&dimension, &comment)));
    }

    fn end(&mut self) {
        self.drop_pending();
        self.drop_promise();
    }

    fn heading(&mut self, heading: Heading) {
        self.end();
        self.above = Above::Nothing;
        self.description.clear();
        self.trail.retain(|above| above.level < heading.level);
        self.trail.push(heading.clone());
        self.done.headings.push(heading);
    }

    fn comment(&mut self, comment: &Comment, above_block: bool) {
        let annotation = annotation::read(comment, above_block, self.findings);
        self.done.comments.extend(annotation.is_some().then(|| comment.place.clone()));
        match annotation {
            None => {}
            Some(Annotation::Step(entries)) => self.pending.push((entries, comment.place.clone())),
            Some(Annotation::Values(dimension)) => self.values = Some((dimension, comment.place.clone())),
            Some(Annotation::Section(entries)) => {
                self.end_section();
                self.section = Some((Section::read(&entries), 0, comment.place.clone()));
            }
            Some(Annotation::EndSection) => self.end_section(),
            Some(Annotation::Variables(variables)) => self.done.variables.extend(variables),
            Some(Annotation::Expect(comment_says)) => {
                let promise = Promise::read(&comment_says, &comment.place, self.findings);
                self.promise(promise, &comment.place);
            }
        }
    }

    fn promise(&mut self, promise: Promise, place: &Place) {
        self.drop_promise();
        let orphan = orphan(place, &self.above, !promise.is_foreign());
        match self.done.steps.last_mut().filter(|_| self.above == Above::Step) {
            Some(step) => {
                let expected = promise.complete.iter().cloned();
                self.findings.extend(promises::expect(step, expected, place));
                self.findings.extend(promise.exit.and_then(|exit| promises::exit(step, exit, place)));
            }
            None if !promise.wants_block() => self.findings.push(orphan),
            None => {}
        }
        if promise.wants_block() {
            self.promise = Some(Waiting { promise, place: place.clone(), apart: false });
        }
    }

    fn code(&mut self, fence: &Fence) {
        if !fence.fenced {
            self.drop_pending();
            return self.other(fence, "", NotRun::Prose);
        }
        let info = info::read(&fence.text.source, fence.info, self.findings);
        if !fence.closed {
            return self.unclosed(fence, &info);
        }
        if let Some(swallowed) = runaway::swallowed(fence, &info.language) {
            self.findings.push(runaway::finding(fence, swallowed));
            return self.not_a_block(fence, &info, "it has no end of its own");
        }
        let runs = || classify::runs(&info.language, &fence.text, self.dialect);
        if self.promise.as_ref().is_some_and(|waiting| !waiting.takes_runnable() && runs()) {
            self.drop_promise();
        }
        match self.promise.take() {
            Some(Waiting { promise, .. }) => self.expected(&promise, fence, &info, !promise.is_foreign()),
            None if info.language == "output" => self.expected(&Promise::default(), fence, &info, false),
            None => self.block(fence, &info),
        }
    }

    fn expected(&mut self, promise: &Promise, fence: &Fence, info: &Info, annotated: bool) {
        self.drop_pending();
        match self.done.steps.last_mut().filter(|_| self.above == Above::Step) {
            Some(step) => {
                let expected = promise.of_block(fence, &info.language, self.findings);
                self.findings.extend(promises::expect(step, expected, &fence.place));
            }
            None => self.findings.push(orphan(&fence.place, &self.above, annotated)),
        }
    }

    fn unclosed(&mut self, fence: &Fence, info: &Info) {
        let opening = fence.place.text().lines().next().unwrap_or_default().len();
        let start = fence.place.span.start;
        let finding = Finding::error("unclosed-fence", "code block is never closed")
            .at(Place::new(&fence.place.source, start..start + opening))
            .help("close it with a fence of its own length on a line of its own");
        self.findings.push(finding);
        self.not_a_block(fence, info, "the block is never closed");
    }

    /// Takes a block whose end is wrong, about which there is a finding.
    fn not_a_block(&mut self, fence: &Fence, info: &Info, why: &str) {
        self.pending.clear();
        self.promise = None;
        let reason = NotRun::NotSupported(why.to_owned());
        let shell = classify::is_shell(&info.language);
        self.above = Above::NotRun(info.language.clone());
        self.other(fence, &info.language, if shell { reason } else { NotRun::Prose });
    }

    fn block(&mut self, fence: &Fence, info: &Info) {
        let written = self.written(info);
        let settled = attributes::settle(&written, self.findings);
        let annotated = written.iter().any(|(_, entries)| attributes::any_of_ours(entries));
        let block =
            classify::Block { info, fence, file: settled.file.as_deref(), annotated, dialect: self.dialect };
        match classify::classify(&block, self.interpreters, self.findings) {
            Kind::Step { action, language } => self.step(fence, info, settled, action, language),
            Kind::Other(reason) => {
                self.findings.extend(classify::cannot_run(&block, &reason));
                let misspelled = misspelled_output(fence, info);
                self.findings.extend(misspelled.filter(|_| self.above == Above::Step));
                if reason != NotRun::Prose || !classify::is_data(&info.language) {
                    self.above = Above::NotRun(info.language.clone());
                }
                self.other(fence, &info.language, reason);
            }
        }
    }

    /// Gathers the attributes of a block, those that win last.
    fn written(&mut self, info: &Info) -> Vec<(Written, Vec<Entry>)> {
        let mut written = Vec::new();
        let shell = classify::is_shell(&info.language);
        if let Some((section, blocks, _)) = self.section.as_ref().filter(|_| shell) {
            written.push((Written::InComment, section.each.clone()));
            if *blocks == 0 {
                written.push((Written::InComment, section.first.clone()));
            }
        }
        written.extend(self.pending.drain(..).map(|(entries, _)| (Written::InComment, entries)));
        written.push((Written::AfterLanguage, info.attributes.clone()));
        self.findings.extend(info.bare.iter().find_map(unbraced));
        written
    }

    fn step(&mut self, fence: &Fence, info: &Info, settled: Settled, mut action: Action, language: String) {
        let mut attributes = settled.attributes;
        if let Action::Transcript(commands) = &mut action {
            tesh::apply(info, &mut attributes, commands);
        }
        if self.dialect == Dialect::MechanicalMarkdown && self.section.is_none() {
            attributes.skip.get_or_insert_with(|| "outside of a `STEP`".to_owned());
        }
        if let Some((_, blocks, _)) = &mut self.section {
            *blocks += 1;
        }
        let named = settled.name.is_some();
        self.above = Above::Step;
        let exit = attributes.exit.zip(attributes.places.get("exit").cloned());
        let mut step = Step {
            name: StepName(settled.name.map(|(name, _)| name).unwrap_or_default()),
            named,
            headings: self.trail.iter().map(|heading| heading.text.clone()).collect(),
            anchor: self.trail.last().map(|heading| heading.anchor.clone()),
            description: std::mem::take(&mut self.description),
            language,
            info: fence.info_text().to_owned(),
            place: fence.place.clone(),
            text: fence.text.clone(),
            action,
            attributes,
            expected: Vec::new(),
        };
        if let Some((exit, place)) = exit {
            self.findings.extend(promises::exit(&mut step, exit, &place));
        }
        self.done.steps.push(step);
    }

    fn other(&mut self, fence: &Fence, language: &str, reason: NotRun) {
        self.done.other_blocks.push(CodeBlock {
            language: language.to_owned(),
            info: fence.info_text().to_owned(),
            place: fence.place.clone(),
            text: fence.text.clone(),
            reason,
        });
    }

    /// Gives the promises of a `STEP` to its block. The lines of several blocks cannot be told apart.
    fn end_section(&mut self) {
        let Some((section, blocks, place)) = self.section.take() else { return };
        let promises = [(section.stdout, Stream::Stdout), (section.stderr, Stream::Stderr)];
        for (lines, stream) in promises.into_iter().filter(|(lines, _)| !lines.is_empty()) {
            match self.done.steps.last_mut().filter(|_| blocks == 1) {
                Some(step) => {
                    // A service has one stream for all that it prints.
                    let stream = if step.attributes.background { Stream::Both } else { stream };
                    let expected = lines_of_section(lines, stream, &place);
                    self.findings.extend(promises::expect(step, [expected], &place));
                }
                None => {
                    let message = format!("expected lines of {blocks} blocks are not checked");
                    self.findings.push(Finding::warning("orphan-expectation", message).at(place.clone()));
                }
            }
        }
    }

    fn drop_pending(&mut self) {
        for (_, place) in self.pending.drain(..) {
            let finding = Finding::warning("orphan-annotation", "no code block follows this comment");
            self.findings.push(finding.at(place).help("put it right before the block that it is about"));
        }
    }

    fn drop_promise(&mut self) {
        // A comment that says it all shows only a sample in its block.
        let waiting = self.promise.take().filter(|waiting| !waiting.promise.says_all());
        if let Some(Waiting { promise, place, .. }) = waiting {
            let (code, message) = ("orphan-expectation", "no block with expected output follows");
            let foreign = promise.is_foreign();
            let finding =
                if foreign { Finding::warning(code, message) } else { Finding::error(code, message) };
            let finding = finding.at(place).help("put the block with the output right below the comment");
            self.findings.push(finding);
        }
    }
}

fn without_table(dimension: &str, comment: &Place) -> Finding {
    let message = format!("no table follows, which would have the values of `{dimension}`");
    let help = "put the comment on the line before the table";
    Finding::error("orphan-annotation", message).at(comment.clone()).help(help)
}

fn lines_of_section(lines: Vec<String>, stream: Stream, place: &Place) -> ExpectedOutput {
    let mut expectation = Expectation::contains(lines);
    expectation.stream = stream;
    ExpectedOutput { expectation, place: place.clone(), origin: Origin::Comment }
}

fn orphan(place: &Place, above: &Above, annotated: bool) -> Finding {
    let message = match above {
        Above::NotRun(language) if language.is_empty() => {
            "expected output of a block that does not run".to_owned()
        }
        Above::NotRun(language) => format!("expected output of a `{language}` block, which does not run"),
        Above::Nothing | Above::Step => "expected output with no step before it".to_owned(),
    };
    let code = "orphan-expectation";
    let finding = if annotated { Finding::error(code, message) } else { Finding::warning(code, message) };
    finding.at(place.clone()).help("it belongs below the step that prints it, under the same heading")
}

/// Warns about a language that is almost `output`.
fn misspelled_output(fence: &Fence, info: &Info) -> Option<Finding> {
    nearest(&info.language, ["output"])?;
    let finding = Finding::warning("unknown-annotation", format!("unknown language `{}`", info.language));
    Some(finding.at(Place::new(&fence.place.source, fence.info)).help("did you mean `output`?"))
}

/// Notes an attribute of ours without braces, which other programs may mean otherwise.
fn unbraced(entry: &Entry) -> Option<Finding> {
    let ours =
        attributes::KNOWN.contains(&entry.key.as_str()) && !matches!(entry.key.as_str(), "name" | "file");
    ours.then(|| {
        Finding::note("unbraced-attribute", format!("`{}` without braces is not read", entry.key))
            .at(entry.key_place.clone())
            .help(match entry.value.text() {
                Some(value) if value != "true" => format!("write it as `{{{}={value}}}`", entry.key),
                _ => format!("write it as `{{{}}}`", entry.key),
            })
    })
}

/// Tells whose conventions a page follows.
pub(crate) fn dialect_of(items: &[Item]) -> Option<Dialect> {
    items.iter().find_map(|item| match item {
        Item::Comment(comment) => dialect::of_comment(comment),
        Item::Code(fence) if fence.fenced => {
            dialect::of_info(&info::read(&fence.text.source, fence.info, &mut Vec::new()))
        }
        _ => None,
    })
}
