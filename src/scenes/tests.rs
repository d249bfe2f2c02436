//! Wall and desk by what a person (or a screen reader) finds on them, in both languages.

use std::sync::Arc;

use egui::{Event, Key, Modifiers, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use super::Screen;
use crate::command::Command;
use crate::panels::fixture::Stage;
use crate::panels::{format, palette, words};
use crate::privacy::marks::Mark;
use crate::privacy::shown::{Shown, Told, Why};
use crate::site::text::{Lang, Messages};
use crate::snapshot::{Reading, Status};
use crate::state::Mode;

#[cfg(test)]
mod derived;
#[cfg(test)]
mod legend;
#[cfg(test)]
mod unread;

pub(super) struct World {
    pub(super) stage: Stage,
    screen: Option<Screen>,
    commands: Vec<Command>,
}

/// A screen that runs; what it asks for is noted and carried out, as the frame loop would.
pub(super) fn harness(mode: Mode, lang: Lang, prepare: impl FnOnce(&mut Stage)) -> Harness<'static, World> {
    harness_of(vec2(1920.0, 1080.0), mode, lang, prepare)
}

/// The same on a screen of a size.
pub(super) fn harness_of(
    size: Vec2,
    mode: Mode,
    lang: Lang,
    prepare: impl FnOnce(&mut Stage),
) -> Harness<'static, World> {
    let mut stage = Stage::new(mode, lang, size.x, size.y);
    prepare(&mut stage);
    let world = World { stage, screen: None, commands: Vec::new() };
    let mut harness = Harness::builder().with_size(size).build_ui_state(
        |ui, world: &mut World| {
            let ctx = ui.ctx().clone();
            let screen = world.screen.get_or_insert_with(|| Screen::new(&ctx, &world.stage.site));
            let mut commands = Vec::new();
            screen.ui(ui, &world.stage.view(), &mut commands);
            for command in &commands {
                world.stage.state.apply(command, &world.stage.site);
            }
            world.commands.extend(commands);
        },
        world,
    );
    harness.run_steps(3);
    harness
}

pub(super) fn press(harness: &mut Harness<'static, World>, key: Key, modifiers: Modifiers) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(2);
}

#[test]
fn the_wall_says_where_when_and_how_current() {
    for lang in [Lang::Zh, Lang::En] {
        let harness = harness(Mode::Wall, lang, |_| {});
        let stage = &harness.state().stage;
        let text = stage.site.messages(lang);
        for label in [
            stage.site.meta.title.get(lang),
            stage.site.meta.subtitle.get(lang),
            text.get("panel.events.title"),
            text.get("panel.trend.title"),
            text.get("panel.rotation.any_key"),
        ] {
            assert!(harness.query_all_by_label(label).next().is_some(), "{label} is not on the wall");
        }
        // Every card has a name and its figure for whoever cannot see it.
        for id in &stage.site.scenes[0].headlines {
            let row = &stage.site.indicators[stage.site.indicator_index(id).unwrap()];
            let name = row.card_name().get(lang);
            assert!(harness.query_all_by_label_contains(name).next().is_some(), "{name} has no card");
        }
    }
}

#[test]
fn every_scene_draws_in_both_languages() {
    for lang in [Lang::Zh, Lang::En] {
        let mut harness = harness(Mode::Wall, lang, |_| {});
        for scene in 0..harness.state().stage.site.scenes.len() {
            let state = harness.state_mut();
            state.stage.state.apply(&Command::SelectScene(scene), &state.stage.site);
            harness.run_steps(3);
            let site = &harness.state().stage.site;
            for picture in &site.scenes[scene].pictures {
                let title = picture.title.get(lang);
                assert!(harness.query_all_by_label(title).next().is_some(), "{title} is not in its scene");
            }
        }
    }
}

