//! The gate: what may come in, and what may be shown. The people rule lives here and has no switch.

mod bounds;
mod cells;
pub mod door;
mod figures;
pub(crate) mod gate;
pub mod groups;
mod hide;
mod network;
pub mod protect;
pub mod shown;
mod steps;
#[cfg(test)]
mod tests;
