//! The time bar under the map: events over time, the window that is looked at, and the ways to another time. Owns where
//! its parts stand: in one line on the wall, with all its buttons at the desk.

mod axis;
mod bars;
mod controls;
mod handle;
mod kinds;

use egui::{Align2, Rect, vec2};

use crate::panels::pen::{Pen, cut_left, cut_right, cut_top, share};
use crate::panels::{Commands, View, day_marks};
use crate::snapshot::EpochSecs;

/// Height of the bar of a line on the wall.
#[must_use]
pub fn compact_height(pen: Pen<'_>, view: &View<'_>) -> f32 {
    // The words that say which colour is which kind have a line of their own.
    let lines = if view.state.time.by_kind { 3.0 } else { 2.0 };
    (pen.row(pen.note()) * lines + pen.step() * 1.5).ceil()
}

/// Height of the bar with all its buttons.
#[must_use]
pub fn full_height(pen: Pen<'_>) -> f32 {
    (pen.row(pen.note()) * 2.0 + pen.step() * 9.5).ceil()
}

/// Paints the bar of the wall: state and a few buttons at its left, events over time beside them.
pub fn compact_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) {
    let step = pen.step();
    let (names, rect) = names_of(pen, rect, view);
    let width = (controls::few_width(pen, view) + step * 2.0).clamp(rect.width() * 0.4, rect.width() * 0.7);
    let (words, chart) = cut_left(rect, width);
    let (upper, lower) = cut_top(words.with_max_x(words.right() - step * 2.0), rect.height() * 0.5);
    controls::few_ui(pen, upper, lower, view, commands);
    chart_ui(pen, chart, names, view, commands);
}

/// Paints the bar of the desk: all buttons in a row, events over time below.
pub fn full_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) {
    let (row, chart) = cut_top(rect, pen.row(pen.note()) + pen.step());
    controls::all_ui(pen, row, view, commands);
    let (names, chart) = names_of(pen, chart.with_min_y(chart.top() + pen.step()), view);
    chart_ui(pen, chart, names, view, commands);
}

/// Where the words stand that say which colour is which kind, where there are any; and what remains.
fn names_of(pen: Pen<'_>, rect: Rect, view: &View<'_>) -> (Rect, Rect) {
    cut_top(rect, if view.state.time.by_kind { pen.row(pen.note()) } else { 0.0 })
}

/// Grave events on lines of their own, counts below them, dates along the foot.
fn chart_ui(pen: Pen<'_>, rect: Rect, names: Rect, view: &View<'_>, commands: &mut Commands) {
    let (_, foot) = rect.split_top_bottom_at_y(rect.bottom() - pen.row(pen.note()));
    let plot = rect.with_max_y(foot.top());
    let (from, to) = view.state.time.bar_span(&view.site.zone, view.live_whole_secs());
    let line = Line { plot, from, to };
    let kinds = if view.state.time.by_kind { bars::frequent_kinds(&line, view) } else { Vec::new() };
    kinds::kinds_ui(pen, names, view, &kinds, commands);
    let lanes = plot.with_max_y(plot.top() + (plot.height() * 0.24).min(pen.step() * 1.75));
    let counts = plot.with_min_y(lanes.bottom());
    handle::window_ui(pen, &line, view);
    let buckets = if view.live.is_whole {
        bars::gaps_ui(pen, &line, counts, view);
        let buckets = bars::buckets_ui(pen, &line, counts, view, &kinds);
        bars::spans_ui(pen, &line, lanes, view);
        buckets
    } else {
        pen.named_text(counts, Align2::CENTER_CENTER, view.text.get("panel.events.reading"), pen.note());
        Vec::new()
    };
    axis::axis_ui(pen, &line, foot, view);
    handle::handle_ui(pen, &line, view, &buckets, &kinds, commands);
    // After the handle, which would hide their words from the pointer.
    days_ui(pen, &line, foot, view);
}

/// Holidays and worked days of rest, below the counts.
fn days_ui(pen: Pen<'_>, line: &Line, foot: Rect, view: &View<'_>) {
    let zone = &view.site.zone;
    let days = zone.day_of(line.from)..zone.day_of(line.to - 1) + 1;
    let spans = view.site.calendar.among(days).map(|span| {
        let end = zone.start_of(span.last + 1);
        (line.over(foot, zone.start_of(span.first).max(line.from), end.min(line.to)).x_range().into(), span)
    });
    day_marks::day_marks_ui(pen, foot, view, "time bar", spans);
}

/// A span of time along a rectangle.
#[derive(Debug, Clone, Copy)]
struct Line {
    plot: Rect,
    from: EpochSecs,
    to: EpochSecs,
}

impl Line {
    /// Where an instant stands, at an end where it is beyond it.
    #[expect(clippy::cast_precision_loss, reason = "seconds of a few years")]
    fn x(&self, secs: EpochSecs) -> f32 {
        let at = share((secs - self.from) as f64, (self.to - self.from) as f64);
        self.plot.left() + self.plot.width() * at
    }

    /// The instant at a place.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "seconds of a few years"
    )]
    fn secs(&self, x: f32) -> EpochSecs {
        let at = f64::from(((x - self.plot.left()) / self.plot.width().max(1.0)).clamp(0.0, 1.0));
        self.from + (at * (self.to - self.from) as f64) as EpochSecs
    }

    /// The part of a rectangle that a span takes.
    fn over(&self, rect: Rect, from: EpochSecs, to: EpochSecs) -> Rect {
        Rect::from_x_y_ranges(self.x(from)..=self.x(to), rect.y_range())
    }
}

/// A place of a width at the right end of a rectangle, as tall as a chip, and what remains.
fn cut_chip(rect: Rect, pen: Pen<'_>, width: f32) -> (Rect, Rect) {
    let (rest, place) = cut_right(rect, width);
    let chip = Rect::from_center_size(place.center(), vec2(width, pen.row(pen.note()) + pen.step() * 0.5));
    (rest.with_max_x(rest.right() - pen.step() * 0.75), chip)
}
