//! The headline cards: one figure each, big, with its unit, its way, its target and its age. Owns the card's anatomy.

use egui::{Align2, Rect, Stroke, pos2, vec2};

use crate::command::Command;
use crate::derived;
use crate::panels::pen::{Ink, Pen, cut_left, cut_right, cut_top, whole};
use crate::panels::{Commands, View, format, marks, words};
use crate::privacy::shown::Shown;
use crate::site::catalogue::Indicator;
use crate::snapshot::{IndicatorIx, Reading, Status};

/// Most cards of a scene.
pub const MOST: usize = 6;

/// Indicators on the cards of the current scene.
#[must_use]
pub fn headlines(view: &View<'_>) -> Vec<IndicatorIx> {
    let scene = view.site.scenes.get(view.state.scene);
    scene
        .map(|s| s.headlines.iter().filter_map(|id| view.site.indicator_index(id)).take(MOST).collect())
        .unwrap_or_default()
}

/// How a card is divided at a width: fixed per layout, so that cards never jump.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CardShape {
    /// Width of one card.
    pub width: f32,
    /// Height of all cards.
    pub height: f32,
    name_rows: usize,
    /// Age on a row of its own.
    narrow: bool,
}

impl CardShape {
    /// The shape of the cards of every scene in a width.
    #[must_use]
    pub fn of(pen: Pen<'_>, view: &View<'_>, available: f32) -> Self {
        let scenes = &view.site.scenes;
        let count = scenes.iter().map(|s| s.headlines.len().min(MOST)).max().unwrap_or(1);
        let gap = pen.step() * 1.5;
        let n = whole(count.max(1));
        let width = ((available - gap * (n - 1.0)) / n).min(pen.step() * 34.0);
        let inner = width - pen.step() * 3.0;
        let narrow = inner < pen.theme.sizes.small * 12.5;
        let longest = scenes
            .iter()
            .flat_map(|s| &s.headlines)
            .filter_map(|id| view.site.indicators.get(view.site.indicator_index(id)?))
            .map(|i| pen.width(view.say(i.card_name()), pen.note()))
            .fold(0.0_f32, f32::max);
        let name_rows = if longest > inner { 2 } else { 1 };
        let notes = if narrow { 3.0 } else { 2.0 };
        let height = pen.step() * 2.5
            + pen.row(pen.note()) * whole(name_rows)
            + pen.theme.sizes.figure * 1.25
            + pen.row(pen.note()) * notes;
        Self { width, height, name_rows, narrow }
    }
}

/// Paints the cards of the scene, centred in a rectangle.
pub fn cards_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) {
    let cards = headlines(view);
    if cards.is_empty() {
        return;
    }
    let shape = CardShape::of(pen, view, rect.width());
    let gap = pen.step() * 1.5;
    let n = whole(cards.len());
    let all = shape.width * n + gap * (n - 1.0);
    let left = rect.center().x - all * 0.5;
    for (i, index) in cards.into_iter().enumerate() {
        let at = pos2(left + (shape.width + gap) * whole(i), rect.top());
        let card = Rect::from_min_size(at, vec2(shape.width, rect.height()));
        if let Some(indicator) = view.site.indicators.get(index) {
            card_ui(pen, card, view, (index, indicator), shape, commands);
        }
    }
}

fn card_ui(
    pen: Pen<'_>,
    card: Rect,
    view: &View<'_>,
    (index, indicator): (IndicatorIx, &Indicator),
    shape: CardShape,
    commands: &mut Commands,
) {
    let step = pen.step();
    let theme = pen.theme;
    let reading = view.reading(index);
    let domain = theme.domain(view.site.domain_index(&indicator.domain).unwrap_or(0));
    let fill = if theme.dark { theme.surface.gamma_multiply(0.94) } else { theme.surface };
    pen.painter().rect_filled(card, step * 0.5, fill);
    let late = reading.status == Status::Late;
    if late {
        marks::hatch(pen.painter(), card, step * 1.5, Stroke::new(theme.sizes.hairline, theme.line));
    }
    let chosen = index == view.state.indicator;
    let bar = Rect::from_min_size(card.min, vec2(card.width(), step * if chosen { 0.75 } else { 0.4 }));
    pen.painter().rect_filled(bar, 0.0, domain);
    let name = view.say(indicator.card_name());
    let spoken = || {
        let figure = format::shown(reading.value, indicator.decimals, &indicator.unit, view.text);
        format!("{name} {figure}")
    };
    let response = pen.press_named(card, ("card", index), spoken);
    if response.hovered() {
        marks::outline(pen.painter(), card, step * 0.5, Stroke::new(theme.sizes.hairline, theme.accent));
    }
    let inner = card.shrink2(vec2(step * 1.5, 0.0)).with_min_y(card.top() + step * 1.25);
    let (name_place, rest) = cut_top(inner, pen.row(pen.note()) * whole(shape.name_rows));
    // A name may come nearer to the edge than figures do: one more letter often saves a word from being cut.
    name_ui(pen, name_place.with_max_x(name_place.right() + step), name, shape);
    let (figure_place, rest) = cut_top(rest, theme.sizes.figure * 1.25);
    figure_ui(pen, figure_place, view, indicator, &reading);
    notes_ui(pen, rest, view, (index, indicator), &reading, shape);
    pen.tip(card, ("card tip", index), || super::shape::explained(view, index, indicator, &reading));
    if response.clicked() {
        commands.push(Command::SelectIndicator(index));
    }
}

