//! Owns what a single event or appeal is like: its kind, place, severity, course and how it was received.
//! Never writes; what concerns persons or disputes gets an area and never a point.

use super::calendar::Day;
use super::cases::{Run, pick};
use super::cases_spec::CategorySpec;
use super::lives::{AppealLife, Course, EventLife, Pace};
use super::plane::{Micro, label_point};
use super::rng::Wheel;
use super::town::component_id;

impl<'a> Run<'a> {
    /// What arrives while the feed stands still arrives in the hours after.
    fn delay(&mut self, day: &Day, course: &mut Course) {
        let outage = self.spec.outages.iter().find(|o| (o[0].number()..=o[1].number()).contains(&day.number));
        if let Some(outage) = outage {
            let days = i64::from(outage[1].number() - day.number);
            course.arrived = course.arrived.max(day.end + days * 86_400 + self.stream.int(60, 9000));
        }
    }

    /// An event, with the appeal that tells of it.
    pub(super) fn event(
        &mut self,
        day: &Day,
        community: usize,
        index: usize,
    ) -> Option<(EventLife<'a>, Option<AppealLife<'a>>)> {
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
        let severity = Wheel::new([one, two, three * category.severe, four * category.severe])
            .spin(&mut self.stream) as i64
            + 1;
        let cancel = if source == "appeal" { 0.0 } else { self.spec.cancel_share };
        let pace = Pace {
            median_hours: category.median_hours
                * (1.0 + 0.25 * (self.world.failure(community) - 1.0)).clamp(0.6, 1.8),
            due_hours: category.due_hours,
            fail: self.fail(community, day),
            severity,
            cancel,
            late: self.spec.late_share,
        };
        let opened = self.instant(day);
        let mut course = Course::draw(opened, &pace, &mut self.stream);
        self.delay(day, &mut course);
        let home = self.world.areas.communities.get(community)?;
        let cell = self.world.town.cell(&self.world.areas, community, &mut self.stream);
        let grid = self.world.areas.grids.get(cell)?;
        let (component, point) =
            if category.precision == "point" { self.place(cell, category) } else { (None, None) };
        let area_code =
            if category.precision == "community" { home.code.as_str() } else { grid.code.as_str() };
        let precision = if category.precision == "point" && point.is_none() {
            "grid"
        } else {
            category.precision.as_str()
        };
        let urgency = match severity {
            4 => "immediate",
            3 => {
                if self.stream.chance(0.5) {
                    "immediate"
                } else {
                    "expected"
                }
            }
            2 => "expected",
            _ => {
                if self.stream.chance(0.7) {
                    "future"
                } else {
                    "expected"
                }
            }
        };
        let certainty = match source {
            "weather" => "likely",
            "iot" => {
                if self.stream.chance(0.8) {
                    "observed"
                } else {
                    "possible"
                }
            }
            _ => "observed",
        };
        let event = EventLife {
            id: String::new(),
            course,
            area_code,
            category: &category.code,
            source,
            severity,
            urgency,
            certainty,
            org: &category.org,
            component,
            exercise,
            point,
            precision,
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
    fn place(&mut self, cell: usize, category: &CategorySpec) -> (Option<String>, Option<Micro>) {
        let town = &self.world.town;
        if let Some(class) = &category.component {
            let here = town.components_of.get(cell).map_or(&[][..], Vec::as_slice);
            for _ in 0..12 {
                let drawn =
                    here.get(self.stream.below(here.len())).and_then(|index| town.components.get(*index));
                if let Some(component) = drawn.filter(|c| self.world.spec.town.class_of(c) == class) {
                    return (Some(component_id(component)), Some(component.micro));
                }
            }
        }
        let here = town.buildings_of.get(cell).map_or(&[][..], Vec::as_slice);
        if let Some(spot) =
            here.get(self.stream.below(here.len())).and_then(|index| town.buildings.get(*index))
        {
            return (None, Some(spot.micro));
        }
        let label = self.world.areas.grids.get(cell).map(|grid| label_point(&grid.rings));
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
            id: String::new(),
            event: None,
            course,
            contacted,
            area_code: &self.world.areas.communities.get(community)?.code,
            category,
            channel: pick(&self.spec.channels, &mut self.stream),
            nature,
            org,
            redo,
            satisfaction,
            mediation,
        })
    }

    /// An appeal that tells of no event: questions, ideas, thanks.
    pub(super) fn other_appeal(&mut self, day: &Day, community: usize) -> Option<AppealLife<'a>> {
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
        let mut course = Course::draw(opened, &pace, &mut self.stream);
        self.delay(day, &mut course);
        self.appeal(course, community, &other.code, nature, &other.org, false)
    }
}
