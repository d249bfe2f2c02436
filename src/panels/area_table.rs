//! Areas by the chosen indicator as a table that sorts by any column. Owns the order; never ranks without the interval
//! beside the value.

use egui::{Align2, Rect, ScrollArea, Sense, Stroke, Ui, pos2, vec2};

use crate::command::Command;
use crate::derived::standing::Standing;
use crate::panels::pen::{Pen, cut_right, cut_top, whole};
use crate::panels::ranking::{self, Row};
use crate::panels::series_cache::SeriesCache;
use crate::panels::{Commands, View, format, marks, standing, words};
use crate::privacy::marks::Marks;
use crate::privacy::shown::{ScalePoint, Shown};
use crate::site::areas::AreaId;
use crate::site::catalogue::Indicator;
use crate::snapshot::Status;

/// Columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    /// Name of the area.
    Name,
    /// Value.
    #[default]
    Value,
    /// 95 % interval; sorts by its width.
    Interval,
    /// Distance to the target.
    Gap,
    /// Numerator.
    Numerator,
    /// Denominator.
    Denominator,
    /// Trust.
    Status,
}

/// Columns, their headings and their widths in sizes of small type.
const COLUMNS: [(Column, &str, f32); 7] = [
    (Column::Name, "panel.table.name", 11.5),
    (Column::Value, "panel.table.value", 5.5),
    (Column::Interval, "panel.table.interval", 6.5),
    (Column::Gap, "panel.table.gap", 4.5),
    (Column::Numerator, "panel.table.numerator", 5.5),
    (Column::Denominator, "panel.table.denominator", 7.0),
    (Column::Status, "panel.table.status", 5.0),
];

/// What is left out first where there is no room for all. No value without its interval.
const SPARED: [Column; 4] = [Column::Status, Column::Denominator, Column::Numerator, Column::Gap];

/// Height that the rows of the chosen indicator take with what stands above and below them.
#[must_use]
pub fn height(pen: Pen<'_>, view: &View<'_>, indicator: &Indicator) -> f32 {
    let areas = &view.site.areas;
    let rows = ranking::areas_of(view, indicator);
    let shown = |ids: &[AreaId]| ids.iter().filter(|id| view.site.is_shown_at(indicator, **id)).count();
    let inside: usize = rows.iter().map(|row| shown(&areas.get(*row).children)).sum();
    // Heading of the pane, heads of the columns and the row of the whole are three more.
    row_height(pen) * whole(rows.len() + inside + 3) + pen.row(pen.note()) * whole(LINE_ROWS + 2)
}

fn row_height(pen: Pen<'_>) -> f32 {
    (pen.theme.sizes.body * 1.9).ceil()
}

/// What the table remembers.
#[derive(Debug, Default)]
pub struct AreaTable {
    by: Column,
    reversed: bool,
}

impl AreaTable {
    /// Paints head and rows.
    pub fn ui(&mut self, ui: &mut Ui, view: &View<'_>, series: &mut SeriesCache, commands: &mut Commands) {
        let Some(indicator) = view.indicator() else { return };
        let theme = view.theme;
        let height = row_height(Pen::new(ui, theme));
        let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        let head = head.with_max_x(head.right() - theme.sizes.step);
        let columns = columns(head.width() / theme.sizes.small, indicator);
        if !columns.iter().any(|(column, ..)| *column == self.by) {
            (self.by, self.reversed) = (Column::Value, false);
        }
        self.head_ui(Pen::new(ui, theme), head, &columns, view);
        let mut rows = self.sorted(view, indicator, series);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows of a screen")]
        let room = (ui.available_height() / height).max(0.0) as usize;
        let upper = self.with_inside(view, indicator, series, room, &mut rows);
        let standings: Vec<Standing> = rows.iter().map(|row| row.standing).collect();
        let line = marks_line(view, &rows);
        let pen = Pen::new(ui, theme);
        let legend = if standing::has_legend(&standings) { pen.row(pen.note()) } else { 0.0 };
        let below = pen.wrapped_height(ui.available_width(), &line, pen.note(), LINE_ROWS) + legend;
        let full =
            (ui.available_height() - below - theme.sizes.step * f32::from(u8::from(below > 0.0))).max(0.0);
        // Rows of areas inside areas are many: where they leave room, they share it.
        let height = if upper.is_some() {
            (full / whole(rows.len())).floor().clamp(height * 0.9, height * 1.2)
        } else {
            height
        };
        // Whole rows only: half a row at the bottom reads like a fault.
        let tall = (full / height).floor() * height;
        ui.spacing_mut().item_spacing.y = 0.0;
        let scroll = ScrollArea::vertical().id_salt("areas").auto_shrink(false).max_height(tall);
        scroll.show_rows(ui, height, rows.len(), |ui, range| {
            for row in rows.get(range).unwrap_or_default() {
                let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
                let line = line.with_max_x(line.right() - theme.sizes.step);
                let level = view.site.areas.get(row.area).level;
                let depth = upper.map_or(0, |upper| level.saturating_sub(upper));
                row_ui(Pen::new(ui, theme), line, view, indicator, (row, depth, &columns), commands);
            }
        });
        if below > 0.0 {
            let size = vec2(ui.available_width(), below + theme.sizes.step);
            let (place, _) = ui.allocate_exact_size(size, Sense::hover());
            let pen = Pen::new(ui, theme);
            let (words, legend) = place
                .with_min_y(place.top() + theme.sizes.step)
                .split_top_bottom_at_y(place.bottom() - legend);
            pen.wrapped(words, &line, pen.note(), LINE_ROWS);
            pen.name(words, "table marks", &line);
            standing::legend_ui(pen, legend, view, &standings);
        }
    }