fn name_ui(pen: Pen<'_>, place: Rect, name: &str, shape: CardShape) {
    let ink = pen.note().color(pen.theme.text);
    let larger = pen.body();
    if pen.width(name, larger) <= place.width() {
        pen.text(place, Align2::LEFT_CENTER, name, larger);
    } else if pen.width(name, ink) <= place.width() || shape.name_rows == 1 {
        pen.text(place, Align2::LEFT_CENTER, name, ink);
    } else {
        // A hair smaller is better read than a name without its end.
        let sizes = [1.0, 0.93, 0.87].map(|share| ink.size(ink.size * share));
        let fits = |ink: &Ink| pen.fits(place.width(), name, *ink, shape.name_rows);
        pen.wrapped(place, name, sizes.into_iter().find(fits).unwrap_or(ink), shape.name_rows);
    }
}

fn figure_ui(pen: Pen<'_>, place: Rect, view: &View<'_>, indicator: &Indicator, reading: &Reading) {
    let step = pen.step();
    let theme = pen.theme;
    let late = reading.status == Status::Late;
    let ink = pen.body().size(theme.sizes.figure).bold().color(if late { theme.muted } else { theme.text });
    match reading.value {
        Shown::Value(_) | Shown::Coarse { .. } => {
            let (sign, number) = format::short_parts(reading.value, indicator.decimals, view.text);
            let unit = view.text.unit_behind(&number, &indicator.unit);
            let unit_ink = if unit.chars().count() > 2 { pen.note() } else { pen.body().color(theme.muted) };
            let beside = unit_stands_beside(pen, place.width(), view, indicator, reading);
            let unit_width = if beside { pen.width(unit, unit_ink) + step * 0.75 } else { 0.0 };
            let (number_place, _) = cut_right(place, unit_width);
            let (sign_place, number_place) = cut_left(number_place, sign_width(pen, &sign));
            let at = pen.fitted(number_place, Align2::LEFT_CENTER, &number, ink, 0.5);
            pen.text(sign_place, Align2::LEFT_CENTER, &sign, sign_ink(pen));
            if !beside {
                return;
            }
            let unit_place =
                place.with_min_x(at.right() + step * 0.5).with_max_y(at.bottom() - at.height() * 0.1);
            pen.text(unit_place, Align2::LEFT_BOTTOM, unit, unit_ink);
        }
        Shown::Suppressed { .. } => {
            let words = format::bare(reading.value, 0, view.text);
            let ink = pen.body().size(theme.sizes.figure * 0.7).color(theme.muted);
            let inner = place.with_min_x(place.left() + step);
            let at = pen.text(inner, Align2::LEFT_CENTER, &words, ink);
            let stroke = Stroke::new(theme.sizes.hairline * 1.5, theme.muted);
            marks::dashed_box(pen.painter(), at.expand2(vec2(step, -step * 0.5)), stroke);
        }
        Shown::Missing | Shown::TooFine | Shown::Unread => {
            let words = format::bare(reading.value, 0, view.text);
            let _ = pen.fitted(place, Align2::LEFT_CENTER, &words, pen.heading().color(theme.muted), 0.6);
        }
    }
}

/// The sign of a coarse figure is smaller than its number: it says how to read it, and leaves room for the unit.
fn sign_ink(pen: Pen<'_>) -> Ink {
    pen.body().size(pen.theme.sizes.figure * 0.6).color(pen.theme.muted)
}

fn sign_width(pen: Pen<'_>, sign: &str) -> f32 {
    if sign.is_empty() { 0.0 } else { pen.width(sign, sign_ink(pen)) + pen.step() * 0.4 }
}

/// Whether the unit fits beside the number without making it small; else it stands on the row below.
fn unit_stands_beside(
    pen: Pen<'_>,
    width: f32,
    view: &View<'_>,
    indicator: &Indicator,
    reading: &Reading,
) -> bool {
    let (sign, number) = format::short_parts(reading.value, indicator.decimals, view.text);
    let wide = pen.width(&number, pen.body().size(pen.theme.sizes.figure).bold());
    let unit = pen.width(view.text.unit_behind(&number, &indicator.unit), pen.note()) + pen.step() * 0.75;
    // A number beside a sign may shrink a little more: the unit belongs to it, whatever it takes.
    let least = if sign.is_empty() { 0.85 } else { 0.6 };
    sign_width(pen, &sign) + wide * least + unit <= width
}

