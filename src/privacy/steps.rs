//! How counts that accumulate are told: at least so many, in steps of the threshold. Owns those steps; shows nothing.
//!
//! A count over a span of time that ends today can be set beside the same count of yesterday, and the difference is
//! what happened in a day, however small. Hiding cells cannot prevent that without hiding nearly all of them. So such a
//! count goes up in steps: it is shown as "at least 55" until there are 60, and a step never tells of fewer than a
//! threshold of new ones. Nothing is said about how many more there are, so no sum of them tells a part exactly; only a
//! total that everyone knows exactly could. There the parts together are kept a threshold or more below it.

use super::cells::{Column, State, Tree};

/// Decides what is seen of a count that accumulates. `is_split` says that the same rows are also counted over shorter
/// spans: then a small count is hidden without saying that it is small, or the parts' marks would add up against it.
pub(super) fn tell(tree: &Tree, column: &mut Column, is_split: bool) {
    for area in 0..tree.len() {
        let is_shown = tree.level.get(area).is_some_and(|level| *level <= column.level);
        let state = match column.values.get(area).copied().flatten().filter(|_| is_shown) {
            None => State::Gap,
            Some(_) if column.is_fixed(area) => State::Open,
            Some(value) if value == 0.0 => State::Open,
            Some(value) if value < column.below => {
                if is_split {
                    State::Blank
                } else {
                    State::Marked
                }
            }
            Some(value) => State::AtLeast((value / column.below).floor() * column.below),
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
    /// Per column: the same rows over other spans, told less of together with it.
    pub(super) also: &'a [Vec<usize>],
}

/// Sums of what is told must tell no small part. Where everyone knows the top area's count, what is told of its parts, by
/// area and by code, stays a threshold below it.
pub(super) fn keep_below(tree: &Tree, columns: &mut [Column], known: &Known<'_>) {
    say_less_by_code(tree, columns, known);
    let Some(total) = columns.get(known.total) else { return };
    if let Some(count) = total.values.first().copied().flatten().filter(|_| total.is_top_known) {
        let is_made_of_parts = total.goes_on_below(tree, 0) || !known.cells.is_empty();
        let room = total.below.min(count);
        while is_made_of_parts && count - least_of_parts(tree, columns, known, 0) < room {
            if !tell_less(tree, columns, known) {
                break;
            }
        }
    }
    open_partners(tree, columns, known);
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

/// Tells one step less where most is told; whether anything could be told less.
fn tell_less(tree: &Tree, columns: &mut [Column], known: &Known<'_>) -> bool {
    let most = |columns: &[Column], places: &[usize]| {
        let all = places.iter().filter_map(|c| Some((*c, columns.get(*c)?)));
        all.flat_map(|(c, column)| ends(tree, column).into_iter().map(move |area| (c, area, column)))
            .max_by(|a, b| {
                let rank_of = |x: &(usize, usize, &Column)| (rank(x.2, x.1), told(x.2, x.1));
                let (a, b) = (rank_of(a), rank_of(b));
                a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
            })
            .filter(|(_, area, column)| rank(column, *area) > 0)
            .map(|(c, area, _)| (c, area))
    };
    let picked = [most(columns, &[known.total]), most(columns, known.cells)];
    for (column, area) in picked.iter().flatten() {
        for place in std::iter::once(*column).chain(known.also.get(*column).into_iter().flatten().copied()) {
            if let Some(column) = columns.get_mut(place) {
                lower(tree, column, *area);
            }
        }
    }
    picked.iter().any(Option::is_some)
}

/// Areas that are shown and have no parts that are shown; the top area only where it is not known anyway.
fn ends(tree: &Tree, column: &Column) -> Vec<usize> {
    (0..tree.len())
        .filter(|area| {
            column.state(*area) != State::Gap && !column.goes_on_below(tree, *area) && !column.is_fixed(*area)
        })
        .collect()
}

/// Where to hold something back first: a count of at least two steps, then one of a single step, then a mark.
fn rank(column: &Column, area: usize) -> u8 {
    match column.state(area) {
        State::AtLeast(value) if value >= 2.0 * column.below => 3,
        State::AtLeast(_) => 2,
        State::Marked => 1,
        _ => 0,
    }
}

fn told(column: &Column, area: usize) -> f64 {
    if let State::AtLeast(value) = column.state(area) { value } else { 0.0 }
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
        let is_exact = columns.get(known.total).is_some_and(|c| c.is_fixed(area));
        if is_total {
            let by_code: Vec<(usize, usize)> = known.cells.iter().map(|c| (*c, area)).collect();
            open_until_safe(tree, columns, known, &by_code, least, is_exact);
        }
        for place in std::iter::once(known.total).chain(known.cells.iter().copied()) {
            let Some(column) = columns.get(place).filter(|c| c.goes_on_below(tree, area)) else { continue };
            let least = self::least(tree, column, area);
            let is_exact = column.is_fixed(area);
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
        let Some((place, area)) = partner_to_open(columns, parts, least, is_exact) else { return };
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
    let first = if column.goes_on_below(tree, area) {
        tree.children
            .get(area)
            .into_iter()
            .flatten()
            .copied()
            .max_by(|a, b| column.value(*a).total_cmp(&column.value(*b)))
    } else {
        None
    };
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
    columns: &[Column],
    parts: &[(usize, usize)],
    least: f64,
    is_exact: bool,
) -> Option<(usize, usize)> {
    let column = |part: &(usize, usize)| columns.get(part.0);
    let state = |part: &(usize, usize)| column(part).map_or(State::Gap, |c| c.state(part.1));
    let most = |part: &(usize, usize)| {
        column(part).map_or(0.0, |c| match c.state(part.1) {
            State::Gap => 0.0,
            State::Open => c.value(part.1),
            State::Marked => c.below - 1.0,
            State::AtLeast(_) | State::Blank => f64::INFINITY,
        })
    };
    let is_known = |part: &&(usize, usize)| matches!(state(part), State::Open | State::Gap);
    // The only part that is not known is what is left of an exact total, today and every day.
    let lone = parts.iter().find(|_| is_exact && parts.iter().filter(|p| !is_known(p)).count() == 1);
    let lone = lone.and_then(|_| parts.iter().find(|p| !is_known(p)));
    let told = lone.or_else(|| {
        parts.iter().find(|part| {
            let Some(own) = column(part).filter(|c| c.is_small(part.1)) else { return false };
            let others: f64 = parts.iter().filter(|o| o != part).map(most).sum();
            let left = (least - others).max(0.0);
            match own.state(part.1) {
                State::Marked => left > 1.0,
                _ => is_exact && left > (least.min(own.below - 2.0) - (own.below - 2.0)).max(0.0),
            }
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
            value(a).total_cmp(&value(b))
        })
        .copied()
}
