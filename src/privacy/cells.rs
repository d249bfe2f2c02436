//! Cells of a table that is to be protected: one column a count, one row an area. Owns what a reader may see of each
//! cell and what it is worth; decides nothing.

/// What a reader sees of one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum State {
    /// Nothing was reported, or it is never shown there.
    Gap,
    /// Shown as it is.
    Open,
    /// Hidden and said to be small: from 1 to the threshold minus 1.
    Marked,
    /// Hidden, and nothing said about it.
    Blank,
    /// Shown as "at least": the number, and the width of what it may be.
    AtLeast(f64, f64),
}

/// The areas that figures are kept for, as a tree: parents stand before their children.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) parent: Vec<Option<usize>>,
    pub(super) children: Vec<Vec<usize>>,
    pub(super) level: Vec<usize>,
}

impl Tree {
    pub(super) const fn len(&self) -> usize {
        self.parent.len()
    }
}

/// One count over the areas.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// The true counts; none where nothing was reported.
    pub(super) values: Vec<Option<f64>>,
    /// What is seen of them.
    pub(super) states: Vec<State>,
    /// Counts from 1 to this minus 1 are hidden.
    pub(super) below: f64,
    /// Finest level it is shown at.
    pub(super) level: usize,
    /// The top area's count is known to everyone.
    pub(super) is_top_known: bool,
    /// The counts of all areas are: nothing of them can be hidden.
    pub(super) is_given: bool,
    /// It counts nothing, so no size of it is small: days, money.
    pub(super) is_amount: bool,
    /// Areas where it is hidden whatever its size: the count behind a rate of a few.
    pub(super) must_hide: Vec<bool>,
}

impl Column {
    pub(super) fn value(&self, area: usize) -> f64 {
        self.values.get(area).copied().flatten().unwrap_or(0.0)
    }

    pub(super) fn state(&self, area: usize) -> State {
        self.states.get(area).copied().unwrap_or(State::Gap)
    }

    /// Changes what is seen; whether that was a change.
    pub(super) fn set(&mut self, area: usize, state: State) -> bool {
        let Some(place) = self.states.get_mut(area) else { return false };
        let changed = *place != state;
        *place = state;
        changed
    }

    /// Whether the count at an area must not be known: small, and not known to everyone.
    pub(super) fn is_small(&self, area: usize) -> bool {
        let value = self.value(area);
        let is_few = !self.is_amount && value > 0.0 && value < self.below
            || self.must_hide.get(area).is_some_and(|m| *m);
        is_few && !self.is_fixed(area)
    }

    /// Hides the count at an area, whatever its size; whether that was a change.
    pub(super) fn hide(&mut self, area: usize) -> bool {
        if self.is_fixed(area) || self.state(area) != State::Open {
            return false;
        }
        if let Some(place) = self.must_hide.get_mut(area) {
            *place = true;
        }
        self.set(area, State::Blank)
    }

    /// Whether anything is hidden at all.
    pub(super) fn has_hidden(&self) -> bool {
        self.states.iter().any(|state| matches!(state, State::Marked | State::Blank))
    }

    /// Known to everyone, so nothing about it can be hidden.
    pub(super) const fn is_fixed(&self, area: usize) -> bool {
        self.is_given || self.is_top_known && area == 0
    }

    /// Whether an area's children are shown too.
    pub(super) fn goes_on_below(&self, tree: &Tree, area: usize) -> bool {
        tree.level.get(area).is_some_and(|level| *level < self.level)
            && tree.children.get(area).is_some_and(|c| !c.is_empty())
    }
}
