//! The index behind a site's search: pages in, scripts out.
//!
//! A browser reads no files beside a page that was opened from a disk, but it runs scripts from
//! there. So every piece of the index is a script that calls `stagebookSearch` (`theme/search.js`)
//! with its data, and is loaded when a query needs it:
//!
//! - `search/table.js`: pages, how many sections each has, and the token with which each bucket begins;
//! - `search/N.js`: a bucket of neighbouring tokens, each with the sections in which it stands;
//! - `search/text/N.js`: headings and text of the sections of page N, for results on screen.
//!
//! A section is what stands below one heading. Words are not reduced to stems: what is typed last
//! counts as the beginning of a word, which serves names and options as well as prose, in any language.

use std::cmp::Ordering;
use std::path::PathBuf;

use foldhash::HashMap;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use super::markdown::Section;
use super::script::{push_script_text, script_value};
use super::shape::Shown;

/// Characters of a token; what is longer is cut, in the index and in a query alike.
const LONGEST_TOKEN: usize = 32;
/// Where a bucket is closed: small enough for one query, large enough that a book has few of them.
const BUCKET_BYTES: usize = 14 * 1024;
/// The character for zero in postings; the 63 after it are ASCII too, and only one of them is escaped in a script.
const ZERO: u8 = b'?';
/// A page as search knows it.
pub(super) struct SearchPage<'a> {
    /// Where it is, from the site's root, percent-encoded.
    pub(super) url: String,
    /// Its title.
    pub(super) title: &'a str,
    /// The part of the book in which it stands; may be empty.
    pub(super) part: &'a str,
    /// What is known about it, when it is a tutorial.
    pub(super) state: Option<Shown>,
    /// The languages of its code blocks.
    pub(super) languages: Vec<&'a str>,
}

/// Returns the sections of a page that can be found; a page without any is still found by its title.
fn found_sections(sections: &[Section]) -> &[Section] {
    let is_blank = |section: &Section| section.title.is_empty() && section.text.trim_start().is_empty();
    match sections.split_first() {
        Some((first, rest)) if !rest.is_empty() && is_blank(first) => rest,
        _ => sections,
    }
}

/// The index on its way. Pages come in their order, and need not be kept.
#[derive(Default)]
pub(super) struct SearchIndex {
    tokens: Tokens,
    /// Sections of each page.
    counts: Vec<usize>,
    /// The number of the next section.
    next: usize,
}

impl SearchIndex {
    /// Adds the next page.
    pub(super) fn add(&mut self, title: &str, sections: &[Section]) {
        self.tokens(title, Weight::PageTitle);
        let sections = found_sections(sections);
        for section in sections {
            self.tokens(&section.title, Weight::Heading);
            self.tokens(&section.text, Weight::Once);
            self.next += 1;
        }
        self.next += usize::from(sections.is_empty());
        self.counts.push(sections.len().max(1));
    }

    /// Passes over the next page: it has no section that could be found.
    pub(super) fn pass(&mut self) {
        self.counts.push(0);
    }

    fn tokens(&mut self, text: &str, weight: Weight) {
        each_token(text, |token| self.tokens.note(token, self.next, weight));
    }

