//! The stream of events, newest change on top. Owns which rows are new and their short arrival slide; each row says by
//! shape and by word what its colour says.

use std::collections::HashSet;
use std::sync::Arc;

use egui::{Align2, Rect, pos2, vec2};

use crate::command::Command;
use crate::density::EventFilter;
use crate::panels::pen::{Pen, cut_left, cut_right, cut_top, whole};
use crate::panels::{Commands, View, alarm_strip, event_filter, format, marks, words};
use crate::snapshot::{EventPhase, EventView};

/// How long a new row takes to slide in, in seconds.
const SLIDE_SECS: f64 = 0.2;

/// What the stream remembers between frames.
#[derive(Debug, Default)]
pub struct EventStream {
    seen: HashSet<Arc<str>>,
    revision: u64,
    arrived_at: f64,
    arrivals: usize,
    /// Whether what was seen last was live.
    is_of_present: bool,
}

impl EventStream {
    /// Paints heading and as many rows as fit.
    pub fn ui(&mut self, pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) {
        let (head, rest) = cut_top(rect, pen.row(pen.heading()));
        heading_ui(pen, head, view);
        let list = filter_ui(pen, rest.with_min_y(rest.top() + pen.step()), view, commands);
        let mut recent = shown(view).peekable();
        if recent.peek().is_none() {
            pen.named_text(list, Align2::LEFT_TOP, view.text.get(nothing_key(view)), pen.note());
            return;
        }
        self.notice(pen, view);
        let height = row_height(pen);
        let slide = self.slide(pen, height);
        let painter_ui = pen.ui;
        let clip = painter_ui.painter().with_clip_rect(list.intersect(painter_ui.clip_rect()));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows of a screen")]
        let fits = (list.height() / height).floor().max(0.0) as usize;
        for (i, event) in recent.take(fits).enumerate() {
            let top = list.top() + height * whole(i) - slide;
            let line = Rect::from_min_size(pos2(list.left(), top), vec2(list.width(), height));
            // The row that slides in from under the heading is drawn when it is whole.
            if line.top() + 1.0 >= list.top() || clip.clip_rect().contains_rect(line) {
                event_row_ui(pen, line, view, event, commands);
            }
        }
    }

    fn notice(&mut self, pen: Pen<'_>, view: &View<'_>) {
        if self.revision == view.snapshot.revision {
            return;
        }
        let recent = &view.snapshot.events.recent;
        let fresh = recent.iter().take_while(|e| !self.seen.contains(&e.id)).count();
        // What stands in a picture of another time did not just arrive, nor what comes back with the present.
        let first_look = self.seen.is_empty() || !self.is_of_present || !view.snapshot.is_live();
        self.is_of_present = view.snapshot.is_live();
        self.seen = recent.iter().map(|e| Arc::clone(&e.id)).collect();
        self.revision = view.snapshot.revision;
        if fresh > 0 && !first_look {
            self.arrived_at = pen.ui.input(|i| i.time);
            self.arrivals = fresh;
        }
    }

    /// How far the list still is above its place.
    fn slide(&self, pen: Pen<'_>, height: f32) -> f32 {
        if self.arrivals == 0 {
            return 0.0;
        }
        let now = pen.ui.input(|i| i.time);
        let t = ((now - self.arrived_at) / SLIDE_SECS).clamp(0.0, 1.0);
        if t >= 1.0 {
            return 0.0;
        }
        pen.ui.ctx().request_repaint();
        #[expect(clippy::cast_possible_truncation, reason = "a share of a row")]
        let left = (1.0 - t).powi(3) as f32;
        height * left
    }
}

/// The latest changes, newest first; of a past time those in the window that is looked at.
#[must_use]
pub fn listed<'a>(view: &View<'a>) -> &'a [EventView] {
    let recent = &view.snapshot.events.recent;
    let Some(past) = &view.snapshot.past else { return recent };
    let from = past.moment.at_secs - view.state.time.width_secs;
    let inside = recent.partition_point(|event| event.changed_secs > from);
    recent.get(..inside).unwrap_or_default()
}

/// Heading of the stream: what happens, or what had happened.
#[must_use]
pub const fn title_key(view: &View<'_>) -> &'static str {
    if view.snapshot.is_live() { "panel.events.title" } else { "panel.events.title_past" }
}

/// Height of a row of two lines.
#[must_use]
pub fn row_height(pen: Pen<'_>) -> f32 {
    pen.row(pen.body()) + pen.row(pen.note()) + pen.step() * 0.75
}

/// The latest changes that the filter takes.
pub fn shown<'a>(view: &View<'a>) -> impl Iterator<Item = &'a EventView> + use<'a> {
    let (filter, now) = (&view.state.filter, view.now_whole_secs());
    listed(view).iter().filter(move |event| filter.takes_change(event, now))
}

