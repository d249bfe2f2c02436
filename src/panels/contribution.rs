//! What each area inside adds to the change of the chosen indicator, as bars to both sides of a line. Owns the bars and
//! how an area that is not told exactly is marked; the parts are `derived`'s.

use egui::{Align2, Rect, Sense, Stroke, Ui, pos2, vec2};

use crate::derived::contribution::Contribution;
use crate::derived::words as derived_words;
use crate::panels::pen::{Pen, cut_left, cut_right, share, whole};
use crate::panels::series_cache::SeriesCache;
use crate::panels::{View, format, marks, words};
use crate::privacy::shown::{ScalePoint, Shown};
use crate::site::areas::AreaId;
use crate::site::catalogue::Indicator;

/// Most areas with a bar of their own; those that add least share one.
const MOST: usize = 8;

/// One bar.
struct Bar {
    name: String,
    adds: Shown,
    /// Whether it stands for more than an area: what is left.
    is_rest: bool,
}

/// Paints heading and bars; nothing where a change cannot be shared out over areas.
pub fn contribution_ui(
    ui: &mut Ui,
    view: &View<'_>,
    indicator: &Indicator,
    area: AreaId,
    series: &mut SeriesCache,
) {
    let Some(shares) = series.shares(view, view.state.indicator, area) else { return };
    let Some(found) = &shares.contribution else { return };
    let decimals = if found.is_split { indicator.decimals + 1 } else { indicator.decimals };
    let unit = unit_of_difference(view, indicator);
    let day = format::full_day(shares.period.against + format::shift_days(view.snapshot.shift_secs), false);
    let change = format!("{}{unit}", format::signed(Shown::Value(found.change), decimals, view.text));
    let title = view.text.fill("derived.bars.title", &[("change", &change), ("day", &day)]);
    let width = ui.available_width();
    let pen = Pen::new(ui, view.theme);
    let ink = pen.note().color(view.theme.text).bold();
    let (tall, gap) = (pen.wrapped_height(width, &title, ink, 2), pen.step() * 0.5);
    let (place, _) = ui.allocate_exact_size(vec2(width, tall + gap * 2.0), Sense::hover());
    let pen = Pen::new(ui, view.theme);
    pen.hairline(place.left(), place.right(), place.top());
    let place = place.with_min_y(place.top() + gap);
    pen.wrapped(place, &title, ink, 2);
    pen.name(place, "contribution", &title);
    pen.tip(place, "contribution method", || derived_words::contribution_method(view.text, found).to_owned());
    let bars = bars(view, found);
    let scale =
        bars.iter().filter_map(|bar| bar.adds.point()).map(|at| at.on_axis().abs()).fold(0.0, f64::max);
    let pen = Pen::new(ui, view.theme);
    let told: Vec<Told> = bars.iter().map(|bar| told(view, bar.adds, decimals)).collect();
    let widest = |words: &mut dyn Iterator<Item = f32>| words.fold(0.0_f32, f32::max);
    let columns = Columns {
        name: widest(&mut bars.iter().map(|bar| pen.width(&bar.name, pen.note()))).min(width * 0.36),
        value: widest(&mut told.iter().map(|told| pen.width(&told.words, pen.note().bold())))
            .min(width * 0.3),
        scale,
    };
    let row = pen.row(pen.note()) * 1.1;
    for (bar, told) in bars.iter().zip(&told) {
        let (line, _) = ui.allocate_exact_size(vec2(width, row), Sense::hover());
        bar_ui(Pen::new(ui, view.theme), line, bar, told, &columns);
    }
    let (below, _) = ui.allocate_exact_size(vec2(width, gap * 2.0), Sense::hover());
    Pen::new(ui, view.theme).hairline(below.left(), below.right(), below.top() + gap);
}

struct Columns {
    name: f32,
    value: f32,
    scale: f64,
}

/// Unit behind a difference: that of two percentages is in points.
#[must_use]
pub fn unit_of_difference(view: &View<'_>, indicator: &Indicator) -> String {
    if indicator.unit == "%" {
        format!(" {}", view.text.get("derived.points"))
    } else {
        format::unit_suffix(&indicator.unit, view.text)
    }
}

fn bars(view: &View<'_>, found: &Contribution) -> Vec<Bar> {
    let name = |area: AreaId| words::short_name(view, area).to_owned();
    let listed = if found.parts.len() > MOST { MOST - 1 } else { found.parts.len() };
    let (shown, folded) = found.parts.split_at(listed);
    let mut bars: Vec<Bar> = shown
        .iter()
        .map(|part| Bar { name: name(part.area), adds: Shown::Value(part.total()), is_rest: false })
        .collect();
    if !folded.is_empty() {
        let name = view.text.fill("derived.bars.folded", &[("n", &folded.len().to_string())]);
        let adds = Shown::Value(folded.iter().map(crate::derived::contribution::Part::total).sum());
        bars.push(Bar { name, adds, is_rest: true });
    }
    let apart = found.apart.iter().take(MOST);
    bars.extend(apart.map(|(area, adds)| Bar { name: name(*area), adds: *adds, is_rest: false }));
    if !found.apart.is_empty() || found.rest != 0.0 {
        let adds = Shown::Value(found.rest);
        bars.push(Bar { name: derived_words::rest(view.text, found), adds, is_rest: true });
    }
    bars
}

