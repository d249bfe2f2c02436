//! Where changes come from. Each source is one named thread that sends [`SourceEvent`]s over a bounded channel and
//! stops when told; a full channel slows the source, never the window.

pub mod replay;

use crate::engine::Batch;
use crate::site::problem::Problem;
use crate::snapshot::Clock;

/// What a source tells.
#[derive(Debug)]
pub enum SourceEvent {
    /// Changed rows.
    Batch(Batch),
    /// Rows that the door refused, as a whole: what was there before stands, and is late.
    Refused {
        /// Table.
        table: String,
        /// What was wrong; no content.
        problems: Vec<Problem>,
    },
    /// The clock of the data changed its pace.
    Clock(Clock),
}

/// What a source is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SourceControl {
    /// Replay speed; 1 is real time.
    Speed(u32),
    /// Stand still or go on.
    Pause(bool),
}

/// How many events wait between a source and the engine at most.
pub const INBOX: usize = 64;
