//! How amounts that stand for cases are told: days, minutes, money, and differences of counts. Owns how coarse they are;
//! hides no count.
//!
//! An amount is told where its base is, the count of the cases behind it, and no more exactly. Where the base goes up in
//! steps, so does the amount, in steps worth as many cases: the difference of two days would else tell how long the one
//! case took that was closed in between, and the amount by the base would tell what lies between the base's steps. Where
//! the base is hidden or a few, the amount is hidden, and with it so many others that it cannot be worked out. A difference
//! of counts is worked out from what is told of its two sides, so it tells nothing more.

use super::cells::{Column, State};
use super::figures::{about, middle, step_of, tidy_step};
use super::gate::{Count, LEAST_BASE};
use super::network::{Need, Network, Sheet};
use super::protect::Table;
use super::shown::{Shown, Told, Why};
use super::sort::{Release, Sort};

/// What is seen of the base of an amount at an area.
#[derive(Clone, Copy, PartialEq)]
enum Base {
    /// Hidden, or too few for an average.
    Few,
    /// None, and the amount is none as well.
    Nothing,
    /// As it is.
    Exact,
    /// At least so many.
    Steps,
}

impl Table<'_> {
    /// Decides what is seen of the amounts; their bases are protected by now.
    pub(super) fn tell_amounts(&mut self) {
        let mut amounts = vec![None; self.columns.len()];
        for (place, told) in amounts.iter_mut().enumerate() {
            let is_amount = |sort| matches!(sort, Sort::Amount | Sort::Difference | Sort::Other);
            if self.linked.counts.get(place).is_some_and(|c| is_amount(c.sort) && c.below > 0) {
                *told = self.amount(place);
            }
        }
        self.amounts = amounts;
    }

    /// What is seen of one amount, area by area.
    fn amount(&self, place: usize) -> Option<Vec<Shown>> {
        let (count, column) = (self.linked.counts.get(place)?, self.columns.get(place)?);
        if count.sort == Sort::Difference {
            return Some(self.difference(place, count, column));
        }
        let below = f64::from(count.below);
        let bases = self.bases_of(place);
        let mean = self.mean(column, &bases);
        let is_exact = count.release == Release::Exact
            && bases.iter().all(|b| self.linked.counts.get(*b).is_some_and(|c| c.release == Release::Exact));
        let areas = 0..self.gate.tree.len();
        let base: Vec<Base> = areas.clone().map(|area| self.base(column, &bases, area, below)).collect();
        let hidden = Shown::Suppressed { below: count.below, why: Why::Secondary };
        let open = is_exact.then(|| self.with_partners(column, &base, mean, below));
        let step = tidy_step(mean * below);
        let lower = self.lower_ends(column, step);
        // Where everyone knows the whole, what is told of its parts stays a step below.
        let back = if column.is_top_known { step } else { 0.0 };
        let told = areas.map(|area| {
            let value = column.value(area);
            match (column.state(area), base.get(area).copied().unwrap_or(Base::Few)) {
                (State::Gap, _) => Shown::Missing,
                (_, _) if column.is_fixed(area) => Shown::Value(value),
                (_, _) if count.sort == Sort::Other => hidden,
                (_, Base::Nothing) => Shown::Value(0.0),
                (_, Base::Few) => hidden,
                (_, Base::Exact | Base::Steps) => match &open {
                    Some(open) if open.state(area) == State::Open => Shown::Value(value),
                    Some(_) => hidden,
                    None => {
                        let (least, parts) = lower.get(area).copied().unwrap_or_default();
                        let told = least - back;
                        if told < step {
                            hidden
                        } else {
                            Shown::Coarse { value: told, step: step * parts + back, told: Told::AtLeast }
                        }
                    }
                },
            }
        });
        Some(told.collect())
    }

    /// The lower end of what is told of an amount, and of how many parts: by steps at the finest areas, above as the sum
    /// of the parts, so that no sum tells one of them.
    fn lower_ends(&self, column: &Column, step: f64) -> Vec<(f64, f64)> {
        let tree = &self.gate.tree;
        let mut ends = vec![(0.0, 0.0); tree.len()];
        for area in (0..tree.len()).rev() {
            let goes_on = column.goes_on_below(tree, area);
            let children = tree.children.get(area).map_or(&[][..], |c| c.as_slice());
            let below = if goes_on { children } else { &[] };
            let own = column.value(area) - below.iter().map(|c| column.value(*c)).sum::<f64>();
            // What sums of fractions leave is nothing.
            let is_none = own.abs() < 1e-6 * step;
            let mut end = if is_none { (0.0, 0.0) } else { ((own / step).floor() * step, 1.0) };
            for child in below {
                let (least, parts) = ends.get(*child).copied().unwrap_or_default();
                end = (end.0 + least, end.1 + parts);
            }
            if let Some(place) = ends.get_mut(area) {
                *place = end;
            }
        }
        ends
    }

    /// What is seen of a difference of counts: what is told of one side less what is told of the other.
    fn difference(&self, place: usize, count: &Count, column: &Column) -> Vec<Shown> {
        let sides = self.linked.figures.iter().filter(|f| f.numerator == place).find_map(|f| f.sides);
        let hidden = Shown::Suppressed { below: count.below, why: Why::Secondary };
        let at = |area: usize| match column.state(area) {
            State::Gap => Shown::Missing,
            _ if column.is_fixed(area) => Shown::Value(column.value(area)),
            _ => {
                let told = sides.map(|sides| sides.map(|side| self.count(side, area)));
                match told {
                    Some([Shown::Value(more), Shown::Value(less)]) => Shown::Value(more - less),
                    Some([more, less]) => match (middle(more), middle(less)) {
                        (Some(up), Some(down)) => about(up - down, step_of(more) + step_of(less)),
                        _ => hidden,
                    },
                    None => hidden,
                }
            }
        };
        (0..self.gate.tree.len()).map(at).collect()
    }

    /// Counts that an amount is set against.
    fn bases_of(&self, place: usize) -> Vec<usize> {
        let other = |figure: &super::gate::Figure| match figure.denominator? {
            base if figure.numerator == place => Some(base),
            base if base == place => Some(figure.numerator),
            _ => None,
        };
        let others = self.linked.figures.iter().filter_map(other);
        others.filter(|b| self.linked.counts.get(*b).is_some_and(|c| c.sort == Sort::Count)).collect()
    }

    /// The amount of one case, over the whole.
    fn mean(&self, column: &Column, bases: &[usize]) -> f64 {
        let base = bases.iter().filter_map(|b| self.columns.get(*b)).map(|b| b.value(0)).fold(0.0, f64::max);
        if base > 0.0 { column.value(0).abs() / base } else { 0.0 }
    }

    /// The least that is told of any base at an area. An amount without a base stands for no one knows how few.
    fn base(&self, column: &Column, bases: &[usize], area: usize, below: f64) -> Base {
        let mut told = if bases.is_empty() { Base::Few } else { Base::Exact };
        for base in bases.iter().filter_map(|b| self.columns.get(*b)) {
            let count = base.value(area);
            told = match base.state(area) {
                _ if told == Base::Few => Base::Few,
                State::Open if count == 0.0 && column.value(area) == 0.0 => Base::Nothing,
                State::Open if count < LEAST_BASE.max(below) => Base::Few,
                State::AtLeast(least, _) if least < LEAST_BASE.max(below) => Base::Few,
                State::Open if told == Base::Exact => Base::Exact,
                State::Open | State::AtLeast(..) => Base::Steps,
                State::Gap | State::Marked | State::Blank => Base::Few,
            };
        }
        told
    }

    /// An amount that is told as it is: where it is hidden, others are hidden with it, so that it stays open by as much
    /// as a small count would.
    fn with_partners(&self, column: &Column, base: &[Base], mean: f64, below: f64) -> Column {
        let mut column =
            Column { below: 2.0 + (below - 2.0).max(1.0) * mean, is_amount: true, ..column.clone() };
        for (area, _) in base.iter().enumerate().filter(|(_, base)| **base == Base::Few) {
            column.hide(area);
        }
        if column.has_hidden() {
            let columns = vec![&mut column];
            let network = Network::new(&self.gate.tree, &columns, None, Need::WholeRange);
            network.protect(&mut Sheet { columns, mirrors: Vec::new() });
        }
        column
    }
}
