//! Owns the tables event and `appeal_order`: what happens each day, and the appeals that tell of it.
//! Never holds who appealed; what concerns persons or disputes carries an area and never a point.

use std::path::Path;

use super::GenerateError;
use super::calendar::{Day, at};
use super::cases_spec::{CasesSpec, CategorySpec};
use super::lives::{AppealLife, AppealRow, EventLife, EventRow, Known, split};
use super::math::exp;
use super::rng::{Stream, Wheel};
use super::template::Weighted;
use super::world::{World, activity};
use super::write::{Sink, TableSummary, save};

/// Writes event and `appeal_order`, their corrections and the day after.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.cases;
    let mut run = Run {
        world,
        spec,
        stream: world.stream("cases"),
        hours: Wheel::new(spec.hours.iter().copied()),
        sources: spec
            .category
            .iter()
            .map(|category| Wheel::new(category.sources.iter().map(|s| s.1)))
            .collect(),
        events: Sink::new(data, "event")?,
        appeals: Sink::new(data, "appeal_order")?,
        live_events: Vec::new(),
        live_appeals: Vec::new(),
        corrections: Vec::new(),
        event_count: 0,
        appeal_count: 0,
    };
    let days = world.calendar.with_replay();
    let loads: Vec<f64> = days.iter().map(|day| run.load(day)).collect();
    let total: f64 = loads.iter().sum::<f64>().max(1e-9);
    let from_appeals = run.appeal_share();
    let events = world.rows(spec.events);
    let others = (world.rows(spec.appeals) - events * from_appeals).max(0.0);
    for (day, load) in days.iter().zip(loads) {
        let share = load / total;
        run.day(day, events * share, others * share)?;
    }
    run.live_events.sort_by(|a, b| (a.arrived_ts, &a.event_id).cmp(&(b.arrived_ts, &b.event_id)));
    run.live_appeals.sort_by(|a, b| (a.arrived_ts, &a.order_id).cmp(&(b.arrived_ts, &b.order_id)));
    save(&data.join("replay/event.parquet"), &run.live_events)?;
    save(&data.join("replay/appeal_order.parquet"), &run.live_appeals)?;
    Ok(vec![run.events.close(run.corrections)?, run.appeals.close(Vec::new())?])
}

/// Cases on their way to the tables, day by day.
pub(super) struct Run<'a> {
    pub(super) world: &'a World,
    pub(super) spec: &'a CasesSpec,
    pub(super) stream: Stream,
    hours: Wheel,
    pub(super) sources: Vec<Wheel>,
    events: Sink<EventRow<'a>>,
    appeals: Sink<AppealRow<'a>>,
    live_events: Vec<EventRow<'a>>,
    live_appeals: Vec<AppealRow<'a>>,
    corrections: Vec<EventRow<'a>>,
    event_count: u64,
    appeal_count: u64,
}

impl<'a> Run<'a> {
    /// How much happens on a day.
    fn load(&self, day: &Day) -> f64 {
        let weights = self.weights(day);
        let normal: f64 = self.spec.category.iter().map(|category| category.weight).sum();
        let busy = activity(day, self.spec.weekend, self.spec.long_holiday);
        busy * (1.0 + self.spec.growth * day.age) * weights.iter().sum::<f64>() / normal.max(1e-9)
    }

    /// Weights of the categories on a day: rain brings floods, summer brings noise.
    fn weights(&self, day: &Day) -> Vec<f64> {
        let weight =
            |c: &CategorySpec| c.weight * (1.0 + c.rain * day.rain) * (1.0 + c.summer * day.season).max(0.1);
        self.spec.category.iter().map(weight).collect()
    }

    /// Share of events that appeals tell of.
    fn appeal_share(&self) -> f64 {
        let share = |c: &CategorySpec| {
            let all: f64 = c.sources.iter().map(|s| s.1).sum();
            c.weight * c.sources.iter().filter(|s| s.0 == "appeal").map(|s| s.1).sum::<f64>() / all.max(1e-9)
        };
        let weights: f64 = self.spec.category.iter().map(|c| c.weight).sum();
        self.spec.category.iter().map(share).sum::<f64>() / weights.max(1e-9)
            * (1.0 - self.spec.exercise_share)
    }

