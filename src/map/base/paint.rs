//! One vector tile as a picture: shapes in the inks of the theme on a transparent ground. Owns the style (what is drawn
//! from which zoom on, how wide); runs on the tile threads and knows no window.

use egui::{Color32, ColorImage};
use tiny_skia::{
    BlendMode, Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash,
    Transform,
};

use super::names::{self, Name};
use crate::map::lens::World;
use crate::site::datum::Datum;
use crate::theme::BaseInk;
use crate::tiles::address::Address;
use crate::tiles::mvt::{self, Part, Shape};
use crate::tiles::schema::{self, Kind, Schema};
use crate::tiles::wire::Broken;

/// How a tile is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    /// Whether the theme is dark.
    pub dark: bool,
    /// Inks of the theme.
    pub ink: BaseInk,
    /// Width of a hairline in pixels.
    pub hairline: f32,
    /// Zoom that decides what is drawn: that of a screen with hairlines of one pixel.
    pub zoom: f32,
    /// Whether metro lines are left to the site's own layer.
    pub site_has_transit: bool,
}

/// A drawn tile.
pub(super) struct Drawn {
    /// The picture, premultiplied.
    pub image: ColorImage,
    /// Names in it.
    pub names: Vec<Name>,
    /// Whose names its layers have.
    pub schema: Schema,
}

/// Which part of which tile is drawn: deep tiles are cut out of the deepest one there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// The tile that is drawn.
    pub wanted: Address,
    /// The tile whose bytes are at hand: the same, or one that holds it.
    pub from: Address,
    /// Side of the picture in pixels.
    pub side: u32,
    /// Datum of the tile's grid.
    pub datum: Datum,
}

impl Cut {
    /// Pixels per tile unit, and where the wanted tile begins in tile units.
    fn frame(&self, extent: u32) -> (f32, [f32; 2]) {
        let levels = self.wanted.z - self.from.z;
        let parts = (1_u32 << levels) as f32;
        let unit = extent as f32 / parts;
        let column = (self.wanted.x - (self.from.x << levels)) as f32;
        let row = (self.wanted.y - (self.from.y << levels)) as f32;
        (self.side as f32 / unit, [column * unit, row * unit])
    }

    /// World place of a place of the tile at hand.
    pub(super) fn world(&self, [x, y]: [i32; 2], extent: u32) -> World {
        let per_tile = 256.0 / f64::from(self.from.z).exp2();
        let along = |tile: u32, at: i32| (f64::from(tile) + f64::from(at) / f64::from(extent)) * per_tile;
        let at = [along(self.from.x, x), along(self.from.y, y)];
        if self.datum.is_shifted() {
            crate::map::lens::world(self.datum.to_inside(crate::map::lens::degrees(at)))
        } else {
            at
        }
    }
}

/// Draws a tile. `own` are the rings of the site's whole area in world places of the tile's datum: fills of the ground
/// are left out there, so that no park passes for a class of the figures.
///
/// # Errors
/// The bytes are no vector tile.
pub(super) fn draw(bytes: &[u8], cut: &Cut, style: &Style, own: &[Vec<World>]) -> Result<Drawn, Broken> {
    let layers = mvt::layers(bytes)?;
    let schema = Schema::of(&layers);
    let mut sheets: std::collections::BTreeMap<Kind, PathBuilder> = std::collections::BTreeMap::new();
    let mut found: Vec<Name> = Vec::new();
    for layer in &layers {
        let (scale, origin) = cut.frame(layer.extent);
        let margin = 24.0 * style.hairline;
        for feature in layer.features() {
            let Some(kind) = schema::kind(layer.name, &feature).filter(|k| is_drawn(*k, style)) else {
                continue;
            };
            let Ok(parts) = feature.parts() else { continue };
            if let Some(name) = names::of(kind, &feature, &parts, cut, layer.extent) {
                found.push(name);
            }
            if feature.shape == Shape::Points {
                continue;
            }
            let sheet = sheets.entry(kind).or_default();
            let closed = feature.shape == Shape::Rings;
            for part in &parts {
                add(sheet, part, closed, scale, origin, cut.side as f32, margin);
            }
        }
    }
    let mut pixmap = Pixmap::new(cut.side, cut.side).ok_or(Broken)?;
    let mut is_ground = true;
    for (kind, builder) in sheets {
        if is_ground && kind > Kind::Built {
            is_ground = false;
            erase(&mut pixmap, cut, own);
        }
        if let Some(path) = builder.finish() {
            ink(&mut pixmap, kind, &path, style);
        }
    }
    if is_ground {
        erase(&mut pixmap, cut, own);
    }
    let side = cut.side as usize;
    let image = ColorImage::from_rgba_premultiplied([side, side], pixmap.data());
    Ok(Drawn { image, names: found, schema })
}

/// Takes away what was painted inside rings.
fn erase(pixmap: &mut Pixmap, cut: &Cut, own: &[Vec<World>]) {
    let per_pixel = 256.0 / f64::from(cut.wanted.z).exp2() / f64::from(cut.side);
    let side = f64::from(cut.side);
    let (left, top) = (f64::from(cut.wanted.x) * side, f64::from(cut.wanted.y) * side);
    let mut builder = PathBuilder::new();
    for ring in own {
        for (i, [x, y]) in ring.iter().enumerate() {
            // Far corners are brought near: the picture ends long before them.
            let at = |v: f64, from: f64| (v / per_pixel - from).clamp(-1e5, 1e5) as f32;
            let (x, y) = (at(*x, left), at(*y, top));
            if i == 0 { builder.move_to(x, y) } else { builder.line_to(x, y) }
        }
        builder.close();
    }
    if let Some(path) = builder.finish() {
        let paint = Paint { blend_mode: BlendMode::DestinationOut, anti_alias: true, ..Paint::default() };
        pixmap.fill_path(&path, &paint, FillRule::EvenOdd, Transform::identity(), None);
    }
}