    /// Gives each file of the index to a function, by its path relative to the site's root (all below
    /// `search/`). `pages` are those that were added.
    ///
    /// The same pages give the same bytes.
    pub(super) fn write<E>(
        self,
        pages: &[SearchPage<'_>],
        mut put: impl FnMut(PathBuf, String) -> Result<(), E>,
    ) -> Result<(), E> {
        let index = self.tokens.sorted();
        let buckets = buckets(&index);
        put(PathBuf::from("search/table.js"), table(pages, &self.counts, &buckets))?;
        for (number, bucket) in buckets.iter().enumerate() {
            let script = format!("stagebookSearch.bucket({number},{})\n", script_value(&bucket.view));
            put(PathBuf::from(format!("search/{number}.js")), script)?;
        }
        Ok(())
    }
}

/// Returns the path of the file with the sections of a page, relative to the site's root.
pub(super) fn text_path(number: usize) -> PathBuf {
    PathBuf::from(format!("search/text/{number}.js"))
}

/// Returns the file with the sections of a page.
pub(super) fn text_script(number: usize, sections: &[Section]) -> String {
    let sections = found_sections(sections);
    let length: usize = sections.iter().map(|section| section.title.len() + section.text.len() + 64).sum();
    let mut script = String::with_capacity(length * 9 / 8);
    script.push_str(&format!("stagebookSearch.text({number},"));
    for (at, section) in sections.iter().enumerate() {
        script.push_str(if at == 0 { "[[" } else { ",[" });
        push_script_text(&mut script, &section.id);
        script.push(',');
        push_script_text(&mut script, &section.title);
        script.push(',');
        push_script_text(&mut script, &section.text);
        script.push(']');
    }
    script.push_str(if sections.is_empty() { "[])\n" } else { "])\n" });
    script
}

/// Returns the browser's side of search as it is served: without its comments and its indentation.
pub(super) fn search_script() -> String {
    let lines = include_str!("theme/search.js").lines().map(str::trim_start);
    let mut script = String::new();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with("//")) {
        script.push_str(line);
        script.push('\n');
    }
    script
}

/// How strongly a token stands for a section. Two bits of a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Once in its text.
    Once = 0,
    /// More than once in its text.
    Often = 1,
    /// In its heading.
    Heading = 2,
    /// In the title of the page; only the page's first section has it.
    PageTitle = 3,
}

/// The tokens of an index with their sections.
///
/// Most tokens are short. As numbers these lie in the table itself, so that a look finds one with its sections.
#[derive(Default)]
struct Tokens {
    short: HashMap<u128, Postings>,
    long: HashMap<String, Postings>,
}

impl Tokens {
    /// Notes a token in a section. Sections come in their order.
    fn note(&mut self, token: &str, section: usize, weight: Weight) {
        let short = short(token);
        let known = match short {
            Some(number) => self.short.get_mut(&number),
            None => self.long.get_mut(token),
        };
        let new = || Postings::new(section, weight);
        match (known, short) {
            (Some(known), _) => known.add(section, weight),
            (None, Some(number)) => {
                self.short.insert(number, new());
            }
            (None, None) => {
                self.long.insert(token.to_owned(), new());
            }
        }
    }

    /// Returns every token with its postings, in the order in which browsers compare strings.
    fn sorted(self) -> Vec<(String, String)> {
        let short = self.short.into_iter().map(|(number, postings)| (long(number), postings));
        let tokens = short.chain(self.long).map(|(token, postings)| (token, postings.finish()));
        let mut index: Vec<_> = tokens.collect();
        index.sort_unstable_by(|(one, _), (other, _)| browser_order(one, other));
        index
    }
}

/// Returns a token as a number, if it is short. No token has a byte that is zero.
fn short(token: &str) -> Option<u128> {
    let bytes = token.as_bytes();
    // The first bytes and the last are the same where they overlap.
    let joined = |first: u64, last: u64, size: usize| {
        u128::from(first) | u128::from(last) << (8 * (bytes.len() - size))
    };
    Some(match bytes.len() {
        0..4 => bytes.iter().rfold(0, |number, byte| number << 8 | u128::from(*byte)),
        4..8 => {
            let half = |bytes| u64::from(u32::from_le_bytes(bytes));
            joined(half(*bytes.first_chunk()?), half(*bytes.last_chunk()?), 4)
        }
        8..=16 => {
            let whole = u64::from_le_bytes;
            joined(whole(*bytes.first_chunk()?), whole(*bytes.last_chunk()?), 8)
        }
        _ => return None,
    })
}

/// Returns the token of a number.
fn long(number: u128) -> String {
    let bytes = number.to_le_bytes();
    let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8(bytes[..length].to_vec()).expect("tokens are text")
}

