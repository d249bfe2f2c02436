//! What sort of number a measure is - a count, an amount, a difference - and whether it is told as it is or in steps. Owns
//! that alone, worked out from the catalogue and the declared columns; sees no figure.

use crate::indicators::expr::{Expr, Term};
use crate::indicators::measure::{Contribution, MeasureUse, Plan};
use crate::indicators::window::Window;
use crate::site::Site;
use crate::site::datasets::{ColumnType, Table};

/// How a count is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Release {
    /// As it is: one day's or one month's count, or a stock.
    Exact,
    /// In steps, since the difference of two of them would tell of a few.
    Steps,
}

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// A count that adds up over areas.
    Count,
    /// A count that does not: of different values.
    Distinct,
    /// A sum of what is no count: days, minutes, money.
    Amount,
    /// A difference of counts.
    Difference,
    /// Anything else: medians, differences of amounts.
    Other,
}

impl Sort {
    /// Whether it is a number of things or of persons.
    pub(super) const fn is_counted(self) -> bool {
        matches!(self, Self::Count | Self::Distinct)
    }
}

/// Units of whole numbers that count nothing.
const MEASURES: &[&str] =
    &["s", "min", "h", "day", "month", "year", "m", "km", "m2", "km2", "deg", "kg", "t", "yuan", "%"];

pub(super) fn table_of<'a>(site: &'a Site, plan: &Plan, used: MeasureUse) -> Option<&'a Table> {
    site.table(plan.tables.get(plan.measures.get(used.measure)?.table)?)
}

/// What number a count is.
pub(crate) fn sort(site: &Site, plan: &Plan, used: MeasureUse) -> Sort {
    let (Some(measure), Some(table)) = (plan.measures.get(used.measure), table_of(site, plan, used)) else {
        return Sort::Other;
    };
    match &measure.contribution {
        Contribution::Distinct(_) => Sort::Distinct,
        Contribution::Median(_) => Sort::Other,
        Contribution::Additive(terms) => {
            let counts = terms.iter().all(|(_, term)| match term {
                Term::Rows => true,
                Term::Sum(expr) => counts_things(table, expr),
            });
            match (counts, terms.iter().all(|(factor, _)| *factor > 0.0)) {
                (true, true) => Sort::Count,
                (false, true) => Sort::Amount,
                (true, false) => Sort::Difference,
                (false, false) => Sort::Other,
            }
        }
    }
}

/// Whether a row adds a whole number that is never negative.
fn counts_things(table: &Table, expr: &Expr) -> bool {
    match expr {
        Expr::Column(name) => table.column(name).is_some_and(|column| {
            let is_measure = column.unit.as_deref().is_some_and(|unit| MEASURES.contains(&unit));
            matches!(column.kind, ColumnType::Int | ColumnType::Bool) && !is_measure
        }),
        Expr::Number(number) => *number >= 0.0 && number.fract() == 0.0,
        Expr::Case(arms, otherwise) => {
            arms.iter().all(|(_, value)| counts_things(table, value))
                && otherwise.as_ref().is_none_or(|value| counts_things(table, value))
        }
        _ => false,
    }
}

/// Whether a count is of a column that itself holds running totals.
pub(super) fn is_running(site: &Site, plan: &Plan, used: MeasureUse) -> bool {
    let (Some(measure), Some(table)) = (plan.measures.get(used.measure), table_of(site, plan, used)) else {
        return false;
    };
    let Contribution::Additive(terms) = &measure.contribution else { return false };
    let mut is_running = false;
    for (_, term) in terms {
        if let Term::Sum(expr) = term {
            expr.columns(&mut |name| is_running |= table.column(name).is_some_and(|c| c.accumulates));
        }
    }
    is_running
}

/// A count of one day or month, or a stock, is told as it is; a count over a span that the next one overlaps is told in
/// steps. So is a column that itself holds running totals.
pub(super) fn release(site: &Site, plan: &Plan, used: MeasureUse, is_running: bool) -> Release {
    let (Some(measure), Some(table)) = (plan.measures.get(used.measure), table_of(site, plan, used)) else {
        return Release::Steps;
    };
    let of_one_stamp = match table.column_type(&measure.time_column) {
        _ if used.window == Window::Now => true,
        Some(ColumnType::Date) => matches!(used.window, Window::Day | Window::LatestDay),
        Some(ColumnType::Month) => matches!(
            used.window,
            Window::Day | Window::LatestDay | Window::Month | Window::LatestMonth | Window::TrailingMonths(1)
        ),
        _ => false,
    };
    if of_one_stamp && !is_running { Release::Exact } else { Release::Steps }
}
