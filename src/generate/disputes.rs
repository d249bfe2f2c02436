//! Owns the table `dispute_day`: disputes found, accepted and settled, counted per day, community, channel and type.
//! Never holds a case or a party: cases exist only while they are being counted.

use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::calendar::{Day, IsoDate};
use super::math::{exp, ln};
use super::rng::{Stream, Wheel};
use super::template::Weighted;
use super::world::{World, activity};
use super::write::{On, Sink, TableSummary, row};

/// `[disputes]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DisputesSpec {
    /// Published: all disputes found by screening; what no channel accepted is counted under `screening_channel`.
    screened: i64,
    screening_channel: String,
    /// The type with a published success rate of its own.
    rated_type: String,
    rated_success: f64,
    /// Of accepted cases, how many became criminal or civil cases.
    escalated_per_1000: f64,
    weekend: f64,
    long_holiday: f64,
    /// The rated type comes in before the long winter holiday: load in December and January.
    winter: f64,
    correction_rows: usize,
    types: Vec<Weighted>,
    channel: Vec<ChannelSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelSpec {
    code: String,
    /// Published or proposed: cases accepted since `since`.
    accepted: i64,
    success: f64,
    since: IsoDate,
    /// Growth of the load a year.
    growth: f64,
    median_days: f64,
    /// Weights of the types here, where they differ.
    types: Option<Vec<Weighted>>,
}

row! {
    /// dispute_day
    DisputeRow {
        stat_date: On, area_code: &'a str, channel: &'a str, dispute_type: &'a str, screened_cnt: i64, accepted_cnt: i64,
        closed_cnt: i64, success_cnt: i64, escalated_cnt: i64, transferred_cnt: i64, open_cnt: i64, over30d_cnt: i64, days_sum: f64,
    }
}

/// A case while it is counted: indices of days, community and type.
struct Case {
    from: usize,
    to: usize,
    community: usize,
    kind: usize,
    success: bool,
    escalated: bool,
}

/// Counts of one cell on one day.
#[derive(Clone, Copy, Default)]
struct Count {
    screened: i32,
    accepted: i32,
    closed: i32,
    success: i32,
    escalated: i32,
    transferred: i32,
    open: i32,
    over30: i32,
    days: i32,
}

/// Writes `dispute_day` and its corrections.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.disputes;
    let days = world.calendar.long_history();
    let communities = world.areas.communities.len();
    let mut stream = world.stream("dispute_day");
    let mut sink = Sink::new(data, "dispute_day")?;
    let types = spec.types.len();
    let cells = communities * (spec.channel.len() + 1) * types;
    let mut counts = vec![Count::default(); days.len() * cells];
    let cell = |day: usize, community: usize, channel: usize, kind: usize| {
        day * cells + (community * (spec.channel.len() + 1) + channel) * types + kind
    };
    for (index, channel) in spec.channel.iter().enumerate() {
        for case in cases(world, channel, days, &mut stream) {
            let here = |day| cell(day, case.community, index, case.kind);
            add(&mut counts, here(case.from), |count| {
                count.screened += 1;
                count.accepted += 1;
                count.escalated += i32::from(case.escalated);
            });
            for day in case.from..case.to.min(days.len()) {
                add(&mut counts, here(day), |count| {
                    count.open += 1;
                    count.over30 += i32::from(day - case.from > 30);
                });
            }
            if case.to < days.len() {
                add(&mut counts, here(case.to), |count| {
                    count.closed += 1;
                    count.success += i32::from(case.success);
                    count.days += (case.to - case.from) as i32;
                });
            }
        }
    }
    let accepted: i64 = spec.channel.iter().map(|channel| world.scale.published(channel.accepted)).sum();
    screening(
        world,
        days,
        world.scale.published(spec.screened) - accepted,
        &mut stream,
        |day, community, kind, passed_on| {
            add(&mut counts, cell(day, community, spec.channel.len(), kind), |count| {
                count.screened += 1;
                count.transferred += i32::from(passed_on);
            });
        },
    );

    let mut corrections = Vec::new();
    let wrong_every = (counts.len() / spec.correction_rows.max(1) / 8).max(1);
    for (day, at) in days.iter().zip(0..) {
        for (community, home) in world.areas.communities.iter().enumerate() {
            for channel in 0..=spec.channel.len() {
                let code = spec
                    .channel
                    .get(channel)
                    .map_or(spec.screening_channel.as_str(), |channel| channel.code.as_str());
                for (kind, dispute_type) in spec.types.iter().enumerate() {
                    let Some(count) = counts.get(cell(at, community, channel, kind)) else {
                        continue;
                    };
                    if count.screened + count.closed + count.open == 0 {
                        continue;
                    }
                    let row = dispute_row(day, &home.code, code, &dispute_type.0, count);
                    // A settled case first counted as not settled, put right later; never in the last weeks.
                    let wrong =
                        count.success > 0 && at + 40 < days.len() && corrections.len() < spec.correction_rows;
                    if wrong && stream.below(wrong_every.min(400)) == 0 {
                        let mut first = row.clone();
                        first.success_cnt -= 1;
                        sink.push(first)?;
                        corrections.push(row);
                    } else {
                        sink.push(row)?;
                    }
                }
            }
        }
    }
    Ok(vec![sink.close(corrections)?])
}

