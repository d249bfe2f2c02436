//! What had arrived by an instant, read from the journal while another thread or program writes it. Owns from when on
//! the journal can say so; changes nothing and holds no lock.
//!
//! A base keeps the newest version of each row only. By the arrival of the last row in it all other versions that went
//! into it had been replaced, so from then on what is read is what was there; of an earlier instant it is not, and a
//! table with rows in the base says that it cannot tell.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::known::Known;
use super::supervise::state_dir;
use super::{Waiting, admit, codec, journal};
use crate::engine::{Arrived, Batch, LateRows};
use crate::site::Site;
use crate::site::problem::Problem;
use crate::site::text::Message;
use crate::snapshot::EpochSecs;

/// The files of a folder are listed again at most so often while they change.
const TRIES: usize = 20;

/// The files of a journal at one time; they can be read to their end even when a fold takes them away.
#[derive(Debug, Default)]
struct Files {
    base: Option<File>,
    segments: Vec<File>,
}

impl Files {
    /// Those of a folder; none where there is no journal yet.
    fn open(dir: &Path) -> io::Result<Self> {
        for _ in 0..TRIES {
            let listed = match journal::numbers(dir) {
                Ok(listed) => listed,
                Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
                Err(err) => return Err(err),
            };
            match Self::of(dir, &listed) {
                // Opened between two equal lists: no fold fell in between.
                Ok(files) if journal::numbers(dir)? == listed => return Ok(files),
                Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
                _ => {}
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    fn of(dir: &Path, (bases, segments): &(Vec<u64>, Vec<u64>)) -> io::Result<Self> {
        let newest = bases.last().copied();
        let behind = segments.iter().filter(|s| newest.is_none_or(|b| **s > b));
        Ok(Self {
            base: newest.map(|number| File::open(journal::base(dir, number))).transpose()?,
            segments: behind
                .map(|number| File::open(journal::segment(dir, *number)))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Per table with folded rows, when the last of them arrived.
    fn folded(&self) -> io::Result<BTreeMap<String, EpochSecs>> {
        let mut out: BTreeMap<String, EpochSecs> = BTreeMap::new();
        if let Some(base) = &self.base {
            journal::records(base, &mut |payload| {
                if let Some((_, parcel)) = codec::decode(payload).filter(|(_, p)| p.rows.height() > 0) {
                    let last = out.entry(parcel.table).or_insert(parcel.arrived_secs);
                    *last = (*last).max(parcel.arrived_secs);
                }
            })?;
        }
        Ok(out)
    }

    /// Gives all rows that had arrived by an instant, in their order and through the door of today.
    fn rows(&self, site: &Site, instant: EpochSecs, each: &mut dyn FnMut(Batch)) -> io::Result<()> {
        let mut known = Known::default();
        let mut waiting = Waiting::default();
        for file in self.base.iter().chain(&self.segments) {
            journal::records(file, &mut |payload| {
                let Some((source, parcel)) = codec::decode(payload) else { return };
                if parcel.arrived_secs > instant || parcel.rows.height() == 0 {
                    return;
                }
                let parcel = known.sift(site, &source, parcel).parcel;
                if let Some(parcel) = admit::from_journal(site, parcel).0
                    && let Some(batch) = waiting.add(parcel)
                {
                    each(batch);
                }
            })?;
        }
        waiting.rest().for_each(each);
        Ok(())
    }
}

/// The rows that a site's journal holds, for what was known when; none where the site has no live sources.
#[must_use]
pub fn late_rows(site: &Arc<Site>) -> Option<LateRows> {
    if site.meta.sample.is_some() || site.feeds.sources.is_empty() {
        return None;
    }
    let site = Arc::clone(site);
    Some(Arc::new(move |instant| arrived(&site, instant)))
}

fn arrived(site: &Arc<Site>, instant: EpochSecs) -> Result<Arrived, Vec<Problem>> {
    let dir = state_dir(site);
    let unread = move |err: io::Error| {
        let message = Message::new("problem.journal_unread").with("dir", dir.display()).with("error", err);
        vec![Problem::error(&dir, message)]
    };
    let files = Files::open(&state_dir(site)).map_err(&unread)?;
    let folded = files.folded().map_err(&unread)?;
    let untold = folded.into_iter().filter(|(_, last)| *last > instant);
    let untold = untold.map(|(table, last)| {
        let message = Message::new("problem.journal_folded").with("table", &table);
        let message = message.with("time", site.zone.iso(last));
        (table, Problem::warning("sources.toml", message))
    });
    let untold = untold.collect();
    let site = Arc::clone(site);
    let rows = Box::new(move |each: &mut dyn FnMut(Batch)| files.rows(&site, instant, each).map_err(unread));
    Ok(Arrived { untold, rows })
}
