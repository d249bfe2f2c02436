//! The funnel plot: the areas by size and value, with the limits within which they differ by chance alone. Owns its axes,
//! the shape of a point and the sentence; limits and places are `derived`'s.

use egui::{Align2, Mesh, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

use crate::command::Command;
use crate::derived::funnel::{Curve, Funnel, Place, Rough, Spot};
use crate::derived::kind::Kind;
use crate::derived::words as derived_words;
use crate::panels::pen::{Pen, cut_left, cut_top, whole};
use crate::panels::series_cache::SeriesCache;
use crate::panels::{Commands, View, format, marks, trend, words};
use crate::privacy::shown::{ScalePoint, Shown, Told};
use crate::site::areas::AreaId;
use crate::site::catalogue::Indicator;

/// The area whose areas are compared: the chosen one where the indicator is shown inside it, else the one that holds it.
#[must_use]
pub fn compared_in(view: &View<'_>, indicator: &Indicator) -> AreaId {
    let area = trend::trend_area(view, indicator);
    let row = view.site.areas.get(area);
    let is_shown = row.children.first().is_some_and(|child| view.site.is_shown_at(indicator, *child));
    if is_shown { area } else { row.parent.unwrap_or(area) }
}

/// Whether there is a plot, and not only a word why there is none.
pub fn has_plot(view: &View<'_>, series: &mut SeriesCache) -> bool {
    let area = view.indicator().map(|indicator| compared_in(view, indicator));
    area.is_some_and(|area| series.funnel(view, view.state.indicator, area).is_some())
}

/// Paints the plot into the whole of a ui; with the way to close it where it was opened.
pub fn funnel_ui(ui: &mut Ui, view: &View<'_>, series: &mut SeriesCache, commands: &mut Commands) {
    let Some(indicator) = view.indicator() else { return };
    let (rect, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    let pen = Pen::new(ui, view.theme);
    let area = compared_in(view, indicator);
    let funnel = series.funnel(view, view.state.indicator, area);
    let (line, rest) = cut_top(rect, pen.row(pen.heading()));
    let name = view.say(indicator.card_name());
    let title = view.text.fill("derived.plot.title", &[("name", name)]);
    let close = if view.state.funnel_open { view.text.get("derived.plot.close") } else { "" };
    let close_wide = pen.width(close, pen.note());
    pen.named_text(
        line.with_max_x(line.right() - close_wide - pen.step() * 2.0),
        Align2::LEFT_CENTER,
        &title,
        pen.heading(),
    );
    let close_place = line.with_min_x(line.right() - close_wide);
    if view.state.funnel_open && pen.press(close_place, "close funnel", close).clicked() {
        commands.push(Command::ToggleFunnel);
    }
    pen.text(close_place, Align2::RIGHT_CENTER, close, pen.note());
    let (line, rest) = cut_top(rest, pen.row(pen.note()));
    let about =
        format!("{} · {}", words::area_name(view, area), format::window(&indicator.window, view.text));
    pen.named_text(line, Align2::LEFT_CENTER, &about, pen.note());
    let Some(funnel) = funnel else {
        let nature = view.snapshot.vantage(view.site).source.nature(view.state.indicator);
        let key = if matches!(nature.kind, Kind::Share | Kind::Rate) {
            "derived.plot.too_few"
        } else {
            "derived.plot.no_funnel"
        };
        let words = view.text.get(key);
        let place = rest.with_min_y(rest.top() + pen.step() * 2.0);
        pen.wrapped(place, words, pen.body().color(pen.theme.muted), 4);
        pen.name(place, "no funnel", words);
        return;
    };
    let (line, rest) = cut_top(rest, pen.row(pen.body()));
    let (warns, words) = sentence(view, &funnel);
    let ink = pen.body().color(if warns { pen.theme.warn } else { pen.theme.text });
    pen.named_text(line, Align2::LEFT_CENTER, &words, ink);
    let foot = pen.row(pen.note()) * whole(FOOT_ROWS);
    let (plot, foot) = rest.split_top_bottom_at_y(rest.bottom() - foot);
    let limits = series.limits(&funnel, sizes(&funnel), STEPS);
    plot_ui(pen, plot.with_min_y(plot.top() + pen.step()), view, indicator, (&funnel, &limits), commands);
    foot_ui(pen, foot, view, &funnel);
}

/// Rows of small text below the plot.
const FOOT_ROWS: usize = 2;

/// What the plot says in one sentence, and whether it is a warning.
fn sentence(view: &View<'_>, funnel: &Funnel) -> (bool, String) {
    let outside: Vec<String> = funnel
        .spots
        .iter()
        .filter(|spot| spot.place != Place::Inside)
        .map(|spot| {
            let name = words::short_name(view, spot.area);
            let place = derived_words::place(view.text, spot.place);
            view.text.fill("derived.plot.outside", &[("area", name), ("place", place)])
        })
        .collect();
    if !outside.is_empty() {
        return (true, outside.join(view.text.get("derived.complete.joint")));
    }
    let key = if funnel.spots.is_empty() { "derived.plot.none_judged" } else { "derived.plot.usual" };
    (false, view.text.get(key).to_owned())
}

/// What the points are, and by what the limits were found.
fn foot_ui(pen: Pen<'_>, foot: Rect, view: &View<'_>, funnel: &Funnel) {
    let text = view.text;
    let (line, rest) = cut_top(foot, pen.row(pen.note()));
    let mut at = line;
    let size = pen.theme.sizes.body * 0.7;
    let entries: [(Dot, &str, bool); 4] = [
        (Dot::Inside, "derived.plot.dot_inside", funnel.spots.iter().any(|s| s.place == Place::Inside)),
        (Dot::Warning, "derived.plot.dot_95", has(funnel, |p| matches!(p, Place::Outside95 { .. }))),
        (Dot::Action, "derived.plot.dot_998", has(funnel, |p| matches!(p, Place::Outside998 { .. }))),
        (Dot::Rough, "derived.plot.dot_rough", !funnel.rough.is_empty()),
    ];
    for (dot, key, _) in entries.into_iter().filter(|(_, _, occurs)| *occurs) {
        let word = text.get(key);
        let (mark, after) = cut_left(at, size + pen.step());
        dot_ui(pen, pos2(mark.left() + size * 0.5, mark.center().y), size, dot);
        let used = pen.named_text(after, Align2::LEFT_CENTER, word, pen.note());
        at = after.with_min_x((used.right() + pen.step() * 2.0).min(after.right()));
    }
    let law = if funnel.kind == Kind::Share { "derived.plot.binomial" } else { "derived.plot.poisson" };
    let mut parts = vec![text.get(law).to_owned()];
    if funnel.dispersion > 1.0 {
        let by = format::bound(funnel.dispersion.sqrt(), 1);
        parts.push(text.fill("derived.plot.dispersion", &[("by", &by)]));
    }
    let unseen = funnel.left_out.saturating_sub(funnel.rough.len());
    if unseen > 0 {
        parts.push(text.fill("derived.plot.left_out", &[("n", &unseen.to_string())]));
    }
    let note = parts.join(text.get("marks.join"));
    pen.text(rest, Align2::LEFT_TOP, &note, pen.note());
    pen.name(rest, "funnel method", &note);
}

fn has(funnel: &Funnel, is_it: impl Fn(Place) -> bool) -> bool {
    funnel.spots.iter().any(|spot| is_it(spot.place))
}

/// How a point is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dot {
    /// Within what chance explains: a small disc.
    Inside,
    /// Outside 95 %: a hollow diamond around the disc.
    Warning,
    /// Outside 99.8 %: a full diamond in a ring.
    Action,
    /// Told only roughly: a ring.
    Rough,
}

fn dot_ui(pen: Pen<'_>, center: Pos2, size: f32, dot: Dot) {
    let theme = pen.theme;
    let thin = Stroke::new((size * 0.12).max(1.0), theme.warn);
    match dot {
        Dot::Inside => {
            pen.painter().circle_filled(center, size * 0.36, theme.outline);
        }
        Dot::Warning => {
            pen.painter().circle_filled(center, size * 0.22, theme.warn);
            marks::diamond(pen.painter(), center, size * 1.15, thin);
        }
        Dot::Action => {
            marks::severity(pen.painter(), theme, center, size * 0.8, 2);
            marks::diamond(pen.painter(), center, size * 1.5, thin);
        }
        Dot::Rough => {
            pen.painter().circle_stroke(center, size * 0.34, Stroke::new(thin.width, theme.outline));
        }
    }
}

/// Both axes.
struct Axes {
    plot: Rect,
    base: (f64, f64),
    value: (f64, f64),
}

impl Axes {
    fn of(plot: Rect, funnel: &Funnel, curve: &[Curve], base: (f64, f64)) -> Self {
        let mut value = (funnel.center, funnel.center);
        let mut hold = |v: f64| value = (value.0.min(v), value.1.max(v));
        funnel.spots.iter().for_each(|spot| hold(spot.value));
        let rough = funnel.rough.iter().filter_map(|rough| rough.value.point());
        rough.map(ScalePoint::on_axis).for_each(&mut hold);
        // The limits of the smallest are far apart; of the first few only so much is drawn that the rest is seen.
        for limits in curve.iter().skip(curve.len() / 6) {
            hold(limits.action.0);
            hold(limits.action.1);
        }
        let pad = (value.1 - value.0).max(value.1.abs() * 1e-3).max(1e-9) * 0.06;
        Self { plot, base, value: (value.0 - pad, value.1 + pad) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a place on a screen")]
    fn at(&self, base: f64, value: f64) -> Pos2 {
        // Limits of the smallest areas may lie outside; they are clipped, not bent.
        let part = |at: f64, (low, high): (f64, f64)| ((at - low) / (high - low)) as f32;
        let (x, y) = (part(base, self.base), part(value, self.value));
        pos2(self.plot.left() + self.plot.width() * x, self.plot.bottom() - self.plot.height() * y)
    }
}

/// Steps of a limit's curve.
const STEPS: u32 = 48;

/// Sizes that are drawn: from somewhat below the smallest area to somewhat above the largest.
fn sizes(funnel: &Funnel) -> (f64, f64) {
    let rough = funnel.rough.iter().filter_map(|r| r.base.point()).map(ScalePoint::on_axis);
    let bases = funnel.spots.iter().map(|spot| spot.base).chain(rough);
    let (low, high) =
        bases.fold((f64::INFINITY, 0.0_f64), |(low, high), base| (low.min(base), high.max(base)));
    ((low * 0.6).max(1.0).min(high), (high * 1.08).max(low + 1.0))
}

fn plot_ui(
    pen: Pen<'_>,
    rect: Rect,
    view: &View<'_>,
    indicator: &Indicator,
    (funnel, curve): (&Funnel, &[Curve]),
    commands: &mut Commands,
) {
    let row = pen.row(pen.note());
    let plot = Rect::from_min_max(
        rect.min + vec2(pen.step() * 8.0, row * 0.5),
        rect.max - vec2(pen.step() * 2.0, row * 2.2),
    );
    let base = sizes(funnel);
    let axes = Axes::of(plot, funnel, curve, base);
    axes_ui(pen, &axes, view, indicator);
    limits_ui(pen, &axes, curve);
    let center_y = axes.at(base.0, funnel.center).y;
    pen.painter().hline(
        plot.x_range(),
        center_y,
        Stroke::new(pen.theme.sizes.hairline * 1.5, pen.theme.text),
    );
    // Those that stand out get their names first.
    let (outside, inside): (Vec<&Spot>, Vec<&Spot>) =
        funnel.spots.iter().partition(|spot| spot.place != Place::Inside);
    let exact = outside.into_iter().chain(inside).map(|spot| Point::of(view, spot));
    let points: Vec<Point<'_>> =
        exact.chain(funnel.rough.iter().map(|rough| Point::roughly(view, rough))).collect();
    let mut taken: Vec<Rect> = Vec::new();
    for point in &points {
        point_ui(pen, &axes, view, indicator, point, &mut taken, commands);
    }
}

fn axes_ui(pen: Pen<'_>, axes: &Axes, view: &View<'_>, indicator: &Indicator) {
    let plot = axes.plot;
    let row = pen.row(pen.note());
    let faint = Stroke::new(pen.theme.sizes.hairline, pen.theme.line.gamma_multiply(0.6));
    let (step, ticks) = trend::ticks(axes.value.0, axes.value.1);
    for value in ticks {
        let y = axes.at(axes.base.0, value).y;
        pen.painter().hline(plot.x_range(), y, faint);
        let place = Rect::from_min_max(
            pos2(plot.left() - pen.step() * 8.0, y - row * 0.5),
            pos2(plot.left() - pen.step() * 0.75, y + row * 0.5),
        );
        pen.text(place, Align2::RIGHT_CENTER, &format::bound(value, trend::decimals(step)), pen.note());
    }
    let (step, ticks) = trend::ticks(axes.base.0, axes.base.1);
    for base in ticks {
        let x = axes.at(base, axes.value.0).x;
        pen.painter().vline(x, plot.bottom()..=plot.bottom() + pen.step() * 0.5, faint);
        let place = Rect::from_center_size(pos2(x, plot.bottom() + row * 0.7), vec2(pen.step() * 12.0, row));
        pen.text(place, Align2::CENTER_CENTER, &format::bound(base, trend::decimals(step)), pen.note());
    }
    pen.painter().hline(plot.x_range(), plot.bottom(), Stroke::new(faint.width, pen.theme.line));
    let unit = view.text.unit_name(&indicator.unit);
    let words = view.text.fill("derived.plot.axes", &[("unit", unit)]);
    let place = Rect::from_x_y_ranges(plot.x_range(), plot.bottom() + row * 1.2..=plot.bottom() + row * 2.2);
    pen.named_text(place, Align2::CENTER_CENTER, &words, pen.note());
}

/// The region inside 95 % lightly filled; 95 % dashed, 99.8 % in full.
fn limits_ui(pen: Pen<'_>, axes: &Axes, curve: &[Curve]) {
    let painter = pen.painter().with_clip_rect(axes.plot.intersect(pen.painter().clip_rect()));
    let theme = pen.theme;
    let line = |value: &dyn Fn(&Curve) -> f64| -> Vec<Pos2> {
        curve.iter().map(|limits| axes.at(limits.base, value(limits))).collect()
    };
    let mut mesh = Mesh::default();
    let color = theme.outline.gamma_multiply(0.1);
    for pair in curve.windows(2) {
        let [a, b] = pair else { continue };
        let first = u32::try_from(mesh.vertices.len()).unwrap_or(0);
        for at in [
            axes.at(a.base, a.warning.0),
            axes.at(a.base, a.warning.1),
            axes.at(b.base, b.warning.0),
            axes.at(b.base, b.warning.1),
        ] {
            mesh.colored_vertex(at, color);
        }
        mesh.add_triangle(first, first + 1, first + 2);
        mesh.add_triangle(first + 1, first + 2, first + 3);
    }
    painter.add(Shape::mesh(mesh));
    let stroke = Stroke::new(theme.sizes.hairline * 1.5, theme.muted);
    for side in [|c: &Curve| c.warning.0, |c: &Curve| c.warning.1] {
        painter.extend(Shape::dashed_line(&line(&side), stroke, pen.step() * 0.7, pen.step() * 0.5));
    }
    for side in [|c: &Curve| c.action.0, |c: &Curve| c.action.1] {
        painter.add(Shape::line(line(&side), stroke));
    }
}

/// A point as it is told.
struct Point<'a> {
    area: AreaId,
    dot: Dot,
    value: Shown,
    base: Shown,
    /// Where it stands, in words.
    place: &'a str,
}

impl<'a> Point<'a> {
    fn of(view: &View<'a>, spot: &Spot) -> Self {
        let dot = match spot.place {
            Place::Inside => Dot::Inside,
            Place::Outside95 { .. } => Dot::Warning,
            Place::Outside998 { .. } => Dot::Action,
        };
        let place = match spot.place {
            Place::Inside => view.text.get("derived.standing.usual"),
            outside => derived_words::place(view.text, outside),
        };
        Self { area: spot.area, dot, value: Shown::Value(spot.value), base: Shown::Value(spot.base), place }
    }

    fn roughly(view: &View<'a>, rough: &Rough) -> Self {
        let place = view.text.get("derived.plot.not_judged");
        Self { area: rough.area, dot: Dot::Rough, value: rough.value, base: rough.base, place }
    }

    fn at(&self, axes: &Axes) -> Option<Pos2> {
        Some(axes.at(self.base.point()?.on_axis(), self.value.point()?.on_axis()))
    }
}

/// A point that can be pressed, and its name where there is room for it.
fn point_ui(
    pen: Pen<'_>,
    axes: &Axes,
    view: &View<'_>,
    indicator: &Indicator,
    point: &Point<'_>,
    taken: &mut Vec<Rect>,
    commands: &mut Commands,
) {
    let Some(center) = point.at(axes) else { return };
    let theme = pen.theme;
    let size = theme.sizes.body * 0.7;
    open_sides_ui(pen, axes, center, size, point);
    dot_ui(pen, center, size, point.dot);
    let name = words::short_name(view, point.area);
    let value = format::shown(point.value, indicator.decimals, &indicator.unit, view.text);
    let base = view.text.fill("derived.plot.base", &[("base", &format::bare(point.base, 0, view.text))]);
    let spoken = [name, &value, &base, point.place].join(view.text.get("derived.complete.joint"));
    let target = Rect::from_center_size(center, vec2(1.0, 1.0) * (size * 1.8).max(20.0));
    let response = pen.press(target, ("funnel", point.area), &spoken);
    let is_chosen = point.area == view.state.area;
    if response.hovered() || is_chosen {
        let stroke = Stroke::new(theme.sizes.hairline * 2.0, theme.accent);
        pen.painter().circle_stroke(center, size * 0.95, stroke);
    }
    pen.tip(target, ("funnel tip", point.area), || {
        [words::area_name(view, point.area), &value, &base, point.place].join("\n")
    });
    if response.clicked() {
        commands.push(Command::SelectArea(point.area));
    }
    let ink = if is_chosen { pen.note().color(theme.accent).bold() } else { pen.note().color(theme.text) };
    let wide = pen.width(name, ink);
    let row = pen.row(ink);
    let away = size * 0.9;
    let right = Rect::from_min_size(pos2(center.x + away, center.y - row * 0.5), vec2(wide, row));
    let left = right.translate(vec2(-wide - away * 2.0, 0.0));
    let above = Rect::from_center_size(center - vec2(0.0, row * 0.5 + away * 0.7), vec2(wide, row));
    let below = above.translate(vec2(0.0, row + away * 1.4));
    let is_free =
        |place: &Rect| axes.plot.contains_rect(*place) && taken.iter().all(|t| !t.intersects(*place));
    if let Some(place) = [right, left, above, below].into_iter().find(is_free) {
        // Over lines, but read.
        pen.painter().rect_filled(place, row * 0.2, theme.surface.gamma_multiply(0.8));
        pen.text(place, Align2::CENTER_CENTER, name, ink);
        taken.push(place);
    }
    taken.push(Rect::from_center_size(center, vec2(size, size)));
}

/// "So many or more" goes on to its open side; "about so many" to both, as far as it may be off.
fn open_sides_ui(pen: Pen<'_>, axes: &Axes, center: Pos2, size: f32, point: &Point<'_>) {
    let stroke = Stroke::new(pen.theme.sizes.hairline * 1.5, pen.theme.outline.gamma_multiply(0.7));
    let reach = size * 1.6;
    match (point.value.told(), point.value.range()) {
        (Some(Told::AtLeast), _) => {
            let end = center - vec2(0.0, reach);
            pen.painter().line_segment([center - vec2(0.0, size * 0.34), end], stroke);
            marks::way(pen.painter(), end, size * 0.5, marks::Way::Up, stroke.color);
        }
        (Some(Told::About), Some((low, high))) => {
            let y = |value: f64| axes.at(axes.base.0, value).y.clamp(axes.plot.top(), axes.plot.bottom());
            pen.painter().vline(center.x, y(high)..=y(low), stroke);
        }
        _ => {}
    }
    match (point.base.told(), point.base.range()) {
        (Some(Told::AtLeast), _) => {
            let end = pos2((center.x + reach).min(axes.plot.right()), center.y);
            pen.painter().line_segment([center + vec2(size * 0.34, 0.0), end], stroke);
            for side in [-1.0, 1.0] {
                pen.painter().line_segment([end, end + vec2(-size * 0.3, side * size * 0.3)], stroke);
            }
        }
        (Some(Told::About), Some((low, high))) => {
            let x = |base: f64| axes.at(base, axes.value.0).x.clamp(axes.plot.left(), axes.plot.right());
            pen.painter().hline(x(low)..=x(high), center.y, stroke);
        }
        _ => {}
    }
}
