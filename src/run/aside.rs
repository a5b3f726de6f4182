//! Work that takes long and is no child's: it runs on a thread, while the run goes on hearing of all else.

use tokio::sync::oneshot;

/// Does something on a thread of its own. Who has no use for it any more drops the future, and the thread is
/// waited for by nobody.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (answer, answered) = oneshot::channel();
    std::thread::spawn(move || answer.send(work()));
    answered.await.expect("the thread does not panic")
}
