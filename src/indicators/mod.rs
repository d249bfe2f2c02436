//! Indicators as data: the catalogue's language, its windows, the list of measures and the cube they are kept in.

pub mod cube;
pub(crate) mod eval;
pub mod expr;
mod filters;
mod logic;
pub mod measure;
mod print;
pub mod rows;
mod tokens;
pub mod window;
