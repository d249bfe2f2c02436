//! The map: areas coloured by an indicator, events, buildings, names. Owns the view (where one looks, at which zoom)
//! and kept drawings; figures and choices come in with each frame, wishes go out as commands.

mod anchored;
mod backdrop;
mod base;
mod borders;
mod breaks;
mod camera;
mod choropleth;
mod classes;
mod crowd;
mod events;
mod fabric;
#[cfg(test)]
mod fixture;
mod furniture;
mod geometry;
mod glow;
mod ground;
mod hatch;
mod hover;
mod kept;
mod kinds;
mod labels;
mod lens;
mod lettering;
mod letters;
mod names;
mod pencil;
mod piles;
mod placement;
mod position;
mod pulse;
mod scope;
mod sheet;
mod silence;
mod stack;
mod stamps;
mod symbol;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_backdrop;
#[cfg(test)]
mod tests_bars;
#[cfg(test)]
mod tests_events;
#[cfg(test)]
mod tests_lettering;
#[cfg(test)]
mod tests_names;
#[cfg(test)]
mod tests_pencil;
#[cfg(test)]
mod tests_touch;
mod tools;

use egui::{Context, DragPanButtons, Pos2, Rect, Ui};
use walkers::Map;

use camera::{Camera, CameraFrame};
pub use classes::{Classes, Method};
use geometry::Geometry;
use kept::Kept;
use lens::{Lens, position};
pub use scope::{Legend, Scope};
use stack::{Stack, StackFrame};

use crate::panels::legend::{LegendClass, LegendScale};
use crate::panels::{Commands, View};
use crate::privacy::marks::Marks;
use crate::site::Site;
use crate::site::text::Bilingual;
use crate::state::{Classing, Tool};

/// The map as a panel.
pub struct MapPanel {
    /// Whether moves and arrivals take time; a picture wants none of it.
    pub animate: bool,
    /// Whether sources are written in the corner; false where the screen writes them elsewhere.
    pub credits: bool,
    /// What a panel covers within the clear part: areas are fitted beside it, and no label lies there.
    pub aside: Rect,
    geometry: Geometry,
    camera: Camera,
    stack: Stack,
    legend: Kept<(u64, usize, usize, Classing), Legend>,
    scale: LegendScale,
    marks: Kept<(u64, usize, Scope), Marks>,
    /// Whether two fingers are, or were just now, on the map: none of them clicks or draws.
    pinching: bool,
}

impl std::fmt::Debug for MapPanel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MapPanel").field("camera", &self.camera).finish_non_exhaustive()
    }
}

impl MapPanel {
    /// A map of a site, at first fitted to the whole.
    #[must_use]
    pub fn new(ctx: &Context, site: &Site) -> Self {
        let geometry = Geometry::new(site);
        Self {
            animate: true,
            credits: true,
            aside: Rect::NOTHING,
            camera: Camera::new(&geometry.root),
            stack: Stack::new(ctx, &geometry, site),
            geometry,
            legend: Kept::default(),
            scale: LegendScale::default(),
            marks: Kept::default(),
            pinching: false,
        }
    }

