//! Tables as they came: reading by declared schema, later rows replacing earlier ones, live changes. Owns the rows;
//! decides nothing about what they mean.

pub mod coordinates;
pub mod doctor;
pub mod read;
