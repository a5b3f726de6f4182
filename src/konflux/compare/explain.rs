//! How a value follows from the name of its file.

use std::collections::BTreeMap;

use super::dimension::Dimension;
use super::pattern::Pattern;

/// How a value follows from the file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explanation {
    /// It is this text, with the values of dimensions in it.
    Text(Pattern),
    /// It is decided by these dimensions.
    By {
        /// The dimensions, by their numbers.
        dimensions: Vec<usize>,
        /// The value for each of their values.
        cases: Vec<Case>,
    },
    /// Nothing smaller than the file decides it.
    ByFile,
}

/// A value of some dimensions, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The value of each dimension.
    pub when: Vec<String>,
    /// The value that follows; none where files have none.
    pub then: Option<Pattern>,
}

/// Finds the least that decides a value. `values` has one for each file.
pub fn explain(values: &[Option<String>], dimensions: &[Dimension]) -> Explanation {
    let literal = |text: &String| Pattern::of(text, &[], 0);
    let raw: Vec<Option<Pattern>> = values.iter().map(|value| value.as_ref().map(literal)).collect();
    let open = |(file, value): (usize, &Option<String>)| {
        value.as_ref().map(|text| Pattern::of(text, dimensions, file))
    };
    let open: Vec<Option<Pattern>> = values.iter().enumerate().map(open).collect();
    if let Some(Some(first)) = open.first()
        && open.iter().all(|pattern| pattern.as_ref() == Some(first))
    {
        return Explanation::Text(first.clone());
    }
    let sets = subsets(dimensions.len());
    let found = sets.into_iter().find_map(|set| {
        let cases = cases(&raw, &set, dimensions).or_else(|| cases(&open, &set, dimensions))?;
        Some(Explanation::By { dimensions: set, cases })
    });
    found.unwrap_or(Explanation::ByFile)
}

/// Returns the sets of some dimensions but not of all, small ones first. One dimension is a set as well.
fn subsets(count: usize) -> Vec<Vec<usize>> {
    let all: Vec<usize> = (0..count).collect();
    let one = all.iter().map(|number| vec![*number]);
    let two = all.iter().flat_map(|left| (left + 1..count).map(move |right| vec![*left, right]));
    one.chain(two.filter(|_| count > 2)).collect()
}

/// Returns the value that each value of some dimensions has, if each has only one.
fn cases(values: &[Option<Pattern>], set: &[usize], dimensions: &[Dimension]) -> Option<Vec<Case>> {
    let mut known: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
    let mut cases: Vec<Case> = Vec::new();
    for (file, value) in values.iter().enumerate() {
        let when: Vec<&str> = set.iter().map(|number| dimensions[*number].values[file].as_str()).collect();
        match known.get(&when) {
            Some(at) if cases[*at].then == *value => {}
            Some(_) => return None,
            None => {
                known.insert(when.clone(), cases.len());
                let when = when.into_iter().map(str::to_owned).collect();
                cases.push(Case { when, then: value.clone() });
            }
        }
    }
    // A set that is as fine as the files explains nothing.
    let is_all = set.len() == dimensions.len();
    (is_all || cases.len() < values.len()).then_some(cases)
}
