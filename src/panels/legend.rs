//! What the colours and marks of the map mean: classes with their breaks, how they were found and how the areas lie in
//! them, the marks of figures that are hidden, coarse, missing or late, the hexagons with what they count, and the
//! severities. Owns no classes itself.

use egui::{Align2, Color32, Rect, Stroke, StrokeKind, pos2, vec2};

use crate::command::Command;
use crate::panels::event_stream::severity_key;
use crate::panels::pen::{Pen, cut_left, cut_right, cut_top, share, whole};
use crate::panels::{Commands, View, event_filter, format, hexagon, marks, silence, words};
use crate::privacy::marks::{Mark, Marks};
use crate::privacy::shown::Told;
use crate::site::areas::AreaId;
use crate::site::catalogue::Indicator;
use crate::snapshot::Status;

/// One class of the map's colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LegendClass {
    /// Fill.
    pub color: Color32,
    /// Least value.
    pub low: f64,
    /// Greatest value.
    pub high: f64,
    /// Areas in it.
    pub areas: usize,
}

/// Rows that the marks may take; kept free where there are fewer, so that nothing jumps.
const MARK_ROWS: usize = 2;

/// Classes and how the values lie in them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LegendScale {
    /// Classes from low to high.
    pub classes: Vec<LegendClass>,
    /// Areas in equal steps from the least to the greatest break, per class.
    pub heap: Vec<Vec<usize>>,
    /// Message that names how the classes were found.
    pub method_key: &'static str,
    /// Level of the areas that are coloured.
    pub level: usize,
    /// Hexagons, where events are counted together.
    pub density: Option<DensityScale>,
}

/// How many events hexagons stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DensityScale {
    /// The greatest count of one.
    pub most: u64,
    /// From one side of a hexagon to the other, in metres on the ground.
    pub across_meters: f64,
}

/// Height of the heap of values, in rows.
const HEAP_ROWS: f32 = 1.3;

/// Height of the panel.
#[must_use]
pub fn height(pen: Pen<'_>) -> f32 {
    pen.row(pen.body()) + pen.step() * 2.0 + pen.row(pen.note()) * (4.0 + HEAP_ROWS + whole(MARK_ROWS))
}

/// Paints classes with the values in them, marks and severities.
pub fn legend_ui(
    pen: Pen<'_>,
    rect: Rect,
    view: &View<'_>,
    scale: &LegendScale,
    marks: &Marks,
    commands: &mut Commands,
) {
    let Some(indicator) = view.indicator() else { return };
    let step = pen.step();
    let (title, rest) = cut_top(rect, pen.row(pen.body()));
    let room = method_ui(pen, title, view, scale, commands);
    let unit = view.text.unit_name(&indicator.unit);
    let words = format!("{} {unit}", view.say(indicator.card_name()));
    // A long name goes smaller before it loses its unit.
    let at = pen.fitted(room, Align2::LEFT_CENTER, &words, pen.body(), 0.8);
    pen.name(at, "legend title", &words);
    let rest = rest.with_min_y(rest.top() + step * 0.5);
    let (heap, rest) = cut_top(rest, pen.row(pen.note()) * HEAP_ROWS);
    heap_ui(pen, heap, scale);
    let (bar, rest) = cut_top(rest, pen.row(pen.note()));
    let (labels, rest) = cut_top(rest.with_min_y(rest.top() + step * 0.25), pen.row(pen.note()));
    classes_ui(pen, bar, labels, view, (&scale.classes, target_of(scale, indicator)), indicator.decimals);
    let (rows, rest) = cut_top(rest, pen.row(pen.note()) * whole(MARK_ROWS));
    marks_ui(pen, rows, view, (marks, scale.level), commands);
    let (row, rest) = cut_top(rest.with_min_y(rest.top() + step * 0.5), pen.row(pen.note()));
    density_ui(pen, row, view, scale.density);
    let (row, _) = cut_top(rest.with_min_y(rest.top() + step * 0.25), pen.row(pen.note()));
    severities_ui(pen, row, view);
}

/// The target that classes lie around, where one is a break.
fn target_of(scale: &LegendScale, indicator: &Indicator) -> Option<f64> {
    let target = indicator.target.as_ref().and_then(|target| target.value)?;
    scale.classes.iter().map(|class| class.low).find(|low| (low - target).abs() < 1e-9)
}

