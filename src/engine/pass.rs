//! One pass over rows: where each row lies in space and time, and what it contributes to each measure. Owns the step
//! from columns to places; keeps nothing.

use std::collections::HashMap;
use std::ops::Range;

use crate::indicators::by_day::Moment;
use crate::indicators::cube::{Form, RollUp, Step, lane_of};
use crate::indicators::eval::{BLOCK_ROWS, Contributions, Prepared};
use crate::indicators::expr::Term;
use crate::indicators::measure::{Contribution, Measure, Storage};
use crate::indicators::within::Packing;
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::civil::add_months;
use crate::site::datasets::{AbsentRow, ColumnType, Rollup, Table};
use crate::snapshot::{Day, EpochSecs};
use crate::store::column::{Chunk, Column, Data};

/// Area of a row whose code is none of the site's.
pub(super) const NOWHERE: u32 = u32::MAX;

/// What every pass over one table needs.
pub(super) struct Pass<'a> {
    pub(super) site: &'a Site,
    pub(super) table: &'a Table,
    /// The table's measures with their places in the plan.
    pub(super) measures: Vec<(usize, &'a Measure)>,
    pub(super) roll_up: &'a RollUp,
    /// Finest level of any figure.
    pub(super) level: usize,
    /// Time columns, the table's own first.
    pub(super) times: Vec<&'a str>,
    /// Which measures keep rows within their days together: time column and measures, by their places here.
    pub(super) together: Vec<(usize, Vec<usize>)>,
    /// Whether rows keep the second within their day.
    pub(super) moments: bool,
    /// How those rows are packed; none where there are too many areas.
    pub(super) packing: Option<Packing>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        site: &'a Site,
        table: &'a Table,
        measures: Vec<(usize, &'a Measure)>,
        roll_up: &'a RollUp,
        moments: bool,
    ) -> Self {
        let mut times = vec![table.time_column.as_str()];
        for (_, measure) in &measures {
            if !times.contains(&measure.time_column.as_str()) {
                times.push(&measure.time_column);
            }
        }
        let packing = Packing::new(roll_up.len());
        let most = packing.map_or(0, Packing::measures);
        let mut together: Vec<(usize, Vec<usize>)> = Vec::new();
        for (place, (_, measure)) in measures.iter().enumerate() {
            if measure.storage != Storage::Timed || most == 0 || !moments {
                continue;
            }
            let time = times.iter().position(|t| *t == measure.time_column).unwrap_or(0);
            match together.iter_mut().find(|(of, known)| *of == time && known.len() < most) {
                Some((_, known)) => known.push(place),
                None => together.push((time, vec![place])),
            }
        }
        Self { site, table, measures, roll_up, level: site.figure_level(), times, together, moments, packing }
    }

    /// Where a measure's rows within their days are kept, and its place there.
    pub(super) fn slot(&self, place: usize) -> Option<(usize, usize)> {
        self.together.iter().enumerate().find_map(|(list, (_, measures))| {
            Some((list, measures.iter().position(|measure| *measure == place)?))
        })
    }

    /// What the cells of a measure need to hold.
    pub(super) fn form(&self, measure: &Measure) -> Form {
        let table = self.table;
        // Rows by another time than the table's own are found also where the table does not reach, and the newest of them
        // is asked for.
        let counts_rows = table.absent_row != AbsentRow::Zero
            || measure.storage == Storage::Timed
            || measure.time_column != table.time_column;
        let is_count = matches!(&measure.contribution, Contribution::Additive(terms)
            if matches!(terms.as_slice(), [(sign, Term::Rows)] if sign.to_bits() == 1f64.to_bits()));
        if is_count {
            Form::Rows
        } else if counts_rows {
            Form::Full
        } else {
            Form::Sums
        }
    }

    /// Place of a measure's time column in [`Pass::times`].
    pub(super) fn time_of(&self, measure: &Measure) -> usize {
        self.times.iter().position(|t| *t == measure.time_column).unwrap_or(0)
    }

    /// Area lane per row; [`NOWHERE`] where the code is unknown.
    pub(super) fn areas(&self, chunk: &Chunk, out: &mut Vec<u32>) {
        out.clear();
        let Some(area) = self.table.area_column() else {
            out.resize(chunk.rows, 0);
            return;
        };
        let column = chunk.column(&area.id);
        let Some((column, texts)) = column.and_then(|column| Some((column, column.texts()?))) else {
            out.resize(chunk.rows, NOWHERE);
            return;
        };
        // An exact row below the figure level belongs to no area that is shown: it is never added to the one above it.
        let lane = |id: AreaId| {
            if self.table.rollup == Rollup::Exact { id.0 } else { lane_of(&self.site.areas, id, self.level) }
        };
        let lanes: Vec<u32> =
            texts.values().map(|code| self.site.areas.find(code).map_or(NOWHERE, lane)).collect();
        out.extend(texts.codes.iter().map(|code| lanes.get(*code as usize).copied().unwrap_or(NOWHERE)));
        if let Some(valid) = &column.valid {
            out.iter_mut().zip(valid).filter(|(_, v)| **v == 0).for_each(|(lane, _)| *lane = NOWHERE);
        }
    }

    /// When rows happened, by one of the time columns.
    pub(super) fn times<'c>(&self, chunk: &'c Chunk, name: &str) -> Option<Times<'c>> {
        let column = chunk.column(name)?;
        Some(Times { column, values: column.ints()?, stamped: self.table.is_stamped(name) })
    }

    /// Step of the axis of a time column.
    pub(super) fn step(&self, name: &str) -> Step {
        if self.table.column_type(name) == Some(ColumnType::Month) { Step::Month } else { Step::Day }
    }

    /// When a row's figures were complete: an event when it happened, a stamp at the end of its day or month.
    pub(super) fn complete_at(&self, value: i64) -> EpochSecs {
        let day = |n: i64| Day::try_from(n).unwrap_or(0);
        match self.table.column_type(&self.table.time_column) {
            Some(ColumnType::Month) => self.site.zone.start_of(add_months(day(value), 1)) - 1,
            Some(ColumnType::Date) => self.site.zone.end_of(day(value)),
            _ => value,
        }
    }

    /// Goes over the rows of a measure that count: row and number.
    pub(super) fn each(
        &self,
        measure: &Measure,
        chunk: &Chunk,
        scratch: &mut Contributions,
        mut visit: impl FnMut(usize, f64),
    ) {
        let prepared = Prepared::new(measure, self.table, chunk);
        let Some(prepared) = prepared.filter(|prepared| !prepared.counts_nothing()) else { return };
        for rows in blocks(chunk.rows) {
            let from = rows.start;
            prepared.block(rows, scratch);
            scratch.each(|row, value| visit(from + row, value));
        }
    }
}

