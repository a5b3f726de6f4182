//! What a tutorial is made of.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Place, Source, Span};
use crate::expect::Expectation;

/// A Markdown file that has steps.
#[derive(Debug, Clone)]
pub struct Tutorial {
    /// The text, with the path that the user knows it by.
    pub source: Arc<Source>,
    /// Whose conventions the file follows.
    pub dialect: Dialect,
    /// What stands between the `---` at the top.
    pub front_matter: FrontMatter,
    /// The bytes of the page's own text: all that stands below the front matter.
    pub body: Span,
    /// From the front matter, else the first heading, else the file's name.
    pub title: String,
    /// The steps in page order, those of included files where they are included.
    pub steps: Vec<Step>,
    /// Code blocks that are not steps and not expected output.
    pub other_blocks: Vec<CodeBlock>,
    /// Comments that say something to us (steps, expectations, includes), in this page and those
    /// that it includes. They are no text for readers.
    pub comments: Vec<Place>,
    /// Every heading, with the anchor that forges and mdBook give it.
    pub headings: Vec<Heading>,
    /// Every link and image.
    pub links: Vec<Link>,
    /// Files taken in by `<!-- include: path -->`, whose change makes a record stale.
    pub includes: Vec<Include>,
    /// Documents that must have run before (Innovation Engine's linked prerequisites).
    pub prerequisites: Vec<Prerequisite>,
}

/// Whose conventions a file follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Our own, which is also plain Markdown.
    #[default]
    Stagebook,
    /// Runme: flat JSON after the language.
    Runme,
    /// Microsoft's Innovation Engine: `expected_similarity`, prerequisites, variable comments.
    InnovationEngine,
    /// Scrut: `scrut` blocks.
    Scrut,
    /// OCaml's mdx: `$ ` lines in `sh` blocks with `<!-- $MDX -->` labels.
    Mdx,
    /// tesh: `tesh-session` in the info string of `console` blocks.
    Tesh,
    /// Dapr's mechanical-markdown: `<!-- STEP -->` and `<!-- END_STEP -->`.
    MechanicalMarkdown,
}

/// The name of a step, unique in its tutorial.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct StepName(pub String);

impl fmt::Display for StepName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Borrow<str> for StepName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A code block that does something.
#[derive(Debug, Clone)]
pub struct Step {
    /// The author's name for it, or the heading's slug and a number.
    pub name: StepName,
    /// Whether the name was given by the author.
    pub named: bool,
    /// Titles of the headings above it, outermost first.
    pub headings: Vec<String>,
    /// Anchor of the nearest heading above it.
    pub anchor: Option<String>,
    /// The paragraph before it, as plain text.
    pub description: String,
    /// The first word of the info string, lower-cased: `bash`.
    pub language: String,
    /// What stands after the opening fence, as written.
    pub info: String,
    /// The whole block, fences included.
    pub place: Place,
    /// What the block says, without fences, indentation and quote marks.
    pub text: Text,
    /// What is done with it.
    pub action: Action,
    /// What the author said about it.
    pub attributes: Attributes,
    /// What the text promises about its output. Transcripts carry theirs by command, files none.
    pub expected: Vec<ExpectedOutput>,
}

/// The content of a block, and where each line of it stands in the source.
#[derive(Debug, Clone)]
pub struct Text {
    /// The lines, each with its newline (the last one too, LF only).
    pub content: String,
    /// The file that the lines stand in.
    pub source: Arc<Source>,
    /// For each line its bytes in the source, without line ending and without the prefix of lists and quotes.
    /// Where a list took a part of a tab, the line has the blanks that are left of it before these bytes.
    pub lines: Vec<Span>,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Runs the text in the interpreter of the block's language.
    Command,
    /// Runs commands one by one, each with the output that the page shows below it.
    Transcript(Vec<TranscriptCommand>),
    /// Writes the text to this path.
    File(String),
}

/// A `$ command` in a transcript.
#[derive(Debug, Clone)]
pub struct TranscriptCommand {
    /// The command without prompts, continuation lines joined by newlines.
    pub command: String,
    /// Where it stands.
    pub place: Place,
    /// The exit status that the text promises: `[1]` after the output, else 0. For the last
    /// command it may also stand in the attributes of the block or in a comment below it.
    pub exit: i32,
    /// The output below it, and for the last command what stands below the block. A command
    /// with nothing below it promises nothing.
    pub expected: Vec<ExpectedOutput>,
}

/// An expectation with its place in the page.
#[derive(Debug, Clone)]
pub struct ExpectedOutput {
    /// What is expected.
    pub expectation: Expectation,
    /// The block, the lines of a transcript, or the comment.
    pub place: Place,
    /// Where the expected text came from, and so how it is rewritten.
    pub origin: Origin,
}

/// Where an expected text stands.
#[derive(Debug, Clone)]
pub enum Origin {
    /// In a block of its own, or below a command in a transcript: its lines can be rewritten.
    Lines(Text),
    /// In a comment: it is the author's, and is never rewritten.
    Comment,
}

