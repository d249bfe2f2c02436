//! From places on the map to points on the screen and back. Owns the arithmetic of one view; knows no areas.

use egui::{Pos2, Rect, Vec2, pos2, vec2};
use walkers::{MapMemory, MercatorProjection, Position, Projection as _, lon_lat};

use crate::site::areas::LonLat;

/// A place in Web Mercator, in pixels of zoom level 0: the unit that scales to any zoom by a power of two.
pub(super) type World = [f64; 2];

/// The world place of a longitude and latitude.
#[must_use]
pub(super) fn world([lon, lat]: LonLat) -> World {
    let at = MercatorProjection.project(lon_lat(lon, lat), 0.0);
    [at.x(), at.y()]
}

/// The position, as the map library writes it, of a world place.
#[must_use]
pub(super) fn position([x, y]: World) -> Position {
    MercatorProjection.unproject(Position::new(x, y), 0.0)
}

/// Longitude and latitude of a world place.
#[must_use]
pub(super) fn degrees(at: World) -> LonLat {
    let at = position(at);
    [at.x(), at.y()]
}

/// Extent of places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extent {
    /// Least x and y.
    pub min: World,
    /// Greatest x and y.
    pub max: World,
}

impl Extent {
    /// An extent that holds nothing yet.
    pub(super) const EMPTY: Self = Self { min: [f64::INFINITY; 2], max: [f64::NEG_INFINITY; 2] };

    /// Grows to hold a place.
    pub(super) const fn add(&mut self, [x, y]: World) {
        self.min = [self.min[0].min(x), self.min[1].min(y)];
        self.max = [self.max[0].max(x), self.max[1].max(y)];
    }

    /// Middle.
    #[must_use]
    pub(super) const fn center(&self) -> World {
        [f64::midpoint(self.min[0], self.max[0]), f64::midpoint(self.min[1], self.max[1])]
    }

    /// Width and height.
    #[must_use]
    pub(super) const fn size(&self) -> World {
        [self.max[0] - self.min[0], self.max[1] - self.min[1]]
    }

    /// The extent with a share of its greater side added all around.
    #[must_use]
    pub(super) fn grown(&self, share: f64) -> Self {
        let [w, h] = self.size();
        let by = w.max(h) * share;
        Self { min: [self.min[0] - by, self.min[1] - by], max: [self.max[0] + by, self.max[1] + by] }
    }

    /// Whether two extents share a place.
    #[must_use]
    pub(super) fn meets(&self, other: &Self) -> bool {
        (0..2).all(|i| match (self.min.get(i), self.max.get(i), other.min.get(i), other.max.get(i)) {
            (Some(a), Some(b), Some(c), Some(d)) => a <= d && b >= c,
            _ => false,
        })
    }
}

/// One view: where the map stands on the screen and what it shows. Equal lenses draw the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lens {
    /// The map's place on the screen.
    pub rect: Rect,
    /// World place at the middle of `rect`.
    pub center: World,
    /// Zoom level.
    pub zoom: f64,
    /// Screen points per world unit.
    pub scale: f64,
    /// Pixels per screen point.
    pub pixels_per_point: f32,
}

impl Lens {
    /// The view of a map on a rectangle.
    #[must_use]
    pub(super) fn new(rect: Rect, center: World, zoom: f64, pixels_per_point: f32) -> Self {
        Self { rect, center, zoom, scale: zoom.exp2(), pixels_per_point }
    }

    /// The view that the map library stands at.
    #[must_use]
    pub(super) fn of(memory: &MapMemory, rect: Rect, fallback: World, pixels_per_point: f32) -> Self {
        let center = memory.detached().map_or(fallback, |p| world([p.x(), p.y()]));
        Self::new(rect, center, memory.zoom(), pixels_per_point)
    }

    /// Where a world place is on the screen.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "screen points")]
    pub(super) fn to_screen(&self, [x, y]: World) -> Pos2 {
        let middle = self.rect.center();
        pos2(
            (f64::from(middle.x) + (x - self.center[0]) * self.scale) as f32,
            (f64::from(middle.y) + (y - self.center[1]) * self.scale) as f32,
        )
    }

