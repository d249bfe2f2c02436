//! One panel per file. A panel reads a [`View`] and pushes commands; it owns no data and changes no choice itself.

pub mod alarm_strip;
pub mod area_table;
pub mod cards;
pub mod contribution;
pub mod day_marks;
pub mod details;
pub mod event_card;
pub mod event_filter;
pub mod event_stream;
pub mod filter_line;
#[cfg(test)]
pub(crate) mod fixture;
mod followed;
pub mod format;
pub mod funnel_plot;
pub mod health_strip;
pub mod help;
pub mod hexagon;
pub mod indicator_list;
pub mod legend;
mod legend_events;
mod legend_marks;
pub mod marks;
pub mod palette;
pub mod pen;
pub mod pictures;
pub mod play;
pub mod ranking;
pub mod rotation;
pub mod series_cache;
pub mod shape;
pub mod silence;
pub mod standing;
pub mod time_bar;
pub mod time_words;
pub mod top_band;
pub mod trend;
pub mod words;

use crate::command::Command;
use crate::derived::watch::Silences;
use crate::drawn::{Cover, DrawnFigures};
use crate::export::promise::When;
use crate::site::Site;
use crate::site::catalogue::Indicator;
use crate::site::text::{Bilingual, Lang, Messages};
use crate::snapshot::{EpochSecs, IndicatorIx, Reading, Snapshot};
use crate::state::AppState;
use crate::theme::Theme;

/// How the program itself is doing, measured by the frame loop.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Health {
    /// Time of the latest frame on the processor, in milliseconds.
    pub frame_millis: f32,
    /// Resident memory, in MiB.
    pub memory_mib: f32,
    /// Changes taken in since start.
    pub changes: u64,
    /// From arrival to snapshot, in milliseconds.
    pub latency_millis: f32,
    /// Batches that wait for the engine.
    pub queue: usize,
}

/// All that a panel may look at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The site.
    pub site: &'a Site,
    /// The latest figures and events.
    pub snapshot: &'a Snapshot,
    /// Figures of the drawn shape, once they are worked out.
    pub drawn: Option<&'a DrawnFigures>,
    /// Who falls silent, once it is known.
    pub silences: Option<&'a Silences>,
    /// What the drawn shape covers, once that is known.
    pub cover: Option<&'a Cover>,
    /// The user's choices.
    pub state: &'a AppState,
    /// Messages in the chosen language.
    pub text: &'a Messages,
    /// Tokens.
    pub theme: &'a Theme,
    /// Clock of what is shown, in data time, with fractions: figures tick between snapshots; a past instant stands still.
    pub now_secs: f64,
    /// What happens now, whatever is shown.
    pub live: &'a Snapshot,
    /// Clock of what happens now.
    pub live_secs: f64,
    /// Whether no picture of the moment that is asked for could be made.
    pub past_failed: bool,
    /// How the program is doing.
    pub health: Health,
}

impl<'a> View<'a> {
    /// The language on screen.
    #[must_use]
    pub const fn lang(&self) -> Lang {
        self.state.lang
    }

    /// A text of the site in the language on screen.
    #[must_use]
    pub fn say(&self, text: &'a Bilingual) -> &'a str {
        text.get(self.lang())
    }

    /// The chosen indicator.
    #[must_use]
    pub fn indicator(&self) -> Option<&'a Indicator> {
        self.site.indicators.get(self.state.indicator)
    }

    /// From when and how times are told.
    #[must_use]
    pub const fn when(&self) -> When<'a> {
        When { zone: &self.site.zone, now_secs: self.now_whole_secs(), shift_secs: self.snapshot.shift_secs }
    }

    /// The reading of an indicator for what is chosen: the drawn shape, else the area.
    #[must_use]
    pub fn reading(&self, indicator: IndicatorIx) -> Reading {
        match (&self.state.drawn, self.drawn.and_then(|drawn| drawn.get(indicator))) {
            (Some(_), Some(drawn)) => drawn.reading,
            (Some(_), None) => Reading::MISSING,
            (None, _) => self.snapshot.reading(indicator, self.state.area),
        }
    }

    /// Now as whole seconds of data time.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds since 1970 fit an i64 for as long as a wall hangs"
    )]
    pub const fn now_whole_secs(&self) -> i64 {
        self.now_secs as i64
    }

    /// The present as whole seconds of data time, whatever is shown.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "as above")]
    pub const fn live_whole_secs(&self) -> i64 {
        self.live_secs as i64
    }

    /// Whether the picture of the moment that is asked for is not here yet.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.snapshot.past.as_ref().map(|past| past.moment) != self.state.time.moment() && !self.past_failed
    }

    /// First and last instant that can be looked at.
    #[must_use]
    pub fn time_span(&self) -> (EpochSecs, EpochSecs) {
        const TWO_YEARS_SECS: i64 = 2 * 366 * 86_400;
        let live = self.live_whole_secs();
        let first = self.live.events.timeline.first_secs().unwrap_or(live - TWO_YEARS_SECS);
        (first.min(live), live)
    }

    /// Where so many steps of the time cursor lead.
    #[must_use]
    pub fn time_step(&self, by: i32) -> Command {
        let to = self.state.time.stepped(&self.site.zone, self.time_span(), by);
        to.map_or(Command::ReturnToLive, Command::LookAt)
    }

    /// Starts or stops the time cursor; from the present it first goes back so far as the bar shows.
    #[must_use]
    pub fn time_play(&self) -> Command {
        if !self.state.time.is_live() {
            return Command::TogglePlay;
        }
        let (first, live) = self.time_span();
        let (from, _) = self.state.time.bar_span(&self.site.zone, live);
        let zone = &self.site.zone;
        Command::PlayFrom(zone.end_of(zone.day_of(from.max(first))).min(live))
    }
}

/// What panels push.
pub type Commands = Vec<Command>;
