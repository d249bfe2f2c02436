//! What a site is: names, areas, catalogue, datasets, scenes, messages.

pub mod meta;
pub mod text;
