//! What a site is: names, areas, catalogue, datasets, scenes, messages. Owns reading and cross-checking the
//! definition files, told as `file:row:column`; never reads the data tables.

pub mod areas;
pub mod calendar;
pub mod catalogue;
pub mod civil;
pub mod datasets;
pub mod datum;
pub mod feeds;
pub mod geodesy;
pub mod geojson;
pub mod layers;
mod load;
pub mod meta;
pub mod problem;
pub mod scenes;
pub mod text;

use std::path::{Path, PathBuf};

use areas::AreaTree;
use calendar::Calendar;
use catalogue::{Domain, Indicator, Side};
use civil::CivilZone;
use datasets::{Dataset, Table};
use feeds::SourcesFile;
use layers::Layers;
pub use load::{SiteError, load};
use meta::SiteMeta;
use scenes::Scene;
use text::{Lang, Messages};

use crate::snapshot::IndicatorIx;

/// A loaded site: everything but its data.
#[derive(Debug, Clone)]
pub struct Site {
    /// The folder.
    pub dir: PathBuf,
    /// Where the program keeps what it must remember about this site; none: nothing is kept.
    pub state: Option<PathBuf>,
    /// BLAKE3 of the definition files as they were read.
    pub texts: [u8; 32],
    /// `site.toml`.
    pub meta: SiteMeta,
    /// Day boundaries of the site's time zone.
    pub zone: CivilZone,
    /// Areas.
    pub areas: AreaTree,
    /// Domains in order.
    pub domains: Vec<Domain>,
    /// Indicators in catalogue order.
    pub indicators: Vec<Indicator>,
    /// Breakdowns.
    pub breakdowns: Vec<Indicator>,
    /// Datasets and their tables.
    pub datasets: Vec<Dataset>,
    /// Scenes in order of rotation.
    pub scenes: Vec<Scene>,
    /// Context layers of the map.
    pub layers: Layers,
    /// Days unlike the others; none where there is no `calendar.toml`.
    pub calendar: Calendar,
    /// Live sources; none where there is no `sources.toml`.
    pub feeds: SourcesFile,
    /// Messages, the program's and the site's, 简体中文.
    pub messages_zh: Messages,
    /// The same, English.
    pub messages_en: Messages,
}

impl Site {
    /// Messages in a language.
    #[must_use]
    pub const fn messages(&self, lang: Lang) -> &Messages {
        match lang {
            Lang::Zh => &self.messages_zh,
            Lang::En => &self.messages_en,
        }
    }

    /// The codes of a list, in the order of the site's messages.
    #[must_use]
    pub fn codes(&self, list: &str) -> &[String] {
        self.messages_zh.codes(list)
    }

    /// Place of an indicator in the catalogue.
    #[must_use]
    pub fn indicator_index(&self, id: &str) -> Option<IndicatorIx> {
        self.indicators.iter().position(|i| i.id == id)
    }

    /// Place of a breakdown in its list.
    #[must_use]
    pub fn breakdown_index(&self, id: &str) -> Option<usize> {
        self.breakdowns.iter().position(|b| b.id == id)
    }

    /// Place of a scene in its list.
    #[must_use]
    pub fn scene_index(&self, id: &str) -> Option<usize> {
        self.scenes.iter().position(|s| s.id == id)
    }

    /// Place of a domain in its list.
    #[must_use]
    pub fn domain_index(&self, id: &str) -> Option<usize> {
        self.domains.iter().position(|d| d.id == id)
    }

    /// All tables with the place of their dataset.
    pub fn tables(&self) -> impl Iterator<Item = (usize, &Table)> {
        self.datasets.iter().enumerate().flat_map(|(i, d)| d.tables.iter().map(move |t| (i, t)))
    }

    /// What one side of an indicator is worked out from, in words: dataset · table, expression and filter.
    #[must_use]
    pub fn side_words(&self, side: &Side, lang: Lang) -> String {
        let dataset = self.tables().find(|(_, table)| table.id == side.table);
        let dataset = dataset.and_then(|(index, _)| self.datasets.get(index));
        let name = dataset.map_or(side.table.as_str(), |dataset| dataset.name.get(lang));
        let filter = if side.filter.is_empty() { String::new() } else { format!(" [{}]", side.filter) };
        format!("{name} · {} {}{filter}", side.table, side.expr)
    }

    /// A table by name.
    #[must_use]
    pub fn table(&self, id: &str) -> Option<&Table> {
        self.tables().map(|(_, t)| t).find(|t| t.id == id)
    }

    /// Whether a source brings rows of a table.
    #[must_use]
    pub fn is_fed(&self, table: &str) -> bool {
        self.feeds.sources.iter().any(|feed| feed.tables().contains(&table))
    }

    /// Level index of a level id; `point` is below the finest level.
    #[must_use]
    pub fn level_index(&self, id: &str) -> Option<usize> {
        if id == "point" {
            return Some(self.meta.levels.len());
        }
        self.meta.levels.iter().position(|l| l.id == id)
    }

    /// Whether an indicator may be shown at an area's level.
    #[must_use]
    pub fn is_shown_at(&self, indicator: &Indicator, area: areas::AreaId) -> bool {
        self.level_index(&indicator.finest_area).is_some_and(|finest| self.areas.get(area).level <= finest)
    }

    /// Finest level that figures are kept at: the finest of all indicators and breakdowns.
    #[must_use]
    pub fn figure_level(&self) -> usize {
        self.indicators
            .iter()
            .chain(&self.breakdowns)
            .filter_map(|i| self.level_index(&i.finest_area))
            .max()
            .unwrap_or(0)
            .min(self.meta.levels.len().saturating_sub(1))
    }

    /// A path inside the folder, for messages.
    #[must_use]
    pub fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.dir).unwrap_or(path)
    }
}