    /// An instant of the day, by the load of its hours.
    pub(super) fn instant(&mut self, day: &Day) -> i64 {
        let hour = self.hours.spin(&mut self.stream) as i64;
        at(day, hour * 3600 + self.stream.int(0, 3599))
    }

    /// Chance of missing the limit.
    pub(super) fn fail(&self, community: usize, day: &Day) -> f64 {
        let [then, now] = self.spec.fail;
        let trend = now + (then - now) * exp(-day.age * 0.8);
        (trend * self.world.failure(community)).min(0.5)
    }

    fn day(&mut self, day: &Day, events: f64, others: f64) -> Result<(), GenerateError> {
        let communities = Wheel::new(self.world.loads(day.age));
        let categories = Wheel::new(self.weights(day));
        let mut lives: Vec<(EventLife<'a>, Option<AppealLife<'a>>)> = Vec::new();
        for _ in 0..self.stream.poisson(events) {
            let community = communities.spin(&mut self.stream);
            let category = categories.spin(&mut self.stream);
            lives.extend(self.event(day, community, category));
        }
        let mut appeals: Vec<AppealLife<'a>> = Vec::new();
        for _ in 0..self.stream.poisson(others) {
            let community = communities.spin(&mut self.stream);
            appeals.extend(self.other_appeal(day, community));
        }
        lives.sort_by(|a, b| (a.0.course.opened, a.0.area_code).cmp(&(b.0.course.opened, b.0.area_code)));
        let year = day.date.year().rem_euclid(100);
        for (mut event, appeal) in lives {
            self.event_count += 1;
            event.id = format!("E{year:02}-{:07}", self.event_count);
            if let Some(mut appeal) = appeal {
                appeal.event = Some(event.id.clone());
                appeals.push(appeal);
            }
            self.keep_event(event)?;
        }
        appeals.sort_by(|a, b| (a.course.opened, a.area_code).cmp(&(b.course.opened, b.area_code)));
        for mut appeal in appeals {
            self.appeal_count += 1;
            appeal.id = format!("A{year:02}-{:07}", self.appeal_count);
            let delay = 3 + (self.appeal_count % 40) as i64;
            let changes = appeal.changes();
            let row = |at, arrived| appeal.row(at, arrived);
            if let Known::Base(row) = split(
                appeal.course.arrived,
                &changes,
                self.world.calendar.end(),
                delay,
                &mut self.live_appeals,
                row,
            ) {
                self.appeals.push(row)?;
            }
        }
        Ok(())
    }

    fn keep_event(&mut self, event: EventLife<'a>) -> Result<(), GenerateError> {
        let delay = 3 + (self.event_count % 40) as i64;
        let end = self.world.calendar.end();
        let changes = event.course.changes(true);
        let row = |at, arrived| event.row(at, arrived);
        let known = split(event.course.arrived, &changes, end, delay, &mut self.live_events, row);
        let Known::Base(row) = known else { return Ok(()) };
        let settled = row.closed_ts.is_some() && event.course.closed + 40 * 86_400 < end;
        if settled && self.stream.chance(self.spec.correction_share) {
            // First reported as less severe; put right days later.
            let mut first = row.clone();
            first.severity = (first.severity - 1).max(1);
            first.closed_ts = first.resolved_ts;
            let mut right = row;
            right.arrived_ts = event.course.closed + self.stream.int(2, 38) * 86_400;
            self.corrections.push(right);
            return self.events.push(first);
        }
        self.events.push(row)
    }
}

/// Draws one of the codes.
pub(super) fn pick<'a>(codes: &'a [Weighted], stream: &mut Stream) -> &'a str {
    let drawn = Wheel::new(codes.iter().map(|code| code.1)).spin(stream);
    codes.get(drawn).map_or("", |code| code.0.as_str())
}
