//! The legend's entries of marks: figures that are hidden, coarse, missing or late, and areas that are silent. Owns how each
//! mark is explained; which ones occur is the map's.

use egui::{Align2, Color32, Rect, Stroke, pos2, vec2};

use crate::command::Command;
use crate::panels::pen::Pen;
use crate::panels::{Commands, View, marks, silence, words};
use crate::privacy::marks::{Mark, Marks};
use crate::privacy::shown::Told;
use crate::site::areas::AreaId;
use crate::snapshot::Status;

/// An entry for each mark that occurs on the map: how the area looks, the sign, how many areas; what it means on hover.
pub(super) fn marks_ui(
    pen: Pen<'_>,
    rows: Rect,
    view: &View<'_>,
    (found, level): (&Marks, usize),
    commands: &mut Commands,
) {
    let step = pen.step();
    let height = pen.row(pen.note());
    // What the pattern of late figures says of all of them.
    let late = words::late_short(view, &view.snapshot.inputs(view.state.indicator));
    let silent = view.silences.map_or(0, |silences| silences.whole().count());
    let mut at = rows.min;
    let level = view.site.meta.levels.get(level).map_or("", |level| view.say(&level.name));
    let by = view.text.fill("panel.legend.by_level", &[("level", level)]);
    let place = rows.with_max_y(rows.top() + height);
    at.x = pen.named_text(place, Align2::LEFT_CENTER, &by, pen.note()).right() + step * 1.75;
    if found.is_empty() && late.is_empty() && silent == 0 {
        let place = place.with_min_x(at.x);
        let is_unread = view.snapshot.reading(view.state.indicator, AreaId::ROOT).status == Status::Unread;
        let key = if is_unread { "panel.shown.why_unread" } else { "panel.legend.all_shown" };
        let words = view.text.get(key);
        at.x = pen.named_text(place, Align2::LEFT_CENTER, words, pen.note()).right() + step * 1.75;
    }
    if silent > 0 {
        at.x = silent_ui(pen, place.with_min_x(at.x), view, silent, commands) + step * 1.75;
    }
    let mut entry_ui = |mark: Mark, words: &str, color: Color32, sentence: String| {
        let wide = step * 2.75 + pen.width(words, pen.note());
        if at.x > rows.left() && at.x + wide > rows.right() {
            at = pos2(rows.left(), at.y + height);
        }
        let place = Rect::from_min_size(at, vec2(wide, height)).intersect(rows);
        let middle = pos2(place.left() + step, place.center().y);
        let chip = Rect::from_center_size(middle, vec2(step * 2.0, step * 1.25));
        chip_ui(pen, chip, mark);
        let words_place = place.with_min_x(chip.right() + step * 0.75);
        pen.named_text(words_place, Align2::LEFT_CENTER, words, pen.note().color(color));
        pen.name(place, ("mark", words), &sentence);
        pen.tip(place, ("mark tip", words), || sentence);
        at.x += wide + step * 1.75;
    };
    for (mark, count) in found.iter().filter(|(mark, _)| *mark != Mark::Late || late.is_empty()) {
        let n = count.to_string();
        let meaning = mark.sentence(view.text);
        let sentence = view.text.fill("panel.legend.mark", &[("n", &n), ("meaning", &meaning)]);
        entry_ui(mark, &format!("{} {n}", mark.brief(view.text)), pen.theme.muted, sentence);
    }
    if !late.is_empty() {
        entry_ui(Mark::Late, &late, pen.theme.warn, Mark::Late.sentence(view.text));
    }
    let Some(as_of) = words::areas_as_of(view) else { return };
    if at.x + pen.width(&as_of, pen.note()) > rows.right() {
        at = pos2(rows.left(), at.y + height);
    }
    let place = Rect::from_min_size(at, vec2(rows.right() - at.x, height)).intersect(rows);
    pen.named_text(place, Align2::LEFT_CENTER, &as_of, pen.note());
}

/// The entry of silences: a press shows or hides them. Returns where it ends.
fn silent_ui(pen: Pen<'_>, line: Rect, view: &View<'_>, many: usize, commands: &mut Commands) -> f32 {
    let step = pen.step();
    let n = many.to_string();
    let words = view.text.fill("panel.silence.legend", &[("n", &n)]);
    let means = view.text.fill("panel.silence.legend_means", &[("n", &n)]);
    let place = line.with_max_x(line.left() + step * 2.75 + pen.width(&words, pen.note().bold()));
    let response = pen.press(place, "silences", &means);
    pen.hover_ground(place, &response);
    let middle = pos2(place.left() + step, place.center().y);
    let chip = Rect::from_center_size(middle, vec2(step * 2.0, step * 1.25));
    silence::mark_ui(pen, chip);
    let ink = pen.note().color(pen.theme.silence);
    let ink = if view.state.silence_open { ink.bold() } else { ink };
    pen.text(place.with_min_x(chip.right() + step * 0.75), Align2::LEFT_CENTER, &words, ink);
    pen.tip(place, "silences tip", || means.clone());
    if response.clicked() {
        commands.push(Command::ToggleSilences);
    }
    place.right()
}

/// How an area with a mark looks on the map.
fn chip_ui(pen: Pen<'_>, chip: Rect, mark: Mark) {
    let theme = pen.theme;
    let hairline = theme.sizes.hairline;
    let spacing = pen.step() * 0.6;
    let class = theme.class_color(4, 7);
    match mark {
        Mark::Small(_) | Mark::Hidden => {
            pen.painter().rect_filled(chip, 0.0, theme.no_data);
            marks::hatch(pen.painter(), chip, spacing, Stroke::new(hairline, theme.muted));
            marks::dashed_box(pen.painter(), chip, Stroke::new(hairline, theme.muted));
        }
        Mark::Missing => {
            pen.painter().rect_filled(chip, 0.0, theme.no_data);
            marks::outline(pen.painter(), chip, 0.0, Stroke::new(hairline, theme.line));
            for share in [0.25, 0.5, 0.75] {
                let at = pos2(egui::lerp(chip.x_range(), share), chip.center().y);
                pen.painter().circle_filled(at, hairline * 1.25, theme.muted);
            }
        }
        Mark::Late => {
            pen.painter().rect_filled(chip, 0.0, class);
            marks::hatch_falling(pen.painter(), chip, spacing * 1.5, Stroke::new(hairline, theme.ground));
        }
        Mark::AtLeast => {
            let body = chip.with_max_x(chip.center().x);
            marks::bar(pen.painter(), body, Some(Told::AtLeast), pen.step(), class);
        }
        Mark::About => {
            let body = chip.with_max_x(chip.center().x);
            marks::bar(pen.painter(), body, Some(Told::About), pen.step(), class);
        }
    }
}
