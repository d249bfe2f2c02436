//! Lines between areas, stronger the coarser they are, the outline of the whole and of the chosen area, and transit.
//! Owns strokes; fills are below.

use egui::{Mesh, Painter, Pos2, Shape, Stroke};

use super::geometry::Line;
use super::kept::Inker;
use super::sheet::{Dress, Sheet};
use crate::site::areas::AreaId;

/// From how far in grid borders show, in zoom levels from the view of the whole.
const GRID_FROM: f64 = 1.6;

/// What lines depend on besides the view.
pub(super) type Key = (Dress, AreaId, usize);

/// The key of this frame.
pub(super) fn key(sheet: &Sheet<'_>) -> Key {
    (sheet.dress(), sheet.scope.chosen, sheet.scope.level)
}

/// Paints the outline of an area the pointer or the focus is on.
pub(super) fn highlight(painter: &Painter, sheet: &Sheet<'_>, area: AreaId) {
    let theme = sheet.theme();
    let Some(solid) = sheet.geometry.area(area) else {
        return;
    };
    for (width, color) in [(4.5, theme.ground.gamma_multiply(0.55)), (2.0, theme.text)] {
        for ring in &solid.rings {
            let points = ring.iter().map(|p| sheet.lens.to_screen(*p)).collect();
            painter.add(Shape::closed_line(points, Stroke::new(width * sheet.hairline(), color)));
        }
    }
}

/// All lines.
pub(super) fn lines(sheet: &Sheet<'_>) -> Mesh {
    let theme = sheet.theme();
    let hair = sheet.hairline();
    let mut pen = Pen { sheet, inker: Inker::new(sheet.lens.pixels_per_point) };
    let levels = sheet.geometry.borders.len();
    for level in (1..levels).rev() {
        let is_grid = level > 2;
        if is_grid && sheet.zoom_from_home() < GRID_FROM && sheet.scope.level < level {
            continue;
        }
        let (width, color) = match level {
            1 => (1.8, theme.outline.lerp_to_gamma(theme.text, 0.25).gamma_multiply(0.62)),
            2 => (1.0, theme.border),
            _ => (0.7, theme.border.gamma_multiply(0.6)),
        };
        pen.all(level, Stroke::new(width * hair, color));
    }
    transit(&mut pen);
    pen.all(0, Stroke::new(2.0 * hair, theme.outline));
    if sheet.scope.chosen != AreaId::ROOT
        && let Some(solid) = sheet.geometry.area(sheet.scope.chosen)
    {
        for (width, color) in [(7.0, theme.accent.gamma_multiply(0.22)), (2.5, theme.text)] {
            for ring in &solid.rings {
                let points = ring.iter().map(|p| sheet.lens.to_screen(*p)).collect();
                pen.inker.add(Shape::closed_line(points, Stroke::new(width * hair, color)));
            }
        }
    }
    pen.inker.finish()
}

struct Pen<'a> {
    sheet: &'a Sheet<'a>,
    inker: Inker,
}

impl Pen<'_> {
    fn all(&mut self, level: usize, stroke: Stroke) {
        for line in self.sheet.geometry.borders.get(level).into_iter().flatten() {
            self.line(line, stroke);
        }
    }

    fn line(&mut self, line: &Line, stroke: Stroke) {
        let points: Vec<Pos2> = line.points.iter().map(|p| self.sheet.lens.to_screen(*p)).collect();
        let near = egui::Rect::from_points(&points).intersects(self.sheet.lens.rect.expand(8.0));
        if near {
            self.inker.add(if line.closed {
                Shape::closed_line(points, stroke)
            } else {
                Shape::line(points, stroke)
            });
        }
    }
}

fn transit(pen: &mut Pen<'_>) {
    let theme = pen.sheet.theme();
    let hair = pen.sheet.hairline();
    let quiet = theme.muted.lerp_to_gamma(theme.ground, 0.2).gamma_multiply(0.5);
    for line in &pen.sheet.geometry.transit_lines {
        pen.line(line, Stroke::new(1.2 * hair, quiet));
    }
    #[expect(clippy::cast_possible_truncation, reason = "a size on the screen")]
    let grown = (pen.sheet.zoom_from_home().clamp(0.0, 2.0) * 0.4).exp2() as f32;
    for (_, place) in &pen.sheet.geometry.stations {
        let at = pen.sheet.lens.to_screen(*place);
        if pen.sheet.lens.rect.expand(8.0).contains(at) {
            let ring = Stroke::new(hair, theme.text.gamma_multiply(0.7));
            pen.inker.add(Shape::circle_filled(at, 2.6 * hair * grown, theme.ground));
            pen.inker.add(Shape::circle_stroke(at, 2.6 * hair * grown, ring));
        }
    }
}
