//! Shapes while they are drawn, and as they lie on the map. Owns the corners of an unfinished shape; a finished one is
//! a choice of the user and comes back with the view.

use std::sync::Arc;

use earcut::Earcut;
use egui::{Color32, Key, Mesh, Painter, Pos2, Response, Shape, Stroke, Ui};

use super::lens::{Lens, World, degrees, world};
use super::sheet::{Sheet, Type, write};
use crate::command::Command;
use crate::drawn::Drawn;
use crate::panels::{Commands, format};
use crate::site::areas::LonLat;
use crate::site::geodesy;
use crate::state::Tool;

/// A new corner of a line that is dragged lies at least this far from the last, in points.
const STRIDE: f32 = 4.0;
/// A click this near to the first corner closes the shape, in points.
const NEAR: f32 = 10.0;
/// A shape smaller than this on the screen is a slip of the hand, in points.
const SLIP: f32 = 6.0;

/// An unfinished shape.
#[derive(Debug, Default)]
pub(super) struct Pencil {
    tool: Tool,
    corners: Vec<World>,
    /// Where the pointer, or the cross of the keyboard, is.
    tip: Option<World>,
    is_dragged: bool,
}

impl Pencil {
    /// Takes what pointer and keys do while a tool is in the hand.
    pub(super) fn hand(&mut self, ui: &Ui, response: &Response, sheet: &Sheet<'_>, commands: &mut Commands) {
        let tool = sheet.view.state.tool;
        if self.tool != tool {
            *self = Self { tool, ..Self::default() };
        }
        if tool == Tool::Hand {
            return;
        }
        let middle = sheet.clear.center();
        let pointer = response.interact_pointer_pos().or_else(|| response.hover_pos());
        let at = pointer.filter(|at| sheet.clear.contains(*at));
        self.tip = Some(sheet.lens.to_world(at.unwrap_or(middle)));
        let finished = match tool {
            Tool::Lasso => self.lasso(ui, response, sheet),
            Tool::Measure => self.measure(ui, response, sheet),
            _ => self.radius(ui, response, sheet),
        };
        if let Some(drawn) = finished {
            *self = Self::default();
            if let Drawn::Circle { meters, .. } = drawn {
                commands.push(Command::SetRadius(meters));
            }
            commands.push(Command::Draw(Some(Arc::new(drawn))));
        }
        ui.ctx().set_cursor_icon(egui::CursorIcon::Crosshair);
    }

    /// Forgets a line that is being dragged: another finger came down.
    pub(super) fn let_go(&mut self) {
        if std::mem::take(&mut self.is_dragged) {
            self.corners.clear();
        }
    }

    fn lasso(&mut self, ui: &Ui, response: &Response, sheet: &Sheet<'_>) -> Option<Drawn> {
        let lens = &sheet.lens;
        let origin = ui.input(|i| i.pointer.press_origin()).filter(|at| sheet.clear.contains(*at));
        if response.drag_started_by(egui::PointerButton::Primary)
            && let Some(origin) = origin
            && self.corners.is_empty()
        {
            self.is_dragged = true;
            self.corners = vec![lens.to_world(origin)];
        }
        if self.is_dragged {
            if let (Some(at), Some(last)) = (response.interact_pointer_pos(), self.corners.last())
                && at.distance(lens.to_screen(*last)) >= STRIDE
            {
                self.corners.push(lens.to_world(at));
            }
            if response.drag_stopped() {
                self.is_dragged = false;
                return self.polygon(lens);
            }
            return None;
        }
        let (enter, back) = keys(ui);
        if back {
            self.corners.pop();
        }
        let clicked = response.clicked().then(|| response.interact_pointer_pos()).flatten();
        let at = clicked.or_else(|| enter.then(|| sheet.clear.center()))?;
        let is_closed = self.corners.len() > 2
            && (response.double_clicked()
                || self.corners.first().is_some_and(|first| at.distance(lens.to_screen(*first)) < NEAR));
        if is_closed {
            return self.polygon(lens);
        }
        self.corners.push(lens.to_world(at));
        None
    }