#[test]
fn what_is_late_says_so_in_words() {
    for lang in [Lang::Zh, Lang::En] {
        for mode in [Mode::Wall, Mode::Desk] {
            let harness = harness(mode, lang, |stage| {
                stage.state.indicator = 4;
                stage.state.details_open = true;
            });
            let stage = &harness.state().stage;
            let late = stage.site.datasets[1].name.get(lang);
            let inputs = stage.snapshot.inputs(4);
            // At this site it is just after midnight.
            let due =
                stage.site.zone.civil(inputs.expected_secs.unwrap()).strftime("%m-%d %H:%M").to_string();
            let (full, short) = match lang {
                Lang::Zh => ("应于 {due} 前更新，已迟 3 小时，2 个来源中 1 个迟到", "已迟 3 小时"),
                Lang::En => ("expected by {due}, 3 h late, 1 of 2 sources late", "3 h late"),
            };
            let full = full.replace("{due}", &due);
            let told = |words: &str| harness.query_all_by_label_contains(words).next().is_some();
            assert!(told(&full), "{mode:?} does not say: {full}");
            // The whole screen names the worst.
            assert!(told(late), "{mode:?} does not name {late}");
            assert_eq!(crate::panels::words::late_short(&stage.view(), &inputs), short);
        }
    }
}

#[test]
fn a_press_on_the_list_chooses_the_indicator() {
    for lang in [Lang::Zh, Lang::En] {
        let mut harness = harness(Mode::Desk, lang, |_| {});
        let name = harness.state().stage.site.indicators[1].name.get(lang).to_owned();
        harness.get_all_by_label(&name).next().unwrap().click();
        harness.run_steps(2);
        assert!(harness.state().commands.contains(&Command::SelectIndicator(1)));
        assert_eq!(harness.state().stage.state.indicator, 1);
    }
}

#[test]
fn the_desk_explains_the_chosen_indicator() {
    for lang in [Lang::Zh, Lang::En] {
        let harness = harness(Mode::Desk, lang, |_| {});
        let stage = &harness.state().stage;
        let text = stage.site.messages(lang);
        let indicator = &stage.site.indicators[stage.state.indicator];
        assert!(harness.query_all_by_label_contains(&indicator.numerator.expr).next().is_some());
        for key in ["panel.details.window", "panel.details.protection", "panel.details.formula"] {
            let label = text.get(key);
            assert!(harness.query_all_by_label_contains(label).next().is_some(), "{label} is not told");
        }
        let filter = crate::panels::filter_line::filter_words(&stage.view());
        assert!(harness.query_by_label(&filter).is_some(), "the filter is not written out");
    }
}

#[test]
fn the_table_sorts_by_the_column_that_is_pressed() {
    let mut harness = harness(Mode::Desk, Lang::En, |_| {});
    harness.get_by_label("95% interval").click();
    harness.run_steps(2);
    harness.get_by_label("95% interval").click();
    harness.run_steps(2);
    assert!(harness.state().commands.is_empty(), "an order is no choice of the state");
}

#[test]
fn the_palette_finds_an_area_and_goes_there() {
    for lang in [Lang::Zh, Lang::En] {
        let mut harness = harness(Mode::Desk, lang, |_| {});
        press(&mut harness, Key::K, Modifiers::COMMAND);
        assert!(harness.state().stage.state.palette_open);
        let (id, name) = {
            let site = &harness.state().stage.site;
            let (id, area) = site.areas.iter().nth(1).unwrap();
            (id, area.name.get(lang).to_owned())
        };
        harness.event(Event::Text(name));
        harness.run_steps(2);
        press(&mut harness, Key::Enter, Modifiers::NONE);
        assert!(harness.state().commands.contains(&Command::SelectArea(id)));
        assert!(!harness.state().stage.state.palette_open);
    }
}

#[test]
fn a_hover_explains_a_figure() {
    let mut harness = harness(Mode::Wall, Lang::En, |_| {});
    let (name, window) = {
        let stage = &harness.state().stage;
        let site = &stage.site;
        let row = &site.indicators[site.indicator_index(&site.scenes[0].headlines[1]).unwrap()];
        (row.card_name().en.clone(), crate::panels::format::window(&row.window, site.messages(Lang::En)))
    };
    let at = harness.get_all_by_label_contains(&name).last().unwrap().rect().center();
    harness.hover_at(at);
    harness.run_steps(12);
    assert!(harness.query_all_by_label_contains(&window).next().is_some(), "the hover tells the span");
}

