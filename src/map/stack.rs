//! The layers in their order, and what the pointer or the focus does on them. Owns the kept drawings of all layers.

use std::sync::Arc;

use egui::{Context, Painter, PopupAnchor, Rect, Response, Role, Sense, Ui, WidgetInfo};
use walkers::{MapMemory, Plugin, Projector};

use super::backdrop::Backdrop;
use super::base::BaseMaps;
use super::borders;
use super::events::{EventsLayer, What};
use super::furniture;
use super::geometry::Geometry;
use super::glow::Glow;
use super::ground::Ground;
use super::hover::{self, Hit};
use super::kinds;
use super::labels::{About, Labels, Others};
use super::lens::{Lens, World, degrees};
use super::lettering::Lettering;
use super::letters;
use super::pencil::Pencil;
use super::piles::pressed;
use super::position::Position;
use super::pulse::Pulses;
use super::scope::{Legend, Scope};
use super::sheet::Sheet;
use super::silence::SilenceLayer;
use super::tools;
use crate::command::Command;
use crate::density::grid;
use crate::panels::legend::DensityScale;
use crate::panels::{self, Commands, View};
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::state::Tool;

/// How far a click on a cell goes closer, in zoom levels.
const CLOSER: f64 = 1.5;

/// All layers.
pub(super) struct Stack {
    pub(super) backdrop: Backdrop,
    ground: Ground,
    glow: Glow,
    silence: SilenceLayer,
    events: EventsLayer,
    pub(super) labels: Labels,
    lettering: Lettering,
    pulses: Pulses,
    pub(super) base: BaseMaps,
    pencil: Pencil,
    position: Position,
    covered: [Rect; 3],
    /// The view of the frame before.
    last: Option<Lens>,
}

/// What one frame of the layers is given.
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a frame")]
pub(super) struct StackFrame<'a> {
    /// Figures, choices and tokens.
    pub view: &'a View<'a>,
    /// Shapes.
    pub geometry: &'a Geometry,
    /// Which areas are coloured.
    pub scope: &'a Scope,
    /// What colours mean.
    pub legend: &'a Legend,
    /// The free part of the map.
    pub clear: Rect,
    /// What a panel covers of it.
    pub aside: Rect,
    /// Zoom of the view of the whole.
    pub home_zoom: f64,
    /// Where the map stands before it was ever moved.
    pub fallback: World,
    /// Whether the camera is on its way.
    pub moving: bool,
    /// Middle and zoom of where it goes.
    pub goal: Option<(World, f64)>,
    /// Whether two fingers are on the map, or were just now.
    pub pinching: bool,
    /// Whether arrivals may move.
    pub animate: bool,
    /// Whether sources are written.
    pub credits: bool,
    /// Seconds on the frame clock.
    pub time: f64,
    /// Where wishes go.
    pub commands: &'a mut Commands,
}

impl Stack {
    /// Layers for a site's shapes.
    #[must_use]
    pub(super) fn new(ctx: &Context, geometry: &Geometry, site: &Site) -> Self {
        Self {
            backdrop: Backdrop::default(),
            ground: Ground::default(),
            glow: Glow::new(ctx, geometry),
            silence: SilenceLayer::default(),
            events: EventsLayer::default(),
            labels: Labels::default(),
            lettering: Lettering::default(),
            pulses: Pulses::default(),
            base: BaseMaps::new(ctx, site, geometry),
            pencil: Pencil::default(),
            position: Position::default(),
            covered: [Rect::NOTHING; 3],
            last: None,
        }
    }

    /// The layers as a plugin of the map for one frame.
    pub(super) const fn in_frame<'a>(&'a mut self, frame: StackFrame<'a>) -> InFrame<'a> {
        InFrame { stack: self, frame }
    }

    fn paint(&mut self, painter: &Painter, sheet: &Sheet<'_>, time: f64, animate: bool) {
        self.events.prepare(sheet, time, animate);
        let others = Others { events: &self.events, base: &self.base };
        self.lettering.begin(painter.ctx());
        if !sheet.moving {
            letters::practise(painter, sheet.theme(), &mut self.lettering);
        }
        self.labels.prepare(painter, sheet, &others, &self.covered, &mut self.lettering);
        self.backdrop.paint(painter, sheet, &self.base, &self.glow, (time, animate));
        self.ground.paint_names(painter, sheet, &self.covered);
        self.silence.paint(painter, sheet);
        self.events.paint(painter, sheet, time, &mut self.lettering);
    }

