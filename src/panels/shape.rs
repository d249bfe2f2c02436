//! The figures of a drawn shape: what it is, how reliable its figures are and why, and all of them in a list. Owns the
//! words about shapes and the reliability mark; the figures come in ready.

use egui::{Align2, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use crate::command::Command;
use crate::derived::change::Change;
use crate::derived::words as derived_words;
use crate::drawn::figures::DrawnReading;
use crate::drawn::{Drawn, DrawnFigures, Mark, NoFigure, Parts};
use crate::panels::details::field_ui;
use crate::panels::pen::{Pen, cut_left, cut_right, cut_top, share};
use crate::panels::series_cache::SeriesCache;
use crate::panels::{Commands, View, contribution, format, words};
use crate::site::catalogue::Indicator;
use crate::snapshot::{IndicatorIx, Reading};

/// What the drawn shape is called; nothing where none is drawn.
#[must_use]
pub fn name(view: &View<'_>) -> Option<String> {
    let drawn = view.state.drawn.as_deref()?;
    let site = view.site;
    let level = site.meta.levels.get(site.figure_level()).map_or("", |level| view.say(&level.name));
    let areas = view.drawn.map_or(0, |figures| figures.areas);
    let count = areas.to_string();
    let places = [("n", count.as_str()), ("level", level)];
    Some(match drawn {
        Drawn::Areas(picked) => {
            let names: Vec<&str> = picked.iter().map(|area| words::short_name(view, *area)).collect();
            match names.as_slice() {
                [first] => view.text.fill("panel.shape.picked_one", &[("area", first)]),
                [first, second] => {
                    view.text.fill("panel.shape.picked_two", &[("area", first), ("other", second)])
                }
                _ => view.text.fill("panel.shape.picked", &[("n", &picked.len().to_string())]),
            }
        }
        Drawn::Polygons(_) => view.text.fill("panel.shape.polygon", &places),
        Drawn::Circle { meters, .. } => {
            let meters = format::count(*meters as u64);
            view.text.fill("panel.shape.circle", &[("meters", &meters), places[0], places[1]])
        }
    })
}

const fn letter(mark: Mark) -> &'static str {
    match mark {
        Mark::A => "A",
        Mark::B => "B",
        Mark::C => "C",
    }
}

const fn mark_key(mark: Mark) -> &'static str {
    match mark {
        Mark::A => "panel.shape.mark_a",
        Mark::B => "panel.shape.mark_b",
        Mark::C => "panel.shape.mark_c",
    }
}

/// What a figure stands on, in words.
fn parts_words(view: &View<'_>, parts: &Parts) -> String {
    let percent = |share: f64| format::bound(share * 100.0, 0);
    view.text.fill(
        "panel.shape.parts",
        &[
            ("whole", &percent(parts.whole)),
            ("divided", &percent(parts.divided)),
            ("without", &percent(parts.without)),
        ],
    )
}

/// The explanation of a figure of what is chosen: of the shape, where one is drawn.
#[must_use]
pub fn explained(view: &View<'_>, index: IndicatorIx, indicator: &Indicator, reading: &Reading) -> String {
    let Some(drawn) = view.drawn.and_then(|d| d.get(index)) else {
        return words::explain(view, indicator, view.state.area, reading);
    };
    let text = view.text;
    let d = indicator.decimals;
    let mut lines = vec![
        format!("{} · {}", view.say(&indicator.name), name(view).unwrap_or_default()),
        format!("{} · {}", figure(view, indicator, drawn), format::window(&indicator.window, text)),
    ];
    if indicator.denominator.is_some() && drawn.no_figure.is_none() {
        let sides = [("numerator", reading.numerator), ("denominator", reading.denominator)]
            .map(|(side, shown)| (side, format::bare(shown, 0, text)));
        let places = sides.each_ref().map(|(side, words)| (*side, words.as_str()));
        lines.push(text.fill("panel.explain.ratio", &places));
    }
    if let Some(between) = drawn.between {
        lines.push(text.fill("panel.shape.between", &[("range", &format::interval(Some(between), d, text))]));
    }
    match drawn.no_figure {
        Some(NoFigure::DoesNotAdd) => lines.push(text.get("panel.shape.does_not_add").to_owned()),
        Some(NoFigure::TooCoarse) => lines.push(text.get("panel.shape.too_coarse").to_owned()),
        None => {
            let mark = drawn.parts.mark();
            lines.push(format!("{} · {}", text.get(mark_key(mark)), parts_words(view, &drawn.parts)));
        }
    }
    lines.join("\n")
}

/// A figure of a shape as it is printed.
fn figure(view: &View<'_>, indicator: &Indicator, drawn: &DrawnReading) -> String {
    match drawn.no_figure {
        Some(NoFigure::DoesNotAdd) => view.text.get("panel.shape.no_sum").to_owned(),
        Some(NoFigure::TooCoarse) => view.text.get("panel.shape.no_small").to_owned(),
        None => format::shown(drawn.reading.value, indicator.decimals, &indicator.unit, view.text),
    }
}

