//! Areas under the chosen one, ranked by the chosen indicator, never without the uncertainty of each value. Owns the
//! order and the sentence about who misses the target by more than chance.

use egui::{Align2, Rect, Stroke, pos2};

use crate::command::Command;
use crate::derived::standing::Standing;
use crate::derived::words as derived_words;
use crate::panels::pen::{Pen, cut_left, cut_right, cut_top, whole};
use crate::panels::pictures::Room;
use crate::panels::series_cache::SeriesCache;
use crate::panels::{Commands, View, format, marks, standing, words};
use crate::privacy::shown::Told;
use crate::site::areas::AreaId;
use crate::site::catalogue::{Direction, Indicator, Target};
use crate::snapshot::{Reading, Status};

/// One row of the ranking.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The area.
    pub area: AreaId,
    /// Its reading.
    pub reading: Reading,
    /// Whether it stands out.
    pub standing: Standing,
}

impl Row {
    /// What its name says to whoever cannot see it: area, figure, and whether it stands out.
    #[must_use]
    pub fn spoken(&self, view: &View<'_>, indicator: &Indicator, name: &str) -> String {
        let figure = format::shown(self.reading.value, indicator.decimals, &indicator.unit, view.text);
        let stands = derived_words::standing(view.text, &self.standing);
        [name, &figure].into_iter().chain(stands.as_deref()).collect::<Vec<_>>().join(" ")
    }

    /// What its hover says: the reading, and whether it stands out.
    #[must_use]
    pub fn explain(&self, view: &View<'_>, indicator: &Indicator) -> String {
        let reading = words::explain(view, indicator, self.area, &self.reading);
        match derived_words::standing(view.text, &self.standing) {
            Some(stands) => format!("{reading}\n{stands}"),
            None => reading,
        }
    }
}

/// The areas to compare: the children of the chosen one where the indicator is shown there, else its siblings, else
/// the area alone.
#[must_use]
pub fn rows(view: &View<'_>, indicator: &Indicator, series: &mut SeriesCache) -> Vec<Row> {
    of_areas(view, indicator, &areas_of(view, indicator), series)
}

/// The areas that stand in the ranking of an indicator.
#[must_use]
pub fn areas_of(view: &View<'_>, indicator: &Indicator) -> Vec<AreaId> {
    let areas = &view.site.areas;
    let chosen = areas.get(view.state.area);
    let shown = |ids: &[AreaId]| ids.first().is_some_and(|id| view.site.is_shown_at(indicator, *id));
    let siblings = chosen.parent.map(|parent| areas.get(parent).children.as_slice()).unwrap_or_default();
    if shown(&chosen.children) {
        chosen.children.clone()
    } else if shown(siblings) {
        siblings.to_vec()
    } else {
        vec![areas.ancestor(view.state.area, view.site.level_index(&indicator.finest_area).unwrap_or(0))]
    }
}

/// The areas directly inside an area, as far as the indicator is shown there.
#[must_use]
pub fn inside(view: &View<'_>, indicator: &Indicator, area: AreaId, series: &mut SeriesCache) -> Vec<Row> {
    let children = view.site.areas.get(area).children.iter().copied();
    let ids: Vec<AreaId> = children.filter(|id| view.site.is_shown_at(indicator, *id)).collect();
    of_areas(view, indicator, &ids, series)
}

fn of_areas(view: &View<'_>, indicator: &Indicator, ids: &[AreaId], series: &mut SeriesCache) -> Vec<Row> {
    let standings = series.standings(view, view.state.indicator, ids);
    let mut rows: Vec<Row> = ids
        .iter()
        .copied()
        .zip(standings)
        .map(|(area, standing)| Row {
            area,
            reading: view.snapshot.reading(view.state.indicator, area),
            standing,
        })
        .collect();
    // Best first, as the indicator counts best; what has no value to rank by stands last.
    rows.sort_by(|a, b| match (a.reading.value.point(), b.reading.value.point()) {
        (Some(x), Some(y)) if indicator.direction == Direction::Lower => x.order(y),
        (Some(x), Some(y)) => y.order(x),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => a.area.cmp(&b.area),
    });
    rows
}

/// Most areas that are listed on a wall.
const MOST: usize = 10;

/// Fewest areas that still make a ranking.
const FEWEST: usize = 6;

/// Room that the ranking needs.
#[must_use]
pub fn room(pen: Pen<'_>, rows: &[Row]) -> Room {
    let notes = 2 + usize::from(has_legend(rows));
    let frame = pen.row(pen.heading()) + pen.row(pen.note()) * whole(notes) + pen.step() * 2.0;
    let tight = pen.row(pen.body());
    let rows = rows.len();
    Room {
        least: frame + tight * whole(rows.clamp(1, FEWEST)),
        wanted: frame + pen.row(pen.note()) + (tight + pen.step() * 2.0) * whole(rows.clamp(1, MOST)),
    }
}

