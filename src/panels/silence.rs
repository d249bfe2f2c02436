//! Who falls silent, as a list: where, what, since when, how much came in and how much usually does, in words; and how
//! many things are watched. Owns the words; what is silent was judged before.

use egui::{Align2, Sense, Ui, pos2, vec2};

use crate::command::Command;
use crate::derived::watch::{Silence, Silences};
use crate::derived::words as derived_words;
use crate::panels::pen::{Pen, cut_right, cut_top};
use crate::panels::{Commands, View, format, words};

/// More silences than this are counted, not listed.
const MOST: usize = 6;

/// Where and what, in one line.
#[must_use]
pub fn head(view: &View<'_>, silence: &Silence) -> String {
    let what = derived_words::silent_subject(view.site, view.text, silence.subject);
    format!("{} · {what}", words::area_path(view, silence.area))
}

/// How much came in and how much usually does, and since when.
#[must_use]
pub fn tail(view: &View<'_>, silence: &Silence) -> String {
    let since = format::moment(&view.site.zone, silence.since_secs + view.snapshot.shift_secs);
    let key = if silence.seen.seen > 0.0 { "panel.silence.fewer_since" } else { "panel.silence.none_since" };
    format!(
        "{} · {}",
        derived_words::silent_says(view.text, silence),
        view.text.fill(key, &[("when", &since)])
    )
}

/// What is said of an area to whoever points at it: what is silent there.
pub fn of_area<'a>(
    view: &View<'a>,
    area: crate::site::areas::AreaId,
) -> impl Iterator<Item = String> + use<'a> {
    let view = *view;
    view.silences.into_iter().flat_map(move |silences| silences.at(area)).map(move |silence| {
        let what = derived_words::silent_subject(view.site, view.text, silence.subject);
        view.text.fill("panel.silence.of_area", &[("what", what), ("how", &tail(&view, silence))])
    })
}

/// Paints heading, list and what is watched, from the top of a ui.
pub fn silence_ui(ui: &mut Ui, view: &View<'_>, commands: &mut Commands) {
    title_ui(ui, view, commands);
    let Some(silences) = view.silences else {
        line_ui(ui, view, view.text.get("panel.silence.listening"));
        return;
    };
    let told = silences.whole().count();
    for silence in silences.whole().take(MOST) {
        row_ui(ui, view, silence, commands);
    }
    if told > MOST {
        line_ui(ui, view, &view.text.fill("panel.silence.more", &[("n", &(told - MOST).to_string())]));
    }
    if told == 0 {
        line_ui(ui, view, view.text.get("derived.silence.none"));
    }
    foot_ui(ui, view, silences);
}

fn title_ui(ui: &mut Ui, view: &View<'_>, commands: &mut Commands) {
    let theme = view.theme;
    let tall = Pen::new(ui, theme).row(Pen::new(ui, theme).body());
    let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), tall), Sense::hover());
    let pen = Pen::new(ui, theme);
    let close = view.text.get("panel.silence.close");
    let (rest, place) = cut_right(line, pen.width(close, pen.note()) + pen.step());
    if pen.press(place, "close silences", close).clicked() {
        commands.push(Command::ToggleSilences);
    }
    pen.text(place, Align2::RIGHT_CENTER, close, pen.note().color(theme.accent));
    pen.named_text(rest, Align2::LEFT_CENTER, view.text.get("panel.silence.title"), pen.body().bold());
}

fn row_ui(ui: &mut Ui, view: &View<'_>, silence: &Silence, commands: &mut Commands) {
    let theme = view.theme;
    let (head, tail) = (head(view, silence), tail(view, silence));
    let width = ui.available_width();
    let (first, second) = {
        let pen = Pen::new(ui, theme);
        (pen.row(pen.body()), pen.wrapped_height(width, &tail, pen.note(), 2))
    };
    let tall = first + second + theme.sizes.step;
    let (rect, _) = ui.allocate_exact_size(vec2(width, tall), Sense::hover());
    let pen = Pen::new(ui, theme);
    let response = pen.press(rect, ("silence", silence.area.0, silence.subject), &format!("{head} {tail}"));
    pen.hover_ground(rect, &response);
    pen.hairline(rect.left(), rect.right(), rect.bottom());
    let inner = rect.with_min_y(rect.top() + theme.sizes.step * 0.5);
    let (line, rest) = cut_top(inner, first);
    let mark = egui::Rect::from_center_size(
        pos2(line.left() + theme.sizes.body * 0.5, line.center().y),
        egui::Vec2::splat(theme.sizes.body * 0.8),
    );
    mark_ui(pen, mark);
    pen.text(
        line.with_min_x(mark.right() + theme.sizes.step * 0.75),
        Align2::LEFT_CENTER,
        &head,
        pen.body().bold(),
    );
    pen.wrapped(rest, &tail, pen.note().color(theme.text), 2);
    if response.clicked() {
        commands.push(Command::SelectArea(silence.area));
    }
}

/// How a silent area looks on the map.
pub fn mark_ui(pen: Pen<'_>, rect: egui::Rect) {
    let hairline = pen.theme.sizes.hairline;
    pen.painter().rect_filled(rect, 0.0, pen.theme.no_data);
    for share in [0.33, 0.67] {
        let y = egui::lerp(rect.y_range(), share);
        pen.painter().hline(rect.x_range(), y, egui::Stroke::new(hairline, pen.theme.silence));
    }
    super::marks::dashed_box(pen.painter(), rect, egui::Stroke::new(hairline * 1.5, pen.theme.silence));
}

/// How many things are watched, and up to when.
fn foot_ui(ui: &mut Ui, view: &View<'_>, silences: &Silences) {
    line_ui(ui, view, &derived_words::watched(view.text, &silences.all));
    let until = format::moment(&view.site.zone, silences.until_secs + view.snapshot.shift_secs);
    line_ui(ui, view, &view.text.fill("panel.silence.how", &[("when", &until)]));
}

fn line_ui(ui: &mut Ui, view: &View<'_>, words: &str) {
    let width = ui.available_width();
    let tall = {
        let pen = Pen::new(ui, view.theme);
        pen.wrapped_height(width, words, pen.note(), 4)
    };
    let (rect, _) = ui.allocate_exact_size(vec2(width, tall + view.theme.sizes.step * 0.5), Sense::hover());
    let pen = Pen::new(ui, view.theme);
    pen.wrapped(rect.with_min_y(rect.top() + view.theme.sizes.step * 0.5), words, pen.note(), 4);
    pen.name(rect, ("silence line", words), words);
}
