//! What many marks of events look like, drawn once into one picture and set down as two triangles each. Owns the picture and
//! where each look lies in it; where marks stand is `events`'.
//!
//! A hexagon with its mark is some hundred and fifty triangles, and thousands of them stand on one map. Where no device can
//! be drawn to they are set down as the triangles that they are made of.

use egui::epaint::Primitive;
use egui::{ClippedPrimitive, Color32, Context, Mesh, Pos2, Rect, Shape, Stroke, TextureId, Vec2, pos2};

use super::kept::Inker;
use super::sheet::{Dress, Sheet};
use super::symbol::{self, NEAR, Symbol};
use crate::canvas::Canvas;
use crate::panels::hexagon;
use crate::theme::Theme;

/// Size of the mark in a cell, relative to a usual symbol.
pub(super) const IN_CELL: f32 = 0.7;
/// Hexagons with a radius of more pixels are few on a screen and are set down as triangles.
const MOST_RADIUS_PIXELS: f32 = 128.0;
/// On the way hexagons are stretched by at most this much.
const MOST_STRETCHED: f32 = 2.0;
/// Width of the picture in pixels; a wider look makes it wider.
const WIDTH: u32 = 1024;
/// What triangles without a picture of their own look at: the corner of the picture, all white.
const WHITE_PIXELS: u32 = 2;

/// What marks look like around their middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Look {
    /// An event.
    Symbol(Symbol),
    /// Nothing in a cell is open.
    Tick,
    /// A cell that is so full, in steps, in the colour of the worst severity that is open in it, if any is.
    Hexagon(u8, Option<u8>),
}

/// What looks depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Wear {
    dress: Dress,
    pixels_per_point: f32,
    /// From the middle of a cell to its corners, in points.
    radius: f32,
}

/// The looks.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    canvas: Canvas,
    wear: Option<Wear>,
    /// Whether they are in the picture.
    is_drawn: bool,
    number: u64,
    hexagons: Vec<Mesh>,
    symbols: Vec<(Look, Mesh)>,
}

impl Stamps {
    /// Brings the looks up to a view in which cells have this radius, in points. On the way they serve stretched.
    pub(super) fn prepare(&mut self, ctx: &Context, sheet: &Sheet<'_>, radius: f32) {
        let wear = Wear { dress: sheet.dress(), pixels_per_point: sheet.lens.pixels_per_point, radius };
        let serves = self.wear.is_some_and(|made| {
            let stretched = radius / made.radius;
            let is_near = (1.0 / MOST_STRETCHED..=MOST_STRETCHED).contains(&stretched);
            made == wear || (sheet.moving && is_near && Wear { radius, ..made } == wear)
        });
        if serves && (self.is_drawn || !Canvas::can(ctx, [WIDTH, WIDTH])) {
            return;
        }
        let looks = looks(wear.pixels_per_point * radius <= MOST_RADIUS_PIXELS);
        let made = looks.into_iter().map(|look| (look, triangles(look, sheet.theme(), &wear)));
        let (mut hexagons, mut symbols): (Vec<(Look, Mesh)>, Vec<(Look, Mesh)>) =
            made.partition(|(look, _)| matches!(look, Look::Hexagon(..)));
        let is_drawn = self.draw(ctx, wear.pixels_per_point, &mut hexagons, &mut symbols);
        if serves && !is_drawn {
            return;
        }
        self.hexagons = hexagons.into_iter().map(|(_, mesh)| mesh).collect();
        (self.symbols, self.wear, self.is_drawn) = (symbols, Some(wear), is_drawn);
        self.number += 1;
    }

    /// How often they were made: marks of looks that were made before are none any more.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// An inker whose shapes may stand beside looks.
    pub(super) fn inker(&self, pixels_per_point: f32) -> Inker {
        let texture = self.canvas.texture(false).filter(|_| self.is_drawn);
        Inker::onto(texture.unwrap_or_default(), pixels_per_point)
    }

