//! Owns the tables event and appeal_order: what happens each day, and the appeals that tell of it.
//! Never holds who appealed; what concerns persons or disputes carries an area and never a point.

use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::calendar::{Day, at};
use super::lives::{AppealLife, AppealRow, Course, EventLife, EventRow, Known, Pace, split};
use super::math::exp;
use super::rng::{Stream, Wheel};
use super::template::{Volume, Weighted};
use super::town::component_id;
use super::world::{World, activity};
use super::write::{Sink, TableSummary, save};

/// `[cases]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CasesSpec {
    events: Volume,
    appeals: Volume,
    /// Growth of the load a year, as a share.
    growth: f64,
    weekend: f64,
    long_holiday: f64,
    /// Load by hour of the day.
    hours: Vec<f64>,
    exercise_share: f64,
    late_share: f64,
    cancel_share: f64,
    correction_share: f64,
    /// Shares closed after their limit, in the first year and now, at average quality.
    fail: [f64; 2],
    /// Share of severities 1 to 4.
    severities: [f64; 4],
    contact_late: f64,
    dissatisfied: f64,
    rated: f64,
    redo: f64,
    mediation: f64,
    channels: Vec<Weighted>,
    /// Natures of appeals that tell of an event, and of others.
    natures: Vec<Weighted>,
    other_natures: Vec<Weighted>,
    other_categories: Vec<OtherSpec>,
    category: Vec<CategorySpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherSpec {
    code: String,
    weight: f64,
    org: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CategorySpec {
    code: String,
    /// Category of an appeal telling of it.
    appeal: String,
    weight: f64,
    /// object: a point; place: its cell; person: its community.
    precision: String,
    component: Option<String>,
    org: String,
    median_hours: f64,
    due_hours: f64,
    #[serde(default)]
    rain: f64,
    #[serde(default)]
    summer: f64,
    /// Higher: severe more often.
    #[serde(default = "one")]
    severe: f64,
    sources: Vec<Weighted>,
    #[serde(default)]
    mediation: bool,
}

fn one() -> f64 {
    1.0
}

/// Writes event and appeal_order, their corrections and the day after.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.cases;
    let mut run = Run {
        world,
        spec,
        stream: world.stream("cases"),
        hours: Wheel::new(spec.hours.iter().copied()),
        sources: spec.category.iter().map(|category| Wheel::new(category.sources.iter().map(|s| s.1))).collect(),
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

struct Run<'a> {
    world: &'a World,
    spec: &'a CasesSpec,
    stream: Stream,
    hours: Wheel,
    sources: Vec<Wheel>,
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
        let weight = |c: &CategorySpec| c.weight * (1.0 + c.rain * day.rain) * (1.0 + c.summer * day.season).max(0.1);
        self.spec.category.iter().map(weight).collect()
    }

    /// Share of events that appeals tell of.
    fn appeal_share(&self) -> f64 {
        let share = |c: &CategorySpec| {
            let all: f64 = c.sources.iter().map(|s| s.1).sum();
            c.weight * c.sources.iter().filter(|s| s.0 == "appeal").map(|s| s.1).sum::<f64>() / all.max(1e-9)
        };
        let weights: f64 = self.spec.category.iter().map(|c| c.weight).sum();
        self.spec.category.iter().map(share).sum::<f64>() / weights.max(1e-9) * (1.0 - self.spec.exercise_share)
    }

    fn instant(&mut self, day: &Day) -> i64 {
        let hour = self.hours.spin(&mut self.stream) as i64;
        at(day, hour * 3600 + self.stream.int(0, 3599))
    }

    fn fail(&self, community: usize, day: &Day) -> f64 {
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
            if let Known::Base(row) = split(appeal.course.arrived, &changes, self.world.calendar.end(), delay, &mut self.live_appeals, row) {
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

    fn event(&mut self, day: &Day, community: usize, index: usize) -> Option<(EventLife<'a>, Option<AppealLife<'a>>)> {
        let category = self.spec.category.get(index)?;
        let exercise = self.stream.chance(self.spec.exercise_share);
        let drawn = self.sources.get(index)?.spin(&mut self.stream);
        let mut source = category.sources.get(drawn)?.0.as_str();
        if day.rain > 1.0 && category.rain > 0.5 && self.stream.chance(0.3) {
            source = "weather";
        }
        if exercise {
            source = "drill";
        }
        let [one, two, three, four] = self.spec.severities;
        let severity = Wheel::new([one, two, three * category.severe, four * category.severe]).spin(&mut self.stream) as i64 + 1;
        let cancel = if source == "appeal" { 0.0 } else { self.spec.cancel_share };
        let pace = Pace {
            median_hours: category.median_hours * (1.0 + 0.25 * (self.world.failure(community) - 1.0)).clamp(0.6, 1.8),
            due_hours: category.due_hours,
            fail: self.fail(community, day),
            severity,
            cancel,
            late: self.spec.late_share,
        };
        let opened = self.instant(day);
        let course = Course::draw(opened, &pace, &mut self.stream);
        let home = self.world.areas.communities.get(community)?;
        let cell = self.world.town.cell(&self.world.areas, community, &mut self.stream);
        let grid = self.world.areas.grids.get(cell)?;
        let (component, point) = if category.precision == "point" { self.place(cell, category) } else { (None, None) };
        let area_code = if category.precision == "community" { home.code.as_str() } else { grid.code.as_str() };
        let precision = if category.precision == "point" && point.is_none() { "grid" } else { category.precision.as_str() };
        let urgency = match severity {
            4 => "immediate",
            3 => if self.stream.chance(0.5) { "immediate" } else { "expected" },
            2 => "expected",
            _ => if self.stream.chance(0.7) { "future" } else { "expected" },
        };
        let certainty = match source {
            "weather" => "likely",
            "iot" => if self.stream.chance(0.8) { "observed" } else { "possible" },
            _ => "observed",
        };
        let event = EventLife {
            id: String::new(), course, area_code, category: &category.code, source, severity, urgency, certainty,
            org: &category.org, component, exercise, point, precision,
        };
        let appeal = if source == "appeal" {
            let nature = pick(&self.spec.natures, &mut self.stream);
            let mediation = category.mediation && self.stream.chance(self.spec.mediation);
            Some(self.appeal(course, community, &category.appeal, nature, &category.org, mediation)?)
        } else {
            None
        };
        Some((event, appeal))
    }

    /// A component of the right class in the cell, or a place beside a building there.
    fn place(&mut self, cell: usize, category: &CategorySpec) -> (Option<String>, Option<super::plane::Micro>) {
        let town = &self.world.town;
        if let Some(class) = &category.component {
            let here = town.components_of.get(cell).map_or(&[][..], Vec::as_slice);
            for _ in 0..12 {
                let drawn = here.get(self.stream.below(here.len())).and_then(|index| town.components.get(*index));
                if let Some(component) = drawn.filter(|c| self.world.spec.town.class_of(c) == class) {
                    return (Some(component_id(component)), Some(component.micro));
                }
            }
        }
        let here = town.buildings_of.get(cell).map_or(&[][..], Vec::as_slice);
        if let Some(spot) = here.get(self.stream.below(here.len())).and_then(|index| town.buildings.get(*index)) {
            return (None, Some(spot.micro));
        }
        let label = self.world.areas.grids.get(cell).map(|grid| super::plane::label_point(&grid.rings));
        (None, label.map(|point| self.world.areas.plane.micro(point)))
    }

    fn appeal(
        &mut self,
        course: Course,
        community: usize,
        category: &'a str,
        nature: &'a str,
        org: &'a str,
        mediation: bool,
    ) -> Option<AppealLife<'a>> {
        let failure = self.world.failure(community);
        let limit = if self.stream.chance((self.spec.contact_late * failure).min(0.3)) {
            self.stream.range(86_500.0, 200_000.0)
        } else {
            self.stream.lognormal(7000.0, 0.8).clamp(120.0, 86_000.0)
        };
        let contacted = (course.opened + limit as i64).min(course.closed);
        let satisfaction = if self.stream.chance(self.spec.rated) {
            let unhappy = self.stream.chance((self.spec.dissatisfied * failure).min(0.4));
            Some(if unhappy { self.stream.int(1, 3) } else { 4 + i64::from(self.stream.chance(0.8)) })
        } else {
            None
        };
        let redo = i64::from(self.stream.chance((self.spec.redo * failure).min(0.3)));
        Some(AppealLife {
            id: String::new(), event: None, course, contacted, area_code: &self.world.areas.communities.get(community)?.code,
            category, channel: pick(&self.spec.channels, &mut self.stream), nature, org, redo, satisfaction, mediation,
        })
    }

    /// An appeal that tells of no event: questions, ideas, thanks.
    fn other_appeal(&mut self, day: &Day, community: usize) -> Option<AppealLife<'a>> {
        let wheel = Wheel::new(self.spec.other_categories.iter().map(|other| other.weight));
        let other = self.spec.other_categories.get(wheel.spin(&mut self.stream))?;
        let nature = pick(&self.spec.other_natures, &mut self.stream);
        let quick = nature == "consult" || nature == "thanks";
        let pace = Pace {
            median_hours: if quick { 14.0 } else { 34.0 },
            due_hours: if quick { 72.0 } else { 168.0 },
            fail: self.fail(community, day),
            severity: 1,
            cancel: 0.0,
            late: self.spec.late_share,
        };
        let opened = self.instant(day);
        let course = Course::draw(opened, &pace, &mut self.stream);
        self.appeal(course, community, &other.code, nature, &other.org, false)
    }
}

/// Draws one of the codes.
pub(super) fn pick<'a>(codes: &'a [Weighted], stream: &mut Stream) -> &'a str {
    let drawn = Wheel::new(codes.iter().map(|code| code.1)).spin(stream);
    codes.get(drawn).map_or("", |code| code.0.as_str())
}
