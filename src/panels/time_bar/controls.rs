//! State and buttons of the time bar. Owns their order and their signs; each has a name, a key and a hover.

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

use super::cut_chip;
use super::handle::{value_words, width_words};
use crate::command::Command;
use crate::moment::Known;
use crate::panels::pen::{Pen, cut_left, cut_right};
use crate::panels::rotation::chip_ui;
use crate::panels::{Commands, View, format, marks, time_words};
use crate::time::{WIDTHS_SECS, ZOOMS_SECS};

/// What time is shown, by a sign and by words.
pub(super) fn state_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>) {
    let is_live = view.state.time.is_live();
    let size = pen.note().size;
    let color = if is_live { pen.theme.good } else { pen.theme.warn };
    let (sign, rest) = cut_left(rect, size * 1.5);
    let center = pos2(sign.left() + size * 0.55, sign.center().y);
    if is_live {
        marks::target(pen.painter(), center, size * 0.6, true, color);
    } else {
        time_words::rewind(pen.painter(), center, size, color);
    }
    let words = if is_live { value_words(view) } else { time_words::state(view) };
    let ink = pen.note().bold().color(color);
    // By what knowledge stands at the end and must not be lost.
    let brief = if pen.width(&words, ink) > rest.width() { time_words::state_brief(view) } else { None };
    pen.text(rest, Align2::LEFT_CENTER, brief.as_ref().unwrap_or(&words), ink);
    pen.name(rest, "time words", &words);
    pen.tip(rect, "time state", || time_words::explanation(view));
}

/// Width that the buttons of the wall take in their line.
pub(super) fn few_width(pen: Pen<'_>, view: &View<'_>) -> f32 {
    let gap = pen.step() * 0.5;
    let chips: f32 = chips(view).iter().map(|(words, ..)| chip_width(pen, words) + gap).sum();
    3.0 * (button_height(pen) * 1.25 + gap) + gap + chips
}

/// State and buttons of the wall. Below: back, play, on, pace, width of the window, span of the bar, stacking, knowledge,
/// each of which goes to its next. Above: what is shown, how far the present is where there is room, and the way there.
pub(super) fn few_ui(pen: Pen<'_>, upper: Rect, lower: Rect, view: &View<'_>, commands: &mut Commands) {
    few_chips_ui(pen, lower, view, commands);
    if view.state.time.is_live() {
        state_ui(pen, upper, view);
        return;
    }
    let upper = live_ui(pen, upper, view, commands);
    let state = pen.width(&time_words::state(view), pen.note().bold()) + pen.note().size * 1.5;
    let (words, spare) = cut_left(upper, state + pen.step());
    state_ui(pen, words, view);
    let (all, brief) = (time_words::ahead(view), time_words::ahead_brief(view));
    let fits = |words: &&String| pen.width(words, pen.note()) <= spare.width();
    let words = [&all, &brief].into_iter().find(fits);
    let at = words.map_or(spare, |words| pen.text(spare, Align2::RIGHT_CENTER, words, pen.note()));
    pen.name(at, "ahead", &all);
}

/// Steps, then one button for each choice, which goes to its next. What remains of the line.
fn few_chips_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) -> Rect {
    let mut rest = steps_ui(pen, rect, view, commands);
    for (words, means, chosen, command) in chips(view) {
        rest = left_chip(pen, rest, view, &words, means, chosen, || command, commands);
    }
    rest
}

/// Width that all buttons of the desk take, without the state.
fn all_width(pen: Pen<'_>, view: &View<'_>) -> f32 {
    let span = ZOOMS_SECS.get(view.state.time.zoom).copied().unwrap_or_default();
    let span = view.text.fill("panel.time.span_of_bar", &[("span", &format::lasting(span, view.text))]);
    let pace = view.text.fill("panel.time.pace", &[("n", &view.state.time.speed.to_string())]);
    let fixed = ["panel.time.by_kind", "panel.time.known_then"].map(|key| view.text.get(key).to_owned());
    let widths = WIDTHS_SECS.map(|width| format::lasting(width, view.text));
    let words = [span, pace].into_iter().chain(fixed).chain(widths);
    let gap = pen.step() * 0.5;
    let chips: f32 = words.map(|words| chip_width(pen, &words) + gap).sum();
    3.0 * (button_height(pen) * 1.25 + gap) + gap + chips + pen.step() * 4.0
}

