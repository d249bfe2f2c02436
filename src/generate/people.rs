//! Owns `population_month` and `service_group_month`: people as counts per area and month, small counts hidden.
//! Never crosses a service group with anything, and never holds a person.

use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::calendar::Month;
use super::math::exp;
use super::rng::{Stream, allocate};
use super::suppress::{hidden, hidden_table, to_five};
use super::world::World;
use super::write::{On, TableSummary, row, table};

/// `[people]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PeopleSpec {
    /// Counts below this are hidden.
    pub(super) suppress_below: i64,
    /// Growth of the population a year.
    growth: f64,
    people_per_household: f64,
    /// Age bands, their shares, and the change of each share a year.
    age: Vec<AgeSpec>,
    contact_done: f64,
    aid_linked: f64,
    group: Vec<GroupSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AgeSpec {
    band: String,
    share: f64,
    yearly: f64,
    /// Share of the households whose oldest earner is of this band.
    heads: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupSpec {
    pub(super) code: String,
    pub(super) per_1000: f64,
    contacts_per_month: f64,
    yearly: f64,
    /// Counted per subdistrict at the finest, and only at the end of a quarter.
    #[serde(default)]
    pub(super) sensitive: bool,
}

row! {
    /// population_month
    PopulationRow {
        stat_month: On, area_code: &'a str, age_band: &'a str, person_cnt: Option<i64>, household_cnt: Option<i64>, suppressed: bool,
    }
}
row! {
    /// service_group_month
    GroupRow {
        stat_month: On, area_code: &'a str, group_code: &'a str, person_cnt: Option<i64>, contact_due_cnt: Option<i64>,
        contact_done_cnt: Option<i64>, aid_linked_cnt: Option<i64>, suppressed: bool,
    }
}

/// Writes both tables.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.people;
    Ok(vec![
        table(data, "population_month", population(world, spec))?,
        table(data, "service_group_month", groups(world, spec))?,
    ])
}

fn population<'a>(world: &'a World, spec: &'a PeopleSpec) -> Vec<PopulationRow<'a>> {
    let mut rows = Vec::new();
    let months = world.calendar.months();
    let years = months.len() as f64 / 12.0;
    for month in &months {
        let age = (month.progress - 1.0) * years;
        for community in &world.areas.communities {
            let people =
                community.spec.population as f64 * exp((spec.growth + community.spec.growth * 0.3) * age);
            // Older where the village is old: hills and places that do not grow.
            let older = if community.spec.hills { 1.7 } else { 1.0 - 4.0 * community.spec.growth };
            let share = |a: &AgeSpec| {
                (a.share + a.yearly * age) * if a.band.starts_with(['6', '8']) { older } else { 1.0 }
            };
            let all: f64 = spec.age.iter().map(share).sum();
            let counts: Vec<i64> = spec.age.iter().map(|a| to_five(people * share(a) / all)).collect();
            let hide = hidden(&counts, spec.suppress_below);
            for ((band, count), hide) in spec.age.iter().zip(counts).zip(hide) {
                rows.push(PopulationRow {
                    stat_month: On(month.number),
                    area_code: &community.code,
                    age_band: &band.band,
                    person_cnt: (!hide).then_some(count),
                    household_cnt: (!hide)
                        .then_some(to_five(people / spec.people_per_household * band.heads)),
                    suppressed: hide,
                });
            }
        }
    }
    rows
}

/// Members of every ordinary group in every community.
fn members(world: &World, spec: &PeopleSpec, month: &Month, lean: &[Vec<f64>]) -> Vec<Vec<i64>> {
    let years = world.calendar.months().len() as f64 / 12.0;
    let of = |community: usize, people: f64| {
        let each = |(g, group): (usize, &GroupSpec)| {
            let lean = lean.get(community).and_then(|row| row.get(g)).copied().unwrap_or(1.0);
            (people / 1000.0 * group.per_1000 * lean * (1.0 + group.yearly * years * (month.progress - 1.0)))
                .round() as i64
        };
        spec.group.iter().enumerate().map(each).collect()
    };
    world.areas.communities.iter().enumerate().map(|(index, c)| of(index, c.spec.population as f64)).collect()
}

