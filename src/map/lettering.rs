//! Letters on the map that are laid out once and then only placed: texts that are written again and again, numbers put
//! together from digits, and all letters of a layer as one text. Owns what is kept and for how long; what is written is
//! the layers'.

use std::collections::HashMap;
use std::sync::Arc;

use egui::epaint::{TextShape, Vertex};
use egui::{Align2, Color32, Context, Galley, Mesh, Painter, Pos2, Vec2};

use super::anchored::{Marks, Standing};
use super::kept::Inker;
use super::sheet::{Sheet, Type};
use crate::fonts;

/// So many texts are kept, and as many that were not asked for since.
const MOST_TEXTS: usize = 400;
/// Digits in all their sizes and places are some hundreds.
const MOST_LETTERS: usize = 4000;

/// Texts and digits.
#[derive(Debug, Default)]
pub(super) struct Lettering {
    texts: HashMap<Face, HashMap<String, Arc<Galley>>>,
    kept: usize,
    before: HashMap<Face, HashMap<String, Arc<Galley>>>,
    digits: HashMap<Place, Letter>,
    /// How many numbers were laid out before they were needed, for which size of letters.
    practised: (u32, u16),
    drawn: Drawn,
}

/// Size, and whether it is bold.
type Face = (u32, bool);
/// Which letter, and how far from the beginning of its text.
type Place = (Face, u32, char);

fn face(kind: Type) -> Face {
    (kind.size.to_bits(), kind.bold)
}

/// A letter at a place in a text.
#[derive(Debug, Clone, Default)]
struct Letter {
    /// None where it shows nothing.
    corners: Option<[Vertex; 4]>,
    /// Where the next one begins, once there was one.
    next: Option<u32>,
    /// The size of a text that ends with it, once there was one.
    ends: Option<Vec2>,
}

/// The picture that holds all letters. egui makes it anew when it is full or letters are drawn otherwise, and forgets what it
/// laid out: then so do we.
#[derive(Debug, Default)]
struct Drawn {
    /// A text of which egui gives the same copy for as long as the picture stays and every frame asks for it.
    witness: Option<Arc<Galley>>,
    /// How often it was made anew.
    number: u64,
}

impl Lettering {
    /// Once a frame, before anything is written.
    pub(super) fn begin(&mut self, ctx: &Context) {
        let witness = ctx.fonts_mut(|fonts| {
            fonts.layout_no_wrap(String::from("0"), fonts::regular(1.0), Color32::PLACEHOLDER)
        });
        if self.drawn.witness.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &witness)) {
            self.drawn = Drawn { witness: Some(witness), number: self.drawn.number + 1 };
            self.texts.clear();
            self.before.clear();
            self.digits.clear();
            (self.kept, self.practised) = (0, (0, 0));
        }
    }

    /// A line of text, without a colour of its own.
    pub(super) fn text(&mut self, painter: &Painter, words: &str, kind: Type) -> Arc<Galley> {
        let face = face(kind);
        if let Some(known) = self.texts.get(&face).and_then(|texts| texts.get(words)) {
            return Arc::clone(known);
        }
        let before = self.before.get_mut(&face).and_then(|texts| texts.remove(words));
        let text = before
            .unwrap_or_else(|| painter.layout_no_wrap(words.to_owned(), kind.font(), Color32::PLACEHOLDER));
        if self.kept >= MOST_TEXTS {
            self.before = std::mem::take(&mut self.texts);
            self.kept = 0;
        }
        self.kept += 1;
        self.texts.entry(face).or_default().insert(words.to_owned(), Arc::clone(&text));
        text
    }

    /// Whether a line of text was laid out before.
    pub(super) fn knows(&self, words: &str, kind: Type) -> bool {
        let of = |texts: &HashMap<Face, HashMap<String, Arc<Galley>>>| {
            texts.get(&face(kind)).is_some_and(|texts| texts.contains_key(words))
        };
        of(&self.texts) || of(&self.before)
    }

    /// Writes a number around a place, from digits that stood at the same places in other numbers; from where the place is
    /// to where the number begins.
    pub(super) fn number(
        &mut self,
        painter: &Painter,
        (words, kind): (&str, Type),
        middle: Pos2,
        ink: &mut Inker,
    ) -> Vec2 {
        let face = face(kind);
        let corner = |size: Vec2| Align2::CENTER_CENTER.anchor_size(middle, size).min;
        if let Some(size) = self.size_of(words, kind) {
            let at = ink.on_pixels(corner(size));
            let mut from = 0;
            for letter in words.chars() {
                let Some(Letter { corners, next, .. }) = self.digits.get(&(face, from, letter)) else {
                    break;
                };
                if let Some(corners) = corners {
                    ink.write_letter(corners, at, kind.color);
                }
                from = next.unwrap_or_default();
            }
            return corner(size) - middle;
        }
        let text = self.learn_number(painter, words, kind);
        let at = corner(text.size());
        ink.write(&text, at, 0.0, kind.color);
        at - middle
    }

    /// How many numbers were laid out beforehand for a size of letters.
    pub(super) const fn practised(&mut self, size: f32) -> &mut u16 {
        if self.practised.0 != size.to_bits() {
            self.practised = (size.to_bits(), 0);
        }
        &mut self.practised.1
    }

    /// Lays out a number, whose digits are then known at their places.
    pub(super) fn learn_number(&mut self, painter: &Painter, words: &str, kind: Type) -> Arc<Galley> {
        let text = painter.layout_no_wrap(words.to_owned(), kind.font(), Color32::PLACEHOLDER);
        self.learn(face(kind), &text);
        text
    }

    /// The size of a number all of whose letters are known at their places.
    pub(super) fn size_of(&self, words: &str, kind: Type) -> Option<Vec2> {
        let face = face(kind);
        let mut from = 0;
        let mut letters = words.chars().peekable();
        while let Some(letter) = letters.next() {
            let known = self.digits.get(&(face, from, letter))?;
            if letters.peek().is_none() {
                return known.ends;
            }
            from = known.next?;
        }
        None
    }

    fn learn(&mut self, face: Face, text: &Galley) {
        let [row] = text.rows.as_slice() else { return };
        if self.digits.len() > MOST_LETTERS {
            self.digits.clear();
        }
        let mut glyphs = row.glyphs.iter().peekable();
        while let Some(glyph) = glyphs.next() {
            let letter = self.digits.entry((face, glyph.pos.x.to_bits(), glyph.chr)).or_default();
            let first = glyph.first_vertex as usize;
            let corners = row.visuals.mesh.vertices.get(first..first + 4);
            letter.corners = corners.filter(|_| !glyph.uv_rect.is_nothing()).and_then(|corners| {
                let placed = |v: &Vertex| Vertex { pos: v.pos + row.pos.to_vec2(), ..*v };
                <[Vertex; 4]>::try_from(corners).ok().map(|corners| corners.each_ref().map(placed))
            });
            match glyphs.peek() {
                Some(next) => letter.next = Some(next.pos.x.to_bits()),
                None => letter.ends = Some(text.size()),
            }
        }
    }
}

