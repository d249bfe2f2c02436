//! Integration tests of the whole program, in one binary: each linked binary costs as much as all these tests.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests stop at the first surprise, and say what they passed over"
)]

mod common;
mod simplex;

mod attack;
mod attack_known;
mod attack_stocks;
mod audit;
mod catalogue;
mod cli;
mod cut;
mod debrief;
mod derived;
mod door;
mod drawn;
mod faults;
mod feeds;
mod feeds_folder;
mod feeds_mqtt;
mod feeds_postgres;
mod freshness;
mod fuzz;
mod kept;
mod known;
mod live;
mod naive;
mod pieces;
mod privacy;
mod published;
mod quarantine;
mod refusals;
mod secrets;
mod servers;
mod silence;
mod stocks;
mod structure;
mod time;
mod tiny;
mod wall;
mod workbook;
