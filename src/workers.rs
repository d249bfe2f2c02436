//! The same work on several named threads, which share out what is to be done among themselves, and threads that answer
//! wishes one by one. Owns their names, their two channels, and that a panic in one of several is a panic here; keeps no
//! thread.

use std::sync::{Mutex, PoisonError};

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

/// Does jobs on this thread and on others, each of which takes the next job when it is done with one, and has a state of its
/// own; the states.
pub(crate) fn share_out<J, S: Send>(
    threads: usize,
    jobs: impl IntoIterator<Item = J, IntoIter: Send>,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, J) + Sync,
) -> Vec<S> {
    let jobs = Mutex::new(jobs.into_iter());
    // A panic elsewhere becomes one here when the threads end; what is left to do is still right.
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
    on_threads(threads, || {
        let mut state = begin();
        while let Some(job) = next() {
            work(&mut state, job);
        }
        state
    })
}

/// The same without a state: what each job brings, in the order of the jobs.
pub(crate) fn each<J, T: Send>(
    threads: usize,
    jobs: impl IntoIterator<Item = J, IntoIter: Send>,
    work: impl Fn(J) -> T + Sync,
) -> Vec<T> {
    let jobs = jobs.into_iter().enumerate();
    let done = share_out(threads, jobs, Vec::new, |done, (number, job)| done.push((number, work(job))));
    let mut done: Vec<(usize, T)> = done.into_iter().flatten().collect();
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, brought)| brought).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once_and_brings_its_own() {
        for threads in [1, 3] {
            assert_eq!(
                each(threads, 0..1000, |job| job * 2),
                (0..1000).map(|job| job * 2).collect::<Vec<i32>>()
            );
            let sums = share_out(threads, 1..=1000, || 0, |sum, job| *sum += job);
            assert_eq!((sums.len(), sums.iter().sum::<i32>()), (threads, 500_500));
        }
        assert!(each(2, Vec::<u8>::new(), |job| job).is_empty());
    }

    #[test]
    #[should_panic(expected = "a job of seven")]
    fn a_panic_in_a_job_is_one_here() {
        each(2, 0..20, |job| assert!(job != 7, "a job of seven"));
    }
}
