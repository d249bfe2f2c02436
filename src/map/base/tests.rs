//! The base map on a screen: that tiles come, that what is wrong is told, that who made it stands there, and that
//! vector tiles are drawn as they should be.

use std::path::Path;
use std::time::{Duration, Instant};

use egui::{Rect, pos2};

use super::paint::{Cut, Style, draw};
use crate::headless::Headless;
use crate::map::MapPanel;
use crate::map::fixture::{self, Stage};
use crate::site::datum::Datum;
use crate::site::meta::{BaseMapKind, BaseMapMeta};
use crate::site::text::Lang;
use crate::theme::{Sizes, Theme};
use crate::tiles::address::Address;
use crate::tiles::mvt::{Builder, Shape, Value};

fn base(path: &Path) -> BaseMapMeta {
    BaseMapMeta {
        id: "base".to_owned(),
        kind: if path.extension().is_some_and(|end| end == "mbtiles") {
            BaseMapKind::Mbtiles
        } else {
            BaseMapKind::Pmtiles
        },
        path: Some(path.display().to_string()),
        url: None,
        subdomains: Vec::new(),
        token_env: None,
        attribution: None,
        min_zoom: None,
        max_zoom: None,
        datum: Datum::Wgs84,
        cache_mib: None,
    }
}

fn florence() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tiles/florence.pmtiles")
}

/// A map of the small site with a base map, painted until it has settled.
fn painted(meta: BaseMapMeta) -> (MapPanel, Stage, Vec<egui::epaint::ClippedShape>) {
    let mut stage = fixture::tiny();
    stage.site.meta.base_maps = vec![meta];
    let mut headless = Headless::new(1280, 800);
    crate::fonts::install(&headless.ctx);
    let mut map = MapPanel::new(&headless.ctx, &stage.site);
    map.animate = false;
    let rect = Rect::from_min_max(pos2(0.0, 0.0), pos2(1280.0, 800.0));
    let began = Instant::now();
    let mut shapes = Vec::new();
    let mut frames = 0;
    while frames < 6 || (!map.is_settled() && began.elapsed() < Duration::from_secs(20)) {
        let mut out = headless.frame(0.05, Vec::new(), |ui| {
            if ui.ctx().cumulative_frame_nr() > 0 {
                map.ui(ui, rect, &stage.view(), &mut Vec::new());
            }
        });
        out.textures_delta.clear();
        shapes = out.shapes;
        std::thread::sleep(Duration::from_millis(2));
        frames += 1;
    }
    assert!(map.is_settled());
    (map, stage, shapes)
}

/// All words of a frame.
fn words(shapes: &[egui::epaint::ClippedShape]) -> String {
    fn of(shape: &egui::Shape, out: &mut String) {
        match shape {
            egui::Shape::Text(text) => {
                out.push_str(text.galley.text());
                out.push('\n');
            }
            egui::Shape::Vec(list) => list.iter().for_each(|s| of(s, out)),
            _ => {}
        }
    }
    let mut out = String::new();
    shapes.iter().for_each(|s| of(&s.shape, &mut out));
    out
}

#[test]
fn whatever_is_wrong_with_an_archive_is_told_and_the_map_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let whole = std::fs::read(florence()).unwrap();
    let database = std::fs::read(florence().with_extension("mbtiles")).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let cases = [
        (dir.path().join("none.pmtiles"), "map.base.missing"),
        (file("page.pmtiles", &[b'<'; 4000]), "map.base.no_archive"),
        (file("cut.pmtiles", &whole[..whole.len() / 2]), "map.base.truncated"),
        (file("short.pmtiles", &whole[..150]), "map.base.truncated"),
        (dir.path().join("none.mbtiles"), "map.base.missing"),
        (file("page.mbtiles", &whole), "map.base.no_archive"),
        (file("cut.mbtiles", &database[..database.len() / 2]), "map.base.truncated"),
        (file("short.mbtiles", &database[..150]), "map.base.truncated"),
    ];
    let kind = |path: &Path| match base(path).kind {
        BaseMapKind::Mbtiles => "MBTiles",
        _ => "PMTiles",
    };
    for (path, key) in cases {
        let (map, stage, shapes) = painted(base(&path));
        let words = words(&shapes);
        for lang in [Lang::Zh, Lang::En] {
            assert!(stage.site.messages(lang).find(key).is_some(), "{key}");
        }
        let lang = stage.state.lang;
        let told = stage.site.messages(lang).get(key).replace("{kind}", kind(&path));
        assert!(words.contains(&told), "{key} in {words}");
        let area = stage.site.areas.find("VC0102").unwrap();
        let name = stage.site.areas.get(area).name.get(lang);
        assert!(map.labels().any(|words| words == name), "areas are named all the same");
    }
}

#[test]
fn a_database_says_who_made_it_as_the_archive_does() {
    let credits = |path: &Path| painted(base(path)).0.base_credits()[0].zh.clone();
    let (archive, database) = (credits(&florence()), credits(&florence().with_extension("mbtiles")));
    assert!(database.contains("OpenStreetMap"), "{database}");
    assert_eq!(database, archive);
}

