//! Owns what every table shares: areas, days, the town, the scale and the seed.
//! Never writes a file.

use super::areas::{self, Areas};
use super::calendar::{Calendar, Day};
use super::math::exp;
use super::rng::Stream;
use super::template::{Context, PlacePoint, Spec, Template, Volume};
use super::town::Town;
use super::{GenerateError, Scale};

/// The site being generated.
pub(super) struct World {
    pub(super) spec: Spec,
    pub(super) calendar: Calendar,
    pub(super) areas: Areas,
    pub(super) town: Town,
    pub(super) scale: Scale,
    seed: u64,
    /// The outline, the communities' points and the context layers, for the base map.
    pub(super) outline: Vec<Vec<[f64; 2]>>,
    pub(super) names: Vec<PlacePoint>,
    pub(super) context: Vec<Context>,
}

impl World {
    /// Draws the areas and builds the town.
    pub(super) fn build(template: Template, scale: Scale, seed: u64) -> Result<Self, GenerateError> {
        let Template { spec, site, calendar, outline, places, context } = template;
        let calendar = Calendar::new(&spec.calendar, &calendar, &site.time_zone, site.anchor, seed)?;
        // Finer cells at larger scales, but never so many that a community's three digits run out.
        let finer = match scale {
            Scale::Times(times) if times > 1.0 => super::math::pow(times, 0.25).min(4.0),
            _ => 1.0,
        };
        let grids = (spec.areas.grids as f64 * finer).round() as usize;
        let mut stream = Stream::new(seed, "areas");
        let areas = areas::draw(&spec.areas, &spec.community, &site, &outline, &places, grids, &mut stream)?;
        let town = Town::build(&spec.town, &areas, &calendar, scale, seed);
        let names = places;
        Ok(Self { spec, calendar, areas, town, scale, seed, outline, names, context })
    }

    /// The stream of a table.
    pub(super) fn stream(&self, table: &str) -> Stream {
        Stream::new(self.seed, table)
    }

    /// Rows wanted for a volume.
    pub(super) fn rows(&self, volume: Volume) -> f64 {
        self.scale.of(volume)
    }

    /// Load of every community on a day: population, and growth apart from the others'.
    pub(super) fn loads(&self, age: f64) -> Vec<f64> {
        let load = |c: &areas::Community| c.spec.population as f64 * exp(c.spec.growth * (age - 5.0));
        self.areas.communities.iter().map(load).collect()
    }

    /// Failures of a community as a multiple of the average: e^(-1.1 quality).
    pub(super) fn failure(&self, community: usize) -> f64 {
        self.areas.communities.get(community).map_or(1.0, |c| exp(-1.1 * c.spec.quality))
    }

    /// The same for a subdistrict: the mean of its communities.
    pub(super) fn failure_of_subdistrict(&self, subdistrict: usize) -> f64 {
        let of: Vec<f64> = (0..self.areas.communities.len())
            .filter(|c| {
                self.areas.communities.get(*c).is_some_and(|community| community.subdistrict == subdistrict)
            })
            .map(|c| self.failure(c))
            .collect();
        of.iter().sum::<f64>() / of.len().max(1) as f64
    }

    /// Population of a subdistrict.
    pub(super) fn population_of_subdistrict(&self, subdistrict: usize) -> i64 {
        self.areas
            .communities
            .iter()
            .filter(|c| c.subdistrict == subdistrict)
            .map(|c| c.spec.population)
            .sum()
    }

    /// Code of a community.
    pub(super) fn community_code(&self, community: usize) -> &str {
        self.areas.communities.get(community).map_or("", |c| c.code.as_str())
    }
}

/// How busy a day is for what people do: weekends and holidays are quieter.
pub(super) fn activity(day: &Day, weekend: f64, long_holiday: f64) -> f64 {
    if day.long_holiday {
        long_holiday
    } else if day.working {
        1.0
    } else {
        weekend
    }
}
