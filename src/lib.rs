//! onemap: one map of what is going on in a district.
//!
//! The flow of data is the order of the modules: a [`site`] is read; [`sources`] send batches; the [`engine`] folds
//! them into the cube of the [`indicators`]; the [`privacy`] gate decides what may be shown; figures are [`derived`]
//! from those; a [`snapshot`] goes to the window; [`panels`] read it and push a [`command`]; [`state`] applies it.

pub mod site;

pub mod tiles;

pub mod privacy;

pub mod sources;
pub mod store;

pub mod density;
pub mod derived;
pub mod engine;
pub mod export;
pub mod indicators;

pub mod moment;
pub mod series;
pub mod snapshot;

pub mod drawn;

pub mod command;
pub mod state;
pub mod time;

pub mod audit;
pub mod past;
pub mod quiet;
pub mod runtime;

pub mod ahead;
pub mod app;
pub mod canvas;
pub mod fonts;
pub mod headless;
pub mod keys;
pub mod map;
pub mod panels;
pub mod scenes;
pub mod soft;
pub mod stage;
pub mod theme;

pub mod bench;
pub mod cli;
pub mod generate;
pub mod memory;
mod workers;
