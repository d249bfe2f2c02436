//! The top band of the wall: who and where, the mark of a demonstration, how current the screen is, date and clock.
//! Owns the band's arrangement; the alarm strip in its middle is a panel of its own.

use std::collections::BTreeMap;

use egui::{Align2, Rect, Stroke, pos2, vec2};

use crate::export::promise;
use crate::panels::pen::{Pen, cut_left, cut_right};
use crate::panels::{View, alarm_strip, format, marks, time_words, words};
use crate::site::meta::SampleMeta;
use crate::snapshot::Inputs;

/// Share of the band that words about late sources may take, and while an alarm needs the room.
const LATE_SHARE: f32 = 0.3;
const LATE_SHARE_IN_ALARM: f32 = 0.2;

/// Paints the band; returns the free middle for the alarm strip.
#[must_use]
pub fn top_band_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>) -> Rect {
    let step = pen.step();
    pen.painter().rect_filled(rect, 0.0, pen.theme.surface.gamma_multiply(0.94));
    pen.hairline(rect.left(), rect.right(), rect.bottom());
    let inner = rect.shrink2(vec2(step * 4.0, 0.0));
    let title_end = title_ui(pen, inner, view);
    let clock_start = clock_ui(pen, inner, view);
    let trust_start = trust_ui(pen, inner.with_max_x(clock_start - step * 2.0), view);
    let past_start = time_words::mark_ui(pen, inner.with_max_x(trust_start - step * 3.0), view);
    let mark_end = if view.snapshot.is_live() { past_start } else { past_start - step * 2.0 };
    let right_end = demo_ui(pen, inner.with_max_x(mark_end), view, step);
    Rect::from_x_y_ranges(title_end + step * 4.0..=right_end - step * 3.0, inner.y_range())
}

fn title_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>) -> f32 {
    let ink = pen.body().size(pen.theme.sizes.title).bold();
    let title = view.say(&view.site.meta.title);
    let (left, _) = cut_left(rect, rect.width() * 0.4);
    let at = pen.named_text(left, Align2::LEFT_CENTER, title, ink);
    let subtitle = view.say(&view.site.meta.subtitle);
    let rest = left.with_min_x(at.right() + pen.step() * 2.0).with_max_x(left.right() + pen.step() * 20.0);
    let ink = pen.body().size(pen.theme.sizes.title).color(pen.theme.accent);
    pen.named_text(rest, Align2::LEFT_CENTER, subtitle, ink).right()
}

fn clock_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>) -> f32 {
    let secs = view.now_whole_secs() + view.snapshot.shift_secs;
    let ink = pen.body().size(pen.theme.sizes.title * 1.1).bold();
    // A past instant has no seconds that tick, and another colour.
    let (clock, ink) = match time_words::shown_moment(view) {
        None => (format::clock(&view.site.zone, secs), ink),
        Some(moment) => (time_words::clock(view, moment.at_secs), ink.color(pen.theme.warn)),
    };
    // The width of zeros, so that the band does not tremble with the digits.
    let width = pen.width("00:00:00", ink);
    let (_, place) = cut_right(rect, width);
    pen.text(place, Align2::LEFT_CENTER, &clock, ink);
    pen.name(place, "clock", &clock);
    place.left()
}

fn trust_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>) -> f32 {
    let freshness = &view.snapshot.freshness;
    let secs = view.now_whole_secs() + view.snapshot.shift_secs;
    let date = match time_words::shown_moment(view) {
        None => format::date(&view.site.zone, secs, view.text),
        Some(moment) => time_words::date(view, moment.at_secs),
    };
    let fresh = Fresh::of(pen, view, rect.width());
    let all_current = freshness.current == freshness.total && freshness.total > 0;
    let color = if fresh.is_late { pen.theme.warn } else { pen.theme.good };
    let note = pen.note();
    let width = pen.width(&date, note).max(pen.width(&fresh.shown, note) + pen.step() * 2.0);
    let (_, place) = cut_right(rect, width);
    let (upper, lower) = place.split_top_bottom_at_fraction(0.5);
    let row = pen.row(note);
    let upper = Rect::from_min_max(pos2(upper.left(), upper.bottom() - row), upper.max);
    let lower = Rect::from_min_size(lower.min, vec2(lower.width(), row));
    pen.text(upper, Align2::RIGHT_CENTER, &date, note);
    let at = pen.text(lower, Align2::RIGHT_CENTER, &fresh.shown, note.color(color));
    let mark = pos2(at.left() - pen.step(), at.center().y);
    marks::target(pen.painter(), mark, note.size * 0.5, all_current, color);
    pen.name(at, "fresh", &fresh.told);
    pen.tip(place, "freshness", || freshness_words(view));
    place.left()
}

