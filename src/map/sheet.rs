//! What every layer looks at in one frame, and the tokens that drawn things depend on. Owns nothing.

use std::sync::Arc;

use egui::{Color32, FontId, Rect, Vec2};

use super::geometry::Geometry;
use super::lens::Lens;
use super::scope::{Legend, Scope};
use crate::fonts;
use crate::panels::View;
use crate::panels::format;
use crate::site::areas::AreaId;
use crate::snapshot::Reading;
use crate::theme::Theme;

/// One frame of the map.
#[derive(Clone, Copy)]
pub(super) struct Sheet<'a> {
    /// Figures, choices and tokens.
    pub view: &'a View<'a>,
    /// Where things are on the screen.
    pub lens: Lens,
    /// The site's shapes.
    pub geometry: &'a Geometry,
    /// Which areas are coloured.
    pub scope: &'a Scope,
    /// What the colours mean.
    pub legend: &'a Legend,
    /// The part of the map that no panel covers.
    pub clear: Rect,
    /// Zoom of the view of the whole.
    pub home_zoom: f64,
    /// Whether the view is on its way: what can wait, waits.
    pub moving: bool,
    /// Whether a picture lies under the areas, which let it through.
    pub over_picture: bool,
}

/// The tokens of a theme that a kept drawing depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dress {
    dark: bool,
    small: f32,
    hairline: f32,
}

impl Dress {
    /// Of a theme.
    #[must_use]
    pub(super) const fn of(theme: &Theme) -> Self {
        Self { dark: theme.dark, small: theme.sizes.small, hairline: theme.sizes.hairline }
    }
}

impl<'a> Sheet<'a> {
    /// Tokens.
    #[must_use]
    pub(super) const fn theme(&self) -> &'a Theme {
        self.view.theme
    }

    /// What a kept drawing depends on besides its data.
    #[must_use]
    pub(super) const fn dress(&self) -> Dress {
        Dress::of(self.view.theme)
    }

    /// Zoom levels from the view of the whole.
    #[must_use]
    pub(super) fn zoom_from_home(&self) -> f64 {
        self.lens.zoom - self.home_zoom
    }

    /// The reading of the chosen indicator.
    #[must_use]
    pub(super) fn reading(&self, area: AreaId) -> Reading {
        self.view.snapshot.reading(self.view.state.indicator, area)
    }

    /// A figure of the chosen indicator as it is printed.
    #[must_use]
    pub(super) fn printed(&self, reading: &Reading) -> String {
        self.view.indicator().map_or_else(String::new, |indicator| {
            format::shown(reading.value, indicator.decimals, &indicator.unit, self.view.text)
        })
    }

    /// Name of an area.
    #[must_use]
    pub(super) fn name(&self, area: AreaId) -> &'a str {
        self.view.say(&self.view.site.areas.get(area).name)
    }

    /// Width of hairlines.
    #[must_use]
    pub(super) const fn hairline(&self) -> f32 {
        self.view.theme.sizes.hairline
    }
}

/// Size and weight of a text on the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Type {
    /// Type size in points.
    pub size: f32,
    /// Bold.
    pub bold: bool,
    /// Colour.
    pub color: Color32,
}

impl Type {
    /// The font.
    #[must_use]
    pub(super) fn font(&self) -> FontId {
        if self.bold { fonts::bold(self.size) } else { fonts::regular(self.size) }
    }
}

/// A dark edge around letters, so that they are read on any colour below, and the letters themselves: how far each is set
/// off, and in which colour.
pub(super) fn around(kind: Type, edge: Color32) -> impl Iterator<Item = (Vec2, Color32)> {
    let radius = (kind.size * 0.085).max(1.0);
    let off = move |i: u8| super::lens::polar(radius, f32::from(i) * std::f32::consts::FRAC_PI_4);
    (0..8).map(move |i| (off(i), edge)).chain([(Vec2::ZERO, kind.color)])
}

/// Writes one line with such an edge.
pub(super) fn write(painter: &egui::Painter, at: egui::Pos2, words: &str, kind: Type, edge: Color32) -> Rect {
    let galley = painter.layout_no_wrap(words.to_owned(), kind.font(), Color32::PLACEHOLDER);
    write_galley(painter, at, &galley, kind, edge)
}

/// Writes what is laid out already.
pub(super) fn write_galley(
    painter: &egui::Painter,
    at: egui::Pos2,
    galley: &Arc<egui::Galley>,
    kind: Type,
    edge: Color32,
) -> Rect {
    for (off, color) in around(kind, edge) {
        painter.galley_with_override_text_color(at + off, Arc::clone(galley), color);
    }
    Rect::from_min_size(at, galley.size())
}
