//! A frame's shapes as triangles, in their order: what egui cuts, and large meshes as they are. Owns which are large; draws
//! nothing.

use std::sync::Arc;

use egui::epaint::{ClippedShape, Mesh, Primitive};
use egui::{ClippedPrimitive, Context, Rect, Shape};

/// From so many corners of triangles on a mesh is not copied beside other triangles of its kind: a frame of the map holds
/// some hundred thousand, and room for them would have to be found and cleared in every frame.
const LARGE: usize = 3000;

/// Triangles and where they may be drawn.
pub(super) enum Cut {
    /// Of egui.
    Made(ClippedPrimitive),
    /// A mesh as it was painted.
    Whole(Rect, Arc<Mesh>),
}

impl Cut {
    /// The triangles and their clip rectangle; none where something else draws.
    pub(super) fn mesh(&self) -> Option<(Rect, &Mesh)> {
        match self {
            Self::Made(job) => mesh_of(job),
            Self::Whole(clip, mesh) => Some((*clip, mesh)),
        }
    }
}

/// Triangles of egui and their clip rectangle.
pub(super) fn mesh_of(job: &ClippedPrimitive) -> Option<(Rect, &Mesh)> {
    match &job.primitive {
        Primitive::Mesh(mesh) => Some((job.clip_rect, mesh)),
        Primitive::Callback(_) => None,
    }
}

/// Cuts the shapes of a frame.
pub(super) fn cut(ctx: &Context, shapes: Vec<ClippedShape>, pixels_per_point: f32) -> Vec<Cut> {
    let mut out = Vec::new();
    let mut before: Vec<ClippedShape> = Vec::with_capacity(shapes.len());
    let made =
        |before: Vec<ClippedShape>| ctx.tessellate(before, pixels_per_point).into_iter().map(Cut::Made);
    for shape in shapes {
        match large(&shape) {
            Some(whole) => {
                out.extend(made(std::mem::take(&mut before)));
                out.push(whole);
            }
            None => before.push(shape),
        }
    }
    out.extend(made(before));
    out
}

fn large(shape: &ClippedShape) -> Option<Cut> {
    let Shape::Mesh(mesh) = &shape.shape else { return None };
    let is_plain = shape.transform_after_tessellation == egui::emath::TSTransform::IDENTITY;
    (is_plain && shape.clip_rect.is_positive() && mesh.indices.len() >= LARGE)
        .then(|| Cut::Whole(shape.clip_rect, Arc::clone(mesh)))
}

#[cfg(test)]
mod tests {
    use egui::{Color32, Pos2, Vec2, pos2};

    use super::*;

    /// Squares in a row.
    fn squares(count: u16) -> Mesh {
        let mut mesh = Mesh::default();
        for i in 0..count {
            let at = pos2(f32::from(i), 150.0);
            mesh.add_colored_rect(Rect::from_min_size(at, Vec2::splat(1.0)), Color32::from_gray(9));
        }
        mesh
    }

    fn corners<'a>(meshes: impl Iterator<Item = (Rect, &'a Mesh)>) -> Vec<(Rect, Pos2)> {
        let of_one = |(clip, mesh): (Rect, &'a Mesh)| {
            mesh.indices.iter().map(move |i| (clip, mesh.vertices[*i as usize].pos))
        };
        meshes.flat_map(of_one).collect()
    }

    #[test]
    fn triangles_keep_their_order_and_their_clips_and_large_meshes_are_not_copied() {
        let ctx = Context::default();
        drop(ctx.run_ui(egui::RawInput::default(), |_| ()));
        let wide = Rect::from_min_size(Pos2::ZERO, Vec2::splat(900.0));
        let narrow = wide.shrink(100.0);
        let large = Arc::new(squares(600));
        let shapes = [
            ClippedShape::new(wide, Shape::mesh(squares(3))),
            ClippedShape::new(wide, Shape::Mesh(Arc::clone(&large))),
            ClippedShape::new(wide, Shape::mesh(squares(2))),
            ClippedShape::new(wide, Shape::mesh(squares(5))),
            ClippedShape::new(narrow, Shape::Mesh(Arc::clone(&large))),
            ClippedShape::new(Rect::NOTHING, Shape::Mesh(Arc::clone(&large))),
            ClippedShape::new(narrow, Shape::mesh(squares(4))),
        ];
        let plain = ctx.tessellate(shapes.to_vec(), 1.0);
        let cut = cut(&ctx, shapes.to_vec(), 1.0);
        let (ours, theirs) =
            (corners(cut.iter().filter_map(Cut::mesh)), corners(plain.iter().filter_map(mesh_of)));
        assert!(ours == theirs, "{} and {} corners", ours.len(), theirs.len());
        let whole = cut.iter().filter(|cut| matches!(cut, Cut::Whole(_, mesh) if Arc::ptr_eq(mesh, &large)));
        assert_eq!((whole.count(), cut.len()), (2, 4));
    }
}
