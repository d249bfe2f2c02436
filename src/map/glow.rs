//! The soft light around the district. Owns one small picture, blurred once, and stretches it over the map: smooth at
//! every zoom, without bands.

use egui::{Color32, ColorImage, Context, Mesh, Rect, TextureHandle, TextureOptions, pos2};

use super::geometry::{Geometry, Solid};
use super::lens::Extent;
use super::sheet::Sheet;
use crate::site::areas::AreaId;

/// Side of the picture in texels.
const SIDE: usize = 640;
/// Share of the district's greater side that is added around it.
const AROUND: f64 = 0.16;

/// The layer.
pub(super) struct Glow {
    texture: TextureHandle,
    extent: Extent,
}

impl Glow {
    /// Computes the picture.
    #[must_use]
    pub(super) fn new(ctx: &Context, geometry: &Geometry) -> Self {
        let extent = geometry.root.grown(AROUND);
        let coverage =
            geometry.area(AreaId::ROOT).map_or_else(|| vec![0.0; SIDE * SIDE], |a| rasterise(a, &extent));
        let near = blurred(&coverage, 5);
        let far = blurred(&coverage, 20);
        let pixels: Vec<Color32> = near
            .iter()
            .zip(&far)
            .map(|(n, f)| Color32::from_white_alpha(level(0.42 * n + 0.58 * f)))
            .collect();
        let image = ColorImage::new([SIDE, SIDE], pixels);
        Self { texture: ctx.load_texture("map glow", image, TextureOptions::LINEAR), extent }
    }

    /// The light.
    pub(super) fn mesh(&self, sheet: &Sheet<'_>) -> Mesh {
        let theme = sheet.theme();
        // The picture grows with the zoom; close by, a broad bright band would say nothing.
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let near = (1.0 - 0.3 * sheet.zoom_from_home().clamp(0.0, 2.5)) as f32;
        let tint = theme.outline.gamma_multiply(near * if theme.dark { 0.6 } else { 0.4 });
        let mut mesh = Mesh::with_texture(self.texture.id());
        let all = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        mesh.add_rect_with_uv(sheet.lens.rect_of(&self.extent), all, tint);
        mesh
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn level(share: f32) -> u8 {
    (share.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// 1 inside the shape, 0 outside, row by row.
fn rasterise(solid: &Solid, extent: &Extent) -> Vec<f32> {
    let mut out = vec![0.0; SIDE * SIDE];
    let [width, height] = extent.size();
    #[expect(clippy::cast_precision_loss, reason = "texels")]
    let (dx, dy) = (width / SIDE as f64, height / SIDE as f64);
    for (row, line) in out.chunks_exact_mut(SIDE).enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "texels")]
        let y = extent.min[1] + (row as f64 + 0.5) * dy;
        let mut cuts: Vec<f64> = Vec::new();
        for ring in &solid.rings {
            let Some([mut x1, mut y1]) = ring.last().copied() else {
                continue;
            };
            for [x2, y2] in ring.iter().copied() {
                if (y1 > y) != (y2 > y) {
                    cuts.push(((x2 - x1) * (y - y1) / (y2 - y1) + x1 - extent.min[0]) / dx);
                }
                (x1, y1) = (x2, y2);
            }
        }
        cuts.sort_by(f64::total_cmp);
        for pair in cuts.chunks_exact(2) {
            if let [from, to] = pair {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "clamped to the row"
                )]
                let (from, to) = (from.round().max(0.0) as usize, to.round().max(0.0) as usize);
                if let Some(part) = line.get_mut(from..to.min(SIDE)) {
                    part.fill(1.0);
                }
            }
        }
    }
    out
}

/// Three box blurs: close to a Gaussian.
fn blurred(picture: &[f32], radius: usize) -> Vec<f32> {
    let mut picture = picture.to_vec();
    for _ in 0..3 {
        for _ in 0..2 {
            picture = transposed(&box_rows(&picture, radius));
        }
    }
    picture
}

fn box_rows(picture: &[f32], radius: usize) -> Vec<f32> {
    #[expect(clippy::cast_precision_loss, reason = "a few texels")]
    let share = 1.0 / (2 * radius + 1) as f32;
    let mut out = Vec::with_capacity(picture.len());
    for row in picture.chunks_exact(SIDE) {
        let at = |i: usize| i.checked_sub(radius).and_then(|i| row.get(i)).copied().unwrap_or(0.0);
        // `sum` covers the texels from `i - radius` to `i + radius`; index shifted by `radius` so that it never goes
        // below zero.
        let mut sum: f32 = (0..2 * radius).map(at).sum();
        for i in 0..SIDE {
            sum += at(i + 2 * radius);
            out.push((sum * share).max(0.0));
            sum -= at(i);
        }
    }
    out
}

fn transposed(picture: &[f32]) -> Vec<f32> {
    (0..SIDE).flat_map(|x| picture.iter().skip(x).step_by(SIDE).copied()).collect()
}
