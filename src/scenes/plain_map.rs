//! A plain drawing of the areas until the real map takes this place. Owns nothing worth keeping.

use egui::{Context, Rect, Shape, Stroke, Ui, pos2};

use crate::panels::legend::LegendClass;
use crate::panels::{Commands, View};
use crate::site::Site;

/// Stand-in with the real map's face.
pub struct MapPanel {
    classes: Vec<LegendClass>,
}

impl MapPanel {
    /// Makes one.
    #[must_use]
    pub const fn new(_ctx: &Context, _site: &Site) -> Self {
        Self { classes: Vec::new() }
    }

    /// Paints outlines.
    pub fn ui(&mut self, ui: &mut Ui, clear: Rect, view: &View<'_>, _commands: &mut Commands) {
        let theme = view.theme;
        self.classes = (0..7_u8)
            .map(|i| {
                let low = 97.0 + f64::from(i) * 0.5;
                LegendClass { color: theme.class_color(usize::from(i), 7), low, high: low + 0.5, areas: 2 }
            })
            .collect();
        let b = view.site.areas.get(crate::site::areas::AreaId::ROOT).bounds;
        let scale = ((f64::from(clear.width()) / (b.east - b.west) / 0.92)
            .min(f64::from(clear.height()) / (b.north - b.south))) as f32;
        for (id, area) in view.site.areas.iter().filter(|(_, a)| a.level <= 1) {
            let _ = id;
            for ring in area.polygons.iter().flatten() {
                let points = ring
                    .iter()
                    .map(|p| {
                        pos2(
                            clear.center().x + ((p[0] - b.center()[0]) as f32) * scale * 0.92,
                            clear.center().y - ((p[1] - b.center()[1]) as f32) * scale,
                        )
                    })
                    .collect();
                ui.painter().add(Shape::closed_line(points, Stroke::new(theme.sizes.hairline, theme.outline)));
            }
        }
    }

    /// Classes.
    #[must_use]
    pub fn classes(&self) -> &[LegendClass] {
        &self.classes
    }

    /// Areas without a value.
    #[must_use]
    pub const fn without(&self) -> usize {
        0
    }
}
