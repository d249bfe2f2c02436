//! The same for a drawn shape: its change over a year and a period, its distance to the target, its series with their
//! control chart. Owns which figures of its areas stand for the shape at another time; their sum is `drawn`'s and what it
//! may say is `privacy`'s, so a shape's past is hidden where its areas' past is.

use std::sync::Arc;

use crate::drawn::{Cover, DrawnReading};
use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::site::catalogue::Indicator;
use crate::snapshot::{Back, IndicatorIx, Reading, Series, SeriesPoint, Sides, Status};

use super::change::{self, Change};
use super::{Derived, Origin, Vantage, is_total};

impl Origin<'_> {
    /// All that is derived of an indicator over what a shape covers; `None` where there is no such indicator. A shape's
    /// areas are not set beside each other: it has no contribution and no funnel.
    #[must_use]
    pub fn derived_of_shape(&self, indicator: IndicatorIx, cover: &Cover) -> Option<Derived> {
        let Vantage { site, source, at_secs, .. } = self.vantage;
        let row = site.indicators.get(indicator)?;
        let now = self.over(cover, row, &|area| Sides::of(&self.figures.reading(indicator, area)));
        let against = |back: Back| {
            let past = source.past(indicator, at_secs, back);
            Change::new(now.value, self.over(cover, row, &|area| past.at(area)).value, past.day)
        };
        // A total's target is the whole's.
        let target = row.target.as_ref().filter(|_| !is_total(row));
        Some(Derived {
            nature: source.nature(indicator),
            trend: Arc::new(
                self.vantage.trend(indicator, Arc::new(self.series_of_shape(indicator, cover)?))?,
            ),
            year: against(Back::Year),
            period: against(Back::Period),
            gap: target.and_then(|target| change::target_gap(now.value, target)),
            contribution: None,
            funnel: None,
            completeness: self.completeness(indicator, None),
        })
    }

    /// Series of an indicator over what a shape covers.
    fn series_of_shape(&self, indicator: IndicatorIx, cover: &Cover) -> Option<Series> {
        let site = self.vantage.site;
        let row = site.indicators.get(indicator)?;
        let level = site.figure_level();
        let areas: Vec<AreaId> = site
            .areas
            .iter()
            .filter(|(id, area)| area.level <= level && cover.part(*id).share > 0.0)
            .map(|(id, _)| id)
            .collect();
        let all = self.vantage.series(indicator, &areas);
        let days = all.iter().find(|series| !series.points.is_empty())?.points.iter().map(|point| point.day);
        let points = days.enumerate().map(|(at, day)| {
            let side = |area: AreaId| {
                let series = areas.binary_search(&area).ok().and_then(|place| all.get(place));
                series.and_then(|series| series.points.get(at)).map_or(
                    Sides::same(Shown::Missing),
                    |SeriesPoint { value, numerator, denominator, .. }| Sides {
                        value: *value,
                        numerator: *numerator,
                        denominator: *denominator,
                    },
                )
            };
            let Sides { value, numerator, denominator } = self.over(cover, row, &side);
            SeriesPoint { day, value, numerator, denominator }
        });
        Some(Series { points: points.collect() })
    }

    fn over(&self, cover: &Cover, row: &Indicator, read: &dyn Fn(AreaId) -> Sides) -> Sides {
        Sides::of(&DrawnReading::of(self.vantage.site, cover, row, &|area| reading(read(area))).reading)
    }
}

/// Sides as a reading, with what of its status a sum over areas asks for.
const fn reading(sides: Sides) -> Reading {
    let Sides { value, numerator, denominator } = sides;
    let status = match value {
        Shown::Value(_) => Status::Current,
        Shown::Coarse { .. } => Status::Coarse,
        Shown::Suppressed { .. } => Status::Suppressed,
        Shown::Missing => Status::Missing,
        Shown::TooFine => Status::TooFine,
        Shown::Unread => Status::Unread,
    };
    Reading { value, numerator, denominator, status, ..Reading::MISSING }
}
