//! The window of the time bar and how it is moved: by the pointer and by keys. Owns where a press or a drag leads.

use egui::{CursorIcon, EventFilter, Key, Rect, Role, Sense, Shape, Stroke, WidgetInfo, pos2, vec2};

use super::bars::{self, Bucket};
use super::{Line, kinds as names};
use crate::command::Command;
use crate::moment::{HOUR_SECS, Known, Moment};
use crate::panels::pen::Pen;
use crate::panels::{Commands, View, day_marks, event_stream, format, time_words};
use crate::snapshot::EpochSecs;
use crate::time::ZOOMS_SECS;

/// The instant that stands under the handle: the cursor's, else the present.
fn at(view: &View<'_>) -> EpochSecs {
    view.state.time.at_secs.unwrap_or_else(|| view.live_whole_secs())
}

/// Paints the ground of the window, below the counts.
pub(super) fn window_ui(pen: Pen<'_>, line: &Line, view: &View<'_>) {
    let color = if view.state.time.is_live() { pen.theme.accent } else { pen.theme.warn };
    let at = at(view);
    let place = line.over(line.plot, at - view.state.time.width_secs, at);
    pen.painter().rect_filled(place, 0.0, color.gamma_multiply(0.16));
}

/// Paints the handle and carries out what is done to it.
pub(super) fn handle_ui(
    pen: Pen<'_>,
    line: &Line,
    view: &View<'_>,
    buckets: &[Bucket],
    kinds: &[usize],
    commands: &mut Commands,
) {
    let time = &view.state.time;
    let color = if time.is_live() { pen.theme.accent } else { pen.theme.warn };
    let at = at(view);
    let x = line.x(at);
    let knob = pen.step() * 0.75;
    let top = line.plot.top();
    pen.painter().vline(x, line.plot.y_range(), Stroke::new(pen.theme.sizes.hairline * 2.0, color));
    let points =
        vec![pos2(x - knob, top - knob * 0.5), pos2(x + knob, top - knob * 0.5), pos2(x, top + knob)];
    pen.painter().add(Shape::convex_polygon(points, color, Stroke::NONE));
    let id = pen.ui.scope_id().with("time bar");
    let response = pen.ui.interact(line.plot.expand2(vec2(0.0, knob * 0.5)), id, Sense::click_and_drag());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, true, view.text.get("panel.time.bar"));
        info.current_text_value = Some(value_words(view));
        info
    });
    if response.has_focus() {
        pen.focus_ring(line.plot);
        keys(pen, id, view, commands);
    }
    let pointed = response.interact_pointer_pos().filter(|_| response.clicked() || response.dragged());
    if let Some(place) = pointed {
        go_to(line.secs(place.x), view, commands);
    }
    edge_ui(pen, line, view, commands);
    if response.hovered() {
        wheel(pen, id, view, commands);
    }
    // Below the plot the marks of days have words of their own.
    let over = |place: &egui::Pos2| line.plot.contains(*place) && !response.dragged();
    if let Some(place) = response.hover_pos().filter(over) {
        let secs = line.secs(place.x);
        if let Some(bucket) = buckets.iter().find(|bucket| (bucket.from..bucket.to).contains(&secs)) {
            let over = line.over(line.plot, bucket.from, bucket.to);
            pen.painter().rect_filled(over, 0.0, pen.theme.text.gamma_multiply(0.1));
            response.on_hover_ui_at_pointer(|ui| {
                ui.label(bucket_words(view, bucket, kinds));
            });
        }
    }
}

/// The left edge of the window: drawn apart it makes the window wider.
fn edge_ui(pen: Pen<'_>, line: &Line, view: &View<'_>, commands: &mut Commands) {
    let time = &view.state.time;
    let at = at(view);
    let x = line.x(at - time.width_secs);
    let color = if time.is_live() { pen.theme.accent } else { pen.theme.warn };
    pen.painter().vline(x, line.plot.y_range(), Stroke::new(pen.theme.sizes.hairline, color));
    let grip =
        Rect::from_center_size(pos2(x, line.plot.center().y), vec2(pen.step() * 0.5, pen.step() * 1.5));
    pen.painter().rect_filled(grip, pen.step() * 0.25, color);
    let place = Rect::from_center_size(grip.center(), vec2(pen.step() * 1.5, line.plot.height()));
    let response = pen.ui.interact(place, pen.ui.scope_id().with("time edge"), Sense::drag());
    let words = || view.text.fill("panel.time.width", &[("width", &width_words(view))]);
    response.widget_info(|| WidgetInfo::labeled(Role::Slider, true, words()));
    let response = response.on_hover_cursor(CursorIcon::ResizeHorizontal);
    if response.has_focus() {
        pen.focus_ring(place);
    }
    if let Some(place) = response.interact_pointer_pos().filter(|_| response.dragged()) {
        let unit = if view.state.time.bar_is_hourly() { HOUR_SECS } else { 24 * HOUR_SECS };
        let width = ((at - line.secs(place.x)) / unit).max(1) * unit;
        if width != time.width_secs {
            commands.push(Command::SetTimeWidth(width));
        }
    }
}

