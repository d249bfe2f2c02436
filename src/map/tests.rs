//! The map as a whole: what a pointer and a screen reader meet, how long a frame takes, how it looks.

use std::time::Instant;

use egui::accesskit::Role;
use egui::{Rect, pos2};
use egui_kittest::kittest::Queryable as _;

use super::fixture::{self, Desk, RECT, harness};
use super::lens::world;
use crate::command::Command;
use crate::headless::{Headless, Painter, write_png};
use crate::site::areas::AreaId;
use crate::state::MapRequest;

/// A desk with the figures, events and buildings of the sample's own data.
fn real(width: f32, height: f32) -> Option<Desk> {
    let mut stage = fixture::sample(width, height, 10, 1)?;
    let site = std::sync::Arc::new(stage.site.clone());
    let engine = crate::engine::build(site, crate::engine::Depth::Needed, &|_, _| {}).ok()?;
    stage.snapshot = crate::cli::snapshot::snapshot_at(engine, 10 * 3600 + 31 * 60);
    Some(Desk::new(stage))
}

#[test]
fn a_click_on_an_area_chooses_it() {
    let mut harness = harness(fixture::tiny());
    let label = {
        let stage = &harness.state().stage;
        let ward = stage.site.areas.find("VC0102").expect("the ward");
        stage.site.areas.get(ward).name.zh.clone()
    };
    let node =
        harness.get_by(|n| n.role() == Role::Button && n.label().is_some_and(|l| l.starts_with(&label)));
    node.click();
    harness.run_steps(3);
    let ward = harness.state().stage.site.areas.find("VC0102").expect("the ward");
    assert!(harness.state().commands.contains(&Command::SelectArea(ward)), "{:?}", harness.state().commands);
}

#[test]
fn the_pointer_meets_the_area_below_it() {
    for code in ["VC0101", "VC0103", "VC0104"] {
        let mut stage = fixture::tiny();
        stage.snapshot.events.open = crate::snapshot::OpenList::default();
        let mut harness = harness(stage);
        let desk = harness.state();
        let ward = desk.stage.site.areas.find(code).expect("a ward");
        let area = desk.stage.site.areas.get(ward);
        let at = desk.lens(RECT).to_screen(world([area.label[0] + 0.012, area.label[1] + 0.012]));
        harness.hover_at(at);
        harness.step();
        for pressed in [true, false] {
            harness.event(egui::Event::PointerButton {
                pos: at,
                button: egui::PointerButton::Primary,
                pressed,
                modifiers: egui::Modifiers::NONE,
            });
            harness.step();
        }
        harness.run_steps(2);
        assert!(
            harness.state().commands.contains(&Command::SelectArea(ward)),
            "{code}: {:?}",
            harness.state().commands
        );
    }
}

#[test]
fn the_map_tells_its_figure_and_its_path() {
    let harness = harness(fixture::tiny());
    let name = harness.state().stage.site.areas.get(AreaId::ROOT).name.zh.clone();
    let mut images =
        harness.query_all_by(|n| n.role() == Role::Image && n.label().is_some_and(|l| l.contains(&name)));
    assert!(images.next().is_some());
    assert!(
        harness
            .query_all_by(|n| n.role() == Role::Button && n.label().is_some_and(|l| l.contains(&name)))
            .count()
            >= 1
    );
}

#[test]
fn the_map_opens_fitted_into_the_clear_part() {
    let stage = fixture::tiny();
    let mut headless = Headless::new(1920, 1080);
    let mut desk = Desk::new(stage);
    let clear = Rect::from_min_max(pos2(500.0, 60.0), pos2(1400.0, 800.0));
    for _ in 0..3 {
        let mut out = headless.frame(0.1, Vec::new(), |ui| desk.frame(ui, clear));
        out.textures_delta.clear();
    }
    let lens = desk.lens(Rect::from_min_size(pos2(0.0, 0.0), egui::vec2(1920.0, 1080.0)));
    let drawn = lens.rect_of(&desk.map.as_ref().expect("a map").geometry.root);
    assert!(clear.contains_rect(drawn), "{drawn:?}");
    assert!((drawn.center().x - clear.center().x).abs() < 1.0);
    assert!(drawn.height() > clear.height() * 0.8 || drawn.width() > clear.width() * 0.8);
}