/// A letter in a ring of its own shape: square for the reliable, cut corners for what follows.
fn chip_ui(pen: Pen<'_>, place: Rect, mark: Mark) {
    let theme = pen.theme;
    let color = match mark {
        Mark::A => theme.good,
        Mark::B => theme.text,
        Mark::C => theme.warn,
    };
    let size = theme.sizes.small * 1.25;
    let at = Rect::from_center_size(place.center(), vec2(size, size));
    let stroke = Stroke::new(theme.sizes.hairline, color);
    let radius = match mark {
        Mark::A => 0.0,
        Mark::B => size * 0.25,
        Mark::C => size * 0.5,
    };
    pen.painter().rect_stroke(at, radius, stroke, StrokeKind::Inside);
    let ink = pen.note().size(theme.sizes.small * 0.9).bold().color(color);
    pen.text(at, Align2::CENTER_CENTER, letter(mark), ink);
}

/// The reliability mark at the right end of a line, where a shape is drawn; what remains of the line.
pub fn mark_ui(pen: Pen<'_>, line: Rect, view: &View<'_>, index: IndicatorIx) -> Rect {
    let Some(drawn) = view.drawn.and_then(|d| d.get(index)).filter(|d| d.no_figure.is_none()) else {
        return line;
    };
    let size = pen.theme.sizes.small * 1.5;
    let (rest, place) = cut_right(line, size);
    chip_ui(pen, place.with_max_y(place.top() + size), drawn.parts.mark());
    rest.with_max_x(rest.right() - pen.step() * 0.5)
}

/// Paints all there is to say about the shape.
pub fn shape_ui(ui: &mut Ui, view: &View<'_>, series: &mut SeriesCache, commands: &mut Commands) {
    let theme = view.theme;
    let pen = Pen::new(ui, theme);
    let title = name(view).unwrap_or_default();
    let (head, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), pen.row(pen.heading())), Sense::hover());
    let pen = Pen::new(ui, theme);
    let clear = view.text.get("panel.shape.clear");
    let (rest, button) = cut_right(head, pen.width(clear, pen.note()) + pen.step());
    if pen.press(button, "clear shape", clear).clicked() {
        commands.push(Command::Draw(None));
    }
    pen.text(button, Align2::RIGHT_CENTER, clear, pen.note().color(theme.accent));
    pen.named_text(
        rest.with_max_x(rest.right() - pen.step()),
        Align2::LEFT_CENTER,
        &title,
        pen.body().bold(),
    );
    let Some(figures) = view.drawn else {
        let (line, _) =
            ui.allocate_exact_size(vec2(ui.available_width(), theme.sizes.body * 2.0), Sense::hover());
        let pen = Pen::new(ui, theme);
        pen.named_text(line, Align2::LEFT_CENTER, view.text.get("panel.shape.working"), pen.note());
        return;
    };
    summary_ui(ui, view, figures);
    changes_ui(ui, view, series);
    let height = (theme.sizes.body * 1.6).ceil();
    ui.spacing_mut().item_spacing.y = 0.0;
    let count = view.site.indicators.len();
    // Whole rows only: half a row at the bottom reads like a fault.
    let tall = (ui.available_height() / height).floor() * height;
    ScrollArea::vertical().id_salt("shape figures").auto_shrink(false).max_height(tall).show_rows(
        ui,
        height,
        count,
        |ui, range| {
            for index in range {
                let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
                let line = line.with_max_x(line.right() - theme.sizes.step);
                row_ui(Pen::new(ui, theme), line, view, index, commands);
            }
        },
    );
}

/// What the shape as such stands on, as a bar and in words.
fn summary_ui(ui: &mut Ui, view: &View<'_>, figures: &DrawnFigures) {
    let theme = view.theme;
    let pen = Pen::new(ui, theme);
    let mark = figures.parts.mark();
    let line = view.text.get(mark_key(mark));
    let buildings =
        view.text.fill("panel.shape.buildings", &[("n", &format::count(figures.buildings as u64))]);
    let basis = format!("{} · {buildings}", parts_words(view, &figures.parts));
    let note = view.text.get("panel.shape.how");
    let width = ui.available_width();
    let step = pen.step();
    let rows = pen.row(pen.note());
    let wrapped = |words: &str| pen.wrapped_height(width - step, words, pen.note(), 3);
    let tall = rows + wrapped(&basis) + wrapped(note) + step * 2.5;
    let (rect, _) = ui.allocate_exact_size(vec2(width, tall), Sense::hover());
    let pen = Pen::new(ui, theme);
    let (top, rest) = cut_top(rect, rows);
    let (chip, words) = cut_left(top, theme.sizes.small * 1.6);
    chip_ui(pen, chip, mark);
    pen.named_text(
        words.with_min_x(words.left() + step * 0.5),
        Align2::LEFT_CENTER,
        line,
        pen.note().color(theme.text),
    );
    let (bar, rest) = cut_top(rest.with_min_y(rest.top() + step * 0.5), step);
    bar_ui(pen, bar.with_max_x(bar.right() - step), &figures.parts);
    let rest = rest.with_min_y(rest.top() + step * 0.5);
    let used = pen.wrapped(rest.with_max_x(rest.right() - step), &basis, pen.note(), 3);
    let rest = rest.with_min_y(rest.top() + used);
    pen.wrapped(rest.with_max_x(rest.right() - step), note, pen.note(), 3);
    pen.hairline(rect.left(), rect.right() - step, rect.bottom() - 1.0);
}

