//! What a feature of a vector tile is, whoever made the tile: Protomaps (old and new), OpenMapTiles, or an office's own
//! names. Owns the one place where names of layers and properties are known; draws nothing.

use super::mvt::{Feature, Layer, Shape, Value};

/// Whose names a tile uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Schema {
    /// Protomaps before version 3: `pmap:kind`.
    ProtomapsOld,
    /// Protomaps from version 3: `kind`.
    Protomaps,
    /// OpenMapTiles: `class`.
    OpenMapTiles,
    /// Anything else, read by the usual words.
    #[default]
    Own,
}

impl Schema {
    /// Name for the log and for a check.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProtomapsOld => "Protomaps 1-2",
            Self::Protomaps => "Protomaps 3+",
            Self::OpenMapTiles => "OpenMapTiles",
            Self::Own => "own",
        }
    }

    /// The schema of a tile by its layers and the properties they have.
    #[must_use]
    pub fn of(layers: &[Layer<'_>]) -> Self {
        let has = |name: &str| layers.iter().any(|l| l.name == name);
        let property = |key: &str| layers.iter().any(|l| l.features().take(4).any(|f| f.get(key).is_some()));
        if property("pmap:kind") || property("pmap:area") {
            Self::ProtomapsOld
        } else if ["transportation", "landcover", "water_name", "transportation_name"].iter().any(|n| has(n))
        {
            Self::OpenMapTiles
        } else if property("kind") && ["earth", "roads", "landuse", "water", "places"].iter().any(|n| has(n))
        {
            Self::Protomaps
        } else {
            Self::Own
        }
    }
}

/// What a feature is drawn as, from the bottom up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Woods, parks, fields, hills.
    Green,
    /// Built-up and industrial land.
    Built,
    /// Lines of equal height.
    Contour,
    /// Sea, lakes, reservoirs, wide rivers.
    Water,
    /// Rivers as lines: 0 for a river, 1 for a stream or canal, 2 for a ditch.
    Waterway(u8),
    /// Houses.
    Building,
    /// Borders, by rank: 0 for the greatest.
    Boundary(u8),
    /// Roads: 0 motorway, 1 trunk and primary, 2 secondary and tertiary, 3 streets, 4 ways on foot.
    Road(u8),
    /// Railways above ground.
    Rail,
    /// Metro lines.
    Metro,
    /// Names of places by rank: 0 for a city, 4 for a quarter.
    Place(u8),
    /// Names of waters and hills.
    Nature,
    /// Stations.
    Station,
}

fn word<'a>(feature: &Feature<'_, 'a>, keys: &[&str]) -> &'a str {
    keys.iter().find_map(|key| feature.text(key)).unwrap_or_default()
}

/// What a feature of a layer is; none where it is not drawn.
#[must_use]
pub fn kind(layer: &str, feature: &Feature<'_, '_>) -> Option<Kind> {
    // What is under the ground is not seen, but for a metro.
    let kind = word(feature, &["pmap:kind", "kind", "class", "type"]);
    let detail = word(feature, &["highway", "kind_detail", "pmap:kind_detail", "subclass"]);
    match (layer, feature.shape) {
        ("water" | "ocean" | "lakes" | "waters", Shape::Rings) => Some(Kind::Water),
        ("water" | "waterway" | "physical_line" | "rivers" | "waterways", Shape::Lines) => {
            let way = word(feature, &["waterway", "kind", "class"]);
            let bank = matches!(kind, "cliff" | "ridge" | "coastline") || matches!(way, "weir" | "dam");
            (!bank).then_some(Kind::Waterway(match way {
                "river" => 0,
                "ditch" | "drain" => 2,
                _ => 1,
            }))
        }
        ("water" | "water_name" | "physical_point" | "mountain_peak" | "hills", Shape::Points) => {
            (!feature.text("name").unwrap_or_default().is_empty()).then_some(Kind::Nature)
        }
        ("natural" | "landcover" | "park" | "parks" | "green" | "woods", Shape::Rings) => {
            let is_bare =
                matches!(kind, "sand" | "rock" | "ice" | "glacier" | "barren" | "urban_area" | "wetland");
            (!is_bare).then_some(Kind::Green)
        }
        ("landuse" | "land", Shape::Rings) => land(feature, kind),
        ("contour" | "contours", Shape::Lines) => Some(Kind::Contour),
        ("building" | "buildings", Shape::Rings) => Some(Kind::Building),
        ("road" | "roads" | "transportation" | "streets" | "highways", Shape::Lines) => {
            road(feature, kind, detail)
        }
        ("transit" | "rail" | "railway" | "railways" | "metro", Shape::Lines) => rail(layer, feature, kind),
        ("boundary" | "boundaries" | "admin", Shape::Lines) => boundary(feature),
        ("place" | "places" | "place_label", Shape::Points) => place(feature, kind),
        ("stations" | "station", Shape::Points) => Some(Kind::Station),
        _ => None,
    }
}

