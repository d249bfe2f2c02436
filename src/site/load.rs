//! Reads the definition files of a site folder. Owns the order of reading and the cross-checks between the files;
//! the meaning of expressions is checked by `indicators`.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::Site;
use super::areas::{Area, AreaTree, Bounds, Polygon};
use super::calendar::{self, Calendar};
use super::catalogue::{CatalogueFile, Indicator};
use super::civil::CivilZone;
use super::datasets::{ColumnType, DatasetsFile, Table};
use super::datum::Datum;
use super::feeds::{self, SourcesFile};
use super::geojson::{self, Feature, Shape};
use super::layers::Layers;
use super::meta::{LayerKind, SiteMeta};
use super::problem::{Problem, nearest, row_and_column};
use super::scenes::ScenesFile;
use super::text::{Bilingual, Lang, Message, Messages};
use crate::privacy::groups;

/// Why a folder cannot be opened as a site at all.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// No such folder.
    #[error("no folder {0}")]
    NoFolder(PathBuf),
    /// The folder has no `site.toml`.
    #[error("no site.toml in {0}")]
    NotASite(PathBuf),
    /// Definition files that cannot be used; each problem says where and why.
    #[error("problems in the site's files: {}", .0.len())]
    Broken(Vec<Problem>),
}

/// Reads a site. Problems that leave the site usable come back beside it.
///
/// # Errors
/// [`SiteError`] when the folder is no site or a definition file cannot be used.
pub fn load(dir: &Path) -> Result<(Site, Vec<Problem>), SiteError> {
    if !dir.is_dir() {
        return Err(SiteError::NoFolder(dir.to_owned()));
    }
    if !dir.join("site.toml").is_file() {
        return Err(SiteError::NotASite(dir.to_owned()));
    }
    let mut reader = Reader { dir, problems: Vec::new(), texts: blake3::Hasher::new() };
    let meta: Option<SiteMeta> = reader.toml("site.toml");
    let catalogue: Option<CatalogueFile> = reader.toml("catalogue.toml");
    let datasets: Option<DatasetsFile> = reader.toml("datasets.toml");
    let scenes: Option<ScenesFile> = reader.toml("scenes.toml");
    let feeds: Option<SourcesFile> = if dir.join("sources.toml").is_file() {
        reader.toml("sources.toml")
    } else {
        Some(SourcesFile::default())
    };
    let calendar = reader.calendar();
    let messages_zh = reader.messages(Lang::Zh);
    let messages_en = reader.messages(Lang::En);
    let (Some(meta), Some(catalogue), Some(datasets), Some(scenes), Some(feeds)) =
        (meta, catalogue, datasets, scenes, feeds)
    else {
        return Err(SiteError::Broken(reader.problems));
    };
    for (file, format) in [
        ("site.toml", meta.format),
        ("catalogue.toml", catalogue.format),
        ("datasets.toml", datasets.format),
        ("scenes.toml", scenes.format),
        ("sources.toml", feeds.format),
    ] {
        if format != 1 {
            reader.error(file, Message::new("problem.wrong_format").with("file", file));
        }
    }
    let areas = reader.areas(&meta);
    let layers = reader.layers(&meta);
    let Ok(zone) = CivilZone::new(&meta.time_zone) else {
        reader.error("site.toml", Message::new("problem.unknown_zone").with("zone", &meta.time_zone));
        return Err(SiteError::Broken(reader.problems));
    };
    let mut site = Site {
        dir: dir.to_owned(),
        zone,
        areas,
        domains: catalogue.domains,
        indicators: catalogue.indicators,
        breakdowns: catalogue.breakdowns,
        datasets: datasets.datasets,
        scenes: scenes.scenes,
        layers,
        calendar,
        feeds,
        messages_zh,
        messages_en,
        meta,
        state: None,
        texts: reader.texts.finalize().into(),
    };
    keep_table_thresholds(&mut site);
    reader.cross_check(&site);
    if reader.problems.iter().any(|p| p.severity == super::problem::Severity::Error) {
        return Err(SiteError::Broken(reader.problems));
    }
    Ok((site, reader.problems))
}

