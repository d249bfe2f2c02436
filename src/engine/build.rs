//! Builds the cube from a site's files: every table in pieces, two threads taking the next piece each. Owns the order
//! of loading and what is told about bad data; answers nothing.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::indicators::cube::{Present, RollUp};
use crate::indicators::expr::Term;
use crate::indicators::measure::{Contribution, Measure, Plan, plan};
use crate::memory::{self, GiveBack};
use crate::privacy::gate::Gate;
use crate::site::Site;
use crate::site::civil::parse_day;
use crate::site::datasets::{ARRIVED_COLUMN, Refresh, Rollup, Table};
use crate::site::problem::Problem;
use crate::site::text::Message;
use crate::snapshot::{Day, EpochSecs, LonLatList};
use crate::store::pieces::{Columns, Pieces};
use crate::workers::{on_threads, share_out, threads};

use super::depth::Depth;
use super::events::EventLog;
use super::kept::{Kept, ToKeep};
use super::load::{Loaded, Loading, Worker};
use super::noted::{Noted, tell_apart};
use super::pass::Pass;
use super::{Engine, MeasureData, TableState, Version};

/// Told per file; the rest is counted.
const MAX_PROBLEMS: usize = 20;

/// Reads and measures everything. `progress` hears how many of how many tables are done.
///
/// # Errors
/// The problems of the catalogue; problems of data come back inside the engine.
pub fn build(
    site: Arc<Site>,
    depth: Depth,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Engine, Vec<Problem>> {
    let plan = Arc::new(plan(&site)?);
    Ok(build_as_known(site, plan, depth, None, &[], progress))
}

/// An engine at the start of the program.
#[derive(Debug)]
pub struct Start {
    /// The engine.
    pub engine: Engine,
    /// What is to be kept for the next start once there is time for it; none where it is kept already.
    pub to_keep: Option<ToKeep>,
}

/// The engine, from the cube that was kept by an earlier start where that is of the same data, else from the files.
/// Rows and events are read from the files in either case.
///
/// # Errors
/// The problems of the catalogue; problems of data come back inside the engine.
pub fn start(
    site: Arc<Site>,
    depth: Depth,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Start, Vec<Problem>> {
    start_with(site, depth, progress, &mut |_| {})
}

/// The same. A kept cube is handed over as it is, without rows and events, before these are read; not where none is used.
///
/// # Errors
/// The problems of the catalogue; problems of data come back inside the engine.
pub(crate) fn start_with(
    site: Arc<Site>,
    depth: Depth,
    progress: &(dyn Fn(usize, usize) + Sync),
    bare: &mut dyn FnMut(Engine),
) -> Result<Start, Vec<Problem>> {
    let plan = Arc::new(plan(&site)?);
    let kept = if matches!(depth, Depth::Everything | Depth::Days) { None } else { Kept::of(&site, &plan) };
    if let Some(kept) = &kept
        && let Some(mut engine) = kept.engine(&plan)
    {
        bare(engine.without_rows());
        // Rows of other data would be taken back from cells that never counted them.
        if !depth.keeps_rows() || read_rows(&mut engine, progress) && kept.is_true() {
            return Ok(Start { engine, to_keep: None });
        }
    }
    let engine = build_as_known(site, plan, depth, None, &[], progress);
    let to_keep = kept.and_then(|kept| kept.to_keep(&engine));
    Ok(Start { engine, to_keep })
}

/// The figures as they were known at an instant: rows that arrived later are left out, and an earlier version of a row
/// counts again. Tables that do not note when rows arrived cannot answer; they are left out as a whole and told.
///
/// # Errors
/// The problems of the catalogue; problems of data come back inside the engine.
pub fn build_known_at(
    site: Arc<Site>,
    instant: EpochSecs,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Engine, Vec<Problem>> {
    let plan = Arc::new(plan(&site)?);
    Ok(build_as_known(site, plan, Depth::Days, Some(instant), &[], progress))
}

/// The same with the events and the rows that live changes replace. Of the tables `untold` no row counts either: what
/// came live for them cannot be said any more.
pub(super) fn build_known_screen(
    site: Arc<Site>,
    instant: EpochSecs,
    untold: &[(String, Problem)],
) -> Result<Engine, Vec<Problem>> {
    let plan = Arc::new(plan(&site)?);
    let mut engine = build_as_known(site, plan, Depth::Needed, Some(instant), untold, &|_, _| {});
    engine.problems.extend(untold.iter().map(|(_, problem)| problem.clone()));
    Ok(engine)
}

fn build_as_known(
    site: Arc<Site>,
    plan: Arc<Plan>,
    depth: Depth,
    known_at: Option<EpochSecs>,
    untold: &[(String, Problem)],
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Engine {
    memory::give_back(GiveBack::Keep);
    let level = site.figure_level();
    let depth = depth.enough(&site, &plan);
    let sum_up = Arc::new(RollUp::new(&site.areas, level, false));
    let exact = Arc::new(RollUp::new(&site.areas, level, true));
    let known_day = known_at.map_or(Day::MAX, |secs| site.zone.day_of(secs));
    let newest_day = newest_possible_day(&site).min(known_day);
    let roll_ups = (&*sum_up, &*exact);
    let mut loading: Vec<Loading<'_>> = loadings(&site, &plan, roll_ups, depth, known_at).collect();
    for loading in &mut loading {
        loading.is_untold = untold.iter().any(|(untold, _)| *untold == loading.pass.table.id);
    }
    let loaded = load_and_look_again(&mut loading, newest_day, progress);
    let mut measures: Vec<Option<Arc<MeasureData>>> = vec![None; plan.measures.len()];
    let (mut tables, mut problems, mut events) = (Vec::new(), Vec::new(), None);
    let mut texture: Vec<[f64; 2]> = Vec::new();
    for (loading, loaded) in loading.iter().zip(loaded) {
        problems.extend(table_problems(loading, &loaded));
        for (measure, data) in loaded.measures {
            if let Some(slot) = measures.get_mut(measure) {
                *slot = Some(Arc::new(data));
            }
        }
        events = events.or(loaded.events);
        texture.extend(loaded.texture);
        tables.push(TableState {
            dataset: loading.dataset,
            table: Arc::new(loading.pass.table.clone()),
            rows: loaded.rows,
            refused: loaded.refused + loaded.unknown_areas,
            presence: loaded.presence,
            newest_secs: loaded.newest_secs,
            held: loaded.held,
            within: loaded.within.into_iter().map(Arc::new).collect(),
            live: loaded.live,
            version: Version::next(),
            is_unread: false,
        });
    }
    drop(loading);
    memory::give_back(GiveBack::AtOnce);
    let none = || Arc::new(MeasureData::Now(Present::new(sum_up.len())));
    let present_day = present_day(&site, &tables).min(known_day);
    let texture: LonLatList = texture.into();
    let gate = Gate::new(&site, &plan, sum_up.len());
    Engine {
        measures: measures.into_iter().map(|m| m.unwrap_or_else(none)).collect(),
        events: events.unwrap_or_default(),
        texture,
        site,
        plan,
        tables,
        sum_up,
        gate,
        exact,
        is_by_days: depth == Depth::Days,
        present_day,
        problems,
    }
}

/// The tables with their files, opened. `roll_ups` are those of sums and of tables that add up nowhere.
fn loadings<'a>(
    site: &'a Site,
    plan: &'a Plan,
    (sum_up, exact): (&'a RollUp, &'a RollUp),
    depth: Depth,
    known_at: Option<EpochSecs>,
) -> impl Iterator<Item = Loading<'a>> {
    site.tables().enumerate().map(move |(index, (dataset, table))| {
        let measures: Vec<(usize, &Measure)> =
            plan.measures.iter().enumerate().filter(|(_, m)| m.table == index).collect();
        let roll_up = if table.rollup == Rollup::Exact { exact } else { sum_up };
        let live = depth.keeps_rows() && is_live(site, dataset, table);
        let columns = wanted_columns(site, table, &measures, depth, known_at.is_some());
        let pass = Pass::new(site, table, measures, roll_up, depth != Depth::Days);
        let pieces = Pieces::open(site, table, &columns, known_at, &HashSet::new());
        Loading::new(dataset, pass, pieces, columns, live, depth, known_at)
    })
}

/// Reads what an engine of a kept cube lacks: events, points and the rows that live changes replace. False where a file
/// may not be used as it is.
fn read_rows(engine: &mut Engine, progress: &(dyn Fn(usize, usize) + Sync)) -> bool {
    memory::give_back(GiveBack::Keep);
    let (site, plan) = (Arc::clone(&engine.site), Arc::clone(&engine.plan));
    let (sum_up, exact) = (Arc::clone(&engine.sum_up), Arc::clone(&engine.exact));
    let all = loadings(&site, &plan, (&sum_up, &exact), Depth::Needed, None);
    let mut loading: Vec<Loading<'_>> = all.map(Loading::rows_only).collect();
    let loaded = load_and_look_again(&mut loading, newest_possible_day(&site), progress);
    let is_good = loaded.iter().all(|loaded| loaded.held.is_none());
    let mut texture: Vec<[f64; 2]> = Vec::new();
    for (state, loaded) in engine.tables.iter_mut().zip(loaded) {
        state.live = loaded.live;
        texture.extend(loaded.texture);
        if let Some(events) = loaded.events {
            engine.events = events;
        }
    }
    engine.texture = texture.into();
    drop(loading);
    memory::give_back(GiveBack::AtOnce);
    is_good
}

/// Whether live changes come for a table.
fn is_live(site: &Site, dataset: usize, table: &Table) -> bool {
    let promised = || site.datasets.get(dataset).map_or(Refresh::AsNeeded, |d| d.refresh);
    let is_events = site.meta.events.as_ref().is_some_and(|e| e.table == table.id);
    is_events
        || site.is_fed(&table.id)
        || matches!(table.refresh.unwrap_or_else(promised), Refresh::Live | Refresh::Hourly)
}

/// Loads all tables. Those with files that have to be read as wholes (a content that may not come in was met in one
/// piece) are loaded once more without a row of theirs, by one thread: the record of refusals has one writer.
fn load_and_look_again(
    loading: &mut [Loading<'_>],
    newest_day: Day,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Vec<Loaded> {
    tell_apart(loading);
    let mut loaded = load_all(loading, usize::MAX, newest_day, progress);
    let mut set_aside: HashSet<PathBuf> = HashSet::new();
    loop {
        for (loading, loaded) in loading.iter_mut().zip(&loaded) {
            loading.is_due = !loaded.set_aside.is_empty();
        }
        let known = set_aside.len();
        set_aside.extend(loaded.iter().flat_map(|loaded| loaded.set_aside.iter().cloned()));
        if set_aside.len() == known {
            return loaded;
        }
        for loading in loading.iter_mut().filter(|loading| loading.is_due) {
            let (site, table) = (loading.pass.site, loading.pass.table);
            loading.pieces = Pieces::open(site, table, &loading.columns, loading.known_at, &set_aside);
        }
        let again = load_all(loading, 1, newest_day, &|_, _| {});
        for ((loaded, again), loading) in loaded.iter_mut().zip(again).zip(loading.iter()) {
            if loading.is_due {
                *loaded = again;
            }
        }
    }
}

/// Work is handed out piece by piece, so that one large table keeps no thread waiting for another.
fn load_all(
    loading: &[Loading<'_>],
    most_threads: usize,
    newest_day: Day,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Vec<Loaded> {
    let threads = threads().min(most_threads);
    // Keys of pieces that replace rows of earlier pieces are noted before any of those is counted.
    let first: Vec<(usize, usize)> = all_pieces(loading, |p| p.overlaps.replaces);
    let begin = || Worker::new(loading, newest_day);
    let noted = share_out(threads, first, begin, |worker, (table, piece)| worker.note_keys(table, piece));
    let noted = Noted::join(loading.len(), noted.into_iter().map(Worker::into_noted).collect());
    let queue = Queue::new(loading);
    let left: Vec<AtomicUsize> = loading.iter().map(|l| AtomicUsize::new(l.pieces.list.len())).collect();
    let at_it: Vec<AtomicUsize> = loading.iter().map(|_| AtomicUsize::new(0)).collect();
    let done = AtomicUsize::new(loading.iter().filter(|l| !l.is_due || l.pieces.list.is_empty()).count());
    let parts = on_threads(threads, || {
        let mut worker = Worker::new(loading, newest_day);
        let mut table = None;
        while let Some((own, piece)) = queue.next(&mut table) {
            let (Some(left), Some(at_it)) = (left.get(own), at_it.get(own)) else { continue };
            if worker.is_new_to(own) {
                at_it.fetch_add(1, Ordering::AcqRel);
            }
            worker.count(own, piece, &noted);
            if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                if at_it.load(Ordering::Acquire) == 1 {
                    worker.finish(own);
                }
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, loading.len());
            }
        }
        worker.into_parts()
    });
    super::load::finish(loading, parts, newest_day)
}

/// Pieces that are to be counted. A thread stays with its table, since each thread has cells of its own for every table
/// it has a piece of; where no table is left that nobody is at, it helps with the one that has most to do.
struct Queue {
    /// Table, pieces, the next of them, and whether a thread is at it; the largest table first, so that the threads end
    /// together.
    tables: Vec<(usize, usize, AtomicUsize, AtomicBool)>,
}

impl Queue {
    fn new(loading: &[Loading<'_>]) -> Self {
        let due = loading.iter().enumerate().filter(|(_, l)| l.is_due);
        let size = |l: &Loading<'_>| l.pieces.list.iter().map(|p| p.rows).sum::<usize>();
        let mut tables: Vec<(usize, usize, usize)> =
            due.map(|(table, l)| (size(l), table, l.pieces.list.len())).collect();
        tables.sort_by_key(|(size, table, _)| (std::cmp::Reverse(*size), *table));
        let fresh = |(_, table, pieces)| (table, pieces, AtomicUsize::new(0), AtomicBool::new(false));
        Self { tables: tables.into_iter().map(fresh).collect() }
    }

    /// The next piece for a thread that is at `at`, a place in the queue.
    fn next(&self, at: &mut Option<usize>) -> Option<(usize, usize)> {
        loop {
            if let Some((table, pieces, next, _)) = at.and_then(|at| self.tables.get(at)) {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                if piece < *pieces {
                    return Some((*table, piece));
                }
            }
            let fresh = self.tables.iter().position(|(.., taken)| !taken.swap(true, Ordering::Relaxed));
            let open = |(_, pieces, next, _): &(usize, usize, AtomicUsize, AtomicBool)| {
                pieces.saturating_sub(next.load(Ordering::Relaxed))
            };
            *at = fresh.or_else(|| {
                let most = self.tables.iter().enumerate().max_by_key(|(_, table)| open(table))?;
                (open(most.1) > 0).then_some(most.0)
            });
            at.as_ref()?;
        }
    }
}

fn all_pieces(
    loading: &[Loading<'_>],
    want: impl Fn(&crate::store::pieces::Piece) -> bool,
) -> Vec<(usize, usize)> {
    loading
        .iter()
        .enumerate()
        .filter(|(_, l)| l.is_due)
        .flat_map(|(table, l)| l.pieces.list.iter().enumerate().map(move |(piece, p)| (table, piece, p)))
        .filter(|(_, _, p)| want(p))
        .map(|(table, piece, _)| (table, piece))
        .collect()
}

fn table_problems(loading: &Loading<'_>, loaded: &Loaded) -> Vec<Problem> {
    let table = &loading.pass.table.id;
    let file = || PathBuf::from(format!("data/{table}"));
    let mut out = Vec::new();
    if loading.pieces.files() == 0 {
        let message = Message::new("problem.no_data").with("table", table);
        out.push(Problem::warning(file(), message));
    }
    let mut told: std::collections::HashMap<PathBuf, usize> = std::collections::HashMap::new();
    for problem in &loaded.problems {
        let count = told.entry(problem.file.clone()).or_default();
        *count += usize::from(problem.row.is_some());
        if *count <= MAX_PROBLEMS {
            out.push(problem.clone());
        }
    }
    // Parts are there to correct each other; within one file a repeated key is worth telling.
    if loaded.repeated > 0 && loading.pieces.files() == 1 {
        let message =
            Message::new("problem.duplicate_keys").with("table", table).with("count", loaded.repeated);
        out.push(Problem::warning(file(), message));
    }
    if loading.cannot_answer() && !loading.is_untold {
        let message = Message::new("problem.no_arrival").with("table", table);
        out.push(Problem::warning(file(), message));
    }
    if loaded.missing {
        let message = Message::new("problem.measure").with("table", table).with("error", "column");
        out.push(Problem::error(file(), message));
    }
    if loaded.unknown_areas > 0 {
        let message = Message::new("problem.unknown_areas").with("count", loaded.unknown_areas);
        out.push(Problem::warning(file(), message.with("table", table)));
    }
    out
}

/// The anchor of a sample, else the newest day of any table.
pub(super) fn present_day(site: &Site, tables: &[TableState]) -> Day {
    let newest = tables.iter().filter_map(|t| t.newest_secs).max().map(|secs| site.zone.day_of(secs));
    anchor_day(site).or(newest).unwrap_or(0)
}

fn anchor_day(site: &Site) -> Option<Day> {
    site.meta.sample.as_ref().and_then(|s| parse_day(&s.anchor_date))
}

/// No row is news from after this day: the anchor of a sample, else today by the machine's clock. A due date or a
/// slip of the pen in the future makes nothing fresh.
pub(super) fn newest_possible_day(site: &Site) -> Day {
    anchor_day(site).unwrap_or_else(|| site.zone.day_of(jiff::Timestamp::now().as_second()))
}

/// The columns a table's measures, key, events and points need. For figures alone those of events and points pass the
/// door and go no further, so that the same rows count.
fn wanted_columns(
    site: &Site,
    table: &Table,
    measures: &[(usize, &Measure)],
    depth: Depth,
    arrivals: bool,
) -> Columns {
    let mut counted = needed_columns(table, measures);
    counted.extend(table.key.iter().cloned());
    if arrivals {
        counted.push(ARRIVED_COLUMN.to_owned());
    }
    let mut asked = counted.clone();
    let mut add = |c: &str| asked.push(c.to_owned());
    if site.layers.texture_tables.contains(&table.id) {
        ["lng", "lat"].iter().filter(|c| table.column(c).is_some()).for_each(|c| add(c));
    }
    if let Some(events) = site.meta.events.as_ref().filter(|e| e.table == table.id) {
        EventLog::columns(events).iter().for_each(|c| add(c));
        if depth.keeps_rows() {
            add(ARRIVED_COLUMN);
        }
    }
    if depth == Depth::Everything {
        table.columns.iter().for_each(|c| add(&c.id));
    }
    if depth.keeps_rows() {
        counted.clone_from(&asked);
    }
    for columns in [&mut asked, &mut counted] {
        columns.sort();
        columns.dedup();
    }
    Columns { asked, counted }
}

/// The columns that a table's figures need.
pub(super) fn needed_columns(table: &Table, measures: &[(usize, &Measure)]) -> Vec<String> {
    let mut columns = vec![table.time_column.clone()];
    columns.extend(table.area_column().map(|c| c.id.clone()));
    let mut add = |c: &str| columns.push(c.to_owned());
    for (_, measure) in measures {
        add(&measure.time_column);
        if let Some(filter) = &measure.filter {
            filter.columns(&mut add);
        }
        match &measure.contribution {
            Contribution::Additive(terms) => {
                for (_, term) in terms {
                    if let Term::Sum(expr) = term {
                        expr.columns(&mut add);
                    }
                }
            }
            Contribution::Distinct(column) => add(column),
            Contribution::Median(expr) => expr.columns(&mut add),
        }
    }
    columns
}
