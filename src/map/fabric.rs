//! The fabric of buildings: tens of thousands of points as tiny squares. Owns their meshes.

use egui::{Mesh, Rect, Vec2, vec2};

use super::kept::Kept;
use super::lens::{World, world};
use super::sheet::{Dress, Sheet};

/// Tens of thousands of points take a frame's time: they are made in so many parts.
pub(super) const PARTS: usize = 2;

/// What squares depend on besides the view; a texture is known by where its list lies in memory and how long it is.
pub(super) type Key = (Dress, usize, usize);

/// The places of a texture in the world.
#[derive(Debug, Default)]
pub(super) struct Fabric {
    places: Kept<(usize, usize), Vec<World>>,
}

/// The key of this frame.
pub(super) fn key(sheet: &Sheet<'_>) -> Key {
    let texture = &sheet.view.snapshot.texture;
    (sheet.dress(), texture.as_ptr().addr(), texture.len())
}

impl Fabric {
    /// One part of the points.
    pub(super) fn squares(&mut self, sheet: &Sheet<'_>, part: usize) -> Mesh {
        let texture = &sheet.view.snapshot.texture;
        let (_, name, len) = key(sheet);
        let places = self.places.get((name, len), || texture.iter().map(|p| world(*p)).collect());
        squares(sheet, places.chunks(len.div_ceil(PARTS).max(1)).nth(part).unwrap_or_default())
    }
}

fn squares(sheet: &Sheet<'_>, places: &[World]) -> Mesh {
    let lens = &sheet.lens;
    #[expect(clippy::cast_possible_truncation, reason = "a size on the screen")]
    let grown = (sheet.zoom_from_home() * 0.45).exp2() as f32;
    let ppp = lens.pixels_per_point;
    // Whole pixels are sharp; 2.5 points at most, or points would look like events.
    let size = (1.1 * sheet.hairline() * grown).clamp(1.0, 2.5 * sheet.hairline());
    let size = ((size * ppp).round() / ppp).max(1.0 / ppp);
    let seen = lens.rect.expand(size);
    let color = sheet.theme().texture;
    let mut mesh = Mesh::default();
    // One corner of two or three pixels looks like a square of four, at two thirds of the cost in every frame.
    let is_speck = size * ppp < 2.5;
    let leg = size + 0.3 / ppp;
    // Room for all of them at once: a list that grows on the way is copied, and its new pages are cleared.
    let (corners, triangles) = if is_speck { (3, 1) } else { (4, 2) };
    mesh.reserve_vertices(places.len() * corners);
    mesh.reserve_triangles(places.len() * triangles);
    for place in places {
        let at = lens.to_screen(*place);
        if !seen.contains(at) {
            continue;
        }
        let at = lens.snap(at);
        if is_speck {
            let first = u32::try_from(mesh.vertices.len()).unwrap_or(u32::MAX);
            for corner in [at, at + vec2(leg, 0.0), at + vec2(0.0, leg)] {
                mesh.colored_vertex(corner, color);
            }
            mesh.indices.extend([first, first + 1, first + 2]);
        } else {
            mesh.add_colored_rect(Rect::from_min_size(at, Vec2::splat(size)), color);
        }
    }
    mesh
}
