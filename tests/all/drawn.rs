//! Drawn shapes: a shape that is an area has that area's figures, parts add up to what is shown of them, and no shape
//! tells more of a hidden figure than its own sign does.

use std::sync::LazyLock;

use onemap::drawn::{Atlas, Drawn, DrawnFigures, Mark, NoFigure};
use onemap::engine::Engine;
use onemap::privacy::shown::{Shown, Told, Why};
use onemap::site::areas::{AreaId, LonLat};
use onemap::site::geodesy;
use onemap::snapshot::{Figures, Reading, Status};
use proptest::prelude::*;

use crate::common::{close, figures, program, sample, sample_dir, tiny};

struct World {
    engine: &'static Engine,
    figures: Figures,
    atlas: Atlas,
}

/// The sample, sorted out once.
static SAMPLE: LazyLock<World> = LazyLock::new(|| World::of(sample()));

impl World {
    fn of(engine: &'static Engine) -> Self {
        let figures = figures(engine, engine.present_day());
        Self { engine, figures, atlas: Atlas::new(engine.site(), &engine.texture) }
    }

    fn draw(&self, drawn: &Drawn) -> DrawnFigures {
        DrawnFigures::new(self.engine.site(), &self.figures, &self.atlas.cover(drawn))
    }

    fn areas(&self) -> Vec<AreaId> {
        let site = self.engine.site();
        site.areas.iter().filter(|(_, a)| a.level <= site.figure_level()).map(|(id, _)| id).collect()
    }

    fn shape_of(&self, area: AreaId) -> Drawn {
        Drawn::Polygons(self.engine.site().areas.get(area).polygons.clone())
    }
}

/// What readers see of a reading, but for what only an area's own has: comparison and interval.
fn seen(reading: &Reading) -> (Shown, Shown, Shown, Status) {
    (reading.value, reading.numerator, reading.denominator, reading.status)
}

#[test]
fn a_shape_that_is_an_area_has_its_figures() {
    for world in [&*SAMPLE, &World::of(tiny())] {
        for area in world.areas() {
            for drawn in [world.shape_of(area), Drawn::Areas(vec![area])] {
                let found = world.draw(&drawn);
                for (i, row) in world.engine.site().indicators.iter().enumerate() {
                    let own = world.figures.reading(i, area);
                    let code = &world.engine.site().areas.get(area).code;
                    if own.value == Shown::TooFine {
                        // Shared out from a coarser area, or nothing; never an exact figure.
                        assert!(
                            !matches!(found.readings[i].reading.value, Shown::Value(v) if v != 0.0),
                            "{} at {code}",
                            row.id
                        );
                    } else {
                        assert_eq!(seen(&found.readings[i].reading), seen(&own), "{} at {code}", row.id);
                        assert!(!own.value.is_seen() || found.readings[i].parts.mark() == Mark::A);
                    }
                }
            }
        }
    }
}

#[test]
fn all_children_together_are_their_parent() {
    let world = &*SAMPLE;
    for area in world.areas() {
        let children = &world.engine.site().areas.get(area).children;
        if children.is_empty()
            || world.engine.site().areas.get(area).level >= world.engine.site().figure_level()
        {
            continue;
        }
        let (parts, whole) = (world.draw(&Drawn::Areas(children.clone())), world.draw(&world.shape_of(area)));
        assert_eq!(parts.readings, whole.readings);
    }
}

/// What a hidden figure may be at least: its mark says "from 1"; a star says nothing.
fn least(shown: Shown) -> f64 {
    match shown {
        Shown::Value(value) | Shown::Coarse { value, .. } => value,
        Shown::Suppressed { why: Why::Primary, .. } => 1.0,
        _ => 0.0,
    }
}

/// Every choice of the children of every area: what is told of the choice follows from what is shown of its parts.
#[test]
fn no_choice_of_areas_tells_a_hidden_one() {
    let world = &*SAMPLE;
    let site = world.engine.site();
    let mut choices: Vec<Vec<AreaId>> = Vec::new();
    for parent in world.areas() {
        let children = &site.areas.get(parent).children;
        if site.areas.get(parent).level >= site.figure_level() || children.is_empty() || children.len() > 8 {
            continue;
        }
        choices.extend((1_usize..(1 << children.len()) - 1).map(|choice| {
            children.iter().enumerate().filter(|(i, _)| choice >> i & 1 == 1).map(|(_, c)| *c).collect()
        }));
    }
    // Pairs that are no one's children together.
    let finest: Vec<AreaId> = site.areas.level(site.figure_level()).collect();
    for (i, a) in finest.iter().enumerate() {
        choices.extend(finest[i + 1..].iter().map(|b| vec![*a, *b]));
    }
    let (mut hidden_choices, mut told) = (0, 0);
    for picked in choices.iter().filter(|picked| picked.len() > 1) {
        let found = world.draw(&Drawn::Areas(picked.clone()));
        for (i, row) in site.indicators.iter().enumerate() {
            let parts: Vec<Shown> = picked.iter().map(|a| world.figures.reading(i, *a).numerator).collect();
            if !parts.iter().any(|p| p.is_suppressed()) {
                continue;
            }
            hidden_choices += 1;
            let bound: f64 = parts.iter().map(|p| least(*p)).sum();
            match found.readings[i].reading.numerator {
                Shown::Value(value) => panic!("{}: {picked:?} tells {value} though a part is hidden", row.id),
                Shown::Coarse { value, told: Told::AtLeast, .. } => {
                    told += 1;
                    assert!(value <= bound + 1e-9, "{}: ≥{value}, but the parts say ≥{bound}", row.id);
                }
                _ => {}
            }
        }
    }
    assert!(hidden_choices > 300 && told > 100, "{hidden_choices} choices with hidden parts, {told} bounds");
}

