//! Reads data files by the declared schema, keeps out what the door refuses. Owns parts of tables as files, and their
//! pieces; knows no figure.

pub mod admit;
mod clean;
pub(crate) mod column;
mod content;
pub mod coordinates;
pub mod doctor;
pub(crate) mod index;
pub(crate) mod kept;
pub(crate) mod keys;
pub(crate) mod narrow;
mod pages;
pub(crate) mod pieces;
pub(crate) mod proof;
pub mod quarantine;
pub(crate) mod reach;
pub mod read;
mod reader;
mod sieve;
mod values;
mod whole;

pub use admit::{Admitted, Part, admit, quiet};