/// The sections of one token, each as the distance to the one before and a weight.
struct Postings {
    /// What is written already, in digits.
    written: Vec<u8>,
    /// The first section that may still be written.
    next: usize,
    /// The section that is being read, which is not written yet: its weight may grow.
    section: usize,
    weight: Weight,
}

impl Postings {
    fn new(section: usize, weight: Weight) -> Self {
        Self { written: Vec::new(), next: 0, section, weight }
    }

    /// Notes the token in a section. Sections come in their order.
    fn add(&mut self, section: usize, weight: Weight) {
        if self.section != section {
            self.write();
            (self.section, self.weight) = (section, weight);
        } else if weight == Weight::Once {
            self.weight = self.weight.max(Weight::Often);
        } else {
            self.weight = self.weight.max(weight);
        }
    }

    fn write(&mut self) {
        push_number(&mut self.written, (self.section - self.next) << 2 | self.weight as usize);
        self.next = self.section + 1;
    }

    fn finish(mut self) -> String {
        self.write();
        String::from_utf8(self.written).expect("digits are ASCII")
    }
}

/// Adds a number in digits of five bits, lowest first; the sixth bit says that another one follows.
fn push_number(text: &mut Vec<u8>, mut number: usize) {
    while number > 31 {
        text.push(digit(number & 31 | 32));
        number >>= 5;
    }
    text.push(digit(number));
}

fn digit(number: usize) -> u8 {
    ZERO + number as u8
}

/// Compares as JavaScript does: by units of UTF-16, which differs from the order of bytes above U+FFFF.
fn browser_order(one: &str, other: &str) -> Ordering {
    if one.is_ascii() || other.is_ascii() {
        return one.cmp(other);
    }
    one.encode_utf16().cmp(other.encode_utf16())
}

/// A run of neighbouring tokens.
struct Bucket<'a> {
    first: &'a str,
    view: BucketView,
}

/// A bucket as its script gives it.
#[derive(Default, Serialize)]
struct BucketView {
    /// The tokens with a space between them. Each begins with a digit of base 36: how many units of UTF-16 it shares with the one before.
    tokens: String,
    /// Their postings, likewise.
    postings: String,
}

fn buckets(index: &[(String, String)]) -> Vec<Bucket<'_>> {
    let mut buckets: Vec<Bucket<'_>> = Vec::new();
    let mut before = "";
    for (token, postings) in index {
        let full = buckets.last().is_none_or(|bucket| {
            let bytes = bucket.view.tokens.len() + bucket.view.postings.len();
            bytes + token.len() + postings.len() > BUCKET_BYTES
        });
        if full {
            buckets.push(Bucket { first: token, view: BucketView::default() });
            before = "";
        }
        if let Some(bucket) = buckets.last_mut() {
            bucket.view.add(before, token, postings);
        }
        before = token;
    }
    buckets
}

impl BucketView {
    fn add(&mut self, before: &str, token: &str, postings: &str) {
        if !self.tokens.is_empty() {
            self.tokens.push(' ');
            self.postings.push(' ');
        }
        let (units, bytes) = shared_start(before, token);
        self.tokens.push(char::from_digit(units, 36).expect("at most 35 units are shared"));
        self.tokens.push_str(&token[bytes..]);
        self.postings.push_str(postings);
    }
}

/// Returns the length of the common beginning of two tokens, in units of UTF-16 and in bytes.
fn shared_start(one: &str, other: &str) -> (u32, usize) {
    let (mut units, mut bytes) = (0, 0);
    for (a, b) in one.chars().zip(other.chars()) {
        if a != b || units + a.len_utf16() > 35 {
            break;
        }
        units += a.len_utf16();
        bytes += a.len_utf8();
    }
    (units as u32, bytes)
}

/// What a browser knows before it has read any bucket.
#[derive(Serialize)]
struct TableView<'a> {
    /// Word and class of each state that occurs.
    states: Vec<(&'static str, &'static str)>,
    /// Languages that occur.
    languages: Vec<&'a str>,
    pages: Vec<PageView<'a>>,
    /// The token with which each bucket begins.
    first: Vec<&'a str>,
}

