//! Pictures of other times: any day by what is known now, and as it was known then. Owns how they are made from the
//! cube and the event book; all figures pass the gate, and what was known then hides what either view hides.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::derived::Vantage;
use crate::derived::kind::Nature;
use crate::derived::watch::Silences;
use crate::indicators::cube::At;
use crate::moment::{Moment, Picture, TimeSource};
use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::site::problem::Problem;
use crate::snapshot::{Back, Coverage, Earlier, EpochSecs, IndicatorIx, Series, SeriesSource, Sides};

use super::Engine;
use super::book::EventBook;
use super::then::{LateRows, build_then};

/// Points that a screen asks of a series at most.
const SERIES_POINTS: usize = 24;

/// What pictures of other times are made from, as of one live picture.
pub(crate) struct Ground {
    engine: Arc<Engine>,
    book: EventBook,
    now_secs: EpochSecs,
    late_rows: Option<LateRows>,
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ground").field("now_secs", &self.now_secs).finish_non_exhaustive()
    }
}

impl Engine {
    /// What pictures of other times are made from. `bare` is this engine without its rows.
    pub(crate) fn ground(&self, bare: Arc<Self>, now_secs: EpochSecs, late_rows: Option<LateRows>) -> Ground {
        Ground { engine: bare, book: self.events.book(), now_secs, late_rows }
    }

    /// Who falls silent as of an instant, by what this engine knows.
    #[must_use]
    pub fn silences(&self, at_secs: EpochSecs) -> Silences {
        let (reports, sources) = (self.events.book().reports(&self.site, at_secs), self.sources(at_secs));
        let vantage = Vantage { site: &self.site, source: self, sources: &sources, at_secs };
        Silences::new(&vantage, &reports)
    }
}

impl TimeSource for Ground {
    fn picture(&self, moment: Moment) -> Result<Picture, Vec<Problem>> {
        let day = self.engine.site.zone.day_of(moment.at_secs);
        // Today is as far as now; a day of the past is a whole day.
        let mut at = self.engine.end_of(day);
        at.secs = at.secs.min(self.now_secs.max(moment.at_secs));
        match moment.known_at_secs {
            None => Ok(self.by_what_is_known_now(moment, at)),
            Some(known_at) => self.as_known_then(moment, at, known_at),
        }
    }
}

impl Ground {
    fn by_what_is_known_now(&self, moment: Moment, at: At) -> Picture {
        let sources = self.engine.sources(moment.judged_secs(&self.engine.site.zone));
        Picture {
            figures: Arc::new(self.engine.figures(at, &sources)),
            freshness: self.engine.freshness(sources),
            series: Arc::clone(&self.engine) as Arc<dyn SeriesSource>,
            events: self.book.at(&self.engine.site, moment.at_secs),
            silent: Arc::from([]),
        }
    }

    fn as_known_then(&self, moment: Moment, at: At, known_at: EpochSecs) -> Result<Picture, Vec<Problem>> {
        let site = &self.engine.site;
        let then = build_then(Arc::clone(site), known_at, self.late_rows.as_ref())?;
        let sources = then.sources(moment.judged_secs(&site.zone));
        let figures = self.engine.known_then(&then, at, &sources);
        let silent = then.tables.iter().enumerate().filter(|(_, t)| t.is_silent(&then.problems));
        Ok(Picture {
            figures: Arc::new(figures),
            series: Arc::new(self.series_then(&then, moment.at_secs)),
            events: then.events.book().at(site, moment.at_secs),
            silent: silent.map(|(index, _)| index).collect(),
            freshness: then.freshness(sources),
        })
    }

    /// All points of all series as they were known then. Each instant is looked at as a whole, since what is hidden in
    /// either view stays hidden with what hangs together with it.
    fn series_then(&self, then: &Engine, until_secs: EpochSecs) -> KnownSeries {
        let mut values: BTreeMap<EpochSecs, Vec<Vec<Sides>>> = BTreeMap::new();
        for indicator in 0..self.engine.plan.indicators.len() {
            self.engine.series_of(indicator, &[], until_secs, SERIES_POINTS, |at| {
                values.entry(at.secs).or_insert_with(|| {
                    let figures = self.engine.known_then(then, at, &then.sources(at.secs));
                    let of_areas = figures.readings.iter();
                    of_areas.map(|areas| areas.iter().map(Sides::of).collect()).collect()
                });
                Vec::new()
            });
        }
        KnownSeries { engine: Arc::clone(&self.engine), values }
    }
}

/// Series as they were known then, worked out beforehand: the cube of then is not kept.
struct KnownSeries {
    /// For the instants of the points only.
    engine: Arc<Engine>,
    /// By instant, indicator, area.
    values: BTreeMap<EpochSecs, Vec<Vec<Sides>>>,
}

impl std::fmt::Debug for KnownSeries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownSeries").field("instants", &self.values.len()).finish_non_exhaustive()
    }
}

impl SeriesSource for KnownSeries {
    fn series(
        &self,
        indicator: IndicatorIx,
        areas: &[AreaId],
        until_secs: EpochSecs,
        points: usize,
    ) -> Vec<Series> {
        let points = points.min(SERIES_POINTS);
        self.engine.series_of(indicator, areas, until_secs, points, |at| {
            let of_indicators = self.values.get(&at.secs);
            let side = |area: &AreaId| {
                let sides = of_indicators.and_then(|all| all.get(indicator)?.get(area.index())).copied();
                sides.unwrap_or(Sides::same(Shown::TooFine))
            };
            areas.iter().map(side).collect()
        })
    }

    fn nature(&self, indicator: IndicatorIx) -> Nature {
        self.engine.nature(indicator)
    }

    /// Not worked out: other days are hidden in other cells by what was known then.
    fn over_areas(&self, _indicator: IndicatorIx, at_secs: EpochSecs) -> Earlier {
        let areas = vec![Sides::same(Shown::Missing); self.engine.site.areas.len()];
        Earlier { areas, day: self.engine.at(at_secs).day, is_top_apart: false }
    }

    /// The same.
    fn past(&self, indicator: IndicatorIx, at_secs: EpochSecs, back: Back) -> Earlier {
        let areas = vec![Sides::same(Shown::Missing); self.engine.site.areas.len()];
        let day = self.engine.day_before(indicator, at_secs, back);
        Earlier { areas, day, is_top_apart: false }
    }

    /// The tables; which of their days were in by then is not kept.
    fn coverage(&self, indicator: IndicatorIx, at_secs: EpochSecs) -> Coverage {
        Coverage { steps: None, ..self.engine.coverage(indicator, at_secs) }
    }
}