/// What the author said about a step: the attributes of the design's table.
#[derive(Debug, Clone)]
pub struct Attributes {
    /// Which shell; the tutorial has one unless it names more.
    pub session: Option<String>,
    /// Working folder, relative to the workspace.
    pub cwd: Option<String>,
    /// Variables for this step alone.
    pub env: BTreeMap<String, String>,
    /// Steps that must pass first.
    pub needs: Vec<StepName>,
    /// How long the step may take.
    pub timeout: Option<Duration>,
    /// How many more times a failed step is tried.
    pub retry: u32,
    /// How long to wait between tries.
    pub retry_delay: Duration,
    /// The exit status that the text promises.
    pub exit: Option<i32>,
    /// The step is a service that lives until the end.
    pub background: bool,
    /// When the service is ready.
    pub ready: Option<Ready>,
    /// Appends to the file instead of replacing it.
    pub append: bool,
    /// Permissions of the file, as in `chmod`.
    pub mode: Option<u32>,
    /// The file belongs into the repository: `stagebook generate` writes it there.
    pub generate: Option<Generate>,
    /// Renders the text with Tera first.
    pub template: Option<Template>,
    /// Runs only if this Tera expression over the parameters is true.
    pub when: Option<String>,
    /// Is not run, and why.
    pub skip: Option<String>,
    /// Only for a person: is not run.
    pub manual: bool,
    /// Runs at the end whatever happened.
    pub cleanup: bool,
    /// Is run, and not shown on the page.
    pub hide: bool,
    /// Whether the result may be reused.
    pub cache: bool,
    /// Whether any failing command fails the step, and not only the last (errexit and pipefail).
    pub errexit: bool,
    /// Where each attribute's value stands, by the attribute's name.
    pub places: BTreeMap<String, Place>,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            session: None,
            cwd: None,
            env: BTreeMap::new(),
            needs: Vec::new(),
            timeout: None,
            retry: 0,
            retry_delay: Duration::from_secs(1),
            exit: None,
            background: false,
            ready: None,
            append: false,
            mode: None,
            generate: None,
            template: None,
            when: None,
            skip: None,
            manual: false,
            cleanup: false,
            hide: false,
            cache: true,
            errexit: true,
            places: BTreeMap::new(),
        }
    }
}

/// Says that the file of a step is generated into the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generate {
    /// The files that the step owns, as a glob; else those that its path could name.
    pub owns: Option<String>,
}

/// Says that a block is a template, and how its tags look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Tags other than Tera's own.
    pub delimiters: Option<Delimiters>,
}

/// The tags of a template: `delimiters="<% %> << >> <# #>"`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Delimiters {
    /// Around statements.
    pub block: (String, String),
    /// Around expressions.
    pub expression: (String, String),
    /// Around comments.
    pub comment: (String, String),
}

/// When a service is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// A TCP port on loopback accepts connections: `ready=5000` or `ready=port:5000`.
    Port(u16),
    /// A plain HTTP URL answers with a status below 400: `ready=http://127.0.0.1:5000/v2/`.
    Url(String),
    /// A line of the output contains the text: `ready="log:listening on"`.
    Log(String),
}

/// A value of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// `true` or `false`.
    Boolean(bool),
    /// A number; whole numbers print without a fraction.
    Number(f64),
    /// A string.
    String(String),
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(formatter, "{value}"),
            Self::Number(value) => write!(formatter, "{value}"),
            Self::String(value) => formatter.write_str(value),
        }
    }
}

/// The front matter of a page.
#[derive(Debug, Clone, Default)]
pub struct FrontMatter {
    /// The bytes of the YAML between the `---` lines.
    pub place: Option<Place>,
    /// `title`.
    pub title: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `params`, in the order of the page.
    pub parameters: Vec<Parameter>,
    /// `matrix`.
    pub matrix: Matrix,
    /// `requires`.
    pub requires: Requirements,
    /// `env`.
    pub env: BTreeMap<String, String>,
    /// `secrets`: names of variables whose values are never shown.
    pub secrets: Vec<String>,
    /// `timeout` of each step that has none of its own.
    pub timeout: Option<Duration>,
    /// `images` that the tutorial builds, by name of the reader's choice.
    pub images: BTreeMap<String, String>,
    /// `reference`: production images that the built ones are compared with, by the same names.
    pub reference: BTreeMap<String, String>,
    /// Where the name of each of them stands.
    pub reference_places: BTreeMap<String, Place>,
    /// `results` that the steps leave behind, in the order of the page.
    pub results: Vec<NamedResult>,
    /// `tags`.
    pub tags: Vec<String>,
    /// Where the value of each top-level key stands.
    pub places: BTreeMap<String, Place>,
}

