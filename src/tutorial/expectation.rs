//! Expected output: comments and blocks become expectations.

use super::annotation::ExpectComment;
use super::attributes::{bad_value, exit};
use super::fence::Fence;
use super::model::{ExpectedOutput, Origin, Text};
use crate::diagnostic::{Finding, Place, nearest};
use crate::expect::{Expectation, Normalise, PatternError, Stream};
use crate::yaml::{Data, Entry, Node};

const KEYS: [&str; 11] = [
    "contains",
    "regex",
    "glob",
    "json",
    "similarity",
    "text",
    "stream",
    "normalise",
    "keep",
    "exit",
    "format",
];

/// Keys that hold a whole expectation.
const MATCHERS: [&str; 4] = ["contains", "regex", "glob", "json"];

/// What an `expect` comment says.
#[derive(Debug, Default)]
pub(crate) struct Promise {
    /// Expectations that the comment holds completely.
    pub(crate) complete: Vec<ExpectedOutput>,
    /// The exit status that it promises.
    pub(crate) exit: Option<i32>,
    /// Whether it names an exit status, even one that cannot be used.
    names_exit: bool,
    similarity: Option<(f64, Place)>,
    text: Option<String>,
    format: Option<String>,
    normalise: Normalise,
    /// The stream that it names; each kind of expectation has a usual one.
    stream: Option<Stream>,
    /// Whether the comment holds a whole expectation, even one that cannot be used.
    says_all: bool,
    takes_block: bool,
}

impl Promise {
    /// Reads a comment.
    pub(crate) fn read(comment: &ExpectComment, place: &Place, findings: &mut Vec<Finding>) -> Self {
        let mut promise = Self { takes_block: comment.takes_block, ..Self::default() };
        for entry in &comment.entries {
            if let Err(help) = promise.option(entry) {
                findings.push(bad_value(entry, help));
            }
        }
        for entry in &comment.entries {
            promise.says_all |= MATCHERS.contains(&entry.key.as_str());
            match promise.matcher(entry) {
                Ok(expectations) => promise.keep(expectations, place),
                Err(finding) => findings.push(*finding),
            }
        }
        promise.complete_similarity(place, findings);
        promise
    }

    /// Returns whether another program wrote it, for readers of its own.
    pub(crate) fn is_foreign(&self) -> bool {
        self.takes_block
    }

    /// Returns whether the comment holds a whole expectation, even one that cannot be used.
    pub(crate) fn says_all(&self) -> bool {
        self.says_all
    }

    /// Returns whether the next block belongs to it.
    pub(crate) fn wants_block(&self) -> bool {
        self.takes_block || !(self.says_all || self.names_exit)
    }

    fn option(&mut self, entry: &Entry) -> Result<(), &'static str> {
        match entry.key.as_str() {
            "similarity" => {
                let number = entry.value.text().and_then(|text| text.parse().ok());
                self.similarity =
                    Some((number.ok_or("write a number from 0 to 1")?, entry.value.place.clone()));
            }
            "text" => self.text = Some(entry.value.text().ok_or("write a text")?.to_owned()),
            "format" => self.format = entry.value.text().map(str::to_owned),
            "exit" => {
                self.names_exit = true;
                self.exit = Some(exit(&entry.value)?);
            }
            "stream" => self.stream = Some(stream(&entry.value)?),
            "normalise" => self.normalise_what(&entry.value)?,
            "keep" => self.keep_what(&entry.value)?,
            _ => {}
        }
        Ok(())
    }

    fn normalise_what(&mut self, value: &Node) -> Result<(), &'static str> {
        let help = "write `durations`, `dates` or both";
        for (word, _) in super::values::words(value).ok_or(help)? {
            match word.as_str() {
                "durations" => self.normalise.durations = true,
                "dates" => self.normalise.dates = true,
                _ => return Err(help),
            }
        }
        Ok(())
    }

    fn keep_what(&mut self, value: &Node) -> Result<(), &'static str> {
        let words = super::values::words(value).unwrap_or_default();
        self.normalise.keep_ansi = !words.is_empty();
        if words.iter().all(|(word, _)| word == "ansi") { Ok(()) } else { Err("write `ansi`") }
    }

    fn matcher(&self, entry: &Entry) -> Result<Vec<Expectation>, Box<Finding>> {
        let made = match entry.key.as_str() {
            "contains" => texts(entry).map(|texts| vec![Ok(Expectation::contains(texts))]),
            "regex" => texts(entry).map(|texts| texts.iter().map(|text| Expectation::regex(text)).collect()),
            "glob" => {
                texts(entry).map(|texts| texts.iter().map(|text| Ok(Expectation::glob(text))).collect())
            }
            "json" => Ok(vec![Expectation::json(&json_text(&entry.value))]),
            key if KEYS.contains(&key) => Ok(Vec::new()),
            _ => Err(Box::new(unknown(entry))),
        };
        let made: Result<Vec<Expectation>, PatternError> = made?.into_iter().collect();
        made.map_err(|error| Box::new(pattern_finding(&error, entry.value.place.clone())))
    }

    fn keep(&mut self, expectations: Vec<Expectation>, place: &Place) {
        for expectation in expectations {
            let expectation = self.with_options(expectation);
            self.complete.push(ExpectedOutput { expectation, place: place.clone(), origin: Origin::Comment });
        }
    }

    fn complete_similarity(&mut self, place: &Place, findings: &mut Vec<Finding>) {
        let (Some((threshold, at)), Some(text)) = (self.similarity.clone(), self.text.take()) else { return };
        self.says_all = true;
        match Expectation::similarity(text, threshold) {
            Ok(expectation) => self.keep(vec![expectation], place),
            Err(error) => findings.push(pattern_finding(&error, at)),
        }
    }

    fn with_options(&self, mut expectation: Expectation) -> Expectation {
        expectation.normalise = self.normalise.clone();
        expectation.stream = self.stream.unwrap_or(expectation.stream);
        expectation
    }

    /// Makes the expectation of a block. A block that is only a sample has none.
    pub(crate) fn of_block(
        &self,
        fence: &Fence,
        language: &str,
        findings: &mut Vec<Finding>,
    ) -> Option<ExpectedOutput> {
        if self.says_all {
            return None;
        }
        let content = &fence.text.content;
        let line = content.strip_suffix('\n').unwrap_or(content);
        let format = self.format.as_deref().unwrap_or(if language == "json" { "json" } else { "lines" });
        let made = match (&self.similarity, format) {
            (Some((threshold, _)), _) => Expectation::similarity(content.clone(), *threshold),
            (None, "json") => Expectation::json(content),
            (None, "regex") => Expectation::regex(line),
            (None, "glob") => Ok(Expectation::glob(line)),
            (None, "contains") => Ok(Expectation::contains(vec![line.to_owned()])),
            (None, _) => Expectation::lines(content),
        };
        let rewritable = matches!(format, "json" | "lines");
        let origin = if rewritable { Origin::Lines(fence.text.clone()) } else { Origin::Comment };
        match made {
            Ok(expectation) => {
                let expectation = self.with_options(expectation);
                Some(ExpectedOutput { expectation, place: fence.place.clone(), origin })
            }
            Err(error) => {
                let similarity = self.similarity.as_ref().map(|(_, place)| place.clone());
                let place = similarity.unwrap_or_else(|| line_of(&error, &fence.text, &fence.place));
                findings.push(pattern_finding(&error, place));
                None
            }
        }
    }
}