    /// Which world place is at a point of the screen.
    #[must_use]
    pub(super) fn to_world(&self, at: Pos2) -> World {
        let Vec2 { x, y } = at - self.rect.center();
        [self.center[0] + f64::from(x) / self.scale, self.center[1] + f64::from(y) / self.scale]
    }

    /// What the screen rectangle shows, with points added around.
    #[must_use]
    pub(super) fn extent(&self, margin: f32) -> Extent {
        let rect = self.rect.expand(margin);
        Extent { min: self.to_world(rect.min), max: self.to_world(rect.max) }
    }

    /// An extent as a rectangle on the screen.
    #[must_use]
    pub(super) fn rect_of(&self, extent: &Extent) -> Rect {
        Rect::from_min_max(self.to_screen(extent.min), self.to_screen(extent.max))
    }

    /// Screen points per metre on the ground at the middle of the view.
    #[must_use]
    pub(super) fn points_per_meter(&self) -> f64 {
        MercatorProjection.scale_pixel_per_meter(position(self.center), self.zoom)
    }

    /// Whether the middle of the map is at the same point of the screen as in another view. A rectangle that was made wider
    /// has its middle where it was, but for the last digit.
    #[must_use]
    pub(super) fn is_around_the_middle_of(&self, other: &Self) -> bool {
        const OFF_POINTS: f32 = 0.01;
        (self.rect.center() - other.rect.center()).abs().max_elem() < OFF_POINTS
    }

    /// The place moved to the middle of a pixel grid cell, so that a square of whole pixels is sharp.
    #[must_use]
    pub(super) fn snap(&self, at: Pos2) -> Pos2 {
        let ppp = self.pixels_per_point;
        pos2((at.x * ppp).round() / ppp, (at.y * ppp).round() / ppp)
    }
}

/// A step on the screen from a length and an angle.
#[must_use]
pub(super) fn polar(radius: f32, angle: f32) -> Vec2 {
    vec2(radius * angle.cos(), radius * angle.sin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_and_the_world_are_inverse() {
        let rect = Rect::from_min_size(pos2(100.0, 50.0), vec2(1920.0, 1080.0));
        let lens = Lens::new(rect, world([114.37, 22.69]), 12.4, 1.0);
        for point in [pos2(100.0, 50.0), pos2(777.0, 333.0), pos2(2000.0, 1100.0)] {
            let back = lens.to_screen(lens.to_world(point));
            assert!((back - point).length() < 0.01, "{point:?} came back as {back:?}");
        }
        let [lon, lat] = degrees(world([114.37, 22.69]));
        assert!((lon - 114.37).abs() < 1e-9 && (lat - 22.69).abs() < 1e-9);
    }

    #[test]
    fn a_wider_view_has_its_middle_where_it_was() {
        for size in [vec2(1366.0, 768.0), vec2(1920.0, 1080.0), vec2(3840.0, 2160.0), vec2(6656.0, 1792.0)] {
            let lens = Lens::new(Rect::from_min_size(Pos2::ZERO, size), world([114.37, 22.69]), 12.4, 1.0);
            for share in [0.12, 0.15, 0.5] {
                let wide = Lens { rect: lens.rect.expand2(size * share), ..lens };
                assert!(wide.is_around_the_middle_of(&lens), "{size:?} and {share} more");
            }
            let aside = Lens { rect: lens.rect.translate(vec2(1.0, 0.0)), ..lens };
            assert!(!aside.is_around_the_middle_of(&lens));
        }
    }

    #[test]
    fn the_lens_agrees_with_the_map_library() {
        let rect = Rect::from_min_size(Pos2::ZERO, vec2(800.0, 600.0));
        let mut memory = MapMemory::default();
        memory.center_at(lon_lat(114.3, 22.7));
        memory.set_zoom(12.37).expect("a zoom in range");
        let lens = Lens::of(&memory, rect, [0.0; 2], 1.0);
        let theirs = walkers::Projector::new(rect, &MercatorProjection, &memory, lon_lat(0.0, 0.0));
        let ours = lens.to_screen(world([114.35, 22.66]));
        assert!((theirs.project(lon_lat(114.35, 22.66)).to_pos2() - ours).length() < 0.05);
        let scale = f64::from(theirs.scale_pixel_per_meter(lon_lat(114.3, 22.7)));
        assert!((scale - lens.points_per_meter()).abs() < 1e-6);
    }
}
