//! What is done for later once the first picture is out: copies of good data, the cube, numbers in order. Owns the
//! threads that do it; nothing waits for them.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Engine, ToKeep};
use crate::site::Site;
use crate::store::quarantine;

/// Keeps copies of what passed the door, some time after the first picture and beside everything else.
pub(super) fn copies(site: Arc<Site>, running: &Arc<()>) {
    const AFTER: Duration = Duration::from_secs(20);
    if site.state.is_none() {
        return;
    }
    let running = Arc::downgrade(running);
    let work = move || {
        std::thread::sleep(AFTER);
        let written = quarantine::keep(&site, &|| running.strong_count() > 0);
        log::info!("{written} copies of good data written");
    };
    if let Err(err) = std::thread::Builder::new().name("keep-copies".to_owned()).spawn(work) {
        log::warn!("no thread to keep copies: {err}");
    }
}

/// Keeps the cube for the next start, beside everything else.
pub(super) fn cube(to_keep: ToKeep) {
    let named = std::thread::Builder::new().name("keep-cube".to_owned());
    if let Err(err) = named.spawn(move || to_keep.write()) {
        log::warn!("no thread to keep the cube: {err}");
    }
}

/// Puts the numbers of medians in order, which the engine of every later picture shares.
pub(super) fn order(engine: Engine) {
    let named = std::thread::Builder::new().name("order-medians".to_owned());
    if let Err(err) = named.spawn(move || engine.prepare()) {
        log::warn!("no thread to put numbers in order: {err}");
    }
}