/// The rows of a chunk in blocks.
pub(super) fn blocks(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(BLOCK_ROWS).map(move |from| from..rows.min(from + BLOCK_ROWS))
}

/// Places of the values of a set in the list of those there are.
pub(super) struct ValuePlaces<'c> {
    column: &'c Column,
    /// By code.
    places: HashMap<u32, u32>,
}

impl<'c> ValuePlaces<'c> {
    /// Of a measure that is a set; none where it is none, or where its column is missing.
    pub(super) fn new(measure: &Measure, chunk: &'c Chunk) -> Option<Self> {
        let Contribution::Distinct(name) = &measure.contribution else { return None };
        Some(Self { column: chunk.column(name)?, places: HashMap::new() })
    }

    /// Place of a row's value in the list, added where new.
    pub(super) fn of(&mut self, row: usize, known: &mut Vec<String>) -> u32 {
        match &self.column.data {
            Data::Text(texts) => {
                let code = texts.codes.get(row).copied().unwrap_or_default();
                *self.places.entry(code).or_insert_with(|| place_of(known, texts.text(code)))
            }
            _ => place_of(known, &number_text(self.column, row)),
        }
    }
}

fn number_text(column: &Column, row: usize) -> String {
    column
        .int(row)
        .map(|n| n.to_string())
        .or_else(|| column.float(row).map(|n| n.to_string()))
        .unwrap_or_default()
}

/// Place of a value in the list of values, added where new.
pub(super) fn place_of(known: &mut Vec<String>, value: &str) -> u32 {
    let place = known.iter().position(|k| k == value).unwrap_or_else(|| {
        known.push(value.to_owned());
        known.len() - 1
    });
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// The stored values of one day.
pub(super) struct DaySpan {
    pub(super) values: std::ops::RangeInclusive<i64>,
    pub(super) day: Day,
    pub(super) stamped: bool,
}

/// When rows happened.
pub(super) struct Times<'c> {
    column: &'c Column,
    values: &'c [i64],
    stamped: bool,
}

