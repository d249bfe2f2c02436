//! What fingers do to the map: two move it and bring it closer, one taps, and none of two clicks or draws.

use egui::{Event, Modifiers, PointerButton, Pos2, Rect, TouchDeviceId, TouchId, TouchPhase, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::fixture::{self, Desk, RECT, lens};
use crate::command::Command;
use crate::panels::pen::TOUCH;
use crate::site::text::Lang;
use crate::state::{Mode, Tool};
use crate::theme::{Sizes, Theme};

fn harness(tool: Tool, lang: Lang) -> Harness<'static, Desk> {
    let mut stage = fixture::tiny();
    stage.snapshot.events.open = crate::snapshot::OpenList::default();
    stage.state.tool = tool;
    stage.state.lang = lang;
    stage.state.mode = Mode::Desk;
    stage.theme = Theme::light(Sizes::for_desk());
    fixture::harness(stage)
}

/// A finger as the window's library tells of it: the first one is the pointer as well.
fn finger(harness: &Harness<'_, Desk>, id: u64, phase: TouchPhase, pos: Pos2) {
    harness.event(Event::Touch { device_id: TouchDeviceId(1), id: TouchId(id), phase, pos, force: None });
    if id != 1 {
        return;
    }
    let button = |pressed| {
        let modifiers = Modifiers::NONE;
        Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers }
    };
    match phase {
        TouchPhase::Start => {
            harness.event(Event::PointerMoved(pos));
            harness.event(button(true));
        }
        TouchPhase::Move => harness.event(Event::PointerMoved(pos)),
        TouchPhase::End | TouchPhase::Cancel => {
            harness.event(button(false));
            harness.event(Event::PointerGone);
        }
    }
}

/// Two fingers go from two places to two others and are lifted.
fn two_fingers(harness: &mut Harness<'_, Desk>, from: [Pos2; 2], to: [Pos2; 2]) {
    const STEPS: u8 = 5;
    for (id, at) in [(1, from[0]), (2, from[1])] {
        finger(harness, id, TouchPhase::Start, at);
        harness.step();
    }
    for step in 1..=STEPS {
        let t = f32::from(step) / f32::from(STEPS);
        for (id, (a, b)) in [(1, (from[0], to[0])), (2, (from[1], to[1]))] {
            finger(harness, id, TouchPhase::Move, a.lerp(b, t));
        }
        harness.step();
    }
    for (id, at) in [(1, to[0]), (2, to[1])] {
        finger(harness, id, TouchPhase::End, at);
        harness.step();
    }
    harness.run_steps(2);
}

#[test]
fn what_is_under_two_fingers_stays_under_them() {
    let from = [pos2(500.0, 350.0), pos2(700.0, 450.0)];
    for (what, to) in [
        ("move", [pos2(560.0, 310.0), pos2(760.0, 410.0)]),
        ("spread", [pos2(400.0, 300.0), pos2(800.0, 500.0)]),
        ("close", [pos2(550.0, 375.0), pos2(650.0, 425.0)]),
        ("both", [pos2(460.0, 260.0), pos2(760.0, 410.0)]),
    ] {
        let mut harness = harness(Tool::Hand, Lang::En);
        let before = lens(&harness);
        two_fingers(&mut harness, from, to);
        let after = lens(&harness);
        for (from, to) in from.iter().zip(to) {
            let now = after.to_screen(before.to_world(*from));
            assert!((now - to).length() < 1.0, "{what}: {from:?} is at {now:?}, not {to:?}");
        }
        let spread = f64::from((to[1] - to[0]).length() / (from[1] - from[0]).length());
        assert!((after.zoom - before.zoom - spread.log2()).abs() < 1e-3, "{what}");
        assert!(harness.state().commands.is_empty(), "{what}: {:?}", harness.state().commands);
    }
}

#[test]
fn two_fingers_go_no_further_than_the_closest_view() {
    let mut harness = harness(Tool::Hand, Lang::En);
    let (near, far) = ([pos2(635.0, 400.0), pos2(645.0, 400.0)], [pos2(200.0, 400.0), pos2(1080.0, 400.0)]);
    for _ in 0..4 {
        two_fingers(&mut harness, near, far);
    }
    assert!((lens(&harness).zoom - 19.0).abs() < 1e-6);
    for _ in 0..5 {
        two_fingers(&mut harness, far, near);
    }
    let home = harness.state().map.as_ref().expect("a map").camera.home_zoom();
    assert!((lens(&harness).zoom - (home - 1.5)).abs() < 1e-6);
}

#[test]
fn a_tap_chooses_and_two_fingers_never_do() {
    let mut harness = harness(Tool::Hand, Lang::En);
    let at = pos2(500.0, 350.0);
    two_fingers(&mut harness, [at, pos2(700.0, 450.0)], [at, pos2(700.0, 450.0)]);
    assert!(harness.state().commands.is_empty(), "{:?}", harness.state().commands);
    for phase in [TouchPhase::Start, TouchPhase::End] {
        finger(&harness, 1, phase, at);
        harness.step();
    }
    harness.run_steps(2);
    let commands = &harness.state().commands;
    assert!(matches!(commands.as_slice(), [Command::SelectArea(_)]), "{commands:?}");
}

/// The first finger has begun a line when the second one comes down: the map moves, and no line is left.
#[test]
fn a_second_finger_takes_a_line_back() {
    let mut harness = harness(Tool::Lasso, Lang::En);
    let before = lens(&harness);
    finger(&harness, 1, TouchPhase::Start, pos2(500.0, 350.0));
    harness.step();
    for at in [pos2(540.0, 350.0), pos2(560.0, 380.0), pos2(520.0, 400.0)] {
        finger(&harness, 1, TouchPhase::Move, at);
        harness.step();
    }
    assert_eq!(lens(&harness), before, "one finger draws");
    two_fingers(
        &mut harness,
        [pos2(520.0, 400.0), pos2(700.0, 450.0)],
        [pos2(560.0, 430.0), pos2(740.0, 480.0)],
    );
    assert_ne!(lens(&harness), before, "two fingers move the map");
    let drawn = harness.state().commands.iter().any(|c| matches!(c, Command::Draw(_)));
    assert!(!drawn, "{:?}", harness.state().commands);
}

#[test]
fn tools_are_large_enough_for_a_finger() {
    for lang in [Lang::Zh, Lang::En] {
        let harness = harness(Tool::Radius, lang);
        let text = harness.state().stage.site.messages(lang);
        let mut seen: Vec<Rect> = Vec::new();
        for key in ["map.tool.lasso", "map.tool.radius", "map.tool.measure", "map.tool.radius_meters"] {
            let rect = harness.get_by_label(text.get(key)).rect();
            assert!(rect.width() >= TOUCH && rect.height() >= TOUCH, "{key} {lang:?}: {:?}", rect.size());
            let apart = seen.iter().all(|other| !other.shrink(0.5).intersects(rect));
            assert!(apart && RECT.contains_rect(rect), "{key} {lang:?}");
            seen.push(rect);
        }
    }
}