    fn head_ui(&mut self, pen: Pen<'_>, head: Rect, columns: &[Shape], view: &View<'_>) {
        for (column, key, place) in cells(head, columns) {
            let word = view.text.get(key);
            let response = pen.press(place, ("column", key), word);
            let chosen = self.by == column;
            let ink = if chosen { pen.note().bold().color(pen.theme.accent) } else { pen.note() };
            let mark = if chosen { pen.step() * 1.5 } else { 0.0 };
            let at = if column == Column::Name {
                pen.text(place.with_max_x(place.right() - mark), Align2::LEFT_CENTER, word, ink)
            } else {
                let place = place.with_min_x(place.left() + pen.step()).with_max_x(place.right() - mark);
                pen.text(place, Align2::RIGHT_CENTER, word, ink)
            };
            if chosen {
                let way = if self.reversed { marks::Way::Up } else { marks::Way::Down };
                let center = pos2(at.right() + pen.step(), at.center().y);
                marks::way(pen.painter(), center, pen.step(), way, pen.theme.accent);
            }
            if response.clicked() {
                self.reversed = chosen && !self.reversed;
                self.by = column;
            }
        }
        pen.hairline(head.left(), head.right(), head.bottom());
    }

    fn sorted(&self, view: &View<'_>, indicator: &Indicator, series: &mut SeriesCache) -> Vec<Row> {
        let mut rows = ranking::rows(view, indicator, series);
        self.sort(view, indicator, &mut rows);
        // What holds them all stands first, whatever the order.
        if let Some(whole) = rows.first().and_then(|r| view.site.areas.get(r.area).parent) {
            let reading = view.snapshot.reading(view.state.indicator, whole);
            let trend = series.trend(view, view.state.indicator, whole);
            let standing = Standing::new(trend.as_deref(), None, whole);
            rows.insert(0, Row { area: whole, reading, standing });
        }
        rows
    }

    /// Puts the areas inside behind each area, where most of all rows have room. Returns the level of those that are not
    /// inside another, where that is done.
    fn with_inside(
        &self,
        view: &View<'_>,
        indicator: &Indicator,
        series: &mut SeriesCache,
        room: usize,
        rows: &mut Vec<Row>,
    ) -> Option<usize> {
        let areas = &view.site.areas;
        let upper = areas.get(rows.last()?.area).level;
        let inside = |area: AreaId| {
            let children = areas.get(area).children.iter().copied();
            children.filter(|id| view.site.is_shown_at(indicator, *id))
        };
        let is_upper = |row: &&Row| areas.get(row.area).level == upper;
        let all: Vec<AreaId> = rows.iter().filter(is_upper).flat_map(|row| inside(row.area)).collect();
        // A third of them may need scrolling.
        if all.is_empty() || (rows.len() + all.len()) * 2 > room * 3 {
            return None;
        }
        // Asked for together: what is hidden is found over all areas at once.
        series.ask(view, view.state.indicator, &all);
        for row in std::mem::take(rows) {
            let mut below = if areas.get(row.area).level == upper {
                ranking::inside(view, indicator, row.area, series)
            } else {
                Vec::new()
            };
            self.sort(view, indicator, &mut below);
            rows.push(row);
            rows.append(&mut below);
        }
        Some(upper)
    }

