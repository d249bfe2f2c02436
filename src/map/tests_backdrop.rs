//! The kept picture under events and names against the layers painted as they are: the same at rest, and hardly to be told
//! apart on the way. Where there is no graphics device, not even a software one, there is nothing to compare.

use egui::{FullOutput, Rect};

use super::MapPanel;
use super::fixture::{self, Stage};
use crate::headless::{Headless, Painter};
use crate::state::MapRequest;

const WIDTH: u32 = 640;
const HEIGHT: u32 = 420;
/// Frames until what fades has faded.
const FADED: usize = 16;

/// A map on a screen of its own; with a device to draw into, it keeps a picture.
struct Screen {
    stage: Stage,
    headless: Headless,
    painter: Painter,
    map: Option<MapPanel>,
}

impl Screen {
    fn new(keeps: bool) -> Option<Self> {
        Some(Self::on(Painter::new().ok()?, keeps, fixture::tiny()))
    }

    fn crowded(keeps: bool) -> Option<Self> {
        Some(Self::on(Painter::new().ok()?, keeps, super::tests_bars::crowded(20_000)))
    }

    fn on(painter: Painter, keeps: bool, stage: Stage) -> Self {
        let headless = Headless::new(WIDTH, HEIGHT);
        if keeps {
            painter.lend(&headless.ctx);
        }
        Self { stage, headless, painter, map: None }
    }

    /// The next frame.
    fn frame(&mut self, request: Option<MapRequest>) -> FullOutput {
        let Self { stage, headless, painter, map } = self;
        stage.state.map_request = request;
        let mut out = headless.frame(1.0 / 60.0, Vec::new(), |ui| {
            let map = map.get_or_insert_with(|| {
                crate::fonts::install(ui.ctx());
                MapPanel::new(ui.ctx(), &stage.site)
            });
            // Fonts arrive with the next pass.
            if ui.ctx().cumulative_frame_nr() > 0 {
                let clear: Rect = ui.max_rect();
                map.ui(ui, clear, &stage.view(), &mut Vec::new());
            }
        });
        painter.update_textures(&mut out);
        out
    }

    /// The next frame, as pixels.
    fn pixels(&mut self) -> Vec<u8> {
        let out = self.frame(None);
        self.painter.draw(&self.headless, &out).expect("a picture")
    }

    /// The map at rest.
    fn rest(&mut self) -> Vec<u8> {
        self.frame(None);
        let mut frames = 0;
        while !self.map.as_ref().is_some_and(MapPanel::is_settled) {
            assert!(frames < 200, "the map does not come to rest");
            frames += 1;
            self.frame(None);
        }
        (0..FADED).for_each(|_| drop(self.frame(None)));
        self.pixels()
    }
}

/// Share of bytes that differ by more than a little, and the mean difference of all.
fn apart(a: &[u8], b: &[u8]) -> (f64, f64) {
    assert_eq!(a.len(), b.len());
    let off = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let (many, sum) =
        off.fold((0_u64, 0_u64), |(many, sum), d| (many + u64::from(d > 3), sum + u64::from(d)));
    (many as f64 / a.len() as f64, sum as f64 / a.len() as f64)
}

#[test]
fn a_kept_picture_is_the_layers_at_rest_and_near_to_them_on_the_way() {
    for make in [Screen::new, Screen::crowded] {
        if let (Some(kept), Some(plain)) = (make(true), make(false)) {
            is_the_layers(kept, plain);
        }
    }
}