/// How much of the screen is current, how many sources are late, and which one most.
#[derive(Debug)]
pub struct Fresh {
    /// As much of it as there is room for.
    pub shown: String,
    /// All of it.
    pub told: String,
    /// Whether any source is late.
    pub is_late: bool,
}

impl Fresh {
    /// For a band of a width, of which it takes its share.
    #[must_use]
    pub fn of(pen: Pen<'_>, view: &View<'_>, width: f32) -> Self {
        let freshness = &view.snapshot.freshness;
        let percent = (freshness.current * 100).checked_div(freshness.total).unwrap_or(0).to_string();
        let (late, worst) = words::late_sources(view);
        let Some(worst) = worst else {
            let words = view.text.fill("panel.top.fresh", &[("percent", &percent)]);
            return Self { shown: words.clone(), told: words, is_late: false };
        };
        let name = view.site.datasets.get(worst.dataset).map_or("", |dataset| view.say(&dataset.name));
        let (n, lasting) = (late.to_string(), words::source_late(view, worst));
        let args: [(&str, &str); 4] =
            [("percent", &percent), ("n", &n), ("name", name), ("lasting", &lasting)];
        let [told, named, brief] = ["panel.top.fresh_late", "panel.top.fresh_named", "panel.top.fresh_brief"]
            .map(|key| view.text.fill(key, &args));
        let is_calm = alarm_strip::gravest(view).0.is_none();
        let room = width * if is_calm { LATE_SHARE } else { LATE_SHARE_IN_ALARM };
        let fits = |words: &&String| pen.width(words, pen.note()) <= room;
        let shown = [&told, &named].into_iter().find(fits).unwrap_or(&brief).clone();
        Self { shown, told, is_late: true }
    }
}

/// Which datasets are late, by name, and how late.
#[must_use]
pub fn freshness_words(view: &View<'_>) -> String {
    let freshness = &view.snapshot.freshness;
    let mut lines = vec![view.text.fill(
        "panel.top.fresh_count",
        &[("current", &freshness.current.to_string()), ("total", &freshness.total.to_string())],
    )];
    let mut late: BTreeMap<usize, Inputs> = BTreeMap::new();
    for source in freshness.sources.iter().filter(|source| source.late) {
        late.entry(source.dataset).or_default().add(source);
    }
    for (dataset, inputs) in &late {
        let Some(dataset) = view.site.datasets.get(*dataset) else { continue };
        let words = promise::overdue_words(inputs, view.when(), view.text);
        lines.push(view.text.fill("panel.top.late", &[("name", view.say(&dataset.name)), ("words", &words)]));
    }
    lines.extend(words::held(view));
    if late.is_empty() {
        lines.push(view.text.get("panel.top.none_late").to_owned());
    }
    lines.join("\n")
}

/// The mark of a demonstration at the right end of a line, with room above and below its word; returns where it begins.
#[must_use]
pub fn demo_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, margin: f32) -> f32 {
    let Some(sample) = &view.site.meta.sample else {
        return rect.right();
    };
    let step = pen.step();
    let ink = pen.note().color(pen.theme.warn).bold();
    let words = view.text.get("panel.top.demo");
    let width = pen.width(words, ink) + step * 2.0;
    let (_, place) = cut_right(rect, width);
    let place = Rect::from_center_size(place.center(), vec2(width, pen.row(ink) + margin));
    pen.painter().rect_filled(place, step * 0.5, pen.theme.warn.gamma_multiply(0.12));
    marks::outline(
        pen.painter(),
        place,
        step * 0.5,
        Stroke::new(pen.theme.sizes.hairline * 1.5, pen.theme.warn),
    );
    pen.named_text(place, Align2::CENTER_CENTER, words, ink);
    pen.tip(place, "demo", || demo_note(view, sample));
    place.left()
}

/// What a demonstration does with dates.
#[must_use]
pub fn demo_note(view: &View<'_>, sample: &SampleMeta) -> String {
    let days = format::shift_days(view.snapshot.shift_secs);
    let key = if days == 0 { "panel.top.demo_note" } else { "panel.top.demo_note_moved" };
    view.text.fill(key, &[("date", &sample.anchor_date), ("days", &days.to_string())])
}