fn add(counts: &mut [Count], at: usize, change: impl FnOnce(&mut Count)) {
    if let Some(count) = counts.get_mut(at) {
        change(count);
    }
}

fn dispute_row<'a>(
    day: &Day,
    area_code: &'a str,
    channel: &'a str,
    dispute_type: &'a str,
    count: &Count,
) -> DisputeRow<'a> {
    DisputeRow {
        stat_date: On(day.number),
        area_code,
        channel,
        dispute_type,
        screened_cnt: count.screened.into(),
        accepted_cnt: count.accepted.into(),
        closed_cnt: count.closed.into(),
        success_cnt: count.success.into(),
        escalated_cnt: count.escalated.into(),
        transferred_cnt: count.transferred.into(),
        open_cnt: count.open.into(),
        over30d_cnt: count.over30.into(),
        days_sum: count.days.into(),
    }
}

/// How many disputes a day brings.
fn load(world: &World, day: &Day, since: i32, growth: f64) -> f64 {
    let spec = &world.spec.disputes;
    let winter = if matches!(day.date.month(), 12 | 1) { spec.winter } else { 1.0 };
    let open = f64::from(u8::from(day.number >= since));
    open * winter
        * activity(day, spec.weekend, spec.long_holiday)
        * (1.0 + growth * (day.age + 2.0)).max(0.05)
}

/// The cases of a channel: exactly as many as published, and exactly the published share settled.
fn cases(world: &World, channel: &ChannelSpec, days: &[Day], stream: &mut Stream) -> Vec<Case> {
    let spec = &world.spec.disputes;
    let wheel = Wheel::new(days.iter().map(|day| load(world, day, channel.since.number(), channel.growth)));
    let types = channel.types.as_deref().unwrap_or(&spec.types);
    let weight_of =
        |kind: &Weighted| types.iter().find(|other| other.0 == kind.0).map_or(0.0, |other| other.1);
    let kinds = Wheel::new(spec.types.iter().map(weight_of));
    let homes =
        Wheel::new(
            world.areas.communities.iter().map(|c| {
                c.spec.population as f64 * (0.8 + 0.2 * c.spec.industry) * exp(-0.15 * c.spec.quality)
            }),
        );
    let mut cases: Vec<Case> = (0..world.scale.published(channel.accepted))
        .map(|_| {
            let from = wheel.spin(stream);
            let community = homes.spin(stream);
            let slow = 1.0 + 0.3 * (world.failure(community) - 1.0).clamp(-0.7, 1.5);
            let length = stream.lognormal(channel.median_days * slow, 0.6).clamp(1.0, 120.0).round() as usize;
            Case {
                from,
                to: from + length,
                community,
                kind: kinds.spin(stream),
                success: true,
                escalated: false,
            }
        })
        .collect();
    let rated = |case: &Case| spec.types.get(case.kind).is_some_and(|kind| kind.0 == spec.rated_type);
    let closed = |case: &Case| case.to < days.len();
    let share = |n: usize, success: f64| (n as f64 * (1.0 - success)).round() as usize;
    let all = cases.iter().filter(|case| closed(case)).count();
    let special = cases.iter().filter(|case| closed(case) && rated(case)).count();
    let fails_special = share(special, spec.rated_success);
    let fails_other = share(all, channel.success).saturating_sub(fails_special);
    for (wanted, is_rated) in [(fails_special, true), (fails_other, false)] {
        // Exponential clocks, faster where services are worse: the first to ring fail.
        let mut clocks: Vec<(f64, usize)> = cases
            .iter()
            .enumerate()
            .filter(|(_, case)| closed(case) && rated(case) == is_rated)
            .map(|(index, case)| (-ln(stream.unit().max(1e-12)) / world.failure(case.community), index))
            .collect();
        clocks.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, index) in clocks.into_iter().take(wanted) {
            if let Some(case) = cases.get_mut(index) {
                case.success = false;
                case.escalated =
                    stream.chance(spec.escalated_per_1000 / 1000.0 / (1.0 - channel.success).max(1e-3));
            }
        }
    }
    cases
}

/// Disputes found on rounds and settled on the spot or passed on.
fn screening(
    world: &World,
    days: &[Day],
    number: i64,
    stream: &mut Stream,
    mut found: impl FnMut(usize, usize, usize, bool),
) {
    let spec = &world.spec.disputes;
    let wheel = Wheel::new(days.iter().map(|day| load(world, day, i32::MIN, 0.03)));
    let kinds = Wheel::new(spec.types.iter().map(|kind| kind.1));
    let homes = Wheel::new(world.areas.communities.iter().map(|c| c.spec.population as f64));
    for _ in 0..number.max(0) {
        let day = wheel.spin(stream);
        let community = homes.spin(stream);
        let kind = kinds.spin(stream);
        let passed_on = stream.chance(0.35);
        found(day, community, kind, passed_on);
    }
}
