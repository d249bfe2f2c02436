//! The wall: an edge-to-edge map with a fixed frame of panels over it. Owns the order of painting and the veils that
//! let words be read over the map.

use egui::{Align2, Color32, Direction, Rect, Shape, Stroke, StrokeKind, Ui, UiBuilder, pos2};

use crate::map::MapPanel;
use crate::panels::pen::{Pen, cut_left, cut_top, whole};
use crate::panels::series_cache::SeriesCache;
use crate::panels::{
    Commands, View, alarm_strip, cards, legend, pictures, ranking, rotation, silence, time_bar, time_words,
    top_band, trend,
};
use crate::scenes::Memory;
use crate::scenes::zones::WallZones;

/// Paints the wall.
pub(crate) fn wall_ui(
    ui: &mut Ui,
    screen: Rect,
    view: &View<'_>,
    map: &mut MapPanel,
    memory: &mut Memory,
    opacity: f32,
    commands: &mut Commands,
) {
    let zones = WallZones::of(Pen::new(ui, view.theme), screen, view);
    ui.painter().rect_filled(screen, 0.0, view.theme.ground);
    let mut under = ui.new_child(UiBuilder::new().id_salt("map").max_rect(screen));
    map.ui(&mut under, zones.clear, view, commands);
    veils_ui(ui, screen, &zones, view.theme.ground);
    frame_ui(ui, &zones, view, map, memory, commands);
    if view.state.silence_open {
        // In the place of the stream, so that the map stays whole.
        let mut list = ui.new_child(UiBuilder::new().id_salt("silence").max_rect(zones.stream));
        list.set_clip_rect(zones.stream.intersect(ui.clip_rect()));
        list.spacing_mut().item_spacing = egui::Vec2::ZERO;
        silence::silence_ui(&mut list, view, commands);
    }
    let mut scene = ui.new_child(UiBuilder::new().id_salt("scene").max_rect(screen));
    scene.set_opacity(opacity);
    scene_ui(&scene, &zones, view, memory, commands);
    if view.site.meta.sample.is_some() {
        // A screen of made-up data is framed, so that no photograph of it passes for the real one.
        let stroke = Stroke::new(view.theme.sizes.hairline * 2.0, view.theme.warn.gamma_multiply(0.7));
        ui.painter().rect_stroke(screen, 0.0, stroke, StrokeKind::Inside);
    }
    if !view.snapshot.is_live() {
        time_words::frame_ui(ui.painter(), screen, view.theme);
    }
}

/// Panels that stay when the scene changes.
fn frame_ui(
    ui: &Ui,
    zones: &WallZones,
    view: &View<'_>,
    map: &MapPanel,
    memory: &mut Memory,
    commands: &mut Commands,
) {
    let pen = Pen::new(ui, view.theme);
    let middle = top_band::top_band_ui(pen, zones.top, view);
    alarm_strip::alarm_strip_ui(pen, middle, view, commands);
    if !view.state.silence_open {
        memory.stream.ui(pen, zones.stream, view, commands);
    }
    let scale = (map.scale(), legend::Form::Fixed);
    legend::legend_ui(pen, zones.legend, view, scale, map.marks(), commands);
    time_bar::compact_ui(pen, zones.time, view, commands);
    rotation::rotation_ui(pen, zones.rotation, view, &memory.rotation, commands);
    footer_ui(pen, zones.footer, view, map);
}

/// Panels that belong to the scene.
fn scene_ui(ui: &Ui, zones: &WallZones, view: &View<'_>, memory: &mut Memory, commands: &mut Commands) {
    let pen = Pen::new(ui, view.theme);
    left_ui(pen, zones.left, view, &mut memory.series, commands);
    cards::cards_ui(pen, zones.cards, view, commands);
    trend::trend_words_ui(pen, zones.trend_words, view, &mut memory.series);
    trend::trend_chart_ui(pen, zones.trend, view, &mut memory.series);
    foresee(view, &mut memory.series);
}

/// The series that the next scene will ask for.
fn foresee(view: &View<'_>, series: &mut SeriesCache) {
    let Some(next) = view.state.indicator_of_next_scene(view.site) else { return };
    let Some(indicator) = view.site.indicators.get(next) else { return };
    let mut areas = ranking::areas_of(view, indicator);
    areas.push(trend::trend_area(view, indicator));
    series.foresee(view, next, &areas);
}

