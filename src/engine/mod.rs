//! Measures every table in one pass, keeps the cube, answers figures for any area and instant, and takes in live
//! changes. Owns the rows-to-figures path; no raw figure leaves it but through `privacy::protect`.

mod again;
mod answer;
mod beside;
mod book;
mod books;
mod build;
mod depth;
mod event_rows;
pub mod events;
mod figures;
mod foremost;
mod freshness;
mod grid;
mod kept;
mod live;
mod load;
mod mixed;
mod noted;
mod open;
mod pace;
mod pass;
mod past;
mod places;
mod question;
mod slim;
mod tally;
mod then;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::indicators::cube::{At, Calendar, Present, RollUp};
use crate::indicators::measure::{FigurePlan, Plan};
use crate::indicators::sets::Sets;
use crate::indicators::spread::Spread;
use crate::indicators::timed::Timed;
use crate::indicators::within::Within;
use crate::privacy::gate::Gate;
use crate::site::Site;
use crate::site::datasets::{AbsentRow, Rollup, Table};
use crate::site::problem::Problem;
use crate::snapshot::{Day, EpochSecs, Held, LonLatList};
use crate::store::Admitted;

pub(crate) use again::Memory;
pub(crate) use build::start_with;
pub use build::{Start, build, build_known_at, start};
pub use depth::Depth;
use events::EventLog;
pub use kept::ToKeep;
pub use mixed::Mixed;
pub use then::{Arrived, LateRows, Rows, build_then};

/// What one measure keeps.
#[derive(Debug, Clone)]
pub(crate) enum MeasureData {
    /// Present state.
    Now(Present),
    /// Cells over days or months.
    Calendar(Calendar),
    /// Cells over days, and rows within them.
    Timed(Timed),
    /// Numbers by day.
    Spread(Spread),
    /// Instants per value, and the values.
    Sets(Sets, Vec<String>),
}

/// A state of a table's rows: no two states of this run of the program have the same, whatever engine they are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version(u64);

impl Version {
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

/// What is known of one table.
#[derive(Debug, Clone)]
pub(crate) struct TableState {
    /// Dataset it belongs to.
    pub(crate) dataset: usize,
    /// Its declaration.
    pub(crate) table: Arc<Table>,
    /// Rows in use.
    pub(crate) rows: u64,
    /// Rows refused.
    pub(crate) refused: u64,
    /// Days or months that have any row, by the table's own time column; nothing else is kept in it.
    pub(crate) presence: Calendar,
    /// Newest news: the end of the newest day or month, or the newest happening or arrival; not after the present.
    pub(crate) newest_secs: Option<EpochSecs>,
    /// What stands in for a part that the door refused.
    pub(crate) held: Option<Held>,
    /// Rows within their days, for the measures that need them.
    pub(crate) within: Vec<Arc<Within>>,
    /// Rows that live changes can replace.
    pub(crate) live: Option<live::LiveRows>,
    /// Another one after each change of its rows.
    pub(crate) version: Version,
    /// Whether changes wait until those rows are there: what is made of the table is not told before.
    pub(crate) is_unread: bool,
}

impl TableState {
    fn is_stamped(&self) -> bool {
        self.table.is_stamped(&self.table.time_column)
    }

    /// Whether it could not say what was known when: a file of it does not note when rows arrived, or what came live was
    /// folded since.
    fn is_silent(&self, problems: &[Problem]) -> bool {
        let tells = |p: &Problem| p.message.args.iter().any(|(_, value)| *value == self.table.id);
        let is_about_it = |key| matches!(key, "problem.no_arrival" | "problem.journal_folded");
        problems.iter().any(|p| is_about_it(p.message.key) && tells(p))
    }

    fn is_zero_when_absent(&self) -> bool {
        self.table.absent_row == AbsentRow::Zero
    }

