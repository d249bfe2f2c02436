//! Indicators as data: the catalogue's language, its windows, the list of measures and the cube they are kept in.

pub(crate) mod by_day;
pub mod cube;
pub(crate) mod eval;
pub mod expr;
mod filters;
mod logic;
pub mod measure;
pub(crate) mod packed;
mod pressed;
mod print;
pub(crate) mod rows;
pub(crate) mod sets;
pub(crate) mod sides;
pub(crate) mod spread;
pub(crate) mod timed;
mod tokens;
pub mod window;
pub(crate) mod within;
