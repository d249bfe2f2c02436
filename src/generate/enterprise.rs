//! Owns `entity_month` and the tables of enterprise service: `ent_credit_month`, `ent_measure`, `ent_session`, `ent_request_month`.
//! Never names an enterprise; sole traders are counted like the rest and never listed.

use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::calendar::{IsoDate, Month};
use super::math::{exp, pow};
use super::rng::{Stream, Wheel, allocate};
use super::template::Weighted;
use super::world::World;
use super::write::{On, TableSummary, row, table};

/// `[enterprise]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnterpriseSpec {
    /// Per entity type: the number in the last month, growth a year, and the industries with their weights.
    entity: Vec<EntitySpec>,
    active_share: f64,
    address_linked: f64,
    /// Share of active entities with a credit evaluation at the start and now.
    evaluated: [f64; 2],
    grades: Vec<Weighted>,
    loans_per_10000: f64,
    loan_yuan: f64,
    measure: Vec<MeasureSpec>,
    session: Vec<SessionSpec>,
    /// Further sessions a month, by type.
    more_sessions: Vec<Weighted>,
    /// Requests a month per 1,000 enterprises, by channel, and since when.
    requests: Vec<RequestSpec>,
    request_ontime: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntitySpec {
    code: String,
    number: i64,
    growth: f64,
    industries: Vec<Weighted>,
    /// How much companies follow industry rather than people.
    industrial: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasureSpec {
    aspect: String,
    org: String,
    planned: IsoDate,
    done: Option<IsoDate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionSpec {
    kind: String,
    on: IsoDate,
    entities: i64,
    person_times: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestSpec {
    channel: String,
    per_1000: f64,
    since: IsoDate,
    growth: f64,
}

row! {
    /// entity_month
    EntityRow {
        stat_month: On, area_code: &'a str, entity_type: &'a str, industry_code: &'a str, entity_cnt: i64, active_cnt: i64,
        new_cnt: i64, closed_cnt: i64, addr_linked_cnt: i64,
    }
}
row! {
    /// ent_credit_month
    CreditRow { stat_month: On, area_code: &'a str, credit_grade: &'a str, entity_cnt: i64, loan_entity_cnt: i64, loan_yuan: f64 }
}
row! {
    /// ent_measure
    MeasureRow { measure_no: i64, area_code: &'a str, aspect: &'a str, lead_org: &'a str, planned_on: On, done_on: Option<On>, status: &'a str }
}
row! {
    /// ent_session
    SessionRow { session_id: String, held_on: On, area_code: &'a str, session_type: &'a str, entity_cnt: i64, person_times: i64 }
}
row! {
    /// ent_request_month
    RequestRow { stat_month: On, area_code: &'a str, channel: &'a str, received_cnt: i64, closed_cnt: i64, ontime_cnt: i64 }
}

/// Writes the five tables.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.enterprise;
    Ok(vec![
        table(data, "entity_month", entities(world, spec))?,
        table(data, "ent_credit_month", credit(world, spec))?,
        table(data, "ent_measure", measures(world, spec))?,
        table(data, "ent_session", sessions(world, spec))?,
        table(data, "ent_request_month", requests(world, spec))?,
    ])
}

/// Entities of a type in every community in a month.
fn numbers(world: &World, entity: &EntitySpec, month: &Month) -> Vec<i64> {
    let years = world.calendar.months().len() as f64 / 12.0;
    let age = (month.progress - 1.0) * years;
    let weight = |c: &super::areas::Community| {
        c.spec.population as f64 * pow(c.spec.industry, entity.industrial) * exp(c.spec.growth * 0.5 * age)
    };
    let weights: Vec<f64> = world.areas.communities.iter().map(weight).collect();
    allocate((entity.number as f64 * exp(entity.growth * age)).round() as i64, &weights)
}

/// Active ones among them.
fn active(spec: &EnterpriseSpec, number: i64) -> i64 {
    (number as f64 * spec.active_share).round() as i64
}

fn entities<'a>(world: &'a World, spec: &'a EnterpriseSpec) -> Vec<EntityRow<'a>> {
    let mut stream = world.stream("entity_month");
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        for entity in &spec.entity {
            let weights: Vec<f64> = entity.industries.iter().map(|industry| industry.1).collect();
            for (index, (community, number)) in
                world.areas.communities.iter().zip(numbers(world, entity, &month)).enumerate()
            {
                let actives = allocate(active(spec, number), &weights);
                for ((industry, entity_cnt), active_cnt) in
                    entity.industries.iter().zip(allocate(number, &weights)).zip(actives)
                {
                    if entity_cnt == 0 {
                        continue;
                    }
                    let active_cnt = active_cnt.min(entity_cnt);
                    let unlinked =
                        (1.0 - spec.address_linked) * world.failure(index) * (2.0 - month.progress);
                    rows.push(EntityRow {
                        stat_month: On(month.number),
                        area_code: &community.code,
                        entity_type: &entity.code,
                        industry_code: &industry.0,
                        entity_cnt,
                        active_cnt,
                        new_cnt: stream.poisson(entity_cnt as f64 * (entity.growth + 0.06) / 12.0),
                        closed_cnt: stream.poisson(entity_cnt as f64 * 0.06 / 12.0).min(entity_cnt),
                        addr_linked_cnt: entity_cnt - stream.binomial(entity_cnt, unlinked.min(0.6)),
                    });
                }
            }
        }
    }
    rows.sort_by_key(|row| (row.stat_month, row.area_code));
    rows
}

fn credit<'a>(world: &'a World, spec: &'a EnterpriseSpec) -> Vec<CreditRow<'a>> {
    let mut stream = world.stream("ent_credit_month");
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        let all: Vec<Vec<i64>> = spec.entity.iter().map(|entity| numbers(world, entity, &month)).collect();
        for (index, community) in world.areas.communities.iter().enumerate() {
            let active: i64 =
                all.iter().filter_map(|numbers| numbers.get(index)).map(|number| active(spec, *number)).sum();
            let reach = spec.evaluated[0] + (spec.evaluated[1] - spec.evaluated[0]) * month.progress;
            let share = 1.0 - (1.0 - reach) * pow(world.failure(index), 0.5);
            let evaluated = (active as f64 * share.clamp(0.0, 1.0)).floor() as i64;
            let weights: Vec<f64> = spec.grades.iter().map(|grade| grade.1).collect();
            for (g, (grade, entity_cnt)) in spec.grades.iter().zip(allocate(evaluated, &weights)).enumerate()
            {
                let rate = spec.loans_per_10000 / 10_000.0
                    * (1.6 - 0.5 * g as f64).max(0.0)
                    * (0.5 + month.progress);
                let loan_entity_cnt = stream.poisson(entity_cnt as f64 * rate);
                let loan: f64 = (0..loan_entity_cnt).map(|_| stream.lognormal(spec.loan_yuan, 0.7)).sum();
                rows.push(CreditRow {
                    stat_month: On(month.number),
                    area_code: &community.code,
                    credit_grade: &grade.0,
                    entity_cnt,
                    loan_entity_cnt,
                    loan_yuan: (loan / 10_000.0).round() * 10_000.0,
                });
            }
        }
    }
    rows
}

