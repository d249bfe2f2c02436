//! Builds the cube from a site's files: reads each table once, measures all its figures in one pass. Owns the order
//! of loading and what is told about bad data; answers nothing.

use std::hash::RandomState;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::prelude::*;

use crate::indicators::cube::{Calendar, Present, RollUp, Step};
use crate::indicators::measure::{Measure, Plan, Storage, plan};
use crate::indicators::rows::{Row, Rows};
use crate::privacy::gate::Gate;
use crate::privacy::groups;
use crate::site::Site;
use crate::site::civil::parse_day;
use crate::site::datasets::{ARRIVED_COLUMN, AbsentRow, ColumnType, Refresh, Table};
use crate::site::problem::Problem;
use crate::site::text::Message;
use crate::snapshot::{Day, EpochSecs, Held};
use crate::store::quarantine::read_part;
use crate::store::{quiet, read};

use super::events::EventLog;
use super::live::LiveRows;
use super::pass::{self, Measured, MeasuredColumn, Times};
use super::{Engine, MeasureData, TableState};

/// Rows measured at a time: bounds the memory of a pass whatever the size of a table.
const CHUNK_ROWS: usize = 32_768;

/// How much of the files is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The columns that figures, events and the map need.
    Needed,
    /// Every column, for `onemap check`.
    Everything,
}

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
    let level = site.figure_level();
    let sum_up = Arc::new(RollUp::new(&site.areas, level, false));
    let exact = Arc::new(RollUp::new(&site.areas, level, true));
    let declared: Vec<(usize, &Table)> = site.tables().collect();
    let newest_day = newest_possible_day(&site);
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let work = || {
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((dataset, table)) = declared.get(index) else {
                return results;
            };
            let loader =
                Loader { site: &site, plan: &plan, level, sum_up: &sum_up, exact: &exact, depth, newest_day };
            results.push((index, loader.load(index, *dataset, table)));
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, declared.len());
        }
    };
    let mut results = std::thread::scope(|scope| {
        let other = std::thread::Builder::new().name("load-tables".to_owned()).spawn_scoped(scope, work);
        let mut results = work();
        if let Ok(other) = other {
            results.extend(other.join().unwrap_or_default());
        }
        results
    });
    results.sort_by_key(|(index, _)| *index);
    let mut measures: Vec<Option<Arc<MeasureData>>> = vec![None; plan.measures.len()];
    let (mut tables, mut problems, mut events, mut texture) = (Vec::new(), Vec::new(), None, Vec::new());
    for (_, loaded) in results {
        problems.extend(loaded.problems);
        for (measure, data) in loaded.measures {
            if let Some(slot) = measures.get_mut(measure) {
                *slot = Some(Arc::new(data));
            }
        }
        events = events.or(loaded.events);
        texture.extend(loaded.texture);
        tables.push(loaded.state);
    }
    let none = || Arc::new(MeasureData::Now(Present::new(sum_up.len())));
    let present_day = present_day(&site, &tables);
    let gate = Gate::new(&site, &plan, sum_up.len());
    Ok(Engine {
        measures: measures.into_iter().map(|m| m.unwrap_or_else(none)).collect(),
        events: events.unwrap_or_default(),
        texture: texture.into(),
        site,
        plan,
        tables,
        sum_up,
        gate,
        exact,
        present_day,
        problems,
    })
}

/// The anchor of a sample, else the newest day of any table.
fn present_day(site: &Site, tables: &[TableState]) -> Day {
    let newest = tables.iter().filter_map(|t| t.newest_secs).max().map(|secs| site.zone.day_of(secs));
    anchor_day(site).or(newest).unwrap_or(0)
}

fn anchor_day(site: &Site) -> Option<Day> {
    site.meta.sample.as_ref().and_then(|s| parse_day(&s.anchor_date))
}

/// No row is news from after this day: the anchor of a sample, else today by the machine's clock. A due date or a
/// slip of the pen in the future makes nothing fresh.
fn newest_possible_day(site: &Site) -> Day {
    anchor_day(site).unwrap_or_else(|| site.zone.day_of(jiff::Timestamp::now().as_second()))
}

struct Loader<'a> {
    site: &'a Site,
    plan: &'a Plan,
    level: usize,
    sum_up: &'a RollUp,
    exact: &'a RollUp,
    depth: Depth,
    newest_day: Day,
}

struct Loaded {
    state: TableState,
    measures: Vec<(usize, MeasureData)>,
    problems: Vec<Problem>,
    events: Option<EventLog>,
    texture: Vec<[f64; 2]>,
}

