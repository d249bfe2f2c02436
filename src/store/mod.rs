//! Reads data files by the declared schema, keeps out what the door refuses. Owns parts of tables as files; knows no
//! figure.

pub mod admit;
mod content;
pub mod coordinates;
pub mod doctor;
pub mod quarantine;
pub mod read;

pub use admit::{Admitted, Part, admit, quiet};