/// Makes an expectation of lines, as transcripts have them.
pub(crate) fn of_lines(text: Text, place: Place, findings: &mut Vec<Finding>) -> Option<ExpectedOutput> {
    match Expectation::lines(&text.content) {
        Ok(expectation) => Some(ExpectedOutput { expectation, place, origin: Origin::Lines(text) }),
        Err(error) => {
            findings.push(pattern_finding(&error, line_of(&error, &text, &place)));
            None
        }
    }
}

fn line_of(error: &PatternError, text: &Text, block: &Place) -> Place {
    let line = match error {
        PatternError::Regex { line, .. } => *line,
        PatternError::Json { source } => source.line().checked_sub(1),
        PatternError::Similarity(_) => None,
    };
    let span = line.and_then(|line| text.lines.get(line));
    span.map_or_else(|| block.clone(), |span| Place::new(&text.source, *span))
}

fn pattern_finding(error: &PatternError, place: Place) -> Finding {
    let finding = Finding::error("bad-pattern", error.to_string()).at(place);
    match error {
        PatternError::Regex { source, .. } => {
            let text = source.to_string();
            finding.label(text.lines().last().unwrap_or_default().trim())
        }
        PatternError::Json { source } => finding.label(source.to_string()),
        PatternError::Similarity(_) => finding.help("write a number from 0 to 1"),
    }
}

fn texts(entry: &Entry) -> Result<Vec<String>, Box<Finding>> {
    let items = entry.value.items().filter(|items| !items.is_empty());
    let texts = items.and_then(|items| items.iter().map(|item| item.text().map(str::to_owned)).collect());
    texts.ok_or_else(|| Box::new(bad_value(entry, "write a text or a list of texts")))
}

fn stream(value: &Node) -> Result<Stream, &'static str> {
    match value.text() {
        Some("stdout") => Ok(Stream::Stdout),
        Some("stderr") => Ok(Stream::Stderr),
        Some("both") => Ok(Stream::Both),
        _ => Err("write `stdout`, `stderr` or `both`"),
    }
}

fn unknown(entry: &Entry) -> Finding {
    let near = nearest(&entry.key, KEYS).map(|near| format!("did you mean `{near}`?"));
    Finding::error("unknown-attribute", format!("unknown key `{}` of `expect`", entry.key))
        .at(entry.key_place.clone())
        .maybe_help(near)
}

/// Returns the JSON that a value says: its text if that is a text, else the value itself.
fn json_text(value: &Node) -> String {
    match &value.data {
        Data::Scalar { text, quoted: true } => text.clone(),
        _ => json_value(value).to_string(),
    }
}

fn json_value(value: &Node) -> serde_json::Value {
    match &value.data {
        Data::Null => serde_json::Value::Null,
        Data::List(items) => items.iter().map(json_value).collect(),
        Data::Map(entries) => {
            let pairs = entries.iter().map(|entry| (entry.key.clone(), json_value(&entry.value)));
            serde_json::Value::Object(pairs.collect())
        }
        Data::Scalar { text, quoted: true } => text.clone().into(),
        Data::Scalar { text, quoted: false } => {
            let scalar = serde_json::from_str(text).ok();
            scalar.unwrap_or_else(|| text.clone().into())
        }
    }
}