    /// Paints the map over the whole of a ui and pushes what the user asks for. `clear` is the part of it that no
    /// panel covers: areas are fitted into it, and names of the frame stand in its corners.
    pub fn ui(&mut self, ui: &mut Ui, clear: Rect, view: &View<'_>, commands: &mut Commands) {
        let rect = ui.available_rect_before_wrap();
        let time = ui.input(|i| i.time);
        let animate = self.animate && ui.style().animation_time > 0.0;
        let request = view.state.map_request;
        self.camera.prepare(&CameraFrame {
            rect,
            clear,
            aside: self.aside,
            notes_height: furniture::notes_height(view.theme, self.credits),
            time,
            animate,
            request,
            geometry: &self.geometry,
        });
        let fingers =
            ui.input(egui::InputState::multi_touch).filter(|fingers| clear.contains(fingers.start_pos));
        if let Some(fingers) = &fingers {
            let from = fingers.center_pos - fingers.translation_delta;
            let (to, spread) = (fingers.center_pos, f64::from(fingers.zoom_delta));
            self.camera.pinch(rect, from, to, spread, &self.geometry.root);
            self.pinching = true;
        }
        let scope = Scope::new(view, self.camera.memory.zoom() - self.camera.home_zoom());
        let legend_key = (view.snapshot.revision, view.state.indicator, scope.level, view.state.classing);
        let legend = self.legend.get(legend_key, || Legend::new(view, scope.level));
        self.scale = legend_scale(legend, view);
        let marks_key = (view.snapshot.revision, view.state.indicator, scope.clone());
        self.marks.get(marks_key, || scope::marks(view, &scope));
        let fallback = self.geometry.root.center();
        let moving = self.camera.is_moving() || fingers.is_some();
        let frame = StackFrame {
            view,
            geometry: &self.geometry,
            scope: &scope,
            legend,
            clear,
            aside: self.aside,
            home_zoom: self.camera.home_zoom(),
            fallback,
            moving,
            goal: self.camera.on_the_way_to(),
            pinching: self.pinching,
            animate,
            credits: self.credits,
            time,
            commands,
        };
        let layers = self.stack.in_frame(frame);
        // What is done over a panel is meant for the panel, though the map goes on below it.
        let pressed = ui.input(|i| i.pointer.press_origin());
        let is_free = |at: Pos2| clear.contains(at) && !self.aside.contains(at);
        let is_mine = pressed.is_none_or(is_free);
        let buttons = match view.state.tool {
            // Two fingers have moved it already.
            _ if !is_mine || self.pinching => DragPanButtons::empty(),
            Tool::Hand | Tool::Measure => DragPanButtons::PRIMARY,
            // The first button draws.
            Tool::Lasso | Tool::Radius => DragPanButtons::SECONDARY,
        };
        let is_pointed = ui.input(|i| i.pointer.hover_pos()).is_some_and(is_free);
        let response = Map::new(None, &mut self.camera.memory, position(fallback))
            .zoom_with_ctrl(false)
            .zoom_gesture(is_pointed && !self.pinching)
            .drag_pan_buttons(buttons)
            .with_plugin(layers)
            .show(ui, |_, _, _, _| ())
            .response;
        let lens = Lens::of(&self.camera.memory, rect, fallback, ui.pixels_per_point());
        let touched = response.changed() || response.dragged();
        self.scale.density = self.stack.density(&lens);
        self.camera.settle(&lens, touched, &self.geometry.root);
        self.pinching &= ui.input(egui::InputState::any_touches);
        if self.camera.is_moving() {
            ui.ctx().request_repaint();
        }
    }

    /// Whether the map shows its last view, and every tile of the base map that is to be seen is there, or known not to
    /// come.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.stack.base.is_settled() && self.stack.backdrop.is_settled() && self.stack.labels.is_settled()
    }

    /// Who made the base maps: what the sources themselves say.
    #[must_use]
    pub fn base_credits(&self) -> Vec<Bilingual> {
        self.stack.base.credits()
    }

    /// The lines of all labels.
    #[cfg(test)]
    fn labels(&self) -> impl Iterator<Item = &str> {
        self.stack.labels.placed().iter().flat_map(labels::Label::words)
    }

    /// What the colours mean, as of the last frame.
    #[must_use]
    pub const fn legend(&self) -> &Legend {
        self.legend.last()
    }

    /// Classes and values as the legend panel draws them.
    #[must_use]
    pub const fn scale(&self) -> &LegendScale {
        &self.scale
    }

    /// The marks that areas on the map bear, as of the last frame.
    #[must_use]
    pub const fn marks(&self) -> &Marks {
        self.marks.last()
    }
}

fn legend_scale(legend: &Legend, view: &View<'_>) -> LegendScale {
    let ends = legend.classes.breaks().iter().zip(legend.classes.breaks().iter().skip(1));
    let classes = ends
        .zip(&legend.counts)
        .enumerate()
        .map(|(class, ((low, high), areas))| LegendClass {
            color: view.theme.class_color(class, legend.classes.len()),
            low: *low,
            high: *high,
            areas: *areas,
        })
        .collect();
    let method_key = match legend.classes.found_by {
        Some(Method::AroundTarget(_)) => "panel.legend.by_target",
        Some(Method::Natural) => "panel.legend.by_natural",
        Some(Method::Equal) => "panel.legend.by_equal",
        Some(Method::Quantile) | None => "panel.legend.by_quantile",
    };
    LegendScale { classes, heap: legend.heap.clone(), method_key, level: legend.level, density: None }
}