fn is_the_layers(mut kept: Screen, mut plain: Screen) {
    let first = kept.rest();
    let (many, _) = apart(&first, &plain.rest());
    assert!(many < 1e-4, "at first {many} differ");
    // Farther than the picture reaches, closer, and out to more than it shows.
    let ways = [
        (MapRequest::Pan(0.3, -0.2), 4.0),
        (MapRequest::Zoom(0.7), 9.0),
        (MapRequest::Zoom(-1.4), 9.0),
        (MapRequest::Pan(-0.013, 0.007), 4.0),
    ];
    for (way, most) in ways {
        let before = kept.pixels();
        plain.pixels();
        kept.frame(Some(way));
        plain.frame(Some(way));
        for frame in [5, 10, 15] {
            (0..4).for_each(|_| drop((kept.frame(None), plain.frame(None))));
            let (now, other) = (kept.pixels(), plain.pixels());
            let (_, mean) = apart(&now, &other);
            assert!(mean < most, "{way:?}, frame {frame}: {mean}");
            assert!(now != before, "{way:?}: the map does not move");
        }
        let (many, _) = apart(&kept.rest(), &plain.rest());
        assert!(many < 1e-4, "{way:?}: {many} differ at rest");
    }
}

/// A window has quicker shaders than a picture, and others again where the device is a program.
#[test]
fn a_window_shows_what_a_picture_shows() {
    let (Some(mut picture), Ok(painter)) = (Screen::new(false), Painter::as_window()) else {
        return;
    };
    let mut window = Screen::on(painter, true, fixture::tiny());
    let (many, mean) = apart(&picture.rest(), &window.rest());
    assert!(many < 1e-3 && mean < 0.6, "{many} differ, by {mean} in the mean");
    for way in [MapRequest::Zoom(1.2), MapRequest::Pan(0.2, 0.1)] {
        picture.frame(Some(way));
        window.frame(Some(way));
        let (many, mean) = apart(&picture.rest(), &window.rest());
        assert!(many < 1e-3 && mean < 0.6, "{way:?}: {many} differ, by {mean} in the mean");
    }
}

/// Vertices of each mesh with a picture of its own, in their order.
fn pictured(screen: &mut Screen) -> Vec<usize> {
    screen.rest();
    let Screen { stage, headless, map, .. } = screen;
    let mut out = headless.frame(1.0, Vec::new(), |ui| {
        let clear = ui.max_rect();
        map.as_mut().expect("a map").ui(ui, clear, &stage.view(), &mut Vec::new());
    });
    out.textures_delta.clear();
    let jobs = headless.ctx.tessellate(out.shapes, 1.0);
    let own = jobs.iter().filter_map(|job| match &job.primitive {
        egui::epaint::Primitive::Mesh(mesh) => Some(mesh),
        egui::epaint::Primitive::Callback(_) => None,
    });
    own.filter(|mesh| mesh.texture_id != egui::TextureId::default())
        .map(|mesh| {
            assert_eq!(mesh.indices.len() * 4, mesh.vertices.len() * 6, "two triangles to four corners");
            mesh.vertices.len()
        })
        .collect()
}

#[test]
fn a_resting_map_is_drawn_once() {
    let Some(mut screen) = Screen::crowded(true) else {
        return;
    };
    let drawn = pictured(&mut screen);
    let [below, marks] = drawn[..] else { panic!("{drawn:?}") };
    assert_eq!(below, 4, "one rectangle for all that lies under events and names");
    let seen = screen.map.as_ref().expect("a map").stack.marks().len();
    // A hexagon and what stands in it; hexagons at the edges are seen though their middles are not.
    assert!(seen > 10 && (4 * seen..=12 * seen).contains(&marks), "{marks} corners, {seen} marks");
}

#[test]
fn looks_of_marks_are_drawn_again_for_another_size_and_not_at_rest() {
    let Some(mut screen) = Screen::crowded(true) else {
        return;
    };
    screen.rest();
    let looks = |screen: &Screen| screen.map.as_ref().expect("a map").stack.looks();
    let first = looks(&screen);
    screen.rest();
    assert_eq!(looks(&screen), first, "nothing changed");
    screen.frame(Some(MapRequest::Pan(0.2, 0.1)));
    screen.rest();
    assert_eq!(looks(&screen), first, "hexagons of the same size");
    screen.frame(Some(MapRequest::Zoom(0.3)));
    (0..3).for_each(|_| drop(screen.frame(None)));
    assert_eq!(looks(&screen), first, "on the way they are stretched");
    screen.rest();
    assert_eq!(looks(&screen), first + 1, "at rest they are sharp");
}
