//! `GeoJSON` as a site uses it: features with names and shapes. Owns the reading of geometry; never the meaning of a
//! feature.

use serde_json::Value;

use super::areas::{LonLat, Polygon, Ring};
use super::datum::Datum;
use super::text::{Bilingual, Message};

/// One feature.
#[derive(Debug, Clone)]
pub(super) struct Feature {
    pub(super) properties: serde_json::Map<String, Value>,
    pub(super) shape: Shape,
}

/// Geometry of a feature.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Polygons(Vec<Polygon>),
    Lines(Vec<Vec<LonLat>>),
    Point(LonLat),
}

impl Feature {
    /// A text property; empty where absent.
    pub(super) fn text(&self, key: &str) -> String {
        match self.properties.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }

    /// A number property.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.properties.get(key).and_then(Value::as_f64)
    }

    /// The same feature in the datum inside the program, with the place of its label.
    pub(super) fn to_inside(mut self, datum: Datum) -> Self {
        if !datum.is_shifted() {
            return self;
        }
        if let (Some(lon), Some(lat)) = (self.number("lon"), self.number("lat")) {
            let [lon, lat] = datum.to_inside([lon, lat]);
            self.properties.insert("lon".to_owned(), lon.into());
            self.properties.insert("lat".to_owned(), lat.into());
        }
        match &mut self.shape {
            Shape::Polygons(polygons) => {
                polygons.iter_mut().flatten().flatten().for_each(|p| *p = datum.to_inside(*p));
            }
            Shape::Lines(lines) => lines.iter_mut().flatten().for_each(|p| *p = datum.to_inside(*p)),
            Shape::Point(point) => *point = datum.to_inside(*point),
        }
        self
    }

    /// `name_zh` and `name_en`.
    pub(super) fn name(&self) -> Bilingual {
        let zh = self.text("name_zh");
        let en = self.text("name_en");
        Bilingual { en: if en.is_empty() { zh.clone() } else { en }, zh }
    }
}

/// Reads a `FeatureCollection`. Features whose geometry cannot be used come back by number (from 0).
pub(super) fn read(text: &str) -> Result<(Vec<Feature>, Vec<usize>), serde_json::Error> {
    let value: Value = serde_json::from_str(text)?;
    let mut features = Vec::new();
    let mut refused = Vec::new();
    let list = value.get("features").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (number, feature) in list.iter().enumerate() {
        let properties = feature.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        match feature.get("geometry").and_then(shape) {
            Some(shape) => features.push(Feature { properties, shape }),
            None => refused.push(number),
        }
    }
    Ok((features, refused))
}

/// The polygons of a file that holds a geometry, a feature or several, in the datum inside the program, and why they
/// cannot be used. `declared` is the datum where the file has no `"datum"` of its own.
///
/// # Errors
/// The message that says what is wrong.
pub fn polygons(text: &str, declared: Option<Datum>) -> Result<Vec<Polygon>, Message> {
    let value: Value =
        serde_json::from_str(text).map_err(|err| Message::new("cli.shape_json").with("error", err))?;
    let named = value.get("datum").and_then(Value::as_str);
    let datum = match named {
        Some(name) => Datum::ALL.into_iter().find(|d| d.name() == name),
        None => declared,
    };
    let datum = datum.ok_or_else(|| Message::new("cli.shape_datum"))?;
    let features = value.get("features").and_then(Value::as_array);
    let geometries: Vec<&Value> = match features {
        Some(list) => list.iter().filter_map(|f| f.get("geometry")).collect(),
        None => vec![value.get("geometry").unwrap_or(&value)],
    };
    let mut out = Vec::new();
    for geometry in geometries {
        match shape(geometry) {
            Some(Shape::Polygons(polygons)) => out.extend(polygons),
            _ => return Err(Message::new("cli.shape_polygon")),
        }
    }
    out.iter_mut().flatten().flatten().for_each(|p| *p = datum.to_inside(*p));
    if out.is_empty() { Err(Message::new("cli.shape_polygon")) } else { Ok(out) }
}

fn shape(geometry: &Value) -> Option<Shape> {
    let coordinates = geometry.get("coordinates")?;
    match geometry.get("type")?.as_str()? {
        "Polygon" => Some(Shape::Polygons(vec![polygon(coordinates)?])),
        "MultiPolygon" => {
            Some(Shape::Polygons(coordinates.as_array()?.iter().map(polygon).collect::<Option<_>>()?))
        }
        "LineString" => Some(Shape::Lines(vec![line(coordinates)?])),
        "MultiLineString" => {
            Some(Shape::Lines(coordinates.as_array()?.iter().map(line).collect::<Option<_>>()?))
        }
        "Point" => Some(Shape::Point(point(coordinates)?)),
        _ => None,
    }
}

fn polygon(value: &Value) -> Option<Polygon> {
    value.as_array()?.iter().map(ring).collect()
}

fn ring(value: &Value) -> Option<Ring> {
    let mut ring = line(value)?;
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    (ring.len() >= 3).then_some(ring)
}

fn line(value: &Value) -> Option<Vec<LonLat>> {
    value.as_array()?.iter().map(point).collect()
}

fn point(value: &Value) -> Option<LonLat> {
    let pair = value.as_array()?;
    let lon = pair.first()?.as_f64()?;
    let lat = pair.get(1)?.as_f64()?;
    (lon.is_finite() && lat.is_finite() && lon.abs() <= 180.0 && lat.abs() <= 90.0).then_some([lon, lat])
}