fn notes_ui(
    pen: Pen<'_>,
    rect: Rect,
    view: &View<'_>,
    (index, indicator): (IndicatorIx, &Indicator),
    reading: &Reading,
    shape: CardShape,
) {
    let row = pen.row(pen.note());
    let (change_place, rest) = cut_top(rect, row);
    let change_place = super::shape::mark_ui(pen, change_place, view, index);
    let (target_place, rest) = cut_top(rest, row);
    let age_row = if shape.narrow { rest.with_max_y(rest.top() + row) } else { change_place };
    let age = age_ui(pen, age_row, view, indicator, reading, shape.narrow);
    let mut change_place =
        if shape.narrow { change_place } else { change_place.with_max_x(age - pen.step()) };
    if reading.value.is_seen() && !unit_stands_beside(pen, rect.width(), view, indicator, reading) {
        let (_, number) = format::short_parts(reading.value, indicator.decimals, view.text);
        let unit = view.text.unit_behind(&number, &indicator.unit);
        let (left, place) = cut_right(change_place, pen.width(unit, pen.note()) + pen.step() * 0.5);
        let has_change = format::change(reading.value, reading.previous, indicator.decimals).is_some();
        let (place, align) =
            if has_change { (place, Align2::RIGHT_CENTER) } else { (change_place, Align2::LEFT_CENTER) };
        pen.text(place, align, unit, pen.note());
        change_place = left;
    }
    change_ui(pen, change_place, view, indicator, reading);
    target_ui(pen, target_place, view, indicator, reading);
}

fn age_ui(
    pen: Pen<'_>,
    place: Rect,
    view: &View<'_>,
    indicator: &Indicator,
    reading: &Reading,
    left: bool,
) -> f32 {
    let age = words::input_age(view, reading);
    let inputs = view.site.indicator_index(&indicator.id).map(|index| view.snapshot.inputs(index));
    let late = inputs.map_or_else(String::new, |inputs| words::late_short(view, &inputs));
    if age.is_empty() && late.is_empty() {
        return place.right();
    }
    let (words, ink) = if !late.is_empty() {
        (late, pen.note().color(pen.theme.warn))
    } else if left {
        (view.text.fill("panel.age.input", &[("age", &age)]), pen.note())
    } else {
        (age, pen.note())
    };
    let align = if left { Align2::LEFT_CENTER } else { Align2::RIGHT_CENTER };
    pen.text(place, align, &words, ink).left()
}

fn change_ui(pen: Pen<'_>, place: Rect, view: &View<'_>, indicator: &Indicator, reading: &Reading) {
    let Some(change) = format::change(reading.value, reading.previous, indicator.decimals) else {
        return;
    };
    let size = pen.theme.sizes.small * 0.62;
    let color = match words::is_good(indicator, change.way) {
        Some(true) => pen.theme.good,
        Some(false) => pen.theme.warn,
        None => pen.theme.muted,
    };
    let (mark, rest) = cut_left(place, pen.theme.sizes.small * 1.1);
    let told = words::change(view, &change);
    // As much of it as fits; the arrow says the way, and without a number it would say nothing.
    let all = format!("{told} {}", words::change_base_short(view, indicator));
    let fits = |words: &String| pen.width(words, pen.note()) <= rest.width();
    let Some(words) = [all, told, format::tight(&change, view.text)].into_iter().find(fits) else { return };
    marks::way(pen.painter(), pos2(mark.left() + size * 0.5, mark.center().y), size, change.way, color);
    pen.text(rest, Align2::LEFT_CENTER, &words, pen.note());
}

fn target_ui(pen: Pen<'_>, place: Rect, view: &View<'_>, indicator: &Indicator, reading: &Reading) {
    // A total's target is the whole's: no shape can be held to it.
    let is_held = view.state.drawn.is_none() || !derived::is_total(indicator);
    let target = words::target_at(view, indicator, view.state.area)
        .filter(|_| is_held)
        .and_then(|t| format::target(t, indicator.decimals, view.text));
    let Some(target) = target else {
        pen.text(place, Align2::LEFT_CENTER, &format::window(&indicator.window, view.text), pen.note());
        return;
    };
    let size = pen.theme.sizes.small * 0.62;
    let words = view.text.fill("panel.target.is", &[("target", &target)]);
    let Some(met) = words::is_met(view, indicator, view.state.area, reading.value) else {
        pen.text(place, Align2::LEFT_CENTER, &words, pen.note());
        return;
    };
    let color = if met { pen.theme.good } else { pen.theme.warn };
    let (mark, rest) = cut_left(place, pen.theme.sizes.small * 1.1);
    marks::target(pen.painter(), pos2(mark.left() + size * 0.5, mark.center().y), size, met, color);
    let word = words::met_word(view, met);
    let at = pen.text(rest, Align2::LEFT_CENTER, word, pen.note().color(color));
    let rest = rest.with_min_x(at.right() + pen.step() * 0.75);
    let fits = pen.width(&words, pen.note()) <= rest.width();
    pen.text(rest, Align2::LEFT_CENTER, if fits { &words } else { &target }, pen.note());
}
