//! Between the sources and the engine: what comes is sifted, kept in the journal as one group, then acknowledged and
//! passed on. Owns the order of these steps; takes from every source in turn.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, SendTimeoutError, Sender};
use polars::prelude::DataFrame;

use super::journal::Journal;
use super::known::{self, Known};
use super::tap::{Counters, Numbered, Stop};
use super::{Parcel, SourceEvent, codec};
use crate::engine::Batch;
use crate::site::Site;

/// Parcels that wait between a source and the intake at most.
pub(super) const QUEUE: usize = 16;
/// A group is closed when it has this many bytes or parcels; the rest waits for the next one.
const GROUP_BYTES: usize = 8 << 20;
const GROUP_PARCELS: usize = 256;
/// A disk that refuses is tried again after this long.
const RETRY: Duration = Duration::from_millis(500);

/// The end of one source at the intake.
#[derive(Debug)]
pub(super) struct Inlet {
    pub(super) source: String,
    pub(super) inbox: Receiver<Numbered>,
    pub(super) counters: Arc<Counters>,
}

/// The intake.
pub(super) struct Intake {
    pub(super) site: Arc<Site>,
    pub(super) journal: Journal,
    pub(super) known: Known,
    pub(super) inlets: Vec<Inlet>,
    pub(super) out: Sender<SourceEvent>,
    pub(super) stop: Stop,
    /// The fold that runs, if one does.
    pub(super) folding: Option<JoinHandle<()>>,
    /// What the disk says, while it refuses.
    pub(super) trouble: Sender<Option<String>>,
}

/// The batch of a parcel.
pub(crate) fn batch(parcel: Parcel) -> Batch {
    let rows = parcel.rows.arriving(parcel.arrived_secs);
    Batch { table: parcel.table, rows, arrived_secs: parcel.arrived_secs, received: parcel.received }
}

impl Intake {
    /// Until told to stop; what is in the inboxes then was not acknowledged and comes again.
    pub(super) fn run(mut self) {
        let mut next = 0;
        while !self.stop.is_given() && self.wait() {
            let group = self.gather(&mut next);
            if !group.is_empty() && !self.keep(group) {
                break;
            }
            self.fold();
        }
        // It hears the same word and stops at the next file.
        if let Some(folding) = self.folding.take()
            && folding.join().is_err()
        {
            log::error!("journal: the fold ended in a panic");
        }
    }

    /// Waits until any source has something; false where the end has come.
    fn wait(&self) -> bool {
        let mut select = Select::new();
        select.recv(self.stop.channel());
        for inlet in &self.inlets {
            select.recv(&inlet.inbox);
        }
        let ready = select.ready();
        // An inbox whose source is gone is ready for ever, and empty: that is no work.
        let empty = ready.checked_sub(1).and_then(|i| self.inlets.get(i)).is_none_or(|i| i.inbox.is_empty());
        !(empty && self.stop.wait(Duration::from_millis(20)))
    }

    /// One parcel of each source in turn, until nothing waits or the group is large enough.
    fn gather(&mut self, next: &mut usize) -> Vec<(usize, u64, Parcel)> {
        let mut group = Vec::new();
        let mut bytes = 0;
        let mut idle = 0;
        while idle < self.inlets.len() && bytes < GROUP_BYTES && group.len() < GROUP_PARCELS {
            let index = *next % self.inlets.len();
            *next = next.wrapping_add(1);
            match self.inlets.get(index).and_then(|inlet| inlet.inbox.try_recv().ok()) {
                Some(Numbered { number, parcel }) => {
                    idle = 0;
                    bytes += parcel.rows.frame().estimated_size();
                    group.push((index, number, parcel));
                }
                None => idle += 1,
            }
        }
        group
    }

