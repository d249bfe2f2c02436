//! Owns the life of an event and of an appeal: its instants, and what was known of it at any of them.
//! Never writes, and never holds anything about who reported it.

use super::plane::Micro;
use super::rng::Stream;
use super::write::row;

row! {
    /// event
    EventRow {
        event_id: String, area_code: &'a str, category_code: &'a str, source_code: &'a str, severity: i64,
        urgency: &'a str, certainty: &'a str, status: &'a str, opened_ts: i64, dispatched_ts: Option<i64>,
        responded_ts: Option<i64>, due_ts: i64, resolved_ts: Option<i64>, closed_ts: Option<i64>, dispose_org: &'a str,
        component_id: Option<String>, is_exercise: i64, lng: Option<f64>, lat: Option<f64>, geo_precision: &'a str,
        arrived_ts: i64,
    }
}
row! {
    /// appeal_order
    AppealRow {
        order_id: String, event_id: Option<String>, area_code: &'a str, category_code: &'a str, channel: &'a str,
        nature: &'a str, opened_ts: i64, dispatched_ts: Option<i64>, contacted_ts: Option<i64>, due_ts: i64,
        closed_ts: Option<i64>, status: &'a str, dispose_org: &'a str, redo_cnt: i64, satisfaction: Option<i64>,
        mediation_flag: i64, arrived_ts: i64,
    }
}

/// The instants of a case, as they will have come to pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) opened: i64,
    pub(super) dispatched: i64,
    pub(super) responded: i64,
    pub(super) due: i64,
    pub(super) resolved: i64,
    pub(super) closed: i64,
    /// Found to be no case of its own: closed without being resolved.
    pub(super) cancelled: bool,
    /// When it first reached us: soon, or much later.
    pub(super) arrived: i64,
}

/// What shapes the course of a case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) median_hours: f64,
    pub(super) due_hours: f64,
    pub(super) fail: f64,
    pub(super) severity: i64,
    pub(super) cancel: f64,
    pub(super) late: f64,
}

impl Course {
    /// Draws the course of a case opened at `opened`.
    pub(super) fn draw(opened: i64, pace: &Pace, stream: &mut Stream) -> Self {
        let severe = pace.severity >= 3;
        let hurry = if severe { 0.25 } else { 1.0 };
        let due_seconds = (pace.due_hours * 3600.0 * if severe { 0.5 } else { 1.0 }).round();
        let total = if stream.chance(pace.fail) {
            due_seconds * 1.02 + stream.lognormal(16.0 * 3600.0, 0.9)
        } else {
            let drawn = stream.lognormal(pace.median_hours * 3600.0 * hurry, 0.75);
            // The limit presses: what would be late is done in the last part of the time.
            if drawn < due_seconds * 0.97 { drawn } else { due_seconds * stream.range(0.55, 0.99) }
        };
        let total = total.max(900.0);
        let dispatched = stream.lognormal(540.0 * hurry, 0.6).clamp(20.0, total * 0.2);
        let responded = dispatched + stream.lognormal(5400.0 * hurry, 0.8).clamp(60.0, total * 0.4);
        let resolved = responded + (total - responded) * stream.range(0.72, 0.97);
        let late = if stream.chance(pace.late) {
            stream.lognormal(2.0 * 86_400.0, 0.9).min(20.0 * 86_400.0)
        } else {
            0.0
        };
        let arrived = opened + stream.int(3, 45) + late as i64;
        Self {
            opened,
            dispatched: opened + dispatched as i64,
            responded: opened + responded as i64,
            due: opened + due_seconds as i64,
            // To the minute, as such systems record them.
            resolved: (opened + resolved as i64) / 60 * 60,
            closed: (opened + total as i64) / 60 * 60,
            cancelled: stream.chance(pace.cancel),
            arrived,
        }
    }

    /// The status at an instant.
    fn status(&self, at: i64, resolved_counts: bool) -> &'static str {
        if self.cancelled && self.resolved <= at {
            "cancelled"
        } else if self.closed <= at {
            "closed"
        } else if resolved_counts && self.resolved <= at {
            "resolved"
        } else if self.responded <= at {
            "in_progress"
        } else if self.dispatched <= at {
            "dispatched"
        } else {
            "open"
        }
    }

    /// The instants at which something changes.
    pub(super) fn changes(&self, resolved_counts: bool) -> Vec<i64> {
        let mut changes = vec![self.opened, self.dispatched, self.responded];
        match (self.cancelled, resolved_counts) {
            (true, _) => changes.push(self.resolved),
            (false, true) => changes.extend([self.resolved, self.closed]),
            (false, false) => changes.push(self.closed),
        }
        changes
    }
}

fn known(instant: i64, at: i64) -> Option<i64> {
    (instant <= at).then_some(instant)
}

/// An event.
#[derive(Clone, Debug)]
pub(super) struct EventLife<'a> {
    pub(super) id: String,
    pub(super) course: Course,
    pub(super) area_code: &'a str,
    pub(super) category: &'a str,
    pub(super) source: &'a str,
    pub(super) severity: i64,
    pub(super) urgency: &'a str,
    pub(super) certainty: &'a str,
    pub(super) org: &'a str,
    pub(super) component: Option<String>,
    pub(super) exercise: bool,
    pub(super) point: Option<Micro>,
    pub(super) precision: &'a str,
}

