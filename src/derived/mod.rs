//! Figures derived from figures: change over a year and a period, distance to the target, what each area adds to a
//! change, control and funnel limits, completeness. Works on what the gate lets through and on nothing else, so nothing
//! new can be learnt from it; never measures, never prints a number. The methods are told in `docs/methods.md`.

pub mod alike;
pub mod chance;
pub mod change;
pub mod completeness;
pub mod contribution;
pub mod control;
pub mod funnel;
pub mod kind;
mod shape;
pub mod silence;
pub mod standing;
pub mod watch;
pub mod words;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_silence;

use std::sync::Arc;

use crate::privacy::shown::Shown;
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::calendar::Calendar;
use crate::site::catalogue::{Indicator, Target};
use crate::snapshot::{Back, EpochSecs, Figures, IndicatorIx, Series, SeriesSource, Sides, SourceState};

use change::Change;
use completeness::Completeness;
use contribution::{Contribution, Pair};
use control::{Chart, NoChart};
use funnel::Funnel;
use kind::Nature;

/// All that is derived of one indicator at one area.
#[derive(Debug, Clone, PartialEq)]
pub struct Derived {
    /// What kind of number it is.
    pub nature: Nature,
    /// Its series and their control chart.
    pub trend: Arc<Trend>,
    /// Against the same time of last year.
    pub year: Change,
    /// Against the period before.
    pub period: Change,
    /// Distance to the target, positive where better; none without a target that is a number.
    pub gap: Option<Shown>,
    /// What each area inside adds to the change since the period before.
    pub contribution: Option<Contribution>,
    /// The areas inside beside each other.
    pub funnel: Option<Funnel>,
    /// How complete the data is.
    pub completeness: Completeness,
}

/// A series with its control chart: all that a trend needs, and no other day's figures of other areas.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// The series; shared with whoever draws it without its chart.
    pub series: Arc<Series>,
    /// Control chart of the series, or why there is none.
    pub chart: Result<Chart, NoChart>,
}

impl Trend {
    /// Of a series of figures of a nature on a scale, beside the holidays of a calendar.
    #[must_use]
    pub fn new(nature: Nature, scale: f64, series: Arc<Series>, calendar: &Calendar) -> Self {
        Self { chart: Chart::beside_holidays(nature, scale, &series.points, calendar), series }
    }
}

/// A change and what the areas inside add to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// Against the period before.
    pub period: Change,
    /// What each area inside adds; none where they do not add up or the whole is not shown exactly.
    pub contribution: Option<Contribution>,
}

/// From where a site is looked at: an instant, and what is told of the ones before.
#[derive(Clone, Copy)]
pub struct Vantage<'a> {
    /// The site.
    pub site: &'a Site,
    /// Figures of other instants, behind the gate.
    pub source: &'a dyn SeriesSource,
    /// States of the tables at the instant.
    pub sources: &'a [SourceState],
    /// The instant.
    pub at_secs: EpochSecs,
}

/// Where derived figures are made from.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// From where it is looked.
    pub vantage: Vantage<'a>,
    /// Figures of the instant, behind the same gate.
    pub figures: &'a Figures,
}

impl Vantage<'_> {
    /// Series of an indicator at some areas up to the instant, in their order, with as many points as its chart needs.
    #[must_use]
    pub fn series(&self, indicator: IndicatorIx, areas: &[AreaId]) -> Vec<Series> {
        let points = self.source.nature(indicator).points();
        self.source.series(indicator, areas, self.at_secs, points)
    }

    /// A series with its chart; `None` where there is no such indicator.
    #[must_use]
    pub fn trend(&self, indicator: IndicatorIx, series: Arc<Series>) -> Option<Trend> {
        let row = self.site.indicators.get(indicator)?;
        Some(Trend::new(self.source.nature(indicator), row.scale, series, &self.site.calendar))
    }
}

