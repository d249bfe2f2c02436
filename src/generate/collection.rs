//! Owns `coll_form`, `coll_day`, `coll_stock_month` and `coll_load`: what is collected, how much is kept, and when it arrived.
//! Never holds a collected record.

use std::path::Path;

use serde::Deserialize;

use super::calendar::{Day, IsoDate};
use super::math::pow;
use super::rng::{Stream, allocate};
use super::template::Weighted;
use super::world::World;
use super::write::{On, Sink, TableSummary, row, table};
use super::{GenerateError, Scale};

/// `[collection]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CollectionSpec {
    /// Systems, with records a day in a community of 10,000.
    systems: Vec<Weighted>,
    forms: i64,
    /// Share of fields used by several forms, at the start and now.
    shared_fields: [f64; 2],
    retired: f64,
    /// Uses per record, at the start and now.
    reuse: [f64; 2],
    checked: f64,
    /// Share of checked records that pass, at the start and now.
    passed: [f64; 2],
    /// Systems that reported nothing: system, first and last day. What was missed comes with the next report.
    outages: Vec<(String, IsoDate, IsoDate)>,
    library: Vec<LibrarySpec>,
    load: Vec<LoadSpec>,
    load_late: f64,
    load_failed: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LibrarySpec {
    code: String,
    kind: String,
    /// Published in sum per kind: records in the last month.
    records: i64,
    at_start: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadSpec {
    dataset: String,
    /// day: so many times a day; week: on Mondays; month: on the first days.
    every: String,
    times: i64,
    rows: f64,
}

row! {
    /// coll_form
    FormRow { form_id: String, area_code: &'a str, system_id: &'a str, field_cnt: i64, shared_field_cnt: i64, retired: i64, updated_on: On }
}
row! {
    /// coll_day
    CollectedRow {
        stat_date: On, area_code: &'a str, system_id: &'a str, record_new_cnt: i64, reuse_cnt: i64, checked_cnt: i64, passed_cnt: i64,
    }
}
row! {
    /// coll_stock_month
    StockRow { stat_month: On, area_code: &'a str, library_id: &'a str, library_kind: &'a str, record_cnt: i64 }
}
row! {
    /// coll_load
    LoadRow { load_id: String, area_code: &'a str, dataset_id: &'a str, loaded_ts: i64, expected_ts: i64, row_cnt: i64, ok: i64 }
}

/// Writes the four tables.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.collection;
    Ok(vec![
        collected(world, spec, data)?,
        table(data, "coll_form", forms(world, spec))?,
        table(data, "coll_stock_month", stock(world, spec))?,
        table(data, "coll_load", loads(world, spec))?,
    ])
}

fn forms<'a>(world: &'a World, spec: &'a CollectionSpec) -> Vec<FormRow<'a>> {
    let mut stream = world.stream("coll_form");
    let today = world.calendar.anchor().number;
    let weights: Vec<f64> = spec.systems.iter().map(|_| stream.range(0.7, 1.3)).collect();
    let mut rows = Vec::new();
    for (system, forms) in spec.systems.iter().zip(allocate(spec.forms, &weights)) {
        for number in 0..forms.max(1) {
            let field_cnt = stream.int(14, 62);
            // The first form of every system is in use, so that every system counts.
            let retired = number > 0 && stream.chance(spec.retired);
            let shared = if retired { spec.shared_fields[0] } else { spec.shared_fields[1] };
            rows.push(FormRow {
                form_id: format!("F{:03}", rows.len() + 1),
                area_code: &world.areas.root,
                system_id: &system.0,
                field_cnt,
                shared_field_cnt: stream.binomial(field_cnt, shared),
                retired: i64::from(retired),
                updated_on: On(today - stream.int(5, 900) as i32),
            });
        }
    }
    rows
}

fn collected(world: &World, spec: &CollectionSpec, data: &Path) -> Result<TableSummary, GenerateError> {
    let mut stream = world.stream("coll_day");
    let mut sink = Sink::new(data, "coll_day")?;
    // In the sample each system reports once a week, on its own weekday, so that every day has reports.
    let every = if world.scale == Scale::Sample { 7 } else { 1 };
    let days = world.calendar.history();
    let years = days.len() as f64 / 365.25;
    let mut since = vec![0usize; spec.systems.len()];
    for (index, day) in days.iter().enumerate() {
        for (s, system) in spec.systems.iter().enumerate() {
            let out = |o: &(String, IsoDate, IsoDate)| {
                o.0 == system.0 && (o.1.number()..=o.2.number()).contains(&day.number)
            };
            if !(day.number as usize + s).is_multiple_of(every) || spec.outages.iter().any(out) {
                continue;
            }
            let missed = since.get(s).and_then(|from| days.get(*from..=index)).unwrap_or_default();
            if let Some(from) = since.get_mut(s) {
                *from = index + 1;
            }
            let busy: f64 = missed.iter().map(|day| if day.working { 1.0 } else { 0.25 }).sum();
            let progress = (day.age / years).clamp(0.0, 1.0);
            for (c, community) in world.areas.communities.iter().enumerate() {
                let size = community.spec.population as f64 / 10_000.0;
                let record_new_cnt = stream.poisson(system.1 * size * busy * (1.2 - 0.4 * progress));
                let reuse = (spec.reuse[0] + (spec.reuse[1] - spec.reuse[0]) * progress)
                    * pow(world.failure(c), -0.25);
                let checked_cnt = (record_new_cnt as f64 * spec.checked).round() as i64;
                let bad = (1.0 - spec.passed[0] - (spec.passed[1] - spec.passed[0]) * progress)
                    * pow(world.failure(c), 0.6);
                sink.push(CollectedRow {
                    stat_date: On(day.number),
                    area_code: &community.code,
                    system_id: &system.0,
                    record_new_cnt,
                    reuse_cnt: stream.poisson(record_new_cnt as f64 * reuse),
                    checked_cnt,
                    passed_cnt: checked_cnt - stream.binomial(checked_cnt, bad.clamp(0.0, 0.5)),
                })?;
            }
        }
    }
    sink.close(Vec::new())
}

fn stock<'a>(world: &'a World, spec: &'a CollectionSpec) -> Vec<StockRow<'a>> {
    let mut stream = world.stream("coll_stock_month");
    let lean: Vec<Vec<f64>> = spec
        .library
        .iter()
        .map(|_| world.areas.communities.iter().map(|_| stream.range(0.8, 1.2)).collect())
        .collect();
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        for (library, lean) in spec.library.iter().zip(&lean) {
            let total = (library.records as f64
                * (library.at_start + (1.0 - library.at_start) * pow(month.progress.max(1e-9), 0.8)))
            .round() as i64;
            let weights: Vec<f64> = world
                .areas
                .communities
                .iter()
                .zip(lean)
                .map(|(c, lean)| c.spec.population as f64 * lean)
                .collect();
            for (community, record_cnt) in world.areas.communities.iter().zip(allocate(total, &weights)) {
                rows.push(StockRow {
                    stat_month: On(month.number),
                    area_code: &community.code,
                    library_id: &library.code,
                    library_kind: &library.kind,
                    record_cnt,
                });
            }
        }
    }
    rows
}

