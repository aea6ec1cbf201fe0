//! A few threads that take one thing after the other.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Result, anyhow};

/// Does each, in the order of the list, with so many at once; the work gets the number of its worker.
pub(crate) fn in_parallel<T: Sync>(
    jobs: usize,
    things: &[T],
    work: impl Fn(usize, &T) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let take = |worker: usize| {
        while let Some(thing) = things.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(worker, thing)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|worker| scope.spawn(move || take(worker))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow!("a worker panicked"))?)
    })
}