    /// Keeps a group, acknowledges it, passes it on; false where the end has come.
    fn keep(&mut self, group: Vec<(usize, u64, Parcel)>) -> bool {
        let mut records = Vec::with_capacity(group.len());
        let mut parcels = Vec::with_capacity(group.len());
        let mut numbers = Vec::with_capacity(group.len());
        for (index, number, parcel) in group {
            let Some(inlet) = self.inlets.get(index) else { continue };
            let sifted = self.known.sift(&self.site, &inlet.source, parcel);
            inlet.counters.repeated.fetch_add(sifted.repeated, Ordering::Relaxed);
            numbers.push((index, number, sifted.parcel.rows.height() as u64, sifted.parcel.arrived_secs));
            if sifted.parcel.rows.height() > 0 || sifted.parcel.cursor.is_some() {
                records.push(codec::encode(&inlet.source, &sifted.parcel));
            }
            if sifted.parcel.rows.height() > 0 {
                parcels.push(sifted.parcel);
            }
        }
        if !records.is_empty() && !self.write(&records) {
            return false;
        }
        for (index, number, rows, arrived) in numbers {
            let Some(inlet) = self.inlets.get(index) else { continue };
            inlet.counters.rows.fetch_add(rows, Ordering::Relaxed);
            if rows > 0 {
                inlet.counters.last_secs.fetch_max(arrived.max(0).cast_unsigned(), Ordering::Relaxed);
            }
            inlet.counters.durable.store(number, Ordering::Release);
        }
        merged(parcels).into_iter().all(|parcel| self.pass_on(parcel))
    }

    /// Writes until the disk takes it; nothing is acknowledged before.
    fn write(&mut self, records: &[Vec<u8>]) -> bool {
        let mut refused = false;
        loop {
            match self.journal.append(records) {
                Ok(()) => {
                    if refused {
                        log::info!("journal: the disk takes records again");
                        drop(self.trouble.try_send(None));
                    }
                    return true;
                }
                Err(err) => {
                    if !refused {
                        log::error!("journal: nothing is acknowledged until the disk takes it: {err}");
                        drop(self.trouble.try_send(Some(err.to_string())));
                    }
                    refused = true;
                    if self.stop.wait(RETRY) {
                        return false;
                    }
                }
            }
        }
    }

    fn pass_on(&self, parcel: Parcel) -> bool {
        let mut event = SourceEvent::Batch(batch(parcel));
        loop {
            match self.out.send_timeout(event, Duration::from_millis(50)) {
                Ok(()) => return true,
                Err(SendTimeoutError::Timeout(back)) if !self.stop.is_given() => event = back,
                Err(_) => return false,
            }
        }
    }

    /// Starts the fold that is due, on a thread of its own.
    fn fold(&mut self) {
        if self.folding.as_ref().is_some_and(|f| !f.is_finished()) || !self.journal.began_segment() {
            return;
        }
        match self.journal.fold_due() {
            Ok(Some(fold)) => {
                let site = Arc::clone(&self.site);
                let stop = self.stop.clone();
                let run = move || {
                    if let Err(err) = super::supervise::fold(&site, &fold, &stop) {
                        log::error!("journal: older segments were not folded: {err}");
                    }
                };
                match std::thread::Builder::new().name("journal-fold".to_owned()).spawn(run) {
                    Ok(thread) => self.folding = Some(thread),
                    Err(err) => log::error!("journal: no thread to fold older segments: {err}"),
                }
            }
            Ok(None) => {}
            Err(err) => log::error!("journal: {err}"),
        }
    }
}

/// Parcels of the same table and columns that follow each other become one: a batch costs the engine about as much as
/// ten rows.
fn merged(parcels: Vec<Parcel>) -> Vec<Parcel> {
    let mut out: Vec<Parcel> = Vec::new();
    for parcel in parcels {
        if let Some(last) = out.last_mut()
            && last.table == parcel.table
            && last.rows.append(&parcel.rows)
        {
            last.arrived_secs = last.arrived_secs.max(parcel.arrived_secs);
            last.received = last.received.min(parcel.received);
        } else {
            out.push(parcel);
        }
    }
    out
}