#[test]
fn counts_that_do_not_add_up_have_no_figure() {
    let world = &*SAMPLE;
    let site = world.engine.site();
    let communities: Vec<AreaId> = site.areas.level(2).take(3).collect();
    let found = world.draw(&Drawn::Areas(communities));
    let told: Vec<&str> = site
        .indicators
        .iter()
        .zip(&found.readings)
        .filter(|(_, r)| r.no_figure == Some(NoFigure::DoesNotAdd))
        .map(|(row, _)| row.numerator.expr.as_str())
        .collect();
    assert!(told.iter().any(|e| e.starts_with("median(")), "{told:?}");
    for (row, reading) in site.indicators.iter().zip(&found.readings) {
        if row.numerator.expr.starts_with("median(") {
            assert_eq!(reading.reading.value, Shown::TooFine, "{}", row.id);
        }
    }
}

fn middle(world: &World) -> LonLat {
    world.engine.site().areas.get(AreaId::ROOT).label
}

#[test]
fn a_circle_shares_out_what_it_cuts_and_says_so() {
    let world = &*SAMPLE;
    let circle = |meters| world.draw(&Drawn::Circle { center: middle(world), meters });
    let (near, far) = (circle(400.0), circle(60_000.0));
    assert_eq!(near.parts.mark(), Mark::C);
    assert!(near.parts.whole < 1e-9 && near.buildings > 0, "{near:?}");
    assert_eq!(far.parts.mark(), Mark::A);
    for (i, reading) in far.readings.iter().enumerate() {
        assert_eq!(seen(&reading.reading), seen(&world.figures.reading(i, AreaId::ROOT)));
    }
    let outside = world.draw(&Drawn::Circle { center: [0.0, 0.0], meters: 500.0 });
    assert_eq!(outside.areas, 0);
    assert!(outside.readings.iter().all(|r| !r.reading.value.is_seen()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What shares out areas neither loses nor adds: the shares of a circle and of what it leaves of an area are one.
    #[test]
    fn inside_and_outside_are_the_whole(east in -0.08_f64..0.08, north in -0.08_f64..0.08, meters in 200.0_f64..9_000.0) {
        let world = &*SAMPLE;
        let [lon, lat] = middle(world);
        let circle = Drawn::Circle { center: [lon + east, lat + north], meters };
        let far = 1.0;
        let frame = vec![[lon - far, lat - far], [lon + far, lat - far], [lon + far, lat + far], [lon - far, lat + far]];
        let rest = Drawn::Polygons(vec![vec![frame, circle.rings().remove(0)]]);
        let (inside, outside) = (world.atlas.cover(&circle), world.atlas.cover(&rest));
        for area in world.areas() {
            let (a, b) = (inside.part(area), outside.part(area));
            prop_assert!((a.share + b.share - 1.0).abs() < 1e-6, "{a:?} {b:?}");
            prop_assert!(!(a.is_whole && b.share > 0.0));
        }
        // Estimates lie between what must and what can be.
        for reading in world.draw(&circle).readings {
            if let (Some((low, high)), Shown::Coarse { value, step, .. }) = (reading.between, reading.reading.value) {
                prop_assert!(low - step <= value && value <= high + step, "{value} not in {low} to {high}");
            }
        }
    }
}

fn write(dir: &std::path::Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn geojson(engine: &Engine, code: &str, datum: &str) -> String {
    let area = engine.site().areas.get(engine.site().areas.find(code).unwrap());
    let shape = serde_json::json!({ "type": "MultiPolygon", "coordinates": area.polygons });
    let mut value = serde_json::json!({ "type": "Feature", "properties": {}, "geometry": shape });
    if !datum.is_empty() {
        value["datum"] = datum.into();
    }
    value.to_string()
}

#[test]
fn the_command_line_gives_the_same_figures_and_notes_it() {
    let dir = tempfile::tempdir().unwrap();
    let code = sample().site().areas.get(sample().site().areas.level(1).next().unwrap()).code.clone();
    let file = write(dir.path(), "shape.geojson", &geojson(sample(), &code, "CGCS2000"));
    let state = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut program = program();
        program
            .env("XDG_STATE_HOME", state.path())
            .args(["compute", "--format", "csv", "--lang", "en", "--site"]);
        program.arg(sample_dir()).args(arguments).output().unwrap()
    };
    let out = run(&["--shape", file.to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let shape = String::from_utf8(out.stdout).unwrap();
    let area = String::from_utf8(run(&["--area", &code]).stdout).unwrap();
    // What the area does not show at its level is shared out for the shape; the rest is the same to the letter.
    let own: Vec<&str> = area.lines().filter(|l| !l.contains(",too_fine,")).collect();
    let shape = shape.replace(",drawn,", &format!(",{code},"));
    assert!(own.len() > 50 && own.iter().all(|line| shape.lines().any(|l| l == *line)), "{shape}\n{area}");
    let notes: Vec<_> = walk(state.path());
    let log = notes.iter().find(|p| p.ends_with("audit.log")).expect("an audit log");
    let text = std::fs::read_to_string(log).unwrap();
    assert!(text.lines().any(|l| l.contains("area=drawn polygon=") && l.contains(" finest ")), "{text}");
    // A file without a datum is not guessed at.
    let bare = write(dir.path(), "bare.geojson", &geojson(sample(), &code, ""));
    let refused = run(&["--shape", bare.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--datum"));
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            out.extend(walk(&entry.path()));
        } else {
            out.push(entry.path());
        }
    }
    out
}

#[test]
fn areas_are_picked_and_let_go() {
    let areas = &sample().site().areas;
    let streets: Vec<AreaId> = areas.level(1).take(2).collect();
    let inner = areas.get(streets[0]).children[0];
    let one = Drawn::with_toggled(&[], areas, streets[0]);
    let two = Drawn::with_toggled(&one, areas, streets[1]);
    assert_eq!(two, streets);
    // A part of a picked area takes its place, and the area takes the place of its parts.
    assert_eq!(Drawn::with_toggled(&two, areas, inner), vec![streets[1], inner]);
    assert_eq!(Drawn::with_toggled(&[inner, streets[1]], areas, streets[0]), vec![streets[1], streets[0]]);
    assert_eq!(Drawn::with_toggled(&one, areas, streets[0]), Vec::new());
}

#[test]
fn weights_are_buildings_where_there_are_any() {
    let site = sample().site();
    let area = site.areas.level(site.figure_level()).next().unwrap();
    let bounds = site.areas.get(area).bounds;
    let middle = bounds.center();
    let west = vec![
        [bounds.west - 0.1, bounds.south - 0.1],
        [middle[0], bounds.south - 0.1],
        [middle[0], bounds.north + 0.1],
        [bounds.west - 0.1, bounds.north + 0.1],
    ];
    let drawn = Drawn::Polygons(vec![vec![west]]);
    // All buildings stand in the western half.
    let inside: Vec<LonLat> = (0..200)
        .map(|i| [bounds.west + (middle[0] - bounds.west) * f64::from(i) / 200.0, middle[1]])
        .filter(|p| site.areas.get(area).contains(*p))
        .collect();
    assert!(inside.len() > 10);
    let by_building = Atlas::new(site, &inside).cover(&drawn).part(area);
    let by_ground = Atlas::new(site, &[]).cover(&drawn).part(area);
    assert!(close(by_building.share, 1.0) && !by_building.is_whole);
    assert!(by_ground.share > 0.2 && by_ground.share < 0.8, "{by_ground:?}");
    let ground = geodesy::square_meters(&site.areas.get(area).polygons[0][0]);
    assert!(ground > 1e5, "{ground}");
}

/// What a shape costs; to be run in an optimised build.
#[test]
#[ignore = "a measurement"]
fn what_a_shape_costs() {
    let engine = sample();
    let time = |what: &str, work: &mut dyn FnMut()| {
        let began = std::time::Instant::now();
        work();
        println!("{what}: {:.3} ms", began.elapsed().as_secs_f64() * 1e3);
    };
    let mut world = None;
    time("buildings sorted into areas, once", &mut || world = Some(World::of(engine)));
    let world = world.unwrap();
    let circle = Drawn::Circle { center: middle(&world), meters: 3_000.0 };
    let mut cover = None;
    time("cover of a circle of 3 km, on its thread", &mut || cover = Some(world.atlas.cover(&circle)));
    let cover = cover.unwrap();
    time("all figures of it, on the window's thread, 20 times", &mut || {
        for _ in 0..20 {
            std::hint::black_box(DrawnFigures::new(engine.site(), &world.figures, &cover));
        }
    });
}
