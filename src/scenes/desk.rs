//! The desk: the same map and figures, dense, for one person at one screen. Owns how the window is divided.

use egui::{Align2, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2};

use crate::command::Command;
use crate::map::MapPanel;
use crate::panels::event_card::EventCard;
use crate::panels::pen::{Pen, cut_left, cut_right, cut_top};
use crate::panels::{
    Commands, View, alarm_strip, area_table, details, event_stream, filter_line, format, funnel_plot, legend,
    marks, shape, silence, time_bar, time_words, top_band, trend,
};
use crate::scenes::Memory;
use crate::scenes::snapped;
use crate::snapshot::EventView;

/// A desk from this size on, in lines of text, has room for more beside each other.
const ROOMY: egui::Vec2 = vec2(200.0, 110.0);

/// Whether a desk has room for the funnel plot as a pane, for areas inside areas and for indicators in columns.
pub(crate) fn is_roomy(pen: Pen<'_>, screen: Rect) -> bool {
    let wanted = ROOMY * pen.theme.sizes.body;
    screen.width() >= wanted.x && screen.height() >= wanted.y
}

struct DeskZones {
    top: Rect,
    list: Rect,
    map: Rect,
    time: Rect,
    trend: Rect,
    /// The funnel plot, where it is open and has room of its own.
    funnel: Option<Rect>,
    table: Rect,
    events: Rect,
    details: Rect,
}

impl DeskZones {
    fn of(pen: Pen<'_>, screen: Rect, has_funnel: bool) -> Self {
        let sizes = pen.theme.sizes;
        let roomy = is_roomy(pen, screen);
        let of = |plain: f32, large: f32| if roomy { large } else { plain };
        let gap = sizes.step;
        let (top, rest) = cut_top(screen, sizes.body * 3.2);
        let body = rest.shrink(gap);
        let (list, rest) = cut_left(body, (sizes.body * of(22.0, 50.0)).min(body.width() * 0.26));
        let (middle, right) = cut_right(rest, (sizes.body * of(26.0, 34.0)).min(body.width() * 0.3));
        let middle = middle.shrink2(vec2(gap, 0.0));
        let (map, below) = middle.split_top_bottom_at_y(middle.top() + middle.height() * of(0.6, 0.53));
        let below = below.with_min_y(below.top() + gap);
        let (map, time) = map.split_top_bottom_at_y(map.bottom() - time_bar::full_height(pen) - gap * 4.0);
        let beside = roomy && has_funnel;
        let (trend, table) = cut_left(below, below.width() * if beside { 0.32 } else { of(0.46, 0.42) });
        let (funnel, table) = cut_left(table, if beside { below.width() * 0.32 } else { 0.0 });
        let (events, details) = right.split_top_bottom_at_y(right.top() + right.height() * of(0.42, 0.56));
        Self {
            top: snapped(top),
            list: snapped(list),
            map: snapped(map),
            time: snapped(time.with_min_y(time.top() + gap)),
            trend: snapped(trend),
            funnel: beside.then(|| snapped(funnel.with_min_x(funnel.left() + gap))),
            table: snapped(table.with_min_x(table.left() + gap)),
            events: snapped(events),
            details: snapped(details.with_min_y(details.top() + gap)),
        }
    }
}

/// The middle column of the desk, from map to table: where the funnel plot lies that has no room of its own.
pub(crate) fn middle(pen: Pen<'_>, screen: Rect) -> Rect {
    let zones = DeskZones::of(pen, screen, false);
    zones.map.union(zones.table)
}