    fn sort(&self, view: &View<'_>, indicator: &Indicator, rows: &mut [Row]) {
        let target = indicator.target.as_ref().and_then(|t| t.value).unwrap_or(0.0);
        let point = |shown: Shown| shown.point().map(ScalePoint::on_axis);
        let key = |row: &Row| -> Option<f64> {
            let reading = &row.reading;
            match self.by {
                Column::Name | Column::Status => None,
                Column::Value => point(reading.value),
                Column::Interval => reading.interval.map(|(low, high)| high - low),
                Column::Gap => point(reading.value.above(target)),
                Column::Numerator => point(reading.numerator),
                Column::Denominator => point(reading.denominator),
            }
        };
        match self.by {
            Column::Name => rows.sort_by_key(|r| r.area),
            Column::Status => rows.sort_by_key(|r| words::status(view, r.reading.status)),
            // Hidden and missing ones have no place in an order by value; they stand last either way.
            _ => rows.sort_by(|a, b| match (key(a), key(b)) {
                (Some(x), Some(y)) if self.reversed => x.total_cmp(&y),
                (Some(x), Some(y)) => y.total_cmp(&x),
                (a, b) => b.is_some().cmp(&a.is_some()),
            }),
        }
        if self.reversed && matches!(self.by, Column::Name | Column::Status) {
            rows.reverse();
        }
    }
}

/// Rows that the line of marks may take.
const LINE_ROWS: usize = 3;

/// What the marks in the table mean, and where hidden rows stand in its order.
fn marks_line(view: &View<'_>, rows: &[Row]) -> String {
    let found = Marks::of_whole_readings(rows.iter().map(|row| &row.reading));
    let mut line = found.line(view.text);
    if rows.iter().any(|row| row.reading.status == Status::Unread) {
        view.text.get("panel.shown.why_unread").clone_into(&mut line);
    } else if rows.iter().any(|row| !row.reading.value.is_seen()) {
        if !line.is_empty() {
            line.push_str(view.text.get("marks.join"));
        }
        line.push_str(view.text.get("panel.table.last"));
    }
    if let Some(as_of) = words::areas_as_of(view) {
        if !line.is_empty() {
            line.push_str(" · ");
        }
        line.push_str(&as_of);
    }
    line
}