/// Address, title, part, state (its place among the states, or -1), places of its languages, and how many sections it has.
#[derive(Serialize)]
struct PageView<'a>(&'a str, &'a str, &'a str, isize, Vec<usize>, usize);

fn table<'a>(pages: &'a [SearchPage<'a>], counts: &[usize], buckets: &'a [Bucket<'a>]) -> String {
    let states = sorted(pages.iter().filter_map(|page| page.state));
    let languages = sorted(pages.iter().flat_map(|page| page.languages.iter().copied()));
    let pages = pages.iter().zip(counts);
    let view = TableView {
        states: states.iter().map(|state| (state.word(), state.class())).collect(),
        pages: pages.map(|(page, count)| page_view(page, *count, &states, &languages)).collect(),
        first: buckets.iter().map(|bucket| bucket.first).collect(),
        languages,
    };
    format!("stagebookSearch.table({})\n", script_value(&view))
}

fn page_view<'a>(
    page: &'a SearchPage<'a>,
    count: usize,
    states: &[Shown],
    languages: &[&str],
) -> PageView<'a> {
    let state = page.state.and_then(|state| states.binary_search(&state).ok());
    let used = sorted(page.languages.iter().copied());
    PageView(
        &page.url,
        page.title,
        page.part,
        state.map_or(-1, |place| place as isize),
        used.iter().filter_map(|language| languages.binary_search(language).ok()).collect(),
        count,
    )
}

/// Returns what occurs, once each.
fn sorted<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Calls back with every token of a text: words in lower case, and pairs of neighbours where words
/// are written without spaces. `theme/search.js` does the same to a query.
///
/// A name of several words, `a_long_name`, is found by each of them too. A query has no need of that.
///
/// Of a run that is written without spaces the last character is a token of its own too, so that a query
/// of one character finds it: every other one begins a pair.
fn each_token(text: &str, visit: impl FnMut(&str)) {
    let mut reader = Reader { token: String::new(), length: 0, neighbour: None, visit };
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let class = CLASSES[usize::from(*byte)];
        // All text of a book comes by here: what is ASCII is taken in runs.
        if class & WORD != 0 {
            let end = run(bytes, at, |class| class == WORD);
            match bytes.get(end).map_or(OTHER, |byte| CLASSES[usize::from(*byte)]) {
                OTHER => {
                    reader.whole(&text[at..end]);
                    at = end;
                }
                _ => {
                    let end = run(bytes, end, |class| class & WORD != 0);
                    reader.word(&text[at..end]);
                    at = end;
                }
            }
        } else if class == OTHER {
            reader.end();
            at += 1;
        } else {
            let character = text[at..].chars().next().expect("a character begins after each other");
            plain(character).for_each(|character| reader.plain(character));
            at += character.len_utf8();
        }
    }
    reader.end();
}

/// Returns whether a character is a letter, a digit or a `_` of ASCII.
const fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The class of other characters of ASCII.
const OTHER: u8 = 0;
/// That of letters, digits and `_`.
const WORD: u8 = 1;
/// That of those among them that a token may have in another way, or not at all.
const CHANGED: u8 = 2;
/// That of what is not ASCII.
const FOREIGN: u8 = 4;

/// The classes of each byte.
const CLASSES: [u8; 256] = {
    let mut classes = [FOREIGN; 256];
    let mut byte = 0_u8;
    while byte.is_ascii() {
        classes[byte as usize] = match is_word(byte as char) {
            true if byte.is_ascii_uppercase() || byte == b'_' => WORD | CHANGED,
            true => WORD,
            false => OTHER,
        };
        byte += 1;
    }
    classes
};

/// Returns where a run of bytes of some classes ends.
fn run(bytes: &[u8], start: usize, is_in: impl Fn(u8) -> bool) -> usize {
    let end = bytes[start..].iter().position(|byte| !is_in(CLASSES[usize::from(*byte)]));
    end.map_or(bytes.len(), |length| start + length)
}

