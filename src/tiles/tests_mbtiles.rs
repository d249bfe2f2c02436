//! Databases of tiles that are whole, cut off, broken, made up or hostile; nothing is written beside them.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::address::Address;
use super::archive::Archive;
use super::mbtiles::Database;
use super::mvt::{self, Builder, Shape};
use super::{Content, TileError};

const FLAT: &str =
    "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);
    CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row);
    CREATE TABLE metadata (name text, value text);";

/// The same tiles stored once each, as the programs do that write large archives.
const SHARED: &str =
    "CREATE TABLE map (zoom_level integer, tile_column integer, tile_row integer, tile_id text);
    CREATE UNIQUE INDEX map_index ON map (zoom_level, tile_column, tile_row);
    CREATE TABLE images (tile_id text PRIMARY KEY, tile_data blob);
    CREATE TABLE metadata (name text, value text);
    CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, tile_data
        FROM map JOIN images ON images.tile_id = map.tile_id;";

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tiles").join(name)
}

/// A database in a folder of its own, its name full of what an address would take for something else.
fn made(statements: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("底图 50%#1?.mbtiles");
    Connection::open(&path).unwrap().execute_batch(statements).unwrap();
    (dir, path)
}

fn opened(statements: &str) -> Result<Database, TileError> {
    let (_dir, path) = made(statements);
    Database::open(&path)
}

fn lake() -> Vec<u8> {
    let mut builder = Builder::default();
    builder.add("water", Shape::Rings, &[], &[vec![[0, 0], [90, 0], [90, 90]]]);
    builder.bytes()
}

/// Sixteen rows of a flat database whose tiles fill several pages.
fn many() -> (tempfile::TempDir, PathBuf) {
    let (dir, path) = made(FLAT);
    let rows = Connection::open(&path).unwrap();
    for x in 0..16 {
        let mut tile = lake();
        // A field that no reader of vector tiles knows, and large.
        tile.extend([0x7a, 0x80, 0x08]);
        tile.extend([x as u8; 1024]);
        rows.execute("INSERT INTO tiles VALUES (4, ?1, 3, ?2)", (x, tile)).unwrap();
    }
    rows.execute_batch("INSERT INTO metadata VALUES ('format', 'pbf'), ('minzoom', 4), ('maxzoom', 4)")
        .unwrap();
    (dir, path)
}

/// Made by the PMTiles project's own converter: what it says and holds is what the archive says and holds.
#[test]
fn a_converted_archive_is_the_archive() {
    let mut archive = Archive::open(&fixture("florence.pmtiles")).unwrap();
    let mut database = Database::open(&fixture("florence.mbtiles")).unwrap();
    let told = database.info.clone();
    assert!(told.attribution.contains("OpenStreetMap"), "{}", told.attribution);
    assert_eq!(told, archive.info);
    let mut found = 0;
    for z in 11..=15_u8 {
        let middle = Address { z: 14, x: 8705, y: 5973 };
        let (x, y) = match z {
            15 => (middle.x * 2, middle.y * 2),
            z => (middle.x >> (14 - z), middle.y >> (14 - z)),
        };
        for address in (x - 2..=x + 2).flat_map(|x| (y - 2..=y + 2).map(move |y| Address { z, x, y })) {
            let tile = database.tile(address).unwrap();
            assert_eq!(tile, archive.tile(address).unwrap(), "{address:?}");
            found += usize::from(tile.is_some());
        }
    }
    assert_eq!(found, 2);
}

