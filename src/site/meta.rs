//! `site.toml`: who, where and when a site is. Owns the file's shape; never reads other files.

use serde::Deserialize;

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
    /// Datum of every coordinate in the folder.
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
}

/// Geodetic datum of stored coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Datum {
    /// World Geodetic System 1984.
    #[serde(rename = "WGS84")]
    Wgs84,
    /// China Geodetic Coordinate System 2000: WGS 84 to well under a metre for display.
    #[serde(rename = "CGCS2000")]
    Cgcs2000,
    /// The shifted datum of most Chinese web maps.
    #[serde(rename = "GCJ02")]
    Gcj02,
    /// Baidu's second shift on top of GCJ-02.
    #[serde(rename = "BD09")]
    Bd09,
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