/// Paints heading, rows and sentence into a rectangle.
pub fn ranking_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, rows: &[Row], commands: &mut Commands) {
    let Some(indicator) = view.indicator() else { return };
    let step = pen.step();
    let standings: Vec<Standing> = rows.iter().map(|row| row.standing).collect();
    let (rect, legend) = if has_legend(rows) {
        rect.split_top_bottom_at_y(rect.bottom() - pen.row(pen.note()))
    } else {
        (rect, Rect::ZERO)
    };
    let rest = heading_ui(pen, rect, view, indicator, rows);
    let for_rows = rest.height() - pen.row(pen.note()) - step * 0.5;
    let tight = pen.row(pen.body());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows of a screen")]
    let fits = ((for_rows / tight).floor().max(1.0) as usize).min(rows.len()).min(MOST);
    let spare = if fits < rows.len() { 0.0 } else { pen.row(pen.note()) };
    let pitch = ((for_rows - spare) / whole(fits)).clamp(tight, tight + step * 2.0);
    let (body, below) = cut_top(rest, pitch * whole(fits));
    let target = target_of(view, indicator, rows).and_then(|t| t.value);
    let scale = Scale::of(indicator, rows, target);
    let columns = Columns::of(pen, body, view, indicator, rows);
    scale.target_line_ui(pen, &columns, body);
    // Where not all fit, the best and the last are shown: those are asked about.
    let tail = if fits < rows.len() { fits / 2 } else { 0 };
    let shown = rows.iter().take(fits - tail).chain(rows.iter().skip(rows.len() - tail));
    for (i, row) in shown.enumerate() {
        let at = pos2(body.left(), body.top() + pitch * whole(i));
        let line = Rect::from_min_size(at, egui::vec2(body.width(), pitch));
        if tail > 0 && i == fits - tail {
            let stroke = Stroke::new(pen.theme.sizes.hairline, pen.theme.muted);
            marks::dashed(pen.painter(), line.left_top(), line.right_top(), stroke, step * 0.5);
        }
        row_ui(pen, line, view, indicator, row, &columns, &scale, commands);
    }
    let (warns, words) = sentence(view, indicator, rows, rows.len() - fits);
    let color = if warns { pen.theme.warn } else { pen.theme.muted };
    let place = below.with_min_y(below.top() + step * 0.5).with_max_y(rect.bottom().max(below.top() + tight));
    let height = pen.wrapped(place, &words, pen.note().color(color), if spare > 0.0 { 2 } else { 1 });
    pen.name(Rect::from_min_size(place.min, egui::vec2(place.width(), height)), "ranking sentence", &words);
    let legend = legend.translate(egui::vec2(0.0, (place.top() + height - legend.top()).min(0.0)));
    standing::legend_ui(pen, legend, view, &standings);
}

fn has_legend(rows: &[Row]) -> bool {
    rows.iter().any(|row| row.standing.is_judged())
}

/// The target that the rows are held to, where they are.
fn target_of<'a>(view: &View<'_>, indicator: &'a Indicator, rows: &[Row]) -> Option<&'a Target> {
    rows.first().and_then(|row| words::target_at(view, indicator, row.area))
}

fn heading_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, indicator: &Indicator, rows: &[Row]) -> Rect {
    let step = pen.step();
    let name = view.say(indicator.card_name());
    let (line, rest) = cut_top(rect, pen.row(pen.heading()));
    pen.named_text(line, Align2::LEFT_CENTER, name, pen.heading());
    pen.tip(line, "ranking name", || view.say(&indicator.name).to_owned());
    let mut parts = vec![format::window(&indicator.window, view.text)];
    let shown_target = target_of(view, indicator, rows);
    if let Some(target) = shown_target.and_then(|t| format::target(t, indicator.decimals, view.text)) {
        let unit = format::unit_suffix(&indicator.unit, view.text);
        let target = if shown_target.is_some_and(|t| t.value.is_some()) { target + &unit } else { target };
        parts.push(view.text.fill("panel.target.is", &[("target", &target)]));
    }
    let (line, rest) = cut_top(rest, pen.row(pen.note()));
    let at = pen.text(line, Align2::LEFT_CENTER, &parts.join(" · "), pen.note());
    let late = words::late_short(view, &view.snapshot.inputs(view.state.indicator));
    if !late.is_empty() {
        let place = line.with_min_x(at.right() + step);
        pen.named_text(place, Align2::RIGHT_CENTER, &late, pen.note().color(pen.theme.warn));
        pen.tip(line, "ranking late", || words::overdue(view, indicator));
    }
    rest.with_min_y(rest.top() + pen.step())
}

