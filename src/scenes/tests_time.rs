//! The time bar by what a person finds on it: all its buttons on the wall, words for its colours, the wheel.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use super::tests::{harness, press};
use crate::site::calendar::{Calendar, DayKind, DaySpan};
use crate::site::text::{Bilingual, Lang};
use crate::state::Mode;
use crate::time::TimeView;

/// Every button of the time bar can be pressed on the wall as at the desk, by its words.
#[test]
fn the_time_bar_has_all_its_buttons_on_the_wall() {
    for lang in [Lang::Zh, Lang::En] {
        let mut harness = harness(Mode::Wall, lang, |_| {});
        let text = harness.state().stage.site.messages(lang).clone();
        let days = |days: i64| crate::panels::format::lasting(days * 86_400, &text);
        for (words, is_done) in [
            ("×2".to_owned(), (|t: &TimeView| t.speed == 4) as fn(&TimeView) -> bool),
            (days(1), |t| t.width_secs == 7 * 86_400),
            (days(90), |t| t.zoom == 3),
            (text.get("panel.time.by_kind").to_owned(), |t| t.by_kind),
        ] {
            let chip = harness.get_by_label(&words);
            assert!(chip.rect().width() > 20.0, "{words} {lang:?} has no room");
            chip.click();
            harness.run_steps(2);
            assert!(is_done(&harness.state().stage.state.time), "{words} {lang:?}");
        }
        press(&mut harness, Key::Comma, Modifiers::NONE);
        let known = text.get("panel.time.known_brief");
        let chip = harness.get_by_label(known);
        assert!(chip.rect().width() > 20.0, "{known} {lang:?} has no room");
        chip.click();
        harness.run_steps(2);
        assert_eq!(harness.state().stage.state.time.known, crate::moment::Known::Then, "{lang:?}");
    }
}

/// Stacked by kind each colour has its word, which narrows the filter; the bar then counts that kind.
#[test]
fn the_time_bar_tells_kinds_by_words_that_filter() {
    for (mode, lang) in [(Mode::Wall, Lang::Zh), (Mode::Desk, Lang::En)] {
        let mut harness = harness(mode, lang, |_| {});
        let text = harness.state().stage.site.messages(lang).clone();
        press(&mut harness, Key::T, Modifiers::NONE);
        let meta = harness.state().stage.site.meta.events.clone().unwrap();
        let list = crate::panels::alarm_strip::kind_list(&harness.state().stage.view());
        let bar = text.get("panel.time.bar");
        let before = harness.get_by_label(bar).value().unwrap_or_default();
        for kind in &meta.object_kinds {
            let name = text.code_name(&list, kind).to_owned();
            let chip = harness.query_all_by_role_and_label(egui::accesskit::Role::Button, &name).next();
            chip.unwrap_or_else(|| panic!("{name} is not told")).click();
            harness.run_steps(2);
            assert_eq!(harness.state().stage.state.filter.kind.as_deref(), Some(kind.as_str()));
            assert_ne!(harness.get_by_label(bar).value().unwrap_or_default(), before, "{kind} alone is less");
            press(&mut harness, Key::X, Modifiers::NONE);
        }
        assert!(harness.query_by_label(text.get("panel.time.persons")).is_some());
    }
}

#[test]
fn the_wheel_over_the_time_bar_shows_less_or_more_of_time() {
    let mut harness = harness(Mode::Desk, Lang::En, |_| {});
    let bar = harness.state().stage.site.messages(Lang::En).get("panel.time.bar").to_owned();
    let at = harness.get_by_label(&bar).rect().center();
    harness.hover_at(at);
    harness.run_steps(2);
    let mut turn = |lines: f32| {
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Line,
            delta: egui::vec2(0.0, lines),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
            modifiers: Modifiers::NONE,
        });
        harness.run_steps(2);
        harness.state().stage.state.time.zoom
    };
    let found = [0.0, 1.0, 1.0, 1.0, -0.5, -0.5, -1.0, -5.0].map(&mut turn);
    assert_eq!(found, [2, 1, 0, 0, 0, 1, 2, 3], "nearer to the nearest, then further to the furthest");
}

/// Holidays and worked days of rest stand below the time bar and the trend by the day, with their names; whoever
/// points at one reads who says so, and whoever hears the bar hears what the day is.
#[test]
fn holidays_are_marked_with_their_names() {
    for (mode, lang) in [(Mode::Wall, Lang::Zh), (Mode::Desk, Lang::En)] {
        let span = |kind, name: &str, first, last| DaySpan {
            kind,
            name: Bilingual { zh: name.to_owned(), en: name.to_owned() },
            first,
            last,
            source: Bilingual { zh: "law".to_owned(), en: "law".to_owned() },
        };
        let mut harness = harness(mode, lang, |stage| {
            let today = stage.site.zone.day_of(stage.snapshot.now_secs);
            let spans = vec![
                span(DayKind::WorkingDay, "B", today - 5, today - 5),
                span(DayKind::Holiday, "A", today - 1, today + 1),
            ];
            stage.site.calendar = Calendar::new(spans, [true; 7]);
            // One with points by the day.
            stage.state.indicator = 1;
        });
        let text = harness.state().stage.site.messages(lang).clone();
        let words = |key: &str, name: &str| text.fill(key, &[("name", name)]);
        let (feast, work) = (words("panel.days.holiday", "A"), words("panel.days.working_day", "B"));
        for mark in [&feast, &work] {
            assert_eq!(harness.query_all_by_label(mark).count(), 2, "{mark} on bar and trend, {lang:?}");
        }
        let bar = harness.get_by_label(text.get("panel.time.bar")).value().unwrap_or_default();
        assert!(bar.ends_with(&feast), "{bar}");
        let wide = |harness: &egui_kittest::Harness<'_, super::tests::World>, mark: &str| {
            let of = |mark: egui_kittest::Node<'_>| mark.rect();
            harness
                .query_all_by_label(mark)
                .map(of)
                .map(|rect| (rect.left(), rect.width()))
                .collect::<Vec<_>>()
        };
        let (feasts, works) = (wide(&harness, &feast), wide(&harness, &work));
        for (feast, work) in feasts.iter().zip(&works) {
            assert!(feast.0 > work.0 && feast.1 > work.1, "later and longer: {feast:?} {work:?}");
        }
        let places: Vec<egui::Rect> = harness.query_all_by_label(&work).map(|mark| mark.rect()).collect();
        for place in places {
            harness.hover_at(place.center());
            harness.run_steps(12);
            let is_told = harness.query_all_by_label_contains("law").next().is_some();
            assert!(is_told, "no source for whoever points at {place:?}, {lang:?}");
        }
    }
}