/// Reads text into tokens.
struct Reader<V> {
    /// The word that is being read.
    token: String,
    /// Its length in characters.
    length: usize,
    /// The character before, if it has no spaces around its words.
    neighbour: Option<char>,
    visit: V,
}

impl<V: FnMut(&str)> Reader<V> {
    /// Takes lower letters and digits of ASCII, with no other letter or digit behind them.
    fn whole(&mut self, word: &str) {
        if self.length > 0 || word.len() > LONGEST_TOKEN {
            return self.word(word);
        }
        // No letter stands before them either: they are a token as they stand there.
        self.end_pairs();
        (self.visit)(word);
    }

    /// Takes letters, digits and `_` of ASCII, which are one byte each.
    fn word(&mut self, letters: &str) {
        self.end_pairs();
        let letters = if self.token.is_empty() { letters.trim_start_matches('_') } else { letters };
        let kept = letters.len().min(LONGEST_TOKEN - self.length);
        let start = self.token.len();
        self.token.push_str(&letters[..kept]);
        self.token[start..].make_ascii_lowercase();
        self.length += kept;
    }

    fn plain(&mut self, character: char) {
        if is_word(character) {
            self.word(character.encode_utf8(&mut [0; 4]));
        } else if character.is_ascii() || !character.is_alphanumeric() {
            self.end();
        } else if is_spaceless(character) {
            self.pair(character);
        } else {
            self.extend(lower(character));
        }
    }

    fn extend(&mut self, character: char) {
        self.end_pairs();
        if self.length < LONGEST_TOKEN {
            self.token.push(character);
            self.length += 1;
        }
    }

    fn pair(&mut self, character: char) {
        self.end_word();
        if let Some(before) = self.neighbour.replace(character) {
            let mut bytes = [0; 8];
            let start = before.encode_utf8(&mut bytes).len();
            let end = start + character.encode_utf8(&mut bytes[start..]).len();
            (self.visit)(std::str::from_utf8(&bytes[..end]).expect("two characters are text"));
        }
    }

    fn end(&mut self) {
        if self.length > 0 {
            self.end_word();
        }
        self.end_pairs();
    }

    fn end_word(&mut self) {
        let token = self.token.trim_end_matches('_');
        if !token.is_empty() {
            (self.visit)(token);
            if token.contains('_') {
                token.split('_').filter(|part| part.len() > 2).for_each(&mut self.visit);
            }
        }
        self.token.clear();
        self.length = 0;
    }

    fn end_pairs(&mut self) {
        if let Some(last) = self.neighbour.take() {
            (self.visit)(last.encode_utf8(&mut [0; 4]));
        }
    }
}

/// Returns what a character is without its accents and its form: `é` is `e`, `ﬁ` is `fi`, `Ａ` is `A`.
///
/// One by one, so that a browser can say where in a text each came from. Only the marks of European scripts
/// are dropped: others tell words apart.
fn plain(character: char) -> impl Iterator<Item = char> {
    std::iter::once(character).nfkd().filter(|mark| !('\u{300}'..='\u{36F}').contains(mark)).nfc()
}

/// Returns one character in lower case. One stays one, and a sigma is the same wherever it stands in its word.
fn lower(character: char) -> char {
    match character.to_lowercase().next() {
        Some('ς') => 'σ',
        Some(lower) => lower,
        None => character,
    }
}

