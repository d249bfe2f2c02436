//! Something drawn that stays as long as its reasons stay. Owns one value and the key it was made for.

use std::sync::Arc;

use egui::epaint::{TessellationOptions, Tessellator};
use egui::{Mesh, Shape};

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

/// Turns lines and marks into a mesh once, the way egui would in every frame.
pub(super) struct Inker {
    tessellator: Tessellator,
    mesh: Mesh,
}

impl Inker {
    /// An empty mesh for a screen with this many pixels per point.
    #[must_use]
    pub(super) fn new(pixels_per_point: f32) -> Self {
        // Without prerasterised discs no shape needs the font texture, whose size would have to be known.
        let options = TessellationOptions {
            prerasterized_discs: false,
            round_line_segments_to_pixels: false,
            parallel_tessellation: false,
            ..TessellationOptions::default()
        };
        Self {
            tessellator: Tessellator::new(pixels_per_point, options, [1, 1], Vec::new()),
            mesh: Mesh::default(),
        }
    }

    /// Adds a shape.
    pub(super) fn add(&mut self, shape: impl Into<Shape>) {
        self.tessellator.tessellate_shape(shape.into(), &mut self.mesh);
    }

    /// The mesh.
    #[must_use]
    pub(super) fn finish(self) -> Arc<Mesh> {
        Arc::new(self.mesh)
    }
}
