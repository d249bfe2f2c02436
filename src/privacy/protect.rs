//! Small-number protection: the one way from a raw figure to one that may be shown. Owns primary and secondary
//! suppression and the floors; `indicators` and `engine` never format a figure.

use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::catalogue::{Indicator, People};

use super::shown::{Shown, Why};

/// Both sides of a figure at one area, before the gate. It has no printed form.
#[derive(Clone, Copy, Default)]
pub(crate) struct Raw {
    /// Numerator; none where nothing was reported.
    pub(crate) numerator: Option<f64>,
    /// Denominator, where the figure has one.
    pub(crate) denominator: Option<Option<f64>>,
    /// Rows of either side were withheld at the source.
    pub(crate) withheld: bool,
}

/// A figure after the gate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Protected {
    /// The value on the indicator's scale.
    pub value: Shown,
    /// Numerator.
    pub numerator: Shown,
    /// Denominator; [`Shown::Missing`] where there is none.
    pub denominator: Shown,
    /// Some of what it adds up was withheld at the source: it is less than the whole.
    pub partial: bool,
}

/// A rate over fewer than this is hidden where people are concerned.
const LEAST_BASE: f64 = 10.0;

/// Protects one figure over all areas: areas in the order of the tree.
pub(crate) fn protect(site: &Site, row: &Indicator, raw: &[Raw]) -> Vec<Protected> {
    let mut out: Vec<Protected> =
        raw.iter().enumerate().map(|(area, raw)| first(site, row, AreaId(u32::try_from(area).unwrap_or(0)), raw)).collect();
    if row.suppress_below > 0 {
        hide_single_siblings(site, row, raw, &mut out);
    }
    out
}

/// Protects the cells of a breakdown: each over the areas, then over the cells of each area.
pub(crate) fn protect_cells(site: &Site, row: &Indicator, raws: &[Vec<Raw>]) -> Vec<Vec<Protected>> {
    let mut cells: Vec<Vec<Protected>> = raws.iter().map(|raw| protect(site, row, raw)).collect();
    if row.suppress_below == 0 {
        return cells;
    }
    let areas = raws.first().map_or(0, Vec::len);
    for area in 0..areas {
        let hidden: Vec<usize> = (0..cells.len())
            .filter(|c| cells.get(*c).and_then(|v| v.get(area)).is_some_and(|p| p.value.is_suppressed()))
            .collect();
        if hidden.len() != 1 || is_exempt(row, area) {
            continue;
        }
        let smallest = (0..cells.len())
            .filter_map(|c| Some((c, cells.get(c)?.get(area)?.value.value().filter(|v| *v > 0.0)?)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(c, _)| c);
        if let Some(cell) = smallest.and_then(|c| cells.get_mut(c)).and_then(|v| v.get_mut(area)) {
            *cell = hide(row.suppress_below, Why::Secondary);
        }
    }
    cells
}

/// The top area's published total needs no protection: it is known already.
const fn is_exempt(row: &Indicator, area: usize) -> bool {
    row.published_total && area == 0
}

const fn hide(below: u32, why: Why) -> Protected {
    let hidden = Shown::Suppressed { below, why };
    Protected { value: hidden, numerator: hidden, denominator: hidden, partial: false }
}

fn first(site: &Site, row: &Indicator, area: AreaId, raw: &Raw) -> Protected {
    const MISSING: Protected = empty(Shown::Missing);
    const TOO_FINE: Protected = empty(Shown::TooFine);
    if !site.is_shown_at(row, area) {
        return TOO_FINE;
    }
    let below = row.suppress_below;
    let exempt = is_exempt(row, area.index());
    let Some(numerator) = raw.numerator else {
        return if raw.withheld { hide(below, Why::Primary) } else { MISSING };
    };
    let partial = raw.withheld;
    let is_small = |count: f64| below > 0 && !exempt && count > 0.0 && count < f64::from(below);
    let Some(denominator) = raw.denominator else {
        if is_small(numerator) {
            return hide(below, Why::Primary);
        }
        let shown = rounded(row, exempt, numerator);
        let value = Shown::Value(row.scale * shown);
        return Protected { value, numerator: Shown::Value(shown), denominator: Shown::Missing, partial };
    };
    let Some(base) = denominator else { return MISSING };
    if base == 0.0 {
        return if is_small(numerator) { hide(below, Why::Primary) } else { MISSING };
    }
    let is_share = (0.0..=base).contains(&numerator);
    let small_base = (below > 0 || base_counts_people(site, row)) && !exempt && base < LEAST_BASE;
    if small_base || is_small(numerator) || (is_share && is_small(base - numerator)) {
        return hide(below, Why::Primary);
    }
    Protected {
        value: Shown::Value(row.scale * numerator / base),
        numerator: Shown::Value(rounded(row, exempt, numerator)),
        denominator: Shown::Value(rounded(row, exempt, base)),
        partial,
    }
}

const fn empty(shown: Shown) -> Protected {
    Protected { value: shown, numerator: shown, denominator: shown, partial: false }
}

/// Counts of sensitive groups are shown to the nearest five.
fn rounded(row: &Indicator, exempt: bool, count: f64) -> f64 {
    let counts_people = row.people == People::AggregateSensitive && !row.numerator.expr.starts_with("count(DISTINCT");
    if counts_people && !exempt { (count / 5.0).round() * 5.0 } else { count }
}

/// Whether the denominator comes from a table whose small counts are hidden.
fn base_counts_people(site: &Site, row: &Indicator) -> bool {
    row.denominator.as_ref().and_then(|side| site.table(&side.table)).is_some_and(|table| table.suppress_below > 0)
}

/// Where exactly one child of an area is hidden it could be found by subtraction from the area's own figure: the next
/// smallest sibling is hidden with it.
fn hide_single_siblings(site: &Site, row: &Indicator, raw: &[Raw], out: &mut [Protected]) {
    for (parent, area) in site.areas.iter() {
        if parent.index() >= out.len() {
            break;
        }
        let children: Vec<usize> = area.children.iter().map(|c| c.index()).filter(|c| *c < out.len()).collect();
        let hidden = children.iter().filter(|c| out.get(**c).is_some_and(|p| p.value.is_suppressed())).count();
        if hidden != 1 {
            continue;
        }
        let next = children
            .iter()
            .filter(|c| out.get(**c).is_some_and(|p| p.value.value().is_some()))
            .filter_map(|c| Some((*c, raw.get(*c)?.numerator.filter(|n| *n > 0.0)?)))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some(cell) = next.and_then(|(c, _)| out.get_mut(c)) {
            *cell = hide(row.suppress_below, Why::Secondary);
        }
    }
}