#[test]
fn tiles_that_are_stored_once_are_found_at_each_of_their_places() {
    let rows = "INSERT INTO map VALUES (2, 1, 3, 'a'), (2, 2, 0, 'a'), (2, 3, 3, 'b');
        INSERT INTO images VALUES ('a', x'0102'), ('b', x'03');
        INSERT INTO metadata VALUES ('format', 'pbf'), ('schematic', 'true');";
    let mut database = opened(&format!("{SHARED}{rows}")).unwrap();
    assert_eq!((database.info.min_zoom, database.info.max_zoom), (2, 2));
    assert!(database.info.is_schematic && database.info.attribution.is_empty());
    // Rows are counted from the south in the file, and from the north here.
    let at = |x, y| Address { z: 2, x, y };
    assert_eq!(database.tile(at(1, 0)), Ok(Some(vec![1, 2])));
    assert_eq!(database.tile(at(2, 3)), Ok(Some(vec![1, 2])));
    assert_eq!(database.tile(at(3, 0)), Ok(Some(vec![3])));
    assert_eq!(database.tile(at(1, 3)), Ok(None));
    // Outside the world there is nothing.
    assert_eq!(database.tile(at(1, 4)), Ok(None));
    assert_eq!(database.tile(Address { z: 60, x: 0, y: 0 }), Ok(None));
}

#[test]
fn what_the_metadata_leaves_out_is_taken_from_the_tiles() {
    let png = "INSERT INTO tiles VALUES (3, 0, 0, x'89504e470d0a1a0a'), (7, 0, 0, x'89504e470d0a1a0a');";
    let info = opened(&format!("{FLAT}{png}")).unwrap().info;
    assert_eq!((info.content, info.min_zoom, info.max_zoom, info.bounds), (Content::Raster, 3, 7, None));
    // No line of metadata, and no table of it either.
    let without = format!("{FLAT} DROP TABLE metadata; INSERT INTO tiles VALUES (5, 0, 0, x'1f8b')");
    let info = opened(&without).unwrap().info;
    assert_eq!((info.content, info.min_zoom, info.max_zoom), (Content::Vector, 5, 5));
    for (format, content) in [("jpg", Content::Raster), ("webp", Content::Raster), ("pbf", Content::Vector)] {
        let line = format!("INSERT INTO metadata VALUES ('format', '{format}'), ('bounds', '1,2, 3.5,4')");
        let info = opened(&format!("{FLAT}{line}")).unwrap().info;
        assert_eq!((info.content, info.bounds), (content, Some([1.0, 2.0, 3.5, 4.0])), "{format}");
    }
    for bounds in ["", "1,2,3", "1,2,3,x", "1,2,3,4,5", "1,2,NaN,4"] {
        let line = format!("INSERT INTO metadata VALUES ('format', 'png'), ('bounds', '{bounds}')");
        assert_eq!(opened(&format!("{FLAT}{line}")).unwrap().info.bounds, None, "{bounds}");
    }
    let terrain = format!("{FLAT} INSERT INTO metadata VALUES ('format', 'quantized-mesh')");
    assert_eq!(opened(&terrain).unwrap_err(), TileError::Unsupported("quantized-mesh".to_owned()));
}

#[test]
fn a_file_that_is_not_there_or_no_database_of_tiles_is_told_apart() {
    assert_eq!(Database::open(&fixture("no-such.mbtiles")).unwrap_err(), TileError::Missing);
    let no_archive = Err(TileError::NoArchive("MBTiles"));
    let open = |path: &Path| Database::open(path).map(|_| ());
    assert_eq!(open(&fixture("florence.pmtiles")), no_archive);
    assert_eq!(opened("CREATE TABLE people (a, b)").map(|_| ()), no_archive);
    assert_eq!(opened("CREATE TABLE tiles (a, b)").map(|_| ()), no_archive);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("page"), vec![b'<'; 4000]).unwrap();
    assert_eq!(open(&dir.path().join("page")), no_archive);
    std::fs::write(dir.path().join("empty"), b"").unwrap();
    assert_eq!(open(&dir.path().join("empty")), Err(TileError::Truncated));
    // What is no picture of bytes at all.
    let text = "INSERT INTO tiles VALUES (1, 0, 0, 'a text'); INSERT INTO metadata VALUES ('format', 'png')";
    assert_eq!(
        opened(&format!("{FLAT}{text}")).unwrap().tile(Address { z: 1, x: 0, y: 1 }),
        Err(TileError::Corrupt)
    );
}

