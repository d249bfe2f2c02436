//! Owns reading a template folder: generate.toml, and what it needs of site.toml and the layers.
//! Never writes, and never checks what the site reader checks.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::GenerateError;
use super::areas::{AreasSpec, CommunitySpec};
use super::base::BaseSpec;
use super::calendar::CalendarSpec;
use super::cases_spec::CasesSpec;
use super::collection::CollectionSpec;
use super::disputes::DisputesSpec;
use super::enforcement::EnforcementSpec;
use super::enterprise::EnterpriseSpec;
use super::governance::GovernanceSpec;
use super::hazards::HazardsSpec;
use super::legal::LegalSpec;
use super::people::PeopleSpec;
use super::psych::PsychSpec;
use super::safety::SafetySpec;
use super::supervision::SupervisionSpec;
use super::town::TownSpec;
use crate::site::calendar::{self, Calendar};

/// A text in both languages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub(super) zh: String,
    pub(super) en: String,
}

/// Rows wanted: in the sample, and at scale 1.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Volume(pub(super) f64, pub(super) f64);

/// A code and how often it occurs.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Weighted(pub(super) String, pub(super) f64);

/// generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    /// Version of the file format.
    pub(super) format: i64,
    pub(super) areas: AreasSpec,
    pub(super) community: Vec<CommunitySpec>,
    pub(super) calendar: CalendarSpec,
    pub(super) town: TownSpec,
    pub(super) cases: CasesSpec,
    pub(super) hazards: HazardsSpec,
    pub(super) disputes: DisputesSpec,
    pub(super) safety: SafetySpec,
    pub(super) governance: GovernanceSpec,
    pub(super) people: PeopleSpec,
    pub(super) psych: PsychSpec,
    pub(super) enterprise: EnterpriseSpec,
    pub(super) legal: LegalSpec,
    pub(super) collection: CollectionSpec,
    pub(super) enforcement: EnforcementSpec,
    pub(super) supervision: SupervisionSpec,
    #[serde(default)]
    pub(super) base_map: Option<BaseSpec>,
}

/// What the generator needs of site.toml.
#[derive(Debug)]
pub(super) struct SiteFacts {
    pub(super) root_area: String,
    pub(super) name: Texts,
    pub(super) time_zone: String,
    pub(super) anchor: jiff::civil::Date,
}

#[derive(Deserialize)]
struct SiteFile {
    root_area: String,
    name: Texts,
    time_zone: String,
    sample: SampleFile,
}

#[derive(Deserialize)]
struct SampleFile {
    anchor_date: String,
}

/// A community's point and names.
#[derive(Clone, Debug)]
pub(super) struct PlacePoint {
    pub(super) code: String,
    pub(super) name: Texts,
    pub(super) subdistrict: Texts,
    pub(super) subdistrict_code: String,
    pub(super) lon: f64,
    pub(super) lat: f64,
}

/// A template folder, read.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) spec: Spec,
    pub(super) site: SiteFacts,
    /// Holidays and days of rest, as the site knows them.
    pub(super) calendar: Calendar,
    pub(super) outline: Vec<Vec<[f64; 2]>>,
    pub(super) places: Vec<PlacePoint>,
    /// Named shapes of the site's context layers: surroundings and transit.
    pub(super) context: Vec<Context>,
}

/// A named shape of a context layer.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) name: Texts,
    pub(super) shape: ContextShape,
}

/// What a context layer holds.
#[derive(Clone, Debug)]
pub(super) enum ContextShape {
    /// A district around: its outer rings.
    Rings(Vec<Vec<[f64; 2]>>),
    /// A transit line.
    Line(Vec<[f64; 2]>),
    /// A station.
    Point([f64; 2]),
}

/// Reads the template.
pub(super) fn read(dir: &Path) -> Result<Template, GenerateError> {
    let spec: Spec = toml_file(&dir.join("generate.toml"))?;
    if spec.format != 1 {
        return Err(bad(&dir.join("generate.toml"), format!("format {} is not known", spec.format)));
    }
    let path = dir.join("site.toml");
    let site: SiteFile = toml_file(&path)?;
    let anchor =
        site.sample.anchor_date.parse().map_err(|error: jiff::Error| bad(&path, error.to_string()))?;
    let site = SiteFacts { root_area: site.root_area, name: site.name, time_zone: site.time_zone, anchor };
    let path = dir.join(calendar::FILE);
    let (calendar, problems) = Calendar::read(&text(&path)?);
    if let Some(problem) = problems.first() {
        return Err(bad(&path, format!("row {}: {}", problem.row.unwrap_or(1), problem.message.key)));
    }
    let outline = outline(&dir.join(&spec.areas.outline))?;
    let places = places(&dir.join(&spec.areas.communities))?;
    let mut shapes = Vec::new();
    for file in spec.base_map.iter().flat_map(|base| &base.context) {
        context(&dir.join(file), &mut shapes)?;
    }
    Ok(Template { spec, site, calendar, outline, places, context: shapes })
}

