//! Counts that are told in steps, taken apart into parts that have no row in common: the codes of a breakdown, a share's
//! count and what it leaves of its base. Owns which parts a count is made of and over which spans they are told; sees no
//! figure.
//!
//! Each part is told once, at the finest area (`steps`), and whatever is made of parts is told as the sum of what is told
//! of them. So no sum, difference or share of figures says anything that its parts do not.

use crate::indicators::expr::Expr;
use crate::indicators::measure::{MeasureUse, Plan};
use crate::indicators::window::Window;

use super::gate::Linked;
use super::sort::{Release, Sort};

/// Rows that are counted in one part and in no other.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    /// Measure of what it counts, and of what of that other parts count.
    pub(super) of: usize,
    less: Option<usize>,
    /// Finest level that anything made of it is shown at.
    pub(super) level: usize,
    /// Every span over which anything made of it is told.
    pub(super) spans: Vec<Span>,
    /// Everything since the first row, where a span's beginning moves or spans are several: a span is then told as the
    /// difference of two points of it.
    pub(super) whole: Option<Raws>,
}

/// One span of time of a part.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) window: Window,
    pub(super) raws: Raws,
}

/// Where a part's number is found: a raw count and what is taken from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raws {
    pub(super) of: usize,
    pub(super) less: Option<usize>,
}

/// How a count that is told in steps is put together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Made {
    /// It is not: as it is, or a count that does not add up.
    #[default]
    Whole,
    /// From these parts.
    Of(Vec<usize>),
    /// From these, beside a base that is taken apart otherwise: told only where what is told of the base (a count's
    /// place) leaves room for all that it may be.
    Under(Vec<usize>, usize),
    /// By codes of a second kind, which cross the first: hidden.
    Crossing,
}

impl Made {
    pub(super) fn parts(&self) -> &[usize] {
        match self {
            Self::Of(parts) | Self::Under(parts, _) => parts,
            Self::Whole | Self::Crossing => &[],
        }
    }
}

impl Atom {
    /// Its count that only ever goes up: since the first row, or over its one span.
    pub(super) fn running(&self) -> Option<Raws> {
        self.whole.or_else(|| Some(self.spans.first()?.raws))
    }
}

impl Linked {
    /// Takes the counts of a group apart that are told in steps.
    pub(super) fn take_apart(&mut self, plan: &Plan) {
        let shape = Shape::of(plan, self);
        let mut keys: Vec<(usize, Option<usize>)> = Vec::new();
        let places: Vec<usize> = (0..self.counts.len()).filter(|c| self.is_in_steps(*c)).collect();
        for place in &places {
            let Some(count) = self.counts.get(*place) else { continue };
            let (measured, level) = (count.measured, count.level);
            let mut parts = Vec::new();
            shape.expand(measured.measure, &mut Vec::new(), &mut parts);
            let parts: Vec<usize> = parts
                .into_iter()
                .map(|key| {
                    let at = keys.iter().position(|known| *known == key).unwrap_or_else(|| {
                        keys.push(key);
                        self.atoms.push(Atom {
                            of: key.0,
                            less: key.1,
                            level: 0,
                            spans: Vec::new(),
                            whole: None,
                        });
                        keys.len() - 1
                    });
                    self.show(at, measured.window, level);
                    at
                })
                .collect();
            if let Some(count) = self.counts.get_mut(*place) {
                count.made =
                    if shape.crossing.contains(&measured.measure) { Made::Crossing } else { Made::Of(parts) };
            }
        }
        self.bind(&shape);
        for at in 0..self.atoms.len() {
            let Some((of, less)) =
                self.atoms.get(at).filter(|a| !self.is_of_one_start(a)).map(|a| (a.of, a.less))
            else {
                continue;
            };
            let whole = self.raws_of(of, less, Window::Cumulative);
            if let Some(atom) = self.atoms.get_mut(at) {
                atom.whole = Some(whole);
            }
        }
    }

    /// Whether a count adds up and is told in steps.
    pub(super) fn is_in_steps(&self, place: usize) -> bool {
        self.counts
            .get(place)
            .is_some_and(|c| c.release == Release::Steps && c.sort == Sort::Count && c.below > 0)
    }

    /// A part is told over one more span, at a level.
    fn show(&mut self, at: usize, window: Window, level: usize) {
        let Some(atom) = self.atoms.get_mut(at) else { return };
        atom.level = atom.level.max(level);
        if atom.spans.iter().any(|span| span.window == window) {
            return;
        }
        let raws = {
            let (of, less) = (atom.of, atom.less);
            self.raws_of(of, less, window)
        };
        if let Some(atom) = self.atoms.get_mut(at) {
            atom.spans.push(Span { window, raws });
        }
    }

    fn raws_of(&mut self, of: usize, less: Option<usize>, window: Window) -> Raws {
        let mut place = |measure| {
            let used = MeasureUse { measure, window };
            let known = self.counts.iter().map(|count| count.measured).chain(self.more.iter().copied());
            known.into_iter().position(|other| other == used).unwrap_or_else(|| {
                self.more.push(used);
                self.counts.len() + self.more.len() - 1
            })
        };
        Raws { of: place(of), less: less.map(place) }
    }