/// A download that stops anywhere: what came is used, what did not is told, nothing panics.
#[test]
fn a_half_downloaded_database_gives_what_it_has() {
    let (dir, path) = many();
    let whole = std::fs::read(&path).unwrap();
    let part = dir.path().join("part");
    let (mut there, mut cut) = (0, 0);
    for end in (0..whole.len()).step_by(101) {
        std::fs::write(&part, &whole[..end]).unwrap();
        match Database::open(&part) {
            Err(error) => assert_eq!(error, TileError::Truncated, "{end}"),
            Ok(mut database) => {
                assert!(database.info.is_cut, "{end}");
                for x in 0..16 {
                    match database.tile(Address { z: 4, x, y: 12 }) {
                        Ok(tile) => there += usize::from(mvt::layers(&tile.unwrap()).is_ok()),
                        Err(error) => {
                            assert_eq!(error, TileError::Truncated);
                            cut += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(there > 50 && cut > 20, "{there} tiles and {cut} errors");
}

#[test]
fn flipped_bytes_are_survived() {
    let (dir, path) = many();
    let whole = std::fs::read(&path).unwrap();
    let broken = dir.path().join("broken");
    for at in (0..whole.len()).step_by(37).chain(0..120) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        std::fs::write(&broken, &bytes).unwrap();
        if let Ok(mut database) = Database::open(&broken) {
            for x in 0..16 {
                drop(database.tile(Address { z: 4, x, y: 12 }));
            }
        }
    }
}

/// A view may compute without end, and a tile may unpack or be made without bound.
#[test]
fn a_hostile_database_costs_little() {
    let endless = "CREATE TABLE metadata (name text, value text);
        INSERT INTO metadata VALUES ('format', 'png'), ('minzoom', 0), ('maxzoom', 9);
        CREATE VIEW tiles AS WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n)
            SELECT i AS zoom_level, i AS tile_column, i AS tile_row, x'00' AS tile_data FROM n;";
    let mut database = opened(endless).unwrap();
    for _ in 0..2 {
        assert_eq!(database.tile(Address { z: 0, x: 0, y: 0 }), Err(TileError::Unindexed));
    }
    // The same where the metadata is what never ends: it is left out, and the tiles are there.
    let endless = "DROP TABLE metadata; CREATE VIEW metadata AS WITH RECURSIVE n(i) AS
            (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS name, i AS value FROM n WHERE i < 0;
        INSERT INTO tiles VALUES (0, 0, 0, x'01')";
    let mut database = opened(&format!("{FLAT}{endless}")).unwrap();
    assert_eq!(database.tile(Address { z: 0, x: 0, y: 0 }), Ok(Some(vec![1])));
    let large =
        "CREATE TABLE metadata (name text, value text); INSERT INTO metadata VALUES ('format', 'png');
        CREATE VIEW tiles AS SELECT 0 AS zoom_level, 0 AS tile_column, 0 AS tile_row,
            zeroblob(1000000000) AS tile_data;";
    let mut database = opened(large).unwrap();
    assert_eq!(database.tile(Address { z: 0, x: 0, y: 0 }), Err(TileError::Corrupt));
}

#[test]
fn nothing_is_written_beside_it_and_what_is_still_being_written_is_told() {
    let (dir, path) = many();
    let names = |dir: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let writer = Connection::open(&path).unwrap();
    writer.query_row("PRAGMA journal_mode = wal", [], |_| Ok(())).unwrap();
    drop(writer);
    let (before, bytes) = (names(dir.path()), std::fs::read(&path).unwrap());
    let mut database = Database::open(&path).unwrap();
    assert!(!database.info.is_cut && database.tile(Address { z: 4, x: 0, y: 12 }).unwrap().is_some());
    assert_eq!((names(dir.path()), std::fs::read(&path).unwrap()), (before, bytes));
    // A program that has it open and has not put its last tiles into the file.
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("INSERT INTO tiles VALUES (4, 0, 0, x'00')").unwrap();
    assert!(Database::open(&path).unwrap().info.is_cut);
    drop(writer);
    assert!(!Database::open(&path).unwrap().info.is_cut);
}