/// The wheel shows less or more of time, and ends where a press would begin anew. A fine wheel adds up to whole notches.
fn wheel(pen: Pen<'_>, id: egui::Id, view: &View<'_>, commands: &mut Commands) {
    /// Points of a wheel that tells no lines, for one of them.
    const POINTS: f32 = 40.0;
    let lines: f32 = pen.ui.input(|input| {
        let of = |event: &egui::Event| match event {
            egui::Event::MouseWheel { unit: egui::MouseWheelUnit::Point, delta, .. } => delta.y / POINTS,
            egui::Event::MouseWheel { delta, .. } => delta.y,
            _ => 0.0,
        };
        input.events.iter().map(of).sum()
    });
    let before = pen.ui.data(|data| data.get_temp::<f32>(id)).unwrap_or(0.0);
    let notches = (before + lines).trunc();
    pen.ui.data_mut(|data| data.insert_temp(id, before + lines - notches));
    #[expect(clippy::cast_possible_truncation, reason = "a few notches")]
    let by = -(notches as i64);
    let last = i64::try_from(ZOOMS_SECS.len()).unwrap_or(1) - 1;
    let now = i64::try_from(view.state.time.zoom).unwrap_or(0);
    let by = (now + by).clamp(0, last) - now;
    if by != 0 {
        commands.push(Command::ZoomTime(i32::try_from(by).unwrap_or(0)));
    }
}

/// Arrows move the cursor and zoom while the bar has the focus.
fn keys(pen: Pen<'_>, id: egui::Id, view: &View<'_>, commands: &mut Commands) {
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    pen.ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    for (key, command) in [
        (Key::ArrowLeft, view.time_step(-1)),
        (Key::ArrowRight, view.time_step(1)),
        (Key::ArrowUp, Command::ZoomTime(-1)),
        (Key::ArrowDown, Command::ZoomTime(1)),
    ] {
        if pen.ui.input(|input| input.key_pressed(key)) {
            commands.push(command);
        }
    }
}

/// Looks at the hour or the day of an instant; beyond the present that is the present.
fn go_to(secs: EpochSecs, view: &View<'_>, commands: &mut Commands) {
    let zone = &view.site.zone;
    let (first, live) = view.time_span();
    let day = zone.day_of(secs.max(first));
    let end = if view.state.time.bar_is_hourly() {
        let start = zone.start_of(day);
        start + ((secs.max(first) - start) / HOUR_SECS + 1) * HOUR_SECS - 1
    } else {
        zone.end_of(day)
    };
    let wanted = (end < live).then_some(end);
    if wanted != view.state.time.at_secs {
        commands.push(wanted.map_or(Command::ReturnToLive, Command::LookAt));
    }
}

/// Width of the window in words.
pub(super) fn width_words(view: &View<'_>) -> String {
    format::lasting(view.state.time.width_secs, view.text)
}

/// What the bar says to whoever cannot see it: the time, the window, how many events are in it.
pub(super) fn value_words(view: &View<'_>) -> String {
    if !view.live.is_whole {
        return view.text.fill("panel.time.reading", &[("state", &time_words::state(view))]);
    }
    let at = at(view);
    let counts = bars::counted(view, at - view.state.time.width_secs, at + 1);
    let count = format::count(counts.iter().sum());
    let words = [("width", width_words(view)), ("n", count), ("state", time_words::state(view))];
    let words = words.each_ref().map(|(name, value)| (*name, value.as_str()));
    let value = view.text.fill("panel.time.value", &words);
    let day = day_marks::of_day(view, view.site.zone.day_of(at));
    std::iter::once(value).chain(day).collect::<Vec<String>>().join(view.text.get("derived.complete.joint"))
}

fn bucket_words(view: &View<'_>, bucket: &Bucket, kinds: &[usize]) -> String {
    let head = time_words::moment(view, Moment::new(bucket.to - 1, Known::Now));
    let by_severity = (1_u8..=4)
        .zip(bucket.counts)
        .rev()
        .map(|(severity, count)| (view.text.get(event_stream::severity_key(severity)), count));
    // As they are stacked, the uppermost first.
    let by_kind = bars::by_kind(view, kinds, bucket).into_iter().enumerate().rev().map(|(rank, count)| {
        let others = || view.text.get("panel.time.other_kinds");
        (kinds.get(rank).map_or_else(others, |kind| names::name(view, *kind)), count)
    });
    let parts: Vec<(&str, u64)> = if kinds.is_empty() { by_severity.collect() } else { by_kind.collect() };
    let counts = parts.into_iter().filter(|(_, count)| *count > 0);
    let counts = counts.map(|(name, count)| format!("{name} {}", format::count(count)));
    let all = view.text.fill("panel.time.events", &[("n", &format::count(bucket.all()))]);
    let day = day_marks::of_day(view, view.site.zone.day_of(bucket.to - 1));
    std::iter::once(head).chain(day).chain([all]).chain(counts).collect::<Vec<String>>().join("\n")
}