/// A figure over a protected table is protected at least as the table says, whatever its own row says.
fn keep_table_thresholds(site: &mut Site) {
    let thresholds: std::collections::HashMap<String, u32> =
        site.tables().map(|(_, t)| (t.id.clone(), t.suppress_below)).collect();
    for row in site.indicators.iter_mut().chain(&mut site.breakdowns) {
        let table = thresholds.get(&row.numerator.table).copied().unwrap_or(0);
        row.suppress_below = row.suppress_below.max(table);
    }
}

struct Reader<'a> {
    dir: &'a Path,
    problems: Vec<Problem>,
    /// Of all files read, with their names.
    texts: blake3::Hasher,
}

impl Reader<'_> {
    fn error(&mut self, file: &str, message: Message) {
        self.problems.push(Problem::error(file, message));
    }

    fn text(&mut self, file: &str) -> Option<String> {
        match std::fs::read_to_string(self.dir.join(file)) {
            Ok(text) => {
                for part in [file, &text] {
                    self.texts.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
                }
                Some(text)
            }
            Err(err) => {
                self.error(file, Message::new("problem.unreadable").with("error", err));
                None
            }
        }
    }

    fn toml<T: DeserializeOwned>(&mut self, file: &str) -> Option<T> {
        let text = self.text(file)?;
        match toml::from_str(&text) {
            Ok(value) => Some(value),
            Err(err) => {
                let place = err.span().map(|span| row_and_column(&text, span.start));
                let problem =
                    Problem::error(file, Message::new("problem.bad_toml").with("error", err.message()));
                self.problems.push(problem.at(place.map(|p| p.0), place.map(|p| p.1.to_string())));
                None
            }
        }
    }

    fn messages(&mut self, lang: Lang) -> Messages {
        let mut messages = Messages::built_in(lang);
        let file = format!("messages/{}.toml", lang.code());
        if let Some(text) = self.text(&file)
            && let Err(err) = messages.add(&text)
        {
            let place = err.span().map(|span| row_and_column(&text, span.start));
            let problem = Problem::error(file, Message::new("problem.bad_toml").with("error", err.message()));
            self.problems.push(problem.at(place.map(|p| p.0), place.map(|p| p.1.to_string())));
        }
        messages
    }

    fn calendar(&mut self) -> Calendar {
        if !self.dir.join(calendar::FILE).is_file() {
            return Calendar::default();
        }
        let text = self.text(calendar::FILE).unwrap_or_default();
        let (calendar, problems) = Calendar::read(&text);
        self.problems.extend(problems);
        calendar
    }

    fn features(&mut self, file: &str, datum: Datum) -> Vec<Feature> {
        let Some(text) = self.text(file) else {
            return Vec::new();
        };
        match geojson::read(&text) {
            Ok((features, refused)) => {
                for number in refused {
                    let message = Message::new("problem.bad_geometry").with("number", number + 1);
                    self.problems.push(Problem::warning(file, message));
                }
                features.into_iter().map(|f| f.to_inside(datum)).collect()
            }
            Err(err) => {
                let problem = Problem::error(file, Message::new("problem.bad_json").with("error", &err));
                self.problems.push(problem.at(Some(err.line()), Some(err.column().to_string())));
                Vec::new()
            }
        }
    }

    fn areas(&mut self, meta: &SiteMeta) -> AreaTree {
        const FILE: &str = "areas.geojson";
        let mut areas = Vec::new();
        for feature in self.features(FILE, meta.datum) {
            let code = feature.text("code");
            let Some(level) = meta.levels.iter().position(|l| l.code_length == code.len()) else {
                self.error(FILE, Message::new("problem.area_code_length").with("code", &code));
                continue;
            };
            let Shape::Polygons(polygons) = feature.shape.clone() else {
                self.error(FILE, Message::new("problem.area_no_polygon").with("code", &code));
                continue;
            };
            areas.push(area(&feature, code, level, polygons));
        }
        let (tree, orphans) = AreaTree::link(areas);
        for code in orphans {
            self.error(FILE, Message::new("problem.area_orphan").with("code", code));
        }
        if tree.is_empty() {
            self.error(FILE, Message::new("problem.no_areas"));
        } else if tree.find(&meta.root_area) != Some(super::areas::AreaId::ROOT) {
            self.error(FILE, Message::new("problem.root_area").with("code", &meta.root_area));
        }
        tree
    }

    fn layers(&mut self, meta: &SiteMeta) -> Layers {
        let mut layers = Layers::default();
        for layer in &meta.layers {
            let datum = layer.datum.unwrap_or(meta.datum);
            let features = layer.file.as_ref().map(|file| self.features(file, datum)).unwrap_or_default();
            match layer.kind {
                LayerKind::Texture => layers.texture_tables.extend(layer.table.clone()),
                LayerKind::Surroundings => {
                    for feature in features {
                        let name = feature.name();
                        if let Shape::Polygons(polygons) = feature.shape {
                            layers.surroundings.push((name, polygons));
                        }
                    }
                }
                LayerKind::Transit => {
                    for feature in features {
                        let name = feature.name();
                        match feature.shape {
                            Shape::Lines(lines) => {
                                layers.transit_lines.extend(lines.into_iter().map(|l| (name.clone(), l)));
                            }
                            Shape::Point(point) => layers.stations.push((name, point)),
                            Shape::Polygons(_) => {}
                        }
                    }
                }
            }
        }
        layers
    }

    /// A stock and its flows are counts of a table that is stamped with days or months.
    fn check_flows(&mut self, table: &Table) {
        for stock in &table.columns {
            let Some(flows) = &stock.flows else { continue };
            for name in [&stock.id, &flows.inflow, &flows.outflow] {
                let message = match table.column(name) {
                    None => {
                        let names = table.columns.iter().map(|c| c.id.as_str());
                        unknown("problem.unknown_column", name, names).with("table", &table.id)
                    }
                    Some(column)
                        if column.kind != ColumnType::Int
                            || column.accumulates
                            || !table.is_stamped(&table.time_column) =>
                    {
                        Message::new("problem.flows").with("column", name).with("table", &table.id)
                    }
                    Some(_) => continue,
                };
                self.problems.push(placed("datasets.toml", self.dir, name, message));
            }
        }
    }

    /// Names that one file uses and another must declare.
    fn cross_check(&mut self, site: &Site) {
        for base in &site.meta.base_maps {
            let is_complete = if base.kind.is_file() {
                base.path.is_some()
            } else {
                base.url.as_ref().is_some_and(|url| {
                    ["{z}", "{x}"].iter().all(|p| url.contains(p))
                        && (url.contains("{y}") || url.contains("{-y}"))
                })
            };
            if !is_complete {
                let message = Message::new("problem.base_map").with("id", &base.id);
                self.problems.push(placed("site.toml", self.dir, &base.id, message));
            }
        }
        for (_, table) in site.tables() {
            let declared = |column: &str| table.column_type(column).is_some();
            for column in table.key.iter().chain([&table.time_column]) {
                if !declared(column) {
                    let names = table.columns.iter().map(|c| c.id.as_str());
                    let message = unknown("problem.unknown_column", column, names).with("table", &table.id);
                    self.problems.push(placed("datasets.toml", self.dir, column, message));
                }
            }
            self.check_flows(table);
            if table.area_column().is_none() {
                let message = Message::new("problem.table_without_area").with("table", &table.id);
                self.problems.push(placed("datasets.toml", self.dir, &table.id, message));
            }
            if matches!(table.column_type(&table.time_column), Some(k) if !matches!(k, ColumnType::Date | ColumnType::Month | ColumnType::Time))
            {
                let message = Message::new("problem.time_column_type").with("table", &table.id);
                self.problems.push(placed("datasets.toml", self.dir, &table.time_column, message));
            }
        }
        for row in site.indicators.iter().chain(&site.breakdowns) {
            self.check_row(site, row);
        }
        for (name, message) in feeds::check(site) {
            self.problems.push(placed("sources.toml", self.dir, &name, message));
        }
        if site.meta.sample.is_some() && !site.feeds.sources.is_empty() {
            self.problems.push(Problem::warning("sources.toml", Message::new("problem.sample_sources")));
        }
        for code in groups::unknown(site) {
            let message = unknown("problem.unknown_group", code, groups::known());
            self.problems.push(Problem::error("messages/zh.toml", message));
        }
        self.problems.extend(crate::privacy::door::declared::problems(site));
        let domains: Vec<&str> = site.domains.iter().map(|d| d.id.as_str()).collect();
        let indicators: Vec<&str> = site.indicators.iter().map(|i| i.id.as_str()).collect();
        let all: Vec<&str> = site.indicators.iter().chain(&site.breakdowns).map(|i| i.id.as_str()).collect();
        let mut uses: Vec<(&str, &str, &str, &[&str])> = Vec::new();
        for row in site.indicators.iter().chain(&site.breakdowns) {
            uses.push(("catalogue.toml", "problem.unknown_domain", &row.domain, &domains));
        }
        for scene in &site.scenes {
            uses.push(("scenes.toml", "problem.unknown_indicator", &scene.map_indicator, &indicators));
            if let Some(domain) = &scene.domain {
                uses.push(("scenes.toml", "problem.unknown_domain", domain, &domains));
            }
            for id in &scene.headlines {
                uses.push(("scenes.toml", "problem.unknown_indicator", id, &indicators));
            }
            for picture in &scene.pictures {
                for id in picture.source.iter().chain(&picture.indicators) {
                    uses.push(("scenes.toml", "problem.unknown_indicator", id, &all));
                }
            }
        }
        uses.push(("site.toml", "problem.unknown_indicator", &site.meta.home_indicator, &indicators));
        for (file, key, name, known) in uses {
            if !known.contains(&name) {
                let message = unknown(key, name, known.iter().copied());
                self.problems.push(placed(file, self.dir, name, message));
            }
        }
        if site.scenes.is_empty() || site.indicators.is_empty() {
            self.error("scenes.toml", Message::new("problem.nothing_to_show"));
        }
        let mut seen = std::collections::HashSet::new();
        for row in site.indicators.iter().chain(&site.breakdowns) {
            if !seen.insert(&row.id) {
                let message = Message::new("problem.duplicate_id").with("id", &row.id);
                self.problems.push(placed("catalogue.toml", self.dir, &row.id, message));
            }
        }
    }

    fn check_row(&mut self, site: &Site, row: &Indicator) {
        if site.level_index(&row.finest_area).is_none_or(|l| l >= site.meta.levels.len()) {
            let levels = site.meta.levels.iter().map(|l| l.id.as_str());
            let message = unknown("problem.unknown_level", &row.finest_area, levels).with("id", &row.id);
            self.problems.push(placed("catalogue.toml", self.dir, &row.id, message));
        }
        for column in &row.by {
            let coded = site
                .table(&row.numerator.table)
                .and_then(|t| t.column(column))
                .is_some_and(|c| c.codes.is_some());
            if !coded {
                let message =
                    Message::new("problem.by_without_codes").with("id", &row.id).with("column", column);
                self.problems.push(placed("catalogue.toml", self.dir, &row.id, message));
            }
        }
    }
}

fn unknown<'a>(key: &'static str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Message {
    let hint = nearest(name, known).unwrap_or("—").to_owned();
    Message::new(key).with("name", name).with("nearest", hint)
}

/// A problem at the first place of a name in a file: TOML values carry no spans once they are typed, and names that
/// are worth complaining about are nearly always unique.
fn placed(file: &str, dir: &Path, name: &str, message: Message) -> Problem {
    let text = std::fs::read_to_string(dir.join(file)).unwrap_or_default();
    let place = text.find(&format!("\"{name}\"")).map(|offset| row_and_column(&text, offset));
    Problem::error(file, message).at(place.map(|p| p.0), place.map(|p| p.1.to_string()))
}

fn area(feature: &Feature, code: String, level: usize, polygons: Vec<Polygon>) -> Area {
    let mut bounds = Bounds::EMPTY;
    for point in polygons.iter().flatten().flatten() {
        bounds.add(*point);
    }
    let label = match (feature.number("lon"), feature.number("lat")) {
        (Some(lon), Some(lat)) => [lon, lat],
        _ => bounds.center(),
    };
    let name: Bilingual = feature.name();
    Area { code, name, level, parent: None, children: Vec::new(), polygons, label, bounds }
}
