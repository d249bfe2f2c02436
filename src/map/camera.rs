//! Where the map looks: fitting to an area, following requests, smooth moves. Owns the map library's memory and
//! nothing that is drawn.

use egui::{Pos2, Rect, Vec2};
use walkers::MapMemory;

use super::geometry::Geometry;
use super::lens::{Extent, Lens, World, position, world};
use crate::site::areas::AreaId;
use crate::state::MapRequest;

/// How long a move takes, in seconds.
const MOVE_SECS: f64 = 0.25;
/// How far beyond the view of the whole one may go out, in zoom levels.
const OUT_LEVELS: f64 = 1.5;
/// The closest zoom: a house fills the screen.
const CLOSEST: f64 = 19.0;

/// A middle and a zoom.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stand {
    center: World,
    zoom: f64,
}

#[derive(Debug, Clone, Copy)]
struct Move {
    from: Stand,
    to: Stand,
    began: f64,
}

/// The camera.
#[derive(Debug)]
pub(super) struct Camera {
    /// The map library's own memory.
    pub memory: MapMemory,
    moving: Option<Move>,
    fitted: Option<AreaId>,
    placed: Option<(Rect, Rect, Rect)>,
    last: Stand,
    home_zoom: f64,
}

impl Camera {
    /// A camera that will fit the whole when it first learns its place on the screen.
    #[must_use]
    pub(super) fn new(root: &Extent) -> Self {
        let last = Stand { center: root.center(), zoom: 10.0 };
        let mut camera = Self {
            memory: MapMemory::default(),
            moving: None,
            fitted: Some(AreaId::ROOT),
            placed: None,
            last,
            home_zoom: 10.0,
        };
        camera.stand(last);
        camera
    }

    /// Zoom of the view that shows the whole.
    #[must_use]
    pub(super) const fn home_zoom(&self) -> f64 {
        self.home_zoom
    }

    /// Whether the view is on its way or being dragged.
    #[must_use]
    pub(super) fn is_moving(&self) -> bool {
        self.moving.is_some() || self.memory.animating()
    }

    /// Middle and zoom that a move leads to.
    #[must_use]
    pub(super) fn on_the_way_to(&self) -> Option<(World, f64)> {
        self.moving.map(|Move { to, .. }| (to.center, to.zoom))
    }

    /// Before the map is drawn: takes the request, keeps a fitted area fitted, goes on with a move.
    pub(super) fn prepare(&mut self, frame: &CameraFrame<'_>) {
        self.home_zoom = fit(&frame.geometry.root, frame).zoom;
        let placed = (frame.rect, room(frame), frame.aside);
        let was_placed = self.placed.replace(placed);
        match frame.request {
            Some(MapRequest::Fit(area)) => {
                self.fitted = Some(area);
                self.go(self.fit_of(area, frame), frame, was_placed.is_some());
            }
            Some(MapRequest::Zoom(levels)) => {
                let goal = self.goal();
                let zoom = (goal.zoom + levels).clamp(self.home_zoom - OUT_LEVELS, CLOSEST);
                // What stands in the middle of the free part of the screen stays there.
                let off = frame.clear.center() - frame.rect.center();
                let anchor = moved(goal.center, off, goal.zoom);
                self.fitted = None;
                self.go(Stand { center: moved(anchor, -off, zoom), zoom }, frame, true);
            }
            Some(MapRequest::ZoomAt(at, levels)) => {
                let zoom = (self.goal().zoom + levels).clamp(self.home_zoom - OUT_LEVELS, CLOSEST);
                let off = frame.clear.center() - frame.rect.center();
                let center = inside(moved(world(at), -off, zoom), &frame.geometry.root);
                self.fitted = None;
                self.go(Stand { center, zoom }, frame, true);
            }
            Some(MapRequest::Pan(x, y)) => {
                let goal = self.goal();
                let by = Vec2::new(x * frame.rect.width(), y * frame.rect.height());
                let center = inside(moved(goal.center, by, goal.zoom), &frame.geometry.root);
                self.fitted = None;
                self.go(Stand { center, zoom: goal.zoom }, frame, true);
            }
            None => {
                if was_placed != Some(placed)
                    && let Some(area) = self.fitted
                {
                    self.go(self.fit_of(area, frame), frame, false);
                }
            }
        }
        self.step(frame.time);
    }

    /// What two fingers do: the ground under the point between them stays under it, and as much closer as they spread.
    pub(super) fn pinch(&mut self, rect: Rect, from: Pos2, to: Pos2, spread: f64, root: &Extent) {
        let Stand { center, zoom } = self.last;
        let ground = moved(center, from - rect.center(), zoom);
        let zoom = (zoom + spread.max(f64::MIN_POSITIVE).log2()).clamp(self.home_zoom - OUT_LEVELS, CLOSEST);
        self.moving = None;
        self.fitted = None;
        self.stand(Stand { center: inside(moved(ground, rect.center() - to, zoom), root), zoom });
    }

    /// After the map was drawn: notices what the hand did, and keeps the view within limits.
    pub(super) fn settle(&mut self, lens: &Lens, touched: bool, root: &Extent) {
        let now = Stand { center: lens.center, zoom: lens.zoom };
        if touched && now != self.last {
            self.moving = None;
            self.fitted = None;
        }
        let least = self.home_zoom - OUT_LEVELS;
        if self.moving.is_none() && !(least - 1e-6..=CLOSEST + 1e-6).contains(&now.zoom) {
            // A wheel beyond the limit must not shift the middle either.
            let zoom = now.zoom.clamp(least, CLOSEST);
            self.stand(Stand { center: self.last.center, zoom });
        } else if touched {
            let center = inside(now.center, root);
            if center.iter().zip(&now.center).any(|(a, b)| (a - b).abs() > f64::EPSILON) {
                self.stand(Stand { center, zoom: now.zoom });
            }
        }
        let center = self.memory.detached().map_or(now.center, |p| world([p.x(), p.y()]));
        self.last = Stand { center, zoom: self.memory.zoom() };
    }

