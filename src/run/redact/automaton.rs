//! Looks for many words in one pass (Aho and Corasick, 1975), and tells what could become one.
//!
//! The crate of that name does not say how much of a stream could be the beginning of a word.

use std::collections::VecDeque;

/// Where the search is: which beginning of a word was read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State(u32);

impl State {
    /// Nothing that was read begins a word.
    pub(super) const START: Self = Self(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// A set of words.
#[derive(Debug)]
pub(super) struct Automaton {
    nodes: Vec<Node>,
    /// What follows on the root, and then on each node below it, by byte: those have many children
    /// and are where a search is most of the time.
    tables: Vec<[u32; 256]>,
}

/// The depth up to which a node has a table.
const TABLES: u32 = 1;

/// A beginning of a word. Most have one child, so children are a list.
#[derive(Debug, Default)]
struct Node {
    byte: u8,
    child: u32,
    sibling: u32,
    /// The longest other beginning that ends like this one.
    fail: u32,
    /// Its table, at a depth that has them.
    table: u32,
    /// How long it is.
    depth: u32,
    /// How long the longest word is that it ends with, 0 if there is none.
    word: u32,
}

impl Automaton {
    /// Takes the words. Empty ones are none.
    pub(super) fn new<'a>(words: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut automaton = Self { nodes: vec![Node::default()], tables: vec![[0; 256]] };
        for word in words {
            automaton.insert(word);
        }
        automaton.link();
        automaton
    }

    /// Returns whether there is no word in it.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    /// Returns whether a word begins with this byte.
    pub(super) fn begins(&self, byte: u8) -> bool {
        self.tables[0][usize::from(byte)] != 0
    }

    /// Reads a byte.
    pub(super) fn next(&self, state: State, byte: u8) -> State {
        let mut node = &self.nodes[state.index()];
        while node.depth > TABLES {
            match self.child(node, byte) {
                Some(child) => return State(child),
                None => node = &self.nodes[node.fail as usize],
            }
        }
        State(self.tables[node.table as usize][usize::from(byte)])
    }

    /// Returns how many of the last bytes are the beginning of a word.
    pub(super) fn depth(&self, state: State) -> usize {
        self.nodes[state.index()].depth as usize
    }

    /// Returns how many of the last bytes are a word, 0 if none ends here.
    pub(super) fn word(&self, state: State) -> usize {
        self.nodes[state.index()].word as usize
    }

    fn child(&self, node: &Node, byte: u8) -> Option<u32> {
        let mut child = node.child;
        while child != 0 {
            let node = &self.nodes[child as usize];
            if node.byte == byte {
                return Some(child);
            }
            child = node.sibling;
        }
        None
    }

    fn insert(&mut self, word: &[u8]) {
        let mut node = 0;
        for (byte, depth) in word.iter().zip(1..) {
            let there = self.child(&self.nodes[node as usize], *byte);
            node = there.unwrap_or_else(|| self.add(node, *byte, depth));
        }
        self.nodes[node as usize].word = self.nodes[node as usize].depth;
    }

    fn add(&mut self, parent: u32, byte: u8, depth: u32) -> u32 {
        let node = u32::try_from(self.nodes.len()).expect("secrets are far shorter than 4 GiB");
        let sibling = self.nodes[parent as usize].child;
        self.nodes.push(Node { byte, sibling, depth, ..Node::default() });
        self.nodes[parent as usize].child = node;
        node
    }

    /// Finds what each beginning fails to and what follows on it, shorter ones first.
    fn link(&mut self) {
        let mut waiting = VecDeque::from([0]);
        while let Some(parent) = waiting.pop_front() {
            let Node { fail: parent_fail, depth, .. } = self.nodes[parent as usize];
            if depth <= TABLES {
                self.make_table(parent);
            }
            let mut child = self.nodes[parent as usize].child;
            while child != 0 {
                let byte = self.nodes[child as usize].byte;
                let fail = if parent == 0 { 0 } else { self.next(State(parent_fail), byte).0 };
                let inherited = self.nodes[fail as usize].word;
                let node = &mut self.nodes[child as usize];
                node.fail = fail;
                if node.word == 0 {
                    node.word = inherited;
                }
                waiting.push_back(child);
                child = node.sibling;
            }
        }
    }

    /// Makes a node's table: its children, and for other bytes what follows on the root.
    fn make_table(&mut self, node: u32) {
        let mut table = self.tables[0];
        let mut child = self.nodes[node as usize].child;
        while child != 0 {
            table[usize::from(self.nodes[child as usize].byte)] = child;
            child = self.nodes[child as usize].sibling;
        }
        if node == 0 {
            self.tables[0] = table;
        } else {
            self.nodes[node as usize].table =
                u32::try_from(self.tables.len()).expect("there are 257 at most");
            self.tables.push(table);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[&str], text: &str, expected: &[(usize, &str)]) {
        let automaton = Automaton::new(words.iter().map(|word| word.as_bytes()));
        let mut state = State::START;
        let mut found = Vec::new();
        for (index, byte) in text.bytes().enumerate() {
            state = automaton.next(state, byte);
            let length = automaton.word(state);
            if length > 0 {
                found.push((index + 1 - length, &text[index + 1 - length..=index]));
            }
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn longest_word_that_ends_at_a_byte_is_found() {
        check(&["he", "she", "his", "hers"], "ushers", &[(1, "she"), (2, "hers")]);
        check(&["aab"], "aaab", &[(1, "aab")]);
        check(&["abcd", "bc", "c"], "abcx", &[(1, "bc")]);
        check(&[""], "text", &[]);
    }
}
