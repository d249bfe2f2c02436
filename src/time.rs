//! The time cursor: live or at an instant, how wide the window is, by what knowledge, playing or not. Owns where a step
//! leads; knows no panel and no worker.

use crate::moment::{HOUR_SECS, Known, Moment};
use crate::site::civil::CivilZone;
use crate::snapshot::EpochSecs;

const DAY_SECS: i64 = 24 * HOUR_SECS;

/// Widths of the window that a key goes through.
pub const WIDTHS_SECS: [i64; 4] = [HOUR_SECS, DAY_SECS, 7 * DAY_SECS, 30 * DAY_SECS];

/// Spans that the time bar shows, near to far.
pub const ZOOMS_SECS: [i64; 4] = [2 * DAY_SECS, 14 * DAY_SECS, 90 * DAY_SECS, 366 * DAY_SECS];

/// Steps a second that playing offers.
pub const PLAY_SPEEDS: [u32; 4] = [1, 2, 4, 8];

/// Where one looks in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeView {
    /// The instant looked at; none is live.
    pub at_secs: Option<EpochSecs>,
    /// By what knowledge.
    pub known: Known,
    /// What was known then is what had arrived by this instant; by the one looked at where there is none.
    pub known_at_secs: Option<EpochSecs>,
    /// Width of the window that ends at the instant; it chooses the events that are listed and counted.
    pub width_secs: i64,
    /// Place in [`ZOOMS_SECS`].
    pub zoom: usize,
    /// Whether the bar stacks events by kind; else by severity.
    pub by_kind: bool,
    /// Whether the cursor moves by itself.
    pub playing: bool,
    /// Steps a second while it does.
    pub speed: u32,
    /// Changes taken in when the present was left: what came since is new.
    pub changes_when_left: u64,
}

impl Default for TimeView {
    fn default() -> Self {
        Self {
            at_secs: None,
            known: Known::Now,
            known_at_secs: None,
            width_secs: DAY_SECS,
            zoom: 2,
            by_kind: false,
            playing: false,
            speed: 2,
            changes_when_left: 0,
        }
    }
}

