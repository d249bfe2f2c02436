//! `site.toml`: who, where and when a site is. Owns the file's shape; never reads other files.

use serde::Deserialize;

use super::datum::Datum;
use super::text::Bilingual;

/// The whole of `site.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteMeta {
    /// Version of the file's shape; 1 today.
    pub format: u32,
    /// Short name for files and logs.
    pub id: String,
    /// The place.
    pub name: Bilingual,
    /// Headline of the top band.
    pub title: Bilingual,
    /// Second part of the headline, in the accent colour.
    pub subtitle: Bilingual,
    /// IANA zone name; every day boundary is this zone's.
    pub time_zone: String,
    /// Datum of every coordinate in the folder that says nothing else. Inside the program there is one only.
    pub datum: Datum,
    /// Code of the top area.
    pub root_area: String,
    /// Whether areas below the top are sketches rather than surveyed boundaries.
    #[serde(default)]
    pub areas_schematic: bool,
    /// Scene shown first and returned to.
    pub home_scene: String,
    /// Indicator that colours the map first.
    pub home_indicator: String,
    /// Area levels from the top down.
    #[serde(rename = "level")]
    pub levels: Vec<LevelMeta>,
    /// When figures are due.
    pub calendar: CalendarMeta,
    /// The room the wall hangs in.
    pub room: RoomMeta,
    /// Present only in sample sites: everything shown is marked as demonstration data.
    #[serde(default)]
    pub sample: Option<SampleMeta>,
    /// Which table is the event stream, if the site has one.
    #[serde(default)]
    pub events: Option<EventsMeta>,
    /// Who made the geometry.
    #[serde(default, rename = "attribution")]
    pub attributions: Vec<AttributionMeta>,
    /// Context layers of the map.
    #[serde(default, rename = "layer")]
    pub layers: Vec<LayerMeta>,
    /// Base maps, the lowest first.
    #[serde(default, rename = "base_map")]
    pub base_maps: Vec<BaseMapMeta>,
}

/// Where a base map comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseMapKind {
    /// A local archive, vector or raster.
    Pmtiles,
    /// The same in an SQLite database.
    Mbtiles,
    /// Pictures of a server by zoom, column and row.
    Xyz,
    /// The same from a WMTS in the web's projection, its parameters written out in the address.
    Wmts,
}

impl BaseMapKind {
    /// Whether it is a file of the site, not a server.
    #[must_use]
    pub const fn is_file(self) -> bool {
        matches!(self, Self::Pmtiles | Self::Mbtiles)
    }
}

/// One base map.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseMapMeta {
    /// Name of the base map.
    pub id: String,
    /// Where it comes from.
    pub kind: BaseMapKind,
    /// Archive, relative to the site folder.
    #[serde(default)]
    pub path: Option<String>,
    /// Address with `{z}`, `{x}`, `{y}` (or `{-y}`), and where needed `{s}` and `{token}`.
    #[serde(default)]
    pub url: Option<String>,
    /// What `{s}` stands for, in turn.
    #[serde(default)]
    pub subdomains: Vec<String>,
    /// Variable of the environment that holds the token; the token itself is in no file.
    #[serde(default)]
    pub token_env: Option<String>,
    /// Who made it, where the source itself does not say.
    #[serde(default)]
    pub attribution: Option<Bilingual>,
    /// Lowest zoom to use.
    #[serde(default)]
    pub min_zoom: Option<u8>,
    /// Deepest zoom to use; beyond it tiles are enlarged.
    #[serde(default)]
    pub max_zoom: Option<u8>,
    /// Datum of the tiles' grid.
    pub datum: Datum,
    /// Most that is stored on disk of a server's tiles, in MiB.
    #[serde(default)]
    pub cache_mib: Option<u64>,
}

/// One level of the area hierarchy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelMeta {
    /// Name used by `finest_area`.
    pub id: String,
    /// What a person calls the level.
    pub name: Bilingual,
    /// Length of an area code of this level.
    pub code_length: usize,
}

/// When regular figures are due.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarMeta {
    /// Civil time `HH:MM` at which yesterday's figures are due.
    pub day_due_at: String,
    /// Day of the month on which last month's figures are due.
    pub month_due_on_day: u8,
}

/// Viewing room of the wall; type is sized from it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomMeta {
    /// Distance of the farthest reader, in metres.
    pub viewing_distance_meters: f32,
    /// Distance between neighbouring pixels of the wall, in millimetres.
    pub pixel_pitch_millimeters: f32,
}

/// What makes a site a sample.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleMeta {
    /// Last complete day of the data, `YYYY-MM-DD`; the demo's "today" is the day after.
    pub anchor_date: String,
}

/// One line of attribution.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributionMeta {
    /// The line, in both languages.
    pub text: Bilingual,
}

/// One context layer of the map.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerMeta {
    /// Name of the layer.
    pub id: String,
    /// `GeoJSON` file, relative to the site folder.
    #[serde(default)]
    pub file: Option<String>,
    /// Object table with `lng` and `lat`.
    #[serde(default)]
    pub table: Option<String>,
    /// How it is drawn.
    pub kind: LayerKind,
    /// Datum of the file, where it is not the site's.
    #[serde(default)]
    pub datum: Option<Datum>,
}

/// How a context layer is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerKind {
    /// Polygons around the district, receding.
    Surroundings,
    /// Lines and stations.
    Transit,
    /// Many points as the fabric of the city.
    Texture,
}

/// Which table is the event stream and what its columns mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsMeta {
    /// The table.
    pub table: String,
    /// Key column.
    pub id: String,
    /// Column of the area code.
    pub area: String,
    /// Column of the kind; must have a code list.
    pub kind: String,
    /// Column of the severity, 1 (minor) to 4 (extreme) as in CAP 1.2.
    pub severity: String,
    /// Column of the status; must have a code list.
    pub status: String,
    /// Column of the opening time.
    pub opened: String,
    /// Column of the time limit.
    pub due: String,
    /// Column of the closing time.
    pub closed: String,
    /// Column of the handling organisation; must have a code list.
    pub organisation: String,
    /// Column of the longitude of an object event; null where only the area is known.
    pub longitude: String,
    /// Column of the latitude.
    pub latitude: String,
    /// Column that marks drills (0 or 1): never counted, never shown as real.
    pub exercise: String,
    /// Status codes that mean the event is still open.
    pub open_statuses: Vec<String>,
    /// Kinds that are about objects. Only these may carry a point; without the list, none may.
    #[serde(default)]
    pub object_kinds: Vec<String>,
}
