//! Which steps come before which, over all paths.

/// For each step of an order the steps before it that it depends on, near and far.
pub(super) struct Reach {
    words: usize,
    bits: Vec<u64>,
}

impl Reach {
    /// Computes it from what each step depends on directly. Every dependency stands before its step.
    pub(super) fn new<Needs: AsRef<[usize]>>(direct: &[Needs]) -> Self {
        let words = direct.len().div_ceil(64);
        let mut reach = Self { words, bits: vec![0; words * direct.len()] };
        for (step, needs) in direct.iter().enumerate() {
            // From the nearest back, because that one has usually reached all others.
            for &need in needs.as_ref().iter().rev() {
                if !reach.reaches(step, need) {
                    reach.include(step, need);
                }
            }
        }
        reach
    }

    /// Returns whether a step depends on another.
    pub(super) fn reaches(&self, step: usize, other: usize) -> bool {
        self.bits[step * self.words + other / 64] >> (other % 64) & 1 == 1
    }

    /// Returns the dependencies of a step that follow from no other, in ascending order.
    pub(super) fn reduced(&self, needs: &[usize]) -> Vec<usize> {
        let mut kept: Vec<usize> = Vec::new();
        let mut descending = needs.to_vec();
        descending.sort_unstable_by(|left, right| right.cmp(left));
        descending.dedup();
        for need in descending {
            if !kept.iter().any(|&other| self.reaches(other, need)) {
                kept.push(need);
            }
        }
        kept.reverse();
        kept
    }

    fn include(&mut self, step: usize, need: usize) {
        let (before, from) = self.bits.split_at_mut(step * self.words);
        let row = &mut from[..self.words];
        for (word, more) in row.iter_mut().zip(&before[need * self.words..]) {
            *word |= more;
        }
        row[need / 64] |= 1 << (need % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_another_need_is_left_out() {
        let needs = [vec![], vec![0], vec![0, 1], vec![0], vec![0, 1, 2, 3]];
        let reach = Reach::new(&needs);
        let reduced: Vec<_> = needs.iter().map(|needs| reach.reduced(needs)).collect();
        assert_eq!(reduced, [vec![], vec![0], vec![1], vec![0], vec![2, 3]]);
        assert!(reach.reaches(4, 0) && !reach.reaches(3, 1) && !reach.reaches(0, 0));
    }

    #[test]
    fn long_chains_are_followed() {
        let needs: Vec<Vec<usize>> =
            (0..200usize).map(|step| step.checked_sub(1).into_iter().collect()).collect();
        let reach = Reach::new(&needs);
        assert!(reach.reaches(199, 0));
        assert_eq!(reach.reduced(&(0..199).collect::<Vec<_>>()), [198]);
    }
}