impl TimeView {
    /// Whether the present is shown.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.at_secs.is_none()
    }

    /// The moment looked at; none is live.
    #[must_use]
    pub fn moment(&self) -> Option<Moment> {
        let at_secs = self.at_secs?;
        let known_at = self.known_at_secs.unwrap_or(at_secs);
        Some(Moment { at_secs, known_at_secs: (self.known == Known::Then).then_some(known_at) })
    }

    /// Width of a step: an hour where the window is an hour, else a day.
    #[must_use]
    pub const fn step_secs(&self) -> i64 {
        if self.width_secs <= HOUR_SECS { HOUR_SECS } else { DAY_SECS }
    }

    /// Where so many steps lead; none is live. Steps end with a whole hour or a whole day; no step leads before
    /// `first_secs`.
    #[must_use]
    pub fn stepped(
        &self,
        zone: &CivilZone,
        (first_secs, live_secs): (EpochSecs, EpochSecs),
        by: i32,
    ) -> Option<EpochSecs> {
        let at = self.at_secs.unwrap_or(live_secs).min(live_secs);
        if self.is_live() && by > 0 {
            return None;
        }
        let to = if self.step_secs() == HOUR_SECS {
            // An hour ends one second before the next; between two hours a step goes to the nearer end.
            let day_start = zone.start_of(zone.day_of(at));
            let into = at + 1 - day_start;
            let whole = into.div_euclid(HOUR_SECS);
            let back_from = if into.rem_euclid(HOUR_SECS) > 0 && by < 0 { whole + 1 } else { whole };
            day_start + (back_from + i64::from(by)) * HOUR_SECS - 1
        } else {
            zone.end_of(zone.day_of(at).saturating_add(by))
        };
        (to < live_secs).then_some(to.max(first_secs.min(live_secs)))
    }

    /// The span that the bar shows around the cursor. It moves by pages, so that it stands still while the cursor moves
    /// through it.
    #[must_use]
    pub fn bar_span(&self, zone: &CivilZone, live_secs: EpochSecs) -> (EpochSecs, EpochSecs) {
        let wide = ZOOMS_SECS.get(self.zoom).copied().unwrap_or(DAY_SECS * 90);
        let end = zone.end_of(zone.day_of(live_secs)) + 1;
        let at = self.at_secs.unwrap_or(live_secs);
        let page = wide * 3 / 5;
        let behind = (end - wide * 19 / 20 - at).max(0);
        let pages = behind.div_euclid(page) + i64::from(behind.rem_euclid(page) > 0);
        let to = end - pages * page;
        (to - wide, to)
    }

    /// Whether the bar counts by hour; else by day.
    #[must_use]
    pub fn bar_is_hourly(&self) -> bool {
        ZOOMS_SECS.get(self.zoom).is_some_and(|wide| *wide <= 14 * DAY_SECS)
    }

    /// Looks at an instant.
    pub const fn look_at(&mut self, at_secs: EpochSecs) {
        self.at_secs = Some(at_secs);
    }

    /// Back to the present, with what is known now.
    pub const fn return_to_live(&mut self) {
        self.at_secs = None;
        self.playing = false;
        self.known = Known::Now;
        self.known_at_secs = None;
    }

    /// Shows more or less of time around the cursor; after the most comes the least.
    pub fn zoom_by(&mut self, by: i32) {
        let all = i64::try_from(ZOOMS_SECS.len()).unwrap_or(1);
        let at = i64::try_from(self.zoom).unwrap_or(0) + i64::from(by);
        self.zoom = usize::try_from(at.rem_euclid(all)).unwrap_or(0);
    }

    /// The next width of the window.
    #[must_use]
    pub fn next_width_secs(&self) -> i64 {
        let wider = WIDTHS_SECS.iter().find(|width| **width > self.width_secs);
        wider.or(WIDTHS_SECS.first()).copied().unwrap_or(DAY_SECS)
    }

    /// The next speed of playing.
    #[must_use]
    pub fn next_speed(&self) -> u32 {
        let faster = PLAY_SPEEDS.iter().find(|speed| **speed > self.speed);
        faster.or(PLAY_SPEEDS.first()).copied().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> CivilZone {
        CivilZone::new("Asia/Shanghai").unwrap()
    }

    fn secs(text: &str) -> EpochSecs {
        text.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    const LIVE: &str = "2026-11-24T10:31:07+08:00";
    const FIRST: &str = "2025-01-01T00:00:00+08:00";

    #[test]
    fn steps_end_with_whole_days_and_hours() {
        let day = TimeView::default();
        let hour = TimeView { width_secs: HOUR_SECS, ..day };
        for (view, at, by, expected) in [
            (day, None, -1, Some("2026-11-23T23:59:59+08:00")),
            (day, None, 1, None),
            (day, Some("2026-11-20T23:59:59+08:00"), -1, Some("2026-11-19T23:59:59+08:00")),
            (day, Some("2026-11-20T14:59:59+08:00"), 1, Some("2026-11-21T23:59:59+08:00")),
            (day, Some("2026-11-23T23:59:59+08:00"), 1, None),
            (day, Some("2025-01-01T23:59:59+08:00"), -7, Some(FIRST)),
            (hour, None, -1, Some("2026-11-24T09:59:59+08:00")),
            (hour, None, -2, Some("2026-11-24T08:59:59+08:00")),
            (hour, Some("2026-11-20T00:59:59+08:00"), -1, Some("2026-11-19T23:59:59+08:00")),
            (hour, Some("2026-11-19T23:59:59+08:00"), 1, Some("2026-11-20T00:59:59+08:00")),
            (hour, Some("2026-11-24T09:59:59+08:00"), 1, None),
        ] {
            let view = TimeView { at_secs: at.map(secs), ..view };
            let to = view.stepped(&zone(), (secs(FIRST), secs(LIVE)), by);
            assert_eq!(to, expected.map(secs), "{at:?} by {by}");
        }
    }

    #[test]
    fn the_bar_always_shows_the_cursor_and_stands_still_while_it_moves_a_little() {
        let live = secs(LIVE);
        for (zoom, span) in ZOOMS_SECS.into_iter().enumerate() {
            let mut pages = std::collections::BTreeSet::new();
            for back in 0..400 {
                let at = live - back * span / 100;
                let view = TimeView { at_secs: Some(at), zoom, ..TimeView::default() };
                let (from, to) = view.bar_span(&zone(), live);
                assert!((from..to).contains(&at), "zoom {zoom}, {back} back");
                assert_eq!(to - from, span);
                pages.insert(from);
            }
            assert!(pages.len() <= 8, "zoom {zoom}: {} pages", pages.len());
        }
    }

    #[test]
    fn widths_and_speeds_go_round() {
        let mut view = TimeView::default();
        let mut seen = Vec::new();
        for _ in 0..4 {
            view.width_secs = view.next_width_secs();
            seen.push(view.width_secs / HOUR_SECS);
        }
        assert_eq!(seen, [168, 720, 1, 24]);
        assert_eq!(TimeView { width_secs: 5 * DAY_SECS, ..view }.next_width_secs(), 7 * DAY_SECS);
        assert_eq!([1, 2, 4, 8].map(|speed| TimeView { speed, ..view }.next_speed()), [2, 4, 8, 1]);
    }

    #[test]
    fn the_way_back_ends_all_that_is_of_the_past() {
        let mut view = TimeView { playing: true, known: Known::Then, ..TimeView::default() };
        view.look_at(5);
        assert_eq!(view.moment(), Some(Moment { at_secs: 5, known_at_secs: Some(5) }));
        view.return_to_live();
        assert_eq!((view.moment(), view.playing, view.known), (None, false, Known::Now));
    }
}
