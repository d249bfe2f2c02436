//! Owns `patrol_day`, `incident_month`, `force_stock`, drill and `campaign_month`: the work of prevention, counted.
//! Never holds a track, an officer or the place of an incident.

use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::calendar::{Day, IsoDate, Month};
use super::cases::pick;
use super::math::pow;
use super::rng::allocate;
use super::template::Weighted;
use super::world::World;
use super::write::{On, Sink, TableSummary, row, table};

/// `[safety]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SafetySpec {
    patrol: Vec<PatrolSpec>,
    /// Days on which a mode's reports did not come: mode, first and last day.
    patrol_outages: Vec<(String, IsoDate, IsoDate)>,
    incidents: IncidentSpec,
    force: Vec<ForceSpec>,
    drills_per_month: f64,
    drill_ontime: f64,
    drill_types: Vec<Weighted>,
    campaigns_since: IsoDate,
    campaign: Vec<CampaignSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatrolSpec {
    mode: String,
    /// Hours a day in a community of 10,000.
    hours: f64,
    hours_per_trip: f64,
    km_per_hour: Option<f64>,
    found_per_hour: f64,
    /// Grounded by storms.
    flies: bool,
    growth: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IncidentSpec {
    since: IsoDate,
    /// Change of each year against the one before, from the first year shown to the anchor's.
    yearly_change: Vec<f64>,
    response_minutes: f64,
    class: Vec<IncidentClass>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IncidentClass {
    code: String,
    /// Incidents a year per 10,000 residents in the anchor's year.
    per_10k: f64,
    /// Whether the yearly changes apply in full, in part or not at all.
    follows: f64,
    summer: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ForceSpec {
    code: String,
    /// Published or proposed: units in the last month.
    units: i64,
    /// Share of them that was there at the start.
    at_start: f64,
    active: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CampaignSpec {
    campaign: String,
    item: String,
    /// Published: reached by the last month.
    total: i64,
}

row! {
    /// patrol_day
    PatrolRow { stat_date: On, area_code: &'a str, patrol_mode: &'a str, trip_cnt: i64, hours: f64, km: Option<f64>, found_event_cnt: i64 }
}
row! {
    /// incident_month
    IncidentRow {
        stat_month: On, area_code: &'a str, incident_class: &'a str, incident_cnt: i64, incident_cnt_ly: i64,
        response_cnt: i64, response_min_sum: f64,
    }
}
row! {
    /// force_stock
    ForceRow { stat_month: On, area_code: &'a str, force_type: &'a str, unit_cnt: i64, active_unit_cnt: i64 }
}
row! {
    /// drill
    DrillRow { drill_id: String, stat_date: On, area_code: &'a str, drill_type: &'a str, unit_cnt: i64, ontime_unit_cnt: i64 }
}
row! {
    /// campaign_month
    CampaignRow { stat_month: On, area_code: &'a str, campaign: &'a str, item_code: &'a str, qty: i64 }
}

/// Writes the tables of prevention.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.safety;
    Ok(vec![
        patrols(world, spec, data)?,
        table(data, "incident_month", incidents(world, &spec.incidents))?,
        table(data, "force_stock", forces(world, spec))?,
        table(data, "drill", drills(world, spec))?,
        table(data, "campaign_month", campaigns(world, spec))?,
    ])
}

fn patrols(world: &World, spec: &SafetySpec, data: &Path) -> Result<TableSummary, GenerateError> {
    let mut stream = world.stream("patrol_day");
    let mut sink = Sink::new(data, "patrol_day")?;
    for day in world.calendar.history() {
        for community in &world.areas.communities {
            for mode in &spec.patrol {
                let out = |o: &(String, IsoDate, IsoDate)| {
                    o.0 == mode.mode && (o.1.number()..=o.2.number()).contains(&day.number)
                };
                if spec.patrol_outages.iter().any(out) {
                    continue;
                }
                // More is on the street when people are out: weekends, holidays, summer nights.
                let off = if day.working { 1.0 } else { 1.18 } * if day.long_holiday { 1.1 } else { 1.0 };
                let storm = day.rain > 1.0;
                let weather = if mode.flies && storm { 0.0 } else { 1.0 - 0.2 * day.rain.min(1.0) };
                let size = pow(community.spec.population as f64 / 10_000.0, 0.7)
                    * (1.0 + 0.12 * community.spec.quality);
                let mean = mode.hours
                    * size
                    * off
                    * weather
                    * (1.0 + 0.06 * day.season)
                    * (1.0 + mode.growth * (day.age - 5.0)).max(0.1);
                let hours = ((mean * (1.0 + 0.12 * stream.normal())).max(0.0) * 2.0).round() / 2.0;
                sink.push(PatrolRow {
                    stat_date: On(day.number),
                    area_code: &community.code,
                    patrol_mode: &mode.mode,
                    trip_cnt: (hours / mode.hours_per_trip).ceil() as i64,
                    hours,
                    km: mode.km_per_hour.map(|speed| (hours * speed).round()),
                    found_event_cnt: stream.poisson(hours * mode.found_per_hour),
                })?;
            }
        }
    }
    sink.close(Vec::new())
}

fn incidents<'a>(world: &'a World, spec: &'a IncidentSpec) -> Vec<IncidentRow<'a>> {
    let mut stream = world.stream("incident_month");
    let months: Vec<Month> = world
        .calendar
        .long_months()
        .into_iter()
        .filter(|month| month.number >= spec.since.number())
        .collect();
    let last_year = months.last().map_or(0, |month| month.year);
    let first_year = months.first().map_or(0, |month| month.year);
    // Level of a year against the last one: the changes of the years between, undone.
    let level = |year: i16, follows: f64, own: f64| {
        let mut level = 1.0;
        for (later, change) in (first_year..).zip(&spec.yearly_change) {
            if later > year && later <= last_year {
                level /= 1.0 + change * follows + own;
            }
        }
        level
    };
    let mut rows = Vec::new();
    for (index, area_code) in world.areas.subdistricts.iter().enumerate() {
        let people = world.population_of_subdistrict(index) as f64 / 10_000.0;
        let own = 0.02 * stream.range(-1.0, 1.0);
        let rate = pow(world.failure_of_subdistrict(index), 0.3);
        for class in &spec.class {
            let mut history: Vec<((i16, i8), i64)> = Vec::new();
            for year in first_year - 1..=last_year {
                for month in 1..=12i8 {
                    let (season, _) = super::math::sin_cos_turns((f64::from(month) - 4.0) / 12.0);
                    let mean = class.per_10k / 12.0
                        * people
                        * rate
                        * level(year, class.follows, own * class.follows)
                        * (1.0 + class.summer * season);
                    history.push((
                        (year, month),
                        (mean * (1.0 + 0.03 * stream.normal()) + stream.range(-0.4, 0.4)).round().max(0.0)
                            as i64,
                    ));
                }
            }
            let count = |year: i16, month: i8| {
                history.iter().find(|(when, _)| *when == (year, month)).map_or(0, |(_, count)| *count)
            };
            for month in &months {
                let incident_cnt = count(month.year, month.month);
                let response_cnt = incident_cnt - stream.binomial(incident_cnt, 0.04);
                let minutes = spec.response_minutes
                    * pow(world.failure_of_subdistrict(index), 0.2)
                    * stream.range(0.94, 1.06);
                rows.push(IncidentRow {
                    stat_month: On(month.number),
                    area_code,
                    incident_class: &class.code,
                    incident_cnt,
                    incident_cnt_ly: count(month.year - 1, month.month),
                    response_cnt,
                    response_min_sum: (response_cnt as f64 * minutes * 10.0).round() / 10.0,
                });
            }
        }
    }
    rows.sort_by_key(|row| (row.stat_month, row.area_code));
    rows
}

fn forces<'a>(world: &'a World, spec: &'a SafetySpec) -> Vec<ForceRow<'a>> {
    let mut stream = world.stream("force_stock");
    let weights: Vec<f64> =
        world.areas.communities.iter().map(|c| pow(c.spec.population as f64, 0.8)).collect();
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        for force in &spec.force {
            // All units are there a year before the end, so that the published number stands.
            let grown = (month.progress / 0.8).min(1.0);
            let units =
                (force.units as f64 * (force.at_start + (1.0 - force.at_start) * grown)).round() as i64;
            for (community, unit_cnt) in world.areas.communities.iter().zip(allocate(units, &weights)) {
                let away = (1.0 - force.active) * super::math::exp(-0.6 * community.spec.quality);
                rows.push(ForceRow {
                    stat_month: On(month.number),
                    area_code: &community.code,
                    force_type: &force.code,
                    unit_cnt,
                    active_unit_cnt: unit_cnt - stream.binomial(unit_cnt, away),
                });
            }
        }
    }
    rows
}

fn drills<'a>(world: &'a World, spec: &'a SafetySpec) -> Vec<DrillRow<'a>> {
    let mut stream = world.stream("drill");
    let homes =
        super::rng::Wheel::new(world.areas.communities.iter().map(|c| pow(c.spec.population as f64, 0.6)));
    let mut rows = Vec::new();
    let working: Vec<&Day> = world.calendar.history().iter().filter(|day| day.working).collect();
    for day in working {
        for _ in 0..stream.poisson(spec.drills_per_month / 21.0 * (1.0 + 0.2 * day.season)) {
            let community = homes.spin(&mut stream);
            let unit_cnt = stream.int(4, 18);
            let late = (1.0 - spec.drill_ontime) * world.failure(community);
            rows.push(DrillRow {
                drill_id: format!("D{:02}-{:05}", day.date.year().rem_euclid(100), rows.len() + 1),
                stat_date: On(day.number),
                area_code: world.community_code(community),
                drill_type: pick(&spec.drill_types, &mut stream),
                unit_cnt,
                ontime_unit_cnt: unit_cnt - stream.binomial(unit_cnt, late),
            });
        }
    }
    rows
}

fn campaigns<'a>(world: &'a World, spec: &'a SafetySpec) -> Vec<CampaignRow<'a>> {
    let mut stream = world.stream("campaign_month");
    let months: Vec<Month> = world
        .calendar
        .long_months()
        .into_iter()
        .filter(|month| month.number >= spec.campaigns_since.number())
        .collect();
    let mut rows = Vec::new();
    for item in &spec.campaign {
        let weights: Vec<f64> = months.iter().map(|_| stream.lognormal(1.0, 0.8)).collect();
        for (month, qty) in months.iter().zip(allocate(item.total, &weights)) {
            if qty > 0 {
                rows.push(CampaignRow {
                    stat_month: On(month.number),
                    area_code: &world.areas.root,
                    campaign: &item.campaign,
                    item_code: &item.item,
                    qty,
                });
            }
        }
    }
    rows.sort_by_key(|row| row.stat_month);
    rows
}