impl Loader<'_> {
    fn load(&self, index: usize, dataset: usize, table: &Table) -> Loaded {
        let measures: Vec<(usize, &Measure)> =
            self.plan.measures.iter().enumerate().filter(|(_, m)| m.table == index).collect();
        let exact = table.rollup == crate::site::datasets::Rollup::Exact;
        let roll_up = if exact { self.exact } else { self.sum_up };
        let files = read::parts(self.site, "data", &table.id);
        let promised = || self.site.datasets.get(dataset).map_or(Refresh::AsNeeded, |d| d.refresh);
        let refresh = table.refresh.unwrap_or_else(promised);
        let is_events = self.site.meta.events.as_ref().is_some_and(|e| e.table == table.id);
        let live =
            is_events || matches!(refresh, Refresh::Live | Refresh::Hourly) || self.site.is_fed(&table.id);
        let texture = self.site.layers.texture_tables.contains(&table.id);
        let mut columns = wanted_columns(self.site, table, &measures, texture);
        if self.depth == Depth::Everything {
            columns.extend(table.columns.iter().map(|c| c.id.clone()));
            columns.sort();
            columns.dedup();
        }
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let mut problems = Vec::new();
        let mut refused = 0;
        let mut held: Option<Held> = None;
        let mut frame: Option<DataFrame> = None;
        if files.is_empty() {
            let message = Message::new("problem.no_data").with("table", &table.id);
            problems.push(Problem::warning(format!("data/{}", table.id), message));
        }
        for path in &files {
            let part = read_part(self.site, table, path, &columns);
            problems.extend(part.problems);
            refused += part.refused;
            held = held.max(part.held);
            let part = part.frame.into_frame();
            frame = match frame {
                None => Some(part),
                Some(all) if part.width() == 0 => Some(all),
                Some(all) if all.width() == 0 => Some(part),
                Some(all) => stack(&all, &part),
            };
        }
        let frame = frame.filter(|f| f.width() > 0).unwrap_or_else(|| read::empty(table, &columns));
        // A refused part without a copy leaves what the other parts tell.
        held = held.map(|held| if held == Held::Nothing && frame.height() > 0 { Held::Parts } else { held });
        let (frame, repeated) = latest_by_key(table, frame);
        let (frame, too_often) = groups::keep_time_floor(self.site, table, frame);
        refused += too_often;
        problems.extend(groups::time_floor_problem(table, too_often));
        // Parts are there to correct each other; within one file a repeated key is worth telling.
        if repeated > 0 && files.len() == 1 {
            let message =
                Message::new("problem.duplicate_keys").with("table", &table.id).with("count", repeated);
            problems.push(Problem::warning(format!("data/{}", table.id), message));
        }
        let mut pass = TablePass::new(self.site, table, &measures, roll_up, &frame, self.newest_day);
        if frame.width() > 0 {
            let mut offset = 0;
            while offset < frame.height() {
                let chunk = frame.slice(i64::try_from(offset).unwrap_or(i64::MAX), CHUNK_ROWS);
                match pass::measure(self.site, table, self.level, &chunk, &measures) {
                    Ok(measured) => pass.scatter(&measured),
                    Err(err) => {
                        let message = Message::new("problem.measure")
                            .with("table", &table.id)
                            .with("error", quiet(&err));
                        problems.push(Problem::error(format!("data/{}", table.id), message));
                    }
                }
                offset += CHUNK_ROWS;
            }
        }
        if pass.unknown_areas > 0 {
            refused += pass.unknown_areas;
            let message = Message::new("problem.unknown_areas").with("count", pass.unknown_areas);
            problems.push(Problem::warning(format!("data/{}", table.id), message.with("table", &table.id)));
        }
        let events = is_events.then(|| EventLog::from_rows(self.site, &frame));
        let texture = if texture { points(&frame) } else { Vec::new() };
        let (presence, newest_secs, data) = pass.finish();
        let state = TableState {
            dataset,
            table: Arc::new(table.clone()),
            rows: frame.height() as u64,
            refused,
            presence,
            newest_secs,
            held,
            live: live.then(|| LiveRows::new(frame)),
        };
        Loaded { state, measures: data, problems, events, texture }
    }
}