/// How the classes were found, at the right end of a line; a press takes the next way. What remains of the line.
fn method_ui(
    pen: Pen<'_>,
    line: Rect,
    view: &View<'_>,
    scale: &LegendScale,
    commands: &mut Commands,
) -> Rect {
    if scale.classes.is_empty() {
        return line;
    }
    let step = pen.step();
    let words = view.text.get(scale.method_key);
    let ink = pen.note().color(pen.theme.accent);
    let (rest, place) = cut_right(line, pen.width(words, ink) + step);
    let said = view.text.fill("panel.legend.classing", &[("method", words)]);
    let response = pen.press(place, "classing", &said);
    pen.hover_ground(place, &response);
    pen.text(place, Align2::RIGHT_CENTER, words, ink);
    pen.tip(place, "classing tip", || said.clone());
    if response.clicked() {
        commands.push(Command::StepClassing);
    }
    rest.with_max_x(rest.right() - step)
}

/// The values of the areas on an even scale, in the colours of their classes, with a tick at each break.
fn heap_ui(pen: Pen<'_>, rect: Rect, scale: &LegendScale) {
    let most = scale.heap.iter().map(|s| s.iter().sum::<usize>()).max().unwrap_or(0);
    let (Some(first), Some(last)) = (scale.classes.first(), scale.classes.last()) else { return };
    if most == 0 {
        return;
    }
    let theme = pen.theme;
    let hairline = theme.sizes.hairline;
    let ground = rect.bottom() - pen.step() * 0.6;
    let unit = (ground - rect.top()) / whole(most);
    let width = rect.width() / whole(scale.heap.len());
    for (i, counts) in scale.heap.iter().enumerate() {
        let left = rect.left() + width * whole(i);
        let mut bottom = ground;
        for (class, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let top = bottom - unit * whole(*count);
            let bar = Rect::from_min_max(
                pos2(left + hairline * 0.5, top),
                pos2(left + width - hairline * 0.5, bottom),
            );
            let color = scale.classes.get(class).map_or(theme.no_data, |c| c.color);
            pen.painter().rect_filled(bar, 0.0, color);
            // The darkest class would be lost on the ground.
            pen.painter().rect_stroke(bar, 0.0, Stroke::new(hairline * 0.6, theme.muted), StrokeKind::Inside);
            bottom = top;
        }
    }
    pen.painter().hline(rect.x_range(), ground, Stroke::new(hairline, theme.line));
    let all = last.high - first.low;
    let breaks = scale.classes.iter().map(|c| c.low).chain([last.high]);
    for value in breaks.filter(|_| all > 0.0) {
        let x = rect.left() + rect.width() * share(value - first.low, all);
        pen.painter().vline(x, ground..=ground + pen.step() * 0.4, Stroke::new(hairline, theme.muted));
    }
}

fn classes_ui(
    pen: Pen<'_>,
    bar: Rect,
    labels: Rect,
    view: &View<'_>,
    (classes, target): (&[LegendClass], Option<f64>),
    decimals: usize,
) {
    if classes.is_empty() {
        return;
    }
    let width = bar.width() / whole(classes.len());
    let mut free_from = labels.left();
    for (i, class) in classes.iter().enumerate() {
        let part =
            Rect::from_min_size(pos2(bar.left() + width * whole(i), bar.top()), vec2(width, bar.height()));
        pen.painter().rect_filled(part.shrink2(vec2(0.5, 0.0)), 0.0, class.color);
        if class.areas > 0 {
            let ink = pen.note().color(pen.theme.on(class.color));
            pen.text(part, Align2::CENTER_CENTER, &class.areas.to_string(), ink);
        }
        let range = format::interval(Some((class.low, class.high)), decimals, view.text);
        pen.tip(part, ("class", i), || {
            view.text.fill("panel.legend.class", &[("range", &range), ("n", &class.areas.to_string())])
        });
        // A break stands under the edge between two classes; those that would touch are left out.
        let last = i + 1 == classes.len();
        let edge = |value: f64, x: f32, free_from: &mut f32| {
            let words = format::bound(value, decimals);
            let is_target = target == Some(value);
            let ink = if is_target { pen.note().bold().color(pen.theme.text) } else { pen.note() };
            let wide = pen.width(&words, ink);
            let left = (x - wide * 0.5).clamp(labels.left(), labels.right() - wide);
            if is_target {
                let stroke = Stroke::new(pen.theme.sizes.hairline * 2.0, pen.theme.text);
                pen.painter().vline(x, bar.top()..=labels.top() + pen.step() * 0.5, stroke);
            }
            if left >= *free_from {
                let place = Rect::from_min_size(pos2(left, labels.top()), vec2(wide, labels.height()));
                pen.text(place, Align2::CENTER_CENTER, &words, ink);
                *free_from = left + wide + pen.step() * 1.5;
            }
        };
        edge(class.low, part.left(), &mut free_from);
        if last {
            edge(class.high, part.right(), &mut free_from);
        }
    }
}