fn bad(path: &Path, problem: impl Into<String>) -> GenerateError {
    GenerateError::Template { path: path.to_owned(), problem: problem.into() }
}

fn text(path: &Path) -> Result<String, GenerateError> {
    std::fs::read_to_string(path).map_err(|source| GenerateError::Io { path: PathBuf::from(path), source })
}

fn toml_file<T: DeserializeOwned>(path: &Path) -> Result<T, GenerateError> {
    toml::from_str(&text(path)?).map_err(|error| bad(path, error.to_string()))
}

/// The rings of the first polygon of a `GeoJSON` file: outer ring first.
fn outline(path: &Path) -> Result<Vec<Vec<[f64; 2]>>, GenerateError> {
    let json: serde_json::Value =
        serde_json::from_str(&text(path)?).map_err(|error| bad(path, error.to_string()))?;
    let first = json.get("features").and_then(|features| features.get(0)).unwrap_or(&json);
    let geometry = first.get("geometry").unwrap_or(first);
    let mut coordinates = geometry.get("coordinates").cloned().unwrap_or_default();
    if geometry.get("type").and_then(|kind| kind.as_str()) == Some("MultiPolygon") {
        coordinates = coordinates.get(0).cloned().unwrap_or_default();
    }
    let rings: Vec<Vec<Vec<f64>>> =
        serde_json::from_value(coordinates).map_err(|error| bad(path, error.to_string()))?;
    let point = |p: &Vec<f64>| match p.as_slice() {
        [lon, lat, ..] => Some([*lon, *lat]),
        _ => None,
    };
    let rings: Vec<Vec<[f64; 2]>> =
        rings.iter().map(|ring| ring.iter().filter_map(point).collect()).collect();
    if rings.first().is_none_or(|ring| ring.len() < 4) {
        return Err(bad(path, "no polygon found"));
    }
    Ok(rings)
}

/// The features of a context layer.
fn context(path: &Path, out: &mut Vec<Context>) -> Result<(), GenerateError> {
    let json: serde_json::Value =
        serde_json::from_str(&text(path)?).map_err(|error| bad(path, error.to_string()))?;
    let list = json.get("features").and_then(|f| f.as_array()).map_or(&[][..], Vec::as_slice);
    for feature in list {
        let name = |key: &str| {
            let value = feature.get("properties").and_then(|p| p.get(key)).and_then(|v| v.as_str());
            value.unwrap_or_default().to_owned()
        };
        let geometry = feature.get("geometry").cloned().unwrap_or_default();
        let coordinates = geometry.get("coordinates").cloned().unwrap_or_default();
        let wrong = |error: serde_json::Error| bad(path, error.to_string());
        let shape = match geometry.get("type").and_then(|kind| kind.as_str()) {
            Some("Polygon") => ContextShape::Rings(serde_json::from_value(coordinates).map_err(wrong)?),
            Some("LineString") => ContextShape::Line(serde_json::from_value(coordinates).map_err(wrong)?),
            Some("Point") => ContextShape::Point(serde_json::from_value(coordinates).map_err(wrong)?),
            _ => continue,
        };
        out.push(Context { name: Texts { zh: name("name_zh"), en: name("name_en") }, shape });
    }
    Ok(())
}

/// The communities, by code.
fn places(path: &Path) -> Result<Vec<PlacePoint>, GenerateError> {
    let text = text(path)?;
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').map(str::trim).collect();
    let mut places = Vec::new();
    for (row, line) in lines.enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let cell = |name: &str| {
            let at = header.iter().position(|column| *column == name);
            at.and_then(|at| cells.get(at))
                .map(|cell| (*cell).to_owned())
                .ok_or_else(|| bad(path, format!("row {}: no {name}", row + 2)))
        };
        let number = |name: &str| {
            cell(name)?.parse::<f64>().map_err(|error| bad(path, format!("row {}: {name}: {error}", row + 2)))
        };
        places.push(PlacePoint {
            code: cell("code")?,
            name: Texts { zh: cell("name_zh")?, en: cell("name_en")? },
            subdistrict: Texts { zh: cell("subdistrict_zh")?, en: cell("subdistrict_en")? },
            subdistrict_code: cell("subdistrict_code")?,
            lon: number("lon")?,
            lat: number("lat")?,
        });
    }
    places.sort_by(|a, b| a.code.cmp(&b.code));
    if places.is_empty() {
        return Err(bad(path, "no community"));
    }
    Ok(places)
}
