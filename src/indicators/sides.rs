//! What is measured beside a protected figure although no figure shows it. Owns what that is; shows nothing.
//!
//! The two sides of a difference of sums: the gate tells a difference from what it tells of its sides, so that it tells
//! nothing more. The flows of a stock: whoever sees the stock on two days knows by how much more came in than went out.

use crate::site::Site;

use super::expr::{Expr, Term};
use super::measure::{Contribution, Measure, MeasureUse, Plan, Storage};

/// What is added and what is taken away; none where a measure is no difference.
pub(crate) fn of(measure: &Measure) -> Option<[Measure; 2]> {
    let Contribution::Additive(terms) = &measure.contribution else { return None };
    let side = |sign: f64| {
        let of_sign = terms.iter().filter(|(factor, _)| factor * sign > 0.0);
        let terms: Vec<_> = of_sign.map(|(factor, term)| (factor * sign, term.clone())).collect();
        (!terms.is_empty())
            .then(|| Measure { contribution: Contribution::Additive(terms), ..measure.clone() })
    };
    Some([side(1.0)?, side(-1.0)?])
}

/// The column that a measure is the sum of, where it is one column's.
pub(crate) fn column_of(measure: &Measure) -> Option<&str> {
    let Contribution::Additive(terms) = &measure.contribution else { return None };
    let [(_, Term::Sum(Expr::Column(name)))] = terms.as_slice() else { return None };
    Some(name)
}

/// What came into a stock and what went out of it; none where a measure is not the sum of a stock's column.
pub(crate) fn flows_of(site: &Site, plan: &Plan, measure: &Measure) -> Option<[Measure; 2]> {
    let table = site.table(plan.tables.get(measure.table)?)?;
    let flows = table.column(column_of(measure)?)?.flows.as_ref()?;
    let sum = |column: &String| Measure {
        contribution: Contribution::Additive(vec![(1.0, Term::Sum(Expr::Column(column.clone())))]),
        storage: Storage::Calendar,
        ..measure.clone()
    };
    Some([sum(&flows.inflow), sum(&flows.outflow)])
}

/// Adds the sides of every protected difference to what is measured, and the flows of every protected stock.
pub(super) fn add(site: &Site, plan: &mut Plan) {
    let mut more = Vec::new();
    let breakdowns = site.breakdowns.iter().zip(&plan.breakdowns);
    let cells = breakdowns.flat_map(|(row, cells)| cells.iter().map(move |cell| (row, cell)));
    for (row, figure) in site.indicators.iter().zip(&plan.indicators).chain(cells) {
        let tables = [Some(&row.numerator), row.denominator.as_ref()].into_iter().flatten();
        let below = tables.filter_map(|side| site.table(&side.table)).map(|t| t.suppress_below).max();
        let is_protected = row.suppress_below.max(below.unwrap_or(0)) > 0;
        if !is_protected {
            continue;
        }
        let measure = |used: MeasureUse| plan.measures.get(used.measure);
        let numerator = measure(figure.numerator);
        let sides: Vec<Measure> = numerator.and_then(of).into_iter().flatten().collect();
        let told = numerator.into_iter().chain(figure.denominator.and_then(measure)).chain(&sides);
        more.extend(told.filter_map(|measure| flows_of(site, plan, measure)).flatten());
        more.extend(sides);
    }
    for measure in more {
        if !plan.measures.contains(&measure) {
            plan.measures.push(measure);
        }
    }
}
