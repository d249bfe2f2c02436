//! Tables as they came: reading by declared schema, later rows replacing earlier ones, live changes. Owns the rows;
//! decides nothing about what they mean.

mod clean;
pub(crate) mod column;
pub(crate) mod keys;
mod ndjson;
mod pages;
pub(crate) mod pieces;
pub mod read;
mod values;
