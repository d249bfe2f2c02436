//! Letters drawn before they are needed: digits in the sizes of figures, and the names that other scenes write. A letter
//! that is new to the screen costs some fifty microseconds, and where many come at once the picture that holds them all
//! has to be handed over anew. Owns what is drawn so and how much of it in one frame.

use std::collections::HashSet;
use std::time::Duration;

use egui::{Color32, Context, FontId};

use crate::fonts;
use crate::panels::{View, cards};
use crate::site::text::Lang;
use crate::theme::Sizes;

/// What figures are written with. A letter is drawn for each quarter of a pixel that it may stand at: digits behind what a
/// figure begins with and as many of their own width, marks behind so many digits.
const DIGITS: &str = "0123456789";
const MARKS: &str = ",.%+−–<≥≈";
const BEGINNINGS: [&str; 6] = ["", ",", ",,", ".", "−", "−,"];
const IN_A_ROW: usize = 7;
/// Sixteenths of the size of a figure that fits its card.
const SHARES: std::ops::RangeInclusive<u8> = 8..=16;
/// Of a row of the same letter so many may be new.
const NEW_IN_A_ROW: usize = 2;
/// What one frame may take, in square points of new letters; each counts for so many more, whatever its size.
const PER_FRAME: f32 = 250_000.0;
const PER_LETTER: f32 = 4_000.0;
/// Where nothing else asks for a frame, the next letters are drawn this much later.
const SOON: Duration = Duration::from_millis(50);

/// What letters depend on.
type Key = (Lang, Sizes);

/// A text, its font, and about how many of its letters are new.
type Piece = (String, FontId, usize);

/// The letters that are still to be drawn.
#[derive(Debug, Default)]
pub(super) struct Letters {
    made_for: Option<Key>,
    left: Vec<Piece>,
}

impl Letters {
    /// Draws some of them, and asks for the next frame while there are more.
    pub(super) fn draw_some(&mut self, ctx: &Context, view: &View<'_>) {
        let key = (view.lang(), view.theme.sizes);
        if self.made_for != Some(key) {
            self.made_for = Some(key);
            self.left = wanted(view);
            self.left.reverse();
        }
        let mut room = PER_FRAME;
        while room > 0.0
            && let Some((words, font, new)) = self.left.pop()
        {
            room -= new as f32 * (font.size * font.size + PER_LETTER);
            ctx.fonts_mut(|fonts| fonts.layout_no_wrap(words, font, Color32::PLACEHOLDER));
        }
        if !self.left.is_empty() {
            ctx.request_repaint_after(SOON);
        }
    }
}

/// Texts in the sizes that they are written in, in short pieces; no letter twice but where it stands otherwise.
fn wanted(view: &View<'_>) -> Vec<Piece> {
    const PIECE: usize = 8;
    let Sizes { small, body, heading, figure, .. } = view.theme.sizes;
    let mut out = Vec::new();
    let sizes = SHARES.map(|share| fonts::bold(figure * f32::from(share) / 16.0));
    let fonts = [fonts::regular(small), fonts::regular(body), fonts::bold(body), fonts::bold(heading)];
    for font in fonts.into_iter().chain(sizes.rev()) {
        for digit in DIGITS.chars() {
            let row = String::from(digit).repeat(IN_A_ROW);
            let behind =
                BEGINNINGS.map(|beginning| (format!("{beginning}{row}"), font.clone(), NEW_IN_A_ROW));
            out.extend(behind);
        }
        for mark in MARKS.chars() {
            let behind = (0..IN_A_ROW).map(|digits| format!("{}{mark}", "0".repeat(digits)));
            out.extend(behind.map(|words| (words, font.clone(), 1)));
        }
    }
    let say = |text| view.say(text);
    let mut names: Vec<(&str, FontId)> = Vec::new();
    for scene in &view.site.scenes {
        names.extend([(say(&scene.name), fonts::regular(small)), (say(&scene.name), fonts::bold(heading))]);
        names.extend(scene.pictures.iter().map(|picture| (say(&picture.title), fonts::bold(heading))));
        let shown = scene.headlines.iter().take(cards::MOST).chain([&scene.map_indicator]);
        for row in shown.filter_map(|id| view.site.indicators.get(view.site.indicator_index(id)?)) {
            let unit = view.text.unit_name(&row.unit);
            for words in [say(row.card_name()), unit] {
                names.extend([(words, fonts::regular(small)), (words, fonts::regular(body))]);
            }
            names.push((say(row.card_name()), fonts::bold(heading)));
        }
    }
    let mut drawn: HashSet<(char, u32, bool)> = HashSet::new();
    for (words, font) in names {
        let is_bold = font == fonts::bold(font.size);
        let new: Vec<char> =
            words.chars().filter(|c| drawn.insert((*c, font.size.to_bits(), is_bold))).collect();
        let pieces = new.chunks(PIECE).map(|piece| (piece.iter().collect(), font.clone(), piece.len()));
        out.extend(pieces);
    }
    out
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method itself does not live as long as asked for"
    )]

    use super::*;
    use crate::panels::fixture::Stage;
    use crate::state::Mode;

    /// Letters that the screen has drawn, in pixels of the picture that holds them.
    fn drawn(ctx: &Context) -> f32 {
        ctx.fonts(|fonts| fonts.font_atlas_fill_ratio())
    }

    #[test]
    fn letters_are_drawn_a_few_a_frame_until_all_are_there() {
        let stage = Stage::new(Mode::Wall, Lang::Zh, 3840.0, 2160.0);
        let ctx = Context::default();
        fonts::install(&ctx);
        let mut letters = Letters::default();
        let mut frames = 0;
        let mut before = 0.0;
        while frames == 0 || !letters.left.is_empty() {
            drop(ctx.run_ui(egui::RawInput::default(), |ui| letters.draw_some(ui.ctx(), &stage.view())));
            assert!(frames < 2000 && drawn(&ctx) >= before);
            (frames, before) = (frames + 1, drawn(&ctx));
        }
        assert!(frames > 10, "{frames} frames");
        // What was drawn once costs nothing again, whatever figure comes.
        let all = ctx.fonts(|fonts| fonts.font_image_size());
        let font = fonts::bold(stage.view().theme.sizes.figure);
        drop(ctx.run_ui(egui::RawInput::default(), |ui| {
            for words in ["1,234.5", "98.7", "−6,042", "12,345,678"] {
                ui.fonts_mut(|fonts| {
                    fonts.layout_no_wrap(words.to_owned(), font.clone(), Color32::PLACEHOLDER)
                });
            }
        }));
        assert_eq!((ctx.fonts(|fonts| fonts.font_image_size()), drawn(&ctx)), (all, before));
    }
}
