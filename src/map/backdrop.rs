//! What lies under events and names: ground, neighbours, light, base map, areas, buildings, borders, as one picture that
//! the graphics device keeps. Owns the picture and which view it was made for; what is in it is the layers'.
//!
//! While the map moves aside the picture is moved by whole pixels, while it zooms it is stretched; it is made anew when
//! something in it changes, when too little of it is left, and when the map comes to rest, for the very view. Where no
//! device can be drawn to, the layers are painted as they are.

use egui::epaint::Primitive;
use egui::{
    ClippedPrimitive, Color32, Context, Mesh, Painter, Pos2, Rect, Shape, TextureId, Vec2, pos2, vec2,
};

use super::base::{BaseMaps, Tile};
use super::borders;
use super::choropleth;
use super::fabric::{self, Fabric};
use super::glow::Glow;
use super::ground;
use super::lens::Lens;
use super::sheet::{Dress, Sheet};
use crate::canvas::Canvas;

/// How much more is drawn than is seen on each side, as a share of that side.
const BEYOND: f32 = 0.12;
/// With less than this share of that left on a side, the next picture is begun.
const ENOUGH: f32 = 0.5;
/// A picture is stretched to at most twice its size.
const MOST_STRETCHED: f64 = 2.0;
/// A picture that lies off whole pixels by no more than this is as sharp as one on them.
const OFF_PIXELS: f32 = 0.02;
/// How long tiles that come one by one are collected, in seconds.
const TILES_WAIT_SECS: f64 = 0.3;

/// Meshes of one layer, and what they were made for.
#[derive(Debug)]
struct Layer<K> {
    key: Option<(Lens, K)>,
    meshes: Vec<Mesh>,
}

impl<K> Default for Layer<K> {
    fn default() -> Self {
        Self { key: None, meshes: Vec::new() }
    }
}

/// Layers that are made anew in one go.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pace {
    /// How many more may be made in this frame.
    left: usize,
    /// Whether one was made.
    changed: bool,
}

impl<K: PartialEq> Layer<K> {
    /// Makes the meshes again if they are for something else. False where they have to wait for the next frame.
    fn keep(
        &mut self,
        pace: &mut Pace,
        (lens, cost): (&Lens, usize),
        key: K,
        make: impl FnOnce(&K) -> Vec<Mesh>,
    ) -> bool {
        if self.key.as_ref().is_some_and(|(l, k)| l == lens && *k == key) {
            return true;
        }
        if pace.left < cost {
            return false;
        }
        pace.left -= cost;
        pace.changed = true;
        // Their memory serves the next ones.
        self.meshes.clear();
        self.meshes = make(&key);
        // The device refuses to draw nothing.
        self.meshes.retain(|mesh| !mesh.indices.is_empty());
        self.key = Some((*lens, key));
        true
    }

    /// What it was made for in a view.
    fn made_for(&self, lens: &Lens) -> Option<&K> {
        self.key.as_ref().filter(|(l, _)| l == lens).map(|(_, key)| key)
    }
}

/// The layers.
#[derive(Debug, Default)]
struct Layers {
    around: Layer<Dress>,
    below: Layer<Vec<Tile>>,
    light: Layer<(Dress, f64)>,
    fills: Layer<choropleth::Key>,
    above: Layer<Vec<Tile>>,
    specks: [Layer<fabric::Key>; fabric::PARTS],
    lines: Layer<borders::Key>,
    fabric: Fabric,
}

impl Layers {
    /// Brings all layers up to a sheet, as far as the pace allows; whether they are.
    fn keep(&mut self, pace: &mut Pace, sheet: &Sheet<'_>, tiles: Tiles, glow: &Glow) -> bool {
        let dress = sheet.dress();
        // A few rectangles and neighbours are not worth a frame of their own.
        let (few, many) = ((&sheet.lens, 0), (&sheet.lens, 1));
        let meshes = |tiles: &Vec<Tile>| tiles.iter().map(Tile::mesh).collect();
        let fabric = &mut self.fabric;
        let specks = self.specks.iter_mut().enumerate();
        let has_specks = specks.fold(true, |has_all, (part, specks)| {
            specks.keep(pace, many, fabric::key(sheet), |_| vec![fabric.squares(sheet, part)]) && has_all
        });
        [
            self.below.keep(pace, few, tiles.below, meshes),
            self.above.keep(pace, few, tiles.above, meshes),
            self.light.keep(pace, few, (dress, sheet.home_zoom), |_| vec![glow.mesh(sheet)]),
            self.around.keep(pace, few, dress, |_| vec![ground::around(sheet)]),
            self.fills.keep(pace, many, choropleth::key(sheet), |_| vec![choropleth::fills(sheet)]),
            self.lines.keep(pace, many, borders::key(sheet), |_| vec![borders::lines(sheet)]),
        ]
        .into_iter()
        .fold(has_specks, |has_all, has| has_all && has)
    }

