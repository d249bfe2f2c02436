//! Integration tests of the whole program, in one binary: each linked binary costs as much as all these tests.

mod common;

mod catalogue;
mod cli;
mod door;
mod live;
mod naive;
mod privacy;
mod published;
mod structure;
mod tiny;