    fn fit_of(&self, area: AreaId, frame: &CameraFrame<'_>) -> Stand {
        let extent = frame.geometry.area(area).and_then(|a| a.extent).unwrap_or(frame.geometry.root);
        let stand = fit(&extent, frame);
        // A tiny area still shows where it lies.
        let most = self.home_zoom + 4.5;
        if stand.zoom > most { fit_at(&extent, most, frame) } else { stand }
    }

    fn goal(&self) -> Stand {
        self.moving.map_or(self.last, |m| m.to)
    }

    fn go(&mut self, to: Stand, frame: &CameraFrame<'_>, smooth: bool) {
        if smooth && frame.animate && to != self.last {
            self.moving = Some(Move { from: self.last, to, began: frame.time });
        } else {
            self.moving = None;
            self.stand(to);
        }
    }

    fn step(&mut self, time: f64) {
        let Some(Move { from, to, began }) = self.moving else {
            return;
        };
        let t = ((time - began) / MOVE_SECS).clamp(0.0, 1.0);
        let eased = t * t * (3.0 - 2.0 * t);
        if t >= 1.0 {
            self.moving = None;
            self.stand(to);
            return;
        }
        let zoom = from.zoom + (to.zoom - from.zoom) * eased;
        // While zooming, the place that stays put on the screen is the same all the way: no swing to the side.
        let (a, b, now) = ((-from.zoom).exp2(), (-to.zoom).exp2(), (-zoom).exp2());
        let share = if (a - b).abs() < a * 1e-6 { eased } else { (a - now) / (a - b) };
        let between = |x: f64, y: f64| x + (y - x) * share;
        let center = [between(from.center[0], to.center[0]), between(from.center[1], to.center[1])];
        self.stand(Stand { center, zoom });
    }

    fn stand(&mut self, stand: Stand) {
        self.memory.center_at(position(stand.center));
        if self.memory.set_zoom(stand.zoom.clamp(0.0, 26.0)).is_err() {
            log::debug!("zoom {} is out of range", stand.zoom);
        }
        self.last = stand;
    }
}

/// What the camera is told in one frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct CameraFrame<'a> {
    /// The map's place.
    pub rect: Rect,
    /// The part of it that nothing covers.
    pub clear: Rect,
    /// What a panel covers of `clear`, at its right side; nothing where none does.
    pub aside: Rect,
    /// Height at the bottom of `clear` that notes take.
    pub notes_height: f32,
    /// Seconds on the frame clock.
    pub time: f64,
    /// Whether moves take time.
    pub animate: bool,
    /// What was asked for.
    pub request: Option<MapRequest>,
    /// The shapes.
    pub geometry: &'a Geometry,
}

fn moved(center: World, by: Vec2, zoom: f64) -> World {
    let scale = zoom.exp2();
    [center[0] + f64::from(by.x) / scale, center[1] + f64::from(by.y) / scale]
}

fn inside(center: World, root: &Extent) -> World {
    [center[0].clamp(root.min[0], root.max[0]), center[1].clamp(root.min[1], root.max[1])]
}

/// The part of the clear rectangle that an area is fitted into: a margin all around, and the notes left readable.
fn room(frame: &CameraFrame<'_>) -> Rect {
    const MARGIN: f32 = 0.045;
    let margin = frame.clear.width().min(frame.clear.height()) * MARGIN;
    let below = (frame.notes_height - margin).clamp(0.0, frame.clear.height() * 0.25);
    let inner = frame.clear.shrink(margin);
    inner.with_max_y(inner.bottom() - below)
}

/// The part of a room that is free beside a panel.
fn beside(room: Rect, aside: Rect) -> Rect {
    room.with_max_x((aside.left() - room.width() * 0.02).clamp(room.left(), room.right()))
}

fn zoom_into(extent: &Extent, room: Rect) -> f64 {
    let [w, h] = extent.size();
    let scale =
        (f64::from(room.width().max(1.0)) / w.max(1e-9)).min(f64::from(room.height().max(1.0)) / h.max(1e-9));
    scale.log2().clamp(0.0, CLOSEST)
}

fn fit(extent: &Extent, frame: &CameraFrame<'_>) -> Stand {
    let room = room(frame);
    let zoom = zoom_into(extent, room);
    let meets = middle(extent, zoom, frame).is_none();
    let narrow = zoom_into(extent, beside(room, frame.aside));
    // Half as large is too small a price to pay for it.
    fit_at(extent, if meets && zoom - narrow < 1.0 { narrow } else { zoom }, frame)
}

/// Where the middle of an extent stands on the screen at a zoom: that of the room, or so far aside that no panel covers it;
/// nothing where there is no room for that.
fn middle(extent: &Extent, zoom: f64, frame: &CameraFrame<'_>) -> Option<Pos2> {
    let room = room(frame);
    let [w, h] = extent.size().map(|side| (side * zoom.exp2()) as f32);
    let drawn = Rect::from_center_size(room.center(), Vec2::new(w, h));
    if !drawn.intersects(frame.aside) {
        return Some(room.center());
    }
    let free = beside(room, frame.aside);
    (w <= free.width() + 0.5).then(|| Pos2::new(free.right() - w * 0.5, room.center().y))
}

fn fit_at(extent: &Extent, zoom: f64, frame: &CameraFrame<'_>) -> Stand {
    let off = frame.rect.center() - middle(extent, zoom, frame).unwrap_or_else(|| room(frame).center());
    Stand { center: moved(extent.center(), off, zoom), zoom }
}
