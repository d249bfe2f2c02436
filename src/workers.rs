//! The same work on several named threads, which share out what is to be done among themselves, and threads that answer
//! wishes one by one. Owns their names, their two channels, and that a panic in one of several is a panic here; keeps no
//! thread.

use crossbeam_channel::{Receiver, Sender, bounded};

/// Where wishes go, and where answers come from.
pub(crate) type Ends<W, A> = (Sender<W>, Receiver<A>);

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

/// A thread that answers wishes until nobody asks or listens any more; at most so many wishes and answers wait. `answer`
/// also sees the wishes that wait, and may pass over one. None, and a line in the log, where there is no thread to be had.
pub(crate) fn answering<W: Send + 'static, A: Send + 'static>(
    name: &str,
    most: usize,
    mut answer: impl FnMut(W, &Receiver<W>) -> Option<A> + Send + 'static,
) -> Option<Ends<W, A>> {
    let (wishes, inbox) = bounded::<W>(most);
    let (out, answers) = bounded(most);
    let work = move || {
        for wish in &inbox {
            if answer(wish, &inbox).is_some_and(|answer| out.send(answer).is_err()) {
                return;
            }
        }
    };
    match std::thread::Builder::new().name(name.to_owned()).spawn(work) {
        Ok(_) => Some((wishes, answers)),
        Err(err) => {
            log::error!("no thread {name}: {err}");
            None
        }
    }
}