/// The newest version of each row and the newest cursor of each stream: what a fold keeps.
#[derive(Debug, Default)]
pub(super) struct Newest {
    rows: std::collections::HashMap<u64, (u64, u32)>,
    cursors: std::collections::HashMap<u64, u64>,
}

impl Newest {
    fn cursor_hash(source: &str, parcel: &Parcel<DataFrame>) -> Option<u64> {
        let cursor = parcel.cursor.as_ref()?;
        Some(known::stable_hash(&[source.as_bytes(), cursor.name.as_bytes()]))
    }

    /// Sees a record of the journal.
    pub(super) fn look(&mut self, site: &Site, record: u64, payload: &[u8]) {
        let Some((source, parcel)) = codec::decode(payload) else { return };
        if let Some(cursor) = Self::cursor_hash(&source, &parcel) {
            self.cursors.insert(cursor, record);
        }
        if let Some(table) = site.table(&parcel.table) {
            for (row, key) in (0..).zip(known::keys(&source, table, &parcel.rows)) {
                self.rows.insert(key, (record, row));
            }
        }
    }

    /// What stays of a record. A record of a table that is no longer declared stays as it is.
    pub(super) fn rewrite(&self, site: &Site, record: u64, payload: &[u8]) -> Option<Vec<u8>> {
        let (source, mut parcel) = codec::decode(payload)?;
        let Some(table) = site.table(&parcel.table) else {
            return Some(payload.to_vec());
        };
        if Self::cursor_hash(&source, &parcel).is_some_and(|c| self.cursors.get(&c) != Some(&record)) {
            parcel.cursor = None;
        }
        let keys = known::keys(&source, table, &parcel.rows);
        let keep: Vec<bool> =
            (0u32..).zip(&keys).map(|(row, key)| self.rows.get(key) == Some(&(record, row))).collect();
        let parcel = parcel.only(&keep);
        (parcel.rows.height() > 0 || parcel.cursor.is_some()).then(|| codec::encode(&source, &parcel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::journal::Limits;
    use crate::sources::tap::Stop;
    use crossbeam_channel::bounded;

    /// Nothing is acknowledged, counted or passed on before the disk has it.
    #[test]
    fn a_disk_that_refuses_stops_the_acknowledging() {
        let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/tiny");
        let site = Arc::new(crate::site::load(&root).unwrap().0);
        let table = site.table("street_job").unwrap();
        let columns: Vec<&str> = table.columns.iter().map(|c| c.id.as_str()).collect();
        let rows =
            crate::store::read::read(&site, table, &root.join("data/street_job.ndjson"), &columns).frame;
        assert!(rows.height() > 0);
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(dir.path(), Limits::new(1, 64), &mut |_| {}).unwrap();
        drop(journal.write_to(full));
        let (give, stop) = Stop::new();
        let (put, inbox) = bounded(QUEUE);
        let (out, passed_on) = bounded(8);
        let (trouble, told) = bounded(4);
        let counters = Arc::new(Counters::default());
        let inlets = vec![Inlet { source: "a".to_owned(), inbox, counters: Arc::clone(&counters) }];
        let known = Known::default();
        let intake = Intake { site, journal, known, inlets, out, stop, folding: None, trouble };
        let thread =
            std::thread::Builder::new().name("intake".to_owned()).spawn(move || intake.run()).unwrap();
        put.send(Numbered { number: 1, parcel: Parcel::now("street_job", rows) }).unwrap();
        let error = told.recv().unwrap().unwrap();
        assert!(!error.is_empty());
        assert_eq!(counters.durable.load(Ordering::Acquire), 0);
        assert_eq!(counters.rows.load(Ordering::Relaxed), 0);
        assert!(passed_on.is_empty());
        drop(give);
        thread.join().unwrap();
        assert!(passed_on.is_empty());
        assert_eq!(counters.durable.load(Ordering::Acquire), 0);
    }
}
