//! Which tile: zoom, column, row, and its number along the Hilbert curve of PMTiles. Owns the arithmetic.

/// The address of a tile: zoom, column from the west, row from the north.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Zoom level, at most [`Address::DEEPEST`].
    pub z: u8,
    /// Column.
    pub x: u32,
    /// Row.
    pub y: u32,
}

impl Address {
    /// The deepest zoom that addresses are used for.
    pub const DEEPEST: u8 = 24;

    /// The tile that holds this one, some levels up.
    #[must_use]
    pub const fn up(self, levels: u8) -> Self {
        Self { z: self.z.saturating_sub(levels), x: self.x >> levels, y: self.y >> levels }
    }

    /// Number of the tile in an archive: all lower zooms first, then the place on the curve.
    #[must_use]
    pub const fn number(self) -> u64 {
        let below = ((1_u64 << (2 * self.z as u64)) - 1) / 3;
        let (mut x, mut y) = (self.x as u64, self.y as u64);
        let mut along = 0;
        let mut s = (1_u64 << self.z) >> 1;
        while s > 0 {
            let (rx, ry) = ((x & s > 0) as u64, (y & s > 0) as u64);
            along += s * s * ((3 * rx) ^ ry);
            if ry == 0 {
                if rx == 1 {
                    x = s.wrapping_sub(1).wrapping_sub(x);
                    y = s.wrapping_sub(1).wrapping_sub(y);
                }
                (x, y) = (y, x);
            }
            s >>= 1;
        }
        below + along
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that the specification of PMTiles 3 gives.
    #[test]
    fn numbers_are_those_of_the_specification() {
        let wanted = [
            ((0, 0, 0), 0),
            ((1, 0, 0), 1),
            ((1, 0, 1), 2),
            ((1, 1, 1), 3),
            ((1, 1, 0), 4),
            ((2, 0, 0), 5),
            ((12, 3423, 1763), 19_078_479),
        ];
        for ((z, x, y), number) in wanted {
            assert_eq!(Address { z, x, y }.number(), number, "{z}/{x}/{y}");
        }
    }

    #[test]
    fn every_tile_of_a_zoom_has_its_own_number() {
        let mut numbers: Vec<u64> =
            (0..32).flat_map(|x| (0..32).map(move |y| Address { z: 5, x, y }.number())).collect();
        numbers.sort_unstable();
        let first = (0..5).map(|z| 4_u64.pow(z)).sum::<u64>();
        assert_eq!(numbers, (first..first + 1024).collect::<Vec<_>>());
    }
}