impl Times<'_> {
    /// Seconds to add to each stored value, so that whole days of it are civil days; none where that is not so simple.
    pub(super) fn steady_offset(&self, site: &Site) -> Option<i64> {
        site.zone.steady_offset().filter(|_| !self.stamped)
    }

    /// Civil day (also of a month: its first).
    pub(super) fn day(&self, row: usize, site: &Site) -> Option<Day> {
        self.value(row).map(|n| self.day_of(n, site))
    }

    /// Civil day of a stored value.
    pub(super) fn day_of(&self, value: i64, site: &Site) -> Day {
        if self.stamped { Day::try_from(value).unwrap_or(0) } else { site.zone.day_of(value) }
    }

    /// Day of a row, and the second of an instant within it.
    pub(super) fn moment(&self, row: usize, site: &Site) -> Option<Moment> {
        let value = self.value(row)?;
        let day = self.day_of(value, site);
        let secs = if self.stamped { 0 } else { u32::try_from(value - site.zone.start_of(day)).unwrap_or(0) };
        Some(Moment { day, secs })
    }

    /// The stored values that lie on the day of a stored value.
    pub(super) fn span_of(&self, value: i64, site: &Site) -> DaySpan {
        let stamped = self.stamped;
        if value == i64::MIN {
            #[expect(clippy::reversed_empty_ranges, reason = "no value lies in it")]
            return DaySpan { values: 1..=0, day: 0, stamped };
        }
        let day = self.day_of(value, site);
        let values = if stamped { value..=value } else { site.zone.start_of(day)..=site.zone.end_of(day) };
        DaySpan { values, day, stamped }
    }

    /// Stored value of a row: a day's number or an instant.
    pub(super) fn value(&self, row: usize) -> Option<i64> {
        self.values.get(row).copied().filter(|_| self.column.has(row))
    }

    /// The stored values of some rows.
    pub(super) fn some(&self, rows: Range<usize>) -> impl Iterator<Item = Option<i64>> + '_ {
        let valid = self.column.valid.as_deref().map(|valid| valid.get(rows.clone()).unwrap_or_default());
        let is_there = move |row: usize| valid.is_none_or(|valid| valid.get(row) == Some(&1));
        let values = self.values.get(rows).unwrap_or_default();
        values.iter().enumerate().map(move |(row, value)| is_there(row).then_some(*value))
    }

    /// The stored values of some rows, and which of them are there where not all are. Of a row that has none, any value.
    pub(super) fn raw(&self, rows: Range<usize>) -> (&[i64], Option<&[u8]>) {
        let valid = self.column.valid.as_deref().map(|valid| valid.get(rows.clone()).unwrap_or_default());
        (self.values.get(rows).unwrap_or_default(), valid)
    }

    /// Least and greatest stored value.
    pub(super) fn bounds(&self) -> Option<(i64, i64)> {
        if self.column.bounds.is_some() {
            return self.column.bounds;
        }
        // Without a branch, so that several are compared at once.
        let widen = |(low, high): (i64, i64), n: i64| (low.min(n), high.max(n));
        let nothing = (i64::MAX, i64::MIN);
        let bounds = match &self.column.valid {
            None => self.values.iter().fold(nothing, |bounds, n| widen(bounds, *n)),
            Some(valid) => self.values.iter().zip(valid).fold(nothing, |bounds, (n, valid)| {
                let (low, high) = widen(bounds, *n);
                if *valid == 1 { (low, high) } else { bounds }
            }),
        };
        (bounds.0 <= bounds.1).then_some(bounds)
    }

    /// Instant of a row of a set: of a day, its first; without one it lies in no span of time, only in the present state.
    pub(super) fn kept(&self, row: usize, site: &Site) -> EpochSecs {
        let secs = |n: i64| {
            if self.stamped { site.zone.start_of(Day::try_from(n).unwrap_or(0)) } else { n }
        };
        self.value(row).map_or(EpochSecs::MAX, secs)
    }
}
