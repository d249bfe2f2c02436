//! Shapes that a user draws, as areas of their own: which areas they cover by how much, and their figures, made of
//! figures that may be shown and of nothing else. Owns shapes, shares and reliability; draws nothing.

pub mod cover;
pub mod figures;
pub mod region;
pub mod work;

use crate::site::areas::{AreaId, AreaTree, Bounds, LonLat, Polygon, Ring};
use crate::site::geodesy;

pub use cover::{Atlas, Cover};
pub use figures::{DrawnFigures, DrawnReading, Mark, NoFigure, Parts};

/// Corners of a circle: its surface is a thousandth short of a true one's.
const CIRCLE_CORNERS: u32 = 96;

/// The smallest and largest radius, in metres.
pub const RADIUS_METERS: (f64, f64) = (10.0, 50_000.0);

/// A shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Drawn {
    /// Areas picked one by one, in the order they were picked.
    Areas(Vec<AreaId>),
    /// What a line drawn by hand, or read from a file, goes around.
    Polygons(Vec<Polygon>),
    /// All around a place.
    Circle {
        /// Its middle.
        center: LonLat,
        /// Its radius in metres on the ground.
        meters: f64,
    },
}

impl Drawn {
    /// The rings around it; none for picked areas, whose shapes are the site's.
    #[must_use]
    pub fn rings(&self) -> Vec<Ring> {
        match self {
            Self::Areas(_) => Vec::new(),
            Self::Polygons(polygons) => polygons.iter().flatten().cloned().collect(),
            Self::Circle { center, meters } => vec![geodesy::circle(*center, *meters, CIRCLE_CORNERS)],
        }
    }

    /// What it is and where, in one line for the audit log: kind, extent in degrees, corners.
    #[must_use]
    pub fn log_words(&self) -> String {
        let rings = self.rings();
        let mut bounds = Bounds::EMPTY;
        rings.iter().flatten().for_each(|p| bounds.add(*p));
        let corners = rings.iter().map(Vec::len).sum::<usize>();
        match self {
            Self::Areas(picked) => format!("picked={}", picked.len()),
            Self::Circle { center: [lon, lat], meters } => {
                format!("circle={lon:.6},{lat:.6} meters={meters:.0}")
            }
            Self::Polygons(_) => {
                let Bounds { west, south, east, north } = bounds;
                format!("polygon={west:.6},{south:.6},{east:.6},{north:.6} corners={corners}")
            }
        }
    }

    /// The picked areas with one more, or without it where it was picked already. An area takes the place of what it
    /// holds and of what holds it, so that nothing is counted twice.
    #[must_use]
    pub fn with_toggled(picked: &[AreaId], areas: &AreaTree, area: AreaId) -> Vec<AreaId> {
        let holds = |outer: AreaId, inner: AreaId| areas.ancestor(inner, areas.get(outer).level) == outer;
        if picked.contains(&area) {
            return picked.iter().copied().filter(|a| *a != area).collect();
        }
        let apart = picked.iter().copied().filter(|a| !holds(*a, area) && !holds(area, *a));
        apart.chain([area]).collect()
    }
}
