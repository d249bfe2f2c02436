//! The gate: what may come in, and what may be shown. The people rule lives here and has no switch.

mod cells;
pub mod door;
pub(crate) mod gate;
pub mod groups;
mod network;
pub mod protect;
pub mod shown;
mod steps;
