//! Symbols of events: each severity has its own shape and its own colour, with a dark edge. Owns their geometry.

use egui::{Color32, Pos2, Shape, Stroke, vec2};

use super::lens::polar;
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
    /// Done: hollow, without colour, with a tick.
    pub done: bool,
    /// Whether all severities are of one size, so that a letter fits in.
    pub even: bool,
}

/// How much larger symbols are near, where they carry the letter of their kind.
pub(super) const NEAR: f32 = 1.45;

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

/// A tick: done.
#[must_use]
pub(super) fn tick(theme: &Theme, at: Pos2, r: f32) -> [Shape; 2] {
    let line = |from: (f32, f32), to: (f32, f32)| {
        let stroke = Stroke::new(theme.sizes.hairline * 1.8, theme.muted);
        Shape::line_segment([at + vec2(from.0 * r, from.1 * r), at + vec2(to.0 * r, to.1 * r)], stroke)
    };
    [line((-0.8, 0.0), (-0.2, 0.6)), line((-0.2, 0.6), (0.9, -0.7))]
}

impl Symbol {
    /// A usual symbol of an open event.
    #[must_use]
    pub(super) const fn plain(at: Pos2, severity: u8) -> Self {
        Self { at, severity, grown: 1.0, hollow: false, done: false, even: false }
    }

    /// The shapes, bottom up.
    #[must_use]
    pub(super) fn shapes(&self, theme: &Theme) -> Vec<Shape> {
        let color = if self.done { theme.muted } else { theme.severity(self.severity) };
        let usual = radius(theme, self.severity);
        // A letter fits into a circle more easily than between edges.
        let least = match self.severity {
            0 | 1 => 0.42,
            2 => 0.58,
            _ => 0.66,
        };
        let r = if self.even { usual.max(theme.sizes.small * least) } else { usual } * self.grown;
        let edge = Stroke::new(theme.sizes.hairline * 1.2, theme.ground.gamma_multiply(0.9));
        // A drill shows the ground through a coloured rim.
        let (fill, rim) = if self.hollow || self.done {
            (theme.ground.gamma_multiply(0.8), Stroke::new(theme.sizes.hairline * 1.6, color))
        } else {
            (color, edge)
        };
        let mut out = Vec::new();
        match self.severity {
            // The rim lies outside.
            0 | 1 => out.push(Shape::convex_polygon(around(self.at, r + rim.width * 0.5), fill, rim)),
            2 => out.push(convex(self.at, &[(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)], r, fill, rim)),
            _ => {
                if self.severity >= 4 {
                    let ring = r * if self.even { 1.4 } else { 1.75 };
                    for stroke in [
                        Stroke::new(edge.width * 3.0, edge.color),
                        Stroke::new(theme.sizes.hairline * 1.8, color),
                    ] {
                        out.push(Shape::closed_line(around(self.at, ring + stroke.width * 0.5), stroke));
                    }
                }
                let corners = [(0.0, -1.0), (0.98, 0.78), (-0.98, 0.78)];
                out.push(convex(self.at, &corners, r, fill, rim));
            }
        }
        if self.done && !self.even {
            out.extend(tick(theme, self.at, r * 0.7));
        }
        out
    }
}

/// A circle by as many corners as nobody sees: hundreds of them stand on one map, and egui gives each twice as many.
fn around(at: Pos2, radius: f32) -> Vec<Pos2> {
    const OFF_POINTS: f32 = 0.15;
    let half = (1.0 - OFF_POINTS / radius.max(1.0)).acos();
    let corners = (std::f32::consts::PI / half).ceil().clamp(10.0, 48.0);
    (0..corners as u8).map(|i| at + polar(radius, f32::from(i) * std::f32::consts::TAU / corners)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Sizes;

    /// Severity by shape and colour, state by filling and tick, a drill by its hollow: no two look alike.
    #[test]
    fn no_two_symbols_look_alike() {
        let theme = Theme::dark(Sizes::for_desk());
        let mut seen: Vec<String> = Vec::new();
        for severity in 1..=4 {
            for (hollow, done) in [(false, false), (true, false), (false, true)] {
                let symbol = Symbol { hollow, done, ..Symbol::plain(Pos2::ZERO, severity) };
                let looks = format!("{:?}", symbol.shapes(&theme));
                assert!(!seen.contains(&looks), "severity {severity}, drill {hollow}, done {done}");
                seen.push(looks);
            }
        }
    }
}
