//! How counts that accumulate are told: at least so many, in steps of the threshold. Owns those steps; shows nothing.
//!
//! A count over a span of time that ends today can be set beside the same count of yesterday, and the difference is
//! what happened in a day, however small. Hiding cells cannot prevent that without hiding nearly all of them. So such a
//! count goes up in steps: it is shown as "at least 55" until there are 60, and a step never tells of fewer than a
//! threshold of new ones. Nothing is said about how many more there are, so no sum of them tells a part exactly; only a
//! total that everyone knows exactly could. There the parts together are kept a threshold or more below it.

use super::bounds::{Bounds, Spot};
use super::cells::{Column, State, Tree};

/// Decides what is seen of a count that accumulates. `is_split` says that the same rows are counted in
/// other ways too: then a small count is hidden without saying that it is small, or marks would add up against it.
/// `holds_back` says that the parts add up to what everyone knows: one area that grows must not tell by it how little
/// the others did.
pub(super) fn tell(tree: &Tree, column: &mut Column, is_split: bool, holds_back: bool) {
    for area in 0..tree.len() {
        let is_shown = tree.level.get(area).is_some_and(|level| *level <= column.level);
        let state = match column.values.get(area).copied().flatten().filter(|_| is_shown) {
            None => State::Gap,
            Some(_) if column.is_fixed(area) => State::Open,
            Some(value) if value == 0.0 => State::Open,
            Some(value) if value < column.below => {
                if is_split || holds_back {
                    State::Blank
                } else {
                    State::Marked
                }
            }
            Some(value) => {
                let steps = (value / column.below).floor() - if holds_back { 1.0 } else { 0.0 };
                if steps < 1.0 { State::Blank } else { State::AtLeast(steps * column.below) }
            }
        };
        column.set(area, state);
    }
    say_less_below_marks(tree, column);
}

/// The parts of a small count are not marked one by one: four marks below one would tell each of them.
fn say_less_below_marks(tree: &Tree, column: &mut Column) {
    for parent in 0..tree.len() {
        let is_quiet = match column.state(parent) {
            State::Marked => true,
            State::Blank => column.is_small(parent),
            _ => false,
        };
        if !is_quiet || !column.goes_on_below(tree, parent) {
            continue;
        }
        for child in tree.children.get(parent).into_iter().flatten() {
            if column.value(*child) > 0.0 {
                column.set(*child, State::Blank);
            }
        }
    }
}

/// The least that a reader knows an area to have.
fn least(tree: &Tree, column: &Column, area: usize) -> f64 {
    let own = least_own(column, area);
    if column.goes_on_below(tree, area) { own.max(least_of_children(tree, column, area)) } else { own }
}

fn least_own(column: &Column, area: usize) -> f64 {
    match column.state(area) {
        State::Open => column.value(area),
        State::Marked => 1.0,
        State::AtLeast(value) => value,
        State::Blank | State::Gap => 0.0,
    }
}

fn least_of_children(tree: &Tree, column: &Column, area: usize) -> f64 {
    tree.children.get(area).into_iter().flatten().map(|child| least(tree, column, *child)).sum()
}

/// A count with the counts that it is made of.
pub(super) struct Known<'a> {
    /// Place of the count among the columns.
    pub(super) total: usize,
    /// Places of its parts by code, such as disputes by channel.
    pub(super) cells: &'a [usize],
    /// Places of the bases that it is a share of: it is never more than they are.
    pub(super) bases: &'a [usize],
    /// Its top area's count is known, whether it is shown or follows from others.
    pub(super) is_top_known: bool,
    /// Per column: the same rows over other spans, told less of together with it.
    pub(super) also: &'a [Vec<usize>],
}

impl Known<'_> {
    /// The total, its cells, its bases.
    pub(super) fn places(&self) -> Vec<usize> {
        [&[self.total], self.cells, self.bases].concat()
    }
}