#[test]
fn the_palette_searches_both_languages() {
    let stage = Stage::new(Mode::Desk, Lang::Zh, 1920.0, 1080.0);
    let view = stage.view();
    let english = &stage.site.indicators[0].name.en;
    let found = palette::find(&view, english);
    assert!(found.iter().any(|f| f.command == Command::SelectIndicator(0)));
    assert!(palette::find(&view, "there is no such thing").is_empty());
}

#[test]
fn keys_do_what_the_table_says() {
    let mut harness = harness(Mode::Wall, Lang::Zh, |_| {});
    press(&mut harness, Key::PageDown, Modifiers::NONE);
    assert_eq!(harness.state().stage.state.scene, 1);
    press(&mut harness, Key::L, Modifiers::NONE);
    assert_eq!(harness.state().stage.state.lang, Lang::En);
    press(&mut harness, Key::F1, Modifiers::NONE);
    assert!(harness.query_by_label("Full screen").is_some(), "the help lists the keys");
    press(&mut harness, Key::Escape, Modifiers::NONE);
    assert!(!harness.state().stage.state.help_open);
    press(&mut harness, Key::M, Modifiers::NONE);
    assert_eq!(harness.state().stage.state.mode, Mode::Desk);
}

#[test]
fn any_key_stops_the_rotation() {
    let mut harness = harness(Mode::Wall, Lang::Zh, |_| {});
    assert!(harness.state().stage.state.rotating);
    press(&mut harness, Key::X, Modifiers::NONE);
    assert!(!harness.state().stage.state.rotating);
    press(&mut harness, Key::R, Modifiers::NONE);
    assert!(harness.state().stage.state.rotating);
}

#[test]
fn an_event_opens_and_closes() {
    let mut harness = harness(Mode::Wall, Lang::En, |_| {});
    let id = harness.state().stage.snapshot.events.recent[0].id.clone();
    let state = harness.state_mut();
    state.stage.state.apply(&Command::SelectEvent(Some(id.clone())), &state.stage.site);
    harness.run_steps(3);
    assert!(harness.query_by_label_contains(&id).is_some(), "the card tells the id");
    press(&mut harness, Key::Escape, Modifiers::NONE);
    assert_eq!(harness.state().stage.state.event, None);
}

#[test]
fn the_time_bar_is_worked_by_name_and_by_key() {
    for (mode, lang) in
        [(Mode::Wall, Lang::Zh), (Mode::Wall, Lang::En), (Mode::Desk, Lang::En), (Mode::Desk, Lang::Zh)]
    {
        let mut harness = harness(mode, lang, |_| {});
        let word = |harness: &Harness<'static, World>, key: &str| {
            harness.state().stage.site.messages(lang).get(key).to_owned()
        };
        let (bar, back, play) = (
            word(&harness, "panel.time.bar"),
            word(&harness, "panel.time.back"),
            word(&harness, "panel.time.play"),
        );
        let value = harness.get_by_label(&bar).value().unwrap_or_default();
        assert!(value.contains(&word(&harness, "panel.time.live")), "{value}");
        harness.get_by_label(&back).click();
        harness.run_steps(2);
        let zone = harness.state().stage.site.zone.clone();
        let yesterday = zone.end_of(zone.day_of(crate::panels::fixture::NOW) - 1);
        assert_eq!(harness.state().stage.state.time.at_secs, Some(yesterday));
        press(&mut harness, Key::Comma, Modifiers::NONE);
        assert_eq!(harness.state().stage.state.time.at_secs, Some(yesterday - 86_400));
        press(&mut harness, Key::Period, Modifiers::NONE);
        press(&mut harness, Key::K, Modifiers::NONE);
        assert_eq!(harness.state().stage.state.time.known, crate::moment::Known::Then);
        harness.get_by_label(&play).click();
        harness.run_steps(2);
        assert!(harness.state().stage.state.time.playing);
        // The pictures of other times are not here in this test: the cursor waits for them and says so.
        harness.run_steps(20);
        assert_eq!(harness.state().stage.state.time.at_secs, Some(yesterday));
        let waiting = crate::panels::time_words::state(&harness.state().stage.view());
        assert!(harness.query_all_by_label_contains(&waiting).next().is_some(), "{waiting} is not told");
        let to_live = word(&harness, "panel.time.to_live");
        harness.get_by_label(&to_live).click();
        harness.run_steps(2);
        assert!(harness.state().stage.state.time.is_live());
        // The bar itself, by keyboard.
        harness.get_by_label(&bar).focus();
        harness.run_steps(2);
        press(&mut harness, Key::ArrowLeft, Modifiers::NONE);
        assert_eq!(harness.state().stage.state.time.at_secs, Some(yesterday));
        press(&mut harness, Key::End, Modifiers::NONE);
        assert!(harness.state().stage.state.time.is_live());
    }
}