fn measures<'a>(world: &'a World, spec: &'a EnterpriseSpec) -> Vec<MeasureRow<'a>> {
    let today = world.calendar.anchor().number;
    let row = |(number, measure): (usize, &'a MeasureSpec)| {
        let done = measure.done.map(IsoDate::number).filter(|done| *done <= today);
        MeasureRow {
            measure_no: number as i64 + 1,
            area_code: &world.areas.root,
            aspect: &measure.aspect,
            lead_org: &measure.org,
            planned_on: On(measure.planned.number()),
            done_on: done.map(On),
            status: if done.is_some() { "done" } else { "doing" },
        }
    };
    spec.measure.iter().enumerate().map(row).collect()
}

fn sessions<'a>(world: &'a World, spec: &'a EnterpriseSpec) -> Vec<SessionRow<'a>> {
    let mut stream = world.stream("ent_session");
    let homes =
        Wheel::new(world.areas.communities.iter().map(|c| c.spec.population as f64 * c.spec.industry));
    let mut all: Vec<(i32, &str, i64, i64)> =
        spec.session.iter().map(|s| (s.on.number(), s.kind.as_str(), s.entities, s.person_times)).collect();
    let first = world.calendar.history().first().map_or(0, |day| day.number);
    for kind in &spec.more_sessions {
        for day in world.calendar.history().iter().filter(|day| day.working && day.number > first) {
            if stream.chance(kind.1 / 21.0) {
                let entities = stream.int(8, 45);
                all.push((day.number, kind.0.as_str(), entities, entities * stream.int(1, 3)));
            }
        }
    }
    all.sort_unstable();
    let row =
        |(number, (on, kind, entity_cnt, person_times)): (usize, (i32, &'a str, i64, i64))| SessionRow {
            session_id: format!("S{:05}", number + 1),
            held_on: On(on),
            area_code: world.community_code(homes.spin(&mut stream)),
            session_type: kind,
            entity_cnt,
            person_times,
        };
    all.into_iter().enumerate().map(row).collect()
}

fn requests<'a>(world: &'a World, spec: &'a EnterpriseSpec) -> Vec<RequestRow<'a>> {
    let mut stream = world.stream("ent_request_month");
    let companies = spec
        .entity
        .first()
        .map(|entity| world.calendar.months().last().map(|month| numbers(world, entity, month)));
    let companies = companies.flatten().unwrap_or_default();
    let mut waiting: Vec<Vec<i64>> = vec![vec![0; spec.requests.len()]; world.areas.communities.len()];
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        for (index, community) in world.areas.communities.iter().enumerate() {
            for (r, request) in spec.requests.iter().enumerate() {
                if month.number < request.since.number() {
                    continue;
                }
                let mean = companies.get(index).map_or(0.0, |n| *n as f64) / 1000.0
                    * request.per_1000
                    * exp(request.growth * 5.0 * (month.progress - 1.0));
                let received_cnt = stream.poisson(mean);
                let closed_cnt = close(&mut waiting, index, r, received_cnt, &mut stream);
                let late = (1.0 - spec.request_ontime) * world.failure(index);
                let ontime_cnt = closed_cnt - stream.binomial(closed_cnt, late.min(0.5));
                rows.push(RequestRow {
                    stat_month: On(month.number),
                    area_code: &community.code,
                    channel: &request.channel,
                    received_cnt,
                    closed_cnt,
                    ontime_cnt,
                });
            }
        }
    }
    rows
}

/// Closes most of what waits; the rest waits for next month.
fn close(
    waiting: &mut [Vec<i64>],
    community: usize,
    request: usize,
    received: i64,
    stream: &mut Stream,
) -> i64 {
    match waiting.get_mut(community).and_then(|row| row.get_mut(request)) {
        Some(waits) => {
            let all = *waits + received;
            let left = stream.binomial(all, 0.12);
            *waits = left;
            all - left
        }
        None => received,
    }
}
