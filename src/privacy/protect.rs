//! Small-number protection: the one way from a raw figure to one that may be shown. Owns primary and secondary
//! suppression and the floors; `indicators` and `engine` never format a figure.

use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::catalogue::{Indicator, People};

use super::groups;
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
    let mut out: Vec<Protected> = raw
        .iter()
        .enumerate()
        .map(|(area, raw)| first(site, row, AreaId(u32::try_from(area).unwrap_or(0)), raw))
        .collect();
    if mark(site, row) > 0 {
        hide_findable(site, row, raw, &mut out);
    }
    out
}

/// Protects the cells of a breakdown, one raw list and one list of codes a cell: each over the areas, then over the
/// cells of each area. A group is never shown at a finer area than its floor.
pub(crate) fn protect_cells(
    site: &Site,
    row: &Indicator,
    codes: &[&[String]],
    raws: &[Vec<Raw>],
) -> Vec<Vec<Protected>> {
    let mut cells: Vec<Vec<Protected>> = raws.iter().map(|raw| protect(site, row, raw)).collect();
    for (codes, cell) in codes.iter().zip(&mut cells) {
        let Some(deepest) = codes.iter().filter_map(|code| groups::deepest_level(code)).min() else {
            continue;
        };
        for ((_, area), protected) in site.areas.iter().zip(cell) {
            if area.level > deepest {
                *protected = empty(Shown::TooFine);
            }
        }
    }
    if mark(site, row) == 0 {
        return cells;
    }
    // A cell hidden beside another cell may be the only one hidden among its sibling areas, and the other way round.
    while hide_lone_cells(site, row, &mut cells) {
        for (raw, out) in raws.iter().zip(&mut cells) {
            hide_findable(site, row, raw, out);
        }
    }
    cells
}

/// Where one cell of an area is hidden alone, its smallest neighbour is hidden with it; whether any was.
fn hide_lone_cells(site: &Site, row: &Indicator, cells: &mut [Vec<Protected>]) -> bool {
    let mut changed = false;
    for area in (0..cells.first().map_or(0, Vec::len)).filter(|area| !is_exempt(row, *area)) {
        let value = |cell: &Vec<Protected>| cell.get(area).map_or(Shown::Missing, |p| p.value);
        if cells.iter().filter(|c| value(c).is_suppressed()).count() != 1 {
            continue;
        }
        let smallest = cells
            .iter()
            .enumerate()
            .filter_map(|(c, cell)| Some((c, value(cell).value().filter(|v| *v > 0.0)?)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(c, _)| c);
        if let Some(cell) = smallest.and_then(|c| cells.get_mut(c)).and_then(|v| v.get_mut(area)) {
            *cell = hide(mark(site, row), Why::Secondary);
            changed = true;
        }
    }
    changed
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
        return hide(mark(site, row), Why::Primary);
    }
    Protected {
        value: Shown::Value(row.scale * numerator / base),
        numerator: Shown::Value(rounded(row, exempt, numerator)),
        denominator: Shown::Value(rounded(row, exempt, base)),
        partial,
    }
}

/// The number that a hidden figure is said to be below; 0 where nothing of the row is ever hidden.
fn mark(site: &Site, row: &Indicator) -> u32 {
    const BASE: u32 = 10;
    if row.suppress_below == 0 && base_counts_people(site, row) { BASE } else { row.suppress_below }
}

const fn empty(shown: Shown) -> Protected {
    Protected { value: shown, numerator: shown, denominator: shown, partial: false }
}

/// Counts of sensitive groups are shown to the nearest five.
fn rounded(row: &Indicator, exempt: bool, count: f64) -> f64 {
    let counts_people =
        row.people == People::AggregateSensitive && !row.numerator.expr.starts_with("count(DISTINCT");
    if counts_people && !exempt { (count / 5.0).round() * 5.0 } else { count }
}

/// Whether the denominator comes from a table whose small counts are hidden.
fn base_counts_people(site: &Site, row: &Indicator) -> bool {
    row.denominator
        .as_ref()
        .and_then(|side| site.table(&side.table))
        .is_some_and(|table| table.suppress_below > 0)
}

/// Hides what could be found by subtraction, until nothing more can: the lone hidden child of a shown parent takes a
/// sibling with it, and a hidden parent takes a child with it, since otherwise its children's sum would tell it.
fn hide_findable(site: &Site, row: &Indicator, raw: &[Raw], out: &mut [Protected]) {
    // Every round but the last hides at least one more cell.
    let (areas, mut changed) = (out.len(), true);
    while changed {
        changed = false;
        for (parent, area) in site.areas.iter().take(areas) {
            let children: Vec<usize> =
                area.children.iter().map(|c| c.index()).filter(|c| *c < areas).collect();
            if let Some(cell) =
                findable(row, raw, out, parent.index(), &children).and_then(|c| out.get_mut(c))
            {
                *cell = hide(mark(site, row), Why::Secondary);
                changed = true;
            }
        }
    }
}

/// The cell to hide, where a hidden child or the hidden parent could be found: the smallest shown child.
fn findable(
    row: &Indicator,
    raw: &[Raw],
    out: &[Protected],
    parent: usize,
    children: &[usize],
) -> Option<usize> {
    let value = |area: usize| out.get(area).map_or(Shown::Missing, |p| p.value);
    let is_shown = |area: usize| value(area).value().is_some();
    let hidden = children.iter().filter(|c| value(**c).is_suppressed()).count();
    let lone_child = hidden == 1 && is_shown(parent);
    let told_by_children =
        hidden == 0 && value(parent).is_suppressed() && children.iter().all(|c| is_shown(*c));
    if !lone_child && !told_by_children {
        return None;
    }
    if lone_child && children.len() == 1 {
        return (!is_exempt(row, parent)).then_some(parent);
    }
    children
        .iter()
        .filter(|c| is_shown(**c))
        .filter_map(|c| Some((*c, raw.get(*c)?.numerator?)))
        // A zero is hidden only where there is nothing else to hide.
        .min_by(|a, b| (a.1 <= 0.0).cmp(&(b.1 <= 0.0)).then(a.1.total_cmp(&b.1)))
        .map(|(c, _)| c)
}