impl<'a> EventLife<'a> {
    /// The row as known at an instant.
    pub(super) fn row(&self, at: i64, arrived: i64) -> EventRow<'a> {
        let course = &self.course;
        EventRow {
            event_id: self.id.clone(),
            area_code: self.area_code,
            category_code: self.category,
            source_code: self.source,
            severity: self.severity,
            urgency: self.urgency,
            certainty: self.certainty,
            status: course.status(at, true),
            opened_ts: course.opened,
            dispatched_ts: known(course.dispatched, at),
            responded_ts: known(course.responded, at),
            due_ts: course.due,
            resolved_ts: known(course.resolved, at).filter(|_| !course.cancelled),
            closed_ts: known(course.closed, at).filter(|_| !course.cancelled),
            dispose_org: self.org,
            component_id: self.component.clone(),
            is_exercise: i64::from(self.exercise),
            lng: self.point.map(|p| p.0 as f64 / 1e6),
            lat: self.point.map(|p| p.1 as f64 / 1e6),
            geo_precision: self.precision,
            arrived_ts: arrived,
        }
    }
}

/// An appeal.
#[derive(Clone, Debug)]
pub(super) struct AppealLife<'a> {
    pub(super) id: String,
    pub(super) event: Option<String>,
    pub(super) course: Course,
    pub(super) contacted: i64,
    pub(super) area_code: &'a str,
    pub(super) category: &'a str,
    pub(super) channel: &'a str,
    pub(super) nature: &'a str,
    pub(super) org: &'a str,
    pub(super) redo: i64,
    pub(super) satisfaction: Option<i64>,
    pub(super) mediation: bool,
}

impl<'a> AppealLife<'a> {
    /// The row as known at an instant.
    pub(super) fn row(&self, at: i64, arrived: i64) -> AppealRow<'a> {
        let course = &self.course;
        let closed = known(course.closed, at);
        AppealRow {
            order_id: self.id.clone(),
            event_id: self.event.clone(),
            area_code: self.area_code,
            category_code: self.category,
            channel: self.channel,
            nature: self.nature,
            opened_ts: course.opened,
            dispatched_ts: known(course.dispatched, at),
            contacted_ts: known(self.contacted, at),
            due_ts: course.due,
            closed_ts: closed,
            status: course.status(at, false),
            dispose_org: self.org,
            redo_cnt: if closed.is_some() { self.redo } else { 0 },
            satisfaction: self.satisfaction.filter(|_| closed.is_some()),
            mediation_flag: i64::from(self.mediation),
            arrived_ts: arrived,
        }
    }

    /// The instants at which something changes.
    pub(super) fn changes(&self) -> Vec<i64> {
        let mut changes = self.course.changes(false);
        changes.push(self.contacted);
        changes
    }
}

/// Where a row of a life goes: the data as known at `end`, the day after, or neither yet.
pub(super) enum Known<R> {
    Base(R),
    Later,
}

/// Splits a life at the end of the data: its row as known then, and the changes that reach us the day after.
pub(super) fn split<R>(
    arrived: i64,
    changes: &[i64],
    end: i64,
    delay: i64,
    live: &mut Vec<R>,
    row: impl Fn(i64, i64) -> R,
) -> Known<R> {
    let until = end + 86_400;
    let mut instants: Vec<i64> = changes
        .iter()
        .copied()
        .filter(|at| *at >= end && *at + delay > arrived && *at + delay < until)
        .collect();
    instants.sort_unstable();
    instants.dedup();
    // The first report brings all that happened before in one row.
    if (end..until).contains(&arrived) {
        live.push(row(arrived, arrived));
        instants.retain(|at| *at > arrived);
    }
    for at in instants {
        live.push(row(at, at + delay));
    }
    if arrived < end { Known::Base(row(end - 1, arrived)) } else { Known::Later }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_follow_each_other() {
        let mut stream = Stream::new(2, "course");
        for step in 0..4000 {
            let pace = Pace {
                median_hours: 20.0,
                due_hours: 72.0,
                fail: 0.05,
                severity: 1 + step % 4,
                cancel: 0.02,
                late: 0.01,
            };
            let c = Course::draw(1_700_000_000, &pace, &mut stream);
            assert!(c.opened < c.dispatched && c.dispatched < c.responded && c.responded <= c.resolved + 60);
            assert!(c.resolved <= c.closed && c.arrived > c.opened);
        }
    }

    #[test]
    fn live_changes_are_those_of_the_day_after() {
        let course = Course {
            opened: 50,
            dispatched: 90,
            responded: 120,
            due: 999,
            resolved: 150,
            closed: 90_000,
            cancelled: false,
            arrived: 55,
        };
        let mut live = Vec::new();
        let base =
            split(course.arrived, &course.changes(true), 100, 5, &mut live, |at, arrived| (at, arrived));
        assert!(matches!(base, Known::Base((99, 55))));
        assert_eq!(live, [(120, 125), (150, 155)]);
        let mut live = Vec::new();
        let late = split(130, &course.changes(true), 100, 5, &mut live, |at, arrived| (at, arrived));
        assert!(matches!(late, Known::Later));
        assert_eq!(live, [(130, 130), (150, 155)]);
    }
}
