//! All figures of one instant, and series, both through the gate. Owns which instants are
//! compared, and intervals.

use crate::derived::chance;
use crate::derived::kind::Nature;
use crate::indicators::cube::{At, Step};
use crate::indicators::measure::{FigurePlan, MeasureUse, Storage};
use crate::indicators::window::Window;
use crate::privacy::protect::{self, AsOf, Owner, Protected};
use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::site::catalogue::Indicator;
use crate::snapshot::{
    Back, Coverage, Earlier, EpochSecs, Figures, IndicatorIx, Reading, Series, SeriesPoint, SeriesSource,
    Sides, Slice, SourceState, Status,
};

use super::again::{Kept, Memory};
use super::{Engine, TableState};

impl Engine {
    /// Every figure at an instant, protected.
    #[must_use]
    pub fn figures(&self, at: At, sources: &[SourceState]) -> Figures {
        self.figures_again(at, sources, &mut Memory::default())
    }

    /// The same, where what hangs together is protected anew only if a count of it is another one than last time.
    pub(crate) fn figures_again(&self, at: At, sources: &[SourceState], memory: &mut Memory) -> Figures {
        self.figures_by(&mut Kept::new(memory), at, sources)
    }

    /// The same, of what is protected so.
    pub(super) fn figures_by(&self, kept: &mut Kept<'_>, at: At, sources: &[SourceState]) -> Figures {
        let late: Vec<bool> = sources.iter().map(|s| s.late).collect();
        let readings = self
            .site
            .indicators
            .iter()
            .zip(&self.plan.indicators)
            .enumerate()
            .map(|(i, (row, figure))| {
                let now = self.protected(kept, row, Owner::Indicator(i), figure, at);
                let earlier = self.before(figure, at, Back::Period);
                let before = self.protected(kept, row, Owner::Indicator(i), figure, earlier);
                let group = self.gate.group_of(Owner::Indicator(i));
                let told = |at: At, figure: &Protected| Of::new(kept, group, at, figure);
                let both = now.iter().zip(&before);
                let told: Vec<[Of; 2]> =
                    both.map(|(now, before)| [told(at, now), told(earlier, before)]).collect();
                let late = self.is_late(figure, &late);
                let mut all = self.readings(row, figure, (&now, &before), sources, (late, &told));
                if self.is_unread(figure) {
                    all.iter_mut().filter(|r| r.value != Shown::TooFine).for_each(|r| *r = Reading::UNREAD);
                }
                all
            })
            .collect();
        let slices = self
            .site
            .breakdowns
            .iter()
            .zip(&self.plan.breakdowns)
            .enumerate()
            .map(|(b, (row, cells))| self.slices(kept, b, row, cells, at))
            .collect();
        let inputs =
            self.plan.indicators.iter().map(|f| self.inputs(std::slice::from_ref(f), sources)).collect();
        let slice_inputs = self.plan.breakdowns.iter().map(|cells| self.inputs(cells, sources)).collect();
        Figures { readings, slices, inputs, slice_inputs }
    }

    /// An indicator over all areas, protected by itself.
    fn over(&self, indicator: IndicatorIx, at: At) -> Earlier {
        let (Some(row), Some(figure)) =
            (self.site.indicators.get(indicator), self.plan.indicators.get(indicator))
        else {
            return Earlier::default();
        };
        let mut memory = Memory::default();
        let kept = &mut Kept::new(&mut memory);
        let protected = self.protected(kept, row, Owner::Indicator(indicator), figure, at);
        let sides = self.sides_of(figure);
        Earlier { day: at.day, areas: protected.iter().map(sides).collect(), is_top_apart: false }
    }