    /// What the hexagons of a view count; none where there are none.
    pub(super) fn density(&self, lens: &Lens) -> Option<DensityScale> {
        self.events.density(lens)
    }

    /// The marks of events on the screen.
    #[cfg(test)]
    pub(super) fn marks(&self) -> &[super::events::Mark] {
        self.events.marks()
    }

    /// How often the looks of marks were drawn.
    #[cfg(test)]
    pub(super) const fn looks(&self) -> u64 {
        self.events.looks()
    }

    /// What is under a point: a mark before a label before an area.
    fn hit(&self, sheet: &Sheet<'_>, at: egui::Pos2) -> Option<Hit> {
        if let Some(pile) = pressed(self.events.marks(), at, sheet.view.state.event.as_ref()) {
            return Some(Hit::Pile(pile.shown.clone(), pile.next, pile.count));
        }
        if let Some(mark) = self.events.at(at) {
            return Some(Hit::Mark(mark.clone()));
        }
        let label = self.labels.placed().iter().find(|l| l.rect.contains(at)).map(|l| l.about);
        if let Some(About::Area(area) | About::Badge(area) | About::Silence(area)) = label {
            return Some(Hit::Area(area));
        }
        let found = sheet.view.site.areas.at(degrees(sheet.lens.to_world(at)))?;
        Some(Hit::Area(sheet.scope.drawn_at(sheet.view, found)))
    }

    /// Makes areas reachable by keyboard and screen reader: one small button where each stands. Returns the one that
    /// has the focus.
    fn buttons(ui: &Ui, sheet: &Sheet<'_>, commands: &mut Commands) -> Option<(AreaId, Rect)> {
        let mut focused = None;
        let areas = &sheet.view.site.areas;
        let chosen = areas.get(sheet.scope.chosen);
        let next = if chosen.level == 0 { areas.level(1).collect() } else { chosen.children.clone() };
        let more = areas.level(2).filter(|id| chosen.level == 0 && sheet.scope.level >= areas.get(*id).level);
        for id in next.iter().copied().filter(|id| areas.get(*id).level <= 2).chain(more) {
            let Some(solid) = sheet.geometry.area(id) else {
                continue;
            };
            let at = sheet.lens.to_screen(solid.label);
            if !sheet.lens.rect.contains(at) {
                continue;
            }
            // Too small for a pointer: the map itself answers the pointer everywhere.
            let rect = Rect::from_center_size(at, egui::Vec2::splat(1.0));
            let response = ui.interact(rect, ui.scope_id().with(("map area", id.0)), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, area_words(sheet, id)));
            if response.has_focus() {
                focused = Some((id, rect));
            }
            if response.clicked() {
                commands.push(if adds(ui) { Command::PickArea(id) } else { Command::SelectArea(id) });
            }
        }
        focused
    }
}

/// Name and figure of an area, for those who hear the map.
fn area_words(sheet: &Sheet<'_>, area: AreaId) -> String {
    let indicator = sheet.view.indicator().map_or("", |i| sheet.view.say(i.card_name()));
    let value = sheet.printed(&sheet.reading(area));
    let args = [("area", sheet.name(area)), ("indicator", indicator), ("value", value.as_str())];
    let says = sheet.view.text.fill("map.area_says", &args);
    std::iter::once(says)
        .chain(panels::silence::of_area(sheet.view, area))
        .collect::<Vec<String>>()
        .join("; ")
}

/// The layers in one frame.
pub(super) struct InFrame<'a> {
    stack: &'a mut Stack,
    frame: StackFrame<'a>,
}

