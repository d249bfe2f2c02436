//! All there is to know about the chosen indicator: what counts, how it is worked out, its parts, its target, what areas
//! add to its change, its age, how it is protected. Owns the order of the fields.

use egui::{Sense, Ui, vec2};

use crate::panels::contribution::contribution_ui;
use crate::panels::pen::{Pen, cut_left};
use crate::panels::series_cache::SeriesCache;
use crate::panels::{View, format, words};
use crate::site::catalogue::{Indicator, People, Side};

/// Paints the fields from the top of a ui.
pub fn details_ui(ui: &mut Ui, view: &View<'_>, series: &mut SeriesCache) {
    let Some(indicator) = view.indicator() else { return };
    let area = crate::panels::trend::trend_area(view, indicator);
    let reading = view.snapshot.reading(view.state.indicator, area);
    let text = view.text;
    let d = indicator.decimals;
    title_ui(ui, view, indicator);
    let value = format::shown(reading.value, d, &indicator.unit, text);
    field_ui(ui, view, "panel.details.value", &format!("{value} · {}", words::area_name(view, area)));
    let formula = indicator.formula.as_ref().map_or("", |f| view.say(f));
    field_ui(ui, view, "panel.details.formula", formula);
    field_ui(
        ui,
        view,
        "panel.details.numerator",
        &side(view, indicator, &indicator.numerator, reading.numerator),
    );
    if let Some(side_row) = &indicator.denominator {
        field_ui(
            ui,
            view,
            "panel.details.denominator",
            &side(view, indicator, side_row, reading.denominator),
        );
    }
    field_ui(ui, view, "panel.details.window", &format::window(&indicator.window, text));
    if let Some(target) = words::target_at(view, indicator, area) {
        let bound = format::target(target, d, text).unwrap_or_default();
        let source = target.source.as_ref().map_or("", |s| view.say(s));
        let met =
            words::is_met(view, indicator, area, reading.value).map_or("", |met| words::met_word(view, met));
        let parts: Vec<&str> = [bound.as_str(), met, source].into_iter().filter(|p| !p.is_empty()).collect();
        field_ui(ui, view, "panel.details.target", &parts.join(" · "));
    }
    if reading.interval.is_some() {
        field_ui(ui, view, "panel.details.interval", &format::interval(reading.interval, d, text));
    }
    if let Some(change) = format::change(reading.value, reading.previous, d) {
        let words = format!("{} {}", words::change(view, &change), words::change_base(view, indicator));
        field_ui(ui, view, "panel.details.change", &words);
    }
    contribution_ui(ui, view, indicator, area, series);
    if let Some(at) = reading.oldest_input {
        let moment = format::moment(&view.site.zone, at + view.snapshot.shift_secs);
        let words = format!("{moment} · {}", words::input_age(view, &reading));
        field_ui(ui, view, "panel.details.input", &words);
    }
    field_ui(ui, view, "panel.details.expected", &words::promised(view, indicator));
    field_ui(ui, view, "panel.details.status", words::status(view, reading.status));
    field_ui(ui, view, "panel.details.protection", &protection(view, indicator));
    let level = view.site.meta.levels.iter().find(|l| l.id == indicator.finest_area);
    field_ui(ui, view, "panel.details.finest", level.map_or("", |l| view.say(&l.name)));
    field_ui(ui, view, "panel.details.facts", &indicator.facts.join(" "));
}

fn title_ui(ui: &mut Ui, view: &View<'_>, indicator: &Indicator) {
    let width = ui.available_width();
    let domain =
        view.site.domains.iter().find(|d| d.id == indicator.domain).map_or("", |d| view.say(&d.name));
    let other = indicator.name.get(view.lang().other());
    let pen = Pen::new(ui, view.theme);
    let name = view.say(&indicator.name);
    let heading = pen.heading();
    let note = format!("{other} · {domain}");
    let tall = pen.wrapped_height(width, name, heading, 3);
    let note_tall = pen.wrapped_height(width, &note, pen.note(), 3);
    let (rect, _) =
        ui.allocate_exact_size(vec2(width, tall + note_tall + view.theme.sizes.step), Sense::hover());
    let pen = Pen::new(ui, view.theme);
    pen.wrapped(rect, name, heading, 3);
    pen.name(rect, "details title", name);
    pen.wrapped(rect.with_min_y(rect.top() + tall), &note, pen.note(), 3);
}

/// One field: its name on the left, its words on the right, as tall as the words need.
pub fn field_ui(ui: &mut Ui, view: &View<'_>, key: &str, words: &str) {
    if words.trim().is_empty() {
        return;
    }
    let label = view.text.get(key);
    let width = ui.available_width();
    let step = view.theme.sizes.step;
    let pen = Pen::new(ui, view.theme);
    let ink = pen.note().color(view.theme.text);
    // As wide as the name where that leaves most of the width to the words; a longer name takes a second line.
    let label_width = (width * 0.27).max(pen.width(label, pen.note()) + step * 1.5).min(width * 0.42);
    let label_tall = pen.wrapped_height(label_width - step, label, pen.note(), 2);
    let tall = pen.wrapped_height(width - label_width, words, ink, 8).max(pen.row(ink)).max(label_tall);
    let (rect, _) = ui.allocate_exact_size(vec2(width, tall + view.theme.sizes.step * 0.5), Sense::hover());
    let pen = Pen::new(ui, view.theme);
    let (label_place, words_place) = cut_left(rect, label_width);
    pen.wrapped(label_place.with_max_x(label_place.right() - view.theme.sizes.step), label, pen.note(), 2);
    pen.wrapped(words_place, words, ink, 8);
    pen.name(rect, key, &format!("{label} {words}"));
}

fn side(view: &View<'_>, indicator: &Indicator, side: &Side, value: crate::privacy::shown::Shown) -> String {
    let decimals =
        if side.expr.contains("hours") || side.expr.contains("median") { indicator.decimals } else { 0 };
    let value = format::bare(value, decimals, view.text);
    format!("{value} · {}", view.site.side_words(side, view.lang()))
}

fn protection(view: &View<'_>, indicator: &Indicator) -> String {
    if indicator.suppress_below == 0 {
        let key = if indicator.people == People::None {
            "panel.details.no_people"
        } else {
            "panel.details.no_rule"
        };
        return view.text.get(key).to_owned();
    }
    let mut words =
        view.text.fill("panel.details.hidden", &[("below", &indicator.suppress_below.to_string())]);
    if indicator.published_total {
        words.push_str(view.text.get("panel.details.published"));
    }
    words
}
