//! What the colours and marks of the map mean: classes with their breaks, how they were found and how the areas lie in
//! them, and what `legend_marks` and `legend_events` say of marks and events; all of it or a short form. Owns no classes
//! itself.

use egui::{Align2, Color32, Rect, Stroke, StrokeKind, Vec2, pos2, vec2};

use crate::command::Command;
use crate::panels::legend_events::{density_ui, severities_brief_ui, severities_ui};
use crate::panels::legend_marks::marks_ui;
use crate::panels::pen::{Pen, cut_right, cut_top, share, whole};
use crate::panels::{Commands, View, format};
use crate::privacy::marks::Marks;
use crate::site::catalogue::Indicator;

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

/// How much of the legend is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// All of it, always.
    Fixed,
    /// All of it, with the way to the short one.
    Whole,
    /// Classes and severities only, with the way to all of it.
    Short,
}

impl Form {
    /// That of a legend over a map: short where the whole would cover too much of its height, and the other one where
    /// the user asked for it.
    #[must_use]
    pub fn over(pen: Pen<'_>, map: Rect, view: &View<'_>) -> Self {
        const MOST_SHARE: f32 = 0.45;
        let is_short = height(pen) > map.height() * MOST_SHARE;
        if is_short == view.state.legend_turned { Self::Whole } else { Self::Short }
    }

    /// Width and height of the panel.
    #[must_use]
    pub fn size(self, pen: Pen<'_>) -> Vec2 {
        match self {
            Self::Fixed | Self::Whole => vec2(pen.step() * 46.0, height(pen)),
            Self::Short => {
                vec2(pen.step() * 30.0, pen.row(pen.body()) + pen.step() + pen.row(pen.note()) * 3.0)
            }
        }
    }
}

/// Paints classes with the values in them, marks and severities.
pub fn legend_ui(
    pen: Pen<'_>,
    rect: Rect,
    view: &View<'_>,
    (scale, form): (&LegendScale, Form),
    marks: &Marks,
    commands: &mut Commands,
) {
    let Some(indicator) = view.indicator() else { return };
    let step = pen.step();
    let (title, rest) = cut_top(rect, pen.row(pen.body()));
    let room = fold_ui(pen, title, view, form, commands);
    let room = if form == Form::Short { room } else { method_ui(pen, room, view, scale, commands) };
    let unit = view.text.unit_name(&indicator.unit);
    let words = format!("{} {unit}", view.say(indicator.card_name()));
    // A long name goes smaller before it loses its unit.
    let at = pen.fitted(room, Align2::LEFT_CENTER, &words, pen.body(), 0.8);
    pen.name(at, "legend title", &words);
    let rest = rest.with_min_y(rest.top() + step * 0.5);
    let classes = (scale.classes.as_slice(), target_of(scale, indicator));
    if form == Form::Short {
        let (bar, rest) = cut_top(rest, pen.row(pen.note()));
        let (labels, rest) = cut_top(rest, pen.row(pen.note()));
        classes_ui(pen, bar, labels, view, classes, indicator.decimals);
        let (row, _) = cut_top(rest.with_min_y(rest.top() + step * 0.5), pen.row(pen.note()));
        severities_brief_ui(pen, row, view);
        return;
    }
    let (heap, rest) = cut_top(rest, pen.row(pen.note()) * HEAP_ROWS);
    heap_ui(pen, heap, scale);
    let (bar, rest) = cut_top(rest, pen.row(pen.note()));
    let (labels, rest) = cut_top(rest.with_min_y(rest.top() + step * 0.25), pen.row(pen.note()));
    classes_ui(pen, bar, labels, view, classes, indicator.decimals);
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

/// The way to the other form, at the right end of the line: a tip that points to where the legend goes. What remains of the
/// line.
fn fold_ui(pen: Pen<'_>, line: Rect, view: &View<'_>, form: Form, commands: &mut Commands) -> Rect {
    let (key, down) = match form {
        Form::Fixed => return line,
        Form::Whole => ("panel.legend.shorter", -1.0),
        Form::Short => ("panel.legend.whole", 1.0),
    };
    let step = pen.step();
    let (rest, place) = cut_right(line, line.height());
    let words = view.text.get(key);
    let response = pen.press(place, "legend fold", words);
    pen.hover_ground(place, &response);
    let (middle, off) = (place.center(), vec2(step * 0.6, step * 0.3 * down));
    let stroke = Stroke::new(pen.theme.sizes.hairline * 1.6, pen.theme.accent);
    let tip = middle + vec2(0.0, off.y);
    for side in [-off.x, off.x] {
        pen.painter().line_segment([middle + vec2(side, -off.y), tip], stroke);
    }
    pen.tip(place, "legend fold tip", || words.to_owned());
    if response.clicked() {
        commands.push(Command::ToggleLegend);
    }
    rest.with_max_x(rest.right() - step)
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
