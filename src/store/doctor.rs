//! The coordinate doctor: whether what a table or a layer is declared to be in fits where its points lie. Owns the
//! examination; it changes nothing, and says which datum would fit.

use polars::prelude::DataFrame;

use super::{coordinates, read};
use crate::site::Site;
use crate::site::areas::{AreaId, LonLat};
use crate::site::datum::{Datum, meters_between};
use crate::site::problem::Problem;
use crate::site::text::Message;

/// Points looked at per table, taken evenly.
const MOST_POINTS: usize = 4000;
/// With fewer points nothing is said.
const LEAST_POINTS: usize = 20;
/// By how much another datum must fit better before it is named: a share of the points.
const CLEARLY: f64 = 0.2;
/// How near a border of a layer lies to ours when both are the same line, in metres.
const SAME_LINE_METERS: f64 = 40.0;

/// How well each datum fits: the share of points that lie where they should.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fit {
    points: usize,
    declared: Datum,
    shares: [f64; 3],
}

/// Examines all tables with points and all layers with a border in common with ours.
#[must_use]
pub fn examine(site: &Site) -> Vec<Problem> {
    let mut findings = Vec::new();
    for (_, table) in site.tables() {
        let Some((lon, lat)) = coordinates::columns(site, table) else {
            continue;
        };
        let declared = coordinates::datum(site, table);
        let area = table.area_column().map(|c| c.id.as_str());
        for path in read::parts(site, "data", &table.id) {
            let columns: Vec<&str> = area.into_iter().chain([lon, lat]).collect();
            let part = read::read(site, table, &path, &columns);
            let points = points(site, &part.frame.into_frame(), area, lon, lat);
            let fit = fit(declared, &points, |area, at| site.areas.get(*area).contains(at));
            let shown = site.relative(&path).display().to_string();
            findings.extend(fit.and_then(|f| finding(&f, &shown)));
        }
    }
    for layer in &site.meta.layers {
        let declared = layer.datum.unwrap_or(site.meta.datum);
        let Some(file) = &layer.file else { continue };
        let points: Vec<((), LonLat)> = border_points(site, file).into_iter().map(|p| ((), p)).collect();
        let outline = Outline::of(site);
        let near = fit(declared, &points, |(), at| outline.is_near(at));
        findings.extend(near.and_then(|f| finding(&f, file)));
    }
    findings
}

/// Rows with a place and an area, thinned out evenly.
fn points(site: &Site, frame: &DataFrame, area: Option<&str>, lon: &str, lat: &str) -> Vec<(AreaId, LonLat)> {
    let places = coordinates::places(frame, lon, lat);
    let codes = area.and_then(|name| frame.column(name).ok()).and_then(|c| c.str().ok());
    let area_of = |row: usize| match codes {
        None => Some(AreaId::ROOT),
        Some(codes) => codes.get(row).and_then(|code| site.areas.find(code)),
    };
    let step = places.len().div_ceil(MOST_POINTS).max(1);
    let rows = places.into_iter().enumerate().filter_map(|(row, place)| Some((row, place?)));
    rows.step_by(step).filter_map(|(row, place)| Some((area_of(row)?, place))).collect()
}

/// The share of points that are right under each datum. What was read is in the datum inside already: the way back to
/// the file and forth by another datum is exact.
fn fit<A>(declared: Datum, points: &[(A, LonLat)], is_right: impl Fn(&A, LonLat) -> bool) -> Option<Fit> {
    if points.len() < LEAST_POINTS {
        return None;
    }
    let share = |datum: Datum| {
        let right = points
            .iter()
            .filter(|(about, at)| {
                let at = if same(datum, declared) { *at } else { datum.to_inside(declared.from_inside(*at)) };
                is_right(about, at)
            })
            .count();
        right as f64 / points.len() as f64
    };
    Some(Fit { points: points.len(), declared, shares: Datum::DIFFERENT.map(share) })
}

/// Whether two names stand for the same coordinates.
fn same(a: Datum, b: Datum) -> bool {
    a == b || !(a.is_shifted() || b.is_shifted())
}