/// Pace, width, span, stacking, knowledge: words, what they mean, whether it is on, what a press asks for.
fn chips(view: &View<'_>) -> [(String, &'static str, bool, Command); 5] {
    let time = &view.state.time;
    let span = ZOOMS_SECS.get(time.zoom).copied().unwrap_or_default();
    let known = if time.is_live() { "panel.time.known_of_live" } else { "panel.time.known_then_means" };
    [
        (
            format!("×{}", time.speed),
            "panel.time.pace_means",
            false,
            Command::SetPlaySpeed(time.next_speed()),
        ),
        (width_words(view), "panel.time.width_means", false, Command::SetTimeWidth(time.next_width_secs())),
        (format::lasting(span, view.text), "panel.time.zoom_means", false, Command::ZoomTime(1)),
        (
            view.text.get("panel.time.by_kind").to_owned(),
            "panel.time.by_kind_means",
            time.by_kind,
            Command::StackTime,
        ),
        (
            view.text.get("panel.time.known_brief").to_owned(),
            known,
            time.known == Known::Then,
            Command::ToggleKnown,
        ),
    ]
}

/// All buttons, in groups: steps and pace; width of the window; span of the bar; knowledge; state and the way back.
pub(super) fn all_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) {
    let step = pen.step();
    let time = &view.state.time;
    let state = pen.width(&value_words(view), pen.note().bold()) + pen.note().size * 1.5;
    if all_width(pen, view) + state > rect.width() {
        let mut rest = few_chips_ui(pen, rect, view, commands);
        rest = rest.with_min_x(rest.left() + step);
        if !time.is_live() {
            rest = live_ui(pen, rest, view, commands);
        }
        state_ui(pen, rest, view);
        return;
    }
    let rest = steps_ui(pen, rect, view, commands);
    let pace = view.text.fill("panel.time.pace", &[("n", &time.speed.to_string())]);
    let rest = left_chip(
        pen,
        rest,
        view,
        &pace,
        "panel.time.pace_means",
        false,
        || Command::SetPlaySpeed(time.next_speed()),
        commands,
    );
    let mut rest = rest.with_min_x(rest.left() + step);
    for width in WIDTHS_SECS {
        let words = format::lasting(width, view.text);
        let chosen = time.width_secs == width;
        rest = left_chip(
            pen,
            rest,
            view,
            &words,
            "panel.time.width_means",
            chosen,
            || Command::SetTimeWidth(width),
            commands,
        );
    }
    if !WIDTHS_SECS.contains(&time.width_secs) {
        let words = width_words(view);
        let next = || Command::SetTimeWidth(time.next_width_secs());
        rest = left_chip(pen, rest, view, &words, "panel.time.width_means", true, next, commands);
    }
    let rest = rest.with_min_x(rest.left() + step);
    let span = ZOOMS_SECS.get(time.zoom).copied().unwrap_or_default();
    let span = view.text.fill("panel.time.span_of_bar", &[("span", &format::lasting(span, view.text))]);
    let rest =
        left_chip(pen, rest, view, &span, "panel.time.zoom_means", false, || Command::ZoomTime(1), commands);
    let by_kind = view.text.get("panel.time.by_kind");
    let rest = left_chip(
        pen,
        rest,
        view,
        by_kind,
        "panel.time.by_kind_means",
        time.by_kind,
        || Command::StackTime,
        commands,
    );
    let rest = rest.with_min_x(rest.left() + step);
    let known = view.text.get("panel.time.known_then");
    let means = if time.is_live() { "panel.time.known_of_live" } else { "panel.time.known_then_means" };
    let rest = left_chip(
        pen,
        rest,
        view,
        known,
        means,
        time.known == Known::Then,
        || Command::ToggleKnown,
        commands,
    );
    let mut rest = rest.with_min_x(rest.left() + step);
    if !time.is_live() {
        rest = live_ui(pen, rest, view, commands);
        let ahead = time_words::ahead(view);
        let (left, place) = cut_right(rest, pen.width(&ahead, pen.note()) + step);
        // The state comes first where there is no room for both.
        let state = pen.width(&time_words::state(view), pen.note().bold()) + pen.note().size * 1.5;
        if left.width() > state {
            pen.named_text(place, Align2::RIGHT_CENTER, &ahead, pen.note());
            rest = left;
        }
    }
    state_ui(pen, rest, view);
}