    /// The same at an earlier time, to be set beside an instant: of areas that are told as of the same one, nothing.
    fn over_before(&self, indicator: IndicatorIx, at: At, before: At) -> Earlier {
        let (Some(row), Some(figure)) =
            (self.site.indicators.get(indicator), self.plan.indicators.get(indicator))
        else {
            return Earlier::default();
        };
        let owner = Owner::Indicator(indicator);
        let mut memory = Memory::default();
        let kept = &mut Kept::new(&mut memory);
        let [now, then] = [at, before].map(|at| self.protected(kept, row, owner, figure, at));
        let group = self.gate.group_of(owner);
        let of = |at: At, figure: &Protected| Of::new(kept, group, at, figure);
        let sides = self.sides_of(figure);
        let areas = now.iter().zip(&then).map(|(now, then)| {
            let can_be = of(at, now).can_be_set_beside(of(before, then));
            if can_be { sides(then) } else { Sides::same(Shown::Missing) }
        });
        let is_apart = |figure: &Protected| figure.as_of != AsOf::Group;
        let is_top_apart = group.is_some_and(|group| {
            now.first().is_some_and(is_apart) && kept.told_secs(group, at, AsOf::Group).is_some()
        });
        Earlier { day: before.day, areas: areas.collect(), is_top_apart }
    }

    /// What is told of a figure, where it can be told already.
    fn sides_of(&self, figure: &FigurePlan) -> impl Fn(&Protected) -> Sides {
        let is_unread = self.is_unread(figure);
        move |figure| if is_unread { Sides::same(unread_of(figure.value)) } else { sides(figure) }
    }

    /// One figure over all areas, together with what it shares counts with.
    fn protected(
        &self,
        kept: &mut Kept<'_>,
        row: &Indicator,
        owner: Owner,
        figure: &FigurePlan,
        at: At,
    ) -> Vec<Protected> {
        let Some(group) = self.gate.group_of(owner) else {
            let denominator = figure.denominator.map(|side| self.raw(side, at));
            return protect::plain(&self.site, row, &self.raw(figure.numerator, at), denominator.as_ref());
        };
        kept.figure(self, group, owner, at)
    }

    fn readings(
        &self,
        row: &Indicator,
        figure: &FigurePlan,
        (now, before): (&[Protected], &[Protected]),
        sources: &[SourceState],
        (late, of): (bool, &[[Of; 2]]),
    ) -> Vec<Reading> {
        let newest = self.oldest_input(figure, sources);
        now.iter()
            .zip(before)
            .zip(of)
            .map(|((now, before), [of, of_before])| Reading {
                value: now.value,
                numerator: now.numerator,
                denominator: now.denominator,
                status: match now.value {
                    Shown::Suppressed { .. } => Status::Suppressed,
                    Shown::Missing => Status::Missing,
                    Shown::TooFine => Status::TooFine,
                    Shown::Unread => Status::Unread,
                    Shown::Value(_) | Shown::Coarse { .. } if now.partial => Status::Partial,
                    Shown::Value(_) | Shown::Coarse { .. } if late => Status::Late,
                    Shown::Coarse { .. } => Status::Coarse,
                    Shown::Value(_) => Status::Current,
                },
                oldest_input: newest.map(|newest| newest.min(of.told_secs.unwrap_or(newest))),
                previous: if of.can_be_set_beside(*of_before) { before.value } else { Shown::Missing },
                interval: interval(row, now),
            })
            .collect()
    }

    fn oldest_input(&self, figure: &FigurePlan, sources: &[SourceState]) -> Option<EpochSecs> {
        let newest = |table: usize| sources.get(table)?.newest_secs;
        self.tables_of(figure).into_iter().filter_map(newest).min()
    }

    /// The instant one period or one year earlier.
    fn before(&self, figure: &FigurePlan, at: At, back: Back) -> At {
        let end = self.window_end(figure, at);
        let window = figure.numerator.window;
        let day = match back {
            Back::Period => window.period_before(end.day),
            Back::Year => window.year_before(end.day),
        };
        self.moved(end, day)
    }

    /// The day of what a figure is compared with.
    pub(super) fn day_before(&self, indicator: IndicatorIx, at_secs: EpochSecs, back: Back) -> i32 {
        let at = self.at(at_secs);
        self.plan.indicators.get(indicator).map_or(at.day, |figure| self.before(figure, at, back).day)
    }

    /// Where the window of a figure really ends: at the newest stamp of its table, which may be last month's end. What
    /// is compared with it is counted back from there, or a month not yet reported would be compared with itself.
    fn window_end(&self, figure: &FigurePlan, at: At) -> At {
        self.end_of_use(figure.numerator, at)
    }

