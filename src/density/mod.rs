//! Object events as a pyramid of counted cells, so that a picture costs what the screen can show, whatever the history
//! holds. Owns the hexagons of every zoom, the counts in them, and the points below them; knows no window and draws
//! nothing.
//!
//! Only events about objects have a place and come in here. Events that concern persons stand at areas
//! (`engine/events.rs`) and are in no hexagon. Drills are in none either: they are never counted.

mod cells;
mod filter;
mod first;
pub mod grid;
mod leaf;
mod pyramid;
mod reports;
#[cfg(test)]
mod tests;
mod tile;

pub use cells::{CellSum, EventCells, EventPoint, Total};
pub use filter::{AGES_SECS, EventFilter, Mask, Phases};
pub use first::Sorter;
pub use leaf::Collected;
pub use pyramid::{Old, Pyramid};
pub use reports::Reports;
