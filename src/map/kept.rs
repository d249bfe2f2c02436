//! Something drawn that stays as long as its reasons stay. Owns one value and the key it was made for.

use std::sync::Arc;

use egui::emath::{GuiRounding as _, Rot2};
use egui::epaint::{TessellationOptions, Tessellator, Vertex};
use egui::{Color32, Galley, Mesh, Pos2, Shape, TextureId};

use super::lens::Lens;
use super::sheet::Sheet;

/// A value that is made again only when its key changes: this is why a still map costs nothing that grows with data.
#[derive(Debug)]
pub(super) struct Kept<K, T> {
    key: Option<K>,
    value: T,
}

impl<K, T: Default> Default for Kept<K, T> {
    fn default() -> Self {
        Self { key: None, value: T::default() }
    }
}

impl<K: PartialEq, T> Kept<K, T> {
    /// The value for a key.
    pub(super) fn get(&mut self, key: K, make: impl FnOnce() -> T) -> &T {
        if self.key.as_ref() != Some(&key) {
            self.value = make();
            self.key = Some(key);
        }
        &self.value
    }

    /// The value as it was last made.
    pub(super) const fn last(&self) -> &T {
        &self.value
    }
}

/// A drawing that drifts with the ground: it is made for more than is seen, and while the map only moves aside it is
/// moved, not made again. Once the map rests it is made for the very place, so that what is sharp stays sharp.
#[derive(Debug)]
pub(super) struct Drifting<K> {
    made: Option<(K, Lens)>,
    mesh: Arc<Mesh>,
    moved: Arc<Mesh>,
    moved_to: Option<Lens>,
}

impl<K> Default for Drifting<K> {
    fn default() -> Self {
        Self { made: None, mesh: Arc::default(), moved: Arc::default(), moved_to: None }
    }
}

/// How much more is drawn than is seen, as a share of the greater side.
const BEYOND: f32 = 0.15;

impl<K: PartialEq> Drifting<K> {
    /// The drawing for a view and a key.
    pub(super) fn get(
        &mut self,
        sheet: &Sheet<'_>,
        key: K,
        make: impl FnOnce(&Sheet<'_>) -> Arc<Mesh>,
    ) -> Arc<Mesh> {
        let lens = sheet.lens;
        let fits = self.made.as_ref().filter(|(k, at)| *k == key && drifts(at, &lens));
        let Some((_, at)) = fits.filter(|(_, at)| *at == lens || sheet.moving) else {
            let reach = if sheet.moving { lens.rect.size().max_elem() * BEYOND } else { 0.0 };
            // Only what is drawn grows; the middle stays, and with it where everything stands.
            let wide = Lens { rect: lens.rect.expand(reach), ..lens };
            self.mesh = make(&Sheet { lens: wide, ..*sheet });
            self.made = Some((key, wide));
            self.moved_to = None;
            return Arc::clone(&self.mesh);
        };
        let by = lens.to_screen(at.center) - at.to_screen(at.center);
        if by == egui::Vec2::ZERO {
            return Arc::clone(&self.mesh);
        }
        if self.moved_to != Some(lens) {
            let by = lens.snap(by.to_pos2()).to_vec2();
            // The picture before was painted by now, so its memory is used again.
            let moved = Arc::make_mut(&mut self.moved);
            moved.texture_id = self.mesh.texture_id;
            moved.indices.clone_from(&self.mesh.indices);
            moved.vertices.clear();
            let at_place = |v: &Vertex| Vertex { pos: v.pos + by, ..*v };
            moved.vertices.extend(self.mesh.vertices.iter().map(at_place));
            self.moved_to = Some(lens);
        }
        Arc::clone(&self.moved)
    }
}

/// Whether a drawing made for one view shows all of another that differs by a step aside.
fn drifts(made: &Lens, lens: &Lens) -> bool {
    let same = made.is_around_the_middle_of(lens)
        && made.scale.to_bits() == lens.scale.to_bits()
        && made.pixels_per_point.to_bits() == lens.pixels_per_point.to_bits();
    let (wide, seen) = (made.extent(0.0), lens.extent(0.0));
    let inside = |i: usize| {
        let (a, b) = (wide.min.get(i).zip(seen.min.get(i)), wide.max.get(i).zip(seen.max.get(i)));
        a.is_some_and(|(wide, seen)| wide <= seen) && b.is_some_and(|(wide, seen)| wide >= seen)
    };
    same && inside(0) && inside(1)
}

/// Turns lines and marks into a mesh once, the way egui would in every frame.
pub(super) struct Inker {
    tessellator: Tessellator,
    pixels_per_point: f32,
    mesh: Mesh,
}

impl Inker {
    /// An empty mesh for a screen with this many pixels per point.
    #[must_use]
    pub(super) fn new(pixels_per_point: f32) -> Self {
        Self::onto(TextureId::default(), pixels_per_point)
    }

