//! The base map: roads, water and green from tiles, under everything that is ours to say. Owns the tiles that are kept
//! (a bounded number of bytes), which are asked for, and the state that is told; fetching and drawing are the threads'.

mod grid;
mod names;
mod paint;
mod slots;
#[cfg(test)]
mod tests;
mod tile;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Color32, Context, Rect, TextureHandle, TextureOptions, pos2};

use grid::{MOST_TILES, covering, tile_extent};
pub(super) use names::Name;
use paint::Style;
use slots::{Key, Slot, State, key};
pub(super) use tile::Tile;
use worker::{Told, Want, Workers};

use super::geometry::Geometry;
use super::lens::{Extent, Lens, World, degrees, world};
use super::sheet::Sheet;
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::meta::BaseMapMeta;
use crate::site::text::{Bilingual, Message};
use crate::tiles::address::Address;
use crate::tiles::{Content, Info, TileError};

/// Bytes of pictures that are kept for one base map.
const KEPT_BYTES: usize = 160 << 20;
/// Pictures taken over in one frame: each has to be copied to the graphics device.
const PER_FRAME: usize = 2;
/// Seconds after which a tile that failed is asked for again.
const AGAIN_SECS: f64 = 10.0;
/// How far up a coarser tile is looked for while the right one is on its way.
const LEVELS_UP: u8 = 6;
/// Least side of a drawn tile, in pixels; the greatest is twice that.
const SIDE: f64 = 512.0;

/// One base map.
struct BaseMap {
    meta: BaseMapMeta,
    workers: Workers,
    info: Option<Result<Info, TileError>>,
    schema: Option<crate::tiles::schema::Schema>,
    picture_side: f64,
    slots: BTreeMap<Key, Slot>,
    bytes: usize,
    /// The tiles of this frame, in their order.
    visible: Vec<Want>,
    told_all: bool,
    last_zoom: f64,
    tried_at: f64,
}

/// All base maps of a site.
pub(super) struct BaseMaps {
    maps: Vec<BaseMap>,
    frame: u64,
    /// Counts tiles that came, so that names are placed anew.
    arrived: u64,
    site_has_transit: bool,
}

impl std::fmt::Debug for BaseMaps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BaseMaps").field("maps", &self.maps.len()).finish_non_exhaustive()
    }
}

impl BaseMaps {
    /// Starts the threads of a site's base maps.
    pub(super) fn new(ctx: &Context, site: &Site, geometry: &Geometry) -> Self {
        let waker = ctx.clone();
        let wake: worker::Wake = Arc::new(move || waker.request_repaint());
        let maps = site.meta.base_maps.iter().map(|meta| BaseMap::new(site, meta, geometry, &wake)).collect();
        let site_has_transit = !site.layers.transit_lines.is_empty();
        Self { maps, frame: 0, arrived: 0, site_has_transit }
    }

    /// Takes what has come and asks for what this frame needs.
    pub(super) fn prepare(&mut self, ctx: &Context, sheet: &Sheet<'_>) {
        self.frame += 1;
        let time = ctx.input(|i| i.time);
        for map in &mut self.maps {
            self.arrived += map.receive(ctx, time);
            map.look(ctx, sheet, self.frame, time, self.site_has_transit);
        }
    }

    /// Whether everything that is to be seen is there, or known not to come.
    pub(super) fn is_settled(&self) -> bool {
        self.maps.iter().all(BaseMap::is_settled)
    }

    /// Changes when a tile came.
    pub(super) const fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Whether there are pictures under the areas, whose colours must let them through.
    pub(super) fn has_pictures(&self) -> bool {
        self.maps
            .iter()
            .any(|m| m.is_picture() && m.slots.values().any(|s| matches!(s.state, State::Ready(..))))
    }

    /// Pictures, which lie under the areas.
    pub(super) fn below(&self, sheet: &Sheet<'_>) -> Vec<Tile> {
        let tint = sheet.theme().base.picture;
        let maps = self.maps.iter().filter(|m| m.is_picture());
        maps.flat_map(|m| m.tiles(&sheet.lens, tint)).collect()
    }

    /// Lines and translucent shapes, which lie over the areas.
    pub(super) fn above(&self, sheet: &Sheet<'_>) -> Vec<Tile> {
        let maps = self.maps.iter().filter(|m| !m.is_picture());
        maps.flat_map(|m| m.tiles(&sheet.lens, Color32::WHITE)).collect()
    }