    /// All meshes, the lowest first.
    fn meshes(&mut self) -> impl Iterator<Item = &mut Mesh> {
        let Self { around, below, light, fills, above, specks, lines, .. } = self;
        let under =
            [&mut around.meshes, &mut below.meshes, &mut light.meshes, &mut fills.meshes, &mut above.meshes];
        let specks = specks.iter_mut().map(|part| &mut part.meshes);
        under.into_iter().chain(specks).chain([&mut lines.meshes]).flatten()
    }
}

/// Tiles of the base map, under the areas and over them.
struct Tiles {
    below: Vec<Tile>,
    above: Vec<Tile>,
}

/// The picture.
#[derive(Debug, Default)]
pub(super) struct Backdrop {
    canvas: Canvas,
    layers: Layers,
    /// The view that the layers are made for.
    stand: Option<Lens>,
    /// The view that the picture was drawn for.
    shown: Option<Lens>,
    /// Whether a layer was made since.
    is_stale: bool,
    drawn_at: f64,
    is_settled: bool,
}

impl Backdrop {
    /// Chooses the view that the layers are made for: wider than what is seen, and the same for as long as it can serve.
    /// On the way to another zoom it is the one that the map will rest in.
    pub(super) fn stand(&mut self, ctx: &Context, sheet: &Sheet<'_>, goal: Option<Lens>) -> Lens {
        let lens = sheet.lens;
        let wanted = wide(&lens);
        let covers = |stand: &Lens| reaches(stand, &lens, 0.0);
        let goal = goal.filter(|goal| sheet.moving && !is_same_scale(goal, &lens)).map(|goal| wide(&goal));
        let goal = goal.filter(|goal| covers(goal) || self.shown.as_ref().is_some_and(covers));
        let stand = if !Canvas::can(ctx, pixels(&wanted)) {
            self.shown = None;
            lens
        } else if let Some(goal) = goal {
            goal
        } else if let Some(stand) = self.stand
            && (if sheet.moving { reaches(&stand, &lens, ENOUGH) } else { rests(&stand, &lens) })
        {
            stand
        } else {
            wanted
        };
        self.stand = Some(stand);
        stand
    }

    /// Whether the picture is the one for this view, with everything in it.
    pub(super) const fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// Paints the picture, brought up to date as far as a frame may take.
    pub(super) fn paint(
        &mut self,
        painter: &Painter,
        sheet: &Sheet<'_>,
        base: &BaseMaps,
        glow: &Glow,
        (time, animate): (f64, bool),
    ) {
        let ctx = painter.ctx();
        let lens = sheet.lens;
        let stand = self.stand.unwrap_or(lens);
        let own = own(&stand);
        let hurry = !animate || !self.shown.is_some_and(|shown| reaches(&shown, &lens, 0.0));
        let mut pace = Pace { left: if hurry { usize::MAX } else { 1 }, changed: false };
        let at = Sheet { lens: own, ..*sheet };
        let tiles = self.tiles(&at, base, !hurry && time - self.drawn_at < TILES_WAIT_SECS);
        let is_made = self.layers.keep(&mut pace, &at, tiles, glow);
        self.is_stale |= pace.changed;
        let can = Canvas::can(ctx, pixels(&stand));
        // The picture of a closer view waits until it is large enough, and each for a frame that made nothing.
        let may_draw = can && is_made && (hurry || (!pace.changed && reaches(&stand, &lens, 0.0)));
        if may_draw && (self.is_stale || self.shown != Some(stand)) {
            let is_drawn = self.draw(ctx, &stand, sheet.theme().ground);
            if is_drawn {
                (self.shown, self.is_stale, self.drawn_at) = (Some(stand), false, time);
            }
        }
        self.is_settled = !sheet.moving && is_made && (!can || !self.is_stale);
        if !self.is_settled {
            // The frame after the last move sees that it was the last.
            ctx.request_repaint();
        }
        match self.shown.and_then(|shown| Some((shown, self.canvas.texture(is_same_scale(&shown, &lens))?))) {
            Some((shown, texture)) => picture(painter, &lens, &shown, texture, sheet.theme().ground),
            None => self.paint_as_they_are(painter, &stand, sheet.theme().ground),
        }
    }

    /// The tiles of this frame. While more are on their way to a view that has some, those it has.
    fn tiles(&self, sheet: &Sheet<'_>, base: &BaseMaps, may_wait: bool) -> Tiles {
        if may_wait && !base.is_settled() {
            let kept = (self.layers.below.made_for(&sheet.lens), self.layers.above.made_for(&sheet.lens));
            if let (Some(below), Some(above)) = kept {
                return Tiles { below: below.clone(), above: above.clone() };
            }
        }
        Tiles { below: base.below(sheet), above: base.above(sheet) }
    }