    fn is_exact(&self) -> bool {
        self.table.rollup == Rollup::Exact
    }
}

/// The engine.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) site: Arc<Site>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) tables: Vec<TableState>,
    pub(crate) measures: Vec<Arc<MeasureData>>,
    pub(crate) sum_up: Arc<RollUp>,
    pub(crate) exact: Arc<RollUp>,
    /// What is protected together.
    pub(crate) gate: Arc<Gate>,
    /// No row is kept within its day: of a span that cuts one nothing can be said.
    pub(crate) is_by_days: bool,
    /// Last day of which the present state is known.
    pub(crate) present_day: Day,
    /// Events of the stream.
    pub events: EventLog,
    /// Points of the texture layer.
    pub texture: LonLatList,
    /// What was wrong with the data.
    pub problems: Vec<Problem>,
}

impl Engine {
    /// The site.
    #[must_use]
    pub const fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// An instant with its civil day.
    #[must_use]
    pub fn at(&self, secs: EpochSecs) -> At {
        At { secs, day: self.site.zone.day_of(secs) }
    }

    /// The last instant of a day.
    #[must_use]
    pub fn end_of(&self, day: Day) -> At {
        At { secs: self.site.zone.end_of(day), day }
    }

    /// Last day of which the present state is known: the anchor of a sample, else the newest day in the data.
    #[must_use]
    pub const fn present_day(&self) -> Day {
        self.present_day
    }

    /// The day that it is: of a sample the day after its anchor, which counts as yesterday, else by the machine's clock. No
    /// figure is of a later one.
    #[must_use]
    pub fn today(&self) -> Day {
        build::newest_possible_day(&self.site) + Day::from(self.site.meta.sample.is_some())
    }

    pub(crate) fn roll_up(&self, table: &TableState) -> &RollUp {
        if table.is_exact() { &self.exact } else { &self.sum_up }
    }

    /// The engine without the rows that live changes replace: what a snapshot needs to answer for series.
    #[must_use]
    pub(crate) fn without_rows(&self) -> Self {
        let bare = |table: &TableState| TableState {
            live: None,
            table: Arc::clone(&table.table),
            presence: table.presence.clone(),
            within: table.within.clone(),
            ..*table
        };
        Self {
            site: Arc::clone(&self.site),
            plan: Arc::clone(&self.plan),
            tables: self.tables.iter().map(bare).collect(),
            measures: self.measures.clone(),
            sum_up: Arc::clone(&self.sum_up),
            exact: Arc::clone(&self.exact),
            gate: Arc::clone(&self.gate),
            is_by_days: self.is_by_days,
            present_day: self.present_day,
            events: EventLog::default(),
            texture: Arc::clone(&self.texture),
            problems: Vec::new(),
        }
    }

    /// Tells nothing of some tables: changes of them wait for the rows that they replace.
    pub(crate) fn tell_nothing_of(&mut self, is_meant: impl Fn(&Table) -> bool) {
        self.tables.iter_mut().for_each(|state| state.is_unread = is_meant(&state.table));
    }

    /// Whether a figure waits for changes that it counts.
    pub(crate) fn is_unread(&self, figure: &FigurePlan) -> bool {
        self.tables_of(figure).into_iter().filter_map(|table| self.tables.get(table)).any(|t| t.is_unread)
    }

    /// Events grow older: before a picture of an instant is made.
    pub fn move_on(&mut self, now_secs: EpochSecs) {
        self.events.advance(&self.site, now_secs);
    }

    /// Puts the numbers of medians in order, so that the first question about a long span is as quick as any other.
    pub fn prepare(&self) {
        for (measure, data) in self.plan.measures.iter().zip(&self.measures) {
            if let (MeasureData::Spread(spread), Some(table)) = (&**data, self.tables.get(measure.table)) {
                spread.prepare(self.roll_up(table));
            }
        }
    }

    /// Rows in use over all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|t| t.rows).sum()
    }
}

/// A batch of changed rows of one table, as any source sends it.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Table.
    pub table: String,
    /// Whole rows that passed the door; a known key replaces, a new one adds.
    pub rows: Admitted,
    /// When they reached us, in data time.
    pub arrived_secs: EpochSecs,
    /// The same by the machine's steady clock: for the way from arrival to screen.
    pub received: std::time::Instant,
}
