//! Figures of a drawn shape. Owns which shown figures they are made of, how areas are shared out, and how reliable the
//! result is; what a sum of shown figures may say is `privacy`'s.

use super::cover::Cover;
use crate::privacy::drawn::{self as sums, Form, Part};
use crate::privacy::shown::Shown;
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::catalogue::{Indicator, People};
use crate::snapshot::{Figures, Reading, Status};

/// What a figure of a shape stands on, as shares of the shape's weight (buildings, or surface where there are none).
/// They add up to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Parts {
    /// Figures of areas that lie in the shape as a whole.
    pub whole: f64,
    /// Figures of areas that were divided.
    pub divided: f64,
    /// Hidden for protection, or not reported.
    pub without: f64,
}

/// How far a figure of a shape can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Stands on whole areas.
    A,
    /// Stands on shares of areas to a good part.
    B,
    /// Mostly shared out, or much of it is not shown.
    C,
}

/// Why a shape has no figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoFigure {
    /// It does not add up over areas: a median, a count of different values, figures published per area.
    DoesNotAdd,
    /// Its finest areas are too large for the shape to be told from them.
    TooCoarse,
}

/// One indicator for a shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrawnReading {
    /// The figure.
    pub reading: Reading,
    /// What it stands on.
    pub parts: Parts,
    /// Between what the shape's count must lie, whatever the way things are spread over the divided areas; none where
    /// nothing was divided or something is not shown.
    pub between: Option<(f64, f64)>,
    /// Why there is no figure, where that lies in the indicator.
    pub no_figure: Option<NoFigure>,
}

/// All indicators for a shape.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DrawnFigures {
    /// Per indicator, in catalogue order.
    pub readings: Vec<DrawnReading>,
    /// What the shape as such stands on: how much of it is whole areas.
    pub parts: Parts,
    /// Finest areas it touches.
    pub areas: usize,
    /// Buildings in it.
    pub buildings: usize,
}

impl Parts {
    const NOTHING: Self = Self { whole: 0.0, divided: 0.0, without: 1.0 };

    /// The mark of these parts.
    ///
    /// A: at most a tenth was divided and a twentieth is not shown; B: at most a half and a fifth; C: the rest.
    #[must_use]
    pub fn mark(&self) -> Mark {
        if self.divided <= 0.1 && self.without <= 0.05 {
            Mark::A
        } else if self.divided <= 0.5 && self.without <= 0.2 {
            Mark::B
        } else {
            Mark::C
        }
    }

    fn of(whole: f64, divided: f64, without: f64) -> Self {
        let all = whole + divided + without;
        if all > 0.0 {
            Self { whole: whole / all, divided: divided / all, without: without / all }
        } else {
            Self::NOTHING
        }
    }
}

/// A shape inside one area that is larger than the finest has that area's figure only where it is this much of it.
const LEAST_SHARE: f64 = 0.5;

impl DrawnFigures {
    /// The figures of what a shape covers.
    #[must_use]
    pub fn new(site: &Site, figures: &Figures, cover: &Cover) -> Self {
        let level = site.figure_level();
        let of = |(i, row)| DrawnReading::of(site, cover, row, &|area| figures.reading(i, area));
        let readings = site.indicators.iter().enumerate().map(of).collect();
        let mut parts = Collected::default();
        parts.walk(site, cover, AreaId::ROOT, level, &|_| EVERYTHING);
        Self { readings, parts: parts.parts(), areas: cover.areas, buildings: cover.buildings }
    }

    /// The figure of an indicator.
    #[must_use]
    pub fn get(&self, indicator: usize) -> Option<&DrawnReading> {
        self.readings.get(indicator)
    }
}

/// A reading with something to show, for measuring a shape as such.
const EVERYTHING: Reading = Reading { value: Shown::Value(1.0), status: Status::Current, ..Reading::MISSING };

/// An area that a shape's figure is made of.
#[derive(Debug, Clone, Copy)]
struct Taken {
    reading: Reading,
    share: f64,
    weight: f64,
    is_whole: bool,
}

#[derive(Debug, Default)]
struct Collected {
    taken: Vec<Taken>,
}

impl Collected {
    /// The areas that stand for the shape: the coarsest that lie in it as a whole and are shown, else their parts, and
    /// the finest where it cuts.
    fn walk(
        &mut self,
        site: &Site,
        cover: &Cover,
        area: AreaId,
        finest: usize,
        read: &dyn Fn(AreaId) -> Reading,
    ) {
        let part = cover.part(area);
        if part.share <= 0.0 {
            return;
        }
        let row = site.areas.get(area);
        let reading = read(area);
        let is_last = row.level >= finest || row.children.is_empty();
        let taken = Taken { reading, share: part.share, weight: part.weight, is_whole: part.is_whole };
        if is_last || (part.is_whole && reading.value.is_seen()) {
            self.taken.push(taken);
            return;
        }
        let before = self.taken.len();
        for child in &row.children {
            self.walk(site, cover, *child, finest, read);
        }
        // A whole one that is hidden says more by its own mark than by parts of which some are hidden too.
        let is_complete = |taken: &Taken| taken.reading.value.is_seen();
        if part.is_whole && !self.taken.get(before..).unwrap_or_default().iter().all(is_complete) {
            self.taken.truncate(before);
            self.taken.push(taken);
        }
    }