/// What a bar says, and the arrow that says it again: both judged as printed.
struct Told {
    words: String,
    way: marks::Way,
}

/// `up 12`; `about +50` by its sign where it is coarse, the mark where it is hidden.
fn told(view: &View<'_>, adds: Shown, decimals: usize) -> Told {
    if let Some(change) = format::change(adds, Shown::Value(0.0), decimals) {
        return Told { words: words::change(view, &change), way: change.way };
    }
    let way = match adds.point().map(ScalePoint::on_axis) {
        Some(at) if at > 0.0 => marks::Way::Up,
        Some(at) if at < 0.0 => marks::Way::Down,
        _ => marks::Way::Level,
    };
    Told { words: format::signed(adds, decimals, view.text), way }
}

/// A bar to the right adds, one to the left takes away: full and hollow, with an arrow and a word. What is left, and what
/// is told only roughly, is hatched.
fn bar_ui(pen: Pen<'_>, line: Rect, bar: &Bar, told: &Told, columns: &Columns) {
    let theme = pen.theme;
    let step = pen.step();
    let (name_place, rest) = cut_left(line, columns.name + step);
    let (plot, value_place) = cut_right(rest, columns.value + step * 2.0);
    let plot = plot.with_max_x(plot.right() - step);
    let ink = pen.note().color(if bar.is_rest { theme.muted } else { theme.text });
    pen.text(name_place.with_max_x(name_place.right() - step), Align2::LEFT_CENTER, &bar.name, ink);
    pen.name(line, ("adds", &bar.name), &format!("{} {}", bar.name, told.words));
    let axis = plot.center().x;
    pen.painter().vline(axis, line.y_range(), Stroke::new(theme.sizes.hairline, theme.line));
    let value_place = value_place.with_min_x(value_place.left() + step * 1.5);
    let at = pen.text(value_place, Align2::RIGHT_CENTER, &told.words, ink.bold());
    let Some(point) = bar.adds.point() else {
        // Hidden or missing: nothing to draw, its mark in a dashed box on the line.
        let stroke = Stroke::new(theme.sizes.hairline, theme.muted);
        marks::dashed_box(pen.painter(), at.expand2(vec2(step * 0.5, -1.0)), stroke);
        return;
    };
    let length = plot.width() * 0.5 * share(point.on_axis().abs(), columns.scale);
    let is_plus = is_plus(point);
    let x = if is_plus { axis..=axis + length } else { axis - length..=axis };
    let body =
        Rect::from_x_y_ranges(x, line.top() + line.height() * 0.22..=line.bottom() - line.height() * 0.22);
    let color = if is_plus { theme.accent } else { theme.text };
    let stroke = Stroke::new(theme.sizes.hairline * 1.5, color);
    match () {
        () if length < 1.0 => {}
        () if bar.is_rest || bar.adds.told().is_some() => {
            marks::hatch(pen.painter(), body, step * 0.7, Stroke::new(theme.sizes.hairline, theme.muted));
            marks::dashed_box(pen.painter(), body, Stroke::new(theme.sizes.hairline, theme.muted));
        }
        () if is_plus => {
            pen.painter().rect_filled(body, 0.0, color);
        }
        () => marks::outline(pen.painter(), body, 0.0, stroke),
    }
    if length >= 1.0 {
        let center = pos2(value_place.left() - step * 0.75, line.center().y);
        let tint = if bar.is_rest { theme.muted } else { color };
        marks::way(pen.painter(), center, step * whole(1), told.way, tint);
    }
}

fn is_plus(point: ScalePoint) -> bool {
    point.on_axis() > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::fixture::Stage;
    use crate::privacy::shown::{self, Why};
    use crate::site::text::Lang;
    use crate::state::Mode;

    #[test]
    fn what_areas_add_in_words() {
        use marks::Way::{Down, Level, Up};

        let stage = Stage::new(Mode::Desk, Lang::En, 1920.0, 1080.0);
        let view = stage.view();
        let hidden = Shown::Suppressed { below: 5, why: Why::Secondary };
        let about = Shown::Coarse { value: 50.0, step: 5.0, told: shown::Told::About };
        for (adds, words, way) in [
            (Shown::Value(12.0), "up 12", Up),
            (Shown::Value(-3.0), "down 3", Down),
            (Shown::Value(0.0), "level", Level),
            (Shown::Value(0.2), "level", Level),
            (about, "≈+50", Up),
            (hidden, "*", Level),
        ] {
            let told = told(&view, adds, 0);
            assert_eq!((told.words.as_str(), told.way), (words, way));
        }
    }
}
