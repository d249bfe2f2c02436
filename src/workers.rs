//! The same work on several named threads, which share out what is to be done among themselves. Owns their names and
//! that a panic in one of them is a panic here; keeps no thread.

/// Threads that load at most; more would wait for memory and disk rather than count.
const MOST_THREADS: usize = 4;

/// How many threads load on this machine.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).clamp(1, MOST_THREADS)
}

/// Runs the same work on this thread and on others; what each brings.
pub(crate) fn on_threads<T: Send>(threads: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .filter_map(|number| {
                std::thread::Builder::new().name(format!("load-{number}")).spawn_scoped(scope, &work).ok()
            })
            .collect();
        let mut out = vec![work()];
        // A thread that panics takes its pieces with it: figures would be wrong without a word.
        out.extend(others.into_iter().map(|o| o.join().unwrap_or_else(|p| std::panic::resume_unwind(p))));
        out
    })
}
