//! Drawing with words: one-line texts that shorten with a hover of the full text, wrapped texts, names for screen
//! readers, pressable places. Owns how text meets a rectangle; knows nothing of figures.

use std::hash::Hash;
use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{
    Align, Align2, Color32, Galley, Painter, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
};

use crate::fonts;
use crate::theme::Theme;

/// What joins the parts of a line.
const POINT: &str = " · ";

/// Line height of running text, in type sizes.
pub const LEADING: f32 = 1.4;

/// Size, weight and colour of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ink {
    /// Type size in points.
    pub size: f32,
    /// Bold.
    pub bold: bool,
    /// Colour.
    pub color: Color32,
}

impl Ink {
    /// The same in another colour.
    #[must_use]
    pub const fn color(mut self, color: Color32) -> Self {
        self.color = color;
        self
    }

    /// The same in bold.
    #[must_use]
    pub const fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    /// The same at another size.
    #[must_use]
    pub const fn size(mut self, size: f32) -> Self {
        self.size = size;
        self
    }

    fn font(self) -> egui::FontId {
        if self.bold { fonts::bold(self.size) } else { fonts::regular(self.size) }
    }
}

/// Least height and width of what a finger is to hit, in points.
pub const TOUCH: f32 = 44.0;

/// A place to draw on, with the theme at hand.
#[derive(Clone, Copy)]
pub struct Pen<'a> {
    /// What is drawn on.
    pub ui: &'a Ui,
    /// Tokens.
    pub theme: &'a Theme,
}

impl<'a> Pen<'a> {
    /// A pen on a ui.
    #[must_use]
    pub const fn new(ui: &'a Ui, theme: &'a Theme) -> Self {
        Self { ui, theme }
    }

    /// What was worked out before, while what it depends on stays the same: for what would else be asked of a history in
    /// every frame. `name` is of one place in this ui.
    pub fn kept<K, T>(&self, name: &str, key: K, make: impl FnOnce() -> T) -> Arc<T>
    where
        K: PartialEq + Clone + Send + Sync + 'static,
        T: Send + Sync + 'static,
    {
        let id = self.ui.scope_id().with(name);
        let before = self.ui.data(|data| data.get_temp::<(K, Arc<T>)>(id));
        if let Some((_, made)) = before.filter(|(of, _)| *of == key) {
            return made;
        }
        let made = Arc::new(make());
        self.ui.data_mut(|data| data.insert_temp(id, (key, Arc::clone(&made))));
        made
    }