fn land(feature: &Feature<'_, '_>, kind: &str) -> Option<Kind> {
    let words = [kind, word(feature, &["landuse", "leisure", "natural"])];
    let is = |list: &[&str]| words.iter().any(|w| list.contains(w));
    let green = [
        "park",
        "wood",
        "forest",
        "grass",
        "grassland",
        "nature_reserve",
        "garden",
        "golf_course",
        "cemetery",
        "meadow",
        "orchard",
        "farmland",
        "scrub",
        "village_green",
        "recreation_ground",
        "national_park",
        "protected_area",
        "pitch",
        "allotments",
        "vineyard",
        "hills",
    ];
    let built = [
        "industrial",
        "commercial",
        "retail",
        "residential",
        "railway",
        "aerodrome",
        "school",
        "university",
        "hospital",
        "quarter",
    ];
    if is(&green) {
        Some(Kind::Green)
    } else if is(&built) {
        Some(Kind::Built)
    } else {
        None
    }
}

fn road(feature: &Feature<'_, '_>, kind: &str, detail: &str) -> Option<Kind> {
    let is_tunnel = feature.text("brunnel") == Some("tunnel")
        || feature.get("is_tunnel") == Some(Value::Flag(true))
        || feature.text("tunnel").is_some_and(|t| t != "no");
    if is_tunnel && feature.number("layer").unwrap_or(-1.0) < 0.0 {
        return None;
    }
    let rank = match kind {
        "highway" | "motorway" => 0,
        "major_road" | "trunk" | "primary" => 1,
        "medium_road" | "secondary" | "tertiary" => 2,
        "minor_road" | "minor" | "street" | "residential" | "unclassified" => 3,
        "service" => 3,
        "rail" | "transit" => return Some(Kind::Rail),
        "ferry" | "aerialway" | "aeroway" | "pier" => return None,
        _ => match detail {
            "motorway" | "motorway_link" => 0,
            "trunk" | "primary" | "trunk_link" | "primary_link" => 1,
            "secondary" | "tertiary" => 2,
            "residential" | "unclassified" | "service" | "living_street" => 3,
            "" if kind.is_empty() => 3,
            _ => 4,
        },
    };
    // Protomaps counts secondary roads among the major ones.
    let rank = match (rank, detail) {
        (1, "secondary" | "tertiary" | "secondary_link" | "tertiary_link") => 2,
        (2, "residential") => 3,
        (3, "service" | "alley" | "driveway" | "parking_aisle" | "path" | "footway") => 4,
        _ => rank,
    };
    Some(Kind::Road(rank))
}

fn rail(layer: &str, feature: &Feature<'_, '_>, kind: &str) -> Option<Kind> {
    let way = word(feature, &["railway", "kind_detail", "subclass", "kind"]);
    match way {
        "subway" | "metro" | "light_rail" => Some(Kind::Metro),
        "disused" | "abandoned" | "razed" | "proposed" | "construction" | "tram" => None,
        _ if layer == "metro" || kind == "metro" => Some(Kind::Metro),
        _ if matches!(kind, "aeroway" | "ferry" | "aerialway") => None,
        _ => Some(Kind::Rail),
    }
}

fn boundary(feature: &Feature<'_, '_>) -> Option<Kind> {
    if feature.number("maritime").is_some_and(|m| m > 0.0) {
        return None;
    }
    let keys = ["pmap:min_admin_level", "admin_level", "kind_detail", "rank"];
    let level = keys.iter().find_map(|k| feature.number(k));
    let by_word = match word(feature, &["kind", "class"]) {
        "country" => 2.0,
        "region" => 4.0,
        "county" => 6.0,
        _ => 8.0,
    };
    match level.unwrap_or(by_word) {
        l if l <= 2.0 => Some(Kind::Boundary(0)),
        l if l <= 4.0 => Some(Kind::Boundary(1)),
        l if l <= 6.0 => Some(Kind::Boundary(2)),
        l if l <= 8.0 => Some(Kind::Boundary(3)),
        _ => None,
    }
}

fn place(feature: &Feature<'_, '_>, kind: &str) -> Option<Kind> {
    let own = word(feature, &["place", "kind_detail", "pmap:kind_detail"]);
    let kind = if own.is_empty() { kind } else { own };
    match kind {
        "country" | "region" | "state" | "province" | "continent" => None,
        "city" => Some(Kind::Place(0)),
        "county" | "district" | "borough" => Some(Kind::Place(1)),
        "town" => Some(Kind::Place(2)),
        "suburb" | "village" | "quarter" => Some(Kind::Place(3)),
        "locality" | "square" | "corner" | "isolated_dwelling" | "farm" => None,
        _ => Some(Kind::Place(4)),
    }
}