    /// Names to be seen, the most important first.
    pub(super) fn names(&self) -> Vec<&Name> {
        let mut all: Vec<&Name> = self.maps.iter().flat_map(BaseMap::names).collect();
        all.sort_by(|a, b| a.order().cmp(&b.order()).then(b.weight.total_cmp(&a.weight)));
        all
    }

    /// Who made the base maps.
    pub(super) fn credits(&self) -> Vec<Bilingual> {
        self.maps.iter().filter_map(BaseMap::credit).collect()
    }

    /// What is wrong with them.
    pub(super) fn troubles(&self) -> Vec<Message> {
        let mut all: Vec<Message> =
            self.maps.iter().filter_map(BaseMap::trouble).map(|e| e.message()).collect();
        all.dedup();
        all
    }

    /// Whether one of them says of itself that it is a sketch.
    pub(super) fn is_schematic(&self) -> bool {
        self.maps.iter().any(|m| matches!(&m.info, Some(Ok(info)) if info.is_schematic))
    }
}

impl BaseMap {
    fn new(site: &Site, meta: &BaseMapMeta, geometry: &Geometry, wake: &worker::Wake) -> Self {
        let rings = geometry.area(AreaId::ROOT).map_or(&[][..], |solid| &solid.rings);
        let in_datum = |at: World| {
            if meta.datum.is_shifted() { world(meta.datum.from_inside(degrees(at))) } else { at }
        };
        let own = rings.iter().map(|ring| ring.iter().map(|p| in_datum(*p)).collect()).collect();

        Self {
            meta: meta.clone(),
            workers: Workers::start(site, meta, &own, wake),
            info: None,
            schema: None,
            picture_side: 256.0,
            slots: BTreeMap::new(),
            bytes: 0,
            visible: Vec::new(),
            told_all: true,
            last_zoom: f64::NAN,
            tried_at: f64::NEG_INFINITY,
        }
    }

    fn is_picture(&self) -> bool {
        matches!(&self.info, Some(Ok(info)) if info.content == Content::Raster)
    }

    fn receive(&mut self, ctx: &Context, time: f64) -> u64 {
        let mut came = 0;
        let told: Vec<Told> = self.workers.told(PER_FRAME).collect();
        for told in told {
            match told {
                Told::Opened(info) => {
                    if let Err(error) = &info {
                        log::warn!("base map {}: {error}", self.meta.id);
                        self.tried_at = time;
                    }
                    self.info = Some(info);
                    came += 1;
                }
                Told::Tile(want, result) => {
                    came += 1;
                    self.keep(ctx, &want, result, time);
                }
            }
        }
        if self.workers.has_more() {
            ctx.request_repaint();
        }
        came
    }

    fn keep(
        &mut self,
        ctx: &Context,
        want: &Want,
        result: Result<Option<worker::Tile>, TileError>,
        time: f64,
    ) {
        let (state, bytes) = match result {
            Ok(Some(tile)) => {
                let bytes = tile.image.pixels.len() * 4;
                if want.side == 0 {
                    self.picture_side = tile.image.size[0] as f64;
                }
                if let Some(schema) = tile.schema
                    && self.schema.is_none()
                {
                    log::info!("base map {}: names as in {}", self.meta.id, schema.name());
                    self.schema = Some(schema);
                }
                let Address { z, x, y } = want.address;
                let name = format!("tile {z}/{x}/{y}");
                (State::Ready(ctx.load_texture(name, tile.image, TextureOptions::LINEAR), tile.names), bytes)
            }
            Ok(None) => (State::Empty, 0),
            Err(error) => {
                log::debug!("base map {}: tile {:?}: {error}", self.meta.id, want.address);
                (State::Failed(error, time), 0)
            }
        };
        let seen = self.slots.get(&key(want)).map_or(0, |s| s.seen);
        if let Some(old) = self.slots.insert(key(want), Slot { state, seen, bytes }) {
            self.bytes -= old.bytes;
        }
        self.bytes += bytes;
    }