/// From which zoom on a kind of thing is drawn: what cannot be told apart only makes the map grey.
fn is_drawn(kind: Kind, style: &Style) -> bool {
    let from = match kind {
        // The site has its own lines of districts and below; a second version of them would contradict.
        Kind::Boundary(2..) => return false,
        Kind::Green | Kind::Water | Kind::Boundary(_) | Kind::Place(_) | Kind::Nature => 0.0,
        Kind::Waterway(0) => 8.0,
        Kind::Waterway(1) => 12.0,
        Kind::Waterway(_) => 14.0,
        Kind::Contour => 10.0,
        Kind::Built => 9.0,
        Kind::Building => 14.5,
        Kind::Road(0) => 6.0,
        Kind::Road(1) => 8.5,
        Kind::Road(2) => 10.5,
        Kind::Road(3) => 12.5,
        Kind::Road(_) => 15.0,
        Kind::Rail => 9.0,
        Kind::Metro | Kind::Station => {
            return !style.site_has_transit && style.zoom >= 10.0;
        }
    };
    style.zoom >= from
}

/// Adds a line or a ring in pixels; places that fall together are left out, and so is what lies outside.
fn add(
    sheet: &mut PathBuilder,
    part: &Part,
    closed: bool,
    scale: f32,
    origin: [f32; 2],
    side: f32,
    margin: f32,
) {
    let pixel = |p: &[i32; 2]| ((p[0] as f32 - origin[0]) * scale, (p[1] as f32 - origin[1]) * scale);
    let (mut low, mut high) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
    for (x, y) in part.iter().map(pixel) {
        low = (low.0.min(x), low.1.min(y));
        high = (high.0.max(x), high.1.max(y));
    }
    let outside = high.0 < -margin || high.1 < -margin || low.0 > side + margin || low.1 > side + margin;
    if outside || part.len() < if closed { 3 } else { 2 } {
        return;
    }
    let mut last: Option<(f32, f32)> = None;
    let count = part.len();
    for (i, p) in part.iter().enumerate() {
        let (x, y) = pixel(p);
        let near = last.is_some_and(|(a, b)| (a - x).abs() + (b - y).abs() < 0.35);
        match last {
            None => sheet.move_to(x, y),
            Some(_) if near && i + 1 < count => continue,
            Some(_) => sheet.line_to(x, y),
        }
        last = Some((x, y));
    }
    if closed {
        sheet.close();
    }
}

fn color(ink: Color32) -> Color {
    let [r, g, b, a] = ink.to_srgba_unmultiplied();
    Color::from_rgba8(r, g, b, a)
}

/// Puts all shapes of a kind on the picture at once, so that crossings are not darker than the rest.
fn ink(pixmap: &mut Pixmap, kind: Kind, path: &Path, style: &Style) {
    let ink = &style.ink;
    let paint_of = |c: Color32| {
        let mut paint = Paint { anti_alias: true, ..Paint::default() };
        paint.set_color(color(c));
        paint
    };
    let fill = |pixmap: &mut Pixmap, c: Color32| {
        pixmap.fill_path(path, &paint_of(c), FillRule::EvenOdd, Transform::identity(), None);
    };
    let line = |pixmap: &mut Pixmap, c: Color32, width: f32, dash: Option<[f32; 2]>| {
        let stroke = Stroke {
            width: width * style.hairline,
            line_cap: if dash.is_some() { LineCap::Butt } else { LineCap::Round },
            line_join: LineJoin::Round,
            dash: dash.and_then(|d| StrokeDash::new(d.map(|l| l * style.hairline).to_vec(), 0.0)),
            ..Stroke::default()
        };
        pixmap.stroke_path(path, &paint_of(c), &stroke, Transform::identity(), None);
    };
    // Widths grow with the zoom, gently: by a half for each level beyond the first where a road is drawn.
    let grown = |least: f32, from: f32| least * (1.32_f32).powf((style.zoom - from).clamp(0.0, 7.0));
    match kind {
        Kind::Green => fill(pixmap, ink.green),
        Kind::Built => fill(pixmap, ink.built),
        Kind::Water => fill(pixmap, ink.water),
        Kind::Building => fill(pixmap, ink.building),
        Kind::Waterway(rank) => {
            line(pixmap, ink.waterway, grown(if rank == 0 { 1.4 } else { 0.7 }, 11.0), None);
        }
        Kind::Boundary(rank) => {
            let width = if rank < 2 { 1.4 } else { 1.0 };
            line(pixmap, ink.boundary, width, Some([5.0, 3.0]));
        }
        Kind::Road(rank) => {
            let (least, from) = match rank {
                0 => (1.3, 9.0),
                1 => (0.95, 10.0),
                2 => (0.8, 11.5),
                3 => (0.6, 13.0),
                _ => (0.6, 15.5),
            };
            let c = ink.roads.get(usize::from(rank)).copied().unwrap_or(ink.rail);
            line(pixmap, c, grown(least, from), None);
        }
        Kind::Contour => line(pixmap, ink.contour, 0.7, None),
        Kind::Rail => line(pixmap, ink.rail, 1.0, Some([6.0, 3.0])),
        Kind::Metro => line(pixmap, ink.rail, 1.2, None),
        Kind::Place(_) | Kind::Nature | Kind::Station => {}
    }
}