/// Whether a letter or digit is Han, Hiragana, Katakana or Hangul, or stands among them. The same ranges stand in `theme/search.js`.
fn is_spaceless(character: char) -> bool {
    matches!(character,
        '\u{3005}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{FAFF}'
        | '\u{FF66}'..='\u{FFDC}'
        | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        each_token(text, |token| tokens.push(token.to_owned()));
        tokens
    }

    /// The same cases stand in `theme/search.js`, which leaves out what begins with `+`: that is for the index alone.
    #[test]
    fn text_becomes_tokens() {
        for (text, expected) in [
            ("", ""),
            ("Hello, World!", "hello world"),
            ("--no-cache=2", "no cache 2"),
            ("__init__ foo__bar _ x_", "init foo__bar foo bar x"),
            ("Ärger ΟΔΟΣ ὀδός İzmir ẞ", "arger οδοσ οδοσ izmir ß"),
            ("cafe\u{301} café ﬁle Ａ１ ﾃｽﾄ", "cafe cafe file a1 テス スト +ト"),
            ("v1.20 ½ ٣", "v1 20 1 2 ٣"),
            ("漢", "漢"),
            ("漢字検索", "漢字 字検 検索 +索"),
            ("run コンテナ。x漢字_y", "run コン ンテ テナ +ナ x 漢字 +字 y"),
            ("도커 이미지", "도커 +커 이미 미지 +지"),
            ("𠮷野家", "𠮷野 野家 +家"),
            ("sha256:0123456789abcdef0123456789ABCDEF01", "sha256 0123456789abcdef0123456789abcdef"),
            ("abcdefghijabcdefghijabcdefghija_b", "abcdefghijabcdefghijabcdefghija"),
        ] {
            assert_eq!(tokens(text).join(" "), expected.replace('+', ""), "{text}");
        }
    }

    type Texts<'a> = &'a [(&'a str, &'a str, &'a str)];

    fn page(title: &str) -> SearchPage<'_> {
        let url = format!("{}.html", title.to_lowercase());
        SearchPage { url, title, part: "Guide", state: None, languages: Vec::new() }
    }

    fn sections(texts: Texts<'_>) -> Vec<Section> {
        let section = |(id, title, text): &(&str, &str, &str)| Section {
            id: (*id).to_owned(),
            title: (*title).to_owned(),
            text: (*text).to_owned(),
        };
        texts.iter().map(section).collect()
    }

    /// Returns the files for pages with their sections.
    fn files(pages: &[(SearchPage<'_>, Texts<'_>)]) -> Vec<(PathBuf, String)> {
        let (mut index, mut files, mut known) = (SearchIndex::default(), Vec::new(), Vec::new());
        for (number, (page, texts)) in pages.iter().enumerate() {
            index.add(page.title, &sections(texts));
            files.push((text_path(number), text_script(number, &sections(texts))));
            known.push(SearchPage { url: page.url.clone(), languages: page.languages.clone(), ..*page });
        }
        let put = |path, script| {
            files.push((path, script));
            Ok::<_, ()>(())
        };
        index.write(&known, put).unwrap();
        files
    }

    fn index(pages: &[(&str, Texts<'_>)]) -> Vec<(String, String)> {
        let mut index = SearchIndex::default();
        pages.iter().for_each(|(title, texts)| index.add(title, &sections(texts)));
        index.tokens.sorted()
    }

    fn file(files: &[(PathBuf, String)], path: &str) -> String {
        let file = files.iter().find(|(at, _)| at == &PathBuf::from(path));
        file.unwrap_or_else(|| panic!("no {path}")).1.clone()
    }

    /// Reads postings back, as the browser does.
    fn read(postings: &str) -> Vec<(usize, usize)> {
        let (mut found, mut next, mut number, mut shift) = (Vec::new(), 0, 0, 0);
        for digit in postings.bytes() {
            let digit = usize::from(digit - ZERO);
            number |= (digit & 31) << shift;
            shift += 5;
            if digit < 32 {
                next += number >> 2;
                found.push((next, number & 3));
                (next, number, shift) = (next + 1, 0, 0);
            }
        }
        found
    }

    #[test]
    fn page_title_outweighs_heading_and_heading_outweighs_text() {
        let index = index(&[
            ("Install", &[("", "", "how to install, install twice"), ("run", "Run", "a run")]),
            (
                "Other",
                &[("a", "To install", "install"), ("b", "B", "install"), ("c", "C", "install install")],
            ),
        ]);
        let (_, postings) = index.iter().find(|(token, _)| token == "install").unwrap();
        assert_eq!(read(postings), [(0, 3), (2, 2), (3, 0), (4, 1)]);
    }

    #[test]
    fn short_tokens_are_numbers() {
        for length in 0..=33 {
            let token: String = ('a'..='z').cycle().skip(length).take(length).collect();
            let number = short(&token);
            assert_eq!(number.is_some(), length <= 16);
            assert!(number.is_none_or(|number| long(number) == token), "{token}");
        }
        assert_eq!(short("é").map(long), Some("é".to_owned()));
    }

    #[test]
    fn far_sections_are_read_back() {
        let mut postings = Postings::new(3, Weight::Once);
        for section in [4, 40, 5_000, 2_000_000] {
            postings.add(section, Weight::Heading);
        }
        assert_eq!(read(&postings.finish()), [(3, 0), (4, 2), (40, 2), (5_000, 2), (2_000_000, 2)]);
    }

    #[test]
    fn files_call_the_script_with_their_data() {
        let one =
            SearchPage { state: Some(Shown::Stale), languages: vec!["rust", "bash", "rust"], ..page("One") };
        let files = files(&[(one, &[("", "", " "), ("one", "One", "plain")]), (page("Two"), &[])]);
        assert_eq!(
            file(&files, "search/table.js"),
            "stagebookSearch.table({\"states\":[[\"stale\",\"is-stale\"]],\"languages\":[\"bash\",\"rust\"],\"pages\":[\
             [\"one.html\",\"One\",\"Guide\",0,[0,1],1],[\"two.html\",\"Two\",\"Guide\",-1,[],1]],\
             \"first\":[\"one\"]})\n"
        );
        assert_eq!(
            file(&files, "search/0.js"),
            "stagebookSearch.bucket(0,{\"tokens\":\"0one 0plain 0two\",\"postings\":\"B ? F\"})\n"
        );
        assert_eq!(
            file(&files, "search/text/0.js"),
            "stagebookSearch.text(0,[[\"one\",\"One\",\"plain\"]])\n"
        );
        assert_eq!(files.len(), 4);
    }

    #[test]
    fn no_text_ends_a_script() {
        let hostile = "a</script><!-- \u{2028}\u{2029}\"\\\u{0} é\u{2027}";
        let files = files(&[(page("T"), &[(hostile, hostile, hostile)])]);
        for (path, script) in &files {
            assert!(!script.contains(['<', '\u{2028}', '\u{2029}', '\0']), "{}", path.display());
        }
        let script = file(&files, "search/text/0.js");
        let json = script.trim_start_matches("stagebookSearch.text(0,").trim_end_matches(")\n");
        assert_eq!(serde_json::from_str::<Vec<[String; 3]>>(json).unwrap(), [[hostile; 3]]);
    }

    #[test]
    fn buckets_are_small_and_sorted_and_the_same_each_time() {
        let text: String = (0..20_000).map(|number| format!("word{number} ")).collect();
        let texts = [("", "", text.as_str())];
        let (once, again) = (files(&[(page("T"), &texts)]), files(&[(page("T"), &texts)]));
        assert!(once == again);
        let index = index(&[("T", &texts)]);
        let buckets = buckets(&index);
        assert!(buckets.len() > 3);
        assert!(buckets.iter().all(|bucket| bucket.view.tokens.len() + bucket.view.postings.len() < 16_384));
        assert!(buckets.is_sorted_by(|one, other| one.first < other.first));
    }

    #[test]
    fn the_served_script_is_small() {
        let script = search_script();
        assert!(script.len() < 10 * 1024, "{} bytes", script.len());
        assert!(script.starts_with("{\n") && !script.contains("\n//"));
    }

    #[test]
    fn tokens_stand_in_the_order_of_browsers() {
        // A pair of surrogates comes before U+FF71 there, and after it in bytes.
        assert_eq!(browser_order("𠮷", "\u{FF71}"), Ordering::Less);
        assert_eq!(browser_order("a", "é"), Ordering::Less);
        assert_eq!(shared_start("𠮷野", "𠮷家"), (2, 4));
    }
}
