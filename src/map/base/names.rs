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
    let (place, weight) = match feature.shape {
        Shape::Points => (*parts.first()?.first()?, feature.number("population").unwrap_or(0.0)),
        Shape::Lines => {
            let longest = parts.iter().max_by(|a, b| length(a).total_cmp(&length(b)))?;
            let long = length(longest);
            // A name needs a piece of line that is about as long as it.
            if long < f64::from(extent) * 0.06 {
                return None;
            }
            (middle(longest), long)
        }
        Shape::Rings => return None,
    };
    // What stands in the margin of the tile is told by the neighbour.
    let inside = place.iter().all(|c| (0..i32::try_from(extent).unwrap_or(i32::MAX)).contains(c));
    inside.then(|| Name { zh, en, at: cut.world(place, extent), kind, weight })
}

fn length(part: &Part) -> f64 {
    part.windows(2)
        .map(|w| match w {
            [a, b] => f64::from(b[0] - a[0]).hypot(f64::from(b[1] - a[1])),
            _ => 0.0,
        })
        .sum()
}

/// The place half way along a line.
fn middle(part: &Part) -> [i32; 2] {
    let mut left = length(part) / 2.0;
    for pair in part.windows(2) {
        if let [a, b] = pair {
            let step = f64::from(b[0] - a[0]).hypot(f64::from(b[1] - a[1]));
            if step >= left && step > 0.0 {
                let t = left / step;
                let along =
                    |i: fn(&[i32; 2]) -> i32| (f64::from(i(a)) + f64::from(i(b) - i(a)) * t).round() as i32;
                return [along(|p| p[0]), along(|p| p[1])];
            }
            left -= step;
        }
    }
    part.first().copied().unwrap_or_default()
}
