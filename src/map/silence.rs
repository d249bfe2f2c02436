//! Areas that fall silent: level lines inside a broken outline, so that they are told without colour. Owns the drawing,
//! and which areas bear it; what is silent was judged before.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use egui::{Mesh, Painter, Pos2, Shape, Stroke};

use super::hatch::{self, Pattern};
use super::kept::{Drifting, Inker};
use super::sheet::{Dress, Sheet};
use crate::derived::watch::{Silence, Silences, Subject};
use crate::derived::words;
use crate::panels::View;
use crate::site::areas::AreaId;

/// The layer.
#[derive(Debug, Default)]
pub(super) struct SilenceLayer {
    mesh: Drifting<(Dress, u64)>,
}

impl SilenceLayer {
    /// Paints the silent areas, where they are asked for.
    pub(super) fn paint(&mut self, painter: &Painter, sheet: &Sheet<'_>) {
        if sheet.view.state.silence_open {
            let key = (sheet.dress(), key(sheet.view));
            painter.add(Shape::Mesh(self.mesh.get(sheet, key, draw)));
        }
    }
}

/// What is told of each silent area, wide areas first; nothing while it is not asked for.
pub(super) fn areas<'a>(view: &View<'a>) -> BTreeMap<AreaId, Vec<&'a Silence>> {
    let mut out: BTreeMap<AreaId, Vec<&Silence>> = BTreeMap::new();
    let found = view.silences.filter(|_| view.state.silence_open);
    for silence in found.into_iter().flat_map(Silences::whole) {
        out.entry(silence.area).or_default().push(silence);
    }
    out
}

/// Changes when other areas are silent, or of other things.
pub(super) fn key(view: &View<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (area, silences) in areas(view) {
        (area.0, silences.len()).hash(&mut hasher);
        silences.iter().for_each(|silence| (silence.since_secs, silence.seen.steps).hash(&mut hasher));
    }
    hasher.finish()
}

/// The words on a silent area: what is silent, or how many things are.
pub(super) fn label(view: &View<'_>, silences: &[&Silence]) -> String {
    match silences {
        [one] if one.subject == Subject::Events => view.text.get("map.silent_all").to_owned(),
        [one] => view
            .text
            .fill("map.silent_one", &[("what", words::silent_subject(view.site, view.text, one.subject))]),
        many => view.text.fill("map.silent", &[("n", &many.len().to_string())]),
    }
}

fn draw(sheet: &Sheet<'_>) -> Arc<Mesh> {
    let theme = sheet.theme();
    let hair = sheet.hairline();
    let lens = &sheet.lens;
    let seen = lens.extent(4.0);
    let mut inker = Inker::new(lens.pixels_per_point);
    for area in areas(sheet.view).into_keys() {
        let Some(solid) = sheet.geometry.area(area) else { continue };
        if !solid.extent.is_some_and(|extent| extent.meets(&seen)) {
            continue;
        }
        // A pattern over the whole would hide it: there the outline and the words tell.
        if area != AreaId::ROOT {
            let gap = theme.sizes.step * 0.9;
            // A light edge, or a dark one, so that the lines are told from every class below.
            for (width, ink) in [(3.5, theme.ground.gamma_multiply(0.6)), (1.5, theme.silence)] {
                hatch::draw(&mut inker, lens, &solid.rings, Pattern::Silent, gap, hair * width, ink);
            }
        }
        for ring in &solid.rings {
            let mut points: Vec<Pos2> = ring.iter().map(|p| lens.to_screen(*p)).collect();
            points.extend(points.first().copied());
            let casing = Stroke::new(hair * 6.0, theme.ground.gamma_multiply(0.8));
            inker.add(Shape::line(points.clone(), casing));
            let dash = theme.sizes.step;
            for line in Shape::dashed_line(&points, Stroke::new(hair * 3.0, theme.silence), dash, dash * 0.6)
            {
                inker.add(line);
            }
        }
    }
    Arc::new(inker.finish())
}