#[test]
fn the_archive_says_who_made_it_and_the_site_only_where_it_does_not() {
    let mut meta = base(&florence());
    let other = crate::site::text::Bilingual { zh: "X".to_owned(), en: "X".to_owned() };
    meta.attribution = Some(other);
    let (map, _, shapes) = painted(meta.clone());
    assert!(words(&shapes).contains("OpenStreetMap"), "{}", words(&shapes));
    assert_eq!(map.base_credits().len(), 1);
    meta.path = Some("nowhere".to_owned());
    let (map, ..) = painted(meta);
    assert_eq!(map.base_credits()[0].zh, "X");
}

fn style(zoom: f32) -> Style {
    let theme = Theme::dark(Sizes::for_desk());
    Style { dark: true, ink: theme.base, hairline: 1.0, zoom, site_has_transit: false }
}

const HERE: Address = Address { z: 14, x: 8705, y: 5973 };

fn cut(wanted: Address, side: u32) -> Cut {
    Cut { wanted, from: HERE, side, datum: Datum::Wgs84 }
}

/// A tile with a lake in its north-west quarter and a named road along its middle.
fn tile() -> Vec<u8> {
    let mut builder = Builder::default();
    let quarter = vec![[0, 0], [2048, 0], [2048, 2048], [0, 2048]];
    builder.add("water", Shape::Rings, &[("kind", Value::Text("lake"))], &[quarter]);
    let park = vec![[2048, 2048], [4096, 2048], [4096, 4096], [2048, 4096]];
    builder.add("landuse", Shape::Rings, &[("kind", Value::Text("park"))], &[park]);
    let named = [
        ("kind", Value::Text("major_road")),
        ("name", Value::Text("N")),
        ("name:zh", Value::Text("Z")),
        ("name:en", Value::Text("E")),
    ];
    builder.add("roads", Shape::Lines, &named, &[vec![[0, 2048], [4096, 2048]]]);
    builder.bytes()
}

#[test]
fn shapes_are_where_the_tile_has_them() {
    let drawn = draw(&tile(), &cut(HERE, 256), &style(14.0), &[]).unwrap();
    let alpha = |x: usize, y: usize| drawn.image.pixels[y * 256 + x].a();
    assert!(alpha(60, 60) > 100, "the lake");
    assert_eq!(alpha(200, 60), 0, "nothing in the north-east");
    assert!(alpha(200, 128) > 0, "the road");
    assert!(alpha(200, 200) > 0, "the park");
    let name = &drawn.names[0];
    assert_eq!((name.text(Lang::Zh), name.text(Lang::En)), ("Z", "E"));
    // Half way along the road: the middle of the tile.
    let side = 256.0 / f64::from(HERE.z).exp2();
    assert!((name.at[0] - (f64::from(HERE.x) + 0.5) * side).abs() < side * 0.01);
}

#[test]
fn deeper_tiles_are_cut_out_of_the_deepest() {
    let deeper = |x: u32, y: u32| Address { z: 15, x: HERE.x * 2 + x, y: HERE.y * 2 + y };
    let drawn = |a| draw(&tile(), &cut(a, 256), &style(15.0), &[]).unwrap().image;
    let all_water = drawn(deeper(0, 0)).pixels.iter().take(256 * 200).all(|p| p.a() > 100);
    let none = drawn(deeper(1, 0)).pixels.iter().take(256 * 200).all(|p| p.a() == 0);
    assert!(all_water && none);
}

#[test]
fn no_green_lies_on_our_own_areas() {
    let side = 256.0 / f64::from(HERE.z).exp2();
    let corner = |x: f64, y: f64| [(f64::from(HERE.x) + x) * side, (f64::from(HERE.y) + y) * side];
    let own = vec![vec![corner(0.0, 0.0), corner(0.9, 0.0), corner(0.9, 1.0), corner(0.0, 1.0)]];
    let drawn = draw(&tile(), &cut(HERE, 256), &style(14.0), &own).unwrap();
    let alpha = |x: usize, y: usize| drawn.image.pixels[y * 256 + x].a();
    assert_eq!(alpha(200, 200), 0, "the park inside");
    assert!(alpha(245, 200) > 0, "the park outside");
    assert!(alpha(60, 60) > 100, "water stays");
}

#[test]
fn a_real_tile_is_drawn_with_its_river_and_roads() {
    let mut archive = crate::tiles::archive::Archive::open(&florence()).unwrap();
    let bytes = archive.tile(HERE).unwrap().unwrap();
    let drawn = draw(&bytes, &cut(HERE, 512), &style(14.0), &[]).unwrap();
    // A text of the picture: 16 by 16 fields, by how much is drawn in each.
    let picture: Vec<String> = (0..16)
        .map(|row| {
            let field = |column: usize| {
                let cells = (0..32).flat_map(|y| (0..32).map(move |x| (column * 32 + x, row * 32 + y)));
                let sum: u32 = cells.map(|(x, y)| u32::from(drawn.image.pixels[y * 512 + x].a())).sum();
                match sum / 1024 {
                    0 => ' ',
                    1..=9 => '.',
                    10..=29 => 'o',
                    _ => '#',
                }
            };
            (0..16).map(field).collect()
        })
        .collect();
    let wanted = include_str!("../../../tests/tiles/florence.txt");
    assert_eq!(picture.join("\n"), wanted.trim_end_matches('\n'));
}