/// Sums of what is told must tell no small part. Where everyone knows the top area's count, what is told of its parts, by
/// area and by code, stays a threshold below it.
pub(super) fn keep_below(tree: &Tree, columns: &mut [Column], known: &Known<'_>) {
    say_less_by_code(tree, columns, known);
    let Some(total) = columns.get(known.total) else { return };
    if let Some(count) = total.values.first().copied().flatten().filter(|_| known.is_top_known) {
        let is_made_of_parts = total.goes_on_below(tree, 0) || !known.cells.is_empty();
        let room = (2.0 * total.below).min(count);
        while is_made_of_parts && count - least_of_parts(tree, columns, known, 0) < room {
            if !tell_less(tree, columns, known) {
                break;
            }
        }
    }
    drop_marks(tree, columns, known);
    open_partners(tree, columns, known);
}

/// Where marks and sums together tell more of a small count than that it is small, marks are dropped: its own first, then
/// those of others. Without its mark, too, it must not be known to be more than one: its mark of another day would then
/// close in on it from above.
fn drop_marks(tree: &Tree, columns: &mut [Column], known: &Known<'_>) {
    let places = known.places();
    let spots = |columns: &[Column], wanted: &dyn Fn(&Column, usize) -> bool| -> Vec<(f64, Spot)> {
        let mut found = Vec::new();
        for (own, place) in places.iter().enumerate() {
            let Some(column) = columns.get(*place) else { continue };
            let areas = (0..tree.len()).filter(|area| wanted(column, *area));
            found.extend(areas.map(|area| (column.value(area), (own, area))));
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found
    };
    let set = |columns: &mut [Column], spot: Spot, state: State| {
        if let Some(column) = places.get(spot.0).and_then(|place| columns.get_mut(*place)) {
            column.set(spot.1, state);
        }
    };
    loop {
        let bounds = Bounds::new(tree, columns, known);
        let is_marked = |column: &Column, area: usize| column.state(area) == State::Marked;
        let marked = spots(columns, &is_marked);
        let told = marked.iter().find(|(_, spot)| {
            let below = places.get(spot.0).and_then(|p| columns.get(*p)).map_or(0.0, |c| c.below);
            bounds.least(*spot) > 1.0 || bounds.most(*spot) < below - 1.0
        });
        if let Some((_, spot)) = told {
            set(columns, *spot, State::Blank);
            continue;
        }
        let is_blank =
            |column: &Column, area: usize| column.is_small(area) && column.state(area) == State::Blank;
        let told = spots(columns, &is_blank).into_iter().find(|(_, spot)| bounds.least(*spot) > 1.0);
        let (Some((_, spot)), Some((_, first))) = (told, marked.first()) else { return };
        let helps = |columns: &mut [Column], other: Spot| {
            set(columns, other, State::Blank);
            let least = Bounds::new(tree, columns, known).least(spot);
            set(columns, other, State::Marked);
            least <= 1.0
        };
        let other =
            marked.iter().map(|(_, other)| *other).find(|other| helps(columns, *other)).unwrap_or(*first);
        set(columns, other, State::Blank);
    }
}

/// The parts by code of a small count are not marked one by one either.
fn say_less_by_code(tree: &Tree, columns: &mut [Column], known: &Known<'_>) {
    for area in 0..tree.len() {
        let is_quiet = columns.get(known.total).is_some_and(|total| {
            total.is_small(area) && matches!(total.state(area), State::Marked | State::Blank)
        });
        for cell in known.cells.iter().filter(|_| is_quiet) {
            if let Some(column) = columns.get_mut(*cell).filter(|c| c.value(area) > 0.0 && !c.is_fixed(area))
            {
                column.set(area, State::Blank);
            }
        }
    }
}

/// The least that a reader knows the parts of an area's total to have, taken by area or by code.
fn least_of_parts(tree: &Tree, columns: &[Column], known: &Known<'_>, area: usize) -> f64 {
    let by_code: f64 =
        known.cells.iter().filter_map(|c| columns.get(*c)).map(|column| least(tree, column, area)).sum();
    let Some(total) = columns.get(known.total).filter(|t| t.goes_on_below(tree, area)) else {
        return by_code;
    };
    let by_area: f64 = tree
        .children
        .get(area)
        .into_iter()
        .flatten()
        .map(|child| least_own(total, *child).max(least_of_parts(tree, columns, known, *child)))
        .sum();
    by_code.max(by_area)
}

/// Tells one step less of the first area of which anything is told; whether there was one. Always the same area first, and
/// not the largest: what is told of an area then never falls from one day to the next, and no day tells what another
/// holds back.
fn tell_less(tree: &Tree, columns: &mut [Column], known: &Known<'_>) -> bool {
    let first = |columns: &[Column], places: &[usize]| {
        let all = places.iter().filter_map(|c| Some((*c, columns.get(*c)?)));
        let told = all.flat_map(|(c, column)| ends(tree, column).into_iter().map(move |area| (area, c)));
        told.min()
    };
    let picked = [first(columns, &[known.total]), first(columns, known.cells)];
    for (area, column) in picked.iter().flatten() {
        for place in std::iter::once(*column).chain(known.also.get(*column).into_iter().flatten().copied()) {
            if let Some(column) = columns.get_mut(place) {
                lower(tree, column, *area);
            }
        }
    }
    picked.iter().any(Option::is_some)
}

/// Areas of which something is told, and of none of their parts: there telling less begins.
fn ends(tree: &Tree, column: &Column) -> Vec<usize> {
    let is_told = |area: usize| {
        matches!(column.state(area), State::AtLeast(_) | State::Marked) && !column.is_fixed(area)
    };
    (0..tree.len())
        .filter(|area| {
            let mut children = tree.children.get(*area).into_iter().flatten();
            is_told(*area) && !(column.goes_on_below(tree, *area) && children.any(|child| is_told(*child)))
        })
        .collect()
}

/// Tells one step less of an area and of those above it.
fn lower(tree: &Tree, column: &mut Column, area: usize) {
    let mut next = Some(area);
    while let Some(area) = next.filter(|a| !column.is_fixed(*a)) {
        let state = match column.state(area) {
            State::AtLeast(value) if value >= 2.0 * column.below => State::AtLeast(value - column.below),
            State::AtLeast(_) | State::Marked => State::Blank,
            other => other,
        };
        column.set(area, state);
        next = tree.parent.get(area).copied().flatten();
    }
}

/// What is told of a sum must not tell a small part of it: where every other part is known or bounded by its mark, one
/// of them is hidden without a word.
fn open_partners(tree: &Tree, columns: &mut [Column], known: &Known<'_>) {
    for area in 0..tree.len() {
        let is_total = columns.get(known.total).is_some_and(|c| c.state(area) != State::Gap);
        let least = if is_total {
            columns
                .get(known.total)
                .map_or(0.0, |c| least_own(c, area))
                .max(least_of_parts(tree, columns, known, area))
        } else {
            0.0
        };
        let is_known = |place: usize| area == 0 && known.is_top_known && place == known.total;
        let is_exact = is_known(known.total) || columns.get(known.total).is_some_and(|c| c.is_fixed(area));
        let exact = columns.get(known.total).map_or(0.0, |c| c.value(area));
        let least = if is_exact { exact } else { least };
        if is_total {
            let by_code: Vec<(usize, usize)> = known.cells.iter().map(|c| (*c, area)).collect();
            open_until_safe(tree, columns, known, &by_code, least, is_exact);
        }
        for place in std::iter::once(known.total).chain(known.cells.iter().copied()) {
            let Some(column) = columns.get(place).filter(|c| c.goes_on_below(tree, area)) else { continue };
            let is_exact = is_known(place) || column.is_fixed(area);
            let least = if is_exact { column.value(area) } else { self::least(tree, column, area) };
            let by_area: Vec<(usize, usize)> =
                tree.children.get(area).into_iter().flatten().map(|child| (place, *child)).collect();
            open_until_safe(tree, columns, known, &by_area, least, is_exact);
        }
    }
}

fn open_until_safe(
    tree: &Tree,
    columns: &mut [Column],
    known: &Known<'_>,
    parts: &[(usize, usize)],
    least: f64,
    is_exact: bool,
) {
    for _ in 0..parts.len() {
        let Some((place, area)) = partner_to_open(tree, columns, known, parts, least, is_exact) else {
            return;
        };
        blank(tree, columns, known, place, area);
    }
}

/// Hides a count without a word, and what it could be added up from.
fn blank(tree: &Tree, columns: &mut [Column], known: &Known<'_>, place: usize, area: usize) {
    let Some(column) = columns.get_mut(place).filter(|c| !c.is_fixed(area)) else { return };
    if !matches!(column.state(area), State::Marked | State::Open) {
        return;
    }
    column.set(area, State::Blank);
    let goes_on = column.goes_on_below(tree, area);
    let first = tree.children.get(area).into_iter().flatten().copied().filter(|_| goes_on).max_by(|a, b| {
        let value = |area: usize| columns.get(place).map_or(0.0, |column| column.value(area));
        let base = |area: usize| base_of(columns, known, area);
        value(*a).total_cmp(&value(*b)).then(base(*a).total_cmp(&base(*b)))
    });
    if let Some(child) = first {
        blank(tree, columns, known, place, child);
    }
    if place == known.total {
        let value = |c: &usize| columns.get(*c).map_or(0.0, |column| column.value(area));
        if let Some(cell) = known.cells.iter().copied().max_by(|a, b| value(a).total_cmp(&value(b))) {
            blank(tree, columns, known, cell, area);
        }
    }
}

/// The part to hide so that a small one is not what is left of the total; none where none is.
fn partner_to_open(
    tree: &Tree,
    columns: &[Column],
    known: &Known<'_>,
    parts: &[(usize, usize)],
    least: f64,
    is_exact: bool,
) -> Option<(usize, usize)> {
    let column = |part: &(usize, usize)| columns.get(part.0);
    let state = |part: &(usize, usize)| column(part).map_or(State::Gap, |c| c.state(part.1));
    let most = |part: &(usize, usize)| most(tree, columns, known, part.0, part.1);
    let is_known = |part: &&(usize, usize)| matches!(state(part), State::Open | State::Gap);
    // The only part that is not known is what is left of an exact total, today and every day.
    let lone = parts.iter().find(|_| is_exact && parts.iter().filter(|p| !is_known(p)).count() == 1);
    let lone = lone.and_then(|_| parts.iter().find(|p| !is_known(p)));
    let told = lone.or_else(|| {
        parts.iter().find(|part| {
            let Some(own) = column(part).filter(|c| c.is_small(part.1) && c.state(part.1) == State::Blank)
            else {
                return false;
            };
            let others: f64 = parts.iter().filter(|o| o != part).map(most).sum();
            let left = (least - others).max(0.0);
            is_exact && left > (least.min(own.below - 2.0) - (own.below - 2.0)).max(0.0)
        })
    })?;
    parts
        .iter()
        .filter(|o| *o != told)
        .filter(|o| {
            column(o).is_some_and(|c| !c.is_fixed(o.1)) && matches!(state(o), State::Marked | State::Open)
        })
        .max_by(|a, b| {
            let value = |o: &(usize, usize)| column(o).map_or(0.0, |c| c.value(o.1));
            let base = |o: &(usize, usize)| base_of(columns, known, o.1);
            value(a).total_cmp(&value(b)).then(base(a).total_cmp(&base(b)))
        })
        .copied()
}

/// The least base of a share at an area; endless where it is no share.
fn base_of(columns: &[Column], known: &Known<'_>, area: usize) -> f64 {
    known.bases.iter().filter_map(|b| columns.get(*b)).map(|b| b.value(area)).fold(f64::INFINITY, f64::min)
}

/// The most that a reader knows an area to have: by its own mark, by its areas', or by its codes'.
fn most(tree: &Tree, columns: &[Column], known: &Known<'_>, place: usize, area: usize) -> f64 {
    let Some(column) = columns.get(place) else { return 0.0 };
    let mut most_known = match column.state(area) {
        State::Gap => return 0.0,
        State::Open => return column.value(area),
        State::Marked => column.below - 1.0,
        State::AtLeast(_) | State::Blank => f64::INFINITY,
    };
    if column.goes_on_below(tree, area) {
        let children = tree.children.get(area).into_iter().flatten();
        most_known = most_known.min(children.map(|child| most(tree, columns, known, place, *child)).sum());
    }
    if place == known.total && !known.cells.is_empty() {
        most_known =
            most_known.min(known.cells.iter().map(|cell| most(tree, columns, known, *cell, area)).sum());
    }
    most_known
}
