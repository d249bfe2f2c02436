//! What pointer and keyboard draw on the map.

use egui::{Event, Key, Modifiers, PointerButton, Pos2, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::fixture::{self, Desk, RECT, lens};
use super::lens::{degrees, world};
use crate::command::Command;
use crate::drawn::Drawn;
use crate::site::geodesy;
use crate::state::Tool;

fn harness(tool: Tool) -> Harness<'static, Desk> {
    let mut stage = fixture::tiny();
    stage.snapshot.events.open = crate::snapshot::OpenList::default();
    stage.state.tool = tool;
    fixture::harness(stage)
}

fn button(harness: &mut Harness<'_, Desk>, pos: Pos2, pressed: bool, modifiers: Modifiers) {
    let event = Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers };
    harness.event_modifiers(event, modifiers);
    harness.step();
}

fn click(harness: &mut Harness<'_, Desk>, at: Pos2, modifiers: Modifiers) {
    harness.hover_at(at);
    harness.step();
    button(harness, at, true, modifiers);
    button(harness, at, false, modifiers);
    harness.run_steps(2);
}

fn drag(harness: &mut Harness<'_, Desk>, way: &[Pos2]) {
    harness.hover_at(way[0]);
    harness.step();
    button(harness, way[0], true, Modifiers::NONE);
    for at in &way[1..] {
        harness.hover_at(*at);
        harness.step();
    }
    button(harness, way[way.len() - 1], false, Modifiers::NONE);
    harness.run_steps(2);
}

fn drawn(harness: &Harness<'_, Desk>) -> Option<Drawn> {
    harness.state().stage.state.drawn.as_deref().cloned()
}

#[test]
fn a_dragged_line_is_a_shape_and_the_map_stays_put() {
    let mut harness = harness(Tool::Lasso);
    let before = lens(&harness);
    let way =
        [pos2(500.0, 300.0), pos2(620.0, 300.0), pos2(640.0, 420.0), pos2(520.0, 430.0), pos2(500.0, 320.0)];
    drag(&mut harness, &way);
    let Some(Drawn::Polygons(polygons)) = drawn(&harness) else { panic!("{:?}", harness.state().commands) };
    let ring = &polygons[0][0];
    assert_eq!(ring.len(), way.len());
    for (place, at) in ring.iter().zip(way) {
        assert!((before.to_screen(world(*place)) - at).length() < 1.0, "{place:?}");
    }
    assert_eq!(lens(&harness), before);
    assert_eq!(harness.state().stage.state.tool, Tool::Hand, "one shape, then the hand again");
}

#[test]
fn corners_are_set_by_clicks_and_closed_at_the_first() {
    let mut harness = harness(Tool::Lasso);
    for at in [pos2(500.0, 300.0), pos2(700.0, 310.0), pos2(690.0, 480.0), pos2(640.0, 600.0)] {
        click(&mut harness, at, Modifiers::NONE);
        // Two clicks at once would close it.
        harness.run_steps(30);
    }
    harness.key_press(Key::Backspace);
    harness.run_steps(2);
    click(&mut harness, pos2(502.0, 303.0), Modifiers::NONE);
    let Some(Drawn::Polygons(polygons)) = drawn(&harness) else { panic!("{:?}", harness.state().commands) };
    assert_eq!(polygons[0][0].len(), 3, "the fourth corner was taken back");
}

#[test]
fn a_circle_is_dragged_from_its_middle() {
    let mut harness = harness(Tool::Radius);
    let (from, to) = (pos2(600.0, 400.0), pos2(720.0, 400.0));
    let lens = lens(&harness);
    let wanted = geodesy::meters(degrees(lens.to_world(from)), degrees(lens.to_world(to)));
    drag(&mut harness, &[from, pos2(660.0, 400.0), to]);
    let Some(Drawn::Circle { center, meters }) = drawn(&harness) else {
        panic!("{:?}", harness.state().commands)
    };
    assert!((meters / wanted - 1.0).abs() < 0.01, "{meters} for {wanted}");
    assert!((lens.to_screen(world(center)) - from).length() < 1.0);
    assert!((harness.state().stage.state.radius_meters - meters).abs() < 1e-6);
}

#[test]
fn without_a_pointer_a_circle_stands_in_the_middle() {
    let mut harness = harness(Tool::Radius);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    let Some(Drawn::Circle { center, meters }) = drawn(&harness) else {
        panic!("{:?}", harness.state().commands)
    };
    assert!((meters - 500.0).abs() < 1e-9);
    assert!((lens(&harness).to_screen(world(center)) - RECT.center()).length() < 1.0);
}

#[test]
fn a_click_with_shift_picks_one_area_more() {
    let mut harness = harness(Tool::Hand);
    let wards = ["VC0101", "VC0103"].map(|code| harness.state().stage.site.areas.find(code).expect("a ward"));
    for ward in wards {
        let at = harness.state().stage.site.areas.get(ward).label;
        let at = lens(&harness).to_screen(world([at[0] + 0.012, at[1] + 0.012]));
        click(&mut harness, at, Modifiers::SHIFT);
    }
    assert_eq!(drawn(&harness), Some(Drawn::Areas(wards.to_vec())));
    assert!(!harness.state().commands.iter().any(|c| matches!(c, Command::SelectArea(_))));
}

#[test]
fn an_area_is_picked_by_keyboard() {
    let mut harness = harness(Tool::Hand);
    let ward = harness.state().stage.site.areas.find("VC0102").expect("a ward");
    let name = harness.state().stage.site.areas.get(ward).name.zh.clone();
    let role = egui::accesskit::Role::Button;
    harness.get_by(|n| n.role() == role && n.label().is_some_and(|l| l.starts_with(&name))).focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::Enter);
    harness.run_steps(2);
    assert_eq!(drawn(&harness), Some(Drawn::Areas(vec![ward])));
}

#[test]
fn a_slip_of_the_hand_is_no_shape() {
    let mut harness = harness(Tool::Lasso);
    let at = pos2(500.0, 300.0);
    drag(&mut harness, &[at, at + vec2(1.0, 3.0), at + vec2(3.0, 1.0)]);
    assert_eq!(drawn(&harness), None);
}

#[test]
fn a_measure_stays_until_it_is_laid_down() {
    let mut harness = harness(Tool::Measure);
    for at in [pos2(500.0, 300.0), pos2(700.0, 310.0), pos2(690.0, 480.0)] {
        click(&mut harness, at, Modifiers::NONE);
        harness.run_steps(30);
    }
    assert_eq!(drawn(&harness), None, "a measure is no shape");
    assert_eq!(harness.state().stage.state.tool, Tool::Measure);
    assert!(harness.state().commands.is_empty(), "{:?}", harness.state().commands);
}

#[test]
fn the_copy_key_takes_the_pointers_place_in_the_readers_datum() {
    let mut harness = harness(Tool::Hand);
    let at = pos2(640.0, 400.0);
    harness.hover_at(at);
    harness.run_steps(2);
    let [lon, lat] = degrees(lens(&harness).to_world(at));
    harness.event(Event::Copy);
    harness.step();
    let copied = harness.output().platform_output.commands.iter().find_map(|c| match c {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    let parts: Vec<f64> = copied.expect("a text").split(',').map(|n| n.parse().expect("a number")).collect();
    assert!((parts[0] - lon).abs() < 1e-5 && (parts[1] - lat).abs() < 1e-5, "{parts:?} for {lon} {lat}");
}
