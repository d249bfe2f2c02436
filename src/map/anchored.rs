//! Marks that keep their places on the ground while the map moves. Owns their triangles, the place that each stands at,
//! and when they have to be made anew; what a mark looks like is its layer's.

use std::sync::Arc;

use egui::epaint::Vertex;
use egui::{Mesh, Pos2, Rect, Vec2};

use super::kept::Inker;
use super::lens::{Lens, World};
use super::sheet::Sheet;

/// While the map moves, marks are made for so much more than is seen, as a share of the greater side.
pub(super) const BEYOND: f32 = 0.15;
/// On the way, what is as large as the ground is stretched by at most this much, and its edges with it.
const MOST_STRETCHED: f64 = 2.0;

/// What a mark is as large as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// The same on the screen at any zoom.
    Screen,
    /// It grows with the ground.
    Ground,
    /// Letters, the same on the screen at any zoom, whose corner stands so far from the place and on a whole pixel.
    Letters(Vec2),
}

/// Triangles of one mark: up to this vertex and this corner of a triangle, from where the one before ends.
#[derive(Debug, Clone, Copy)]
struct Run {
    at: World,
    size: Size,
    end: usize,
    corners_end: usize,
    /// What it covers in the view that it was made for.
    rect: Rect,
}

/// Marks as triangles.
#[derive(Debug, Default)]
pub(super) struct Marks {
    mesh: Mesh,
    runs: Vec<Run>,
}

/// Draws marks one by one.
pub(super) struct MarkInker {
    /// What the shapes of the next mark go into.
    pub ink: Inker,
    runs: Vec<Run>,
}

impl MarkInker {
    /// No marks yet.
    #[must_use]
    pub(super) fn new(pixels_per_point: f32) -> Self {
        Self::with(Inker::new(pixels_per_point))
    }

    /// No marks yet, and what their shapes go into.
    #[must_use]
    pub(super) const fn with(ink: Inker) -> Self {
        Self { ink, runs: Vec::new() }
    }

    /// What was drawn since the last mark is one that stands at a place.
    pub(super) fn set_down(&mut self, at: World, size: Size) {
        let (end, corners_end) = (self.ink.vertices(), self.ink.corners());
        self.runs.push(Run { at, size, end, corners_end, rect: Rect::NOTHING });
    }

    /// The marks.
    #[must_use]
    pub(super) fn finish(mut self) -> Marks {
        let mesh = self.ink.finish();
        let mut from = 0;
        for run in &mut self.runs {
            let vertices = mesh.vertices.get(from..run.end).unwrap_or_default();
            vertices.iter().for_each(|v| run.rect.extend_with(v.pos));
            from = run.end;
        }
        Marks { mesh, runs: self.runs }
    }
}

impl Marks {
    /// Sets the marks down in another view than the one that they were made for; those that it does not show are left
    /// out.
    fn place(&self, made: &Lens, lens: &Lens, (is_moving, opacity): (bool, f32), out: &mut Mesh) {
        out.texture_id = self.mesh.texture_id;
        out.indices.clear();
        out.vertices.clear();
        let stretched = (lens.scale / made.scale) as f32;
        // What is sharp stays sharp: marks stand on whole pixels. On the way aside they keep their steps from one another.
        let is_aside = is_same_scale(made, lens);
        let all = (is_aside && is_moving).then(|| {
            lens.snap((lens.to_screen(made.center) - made.to_screen(made.center)).to_pos2()).to_vec2()
        });
        let (mut from, mut corners_from) = (0, 0);
        for run in &self.runs {
            let vertices = self.mesh.vertices.get(from..run.end).unwrap_or_default();
            let corners = self.mesh.indices.get(corners_from..run.corners_end).unwrap_or_default();
            let first = from;
            (from, corners_from) = (run.end, run.corners_end);
            let (by, grown) = if let Size::Letters(off) = run.size {
                let corner = |lens: &Lens| lens.snap(lens.to_screen(run.at) + off);
                (corner(lens) - corner(made), 1.0)
            } else if let Some(by) = all {
                (by, 1.0)
            } else if is_aside || run.size == Size::Screen {
                (lens.snap(lens.to_screen(run.at)) - made.snap(made.to_screen(run.at)), 1.0)
            } else {
                let before = made.snap(made.to_screen(run.at)).to_vec2() * stretched;
                (lens.to_screen(run.at).to_vec2() - before, stretched)
            };
            let set_down = |place: Pos2| (place.to_vec2() * grown + by).to_pos2();
            let rect = Rect::from_min_max(set_down(run.rect.min), set_down(run.rect.max));
            if !lens.rect.intersects(rect) {
                continue;
            }
            let moved = out.vertices.len().wrapping_sub(first) as u32;
            out.vertices.extend(vertices.iter().map(|v| Vertex { pos: set_down(v.pos), ..*v }));
            out.indices.extend(corners.iter().map(|corner| corner.wrapping_add(moved)));
        }
        if opacity < 1.0 {
            out.vertices.iter_mut().for_each(|v| v.color = v.color.gamma_multiply(opacity));
        }
    }
}