/// All letters of a layer, which stand where its marks do.
#[derive(Debug)]
pub(super) struct Letters<K> {
    letters: Standing<(K, u64)>,
    /// One text for all of them: only egui knows, once a frame is done, how large the picture of letters is.
    text: Option<Arc<Galley>>,
    /// What the text gives back for the next view.
    room: Mesh,
}

impl<K> Default for Letters<K> {
    fn default() -> Self {
        Self { letters: Standing::default(), text: None, room: Mesh::default() }
    }
}

impl<K: PartialEq> Letters<K> {
    /// Paints the letters of a view; `make` writes them into marks of which all are [`super::anchored::Size::Letters`].
    pub(super) fn paint(
        &mut self,
        painter: &Painter,
        sheet: &Sheet<'_>,
        (key, opacity): (K, f32),
        lettering: &mut Lettering,
        make: impl FnOnce(&Sheet<'_>, &mut Lettering) -> Marks,
    ) {
        let Self { letters, text, room } = self;
        let key = (key, lettering.drawn.number);
        let is_new = letters.put(sheet, key, 1.0, |sheet| make(sheet, lettering), || &mut *room);
        // Some text to take their place.
        let some = || painter.layout_no_wrap(String::from("0"), fonts::regular(1.0), Color32::PLACEHOLDER);
        let text = text.get_or_insert_with(some);
        if is_new {
            let text = Arc::make_mut(text);
            text.pixels_per_point = sheet.lens.pixels_per_point;
            (text.num_vertices, text.num_indices) = (room.vertices.len(), room.indices.len());
            if let Some(row) = text.rows.first_mut() {
                row.pos = Pos2::ZERO;
                let shown = &mut Arc::make_mut(&mut row.row).visuals;
                // What no part of the view holds was left out.
                shown.mesh_bounds = sheet.lens.rect;
                std::mem::swap(&mut shown.mesh, room);
            }
        }
        let shape = TextShape::new(Pos2::ZERO, Arc::clone(text), Color32::PLACEHOLDER);
        painter.add(shape.with_opacity_factor(opacity));
    }
    /// Where the corners of all letters were put last.
    #[cfg(test)]
    pub(super) fn corners(&self) -> Vec<egui::Pos2> {
        let rows = self.text.iter().flat_map(|text| &text.rows);
        rows.flat_map(|row| &row.visuals.mesh.vertices).map(|v| v.pos).collect()
    }
}
