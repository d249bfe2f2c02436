//! A progress bar on stderr for work that takes longer than a second. Owns when it shows; nothing where nobody
//! watches.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar that keeps silent for the first second.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    since: Instant,
}

impl Bar {
    /// A bar with a word before it.
    #[must_use]
    pub(super) fn new(word: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:32}] {pos}/{len}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(word.to_owned());
        Self { bar, since: Instant::now() }
    }

    /// So many of so many are done.
    pub(super) fn step(&self, done: usize, of: usize) {
        const QUIET: Duration = Duration::from_secs(1);
        if self.bar.is_hidden() && self.since.elapsed() > QUIET && std::io::stderr().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
