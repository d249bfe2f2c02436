//! Which areas a shape covers, and by how much. Owns the weights: an area is divided by where its buildings stand, and
//! by its surface where it has none.

use super::Drawn;
use super::region::Region;
use crate::site::Site;
use crate::site::areas::{AreaId, LonLat};

/// A share nearer to nothing or to all than this is a rounding of coordinates.
const SLIVER: f64 = 1e-6;

/// The finest areas with figures, each with its shape and the buildings in it. Made once per site and building layer.
#[derive(Debug)]
pub struct Atlas {
    leaves: Vec<Leaf>,
    /// Per area, its parent; parents stand before their children.
    parents: Vec<Option<AreaId>>,
    has_buildings: bool,
}

#[derive(Debug)]
struct Leaf {
    area: AreaId,
    region: Region,
    /// Square degrees of the equator: comparable between leaves.
    ground: f64,
    buildings: Vec<LonLat>,
}

/// How much of an area a shape covers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Part {
    /// Share of the area's buildings in the shape, or of its surface where it has none: 0 to 1.
    pub share: f64,
    /// The area lies in the shape as a whole.
    pub is_whole: bool,
    /// Buildings of the area in the shape, or surface where the shape has no building: what a part weighs beside others.
    pub weight: f64,
}

/// What a shape covers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cover {
    parts: Vec<Part>,
    /// Finest areas that it touches.
    pub areas: usize,
    /// Finest areas that lie in it as a whole.
    pub whole: usize,
    /// Buildings in it.
    pub buildings: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    ground: f64,
    ground_in: f64,
    buildings: usize,
    buildings_in: usize,
    leaves: usize,
    whole: usize,
}

impl Atlas {
    /// Sorts the buildings of a layer (WGS 84) into the finest areas that have figures.
    #[must_use]
    pub fn new(site: &Site, buildings: &[LonLat]) -> Self {
        let finest = site.figure_level();
        let mut leaves: Vec<Leaf> = site
            .areas
            .iter()
            .filter(|(_, a)| a.level == finest || (a.level < finest && a.children.is_empty()))
            .map(|(id, a)| {
                let region = Region::new(a.polygons.iter().flatten());
                let narrowed = a.bounds.center()[1].to_radians().cos();
                Leaf {
                    area: id,
                    ground: region.overlap(&region).whole * narrowed,
                    region,
                    buildings: Vec::new(),
                }
            })
            .collect();
        for place in buildings {
            if let Some(leaf) = leaves.iter_mut().find(|leaf| leaf.region.contains(*place)) {
                leaf.buildings.push(*place);
            }
        }
        Self {
            has_buildings: leaves.iter().any(|leaf| !leaf.buildings.is_empty()),
            leaves,
            parents: site.areas.iter().map(|(_, a)| a.parent).collect(),
        }
    }

    /// What a shape covers.
    #[must_use]
    pub fn cover(&self, drawn: &Drawn) -> Cover {
        let rings = drawn.rings();
        let shape = Region::new(&rings);
        let mut sums = vec![Sums::default(); self.parents.len()];
        for leaf in &self.leaves {
            let found = match drawn {
                Drawn::Areas(picked) => leaf.picked(self.is_in(leaf.area, picked)),
                _ => leaf.covered(&shape),
            };
            // Up to the top: a parent is what its parts are.
            let mut at = Some(leaf.area);
            while let Some(area) = at {
                if let Some(sums) = sums.get_mut(area.index()) {
                    sums.add(&found);
                }
                at = self.parents.get(area.index()).copied().flatten();
            }
        }
        let top = sums.first().copied().unwrap_or_default();
        let by_building = self.has_buildings && top.buildings_in > 0;
        let touched = |leaf: &&Leaf| sums.get(leaf.area.index()).is_some_and(|s| s.ground_in > 0.0);
        Cover {
            areas: self.leaves.iter().filter(touched).count(),
            whole: top.whole,
            buildings: top.buildings_in,
            parts: sums.iter().map(|s| s.part(by_building)).collect(),
        }
    }

    fn is_in(&self, area: AreaId, picked: &[AreaId]) -> bool {
        let mut at = Some(area);
        while let Some(area) = at {
            if picked.contains(&area) {
                return true;
            }
            at = self.parents.get(area.index()).copied().flatten();
        }
        false
    }
}

impl Leaf {
    fn picked(&self, is_in: bool) -> Sums {
        let buildings = self.buildings.len();
        Sums {
            ground: self.ground,
            ground_in: if is_in { self.ground } else { 0.0 },
            buildings,
            buildings_in: if is_in { buildings } else { 0 },
            leaves: 1,
            whole: usize::from(is_in),
        }
    }

    fn covered(&self, shape: &Region) -> Sums {
        if !self.region.is_near(shape) {
            return self.picked(false);
        }
        let found = self.region.overlap(shape);
        let share = if found.whole > 0.0 { found.shared / found.whole } else { 0.0 };
        if share > 1.0 - SLIVER {
            return self.picked(true);
        }
        if share < SLIVER {
            return self.picked(false);
        }
        Sums {
            ground: self.ground,
            ground_in: self.ground * share,
            buildings: self.buildings.len(),
            buildings_in: self.buildings.iter().filter(|place| shape.contains(**place)).count(),
            leaves: 1,
            whole: 0,
        }
    }
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.ground += other.ground;
        self.ground_in += other.ground_in;
        self.buildings += other.buildings;
        self.buildings_in += other.buildings_in;
        self.leaves += other.leaves;
        self.whole += other.whole;
    }

    fn part(&self, by_building: bool) -> Part {
        let is_whole = self.leaves > 0 && self.whole == self.leaves;
        let share = if is_whole {
            1.0
        } else if self.buildings > 0 {
            self.buildings_in as f64 / self.buildings as f64
        } else if self.ground > 0.0 {
            self.ground_in / self.ground
        } else {
            0.0
        };
        let weight = if by_building { self.buildings_in as f64 } else { self.ground_in };
        Part { share, is_whole, weight }
    }
}

impl Cover {
    /// How much of an area is covered.
    #[must_use]
    pub fn part(&self, area: AreaId) -> Part {
        self.parts.get(area.index()).copied().unwrap_or_default()
    }

    /// Whether nothing with figures is covered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.areas == 0
    }
}