#[test]
fn a_picture_of_the_past_is_never_taken_for_the_present() {
    for (mode, lang) in [(Mode::Wall, Lang::Zh), (Mode::Wall, Lang::En), (Mode::Desk, Lang::Zh)] {
        let harness = harness(mode, lang, |stage| {
            let at_secs = crate::panels::fixture::NOW - 5 * 86_400;
            stage.state.apply(&Command::LookAt(at_secs), &stage.site);
            stage.state.apply(&Command::ToggleKnown, &stage.site);
            let moment = stage.state.time.moment().unwrap();
            stage.snapshot.past = Some(crate::moment::Past { moment, silent: std::sync::Arc::from([0]) });
        });
        let view = harness.state().stage.view();
        for words in [
            view.text.get("panel.time.not_live"),
            view.text.get("panel.time.known_then"),
            view.text.get("panel.events.title_past"),
        ] {
            assert!(harness.query_all_by_label_contains(words).next().is_some(), "{words} is not told");
        }
        let told = crate::panels::time_words::explanation(&view);
        let (_, table) = view.site.tables().next().unwrap();
        let dataset = view.site.datasets.iter().find(|d| d.tables.iter().any(|t| t.id == table.id)).unwrap();
        assert!(told.contains(view.say(&dataset.name)), "{told}");
    }
}

#[test]
fn both_languages_have_the_same_messages() {
    let (zh, en) = (Messages::built_in(Lang::Zh), Messages::built_in(Lang::En));
    assert_eq!(zh.keys(), en.keys());
    for key in zh.keys() {
        let places = |text: &str| {
            let mut places: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|t| t.split_once('}'))
                // `{n|row|rows}` is one of n.
                .filter_map(|(p, _)| p.split('|').next().map(str::to_owned))
                .collect();
            places.sort();
            places.dedup();
            places
        };
        assert_eq!(places(zh.get(key)), places(en.get(key)), "places of {key}");
    }
}

/// Every message that a panel names by its key exists.
#[test]
fn every_message_that_is_asked_for_is_there() {
    let text = Messages::built_in(Lang::Zh);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<_> = vec![root.join("keys.rs")];
    let mut folders = vec![root.join("panels"), root.join("scenes")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        for literal in source.split('"').skip(1).step_by(2) {
            let head = literal.split('.').next().unwrap_or("");
            let is_key = ["panel", "key", "time", "derived"].contains(&head) && literal.contains('.');
            if is_key && !literal.contains(['{', ' ']) {
                assert!(text.find(literal).is_some(), "{}: no message {literal}", file.display());
            }
        }
    }
}

