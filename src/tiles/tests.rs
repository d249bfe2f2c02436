//! Archives that are whole, cut off, broken or made up; the cache of a server's tiles; a server that misbehaves.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use super::address::Address;
use super::archive::Archive;
use super::mvt::{Builder, Shape, Value};
use super::pack::pack;
use super::schema::{Kind, Schema, kind};
use super::{Content, TileError, mvt, picture, plain};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tiles").join(name)
}

fn small_archive() -> Vec<u8> {
    let mut tiles = BTreeMap::new();
    for z in 3..6_u8 {
        for x in 0..4_u32 {
            let mut builder = Builder::default();
            let side = i32::from(z) * 100;
            builder.add(
                "water",
                Shape::Rings,
                &[("kind", Value::Text("lake"))],
                &[vec![[0, 0], [side, 0], [side, side]]],
            );
            tiles.insert(Address { z, x, y: 1 }, builder.bytes());
        }
    }
    let metadata =
        serde_json::json!({ "attribution": "<a href=\"x\">Us</a> &amp; them &copy;", "schematic": true });
    pack(Content::Vector, &tiles, &metadata, [-10.0, -5.0, 10.0, 5.5]).unwrap()
}

fn written(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[test]
fn what_we_write_we_read() {
    let file = written(&small_archive());
    let mut archive = Archive::open(file.path()).unwrap();
    assert_eq!(archive.info.attribution, "Us & them \u{a9}");
    assert!(archive.info.is_schematic && !archive.info.is_cut && archive.info.content == Content::Vector);
    assert_eq!((archive.info.min_zoom, archive.info.max_zoom), (3, 5));
    assert_eq!(archive.info.bounds, Some([-10.0, -5.0, 10.0, 5.5]));
    for z in 3..6_u8 {
        let tile = archive.tile(Address { z, x: 3, y: 1 }).unwrap().unwrap();
        let layers = mvt::layers(&tile).unwrap();
        let part = layers[0].features().next().unwrap().parts().unwrap();
        assert_eq!(part[0][1], [i32::from(z) * 100, 0]);
    }
    assert_eq!(archive.tile(Address { z: 3, x: 5, y: 1 }), Ok(None));
    assert_eq!(archive.tile(Address { z: 9, x: 5, y: 1 }), Ok(None));
}

#[test]
fn equal_tiles_are_stored_once() {
    let one: BTreeMap<_, _> = [(Address { z: 8, x: 0, y: 0 }, vec![7; 900])].into();
    let many: BTreeMap<_, _> = (0..60).map(|x| (Address { z: 8, x, y: 0 }, vec![7; 900])).collect();
    let size = |tiles| pack(Content::Vector, &tiles, &serde_json::json!({}), [0.0; 4]).unwrap().len();
    assert!(size(many) < size(one) + 400);
}

#[test]
fn an_archive_that_is_not_there_or_none_is_told_apart() {
    let missing = Archive::open(&fixture("no-such.pmtiles")).unwrap_err();
    assert_eq!(missing, TileError::Missing);
    assert_eq!(Archive::open(written(&[b'x'; 5000]).path()).unwrap_err(), TileError::NoArchive("PMTiles"));
    assert_eq!(Archive::open(written(b"").path()).unwrap_err(), TileError::Truncated);
    let mut old = small_archive();
    old[7] = 2;
    assert_eq!(
        Archive::open(written(&old).path()).unwrap_err(),
        TileError::Unsupported("PMTiles 2".to_owned())
    );
}

/// A download that stops anywhere: what came is used, what did not is told, nothing panics.
#[test]
fn a_half_downloaded_archive_gives_what_it_has() {
    let whole = small_archive();
    let (mut cut, mut opened) = (0, 0);
    for end in 0..whole.len() {
        match Archive::open(written(&whole[..end]).path()) {
            Err(error) => {
                assert!(matches!(error, TileError::Truncated | TileError::NoArchive(_)), "{end}: {error:?}");
            }
            Ok(mut archive) => {
                assert!(archive.info.is_cut, "{end}");
                opened += 1;
                for z in 3..6_u8 {
                    for x in 0..4 {
                        match archive.tile(Address { z, x, y: 1 }) {
                            Ok(tile) => assert!(mvt::layers(&tile.unwrap()).is_ok()),
                            Err(error) => {
                                assert_eq!(error, TileError::Truncated);
                                cut += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(opened > 100 && cut > 100);
}

#[test]
fn flipped_bytes_are_survived() {
    let whole = small_archive();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        if let Ok(mut archive) = Archive::open(written(&bytes).path()) {
            for x in 0..4 {
                if let Ok(Some(tile)) = archive.tile(Address { z: 4, x, y: 1 }) {
                    for layer in mvt::layers(&tile).unwrap_or_default() {
                        layer.features().for_each(|feature| drop(feature.parts()));
                    }
                }
            }
        }
    }
}

#[test]
fn html_becomes_plain_text() {
    assert_eq!(plain("<a href=\"https://x.y\">Protomaps</a> \u{a9} <b>OSM</b>"), "Protomaps \u{a9} OSM");
    assert_eq!(plain("a < b"), "a");
}

/// A piece of a real archive with the names of an older Protomaps: every kind of thing is recognised.
#[test]
fn a_real_vector_archive_is_understood() {
    let mut archive = Archive::open(&fixture("florence.pmtiles")).unwrap();
    assert!(archive.info.attribution.contains("OpenStreetMap"), "{}", archive.info.attribution);
    let tile = archive.tile(Address { z: 14, x: 8705, y: 5973 }).unwrap().expect("the tile");
    let layers = mvt::layers(&tile).unwrap();
    assert_eq!(Schema::of(&layers), Schema::ProtomapsOld);
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for layer in &layers {
        for feature in layer.features() {
            assert!(feature.parts().is_ok());
            if let Some(kind) = kind(layer.name, &feature) {
                *kinds.entry(kind).or_default() += 1;
            }
        }
    }
    for wanted in
        [Kind::Water, Kind::Building, Kind::Green, Kind::Road(1), Kind::Road(2), Kind::Road(3), Kind::Road(4)]
    {
        assert!(kinds.get(&wanted).is_some_and(|n| *n > 0), "{wanted:?} in {kinds:?}");
    }
}

/// A made-up picture of hills as a lossless WebP.
fn hills() -> Vec<u8> {
    let rgb: Vec<u8> = (0..256_u32 * 256)
        .flat_map(|i| [(i % 256) as u8, (i / 256) as u8, ((i % 256) ^ (i / 256)) as u8])
        .collect();
    let mut out = Vec::new();
    image_webp::WebPEncoder::new(&mut out).encode(&rgb, 256, 256, image_webp::ColorType::Rgb8).unwrap();
    out
}

#[test]
fn a_raster_archive_gives_pictures() {
    let tiles: BTreeMap<_, _> = [(Address { z: 9, x: 88, y: 200 }, hills())].into();
    let file = written(&pack(Content::Raster, &tiles, &serde_json::json!({}), [0.0; 4]).unwrap());
    let mut archive = Archive::open(file.path()).unwrap();
    assert_eq!(archive.info.content, Content::Raster);
    let tile = archive.tile(Address { z: 9, x: 88, y: 200 }).unwrap().expect("the tile");
    let picture = picture::decode(&tile).unwrap();
    assert_eq!((picture.width, picture.height), (256, 256));
    assert_eq!(picture.rgba.get(4 * (256 * 3 + 7)..4 * (256 * 3 + 8)), Some(&[7, 3, 4, 255][..]));
    assert_eq!(picture::decode(&tile[..tile.len() / 3]), Err(TileError::Corrupt));
    assert_eq!(picture::decode(b"<html>log in</html>"), Err(TileError::Corrupt));
}

#[test]
fn png_and_its_kinds_are_read() {
    for (kind, depth, row) in [
        (png::ColorType::Rgb, png::BitDepth::Eight, vec![1, 2, 3, 4, 5, 6]),
        (png::ColorType::Rgba, png::BitDepth::Eight, vec![1, 2, 3, 255, 4, 5, 6, 255]),
        (png::ColorType::Grayscale, png::BitDepth::Eight, vec![9, 8]),
        (png::ColorType::Grayscale, png::BitDepth::One, vec![0b1000_0000]),
    ] {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(kind);
        encoder.set_depth(depth);
        encoder.write_header().unwrap().write_image_data(&row).unwrap();
        let picture = picture::decode(&bytes).unwrap();
        assert_eq!((picture.width, picture.height, picture.rgba[3]), (2, 1, 255), "{kind:?}");
    }
}