/// The chosen indicator over the shape against its own past.
fn changes_ui(ui: &mut Ui, view: &View<'_>, series: &mut SeriesCache) {
    let Some(indicator) = view.indicator() else { return };
    let Some(derived) = series.of_shape(view, view.state.indicator) else { return };
    let drawn = view.drawn.and_then(|d| d.get(view.state.indicator));
    let value = drawn.map_or_else(String::new, |drawn| format!("{} · ", figure(view, indicator, drawn)));
    field_ui(ui, view, "panel.details.value", &format!("{value}{}", view.say(indicator.card_name())));
    for (key, change) in [("derived.label.year", derived.year), ("derived.label.period", derived.period)] {
        field_ui(ui, view, key, &change_words(view, indicator, &change));
    }
    field_ui(ui, view, "derived.label.control", &derived_words::trend(view.text, &derived.trend).1);
    let width = ui.available_width();
    let (line, _) = ui.allocate_exact_size(vec2(width, view.theme.sizes.step), Sense::hover());
    Pen::new(ui, view.theme).hairline(line.left(), line.right() - view.theme.sizes.step, line.center().y);
}

/// Difference, per cent, and the day it is set against.
fn change_words(view: &View<'_>, indicator: &Indicator, change: &Change) -> String {
    let text = view.text;
    let day = change.against + format::shift_days(view.snapshot.shift_secs);
    let against = text.fill("derived.against", &[("day", &format::full_day(day, false))]);
    let difference = format::signed(change.difference, indicator.decimals, text);
    if !change.difference.is_seen() {
        return format!("{difference} · {against}");
    }
    let percent = Some(change.percent).filter(|percent| percent.is_seen() && indicator.unit != "%");
    let percent = percent.map_or_else(String::new, |p| format!(" · {}%", format::signed(p, 1, text)));
    format!("{difference}{}{percent} · {against}", contribution::unit_of_difference(view, indicator))
}

/// Whole areas full, divided ones hatched, what is not shown empty.
fn bar_ui(pen: Pen<'_>, bar: Rect, parts: &Parts) {
    let theme = pen.theme;
    let stroke = Stroke::new(theme.sizes.hairline, theme.muted);
    let to = |part: f64| bar.left() + bar.width() * share(part, 1.0);
    let whole = bar.with_max_x(to(parts.whole));
    let divided = bar.with_min_x(whole.right()).with_max_x(to(parts.whole + parts.divided));
    pen.painter().rect_filled(whole, 0.0, theme.accent);
    pen.painter().rect_filled(divided, 0.0, theme.accent.gamma_multiply(0.25));
    crate::panels::marks::hatch(
        pen.painter(),
        divided,
        pen.step() * 0.6,
        Stroke::new(theme.sizes.hairline, theme.accent),
    );
    pen.painter().rect_stroke(bar, 0.0, stroke, StrokeKind::Inside);
}

fn row_ui(pen: Pen<'_>, line: Rect, view: &View<'_>, index: IndicatorIx, commands: &mut Commands) {
    let (Some(indicator), Some(drawn)) =
        (view.site.indicators.get(index), view.drawn.and_then(|d| d.get(index)))
    else {
        return;
    };
    let step = pen.step();
    let theme = pen.theme;
    if index == view.state.indicator {
        pen.painter().rect_filled(line, step * 0.5, theme.accent.gamma_multiply(0.14));
    }
    let name = view.say(indicator.card_name());
    let words = figure(view, indicator, drawn);
    let response = pen.press_named(line, ("shape figure", index), || format!("{name} {words}"));
    pen.hover_ground(line, &response);
    let domain = view.site.domain_index(&indicator.domain).unwrap_or(0);
    let bar = Rect::from_min_size(
        pos2(line.left(), line.top() + step * 0.5),
        vec2(step * 0.4, line.height() - step),
    );
    pen.painter().rect_filled(bar, 0.0, theme.domain(domain));
    let (rest, chip) = cut_right(line.with_min_x(line.left() + step), theme.sizes.small * 1.6);
    if drawn.no_figure.is_none() {
        chip_ui(pen, chip, drawn.parts.mark());
    }
    let has_value = drawn.reading.value.is_seen();
    let ink = if has_value { pen.note().color(theme.text) } else { pen.note() };
    let (rest, value) =
        cut_right(rest.with_max_x(rest.right() - step * 0.5), pen.width(&words, ink.bold()) + step);
    pen.text(value, Align2::RIGHT_CENTER, &words, if has_value { ink.bold() } else { ink });
    pen.text(rest, Align2::LEFT_CENTER, name, ink);
    pen.tip(line, ("shape tip", index), || explained(view, index, indicator, &drawn.reading));
    if response.clicked() {
        commands.push(Command::SelectIndicator(index));
    }
}
