//! All figures of one instant, and series, both through the gate. Owns comparison with the past and intervals.

use std::collections::HashMap;

use crate::indicators::cube::At;
use crate::indicators::measure::{FigurePlan, Storage};
use crate::indicators::window::Window;
use crate::privacy::protect::{self, Owner, Protected, Raw};
use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::site::catalogue::Indicator;
use crate::site::civil::add_months;
use crate::snapshot::{
    EpochSecs, Figures, IndicatorIx, Reading, Series, SeriesPoint, SeriesSource, Slice, SourceState, Status,
};

use super::Engine;

/// z of a two-sided 95 % interval.
const Z95: f64 = 1.959_964;

/// What was protected at some instants: figures that share counts are looked at once an instant.
type Kept = HashMap<(usize, EpochSecs), Vec<(Owner, Vec<Protected>)>>;

impl Engine {
    /// Every figure at an instant, protected.
    #[must_use]
    pub fn figures(&self, at: At, sources: &[SourceState]) -> Figures {
        let late: Vec<bool> = sources.iter().map(|s| s.late).collect();
        let mut kept = Kept::new();
        let readings = self
            .site
            .indicators
            .iter()
            .zip(&self.plan.indicators)
            .enumerate()
            .map(|(i, (row, figure))| {
                let now = self.protected(&mut kept, row, Owner::Indicator(i), figure, at);
                let earlier = self.before(figure, at);
                let before = self.protected(&mut kept, row, Owner::Indicator(i), figure, earlier);
                self.readings(row, figure, &now, &before, sources, self.is_late(figure, &late))
            })
            .collect();
        let slices = self
            .site
            .breakdowns
            .iter()
            .zip(&self.plan.breakdowns)
            .enumerate()
            .map(|(b, (row, cells))| self.slices(&mut kept, b, row, cells, at))
            .collect();
        let inputs =
            self.plan.indicators.iter().map(|f| self.inputs(std::slice::from_ref(f), sources)).collect();
        let slice_inputs = self.plan.breakdowns.iter().map(|cells| self.inputs(cells, sources)).collect();
        Figures { readings, slices, inputs, slice_inputs }
    }

    /// One figure over all areas, together with what it shares counts with.
    fn protected(
        &self,
        kept: &mut Kept,
        row: &Indicator,
        owner: Owner,
        figure: &FigurePlan,
        at: At,
    ) -> Vec<Protected> {
        let Some(group) = self.gate.group_of(owner) else {
            let denominator = figure.denominator.map(|side| self.raw(side, at));
            return protect::plain(&self.site, row, &self.raw(figure.numerator, at), denominator.as_ref());
        };
        let all = kept.entry((group, at.secs)).or_insert_with(|| {
            let raws: Vec<Raw> =
                self.gate.measured(group).into_iter().map(|used| self.raw(used, at)).collect();
            self.gate.protect(&self.site, group, &raws)
        });
        all.iter().find(|(of, _)| *of == owner).map(|(_, values)| values.clone()).unwrap_or_default()
    }

    fn readings(
        &self,
        row: &Indicator,
        figure: &FigurePlan,
        now: &[Protected],
        before: &[Protected],
        sources: &[SourceState],
        late: bool,
    ) -> Vec<Reading> {
        let oldest_input = self.oldest_input(figure, sources);
        now.iter()
            .zip(before)
            .map(|(now, before)| Reading {
                value: now.value,
                numerator: now.numerator,
                denominator: now.denominator,
                status: match now.value {
                    Shown::Suppressed { .. } => Status::Suppressed,
                    Shown::Missing => Status::Missing,
                    Shown::TooFine => Status::TooFine,
                    Shown::Value(_) | Shown::Coarse { .. } if now.partial => Status::Partial,
                    Shown::Value(_) | Shown::Coarse { .. } if late => Status::Late,
                    Shown::Coarse { .. } => Status::Coarse,
                    Shown::Value(_) => Status::Current,
                },
                oldest_input,
                previous: before.value,
                interval: interval(row, now),
            })
            .collect()
    }

    fn oldest_input(&self, figure: &FigurePlan, sources: &[SourceState]) -> Option<EpochSecs> {
        let newest = |table: usize| sources.get(table)?.newest_secs;
        self.tables_of(figure).into_iter().filter_map(newest).min()
    }

    /// The instant one period earlier.
    fn before(&self, figure: &FigurePlan, at: At) -> At {
        let day = match figure.numerator.window.previous_days() {
            Some(days) => at.day - days,
            None => add_months(at.day, -1),
        };
        self.moved(at, day)
    }

    /// The same time of day on another day.
    fn moved(&self, at: At, day: i32) -> At {
        let into_day = at.secs - self.site.zone.start_of(at.day);
        At { secs: (self.site.zone.start_of(day) + into_day).min(self.site.zone.end_of(day)), day }
    }

    fn slices(
        &self,
        kept: &mut Kept,
        breakdown: usize,
        row: &Indicator,
        cells: &[FigurePlan],
        at: At,
    ) -> Vec<Vec<Slice>> {
        let protected: Vec<Vec<Protected>> = cells
            .iter()
            .enumerate()
            .map(|(c, figure)| self.protected(kept, row, Owner::Cell(breakdown, c), figure, at))
            .collect();
        (0..self.sum_up.len())
            .map(|area| {
                cells
                    .iter()
                    .zip(&protected)
                    .map(|(figure, values)| Slice {
                        codes: figure.codes.clone(),
                        value: values.get(area).map_or(Shown::Missing, |p| p.value),
                    })
                    .collect()
            })
            .collect()
    }
}

