//! What the names of files are made of.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::naming::{OTHERWISE, give_names};
use super::pattern::{Part, Pattern, has_word};
use super::tree::Variation;

/// What stands between the words of a name.
const SEPARATORS: [char; 3] = ['-', '_', '/'];

/// The longest value that may be a part of a file's name.
const LONGEST: usize = 80;

/// A part of the files' names that varies by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// What to call it.
    pub name: String,
    /// The value that each file has.
    pub values: Vec<String>,
}

impl Dimension {
    /// Returns a dimension that has no name yet.
    fn of(values: &[&str]) -> Self {
        Self { name: String::new(), values: values.iter().map(|value| (*value).to_owned()).collect() }
    }

    /// Returns the names of files as one dimension, without what all begin and end with.
    pub fn whole(names: &[String]) -> Self {
        let names = without_ending(names);
        let values = stripped(&names.iter().map(|name| vec![Part::Text(name.clone())]).collect::<Vec<_>>());
        Self { name: OTHERWISE[0].to_owned(), values: values.unwrap_or(names) }
    }

    /// Returns the values, each once, in the order of the files.
    pub fn distinct(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        self.values.iter().map(String::as_str).filter(|value| seen.insert(*value)).collect()
    }
}

/// Takes the names of files apart.
///
/// Where one name ends and the next begins, dashes do not say: `44-minimal-plus-push`. The values in
/// the files do, as one of them holds `44` alone and another `minimal-plus`. Each value that stands in
/// its file's name is tried, those with the fewest different ones first; what is left of the others
/// without it is the next. Names that cannot be told apart so are one dimension.
pub fn dimensions(names: &[String], varying: &[Variation]) -> Vec<Dimension> {
    if names.len() < 2 {
        return Vec::new();
    }
    let paths = names;
    let names = without_ending(paths);
    let mut candidates = candidates(&names, varying);
    candidates.sort_by_key(|values| values.iter().collect::<BTreeSet<_>>().len());
    let mut found = Vec::new();
    find_all(&candidates, &names, &mut found);
    // One value for each file says nothing about how the names are made.
    let one_by_one = matches!(found.as_slice(), [one] if one.distinct().len() == names.len());
    if one_by_one || !explains(&names, &found) {
        let mut other = if one_by_one { Vec::new() } else { found.clone() };
        other.extend(first_words(&names, &other));
        find_all(&candidates, &names, &mut other);
        if other.len() > 1 && explains(&names, &other) {
            found = other;
        }
    }
    if !explains(&names, &found) {
        found = vec![Dimension::whole(paths)];
    }
    divide(&mut found, &names);
    in_order_of_names(&mut found, &names);
    give_names(&mut found, varying);
    found
}

fn find_all(candidates: &[Vec<String>], names: &[String], found: &mut Vec<Dimension>) {
    while let Some(dimension) = candidates.iter().find_map(|values| next(values, names, found)) {
        found.push(dimension);
    }
}

/// Divides dimensions of whose words each goes with almost each other: `42-minimal`, `42-iot`, `43-minimal`,
/// `43-iot` are two releases of two kinds.
fn divide(found: &mut Vec<Dimension>, names: &[String]) {
    let mut number = 0;
    while number < found.len() {
        let divided = halves(&found[number]).and_then(|halves| {
            let others = found.iter().enumerate().filter(|(other, _)| *other != number);
            let all: Vec<Dimension> = others.map(|(_, one)| one.clone()).chain(halves).collect();
            explains(names, &all).then_some(all)
        });
        match divided {
            Some(all) => *found = all,
            None => number += 1,
        }
    }
}

/// Returns the two dimensions that the first words and the others of a dimension are, if most pairs of them are
/// there.
fn halves(dimension: &Dimension) -> Option<[Dimension; 2]> {
    let pairs: Option<Vec<(&str, &str)>> =
        dimension.values.iter().map(|value| value.split_once(SEPARATORS)).collect();
    let (left, right): (Vec<&str>, Vec<&str>) = pairs?.into_iter().unzip();
    let count = |values: &[&str]| values.iter().collect::<BTreeSet<_>>().len();
    let (one, other, both) = (count(&left), count(&right), dimension.distinct().len());
    let is_whole = |values: &[&str]| values.iter().all(|value| !value.is_empty());
    let fits = one > 1 && other > 1 && one * other * 2 <= both * 3 && is_whole(&left) && is_whole(&right);
    fits.then(|| [Dimension::of(&left), Dimension::of(&right)])
}

/// Returns the words with which names begin to differ, if several names share one: where no file says where a
/// name is to be cut, the first dash is.
fn first_words(names: &[String], known: &[Dimension]) -> Option<Dimension> {
    let patterns = names.iter().enumerate().map(|(file, name)| Pattern::of(name, known, file).parts);
    let left = stripped(&patterns.collect::<Vec<_>>())?;
    let words: Option<Vec<String>> =
        left.iter().map(|text| text.split_once(SEPARATORS).map(|(word, _)| word.to_owned())).collect();
    let words = words?;
    let distinct = words.iter().collect::<BTreeSet<_>>().len();
    if distinct < names.len() { next(&words, names, known) } else { None }
}

/// Returns whether all names are one pattern.
fn explains(names: &[String], dimensions: &[Dimension]) -> bool {
    let patterns = names.iter().enumerate().map(|(file, name)| Pattern::of(name, dimensions, file));
    !dimensions.is_empty() && patterns.collect::<BTreeSet<_>>().len() == 1
}

