//! Symbols of events: each severity has its own shape and its own colour, with a dark edge. Owns their geometry.

use egui::{Color32, Pos2, Shape, Stroke, vec2};

use crate::theme::Theme;

/// How a symbol is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Symbol {
    /// Middle.
    pub at: Pos2,
    /// CAP severity, 1 to 4.
    pub severity: u8,
    /// Size relative to a usual symbol.
    pub grown: f32,
    /// A drill: hollow.
    pub hollow: bool,
}

/// Radius of a usual symbol of a severity.
#[must_use]
pub(super) fn radius(theme: &Theme, severity: u8) -> f32 {
    let unit = theme.sizes.small;
    match severity {
        0 | 1 => unit * 0.27,
        2 => unit * 0.44,
        _ => unit * 0.5,
    }
}

impl Symbol {
    /// The shapes, bottom up.
    #[must_use]
    pub(super) fn shapes(&self, theme: &Theme) -> Vec<Shape> {
        let color = theme.severity(self.severity);
        let r = radius(theme, self.severity) * self.grown;
        let edge = Stroke::new(theme.sizes.hairline * 1.2, theme.ground.gamma_multiply(0.9));
        // A drill shows the ground through a coloured rim.
        let (fill, rim) = if self.hollow {
            (theme.ground.gamma_multiply(0.8), Stroke::new(theme.sizes.hairline * 1.6, color))
        } else {
            (color, edge)
        };
        let mut out = Vec::new();
        match self.severity {
            0 | 1 => out.push(Shape::Circle(egui::epaint::CircleShape {
                center: self.at,
                radius: r,
                fill,
                stroke: rim,
            })),
            2 => out.push(convex(self.at, &[(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)], r, fill, rim)),
            _ => {
                if self.severity >= 4 {
                    let ring = r * 1.75;
                    out.push(Shape::circle_stroke(self.at, ring, Stroke::new(edge.width * 3.0, edge.color)));
                    out.push(Shape::circle_stroke(
                        self.at,
                        ring,
                        Stroke::new(theme.sizes.hairline * 1.8, color),
                    ));
                }
                let corners = [(0.0, -1.0), (0.98, 0.78), (-0.98, 0.78)];
                out.push(convex(self.at, &corners, r, fill, rim));
            }
        }
        out
    }
}

fn convex(at: Pos2, corners: &[(f32, f32)], r: f32, fill: Color32, stroke: Stroke) -> Shape {
    Shape::convex_polygon(corners.iter().map(|(x, y)| at + vec2(x * r, y * r)).collect(), fill, stroke)
}

/// Two quiet rings around something that is new.
#[must_use]
pub(super) fn new_rings(theme: &Theme, at: Pos2, severity: u8) -> [Shape; 2] {
    let r = radius(theme, severity).max(theme.sizes.small * 0.4);
    let color = theme.severity(severity);
    let ring = |size: f32, share: f32| {
        Shape::circle_stroke(
            at,
            r * size,
            Stroke::new(theme.sizes.hairline * 1.3, color.gamma_multiply(share)),
        )
    };
    [ring(2.3, 0.75), ring(3.2, 0.32)]
}
