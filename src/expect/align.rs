//! Finds which rule of a pattern takes which items of an output.
//!
//! Works like a machine for regular expressions whose letters are lines: it walks the items
//! once and keeps every place in the pattern that can have been reached. A rule that takes
//! anything (`...`) makes every place before it superfluous, so few places stay and the walk
//! is linear in practice. Places differ also by what was captured on the way there, where a
//! captured name occurs more than once.

use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;

use super::Captures;

/// How many items a rule takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Exactly one.
    Once,
    /// One or none: `(?)`.
    Optional,
    /// Any number: `(*)`.
    Star,
    /// At least one: `(+)`.
    Plus,
    /// Any number of any items: `...`.
    Anything,
}

/// A rule as the walk sees it: `Plus` is one and then any number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// Which rule.
    pub(super) rule: usize,
    /// How many items it takes; never `Plus`.
    pub(super) repeat: Repeat,
}

/// Returns the slots of rules that repeat so.
pub(super) fn slots(repeats: impl IntoIterator<Item = Repeat>) -> Vec<Slot> {
    let mut slots = Vec::new();
    for (rule, repeat) in repeats.into_iter().enumerate() {
        if repeat == Repeat::Plus {
            slots.push(Slot { rule, repeat: Repeat::Once });
            slots.push(Slot { rule, repeat: Repeat::Star });
        } else {
            slots.push(Slot { rule, repeat });
        }
    }
    slots
}

/// Places kept at once. Only captures that repeat can make more, and then the oldest win.
const MOST_PLACES: usize = 32;

/// Returns the items that each rule takes, or `None` when the pattern does not match all items.
///
/// `matches` gets a rule, an item and what was captured before, and returns what the item
/// captures that later rules must agree with.
pub(super) fn align(
    rules: &[Repeat],
    items: usize,
    matches: impl Fn(usize, usize, &Captures) -> Option<Captures>,
) -> Option<Vec<Range<usize>>> {
    let mut walk = Walk { slots: slots(rules.iter().copied()), steps: Vec::new() };
    let mut places = walk.settle(vec![Place { slot: 0, step: None, captures: Rc::default() }]);
    for item in 0..items {
        let mut reached = Vec::new();
        for place in &places {
            let Some(slot) = walk.slots.get(place.slot).copied() else { continue };
            // A `...` has nothing to ask: it takes every item.
            let captured = match slot.repeat {
                Repeat::Anything => Some(Captures::new()),
                _ => matches(slot.rule, item, &place.captures),
            };
            if let Some(captured) = captured {
                reached.push(walk.advance(place, item, captured));
            }
        }
        places = walk.settle(reached);
        if places.is_empty() {
            return None;
        }
    }
    let end = places.iter().find(|place| place.slot == walk.slots.len())?;
    Some(walk.ranges(end, rules.len(), items))
}

/// A place in the pattern that the items so far can have led to.
#[derive(Clone)]
struct Place {
    slot: usize,
    step: Option<usize>,
    captures: Rc<Captures>,
}

/// A slot beginning to take items, and the step before that.
struct Step {
    slot: usize,
    item: usize,
    before: Option<usize>,
}

struct Walk {
    slots: Vec<Slot>,
    steps: Vec<Step>,
}

impl Walk {
    /// Lets the slot of a place take an item.
    fn advance(&mut self, place: &Place, item: usize, captured: Captures) -> Place {
        let mut captures = Rc::clone(&place.captures);
        if !captured.is_empty() {
            Rc::make_mut(&mut captures).extend(captured);
        }
        let stays = matches!(self.slots[place.slot].repeat, Repeat::Star | Repeat::Anything);
        let goes_on = stays && place.step.is_some_and(|step| self.steps[step].slot == place.slot);
        let step = if goes_on {
            place.step
        } else {
            self.steps.push(Step { slot: place.slot, item, before: place.step });
            Some(self.steps.len() - 1)
        };
        Place { slot: place.slot + usize::from(!stays), step, captures }
    }

    /// Adds the places behind slots that may take nothing, and drops the superfluous ones.
    fn settle(&self, reached: Vec<Place>) -> Vec<Place> {
        let mut places = Vec::with_capacity(reached.len() + 1);
        for mut place in reached {
            while self.may_be_empty(place.slot) {
                places.push(place.clone());
                place.slot += 1;
            }
            places.push(place);
        }
        if places.len() > 1 {
            self.drop_superfluous(&mut places);
        }
        places
    }