    fn draw(&mut self, ctx: &Context, stand: &Lens, ground: Color32) -> bool {
        let whole = |mesh: &mut Mesh| ClippedPrimitive {
            clip_rect: Rect::EVERYTHING,
            primitive: Primitive::Mesh(std::mem::take(mesh)),
        };
        let jobs: Vec<ClippedPrimitive> = self.layers.meshes().map(whole).collect();
        let is_drawn = self.canvas.draw(ctx, pixels(stand), stand.pixels_per_point, ground, &jobs);
        for (mesh, job) in self.layers.meshes().zip(jobs) {
            if let Primitive::Mesh(drawn) = job.primitive {
                *mesh = drawn;
            }
        }
        is_drawn
    }

    /// Where there is no picture, or not yet.
    fn paint_as_they_are(&mut self, painter: &Painter, stand: &Lens, ground: Color32) {
        painter.rect_filled(stand.rect, 0.0, ground);
        let by = corner(stand).to_vec2();
        for mesh in self.layers.meshes() {
            let mut mesh = mesh.clone();
            mesh.translate(by);
            painter.add(Shape::mesh(mesh));
        }
    }
}

/// A view with more around it, by whole pixels.
fn wide(lens: &Lens) -> Lens {
    let ppp = lens.pixels_per_point;
    let more = (lens.rect.size() * BEYOND * ppp).ceil() / ppp;
    Lens { rect: lens.rect.expand2(more), ..*lens }
}

/// The corner of a picture on the screen: a whole pixel.
fn corner(stand: &Lens) -> Pos2 {
    let ppp = stand.pixels_per_point;
    (stand.rect.min * ppp).floor() / ppp
}

/// Width and height of a picture.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
fn pixels(stand: &Lens) -> [u32; 2] {
    let size = ((stand.rect.max - corner(stand)) * stand.pixels_per_point).ceil();
    [size.x.max(0.0) as u32, size.y.max(0.0) as u32]
}

/// A view as the picture has it: its corner is the origin.
fn own(stand: &Lens) -> Lens {
    Lens { rect: stand.rect.translate(-corner(stand).to_vec2()), ..*stand }
}

fn is_same_scale(stand: &Lens, lens: &Lens) -> bool {
    stand.scale.to_bits() == lens.scale.to_bits()
}

/// How far a picture has moved on the screen, where the scale is the same.
fn moved(stand: &Lens, lens: &Lens) -> Vec2 {
    lens.to_screen(stand.center) - stand.rect.center()
}

/// Where a picture is on the screen.
#[expect(clippy::cast_precision_loss, reason = "pixels of a screen")]
fn place(stand: &Lens, lens: &Lens) -> Rect {
    let [width, height] = pixels(stand).map(|side| side as f32 / stand.pixels_per_point);
    let own = Rect::from_min_size(corner(stand), vec2(width, height));
    if is_same_scale(stand, lens) {
        return own.translate(lens.snap(moved(stand, lens).to_pos2()).to_vec2());
    }
    let at = |p: Pos2| lens.to_screen(stand.to_world(p));
    Rect::from_min_max(at(own.min), at(own.max))
}

/// Whether a picture covers a view with some share of what is around it left, and is not stretched too much.
fn reaches(stand: &Lens, lens: &Lens, share: f32) -> bool {
    let stretched = lens.scale / stand.scale;
    let left = lens.rect.size() * BEYOND * share;
    stand.pixels_per_point.to_bits() == lens.pixels_per_point.to_bits()
        && stretched < MOST_STRETCHED
        && place(stand, lens).contains_rect(lens.rect.expand2(left))
}

/// Whether a picture is as sharp in a view as one made for it would be.
fn rests(stand: &Lens, lens: &Lens) -> bool {
    let by = moved(stand, lens) * lens.pixels_per_point;
    let off = by - by.round();
    is_same_scale(stand, lens)
        && wide(lens).rect.size() == stand.rect.size()
        && off.abs().max_elem() <= OFF_PIXELS
        && reaches(stand, lens, ENOUGH)
}

/// Paints a picture, and the ground where it does not reach.
fn picture(painter: &Painter, lens: &Lens, shown: &Lens, texture: TextureId, ground: Color32) {
    let place = place(shown, lens);
    let mut mesh = Mesh::with_texture(texture);
    mesh.add_rect_with_uv(place, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
    painter.add(Shape::mesh(mesh));
    let all = lens.rect;
    let (top, bottom) =
        (place.top().clamp(all.top(), all.bottom()), place.bottom().clamp(all.top(), all.bottom()));
    let sides = [
        all.with_max_y(top),
        all.with_min_y(bottom),
        Rect::from_x_y_ranges(all.left()..=place.left(), top..=bottom),
        Rect::from_x_y_ranges(place.right()..=all.right(), top..=bottom),
    ];
    for side in sides.into_iter().filter(Rect::is_positive) {
        painter.rect_filled(side, 0.0, ground);
    }
}
