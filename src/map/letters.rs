//! What is written in or beside marks of events: counts, the letter of a drill, the letters of kinds. Owns the words, their
//! size and where they stand from the mark; that they are laid out once is `lettering`'s.

use egui::{Align2, Painter, Pos2, vec2};

use super::anchored::{MarkInker, Marks, Size};
use super::crowd::{Crowd, Single};
use super::events::{Mark, What};
use super::kinds::Kinds;
use super::lettering::Lettering;
use super::sheet::{Sheet, Type, around};
use super::symbol;
use crate::density::{CellSum, grid};
use crate::panels::format;
use crate::panels::hexagon::fullness;
use crate::snapshot::EventPhase;
use crate::theme::Theme;

/// Digits come in a few sizes only: every other one would have them drawn anew and the whole font handed over.
const STEPS: f32 = 4.0;
/// So many numbers are laid out in a frame before they are needed.
const AHEAD: usize = 8;

/// The type of a count in a cell that is so many steps full.
pub(super) fn digits(theme: &Theme, step: f32) -> Type {
    Type { size: theme.sizes.small * (0.84 + 0.2 * step / STEPS), bold: true, color: theme.text }
}

/// Lays out some numbers, until every digit has stood at every place of a count in every size: the first crowds would have
/// to lay out a hundred at once.
pub(super) fn practise(painter: &Painter, theme: &Theme, lettering: &mut Lettering) {
    const NUMBERS: u16 = 4 * 10;
    for _ in 0..AHEAD {
        let done = lettering.practised(theme.sizes.small);
        let (size, number) = (*done / NUMBERS, *done % NUMBERS);
        if f32::from(size) > STEPS {
            return;
        }
        *done += 1;
        let (digit, power) = (u64::from(number % 10), 10_u64.pow(u32::from(number / 10)));
        // A nought begins no count.
        let number = if digit == 0 { power } else { digit * ((power * 10 - 1) / 9) };
        lettering.learn_number(painter, &format::count(number), digits(theme, f32::from(size)));
    }
}

/// Writes beside marks.
pub(super) struct Scribe<'a> {
    painter: &'a Painter,
    sheet: &'a Sheet<'a>,
    lettering: &'a mut Lettering,
    marks: MarkInker,
}

impl<'a> Scribe<'a> {
    /// Nothing yet.
    pub(super) fn new(painter: &'a Painter, sheet: &'a Sheet<'a>, lettering: &'a mut Lettering) -> Self {
        Self { painter, sheet, lettering, marks: MarkInker::new(sheet.lens.pixels_per_point) }
    }

    /// What was written.
    pub(super) fn finish(self) -> Marks {
        self.marks.finish()
    }

    /// Writes what belongs to a mark of a crowd; `kinds` has the letters of kinds, where they are written.
    pub(super) fn write(&mut self, mark: &Mark, crowd: &Crowd, kinds: Option<&Kinds<'_>>) {
        match &mark.what {
            What::Cell(level, sum) => self.count(mark.at, *level, sum, crowd.most),
            What::Single(single) if single.exercise => self.drill(mark.at, single, crowd),
            What::Single(single) => self.kind(mark.at, single, kinds),
        }
    }

    fn count(&mut self, at: Pos2, level: u8, sum: &CellSum, most: u64) {
        let theme = self.sheet.theme();
        let kind = digits(theme, (fullness(sum.count, most) * STEPS).round());
        let down = vec2(0.0, theme.sizes.small * 0.32);
        let words = short_count(self.sheet, sum.count);
        let off = self.lettering.number(self.painter, (&words, kind), at + down, &mut self.marks.ink);
        self.marks.set_down(grid::middle(level, sum.cell), Size::Letters(down + off));
    }

    fn drill(&mut self, at: Pos2, single: &Single, crowd: &Crowd) {
        let theme = self.sheet.theme();
        let kind = Type { size: theme.sizes.small * 0.92, bold: true, color: theme.text };
        let r = symbol::radius(theme, single.severity);
        let words = self.sheet.view.text.get("map.exercise_letter");
        let text = self.lettering.text(self.painter, words, kind);
        // A hexagon's number stands in its middle: the letter goes the other way.
        let middle = (!crowd.cells.is_empty()).then(|| {
            self.sheet.lens.to_screen(grid::middle(crowd.level, grid::cell(crowd.level, single.at)))
        });
        let is_left = middle.is_some_and(|middle| at.x < middle.x);
        let is_below = middle.is_some_and(|middle| at.y > middle.y);
        let off = vec2(
            if is_left { -r * 1.3 - text.size().x } else { r * 1.3 },
            if is_below { kind.size * 0.1 } else { -kind.size * 1.1 },
        );
        for (edge, color) in around(kind, theme.ground) {
            self.marks.ink.write(&text, at + off + edge, 0.0, color);
            self.marks.set_down(single.at, Size::Letters(off + edge));
        }
    }

    /// Writes how many events lie on the pile that a mark is on top of.
    pub(super) fn pile(&mut self, mark: &Mark, count: usize) {
        let What::Single(single) = &mark.what else { return };
        let theme = self.sheet.theme();
        let kind = Type { size: theme.sizes.small * 0.88, bold: true, color: theme.text };
        let r = symbol::radius(theme, single.severity) * symbol::NEAR;
        let off = vec2(r * 1.1, kind.size * 0.05);
        let text = self.lettering.text(self.painter, &format!("×{count}"), kind);
        for (edge, color) in around(kind, theme.ground) {
            self.marks.ink.write(&text, mark.at + off + edge, 0.0, color);
            self.marks.set_down(single.at, Size::Letters(off + edge));
        }
    }

    fn kind(&mut self, at: Pos2, single: &Single, kinds: Option<&Kinds<'_>>) {
        let theme = self.sheet.theme();
        let Some(letter) = kinds.and_then(|kinds| kinds.letter(&single.kind)) else { return };
        let fill = theme.severity(single.severity);
        let color = if single.phase == EventPhase::Done { theme.muted } else { theme.on(fill) };
        let share = if letter.chars().nth(1).is_some() { 0.6 } else { 0.78 };
        let kind = Type { size: theme.sizes.small * share, bold: true, color };
        // A triangle is widest below its middle.
        let down = if single.severity >= 3 { theme.sizes.small * 0.16 } else { 0.0 };
        let text = self.lettering.text(self.painter, letter, kind);
        let off = Align2::CENTER_CENTER.anchor_size(Pos2::new(0.0, down), text.size()).min.to_vec2();
        self.marks.ink.write(&text, at + off, 0.0, color);
        self.marks.set_down(single.at, Size::Letters(off));
    }
}

/// A count as it fits into a cell.
fn short_count(sheet: &Sheet<'_>, count: u64) -> String {
    let text = sheet.view.text;
    if count < 10_000 {
        return format::count(count);
    }
    let unit: f64 = text.get("map.many_of").parse().unwrap_or(1000.0);
    let share = count as f64 / unit;
    let number = if share < 100.0 { format!("{share:.1}") } else { format!("{share:.0}") };
    text.fill("map.many", &[("n", &number)])
}
