//! All indicators of the catalogue under their domains, searchable, each with its value and the mark of its state.
//! Owns the search field and the fold into rows; a press chooses.

use egui::{Align2, Id, Rect, ScrollArea, Sense, Shape, Stroke, TextEdit, Ui, pos2, vec2};

use crate::command::Command;
use crate::panels::pen::{Pen, cut_left, cut_right, share, whole};
use crate::panels::series_cache::SeriesCache;
use crate::panels::{Commands, View, format, marks, words};
use crate::snapshot::{IndicatorIx, Status};

/// What the list remembers.
#[derive(Debug, Default)]
pub struct IndicatorList {
    query: String,
    shown_for: Option<IndicatorIx>,
}

/// Least width of a column, in lines of text.
const COLUMN: f32 = 21.0;

/// How rows are laid into columns, one below the other and then beside.
struct Fold {
    columns: usize,
    /// Rows of a column.
    lines: usize,
    /// Height of a row.
    height: f32,
}

impl Fold {
    /// Of so many rows of a least height: one column where they have room or no second one has, else as few as hold them
    /// all, or as many as there is room for; the rows share the height that is left. No column ends with a heading.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows of a screen")]
    fn of(room: egui::Vec2, height: f32, column: f32, rows: usize, is_head: impl Fn(usize) -> bool) -> Self {
        let fit = ((room.y / height).floor() as usize).max(1);
        let most = ((room.x / column).floor() as usize).max(1);
        let columns = rows.div_ceil(fit).clamp(1, most);
        let ends_well = |lines: &usize| (1..columns).all(|column| !is_head(column * lines - 1));
        let least = rows.div_ceil(columns);
        let lines = (least..=rows).find(ends_well).unwrap_or(least);
        let spare = if columns > 1 { (room.y / whole(lines)).floor() } else { height };
        Self { columns, lines, height: spare.clamp(height, height * 1.4) }
    }
}

enum Row {
    Domain(usize),
    Indicator(IndicatorIx),
}