impl SeriesSource for Engine {
    fn series(&self, indicator: IndicatorIx, area: AreaId, until_secs: EpochSecs, points: usize) -> Series {
        let (Some(row), Some(figure)) =
            (self.site.indicators.get(indicator), self.plan.indicators.get(indicator))
        else {
            return Series::default();
        };
        self.series_of(indicator, until_secs, points, |at| {
            let protected = self.protected(&mut Kept::new(), row, Owner::Indicator(indicator), figure, at);
            protected.get(area.index()).map_or(Shown::TooFine, |p| p.value)
        })
    }
}

impl Engine {
    /// A series of values that are asked for by the instants of its points.
    pub(super) fn series_of(
        &self,
        indicator: IndicatorIx,
        until_secs: EpochSecs,
        points: usize,
        mut value: impl FnMut(At) -> Shown,
    ) -> Series {
        let Some(figure) = self.plan.indicators.get(indicator) else { return Series::default() };
        let until = self.at(until_secs);
        let present_only =
            self.plan.measures.get(figure.numerator.measure).is_some_and(|m| m.storage == Storage::Now);
        let points = if present_only { 1 } else { points };
        let mut series = Series::default();
        for back in (0..i32::try_from(points).unwrap_or(0)).rev() {
            let at = self.moved(until, step_back(figure.numerator.window, until.day, back));
            series.points.push(SeriesPoint { day: at.day, value: value(at) });
        }
        if !matches!(figure.numerator.window, Window::Cumulative | Window::Since(_) | Window::Now) {
            (series.mean, series.limits) = individuals_chart(&series.points);
        }
        series
    }
}

/// Points of a series are a day apart for windows up to a week, else a month, always like with like: a month so far
/// is set beside earlier months up to the same day.
fn step_back(window: Window, day: i32, steps: i32) -> i32 {
    match window {
        Window::Day | Window::LatestDay | Window::TrailingHours(_) => day - steps,
        Window::TrailingDays(days) if days <= 7 => day - steps,
        _ => add_months(day, -steps),
    }
}

/// Mean and natural limits of an individuals chart: mean ± 2.66 × mean moving range (Wheeler, Understanding
/// Variation, 1993). The last point is left out, since it is the one to be judged.
fn individuals_chart(points: &[SeriesPoint]) -> (Option<f64>, Option<(f64, f64)>) {
    const LEAST_POINTS: usize = 8;
    let before = points.split_last().map_or(&[][..], |(_, before)| before);
    // Limits of rounded values would be those of the rounding.
    let values: Vec<f64> = before.iter().filter_map(|p| p.value.exact()).collect();
    if before.iter().any(|p| p.value.told().is_some()) || values.len() < LEAST_POINTS {
        return (None, None);
    }
    #[expect(clippy::cast_precision_loss, reason = "a few dozen points")]
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    #[expect(clippy::cast_precision_loss, reason = "a few dozen points")]
    let range = values
        .windows(2)
        .map(|w| (w.first().copied().unwrap_or(0.0) - w.last().copied().unwrap_or(0.0)).abs())
        .sum::<f64>()
        / (values.len() - 1) as f64;
    let spread = 2.66 * range;
    (Some(mean), Some((mean - spread, mean + spread)))
}

/// 95 % interval: Wilson's (1927) for a share, normal for a count that happens (Poisson). None for stocks and means.
fn interval(row: &Indicator, figure: &Protected) -> Option<(f64, f64)> {
    // Limits of a coarse figure would be narrower than what it tells.
    let Shown::Value(numerator) = figure.numerator else { return None };
    match figure.denominator {
        Shown::Value(base) if row.unit == "%" && base > 0.0 && (0.0..=base).contains(&numerator) => {
            let share = numerator / base;
            let z2 = Z95 * Z95;
            let center = (share + z2 / (2.0 * base)) / (1.0 + z2 / base);
            let half =
                Z95 / (1.0 + z2 / base) * (share * (1.0 - share) / base + z2 / (4.0 * base * base)).sqrt();
            Some((row.scale * (center - half).max(0.0), row.scale * (center + half).min(1.0)))
        }
        Shown::Missing if row.denominator.is_none() => {
            let counted = matches!(row.grain.as_deref(), Some("day" | "month"))
                && row.numerator.expr.starts_with("count(*)")
                && !row.window.starts_with("cumulative");
            counted.then(|| {
                let half = Z95 * numerator.max(0.0).sqrt();
                (row.scale * (numerator - half).max(0.0), row.scale * (numerator + half))
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_need_enough_points_and_leave_the_last_out() {
        let points = |values: &[f64]| -> Vec<SeriesPoint> {
            values.iter().map(|v| SeriesPoint { day: 0, value: Shown::Value(*v) }).collect()
        };
        assert_eq!(individuals_chart(&points(&[1.0; 8])), (None, None));
        // Moving ranges are all 2, the mean is 11, the outlier at the end changes nothing.
        let (mean, limits) =
            individuals_chart(&points(&[10.0, 12.0, 10.0, 12.0, 10.0, 12.0, 10.0, 12.0, 99.0]));
        assert_eq!(mean, Some(11.0));
        let (low, high) = limits.unwrap();
        assert!((low - (11.0 - 5.32)).abs() < 1e-9 && (high - (11.0 + 5.32)).abs() < 1e-9);
    }
}