/// A finding where another datum fits clearly better.
fn finding(fit: &Fit, file: &str) -> Option<Problem> {
    let shares = Datum::DIFFERENT.into_iter().zip(fit.shares);
    let declared = shares.clone().find(|(d, _)| same(*d, fit.declared)).map_or(0.0, |(_, share)| share);
    let (best, share) = shares.max_by(|a, b| a.1.total_cmp(&b.1))?;
    if same(best, fit.declared) || share < declared + CLEARLY {
        return None;
    }
    let percent = |share: f64| format!("{:.0}", share * 100.0);
    let message = Message::new("problem.datum_doubt")
        .with("points", fit.points)
        .with("declared", fit.declared.name())
        .with("share", percent(declared))
        .with("best", best.name())
        .with("best_share", percent(share));
    Some(Problem::warning(file, message))
}

/// Corners of a layer's polygons that lie near our outline whatever the datum: where neighbours share a border.
fn border_points(site: &Site, file: &str) -> Vec<LonLat> {
    const NEAR_METERS: f64 = 2_000.0;
    let outline = Outline::of(site);
    let is_of_file =
        |id: &str| site.meta.layers.iter().any(|l| l.id == id && l.file.as_deref() == Some(file));
    if !site
        .meta
        .layers
        .iter()
        .any(|l| l.kind == crate::site::meta::LayerKind::Surroundings && is_of_file(&l.id))
    {
        return Vec::new();
    }
    let corners =
        site.layers.surroundings.iter().flat_map(|(_, polygons)| polygons.iter().flatten().flatten());
    corners.copied().filter(|p| outline.distance(*p) < NEAR_METERS).take(MOST_POINTS).collect()
}

/// The corners of the top area.
struct Outline<'a> {
    corners: Vec<&'a LonLat>,
}

impl<'a> Outline<'a> {
    fn of(site: &'a Site) -> Self {
        let polygons = if site.areas.is_empty() { &[][..] } else { &site.areas.get(AreaId::ROOT).polygons };
        Self { corners: polygons.iter().flatten().flatten().collect() }
    }

    fn distance(&self, at: LonLat) -> f64 {
        self.corners.iter().map(|c| meters_between(**c, at)).fold(f64::INFINITY, f64::min)
    }

    fn is_near(&self, at: LonLat) -> bool {
        self.distance(at) < SAME_LINE_METERS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square of ten cells by ten, half a kilometre each, and a point in the middle of every cell.
    fn squares() -> Vec<([f64; 2], LonLat)> {
        let at = |i: usize| 0.005 * i as f64;
        (0..100)
            .map(|i| [114.30 + at(i % 10), 22.65 + at(i / 10)])
            .map(|low| (low, [low[0] + 0.0025, low[1] + 0.0025]))
            .collect()
    }

    fn in_cell(low: &[f64; 2], at: LonLat) -> bool {
        (0..2).all(|i| (low[i]..low[i] + 0.005).contains(&at[i]))
    }

    #[test]
    fn a_table_in_another_datum_than_it_says_is_found() {
        for declared in Datum::DIFFERENT {
            for real in Datum::DIFFERENT {
                // In the file as it really is, then read as it is declared.
                let points: Vec<_> = squares()
                    .into_iter()
                    .map(|(low, p)| (low, declared.to_inside(real.from_inside(p))))
                    .collect();
                let fit = fit(declared, &points, in_cell).unwrap();
                let found = finding(&fit, "data/x.csv");
                if real == declared {
                    assert_eq!(found, None, "{declared:?} {fit:?}");
                } else {
                    let args = found.expect("a finding").message.args;
                    assert!(
                        args.contains(&("best", real.name().to_owned())),
                        "{declared:?} {real:?} {args:?}"
                    );
                    assert!(args.contains(&("best_share", "100".to_owned())), "{args:?}");
                }
            }
        }
    }

    #[test]
    fn a_handful_of_points_says_nothing() {
        let few: Vec<_> = squares().into_iter().take(5).collect();
        assert_eq!(fit(Datum::Bd09, &few, in_cell), None);
    }
}