/// An entry for each mark that occurs on the map: how the area looks, the sign, how many areas; what it means on hover.
fn marks_ui(
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

/// What hexagons count: the smallest and the largest as they are drawn, and how wide one is. Events that stand singly say
/// so; the place is kept free for either.
fn density_ui(pen: Pen<'_>, row: Rect, view: &View<'_>, density: Option<DensityScale>) {
    let text = view.text;
    let Some(scale) = density else {
        let key = if view.snapshot.is_whole { "panel.legend.single" } else { "panel.events.reading" };
        let at = pen.named_text(row, Align2::LEFT_CENTER, text.get(key), pen.note());
        if view.snapshot.is_whole {
            others_ui(pen, row.with_min_x(at.right() + pen.step() * 1.5), view);
        }
        return;
    };
    let step = pen.step();
    let most = format::count(scale.most);
    let across = format::rounded_meters(scale.across_meters, text);
    let means = text.fill(
        "panel.legend.density_means",
        &[("most", &most), ("across", &across), ("filter", &event_filter::words(view))],
    );
    let mut x = row.left();
    for (count, shown) in [(1, "1"), (scale.most, most.as_str())] {
        let fullness = hexagon::fullness(count, scale.most);
        let radius = row.height() * 0.46 * hexagon::share(fullness);
        let center = pos2(x + row.height() * 0.46, row.center().y);
        let color = pen.theme.severity(2);
        let fill = hexagon::fill(pen.theme, color, fullness);
        let stroke = Stroke::new(pen.theme.sizes.hairline * hexagon::edge(fullness), color);
        pen.painter().add(egui::Shape::convex_polygon(hexagon::corners(center, radius), fill, stroke));
        let place = row.with_min_x(x + row.height() * 0.92 + step * 0.5);
        x = pen.text(place, Align2::LEFT_CENTER, shown, pen.note().color(pen.theme.text)).right() + step;
    }
    let words = text.fill("panel.legend.density", &[("across", &across)]);
    pen.text(row.with_min_x(x + step * 0.5), Align2::LEFT_CENTER, &words, pen.note());
    pen.name(row, "density", &means);
    pen.tip(row, "density tip", || means.clone());
}

/// What else stands on the map: counts of events without a place, and drills; as far as there is room.
fn others_ui(pen: Pen<'_>, row: Rect, view: &View<'_>) {
    let step = pen.step();
    let mut row = row;
    for (sign, key, is_boxed) in
        [("n", "panel.legend.by_area", true), (view.text.get("map.exercise_letter"), "map.exercise", false)]
    {
        let words = view.text.get(key);
        let ink = pen.note().bold().color(pen.theme.text);
        let (wide, size) = (pen.width(words, pen.note()), pen.width(sign, ink) + step);
        if size + step * 0.75 + wide > row.width() {
            return;
        }
        let (place, rest) = cut_left(row, size);
        if is_boxed {
            let chip = Rect::from_center_size(place.center(), vec2(size, row.height() * 0.8));
            pen.painter().rect_filled(chip, step * 0.4, pen.theme.surface);
            let stroke = Stroke::new(pen.theme.sizes.hairline, pen.theme.muted);
            pen.painter().rect_stroke(chip, step * 0.4, stroke, StrokeKind::Inside);
        }
        pen.text(place, Align2::CENTER_CENTER, sign, ink);
        let at = pen.named_text(
            rest.with_min_x(rest.left() + step * 0.75),
            Align2::LEFT_CENTER,
            words,
            pen.note(),
        );
        row = rest.with_min_x(at.right() + step * 1.5);
    }
}

fn severities_ui(pen: Pen<'_>, row: Rect, view: &View<'_>) {
    let step = pen.step();
    let size = pen.theme.sizes.small * 0.8;
    let words: Vec<(u8, &str)> = [4_u8, 3, 2, 1].map(|s| (s, view.text.get(severity_key(s)))).to_vec();
    let wide: f32 = words.iter().map(|(_, w)| pen.width(w, pen.note()) + size + step * 1.25).sum();
    let gap = ((row.width() - wide) / 3.0).clamp(step * 0.5, step * 3.0);
    let mut x = row.left();
    for (severity, word) in words {
        marks::severity(pen.painter(), pen.theme, pos2(x + size * 0.6, row.center().y), size, severity);
        let place = row.with_min_x(x + size + step * 1.25);
        let at = pen.text(place, Align2::LEFT_CENTER, word, pen.note());
        x = at.right() + gap;
    }
}
