//! Marks that carry meaning by shape as well as by colour: severities, directions, dashed boxes, hatching, whiskers.
//! Owns their geometry; never decides which one is due.

use egui::{Color32, Direction, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

use crate::privacy::shown::Told;
use crate::theme::Theme;

/// Mark of a CAP severity: circle, diamond, triangle, and a triangle in a ring for the extreme.
pub fn severity(painter: &Painter, theme: &Theme, center: Pos2, size: f32, severity: u8) {
    let color = theme.severity(severity);
    let r = size * 0.5;
    match severity {
        0 | 1 => {
            painter.circle_filled(center, r * 0.8, color);
        }
        2 => {
            painter.add(Shape::convex_polygon(corners(center, r), color, Stroke::NONE));
        }
        3 => triangle(painter, center, r, color),
        _ => {
            triangle(painter, center, r * 0.82, color);
            painter.circle_stroke(center, r * 1.2, Stroke::new(r * 0.2, color));
        }
    }
}

/// A diamond around something.
pub fn diamond(painter: &Painter, center: Pos2, size: f32, stroke: Stroke) {
    painter.add(Shape::closed_line(corners(center, size * 0.5), stroke));
}

fn corners(center: Pos2, r: f32) -> Vec<Pos2> {
    vec![center - vec2(0.0, r), center + vec2(r, 0.0), center + vec2(0.0, r), center - vec2(r, 0.0)]
}

fn triangle(painter: &Painter, center: Pos2, r: f32, color: Color32) {
    let points =
        vec![center + vec2(0.0, -r), center + vec2(r * 0.95, r * 0.75), center + vec2(-r * 0.95, r * 0.75)];
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
}

/// Which way a figure went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// More than before.
    Up,
    /// Less than before.
    Down,
    /// The same on screen.
    Level,
}

/// Arrow of a direction.
pub fn way(painter: &Painter, center: Pos2, size: f32, way: Way, color: Color32) {
    let r = size * 0.5;
    let points = match way {
        Way::Up => vec![center + vec2(0.0, -r * 0.8), center + vec2(r, r * 0.7), center + vec2(-r, r * 0.7)],
        Way::Down => {
            vec![center + vec2(0.0, r * 0.8), center + vec2(-r, -r * 0.7), center + vec2(r, -r * 0.7)]
        }
        Way::Level => {
            painter.rect_filled(Rect::from_center_size(center, vec2(size, size * 0.28)), 0.0, color);
            return;
        }
    };
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
}

/// Whether a target is met: a filled circle when it is, a ring when it is not.
pub fn target(painter: &Painter, center: Pos2, size: f32, met: bool, color: Color32) {
    let r = size * 0.5;
    if met {
        painter.circle_filled(center, r, color);
    } else {
        painter.circle_stroke(center, r * 0.8, Stroke::new(r * 0.4, color));
    }
}

/// A dashed box: what is hidden for protection.
pub fn dashed_box(painter: &Painter, rect: Rect, stroke: Stroke) {
    let corners =
        [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    let dash = (rect.height() * 0.22).clamp(2.0, 8.0);
    painter.extend(Shape::dashed_line(&corners, stroke, dash, dash * 0.8));
}

/// A bar to the right. One that stands for "at least" breaks off in slabs beyond its end, one that stands for "about"
/// fades around it: the end of neither is to be read off.
pub fn bar(painter: &Painter, rect: Rect, told: Option<Told>, step: f32, color: Color32) {
    let radius = rect.height() * 0.2;
    match told {
        None => {
            painter.rect_filled(rect, radius, color);
        }
        Some(Told::AtLeast) => {
            painter.rect_filled(rect, 0.0, color);
            open_end(painter, rect, step, color);
        }
        Some(Told::About) => {
            let from = (rect.right() - step).max(rect.left());
            painter.rect_filled(rect.with_max_x(from), 0.0, color);
            let fade = Rect::from_x_y_ranges(from..=rect.right() + step, rect.y_range());
            painter.add(Shape::gradient_rect(fade, Direction::LeftToRight, [color, Color32::TRANSPARENT]));
        }
    }
}

/// Thinning slabs right of a rectangle: it may go on.
pub fn open_end(painter: &Painter, rect: Rect, step: f32, color: Color32) {
    let mut x = rect.right();
    for width in [0.4, 0.28, 0.16] {
        x += step * 0.22;
        let slab = Rect::from_x_y_ranges(x..=x + step * width, rect.y_range());
        painter.rect_filled(slab, 0.0, color);
        x = slab.right();
    }
}

/// Slanted lines over what is late.
pub fn hatch(painter: &Painter, rect: Rect, spacing: f32, stroke: Stroke) {
    slanted(painter, rect, spacing, stroke, [rect.bottom(), rect.top()]);
}

/// The same falling to the right, as over late areas of the map.
pub fn hatch_falling(painter: &Painter, rect: Rect, spacing: f32, stroke: Stroke) {
    slanted(painter, rect, spacing, stroke, [rect.top(), rect.bottom()]);
}

fn slanted(painter: &Painter, rect: Rect, spacing: f32, stroke: Stroke, [from, to]: [f32; 2]) {
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let spacing = spacing.max(2.0);
    let mut x = rect.left() - rect.height();
    let mut lines = 0;
    while x < rect.right() && lines < 200 {
        painter.line_segment([pos2(x, from), pos2(x + rect.height(), to)], stroke);
        x += spacing;
        lines += 1;
    }
}

/// A dashed line.
pub fn dashed(painter: &Painter, from: Pos2, to: Pos2, stroke: Stroke, dash: f32) {
    painter.extend(Shape::dashed_line(&[from, to], stroke, dash, dash));
}

/// An outlined box, for a chip or a mark.
pub fn outline(painter: &Painter, rect: Rect, radius: f32, stroke: Stroke) {
    painter.rect_stroke(rect, radius, stroke, StrokeKind::Inside);
}
