//! The cube that is kept between starts: which one is of this data, these definitions and this program, and when it is
//! believed. Owns both ways between an engine and sections of bytes. Any doubt leads to the files, never to an error.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::indicators::cube::{Calendar, Present, RollUp, Step};
use crate::indicators::measure::{Measure, Plan};
use crate::indicators::packed::{Packer, Unpacker};
use crate::indicators::sets::Sets;
use crate::indicators::spread::Spread;
use crate::indicators::timed::Timed;
use crate::indicators::window::first_day;
use crate::indicators::within::Within;
use crate::privacy::gate::Gate;
use crate::site::Site;
use crate::site::datasets::{Rollup, Table};
use crate::site::problem::{Problem, Severity};
use crate::site::text::Message;
use crate::snapshot::Day;
use crate::store::kept::{self, Doubt, KeptFile};
use crate::store::proof::{self, Hash};
use crate::workers::{each, threads};

use super::build::{newest_possible_day, present_day};
use super::events::EventLog;
use super::pass::Pass;
use super::{Engine, MeasureData, TableState, Version};

/// Version of what the sections hold.
const FORM: u32 = 2;
/// Hash of this program's sources.
const PROGRAM: &str = env!("ONEMAP_SOURCE");

/// Where the cube of a site's data is kept, and what proves that it is of that data.
#[derive(Debug)]
pub(super) struct Kept {
    site: Arc<Site>,
    folder: PathBuf,
    key: Hash,
    /// Of the data files.
    data: Hash,
    /// The newest day that could be in the data when it was read.
    newest_day: Day,
}

/// A cube that may be kept once there is time for it.
#[derive(Debug)]
pub struct ToKeep {
    kept: Kept,
    engine: Engine,
}

impl Kept {
    /// Looks at all files of the data, content and all. None where nothing can be kept, or a file cannot be read.
    pub(super) fn of(site: &Arc<Site>, plan: &Plan) -> Option<Self> {
        let folder = site.state.as_ref()?.join("cube");
        let data = proof::of_data(site)?;
        let mut key = blake3::Hasher::new();
        let measures = format!("{:?}", plan.measures);
        for part in [&FORM.to_le_bytes()[..], PROGRAM.as_bytes(), &site.texts, &data, measures.as_bytes()] {
            key.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        let key = key.finalize().into();
        Some(Self { site: Arc::clone(site), folder, key, data, newest_day: newest_possible_day(site) })
    }

    /// The engine of the kept cube, without events, points and the rows that live changes replace.
    pub(super) fn engine(&self, plan: &Arc<Plan>) -> Option<Engine> {
        let began = Instant::now();
        let read = KeptFile::read(&self.folder, &self.key).and_then(|file| {
            let engine = unpacked(&self.site, plan, &file, self.newest_day)?;
            Ok((engine, file))
        });
        match read {
            Ok((engine, _)) => {
                log::info!("kept cube read in {:.0} ms", began.elapsed().as_secs_f64() * 1000.0);
                Some(engine)
            }
            Err(Doubt::Absent) => {
                log::info!("no kept cube of this data");
                None
            }
            Err(doubt) => {
                log::warn!("kept cube not used: {doubt}");
                None
            }
        }
    }

    /// Whether the data files are still those that were looked at.
    pub(super) fn is_true(&self) -> bool {
        proof::of_data(&self.site) == Some(self.data)
    }

    /// Remembers a cube that was just built from the files. None where a refused file left its mark on it: what stands
    /// in for that file is not part of the proof.
    pub(super) fn to_keep(self, engine: &Engine) -> Option<ToKeep> {
        let is_whole = engine.tables.iter().all(|table| table.held.is_none());
        let engine = Engine { problems: engine.problems.clone(), ..engine.without_rows() };
        is_whole.then_some(ToKeep { kept: self, engine })
    }
}

impl ToKeep {
    /// Writes the cube, where the files are still what they were before they were read. What fails costs the next start
    /// some time and nothing else.
    pub fn write(self) {
        let Self { kept, engine } = self;
        let Some(sections) = packed(&engine, kept.newest_day) else { return };
        drop(engine);
        if !kept.is_true() {
            log::info!("cube not kept: the data changed while it was read");
            return;
        }
        match kept::write(&kept.folder, &kept.key, &sections) {
            Ok(bytes) => log::info!("cube kept, {:.1} MB", bytes as f64 / 1e6),
            Err(err) => log::warn!("cube not kept: {}", err.kind()),
        }
    }
}

/// What every table and measure is read by.
struct Shape<'a> {
    passes: Vec<Pass<'a>>,
    areas: usize,
}

