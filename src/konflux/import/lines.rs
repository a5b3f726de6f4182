//! Texts side by side, line by line.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::konflux::compare::{Dimension, Pattern};

/// How well two lines fit that are the same.
const SAME: u32 = 4;

/// How well two lines fit that are the same but for the values of dimensions.
const SAME_BUT_FOR_VALUES: u32 = 3;

/// How many pairs of lines are weighed without thinking twice.
const MANY_PAIRS: usize = 250_000;

/// How many pairs of lines are weighed at most; what is left over stands apart.
const MOST_PAIRS: usize = 4_000_000;

/// The letter of the first dimension: for private use, and of a plane of which fonts of symbols use nothing.
const FIRST_LETTER: u32 = 0x10_f000;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Line {
    /// As it stands.
    pub(super) raw: String,
    /// With a letter of nobody's alphabet in place of each value of a dimension.
    pub(super) open: String,
}

/// The lines of some files beside each other.
#[derive(Debug)]
pub(super) struct Aligned {
    /// The lines, each once.
    lines: Vec<Line>,
    /// What each file has in each place, by its number among the lines.
    slots: Vec<Vec<Option<usize>>>,
    files: usize,
}

impl Aligned {
    /// Returns how many places there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Returns how many files there are.
    pub(super) fn files(&self) -> usize {
        self.files
    }

    /// Returns the line that a file has in a place, if any.
    pub(super) fn line(&self, at: usize, file: usize) -> Option<&Line> {
        self.slots[at][file].map(|number| &self.lines[number])
    }

    /// Returns a line of a place: that of the first file that has one.
    pub(super) fn any(&self, at: usize) -> &str {
        let number = self.slots[at].iter().flatten().next();
        number.map_or("", |number| &self.lines[*number].raw)
    }

    /// Returns the files that have a line in a place.
    pub(super) fn files_of(&self, at: usize) -> BTreeSet<usize> {
        (0..self.files).filter(|file| self.slots[at][*file].is_some()).collect()
    }
}

/// The letter that stands for a dimension.
pub(super) fn letter_of(dimension: usize) -> char {
    u32::try_from(dimension)
        .ok()
        .and_then(|number| char::from_u32(FIRST_LETTER + number))
        .unwrap_or(char::MAX)
}

/// Returns the dimension that a letter stands for.
pub(super) fn dimension_of(letter: char) -> Option<usize> {
    (letter as u32).checked_sub(FIRST_LETTER).map(|number| number as usize)
}

/// Puts the lines of all files beside each other.
///
/// Files whose lines are the same but for the values of dimensions are of one shape, and shapes are few: what
/// takes time is done for each shape, not for each file.
pub(super) fn aligned(texts: &[&str], dimensions: &[Dimension]) -> Aligned {
    let mut book = Book::default();
    let files: Vec<Vec<usize>> = texts
        .iter()
        .enumerate()
        .map(|(file, text)| text.lines().map(|line| book.number(line, dimensions, file)).collect())
        .collect();
    let shapes = shapes(&files, &book);
    let mut slots: Vec<Slot> = Vec::new();
    for (number, shape) in shapes.iter().enumerate() {
        slots = merged(slots, shape, number, &files, &book);
    }
    let mut found = Aligned { lines: Vec::new(), slots: Vec::with_capacity(slots.len()), files: files.len() };
    for slot in &slots {
        let mut lines = vec![None; files.len()];
        for (shape, at) in &slot.shapes {
            shapes[*shape].files.iter().for_each(|file| lines[*file] = Some(files[*file][*at]));
        }
        found.slots.push(lines);
    }
    found.lines = book.lines;
    found
}

/// All lines, each with numbers by which it is compared.
#[derive(Default)]
struct Book {
    lines: Vec<Line>,
    words: Vec<Words>,
    known: HashMap<Line, usize>,
    texts: HashMap<String, usize>,
}

/// What is compared of a line, each text by a number.
#[derive(Debug, Clone, Copy)]
struct Words {
    raw: usize,
    open: usize,
    /// What it gives a value to.
    subject: Option<usize>,
}

impl Book {
    fn number(&mut self, raw: &str, dimensions: &[Dimension], file: usize) -> usize {
        let pattern = Pattern::of(raw, dimensions, file);
        let open = pattern.write(str::to_owned, |number| letter_of(number).to_string());
        let line = Line { raw: raw.to_owned(), open };
        if let Some(known) = self.known.get(&line) {
            return *known;
        }
        let words = Words {
            raw: self.text(&line.raw),
            open: self.text(&line.open),
            subject: subject(&line.raw).map(|subject| self.text(&subject)),
        };
        self.words.push(words);
        self.lines.push(line.clone());
        self.known.insert(line, self.lines.len() - 1);
        self.lines.len() - 1
    }

    fn text(&mut self, text: &str) -> usize {
        let next = self.texts.len();
        *self.texts.entry(text.to_owned()).or_insert(next)
    }
}

/// Returns what a line gives a value to: a key with how far it stands to the right, or how an item of a list
/// begins.
fn subject(line: &str) -> Option<String> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    if let Some(item) = text.strip_prefix("- ") {
        let start = item.as_bytes().get(..8)?;
        return Some(format!("{indent}- {}", String::from_utf8_lossy(start)));
    }
    let (key, _) = text.split_once(':')?;
    (!key.contains(['"', '('])).then(|| format!("{indent}:{key}"))
}

/// Files that have the same lines but for the values of dimensions.
struct Shape {
    files: Vec<usize>,
}

