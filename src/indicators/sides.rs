//! The two sides of a difference of sums, measured beside it where counts are protected: the gate tells a difference from
//! what it tells of its sides, so that it tells nothing more. Owns what the sides are; shows nothing.

use crate::site::Site;

use super::measure::{Contribution, Measure, Plan};

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

/// Adds the sides of every protected difference to what is measured.
pub(super) fn add(site: &Site, plan: &mut Plan) {
    let mut more = Vec::new();
    let breakdowns = site.breakdowns.iter().zip(&plan.breakdowns);
    let cells = breakdowns.flat_map(|(row, cells)| cells.iter().map(move |cell| (row, cell)));
    for (row, figure) in site.indicators.iter().zip(&plan.indicators).chain(cells) {
        let tables = [Some(&row.numerator), row.denominator.as_ref()].into_iter().flatten();
        let below = tables.filter_map(|side| site.table(&side.table)).map(|t| t.suppress_below).max();
        let is_protected = row.suppress_below.max(below.unwrap_or(0)) > 0;
        if let Some(measure) = plan.measures.get(figure.numerator.measure).filter(|_| is_protected) {
            more.extend(of(measure).into_iter().flatten());
        }
    }
    for measure in more {
        if !plan.measures.contains(&measure) {
            plan.measures.push(measure);
        }
    }
}
