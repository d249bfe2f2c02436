//! A tile on the screen. Owns its form; which picture it is, is the cache's to choose.

use egui::{Color32, Mesh, Pos2, Rect, TextureId};

/// A tile where it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tile {
    /// The texture of the picture.
    pub texture: TextureId,
    /// The part of it that is shown.
    pub part: Rect,
    /// From the upper left clockwise.
    pub corners: [Pos2; 4],
    /// Colour it is multiplied with.
    pub tint: Color32,
}

impl Tile {
    /// Its triangles.
    pub(crate) fn mesh(&self) -> Mesh {
        let mut mesh = Mesh::with_texture(self.texture);
        let part = self.part;
        let uvs = [part.left_top(), part.right_top(), part.right_bottom(), part.left_bottom()];
        for (pos, uv) in self.corners.into_iter().zip(uvs) {
            mesh.vertices.push(egui::epaint::Vertex { pos, uv, color: self.tint });
        }
        mesh.indices.extend([0, 1, 2, 0, 2, 3]);
        mesh
    }
}