    fn drop_superfluous(&self, places: &mut Vec<Place>) {
        let mut seen = HashSet::new();
        places.retain(|place| seen.insert((place.slot, Rc::clone(&place.captures))));
        let anything = places.iter().filter(|place| self.is_anything(place.slot));
        let Some(furthest) = anything.max_by_key(|place| place.slot).cloned() else {
            places.truncate(MOST_PLACES);
            return;
        };
        places.retain(|place| place.slot >= furthest.slot || place.captures != furthest.captures);
        places.truncate(MOST_PLACES);
    }

    fn may_be_empty(&self, slot: usize) -> bool {
        self.slots.get(slot).is_some_and(|slot| slot.repeat != Repeat::Once)
    }

    fn is_anything(&self, slot: usize) -> bool {
        self.slots.get(slot).is_some_and(|slot| slot.repeat == Repeat::Anything)
    }

    /// Walks back from the end and collects what each rule took.
    fn ranges(&self, end: &Place, rules: usize, items: usize) -> Vec<Range<usize>> {
        let mut ranges = vec![0..0; rules];
        let (mut step, mut until) = (end.step, items);
        while let Some(index) = step {
            let Step { slot, item, before } = self.steps[index];
            let range = &mut ranges[self.slots[slot].rule];
            // The two slots of a `Plus` stand side by side: their ranges join.
            *range = if Range::is_empty(range) { item..until } else { item..range.end };
            (step, until) = (before, item);
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Repeat::{Anything, Once, Optional, Plus, Star};

    /// Rules are letters (`.` for any) with a repeat, items the letters of a word.
    #[track_caller]
    fn check(rules: &[(char, Repeat)], word: &str, expected: Option<&[&str]>) {
        let items: Vec<char> = word.chars().collect();
        let repeats: Vec<Repeat> = rules.iter().map(|rule| rule.1).collect();
        let found =
            align(&repeats, items.len(), |rule, item, _| (rules[rule].0 == items[item]).then(Captures::new));
        let found = found.map(|ranges| ranges.into_iter().map(|range| &word[range]).collect::<Vec<_>>());
        assert_eq!(found.as_deref(), expected, "{rules:?} on {word:?}");
    }

    #[test]
    fn every_item_needs_a_rule() {
        check(&[], "", Some(&[]));
        check(&[], "a", None);
        check(&[('a', Once)], "", None);
        check(&[('a', Once), ('b', Once)], "ab", Some(&["a", "b"]));
        check(&[('a', Once), ('b', Once)], "abb", None);
    }

    #[test]
    fn anything_takes_as_little_as_it_can() {
        check(&[('.', Anything)], "", Some(&[""]));
        check(&[('.', Anything), ('.', Anything)], "xy", Some(&["", "xy"]));
        check(&[('.', Anything), ('b', Once), ('.', Anything)], "abcb", Some(&["a", "b", "cb"]));
        check(&[('.', Anything), ('a', Once), ('b', Once)], "aabab", Some(&["aab", "a", "b"]));
    }

    #[test]
    fn repeated_rules_take_runs() {
        check(&[('a', Plus), ('b', Star), ('c', Optional)], "aaac", Some(&["aaa", "", "c"]));
        check(&[('a', Plus)], "", None);
        check(&[('a', Star), ('a', Once)], "aaa", Some(&["aa", "a"]));
        check(
            &[('a', Optional); 40].map(|rule| rule),
            &"a".repeat(20),
            Some(&{
                let mut taken = ["a"; 40];
                taken[20..].fill("");
                taken
            }),
        );
    }

    #[test]
    fn captures_choose_among_ways() {
        let words = ["x1", "x2", "y2"];
        let name = |word: &str| Captures::from([("n".to_owned(), word[1..].to_owned())]);
        let found = align(&[Anything, Once, Anything, Once], 3, |rule, item, before| {
            let (letter, captured) = (&words[item][..1], name(words[item]));
            let fits = letter == if rule == 1 { "x" } else { "y" };
            (fits && (before.is_empty() || *before == captured)).then_some(captured)
        });
        assert_eq!(found, Some(vec![0..1, 1..2, 0..0, 2..3]));
    }
}
