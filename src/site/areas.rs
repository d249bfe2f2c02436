//! The area hierarchy: codes, names, shapes. Owns parent and child links and roll-up order; never draws.

use super::text::Bilingual;

/// Index of an area in its [`AreaTree`]; 0 is the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AreaId(pub u32);

impl AreaId {
    /// The top area.
    pub const ROOT: Self = Self(0);

    /// As an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Longitude and latitude in degrees, WGS 84.
pub type LonLat = [f64; 2];

/// One closed ring without the repeated last point.
pub type Ring = Vec<LonLat>;

/// One polygon: outer ring first, then holes.
pub type Polygon = Vec<Ring>;

/// West, south, east, north in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Least longitude.
    pub west: f64,
    /// Least latitude.
    pub south: f64,
    /// Greatest longitude.
    pub east: f64,
    /// Greatest latitude.
    pub north: f64,
}

impl Bounds {
    /// Bounds that hold nothing yet.
    pub const EMPTY: Self =
        Self { west: f64::INFINITY, south: f64::INFINITY, east: f64::NEG_INFINITY, north: f64::NEG_INFINITY };

    /// Grows to hold a point.
    pub const fn add(&mut self, [lon, lat]: LonLat) {
        self.west = self.west.min(lon);
        self.east = self.east.max(lon);
        self.south = self.south.min(lat);
        self.north = self.north.max(lat);
    }

    /// Whether a point is inside or on the edge.
    #[must_use]
    pub fn contains(&self, [lon, lat]: LonLat) -> bool {
        lon >= self.west && lon <= self.east && lat >= self.south && lat <= self.north
    }

    /// Middle point.
    #[must_use]
    pub const fn center(&self) -> LonLat {
        [f64::midpoint(self.west, self.east), f64::midpoint(self.south, self.north)]
    }
}

/// One area of any level.
#[derive(Debug, Clone)]
pub struct Area {
    /// Administrative code; the children's codes start with it.
    pub code: String,
    /// Name.
    pub name: Bilingual,
    /// Index into the site's levels; 0 is the top.
    pub level: usize,
    /// The area that holds this one.
    pub parent: Option<AreaId>,
    /// The areas directly inside, in code order.
    pub children: Vec<AreaId>,
    /// Shape.
    pub polygons: Vec<Polygon>,
    /// Where the name stands.
    pub label: LonLat,
    /// Extent of the shape.
    pub bounds: Bounds,
}

impl Area {
    /// Whether a point lies inside, by the even-odd rule.
    #[must_use]
    pub fn contains(&self, point: LonLat) -> bool {
        self.bounds.contains(point)
            && self
                .polygons
                .iter()
                .any(|rings| rings.iter().filter(|ring| ring_contains(ring, point)).count() % 2 == 1)
    }
}

fn ring_contains(ring: &[LonLat], [x, y]: LonLat) -> bool {
    let mut inside = false;
    let Some(mut last) = ring.last() else { return false };
    for point in ring {
        // Neighbours go along a common edge in opposite directions: taken in one order, it parts them without a gap.
        let (a, b) = (*point, *last);
        let ([x1, y1], [x2, y2]) = if (a[1], a[0]) <= (b[1], b[0]) { (a, b) } else { (b, a) };
        if (y1 > y) != (y2 > y) && x < (x2 - x1) * (y - y1) / (y2 - y1) + x1 {
            inside = !inside;
        }
        last = point;
    }
    inside
}

/// All areas of a site, parents before children, siblings in code order.
#[derive(Debug, Clone, Default)]
pub struct AreaTree {
    areas: Vec<Area>,
    by_code: std::collections::HashMap<String, AreaId>,
}

impl AreaTree {
    /// Links areas that are sorted by level, then code. Parents are found by the longest code that is a prefix;
    /// areas whose parent is missing come back as the second value.
    #[must_use]
    pub fn link(mut areas: Vec<Area>) -> (Self, Vec<String>) {
        areas.sort_by(|a, b| (a.level, &a.code).cmp(&(b.level, &b.code)));
        let mut tree = Self::default();
        let mut orphans = Vec::new();
        for mut area in areas {
            area.parent = (1..area.code.len())
                .rev()
                .find_map(|len| area.code.get(..len).and_then(|prefix| tree.by_code.get(prefix)).copied());
            if area.parent.is_none() && !tree.areas.is_empty() {
                orphans.push(area.code);
                continue;
            }
            let id = AreaId(u32::try_from(tree.areas.len()).unwrap_or(u32::MAX));
            if let Some(parent) = area.parent.and_then(|p| tree.areas.get_mut(p.index())) {
                parent.children.push(id);
            }
            tree.by_code.insert(area.code.clone(), id);
            tree.areas.push(area);
        }
        (tree, orphans)
    }

    /// How many areas there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.areas.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    /// The area of an id of this tree.
    ///
    /// # Panics
    /// Never for an id that this tree gave out.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids are only made by this tree, which never shrinks")]
    pub fn get(&self, id: AreaId) -> &Area {
        &self.areas[id.index()]
    }

    /// The area with a code.
    #[must_use]
    pub fn find(&self, code: &str) -> Option<AreaId> {
        self.by_code.get(code).copied()
    }

    /// All ids and areas, parents first.
    pub fn iter(&self) -> impl Iterator<Item = (AreaId, &Area)> {
        self.areas.iter().enumerate().map(|(i, area)| (AreaId(u32::try_from(i).unwrap_or(u32::MAX)), area))
    }

    /// Ids of one level, in code order.
    pub fn level(&self, level: usize) -> impl Iterator<Item = AreaId> + '_ {
        self.iter().filter(move |(_, a)| a.level == level).map(|(id, _)| id)
    }

    /// The ancestor at `level`, or the area itself when it is at or above that level.
    #[must_use]
    pub fn ancestor(&self, mut id: AreaId, level: usize) -> AreaId {
        while self.get(id).level > level {
            match self.get(id).parent {
                Some(parent) => id = parent,
                None => break,
            }
        }
        id
    }

    /// From the root down to the area itself.
    #[must_use]
    pub fn path(&self, id: AreaId) -> Vec<AreaId> {
        let mut path = vec![id];
        let mut at = id;
        while let Some(parent) = self.get(at).parent {
            path.push(parent);
            at = parent;
        }
        path.reverse();
        path
    }

    /// The finest area that contains a point.
    #[must_use]
    pub fn at(&self, point: LonLat) -> Option<AreaId> {
        let mut found = self.iter().find(|(_, a)| a.level == 0 && a.contains(point)).map(|(id, _)| id)?;
        while let Some(child) = self.get(found).children.iter().find(|c| self.get(**c).contains(point)) {
            found = *child;
        }
        Some(found)
    }
}
