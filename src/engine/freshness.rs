//! Whether data is on time. Owns each dataset's promise turned into a due time; never hides a late figure.

use std::collections::BTreeSet;

use crate::indicators::measure::FigurePlan;
use crate::site::civil::{add_months, date_of, day_of_date};
use crate::site::datasets::{ColumnType, Refresh};
use crate::snapshot::{EpochSecs, FeedPhase, FeedState, Freshness, Inputs, SourceState};

use super::{Engine, TableState};

/// A live feed that has been silent for this long is late.
const LIVE_SILENCE_SECS: i64 = 3 * 3600;
/// The same for an hourly feed.
const HOURLY_SILENCE_SECS: i64 = 8 * 3600;
/// A live source without a connection for this long is missing; a shorter gap is made up for.
const AWAY_SECS: i64 = 60;

impl Engine {
    /// State of every table at an instant.
    #[must_use]
    pub fn sources(&self, now: EpochSecs) -> Vec<SourceState> {
        self.tables
            .iter()
            .map(|table| {
                let newest_secs = self.newest_at(table, now);
                let due_secs = newest_secs.and_then(|newest| self.due(table, newest));
                // What is not read yet is neither late nor on time.
                let due_secs = due_secs.filter(|_| !table.is_unread);
                SourceState {
                    name: table.table.id.clone(),
                    dataset: table.dataset,
                    newest_secs,
                    due_secs,
                    late: !table.is_unread
                        && (newest_secs.is_none()
                            || table.held.is_some()
                            || due_secs.is_some_and(|due| due < now)),
                    rows: table.rows,
                    refused: table.refused,
                    held: table.held,
                    feeds: 0,
                    feeds_late: 0,
                    feeds_missing: 0,
                }
            })
            .collect()
    }

    /// Adds to the states of the tables what the live sources say about themselves: a table whose source has been
    /// silent for longer than agreed, or without a connection for a minute, is late whatever its dataset promises.
    pub fn heed_feeds(&self, sources: &mut [SourceState], feeds: &[FeedState], now: EpochSecs) {
        for feed in feeds {
            let Some(meta) = self.site.feeds.sources.iter().find(|meta| meta.id == feed.id) else { continue };
            let late = feed.phase == FeedPhase::Late;
            let missing = feed.away_since_secs.is_some_and(|since| now - since >= AWAY_SECS);
            for table in meta.tables() {
                let Some(state) = sources.iter_mut().find(|state| state.name == table) else { continue };
                state.feeds += 1;
                state.feeds_late += u16::from(late);
                state.feeds_missing += u16::from(missing);
                state.late |= late || missing;
            }
        }
    }

    /// Whether the inputs of figures that are shown together are on time.
    pub(super) fn inputs(&self, figures: &[FigurePlan], sources: &[SourceState]) -> Inputs {
        let tables: BTreeSet<usize> = figures.iter().flat_map(|figure| self.tables_of(figure)).collect();
        let mut inputs = Inputs::default();
        tables.into_iter().filter_map(|table| sources.get(table)).for_each(|source| inputs.add(source));
        inputs
    }

    /// The tables a figure is made of, each once.
    pub(super) fn tables_of(&self, figure: &FigurePlan) -> BTreeSet<usize> {
        [Some(figure.numerator), figure.denominator]
            .into_iter()
            .flatten()
            .filter_map(|side| self.plan.measures.get(side.measure))
            .map(|measure| measure.table)
            .collect()
    }

    /// Newest news of a table at an instant: for a day of the past, the newest stamp up to then.
    fn newest_at(&self, table: &TableState, now: EpochSecs) -> Option<EpochSecs> {
        let zone = &self.site.zone;
        let day = zone.day_of(now);
        if day >= self.present_day || table.newest_secs.is_none_or(|newest| newest <= now) {
            return table.newest_secs;
        }
        let step = table.presence.step();
        let newest = table.presence.newest(step.place(day))?;
        Some(zone.end_of(step.last_day(newest)).min(now))
    }

    /// How much of the screen is current, from the states of the tables.
    #[must_use]
    pub fn freshness(&self, sources: Vec<SourceState>) -> Freshness {
        let late: Vec<bool> = sources.iter().map(|s| s.late).collect();
        let is_current = |figure: &&FigurePlan| !self.is_late(figure, &late) && !self.is_unread(figure);
        let current = self.plan.indicators.iter().filter(is_current).count();
        Freshness { current, total: self.plan.indicators.len(), sources }
    }

    /// Whether any input of a figure is late.
    pub(crate) fn is_late(&self, figure: &FigurePlan, late: &[bool]) -> bool {
        self.tables_of(figure).into_iter().any(|table| late.get(table).copied().unwrap_or(true))
    }

    /// When something newer than `newest` should be here; `None` where nothing is promised.
    fn due(&self, table: &TableState, newest: EpochSecs) -> Option<EpochSecs> {
        let zone = &self.site.zone;
        let day = zone.day_of(newest);
        let calendar = &self.site.meta.calendar;
        let morning = day_seconds(&calendar.day_due_at);
        let promised = || self.site.datasets.get(table.dataset).map_or(Refresh::AsNeeded, |d| d.refresh);
        let refresh = table.table.refresh.unwrap_or_else(promised);
        let kind = table.table.column_type(&table.table.time_column);
        let is_object = !table.is_stamped() && !matches!(refresh, Refresh::Live | Refresh::Hourly);
        let next_period = |months: i32| {
            // `day` is the last day of the newest period: the next one is due some days after its own end.
            let next_end = add_months(day + 1, months);
            zone.start_of(next_end + i32::from(calendar.month_due_on_day) - 1) + morning
        };
        Some(match (refresh, kind) {
            (Refresh::AsNeeded, _) => return None,
            // A monthly table in a daily dataset keeps the month's promise.
            (Refresh::Quarterly, Some(ColumnType::Month)) => next_period(3),
            (_, Some(ColumnType::Month)) => next_period(1),
            (Refresh::Live, _) => newest + LIVE_SILENCE_SECS,
            (Refresh::Hourly, _) => newest + HOURLY_SILENCE_SECS,
            (Refresh::Daily, Some(ColumnType::Date)) if table.is_event_like() => return None,
            (Refresh::Daily, _) if is_object => zone.start_of(day + 3) + morning,
            (Refresh::Daily, _) => zone.start_of(day + 2) + morning,
            (Refresh::Weekly, _) => zone.start_of(day + 9) + morning,
            (Refresh::Monthly | Refresh::Quarterly, _) => {
                if table.is_event_like() {
                    return None;
                }
                let next = day_of_date(date_of(add_months(day, 2)).first_of_month());
                zone.start_of(next + i32::from(calendar.month_due_on_day) - 1) + morning
            }
        })
    }
}

impl TableState {
    /// Rows appear when something happens (a drill, a session, a document): nothing new is not late.
    pub(super) fn is_event_like(&self) -> bool {
        let keyed_by_time = self.table.key.contains(&self.table.time_column);
        self.is_stamped() && !keyed_by_time
    }
}

/// Seconds after midnight of `HH:MM`; 0 where it cannot be read.
fn day_seconds(text: &str) -> i64 {
    let mut parts = text.split(':').map(|p| p.parse::<i64>().unwrap_or(0));
    parts.next().unwrap_or(0) * 3600 + parts.next().unwrap_or(0) * 60
}