/// Ranking, then the pictures of the scene. All share the column: each gets its least, and what is left is shared by
/// what each would like.
fn left_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, series: &mut SeriesCache, commands: &mut Commands) {
    let (Some(scene), Some(indicator)) = (view.site.scenes.get(view.state.scene), view.indicator()) else {
        return;
    };
    let rows = ranking::rows(view, indicator, series);
    let first = ranking::room(pen, &rows);
    let rooms: Vec<pictures::Room> = scene.pictures.iter().map(|p| pictures::room(pen, view, p)).collect();
    let least = first.least + rooms.iter().map(|r| r.least).sum::<f32>();
    let spare = (rect.height() - least) / whole(rooms.len().max(1));
    let gap = spare.clamp(pen.step() * 1.5, pen.step() * 3.0);
    let gaps = gap * whole(rooms.len());
    let wanted = first.wanted + rooms.iter().map(|r| r.wanted).sum::<f32>();
    let share = ((rect.height() - gaps - least) / (wanted - least).max(1.0)).clamp(0.0, 1.0);
    let height = |room: &pictures::Room| room.least + (room.wanted - room.least) * share;
    let (place, mut rest) = cut_top(rect, height(&first));
    ranking::ranking_ui(pen, place, view, &rows, commands);
    for (picture, room) in scene.pictures.iter().zip(&rooms) {
        rest = rest.with_min_y(rest.top() + gap);
        let (place, below) = cut_top(rest, height(room));
        if place.height() < room.least * 0.8 {
            break;
        }
        pictures::picture_ui(pen, place, view, picture);
        rest = below;
    }
}

fn footer_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, map: &MapPanel) {
    let mut words: Vec<&str> = Vec::new();
    let note = view.site.meta.sample.as_ref().map(|sample| top_band::demo_note(view, sample));
    let of_base = map.base_credits();
    words.extend(of_base.iter().map(|c| view.say(c)));
    words.extend(view.site.meta.attributions.iter().map(|a| view.say(&a.text)));
    let line = words.join(" · ");
    // The mark in the top band tells the same on hover; who made the map is told nowhere else.
    let narrow =
        pen.width(&line, pen.note()) + pen.width(note.as_deref().unwrap_or(""), pen.note()) > rect.width();
    let note = note.as_deref().filter(|_| !narrow).unwrap_or("");
    let (left, right) = cut_left(rect, pen.width(note, pen.note()) + pen.step() * 4.0);
    pen.text(left, Align2::LEFT_CENTER, note, pen.note());
    pen.text(right, Align2::RIGHT_CENTER, &line, pen.note());
}

/// Grounds that fade towards the middle: words stay readable over any map, and the map has no edge.
fn veils_ui(ui: &Ui, screen: Rect, zones: &WallZones, ground: Color32) {
    let strong = ground.gamma_multiply(0.97);
    let painter = ui.painter();
    let reach = zones.clear.left() - zones.left.right();
    let top = zones.top.bottom();
    let bottom_from = zones.time.top();
    let left = Rect::from_min_max(pos2(screen.left(), top), pos2(zones.left.right(), screen.bottom()));
    let right = Rect::from_min_max(pos2(zones.stream.left(), top), screen.max);
    painter.rect_filled(left, 0.0, strong);
    painter.rect_filled(right, 0.0, strong);
    let left_fade = Rect::from_x_y_ranges(left.right()..=left.right() + reach, left.y_range());
    let right_fade = Rect::from_x_y_ranges(right.left() - reach..=right.left(), right.y_range());
    painter.add(Shape::gradient_rect(left_fade, Direction::LeftToRight, [strong, Color32::TRANSPARENT]));
    painter.add(Shape::gradient_rect(right_fade, Direction::LeftToRight, [Color32::TRANSPARENT, strong]));
    let base =
        Rect::from_min_max(pos2(left.right(), zones.cards.bottom()), pos2(right.left(), screen.bottom()));
    painter.rect_filled(base, 0.0, strong);
    // The words of the time bar stand on the map: the fade ends where they begin.
    let soft = ground.gamma_multiply(0.85);
    let middle = |from: f32, to: f32| Rect::from_x_y_ranges(left.right()..=right.left(), from..=to);
    let fade = middle(bottom_from - zones.time.height() * 0.4, bottom_from);
    painter.add(Shape::gradient_rect(fade, Direction::TopDown, [Color32::TRANSPARENT, soft]));
    let rest = middle(bottom_from, zones.cards.bottom());
    painter.add(Shape::gradient_rect(rest, Direction::TopDown, [soft, strong]));
}
