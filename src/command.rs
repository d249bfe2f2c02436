//! Everything a user can ask, as one closed list. Panels push commands; `state` applies them; the ones for workers
//! are passed on.

use std::sync::Arc;

use crate::density::EventFilter;
use crate::drawn::Drawn;
use crate::site::areas::{AreaId, LonLat};
use crate::site::text::Lang;
use crate::snapshot::{EpochSecs, IndicatorIx};
use crate::state::Tool;

/// One wish of the user.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Follow this area everywhere.
    SelectArea(AreaId),
    /// One level up.
    SelectParentArea,
    /// Pick one more area, or no longer pick it: all that are picked are one shape.
    PickArea(AreaId),
    /// Show the figures of this shape, or of no shape.
    Draw(Option<Arc<Drawn>>),
    /// Take up a tool, or lay it down.
    UseTool(Tool),
    /// Tell places in the next datum.
    StepDatum,
    /// The next way to cut the map's colours into classes.
    StepClassing,
    /// Radius of circles, in metres: of the one that is drawn, and of the next.
    SetRadius(f64),
    /// Colour the map and the trend by this indicator.
    SelectIndicator(IndicatorIx),
    /// The next (or previous, negative) indicator of the list.
    StepIndicator(i32),
    /// Open the details of an event, or close them.
    SelectEvent(Option<Arc<str>>),
    /// Look at these events only, on the map, in the stream and in counts.
    FilterEvents(EventFilter),
    /// Go to a scene by its index and stay.
    SelectScene(usize),
    /// The next or previous scene.
    StepScene(i32),
    /// Start or stop the rotation of scenes.
    ToggleRotation,
    /// The rotation's own step: keeps rotating.
    RotateScene,
    /// Switch language.
    SetLang(Lang),
    /// Replay speed; one of 1, 10, 60.
    SetSpeed(u32),
    /// Stop or go on with the live feed.
    TogglePause,
    /// Look at an instant of the past.
    LookAt(EpochSecs),
    /// Look at an instant and go on from there by itself.
    PlayFrom(EpochSecs),
    /// Let the time cursor move by itself, or stop it.
    TogglePlay,
    /// Back to the present.
    ReturnToLive,
    /// Between what is known now and what was known then.
    ToggleKnown,
    /// Width of the time window, in seconds.
    SetTimeWidth(i64),
    /// Steps a second while the time cursor moves by itself.
    SetPlaySpeed(u32),
    /// Stack events on the time bar by kind, or by severity.
    StackTime,
    /// Show more (or, negative, less) of time on the time bar.
    ZoomTime(i32),
    /// Fit the map to the chosen area.
    FitMap,
    /// Zoom by this many levels.
    ZoomMap(f64),
    /// Zoom by this many levels, a place (longitude and latitude) coming to the middle.
    ZoomMapAt(LonLat, f64),
    /// Pan by a share of the map's width and height.
    PanMap(f32, f32),
    /// Show or hide the list of keys.
    ToggleHelp,
    /// Show or hide the search palette.
    TogglePalette,
    /// Show or hide the details of the chosen indicator.
    ToggleDetails,
    /// Show or hide the funnel plot of the chosen indicator.
    ToggleFunnel,
    /// The legend over the map in its other form, whole or short.
    ToggleLegend,
    /// Show or hide the frame-time strip.
    ToggleHealth,
    /// Show or hide who falls silent, on the map and as a list.
    ToggleSilences,
    /// Close whatever is open, innermost first.
    Dismiss,
    /// Full screen on or off.
    ToggleFullscreen,
    /// Between wall and desk layout.
    ToggleMode,
    /// Leave the program.
    Quit,
}