fn is_same_scale(made: &Lens, lens: &Lens) -> bool {
    made.scale.to_bits() == lens.scale.to_bits()
}

/// Marks of a layer, made again only when what they stand for changes, or when a view shows more than they were made for.
#[derive(Debug)]
pub(super) struct Standing<K> {
    made: Option<(K, Lens)>,
    marks: Marks,
    placed_in: Option<(Lens, bool, f32)>,
}

impl<K> Default for Standing<K> {
    fn default() -> Self {
        Self { made: None, marks: Marks::default(), placed_in: None }
    }
}

impl<K: PartialEq> Standing<K> {
    /// Puts the marks of a view into a mesh that holds those of the view before; whether they were put there anew.
    pub(super) fn put<'a>(
        &mut self,
        sheet: &Sheet<'_>,
        key: K,
        opacity: f32,
        make: impl FnOnce(&Sheet<'_>) -> Marks,
        placed: impl FnOnce() -> &'a mut Mesh,
    ) -> bool {
        let lens = sheet.lens;
        let serves = |(k, at): &(K, Lens)| *k == key && serves(at, &lens, sheet.moving);
        let made = self.made.take().filter(serves).unwrap_or_else(|| {
            // Only what is drawn grows; the middle stays.
            let wide = if sheet.moving { wide(&lens) } else { lens };
            // The memory of those before serves the next ones.
            drop(std::mem::take(&mut self.marks));
            self.marks = make(&Sheet { lens: wide, ..*sheet });
            self.placed_in = None;
            (key, wide)
        });
        let placed_in = Some((lens, sheet.moving, opacity));
        let is_new = self.placed_in != placed_in;
        if is_new {
            // The picture before was painted by now, so its memory is used again.
            self.marks.place(&made.1, &lens, (sheet.moving, opacity), placed());
            self.placed_in = placed_in;
        }
        self.made = Some(made);
        is_new
    }
}

/// Such marks with their triangles in the view of the last frame.
#[derive(Debug)]
pub(super) struct Anchored<K> {
    marks: Standing<K>,
    placed: Arc<Mesh>,
}

impl<K> Default for Anchored<K> {
    fn default() -> Self {
        Self { marks: Standing::default(), placed: Arc::default() }
    }
}

impl<K: PartialEq> Anchored<K> {
    /// The marks in a view.
    pub(super) fn get(
        &mut self,
        sheet: &Sheet<'_>,
        key: K,
        opacity: f32,
        make: impl FnOnce(&Sheet<'_>) -> Marks,
    ) -> Arc<Mesh> {
        self.marks.put(sheet, key, opacity, make, || Arc::make_mut(&mut self.placed));
        Arc::clone(&self.placed)
    }
}

/// A view with as much around it as marks are made for on the way.
pub(super) fn wide(lens: &Lens) -> Lens {
    Lens { rect: lens.rect.expand(lens.rect.size().max_elem() * BEYOND), ..*lens }
}

/// Whether marks made for one view serve in another: it shows no more ground, and its scale is the same, or nearly so
/// while the map moves.
fn serves(made: &Lens, lens: &Lens, is_moving: bool) -> bool {
    let stretched = (lens.scale / made.scale).max(made.scale / lens.scale);
    let (wide, seen) = (made.extent(0.0), lens.extent(0.0));
    // A view shows what it shows, whatever the last digits say.
    let hair = wide.size().map(|side| side * 1e-9);
    made.pixels_per_point.to_bits() == lens.pixels_per_point.to_bits()
        && (is_same_scale(made, lens) || (is_moving && stretched < MOST_STRETCHED))
        && (seen.min[0] >= wide.min[0] - hair[0] && seen.max[0] <= wide.max[0] + hair[0])
        && (seen.min[1] >= wide.min[1] - hair[1] && seen.max[1] <= wide.max[1] + hair[1])
}
