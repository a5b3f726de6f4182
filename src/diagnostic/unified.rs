//! Two texts as a unified diff, which `git apply` and `patch` take.

/// Lines around a change.
const AROUND: usize = 3;

/// Most changed lines of each side of which the fewest are looked for; beyond, the whole middle is shown as changed.
const MOST: usize = 2_000;

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    Keep,
    Remove,
    Add,
}

/// Returns the difference between two texts of one file; `None` as a side is a file that is not there.
pub fn unified(path: &str, before: Option<&str>, after: Option<&str>) -> String {
    let side =
        |there: bool, mark: char| if there { format!("{mark}/{path}") } else { "/dev/null".to_owned() };
    let mut shown = format!("--- {}\n+++ {}\n", side(before.is_some(), 'a'), side(after.is_some(), 'b'));
    let (before, after) = (lines(before.unwrap_or_default()), lines(after.unwrap_or_default()));
    let edits = edits(&before, &after);
    let mut position = (0, 0);
    let mut at = 0;
    while let Some(start) = edits[at..].iter().position(|edit| *edit != Edit::Keep).map(|next| at + next) {
        let first = start.saturating_sub(AROUND).max(at);
        position = advance(position, &edits[at..first]);
        let end = end_of_hunk(&edits, start);
        hunk(&mut shown, position, &edits[first..end], &before, &after);
        position = advance(position, &edits[first..end]);
        at = end;
    }
    shown
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Returns where a hunk ends that has its first change at `start`.
fn end_of_hunk(edits: &[Edit], start: usize) -> usize {
    let mut last = start;
    for (at, edit) in edits.iter().enumerate().skip(start) {
        if *edit != Edit::Keep {
            last = at;
        } else if at - last > 2 * AROUND {
            break;
        }
    }
    (last + 1 + AROUND).min(edits.len())
}

fn advance((before, after): (usize, usize), edits: &[Edit]) -> (usize, usize) {
    let count = |other: Edit| edits.iter().filter(|edit| **edit == Edit::Keep || **edit == other).count();
    (before + count(Edit::Remove), after + count(Edit::Add))
}

fn hunk(shown: &mut String, from: (usize, usize), edits: &[Edit], before: &[&str], after: &[&str]) {
    let to = advance(from, edits);
    let range = |start: usize, end: usize| {
        // A side without lines is named by the line above it.
        let first = if end > start { start + 1 } else { start };
        format!("{first},{}", end - start)
    };
    shown.push_str(&format!("@@ -{} +{} @@\n", range(from.0, to.0), range(from.1, to.1)));
    let (mut old, mut new) = from;
    for edit in edits {
        let (mark, line) = match edit {
            Edit::Keep => (' ', before[old]),
            Edit::Remove => ('-', before[old]),
            Edit::Add => ('+', after[new]),
        };
        old += usize::from(*edit != Edit::Add);
        new += usize::from(*edit != Edit::Remove);
        shown.push(mark);
        shown.push_str(line);
        if !line.ends_with('\n') {
            shown.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// Returns few edits that make one text of the other.
fn edits(before: &[&str], after: &[&str]) -> Vec<Edit> {
    let most = before.len().min(after.len());
    let head = (0..most).take_while(|at| before[*at] == after[*at]).count();
    let tail =
        (1..=most - head).take_while(|at| before[before.len() - at] == after[after.len() - at]).count();
    let mut edits = vec![Edit::Keep; head];
    edits.extend(middle(&before[head..before.len() - tail], &after[head..after.len() - tail]));
    edits.extend(std::iter::repeat_n(Edit::Keep, tail));
    edits
}

/// Finds the longest lines in common by a table, where that is not too large.
fn middle(before: &[&str], after: &[&str]) -> Vec<Edit> {
    let whole = || {
        let removed = std::iter::repeat_n(Edit::Remove, before.len());
        removed.chain(std::iter::repeat_n(Edit::Add, after.len())).collect()
    };
    if before.is_empty() || after.is_empty() || before.len() * after.len() > MOST * MOST {
        return whole();
    }
    let width = after.len() + 1;
    let mut common = vec![0_u32; (before.len() + 1) * width];
    for old in (0..before.len()).rev() {
        for new in (0..after.len()).rev() {
            common[old * width + new] = if before[old] == after[new] {
                common[(old + 1) * width + new + 1] + 1
            } else {
                common[(old + 1) * width + new].max(common[old * width + new + 1])
            };
        }
    }
    let (mut old, mut new, mut edits) = (0, 0, Vec::new());
    while old < before.len() || new < after.len() {
        let same = old < before.len() && new < after.len() && before[old] == after[new];
        let remove = new == after.len()
            || old < before.len() && common[(old + 1) * width + new] >= common[old * width + new + 1];
        let edit = if same {
            Edit::Keep
        } else if remove {
            Edit::Remove
        } else {
            Edit::Add
        };
        old += usize::from(edit != Edit::Add);
        new += usize::from(edit != Edit::Remove);
        edits.push(edit);
    }
    edits
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(before: Option<&str>, after: Option<&str>, expected: Expect) {
        expected.assert_eq(&unified("a.yaml", before, after));
    }

    #[test]
    fn changes_stand_between_lines_that_stay() {
        check(
            Some("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n"),
            Some("1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n14\n15\n"),
            expect![[r#"
                --- a/a.yaml
                +++ b/a.yaml
                @@ -2,7 +2,7 @@
                 2
                 3
                 4
                -5
                +five
                 6
                 7
                 8
                @@ -10,5 +10,5 @@
                 10
                 11
                 12
                -13
                 14
                +15
            "#]],
        );
    }

    #[test]
    fn files_that_are_not_there_are_named_as_git_names_them() {
        check(
            None,
            Some("a\nb"),
            expect![[r#"
                --- /dev/null
                +++ b/a.yaml
                @@ -0,0 +1,2 @@
                +a
                +b
                \ No newline at end of file
            "#]],
        );
        check(
            Some("a\n"),
            None,
            expect![[r#"
                --- a/a.yaml
                +++ /dev/null
                @@ -1,1 +0,0 @@
                -a
            "#]],
        );
    }
}