    fn radius(&mut self, ui: &Ui, response: &Response, sheet: &Sheet<'_>) -> Option<Drawn> {
        let lens = &sheet.lens;
        let chosen = sheet.view.state.radius_meters;
        let origin = ui.input(|i| i.pointer.press_origin()).filter(|at| sheet.clear.contains(*at));
        if response.drag_started_by(egui::PointerButton::Primary)
            && let Some(origin) = origin
        {
            self.is_dragged = true;
            self.corners = vec![lens.to_world(origin)];
        }
        if self.is_dragged && response.drag_stopped() {
            let meters = self.dragged_meters();
            let center = self.corners.first().map(|c| degrees(*c))?;
            self.is_dragged = false;
            return meters.map(|meters| Drawn::Circle { center, meters });
        }
        let clicked = response.clicked().then(|| response.interact_pointer_pos()).flatten();
        let at = clicked.or_else(|| keys(ui).0.then(|| sheet.clear.center()))?;
        Some(Drawn::Circle { center: degrees(lens.to_world(at)), meters: chosen })
    }

    /// One place more with each click; nothing is ever finished.
    fn measure(&mut self, ui: &Ui, response: &Response, sheet: &Sheet<'_>) -> Option<Drawn> {
        let (enter, back) = keys(ui);
        if back {
            self.corners.pop();
        }
        let clicked = response.clicked().then(|| response.interact_pointer_pos()).flatten();
        let at = clicked.or_else(|| enter.then(|| sheet.clear.center()))?;
        self.corners.push(sheet.lens.to_world(at));
        None
    }

    /// From the middle to the tip.
    fn dragged_meters(&self) -> Option<f64> {
        let (center, tip) = (self.corners.first()?, self.tip?);
        let meters = geodesy::meters(degrees(*center), degrees(tip));
        let (least, most) = crate::drawn::RADIUS_METERS;
        Some(meters.clamp(least, most))
    }

    fn polygon(&mut self, lens: &Lens) -> Option<Drawn> {
        let corners = std::mem::take(&mut self.corners);
        let on_screen = corners.iter().map(|c| lens.to_screen(*c)).collect::<Vec<_>>();
        let size = egui::Rect::from_points(&on_screen).size();
        let is_shape = corners.len() > 2 && size.x.max(size.y) > SLIP;
        is_shape.then(|| Drawn::Polygons(vec![vec![corners.iter().map(|c| degrees(*c)).collect()]]))
    }

    /// Paints the finished shape, then the unfinished one over it.
    pub(super) fn paint(&self, painter: &Painter, sheet: &Sheet<'_>) {
        if let Some(drawn) = sheet.view.state.drawn.as_deref() {
            finished(painter, sheet, drawn);
        }
        if self.tool == Tool::Hand {
            return;
        }
        let theme = sheet.theme();
        let hair = sheet.hairline();
        let lens = &sheet.lens;
        let mut line: Vec<Pos2> = self.corners.iter().map(|c| lens.to_screen(*c)).collect();
        let tip = self.tip.map(|tip| lens.to_screen(tip));
        if self.tool == Tool::Radius {
            let center = self.corners.first().copied().filter(|_| self.is_dragged);
            let meters = if center.is_some() { self.dragged_meters() } else { None };
            let meters = meters.unwrap_or(sheet.view.state.radius_meters);
            if let Some(center) = center.or(self.tip) {
                let ring = geodesy::circle(degrees(center), meters, 72);
                outline(painter, sheet, &[ring], 0.06);
                radius_words(painter, sheet, center, meters);
            }
        } else {
            for corner in &line {
                painter.circle_filled(*corner, 2.5 * hair, theme.accent);
            }
            line.extend(tip.filter(|_| !self.is_dragged));
            double_line(painter, sheet, line, false);
            if self.tool == Tool::Measure {
                self.measured(painter, sheet);
            }
        }
        // Where the next corner falls: the pointer's place, or the middle of the map for whoever has no pointer.
        if let Some(tip) = tip {
            let arm = 6.0 * hair;
            for (from, to) in
                [(egui::vec2(-arm, 0.0), egui::vec2(arm, 0.0)), (egui::vec2(0.0, -arm), egui::vec2(0.0, arm))]
            {
                painter.line_segment([tip + from, tip + to], Stroke::new(hair, theme.text));
            }
        }
    }
}