    fn parts(&self) -> Parts {
        let weight = |hit: &dyn Fn(&Taken) -> bool| -> f64 {
            // What weighs nothing still counts a little, or a shape without buildings would stand on nothing.
            self.taken.iter().filter(|t| hit(t)).map(|t| t.weight.max(1e-9)).sum()
        };
        let is_shown = |t: &Taken| t.reading.value.is_seen();
        Parts::of(
            weight(&|t| is_shown(t) && t.is_whole),
            weight(&|t| is_shown(t) && !t.is_whole),
            weight(&|t| !is_shown(t)),
        )
    }
}

impl DrawnReading {
    /// A figure over what a shape covers, put together from what is shown of its areas at any one time.
    #[must_use]
    pub fn of(site: &Site, cover: &Cover, row: &Indicator, read: &dyn Fn(AreaId) -> Reading) -> Self {
        let finest = site.level_index(&row.finest_area).unwrap_or(0).min(site.figure_level());
        let mut collected = Collected::default();
        collected.walk(site, cover, AreaId::ROOT, finest, read);
        let taken = &collected.taken;
        let parts = collected.parts();
        // One whole area: its own figure, with all that belongs to it.
        if let [Taken { reading, is_whole: true, .. }] = taken.as_slice() {
            return DrawnReading { reading: *reading, parts, between: None, no_figure: None };
        }
        let Some(form) = Form::of(site, row) else {
            return without(Shown::TooFine, Status::TooFine, parts, Some(NoFigure::DoesNotAdd));
        };
        if taken.is_empty() {
            return without(Shown::Missing, Status::Missing, Parts::NOTHING, None);
        }
        let is_a_piece = matches!(taken.as_slice(), [Taken { share, .. }] if *share < LEAST_SHARE);
        let is_floored = row.people == People::AggregateSensitive && taken.iter().any(|t| !t.is_whole);
        if taken.iter().any(|t| t.reading.status == Status::Unread) {
            return without(Shown::Unread, Status::Unread, parts, None);
        }
        // The floors of area of sensitive groups hold for shapes too: nothing below them is estimated.
        if is_floored || (is_a_piece && finest < site.figure_level()) {
            return without(Shown::TooFine, Status::TooFine, parts, Some(NoFigure::TooCoarse));
        }
        let pieces: Vec<Part> = taken.iter().map(Taken::piece).collect();
        let sum = sums::sum(&pieces, &form);
        let between = between(&form, taken);
        DrawnReading { reading: reading(taken, &sum), parts, between, no_figure: None }
    }
}

impl Taken {
    fn piece(&self) -> Part {
        let Reading { numerator, denominator, .. } = self.reading;
        // What a part weighs is known of what lies inside; the sum asks for the whole area's.
        Part { numerator, denominator, share: self.share, weight: self.weight / self.share.max(1e-9) }
    }
}

fn without(value: Shown, status: Status, parts: Parts, no_figure: Option<NoFigure>) -> DrawnReading {
    let reading = Reading { value, numerator: value, denominator: value, status, ..Reading::MISSING };
    DrawnReading { reading, parts, between: None, no_figure }
}

fn reading(taken: &[Taken], sum: &sums::Drawn) -> Reading {
    let any = |status| taken.iter().any(|t| t.reading.status == status);
    let status = match sum.value {
        Shown::Suppressed { .. } => Status::Suppressed,
        Shown::Missing => Status::Missing,
        Shown::TooFine => Status::TooFine,
        Shown::Unread => Status::Unread,
        _ if any(Status::Partial) || any(Status::Missing) => Status::Partial,
        _ if any(Status::Late) => Status::Late,
        Shown::Coarse { .. } => Status::Coarse,
        Shown::Value(_) => Status::Current,
    };
    Reading {
        value: sum.value,
        numerator: sum.numerator,
        denominator: sum.denominator,
        status,
        oldest_input: taken.iter().filter_map(|t| t.reading.oldest_input).min(),
        previous: Shown::Missing,
        interval: None,
    }
}

/// The least and most that a count can be: none, or all, of each divided area.
fn between(form: &Form, taken: &[Taken]) -> Option<(f64, f64)> {
    if form.has_denominator || !form.is_never_negative || taken.iter().all(|t| t.is_whole) {
        return None;
    }
    taken.iter().try_fold((0.0, 0.0), |(low, high), t| match t.reading.value {
        Shown::Value(value) => Some((low + if t.is_whole { value } else { 0.0 }, high + value)),
        _ => None,
    })
}
