//! What is kept of the tiles of one base map. Owns the form of an entry and its key.

use egui::TextureHandle;

use super::names::Name;
use super::worker::Want;
use crate::tiles::TileError;
use crate::tiles::address::Address;

/// A place in the cache: tile, side, and the style as bits.
pub(super) type Key = (Address, u32, [u32; 3]);

/// What is known of a tile.
pub(super) enum State {
    /// On its way.
    Asked,
    /// Its picture and names.
    Ready(TextureHandle, Vec<Name>),
    /// The source has none.
    Empty,
    /// Why there is none, and when that was.
    Failed(TileError, f64),
}

/// A tile that was asked for.
pub(super) struct Slot {
    /// What is known of it.
    pub state: State,
    /// Frame it was last seen in.
    pub seen: u64,
    /// Bytes of its picture.
    pub bytes: usize,
}

/// Where a wanted tile is kept.
pub(super) const fn key(want: &Want) -> Key {
    let style = &want.style;
    if want.side == 0 {
        return (want.address, 0, [0; 3]);
    }
    (want.address, want.side, [style.dark as u32, style.hairline.to_bits(), style.zoom.to_bits()])
}
