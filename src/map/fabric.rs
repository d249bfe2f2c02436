//! The fabric of buildings: tens of thousands of points as one mesh of tiny squares. Owns that mesh.

use std::sync::Arc;

use egui::{Mesh, Painter, Rect, Shape, Vec2};

use super::kept::Kept;
use super::lens::{Lens, World, world};
use super::sheet::{Dress, Sheet};

/// The layer.
#[derive(Debug, Default)]
pub struct Fabric {
    /// Places of one texture; a texture is known by where its list lies in memory and how long it is.
    places: Kept<(usize, usize), Vec<World>>,
    mesh: Kept<(Lens, Dress, usize), Arc<Mesh>>,
}

impl Fabric {
    /// Paints the points.
    pub fn paint(&mut self, painter: &Painter, sheet: &Sheet<'_>) {
        let texture = &sheet.view.snapshot.texture;
        let name = texture.as_ptr().addr();
        let places = self
            .places
            .get((name, texture.len()), || texture.iter().map(|p| world(*p)).collect());
        let mesh = self.mesh.get((sheet.lens, sheet.dress(), name), || squares(sheet, places));
        painter.add(Shape::Mesh(Arc::clone(mesh)));
    }
}

fn squares(sheet: &Sheet<'_>, places: &[World]) -> Arc<Mesh> {
    let lens = &sheet.lens;
    #[expect(clippy::cast_possible_truncation, reason = "a size on the screen")]
    let grown = (sheet.zoom_from_home() * 0.45).exp2() as f32;
    let ppp = lens.pixels_per_point;
    // Whole pixels are sharp; 2.5 points at most, or points would look like events.
    let size = (1.1 * sheet.hairline() * grown).clamp(1.0, 2.5 * sheet.hairline());
    let size = ((size * ppp).round() / ppp).max(1.0 / ppp);
    let seen = lens.rect.expand(size);
    let mut mesh = Mesh::default();
    mesh.reserve_vertices(places.len() * 4);
    mesh.reserve_triangles(places.len() * 2);
    for place in places {
        let at = lens.to_screen(*place);
        if seen.contains(at) {
            mesh.add_colored_rect(Rect::from_min_size(lens.snap(at), Vec2::splat(size)), sheet.theme().texture);
        }
    }
    Arc::new(mesh)
}
