//! Indicators as data: the catalogue's language, its windows, the list of measures and the cube they are kept in.

pub mod compile;
pub mod cube;
pub mod expr;
mod filters;
pub mod measure;
mod print;
pub mod rows;
mod tokens;
pub mod window;