impl IndicatorList {
    /// Paints field and list.
    pub fn ui(&mut self, ui: &mut Ui, view: &View<'_>, series: &mut SeriesCache, commands: &mut Commands) {
        let theme = view.theme;
        let hint = view.text.get("panel.list.hint");
        ui.add(
            TextEdit::singleline(&mut self.query)
                .id(Id::unique("indicator query"))
                .hint_text(hint.to_owned())
                .desired_width(f32::INFINITY),
        )
        .accessible_name(hint);
        let rows = self.rows(view);
        let height = (theme.sizes.body * 1.9).ceil();
        if rows.is_empty() {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
            let pen = Pen::new(ui, theme);
            pen.named_text(rect, Align2::LEFT_CENTER, view.text.get("panel.palette.nothing"), pen.note());
            return;
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let is_head = |at: usize| matches!(rows.get(at), Some(Row::Domain(_)));
        let fold = Fold::of(ui.available_size(), height, theme.sizes.body * COLUMN, rows.len(), is_head);
        let height = fold.height;
        // Whole rows only: half a row at the bottom reads like a fault.
        let tall = (ui.available_height() / height).floor() * height;
        let mut area = ScrollArea::vertical().id_salt("indicators").auto_shrink(false).max_height(tall);
        if self.shown_for != Some(view.state.indicator) {
            self.shown_for = Some(view.state.indicator);
            let at = rows.iter().position(|r| matches!(r, Row::Indicator(i) if *i == view.state.indicator));
            if let Some(at) = at {
                // The row comes to the middle, on whole rows, unless the top of the list shows it anyway.
                let top = height * whole(at % fold.lines);
                let seen = ui.available_height();
                let wanted =
                    if top < seen * 0.9 { 0.0 } else { ((top - seen * 0.4) / height).floor() * height };
                area = area.vertical_scroll_offset(wanted);
            }
        }
        area.show_rows(ui, height, fold.lines, |ui, range| {
            for at in range {
                let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
                let wide = line.width() / whole(fold.columns);
                for column in 0..fold.columns {
                    let left = line.left() + wide * whole(column);
                    let place = Rect::from_x_y_ranges(left..=left + wide - theme.sizes.step, line.y_range());
                    match rows.get(column * fold.lines + at) {
                        Some(Row::Domain(index)) => domain_ui(Pen::new(ui, theme), place, view, *index),
                        Some(Row::Indicator(index)) => {
                            indicator_ui(Pen::new(ui, theme), place, view, *index, series, commands);
                        }
                        None => {}
                    }
                }
            }
        });
    }

    fn rows(&self, view: &View<'_>) -> Vec<Row> {
        let wanted = self.query.trim().to_lowercase();
        let mut rows = Vec::new();
        for (d, domain) in view.site.domains.iter().enumerate() {
            let before = rows.len();
            rows.push(Row::Domain(d));
            rows.extend(
                view.site
                    .indicators
                    .iter()
                    .enumerate()
                    .filter(|(_, i)| i.domain == domain.id)
                    .filter(|(_, i)| {
                        wanted.is_empty()
                            || i.name.zh.to_lowercase().contains(&wanted)
                            || i.name.en.to_lowercase().contains(&wanted)
                    })
                    .map(|(index, _)| Row::Indicator(index)),
            );
            if rows.len() == before + 1 {
                rows.pop();
            }
        }
        rows
    }
}

fn domain_ui(pen: Pen<'_>, line: Rect, view: &View<'_>, index: usize) {
    let Some(domain) = view.site.domains.get(index) else {
        return;
    };
    let step = pen.step();
    let bar = Rect::from_min_size(pos2(line.left(), line.center().y - step), vec2(step * 0.5, step * 2.0));
    pen.painter().rect_filled(bar, 0.0, pen.theme.domain(index));
    let inner = line.with_min_x(line.left() + step * 1.5);
    pen.named_text(inner, Align2::LEFT_CENTER, view.say(&domain.name), pen.body().bold());
}

fn indicator_ui(
    pen: Pen<'_>,
    line: Rect,
    view: &View<'_>,
    index: IndicatorIx,
    series: &mut SeriesCache,
    commands: &mut Commands,
) {
    let Some(indicator) = view.site.indicators.get(index) else {
        return;
    };
    let step = pen.step();
    let theme = pen.theme;
    let area = crate::panels::trend::trend_area(view, indicator);
    let reading = view.snapshot.reading(index, area);
    let chosen = index == view.state.indicator;
    if chosen {
        pen.painter().rect_filled(line, step * 0.5, theme.accent.gamma_multiply(0.14));
    }
    let name = view.say(&indicator.name);
    let figure = format::shown(reading.value, indicator.decimals, &indicator.unit, view.text);
    let response = pen.press(line, ("indicator", index), name);
    pen.hover_ground(line, &response);
    let (mark, rest) = cut_left(line, step * 2.5);
    status_ui(pen, mark, &reading, words::is_met(view, indicator, area, reading.value));
    let late = reading.status == Status::Late;
    let ink = if late || !reading.value.is_seen() { pen.note() } else { pen.note().color(theme.text) };
    let (rest, value) =
        cut_right(rest.with_max_x(rest.right() - step), pen.width(&figure, ink.bold()) + step);
    pen.text(value, Align2::RIGHT_CENTER, &figure, if chosen { ink.bold() } else { ink });
    let mut name_place = rest;
    if chosen {
        let (left, spark) = cut_right(rest, step * 8.0);
        name_place = left;
        spark_ui(pen, spark.shrink2(vec2(step * 0.5, step * 0.5)), view, index, series);
    }
    pen.text(name_place, Align2::LEFT_CENTER, name, if chosen { ink.bold() } else { ink });
    pen.tip(line, ("indicator tip", index), || words::explain(view, indicator, area, &reading));
    if response.clicked() {
        commands.push(Command::SelectIndicator(index));
    }
}

/// Filled circle: target met. Ring: not met. Dash: no target. Half hatch: late.
fn status_ui(pen: Pen<'_>, place: Rect, reading: &crate::snapshot::Reading, met: Option<bool>) {
    let theme = pen.theme;
    let size = theme.sizes.small * 0.7;
    let center = pos2(place.left() + pen.step(), place.center().y);
    let square = Rect::from_center_size(center, vec2(size, size));
    if reading.status == Status::Late {
        marks::hatch(pen.painter(), square, 3.0, Stroke::new(1.0, theme.warn));
        marks::outline(pen.painter(), square, 0.0, Stroke::new(1.0, theme.warn));
        return;
    }
    if reading.value.is_suppressed() {
        marks::dashed_box(pen.painter(), square, Stroke::new(1.0, theme.muted));
        return;
    }
    match met {
        Some(true) => marks::target(pen.painter(), center, size, true, theme.good),
        Some(false) => marks::target(pen.painter(), center, size, false, theme.warn),
        None => marks::way(pen.painter(), center, size * 0.7, marks::Way::Level, theme.muted),
    }
}

fn spark_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, index: IndicatorIx, series: &mut SeriesCache) {
    let Some(indicator) = view.site.indicators.get(index) else {
        return;
    };
    let area = crate::panels::trend::trend_area(view, indicator);
    let series = series.get(view, index, area);
    let values =
        || series.points.iter().enumerate().filter_map(|(i, p)| p.value.point().map(|v| (i, v.on_axis())));
    let (low, high) =
        values().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), (_, v)| (l.min(v), h.max(v)));
    let (low, high) = crate::panels::trend::at_least_steps(&series, low, high);
    let step_x = rect.width() / whole(series.points.len().saturating_sub(1).max(1));
    let points: Vec<egui::Pos2> = values()
        .map(|(i, v)| {
            let part = if high > low { share(v - low, high - low) } else { 0.5 };
            pos2(rect.left() + step_x * whole(i), rect.bottom() - rect.height() * part)
        })
        .collect();
    if points.len() > 1 {
        pen.painter().add(Shape::line(points, Stroke::new(pen.theme.sizes.hairline * 1.5, pen.theme.accent)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_as_few_columns_as_hold_them() {
        for (room, rows, expected) in [
            ((300.0, 1000.0), 106, (1, 106, 25.0)),
            ((700.0, 1000.0), 30, (1, 30, 25.0)),
            ((700.0, 2000.0), 106, (2, 53, 35.0)),
            ((700.0, 1000.0), 106, (2, 53, 25.0)),
            ((1000.0, 1000.0), 106, (3, 36, 27.0)),
        ] {
            let fold = Fold::of(vec2(room.0, room.1), 25.0, 310.0, rows, |at| at == 70);
            assert_eq!((fold.columns, fold.lines, fold.height), expected, "{rows} rows in {room:?}");
            assert!(fold.columns * fold.lines >= rows);
        }
        let fold = Fold::of(vec2(700.0, 2000.0), 25.0, 310.0, 106, |at| at == 52 || at == 53);
        assert_eq!((fold.columns, fold.lines), (2, 55), "a heading stands above what it heads");
    }
}