struct Columns {
    name: f32,
    marks: f32,
    plot: (f32, f32),
}

impl Columns {
    fn of(pen: Pen<'_>, rect: Rect, view: &View<'_>, indicator: &Indicator, rows: &[Row]) -> Self {
        let step = pen.step();
        let widest = |words: &mut dyn Iterator<Item = f32>| words.fold(0.0_f32, f32::max);
        // The chosen one is written in bold.
        let ink = |r: &Row| if r.area == view.state.area { pen.body().bold() } else { pen.body() };
        let name = widest(&mut rows.iter().map(|r| pen.width(words::short_name(view, r.area), ink(r))));
        let value =
            widest(&mut rows.iter().map(|r| pen.width(&figure(view, indicator, r), pen.body().bold())));
        let name = name.min(rect.width() * 0.34);
        let value = value.clamp(step * 5.0, rect.width() * 0.34);
        let standings: Vec<Standing> = rows.iter().map(|row| row.standing).collect();
        let marks = standing::width(pen, &standings);
        let from = rect.left() + name + step + if marks > 0.0 { marks } else { step };
        Self { name, marks, plot: (from, rect.right() - value - step * 2.0) }
    }
}

fn figure(view: &View<'_>, indicator: &Indicator, row: &Row) -> String {
    format::bare(row.reading.value, indicator.decimals, view.text)
}

struct Scale {
    low: f64,
    high: f64,
    target: Option<f64>,
}

impl Scale {
    fn of(indicator: &Indicator, rows: &[Row], target: Option<f64>) -> Self {
        let mut low = f64::INFINITY;
        let mut high = f64::NEG_INFINITY;
        let mut hold = |value: f64| {
            low = low.min(value);
            high = high.max(value);
        };
        for row in rows {
            if let Some(point) = row.reading.value.point() {
                hold(point.on_axis());
            }
            if let Some((a, b)) = row.reading.interval {
                hold(a);
                hold(b);
            }
        }
        target.into_iter().for_each(&mut hold);
        if indicator.denominator.is_none() && target.is_none() {
            hold(0.0);
        }
        if low >= high {
            (low, high) = (low - 1.0, high + 1.0);
        }
        let pad = (high - low) * 0.06;
        Self { low: low - pad, high: high + pad, target }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a share of a screen")]
    fn x(&self, columns: &Columns, value: f64) -> f32 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0) as f32;
        egui::lerp(columns.plot.0..=columns.plot.1, share)
    }

    fn target_line_ui(&self, pen: Pen<'_>, columns: &Columns, body: Rect) {
        let Some(target) = self.target else { return };
        let x = self.x(columns, target);
        let stroke = Stroke::new(pen.theme.sizes.hairline * 1.5, pen.theme.text.gamma_multiply(0.6));
        marks::dashed(pen.painter(), pos2(x, body.top()), pos2(x, body.bottom()), stroke, pen.step() * 0.5);
    }
}

#[expect(clippy::too_many_arguments, reason = "one row of one table")]
fn row_ui(
    pen: Pen<'_>,
    line: Rect,
    view: &View<'_>,
    indicator: &Indicator,
    row: &Row,
    columns: &Columns,
    scale: &Scale,
    commands: &mut Commands,
) {
    let theme = pen.theme;
    let name = words::short_name(view, row.area);
    let response = pen.press_named(line, ("rank", row.area), || row.spoken(view, indicator, name));
    pen.hover_ground(line, &response);
    let chosen = row.area == view.state.area;
    let late = row.reading.status == Status::Late;
    let missed = words::is_clearly_missed(view, indicator, row.area, &row.reading);
    let (name_place, _) = cut_left(line, columns.name);
    let ink = if chosen { pen.body().bold().color(theme.accent) } else { pen.body() };
    pen.text(name_place, Align2::LEFT_CENTER, name, if late { ink.color(theme.muted) } else { ink });
    let marks_place = Rect::from_x_y_ranges(
        line.left() + columns.name + pen.step()..=line.left() + columns.name + pen.step() + columns.marks,
        line.y_range(),
    );
    standing::marks_ui(pen, marks_place, &row.standing);
    let y = line.center().y;
    pen.hairline(columns.plot.0, columns.plot.1, y);
    let color = if missed { theme.warn } else { theme.class_color(5, 7) };
    if late {
        let plot =
            Rect::from_x_y_ranges(columns.plot.0..=columns.plot.1, line.shrink(pen.step() * 0.5).y_range());
        marks::hatch(pen.painter(), plot, pen.step() * 1.5, Stroke::new(theme.sizes.hairline, theme.line));
    }
    plot_ui(pen, y, row, columns, scale, color);
    let (_, value_place) = cut_right(line, line.right() - columns.plot.1 - pen.step());
    let figure = figure(view, indicator, row);
    let ink = pen.body().bold().color(if late { theme.muted } else { theme.text });
    if row.reading.value.is_suppressed() {
        let inner = value_place.with_max_x(value_place.right() - pen.step() * 0.5);
        let at = pen.text(inner, Align2::RIGHT_CENTER, &figure, pen.body().color(theme.muted));
        let stroke = Stroke::new(theme.sizes.hairline, theme.muted);
        marks::dashed_box(pen.painter(), at.expand2(egui::vec2(pen.step() * 0.5, 0.0)), stroke);
    } else if !row.reading.value.is_seen() {
        pen.text(value_place, Align2::RIGHT_CENTER, &figure, pen.note());
    } else {
        pen.text(value_place, Align2::RIGHT_CENTER, &figure, ink);
    }
    pen.tip(line, ("rank tip", row.area), || row.explain(view, indicator));
    if response.clicked() {
        commands.push(Command::SelectArea(row.area));
    }
}

