//! Counts of different values: per area and value the instants of its rows. Owns them; the values themselves are a list
//! beside.

use std::collections::HashMap;
use std::sync::Arc;

use crate::snapshot::EpochSecs;

use super::cube::RollUp;
use super::packed::{Packer, Unpacker};

/// An instant with how many rows there are of it. Instants fit in 32 bits: the door refuses those before 1970 and after
/// 2099; the last stands for rows without one.
type Mark = (u32, u32);

/// Per value, its instants in order.
type Marks = Vec<Vec<Mark>>;

/// Rows while they load: by area and value.
pub(crate) type Loading = HashMap<(u32, u32), Vec<Mark>>;

/// Adds rows of one instant while loading.
pub(crate) fn load(loading: &mut Loading, area: u32, value: u32, secs: EpochSecs) {
    add(loading.entry((area, value)).or_default(), place(secs), 1);
}

/// Adds another thread's rows; `turn` says where its values stand in this thread's list.
#[expect(clippy::iter_over_hash_type, reason = "each entry goes to one of its own")]
pub(crate) fn extend(loading: &mut Loading, more: Loading, turn: impl Fn(u32) -> u32) {
    for ((area, value), marks) in more {
        let known = loading.entry((area, turn(value))).or_default();
        marks.into_iter().for_each(|(secs, rows)| add(known, secs, rows));
    }
}

/// An instant as it is kept; what lies outside is the first or the last instant there is.
fn place(secs: EpochSecs) -> u32 {
    u32::try_from(secs.max(0)).unwrap_or(u32::MAX)
}

/// Adds to the last instant, or behind it: [`Sets::new`] sorts.
fn add(marks: &mut Vec<Mark>, secs: u32, rows: u32) {
    match marks.last_mut() {
        Some(last) if last.0 == secs => last.1 += rows,
        _ => marks.push((secs, rows)),
    }
}

/// Values of one measure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sets {
    lanes: Vec<Arc<Marks>>,
}

impl Sets {
    /// Of loaded rows, which also count at all areas above theirs.
    #[expect(clippy::iter_over_hash_type, reason = "what is gathered is sorted below")]
    pub(crate) fn new(areas: usize, roll_up: &RollUp, loaded: Loading) -> Self {
        let mut lanes: Vec<Marks> = vec![Marks::new(); areas];
        for ((area, value), marks) in loaded {
            for lane in roll_up.of(area) {
                if let Some(known) = lanes.get_mut(lane).and_then(|lane| at(lane, value)) {
                    known.extend_from_slice(&marks);
                }
            }
        }
        for marks in lanes.iter_mut().flatten() {
            marks.sort_unstable();
            let mut sorted: Vec<Mark> = Vec::with_capacity(marks.len());
            marks.iter().for_each(|(secs, rows)| add(&mut sorted, *secs, *rows));
            *marks = sorted;
        }
        Self { lanes: lanes.into_iter().map(Arc::new).collect() }
    }

    /// Writes the instants.
    pub(crate) fn pack(&self, out: &mut Packer) {
        out.number(self.lanes.len() as u64);
        for lane in &self.lanes {
            out.number(lane.len() as u64);
            for marks in lane.iter() {
                let secs: Vec<u32> = marks.iter().map(|mark| mark.0).collect();
                out.running_counts(&secs);
                out.counts(marks.iter().map(|mark| mark.1));
            }
        }
    }

    /// Reads instants.
    pub(crate) fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let marks = |from: &mut Unpacker<'_>| {
            let (secs, rows) = (from.running_counts()?, from.counts()?);
            (secs.len() == rows.len()).then(|| secs.into_iter().zip(rows).collect::<Vec<Mark>>())
        };
        let lanes = from.length()?;
        let lanes = (0..lanes).map(|_| {
            let values = from.length()?;
            Some(Arc::new((0..values).map(|_| marks(from)).collect::<Option<Marks>>()?))
        });
        Some(Self { lanes: lanes.collect::<Option<_>>()? })
    }

    /// How many areas it has instants for.
    pub(crate) const fn areas(&self) -> usize {
        self.lanes.len()
    }

    /// Adds or takes back a row.
    pub(crate) fn change(&mut self, roll_up: &RollUp, secs: EpochSecs, area: u32, value: u32, sign: i8) {
        let secs = place(secs);
        for lane in roll_up.of(area) {
            let Some(lane) = self.lanes.get_mut(lane) else { continue };
            let Some(marks) = at(Arc::make_mut(lane), value) else { continue };
            let found = marks.binary_search_by_key(&secs, |mark| mark.0);
            match (found, sign > 0) {
                (Ok(place), true) => {
                    if let Some(mark) = marks.get_mut(place) {
                        mark.1 += 1;
                    }
                }
                (Err(place), true) => marks.insert(place, (secs, 1)),
                (Ok(place), false) => {
                    let left = marks.get_mut(place).map_or(0, |mark| {
                        mark.1 = mark.1.saturating_sub(1);
                        mark.1
                    });
                    if left == 0 {
                        marks.remove(place);
                    }
                }
                (Err(_), false) => {}
            }
        }
    }

    /// How many different values an area has from one instant to another, both included.
    pub(crate) fn count(&self, area: usize, from: EpochSecs, to: EpochSecs) -> u32 {
        if to < from || to < 0 {
            return 0;
        }
        let (from, to) = (place(from), place(to));
        let is_there = |marks: &&Vec<Mark>| {
            let next = marks.partition_point(|mark| mark.0 < from);
            marks.get(next).is_some_and(|mark| mark.0 <= to)
        };
        let values = self.lanes.get(area).map_or(0, |lane| lane.iter().filter(is_there).count());
        u32::try_from(values).unwrap_or(u32::MAX)
    }

    /// The instants of an area's rows, value by value.
    pub(crate) fn instants(&self, area: usize) -> impl Iterator<Item = (usize, EpochSecs)> + '_ {
        let lane = self.lanes.get(area).into_iter().flat_map(|lane| lane.iter().enumerate());
        let dated = |mark: &&Mark| mark.0 < u32::MAX;
        lane.flat_map(move |(value, marks)| marks.iter().filter(dated).map(move |m| (value, m.0.into())))
    }
}

fn at(marks: &mut Marks, value: u32) -> Option<&mut Vec<Mark>> {
    let place = value as usize;
    if place >= marks.len() {
        marks.resize_with(place + 1, Vec::new);
    }
    marks.get_mut(place)
}