fn groups<'a>(world: &'a World, spec: &'a PeopleSpec) -> Vec<GroupRow<'a>> {
    let mut stream = world.stream("service_group_month");
    let communities = &world.areas.communities;
    let lean: Vec<Vec<f64>> = communities
        .iter()
        .map(|c| {
            let old = if c.spec.hills { 1.6 } else { 1.0 };
            spec.group.iter().map(|_| old * exp(0.18 * stream.normal())).collect()
        })
        .collect();
    let mut rows: Vec<GroupRow<'a>> = Vec::new();
    // Sensitive groups are counted anew at a quarter's end; until the next, every month repeats that count, so that a
    // total over all groups is one over all groups in every month.
    let mut carried: Vec<GroupRow<'a>> = Vec::new();
    for month in world.calendar.months() {
        let first = rows.len();
        let members = members(world, spec, &month, &lean);
        // The district: published totals, not rounded.
        let ordinary = |group: &GroupSpec| !group.sensitive || month.ends_quarter();
        let column = |g: usize, of: &[usize]| {
            of.iter().filter_map(|c| members.get(*c).and_then(|row| row.get(g))).sum::<i64>()
        };
        let everyone: Vec<usize> = (0..communities.len()).collect();
        for (g, group) in spec.group.iter().enumerate().filter(|(_, group)| ordinary(group)) {
            rows.push(group_row(
                spec,
                &month,
                &world.areas.root,
                group,
                column(g, &everyone),
                1.0,
                false,
                &mut stream,
            ));
        }
        let parts: Vec<Vec<usize>> = (0..world.areas.subdistricts.len())
            .map(|s| {
                everyone
                    .iter()
                    .copied()
                    .filter(|c| communities.get(*c).is_some_and(|c| c.subdistrict == s))
                    .collect()
            })
            .collect();
        let by_part: Vec<Vec<i64>> =
            parts.iter().map(|part| (0..spec.group.len()).map(|g| column(g, part)).collect()).collect();
        let hide = hidden_table(&by_part, spec.suppress_below);
        for (s, (area_code, counts)) in world.areas.subdistricts.iter().zip(&by_part).enumerate() {
            for (g, group) in spec.group.iter().enumerate().filter(|(_, group)| ordinary(group)) {
                let hide = hide.get(s).and_then(|row| row.get(g)).copied().unwrap_or(true);
                let count = to_five(counts.get(g).copied().unwrap_or(0) as f64);
                rows.push(group_row(
                    spec,
                    &month,
                    area_code,
                    group,
                    count,
                    world.failure_of_subdistrict(s),
                    hide,
                    &mut stream,
                ));
            }
        }
        // Communities: siblings within a subdistrict and groups within a community are the margins.
        for part in &parts {
            let plain: Vec<usize> = (0..spec.group.len())
                .filter(|g| spec.group.get(*g).is_some_and(|group| !group.sensitive))
                .collect();
            let cells: Vec<Vec<i64>> =
                part.iter().map(|c| plain.iter().map(|g| column(*g, &[*c])).collect()).collect();
            let hide = hidden_table(&cells, spec.suppress_below);
            for ((c, counts), hide) in part.iter().zip(&cells).zip(&hide) {
                for ((g, count), hide) in plain.iter().zip(counts).zip(hide) {
                    let (Some(group), Some(community)) = (spec.group.get(*g), communities.get(*c)) else {
                        continue;
                    };
                    let count = to_five(*count as f64);
                    rows.push(group_row(
                        spec,
                        &month,
                        &community.code,
                        group,
                        count,
                        world.failure(*c),
                        *hide,
                        &mut stream,
                    ));
                }
            }
        }
        if month.ends_quarter() {
            let sensitive =
                |row: &&GroupRow<'a>| spec.group.iter().any(|g| g.sensitive && g.code == row.group_code);
            carried = rows.iter().skip(first).filter(sensitive).cloned().collect();
        } else {
            let now = On(month.number);
            rows.extend(carried.iter().map(|row| GroupRow { stat_month: now, ..row.clone() }));
        }
    }
    rows
}

#[expect(clippy::too_many_arguments)] // one row, told in one place
fn group_row<'a>(
    spec: &PeopleSpec,
    month: &Month,
    area_code: &'a str,
    group: &'a GroupSpec,
    count: i64,
    failure: f64,
    hide: bool,
    stream: &mut Stream,
) -> GroupRow<'a> {
    let due = (count as f64 * group.contacts_per_month).round() as i64;
    let missed = (1.0 - spec.contact_done) * failure * (1.6 - 0.6 * month.progress);
    let done = due - stream.binomial(due, missed.min(0.5));
    let linked = count - stream.binomial(count, 1.0 - spec.aid_linked);
    let shown = |value: i64| (!hide).then_some(value);
    GroupRow {
        stat_month: On(month.number),
        area_code,
        group_code: &group.code,
        person_cnt: shown(count),
        contact_due_cnt: shown(due),
        contact_done_cnt: shown(done),
        aid_linked_cnt: shown(to_five(linked as f64).min(count)),
        suppressed: hide,
    }
}

/// Splits a number of people over the subdistricts by population, with a lean of its own.
pub(super) fn over_subdistricts(world: &World, total: i64, stream: &mut Stream) -> Vec<i64> {
    let weights: Vec<f64> = (0..world.areas.subdistricts.len())
        .map(|s| world.population_of_subdistrict(s) as f64 * stream.range(0.8, 1.2))
        .collect();
    allocate(total, &weights)
}