fn loads<'a>(world: &'a World, spec: &'a CollectionSpec) -> Vec<LoadRow<'a>> {
    let mut stream = world.stream("coll_load");
    let mut all: Vec<(i64, i64, &'a str, i64, i64)> = Vec::new();
    let days = world.calendar.history();
    for (index, day) in days.iter().enumerate() {
        for load in &spec.load {
            let due = match load.every.as_str() {
                "week" => day.date.weekday().to_monday_one_offset() == 1,
                "month" => day.date.day() == 5,
                _ => true,
            };
            for time in 0..if due { load.times } else { 0 } {
                all.push(one_load(spec, load, day, time, index + 1 == days.len(), &mut stream));
            }
        }
    }
    let end = world.calendar.end();
    all.retain(|load| load.0 < end);
    all.sort_unstable();
    let row = |(number, (loaded_ts, expected_ts, dataset_id, row_cnt, ok)): (
        usize,
        (i64, i64, &'a str, i64, i64),
    )| LoadRow {
        load_id: format!("L{:06}", number + 1),
        area_code: &world.areas.root,
        dataset_id,
        loaded_ts,
        expected_ts,
        row_cnt,
        ok,
    };
    all.into_iter().enumerate().map(row).collect()
}

/// One load: when it came, when it should have, its dataset and rows, and whether it went well.
fn one_load<'a>(
    spec: &CollectionSpec,
    load: &'a LoadSpec,
    day: &Day,
    time: i64,
    last: bool,
    stream: &mut Stream,
) -> (i64, i64, &'a str, i64, i64) {
    // A daily load is due at eight; several a day are spread from then over the day.
    let expected = day.start + 8 * 3600 + time * (16 * 3600 / load.times.max(1));
    let early = expected - stream.int(300, 5400);
    // The last day is on time: late loads of it have not come yet, and would not be in the log.
    let late = !last && stream.chance(spec.load_late);
    let loaded = if late { expected + stream.lognormal(5400.0, 0.9) as i64 } else { early };
    let rows = stream.poisson(load.rows.min(400.0)) as f64 * (load.rows / load.rows.clamp(1.0, 400.0));
    let ok = i64::from(last || !stream.chance(spec.load_failed));
    (loaded, expected, load.dataset.as_str(), if ok == 1 { rows.round() as i64 } else { 0 }, ok)
}
