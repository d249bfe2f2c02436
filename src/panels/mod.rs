//! One panel per file. A panel reads a [`View`] and pushes commands; it owns no data and changes no choice itself.

use crate::command::Command;
use crate::site::Site;
use crate::site::text::{Lang, Messages};
use crate::snapshot::Snapshot;
use crate::state::AppState;
use crate::theme::Theme;

/// All that a panel may look at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The site.
    pub site: &'a Site,
    /// The latest figures and events.
    pub snapshot: &'a Snapshot,
    /// The user's choices.
    pub state: &'a AppState,
    /// Messages in the chosen language.
    pub text: &'a Messages,
    /// Tokens.
    pub theme: &'a Theme,
    /// Clock of the wall, in data time, with fractions: figures tick between snapshots.
    pub now_secs: f64,
}

impl View<'_> {
    /// The language on screen.
    #[must_use]
    pub const fn lang(&self) -> Lang {
        self.state.lang
    }
}

/// What panels push.
pub type Commands = Vec<Command>;
