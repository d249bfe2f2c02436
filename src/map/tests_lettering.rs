//! Letters that are laid out once lie where egui would lay them out and paint them in every frame.

use egui::{Color32, Painter, Pos2, Ui, pos2, vec2};

use super::anchored::{MarkInker, Size};
use super::kept::Inker;
use super::lettering::{Lettering, Letters};
use super::sheet::{Sheet, Type};
use super::tests_events::Table;
use crate::headless::Headless;

/// Looks at a frame with fonts.
pub(super) fn in_a_frame(mut look: impl FnMut(&Painter)) {
    let mut headless = Headless::new(1600, 900);
    crate::fonts::install(&headless.ctx);
    // Fonts arrive with the next pass.
    for _ in 0..2 {
        let frame = |ui: &mut Ui| {
            if ui.ctx().cumulative_frame_nr() > 0 {
                look(ui.painter());
            }
        };
        headless.frame(1.0 / 60.0, Vec::new(), frame).textures_delta.clear();
    }
}

#[test]
fn a_number_put_together_from_digits_is_the_one_that_is_laid_out() {
    in_a_frame(|painter| {
        let mut lettering = Lettering::default();
        lettering.begin(painter.ctx());
        let mut dice = super::fixture::Dice::new();
        let plain = (0..1500_u32).map(|i| crate::panels::format::count(u64::from(i * 7 % 10_000)));
        let short = (0..300).map(|i| format!("{:.1}万", f64::from(i) * 0.37));
        let thousands = (0..300).map(|i| format!("{:.1}k", f64::from(i) * 0.37));
        let (mut told, mut laid_out) = (0, 0);
        for words in plain.chain(short).chain(thousands) {
            let size = 11.0 + f32::from((told % 5) as u8) * 0.7;
            let kind = Type { size, bold: told % 2 == 0, color: Color32::RED };
            let middle = pos2(800.0, 450.0) + vec2(dice.roll() as f32, dice.roll() as f32) * 30.0;
            let knows = lettering.size_of(&words, kind).is_some();
            let mut ours = Inker::new(1.0);
            let off = lettering.number(painter, (&words, kind), middle, &mut ours);
            let mut theirs = Inker::new(1.0);
            let text = painter.layout_no_wrap(words.clone(), kind.font(), kind.color);
            theirs.write(&text, middle - text.size() * 0.5, 0.0, kind.color);
            let (ours, theirs) = (ours.finish(), theirs.finish());
            assert_eq!((&ours.vertices, &ours.indices), (&theirs.vertices, &theirs.indices), "{words}");
            assert!((off + text.size() * 0.5).length() < 0.01);
            told += 1;
            laid_out += usize::from(!knows);
        }
        assert!(laid_out > 0 && laid_out * 4 < told, "{laid_out} of {told} were laid out");
    });
}

#[test]
fn letters_that_are_moved_lie_where_they_would_be_painted() {
    let table = Table::new(super::fixture::tiny());
    let places = table.places();
    in_a_frame(|painter| {
        let write = |sheet: &Sheet<'_>, lettering: &mut Lettering| {
            let mut marks = MarkInker::new(sheet.lens.pixels_per_point);
            let kind = Type { size: 13.0, bold: true, color: Color32::RED };
            for (i, place) in places.iter().enumerate() {
                let text = lettering.text(painter, &i.to_string(), kind);
                let off = text.size() * -0.5;
                marks.ink.write(&text, sheet.lens.to_screen(*place) + off, 0.0, kind.color);
                marks.set_down(*place, Size::Letters(off));
            }
            marks.finish()
        };
        let mut lettering = Lettering::default();
        lettering.begin(painter.ctx());
        let mut kept: Letters<u8> = Letters::default();
        let mut made = 0;
        for (zoom, aside, moving) in
            [(0.0, 0.0, true), (0.0, 33.3, true), (0.3, 33.3, true), (0.61, 12.7, true), (0.0, 33.3, false)]
        {
            table.with(table.lens(zoom, aside), moving, |sheet| {
                kept.paint(painter, sheet, (1, 1.0), &mut lettering, |sheet, lettering| {
                    made += 1;
                    write(sheet, lettering)
                });
                let mut fresh: Letters<u8> = Letters::default();
                fresh.paint(painter, sheet, (1, 1.0), &mut lettering, write);
                assert!(!fresh.corners().is_empty());
                assert_eq!(kept.corners(), fresh.corners(), "{zoom} levels, {aside} points aside");
                let seen = |place: &&super::lens::World| {
                    sheet.lens.rect.shrink(20.0).contains(sheet.lens.to_screen(**place))
                };
                assert!(fresh.corners().len() >= places.iter().filter(seen).count() * 4);
            });
        }
        assert_eq!(made, 1, "they are only moved");
    });
}