/// Back, play, on: signs with names.
fn steps_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) -> Rect {
    let playing = view.state.time.playing;
    let mut rest = rect;
    for (sign, key, command) in [
        (Sign::Back, "panel.time.back", view.time_step(-1)),
        (
            if playing { Sign::Pause } else { Sign::Play },
            if playing { "panel.time.pause" } else { "panel.time.play" },
            view.time_play(),
        ),
        (Sign::On, "panel.time.on", view.time_step(1)),
    ] {
        let words = view.text.get(key);
        let size = button_height(pen);
        let (place, left) = cut_left(rest, size * 1.25);
        rest = left.with_min_x(left.left() + pen.step() * 0.5);
        let chip = Rect::from_center_size(place.center(), vec2(place.width(), size));
        let response = pen.press(chip, key, words);
        pen.hover_ground(chip, &response);
        let is_playing = playing && sign == Sign::Pause;
        let color = if is_playing { pen.theme.accent } else { pen.theme.line };
        marks::outline(pen.painter(), chip, pen.step() * 0.5, Stroke::new(pen.theme.sizes.hairline, color));
        sign.paint(pen.painter(), chip.center(), pen.note().size * 0.8, pen.theme.text);
        pen.tip(chip, key, || words.to_owned());
        if response.clicked() {
            commands.push(command);
        }
    }
    rest.with_min_x(rest.left() + pen.step() * 0.5)
}

/// The way back to the present.
fn live_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) -> Rect {
    let words = view.text.get("panel.time.to_live");
    let (rest, chip) = cut_chip(rect, pen, pen.width(words, pen.note().bold()) + pen.step() * 2.0);
    if chip_ui(pen, chip, words, true).clicked() {
        commands.push(Command::ReturnToLive);
    }
    rest
}

/// Height of a button.
fn button_height(pen: Pen<'_>) -> f32 {
    pen.row(pen.note()) + pen.step() * 0.5
}

/// Width of a button with words, chosen or not.
fn chip_width(pen: Pen<'_>, words: &str) -> f32 {
    pen.width(words, pen.note().bold()) + pen.step() * 1.75
}

#[expect(clippy::too_many_arguments, reason = "a chip with its words, its hover and what it does")]
fn left_chip(
    pen: Pen<'_>,
    rect: Rect,
    view: &View<'_>,
    words: &str,
    means: &str,
    chosen: bool,
    command: impl FnOnce() -> Command,
    commands: &mut Commands,
) -> Rect {
    let (place, rest) = cut_left(rect, chip_width(pen, words));
    let chip = Rect::from_center_size(place.center(), vec2(place.width(), button_height(pen)));
    if chip_ui(pen, chip, words, chosen).clicked() {
        commands.push(command());
    }
    pen.tip(chip, means, || view.text.get(means).to_owned());
    rest.with_min_x(rest.left() + pen.step() * 0.5)
}

/// A sign on a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Back,
    Play,
    Pause,
    On,
}

impl Sign {
    fn paint(self, painter: &Painter, center: Pos2, size: f32, color: Color32) {
        let r = size * 0.5;
        let triangle = |way: f32, shift: f32| {
            let tip = center + vec2(way * r * 0.8 + shift, 0.0);
            let points = vec![tip, tip + vec2(-way * r * 1.5, -r), tip + vec2(-way * r * 1.5, r)];
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        };
        let bar = |x: f32| {
            let place = Rect::from_center_size(center + vec2(x, 0.0), vec2(size * 0.22, size));
            painter.rect_filled(place, 0.0, color);
        };
        match self {
            Self::Play => triangle(1.0, 0.0),
            Self::Pause => [-r * 0.5, r * 0.5].into_iter().for_each(bar),
            Self::Back => {
                triangle(-1.0, r * 0.3);
                bar(-r);
            }
            Self::On => {
                triangle(1.0, -r * 0.3);
                bar(r);
            }
        }
    }
}