    /// Sets a look down around the pixel of a place, where cells have this radius, in points.
    pub(super) fn set(&self, look: Look, theme: &Theme, radius: f32, at: Pos2, ink: &mut Inker) {
        let grown = match (look, self.wear) {
            (Look::Hexagon(..), Some(wear)) => radius / wear.radius,
            _ => 1.0,
        };
        let made = match look {
            Look::Hexagon(step, severity) => self.hexagons.get(place(step, severity)),
            _ => self.symbols.iter().find(|(made, _)| *made == look).map(|(_, mesh)| mesh),
        };
        let is_near = (1.0 / MOST_STRETCHED..=MOST_STRETCHED).contains(&grown);
        match made.filter(|_| is_near) {
            Some(made) => ink.stamp(made, ink.on_pixels(at), grown),
            None => shapes(look, ink.on_pixels(at), theme, radius).into_iter().for_each(|s| ink.add(s)),
        }
    }

    /// Draws all looks into the picture and makes each the two triangles that show it; nothing where it cannot be drawn.
    fn draw(
        &mut self,
        ctx: &Context,
        pixels_per_point: f32,
        hexagons: &mut [(Look, Mesh)],
        symbols: &mut [(Look, Mesh)],
    ) -> bool {
        let mut all: Vec<&mut Mesh> = hexagons.iter_mut().chain(symbols).map(|(_, mesh)| mesh).collect();
        let sides: Vec<[u32; 2]> = all.iter().map(|mesh| half(mesh, pixels_per_point)).collect();
        let (corners, size) = shelves(&sides);
        let mut ink = Inker::onto(TextureId::default(), pixels_per_point);
        let points = |pixels: [u32; 2]| Pos2::from(pixels.map(|side| side as f32 / pixels_per_point));
        let white = Rect::from_min_max(Pos2::ZERO, points([WHITE_PIXELS; 2]));
        ink.add(Shape::rect_filled(white, 0.0, Color32::WHITE));
        for ((mesh, [right, down]), [x, y]) in all.iter().zip(&sides).zip(&corners) {
            ink.stamp(mesh, points([x + right, y + down]), 1.0);
        }
        let job = ClippedPrimitive { clip_rect: Rect::EVERYTHING, primitive: Primitive::Mesh(ink.finish()) };
        let is_drawn = Canvas::can(ctx, size)
            && self.canvas.draw(ctx, size, pixels_per_point, Color32::TRANSPARENT, &[job]);
        let Some(texture) = self.canvas.texture(false).filter(|_| is_drawn) else { return false };
        let share = |[x, y]: [u32; 2]| pos2(x as f32 / size[0] as f32, y as f32 / size[1] as f32);
        for ((mesh, [right, down]), [x, y]) in all.iter_mut().zip(&sides).zip(&corners) {
            let around = Rect::from_center_size(Pos2::ZERO, points([right * 2, down * 2]).to_vec2());
            let shown = Rect::from_min_max(share([*x, *y]), share([x + right * 2, y + down * 2]));
            **mesh = Mesh::with_texture(texture);
            mesh.add_rect_with_uv(around, shown, Color32::WHITE);
        }
        true
    }
}

/// All looks; hexagons by their places.
fn looks(with_hexagons: bool) -> Vec<Look> {
    let steps = 0..if with_hexagons { hexagon::STEPS + 1 } else { 0 };
    let severities = || std::iter::once(None).chain((1..=4).map(Some));
    let hexagons =
        severities().flat_map(|severity| steps.clone().map(move |step| Look::Hexagon(step, severity)));
    let in_cells = (1..=4).map(|severity| Symbol { grown: IN_CELL, ..Symbol::plain(Pos2::ZERO, severity) });
    let singles = (1..=4).flat_map(|severity| {
        let states = [(false, false), (false, true), (true, false), (true, true)];
        let sizes = [(1.0, false), (NEAR, true)];
        sizes.into_iter().flat_map(move |(grown, even)| {
            let of = move |(hollow, done)| Symbol {
                grown,
                hollow,
                done,
                even,
                ..Symbol::plain(Pos2::ZERO, severity)
            };
            states.into_iter().map(of)
        })
    });
    let symbols = in_cells.chain(singles).map(Look::Symbol);
    hexagons.chain([Look::Tick]).chain(symbols).collect()
}

/// Where a hexagon is among all.
fn place(step: u8, severity: Option<u8>) -> usize {
    let row = severity.map_or(0, |severity| severity.clamp(1, 4));
    usize::from(row) * (usize::from(hexagon::STEPS) + 1) + usize::from(step.min(hexagon::STEPS))
}