    /// The same of one count.
    pub(super) fn end_of_use(&self, used: MeasureUse, at: At) -> At {
        let newest = self.stamped_table(used).and_then(|table| {
            let step = table.presence.step();
            Some(step.last_day(table.presence.newest(step.place(at.day))?))
        });
        match newest {
            Some(day) if day != at.day => At { secs: self.site.zone.end_of(day), day },
            _ => at,
        }
    }

    /// The table of a count, where its rows are stamped with days or months.
    fn stamped_table(&self, used: MeasureUse) -> Option<&TableState> {
        let measure = self.plan.measures.get(used.measure)?;
        let table = self.tables.get(measure.table)?;
        let by_own_time = measure.time_column == table.table.time_column && measure.storage != Storage::Now;
        (by_own_time && table.is_stamped()).then_some(table)
    }

    /// The same, where something is reported for every day or month.
    fn stamps(&self, figure: &FigurePlan) -> Option<&TableState> {
        self.stamped_table(figure.numerator).filter(|t| !t.is_zero_when_absent() && !t.is_event_like())
    }

    /// The same time of day on another day.
    fn moved(&self, at: At, day: i32) -> At {
        let into_day = at.secs - self.site.zone.start_of(at.day);
        At { secs: (self.site.zone.start_of(day) + into_day).min(self.site.zone.end_of(day)), day }
    }

    fn slices(
        &self,
        kept: &mut Kept<'_>,
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
        let group = self.gate.group_of(Owner::Cell(breakdown, 0));
        (0..self.sum_up.len())
            .map(|area| {
                cells
                    .iter()
                    .zip(&protected)
                    .map(|(figure, values)| Slice {
                        codes: figure.codes.clone(),
                        told_secs: group.and_then(|group| kept.told_secs(group, at, values.get(area)?.as_of)),
                        value: match values.get(area).map_or(Shown::Missing, |p| p.value) {
                            value if self.is_unread(figure) => unread_of(value),
                            value => value,
                        },
                    })
                    .collect()
            })
            .collect()
    }
}

impl SeriesSource for Engine {
    fn series(
        &self,
        indicator: IndicatorIx,
        areas: &[AreaId],
        until_secs: EpochSecs,
        points: usize,
    ) -> Vec<Series> {
        self.series_of(indicator, areas, until_secs, points, |at| {
            let all = self.over(indicator, at);
            areas.iter().map(|area| all.at(*area)).collect()
        })
    }

    fn nature(&self, indicator: IndicatorIx) -> Nature {
        match (self.site.indicators.get(indicator), self.plan.indicators.get(indicator)) {
            (Some(row), Some(figure)) => Nature::new(&self.site, &self.plan, row, figure),
            _ => Nature::default(),
        }
    }

    fn over_areas(&self, indicator: IndicatorIx, at_secs: EpochSecs) -> Earlier {
        self.over(indicator, self.at(at_secs))
    }

    fn past(&self, indicator: IndicatorIx, at_secs: EpochSecs, back: Back) -> Earlier {
        let Some(figure) = self.plan.indicators.get(indicator) else { return Earlier::default() };
        let at = self.at(at_secs);
        self.over_before(indicator, at, self.before(figure, at, back))
    }

    fn coverage(&self, indicator: IndicatorIx, at_secs: EpochSecs) -> Coverage {
        let Some(figure) = self.plan.indicators.get(indicator) else { return Coverage::default() };
        let measures = [Some(figure.numerator), figure.denominator].into_iter().flatten();
        let mut tables: Vec<usize> =
            measures.filter_map(|side| self.plan.measures.get(side.measure)).map(|m| m.table).collect();
        tables.dedup();
        let at = self.at(at_secs);
        let steps = self.stamps(figure).and_then(|table| {
            let step = table.presence.step();
            let newest = table.presence.newest(step.place(at.day))?;
            Some((step, table.presence.filled(figure.numerator.window, newest)))
        });
        let is_monthly = steps.is_some_and(|(step, _)| step == Step::Month);
        Coverage { steps: steps.map(|(_, filled)| filled), is_monthly, tables }
    }
}

