//! Which areas are coloured: the level that fits the zoom, the chosen area and the indicator. Owns that rule; draws
//! nothing.

use crate::derived;
use crate::panels::View;
use crate::privacy::marks::Marks;
use crate::privacy::shown::ScalePoint;
use crate::site::areas::AreaId;
use crate::snapshot::Reading;

use super::classes::{Classes, Method};
use crate::state::Classing;

/// How far the view is from the one that shows the whole, in zoom levels, until coarser or finer areas fit better.
const COARSER_AT: f64 = -0.75;
const FINER_AT: f64 = 2.3;

/// What the map colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Level of the coloured areas.
    pub level: usize,
    /// Level outside the chosen area: coloured as well where it is the same, else left grey, so that one legend holds
    /// for every colour on the map.
    pub outside: usize,
    /// The chosen area.
    pub chosen: AreaId,
}

impl Scope {
    /// The scope for a view at some zoom levels from the one that shows the whole.
    #[must_use]
    pub fn new(view: &View<'_>, zoom_from_home: f64) -> Self {
        let site = view.site;
        let last = site.meta.levels.len().saturating_sub(1);
        let finest = view
            .indicator()
            .and_then(|i| site.level_index(&i.finest_area))
            .unwrap_or(0)
            .min(site.figure_level())
            .min(last);
        let base = finest.min(2);
        let chosen = view.state.area;
        let depth = if chosen.index() < site.areas.len() { site.areas.get(chosen).level } else { 0 };
        let (level, outside) = if depth > 0 {
            (finest.min((depth + 1).max(base)), base)
        } else if zoom_from_home < COARSER_AT {
            (finest.min(1), finest.min(1))
        } else if zoom_from_home > FINER_AT {
            (finest, finest)
        } else {
            (base, base)
        };
        Self { level, outside, chosen }
    }

    /// Whether an area lies in the chosen one (or is it).
    #[must_use]
    pub fn holds(&self, view: &View<'_>, area: AreaId) -> bool {
        let areas = &view.site.areas;
        areas.ancestor(area, areas.get(self.chosen).level) == self.chosen
    }

    /// The area that stands for a place on the map: the one that is drawn there.
    #[must_use]
    pub fn drawn_at(&self, view: &View<'_>, finest: AreaId) -> AreaId {
        let level = if self.holds(view, finest) { self.level } else { self.outside };
        view.site.areas.ancestor(finest, level)
    }

    /// All drawn areas; the second value says whether one carries a colour of the legend.
    pub fn drawn<'a>(&'a self, view: &'a View<'_>) -> impl Iterator<Item = (AreaId, bool)> + 'a {
        view.site.areas.iter().filter_map(move |(id, area)| {
            let inside = self.holds(view, id);
            let level = if inside { self.level } else { self.outside };
            let is_drawn = area.level == level || (area.level < level && area.children.is_empty());
            is_drawn.then_some((id, inside || self.level == self.outside))
        })
    }
}

/// Marks of the coloured areas of a scope.
#[must_use]
pub(super) fn marks(view: &View<'_>, scope: &Scope) -> Marks {
    let coloured = scope.drawn(view).filter(|(_, is_coloured)| *is_coloured);
    let readings: Vec<Reading> =
        coloured.map(|(id, _)| view.snapshot.reading(view.state.indicator, id)).collect();
    Marks::of_readings(&readings)
}

/// What the colours on the map mean.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Legend {
    /// Classes with their breaks.
    pub classes: Classes,
    /// Areas in each class.
    pub counts: Vec<usize>,
    /// How the values lie: so many areas in each of equal steps from the first break to the last, per class.
    pub heap: Vec<Vec<usize>>,
    /// Level of the areas.
    pub level: usize,
}

/// Steps of the heap of values.
const HEAP_STEPS: usize = 36;

/// How values lie along the scale: per step, per class.
fn heap(values: &[f64], classes: &Classes) -> Vec<Vec<usize>> {
    let (Some(low), Some(high)) = (classes.breaks().first(), classes.breaks().last()) else {
        return Vec::new();
    };
    let mut heap = vec![vec![0; classes.len()]; HEAP_STEPS];
    for value in values {
        let share = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a short list"
        )]
        let step = ((share * HEAP_STEPS as f64) as usize).min(HEAP_STEPS - 1);
        if let Some(count) = heap.get_mut(step).and_then(|s| s.get_mut(classes.class(*value))) {
            *count += 1;
        }
    }
    heap
}

impl Legend {
    /// The legend of the chosen indicator. Classes are those of the whole level, so that a colour means the same
    /// wherever one looks.
    #[must_use]
    pub fn new(view: &View<'_>, level: usize) -> Self {
        let readings: Vec<Reading> =
            view.site.areas.level(level).map(|id| view.snapshot.reading(view.state.indicator, id)).collect();
        let values: Vec<f64> =
            readings.iter().filter_map(|r| r.value.point()).map(ScalePoint::on_axis).collect();
        let indicator = view.indicator();
        // A total's target is the whole's; parts are classed by their own values.
        let held = indicator.filter(|i| !derived::is_total(i));
        let target = held.and_then(|i| i.target.as_ref()).filter(|t| t.op.is_some()).and_then(|t| t.value);
        let method = match view.state.classing {
            Classing::Target => target.map_or(Method::Quantile, Method::AroundTarget),
            Classing::Quantile => Method::Quantile,
            Classing::Natural => Method::Natural,
            Classing::Equal => Method::Equal,
        };
        let classes = Classes::new(&values, method, indicator.map_or(0, |i| i.decimals));
        let is_share = indicator.is_some_and(|i| i.unit == "%") && values.iter().all(|v| *v <= 100.0);
        let classes = if is_share { classes.capped(100.0) } else { classes };
        let mut counts = vec![0; classes.len()];
        for value in &values {
            if let Some(count) = counts.get_mut(classes.class(*value)) {
                *count += 1;
            }
        }
        Self { heap: heap(&values, &classes), classes, counts, level }
    }
}