impl Origin<'_> {
    /// All that is derived of an indicator at an area; `None` where there is no such indicator.
    #[must_use]
    pub fn derived(&self, indicator: IndicatorIx, area: AreaId) -> Option<Derived> {
        let Vantage { site, source, at_secs, .. } = self.vantage;
        let row = site.indicators.get(indicator)?;
        let now = Sides::of(&self.figures.reading(indicator, area));
        let year = source.past(indicator, at_secs, Back::Year);
        let series = self.vantage.series(indicator, &[area]).pop()?;
        let Shares { period, contribution } = self.shares(indicator, area)?;
        Some(Derived {
            nature: source.nature(indicator),
            trend: Arc::new(self.vantage.trend(indicator, Arc::new(series))?),
            year: Change::new(now.value, year.at(area).value, year.day),
            period,
            gap: target_at(site, row, area).and_then(|t| change::target_gap(now.value, t)),
            contribution,
            funnel: self.funnel(indicator, area),
            completeness: self.completeness(indicator, Some(area)),
        })
    }

    /// How complete the data of an indicator is; of no area, where what it is for has no areas that could be counted.
    fn completeness(&self, indicator: IndicatorIx, area: Option<AreaId>) -> Completeness {
        let Vantage { site, source, sources, at_secs } = self.vantage;
        let coverage = source.coverage(indicator, at_secs);
        Completeness::new(site, self.figures, sources, &coverage, indicator, area)
    }

    /// The change of an area since the period before, and what each area inside adds to it; `None` where there is no such
    /// indicator.
    #[must_use]
    pub fn shares(&self, indicator: IndicatorIx, area: AreaId) -> Option<Shares> {
        let Vantage { site, source, at_secs, .. } = self.vantage;
        let row = site.indicators.get(indicator)?;
        let before = source.past(indicator, at_secs, Back::Period);
        let pair = |area: AreaId, now: Sides| Pair { before: before.at(area), now };
        let inside = self.inside(row, indicator, area);
        let pairs: Vec<(AreaId, Pair)> = inside.iter().map(|(id, now)| (*id, pair(*id, *now))).collect();
        let whole = pair(area, Sides::of(&self.figures.reading(indicator, area)));
        let nature = source.nature(indicator);
        Some(Shares {
            period: Change::new(whole.now.value, whole.before.value, before.day),
            contribution: if before.is_top_apart && area == AreaId::ROOT {
                None
            } else {
                Contribution::new(nature, row.scale, row.denominator.is_some(), whole, &pairs)
            },
        })
    }

    /// The areas inside an area beside each other, where they can be compared.
    #[must_use]
    pub fn funnel(&self, indicator: IndicatorIx, area: AreaId) -> Option<Funnel> {
        let Vantage { site, source, .. } = self.vantage;
        let row = site.indicators.get(indicator)?;
        let now = Sides::of(&self.figures.reading(indicator, area));
        Funnel::new(source.nature(indicator), row.scale, now, &self.inside(row, indicator, area))
    }

    /// The areas directly inside, where the indicator is shown there.
    fn inside(&self, row: &Indicator, indicator: IndicatorIx, area: AreaId) -> Vec<(AreaId, Sides)> {
        let site = self.vantage.site;
        let children = site.areas.get(area).children.iter();
        children
            .filter(|child| site.is_shown_at(row, **child))
            .map(|child| (*child, Sides::of(&self.figures.reading(indicator, *child))))
            .collect()
    }
}

/// Whether an indicator is a total over areas: a count or a sum without a denominator.
#[must_use]
pub fn is_total(row: &Indicator) -> bool {
    let expr = row.numerator.expr.trim_start();
    row.denominator.is_none() && (expr.starts_with("sum(") || expr.starts_with("count("))
}

/// The target of an indicator at an area. A total's target is the whole's: no part can be held to it.
#[must_use]
pub fn target_at<'a>(site: &Site, row: &'a Indicator, area: AreaId) -> Option<&'a Target> {
    row.target.as_ref().filter(|_| !is_total(row) || site.areas.get(area).level == 0)
}