impl Engine {
    /// Series of figures that are asked for by the instants of their points, of all areas at once.
    pub(super) fn series_of(
        &self,
        indicator: IndicatorIx,
        areas: &[AreaId],
        until_secs: EpochSecs,
        points: usize,
        mut sides_at: impl FnMut(At) -> Vec<Sides>,
    ) -> Vec<Series> {
        let mut all = vec![Series::default(); areas.len()];
        let Some(figure) = self.plan.indicators.get(indicator) else { return all };
        let asked = self.at(until_secs);
        let present_only =
            self.plan.measures.get(figure.numerator.measure).is_some_and(|m| m.storage == Storage::Now);
        let points = if present_only { 1 } else { points };
        let until = self.window_end(figure, asked);
        for back in (0..i32::try_from(points).unwrap_or(0)).rev() {
            let at = match back {
                0 => asked,
                _ => self.moved(until, step_back(figure.numerator.window, until.day, back)),
            };
            let day = if back == 0 { until.day } else { at.day };
            for (series, sides) in all.iter_mut().zip(sides_at(at)) {
                let Sides { value, numerator, denominator } = sides;
                series.points.push(SeriesPoint { day, value, numerator, denominator });
            }
        }
        all
    }
}

/// Of which instant a figure was asked, and of which it is told where that is earlier.
#[derive(Clone, Copy)]
struct Of {
    asked_secs: EpochSecs,
    told_secs: Option<EpochSecs>,
}

impl Of {
    fn new(kept: &Kept<'_>, group: Option<usize>, at: At, figure: &Protected) -> Self {
        let told_secs = group.and_then(|group| kept.told_secs(group, at, figure.as_of));
        Self { asked_secs: at.secs, told_secs }
    }

    /// Whether the change since another one is about that which was asked for: what is told as of the same instant has not
    /// changed, nor stayed, and a month's change is not a week's.
    fn can_be_set_beside(self, before: Self) -> bool {
        if self.told_secs.is_none() && before.told_secs.is_none() {
            return true;
        }
        let asked = self.asked_secs - before.asked_secs;
        let told = self.told_secs.unwrap_or(self.asked_secs) - before.told_secs.unwrap_or(before.asked_secs);
        told > 0 && 2 * (told - asked).abs() <= asked
    }
}

const fn sides(figure: &Protected) -> Sides {
    Sides { value: figure.value, numerator: figure.numerator, denominator: figure.denominator }
}

/// What stands for a figure that waits for changes which it counts.
const fn unread_of(value: Shown) -> Shown {
    if matches!(value, Shown::TooFine) { value } else { Shown::Unread }
}

/// Points of a series are a day apart for windows up to a week, else a month, always like with like: a month so far
/// is set beside earlier months up to the same day.
fn step_back(window: Window, day: i32, steps: i32) -> i32 {
    match window {
        Window::Day | Window::LatestDay | Window::TrailingHours(_) => day - steps,
        Window::TrailingDays(days) if days <= 7 => day - steps,
        _ => window.months_before(day, steps),
    }
}

/// 95 % interval: Wilson's (1927) for a share, Garwood's (1936) for a count that happens. None for stocks and means.
fn interval(row: &Indicator, figure: &Protected) -> Option<(f64, f64)> {
    // Limits of a coarse figure would be narrower than what it tells.
    let Shown::Value(numerator) = figure.numerator else { return None };
    let (low, high) = match figure.denominator {
        Shown::Value(base) if row.unit == "%" && base > 0.0 && (0.0..=base).contains(&numerator) => {
            chance::wilson(numerator, base)
        }
        Shown::Missing if row.denominator.is_none() => {
            let counted = matches!(row.grain.as_deref(), Some("day" | "month"))
                && row.numerator.expr.starts_with("count(*)")
                && !row.window.starts_with("cumulative");
            counted.then(|| chance::garwood(numerator.max(0.0)))?
        }
        _ => return None,
    };
    Some((row.scale * low, row.scale * high))
}