/// A column, its heading and its share of the width.
type Shape = (Column, &'static str, f32);

/// The columns that say something of the indicator and fit a width, given in sizes of small type.
fn columns(width: f32, indicator: &Indicator) -> Vec<Shape> {
    // The numerator of a count is its value.
    let says = |column: Column| match column {
        Column::Gap => indicator.target.as_ref().is_some_and(|target| target.value.is_some()),
        Column::Numerator | Column::Denominator => indicator.denominator.is_some(),
        _ => true,
    };
    let mut columns: Vec<Shape> = COLUMNS.into_iter().filter(|(column, ..)| says(*column)).collect();
    let wide = |columns: &[Shape]| columns.iter().map(|(.., wide)| wide).sum::<f32>();
    for spared in SPARED {
        if wide(&columns) > width {
            columns.retain(|(column, ..)| *column != spared);
        }
    }
    let all = wide(&columns);
    columns.iter_mut().for_each(|(.., share)| *share /= all);
    columns
}

fn cells(line: Rect, columns: &[Shape]) -> impl Iterator<Item = (Column, &'static str, Rect)> {
    let mut left = line.left();
    columns.iter().map(move |&(column, key, width)| {
        let place = Rect::from_min_size(pos2(left, line.top()), vec2(line.width() * width, line.height()));
        left = place.right();
        (column, key, place)
    })
}

/// How late the chosen indicator is, in a few characters.
fn late_words(view: &View<'_>) -> String {
    let words = words::late_short(view, &view.snapshot.inputs(view.state.indicator));
    if words.is_empty() { words::status(view, Status::Late).to_owned() } else { words }
}

fn row_ui(
    pen: Pen<'_>,
    line: Rect,
    view: &View<'_>,
    indicator: &Indicator,
    (row, depth, columns): (&Row, usize, &[Shape]),
    commands: &mut Commands,
) {
    let text = view.text;
    let d = indicator.decimals;
    let name = words::area_name(view, row.area);
    let reading = &row.reading;
    let figure = format::shown(reading.value, d, &indicator.unit, text);
    let response = pen.press_named(line, ("area", row.area), || row.spoken(view, indicator, name));
    if row.area == view.state.area {
        pen.painter().rect_filled(line, pen.step() * 0.5, pen.theme.accent.gamma_multiply(0.14));
    }
    let late = reading.status == Status::Late;
    if late {
        let stroke = Stroke::new(pen.theme.sizes.hairline, pen.theme.line);
        marks::hatch(pen.painter(), line.shrink2(vec2(0.0, 1.0)), pen.step() * 1.5, stroke);
    }
    pen.hover_ground(line, &response);
    for (column, _, place) in cells(line, columns) {
        let plain = pen.note().color(pen.theme.text);
        let (words, ink) = match column {
            Column::Name => (name.to_owned(), plain),
            Column::Value if reading.value.is_suppressed() => (figure.clone(), pen.note()),
            // The unit is said by the heading of the trend beside it, and on hover.
            Column::Value if pen.width(&figure, plain.bold()) > place.width() - pen.step() => {
                (format::bare(reading.value, d, text), plain.bold())
            }
            Column::Value => (figure.clone(), plain.bold()),
            Column::Interval => (format::interval(reading.interval, d, text), pen.note()),
            Column::Gap => {
                let met = words::is_met(view, indicator, row.area, reading.value);
                let color = if met == Some(false) { pen.theme.warn } else { pen.theme.text };
                let gap = words::target_at(view, indicator, row.area)
                    .and_then(|t| format::target_gap(reading.value, t, d, text));
                (gap.unwrap_or_default(), plain.color(color))
            }
            Column::Numerator => (format::bare(reading.numerator, 0, text), plain),
            Column::Denominator => (format::bare(reading.denominator, 0, text), plain),
            Column::Status if late => (late_words(view), pen.note().color(pen.theme.warn)),
            Column::Status => (words::status(view, reading.status).to_owned(), pen.note()),
        };
        let ink = if late && column != Column::Status { ink.color(pen.theme.muted) } else { ink };
        // An area inside another stands a little to the right of it.
        let indent = if column == Column::Name { depth * 2 } else { 1 };
        let align = if column == Column::Name { Align2::LEFT_CENTER } else { Align2::RIGHT_CENTER };
        let place = if column == Column::Name {
            let (place, marks) = cut_right(place, standing::width(pen, &[row.standing]));
            standing::marks_ui(pen, marks, &row.standing);
            place
        } else {
            place
        };
        let at = pen.text(place.with_min_x(place.left() + pen.step() * whole(indent)), align, &words, ink);
        if column == Column::Value && reading.value.is_suppressed() {
            let stroke = Stroke::new(pen.theme.sizes.hairline, pen.theme.muted);
            marks::dashed_box(pen.painter(), at.expand2(vec2(pen.step() * 0.5, -1.0)), stroke);
        }
    }
    let (_, bottom) = cut_top(line, line.height() - 1.0);
    pen.hairline(line.left(), line.right(), bottom.bottom());
    pen.tip(line, ("area tip", row.area), || row.explain(view, indicator));
    if response.clicked() {
        commands.push(Command::SelectArea(row.area));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::fixture::site;

    fn shown(width: f32, indicator: &Indicator) -> Vec<Column> {
        columns(width, indicator).into_iter().map(|(column, ..)| column).collect()
    }

    #[test]
    fn columns_go_one_by_one_and_the_value_keeps_its_interval() {
        let site = site();
        let rate = site.indicators.iter().find(|i| i.denominator.is_some() && i.target.is_some()).unwrap();
        assert_eq!(shown(100.0, rate).len(), COLUMNS.len());
        let mut before = COLUMNS.len();
        for width in (0..100).rev() {
            let found = shown(width as f32, rate);
            assert!(before - found.len() <= 1, "{found:?} at {width}");
            assert!(found.starts_with(&[Column::Name, Column::Value, Column::Interval]), "{found:?}");
            before = found.len();
        }
        assert_eq!(before, 3);
        let count = site.indicators.iter().find(|i| i.denominator.is_none()).unwrap();
        let found = shown(100.0, count);
        assert!(!found.contains(&Column::Numerator) && !found.contains(&Column::Denominator));
        let all: f32 = columns(100.0, count).iter().map(|(.., share)| share).sum();
        assert!((all - 1.0).abs() < 1e-5);
    }
}