/// The columns a table's measures, key, events and points need.
fn wanted_columns(site: &Site, table: &Table, measures: &[(usize, &Measure)], texture: bool) -> Vec<String> {
    use crate::indicators::expr::Term;
    use crate::indicators::measure::Contribution;
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
    table.key.iter().for_each(|c| add(c));
    if texture {
        ["lng", "lat"].iter().filter(|c| table.column(c).is_some()).for_each(|c| add(c));
    }
    if let Some(events) = site.meta.events.as_ref().filter(|e| e.table == table.id) {
        EventLog::columns(events).iter().for_each(|c| add(c));
        add(ARRIVED_COLUMN);
    }
    columns.sort();
    columns.dedup();
    columns
}

fn stack(all: &DataFrame, more: &DataFrame) -> Option<DataFrame> {
    let names: Vec<PlSmallStr> =
        all.get_column_names().into_iter().filter(|n| more.column(n).is_ok()).cloned().collect();
    let top = all.select(names.clone()).ok()?;
    top.vstack(&more.select(names).ok()?).ok()
}

/// Keeps the last row of each key: a later part corrects an earlier one. Also says how many rows gave way.
fn latest_by_key(table: &Table, frame: DataFrame) -> (DataFrame, usize) {
    if table.key.iter().any(|k| frame.column(k).is_err()) {
        return (frame, 0);
    }
    let hashes = super::live::hashes(&RandomState::new(), table, &frame);
    let mut order: Vec<(u64, u32)> = hashes.into_iter().zip(0..).collect();
    order.sort_unstable();
    let mut keep = vec![true; frame.height()];
    let mut repeated = 0;
    // Rows of one key stand together, the latest last. Two keys meet in one hash with a chance below one in a hundred
    // million for a million rows.
    for pair in order.windows(2) {
        if let [(earlier, row), (later, _)] = pair
            && earlier == later
            && let Some(flag) = keep.get_mut(*row as usize)
        {
            *flag = false;
            repeated += 1;
        }
    }
    if repeated == 0 {
        return (frame, 0);
    }
    let keep: BooleanChunked = keep.into_iter().map(Some).collect();
    (frame.filter(&keep).unwrap_or(frame), repeated)
}

fn points(frame: &DataFrame) -> Vec<[f64; 2]> {
    let column = |name: &str| frame.column(name).ok().and_then(|c| c.f64().ok().cloned());
    match (column("lng"), column("lat")) {
        (Some(lng), Some(lat)) => lng.iter().zip(lat.iter()).filter_map(|(x, y)| Some([x?, y?])).collect(),
        _ => Vec::new(),
    }
}

/// Collects one table's cells over its chunks.
struct TablePass<'a> {
    site: &'a Site,
    table: &'a Table,
    measures: &'a [(usize, &'a Measure)],
    roll_up: &'a RollUp,
    data: Vec<MeasureData>,
    presence: Calendar,
    newest_secs: Option<EpochSecs>,
    newest_day: Day,
    unknown_areas: u64,
}

impl<'a> TablePass<'a> {
    fn new(
        site: &'a Site,
        table: &'a Table,
        measures: &'a [(usize, &'a Measure)],
        roll_up: &'a RollUp,
        frame: &DataFrame,
        newest_day: Day,
    ) -> Self {
        let areas = roll_up.len();
        let calendar = |column: &str, areas: usize| {
            let step = step_of(table, column);
            Calendar::new(step, places(site, frame, table, column, step), areas)
        };
        let data = measures
            .iter()
            .map(|(_, m)| match m.storage {
                Storage::Now => MeasureData::Now(Present::new(areas)),
                Storage::Calendar => MeasureData::Calendar(if table.absent_row == AbsentRow::Zero {
                    calendar(&m.time_column, areas).without_row_counts()
                } else {
                    calendar(&m.time_column, areas)
                }),
                Storage::Rows => MeasureData::Rows(Rows::default(), Vec::new()),
            })
            .collect();
        let presence = calendar(&table.time_column, 0);
        Self {
            site,
            table,
            measures,
            roll_up,
            data,
            presence,
            newest_secs: None,
            newest_day,
            unknown_areas: 0,
        }
    }

    fn scatter(&mut self, measured: &Measured) {
        self.unknown_areas += measured.areas.iter().filter(|a| **a == u32::MAX).count() as u64;
        if let Some((_, own)) = measured.times.iter().find(|(name, _)| *name == self.table.time_column) {
            let step = self.presence.step();
            for row in 0..measured.areas.len() {
                if let Some(day) = own.day(row, self.site) {
                    self.presence.load(0, step.place(day), 0.0);
                    if day > self.newest_day {
                        continue;
                    }
                    let secs = newest_instant(self.site, self.table, own, row, day);
                    self.newest_secs = self.newest_secs.max(Some(secs));
                }
            }
        }
        for ((column, (_, measure)), data) in measured.columns.iter().zip(self.measures).zip(&mut self.data) {
            let Some((_, times)) = measured.times.iter().find(|(name, _)| *name == measure.time_column)
            else {
                continue;
            };
            scatter_column(self.site, self.roll_up, column, &measured.areas, times, data);
        }
    }

    fn finish(mut self) -> (Calendar, Option<EpochSecs>, Vec<(usize, MeasureData)>) {
        for data in &mut self.data {
            match data {
                MeasureData::Calendar(calendar) => calendar.finish(self.roll_up),
                MeasureData::Rows(rows, _) => rows.finish(),
                MeasureData::Now(_) => {}
            }
        }
        (self.presence, self.newest_secs, self.measures.iter().map(|(i, _)| *i).zip(self.data).collect())
    }
}