    /// Counts that are parts of a base in another way than the base is taken apart.
    fn bind(&mut self, shape: &Shape) {
        for (count, base) in &shape.shares {
            let parts =
                |place: usize| self.counts.get(place).map(|c| c.made.parts().to_vec()).unwrap_or_default();
            let (own, of) = (parts(*count), parts(*base));
            if own.iter().any(|part| !of.contains(part))
                && let Some(count) = self.counts.get_mut(*count).filter(|c| matches!(c.made, Made::Of(_)))
            {
                count.made = Made::Under(own, *base);
            }
        }
    }

    /// Whether a part is told over one span only, which begins where it began the day before: then that count by itself
    /// only ever goes up, or begins anew.
    fn is_of_one_start(&self, atom: &Atom) -> bool {
        let [span] = atom.spans.as_slice() else { return false };
        let is_running = self.counts.iter().any(|c| c.measured.measure == atom.of && c.is_running);
        is_running
            || matches!(
                span.window,
                Window::Cumulative
                    | Window::Since(_)
                    | Window::YearToDate
                    | Window::Month
                    | Window::LatestMonth
                    | Window::Day
                    | Window::LatestDay
            )
    }
}

/// How the measures of a group contain each other.
struct Shape {
    /// Wholes with their parts by code, the first way of several.
    splits: Vec<(usize, Vec<usize>)>,
    /// Parts by code in a second way.
    crossing: Vec<usize>,
    /// Bases with the count that is taken out of them.
    bases: Vec<(usize, usize)>,
    /// Every share: places of count and base.
    shares: Vec<(usize, usize)>,
}

impl Shape {
    fn of(plan: &Plan, linked: &Linked) -> Self {
        let mut shape =
            Self { splits: Vec::new(), crossing: Vec::new(), bases: Vec::new(), shares: Vec::new() };
        let measure = |place: usize| linked.counts.get(place).map(|count| count.measured.measure);
        for split in &linked.splits {
            let Some(total) = split.total.filter(|t| linked.is_in_steps(*t)).and_then(measure) else {
                continue;
            };
            let cells: Vec<usize> = split.cells.iter().copied().filter_map(measure).collect();
            match shape.splits.iter().find(|(of, _)| *of == total) {
                Some((_, known)) if *known == cells => {}
                Some(_) => shape.crossing.extend(cells),
                None => shape.splits.push((total, cells)),
            }
        }
        let kept: Vec<usize> = shape.splits.iter().flat_map(|(_, cells)| cells.iter().copied()).collect();
        shape.crossing.retain(|cell| !kept.contains(cell));
        for figure in &linked.figures {
            let Some(base) =
                figure.denominator.filter(|base| is_share(plan, linked, figure.numerator, *base))
            else {
                continue;
            };
            shape.shares.push((figure.numerator, base));
            let (Some(count), Some(base)) = (measure(figure.numerator), measure(base)) else { continue };
            let is_taken = |list: &[(usize, usize)]| list.iter().any(|(of, _)| *of == base);
            if !is_taken(&shape.bases) && !shape.splits.iter().any(|(of, _)| *of == base) {
                shape.bases.push((base, count));
            }
        }
        shape
    }

    /// The parts of a measure: what it counts, and what of that is counted elsewhere.
    fn expand(&self, measure: usize, seen: &mut Vec<usize>, parts: &mut Vec<(usize, Option<usize>)>) {
        let is_new = !seen.contains(&measure);
        seen.push(measure);
        if let Some((_, cells)) = self.splits.iter().find(|(of, _)| *of == measure && is_new) {
            for cell in cells {
                self.expand(*cell, seen, parts);
            }
        } else if let Some((_, count)) =
            self.bases.iter().find(|(of, c)| *of == measure && is_new && !seen.contains(c))
        {
            self.expand(*count, seen, parts);
            parts.push((measure, Some(*count)));
        } else if !parts.contains(&(measure, None)) {
            parts.push((measure, None));
        }
        seen.pop();
    }
}

/// Whether one count is never more than another, row by row: of the same rows or of fewer.
fn is_share(plan: &Plan, linked: &Linked, count: usize, base: usize) -> bool {
    let at = |place: usize| linked.counts.get(place).filter(|_| linked.is_in_steps(place));
    let (Some(count), Some(base)) = (at(count), at(base)) else { return false };
    let of = |place: usize| plan.measures.get(place);
    let (Some(own), Some(whole)) = (of(count.measured.measure), of(base.measured.measure)) else {
        return false;
    };
    let conditions = |filter: &Option<Expr>| filter.clone().map(Expr::conjuncts).unwrap_or_default();
    let own_conditions = conditions(&own.filter);
    count.measured.measure != base.measured.measure
        && count.measured.window == base.measured.window
        && own.table == whole.table
        && own.time_column == whole.time_column
        && own.youngest_secs == whole.youngest_secs
        && conditions(&whole.filter).iter().all(|condition| own_conditions.contains(condition))
}
