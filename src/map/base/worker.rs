//! The threads that fetch and draw tiles. Owns them and their channels, which are bounded: the window sends what it
//! wants to see and takes what has come; it never waits, and a wish that is out of date is forgotten.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use egui::ColorImage;

use super::names::Name;
use super::paint::{self, Cut, Style};
use crate::map::lens::World;
use crate::site::Site;
use crate::site::meta::BaseMapMeta;
use crate::tiles::address::Address;
use crate::tiles::schema::Schema;
use crate::tiles::source::Source;
use crate::tiles::{Content, Info, TileError, picture};

/// A tile that should be seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Want {
    /// Which.
    pub address: Address,
    /// Side of the picture; 0 for a tile that is a picture already.
    pub side: u32,
    /// How a vector tile is drawn.
    pub style: Style,
}

/// A tile as the window can show it.
pub(super) struct Tile {
    /// Its picture, premultiplied.
    pub image: ColorImage,
    /// Names in it.
    pub names: Vec<Name>,
    /// Whose names a vector tile's layers have.
    pub schema: Option<Schema>,
}

/// What the threads tell.
pub(super) enum Told {
    /// The source was opened, or why not.
    Opened(Result<Info, TileError>),
    /// A tile, none where the source has none, or why there is none.
    Tile(Want, Result<Option<Tile>, TileError>),
}

/// Wakes the window.
pub(super) type Wake = Arc<dyn Fn() + Send + Sync>;

/// Threads of one base map; dropping them ends them after the tile at hand.
#[derive(Debug)]
pub(super) struct Workers {
    wishes: Vec<Sender<Vec<Want>>>,
    told: Receiver<Told>,
}

/// Answers that wait for the window: a thread that is ahead waits.
const ANSWERS: usize = 16;
/// A list of wishes that waits for a thread; a newer one takes its place as soon as it is looked at.
const WISHES: usize = 4;
/// Threads for a file (drawing is the work) and for a server (waiting is).
const FILE_THREADS: usize = 2;
const WEB_THREADS: usize = 4;
/// How long a file that is still growing is left alone.
const REOPEN: Duration = Duration::from_secs(8);

impl Workers {
    /// Starts the threads of a base map.
    pub(super) fn start(site: &Site, meta: &BaseMapMeta, own: &Arc<[Vec<World>]>, wake: &Wake) -> Self {
        let parts = if meta.kind.is_file() { FILE_THREADS } else { WEB_THREADS };
        let (out, told) = bounded(ANSWERS);
        let mut wishes = Vec::new();
        for part in 0..parts {
            let (wish, inbox) = bounded(WISHES);
            let (dir, meta, out, wake) = (site.dir.clone(), meta.clone(), out.clone(), Arc::clone(wake));
            let own = Arc::clone(own);
            let work =
                move || Worker { dir: &dir, meta: &meta, own: &own, part, parts, out, wake }.run(&inbox);
            match std::thread::Builder::new().name(format!("tiles-{part}")).spawn(work) {
                Ok(_) => wishes.push(wish),
                Err(err) => log::error!("no thread for tiles: {err}"),
            }
        }
        Self { wishes, told }
    }

    /// Tells the threads what should be seen, the most important first; false where one has not yet looked at the last
    /// lists, so that it has to be told again.
    pub(super) fn want(&self, wanted: &[Want]) -> bool {
        let mut lists: Vec<Vec<Want>> = vec![Vec::new(); self.wishes.len()];
        let count = lists.len().max(1);
        for want in wanted {
            // Neighbours go to different threads.
            let Address { x, y, .. } = want.address;
            if let Some(list) = lists.get_mut((x as usize + y as usize) % count) {
                list.push(*want);
            }
        }
        let mut taken = true;
        for (out, list) in self.wishes.iter().zip(lists) {
            match out.try_send(list) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => taken = false,
                Err(TrySendError::Disconnected(_)) => {}
            }
        }
        taken
    }

    /// What has come, at most so many; never waits.
    pub(super) fn told(&self, most: usize) -> impl Iterator<Item = Told> {
        self.told.try_iter().take(most)
    }

    /// Whether more has come.
    pub(super) fn has_more(&self) -> bool {
        !self.told.is_empty()
    }
}

struct Worker<'a> {
    dir: &'a Path,
    meta: &'a BaseMapMeta,
    own: &'a [Vec<World>],
    part: usize,
    parts: usize,
    out: Sender<Told>,
    wake: Wake,
}

impl Worker<'_> {
    fn run(self, inbox: &Receiver<Vec<Want>>) {
        let mut source = self.open();
        let mut list: Vec<Want> = Vec::new();
        let (mut is_short, mut since) = (false, Instant::now());
        loop {
            if list.is_empty() {
                let Ok(next) = inbox.recv() else { return };
                list = next;
            }
            // Only the newest list counts.
            if let Some(newest) = inbox.try_iter().last() {
                list = newest;
            }
            // A file that was not there, or not whole, may be there now.
            if source.is_err() || (is_short && since.elapsed() > REOPEN) {
                source = self.open();
                since = Instant::now();
                is_short = false;
            }
            if list.is_empty() {
                continue;
            }
            let want = list.remove(0);
            let result = match &mut source {
                Ok((source, info)) => make(source, info, self.meta, self.own, &want),
                Err(error) => Err(error.clone()),
            };
            is_short |= matches!(&result, Err(TileError::Truncated));
            if self.out.send(Told::Tile(want, result)).is_err() {
                return;
            }
            (self.wake)();
        }
    }

    fn open(&self) -> Result<(Source, Info), TileError> {
        let opened = Source::open(self.dir, self.meta, self.part, self.parts);
        let opened = opened.map(|source| {
            let info = source.info(self.meta);
            (source, info)
        });
        let told = opened.as_ref().map(|(_, info)| info.clone()).map_err(Clone::clone);
        if self.part == 0 && self.out.send(Told::Opened(told)).is_ok() {
            (self.wake)();
        }
        opened
    }
}

fn make(
    source: &mut Source,
    info: &Info,
    meta: &BaseMapMeta,
    own: &[Vec<World>],
    want: &Want,
) -> Result<Option<Tile>, TileError> {
    let from = want.address.up(want.address.z.saturating_sub(info.max_zoom));
    let Some(bytes) = source.fetch(from)? else {
        return Ok(None);
    };
    if info.content == Content::Vector && picture::format(&bytes).is_none() {
        let cut = Cut { wanted: want.address, from, side: want.side.max(1), datum: meta.datum };
        let drawn = paint::draw(&bytes, &cut, &want.style, own).map_err(|_| TileError::Corrupt)?;
        return Ok(Some(Tile { image: drawn.image, names: drawn.names, schema: Some(drawn.schema) }));
    }
    let picture = picture::decode(&bytes)?;
    let image = ColorImage::from_rgba_unmultiplied([picture.width, picture.height], &picture.rgba);
    Ok(Some(Tile { image, names: Vec::new(), schema: None }))
}
