//! What the window sees of a live source. Owns nothing that changes; asks no source.

use crate::site::text::{Bilingual, Message};

use super::EpochSecs;

/// What a live source is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedPhase {
    /// The connection is being made.
    Connecting,
    /// Reads what happened before.
    CatchingUp {
        /// Rows or files so far.
        done: u64,
        /// Of how many, where that is known.
        of: Option<u64>,
    },
    /// Everything is here as it happens.
    Live,
    /// Connected, and silent for longer than agreed.
    Late,
    /// Does not work.
    Failed {
        /// Why.
        reason: Message,
        /// When it is tried again.
        next_try_secs: EpochSecs,
    },
}

/// The state of one live source. Times are the machine's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedState {
    /// Short name in `sources.toml`.
    pub id: String,
    /// What a person calls it.
    pub name: Bilingual,
    /// What it is doing.
    pub phase: FeedPhase,
    /// Since when.
    pub since_secs: EpochSecs,
    /// Rows taken in since the start.
    pub rows: u64,
    /// Rows refused at the door.
    pub refused: u64,
    /// Rows that had come before or were older than what is known.
    pub repeated: u64,
    /// Rows left out by rule: tests, excluded categories.
    pub excluded: u64,
    /// Cells dropped unread: free text and whatever else is on no list.
    pub dropped: u64,
    /// When the last row came.
    pub last_secs: Option<EpochSecs>,
    /// How far its clock is ahead of ours, where that is worth telling.
    pub skew_secs: Option<i64>,
    /// Since when it has had no connection; none while it has.
    pub away_since_secs: Option<EpochSecs>,
}

impl FeedState {
    /// Before anything was heard of a source.
    #[must_use]
    pub(crate) fn connecting(id: &str, name: &Bilingual, since_secs: EpochSecs) -> Self {
        Self {
            id: id.to_owned(),
            name: name.clone(),
            phase: FeedPhase::Connecting,
            since_secs,
            rows: 0,
            refused: 0,
            repeated: 0,
            excluded: 0,
            dropped: 0,
            last_secs: None,
            skew_secs: None,
            away_since_secs: None,
        }
    }
}
