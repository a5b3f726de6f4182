//! Work on many pages at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Gives each item to a function, several at once, and returns the results in order.
///
/// Each thread makes its own helper with `prepare`, to reuse it from item to item.
pub(super) fn map<T: Sync, H, R: Send>(
    items: &[T],
    prepare: impl Fn() -> H + Sync,
    act: impl Fn(&mut H, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let threads =
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(items.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut helper = prepare();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    let result = act(&mut helper, item);
                    done.lock().expect("no thread panics with the lock").push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no thread panics with the lock");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_stand_in_order() {
        let items: Vec<usize> = (0..1000).collect();
        let doubled = super::map(&items, || 2, |factor, item| item * *factor);
        assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(super::map(&Vec::<usize>::new(), || (), |(), item| *item).is_empty());
    }
}