/// Paints the desk.
pub(crate) fn desk_ui(
    ui: &mut Ui,
    screen: Rect,
    view: &View<'_>,
    map: &mut MapPanel,
    memory: &mut Memory,
    commands: &mut Commands,
) {
    let zones = DeskZones::of(Pen::new(ui, view.theme), screen, view.state.funnel_open);
    ui.painter().rect_filled(screen, 0.0, view.theme.ground);
    top_ui(Pen::new(ui, view.theme), zones.top, view, commands);
    let mut list = pane(ui, view, zones.list, "list", "panel.list.title");
    memory.list.ui(&mut list, view, &mut memory.series, commands);
    map_ui(ui, zones.map, view, map, commands);
    let bar = surface(ui, view, zones.time);
    time_bar::full_ui(Pen::new(ui, view.theme), bar, view, commands);
    trend_ui(ui, zones.trend, view, memory);
    if let Some(place) = zones.funnel {
        funnel_pane(ui, place, view, memory, commands);
    }
    let mut place = zones.table;
    if zones.funnel.is_none()
        && let Some((table, below)) = room_below(Pen::new(ui, view.theme), screen, zones.table, view, memory)
    {
        place = table;
        funnel_pane(ui, below, view, memory, commands);
    }
    let mut table = pane(ui, view, place, "table", "panel.table.title");
    memory.table.ui(&mut table, view, &mut memory.series, commands);
    events_ui(ui, zones.events, view, &mut memory.event, commands);
    if !view.snapshot.is_live() {
        time_words::frame_ui(ui.painter(), screen, view.theme);
    }
    if view.state.drawn.is_some() {
        let mut pane = pane(ui, view, zones.details, "shape", "panel.shape.title");
        shape::shape_ui(&mut pane, view, &mut memory.series, commands);
        return;
    }
    if view.state.silence_open {
        let inner = surface(ui, view, zones.details);
        let mut child = ui.new_child(UiBuilder::new().id_salt("silence").max_rect(inner));
        child.set_clip_rect(inner.intersect(ui.clip_rect()));
        scrolled(&mut child, "silence scroll", |ui| silence::silence_ui(ui, view, commands));
        return;
    }
    let mut pane = pane(ui, view, zones.details, "details", "panel.details.title");
    scrolled(&mut pane, "details scroll", |ui| details::details_ui(ui, view, &mut memory.series));
}

/// The table's place and what it leaves to the funnel plot, where its rows take less than half of a large desk's.
fn room_below(
    pen: Pen<'_>,
    screen: Rect,
    table: Rect,
    view: &View<'_>,
    memory: &mut Memory,
) -> Option<(Rect, Rect)> {
    if !is_roomy(pen, screen) || view.state.funnel_open {
        return None;
    }
    let used = area_table::height(pen, view, view.indicator()?) + pen.step() * 3.0;
    if used > table.height() * 0.5 || !funnel_plot::has_plot(view, &mut memory.series) {
        return None;
    }
    let (table, below) = cut_top(table, used);
    Some((snapped(table), snapped(below.with_min_y(below.top() + pen.step()))))
}

fn funnel_pane(ui: &mut Ui, place: Rect, view: &View<'_>, memory: &mut Memory, commands: &mut Commands) {
    let inner = surface(ui, view, place);
    let mut child = ui.new_child(UiBuilder::new().id_salt("funnel").max_rect(inner));
    child.set_clip_rect(inner.intersect(ui.clip_rect()));
    child.spacing_mut().item_spacing = vec2(0.0, 0.0);
    funnel_plot::funnel_ui(&mut child, view, &mut memory.series, commands);
}

/// A surface with a heading; returns the ui for its contents.
fn pane(ui: &mut Ui, view: &View<'_>, rect: Rect, salt: &str, title: &str) -> Ui {
    let inner = surface(ui, view, rect);
    let pen = Pen::new(ui, view.theme);
    let (head, rest) = cut_top(inner, pen.row(pen.body()) + pen.step() * 0.5);
    pen.named_text(head, Align2::LEFT_TOP, view.text.get(title), pen.body().bold());
    let mut child = ui.new_child(UiBuilder::new().id_salt(salt).max_rect(rest));
    child.set_clip_rect(rest.intersect(ui.clip_rect()));
    child
}

fn surface(ui: &Ui, view: &View<'_>, rect: Rect) -> Rect {
    let step = view.theme.sizes.step;
    ui.painter().rect_filled(rect, step * 0.5, view.theme.surface);
    let stroke = Stroke::new(view.theme.sizes.hairline, view.theme.line);
    ui.painter().rect_stroke(rect, step * 0.5, stroke, StrokeKind::Inside);
    rect.shrink(step * 1.5)
}