impl<'a> Shape<'a> {
    fn new(site: &'a Site, plan: &'a Plan, sum_up: &'a RollUp, exact: &'a RollUp) -> Self {
        let pass = |(index, (_, table)): (usize, (usize, &'a Table))| {
            let measures: Vec<(usize, &Measure)> =
                plan.measures.iter().enumerate().filter(|(_, m)| m.table == index).collect();
            Pass::new(site, table, measures, if table.rollup == Rollup::Exact { exact } else { sum_up }, true)
        };
        Self { passes: site.tables().enumerate().map(pass).collect(), areas: sum_up.len() }
    }
}

/// The notes, then the tables, then the measures.
fn packed(engine: &Engine, newest_day: Day) -> Option<Vec<Vec<u8>>> {
    let mut notes = Packer::default();
    notes.signed(newest_day.into());
    notes.number(engine.problems.len() as u64);
    for problem in &engine.problems {
        pack_problem(problem, &mut notes)?;
    }
    let mut sections = vec![notes.into_bytes()];
    sections.extend(engine.tables.iter().map(|table| {
        let mut out = Packer::default();
        out.number(table.rows);
        out.number(table.refused);
        out.byte(u8::from(table.newest_secs.is_some()));
        out.signed(table.newest_secs.unwrap_or_default());
        table.presence.pack(&mut out);
        out.number(table.within.len() as u64);
        table.within.iter().for_each(|within| within.pack(&mut out));
        out.into_bytes()
    }));
    sections.extend(engine.measures.iter().map(|data| {
        let mut out = Packer::default();
        match &**data {
            MeasureData::Now(present) => {
                out.byte(0);
                present.pack(&mut out);
            }
            MeasureData::Calendar(calendar) => {
                out.byte(1);
                calendar.pack(&mut out);
            }
            MeasureData::Timed(timed) => {
                out.byte(2);
                timed.pack(&mut out);
            }
            MeasureData::Spread(spread) => {
                out.byte(3);
                spread.pack(&mut out);
            }
            MeasureData::Sets(sets, values) => {
                out.byte(4);
                sets.pack(&mut out);
                out.number(values.len() as u64);
                values.iter().for_each(|value| out.text(value));
            }
        }
        out.into_bytes()
    }));
    Some(sections)
}

/// What a section became.
enum Read {
    Table(TableState),
    Measure(MeasureData),
}

fn unpacked(site: &Arc<Site>, plan: &Arc<Plan>, file: &KeptFile, newest_day: Day) -> Result<Engine, Doubt> {
    let level = site.figure_level();
    let sum_up = Arc::new(RollUp::new(&site.areas, level, false));
    let exact = Arc::new(RollUp::new(&site.areas, level, true));
    let shape = Shape::new(site, plan, &sum_up, &exact);
    let tables: Vec<(usize, &Table)> = site.tables().collect();
    let sections = tables.len() + plan.measures.len();
    if file.len() != 1 + sections {
        return Err(Doubt::NotWhole);
    }
    let mut notes = Unpacker::new(file.section(0)?);
    let kept_day = notes.signed().and_then(|day| Day::try_from(day).ok()).ok_or(Doubt::NotWhole)?;
    let count = notes.length().ok_or(Doubt::NotWhole)?;
    let mut words = Words::default();
    let problems = (0..count).map(|_| unpack_problem(&mut notes, &mut words)).collect::<Option<_>>();
    let problems: Vec<Problem> = problems.filter(|_| notes.is_done()).ok_or(Doubt::NotWhole)?;
    let read = |section: usize| -> Result<Read, Doubt> {
        let mut from = Unpacker::new(file.section(1 + section)?);
        let read = match tables.get(section) {
            Some((dataset, table)) => {
                let pass = shape.passes.get(section);
                pass.and_then(|pass| unpack_table(*dataset, table, pass, &mut from)).map(Read::Table)
            }
            None => unpack_measure(plan, &shape, section - tables.len(), &mut from).map(Read::Measure),
        };
        read.filter(|_| from.is_done()).ok_or(Doubt::NotWhole)
    };
    let (mut states, mut measures) = (Vec::new(), Vec::new());
    for read in each(threads(), 0..sections, read) {
        match read? {
            Read::Table(state) => states.push(state),
            Read::Measure(data) => measures.push(Arc::new(data)),
        }
    }
    // Rows of days to come are news once their day is there: then what was noted as newest is so no longer.
    let is_later = |table: &TableState| {
        let last = table.presence.last().map(|place| match table.presence.step() {
            Step::Day => place,
            Step::Month => first_day(place),
        });
        last.is_some_and(|day| day > kept_day)
    };
    if newest_day < kept_day || newest_day > kept_day && states.iter().any(is_later) {
        return Err(Doubt::Outdated);
    }
    drop(shape);
    let gate = Gate::new(site, plan, sum_up.len());
    Ok(Engine {
        present_day: present_day(site, &states),
        site: Arc::clone(site),
        plan: Arc::clone(plan),
        tables: states,
        measures,
        sum_up,
        exact,
        is_by_days: false,
        gate,
        events: EventLog::default(),
        texture: Arc::from([]),
        problems,
    })
}

fn unpack_table(
    dataset: usize,
    table: &Table,
    pass: &Pass<'_>,
    from: &mut Unpacker<'_>,
) -> Option<TableState> {
    let (rows, refused) = (from.number()?, from.number()?);
    let (has_newest, newest) = (from.byte()? == 1, from.signed()?);
    let presence = Calendar::unpack(from)?;
    let lists = from.length()?;
    let within: Vec<Arc<Within>> =
        (0..lists).map(|_| Within::unpack(pass.packing?, from).map(Arc::new)).collect::<Option<_>>()?;
    (within.len() == pass.together.len()).then(|| TableState {
        dataset,
        table: Arc::new(table.clone()),
        rows,
        refused,
        presence,
        newest_secs: has_newest.then_some(newest),
        held: None,
        within,
        live: None,
        version: Version::next(),
        is_unread: false,
    })
}

fn unpack_measure(
    plan: &Plan,
    shape: &Shape<'_>,
    index: usize,
    from: &mut Unpacker<'_>,
) -> Option<MeasureData> {
    let pass = shape.passes.get(plan.measures.get(index)?.table)?;
    let place = pass.measures.iter().position(|(measure, _)| *measure == index)?;
    let (data, areas) = match from.byte()? {
        0 => {
            let present = Present::unpack(from)?;
            let areas = present.areas();
            (MeasureData::Now(present), areas)
        }
        1 => {
            let calendar = Calendar::unpack(from)?;
            let areas = calendar.areas();
            (MeasureData::Calendar(calendar), areas)
        }
        2 => {
            let timed = Timed::unpack(pass.slot(place), from)?;
            let areas = timed.days.areas();
            (MeasureData::Timed(timed), areas)
        }
        3 => (MeasureData::Spread(Spread::unpack(from)?), shape.areas),
        4 => {
            let sets = Sets::unpack(from)?;
            let values = from.length()?;
            let values = (0..values).map(|_| from.text().map(str::to_owned)).collect::<Option<_>>()?;
            let areas = sets.areas();
            (MeasureData::Sets(sets, values), areas)
        }
        _ => return None,
    };
    (areas == shape.areas).then_some(data)
}

/// Keys and names of places of messages, which live as long as the program: each is kept once, and there are few.
#[derive(Default)]
struct Words(Vec<&'static str>);

impl Words {
    fn own(&mut self, word: &str) -> &'static str {
        if let Some(known) = self.0.iter().find(|known| **known == word) {
            return known;
        }
        let own: &'static str = Box::leak(word.into());
        self.0.push(own);
        own
    }
}

/// Writes a problem; none where its file has a name that is no text.
fn pack_problem(problem: &Problem, out: &mut Packer) -> Option<()> {
    out.byte(match problem.severity {
        Severity::Notice => 0,
        Severity::Warning => 1,
        Severity::Error => 2,
    });
    out.text(problem.file.to_str()?);
    out.number(problem.row.map_or(0, |row| row as u64 + 1));
    out.byte(u8::from(problem.column.is_some()));
    out.text(problem.column.as_deref().unwrap_or_default());
    out.text(problem.message.key);
    out.number(problem.message.args.len() as u64);
    for (name, value) in &problem.message.args {
        out.text(name);
        out.text(value);
    }
    Some(())
}

fn unpack_problem(from: &mut Unpacker<'_>, words: &mut Words) -> Option<Problem> {
    let severity = match from.byte()? {
        0 => Severity::Notice,
        1 => Severity::Warning,
        _ => Severity::Error,
    };
    let file = PathBuf::from(from.text()?);
    let row = usize::try_from(from.number()?).ok()?.checked_sub(1);
    let has_column = from.byte()? == 1;
    let column = from.text().map(|column| has_column.then(|| column.to_owned()))?;
    let key = words.own(from.text()?);
    let args = from.length()?;
    let args = (0..args).map(|_| Some((words.own(from.text()?), from.text()?.to_owned())));
    let message = Message { key, args: args.collect::<Option<_>>()? };
    Some(Problem { severity, file, row, column, message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Depth, build};
    use crate::panels::fixture;

    /// Newest news is what is newest up to the day of reading: rows of days to come make a kept cube outdated.
    #[test]
    fn days_go_by() {
        let engine = build(Arc::new(fixture::site()), Depth::Figures, &|_, _| {}).unwrap();
        let site = Arc::clone(engine.site());
        let last = engine
            .tables
            .iter()
            .filter_map(|table| table.presence.last().filter(|_| table.presence.step() == Step::Day));
        let last = last.max().unwrap();
        let dir = tempfile::tempdir().unwrap();
        for (kept_day, newest_day, outdated) in [
            (last, last, false),
            (last, last + 9, false),
            (last - 3, last - 3, false),
            (last - 3, last - 2, true),
            (last, last - 1, true),
        ] {
            kept::write(dir.path(), &[0; 32], &packed(&engine, kept_day).unwrap()).unwrap();
            let file = KeptFile::read(dir.path(), &[0; 32]).unwrap();
            let read = unpacked(&site, &engine.plan, &file, newest_day);
            assert_eq!(read.err(), outdated.then_some(Doubt::Outdated), "{kept_day} {newest_day}");
        }
    }
}
