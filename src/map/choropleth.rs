//! Areas coloured by the chosen indicator, with patterns for figures that are hidden, missing or late. Owns fills and
//! patterns; borders are drawn over them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use egui::{Color32, Mesh};

use super::hatch::{self, Pattern};
use super::kept::Inker;
use super::scope::Scope;
use super::sheet::{Dress, Sheet};
use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::snapshot::{IndicatorIx, Reading, Status};
use crate::state::Classing;

/// What fills and patterns depend on besides the view.
pub(super) type Key = (Dress, Scope, u64, IndicatorIx, Classing, bool);

/// The key of this frame.
pub(super) fn key(sheet: &Sheet<'_>) -> Key {
    (
        sheet.dress(),
        sheet.scope.clone(),
        figures(sheet),
        sheet.view.state.indicator,
        sheet.view.state.classing,
        sheet.over_picture,
    )
}

/// Changes when a figure does that colours an area: most snapshots bring new events and the same figures.
fn figures(sheet: &Sheet<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    sheet.legend.classes.breaks().iter().for_each(|b| b.to_bits().hash(&mut hasher));
    for (id, is_coloured) in sheet.scope.drawn(sheet.view) {
        let (fill, pattern) =
            if is_coloured { dress(sheet, &sheet.reading(id)) } else { (Color32::default(), None) };
        (id.0, fill, pattern.map(|p| p as u8)).hash(&mut hasher);
    }
    hasher.finish()
}

/// Fill and pattern of a reading.
fn dress(sheet: &Sheet<'_>, reading: &Reading) -> (Color32, Option<Pattern>) {
    let theme = sheet.theme();
    match reading.value {
        Shown::Value(_) | Shown::Coarse { .. } => {
            let classes = &sheet.legend.classes;
            let class = reading.value.point().map_or(0, |point| classes.class(point.on_axis()));
            let color = theme.class_color(class, classes.len());
            (color, (reading.status == Status::Late).then_some(Pattern::Late))
        }
        Shown::Suppressed { .. } => (theme.no_data, Some(Pattern::Suppressed)),
        Shown::Missing => (theme.no_data, Some(Pattern::Missing)),
        Shown::TooFine | Shown::Unread => (theme.no_data, None),
    }
}

/// Fills and patterns.
pub(super) fn fills(sheet: &Sheet<'_>) -> Mesh {
    let theme = sheet.theme();
    let lens = &sheet.lens;
    let seen = lens.extent(4.0);
    let chosen_is_whole = sheet.scope.chosen == AreaId::ROOT;
    let grey = theme.no_data.lerp_to_gamma(theme.ground, 0.35);
    let mut mesh = Mesh::default();
    let mut inker = Inker::new(lens.pixels_per_point);
    for (id, is_coloured) in sheet.scope.drawn(sheet.view) {
        let Some(solid) = sheet.geometry.area(id) else {
            continue;
        };
        if !solid.extent.is_some_and(|e| e.meets(&seen)) {
            continue;
        }
        let (mut color, pattern) = if is_coloured { dress(sheet, &sheet.reading(id)) } else { (grey, None) };
        let dim = !chosen_is_whole && !sheet.scope.holds(sheet.view, id);
        if dim {
            color = color.lerp_to_gamma(theme.ground, 0.55);
        }
        if sheet.over_picture {
            color = color.gamma_multiply(theme.base.fill_over_picture);
        }
        let base = u32::try_from(mesh.vertices.len()).unwrap_or(u32::MAX);
        // Neighbours share exact vertices and the same arithmetic places them, so that no crack can open between.
        for vertex in &solid.vertices {
            mesh.colored_vertex(lens.to_screen(*vertex), color);
        }
        mesh.indices.extend(solid.triangles.iter().map(|t| t + base));
        if let Some(pattern) = pattern {
            let ink = match pattern {
                // On the lightest class of a light theme the ground itself would not be seen.
                Pattern::Late | Pattern::Silent => theme.apart_from(color).gamma_multiply(0.55),
                Pattern::Suppressed | Pattern::Missing => {
                    theme.muted.gamma_multiply(if dim { 0.3 } else { 0.6 })
                }
            };
            hatch::draw(&mut inker, lens, &solid.rings, pattern, theme.sizes.step, sheet.hairline(), ink);
        }
    }
    mesh.append(inker.finish());
    mesh
}