fn scrolled(ui: &mut Ui, salt: &str, contents: impl FnOnce(&mut Ui)) {
    let margin = ui.spacing().item_spacing.x;
    ScrollArea::vertical().id_salt(salt).auto_shrink(false).show(ui, |ui| {
        ui.set_max_width(ui.available_width() - margin);
        contents(ui);
    });
}

fn top_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) {
    let step = pen.step();
    pen.painter().rect_filled(rect, 0.0, pen.theme.surface);
    pen.hairline(rect.left(), rect.right(), rect.bottom());
    let inner = rect.shrink2(vec2(step * 2.0, 0.0));
    let title = pen.named_text(inner, Align2::LEFT_CENTER, view.say(&view.site.meta.title), pen.heading());
    let rest = inner.with_min_x(title.right() + step);
    let subtitle = view.say(&view.site.meta.subtitle);
    let at = pen.named_text(rest, Align2::LEFT_CENTER, subtitle, pen.heading().color(pen.theme.accent));
    let secs = view.now_whole_secs() + view.snapshot.shift_secs;
    let zone = &view.site.zone;
    let ink = pen.body().bold();
    let (clock, ink) = match time_words::shown_moment(view) {
        None => (format!("{}  {}", format::date(zone, secs, view.text), format::clock(zone, secs)), ink),
        Some(moment) => {
            let (date, clock) =
                (time_words::date(view, moment.at_secs), time_words::clock(view, moment.at_secs));
            (format!("{date}  {clock}"), ink.color(pen.theme.warn))
        }
    };
    let (rest, place) = cut_right(inner.with_min_x(at.right() + step * 4.0), pen.width(&clock, ink) + step);
    pen.named_text(place, Align2::RIGHT_CENTER, &clock, ink);
    let fresh = top_band::Fresh::of(pen, view, rest.width());
    let color = if fresh.is_late { pen.theme.warn } else { pen.theme.good };
    let (rest, place) = cut_right(rest, pen.width(&fresh.shown, pen.note()) + step * 4.0);
    let at = pen.text(place, Align2::CENTER_CENTER, &fresh.shown, pen.note().color(color));
    pen.name(at, "fresh", &fresh.told);
    marks::target(pen.painter(), pos2(at.left() - step, at.center().y), step, !fresh.is_late, color);
    pen.tip(place, "freshness", || top_band::freshness_words(view));
    let past_start = time_words::mark_ui(pen, rest, view);
    let rest = if view.snapshot.is_live() { rest } else { rest.with_max_x(past_start - step * 1.5) };
    let rest = match view.site.meta.sample {
        Some(_) => {
            let start = top_band::demo_ui(pen, rest.with_max_x(rest.right() - step), view, step * 0.5);
            rest.with_max_x(start - step * 2.0)
        }
        None => rest,
    };
    let (filter, strip) = rest.split_left_right_at_fraction(0.55);
    filter_line::filter_line_ui(pen, filter, view, commands);
    alarm_strip::alarm_strip_ui(pen, strip.with_min_x(strip.left() + step * 2.0), view, commands);
}

fn map_ui(ui: &mut Ui, rect: Rect, view: &View<'_>, map: &mut MapPanel, commands: &mut Commands) {
    let step = view.theme.sizes.step;
    let mut child = ui.new_child(UiBuilder::new().id_salt("map").max_rect(rect));
    child.set_clip_rect(rect.intersect(ui.clip_rect()));
    child.painter().rect_filled(rect, step * 0.5, view.theme.surface);
    let pen = Pen::new(ui, view.theme);
    let form = legend::Form::over(pen, rect, view);
    let legend_size = form.size(pen) + vec2(step, step) * 2.0;
    let place = Rect::from_min_size(
        // At the top: the sources of the map stand along its bottom.
        pos2(rect.right() - legend_size.x - step * 1.5, rect.top() + step * 1.5),
        legend_size,
    );
    map.aside = place;
    map.ui(&mut child, rect.shrink(step * 2.0), view, commands);
    let pen = Pen::new(&child, view.theme);
    pen.painter().rect_filled(place, step * 0.5, view.theme.surface.gamma_multiply(0.92));
    legend::legend_ui(pen, place.shrink(step), view, (map.scale(), form), map.marks(), commands);
    let stroke = Stroke::new(view.theme.sizes.hairline, view.theme.line);
    pen.painter().rect_stroke(rect, step * 0.5, stroke, StrokeKind::Inside);
}