fn shapes(files: &[Vec<usize>], book: &Book) -> Vec<Shape> {
    let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
    let mut shapes: Vec<Shape> = Vec::new();
    for (file, lines) in files.iter().enumerate() {
        let open = lines.iter().map(|line| book.words[*line].open).collect();
        let number = *known.entry(open).or_insert(shapes.len());
        match shapes.get_mut(number) {
            Some(shape) => shape.files.push(file),
            None => shapes.push(Shape { files: vec![file] }),
        }
    }
    shapes
}

/// A place for a line: which lines stand there, and in which line of a shape.
#[derive(Default)]
struct Slot {
    raws: HashSet<usize>,
    opens: HashSet<usize>,
    subjects: HashSet<usize>,
    shapes: Vec<(usize, usize)>,
}

impl Slot {
    /// Adds a line of a shape.
    fn put(&mut self, shape: (usize, &Shape), at: usize, files: &[Vec<usize>], book: &Book) {
        self.shapes.push((shape.0, at));
        for file in &shape.1.files {
            let words = book.words[files[*file][at]];
            self.raws.insert(words.raw);
            self.opens.insert(words.open);
            self.subjects.extend(words.subject);
        }
    }

    /// Returns how well a line fits. The same text fits better than one that is the same but for the values of
    /// dimensions: a file about `minimal` names `minimal.yaml` because all do.
    fn fits(&self, line: Words) -> u32 {
        match () {
            () if self.raws.contains(&line.raw) => SAME,
            () if self.opens.contains(&line.open) => SAME_BUT_FOR_VALUES,
            () => u32::from(line.subject.is_some_and(|subject| self.subjects.contains(&subject))),
        }
    }
}

/// Adds the lines of a shape to those of the shapes before it.
fn merged(slots: Vec<Slot>, shape: &Shape, number: usize, files: &[Vec<usize>], book: &Book) -> Vec<Slot> {
    let lines: Vec<Words> = files[shape.files[0]].iter().map(|line| book.words[*line]).collect();
    let pairs = pairs(&slots, &lines);
    let mut merged = Vec::with_capacity(slots.len().max(lines.len()));
    let mut slots = slots.into_iter().enumerate().peekable();
    let mut lines = (0..lines.len()).peekable();
    let put = |mut slot: Slot, at: usize| {
        slot.put((number, shape), at, files, book);
        slot
    };
    for (slot_at, line_at) in pairs.into_iter().chain([(usize::MAX, usize::MAX)]) {
        while let Some((_, slot)) = slots.next_if(|(at, _)| *at < slot_at) {
            merged.push(slot);
        }
        while let Some(line) = lines.next_if(|at| *at < line_at) {
            merged.push(put(Slot::default(), line));
        }
        if let (Some((_, slot)), Some(line)) = (slots.next(), lines.next()) {
            merged.push(put(slot, line));
        }
    }
    merged
}

/// Returns which slot each line goes to, so that as much as can be fits.
fn pairs(slots: &[Slot], lines: &[Words]) -> Vec<(usize, usize)> {
    let mut ends = ends(slots, lines, SAME);
    if inner(slots, ends) * inner(lines, ends) > MANY_PAIRS {
        ends = self::ends(slots, lines, SAME_BUT_FOR_VALUES);
    }
    let (start, end) = ends;
    let mut pairs: Vec<(usize, usize)> = (0..start).map(|at| (at, at)).collect();
    if inner(slots, ends) * inner(lines, ends) <= MOST_PAIRS {
        let found = best(&slots[start..slots.len() - end], &lines[start..lines.len() - end]);
        pairs.extend(found.into_iter().map(|(slot, line)| (slot + start, line + start)));
    }
    pairs.extend((0..end).map(|at| (slots.len() - end + at, lines.len() - end + at)));
    pairs
}

/// Returns how many places from the start and from the end fit one by one.
fn ends(slots: &[Slot], lines: &[Words], least: u32) -> (usize, usize) {
    let fits = |(slot, line): &(&Slot, &Words)| slot.fits(**line) >= least;
    let start = slots.iter().zip(lines).take_while(fits).count();
    let (slots, lines) = (&slots[start..], &lines[start..]);
    (start, slots.iter().rev().zip(lines.iter().rev()).take_while(fits).count())
}

fn inner<T>(all: &[T], (start, end): (usize, usize)) -> usize {
    all.len() - start - end
}

fn best(slots: &[Slot], lines: &[Words]) -> Vec<(usize, usize)> {
    let width = lines.len() + 1;
    let mut scores = vec![0_u32; (slots.len() + 1) * width];
    let mut fits = vec![0_u32; slots.len() * lines.len()];
    for slot in (0..slots.len()).rev() {
        for line in (0..lines.len()).rev() {
            let fit = slots[slot].fits(lines[line]);
            fits[slot * lines.len() + line] = fit;
            let both = if fit > 0 { fit + scores[(slot + 1) * width + line + 1] } else { 0 };
            let apart = scores[(slot + 1) * width + line].max(scores[slot * width + line + 1]);
            scores[slot * width + line] = both.max(apart);
        }
    }
    let (mut slot, mut line) = (0, 0);
    let mut pairs = Vec::new();
    while slot < slots.len() && line < lines.len() {
        let here = scores[slot * width + line];
        let fit = fits[slot * lines.len() + line];
        if fit > 0 && here == fit + scores[(slot + 1) * width + line + 1] {
            pairs.push((slot, line));
            slot += 1;
            line += 1;
        } else if here == scores[(slot + 1) * width + line] {
            slot += 1;
        } else {
            line += 1;
        }
    }
    pairs
}