#[test]
fn areas_are_fitted_beside_a_panel_and_as_large_as_may_be() {
    let window = Rect::from_min_size(pos2(0.0, 0.0), egui::vec2(1600.0, 500.0));
    let fitted = |aside: Rect| {
        let mut headless = Headless::new(1600, 500);
        let mut desk = Desk::new(fixture::tiny());
        for _ in 0..3 {
            if let Some(map) = &mut desk.map {
                map.aside = aside;
            }
            let mut out = headless.frame(0.1, Vec::new(), |ui| desk.frame(ui, window));
            out.textures_delta.clear();
        }
        desk.lens(window).rect_of(&desk.map.as_ref().expect("a map").geometry.root)
    };
    let free = fitted(Rect::NOTHING);
    // A panel that it does not reach changes nothing; one that it would reach moves it; one that leaves little room for
    // it makes it smaller.
    let panel = |left: f32| Rect::from_min_max(pos2(left, 10.0), pos2(1590.0, 300.0));
    assert_eq!(fitted(panel(free.right() + 40.0)), free);
    let moved = fitted(panel(free.center().x + 60.0));
    assert!(
        (moved.width() - free.width()).abs() < 0.5 && moved.right() < free.center().x + 60.0,
        "{moved:?}"
    );
    let narrow = panel(free.width() * 0.9);
    let smaller = fitted(narrow);
    assert!(
        smaller.width() < free.width() && smaller.right() < narrow.left() && smaller.left() > 0.0,
        "{smaller:?}"
    );
}

#[test]
fn both_languages_have_the_words_of_the_map() {
    let site = fixture::tiny().site;
    for key in ["map.schematic", "map.north", "map.clustered", "map.area_says", "map.exercise_letter"] {
        assert!(site.messages_zh.find(key).is_some() && site.messages_en.find(key).is_some(), "{key}");
    }
}

fn wall_clear(width: f32, height: f32) -> Rect {
    Rect::from_min_max(pos2(width * 0.24, height * 0.07), pos2(width * 0.765, height * 0.72))
}

/// Frame times on this machine: `cargo test --release --lib map::tests::frame_times -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn frame_times() {
    let Some(stage) = fixture::sample(3840.0, 2160.0, 40_000, 300) else {
        return;
    };
    let mut headless = Headless::new(3840, 2160);
    let mut desk = Desk::new(stage);
    let clear = wall_clear(3840.0, 2160.0);
    let mut run = |desk: &mut Desk, request: Option<MapRequest>, fresh: bool| {
        desk.stage.state.map_request = request;
        desk.stage.snapshot.revision += u64::from(fresh);
        let began = Instant::now();
        let mut out = headless.frame(1.0 / 60.0, Vec::new(), |ui| desk.frame(ui, clear));
        out.textures_delta.clear();
        let shapes = began.elapsed();
        let jobs = headless.ctx.tessellate(out.shapes, 1.0);
        let vertices: usize = jobs
            .iter()
            .map(|j| match &j.primitive {
                egui::epaint::Primitive::Mesh(m) => m.vertices.len(),
                egui::epaint::Primitive::Callback(_) => 0,
            })
            .sum();
        (shapes.as_secs_f64() * 1e3, began.elapsed().as_secs_f64() * 1e3, vertices)
    };
    // The allocator learns in the first frames how big the meshes are.
    for _ in 0..60 {
        run(&mut desk, None, true);
    }
    let cases: [(&str, Option<MapRequest>, bool); 4] = [
        ("still", None, false),
        ("new figures", None, true),
        ("panning", Some(MapRequest::Pan(0.002, 0.001)), false),
        ("zooming", Some(MapRequest::Zoom(0.01)), false),
    ];
    for (name, request, fresh) in cases {
        let mut times: Vec<(f64, f64, usize)> = (0..60).map(|_| run(&mut desk, request, fresh)).collect();
        times.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (least, mid, worst) = (times[0], times[30], times[59]);
        println!(
            "{name}: shapes {:.2} ms, with tessellation {:.2} ms (least {:.2}, worst {:.2}), {} vertices",
            mid.0, mid.1, least.1, worst.1, mid.2
        );
    }
}

