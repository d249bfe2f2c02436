//! The hexagons: where a place falls at each level, and where a cell lies. Owns their arithmetic and nothing else.
//!
//! Places are in Web Mercator, in pixels of zoom level 0 (the world is 256 wide, y points south). A hexagon of level L
//! stands on a point and is [`CELL_PIXELS`] wide (flat side to flat side) at zoom L, so each level halves the one
//! before and every zoom has cells of the same size on the screen. That is why these are not H3 cells: H3 shrinks by
//! √7 from one resolution to the next and is no regular hexagon in Mercator, so cells would jump in size by 2.6 while
//! zooming. A cell of 48 pixels at zoom 18 is 29 m wide at the equator, 26 m at 23° north.

/// A place in pixels of zoom level 0.
pub type World = [f64; 2];

/// Width of a cell from flat side to flat side, in pixels at the zoom of its level.
pub const CELL_PIXELS: f64 = 48.0;

/// The finest level: its cells hold the points themselves.
pub const FINEST: u8 = 18;

/// Columns and rows of cells that are kept in one piece of memory.
pub const TILE_CELLS: u32 = 8;

/// Pixels of the world at zoom 0.
const WORLD: f64 = 256.0;

/// A place as it is kept: shares of the world's width and height in 2³² steps (9 mm at the equator).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// From the west.
    pub x: u32,
    /// From the north.
    pub y: u32,
}

impl Spot {
    /// The spot of a longitude and latitude (EPSG:3857, the sphere that web maps use); none beyond its poles.
    #[must_use]
    pub fn of([lon, lat]: [f64; 2]) -> Option<Self> {
        let sin = lat.to_radians().sin();
        let x = (lon + 180.0) / 360.0;
        let y = 0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * std::f64::consts::PI);
        let steps = |share: f64| (share * 4_294_967_296.0).floor();
        let fits = |n: f64| (0.0..4_294_967_296.0).contains(&n);
        let (x, y) = (steps(x), steps(y));
        (fits(x) && fits(y)).then_some(Self { x: x as u32, y: y as u32 })
    }

    /// The place, in pixels of zoom level 0.
    #[must_use]
    pub fn world(self) -> World {
        let pixels = |steps: u32| (f64::from(steps) + 0.5) / 4_294_967_296.0 * WORLD;
        [pixels(self.x), pixels(self.y)]
    }
}

/// A cell of one level: column from the west and row from the north; odd rows stand half a cell to the east.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// Row.
    pub row: u32,
    /// Column.
    pub column: u32,
}

/// Width of a cell from flat side to flat side, in pixels of zoom level 0.
#[must_use]
pub fn width(level: u8) -> f64 {
    // Two to the power of the level, as its bits.
    CELL_PIXELS / f64::from_bits((1023 + u64::from(level)) << 52)
}

/// From the middle of a cell to a corner.
#[must_use]
pub fn radius(level: u8) -> f64 {
    width(level) / 3.0_f64.sqrt()
}

/// The cell of a place.
#[must_use]
pub fn cell(level: u8, [x, y]: World) -> Cell {
    let r = radius(level);
    // Axial coordinates of a pointy hexagon, rounded in the three axes that add up to zero.
    let q = (3.0_f64.sqrt() / 3.0 * x - y / 3.0) / r;
    let s = 2.0 / 3.0 * y / r;
    let (mut rq, mut rs, rt) = (whole(q), whole(s), whole(-q - s));
    let (dq, ds, dt) = ((rq - q).abs(), (rs - s).abs(), (rt + q + s).abs());
    if dq > ds && dq > dt {
        rq = -rs - rt;
    } else if ds > dt {
        rs = -rq - rt;
    }
    let odd = (rs as i64 & 1) as f64;
    let column = rq + (rs - odd) / 2.0;
    Cell { row: rs.max(0.0) as u32, column: column.max(0.0) as u32 }
}

/// The nearest whole number. The library's rounding is a call, and a cell is asked for ten times an event.
fn whole(n: f64) -> f64 {
    (n + 0.5_f64.copysign(n)) as i64 as f64
}

/// The middle of a cell, in pixels of zoom level 0.
#[must_use]
pub fn middle(level: u8, cell: Cell) -> World {
    let w = width(level);
    let odd = f64::from(cell.row % 2) * 0.5;
    [(f64::from(cell.column) + odd) * w, f64::from(cell.row) * radius(level) * 1.5]
}

/// Cells of a rectangle of rows and columns, both ends within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first row and column.
    pub from: Cell,
    /// The last.
    pub to: Cell,
}

impl Window {
    /// All cells that touch a rectangle of places, in whole tiles: it stays the same while a map moves a little.
    #[must_use]
    pub fn covering(level: u8, min: World, max: World) -> Self {
        let (w, h) = (width(level), radius(level) * 1.5);
        let first =
            |at: f64, side: f64| ((at / side).floor() - 1.0).max(0.0) as u32 / TILE_CELLS * TILE_CELLS;
        let last = |at: f64, side: f64| {
            (((at / side).ceil() + 1.0).max(0.0) as u32 / TILE_CELLS + 1) * TILE_CELLS - 1
        };
        Self {
            from: Cell { row: first(min[1], h), column: first(min[0], w) },
            to: Cell { row: last(max[1], h), column: last(max[0], w) },
        }
    }

    /// The cells of the next finer level that a point of a cell can fall into.
    #[must_use]
    pub fn below(level: u8, cell: Cell) -> Self {
        let [x, y] = middle(level, cell);
        let r = radius(level);
        let reach = r * 1.02;
        let (w, h) = (width(level + 1), radius(level + 1) * 1.5);
        let low = |at: f64, side: f64| ((at - reach) / side - 1.0).floor().max(0.0) as u32;
        let high = |at: f64, side: f64| ((at + reach) / side + 1.0).ceil().max(0.0) as u32;
        Self {
            from: Cell { row: low(y, h), column: low(x, w) },
            to: Cell { row: high(y, h), column: high(x, w) },
        }
    }

    /// Whether a cell is in it.
    #[must_use]
    pub fn holds(&self, cell: Cell) -> bool {
        (self.from.row..=self.to.row).contains(&cell.row)
            && (self.from.column..=self.to.column).contains(&cell.column)
    }
}

/// The piece of memory that a cell is in; sorts by rows of tiles.
pub(super) const fn tile_of(cell: Cell) -> u64 {
    tile_key(cell.row / TILE_CELLS, cell.column / TILE_CELLS)
}

pub(super) const fn tile_key(row: u32, column: u32) -> u64 {
    ((row as u64) << 24) | column as u64
}

/// The place of a cell in its piece.
pub(super) const fn local_of(cell: Cell) -> u32 {
    (cell.row % TILE_CELLS) * TILE_CELLS + cell.column % TILE_CELLS
}

/// The cell of a place in a piece.
pub(super) const fn cell_of(tile: u64, local: u32) -> Cell {
    let (row, column) = ((tile >> 24) as u32, (tile & 0xFF_FFFF) as u32);
    Cell { row: row * TILE_CELLS + local / TILE_CELLS, column: column * TILE_CELLS + local % TILE_CELLS }
}

/// The coarsest level that a map of this width (in pixels of zoom level 0) can ask for: some four cells across.
#[must_use]
pub fn coarsest(extent_width: f64) -> u8 {
    let level = (CELL_PIXELS * 4.0 / extent_width.max(1e-9)).log2().floor();
    level.clamp(0.0, f64::from(FINEST - 1)) as u8
}
