//! Names on a base map: which features have one, in which language, and which are worth a place. Owns choosing; where
//! they stand is for the map's labels.

use super::paint::Cut;
use crate::map::lens::World;
use crate::site::text::Lang;
use crate::tiles::mvt::{Feature, Part, Shape};
use crate::tiles::schema::Kind;

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::map) struct Name {
    zh: String,
    en: String,
    /// Where it stands.
    pub at: World,
    /// Way of the line it names, in radians clockwise from the right, so that letters stand upright; none where it names
    /// no line, or one too bent to write along.
    pub along: Option<f32>,
    /// What it names.
    pub kind: Kind,
    /// Length of the named line or size of the named place: greater ones come first.
    pub weight: f64,
}

impl Name {
    /// The name in a language.
    pub(in crate::map) fn text(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }

    /// From which zoom on the name is worth a place.
    pub(in crate::map) const fn from_zoom(&self) -> f64 {
        match self.kind {
            Kind::Place(0 | 1) => 0.0,
            Kind::Place(2) => 9.5,
            Kind::Place(3) => 11.0,
            Kind::Nature | Kind::Water => 10.5,
            Kind::Waterway(_) | Kind::Station => 12.0,
            Kind::Road(0) => 12.5,
            Kind::Road(1) => 13.5,
            Kind::Road(2) => 14.5,
            Kind::Road(_) => 15.5,
            _ => 13.0,
        }
    }

    /// Which comes first: smaller is more important.
    pub(in crate::map) const fn order(&self) -> u8 {
        match self.kind {
            Kind::Place(rank) => rank,
            Kind::Water | Kind::Nature => 3,
            Kind::Station => 4,
            Kind::Waterway(_) => 5,
            Kind::Road(rank) => 6 + rank,
            _ => 12,
        }
    }
}

/// The name of a feature: Chinese is `name:zh`, else `name`; English is `name:en`, else `name`.
pub(super) fn of(
    kind: Kind,
    feature: &Feature<'_, '_>,
    parts: &[Part],
    cut: &Cut,
    extent: u32,
) -> Option<Name> {
    let named = matches!(
        kind,
        Kind::Place(_) | Kind::Nature | Kind::Station | Kind::Waterway(0 | 1) | Kind::Road(0..=3)
    );
    if !named {
        return None;
    }
    let pick = |keys: &[&str]| {
        keys.iter().find_map(|k| feature.text(k)).map(str::trim).unwrap_or_default().to_owned()
    };
    let zh = pick(&["name:zh", "name:zh-Hans", "name:zh_CN", "name", "name:latin"]);
    let en = pick(&["name:en", "name:latin", "name_en", "name"]);
    if zh.is_empty() && en.is_empty() {
        return None;
    }
    let (place, along, weight) = match feature.shape {
        Shape::Points => (*parts.first()?.first()?, None, feature.number("population").unwrap_or(0.0)),
        Shape::Lines => {
            let longest = parts.iter().max_by(|a, b| length(a).total_cmp(&length(b)))?;
            let long = length(longest);
            // A name needs a piece of line that is about as long as it.
            if long < f64::from(extent) * 0.06 {
                return None;
            }
            let half = long.min(f64::from(extent) * STRETCH) / 2.0;
            (at(longest, long / 2.0), way(longest, long / 2.0, half), long)
        }
        Shape::Rings => return None,
    };
    // What stands in the margin of the tile is told by the neighbour.
    let inside = place.iter().all(|c| (0..i32::try_from(extent).unwrap_or(i32::MAX)).contains(c));
    inside.then(|| Name { zh, en, at: cut.world(place, extent), along, kind, weight })
}

fn length(part: &Part) -> f64 {
    part.windows(2)
        .map(|w| match w {
            [a, b] => f64::from(b[0] - a[0]).hypot(f64::from(b[1] - a[1])),
            _ => 0.0,
        })
        .sum()
}

/// Share of a tile's side that a name is taken to need along a line.
const STRETCH: f64 = 0.25;

/// A line is straight enough to write along where the way across is at least this share of the way along.
const STRAIGHT: f64 = 0.92;

/// The way of a line around a place on it; none where it bends too much.
fn way(part: &Part, middle: f64, half: f64) -> Option<f32> {
    let ([x0, y0], [x1, y1]) = (at(part, middle - half), at(part, middle + half));
    let (x, y) = (f64::from(x1 - x0), f64::from(y1 - y0));
    if x.hypot(y) < 2.0 * half * STRAIGHT {
        return None;
    }
    // Read from the left, or from below where it stands upright.
    let (x, y) = if x < 0.0 || (x == 0.0 && y > 0.0) { (-x, -y) } else { (x, y) };
    Some(y.atan2(x) as f32)
}

/// The place so far along a line.
fn at(part: &Part, mut left: f64) -> [i32; 2] {
    for pair in part.windows(2) {
        if let [a, b] = pair {
            let step = f64::from(b[0] - a[0]).hypot(f64::from(b[1] - a[1]));
            if step >= left && step > 0.0 {
                let t = (left / step).max(0.0);
                let along =
                    |i: fn(&[i32; 2]) -> i32| (f64::from(i(a)) + f64::from(i(b) - i(a)) * t).round() as i32;
                return [along(|p| p[0]), along(|p| p[1])];
            }
            left -= step;
        }
    }
    part.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_run_along_their_line_and_are_read_from_the_left() {
        let rows: [(&[[i32; 2]], Option<f32>); 6] = [
            (&[[0, 0], [100, 0]], Some(0.0)),
            (&[[100, 0], [0, 0]], Some(0.0)),
            (&[[0, 0], [100, 100]], Some(std::f32::consts::FRAC_PI_4)),
            (&[[100, 100], [0, 0]], Some(std::f32::consts::FRAC_PI_4)),
            (&[[0, 0], [0, 100]], Some(-std::f32::consts::FRAC_PI_2)),
            // A hairpin.
            (&[[0, 0], [100, 0], [0, 10]], None),
        ];
        for (line, wanted) in rows {
            let part: Part = line.to_vec();
            let found = way(&part, length(&part) / 2.0, length(&part) * 0.4);
            assert_eq!(found.is_some(), wanted.is_some(), "{line:?}");
            if let (Some(found), Some(wanted)) = (found, wanted) {
                assert!((found - wanted).abs() < 0.02, "{line:?}: {found}");
            }
        }
    }

    #[test]
    fn places_along_a_line() {
        let part: Part = vec![[0, 0], [10, 0], [10, 10]];
        assert_eq!(
            [at(&part, 0.0), at(&part, 5.0), at(&part, 15.0), at(&part, 99.0)],
            [[0, 0], [5, 0], [10, 5], [10, 10]]
        );
    }
}