impl Plugin for InFrame<'_> {
    fn run(
        self: Box<Self>,
        ui: &mut Ui,
        response: &Response,
        _projector: &Projector<'_>,
        memory: &MapMemory,
    ) {
        let Self { stack, frame } = *self;
        let lens = Lens::of(memory, response.rect, frame.fallback, ui.pixels_per_point());
        let has_moved = stack.last.replace(lens).is_some_and(|last| last != lens);
        let sheet = Sheet {
            view: frame.view,
            lens,
            geometry: frame.geometry,
            scope: frame.scope,
            legend: frame.legend,
            clear: frame.clear,
            home_zoom: frame.home_zoom,
            // A wheel goes in steps: the map rests when a frame has passed without one.
            moving: frame.moving || response.dragged() || (frame.animate && has_moved),
            over_picture: false,
        };
        let painter = ui.painter().clone();
        let stand = stack.backdrop.stand(
            ui.ctx(),
            &sheet,
            frame.goal.map(|(center, zoom)| Lens::new(lens.rect, center, zoom, lens.pixels_per_point)),
        );
        stack.base.prepare(ui.ctx(), &Sheet { lens: stand, ..sheet });
        let sheet = Sheet { over_picture: stack.base.has_pictures(), ..sheet };
        stack.paint(&painter, &sheet, frame.time, frame.animate);
        let focused = Stack::buttons(ui, &sheet, frame.commands);
        let is_drawing = sheet.view.state.tool != Tool::Hand;
        if frame.pinching {
            stack.pencil.let_go();
        } else {
            stack.pencil.hand(ui, response, &sheet, frame.commands);
        }
        // A finger that has been lifted hovers nowhere any more.
        let tapped = || response.clicked().then(|| response.interact_pointer_pos()).flatten();
        let pointer = response
            .hover_pos()
            .or_else(tapped)
            .filter(|at| !is_drawing && !sheet.moving && sheet.clear.contains(*at))
            .filter(|at| !frame.aside.contains(*at));
        let hit = pointer.and_then(|at| stack.hit(&sheet, at));
        let lit = match (&hit, focused) {
            (Some(Hit::Area(area)), _) => Some(*area),
            (None, Some((area, _))) => Some(area),
            _ => None,
        };
        if let Some(area) = lit.filter(|a| *a != AreaId::ROOT) {
            borders::highlight(&painter, &sheet, area);
        }
        stack.pencil.paint(&painter, &sheet);
        stack.labels.paint(&painter, &sheet, &mut stack.lettering);
        let is_moving = stack.pulses.paint(&painter, &sheet, frame.time, frame.animate);
        if is_moving || stack.events.is_moving() {
            ui.ctx().request_repaint();
        }
        let notes: Vec<String> =
            stack.events.notes(&sheet).into_iter().chain(stack.labels.note(&sheet)).collect();
        let corner = furniture::corner(&painter, &sheet, frame.credits, &notes, &stack.base);
        stack.covered =
            [kinds::key_ui(ui, &sheet, &stack.events, corner), head(ui, &sheet, frame.commands), frame.aside];
        // Two fingers that rest ask for no menu, as one does.
        if !frame.pinching {
            stack.position.ui(ui, response, &sheet, frame.credits, frame.commands);
        }
        if !is_drawing && !frame.pinching {
            clicks(ui, response, hit.as_ref(), sheet.view, frame.commands);
        }
        if hit.is_some() {
            ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
        }
        if let Some(hit) = &hit {
            hover::card(ui, &sheet, hit, PopupAnchor::Pointer);
        } else if let Some((area, rect)) = focused {
            hover::card(ui, &sheet, &Hit::Area(area), PopupAnchor::ParentRect(rect));
        }
        let told = lit.unwrap_or(sheet.scope.chosen);
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, area_words(&sheet, told)));
    }
}

/// The path to what is chosen, and the tools below it.
fn head(ui: &mut Ui, sheet: &Sheet<'_>, commands: &mut Commands) -> Rect {
    let path = furniture::breadcrumb(ui, sheet, commands);
    let below = path.left_bottom() + egui::vec2(0.0, sheet.theme().sizes.step * 0.5);
    path.union(tools::tools_ui(ui, sheet, below, commands))
}

/// Whether a click is meant for one more area, and not for another one.
fn adds(ui: &Ui) -> bool {
    ui.input(|i| i.modifiers.command || i.modifiers.shift)
}

fn clicks(ui: &Ui, response: &Response, hit: Option<&Hit>, view: &View<'_>, commands: &mut Commands) {
    if !response.clicked() {
        return;
    }
    match hit {
        Some(Hit::Area(area)) if adds(ui) => commands.push(Command::PickArea(*area)),
        Some(Hit::Pile(_, next, _)) => commands.push(Command::SelectEvent(Some(Arc::clone(next)))),
        Some(Hit::Mark(mark)) => {
            commands.push(match &mark.what {
                What::Single(single) => Command::SelectEvent(Some(single.id.clone())),
                What::Cell(level, sum) => Command::ZoomMapAt(degrees(grid::middle(*level, sum.cell)), CLOSER),
            });
        }
        Some(Hit::Area(area)) if *area != view.state.area => commands.push(Command::SelectArea(*area)),
        Some(Hit::Area(_)) => {}
        None if response.double_clicked() => commands.push(Command::SelectParentArea),
        None => {}
    }
}
