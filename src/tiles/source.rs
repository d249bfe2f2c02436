//! Where the tiles of one base map come from: an archive of either kind or a server. Owns opening and fetching; a thread has its own.

use std::path::Path;

use super::address::Address;
use super::archive::Archive;
use super::mbtiles::Database;
use super::web::Web;
use super::{Content, Info, TileError};
use crate::site::meta::{BaseMapKind, BaseMapMeta};

/// A source of tiles.
#[derive(Debug)]
pub enum Source {
    /// A local archive.
    Archive(Box<Archive>),
    /// A local archive in a database.
    Database(Box<Database>),
    /// A server.
    Web(Box<Web>),
}

impl Source {
    /// Opens what a site's file says. `part` is which of `parts` threads asks: each has its own share of a disk cache.
    ///
    /// # Errors
    /// The archive cannot be used, or the address of the server cannot.
    pub fn open(dir: &Path, meta: &BaseMapMeta, part: usize, parts: usize) -> Result<Self, TileError> {
        let file = || meta.path.as_deref().map(|path| dir.join(path)).ok_or(TileError::Missing);
        match meta.kind {
            BaseMapKind::Pmtiles => Archive::open(&file()?).map(|a| Self::Archive(Box::new(a))),
            BaseMapKind::Mbtiles => Database::open(&file()?).map(|d| Self::Database(Box::new(d))),
            BaseMapKind::Xyz | BaseMapKind::Wmts => {
                Web::open(meta, part, parts).map(|w| Self::Web(Box::new(w)))
            }
        }
    }

    /// What the source says about itself, narrowed by what the site's file says.
    #[must_use]
    pub fn info(&self, meta: &BaseMapMeta) -> Info {
        let mut info = match self {
            Self::Archive(archive) => archive.info.clone(),
            Self::Database(database) => database.info.clone(),
            Self::Web(_) => Info { content: Content::Raster, max_zoom: 18, ..Info::default() },
        };
        info.min_zoom = info.min_zoom.max(meta.min_zoom.unwrap_or(0)).min(Address::DEEPEST);
        info.max_zoom = match (self, meta.max_zoom) {
            (Self::Web(_), Some(most)) => most.min(Address::DEEPEST),
            (_, most) => info.max_zoom.min(most.unwrap_or(Address::DEEPEST)),
        };
        info
    }

    /// The bytes of a tile, unpacked; none where there is no such tile.
    ///
    /// # Errors
    /// See [`TileError`].
    pub fn fetch(&mut self, address: Address) -> Result<Option<Vec<u8>>, TileError> {
        match self {
            Self::Archive(archive) => archive.tile(address),
            Self::Database(database) => database.tile(address),
            Self::Web(web) => web.tile(address),
        }
    }
}