fn shapes(look: Look, at: Pos2, theme: &Theme, radius: f32) -> Vec<Shape> {
    match look {
        Look::Symbol(symbol) => Symbol { at, ..symbol }.shapes(theme),
        Look::Tick => symbol::tick(theme, at, theme.sizes.small * 0.3).into(),
        Look::Hexagon(step, severity) => {
            let full = hexagon::fullness_of(step);
            let color = severity.map_or(theme.muted, |severity| theme.severity(severity));
            let fill = hexagon::fill(theme, color, full).gamma_multiply(0.8);
            let edge = Stroke::new(theme.sizes.hairline * hexagon::edge(full), color);
            let corners = hexagon::corners(at, radius * hexagon::share(full));
            vec![Shape::convex_polygon(corners, fill, edge)]
        }
    }
}

fn triangles(look: Look, theme: &Theme, wear: &Wear) -> Mesh {
    let mut ink = Inker::onto(TextureId::default(), wear.pixels_per_point);
    shapes(look, Pos2::ZERO, theme, wear.radius).into_iter().for_each(|shape| ink.add(shape));
    ink.finish()
}

/// How many pixels a look takes from its middle to either side, and one that stays empty.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a look")]
fn half(mesh: &Mesh, pixels_per_point: f32) -> [u32; 2] {
    let bounds = mesh.calc_bounds();
    let reach = Vec2::max(bounds.max.to_vec2().abs(), bounds.min.to_vec2().abs()) * pixels_per_point;
    [reach.x, reach.y].map(|side| side.ceil() as u32 + 1)
}

/// Where looks lie in the picture, row by row, and its size: such that a size serves for many.
fn shelves(halves: &[[u32; 2]]) -> (Vec<[u32; 2]>, [u32; 2]) {
    let width = halves.iter().map(|[right, _]| right * 2 + WHITE_PIXELS).fold(WIDTH, u32::max);
    let (mut x, mut y, mut tallest) = (WHITE_PIXELS, 0, WHITE_PIXELS);
    let mut corners = Vec::with_capacity(halves.len());
    for [right, down] in halves {
        if x + right * 2 > width {
            (x, y, tallest) = (0, y + tallest, 0);
        }
        corners.push([x, y]);
        x += right * 2;
        tallest = tallest.max(down * 2);
    }
    (corners, [width, (y + tallest).next_power_of_two()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Sizes;

    #[test]
    fn each_hexagon_has_its_place() {
        let all = looks(true);
        let hexagons: Vec<&Look> = all.iter().filter(|look| matches!(look, Look::Hexagon(..))).collect();
        for (at, look) in hexagons.iter().enumerate() {
            let Look::Hexagon(step, severity) = look else { panic!("{look:?}") };
            assert_eq!(place(*step, *severity), at, "{look:?}");
        }
        assert_eq!(hexagons.len(), 5 * (usize::from(hexagon::STEPS) + 1));
        assert!(!looks(false).iter().any(|look| matches!(look, Look::Hexagon(..))));
    }

    #[test]
    fn no_two_looks_are_the_same_or_share_pixels() {
        let theme = Theme::dark(Sizes::for_desk());
        for radius in [3.0, 20.0, 85.0, 700.0] {
            let wear = Wear { dress: Dress::of(&theme), pixels_per_point: 1.5, radius };
            let all = looks(true);
            let halves: Vec<[u32; 2]> =
                all.iter().map(|look| half(&triangles(*look, &theme, &wear), 1.5)).collect();
            let (corners, [width, height]) = shelves(&halves);
            let white = ([0, 0], [WHITE_PIXELS / 2; 2]);
            let boxes: Vec<([u32; 2], [u32; 2])> = corners.into_iter().zip(halves).chain([white]).collect();
            for (i, ([x, y], [right, down])) in boxes.iter().enumerate() {
                assert!(x + right * 2 <= width && y + down * 2 <= height, "{i} at {radius}");
                for (j, ([u, v], [wide, tall])) in boxes.iter().enumerate().skip(i + 1) {
                    let apart =
                        x + right * 2 <= *u || u + wide * 2 <= *x || y + down * 2 <= *v || v + tall * 2 <= *y;
                    assert!(apart, "{i} and {j} at {radius}");
                    assert!(j >= all.len() || all[i] != all[j], "{:?} twice", all[i]);
                }
            }
        }
    }
}
