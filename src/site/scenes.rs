//! `scenes.toml`: which figures and which picture each scene of the wall shows. Owns the file's shape.

use serde::Deserialize;

use super::text::Bilingual;

/// The file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenesFile {
    /// Version of the file's shape; 1 today.
    pub format: u32,
    /// Scenes in their order of rotation.
    #[serde(rename = "scene")]
    pub scenes: Vec<Scene>,
}

/// One scene.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// Name for commands and the command line.
    pub id: String,
    /// What a person calls it.
    pub name: Bilingual,
    /// How long it stays in rotation, in seconds.
    pub seconds: u32,
    /// Domain whose colour it wears.
    #[serde(default)]
    pub domain: Option<String>,
    /// Indicator that colours the map.
    pub map_indicator: String,
    /// Indicators on the cards.
    pub headlines: Vec<String>,
    /// Pictures of the left column, top down.
    #[serde(default, rename = "picture")]
    pub pictures: Vec<Picture>,
}

/// One picture.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// How it is drawn.
    pub kind: PictureKind,
    /// Heading.
    pub title: Bilingual,
    /// Breakdown that feeds it.
    #[serde(default)]
    pub source: Option<String>,
    /// Indicators or breakdowns without columns that feed it, in order.
    #[serde(default)]
    pub indicators: Vec<String>,
}

/// How a picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureKind {
    /// Horizontal bars, one per code.
    Bars,
    /// Two coded columns as rows and columns.
    Matrix,
    /// Stages that narrow.
    Funnel,
    /// Shares of a whole.
    Balance,
    /// Stages in order, with volume.
    Flow,
    /// Values against their targets.
    Progress,
}
