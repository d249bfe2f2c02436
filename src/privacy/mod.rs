//! The gate: what may come in, and what may be shown. The people rule lives here and has no switch.

pub mod door;
pub mod groups;
pub mod known;
pub mod protect;
pub mod shown;