impl Pencil {
    /// Length along the places to the tip, and the surface they go around, beside the tip.
    fn measured(&self, painter: &Painter, sheet: &Sheet<'_>) {
        let Some(tip) = self.tip.filter(|_| !self.corners.is_empty()) else { return };
        let places: Vec<LonLat> = self.corners.iter().chain([&tip]).map(|c| degrees(*c)).collect();
        let mut words = length_words(sheet, geodesy::length_meters(&places));
        if places.len() > 2 {
            let closing: Vec<Pos2> =
                [tip, self.corners.first().copied().unwrap_or(tip)].map(|c| sheet.lens.to_screen(c)).to_vec();
            let stroke = Stroke::new(sheet.hairline(), sheet.theme().text);
            painter.extend(Shape::dashed_line(&closing, stroke, 6.0, 4.0));
            let around = surface_words(sheet, geodesy::square_meters(&places));
            words = sheet.view.text.fill("map.measured", &[("length", &words), ("surface", &around)]);
        }
        let theme = sheet.theme();
        let ink = Type { size: theme.sizes.body, bold: true, color: theme.text };
        let step = theme.sizes.step;
        let at = sheet.lens.to_screen(tip) + egui::vec2(step * 1.5, -theme.sizes.body * 1.6);
        // Over the names of areas, which are written later.
        let layer = egui::LayerId::new(egui::Order::Middle, egui::Id::unique("measured"));
        let over = painter.ctx().layer_painter(layer).with_clip_rect(painter.clip_rect());
        let plate = over.add(Shape::Noop);
        let written = write(&over, at, &words, ink, theme.ground.gamma_multiply(0.9));
        let ground = theme.surface.gamma_multiply(0.9);
        over.set(
            plate,
            Shape::rect_filled(written.expand2(egui::vec2(step, step * 0.25)), step * 0.5, ground),
        );
    }
}

fn length_words(sheet: &Sheet<'_>, meters: f64) -> String {
    let (number, decimals, key) = match meters {
        m if m < 1000.0 => (m, 0, "map.meters"),
        m => (m / 1000.0, 2, "map.kilometers"),
    };
    sheet.view.text.fill(key, &[("n", &format::bound(number, decimals))])
}

fn surface_words(sheet: &Sheet<'_>, square_meters: f64) -> String {
    let (number, decimals, key) = match square_meters {
        s if s < 100_000.0 => (s, 0, "map.square_meters"),
        s => (s / 1e6, 3, "map.square_kilometers"),
    };
    sheet.view.text.fill(key, &[("n", &format::bound(number, decimals))])
}

/// Whether Enter and Backspace were pressed, where no button or text has them.
fn keys(ui: &Ui) -> (bool, bool) {
    let is_free = ui.ctx().memory(|m| m.focused().is_none());
    ui.input(|i| (is_free && i.key_pressed(Key::Enter), is_free && i.key_pressed(Key::Backspace)))
}

fn finished(painter: &Painter, sheet: &Sheet<'_>, drawn: &Drawn) {
    match drawn {
        Drawn::Areas(picked) => {
            for area in picked {
                let Some(solid) = sheet.geometry.area(*area) else { continue };
                fill(
                    painter,
                    sheet,
                    &solid.vertices,
                    &solid.triangles,
                    sheet.theme().accent.gamma_multiply(0.2),
                );
                for ring in &solid.rings {
                    let line = ring.iter().map(|p| sheet.lens.to_screen(*p)).collect();
                    double_line(painter, sheet, line, true);
                }
            }
        }
        Drawn::Polygons(_) => {
            veil(painter, sheet, &drawn.rings());
            outline(painter, sheet, &drawn.rings(), 0.0);
        }
        Drawn::Circle { center, meters } => {
            veil(painter, sheet, &drawn.rings());
            outline(painter, sheet, &drawn.rings(), 0.0);
            let center = world(*center);
            painter.circle_filled(sheet.lens.to_screen(center), 2.5 * sheet.hairline(), sheet.theme().accent);
            radius_words(painter, sheet, center, *meters);
        }
    }
}

