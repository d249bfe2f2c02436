//! Which tiles cover a view. Owns the arithmetic between world places and addresses; knows no source.

use crate::map::lens::{Extent, world};
use crate::tiles::Info;
use crate::tiles::address::Address;

/// Tiles that are asked for at most; a view that needs more shows fewer.
pub(super) const MOST_TILES: usize = 96;

/// World extent of a tile.
pub(super) fn tile_extent(Address { z, x, y }: Address) -> Extent {
    let side = 256.0 / f64::from(z).exp2();
    let at = |n: u32| f64::from(n) * side;
    Extent { min: [at(x), at(y)], max: [at(x) + side, at(y) + side] }
}

/// The tiles of a zoom that cover an extent and lie within the bounds of the source.
pub(super) fn covering(extent: &Extent, z: u8, info: &Info) -> Vec<Address> {
    let mut extent = *extent;
    if let Some([west, south, east, north]) = info.bounds
        && east > west
        && north > south
    {
        let (min, max) = (world([west, north.min(85.0)]), world([east, south.max(-85.0)]));
        extent.min = [extent.min[0].max(min[0]), extent.min[1].max(min[1])];
        extent.max = [extent.max[0].min(max[0]), extent.max[1].min(max[1])];
    }
    let count = f64::from(z).exp2();
    let tile = |at: f64| (at / 256.0 * count).floor().clamp(0.0, count - 1.0) as u32;
    if extent.min[0] >= extent.max[0] || extent.min[1] >= extent.max[1] {
        return Vec::new();
    }
    let (left, top) = (tile(extent.min[0]), tile(extent.min[1]));
    let (right, bottom) = (tile(extent.max[0] - 1e-9), tile(extent.max[1] - 1e-9));
    let rows = top..=bottom;
    rows.flat_map(|y| (left..=right).map(move |x| Address { z, x, y })).take(MOST_TILES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tiles_of_a_view_cover_it_and_no_more_than_the_source_has() {
        let view = Extent { min: world([114.2, 22.8]), max: world([114.5, 22.6]) };
        let info = Info { max_zoom: 14, ..Info::default() };
        let tiles = covering(&view, 12, &info);
        let mut all = Extent::EMPTY;
        for tile in &tiles {
            let extent = tile_extent(*tile);
            assert!(extent.meets(&view));
            all.add(extent.min);
            all.add(extent.max);
        }
        assert!(all.min[0] <= view.min[0] && all.max[1] >= view.max[1]);
        let narrow = Info { bounds: Some([114.3, 22.65, 114.31, 22.66]), ..info };
        assert!((1..=4).contains(&covering(&view, 12, &narrow).len()));
        let elsewhere = Info { bounds: Some([0.0, 0.0, 1.0, 1.0]), ..narrow };
        assert!(covering(&view, 12, &elsewhere).is_empty());
    }
}
