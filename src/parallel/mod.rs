//! Work on many things at once, with as many threads as there are processors.
//!
//! Results come in the order of the things, whoever is ready first.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};

/// Results that may wait for their turn, for each thread: what waits is held in memory.
const WAITING: usize = 8;
/// Results that are taken together, for each thread: what they are added to has left the processor's cache since.
const TOGETHER: usize = 4;

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

/// Gives each item to a function, several at once, and each result in order to another, one at a time. The
/// first error ends the work.
///
/// No thread waits for results: whoever has the next one takes it, and those that wait for it.
///
/// # Errors
/// Those of the functions.
pub fn each<T: Sync, R: Send, E: Send>(
    items: &[T],
    act: impl Fn(&T) -> Result<R, E> + Sync,
    take: impl FnMut(&T, R) -> Result<(), E> + Send,
) -> Result<(), E> {
    let threads = processors().min(items.len().max(1));
    let next = AtomicUsize::new(0);
    let line = Line::new(items, threads, take);
    let work = || {
        let _leaving = Leaving(&line);
        while let Some((at, item)) = claim(items, &next).filter(|(at, _)| line.has_room(*at)) {
            line.join(at, act(item));
        }
    };
    std::thread::scope(|scope| {
        (1..threads).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    line.serve(line.waiting());
    line.outcome()
}

/// Where results wait for their turn.
struct Line<'a, T, R, E, F> {
    items: &'a [T],
    /// Threads that work.
    threads: usize,
    waiting: Mutex<Waiting<R, E>>,
    /// Told when there is room for another result.
    room: Condvar,
    take: Mutex<F>,
}

/// The results that wait.
struct Waiting<R, E> {
    early: BTreeMap<usize, Result<R, E>>,
    /// The place of the result that is taken next.
    turn: usize,
    /// Whether a thread takes results.
    is_served: bool,
    /// Whether nothing is taken any more.
    is_closed: bool,
    /// Threads that wait for room.
    asleep: usize,
    error: Option<E>,
}

impl<'a, T, R, E, F: FnMut(&T, R) -> Result<(), E>> Line<'a, T, R, E, F> {
    fn new(items: &'a [T], threads: usize, take: F) -> Self {
        let waiting = Waiting {
            early: BTreeMap::new(),
            turn: 0,
            is_served: false,
            is_closed: false,
            asleep: 0,
            error: None,
        };
        Self { items, threads, waiting: Mutex::new(waiting), room: Condvar::new(), take: Mutex::new(take) }
    }

    /// Waits until the result of an item may wait; returns whether it is wanted.
    ///
    /// Results are as large as pages, and the one who takes them may be slower.
    fn has_room(&self, at: usize) -> bool {
        let mut waiting = self.waiting();
        while !waiting.is_closed && at >= waiting.turn + self.threads * WAITING {
            waiting.asleep += 1;
            waiting = self.room.wait(waiting).expect("no thread panics with the lock");
            waiting.asleep -= 1;
        }
        !waiting.is_closed
    }

    /// Adds a result, and takes those whose turn it is when they are enough.
    fn join(&self, at: usize, result: Result<R, E>) {
        let mut waiting = self.waiting();
        let is_wanted = result.is_err() || waiting.early.len() + 1 >= self.threads * TOGETHER;
        waiting.early.insert(at, result);
        if is_wanted {
            self.serve(waiting);
        }
    }

    /// Takes the results whose turn it is, unless another thread does.
    fn serve<'l>(&'l self, mut waiting: MutexGuard<'l, Waiting<R, E>>) {
        if std::mem::replace(&mut waiting.is_served, true) {
            return;
        }
        while let Some(result) = waiting.next() {
            let item = &self.items[waiting.turn];
            drop(waiting);
            let outcome =
                result.and_then(|result| self.take.lock().expect("one thread takes at a time")(item, result));
            waiting = self.waiting();
            waiting.turn += 1;
            if let Err(error) = outcome {
                waiting.error = Some(error);
                waiting.is_closed = true;
            }
            // The kernel is asked even where nobody sleeps.
            if waiting.asleep > 0 {
                self.room.notify_all();
            }
        }
        waiting.is_served = false;
    }

    fn outcome(self) -> Result<(), E> {
        let waiting = self.waiting.into_inner().expect("no thread panics with the lock");
        waiting.error.map_or(Ok(()), Err)
    }
}

impl<T, R, E, F> Line<'_, T, R, E, F> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<R, E>> {
        self.waiting.lock().expect("no thread panics with the lock")
    }
}

impl<R, E> Waiting<R, E> {
    /// Returns the result whose turn it is, if it is there.
    fn next(&mut self) -> Option<Result<R, E>> {
        if self.is_closed { None } else { self.early.remove(&self.turn) }
    }
}

/// A thread at work. When it panics nobody waits for its result.
struct Leaving<'a, 'l, T, R, E, F>(&'a Line<'l, T, R, E, F>);

impl<T, R, E, F> Drop for Leaving<'_, '_, T, R, E, F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.waiting().is_closed = true;
            self.0.room.notify_all();
        }
    }
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
            let outcome = each(&items, act, |item: &usize, double| {
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
    fn panic_ends_the_work_of_all() {
        let items: Vec<usize> = (0..1000).collect();
        let act = |item: &usize| {
            assert!(*item != 10, "it is meant to panic");
            Ok::<_, ()>(*item)
        };
        let work = || each(&items, act, |_, _| Ok(()));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err());
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