    /// Which tiles this view needs; asks for those that are not there.
    fn look(&mut self, ctx: &Context, sheet: &Sheet<'_>, frame: u64, time: f64, site_has_transit: bool) {
        let Some(info) = self.info.as_ref().and_then(|i| i.as_ref().ok()).cloned() else {
            self.retry(ctx, time);
            return;
        };
        let lens = &sheet.lens;
        let ppp = f64::from(lens.pixels_per_point);
        let still = (lens.zoom - self.last_zoom).abs() < 1e-9;
        self.last_zoom = lens.zoom;
        if !still {
            // Once the zoom rests, tiles are drawn anew at their exact size.
            ctx.request_repaint();
        }
        let is_picture = info.content == Content::Raster;
        let per_pixel = (256.0 * ppp).log2();
        let z = if is_picture {
            (lens.zoom + per_pixel - self.picture_side.log2()).round()
        } else {
            (lens.zoom + per_pixel - SIDE.log2()).floor()
        };
        let deepest =
            if is_picture { info.max_zoom } else { Address::DEEPEST.min(info.max_zoom + LEVELS_UP) };
        let z = (z.clamp(0.0, f64::from(Address::DEEPEST)) as u8)
            .clamp(info.min_zoom, deepest.max(info.min_zoom));
        let exact = 256.0 * ppp * (lens.zoom - f64::from(z)).exp2();
        let hairline = sheet.hairline() * lens.pixels_per_point;
        let zoom = (lens.zoom - f64::from(sheet.hairline()).log2()) as f32;
        let rounded = |v: f64| if still { v } else { (v / 128.0).ceil() * 128.0 };
        let style = Style {
            dark: sheet.theme().dark,
            ink: sheet.theme().base,
            hairline,
            zoom: if still { (zoom * 100.0).round() / 100.0 } else { (zoom * 4.0).round() / 4.0 },
            site_has_transit,
        };
        let side = if is_picture { 0 } else { (rounded(exact).round() as u32).clamp(64, 2048) };
        let extent = lens.extent(0.0);
        let addresses = covering(&self.shifted(&extent), z, &info);
        self.visible = addresses.into_iter().map(|address| Want { address, side, style }).collect();
        let middle = extent.center();
        self.visible.sort_by(|a, b| {
            let far = |w: &Want| {
                let [x, y] = tile_extent(w.address).center();
                (x - middle[0]).hypot(y - middle[1])
            };
            far(a).total_cmp(&far(b))
        });
        self.ask(frame, time, still);
        self.forget(frame);
        if self
            .visible
            .iter()
            .any(|w| matches!(self.slots.get(&key(w)), Some(Slot { state: State::Failed(..), .. })))
        {
            ctx.request_repaint_after_secs(AGAIN_SECS as f32);
        }
    }

    fn ask(&mut self, frame: u64, time: f64, still: bool) {
        let mut missing: Vec<Want> = Vec::new();
        let mut is_new = !self.told_all;
        for want in &self.visible {
            let slot = self.slots.get(&key(want)).map(|s| &s.state);
            let wanted = match slot {
                None if !still && self.best(want).is_some() => continue,
                None => {
                    is_new = true;
                    true
                }
                Some(State::Failed(_, at)) if time - at > AGAIN_SECS => {
                    is_new = true;
                    true
                }
                Some(State::Asked) => true,
                Some(_) => false,
            };
            if wanted {
                missing.push(*want);
            }
        }
        for want in &self.visible {
            if let Some(slot) = self.slots.get_mut(&key(want)) {
                slot.seen = frame;
            }
        }
        if !is_new {
            return;
        }
        // What was asked for and is no longer wanted will not come: the newest list is the only one.
        let wanted: Vec<Key> = missing.iter().map(key).collect();
        self.slots.retain(|k, s| !matches!(s.state, State::Asked) || wanted.contains(k));
        for want in &missing {
            let slot = Slot { state: State::Asked, seen: frame, bytes: 0 };
            if let Some(old) = self.slots.insert(key(want), slot) {
                self.bytes -= old.bytes;
            }
        }
        self.told_all = self.workers.want(&missing);
    }

    /// A source that could not be opened is tried again now and then.
    fn retry(&mut self, ctx: &Context, time: f64) {
        if self.info.is_none() {
            return;
        }
        if time - self.tried_at > AGAIN_SECS {
            self.tried_at = time;
            self.workers.want(&[]);
        }
        ctx.request_repaint_after_secs(AGAIN_SECS as f32);
    }

