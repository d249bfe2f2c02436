//! Tiles of a base map: where they come from and what they mean. Owns reading and writing of tile files and tile
//! servers; never draws and never waits on the window.

pub mod address;
pub mod archive;
pub mod examine;
pub mod mbtiles;
pub mod mvt;
pub mod pack;
pub mod picture;
pub mod schema;
pub mod source;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_mbtiles;
#[cfg(test)]
mod tests_web;
pub mod web;
pub mod wire;

use serde_json::Value;

use crate::site::text::Message;

/// Why there is no tile, or no base map at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// No such file.
    #[error("no such file")]
    Missing,
    /// The file is no archive of the kind that is named.
    #[error("no {0} archive")]
    NoArchive(&'static str),
    /// A database that has to be searched from end to end for one tile.
    #[error("the database has no index of its tiles")]
    Unindexed,
    /// The file ends before what it promises: cut off, or still being downloaded.
    #[error("the file is cut off")]
    Truncated,
    /// What is there does not hold together.
    #[error("the data is corrupt")]
    Corrupt,
    /// Packed or made in a way that is not read.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The system does not let us read.
    #[error("{0}")]
    Unreadable(String),
    /// The server does not answer, or not in time.
    #[error("the server does not answer: {0}")]
    Down(String),
    /// The server answers with something that is no tile.
    #[error("the server answers with {0}")]
    Answer(String),
    /// The environment does not hold the token that the address wants.
    #[error("the environment holds no token")]
    NoToken,
}

impl TileError {
    /// What to tell a person.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Missing => Message::new("map.base.missing"),
            Self::NoArchive(kind) => Message::new("map.base.no_archive").with("kind", kind),
            Self::Unindexed => Message::new("map.base.unindexed"),
            Self::Truncated => Message::new("map.base.truncated"),
            Self::Corrupt => Message::new("map.base.corrupt"),
            Self::Unsupported(what) => Message::new("map.base.unsupported").with("what", what),
            Self::Unreadable(_) => Message::new("map.base.unreadable"),
            Self::Down(_) => Message::new("map.base.down"),
            Self::Answer(what) => Message::new("map.base.answer").with("what", what),
            Self::NoToken => Message::new("map.base.no_token"),
        }
    }
}

/// The largest tile that is read, packed and unpacked, in bytes.
const MOST_TILE: u64 = 24 << 20;

/// What tiles hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Content {
    /// Shapes with properties, drawn in our own style.
    #[default]
    Vector,
    /// Pictures.
    Raster,
}

/// What a source says about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Info {
    /// What its tiles hold.
    pub content: Content,
    /// Lowest zoom with tiles.
    pub min_zoom: u8,
    /// Deepest zoom with tiles.
    pub max_zoom: u8,
    /// West, south, east, north in degrees, where known.
    pub bounds: Option<[f64; 4]>,
    /// Who made it, as plain text; empty where it does not say.
    pub attribution: String,
    /// Whether the file is shorter than it says.
    pub is_cut: bool,
    /// Whether it says of itself that it is a sketch.
    pub is_schematic: bool,
}

impl Info {
    /// Takes over what `TileJSON` metadata says.
    fn tell(&mut self, value: &Value) {
        if let Some(text) = value.get("attribution").and_then(Value::as_str) {
            self.attribution = plain(text);
        }
        self.is_schematic = value.get("schematic").and_then(Value::as_bool).unwrap_or(false);
    }
}

/// The text of a piece of HTML: tags left out, the usual entities resolved, runs of blanks made one.
#[must_use]
pub fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    for (entity, letter) in [
        ("&copy;", "\u{a9}"),
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, letter);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
