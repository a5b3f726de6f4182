//! Work on many things at once, with as many threads as there are processors.
//!
//! Results come in the order of the things, whoever is ready first.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// Results that may wait for their turn, for each thread: what waits is held in memory.
const WAITING: usize = 4;

/// Gives each item to a function, several at once, and returns the results in order.
pub fn map<T: Sync, R: Send>(items: &[T], act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    map_at_once(processors(), items, act)
}

/// Gives each item to a function, so many at once, and returns the results in order.
///
/// For what waits and does not work, which has more in hand than there are processors.
pub fn map_at_once<T: Sync, R: Send>(most: usize, items: &[T], act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let work = || {
        while let Some((at, item)) = claim(items, &next) {
            let result = act(item);
            done.lock().expect("no thread panics with the lock").push((at, result));
        }
    };
    match most.min(items.len()) {
        0 | 1 => work(),
        threads => std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work)))),
    }
    let mut done = done.into_inner().expect("no thread panics with the lock");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Gives each item to a function, several at once, and returns the results in order, or the first error.
///
/// After an error no other item is begun.
///
/// # Errors
/// Those of the function.
pub fn try_map<T: Sync, R: Send, E: Send>(
    items: &[T],
    act: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let stopped = AtomicBool::new(false);
    let results = map(items, |item| {
        let result = (!stopped.load(Ordering::Relaxed)).then(|| act(item))?;
        stopped.fetch_or(result.is_err(), Ordering::Relaxed);
        Some(result)
    });
    // Items that were passed over came after one that failed, or beside it.
    results.into_iter().flatten().collect()
}

/// Returns the next item that nobody has, and its place.
fn claim<'a, T>(items: &'a [T], next: &AtomicUsize) -> Option<(usize, &'a T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, items.get(at)?))
}

/// Gives each item to a function, several at once, and each result in order to another, which has the
/// calling thread to itself. The first error ends the work.
pub fn each<T: Sync, R: Send, E: Send>(
    items: &[T],
    act: impl Fn(&T) -> Result<R, E> + Sync,
    mut take: impl FnMut(&T, R) -> Result<(), E>,
) -> Result<(), E> {
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let threads = processors().min(items.len().max(1));
    // Bounded: results are as large as pages, and the one who takes them may be slower.
    let (sender, results) = mpsc::sync_channel::<(usize, Result<R, E>)>(threads * WAITING);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            scope.spawn(|| {
                let sender = sender;
                while !stopped.load(Ordering::Relaxed) {
                    let Some((at, item)) = claim(items, &next) else { return };
                    if sender.send((at, act(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let outcome = in_turn(items, &results, &mut take);
        stopped.store(true, Ordering::Relaxed);
        // A thread that waits to send must see that nobody listens.
        drop(results);
        outcome
    })
}

fn in_turn<T, R, E>(
    items: &[T],
    results: &mpsc::Receiver<(usize, Result<R, E>)>,
    take: &mut impl FnMut(&T, R) -> Result<(), E>,
) -> Result<(), E> {
    let mut early = BTreeMap::new();
    let mut turn = 0;
    for (at, result) in results {
        early.insert(at, result?);
        while let Some(result) = early.remove(&turn) {
            take(&items[turn], result)?;
            turn += 1;
        }
    }
    Ok(())
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_taken_in_order_until_the_first_error() {
        let items: Vec<usize> = (0..1000).collect();
        let until = |last: usize| {
            let mut taken = Vec::new();
            let act = |item: &usize| if *item == last { Err(*item) } else { Ok(item * 2) };
            let outcome = each(&items, act, |item, double| {
                assert_eq!(item * 2, double);
                taken.push(*item);
                Ok(())
            });
            (outcome, taken)
        };
        assert_eq!(until(1000), (Ok(()), items.clone()));
        let (outcome, taken) = until(500);
        assert_eq!(outcome, Err(500));
        assert!(taken.len() <= 500 && taken.iter().enumerate().all(|(at, item)| at == *item));
    }

    #[test]
    fn results_stand_in_order() {
        let items: Vec<usize> = (0..1000).collect();
        let doubled = map(&items, |item| item * 2);
        assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(map(&Vec::<usize>::new(), |item| *item).is_empty());
    }

    #[test]
    fn first_error_is_returned_and_ends_the_work() {
        let items: Vec<usize> = (0..1000).collect();
        let begun = AtomicUsize::new(0);
        let until = |last: usize| {
            try_map(&items, |item| {
                begun.fetch_add(1, Ordering::Relaxed);
                if *item >= last { Err(*item) } else { Ok(*item) }
            })
        };
        assert_eq!(until(1000), Ok(items.clone()));
        begun.store(0, Ordering::Relaxed);
        assert!(until(10).is_err_and(|item| item >= 10));
        assert!(begun.into_inner() <= 10 + processors());
    }
}