/// Key of the word that stands where there is no change to show.
#[must_use]
pub fn nothing_key(view: &View<'_>) -> &'static str {
    if !view.snapshot.is_whole {
        return "panel.events.reading";
    }
    if listed(view).is_empty() { "panel.events.none" } else { "panel.events.none_match" }
}

/// Writes the filter out where there is one, how many events it takes, and the way back; gives what is left of the place.
pub fn filter_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) -> Rect {
    if view.state.filter.is_default() {
        return rect;
    }
    let (line, second) = cut_top(rect, pen.row(pen.note()));
    let (below, rest) = cut_top(second, pen.row(pen.note()));
    let ink = pen.note().color(pen.theme.accent);
    pen.named_text(line, Align2::LEFT_CENTER, &event_filter::words(view), pen.note().color(pen.theme.text));
    let now = view.snapshot.now_secs;
    if view.snapshot.is_whole {
        let filter = &view.state.filter;
        let key = (view.snapshot.revision, filter.clone());
        let n = pen.kept("matching", key, || format::count(view.snapshot.events.matching(filter, now)));
        let words = view.text.fill("panel.events.matching", &[("n", &n)]);
        pen.named_text(below, Align2::LEFT_CENTER, &words, pen.note());
    }
    let words = view.text.get("panel.events.clear");
    let (_, clear) = cut_right(below, pen.width(words, ink) + pen.step());
    if pen.press(clear, "clear event filter", words).clicked() {
        commands.push(Command::FilterEvents(EventFilter::default()));
    }
    pen.text(clear, Align2::RIGHT_CENTER, words, ink);
    rest.with_min_y(rest.top() + pen.step() * 0.5)
}

fn heading_ui(pen: Pen<'_>, head: Rect, view: &View<'_>) {
    let at = pen.named_text(head, Align2::LEFT_CENTER, view.text.get(title_key(view)), pen.heading());
    counts_ui(pen, head.with_min_x(at.right() + pen.step()), view);
}

/// Says how many events opened today and how many are open, once that is known.
pub fn counts_ui(pen: Pen<'_>, place: Rect, view: &View<'_>) {
    if !view.snapshot.is_whole {
        return;
    }
    let events = &view.snapshot.events;
    let [today, open] = [events.opened_today, events.open_count()].map(format::count);
    let words = view.text.fill("panel.events.counts", &[("today", &today), ("open", &open)]);
    pen.named_text(place, Align2::RIGHT_CENTER, &words, pen.note());
}

/// Paints one event: mark and kind with its age, then place with clock time and status.
pub fn event_row_ui(pen: Pen<'_>, line: Rect, view: &View<'_>, event: &EventView, commands: &mut Commands) {
    let step = pen.step();
    let theme = pen.theme;
    let kind = view.text.code_name(&alarm_strip::kind_list(view), &event.kind).to_owned();
    let severity = view.text.get(severity_key(event.severity));
    let status = view.text.code_name(&alarm_strip::status_list(view), &event.status).to_owned();
    let place = words::area_path(view, event.area);
    let spoken = || format!("{kind} {severity} {place} {status}");
    let response = pen.press_named(line, ("event", &event.id), spoken);
    pen.hover_ground(line, &response);
    pen.hairline(line.left(), line.right(), line.bottom());
    let (upper, lower) = line.split_top_bottom_at_y(line.top() + pen.row(pen.body()) + step * 0.25);
    let indent = theme.sizes.body * 1.6;
    let mark = pos2(line.left() + theme.sizes.body * 0.6, upper.center().y);
    marks::severity(pen.painter(), theme, mark, theme.sizes.body * 0.8, event.severity);
    let (_, upper) = cut_left(upper, indent);
    let (_, lower) = cut_left(lower.with_max_y(lower.bottom() - step * 0.5), indent);
    let ago = format::ago(view.now_whole_secs() - event.changed_secs, view.text);
    let (upper, ago_place) = cut_right(upper, pen.width(&ago, pen.note()) + step);
    pen.text(ago_place, Align2::RIGHT_CENTER, &ago, pen.note().color(theme.text));
    let kind_ink =
        if event.phase == EventPhase::Done { pen.body().color(theme.muted) } else { pen.body().bold() };
    let title =
        if event.exercise { view.text.fill("panel.events.exercise", &[("kind", &kind)]) } else { kind };
    pen.text(upper, Align2::LEFT_CENTER, &title, kind_ink);
    let color = match event.phase {
        EventPhase::Done => theme.good,
        EventPhase::Open if is_overdue(view, event) => theme.warn,
        EventPhase::Open => theme.muted,
    };
    let word = if event.phase == EventPhase::Open && is_overdue(view, event) {
        view.text.fill("panel.events.overdue", &[("status", &status)])
    } else {
        status
    };
    let (lower, word_place) = cut_right(lower, pen.width(&word, pen.note()) + step);
    pen.text(word_place, Align2::RIGHT_CENTER, &word, pen.note().color(color));
    let clock = view.site.zone.clock(event.changed_secs + view.snapshot.shift_secs);
    let words = format!("{clock}  {place}");
    pen.text(lower, Align2::LEFT_CENTER, &words, pen.note());
    if response.clicked() {
        commands.push(Command::SelectEvent(Some(Arc::clone(&event.id))));
    }
}

/// Whether an open event has passed its time limit.
#[must_use]
pub fn is_overdue(view: &View<'_>, event: &EventView) -> bool {
    event.phase == EventPhase::Open && event.due_secs.is_some_and(|due| due < view.now_whole_secs())
}

/// Key of the word for a severity.
#[must_use]
pub const fn severity_key(severity: u8) -> &'static str {
    match severity {
        0 | 1 => "panel.severity.1",
        2 => "panel.severity.2",
        3 => "panel.severity.3",
        _ => "panel.severity.4",
    }
}