    /// The painter below.
    #[must_use]
    pub fn painter(&self) -> &'a Painter {
        self.ui.painter()
    }

    /// Smallest text, secondary.
    #[must_use]
    pub const fn note(&self) -> Ink {
        Ink { size: self.theme.sizes.small, bold: false, color: self.theme.muted }
    }

    /// Running text.
    #[must_use]
    pub const fn body(&self) -> Ink {
        Ink { size: self.theme.sizes.body, bold: false, color: self.theme.text }
    }

    /// Heading of a panel.
    #[must_use]
    pub const fn heading(&self) -> Ink {
        Ink { size: self.theme.sizes.heading, bold: true, color: self.theme.text }
    }

    /// One step of the grid.
    #[must_use]
    pub const fn step(&self) -> f32 {
        self.theme.sizes.step
    }

    /// Height of a row of text in this ink.
    #[must_use]
    pub fn row(&self, ink: Ink) -> f32 {
        (ink.size * LEADING).ceil()
    }

    fn galley(&self, words: &str, ink: Ink, max_width: f32, max_rows: usize) -> Arc<Galley> {
        let format = TextFormat {
            font_id: ink.font(),
            color: ink.color,
            line_height: Some(self.row(ink)),
            valign: Align::Center,
            ..TextFormat::default()
        };
        let mut job = LayoutJob::single_section(words.to_owned(), format);
        job.wrap = TextWrapping {
            max_width: max_width.max(1.0),
            max_rows,
            break_anywhere: max_rows == 1,
            overflow_character: Some('…'),
        };
        self.painter().layout_job(job)
    }

    /// Several lines: parts joined by points stay whole where they can, and no point stands at the end of a line.
    fn several(&self, words: &str, ink: Ink, max_width: f32, max_rows: usize) -> Arc<Galley> {
        let plain = self.galley(words, ink, max_width, max_rows);
        if plain.rows.len() < 2 || !words.contains(POINT) {
            return plain;
        }
        let (mut lines, mut used) = (String::new(), 0.0);
        for part in words.split(POINT) {
            let (join, wide) = (self.width(POINT, ink), self.width(part, ink));
            let on_this_line = used + join + wide <= max_width;
            if !lines.is_empty() {
                lines.push_str(if on_this_line { POINT } else { "\n" });
            }
            lines.push_str(part);
            used = if on_this_line { used + join + wide } else { wide };
        }
        let broken = self.galley(&lines, ink, max_width, max_rows);
        if broken.elided { plain } else { broken }
    }

    /// Width of a text on one line.
    #[must_use]
    pub fn width(&self, words: &str, ink: Ink) -> f32 {
        self.galley(words, ink, f32::INFINITY, 1).size().x
    }

    /// One line inside a rectangle, shortened with … where it does not fit; the full text then shows on hover.
    /// Returns where the text is.
    pub fn text(&self, rect: Rect, align: Align2, words: &str, ink: Ink) -> Rect {
        if words.is_empty() || rect.width() < 1.0 {
            return Rect::from_min_size(rect.min, egui::Vec2::ZERO);
        }
        // A hair of slack: a text measured with `width` must not lose its end to rounding.
        let galley = self.galley(words, ink, rect.width() + 0.5, 1);
        let at = align.align_size_within_rect(galley.size(), rect);
        if galley.elided {
            self.tip(at, ("elided", words), || words.to_owned());
        }
        self.painter().galley(at.min, galley, ink.color);
        at
    }

    /// One line in the type size that fits, down to a share of the given one; for big figures only.
    #[must_use]
    pub fn fitted(&self, rect: Rect, align: Align2, words: &str, ink: Ink, least_share: f32) -> Rect {
        let wide = self.width(words, ink);
        // By sixteenths: every size has letters of its own, which have to be drawn and handed to the device.
        let share = (rect.width() / wide.max(1.0) * 16.0).floor() / 16.0;
        let share = share.clamp(least_share, 1.0);
        self.text(rect, align, words, ink.size(ink.size * share))
    }

    /// Text on several lines from the top left of a rectangle. Returns the height it took.
    pub fn wrapped(&self, rect: Rect, words: &str, ink: Ink, max_rows: usize) -> f32 {
        if words.is_empty() {
            return 0.0;
        }
        let galley = self.several(words, ink, rect.width(), max_rows);
        let size = galley.size();
        let at = Rect::from_min_size(rect.min, size);
        if galley.elided {
            self.tip(at, ("elided", words), || words.to_owned());
        }
        self.painter().galley(at.min, galley, ink.color);
        size.y
    }

    /// Whether a text fits on so many lines of a width as it is.
    #[must_use]
    pub fn fits(&self, width: f32, words: &str, ink: Ink, max_rows: usize) -> bool {
        !self.several(words, ink, width, max_rows).elided
    }

    /// Height that a wrapped text would take.
    #[must_use]
    pub fn wrapped_height(&self, width: f32, words: &str, ink: Ink, max_rows: usize) -> f32 {
        if words.is_empty() { 0.0 } else { self.several(words, ink, width, max_rows).size().y }
    }

    /// Explains a place on hover.
    pub fn tip(&self, rect: Rect, salt: impl Hash, words: impl FnOnce() -> String) {
        if !self.ui.rect_contains_pointer(rect) {
            return;
        }
        let id = self.ui.scope_id().with(("tip", hash_of(&salt)));
        let width = self.theme.sizes.body * 24.0;
        self.ui.interact(rect, id, Sense::hover()).on_hover_ui_at_pointer(|ui| {
            ui.set_max_width(width);
            ui.label(words());
        });
    }

    /// Names a place for screen readers (and for tests).
    pub fn name(&self, rect: Rect, salt: impl Hash, words: &str) {
        let id = self.ui.scope_id().with(("name", hash_of(&salt)));
        self.ui
            .interact(rect, id, Sense::empty())
            .widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    }

    /// A text that is also a name.
    pub fn named_text(&self, rect: Rect, align: Align2, words: &str, ink: Ink) -> Rect {
        let at = self.text(rect, align, words, ink);
        self.name(at, words, words);
        at
    }

    /// A place that can be pressed by pointer or keyboard; shows where the focus is.
    pub fn press(&self, rect: Rect, salt: impl Hash, words: &str) -> Response {
        self.press_named(rect, salt, || words.to_owned())
    }

    /// The same for a name that is made up of several: only where somebody asks for it, such as a screen reader.
    pub fn press_named(&self, rect: Rect, salt: impl Hash, words: impl Fn() -> String) -> Response {
        let id = self.ui.scope_id().with(("press", hash_of(&salt)));
        let response = self.ui.interact(rect, id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, words()));
        if response.has_focus() {
            self.focus_ring(rect);
        }
        response.on_hover_cursor(egui::CursorIcon::PointingHand)
    }

    /// A faint ground behind what the pointer is on.
    pub fn hover_ground(&self, rect: Rect, response: &Response) {
        if response.hovered() {
            let fill = self.theme.line.gamma_multiply(0.5);
            self.painter().rect_filled(rect, self.step() * 0.5, fill);
        }
    }

    /// Where the focus of the keyboard is.
    pub fn focus_ring(&self, rect: Rect) {
        let stroke = Stroke::new(self.theme.sizes.hairline * 2.0, self.theme.accent);
        self.painter().rect_stroke(rect.expand(2.0), self.step() * 0.5, stroke, StrokeKind::Outside);
    }

    /// A hairline across.
    pub fn hairline(&self, from_x: f32, to_x: f32, y: f32) {
        self.painter().hline(from_x..=to_x, y, Stroke::new(self.theme.sizes.hairline, self.theme.line));
    }
}

fn hash_of(value: &impl Hash) -> u64 {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

/// The top part of a rectangle, and what remains.
#[must_use]
pub fn cut_top(rect: Rect, height: f32) -> (Rect, Rect) {
    let height = height.min(rect.height()).max(0.0);
    rect.split_top_bottom_at_y(rect.top() + height)
}

/// The left part of a rectangle, and what remains.
#[must_use]
pub fn cut_left(rect: Rect, width: f32) -> (Rect, Rect) {
    let width = width.min(rect.width()).max(0.0);
    rect.split_left_right_at_x(rect.left() + width)
}

/// What remains, and the right part of a rectangle.
#[must_use]
pub fn cut_right(rect: Rect, width: f32) -> (Rect, Rect) {
    let width = width.min(rect.width()).max(0.0);
    rect.split_left_right_at_x(rect.right() - width)
}

/// A number of rows or columns, for arithmetic with lengths.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a number of rows on a screen")]
pub const fn whole(n: usize) -> f32 {
    n as f32
}

/// A share between 0 and 1 of a screen length.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a share of a screen needs no more digits")]
pub const fn share(part: f64, of: f64) -> f32 {
    if of > 0.0 { (part / of).clamp(0.0, 1.0) as f32 } else { 0.0 }
}