fn plot_ui(pen: Pen<'_>, y: f32, row: &Row, columns: &Columns, scale: &Scale, color: egui::Color32) {
    let Some(point) = row.reading.value.point() else {
        return;
    };
    let size = pen.theme.sizes.body * 0.5;
    let dot = pos2(scale.x(columns, point.on_axis()), y);
    if let Some((low, high)) = row.reading.interval {
        let bar = Rect::from_x_y_ranges(
            scale.x(columns, low)..=scale.x(columns, high),
            y - size * 0.38..=y + size * 0.38,
        );
        pen.painter().rect_filled(bar, size * 0.38, color.gamma_multiply(0.42));
    }
    pen.painter().circle_filled(dot, size * 0.5, color);
    match (row.reading.value.told(), row.reading.value.range()) {
        (Some(Told::AtLeast), _) => {
            let body = Rect::from_center_size(dot, egui::Vec2::splat(size));
            marks::open_end(pen.painter(), body, pen.step(), color);
        }
        // As far as it may be off: hollow, where an interval is filled.
        (Some(Told::About), Some((low, high))) => {
            let bar = Rect::from_x_y_ranges(
                scale.x(columns, low)..=scale.x(columns, high),
                y - size * 0.38..=y + size * 0.38,
            );
            let stroke = Stroke::new(pen.theme.sizes.hairline, color);
            marks::outline(pen.painter(), bar, size * 0.38, stroke);
        }
        _ => {}
    }
}

/// What the rows say, in one sentence, and whether it is a warning.
#[must_use]
pub fn sentence(view: &View<'_>, indicator: &Indicator, rows: &[Row], folded: usize) -> (bool, String) {
    let missed: Vec<&str> = rows
        .iter()
        .filter(|r| words::is_clearly_missed(view, indicator, r.area, &r.reading))
        .map(|r| words::short_name(view, r.area))
        .collect();
    let judged: Vec<bool> =
        rows.iter().filter_map(|r| words::is_met(view, indicator, r.area, r.reading.value)).collect();
    let below = judged.iter().filter(|met| !**met).count();
    let joined = missed.join(view.text.get("panel.list_comma"));
    let mut words = if rows.iter().any(|row| row.reading.status == Status::Unread) {
        view.text.get("panel.shown.why_unread").to_owned()
    } else if !missed.is_empty() {
        let names = if missed.len() > 3 {
            view.text.fill("panel.ranking.areas", &[("n", &missed.len().to_string())])
        } else {
            joined
        };
        view.text.fill("panel.ranking.missed", &[("names", &names)])
    } else if rows.len() == 1 {
        view.text.get("panel.ranking.only_here").to_owned()
    } else if target_of(view, indicator, rows).is_none_or(|t| t.value.is_none()) {
        view.text.get("panel.ranking.no_target").to_owned()
    } else if below > 0 {
        view.text.fill("panel.ranking.within", &[("n", &below.to_string())])
    } else if judged.is_empty() {
        view.text.get("panel.ranking.no_values").to_owned()
    } else if judged.len() < rows.len() {
        view.text.get("panel.ranking.shown_met").to_owned()
    } else {
        view.text.get("panel.ranking.all_met").to_owned()
    };
    let hidden = rows.iter().filter(|r| r.reading.value.is_suppressed()).count();
    if hidden > 0 {
        words.push_str(&view.text.fill("panel.ranking.hidden", &[("n", &hidden.to_string())]));
    }
    if rows.iter().any(|r| r.reading.value.told().is_some()) {
        words.push_str(view.text.get("panel.ranking.coarse"));
    }
    if let Some(as_of) = words::areas_as_of(view) {
        words.push_str(" · ");
        words.push_str(&as_of);
    }
    if folded > 0 {
        words.push_str(&view.text.fill("panel.ranking.folded", &[("n", &folded.to_string())]));
    }
    (!missed.is_empty(), words)
}
