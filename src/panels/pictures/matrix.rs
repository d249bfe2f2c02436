//! Two coded columns as rows and columns of a table, coloured by value and carrying the numbers. Owns the table.

use egui::{Align2, Rect, Stroke, pos2, vec2};

use super::{breakdown, reach, sentence_ui, why_below};
use crate::panels::pen::{Pen, share, whole};
use crate::panels::{View, format, marks};
use crate::privacy::shown::Shown;
use crate::site::catalogue::Indicator;
use crate::site::scenes::Picture;
use crate::snapshot::Slice;

/// The table of a two-column breakdown.
struct Table<'a> {
    row: &'a Indicator,
    slices: &'a [Slice],
    down: Vec<&'a str>,
    across: Vec<&'a str>,
}

impl<'a> Table<'a> {
    fn of(view: &View<'a>, picture: &'a Picture) -> Option<Self> {
        let (index, row) = picture.source.as_deref().and_then(|id| breakdown(view, id))?;
        let slices = view.snapshot.slices(index, view.state.area);
        let codes = |column: usize| {
            let mut seen: Vec<&str> = Vec::new();
            for code in slices.iter().filter_map(|s| s.codes.get(column)) {
                if !seen.contains(&code.as_str()) {
                    seen.push(code);
                }
            }
            seen
        };
        let (down, across) = (codes(0), codes(1));
        (!down.is_empty() && !across.is_empty()).then_some(Self { row, slices, down, across })
    }

    fn at(&self, down: &str, across: &str) -> Shown {
        self.slices
            .iter()
            .find(|s| {
                s.codes.first().is_some_and(|c| c == down) && s.codes.get(1).is_some_and(|c| c == across)
            })
            .map_or(Shown::Missing, |s| s.value)
    }

    fn name(&self, view: &View<'a>, column: usize, code: &'a str) -> &'a str {
        format::code_name(view.site, view.text, self.row, column, code)
    }
}

/// Paints the table.
pub(super) fn matrix_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, picture: &Picture) {
    let Some(table) = Table::of(view, picture) else {
        pen.named_text(rect, Align2::LEFT_TOP, view.text.get("panel.shown.too_fine"), pen.note());
        return;
    };
    let step = pen.step();
    let name_width = table
        .down
        .iter()
        .map(|code| pen.width(table.name(view, 0, code), pen.note()))
        .fold(0.0_f32, f32::max)
        .min(rect.width() * 0.38)
        + step;
    let head = pen.row(pen.note());
    let height = (rect.height() - head - pen.row(pen.note()) - step).max(step * 4.0);
    let row_height = (height / whole(table.down.len())).min(pen.row(pen.body()) + step * 2.0);
    let cell_width = (rect.width() - name_width) / whole(table.across.len());
    let heads: Vec<&str> = table.across.iter().map(|code| table.name(view, 1, code)).collect();
    let prefix = common_prefix(&heads);
    let corner = Rect::from_min_size(rect.min, vec2(name_width - step, head));
    pen.text(corner, Align2::RIGHT_CENTER, prefix.trim_end(), pen.note());
    for (x, name) in heads.iter().enumerate() {
        let place = Rect::from_min_size(
            pos2(rect.left() + name_width + cell_width * whole(x), rect.top()),
            vec2(cell_width, head),
        );
        let name = name.get(prefix.len()..).unwrap_or(name);
        pen.text(place.shrink2(vec2(1.0, 0.0)), Align2::CENTER_CENTER, name, pen.note());
    }
    let most = table.slices.iter().filter_map(|s| reach(s.value)).fold(0.0_f64, f64::max);
    for (y, down) in table.down.iter().enumerate() {
        let top = rect.top() + head + step * 0.5 + row_height * whole(y);
        let place = Rect::from_min_size(pos2(rect.left(), top), vec2(name_width - step, row_height));
        pen.text(place, Align2::LEFT_CENTER, table.name(view, 0, down), pen.note().color(pen.theme.text));
        for (x, across) in table.across.iter().enumerate() {
            let left = rect.left() + name_width + cell_width * whole(x);
            let cell = Rect::from_min_size(pos2(left, top), vec2(cell_width, row_height)).shrink(1.5);
            cell_ui(pen, cell, view, &table, (down, across), most);
        }
    }
    let bottom = rect.top() + head + step + row_height * whole(table.down.len());
    sentence_ui(pen, rect.with_min_y(bottom), &sentence(view, &table));
}

/// The words that all heads begin with (`Grade ` of `Grade 1`, `Grade 2`): said once, in the corner.
fn common_prefix<'a>(heads: &[&'a str]) -> &'a str {
    let Some(first) = heads.first() else { return "" };
    let end = first.rfind(' ').map_or(0, |at| at + 1);
    let prefix = first.get(..end).unwrap_or("");
    if heads.len() > 1 && heads.iter().all(|h| h.starts_with(prefix)) { prefix } else { "" }
}

fn cell_ui(pen: Pen<'_>, cell: Rect, view: &View<'_>, table: &Table<'_>, at: (&str, &str), most: f64) {
    let value = table.at(at.0, at.1);
    let figure = format::bare(value, table.row.decimals, view.text);
    let ink = pen.note();
    match value {
        Shown::Value(_) | Shown::Coarse { .. } => {
            let v = reach(value).unwrap_or(0.0);
            // Square root: the eye judges areas, and one full class would else leave all others dark.
            let weight = share(v.max(0.0).sqrt(), most.sqrt());
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "one of seven classes"
            )]
            let class = (weight * 6.99) as usize;
            let fill = pen.theme.class_color(class, 7);
            pen.painter().rect_filled(cell, pen.step() * 0.25, fill);
            pen.text(cell, Align2::CENTER_CENTER, &figure, ink.color(pen.theme.on(fill)));
        }
        Shown::Suppressed { .. } => {
            marks::dashed_box(pen.painter(), cell, Stroke::new(pen.theme.sizes.hairline, pen.theme.muted));
            pen.text(cell, Align2::CENTER_CENTER, &figure, ink);
        }
        Shown::Missing | Shown::TooFine | Shown::Unread => {
            pen.painter().rect_filled(cell, pen.step() * 0.25, pen.theme.no_data);
        }
    }
    let words = || {
        let unit = format::unit_suffix(&table.row.unit, view.text);
        let (down, across) = (table.name_of(view, 0, at.0), table.name_of(view, 1, at.1));
        format!("{down} · {across} {figure}{unit}")
    };
    pen.name(cell, ("cell", at), &words());
    pen.tip(cell, ("cell tip", at), || why_below(view, value, words()));
}

impl Table<'_> {
    fn name_of(&self, view: &View<'_>, column: usize, code: &str) -> String {
        format::code_name(view.site, view.text, self.row, column, code).to_owned()
    }
}

fn sentence(view: &View<'_>, table: &Table<'_>) -> String {
    let most = table
        .slices
        .iter()
        .filter_map(|slice| Some((slice, slice.value.point()?)))
        .max_by(|(_, a), (_, b)| a.order(*b))
        .map(|(slice, _)| slice);
    let Some(([down, across], value)) = most.and_then(|s| Some((s.codes.first_chunk::<2>()?, s.value)))
    else {
        return String::new();
    };
    let name = format!("{} · {}", table.name_of(view, 0, down), table.name_of(view, 1, across));
    let figure = format::shown(value, table.row.decimals, &table.row.unit, view.text);
    view.text.fill("panel.picture.flow", &[("name", &name), ("figure", &figure)])
}