/// A named value of a tutorial.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The name; steps see it as an environment variable of the same name.
    pub name: String,
    /// What it may be.
    pub kind: ParameterKind,
    /// The value when none is given. A parameter without one must be given.
    pub default: Option<Value>,
    /// What it is for.
    pub description: Option<String>,
    /// Where it is declared.
    pub place: Place,
}

/// A value that the steps leave behind, in a file of its name below `STAGEBOOK_RESULTS`.
#[derive(Debug, Clone)]
pub struct NamedResult {
    /// The name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// The session that writes it, where the page says so.
    pub session: Option<String>,
    /// Where it is declared.
    pub place: Place,
}

/// What a parameter may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterKind {
    /// Any text.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of these.
    Choice(Vec<String>),
}

/// The matrix of a tutorial, with GitHub's rules for `include` and `exclude`.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    /// Values by parameter, in the order of the page.
    pub axes: Vec<(String, Vec<Value>)>,
    /// Combinations to add, or values to add to the combinations that they fit.
    pub include: Vec<BTreeMap<String, Value>>,
    /// Combinations to leave out; a part matches all that contain it.
    pub exclude: Vec<BTreeMap<String, Value>>,
    /// Whether the page runs once for each variant.
    pub runs: Runs,
    /// Tables of values on the page.
    pub tables: Vec<ValuesTable>,
    /// Dimensions whose values stand in a table, with the place of the word that says so.
    pub from_tables: BTreeMap<String, Place>,
    /// Where the value of each key stands.
    pub places: BTreeMap<String, Place>,
}

/// How often a page with a matrix runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Runs {
    /// Once for each variant.
    #[default]
    Each,
    /// Once. The steps that generate files write those of all variants.
    Once,
}

/// A table of the page: what the variants get by their value of one dimension.
#[derive(Debug, Clone)]
pub struct ValuesTable {
    /// The dimension, which is the first column.
    pub dimension: String,
    /// The names of the other columns, which are parameters.
    pub columns: Vec<String>,
    /// The values of the other columns by that of the first.
    pub rows: BTreeMap<String, Vec<Value>>,
}

/// What a tutorial needs of the machine.
#[derive(Debug, Clone, Default)]
pub struct Requirements {
    /// Programs.
    pub tools: Vec<ToolRequirement>,
    /// Hosts that must be reachable, as `host` or `host:port` (443 unless given).
    pub network: Vec<NetworkRequirement>,
    /// Must run as root.
    pub root: bool,
    /// Needs `/dev/kvm`.
    pub kvm: bool,
}

/// A host that must be reachable.
#[derive(Debug, Clone)]
pub struct NetworkRequirement {
    /// The host's name or address.
    pub host: String,
    /// The port, 443 unless given.
    pub port: u16,
    /// A Tera expression; the requirement counts only if it is true.
    pub when: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A program that must be there.
#[derive(Debug, Clone)]
pub struct ToolRequirement {
    /// The program.
    pub program: String,
    /// The least version, compared number by number.
    pub minimum: Option<String>,
    /// Package names that differ from the program's, by package manager (`apt`, `dnf`, `apk`, `pacman`, `zypper`, `brew`).
    pub packages: BTreeMap<String, String>,
    /// A Tera expression; the requirement counts only if it is true.
    pub when: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A code block that is not a step.
#[derive(Debug, Clone)]
pub struct CodeBlock {
    /// The first word of the info string, lower-cased; empty where there is none.
    pub language: String,
    /// What stands after the opening fence, as written; empty where there is no fence.
    pub info: String,
    /// The whole block.
    pub place: Place,
    /// What the block says.
    pub text: Text,
    /// Why it is not a step.
    pub reason: NotRun,
}

/// Why a code block is not a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotRun {
    /// Its language is not one that is executed.
    Prose,
    /// A shell block that cannot be run, and why: it counts against coverage.
    NotSupported(String),
}

/// A heading.
#[derive(Debug, Clone)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its text without markup.
    pub text: String,
    /// Its anchor, unique in the page with all that it includes; one that the page gives itself
    /// is taken as it is.
    pub anchor: String,
    /// Where it stands.
    pub place: Place,
}

/// A link or an image.
#[derive(Debug, Clone)]
pub struct Link {
    /// The destination as written.
    pub target: String,
    /// Whether it is an image.
    pub image: bool,
    /// Where it stands.
    pub place: Place,
}

/// A file that was taken in.
#[derive(Debug, Clone)]
pub struct Include {
    /// The path as written.
    pub path: PathBuf,
    /// The comment, in whose place the text stands.
    pub place: Place,
    /// The text that was taken in.
    pub source: Arc<Source>,
    /// The bytes of it that are taken in: all below its front matter.
    pub body: Span,
}

/// A document that must have run before this one.
#[derive(Debug, Clone)]
pub struct Prerequisite {
    /// Path relative to the page's folder, as written.
    pub path: PathBuf,
    /// Where the link stands.
    pub place: Place,
}
