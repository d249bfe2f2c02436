//! The gate: what may come in, and what may be shown. The people rule lives here and has no switch.

mod amounts;
mod atoms;
mod cells;
mod coarse;
pub mod door;
pub mod drawn;
#[cfg(test)]
mod every_table;
pub(crate) mod figures;
pub(crate) mod gate;
pub mod groups;
mod hide;
pub(crate) mod known;
pub mod marks;
mod network;
pub mod protect;
pub mod shown;
pub(crate) mod sort;
mod steps;
pub(crate) mod stocks;
#[cfg(test)]
mod tests;
