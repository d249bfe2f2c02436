//! onemap: one map of what is going on in a district.

pub mod site;