    /// The same for triangles that show a picture, of which the first corner is white: that is what shapes look at.
    #[must_use]
    pub(super) fn onto(picture: TextureId, pixels_per_point: f32) -> Self {
        // Without prerasterised discs no shape needs the font texture, whose size would have to be known.
        let options = TessellationOptions {
            prerasterized_discs: false,
            round_line_segments_to_pixels: false,
            parallel_tessellation: false,
            ..TessellationOptions::default()
        };
        Self {
            tessellator: Tessellator::new(pixels_per_point, options, [1, 1], Vec::new()),
            pixels_per_point,
            mesh: Mesh::with_texture(picture),
        }
    }

    /// Adds a shape.
    pub(super) fn add(&mut self, shape: impl Into<Shape>) {
        self.tessellator.tessellate_shape(shape.into(), &mut self.mesh);
    }

    /// How many vertices there are.
    #[must_use]
    pub(super) const fn vertices(&self) -> usize {
        self.mesh.vertices.len()
    }

    /// How many corners of triangles there are.
    #[must_use]
    pub(super) const fn corners(&self) -> usize {
        self.mesh.indices.len()
    }

    /// Takes room at once for what will come, which would else be copied each time it outgrows its room.
    pub(super) fn make_room(&mut self, vertices: usize) {
        self.mesh.reserve_vertices(vertices);
        self.mesh.reserve_triangles(vertices);
    }

    /// Adds what was turned into triangles around the origin before, around a place and so many times as large.
    pub(super) fn stamp(&mut self, made: &Mesh, at: Pos2, grown: f32) {
        let first = u32::try_from(self.mesh.vertices.len()).unwrap_or(u32::MAX);
        let by = at.to_vec2();
        let moved = made.vertices.iter().map(|v| Vertex { pos: v.pos * grown + by, ..*v });
        self.mesh.vertices.extend(moved);
        self.mesh.indices.extend(made.indices.iter().map(|i| first + i));
    }

    /// Adds the letters of a text as egui paints them at a place and turned around it, with their pictures still told in
    /// texels: for what becomes a text again ([`super::lettering`]), and never beside shapes.
    pub(super) fn write(&mut self, galley: &Galley, at: Pos2, turn: f32, color: Color32) {
        let (at, turned) = (self.on_pixels(at), Rot2::from_angle(turn));
        for row in &galley.rows {
            let corner = at + turned * row.pos.to_vec2();
            let letters = &row.visuals.mesh;
            let first = u32::try_from(self.mesh.vertices.len()).unwrap_or(u32::MAX);
            let placed = |v: &Vertex| Vertex { pos: corner + turned * v.pos.to_vec2(), uv: v.uv, color };
            self.mesh.vertices.extend(letters.vertices.iter().map(placed));
            self.mesh.indices.extend(letters.indices.iter().map(|i| first + i));
        }
    }

    /// Adds one letter, told as [`Inker::write`] tells them, with its corner at a whole pixel.
    pub(super) fn write_letter(&mut self, letter: &[Vertex; 4], at: Pos2, color: Color32) {
        let first = u32::try_from(self.mesh.vertices.len()).unwrap_or(u32::MAX);
        let placed = |v: &Vertex| Vertex { pos: at + v.pos.to_vec2(), uv: v.uv, color };
        self.mesh.vertices.extend(letter.iter().map(placed));
        self.mesh.indices.extend([0, 1, 2, 2, 1, 3].map(|i| first + i));
    }

    /// Where egui puts a text that is painted at a place.
    pub(super) fn on_pixels(&self, at: Pos2) -> Pos2 {
        at.round_to_pixels(self.pixels_per_point)
    }

    /// The mesh.
    #[must_use]
    pub(super) fn finish(self) -> Mesh {
        self.mesh
    }
}
