//! onemap: one map of what is going on in a district.
//!
//! The flow of data is the order of the modules: a [`site`] is read; sources send batches; the store folds them;
//! indicators are measured; the [`privacy`] gate decides what may be shown; a [`snapshot`] goes to the window;
//! panels read it and push a [`command`]; [`state`] applies it.

pub mod generate;
pub mod site;

pub mod privacy;

pub mod snapshot;

pub mod command;
pub mod state;

pub mod panels;
pub mod theme;