/// Pictures in /tmp/onemap-map: `cargo test --release --lib map::tests::pictures -- --ignored --nocapture`.
#[test]
#[ignore = "a look"]
fn pictures() {
    let painter = Painter::new().expect("a device");
    let shots: [(&str, u32, u32, &str, f64, usize, bool); 8] = [
        ("whole-1080", 1920, 1080, "", 0.0, 60, true),
        ("whole-2160", 3840, 2160, "", 0.0, 60, true),
        ("many", 1920, 1080, "", 0.0, 317, true),
        ("crowd", 1920, 1080, "", 0.0, 1500, true),
        ("subdistrict", 1920, 1080, "440310006", 0.0, 60, true),
        ("community", 1920, 1080, "440310002003", 0.0, 60, true),
        ("near", 1920, 1080, "", 2.5, 60, true),
        ("light", 1920, 1080, "", 0.0, 60, false),
    ];
    for (name, width, height, code, zoom, events, dark) in shots {
        #[expect(clippy::cast_precision_loss, reason = "pixels")]
        let (w, h) = (width as f32, height as f32);
        let Some(mut stage) = fixture::sample(w, h, 30_000, events) else {
            return;
        };
        if !dark {
            stage.theme = crate::theme::Theme::light(stage.theme.sizes);
        }
        let area = stage.site.areas.find(code).unwrap_or(AreaId::ROOT);
        if let Ok(id) = std::env::var("ONEMAP_MAP_INDICATOR") {
            stage.state.indicator = stage.site.indicator_index(&id).expect("an indicator");
        }
        stage.state.area = area;
        let mut desk = Desk::new(stage);
        let mut headless = Headless::new(width, height);
        let mut last = None;
        for i in 0..4 {
            if i == 2 {
                desk.stage.state.map_request =
                    Some(if zoom > 0.0 { MapRequest::Zoom(zoom) } else { MapRequest::Fit(area) });
            }
            let mut out = headless.frame(0.5, Vec::new(), |ui| desk.frame(ui, wall_clear(w, h)));
            painter.update_textures(&mut out);
            last = Some(out);
        }
        let rgba = painter.draw(&headless, &last.expect("a frame")).expect("a picture");
        write_png(std::path::Path::new(&format!("/tmp/onemap-map/{name}.png")), width, height, &rgba)
            .expect("a file");
    }
}

/// The sample's own figures, with the pointer on an area and on an event, as pictures.
#[test]
#[ignore = "a look"]
fn pictures_of_the_sample() {
    let painter = Painter::new().expect("a device");
    for (name, width, height, code, pointer) in [
        ("real-1080", 1920_u32, 1080_u32, "", None),
        ("real-2160", 3840, 2160, "", None),
        ("real-hover", 1920, 1080, "", Some(pos2(1190.0, 480.0))),
        ("real-subdistrict", 1920, 1080, "440310001", None),
    ] {
        #[expect(clippy::cast_precision_loss, reason = "pixels")]
        let (w, h) = (width as f32, height as f32);
        let Some(mut desk) = real(w, h) else { return };
        let events = &desk.stage.snapshot.events;
        println!(
            "{} open, {} placed",
            events.open.len(),
            events.open.iter().filter(|e| e.place.is_some()).count()
        );
        if let Some(area) = desk.stage.site.areas.find(code) {
            desk.stage.state.area = area;
        }
        let mut headless = Headless::new(width, height);
        let mut last = None;
        for i in 0..5 {
            let mut events = Vec::new();
            if i == 2 {
                desk.stage.state.map_request = Some(MapRequest::Fit(desk.stage.state.area));
                events.extend(pointer.map(egui::Event::PointerMoved));
            }
            let mut out = headless.frame(0.5, events, |ui| desk.frame(ui, wall_clear(w, h)));
            painter.update_textures(&mut out);
            last = Some(out);
        }
        let rgba = painter.draw(&headless, &last.expect("a frame")).expect("a picture");
        write_png(std::path::Path::new(&format!("/tmp/onemap-map/{name}.png")), width, height, &rgba)
            .expect("a file");
    }
}

/// The whole wall with the sample's own data, as pictures.
#[test]
#[ignore = "a look"]
fn pictures_of_the_wall() {
    use crate::cli::snapshot::{Screens, Shot, shoot};
    let Some(desk) = real(1920.0, 1080.0) else {
        return;
    };
    let site = std::sync::Arc::new(desk.stage.site.clone());
    for (name, mode, size) in [
        ("wall-1080", crate::state::Mode::Wall, (1920, 1080)),
        ("wall-2160", crate::state::Mode::Wall, (3840, 2160)),
        ("desk-1080", crate::state::Mode::Desk, (1920, 1080)),
    ] {
        let shot = Shot {
            mode,
            lang: crate::site::text::Lang::Zh,
            size,
            scene: None,
            area: AreaId::ROOT,
            indicator: None,
            open: None,
            drawn: None,
            silence: false,
            moment: None,
        };
        let out = std::path::PathBuf::from(format!("/tmp/onemap-map/{name}.png"));
        let screens = Screens { shown: &desk.stage.snapshot, live: &desk.stage.snapshot };
        shoot(&site, &screens, &shot, &out).expect("a picture");
    }
}