/// When a row's figures were complete: an event when it happened, a stamp at the end of its day or month.
fn newest_instant(site: &Site, table: &Table, times: &Times, row: usize, day: Day) -> EpochSecs {
    match table.column_type(&table.time_column) {
        Some(ColumnType::Month) => site.zone.start_of(crate::site::civil::add_months(day, 1)) - 1,
        Some(ColumnType::Date) => site.zone.end_of(day),
        _ => times.secs(row, site).unwrap_or_default(),
    }
}

pub(super) fn step_of(table: &Table, column: &str) -> Step {
    if table.column_type(column) == Some(ColumnType::Month) { Step::Month } else { Step::Day }
}

fn scatter_column(
    site: &Site,
    roll_up: &RollUp,
    column: &MeasuredColumn,
    areas: &[u32],
    times: &Times,
    data: &mut MeasureData,
) {
    match (column, data) {
        (MeasuredColumn::Numbers(numbers), MeasureData::Now(present)) => {
            for (value, area) in numbers.iter().zip(areas) {
                if let Some(value) = value {
                    present.change(roll_up, *area, value, 1);
                }
            }
        }
        (MeasuredColumn::Numbers(numbers), MeasureData::Calendar(calendar)) => {
            let step = calendar.step();
            // Rows of one day or month come together; the conversion of a stamp is kept until it changes.
            let mut last: (Day, i32) = (Day::MIN, 0);
            for (row, (value, area)) in numbers.iter().zip(areas).enumerate() {
                if let (Some(value), Some(day)) = (value, times.day(row, site)) {
                    if day != last.0 {
                        last = (day, step.place(day));
                    }
                    calendar.load(*area, last.1, value);
                }
            }
        }
        (MeasuredColumn::Numbers(numbers), MeasureData::Rows(rows, _)) => {
            for (row, (value, area)) in numbers.iter().zip(areas).enumerate() {
                if let (Some(value), false) = (value, *area == u32::MAX) {
                    rows.load(Row { secs: times.kept(row, site), area: *area, value });
                }
            }
        }
        (MeasuredColumn::Values(values), MeasureData::Rows(rows, known)) => {
            for (row, (value, area)) in values.iter().zip(areas).enumerate() {
                if let (Some(value), false) = (value, *area == u32::MAX) {
                    rows.load(Row {
                        secs: times.kept(row, site),
                        area: *area,
                        value: place_of(known, value),
                    });
                }
            }
        }
        (MeasuredColumn::Values(_), _) => {}
    }
}

/// Place of a value in the list of values, added where new.
#[expect(clippy::cast_precision_loss, reason = "lists of values are short")]
pub(super) fn place_of(known: &mut Vec<String>, value: &str) -> f64 {
    let place = known.iter().position(|k| k == value).unwrap_or_else(|| {
        known.push(value.to_owned());
        known.len() - 1
    });
    place as f64
}

/// Range of places that a time column covers.
fn places(site: &Site, frame: &DataFrame, table: &Table, column: &str, step: Step) -> Range<i32> {
    let Ok(series) = frame.column(column) else {
        return 0..0;
    };
    let Ok(numbers) = series.cast(&DataType::Int64) else {
        return 0..0;
    };
    let Some((low, high)) = numbers.i64().ok().and_then(|n| Some((n.min()?, n.max()?))) else {
        return 0..0;
    };
    let stamped = table.is_stamped(column);
    let day = |number: i64| {
        if stamped { Day::try_from(number).unwrap_or(0) } else { site.zone.day_of(number) }
    };
    // Dates outside 1970 to 2099 were refused at the door, so the axis is at most 130 years long.
    step.place(day(low))..step.place(day(high)) + 1
}