    /// Lets go of what was not seen for longest, while there is too much.
    fn forget(&mut self, frame: u64) {
        while self.bytes > KEPT_BYTES || self.slots.len() > MOST_TILES * 12 {
            let oldest = self
                .slots
                .iter()
                .filter(|(_, s)| s.seen < frame && !matches!(s.state, State::Asked))
                .min_by_key(|(_, s)| s.seen)
                .map(|(key, _)| *key);
            let Some(slot) = oldest.and_then(|key| self.slots.remove(&key)) else {
                return;
            };
            self.bytes -= slot.bytes;
        }
    }

    fn is_settled(&self) -> bool {
        match &self.info {
            None => false,
            Some(Err(_)) => true,
            Some(Ok(_)) => self
                .visible
                .iter()
                .all(|w| self.slots.get(&key(w)).is_some_and(|s| !matches!(s.state, State::Asked))),
        }
    }

    /// An extent of the program's datum in that of the tiles.
    fn shifted(&self, extent: &Extent) -> Extent {
        if !self.meta.datum.is_shifted() {
            return *extent;
        }
        let mut out = Extent::EMPTY;
        for corner in [extent.min, extent.max, [extent.min[0], extent.max[1]], [extent.max[0], extent.min[1]]]
        {
            out.add(world(self.meta.datum.from_inside(degrees(corner))));
        }
        out
    }

    /// The texture that shows a tile best: itself at the wanted size, at any other, or a part of a coarser one.
    fn best(&self, want: &Want) -> Option<(&TextureHandle, Rect)> {
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        if let Some(Slot { state: State::Ready(texture, _), .. }) = self.slots.get(&key(want)) {
            return Some((texture, whole));
        }
        for up in 0..=LEVELS_UP.min(want.address.z) {
            let address = want.address.up(up);
            let of_theme = |k: &Key| k.1 == 0 || k.2[0] == u32::from(want.style.dark);
            let range = (address, 0, [0; 3])..=(address, u32::MAX, [u32::MAX; 3]);
            let found = self.slots.range(range).rev().find_map(|(k, slot)| match &slot.state {
                State::Ready(texture, _) if of_theme(k) => Some(texture),
                _ => None,
            });
            if let Some(texture) = found {
                let parts = (1_u32 << up) as f32;
                let column = (want.address.x - (address.x << up)) as f32;
                let row = (want.address.y - (address.y << up)) as f32;
                let uv = Rect::from_min_max(
                    pos2(column / parts, row / parts),
                    pos2((column + 1.0) / parts, (row + 1.0) / parts),
                );
                return Some((texture, uv));
            }
        }
        None
    }

    fn tiles(&self, lens: &Lens, tint: Color32) -> impl Iterator<Item = Tile> {
        self.visible.iter().filter_map(move |want| {
            let (texture, part) = self.best(want)?;
            let extent = tile_extent(want.address);
            let [left, top] = extent.min;
            let [right, bottom] = extent.max;
            let corners = [[left, top], [right, top], [right, bottom], [left, bottom]].map(|at| {
                let at = if self.meta.datum.is_shifted() {
                    world(self.meta.datum.to_inside(degrees(at)))
                } else {
                    at
                };
                // On whole pixels neighbours meet without a seam and letters of a picture stay sharp.
                lens.snap(lens.to_screen(at))
            });
            Some(Tile { texture: texture.id(), part, corners, tint })
        })
    }

    fn names(&self) -> impl Iterator<Item = &Name> {
        self.visible
            .iter()
            .filter_map(|w| match self.slots.get(&key(w)).map(|s| &s.state) {
                Some(State::Ready(_, names)) => Some(names),
                _ => None,
            })
            .flatten()
    }

    /// What the archive says; the site's own line only where it says nothing.
    fn credit(&self) -> Option<Bilingual> {
        let said = match &self.info {
            Some(Ok(info)) => info.attribution.as_str(),
            _ => "",
        };
        if said.is_empty() {
            return self.meta.attribution.clone();
        }
        Some(Bilingual { zh: said.to_owned(), en: said.to_owned() })
    }

    fn trouble(&self) -> Option<TileError> {
        match &self.info {
            Some(Err(error)) => Some(error.clone()),
            Some(Ok(info)) if info.is_cut => Some(TileError::Truncated),
            _ => self.visible.iter().find_map(|w| match self.slots.get(&key(w)).map(|s| &s.state) {
                Some(State::Failed(error, _)) => Some(error.clone()),
                _ => None,
            }),
        }
    }
}