fn trend_ui(ui: &mut Ui, rect: Rect, view: &View<'_>, memory: &mut Memory) {
    let inner = surface(ui, view, rect);
    let pen = Pen::new(ui, view.theme);
    let step = pen.step();
    let (words, rest) =
        cut_top(inner, pen.row(pen.heading()) + pen.row(pen.body()) + pen.row(pen.note()) * 3.0 + step);
    trend::trend_words_ui(pen, words, view, &mut memory.series);
    let chart = rest.with_min_y(rest.top() + step).with_min_x(rest.left() + step * 8.0);
    trend::trend_chart_ui(pen, chart, view, &mut memory.series);
}

fn events_ui(ui: &mut Ui, rect: Rect, view: &View<'_>, card: &mut EventCard, commands: &mut Commands) {
    let mut pane = pane(ui, view, rect, "events", event_stream::title_key(view));
    let theme = view.theme;
    let pen = Pen::new(ui, theme);
    let head = Rect::from_min_size(
        rect.min + vec2(0.0, theme.sizes.step * 1.5),
        vec2(rect.width(), pen.row(pen.body())),
    );
    event_stream::counts_ui(pen, head.shrink2(vec2(theme.sizes.step * 1.5, 0.0)), view);
    if view.state.event.is_some() {
        chosen_ui(&mut pane, view, card, commands);
        return;
    }
    if !view.state.filter.is_default() {
        let tall = Pen::new(&pane, theme).row(Pen::new(&pane, theme).note()) * 2.0 + theme.sizes.step;
        let (line, _) = pane.allocate_exact_size(vec2(pane.available_width(), tall), Sense::hover());
        event_stream::filter_ui(Pen::new(&pane, theme), line, view, commands);
    }
    let recent: Vec<&EventView> = event_stream::shown(view).collect();
    if recent.is_empty() {
        let (line, _) =
            pane.allocate_exact_size(vec2(pane.available_width(), theme.sizes.body * 2.0), Sense::hover());
        let pen = Pen::new(&pane, theme);
        pen.named_text(line, Align2::LEFT_CENTER, view.text.get(event_stream::nothing_key(view)), pen.note());
        return;
    }
    let height = event_stream::row_height(Pen::new(&pane, theme));
    pane.spacing_mut().item_spacing.y = 0.0;
    // Whole rows only: half a row at the bottom reads like a fault.
    let tall = (pane.available_height() / height).floor() * height;
    let list = ScrollArea::vertical().id_salt("recent").auto_shrink(false).max_height(tall);
    list.show_rows(&mut pane, height, recent.len(), |ui, range| {
        for event in recent.get(range).unwrap_or_default() {
            let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
            let line = line.with_max_x(line.right() - theme.sizes.step);
            event_stream::event_row_ui(Pen::new(ui, theme), line, view, event, commands);
        }
    });
}

fn chosen_ui(pane: &mut Ui, view: &View<'_>, card: &mut EventCard, commands: &mut Commands) {
    let theme = view.theme;
    let (line, _) =
        pane.allocate_exact_size(vec2(pane.available_width(), theme.sizes.body * 1.8), Sense::hover());
    let pen = Pen::new(pane, theme);
    let words = view.text.get("panel.event.back");
    let (place, _) = cut_left(line, pen.width(words, pen.note()) + pen.step());
    if pen.press(place, "back to events", words).clicked() {
        commands.push(Command::SelectEvent(None));
    }
    pen.text(place, Align2::LEFT_CENTER, words, pen.note().color(theme.accent));
    scrolled(pane, "event scroll", |ui| card.ui(ui, view));
}
