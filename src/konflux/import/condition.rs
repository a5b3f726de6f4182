//! Which files a template means, said by what their names are made of.

use std::collections::{BTreeMap, BTreeSet};

use crate::konflux::compare::Dimension;

/// The cost of a column that says yes or no: more than three values are not listed.
const COLUMN: usize = 7;

/// The cost of a condition that nobody reads any more.
const MOST: usize = 40;

/// Into how many values of a dimension a condition is divided at most.
const MOST_PARTS: usize = 8;

/// What is true for some files alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// For all files.
    Always,
    /// For those that have one of these values of a dimension.
    Is(usize, Vec<String>),
    /// For those that have none of these values of a dimension.
    IsNot(usize, Vec<String>),
    /// For those whose value of a dimension has a yes in a column of its table.
    Column(usize, BTreeSet<String>),
    /// For those for which all of these are true.
    All(Vec<Condition>),
    /// For those for which any of these is true.
    Any(Vec<Condition>),
}

impl Condition {
    /// Returns the shortest condition that is true for a group of files and for no other, if a short one is.
    pub(super) fn of(group: &BTreeSet<usize>, files: usize, dimensions: &[Dimension]) -> Option<Self> {
        let all: Vec<usize> = (0..dimensions.len()).collect();
        let found = Search { dimensions }.find(group, &(0..files).collect::<Vec<_>>(), &all)?;
        (found.cost() <= MOST).then_some(found)
    }

    /// Returns how much there is to read.
    pub(super) fn cost(&self) -> usize {
        match self {
            Self::Always => 0,
            Self::Is(_, values) => values.len() * 2,
            Self::IsNot(_, values) => values.len() * 2 + 1,
            Self::Column(..) => COLUMN,
            Self::All(parts) | Self::Any(parts) => parts.iter().map(|part| part.cost() + 1).sum(),
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, one) | (one, Self::Always) => one,
            (Self::All(mut parts), one) => {
                parts.push(one);
                Self::All(parts)
            }
            (one, Self::All(mut parts)) => {
                parts.insert(0, one);
                Self::All(parts)
            }
            (one, two) => Self::All(vec![one, two]),
        }
    }
}

struct Search<'a> {
    dimensions: &'a [Dimension],
}