/// What lies outside recedes.
fn veil(painter: &Painter, sheet: &Sheet<'_>, rings: &[Vec<LonLat>]) {
    let seen = sheet.lens.extent(8.0);
    let mut places: Vec<World> =
        vec![seen.min, [seen.max[0], seen.min[1]], seen.max, [seen.min[0], seen.max[1]]];
    // Corners beyond the screen would turn the frame inside out.
    let inside = |[x, y]: World| [x.clamp(seen.min[0], seen.max[0]), y.clamp(seen.min[1], seen.max[1])];
    let mut holes: Vec<u32> = Vec::new();
    for ring in rings {
        holes.push(u32::try_from(places.len()).unwrap_or(u32::MAX));
        places.extend(ring.iter().map(|p| inside(world(*p))));
    }
    let origin = seen.min;
    let mut triangles: Vec<u32> = Vec::new();
    Earcut::new().earcut(places.iter().map(|[x, y]| [x - origin[0], y - origin[1]]), &holes, &mut triangles);
    let color = sheet.theme().ground.gamma_multiply(0.45);
    fill(painter, sheet, &places, &triangles, color);
}

fn radius_words(painter: &Painter, sheet: &Sheet<'_>, center: World, meters: f64) {
    let theme = sheet.theme();
    let words = sheet.view.text.fill("map.meters", &[("n", &format::count(meters as u64))]);
    let ink = Type { size: theme.sizes.small, bold: true, color: theme.text };
    let north = world(geodesy::place_at(degrees(center), 0.0, meters));
    let at = sheet.lens.to_screen(north) - egui::vec2(0.0, theme.sizes.small * 1.6);
    write(painter, at, &words, ink, theme.ground.gamma_multiply(0.85));
}

fn outline(painter: &Painter, sheet: &Sheet<'_>, rings: &[Vec<LonLat>], opacity: f32) {
    for ring in rings {
        let places: Vec<World> = ring.iter().map(|p| world(*p)).collect();
        let origin = places.first().copied().unwrap_or_default();
        let mut triangles: Vec<u32> = Vec::new();
        let near = places.iter().map(|[x, y]| [x - origin[0], y - origin[1]]);
        Earcut::new().earcut(near, &[], &mut triangles);
        fill(painter, sheet, &places, &triangles, sheet.theme().accent.gamma_multiply(opacity));
        double_line(painter, sheet, places.iter().map(|p| sheet.lens.to_screen(*p)).collect(), true);
    }
}

fn fill(painter: &Painter, sheet: &Sheet<'_>, places: &[World], triangles: &[u32], color: Color32) {
    let mut mesh = Mesh::default();
    places.iter().for_each(|p| mesh.colored_vertex(sheet.lens.to_screen(*p), color));
    mesh.indices.extend(triangles);
    painter.add(Shape::mesh(mesh));
}

/// Light on dark, so that it is seen on any colour.
fn double_line(painter: &Painter, sheet: &Sheet<'_>, line: Vec<Pos2>, is_closed: bool) {
    let theme = sheet.theme();
    let hair = sheet.hairline();
    for (width, color) in [(5.5, theme.ground.gamma_multiply(0.85)), (2.4, theme.text)] {
        let stroke = Stroke::new(width * hair, color);
        painter.add(if is_closed {
            Shape::closed_line(line.clone(), stroke)
        } else {
            Shape::line(line.clone(), stroke)
        });
    }
}
