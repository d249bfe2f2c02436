//! A site's base maps before anything is drawn: whether each archive is there, whole and understood. Owns the
//! examination of files; asks no server.

use std::path::Path;

use super::address::Address;
use super::mvt;
use super::schema::Schema;
use super::source::Source;
use super::{Content, Info, TileError};
use crate::site::Site;
use crate::site::meta::BaseMapMeta;
use crate::site::problem::Problem;
use crate::site::text::Message;

/// What is wrong with a site's archives; a site without a base map has nothing to say.
#[must_use]
pub fn examine(site: &Site) -> Vec<Problem> {
    site.meta
        .base_maps
        .iter()
        .filter_map(|meta| {
            let path = meta.path.as_deref()?;
            match archive(&site.dir, meta) {
                Ok(finding) => finding.map(|message| Problem::warning(path, message)),
                Err(error) => Some(Problem::warning(path, error.message())),
            }
        })
        .collect()
}

fn archive(dir: &Path, meta: &BaseMapMeta) -> Result<Option<Message>, TileError> {
    let mut source = Source::open(dir, meta, 0, 1)?;
    let info = source.info(meta);
    if info.is_cut {
        return Err(TileError::Truncated);
    }
    if info.content == Content::Raster {
        return Ok(None);
    }
    let Some(tile) = middle(&mut source, &info)? else {
        return Ok(None);
    };
    let layers = mvt::layers(&tile).map_err(|_| TileError::Corrupt)?;
    let is_known = Schema::of(&layers) != Schema::Own;
    Ok((!is_known).then(|| Message::new("problem.base_schema").with("id", &meta.id)))
}

/// The deepest tile in the middle of the archive.
fn middle(source: &mut Source, info: &Info) -> Result<Option<Vec<u8>>, TileError> {
    let [west, south, east, north] = info.bounds.unwrap_or([-180.0, -85.0, 180.0, 85.0]);
    let (lon, lat) = (f64::midpoint(west, east), f64::midpoint(south, north).clamp(-85.0, 85.0).to_radians());
    let share = [lon / 360.0 + 0.5, 0.5 - (lat.tan() + 1.0 / lat.cos()).ln() / std::f64::consts::TAU];
    for z in (info.min_zoom..=info.max_zoom).rev() {
        let count = f64::from(z).exp2();
        let [x, y] = share.map(|s| (s * count).clamp(0.0, count - 1.0) as u32);
        if let Some(tile) = source.fetch(Address { z, x, y })? {
            return Ok(Some(tile));
        }
    }
    Ok(None)
}