fn in_order_of_names(found: &mut Vec<Dimension>, names: &[String]) {
    let order = Pattern::of(&names[0], found, 0).open();
    let position = |number: usize| order.iter().position(|open| *open == number).unwrap_or(order.len());
    let mut numbered: Vec<(usize, Dimension)> =
        std::mem::take(found).into_iter().enumerate().map(|(number, one)| (position(number), one)).collect();
    numbered.sort_by_key(|(position, _)| *position);
    found.extend(numbered.into_iter().map(|(_, dimension)| dimension));
}

/// Returns names without the ending that all of them have.
fn without_ending(names: &[String]) -> Vec<String> {
    let all = |ending: &str| -> Option<Vec<String>> {
        names.iter().map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
    };
    all(".yaml").or_else(|| all(".yml")).unwrap_or_else(|| names.to_vec())
}

/// Returns values that may be parts of names.
fn candidates(names: &[String], varying: &[Variation]) -> Vec<Vec<String>> {
    let segments: Vec<Vec<&str>> = names.iter().map(|name| name.split('/').collect()).collect();
    let depth = segments[0].len();
    let mut found = Vec::new();
    if segments.iter().all(|segments| segments.len() == depth) {
        for at in 0..depth {
            found.push(segments.iter().map(|segments| segments[at].to_owned()).collect());
        }
    }
    found.extend(varying.iter().filter_map(short_texts));
    found.push(names.to_vec());
    found.retain(|values: &Vec<String>| values.iter().any(|value| *value != values[0]));
    found
}

/// Returns the values of all files, if they are texts that may be parts of names.
pub(super) fn short_texts(variation: &Variation) -> Option<Vec<String>> {
    let short = |value: &Option<Value>| match value {
        Some(Value::String(text)) if text.len() <= LONGEST && !text.contains(char::is_whitespace) => {
            Some(text.clone())
        }
        _ => None,
    };
    variation.values.iter().map(short).collect()
}

/// Returns the dimension that some values show, if it is none that is known.
fn next(values: &[String], names: &[String], known: &[Dimension]) -> Option<Dimension> {
    let patterns = values.iter().enumerate().map(|(file, value)| Pattern::of(value, known, file).parts);
    let left = stripped(&patterns.collect::<Vec<_>>())?;
    let is_in_name = |(file, value): (usize, &String)| {
        let open = Pattern::of(&names[file], known, file);
        open.parts.iter().any(|part| matches!(part, Part::Text(text) if has_word(text, value)))
    };
    if !left.iter().enumerate().all(is_in_name) || known.iter().any(|known| follows(&left, &known.values)) {
        return None;
    }
    Some(Dimension { name: String::new(), values: left })
}

/// Returns whether equal values on the right always stand beside equal ones on the left.
fn follows(left: &[String], right: &[String]) -> bool {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    right.iter().zip(left).all(|(right, left)| seen.insert(right, left).is_none_or(|known| known == left))
}

/// Returns what differs in some texts, without what all begin and end with; whole words only.
pub(super) fn stripped(texts: &[Vec<Part>]) -> Option<Vec<String>> {
    // Dimensions are no words: a letter that no name has stands for each of them.
    let flat = |parts: &Vec<Part>| -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Dimension(number) => char::from_u32(0xe000 + *number as u32).into_iter().collect(),
        };
        parts.iter().map(part).collect()
    };
    let texts: Vec<String> = texts.iter().map(flat).collect();
    let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
    let prefix = common_prefix(&refs);
    let rest: Vec<&str> = refs.iter().map(|text| &text[prefix..]).collect();
    let suffix = common_suffix(&rest);
    let middles: Vec<String> = rest.iter().map(|text| text[..text.len() - suffix].to_owned()).collect();
    let is_word =
        |text: &String| !text.is_empty() && text.chars().all(|c| !('\u{e000}'..'\u{f000}').contains(&c));
    let differ = middles.iter().any(|middle| *middle != middles[0]);
    (differ && middles.iter().all(is_word)).then_some(middles)
}

/// Returns how many bytes all texts begin with, up to the end of a word.
pub(in crate::konflux) fn common_prefix(texts: &[&str]) -> usize {
    let Some((first, others)) = texts.split_first() else { return 0 };
    let mut length = first.len();
    for other in others {
        let same = first.bytes().zip(other.bytes()).take_while(|(left, right)| left == right).count();
        length = length.min(same);
    }
    while length > 0 && !(first.is_char_boundary(length) && ends_word(&first[..length])) {
        length -= 1;
    }
    length
}

fn ends_word(text: &str) -> bool {
    !text.chars().next_back().is_some_and(char::is_alphanumeric)
}

/// Returns how many bytes all texts end with, from the beginning of a word.
pub(in crate::konflux) fn common_suffix(texts: &[&str]) -> usize {
    let Some((first, others)) = texts.split_first() else { return 0 };
    let mut length = first.len();
    for other in others {
        let pairs = first.bytes().rev().zip(other.bytes().rev());
        length = length.min(pairs.take_while(|(left, right)| left == right).count());
    }
    let begins_word = |text: &str| !text.chars().next().is_some_and(char::is_alphanumeric);
    while length > 0 {
        let start = first.len() - length;
        if first.is_char_boundary(start) && begins_word(&first[start..]) {
            break;
        }
        length -= 1;
    }
    length
}