#[test]
fn what_was_laid_out_is_forgotten_with_the_picture_of_letters() {
    let mut headless = Headless::new(400, 300);
    crate::fonts::install(&headless.ctx);
    headless.frame(1.0 / 60.0, Vec::new(), |_| ()).textures_delta.clear();
    let kind = Type { size: 13.0, bold: true, color: Color32::RED };
    let mut lettering = Lettering::default();
    let ctx = headless.ctx.clone();
    let mut knows = || {
        let mut known = [false; 2];
        let mut frame = headless.frame(1.0 / 60.0, Vec::new(), |ui| {
            let painter = ui.painter();
            lettering.begin(painter.ctx());
            known = [lettering.knows("a word", kind), lettering.size_of("12", kind).is_some()];
            lettering.text(painter, "a word", kind);
            lettering.number(painter, ("12", kind), Pos2::ZERO, &mut Inker::new(1.0));
        });
        frame.textures_delta.clear();
        known
    };
    ctx.set_theme(egui::Theme::Dark);
    knows();
    knows();
    assert_eq!([knows(), knows()], [[true; 2]; 2]);
    // Letters on a light ground are drawn otherwise.
    ctx.set_theme(egui::Theme::Light);
    assert!([knows(), knows()].contains(&[false; 2]));
    assert_eq!(knows(), [true; 2]);
}

#[test]
fn a_map_at_rest_learns_every_count_before_it_is_needed() {
    let theme = crate::theme::Theme::dark(crate::theme::Sizes::for_desk());
    in_a_frame(|painter| {
        let mut lettering = Lettering::default();
        lettering.begin(painter.ctx());
        for _ in 0..40 {
            super::letters::practise(painter, &theme, &mut lettering);
        }
        for number in 1..10_000 {
            let kind = super::letters::digits(&theme, f32::from((number % 5) as u8));
            let words = crate::panels::format::count(number);
            let size = lettering.size_of(&words, kind).expect("all digits at all places");
            if number % 97 == 0 {
                let text = painter.layout_no_wrap(words, kind.font(), Color32::PLACEHOLDER);
                assert!((size - text.size()).length() < 0.01);
            }
        }
    });
}

#[test]
fn texts_that_nobody_asks_for_make_room() {
    in_a_frame(|painter| {
        let mut lettering = Lettering::default();
        let kind = Type { size: 13.0, bold: true, color: Color32::RED };
        lettering.begin(painter.ctx());
        lettering.text(painter, "a word", kind);
        for i in 0..2000 {
            lettering.text(painter, &i.to_string(), kind);
            lettering.text(painter, "another word", kind);
        }
        assert!(!lettering.knows("a word", kind) && lettering.knows("another word", kind));
    });
}

#[test]
fn kept_letters_reach_the_screen_as_written_ones_do() {
    let mut headless = Headless::new(400, 300);
    crate::fonts::install(&headless.ctx);
    headless.frame(1.0 / 60.0, Vec::new(), |_| ()).textures_delta.clear();
    let table = Table::new(super::fixture::tiny());
    let kind = Type { size: 17.0, bold: true, color: Color32::RED };
    let at = pos2(40.4, 60.3);
    let mut lettering = Lettering::default();
    let mut corners = |kept: bool| {
        let mut letters: Letters<u8> = Letters::default();
        let mut out = headless.frame(1.0 / 60.0, Vec::new(), |ui| {
            let painter = ui.painter();
            lettering.begin(painter.ctx());
            if !kept {
                painter.text(at, egui::Align2::LEFT_TOP, "a word", kind.font(), kind.color);
                return;
            }
            table.with(table.lens(0.0, 0.0), false, |sheet| {
                letters.paint(painter, sheet, (1, 1.0), &mut lettering, |sheet, lettering| {
                    let mut marks = MarkInker::new(1.0);
                    marks.ink.write(&lettering.text(painter, "a word", kind), at, 0.0, kind.color);
                    marks.set_down(sheet.lens.center, Size::Letters(egui::Vec2::ZERO));
                    marks.finish()
                });
            });
        });
        out.textures_delta.clear();
        let jobs = headless.ctx.tessellate(out.shapes, 1.0);
        let meshes = jobs.into_iter().filter_map(|job| match job.primitive {
            egui::epaint::Primitive::Mesh(mesh) => Some(mesh),
            egui::epaint::Primitive::Callback(_) => None,
        });
        meshes.flat_map(|mesh| mesh.vertices).collect::<Vec<_>>()
    };
    let written = corners(false);
    assert!(!written.is_empty());
    assert_eq!(corners(true), written);
}