impl Search<'_> {
    /// Returns the shortest condition that tells a group from the other files.
    fn find(&self, group: &BTreeSet<usize>, files: &[usize], dimensions: &[usize]) -> Option<Condition> {
        if files.iter().all(|file| group.contains(file)) {
            return Some(Condition::Always);
        }
        let single = dimensions.iter().filter_map(|dimension| self.by_one(group, files, *dimension));
        if let Some(found) = single.min_by_key(Condition::cost) {
            return Some(found);
        }
        let divided = dimensions.iter().filter_map(|dimension| {
            let others: Vec<usize> = dimensions.iter().copied().filter(|other| other != dimension).collect();
            self.divided(group, files, *dimension, &others)
        });
        divided.min_by_key(Condition::cost)
    }

    /// Returns the condition over one dimension, if that tells the group from the others.
    fn by_one(&self, group: &BTreeSet<usize>, files: &[usize], dimension: usize) -> Option<Condition> {
        let values = &self.dimensions[dimension].values;
        let (mut inside, mut outside) = (BTreeSet::new(), BTreeSet::new());
        for file in files {
            let side = if group.contains(file) { &mut inside } else { &mut outside };
            side.insert(values[*file].as_str());
        }
        inside.is_disjoint(&outside).then(|| self.among(dimension, &inside, &outside))
    }

    /// Returns the shortest way to say that a dimension has some values and not others.
    fn among(&self, dimension: usize, inside: &BTreeSet<&str>, outside: &BTreeSet<&str>) -> Condition {
        if outside.is_empty() {
            return Condition::Always;
        }
        // In the order of the table, as its readers have it.
        let listed = |wanted: &BTreeSet<&str>| -> Vec<String> {
            let values = self.dimensions[dimension].distinct().into_iter();
            values.filter(|value| wanted.contains(value)).map(str::to_owned).collect()
        };
        let owned = inside.iter().map(|value| (*value).to_owned()).collect();
        let ways = [
            Condition::Is(dimension, listed(inside)),
            Condition::IsNot(dimension, listed(outside)),
            Condition::Column(dimension, owned),
        ];
        ways.into_iter().min_by_key(Condition::cost).expect("there are three ways")
    }

    /// Returns the condition that says for each value of a dimension which of its files are meant.
    fn divided(
        &self,
        group: &BTreeSet<usize>,
        files: &[usize],
        dimension: usize,
        others: &[usize],
    ) -> Option<Condition> {
        if others.is_empty() {
            return None;
        }
        let mut by_value: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for file in files {
            by_value.entry(&self.dimensions[dimension].values[*file]).or_default().push(*file);
        }
        let all: BTreeSet<&str> = by_value.keys().copied().collect();
        by_value.retain(|_, files| files.iter().any(|file| group.contains(file)));
        if by_value.len() > MOST_PARTS {
            return None;
        }
        let mut parts: Vec<(Condition, BTreeSet<&str>)> = Vec::new();
        for (value, files) in by_value {
            let rest = self.find(group, &files, others)?;
            match parts.iter_mut().find(|(known, _)| *known == rest) {
                Some((_, values)) => {
                    values.insert(value);
                }
                None => parts.push((rest, BTreeSet::from([value]))),
            }
        }
        let part = |(rest, values): (Condition, BTreeSet<&str>)| {
            let outside = all.difference(&values).copied().collect();
            self.among(dimension, &values, &outside).and(rest)
        };
        let mut parts: Vec<Condition> = parts.into_iter().map(part).collect();
        if parts.len() == 1 { parts.pop() } else { Some(Condition::Any(parts)) }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn dimension(name: &str, values: &[&str]) -> Dimension {
        Dimension { name: name.to_owned(), values: values.iter().map(|value| (*value).to_owned()).collect() }
    }

    #[test]
    fn shortest_way_to_say_it_is_taken() {
        let streams: Vec<String> = (0..20).map(|number| format!("s{}", number / 2)).collect();
        let streams: Vec<&str> = streams.iter().map(String::as_str).collect();
        let events: Vec<&str> = (0..20).map(|number| ["push", "pull"][number % 2]).collect();
        let dimensions = [dimension("stream", &streams), dimension("event", &events)];
        let check = |group: &[usize], expected: Expect| {
            let found = Condition::of(&group.iter().copied().collect(), 20, &dimensions);
            expected.assert_eq(&format!("{found:?}"));
        };
        let all_but =
            |without: &[usize]| -> Vec<usize> { (0..20).filter(|file| !without.contains(file)).collect() };
        check(&[0, 2, 4, 6, 8, 10, 12, 14, 16, 18], expect![[r#"Some(Is(1, ["push"]))"#]]);
        check(&all_but(&[4, 5]), expect![[r#"Some(IsNot(0, ["s2"]))"#]]);
        check(&(0..10).collect::<Vec<_>>(), expect![[r#"Some(Column(0, {"s0", "s1", "s2", "s3", "s4"}))"#]]);
        check(&[4], expect![[r#"Some(All([Is(0, ["s2"]), Is(1, ["push"])]))"#]]);
        check(&[0, 1, 4], expect![[r#"Some(Any([Is(0, ["s0"]), All([Is(0, ["s2"]), Is(1, ["push"])])]))"#]]);
        check(
            &all_but(&[4]),
            expect![[r#"Some(Any([Is(1, ["pull"]), All([Is(1, ["push"]), IsNot(0, ["s2"])])]))"#]],
        );
        check(
            &[0, 2, 4, 6, 8],
            expect![[r#"Some(All([Column(0, {"s0", "s1", "s2", "s3", "s4"}), Is(1, ["push"])]))"#]],
        );
    }

    #[test]
    fn what_no_name_tells_has_no_condition() {
        let dimensions = [dimension("stream", &["a", "a"])];
        assert_eq!(Condition::of(&BTreeSet::from([0]), 2, &dimensions), None);
    }
}