/// What the font cannot draw would stand as an empty box on a wall.
#[test]
fn the_font_draws_every_text() {
    let stage = Stage::new(Mode::Wall, Lang::Zh, 1920.0, 1080.0);
    let site = &stage.site;
    let ctx = egui::Context::default();
    crate::fonts::install(&ctx);
    let mut texts: Vec<String> = Vec::new();
    for lang in [Lang::Zh, Lang::En] {
        texts.extend(site.messages(lang).texts().map(str::to_owned));
        texts.extend(site.areas.iter().map(|(_, a)| a.name.get(lang).to_owned()));
        for row in site.indicators.iter().chain(&site.breakdowns) {
            texts.push(row.name.get(lang).to_owned());
            texts.extend(row.formula.as_ref().map(|f| f.get(lang).to_owned()));
        }
        texts.extend(site.scenes.iter().flat_map(|s| &s.pictures).map(|p| p.title.get(lang).to_owned()));
    }
    texts.push("0123456789−+<>=≥≤×·…–—←→↑↓%‰".to_owned());
    let mut missing: Vec<char> = Vec::new();
    // Fonts exist only inside a frame.
    let _ = ctx.run_ui(egui::RawInput::default(), |ui| {
        for font in [crate::fonts::regular(16.0), crate::fonts::bold(16.0)] {
            ui.ctx().fonts_mut(|fonts| {
                for c in texts.iter().flat_map(|t| t.chars()).filter(|c| !c.is_control()) {
                    if !fonts.has_glyph(&font, c) && !missing.contains(&c) {
                        missing.push(c);
                    }
                }
            });
        }
    });
    assert!(missing.is_empty(), "no glyph for {missing:?}");
}

/// All ten digits are equally wide, so that figures do not dance.
#[test]
fn figures_are_tabular() {
    let ctx = egui::Context::default();
    crate::fonts::install(&ctx);
    let _ = ctx.run_ui(egui::RawInput::default(), |ui| {
        for font in [crate::fonts::regular(20.0), crate::fonts::bold(20.0)] {
            ui.ctx().fonts_mut(|fonts| {
                let widths: Vec<f32> = ('0'..='9').map(|c| fonts.glyph_width(&font, c)).collect();
                assert!(widths.iter().all(|w| (w - widths[0]).abs() < 1e-3), "{widths:?}");
            });
        }
    });
}

/// The chosen indicator with each kind of mark at one of the four wards.
fn marked(stage: &mut Stage) {
    let indicator = stage.state.indicator;
    let mut figures = (*stage.snapshot.figures).clone();
    let kinds = [
        (Shown::Suppressed { below: 10, why: Why::Primary }, Status::Suppressed),
        (Shown::Suppressed { below: 10, why: Why::Secondary }, Status::Suppressed),
        (Shown::Coarse { value: 55.0, step: 5.0, told: Told::AtLeast }, Status::Coarse),
        (Shown::Coarse { value: 96.0, step: 2.0, told: Told::About }, Status::Coarse),
    ];
    for (area, (value, status)) in (1..).zip(kinds) {
        let reading = &mut figures.readings[indicator][area];
        *reading = Reading { value, status, interval: None, previous: Shown::Missing, ..*reading };
    }
    stage.snapshot.figures = Arc::new(figures);
}

#[test]
fn every_mark_is_shown_and_explained_where_it_stands() {
    for (mode, lang) in
        [(Mode::Wall, Lang::Zh), (Mode::Wall, Lang::En), (Mode::Desk, Lang::Zh), (Mode::Desk, Lang::En)]
    {
        let harness = harness(mode, lang, marked);
        let stage = &harness.state().stage;
        let text = stage.site.messages(lang);
        let holds = |words: &str| harness.query_all_by_label_contains(words).next().is_some();
        let view = stage.view();
        let row = &stage.site.indicators[stage.state.indicator];
        for (area, sign) in stage.site.areas.level(1).zip(["<10", "*", "≥55", "≈96"]) {
            let value = stage.snapshot.reading(stage.state.indicator, area).value;
            let figure = format::shown(value, row.decimals, &row.unit, text);
            assert!(figure.starts_with(sign), "{figure}");
            let name = if mode == Mode::Desk {
                words::area_name(&view, area)
            } else {
                words::short_name(&view, area)
            };
            assert!(holds(&format!("{name} {figure}")), "{mode:?} {lang:?}: no row says {name} {figure}");
        }
        // The legend says of each how many areas bear it and what it means.
        for mark in [Mark::Small(10), Mark::Hidden, Mark::AtLeast, Mark::About] {
            let sentence = mark.sentence(text);
            let entry = text.fill("panel.legend.mark", &[("n", "1"), ("meaning", &sentence)]);
            assert!(holds(&entry), "{mode:?} {lang:?}: the legend lacks {entry}");
            if mode == Mode::Desk {
                assert!(holds(text.get("panel.table.last")), "the table says where hidden rows stand");
            }
        }
    }
}
