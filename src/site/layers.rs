//! Context layers of the map: surroundings, transit, texture. Owns their shapes; never draws them.

use super::areas::{LonLat, Polygon};
use super::text::Bilingual;

/// All context layers.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// Polygons around the district, with names.
    pub surroundings: Vec<(Bilingual, Vec<Polygon>)>,
    /// Transit lines, with the line's name.
    pub transit_lines: Vec<(Bilingual, Vec<LonLat>)>,
    /// Transit stations, with names.
    pub stations: Vec<(Bilingual, LonLat)>,
    /// Object tables that are drawn as the fabric of the city.
    pub texture_tables: Vec<String>,
}
